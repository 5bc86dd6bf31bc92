package sim

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A queue of theory: one token is one step of a millisecond whatever the batch, so that a request's service is as
// many milliseconds as its answer has tokens.
func queueing(servers int) Config {
	return Config{
		Timer: line{base: 1e-3}, KVTokens: 1 << 40, MaxSequences: servers, TokenBudget: 1 << 20, Replicas: 1,
	}
}

// poisson is a stream of one-token prompts whose answers are drawn.
func poisson(rate float64, count int, seed uint64, answer func(*rand.Rand) int64) iter.Seq[Request] {
	return func(yield func(Request) bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		t := 0.0
		for range count {
			t += random.ExpFloat64() / rate
			if !yield(Request{Arrival: Seconds(t), Input: 1, Output: answer(random)}) {
				return
			}
		}
	}
}

// waits runs a stream and returns the mean wait and its standard error, from the means of twenty long stretches,
// which hardly depend on each other.
func waits(t *testing.T, c Config, requests iter.Seq[Request], count int) (mean, stdErr float64) {
	t.Helper()
	const stretches = 20
	sums := make([]float64, stretches)
	_, err := Run(c, requests, func(o *Outcome) {
		sums[int(o.Index)*stretches/count] += float64(o.Admitted-o.Arrival) / float64(count/stretches)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sums {
		mean += s / stretches
	}
	for _, s := range sums {
		stdErr += (s - mean) * (s - mean)
	}
	return mean, math.Sqrt(stdErr / (stretches - 1) / stretches)
}

// geometric answers have a mean of 500 tokens: nearly exponential services of half a second.
func geometric(r *rand.Rand) int64 { return int64(math.Ceil(r.ExpFloat64() * 500)) }

// TestOneServer holds the mean wait to Pollaczek and Khinchine's formula, λ·E[S²] / 2(1 − ρ). It is exact here: a
// server that is free begins at once, and one that is not begins at the end of a step, when it becomes free.
func TestOneServer(t *testing.T) {
	const count = 400_000
	p := -math.Expm1(-1.0 / 500) // of ending at a token
	for _, queue := range []struct {
		name    string
		answer  func(*rand.Rand) int64
		es, ess float64 // moments of the service
		rho     float64
	}{
		{"M/M/1 half full", geometric, 1e-3 / p, 1e-6 * (2 - p) / (p * p), 0.5},
		{"M/M/1 nearly full", geometric, 1e-3 / p, 1e-6 * (2 - p) / (p * p), 0.8},
		{"M/D/1 half full", func(*rand.Rand) int64 { return 500 }, 0.5, 0.25, 0.5},
		{"M/D/1 nearly full", func(*rand.Rand) int64 { return 500 }, 0.5, 0.25, 0.8},
	} {
		t.Run(queue.name, func(t *testing.T) {
			rate := queue.rho / queue.es
			got, stdErr := waits(t, queueing(1), poisson(rate, count, 11, queue.answer), count)
			want := rate * queue.ess / (2 * (1 - queue.rho))
			t.Logf("mean wait %.4f ± %.4f s, theory %.4f s", got, stdErr, want)
			if math.Abs(got-want) > 3.5*stdErr {
				t.Errorf("mean wait is %.4f ± %.4f s, and theory says %.4f s", got, stdErr, want)
			}
		})
	}
}

// erlang is Erlang's C: the chance that an arrival waits for one of c servers offered a load of a.
func erlang(c int, a float64) float64 {
	b := 1.0 // Erlang's B, by its recursion
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	rho := a / float64(c)
	return b / (1 - rho*(1-b))
}

// TestManyServers holds sequences that run side by side to M/M/c: mean wait C(c, a) / (cµ − λ). Arrivals beside
// others begin at the next step, which adds at most a step of a millisecond.
func TestManyServers(t *testing.T) {
	const count = 400_000
	for _, servers := range []int{2, 8, 64} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			mu := -math.Expm1(-1.0/500) / 1e-3
			load := 0.85 * float64(servers)
			got, stdErr := waits(t, queueing(servers), poisson(load*mu, count, 5, geometric), count)
			want := erlang(servers, load) / (float64(servers)*mu - load*mu)
			t.Logf("mean wait %.4f ± %.4f s, theory %.4f s", got, stdErr, want)
			if got < want-3.5*stdErr || got > want+3.5*stdErr+1e-3 {
				t.Errorf("mean wait is %.4f ± %.4f s, and theory says %.4f s, and up to a step more", got, stdErr, want)
			}
		})
	}
}

