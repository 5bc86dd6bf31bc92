package plan

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/money"
	"breakeven/serving"
	"breakeven/serving/sim"
	"breakeven/unit"
)

// small is a model of eight billion parameters on one accelerator.
func small(t testing.TB) *serving.Engine {
	t.Helper()
	a, err := gpu.New(gpu.Accelerator{
		ID: "h100-sxm", Name: "H100 SXM", Vendor: "nvidia", Memory: 80 << 30, Bandwidth: 3.35e12,
		Dense: map[gpu.Format]gpu.FLOPS{gpu.BF16: 989e12, gpu.FP8: 1978e12}, Link: 450e9, LinkKind: "NVLink4", TDP: 700,
	}, fact.Assume("worked case"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := serving.NewReplica(&llm.Model{
		ID: "qwen3-8b", Name: "Qwen3 8B", Layers: 36, Hidden: 4096, Heads: 32, KVHeads: 8, HeadDim: 128,
		FFN: 12288, Vocab: 151936, MaxContext: 40960,
	}, a, llm.BF16).Engine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var interactive = Target{TTFT: Goal{2, 0.99}, TPOT: Goal{0.050, 0.99}}

// chat is a stream of means.
func chat(t testing.TB, n int64, rate, gaps float64, seed uint64) *Stream {
	t.Helper()
	return made(t, []Bucket{{Width: serving.Seconds(float64(n) / rate), Calls: n, Input: 1000 * n, Output: 250 * n}},
		Assumption{Gaps: gaps, InputCV: 1, OutputCV: 1}, 32_768, seed)
}

// made is a stream from buckets.
func made(t testing.TB, buckets []Bucket, a Assumption, context int64, seed uint64) *Stream {
	t.Helper()
	calls, err := Synthesize(buckets, a, context, seed)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStream(calls)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLateRequestsThatAQuantileAllows(t *testing.T) {
	for _, c := range []struct {
		goal    Goal
		n, late int64
	}{
		{Goal{1, 0.99}, 100, 1},      // the 99th of 100 in order is in time, the 100th may be late
		{Goal{1, 0.99}, 99, 0},       // rank ⌈98.01⌉ = 99
		{Goal{1, 0.99}, 10_000, 100}, // 0.99 × 10,000 is 9,900 and not the 9,900.000000000001 of binary numbers
		{Goal{1, 0.5}, 3, 1},
		{Goal{0, 0.99}, 7, 7}, // nothing is asked
	} {
		if got := c.goal.allowed(c.n); got != c.late {
			t.Errorf("%v of %d: %d may be late, want %d", c.goal, c.n, got, c.late)
		}
	}
}

// The size that is found holds the target, one machine less does not, and no smaller fleet does either. The same is
// found by trying every number from one on.
func TestSizeIsTheSmallest(t *testing.T) {
	e := small(t)
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 12 {
		s := chat(t, 2500, 5+60*random.Float64(), 1+3*random.Float64(), uint64(i))
		c := Candidate{Engine: e, Engines: 1 + i%2, Hourly: 2 * money.Dollar}
		z, err := c.Size(s, interactive, 0, 0, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= z.Machines; n++ {
			trial, err := c.fleet(n).Try(s, interactive, Watch{})
			if err != nil {
				t.Fatal(err)
			}
			if trial.Met != (n == z.Machines) {
				t.Errorf("stream %d: %d machines were found, and %d hold the target: %v", i, z.Machines, n, trial.Met)
			}
			if trial.Met && n < z.Floor {
				t.Errorf("stream %d: the floor is %d machines, and %d hold the target", i, z.Floor, n)
			}
		}
		if z.Missed == nil && z.Machines > z.Floor || z.Missed != nil && z.Missed.Replicas != (z.Machines-1)*c.Engines {
			t.Errorf("stream %d: nothing shows that %d machines miss", i, z.Machines-1)
		}
		// With a limit below it there is none, and at it there is the same one.
		for most, want := range map[int]int{z.Machines: z.Machines, z.Machines - 1: 0} {
			if most == 0 {
				continue
			}
			if capped, err := c.Size(s, interactive, 0, most, Watch{}); err != nil || capped.Machines != want {
				t.Errorf("stream %d, at most %d: %d machines, want %d; %v", i, most, capped.Machines, want, err)
			}
		}
	}
}

// A simulation that is cut off missed the target in full as well, and one that is not cut off judges alike.
func TestCutIsTheSameVerdict(t *testing.T) {
	e := small(t)
	for n := 1; n <= 4; n++ {
		s := chat(t, 4000, 40, 2, 3)
		f := Fleet{Engine: e, Replicas: n, Routing: sim.LeastLoaded}
		short, err := f.Try(s, interactive, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		long, err := f.Serve(s, interactive, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if short.Met != long.Met || short.Cut && long.Met {
			t.Errorf("%d replicas: met %v (cut %v) and in full %v", n, short.Met, short.Cut, long.Met)
		}
		if q := long.TTFT(0.99); long.LateTPOT <= long.MayTPOT && (q <= 2) != long.Met {
			t.Errorf("%d replicas: p99 TTFT is %v, and met is %v", n, q, long.Met)
		}
	}
}

// More of the same load never needs fewer machines, nor does a tighter target.
func TestSizeIsMonotone(t *testing.T) {
	c := Candidate{Engine: small(t), Engines: 1, Hourly: money.Dollar}
	last := 0
	for _, rate := range []float64{5, 15, 30, 60, 120} {
		z, err := c.Size(chat(t, 4000, rate, 1.5, 11), interactive, 0, 0, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if z.Machines < last {
			t.Errorf("%g requests/s need %d machines, and less needed %d", rate, z.Machines, last)
		}
		last = z.Machines
	}
	last = math.MaxInt
	s := chat(t, 4000, 60, 1.5, 11)
	for _, within := range []serving.Seconds{0.25, 0.5, 2, 10} {
		z, err := c.Size(s, Target{TTFT: Goal{within, 0.99}, TPOT: Goal{0.05, 0.99}}, 0, 0, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if z.Machines > last {
			t.Errorf("p99 TTFT %g s needs %d machines, and a tighter one %d", float64(within), z.Machines, last)
		}
		last = z.Machines
	}
}

// Bursts need more than the mean rate over the capacity of one replica.
func TestBurstsAreNotMeans(t *testing.T) {
	e := small(t)
	s := chat(t, 20_000, 40, 8, 5)
	one, err := Sustain(e, chat(t, 20_000, 1, 1, 5), interactive, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	z, err := Candidate{Engine: e, Engines: 1}.Size(s, interactive, 0, 0, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	if divided := int(math.Ceil(40 / float64(one.Rate))); z.Machines <= divided {
		t.Errorf("%d replicas hold a bursty stream, and the rate over the capacity of one is %d", z.Machines, divided)
	}
}

// The rate that one replica sustains is held, and one hundredth more is not.
func TestSustain(t *testing.T) {
	e := small(t)
	s := chat(t, 10_000, 1, 1, 1)
	c, err := Sustain(e, s, interactive, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Held.Met || c.Missed.Met || c.Reason == "" || c.Limit == "" {
		t.Errorf("held %v, missed %v, limit %q: %s", c.Held.Met, !c.Missed.Met, c.Limit, c.Reason)
	}
	if ratio := float64(c.Rate / c.Closed); ratio < 0.5 || ratio > 2 {
		t.Errorf("%g requests/s by simulation, and %g by the closed form", float64(c.Rate), float64(c.Closed))
	}
	for factor, want := range map[float64]bool{0.5: true, 1: true, 1.011: false, 2: false} {
		trial, err := At(e, s, interactive, c.Rate*unit.RequestsPerSecond(factor), Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if trial.Met != want {
			t.Errorf("at %g times the rate the target is met: %v", factor, trial.Met)
		}
	}
}

// What no number of replicas can do is said at once, and why. A prompt of 30,000 tokens takes the model 2 · 8.2e9
// FLOPs a token and 0.6 of 989e12 a second: 0.83 s and more.
func TestAlone(t *testing.T) {
	e := small(t)
	calls := func(c Call, n int) *Stream {
		list := make([]Call, n)
		for i := range list {
			list[i] = c
			list[i].At = serving.Seconds(i)
		}
		s, err := NewStream(list)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		name   string
		stream *Stream
		target Target
		limit  serving.Limit
	}{
		{"prompt", calls(Call{Input: 30_000, Output: 10}, 10), Target{TTFT: Goal{0.8, 0.99}}, serving.LimitTTFT},
		{"step", calls(Call{Input: 1000, Output: 10}, 10), Target{TTFT: Goal{2, 0.99}, TPOT: Goal{0.005, 0.99}}, serving.LimitTPOT},
		{"context", calls(Call{Input: 40_000, Output: 1000}, 10), interactive, serving.LimitMemory},
	} {
		_, err := Candidate{Engine: e, Engines: 1}.Size(c.stream, c.target, 0, 0, Watch{})
		if f, ok := errors.AsType[*InfeasibleError](err); !ok || f.Limit != c.limit {
			t.Errorf("%s: %v, want the limit %q", c.name, err, c.limit)
		}
	}
	// One such prompt in two hundred may be late, and is no obstacle.
	mixed := slices.Concat(calls(Call{Input: 500, Output: 10}, 199).calls, []Call{{At: 500, Input: 30_000, Output: 10}})
	s, err := NewStream(mixed)
	if err != nil {
		t.Fatal(err)
	}
	if z, err := (Candidate{Engine: e, Engines: 1}).Size(s, Target{TTFT: Goal{0.8, 0.99}}, 0, 0, Watch{}); err != nil || z.Machines != 1 {
		t.Errorf("%d machines, %v", z.Machines, err)
	}
}

// Calls are put in order, and empty ones counted.
func TestStream(t *testing.T) {
	s, err := NewStream([]Call{{At: 5, Input: 10, Output: 2}, {At: 3, Input: 10, Cached: 10, Output: 1}, {At: 7, Input: 0, Output: 1}, {At: 7, Input: 4}})
	if err != nil {
		t.Fatal(err)
	}
	prompts, answers := s.Empty()
	if s.Moved != 1 || s.calls[0].At != 3 || prompts != 1 || answers != 1 || s.Answered() != 2 || s.Span() != 4 || s.Rate() != 0.75 || s.Longest() != 12 || s.Longer(11) != 1 {
		t.Errorf("%+v", s)
	}
	// A prompt that is wholly in the cache still has its last token read.
	if got := s.calls[0].uncached(); got != 1 {
		t.Errorf("%d tokens to read", got)
	}
	for _, bad := range []Call{{At: serving.Seconds(math.NaN())}, {Input: -1}, {Input: 1, Cached: 2}, {At: 2e9}} {
		if _, err := NewStream([]Call{bad}); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if b := chat(t, 1000, 10, 3, 1).Busiest(100); b.Len() != 100 || b.Rate() < 10 {
		t.Errorf("the busiest 100 calls come at %g a second", float64(b.Rate()))
	}
}

// A synthetic stream holds what was counted, spreads as was assumed, and is the same every time.
func TestSynthesize(t *testing.T) {
	const n = 40_000
	for _, a := range Assumptions() {
		buckets := []Bucket{{Width: n, Calls: n, Input: 1000 * n, Cached: 250 * n, Output: 200 * n}}
		s := made(t, buckets, a, 0, 1)
		if again := made(t, buckets, a, 0, 1); !slices.Equal(s.calls, again.calls) {
			t.Errorf("%s: not the same again", a.Name)
		}
		var gaps moments
		for i := 1; i < n; i++ {
			gaps.add(float64(s.calls[i].At - s.calls[i-1].At))
		}
		shape := s.Shape()
		near := func(what string, got, want, tolerance float64) {
			if math.Abs(got/want-1) > tolerance {
				t.Errorf("%s: %s is %.4g, want %.4g", a.Name, what, got, want)
			}
		}
		near("the spread of gaps", gaps.cv(), a.Gaps, 0.06)
		near("mean input", float64(shape.Input), 1000, 0.03)
		near("mean output", float64(shape.Output), 200, 0.03)
		near("cached share", float64(shape.CachedShare), 0.25, 0.01)
		near("span", float64(s.Span()), n, 0.02)
	}
	if s := made(t, []Bucket{{Width: 60, Calls: 100, Input: 100 * 5000, Output: 100 * 5000}}, Assumption{Gaps: 1, InputCV: 3, OutputCV: 3}, 8192, 1); s.Longest() > 8192 {
		t.Errorf("a call of %d tokens in a context of 8192", s.Longest())
	}
	if _, err := Synthesize([]Bucket{{Calls: -1}}, Assumptions()[0], 0, 1); err == nil {
		t.Error("fewer than no calls")
	}
}

// Machines are billed whole, and exactly.
func TestPrice(t *testing.T) {
	c := Candidate{Hourly: 2_990_000_000, Engines: 2} // $2.99
	if p, err := c.Price(3); err != nil || p.String() != "8.97" {
		t.Errorf("three machines cost %v; %v", p, err)
	}
	// Three cost $8.97: the most that cost less than that are two, and less than $8.98 three.
	if c.Below(8_970_000_000) != 2 || c.Below(8_980_000_000) != 3 {
		t.Errorf("below $8.97 are %d machines, below $8.98 %d", c.Below(8_970_000_000), c.Below(8_980_000_000))
	}
	if _, err := c.Price(math.MaxInt32); err != nil {
		t.Error(err)
	}
	if _, err := (Candidate{Hourly: math.MaxInt64}).Price(2); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("no overflow: %v", err)
	}
}

// A fleet that grows and shrinks with a day that is quiet for five parts of six rents less than one that does not.
func TestScaled(t *testing.T) {
	e := small(t)
	s := made(t, []Bucket{
		{Start: 0, Width: 9000, Calls: 9000, Input: 9000 * 1000, Output: 9000 * 250}, {Start: 9000, Width: 1800, Calls: 90_000, Input: 90_000 * 1000, Output: 90_000 * 250},
	}, Assumption{Gaps: 1, InputCV: 1, OutputCV: 1}, 32_768, 1)
	c := Candidate{Engine: e, Engines: 1, Hourly: 2 * money.Dollar, Routing: sim.LeastLoaded}
	z, err := c.Size(s, interactive, 0, 0, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	fixed := float64(z.Machines) * float64(z.Held.Result.Span) / 3600
	best := math.Inf(1)
	for _, p := range (Elastic{ColdStart: 30, Every: 10, Hold: 300}).Policies(1, z.Held) {
		trial, err := c.Scaled(p).Try(s, Target{TTFT: Goal{2, 0.95}, TPOT: Goal{0.05, 0.95}}, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if trial.Met {
			best = min(best, MachineHours(trial.Result, 1))
		}
	}
	if !(best < fixed) {
		t.Errorf("%g machine-hours of a fleet that scales, and %g of one that does not", best, fixed)
	}
}

// A caller ends the work.
func TestStop(t *testing.T) {
	seen := 0
	w := Watch{Stop: func() bool { return seen >= 8192 }, Seen: func(n int) { seen += n }}
	if _, err := (Candidate{Engine: small(t), Engines: 1}).Size(chat(t, 30_000, 10, 1, 1), interactive, 0, 0, w); !errors.Is(err, ErrStopped) {
		t.Errorf("%v after %d calls", err, seen)
	}
}

func BenchmarkSize(b *testing.B) {
	s := chat(b, 100_000, 100, 1.5, 1)
	c := Candidate{Engine: small(b), Engines: 1, Hourly: money.Dollar, Routing: sim.LeastLoaded}
	var calls int64
	for b.Loop() {
		z, err := c.Size(s, interactive, 0, 0, Watch{})
		if err != nil {
			b.Fatal(err)
		}
		calls += z.Calls
	}
	b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
}

// An engine that is slower than predicted needs more machines, and one that is faster no more.
func TestSlow(t *testing.T) {
	s := chat(t, 5000, 60, 1.5, 2)
	last := 0
	for _, slow := range []float64{0.5, 1, 2} {
		c := Candidate{Engine: small(t), Engines: 1, Slow: slow}
		z, err := c.Size(s, interactive, 0, 0, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if z.Machines <= last {
			t.Errorf("%g times as slow: %d machines, after %d", slow, z.Machines, last)
		}
		if z.Machines > 1 {
			below, err := c.fleet(z.Machines-1).Try(s, interactive, Watch{})
			if err != nil || below.Met {
				t.Errorf("%g times as slow: %d machines hold the target as well; %v", slow, z.Machines-1, err)
			}
		}
		last = z.Machines
	}
}

// The room above a fleet's load is used up a little later, and the machine more is needed then.
func TestHeadroom(t *testing.T) {
	s := chat(t, 5000, 40, 1.5, 4)
	c := Candidate{Engine: small(t), Engines: 1}
	z, err := c.Size(s, interactive, 0, 0, Watch{})
	if err != nil {
		t.Fatal(err)
	}
	room, err := c.Headroom(s, interactive, z.Machines, 10, Watch{})
	if err != nil || room < 1 || room > 2 {
		t.Fatalf("%d machines carry %g times the load; %v", z.Machines, room, err)
	}
	for factor, want := range map[float64]bool{room: true, 1.035 * room: false} {
		trial, err := c.fleet(z.Machines).try(s, factor, interactive, Watch{}, true)
		if err != nil || trial.Met != want {
			t.Errorf("at %g times the load the target is met: %v; %v", factor, trial.Met, err)
		}
	}
	if none, err := c.Headroom(s, interactive, z.Machines, 1.04*room, Watch{}); err != nil || none < room/1.04 || none > 1.04*room {
		t.Errorf("%d machines carry %g times the load, and %g where no more is asked; %v", z.Machines, room, none, err)
	}
	if room, err := c.Headroom(s, interactive, 10*z.Machines, 1.5, Watch{}); err != nil || room != 1.5 {
		t.Errorf("ten times the machines carry %g times the load, of 1.5 that are asked; %v", room, err)
	}
}
