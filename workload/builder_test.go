package workload_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
	"breakeven/workload"
)

var noon = time.Date(2026, 8, 19, 12, 0, 0, 0, time.UTC)

// call is one request of in uncached and out visible tokens, seconds after noon.
func call(seconds float64, in, out int64) *usage.Call {
	return &usage.Call{
		Start:      noon.Add(time.Duration(seconds * 1e9)),
		Requests:   usage.Count{N: 1, Known: true},
		Quantities: price.Quantities{price.Input: in, price.Output: out, price.Request: 1},
	}
}

// bucket is a report's row of n requests, minutes after noon.
func bucket(minutes, width int, n, in, out int64) *usage.Call {
	start := noon.Add(time.Duration(minutes) * time.Minute)
	return &usage.Call{
		Start: start, End: start.Add(time.Duration(width) * time.Minute),
		Requests:   usage.Count{N: n, Known: true},
		Quantities: price.Quantities{price.Input: in, price.Output: out, price.Request: n},
	}
}

func profile(calls ...*usage.Call) workload.Profile {
	var b workload.Builder
	for _, c := range calls {
		b.Add(c)
	}
	return b.Profile()
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.6g, want %.6g ± %.2g", name, got, want, tolerance)
	}
}

func noted(p workload.Profile, text string) bool {
	return slices.ContainsFunc(p.Notes, func(n string) bool { return strings.Contains(n, text) })
}

// Five calls at 0, 1.5, 3.1, 7.2 and 9.6 s. Gaps: 1.5, 1.6, 4.1, 2.4, mean 2.4, variance (0.81 + 0.64 + 2.89 +
// 0)/4 = 1.085, so that the coefficient of variation is 1.0416/2.4 = 0.434. The five stand for 9.6 × 5/4 = 12 s.
func TestFiveCalls(t *testing.T) {
	p := profile(call(0, 100, 10), call(1.5, 200, 20), call(3.1, 300, 30), call(7.2, 400, 40), call(9.6, 500, 50))
	if p.Calls != 5 || p.Requests != (usage.Count{N: 5, Known: true}) || p.Resolution != workload.L0 {
		t.Errorf("calls %d, requests %v, resolution %v", p.Calls, p.Requests, p.Resolution)
	}
	near(t, "span", float64(*p.Span)*3600, 12, 1e-9)
	near(t, "month factor", *p.MonthFactor, 730*3600/12., 1e-6)
	near(t, "rate", float64(*p.Rate), 5/12., 1e-9)
	near(t, "IAT CV", float64(*p.IATCV), math.Sqrt(1.085)/2.4, 1e-9)
	near(t, "mean input", float64(p.Input.Mean), 300, 1e-9)
	near(t, "CV of input", float64(p.Input.CV), math.Sqrt(20000)/300, 1e-9)
	near(t, "median output", float64(p.Output.P50), 30, 0)
	near(t, "p90 of output", float64(p.Output.P90), 50, 0)
	if p.Peak != nil || !noted(p, "cannot show a peak hour") {
		t.Errorf("twelve seconds have no peak hour: %+v, %q", p.Peak, p.Notes)
	}
	if p.CacheShare != nil || !noted(p, "no cached tokens") {
		t.Error("a log without cached tokens has an unknown cache share, not zero")
	}
}

func TestCacheAndBatchShares(t *testing.T) {
	cached, batched := call(0, 100, 50), call(1, 100, 50)
	cached.Quantities[price.CacheRead] = 300
	batched.Tier = price.Batch
	p := profile(cached, batched)
	near(t, "cache share", float64(*p.CacheShare), 300/500., 1e-12)
	near(t, "batch share", float64(*p.BatchShare), 150/600., 1e-12)
	near(t, "new input", float64(p.NewInput.Mean), 100, 0)
	near(t, "input", float64(p.Input.Mean), 250, 0)
}

func TestOneCallHasNoSpan(t *testing.T) {
	p := profile(call(0, 10, 1))
	if p.Span != nil || p.MonthFactor != nil || p.Rate != nil || !noted(p, "no span") {
		t.Errorf("span %v, rate %v, notes %q", p.Span, p.Rate, p.Notes)
	}
}

func TestNothing(t *testing.T) {
	p := profile()
	if p.Calls != 0 || p.Requests.Known || p.Span != nil || p.Input != nil {
		t.Errorf("an empty log has a profile: %+v", p)
	}
}

func TestFailedAndEmptyCallsAreNoLoad(t *testing.T) {
	failed, empty := call(1, 1000, 0), call(2, 0, 0)
	failed.Failed = true
	p := profile(call(0, 10, 1), failed, empty, call(4, 30, 3))
	if p.Calls != 4 || p.Failed != 2 || p.Requests.N != 2 || p.Input.N != 2 {
		t.Errorf("calls %d, failed %d, requests %d, lengths of %d", p.Calls, p.Failed, p.Requests.N, p.Input.N)
	}
	if p.Tokens[price.Input] != 1040 {
		t.Errorf("what a failed call used is still used: %d tokens, want 1040", p.Tokens[price.Input])
	}
}

