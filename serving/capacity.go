package serving

import (
	"fmt"
	"math"

	"breakeven/llm"
	"breakeven/unit"
)

// Limit is what keeps a replica from serving more.
type Limit string

// The limits.
const (
	LimitTTFT      Limit = "TTFT target"
	LimitTPOT      Limit = "TPOT target"
	LimitMemory    Limit = "KV memory"
	LimitSequences Limit = "engine's limit on sequences"
	LimitCompute   Limit = "compute" // a step takes as many tokens as the engine lets it
)

// Capacity is the largest load that a replica sustains within a target.
type Capacity struct {
	Point
	Limit Limit
	// Reason is the limit in words, with its figures.
	Reason string
	// Doubt is how far the rate may be off.
	Doubt Doubt
}

// InfeasibleError says that even one request at a time misses the target, or does not fit.
type InfeasibleError struct {
	Replica    Replica
	Limit      Limit
	Want, Have float64 // seconds, or tokens for the memory
	Largest    Term    // where most of the time goes
}

func (e *InfeasibleError) Error() string {
	switch e.Limit {
	case LimitTPOT, LimitSequences, LimitCompute:
	case LimitMemory:
		return fmt.Sprintf("%s cannot hold one request: it needs room for %.0f tokens, and the cache holds %.0f", e.Replica, e.Want, e.Have)
	case LimitTTFT:
		return fmt.Sprintf("%s: even one request misses TTFT %.0f ms: %.0f ms, most of it %s (%.0f ms)",
			e.Replica, 1e3*e.Want, 1e3*e.Have, e.Largest.Op, e.Largest.Time.Milliseconds())
	}
	why := ""
	if t := e.Largest; t.Memory > t.Compute && t.Bytes > 0 {
		why = fmt.Sprintf(", which read %.1f GB on each accelerator", t.Bytes.GB())
	}
	return fmt.Sprintf("%s: even one request misses TPOT %.1f ms: %.1f ms, most of it %s (%.1f ms)%s",
		e.Replica, 1e3*e.Want, 1e3*e.Have, e.Largest.Op, e.Largest.Time.Milliseconds(), why)
}

// OverloadError says that a rate is above what the engine sustains, whatever the latency.
type OverloadError struct {
	Rate, Most unit.RequestsPerSecond
	Limit      Limit
}

func (e *OverloadError) Error() string {
	return fmt.Sprintf("%.3g requests/s is more than the %.3g that the replica sustains: %s", float64(e.Rate), float64(e.Most), e.Limit)
}

// halvings is how often a search halves its interval: 2^-40 of it is below any figure's precision.
const halvings = 40

// Capacity is the largest rate of requests that keeps to the target, the cache's memory and the engine's
// limits, in a steady state. The error is an *[InputError], or an *[InfeasibleError] where no rate does.
//
// The rate is largest where the most requests arrive during a step: n/t(n) rises with n, because every step
// has a part that does not depend on the load. Both latencies rise with n as well, so that bisection finds
// the last n that keeps to them.
func (e *Engine) Capacity(s Shape, target Target) (Capacity, error) {
	if err := s.Check(e.replica.Model); err != nil {
		return Capacity{}, err
	}
	if err := target.Check(); err != nil {
		return Capacity{}, err
	}
	l := e.newLoad(s, target.Quantile)
	if err := l.feasible(target); err != nil {
		return Capacity{}, err
	}
	high, limit := l.most()
	if missed := l.missed(high, target); missed != "" {
		limit = missed
		low := 0.0
		for range halvings {
			mid := (low + high) / 2
			if missed := l.missed(mid, target); missed != "" {
				high, limit = mid, missed
			} else {
				low = mid
			}
		}
		high = low
	}
	c := Capacity{Point: l.point(high), Limit: limit, Doubt: e.replica.Doubt()}
	c.Reason = l.reason(&c)
	return c, nil
}

// At is the steady state under a rate of requests. The error is an *[InputError], or an *[OverloadError]
// where the rate is more than the engine sustains.
func (e *Engine) At(s Shape, rate unit.RequestsPerSecond) (Point, error) {
	if err := s.Check(e.replica.Model); err != nil {
		return Point{}, err
	}
	if !(rate > 0 && rate < 1e9) {
		return Point{}, &InputError{Field: "rate", Err: fmt.Errorf("%g requests/s is not above 0 and below 10^9", float64(rate))}
	}
	l := e.newLoad(s, 0)
	high, limit := l.most()
	if most := high / float64(l.mean(high)); float64(rate) > most {
		return Point{}, &OverloadError{Rate: rate, Most: unit.RequestsPerSecond(most), Limit: limit}
	}
	n := search(high, func(n float64) bool { return n/float64(l.mean(n)) < float64(rate) })
	return l.point(n), nil
}

