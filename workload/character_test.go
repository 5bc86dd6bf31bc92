package workload_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/unit"
	"breakeven/usage"
	"breakeven/workload"
)

func character(calls ...*usage.Call) workload.Character {
	var b workload.Builder
	for _, c := range calls {
		b.Add(c)
	}
	return b.Character()
}

// monday is the begin of a week.
var monday = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// rowOf is a bucket that begins so long after monday.
func rowOf(after, width time.Duration, requests int64) *usage.Call {
	c := bucket(0, 60, requests, 100*requests, 10*requests)
	c.Start = monday.Add(after)
	c.End = c.Start.Add(width)
	return c
}

// Two weeks of hours: 10 requests in each, and 40 on both Tuesdays at 15:00 and 70 on the second alone at 16:00.
// The total is 336 × 10 + 60 + 60 = 3,480 in 336 hours, so 10.357 in the mean hour.
func TestWeek(t *testing.T) {
	var calls []*usage.Call
	for h := range 14 * 24 {
		n := int64(10)
		switch h {
		case 24 + 15, 8*24 + 15:
			n = 40
		case 8*24 + 16:
			n = 70
		}
		calls = append(calls, rowOf(time.Duration(h)*time.Hour, time.Hour, n))
	}
	w := character(calls...).Week
	if w == nil || len(w.Hours) != 168 || w.By != "requests" {
		t.Fatalf("%+v", w)
	}
	for at, want := range map[int]float64{0: 10, 24 + 15: 40, 24 + 16: 40, 167: 10} {
		h := w.Hours[at]
		if h.Day != at/24+1 || h.Hour != at%24 || h.PerHour != want || h.Seen != 2 {
			t.Errorf("hour %d of the week: %+v, want %g requests", at, h, want)
		}
		near(t, "over the mean", float64(h.ToMean), want/(3480/336.), 1e-12)
	}
}

// The first hour and the last are cut by the log: a call a minute from 10:30 to 12:15 is 60 an hour throughout.
func TestWeekCountsPartsOfHours(t *testing.T) {
	var calls []*usage.Call
	for m := range 106 {
		c := call(0, 10, 1)
		c.Start = monday.Add(10*time.Hour + time.Duration(30+m)*time.Minute)
		calls = append(calls, c)
	}
	for _, h := range character(calls...).Week.Hours {
		near(t, "requests an hour", h.PerHour, 60, 4.1) // one call more stands at the end
	}
}