// Three hours of one-hour buckets with 60, 180 and 60 requests: the busiest hour has 180 against a mean of 100.
// Buckets cover their time whole: the span is three hours, not two.
func TestHourlyBuckets(t *testing.T) {
	p := profile(bucket(0, 60, 60, 600, 60), bucket(60, 60, 100, 1000, 100), bucket(60, 60, 80, 800, 80), bucket(120, 60, 60, 600, 60))
	if p.Resolution != workload.L2 || p.Input != nil || p.IATCV != nil {
		t.Errorf("resolution %v, input %v", p.Resolution, p.Input)
	}
	near(t, "span", float64(*p.Span), 3, 1e-12)
	near(t, "rate", float64(*p.Rate), 300/10800., 1e-12)
	want := workload.Peak{Hour: noon.Add(time.Hour), Requests: usage.Count{N: 180, Known: true}, Input: 1800, Output: 180, ToMean: 1.8}
	if *p.Peak != want {
		t.Errorf("peak = %+v, want %+v", *p.Peak, want)
	}
	if _, ok := workload.At(p.PeakToMean, time.Minute); ok {
		t.Error("hourly buckets have no peak minute")
	}
	if v, ok := workload.At(p.PeakToMean, time.Hour); !ok || v != 1.8 {
		t.Errorf("peak hour to mean = %v, %v", v, ok)
	}
}

// A minute of 30 requests among two hours of one a minute: 149 requests in 120 minutes.
func TestMinuteBucketsShowTheirPeakMinute(t *testing.T) {
	var b workload.Builder
	for m := range 120 {
		n := int64(1)
		if m == 70 {
			n = 30
		}
		b.Add(bucket(m, 1, n, 100*n, 10*n))
	}
	p := b.Profile()
	if p.Resolution != workload.L1 {
		t.Errorf("resolution = %v", p.Resolution)
	}
	v, ok := workload.At(p.PeakToMean, time.Minute)
	if !ok {
		t.Fatal("no peak minute")
	}
	near(t, "peak minute", float64(v), 30/(149/120.), 1e-9)
	if _, ok := workload.At(p.PeakToMean, 10*time.Second); ok {
		t.Error("minutes do not resolve ten seconds")
	}
}

func TestUnknownRequests(t *testing.T) {
	row := bucket(0, 60, 0, 1000, 100)
	row.Requests = usage.Count{}
	other := bucket(120, 60, 0, 5000, 100)
	other.Requests = usage.Count{}
	p := profile(row, other)
	if p.Requests.Known || p.Rate != nil || p.PeakToMean != nil || !noted(p, "do not say how many calls") {
		t.Errorf("requests %v, rate %v, notes %q", p.Requests, p.Rate, p.Notes)
	}
	// By tokens: 5,100 in the busiest of three hours, against a mean of 6,200/3.
	if p.Peak == nil || p.Peak.Requests.Known || p.Peak.Input != 5000 {
		t.Fatalf("peak by tokens = %+v", p.Peak)
	}
	near(t, "peak to mean", float64(p.Peak.ToMean), 5100/(6200/3.), 1e-9)
}

func TestDaysAreCoarse(t *testing.T) {
	p := profile(bucket(0, 24*60, 100, 1000, 100), bucket(24*60, 24*60, 50, 500, 50))
	if p.Resolution != workload.L3 || p.Peak != nil {
		t.Errorf("resolution %v, peak %+v", p.Resolution, p.Peak)
	}
	near(t, "span", float64(*p.Span), 48, 0)
}

func TestNoTimes(t *testing.T) {
	a, b := call(0, 10, 1), call(0, 20, 2)
	a.Start, b.Start = time.Time{}, time.Time{}
	p := profile(a, b)
	if p.Resolution != workload.L3 || p.Span != nil || p.Input.Mean != 15 || !noted(p, "no usable time") {
		t.Errorf("resolution %v, span %v, input %+v, notes %q", p.Resolution, p.Span, p.Input, p.Notes)
	}
}

// poisson is n calls at independent uniform times in n seconds.
func poisson(n int, seed uint64) []*usage.Call {
	rng := rand.New(rand.NewPCG(seed, 1))
	calls := make([]*usage.Call, n)
	for i := range calls {
		calls[i] = call(rng.Float64()*float64(n), 1+rng.Int64N(5000), 1+rng.Int64N(500))
	}
	slices.SortFunc(calls, func(a, b *usage.Call) int { return a.Start.Compare(b.Start) })
	return calls
}

