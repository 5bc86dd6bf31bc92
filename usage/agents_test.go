package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

// claudeLine is a line of a Claude Code session.
func claudeLine(second int, message, request, usage, more string) string {
	return fmt.Sprintf(`{"type":"assistant","timestamp":"2026-08-19T01:00:%02d.000Z","sessionId":"s","cwd":"/home/a","requestId":%q,%s"message":{"id":%q,"model":"claude-opus-4-7","usage":{%s}}}`+"\n",
		second, request, more, message, usage)
}

func TestClaudeCode(t *testing.T) {
	const cached = `"input_tokens":3,"cache_read_input_tokens":1000,"cache_creation_input_tokens":70,"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":20}`
	text := `{"type":"summary","summary":"s"}` + "\n" +
		`{"type":"user","timestamp":"2026-08-19T01:00:00Z","sessionId":"s","message":{"role":"user","content":"hello"}}` + "\n" +
		// An answer while it streams, and as it ended: 90 tokens of output, not 1, nor 1 + 40 + 90.
		claudeLine(1, "m1", "r1", cached+`,"output_tokens":1`, "") +
		claudeLine(2, "m1", "r1", cached+`,"output_tokens":90`, "") +
		claudeLine(3, "m1", "r1", cached+`,"output_tokens":40`, "") +
		// A subagent begins with a copy of the parent's answer, under another request, and has answers of its own.
		claudeLine(9, "m1", "r9", cached+`,"output_tokens":90`, `"isSidechain":true,`) +
		claudeLine(10, "m2", "r10", `"input_tokens":5,"output_tokens":7`, `"isSidechain":true,"costUSD":0.25,`) +
		// What the program says in the place of an answer is none.
		strings.Replace(claudeLine(11, "m3", "", `"input_tokens":0,"output_tokens":0`, `"isApiErrorMessage":true,`), "claude-opus-4-7", "<synthetic>", 1)
	calls, s := read(t, text, usage.Options{})
	if s.Format != "claude_code" || len(calls) != 2 || s.Rows != 8 || s.Skipped != 6 || s.Input != usage.Excludes || s.Grain != usage.PerRequest {
		t.Fatalf("%d calls; %+v", len(calls), s)
	}
	first := calls[0]
	if first.ID != "m1" || first.Session != "s" || first.Project != "/home/a" || first.Provider != "anthropic" || !first.Start.Equal(time.Date(2026, 8, 19, 1, 0, 1, 0, time.UTC)) {
		t.Errorf("first = %+v", first)
	}
	quantities(t, first.Quantities, price.Quantities{
		price.Input: 3, price.CacheRead: 1000, price.CacheWrite5m: 50, price.CacheWrite1h: 20, price.Output: 90, price.Request: 1,
	})
	quantities(t, calls[1].Quantities, price.Quantities{price.Input: 5, price.Output: 7, price.Request: 1})
	if !calls[1].Reported.Known || calls[1].Reported.USD.String() != "0.25" {
		t.Errorf("reported = %+v", calls[1].Reported)
	}
	if told(s, "placeholder") {
		t.Errorf("notes = %q", s.Notes)
	}
}

// Some versions log an input of 0 or 1: with nothing cached that is no prompt.
func TestClaudeCodePlaceholders(t *testing.T) {
	_, s := read(t, claudeLine(1, "m1", "r1", `"input_tokens":1,"output_tokens":90`, ""), usage.Options{})
	if !told(s, "placeholder of some versions") {
		t.Errorf("notes = %q", s.Notes)
	}
	// Beside a cache it is what the last message added.
	_, s = read(t, claudeLine(1, "m1", "r1", `"input_tokens":1,"cache_read_input_tokens":500,"output_tokens":90`, ""), usage.Options{})
	if told(s, "placeholder") {
		t.Errorf("notes = %q", s.Notes)
	}
}

// codexTotals is an event of a Codex session: input, cached, output and reasoning so far, and of the last call.
func codexTotals(second int, total, last [4]int) string {
	counts := func(c [4]int) string {
		return fmt.Sprintf(`{"input_tokens":%d,"cached_input_tokens":%d,"output_tokens":%d,"reasoning_output_tokens":%d,"total_tokens":%d}`, c[0], c[1], c[2], c[3], c[0]+c[2])
	}
	info := `"total_token_usage":` + counts(total)
	if last != [4]int{} {
		info += `,"last_token_usage":` + counts(last)
	}
	return fmt.Sprintf(`{"timestamp":"2026-08-19T01:00:%02d.000Z","type":"event_msg","payload":{"type":"token_count","info":{%s}}}`+"\n", second, info)
}