// A trace without dates has no hour of the week, and neither have days.
func TestNoWeek(t *testing.T) {
	for name, c := range map[string]workload.Character{
		"a trace": character(trace(0, 1, 1), trace(9000, 1, 1)),
		"days":    character(rowOf(0, 24*time.Hour, 5), rowOf(24*time.Hour, 24*time.Hour, 5)),
		"nothing": character(), "one call": character(call(0, 1, 1)),
	} {
		if c.Week != nil {
			t.Errorf("%s has a week: %+v", name, c.Week)
		}
		if _, err := json.Marshal(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Five weeks of days that grow by a tenth each week, exactly: 1.1^(730/168) - 1 = 51.3 % a month, without scatter.
// Hours say the same as days, and six days more are no week.
func TestGrowth(t *testing.T) {
	weeks := []int64{10_000, 11_000, 12_100, 13_310, 14_641}
	for _, width := range []time.Duration{24 * time.Hour, time.Hour} {
		var calls []*usage.Call
		for day := range 41 {
			n := int64(7)
			if week := day / 7; week < len(weeks) {
				n = weeks[week]
			}
			for at := time.Duration(0); at < 24*time.Hour; at += width {
				calls = append(calls, rowOf(time.Duration(day)*24*time.Hour+at, width, n))
			}
		}
		g := character(calls...).Growth
		if g == nil || g.Weeks != 5 || g.By != "requests" {
			t.Fatalf("rows of %v: %+v", width, g)
		}
		for _, v := range []workload.Ratio{g.PerMonth, g.Low, g.High} {
			near(t, "growth", float64(v), math.Pow(1.1, 730./168)-1, 1e-9)
		}
	}
}

// Weeks of 100, 200, 100: the logarithms are 0, ln 2, 0 above ln 100, so the slope is 0, the residuals are -1/3, 2/3, -1/3
// of ln 2, their squares add up to 2/3 ln²2, and the slope deviates by √(2/3 ln²2 / 1 / 2) = 0.4002. Times 12.706, Student's
// t for one degree of freedom, it reaches from -5.085 to 5.085 a week: from next to nothing to more than the bound.
func TestGrowthHasAnInterval(t *testing.T) {
	g := character(rowOf(0, 24*time.Hour, 100), rowOf(7*24*time.Hour, 24*time.Hour, 200), rowOf(20*24*time.Hour, 24*time.Hour, 100)).Growth
	if g == nil {
		t.Fatal("no growth")
	}
	near(t, "growth", float64(g.PerMonth), 0, 1e-9)
	near(t, "low", float64(g.Low), math.Expm1(-12.706*math.Ln2/math.Sqrt(3)*730/168), 1e-12)
	near(t, "high", float64(g.High), 999, 1e-9)
	empty := character(rowOf(0, 24*time.Hour, 100), rowOf(20*24*time.Hour, 24*time.Hour, 100)).Growth
	short := character(rowOf(0, 24*time.Hour, 100), rowOf(7*24*time.Hour, 24*time.Hour, 100), rowOf(19*24*time.Hour, 24*time.Hour, 100)).Growth
	if empty != nil || short != nil {
		t.Errorf("a week without calls: %+v; two weeks and six days: %+v", empty, short)
	}
}

// Log-normal lengths are found again: mu 6, sigma 1.2, so that p99 is exp(6 + 2.326 × 1.2) = 6,578.
func TestLogNormalFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var calls []*usage.Call
	for i := range 50_000 {
		calls = append(calls, call(float64(i), max(1, int64(math.Round(math.Exp(6+1.2*rng.NormFloat64())))), 1+rng.Int64N(1000)))
	}
	c := character(calls...)
	near(t, "mu", c.Input.Mu, 6, 0.02)
	near(t, "sigma", c.Input.Sigma, 1.2, 0.02)
	near(t, "p99", float64(c.Input.P99), 6578, 200)
	near(t, "p99 of mean and CV", float64(c.Input.Moments), 6578, 500)
	near(t, "distance", float64(c.Input.Distance), 0, 0.01)
	if c.Output.Distance < 0.1 {
		t.Errorf("uniform lengths pass for log-normal: %+v", c.Output)
	}
	// All alike: no spread, and no distance to speak of.
	if f := character(call(0, 50, 1), call(1, 50, 1)).Input; f.Sigma != 0 || math.Abs(float64(f.P99)-50) > 1e-9 || f.Distance != 0 {
		t.Errorf("%+v", f)
	}
}

// Of 1,000 tokens 100 are on the batch tier, 200 on flex, 300 in a session and 150 streamed: at least 30 % can wait, and
// at most 1 - 45 % = 55 %. A session on the batch tier waits all the same.
func TestBatchable(t *testing.T) {
	batched, flex, session, streamed, plain := call(0, 90, 10), call(1, 190, 10), call(2, 290, 10), call(3, 140, 10), call(4, 240, 10)
	batched.Tier, batched.Session = price.Batch, "s"
	flex.Tier = price.Flex
	session.Session = "s"
	streamed.TTFT = time.Second
	b := character(batched, flex, session, streamed, plain).Batchable
	for _, v := range [][2]unit.Share{{b.Least, 0.3}, {b.Most, 0.55}, {b.Unknown, 0.25}} {
		near(t, "share", float64(v[0]), float64(v[1]), 1e-12)
	}
}

// What can be asked of each level.
func TestAnswers(t *testing.T) {
	unknown := rowOf(0, time.Minute, 3)
	unknown.Requests = usage.Count{}
	days := []*usage.Call{}
	for d := range 28 {
		days = append(days, rowOf(time.Duration(d)*24*time.Hour, 24*time.Hour, 100+int64(d)))
	}
	coarse := poisson(20_000, 3)
	for _, c := range coarse {
		c.Start = c.Start.Truncate(5 * time.Second)
	}
	for name, c := range map[string]struct {
		of   workload.Character
		want string // yes, range or no by their first letters, in the order of the questions
	}{
		"single calls":       {character(poisson(20_000, 3)...), "yyynyyyn"},
		"a coarse clock":     {character(coarse...), "yyynnyrn"},
		"minutes":            {character(rowOf(0, time.Minute, 5), rowOf(3*time.Hour, time.Minute, 5)), "yyynnrrn"},
		"hours":              {character(rowOf(0, time.Hour, 5), rowOf(30*time.Hour, time.Hour, 5)), "yyyrnrrn"},
		"days":               {character(days...), "yynnnrry"},
		"unknown numbers":    {character(unknown), "ynnnnnnn"},
		"nothing":            {character(), "ynnnnnnn"},
		"a span of one time": {character(call(0, 1, 1)), "ynnnnynn"},
	} {
		got := ""
		for _, a := range c.of.Answers {
			got += a.Can[:1]
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func BenchmarkBuilderCharacter(b *testing.B) {
	calls := poisson(100_000, 9)
	b.ReportAllocs()
	for b.Loop() {
		var w workload.Builder
		for _, c := range calls {
			w.Add(c)
		}
		if c := w.Character(); c.Input == nil {
			b.Fatal("no lengths")
		}
	}
	b.ReportMetric(float64(len(calls))*float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
