package workload_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"breakeven/price"
	"breakeven/usage"
	"breakeven/workload"
)

// trace is one request, seconds after the start of a trace without dates.
func trace(seconds float64, in, out int64) *usage.Call {
	c := call(0, in, out)
	c.Start = time.Unix(0, int64(seconds*1e9)).UTC()
	return c
}

func marshal(t *testing.T, p workload.Profile) string {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A trace has no dates. Its calls tell so, and its profile shows none.
func TestATraceHasNoDates(t *testing.T) {
	var calls []*usage.Call
	for i := range 4 * 3600 {
		calls = append(calls, trace(float64(i), 10, 1))
	}
	p := profile(calls...)
	if !p.Relative || !p.Start.IsZero() || !p.End.IsZero() || p.Peak == nil || !p.Peak.Hour.IsZero() {
		t.Errorf("relative %v, from %v to %v, peak %+v", p.Relative, p.Start, p.End, p.Peak)
	}
	near(t, "span", float64(*p.Span), 4, 1e-9)
	if text := marshal(t, p); strings.Contains(text, "1970") {
		t.Errorf("a date of nobody's: %s", text)
	}
	if p = profile(call(0, 1, 1), call(1, 1, 1)); p.Relative || !p.Start.Equal(noon) || !p.End.Equal(noon.Add(time.Second)) {
		t.Errorf("with dates: relative %v, from %v to %v", p.Relative, p.Start, p.End)
	}
}

// Two logs with two clocks have no span in common: the first clock counts. Three calls in 2 s stand for 3 s.
func TestTwoClocks(t *testing.T) {
	p := profile(call(0, 10, 1), call(1, 10, 1), trace(5, 10, 1), call(2, 10, 1))
	near(t, "span", float64(*p.Span)*3600, 3, 1e-9)
	near(t, "rate", float64(*p.Rate), 1, 1e-9)
	if p.Relative || !noted(p, "times since a trace's start are left out of rates and spans (1 row).") {
		t.Errorf("relative %v, notes %q", p.Relative, p.Notes)
	}
}

// Rows without a time add no rate: two calls in 1 s stand for 2 s.
func TestRowsWithoutATimeAddNoRate(t *testing.T) {
	untimed := call(0, 10, 1)
	untimed.Start = time.Time{}
	p := profile(call(0, 10, 1), untimed, untimed, call(1, 10, 1))
	near(t, "rate", float64(*p.Rate), 1, 1e-9)
}

func TestRequestsInJSON(t *testing.T) {
	unknown := bucket(0, 60, 0, 1000, 100)
	unknown.Requests = usage.Count{}
	known := marshal(t, profile(bucket(0, 60, 60, 600, 60), bucket(120, 60, 180, 600, 60)))
	if !strings.Contains(known, `"requests":240,`) || !strings.Contains(known, `"requests":180,"input_tokens"`) {
		t.Errorf("known: %s", known)
	}
	if text := marshal(t, profile(unknown, bucket(120, 60, 180, 600, 60))); !strings.Contains(text, `"requests":null,`) || !strings.Contains(text, `"requests":null,"input_tokens"`) {
		t.Errorf("unknown: %s", text)
	}
	var back workload.Profile
	if err := json.Unmarshal([]byte(known), &back); err != nil || marshal(t, back) != known {
		t.Errorf("read again: %v", err)
	}
}

// The same rows give the same bytes, in whatever order those of one time come: buckets of one to sixty minutes
// and single calls, whose lengths differ by six orders of magnitude, so that sums of floats would differ.
func TestProfileIsTheSameToTheByte(t *testing.T) {
	for _, width := range []func(rng *rand.Rand) int{
		func(*rand.Rand) int { return 0 },
		func(rng *rand.Rand) int { return []int{1, 5, 15, 60}[rng.IntN(4)] },
		func(rng *rand.Rand) int { return []int{60, 60, 24 * 60}[rng.IntN(3)] },
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		var groups [][]*usage.Call
		for i := range 300 {
			var group []*usage.Call
			for range 1 + rng.IntN(12) {
				in, out := int64(math.Exp(rng.Float64()*14)), 1+rng.Int64N(3000)
				c := call(float64(i*17), in, out)
				if w := width(rng); w > 0 {
					c = bucket(i*7, w, 1+rng.Int64N(500), in, out)
				}
				c.Quantities[price.CacheRead] = rng.Int64N(in)
				group = append(group, c)
			}
			groups = append(groups, group)
		}
		want := marshal(t, profile(slices.Concat(groups...)...))
		for range 5 {
			for _, g := range groups {
				rng.Shuffle(len(g), func(a, b int) { g[a], g[b] = g[b], g[a] })
			}
			if got := marshal(t, profile(slices.Concat(groups...)...)); got != want {
				t.Fatalf("\n%s, want\n%s", got, want)
			}
		}
		// Backwards, the lengths and the gaps between calls are the same ones.
		back := slices.Concat(groups...)
		slices.Reverse(back)
		if p, q := profile(back...), profile(slices.Concat(groups...)...); p.Input != nil && (*p.Input != *q.Input || *p.IATCVTicks != *q.IATCVTicks) {
			t.Errorf("backwards: %v %v, want %v %v", *p.IATCVTicks, *p.Input, *q.IATCVTicks, *q.Input)
		}
	}
}

// Whatever is noted is a sentence.
func TestNotesAreSentences(t *testing.T) {
	failed, untimed, unknown, empty := call(1, 10, 1), call(1, 10, 1), bucket(0, 60, 0, 10, 1), call(2, 0, 0)
	failed.Failed, untimed.Start, unknown.Requests = true, time.Time{}, usage.Count{}
	coarse := poisson(20_000, 3)
	for _, c := range coarse {
		c.Start = c.Start.Truncate(5 * time.Second)
	}
	shuffled := poisson(20_000, 4)
	rng := rand.New(rand.NewPCG(5, 5))
	rng.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
	late := append(poisson(20_000, 5), call(0, 1, 1))
	var seen bytes.Buffer
	for _, calls := range [][]*usage.Call{
		{call(0, 10, 1)},
		{call(0, math.MaxInt64-10, 1), call(60, 100, 1), failed, empty, untimed, trace(1, 1, 1)},
		{trace(0, 1, 1), trace(9, 1, 1), call(0, 1, 1)},
		{bucket(0, 60, 7, 10, 1), call(0, 1, 1), bucket(24*60*20, 60, 7, 10, 1)},
		{bucket(0, 60, 7, 10, 1), unknown},
		coarse, shuffled, late,
	} {
		for _, n := range profile(calls...).Notes {
			first, _ := utf8.DecodeRuneInString(n)
			if !unicode.IsUpper(first) || !strings.HasSuffix(n, ".") || strings.Contains(n, " 1 rows") || strings.Contains(n, "(1 rows") {
				t.Errorf("the note %q is no sentence", n)
			}
			seen.WriteString(n + "\n")
		}
	}
	for _, want := range []string{
		"Failed calls", "without a token", "no usable time", "The first rows have dates", "The first rows have times since", "exceed what can be counted",
		"no cached tokens", "The span is 2 minutes: a month is 21900 times that, which", "The span is 20 days: a month is ", "A span under two hours cannot show a peak hour.", "do not say how many calls",
		"add several calls up", "The resolution is L2", "has a step of 5s", "sort the log by time", "left out of windows and gaps", "same time",
	} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("no note says %q:\n%s", want, seen.String())
		}
	}
}