const (
	codexMeta  = `{"timestamp":"2026-08-19T01:00:00Z","type":"session_meta","payload":{"id":"s1","cwd":"/home/a"}}` + "\n"
	codexTurn  = `{"timestamp":"2026-08-19T01:00:00Z","type":"turn_context","payload":{"model":"gpt-5.6-sol","cwd":"/home/a"}}` + "\n"
	codexTurn2 = `{"timestamp":"2026-08-19T01:00:00Z","type":"turn_context","payload":{"model":"gpt-5-mini"}}` + "\n"
	codexNone  = `{"timestamp":"2026-08-19T01:00:00Z","type":"event_msg","payload":{"type":"token_count","info":null}}` + "\n"
)

func TestCodex(t *testing.T) {
	text := codexMeta + codexTurn + codexNone +
		codexTotals(1, [4]int{100, 0, 10, 4}, [4]int{100, 0, 10, 4}) +
		codexTotals(2, [4]int{100, 0, 10, 4}, [4]int{100, 0, 10, 4}) + // the same event again
		codexTotals(3, [4]int{300, 90, 25, 4}, [4]int{}) + // the last call is left out: 200 in, 90 of them cached, 15 out
		codexTurn2 +
		codexTotals(4, [4]int{310, 90, 27, 4}, [4]int{10, 0, 2, 0}) +
		codexTotals(5, [4]int{40, 30, 3, 0}, [4]int{40, 30, 3, 0}) // counted from zero again
	calls, s := read(t, text, usage.Options{})
	if s.Format != "codex" || len(calls) != 4 || s.Rows != 9 || s.Skipped != 5 || s.Input != usage.Includes {
		t.Fatalf("%d calls; %+v", len(calls), s)
	}
	for i, want := range []struct {
		model string
		q     price.Quantities
	}{
		{"gpt-5.6-sol", price.Quantities{price.Input: 100, price.Output: 6, price.Reasoning: 4, price.Request: 1}},
		{"gpt-5.6-sol", price.Quantities{price.Input: 110, price.CacheRead: 90, price.Output: 15, price.Request: 1}},
		{"gpt-5-mini", price.Quantities{price.Input: 10, price.Output: 2, price.Request: 1}},
		{"gpt-5-mini", price.Quantities{price.Input: 10, price.CacheRead: 30, price.Output: 3, price.Request: 1}},
	} {
		if c := calls[i]; c.Model != want.model || c.Session != "s1" || c.Project != "/home/a" || c.Provider != "openai" {
			t.Errorf("call %d = %+v", i, c)
		}
		quantities(t, calls[i].Quantities, want.q)
	}
}

// A total that grew by more than its last call says that events are missing; a second session in the same file
// counts from zero though its total is larger.
func TestCodexGaps(t *testing.T) {
	calls, s := read(t, codexTurn+codexTotals(1, [4]int{100, 0, 10, 0}, [4]int{100, 0, 10, 0})+codexTotals(2, [4]int{300, 0, 30, 0}, [4]int{50, 0, 5, 0}), usage.Options{})
	if len(calls) != 2 || calls[1].Quantities[price.Input] != 200 || !told(s, "events between are missing") {
		t.Errorf("%+v; %q", calls, s.Notes)
	}
	calls, _ = read(t, codexTurn+codexTotals(1, [4]int{100, 0, 10, 0}, [4]int{100, 0, 10, 0})+codexTotals(2, [4]int{300, 0, 30, 0}, [4]int{300, 0, 30, 0}), usage.Options{})
	if len(calls) != 2 || calls[1].Quantities[price.Input] != 300 {
		t.Errorf("%+v", calls)
	}
}

func FuzzReadClaudeCode(f *testing.F) {
	fuzzRead(f, "claude_code",
		claudeLine(1, "m1", "r1", `"input_tokens":3,"cache_read_input_tokens":9,"output_tokens":1`, "")+claudeLine(2, "m1", "r1", `"input_tokens":3,"output_tokens":4`, `"costUSD":1e-3,`),
		claudeLine(1, "", "r1", `"input_tokens":0,"output_tokens":1`, "")+`{"type":"summary"}`)
}

func FuzzReadCodex(f *testing.F) {
	fuzzRead(f, "codex",
		codexMeta+codexTurn+codexTotals(1, [4]int{100, 9, 10, 4}, [4]int{100, 9, 10, 4})+codexTotals(2, [4]int{90, 0, 10, 4}, [4]int{}),
		codexNone+codexTotals(3, [4]int{1, 2, 3, 4}, [4]int{-1, 0, 0, 0}))
}