// Poisson arrivals have a coefficient of variation and an index of dispersion of 1.
func TestPoisson(t *testing.T) {
	p := profile(poisson(50_000, 7)...)
	near(t, "IAT CV", float64(*p.IATCV), 1, 0.02)
	for _, w := range []time.Duration{time.Second, 10 * time.Second} {
		v, ok := workload.At(p.IoD, w)
		if !ok {
			t.Fatal("no index of dispersion")
		}
		near(t, "IoD at "+w.String(), float64(v), 1, 0.06)
	}
}

// The same calls, with times cut to multiples of five seconds: at face value the gaps are mostly zero, and
// spread inside their step they are Poisson again.
func TestQuantisedClock(t *testing.T) {
	calls := poisson(20_000, 3)
	for _, c := range calls {
		c.Start = c.Start.Truncate(5 * time.Second)
	}
	p := profile(calls...)
	if p.Quantum != 5*time.Second {
		t.Fatalf("quantum = %v", p.Quantum)
	}
	near(t, "IAT CV, spread", float64(*p.IATCV), 1, 0.03)
	// Five calls a step on average: one gap in five is five seconds or more, the others are zero, so that the
	// mean square is near 5 and the coefficient of variation near 2.
	near(t, "IAT CV at face value", float64(*p.IATCVTicks), 2, 0.1)
	if !noted(p, "step of 5s") {
		t.Errorf("notes = %q", p.Notes)
	}
	if _, ok := workload.At(p.PeakToMean, 10*time.Second); ok {
		t.Error("two steps do not resolve a window")
	}
}

// Logs are out of order by a few calls, and some begin with the newest: no figure may change.
func TestOrderDoesNotMatter(t *testing.T) {
	calls := poisson(20_000, 11)
	want := profile(calls...)

	reversed := slices.Clone(calls)
	slices.Reverse(reversed)
	jumbled := slices.Clone(calls)
	rng := rand.New(rand.NewPCG(5, 5))
	for i := 0; i+200 <= len(jumbled); i += 200 {
		part := jumbled[i : i+200]
		rng.Shuffle(len(part), func(a, b int) { part[a], part[b] = part[b], part[a] })
	}
	for name, list := range map[string][]*usage.Call{"reversed": reversed, "jumbled": jumbled} {
		got := profile(list...)
		near(t, name+": IAT CV", float64(*got.IATCV), float64(*want.IATCV), 1e-9)
		near(t, name+": p99", float64(got.Input.P99), float64(want.Input.P99), 0)
		if *got.Span != *want.Span || got.Tokens != want.Tokens {
			t.Errorf("%s: span %v, want %v", name, *got.Span, *want.Span)
		}
		// Windows begin at the first call read, so that backwards they are cut elsewhere.
		a, _ := workload.At(got.PeakToMean, time.Minute)
		b, _ := workload.At(want.PeakToMean, time.Minute)
		near(t, name+": peak minute", float64(a), float64(b), 0.15)
	}

	shuffled := slices.Clone(calls)
	rng.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
	if got := profile(shuffled...); got.IATCV != nil && !noted(got, "out of order") {
		t.Errorf("a shuffled log must not pass for an ordered one: %v %q", *got.IATCV, got.Notes)
	}
}

func TestProfileCanBeTakenTwice(t *testing.T) {
	var b workload.Builder
	calls := poisson(9000, 2)
	for _, c := range calls[:4500] {
		b.Add(c)
	}
	first := b.Profile()
	again := b.Profile()
	if *first.IATCV != *again.IATCV || first.Calls != again.Calls {
		t.Error("taking a profile changed it")
	}
	for _, c := range calls[4500:] {
		b.Add(c)
	}
	if got, want := b.Profile(), profile(calls...); *got.IATCV != *want.IATCV || got.Tokens != want.Tokens {
		t.Error("adding after a profile gives another result than adding at once")
	}
}

func TestOverflowIsSaid(t *testing.T) {
	p := profile(call(0, math.MaxInt64-10, 1), call(1, 100, 1))
	if !p.Overflow || !noted(p, "exceed what can be counted") {
		t.Errorf("overflow %v, notes %q", p.Overflow, p.Notes)
	}
}

func TestLevelText(t *testing.T) {
	var l workload.Level
	if err := l.UnmarshalText([]byte("l2")); err != nil || l != workload.L2 {
		t.Errorf("l2 = %v, %v", l, err)
	}
	if err := l.UnmarshalText([]byte("L9")); err == nil {
		t.Error("L9 was accepted")
	}
	if workload.L3.Text() == "" || workload.Level(9).String() != "Level(9)" {
		t.Error("levels lack a text")
	}
}

// The reader hands on one call again and again, and so does the benchmark.
func BenchmarkBuilderAdd(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	gaps := make([]time.Duration, 1024)
	for i := range gaps {
		gaps[i] = time.Duration(rng.ExpFloat64() * 1e9)
	}
	c := call(0, 1000, 100)
	var builder workload.Builder
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Start = c.Start.Add(gaps[i%len(gaps)])
		c.Quantities[price.Input] = int64(gaps[i%len(gaps)] >> 17)
		builder.Add(c)
		i++
	}
}