// ClosedLoop is the steady state when a fixed number of clients each send the next request as soon as the last
// one is answered, as benchmarks do. Clients that the engine cannot take wait, and their wait is in the TTFT.
func (e *Engine) ClosedLoop(s Shape, clients int) (Point, error) {
	if err := s.Check(e.replica.Model); err != nil {
		return Point{}, err
	}
	if clients < 1 || clients > 1<<24 {
		return Point{}, &InputError{Field: "clients", Err: fmt.Errorf("%d is not between 1 and 16,777,216", clients)}
	}
	l := e.newLoad(s, 0)
	// In the engine: prefill, and then D steps. Clients keep step with the engine, so that no queue forms
	// before the limits are reached.
	inEngine := func(n float64) float64 {
		t := float64(l.mean(n))
		first := float64(l.first(n, 0))
		return n / t * (first + t*l.decodes)
	}
	high, _ := l.most()
	n := high
	if inEngine(high) > float64(clients) {
		n = search(high, func(n float64) bool { return inEngine(n) < float64(clients) })
	}
	p := l.point(n)
	p.Concurrency, p.Saturated = float64(clients), false // a fixed number of clients cannot queue without bound
	p.TTFT = Seconds(float64(clients)/float64(p.Requests) - float64(p.Step.Time)*l.decodes)
	return p, nil
}

// search is the largest n up to high for which below still holds.
func search(high float64, below func(float64) bool) float64 {
	low := 0.0
	for range halvings {
		if mid := (low + high) / 2; below(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// most is the largest n that memory and the engine's own limits admit, and which of them it is.
func (l *load) most() (float64, Limit) {
	n, limit := l.budget()/(l.decodes+l.uncached), LimitCompute
	if l.decodes > 0 {
		n = min(n, (l.budget()-1)/l.uncached) // at least one sequence decodes beside the prompts
	}
	if m := float64(l.e.replica.Limits.MaxSequences) / (l.decodes + 1); m < n {
		n, limit = m, LimitSequences
	}
	if m := float64(l.e.memory.Pool) / (l.decodes*l.runBytes + l.promptBytes); m < n {
		n, limit = m, LimitMemory
	}
	return n, limit
}

// feasible reports why not even one request at a time can be served.
func (l *load) feasible(target Target) error {
	e := l.e
	whole := l.shape.Input + l.shape.Output
	if need := e.replica.sequenceBytes(whole); need > e.memory.Pool {
		held := float64(whole) * float64(e.memory.Pool/need)
		return &InfeasibleError{Replica: e.replica, Limit: LimitMemory, Want: float64(whole), Have: held}
	}
	if target.TPOT > 0 && l.decodes > 0 {
		s := e.Step(Batch{Decoding: 1, Context: l.runContext})
		if s.Time > target.TPOT {
			return &InfeasibleError{Replica: e.replica, Limit: LimitTPOT, Want: float64(target.TPOT), Have: float64(s.Time), Largest: s.Largest()}
		}
	}
	if target.TTFT > 0 {
		if solo := l.first(0, 0); solo > target.TTFT {
			tokens := max(1, l.uncached*l.promptTail)
			s := e.Step(Batch{Prefill: llm.Tokens(tokens), PrefillContext: l.readContext * llm.Tokens(l.promptTail), Finishing: 1})
			return &InfeasibleError{Replica: e.replica, Limit: LimitTTFT, Want: float64(target.TTFT), Have: float64(solo), Largest: s.Largest()}
		}
	}
	return nil
}

// missed is the target that is not kept at n, if any.
func (l *load) missed(n float64, target Target) Limit {
	t := l.mean(n)
	if target.TPOT > 0 && l.decodes > 0 && t > target.TPOT {
		return LimitTPOT
	}
	if target.TTFT > 0 && n > 0 {
		if ttft, _ := l.ttft(n, t); ttft > target.TTFT {
			return LimitTTFT
		}
	}
	return ""
}

// reason puts the limit in words.
func (l *load) reason(c *Capacity) string {
	running := l.decodes * float64(c.Requests) * float64(c.Step.Time)
	switch c.Limit {
	case LimitTPOT:
		t := c.Step.Largest()
		return fmt.Sprintf("TPOT target: with %.0f sequences a step takes %.1f ms, most of it %s", running, c.TPOT.Milliseconds(), t.Op)
	case LimitTTFT:
		return fmt.Sprintf("TTFT target: prompts keep the engine busy %.0f %% of what it can read, and the first token comes after %.0f ms",
			100*float64(c.PrefillShare), c.TTFT.Milliseconds())
	case LimitMemory:
		return fmt.Sprintf("KV memory: %.1f GB on each accelerator hold %.0f sequences of %.0f tokens", l.e.memory.Pool.GB(), math.Max(running, 1), float64(l.runContext))
	case LimitSequences:
		return fmt.Sprintf("engine's limit on sequences: it runs %d at once", l.e.replica.Limits.MaxSequences)
	case LimitCompute:
	}
	return fmt.Sprintf("compute: every step is full with %.0f tokens and takes %.0f ms", l.budget(), c.Step.Time.Milliseconds())
}
