package serving

import (
	"math"

	"breakeven/fact"
	"breakeven/llm"
	"breakeven/unit"
)

// Point is a steady state of an engine under one load.
type Point struct {
	Requests unit.RequestsPerSecond
	Input    TokensPerSecond // prompt tokens, those from the prefix cache included
	Output   TokensPerSecond
	// Concurrency is the requests in the engine in the mean, waiting ones included: rate times time (Little).
	Concurrency float64
	TTFT        Seconds // the mean, or the quantile that the target asked for
	TPOT        Seconds // the mean; zero where an answer is one token
	// Saturated tells that prompts arrive as fast as the engine can read them. A queue then has no bound, and
	// TTFT and Concurrency leave it out.
	Saturated bool
	// PoolShare is how much of the cache's memory is in use, and PrefillShare how much of the engine's
	// capacity for prompts.
	PoolShare, PrefillShare unit.Share
	// Step is the mean step: its terms say where the time goes.
	Step       Step
	Provenance fact.Provenance
}

// load is a shape on an engine. Everything below is a function of n, the requests that arrive during one step
// in the mean: then n·D sequences decode, and n·u prompt tokens are read, in a mean step.
type load struct {
	e     *Engine
	shape Shape

	decodes     float64    // D, steps that a request decodes in: its first token comes with the prompt
	uncached    float64    // u, prompt tokens that must be read
	runContext  llm.Tokens // mean context of a decoding sequence
	readContext llm.Tokens // mean context of a prompt token
	runBytes    float64    // cache of a decoding sequence, on each accelerator
	promptBytes float64    // cache of a prompt

	quantile   unit.Share
	promptTail float64 // length of the prompt at the quantile, over the mean
}

// newLoad works out the means. Long answers are over-represented among those that run, and long prompts among
// the tokens that are read, so contexts take the length's second moment.
func (e *Engine) newLoad(s Shape, quantile unit.Share) *load {
	most := llm.Tokens(e.replica.Model.MaxContext)
	l := &load{e: e, shape: s, quantile: quantile, promptTail: 1}
	l.decodes = float64(s.Output) - 1
	l.uncached = max(1, float64(s.Input)*(1-float64(s.CachedShare)))
	l.runContext = min(most, s.Input+s.Output*llm.Tokens(1+s.OutputCV*s.OutputCV)/2)
	l.readContext = min(most, (s.Input-llm.Tokens(l.uncached)/2)*llm.Tokens(1+s.InputCV*s.InputCV))
	l.runBytes = float64(e.replica.sequenceBytes(l.runContext))
	l.promptBytes = float64(e.replica.sequenceBytes(s.Input))
	if quantile > 0 {
		// A log-normal length with the mean and spread of the shape.
		variance := math.Log1p(s.InputCV * s.InputCV)
		z := math.Sqrt2 * math.Erfinv(2*float64(quantile)-1)
		l.promptTail = math.Exp(z*math.Sqrt(variance) - variance/2)
	}
	return l
}

// budget is the tokens that one step may process.
func (l *load) budget() float64 { return float64(l.e.replica.Limits.TokenBudget) }

// parts are the two kinds of step that make up the mean one: the first reads prompts, a share of all steps,
// and the second only decodes. Prompts arrive whole, so that a step reads one whole prompt or none, or as much
// as the budget leaves room for, rather than a little of one each time.
func (l *load) parts(n float64) (reading, decoding Batch, share float64) {
	b := n * l.decodes
	if l.decodes > 0 {
		b = max(b, 1)
	}
	tokens := n * l.uncached
	chunk := min(max(tokens, l.uncached), max(l.budget()-b, 1))
	share = min(1, tokens/chunk)
	decoding = Batch{Decoding: b, Context: l.runContext}
	reading = decoding
	reading.Prefill, reading.PrefillContext = llm.Tokens(chunk), l.readContext
	reading.Finishing = chunk / l.uncached
	return reading, decoding, share
}

// mean is the time of the mean step.
func (l *load) mean(n float64) Seconds {
	reading, decoding, share := l.parts(n)
	r, d := l.e.Step(reading), l.e.Step(decoding)
	return Seconds(share)*r.Time + Seconds(1-share)*d.Time
}

