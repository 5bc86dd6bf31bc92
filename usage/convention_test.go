package usage_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"breakeven/price"
	"breakeven/usage"
)

// The input convention, decided from the rows of a file that no vendor's rule covers.
func TestConventionIsDecidedByEvidence(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		o          usage.Options
		want       usage.InputConvention
		why        string
		uncached   int64 // of the last call
		faulty     int64
	}{
		{
			name: "more cached tokens than input in half of a few rows: the input excludes them",
			text: "time,input_tokens,cached_tokens,output_tokens\n2026-08-19T00:00:00Z,100,50,1\n2026-08-19T00:00:01Z,100,400,1\n",
			want: usage.Excludes, why: "proven by 1 of 2 rows with cached tokens (line 3: a row has more cached tokens (400) than input (100))", uncached: 100,
		},
		{
			name: "a total of input and output alone: the input includes them",
			text: "time,input_tokens,cached_tokens,output_tokens,total_tokens\n2026-08-19T00:00:00Z,100,40,7,107\n",
			want: usage.Includes, why: "total (107)", uncached: 60,
		},
		{
			name: "a total with cached tokens on top: it excludes them",
			text: "time,input_tokens,cached_tokens,output_tokens,total_tokens\n2026-08-19T00:00:00Z,100,40,7,147\n",
			want: usage.Excludes, why: "added up", uncached: 100,
		},
		{
			name: "no evidence: the usual convention, as a guess",
			text: "time,input_tokens,cached_tokens,output_tokens\n2026-08-19T00:00:00Z,100,40,7\n",
			want: usage.Includes, why: "guess", uncached: 60,
		},
		{
			name: "no cached tokens: it does not matter",
			text: "time,input_tokens,output_tokens\n2026-08-19T00:00:00Z,100,7\n",
			want: usage.Detect, why: "does not matter", uncached: 100,
		},
		{
			name: "the user knows better",
			text: "time,input_tokens,cached_tokens,output_tokens,total_tokens\n2026-08-19T00:00:00Z,100,40,7,107\n",
			o:    usage.Options{Input: usage.Excludes},
			want: usage.Excludes, why: "given", uncached: 100,
		},
		{
			name: "rows that disagree: the majority wins and the others are faults",
			text: "time,input_tokens,cached_tokens,output_tokens,total_tokens\n2026-08-19T00:00:00Z,100,400,7,507\n" +
				"2026-08-19T00:00:00Z,100,40,7,107\n2026-08-19T00:00:00Z,100,40,7,107\n",
			want: usage.Includes, why: "total (107)", uncached: 60, faulty: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls, s := read(t, tt.text, tt.o)
			if s.Input != tt.want || !strings.Contains(s.InputWhy, tt.why) || s.Faulty != tt.faulty {
				t.Errorf("convention %v because %q, %d faulty; want %v because %q, %d", s.Input, s.InputWhy, s.Faulty, tt.want, tt.why, tt.faulty)
			}
			if tt.o.Input == usage.Detect && tt.want != usage.Detect && !told(s, s.InputWhy) {
				t.Errorf("what was decided must be told: %q lacks %q", s.Notes, s.InputWhy)
			}
			if got := calls[len(calls)-1].Quantities[price.Input]; got != tt.uncached {
				t.Errorf("uncached = %d, want %d", got, tt.uncached)
			}
		})
	}
}

const cachedHead = "time,input_tokens,cached_tokens,output_tokens\n"

// cachedRows is n rows of an input and its cached tokens.
func cachedRows(n, input, cached int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "2026-08-19T00:00:%02dZ,%d,%d,1\n", i%60, input, cached)
	}
	return b.String()
}

// One wrong row must not turn the whole file around. 199 rows of 1,000 tokens, 800 of them cached, bill 200 as
// new; read as excluding, each would bill 1,000, five times as much.
func TestOneRowDoesNotProveAConvention(t *testing.T) {
	wrong := "2026-08-19T00:01:00Z,10,800,1\n"
	for name, text := range map[string]string{
		"first": cachedHead + wrong + cachedRows(199, 1000, 800),
		"last":  cachedHead + cachedRows(199, 1000, 800) + wrong,
	} {
		calls, s := read(t, text, usage.Options{})
		if s.Input != usage.Includes || s.Faulty != 1 || len(calls) != 199 {
			t.Fatalf("%s: %v because %q, %d faulty of %d", name, s.Input, s.InputWhy, s.Faulty, s.Rows)
		}
		quantities(t, calls[100].Quantities, price.Quantities{price.Input: 200, price.CacheRead: 800, price.Output: 1, price.Request: 1})
		f := s.Faults[0]
		if f.Field != "cached_tokens" || f.Value != "800" || !strings.Contains(f.Hint, `leaves cached tokens out, say so with the input convention "excludes"`) {
			t.Errorf("%s: fault %+v", name, f)
		}
		if !told(s, "the opposite is proven by 1 of 200 rows") {
			t.Errorf("%s: notes %q lack the counts", name, s.Notes)
		}
	}
}

