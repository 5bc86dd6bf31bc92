package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

// readTogether reads files as one reading: first for their answers, then for their calls.
func readTogether(t *testing.T, files ...string) (calls []usage.Call, sums []usage.Summary) {
	t.Helper()
	answers := new(usage.Answers)
	for i, text := range files {
		if err := answers.Gather(i, "log", strings.NewReader(text), usage.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range files {
		s, err := usage.Read("log", strings.NewReader(text), usage.Options{Answers: answers, File: i}, func(c *usage.Call) error {
			calls = append(calls, *c)
			return nil
		})
		if err != nil || s.Rows != s.Calls+s.Skipped+s.Faulty {
			t.Fatalf("%v, %+v", err, s)
		}
		sums = append(sums, s)
	}
	return calls, sums
}

// repeated is how many rows of a file repeat an answer.
func repeated(s usage.Summary) int64 {
	for _, k := range s.Skips {
		if k.Why == usage.Repeated {
			return k.Rows
		}
	}
	return 0
}

// Of an answer's versions in all files the one with the most output counts, from the earliest time of all; among equals
// the first.
func TestAnswersCountOnceInAllFiles(t *testing.T) {
	calls, sums := readTogether(t, claudeSession, claudeSubagent, claudeResumed)
	if len(calls) != 3 || sums[0].Calls != 0 || sums[1].Calls != 2 || sums[2].Calls != 1 {
		t.Fatalf("%+v; %+v", calls, sums)
	}
	first := calls[0]
	if first.ID != "m1" || first.Quantities[price.Output] != 90 || !first.Start.Equal(time.Date(2026, 8, 19, 1, 0, 1, 0, time.UTC)) || first.Line != 1 {
		t.Errorf("m1 = %+v", first)
	}
	if repeated(sums[0]) != 2 || repeated(sums[1]) != 0 || repeated(sums[2]) != 2 {
		t.Errorf("repeated: %d, %d and %d rows", repeated(sums[0]), repeated(sums[1]), repeated(sums[2]))
	}
	// A file and its copy are the file; a file alone is the same as without the others' answers.
	calls, sums = readTogether(t, claudeResumed, claudeResumed)
	alone, s := read(t, claudeResumed, usage.Options{})
	if len(calls) != len(alone) || sums[1].Calls != 0 || sums[0].Calls != s.Calls {
		t.Errorf("%d calls, alone %d; %+v", len(calls), len(alone), sums)
	}
	for i := range calls {
		if calls[i].Quantities != alone[i].Quantities || !calls[i].Start.Equal(alone[i].Start) {
			t.Errorf("%+v, alone %+v", calls[i], alone[i])
		}
	}
}

// An answer without an identifier is no copy of another, and a row of a format in which a call has one row is never one.
func TestOnlyAnswersRepeat(t *testing.T) {
	nameless := trapClaude(1, "", `"input_tokens":5,"output_tokens":1`, "")
	nameless = strings.Replace(nameless, `"requestId":"r1",`, "", 1)
	calls, _ := readTogether(t, claudeSession+nameless+nameless)
	if len(calls) != 3 {
		t.Errorf("%+v", calls)
	}
	calls, _ = readTogether(t, trapLiteLLM("a", `"prompt_tokens":5,"completion_tokens":1`), trapLiteLLM("a", `"prompt_tokens":5,"completion_tokens":1`))
	if len(calls) != 2 {
		t.Errorf("%+v", calls)
	}
}

// A line that was added between the two passes counts, once.
func TestAFileThatGrows(t *testing.T) {
	answers := new(usage.Answers)
	if err := answers.Gather(0, "log", strings.NewReader(claudeSession), usage.Options{}); err != nil {
		t.Fatal(err)
	}
	calls := 0
	grown := claudeResumed + trapClaude(9, "m3", `"input_tokens":100,"output_tokens":20`, "")
	_, err := usage.Read("log", strings.NewReader(grown), usage.Options{Answers: answers}, func(*usage.Call) error { calls++; return nil })
	if err != nil || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// The same Codex session in two files counts once: its events are known by session, time and total.
func TestCodexSessionsCountOnce(t *testing.T) {
	events := codexMeta + codexTurn + codexTotals(1, [4]int{100, 0, 10, 4}, [4]int{100, 0, 10, 4}) + codexTotals(2, [4]int{150, 0, 15, 4}, [4]int{50, 0, 5, 0})
	longer := events + codexTotals(3, [4]int{160, 0, 16, 4}, [4]int{10, 0, 1, 0})
	calls, sums := readTogether(t, events, longer)
	input := int64(0)
	for _, c := range calls {
		input += c.Quantities[price.Input]
	}
	if len(calls) != 3 || input != 160 || repeated(sums[1]) != 2 {
		t.Errorf("%d calls of %d tokens; %+v", len(calls), input, sums)
	}
	other := strings.Replace(longer, `"id":"s1"`, `"id":"s2"`, 1)
	if calls, _ = readTogether(t, longer, other); len(calls) != 6 {
		t.Errorf("two sessions have %d calls", len(calls))
	}
}

// A session that is being written ends in a part of a line, which is no fault; in the middle of a file it is one, and so
// it is in a log that is whole.
func TestTheLastLineMayBeCut(t *testing.T) {
	whole := trapClaude(1, "m1", `"input_tokens":5,"output_tokens":1`, "")
	for _, end := range []string{`{"type":"assistant","mess`, `{"type":`, `{"a":"x\`, `{"truncated": ` + "\n", `{"a":tr`} {
		_, s := read(t, whole+end, usage.Options{Strict: true})
		if s.Calls != 1 || s.Rows != 1 || s.Faulty != 0 || !told(s, "The last line is cut") {
			t.Errorf("%q: %+v", end, s)
		}
		_, s = read(t, whole+strings.TrimSpace(end)+"\n"+whole, usage.Options{})
		if s.Calls != 1 || s.Faulty != 1 || s.Faults[0].Line != 2 || told(s, "The last line is cut") {
			t.Errorf("%q in the middle: %+v", end, s)
		}
	}
	_, s := read(t, whole+`{"type":x}`, usage.Options{})
	if s.Faulty != 1 {
		t.Errorf("a broken last line: %+v", s)
	}
	_, s = read(t, trapLiteLLM("a", `"prompt_tokens":5,"completion_tokens":1`)+`{"request_id":"b","sp`, usage.Options{})
	if s.Calls != 1 || s.Faulty != 1 {
		t.Errorf("a cut line of a whole log: %+v", s)
	}
	_, s = read(t, codexMeta+codexTurn+codexTotals(1, [4]int{100, 0, 10, 4}, [4]int{})+`{"timestamp":"2026`, usage.Options{})
	if s.Calls != 1 || s.Faulty != 0 || !told(s, "The last line is cut") {
		t.Errorf("codex: %+v", s)
	}
}

// The memory for an answer is bounded, whatever its size.
func BenchmarkAnswers(b *testing.B) {
	var text strings.Builder
	const n = 20_000
	for i := range n {
		text.WriteString(trapClaude(i%60, fmt.Sprintf("m%d", i), `"input_tokens":1000,"output_tokens":1`, ""))
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		answers := new(usage.Answers)
		if err := answers.Gather(0, "log", strings.NewReader(text.String()), usage.Options{}); err != nil {
			b.Fatal(err)
		}
		s, err := usage.Read("log", strings.NewReader(text.String()), usage.Options{Answers: answers}, nil)
		if err != nil || s.Calls != n {
			b.Fatalf("%v, %+v", err, s)
		}
	}
}
