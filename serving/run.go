package serving

import (
	"math"

	"breakeven/llm"
)

// This file is the step's time for whoever simulates an engine: aggregates in, seconds out, nothing allocated.
// [Engine.Step] gives the same time with its terms.

// Prefill is the prompt work of one step: the sum of its chunks. The zero value is none. It belongs to the engine
// whose [Engine.Chunk] made it.
type Prefill struct {
	Tokens    int64 // prompt tokens that are read
	Finishing int64 // prompts that end in the step, each of which predicts its first token
	// Attention is how long the chunks' attention to their earlier tokens takes, one after the other.
	Attention Seconds
	// Longest and LongestAttention are those of the longest chunk: it is not divided over groups of accelerators.
	Longest          int64
	LongestAttention Seconds
}

// Plus is the work of both.
func (p Prefill) Plus(q Prefill) Prefill {
	return Prefill{
		p.Tokens + q.Tokens, p.Finishing + q.Finishing, p.Attention + q.Attention,
		max(p.Longest, q.Longest), max(p.LongestAttention, q.LongestAttention),
	}
}

// Chunk is the work of reading the next tokens of a prompt, of which done are in the cache already, whether read
// before or found there. Last tells that the prompt ends with the chunk.
//
// Attention is the longer of its arithmetic, integrated over the chunk, and of reading the earlier cache once.
func (e *Engine) Chunk(done, tokens int64, last bool) Prefill {
	p := Prefill{Tokens: tokens, Longest: tokens}
	if last {
		p.Finishing = 1
	}
	if tokens <= 0 {
		return p
	}
	from, to := float64(done), float64(done+tokens)
	var flops float64
	for i := range e.reading {
		s := &e.reading[i]
		low, high := max(from, s.from), min(to, s.to)
		if high > low {
			flops += (high - low) * (s.base + s.slope*(low+high)/2)
		}
	}
	p.Attention = Seconds(max(flops/e.attention, e.readBytes(llm.Tokens(done))/e.cache))
	p.LongestAttention = p.Attention
	return p
}

// Run is a stretch of steps that only decode, with the same sequences: step k, counted from zero, takes
// First + k·Slope, because every context is longer by one token in each. The line holds for Steps steps, and
// [Engine.Decode] gives the next one from there.
type Run struct {
	First, Slope Seconds
	Steps        int64 // at least one
}

// Endless is the Steps of a run whose line never bends.
const Endless = math.MaxInt64

// Time is what the first k steps take.
func (r Run) Time(k int64) Seconds {
	n := float64(k)
	return Seconds(n*float64(r.First) + n*(n-1)/2*float64(r.Slope))
}

// Within is the most steps, up to the run's, that end within a time.
func (r Run) Within(d Seconds) int64 {
	if !(d >= r.First) {
		return 0
	}
	// The positive root of n·First + n(n − 1)/2·Slope = d, written so that a slope of zero is no special case.
	half := float64(r.First) - float64(r.Slope)/2
	n := 2 * float64(d) / (half + math.Sqrt(max(0, half*half+2*float64(r.Slope)*float64(d))))
	k := r.Steps
	if n < float64(r.Steps) {
		k = int64(n)
	}
	// The root is rounded: settle it on the sums themselves, so that Time(k) <= d < Time(k+1).
	for k > 0 && r.Time(k) > d {
		k--
	}
	for k < r.Steps && r.Time(k+1) <= d {
		k++
	}
	return k
}

// Decode is the run of steps in which the given sequences each generate a token, when their contexts add up to
// context tokens at its first step. A context is what is in the cache: the prompt and the answer so far. The run is
// exact: [Engine.Time] gives the same for each of its steps.
//
// Costs that bend at a context, as with a window, are taken at the mean context of the sequences.
func (e *Engine) Decode(sequences int, context int64) Run {
	n := float64(sequences)
	mean := float64(context) / n
	s := e.decoding(mean)
	at := e.held(n)
	r := Run{
		First: Seconds(e.base(n, 0, 0, n) + at*(s.base+s.slope*mean)),
		Slope: Seconds(at * s.slope),
		Steps: Endless,
	}
	if steps := math.Ceil(s.to - mean); steps < 1<<62 {
		r.Steps = max(1, int64(steps))
	}
	return r
}

// Time is the time of one step of any kind: prompt work, and sequences that each generate a token, whose contexts
// add up to context tokens.
func (e *Engine) Time(p Prefill, sequences int, context int64) Seconds {
	n := float64(sequences)
	here := float64(p.Tokens)
	attention := float64(p.Attention)
	if e.ranks > 1 {
		here = max(here*e.spread, float64(p.Longest))
		attention = max(attention*e.spread, float64(p.LongestAttention))
	}
	t := e.base(n, float64(p.Tokens), here, n+float64(p.Finishing)) + attention
	if sequences > 0 {
		mean := float64(context) / n
		s := e.decoding(mean)
		t += e.held(n) * (s.base + s.slope*mean)
	}
	return Seconds(t)
}

// piece is an affine stretch of a cost over the context: base + slope·c for from <= c < to.
type piece struct{ from, to, base, slope float64 }

// decoding is the piece of the decode attention's time that holds at a mean context.
func (e *Engine) decoding(mean float64) *piece {
	i := 0
	for i+1 < len(e.decode) && mean >= e.decode[i].to {
		i++
	}
	return &e.decode[i]
}