// Of 100 rows with cached tokens 5 prove that the input excludes them, and 4 do not; of 19 it takes 10, and of
// 20 one. Rows without cached tokens say nothing.
func TestProofsNeedAShare(t *testing.T) {
	for _, tt := range []struct {
		more, plain int
		want        usage.InputConvention
	}{
		{5, 95, usage.Excludes}, {4, 96, usage.Includes},
		{10, 9, usage.Excludes}, {9, 10, usage.Includes},
		{1, 19, usage.Excludes}, {1, 1, usage.Excludes}, {1, 2, usage.Includes}, {1, 0, usage.Excludes},
	} {
		text := cachedHead + cachedRows(1000, 500, 0) + cachedRows(tt.plain, 500, 100) + cachedRows(tt.more, 500, 600)
		_, s := read(t, text, usage.Options{})
		faulty := map[usage.InputConvention]int64{usage.Includes: int64(tt.more)}[tt.want]
		if s.Input != tt.want || s.Faulty != faulty {
			t.Errorf("%d of %d: %v, %d faulty; want %v, %d", tt.more, tt.more+tt.plain, s.Input, s.Faulty, tt.want, faulty)
		}
	}
}

// A format whose vendor says what the input holds keeps it, however many rows contradict.
func TestAFixedConventionStays(t *testing.T) {
	row := func(input, cached, total int) string {
		return fmt.Sprintf(`{"timestamp":"2026-08-19T00:00:00Z","model":"m","token_usage":{"prompt_tokens":%d,"completion_tokens":10,"total_tokens":%d,"prompt_tokens_details":{"cached_read_tokens":%d}}}`+"\n", input, total, cached)
	}
	_, s := read(t, row(100, 400, 0)+row(100, 40, 150)+row(100, 40, 110), usage.Options{})
	if s.Format != "bifrost" || s.Input != usage.Includes || s.Calls != 1 || s.Faulty != 2 {
		t.Fatalf("%+v", s)
	}
	for i, want := range []string{"more than the whole input", "total (150) is its input, cached and output tokens added up"} {
		if f := s.Faults[i]; !strings.Contains(f.Problem, want) || !strings.Contains(f.Hint, `"excludes"`) {
			t.Errorf("fault %+v, want %q", f, want)
		}
	}
	if slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "was read as") }) {
		t.Errorf("what the vendor fixes is not told as a choice: %q", s.Notes)
	}
}

// headRows is more rows with a note and a number of cached tokens than the head of a file that is looked at.
func headRows(cached int) string {
	return strings.Repeat(fmt.Sprintf("2026-08-19T00:00:00Z,1000,%d,1,%s\n", cached, strings.Repeat("x", 1100)), 1000)
}

const longHead = "time,input_tokens,cached_tokens,output_tokens,note\n"

// noted is rows with an empty note.
func noted(rows string) string { return strings.ReplaceAll(rows, "\n", ",\n") }

// Proofs behind the head of the file come after calls were handed on, so that they are an error that says what
// to do, if they are 5 % of the whole file: 53 of 1,053.
func TestConventionProvenTooLate(t *testing.T) {
	text := func(proofs int) string { return longHead + headRows(500) + noted(cachedRows(proofs, 1000, 1500)) }
	_, s, err := tryRead(text(53), usage.Options{})
	e, ok := errors.AsType[*usage.ConventionError](err)
	if !ok || e.Proven != usage.Excludes || e.Line != 1002 || !strings.Contains(e.Why, "proven by 53 of 1053 rows with cached tokens (line 1002:") {
		t.Fatalf("err = %v", err)
	}
	if s.Calls != 1000 || s.Rows != 1053 || s.Faulty != 53 {
		t.Errorf("%d calls and %d faults of %d rows", s.Calls, s.Faulty, s.Rows)
	}
	_, s, err = tryRead(text(53), usage.Options{Input: e.Proven, InputWhy: e.Why})
	if err != nil || s.Calls != 1053 || s.Faulty != 0 || s.InputWhy != e.Why || !told(s, "53 of 1053") {
		t.Errorf("read again as told: %v, %+v", err, s)
	}
	_, s = read(t, text(52), usage.Options{})
	if s.Input != usage.Includes || s.Calls != 1000 || s.Faulty != 52 || !told(s, "the opposite is proven by 52 of 1052 rows") {
		t.Errorf("one less: %+v", s)
	}
}

// The head may have too few rows with cached tokens to tell: the whole file decides.
func TestConventionOfAHeadThatTellsNothing(t *testing.T) {
	quiet := headRows(0)
	more, plain := noted(cachedRows(1, 10, 800)), noted(cachedRows(1000, 1000, 800))
	late := func(text string) (usage.Summary, *usage.ConventionError) {
		_, s, err := tryRead(longHead+text, usage.Options{})
		e, _ := errors.AsType[*usage.ConventionError](err)
		if err != nil && e == nil {
			t.Fatal(err)
		}
		return s, e
	}
	if _, e := late(quiet + more + more); e == nil || e.Proven != usage.Excludes {
		t.Errorf("two of two rows prove that the input excludes: %v", e)
	}
	// The head's one row with cached tokens says excludes, and the next thousand do not.
	if _, e := late(more + quiet + plain); e == nil || e.Proven != usage.Includes {
		t.Errorf("one of 1,001 proves nothing: %v", e)
	}
	if s, e := late(quiet + more + plain); e != nil || s.Input != usage.Includes || s.Faulty != 1 {
		t.Errorf("one of 1,001: %v, %+v", e, s)
	}
}

// Many notes about the rows do not push out the one about the convention.
func TestTheConventionIsToldBesideManyNotes(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,service_tier,input_tokens,cached_tokens,output_tokens\n")
	for i := range 100 {
		fmt.Fprintf(&b, "2026-08-19T00:00:00Z,tier-%d,100,40,1\n", i)
	}
	if _, s := read(t, b.String(), usage.Options{}); !told(s, s.InputWhy) {
		t.Errorf("%d notes, none of which is about the input", len(s.Notes))
	}
}