// TestReplicasInTurn holds round robin to theory: each of c replicas sees every c-th arrival, so that with c = 2 the
// times between arrivals are Erlang-2. The wait of an E2/M/1 queue is σ / µ(1 − σ), σ the root of
// σ = (2λ/(2λ + µ(1 − σ)))², λ the rate at one replica.
func TestReplicasInTurn(t *testing.T) {
	const count = 400_000
	mu := -math.Expm1(-1.0/500) / 1e-3
	lambda := 0.7 * mu
	sigma := 0.5
	for range 200 {
		x := 2 * lambda / (2*lambda + mu*(1-sigma))
		sigma = x * x
	}
	want := sigma / (mu * (1 - sigma))
	c := queueing(1)
	c.Replicas, c.Routing = 2, RoundRobin
	got, stdErr := waits(t, c, poisson(2*lambda, count, 3, geometric), count)
	t.Logf("mean wait %.4f ± %.4f s, theory %.4f s", got, stdErr, want)
	// The services are geometric, not quite exponential: a thousandth of the mean.
	if math.Abs(got-want) > 3.5*stdErr+1e-3 {
		t.Errorf("mean wait is %.4f ± %.4f s, and theory says %.4f s", got, stdErr, want)
	}
	// Choosing the less loaded one can only help.
	c.Routing = LeastLoaded
	if better, _ := waits(t, c, poisson(2*lambda, count, 3, geometric), count); better > 0.8*got {
		t.Errorf("least loaded waits %.4f s, round robin %.4f s", better, got)
	}
}

// TestWorkConserving: a replica is busy exactly while it has requests, which is the union of their times in it.
func TestWorkConserving(t *testing.T) {
	c := For(small(t), 1)
	s := Synthetic{Input: 800, Output: 60, InputCV: 1, OutputCV: 1, Rate: 3, Count: 5000, Seed: 2, MaxInput: 16_384}
	type stay struct{ from, to float64 }
	var stays []stay
	r, err := Run(c, s.Requests(), func(o *Outcome) { stays = append(stays, stay{float64(o.Arrival), float64(o.End - c.Host)}) })
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(stays, func(a, b stay) int { return int(math.Copysign(1, a.from-b.from)) })
	union, end := 0.0, 0.0
	for _, s := range stays {
		union += max(0, s.to-max(s.from, end))
		end = max(end, s.to)
	}
	if busy := float64(r.Replicas[0].Busy); math.Abs(busy/union-1) > 1e-9 {
		t.Errorf("busy for %g s, and requests were there for %g s", busy, union)
	}
	if share := r.Replicas[0].BusyShare(); share > 0.999 {
		t.Errorf("busy %g of the time: the test wants a replica that is idle at times", share)
	}
}

// TestLittle: requests in the fleet in the mean are the rate times their mean time, an identity over a whole run.
func TestLittle(t *testing.T) {
	c := For(small(t), 3)
	s := Synthetic{Input: 800, Output: 200, InputCV: 1, OutputCV: 1, Rate: 60, Count: 20_000, Seed: 2, MaxInput: 16_384}
	r, err := Run(c, s.Requests(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rate := float64(r.Requests) / float64(r.Span)
	if got, want := r.Waiting+r.Running, rate*float64(r.End.Mean()-c.Host); math.Abs(got/want-1) > 1e-6 {
		t.Errorf("%g requests in the fleet, and rate × time makes %g", got, want)
	}
	if got, want := r.Waiting, rate*float64(r.Wait.Mean()); math.Abs(got-want) > 1e-6*max(1, want) {
		t.Errorf("%g requests waiting, and rate × wait makes %g", got, want)
	}
}
