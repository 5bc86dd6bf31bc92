package sim

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"breakeven/serving"
	"breakeven/unit"
)

// TestLaws are what must hold of any run. That nothing is lost is checked by every run itself.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, requests := fleets(t)
		c.Power = Power{Idle: 100, Busy: 500}
		out, r, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		again, r2, err := collect(c, requests)
		if err != nil || !slices.Equal(out, again) || !reflect.DeepEqual(r, r2) {
			t.Fatal("the same run twice differs")
		}
		for _, o := range out {
			if o.Status != Completed {
				continue
			}
			first := o.First
			if o.Output == 0 {
				first = o.End
			}
			if !(o.Arrival <= o.Admitted && o.Admitted+c.Host < first && first <= o.End) || o.Hit >= o.Input {
				t.Fatalf("out of order: %+v", o)
			}
			// No token is faster than the fastest step.
			if least := Seconds(max(1, o.Output)) * 0.01; o.End-o.Admitted < least*(1-1e-9) {
				t.Fatalf("too fast: %+v", o)
			}
		}
		var arrived, ended, refused int64
		var tokens, up, busy float64
		for _, p := range r.Series.Points {
			arrived, ended, refused, tokens = arrived+p.Arrived, ended+p.Ended, refused+p.Refused, tokens+p.Tokens
		}
		if len(r.Series.Points) > MaxBuckets || arrived != r.Requests || ended != r.Statuses[Completed] || arrived != ended+refused ||
			math.Abs(tokens-float64(r.Output+r.Wasted)) > 1e-6*max(1, tokens) {
			t.Fatalf("the series has %d, %d and %d requests and %g tokens, the result %+v", arrived, ended, refused, tokens, r)
		}
		for i := range r.Replicas {
			s := &r.Replicas[i]
			if s.Busy > s.Up*(1+1e-9) || s.KV > s.PeakKV*(1+1e-9) || s.PeakKV > 1 {
				t.Fatalf("replica %d: %+v", i, s)
			}
			up, busy = up+float64(s.Up), busy+float64(s.Busy)
		}
		if want := 100*(up-busy) + 500*busy; math.Abs(r.Joules-want) > 1e-6*max(1, want) {
			t.Fatalf("%g J, want %g", r.Joules, want)
		}
		if c.Scale == nil && c.Failures == nil && math.Abs(up-float64(r.Span)*float64(c.Replicas)) > 1e-6*max(1, up) {
			t.Fatalf("up for %g s, want %d replicas for %g s", up, c.Replicas, float64(r.Span))
		}
	})
}

// TestClosedIsOpen: a closed loop is the open stream of the arrivals that it makes.
func TestClosedIsOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, requests := fleets(t)
		c.Scale, c.Failures, c.Replicas = nil, nil, max(1, c.Replicas)
		c.Users = &Users{Count: rapid.IntRange(1, 12).Draw(t, "users"), Think: Seconds(rapid.Float64Range(0, 0.2).Draw(t, "think"))}
		closed, r, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		if in := r.Waiting + r.Running; in > float64(c.Users.Count)+1e-9 {
			t.Fatalf("%g requests of %d users", in, c.Users.Count)
		}
		for i := range requests {
			requests[i].Arrival = closed[i].Arrival
		}
		c.Users = nil
		open, _, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(open, closed) {
			t.Fatalf("closed:\n%+v\nopen:\n%+v", closed, open)
		}
	})
}

// TestSlowerIsWorse: with one sequence at a time, a faster engine ends every request sooner.
func TestSlowerIsWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, requests := fleets(t)
		c.Scale, c.Failures, c.Replicas, c.MaxSequences = nil, nil, 1, 1
		slow, _, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		timer := c.Timer.(line)
		timer.base /= 2
		timer.each /= 2
		timer.prompt /= 2
		timer.context /= 2
		c.Timer = timer
		fast, _, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		for i := range fast {
			if c.UnitTokens == 0 && fast[i].End > slow[i].End+1e-9 {
				t.Fatalf("twice as fast, and later:\n%+v\n%+v", fast[i], slow[i])
			}
		}
	})
}

// TestQuantiles holds the distribution to sorted values.
func TestQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var d Distribution
	var all []float64
	for range 10_000 {
		v := math.Exp(2 * random.NormFloat64())
		d.add(v)
		all = append(all, v)
	}
	slices.Sort(all)
	for _, p := range []float64{0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[int(math.Ceil(p*float64(len(all))))-1]
		if got := float64(d.Quantile(unit.Share(p))); math.Abs(got/want-1) > 0.002 {
			t.Errorf("quantile %g is %g, want %g", p, got, want)
		}
		if got := float64(d.Within(Seconds(want))); math.Abs(got-p) > 0.005 {
			t.Errorf("%g are within %g, want %g", got, want, p)
		}
	}
	if d.Min() != Seconds(all[0]) || d.Max() != Seconds(all[len(all)-1]) {
		t.Errorf("from %g to %g", float64(d.Min()), float64(d.Max()))
	}
}