// meanStep is the mean step with its terms.
func (l *load) meanStep(n float64) Step {
	reading, decoding, share := l.parts(n)
	r, d := l.e.Step(reading), l.e.Step(decoding)
	for op := range OpCount {
		a, b := &r.Terms[op], d.Terms[op]
		a.FLOPs = llm.FLOPs(share)*a.FLOPs + llm.FLOPs(1-share)*b.FLOPs
		a.Bytes = llm.Bytes(share)*a.Bytes + llm.Bytes(1-share)*b.Bytes
		a.Compute = Seconds(share)*a.Compute + Seconds(1-share)*b.Compute
		a.Memory = Seconds(share)*a.Memory + Seconds(1-share)*b.Memory
		a.Time = Seconds(share)*a.Time + Seconds(1-share)*b.Time
	}
	r.Time = Seconds(share)*r.Time + Seconds(1-share)*d.Time
	return r
}

// pool is the cache in use.
func (l *load) pool(n float64) float64 { return n * (l.decodes*l.runBytes + l.promptBytes) }

// prefill is the time from when a prompt's turn comes to its first token: as many steps as the room beside
// the decoding sequences makes of it.
func (l *load) prefill(n float64) Seconds {
	b := n * l.decodes
	room := max(l.budget()-b, 1)
	tokens := max(1, l.uncached*l.promptTail)
	steps := math.Ceil(tokens / room)
	s := l.e.Step(Batch{
		Decoding: b, Context: l.runContext,
		Prefill: llm.Tokens(tokens / steps), PrefillContext: l.readContext * llm.Tokens(l.promptTail),
		Finishing: 1,
	})
	return Seconds(steps) * s.Time
}

// ttft is the time to first token, and the share of the engine's capacity for prompts that is in use, when
// the mean step takes t.
//
//	host + rest of the running step + wait + prompt·prefill + queue·decode step
//	wait  ρS(1 + cv²) / 2(1 − ρ), ρ = rate·S    (Pollaczek and Khinchine)
//	S     time of a full step over the prompts that it can read
//
// At a quantile q the wait is the exponential tail with that mean and weight ρ.
func (l *load) ttft(n float64, t Seconds) (ttft Seconds, busy float64) {
	rate := n / float64(t)
	b := n * l.decodes
	room := max(l.budget()-b, 1)
	full := l.e.Step(Batch{
		Decoding: b, Context: l.runContext,
		Prefill: llm.Tokens(room), PrefillContext: l.readContext, Finishing: room / l.uncached,
	})
	service := float64(full.Time) * l.uncached / room
	busy = rate * service
	if busy >= 1-1e-6 {
		return Seconds(math.Inf(1)), 1
	}
	spread := 1 + l.shape.InputCV*l.shape.InputCV
	wait := busy * service * spread / (2 * (1 - busy))
	running := float64(t) * min(1, b)
	if q := float64(l.quantile); q > 0 {
		tail := 0.0
		if busy > 1-q {
			tail = wait / busy * math.Log(busy/(1-q))
		}
		wait = max(wait, tail) + q*running
	} else {
		wait += running / 2
	}
	return l.first(n, Seconds(wait)), busy
}

// first is the time to first token after a wait, as a client sees it: the host's part, the prompt's own time as often
// as it shows outside, and the decode steps that pass before it begins.
func (l *load) first(n float64, wait Seconds) Seconds {
	eff := &l.e.replica.Efficiency
	t := eff.Host + wait + Seconds(eff.Prompt)*l.prefill(n)
	if eff.Queue > 0 {
		_, decoding, _ := l.parts(n)
		step := l.e.Step(decoding)
		t += Seconds(eff.Queue) * step.Time
	}
	return t
}

// point is the steady state at n.
func (l *load) point(n float64) Point {
	step := l.meanStep(n)
	ttft, busy := l.ttft(n, step.Time)
	saturated := math.IsInf(float64(ttft), 1)
	if saturated {
		ttft = l.first(n, 0)
	}
	rate := n / float64(step.Time)
	p := Point{
		Requests:     unit.RequestsPerSecond(rate),
		Input:        TokensPerSecond(rate * float64(l.shape.Input)),
		Output:       TokensPerSecond(rate * float64(l.shape.Output)),
		Concurrency:  rate * (float64(ttft) + float64(step.Time)*l.decodes),
		TTFT:         ttft,
		Saturated:    saturated,
		PoolShare:    unit.Share(l.pool(n) / float64(l.e.memory.Pool)),
		PrefillShare: unit.Share(busy),
		Step:         step,
		Provenance:   l.e.replica.Efficiency.Provenance,
	}
	if l.decodes > 0 {
		p.TPOT = step.Time
	}
	return p
}