// TestRunsInDistribution holds runs of steps to their steps one by one.
func TestRunsInDistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := serving.Run{First: Seconds(rapid.Float64Range(1e-4, 1).Draw(t, "first"))}
		n := rapid.Int64Range(1, 500).Draw(t, "steps")
		r.Slope = r.First * Seconds(rapid.Float64Range(-0.9/float64(n), 0.1).Draw(t, "slope"))
		var whole, steps Distribution
		whole.addRun(r, n, 3)
		for k := range n {
			for range 3 {
				steps.add(float64(r.First + Seconds(k)*r.Slope))
			}
		}
		if whole.count != steps.count || math.Abs(whole.sum/steps.sum-1) > 1e-9 || math.Abs(whole.low/steps.low-1) > 1e-9 || math.Abs(whole.high/steps.high-1) > 1e-9 {
			t.Fatalf("%d, %g from %g to %g, want %d, %g from %g to %g", whole.count, whole.sum, whole.low, whole.high, steps.count, steps.sum, steps.low, steps.high)
		}
		var a, b int64
		for i := range whole.bins {
			a, b = a+whole.bins[i], b+steps.bins[i]
			// A step on the border of two bins may fall on either side.
			if d := a - b; d < -3 || d > 3 {
				t.Fatalf("%d within bin %d, want %d", a, i, b)
			}
		}
	})
}

// FuzzRun gives the simulator small fleets and streams made of any bytes: it ends, balances, and ends every request.
func FuzzRun(f *testing.F) {
	f.Add([]byte("a small fleet, and a stream"))
	f.Add([]byte{4, 2, 30, 1, 0, 16, 1, 1, 3, 7, 1, 1, 1, 1, 1, 9, 60, 0, 10, 20, 30, 0, 60, 60, 60, 1, 50, 1, 90})
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func() int64 {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return int64(b)
		}
		c := Config{
			Timer:    line{base: 0.01 * float64(1+next()%4), each: 1e-4 * float64(next()%3), prompt: 1e-5, context: 1e-6 * float64(next()%3), window: float64(next() % 80)},
			KVTokens: BlockTokens * (1 + next()%40), MaxSequences: int(1 + next()%8), MaxContext: next() * 3,
			UnitTokens: BlockTokens * (next() % 4), HitRate: unit.Share(float64(next()) / 255), Watermark: unit.Share(float64(next()) / 256),
			Replicas: int(1 + next()%3), Routing: Routing(next() % int64(routings)), Spill: int(next() % 5), Seed: uint64(next()),
			Bucket: Seconds(next()) / 100,
		}
		c.TokenBudget = c.MaxSequences + int(next())
		switch next() % 4 {
		case 1:
			c.Scale = &Scale{Min: 0, Max: 3, PerReplica: float64(1+next()) / 16, Every: 0.1 + Seconds(next())/50, ColdStart: Seconds(next()) / 50, Hold: Seconds(next()) / 50}
		case 2:
			c.Failures = &Failures{MeanTime: 10, Repair: Seconds(next()) / 50, Retries: int(next() % 3), Outages: []Outage{{Replica: int(next() % 4), At: Seconds(next()) / 20, For: Seconds(next()) / 20}}}
		case 3:
			c.Users = &Users{Count: int(1 + next()%5), Think: Seconds(next()) / 100}
		}
		var requests []Request
		now := Seconds(0)
		for len(data) > 0 && len(requests) < 60 {
			now += Seconds(next()*next()) / 1000
			q := Request{Arrival: now, Input: next() * 3, Output: next(), Cached: next() % 64}
			if k := next(); k%2 == 0 {
				q.Group, q.GroupTokens = uint64(k%6), k
			} else {
				q.Prefix = []uint64{uint64(k % 3), uint64(k % 5), uint64(k)}
			}
			requests = append(requests, q)
		}
		var told int
		r, err := Run(c, slices.Values(requests), func(*Outcome) { told++ })
		if err != nil {
			t.Fatal(err)
		}
		if told != len(requests) || r.Requests != int64(len(requests)) {
			t.Fatalf("%d of %d requests ended", told, len(requests))
		}
	})
}

// FuzzStream gives the simulator requests of any numbers: it takes the stream or names the request at fault.
func FuzzStream(f *testing.F) {
	f.Add(binary.LittleEndian.AppendUint64(nil, math.Float64bits(3)), int64(5), int64(7))
	f.Fuzz(func(t *testing.T, data []byte, input, output int64) {
		var requests []Request
		for len(data) >= 8 && len(requests) < 20 {
			requests = append(requests, Request{Arrival: Seconds(math.Float64frombits(binary.LittleEndian.Uint64(data))), Input: input, Output: output})
			data = data[8:]
			input, output = output, input
		}
		c := one()
		c.KVTokens = 1000
		_, r, err := collect(c, requests)
		if err == nil && r.Requests != int64(len(requests)) {
			t.Fatalf("%d requests, want %d", r.Requests, len(requests))
		}
	})
}
