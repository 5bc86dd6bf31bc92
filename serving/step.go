package serving

import (
	"math"

	"breakeven/gpu"
	"breakeven/llm"
)

// Op is a group of operators that a step runs.
type Op uint8

// The groups, in the order in which a step names them.
const (
	Projections      Op = iota // attention's projections
	FeedForward                // dense feed-forward layers, shared experts and the router
	Experts                    // routed experts
	Head                       // the output table
	PrefillAttention           // attention of the prompt tokens in the step
	DecodeAttention            // attention of the decoding sequences over their caches
	AllReduce                  // exchange between the accelerators of the replica
	Overhead                   // what the engine itself adds
	OpCount
)

var opNames = [OpCount]string{
	"attention projections", "feed-forward layers", "routed experts", "output head",
	"prefill attention", "decode attention", "all-reduce", "engine overhead",
}

// String names the group.
func (o Op) String() string {
	if o >= OpCount {
		return "unknown"
	}
	return opNames[o]
}

// MarshalText writes the group's name.
func (o Op) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Batch is what one step of the engine works on. Counts may be fractions where they are means.
type Batch struct {
	Decoding float64    // sequences that each generate a token
	Context  llm.Tokens // their mean context
	Prefill  llm.Tokens // prompt tokens
	// PrefillContext is the mean number of tokens before each prompt token: half the prompt where it is read
	// at once.
	PrefillContext llm.Tokens
	// Finishing is how many prompts end in the step: each predicts its first token.
	Finishing float64
}

// Term is the share of one group in a step, on one accelerator. A group waits for the slower of its
// arithmetic and its memory.
type Term struct {
	Op    Op
	FLOPs llm.FLOPs
	Bytes llm.Bytes // memory traffic; for the exchange, what crosses the link
	// Compute is the time of the arithmetic, Memory that of the traffic, and Time the larger of them, or the
	// whole of what has neither.
	Compute, Memory, Time Seconds
}

// Step is the time of one step, and what it is made of.
type Step struct {
	Time  Seconds
	Terms [OpCount]Term
}

// Largest is the term that takes longest.
func (s *Step) Largest() Term {
	best := s.Terms[0]
	for _, t := range s.Terms[1:] {
		if t.Time > best.Time {
			best = t
		}
	}
	return best
}

// Compute is the time that the step would take if memory were infinitely fast.
func (s *Step) Compute() Seconds {
	var sum Seconds
	for _, t := range s.Terms {
		sum += t.Compute
	}
	return sum
}

// Engine is a replica that fits, with all that does not depend on the load worked out. It is immutable and
// safe for concurrent use.
type Engine struct {
	replica Replica
	memory  Memory

	compute   float64 // FLOP/s of matrix products, efficiency applied
	compute16 float64 // the same of the tables, which stay in 16 bits
	attention float64 // FLOP/s of attention
	weights   float64 // bytes/s of reading weights
	cache     float64 // bytes/s of reading the cache
	link      float64 // bytes/s of an all-reduce
	reduce    Seconds // start of all the step's all-reduces

	// Per accelerator and token, by group.
	projFLOPs, ffnFLOPs, expertFLOPs, headFLOPs float64
	projBytes, ffnBytes, headBytes              float64
	layerExpertBytes                            float64 // one expert of every mixture layer
	experts                                     float64
	missing                                     float64 // log of the chance that a token leaves an expert untouched
	reduceBytes                                 float64
	fixed                                       Seconds
}

// Engine works out what does not depend on the load. The error is that of [Replica.Memory].
func (r Replica) Engine() (*Engine, error) {
	memory, err := r.Memory()
	if err != nil {
		return nil, err
	}
	m, a, eff, tp := r.Model, r.Accelerator, r.Efficiency, float64(r.TP)
	peak, _ := a.Peak(formatOf(r.Precision))
	half, _ := a.Peak(gpu.BF16)
	n, width := m.Parameters(), r.Precision.Bytes()
	e := &Engine{
		replica: r, memory: memory,
		compute:   float64(peak) * float64(eff.Linear),
		compute16: float64(half) * float64(eff.Linear),
		attention: float64(half) * float64(eff.Attention),
		weights:   float64(a.Bandwidth) * float64(eff.Weights),
		cache:     float64(a.Bandwidth) * float64(eff.Cache),
		link:      float64(a.Link) * float64(eff.Link),

		projFLOPs:   2 * float64(n.Attention) / tp,
		ffnFLOPs:    2 * float64(n.FFN+n.Shared+n.Router) / tp,
		expertFLOPs: 2 * float64(n.Chosen) / tp,
		headFLOPs:   float64(m.HeadFLOPs()) / tp,
		projBytes:   float64(n.Attention) * width / tp,
		ffnBytes:    float64(n.FFN+n.Shared+n.Router) * width / tp,
		headBytes:   float64(m.Vocab) * float64(m.Hidden) * llm.BF16.Bytes() / tp,
		fixed:       eff.Step + Seconds(m.Layers)*eff.Layer,
	}
	if x := m.MoE; x != nil {
		e.experts = float64(x.Experts)
		e.missing = math.Log1p(-float64(x.TopK) / e.experts)
		e.layerExpertBytes = float64(m.MoELayers()) * float64(n.Expert) * width / tp
	}
	if r.TP > 1 {
		reductions := 2 * float64(m.Layers)
		e.reduce = Seconds(reductions*(1+0.25*(math.Log2(tp)-1))) * eff.Reduce
		e.reduceBytes = reductions * 2 * (tp - 1) / tp * float64(m.Hidden) * llm.BF16.Bytes()
	}
	return e, nil
}

// Replica is what the engine was made from.
func (e *Engine) Replica() Replica { return e.replica }

// Memory is how an accelerator's memory is divided.
func (e *Engine) Memory() Memory { return e.memory }

// Format is the format that the replica's weights are multiplied in. It is wider than the weights where the
// accelerator does not compute in theirs: they then save memory and bandwidth, but no arithmetic.
func (r Replica) Format() gpu.Format {
	_, format := r.Accelerator.Peak(formatOf(r.Precision))
	return format
}

// formatOf is the format that weights of a precision are made for: four-bit integers are unpacked to 16 bits.
func formatOf(p llm.Precision) gpu.Format {
	switch p {
	case llm.FP8, llm.INT8:
		return gpu.FP8
	case llm.FP4:
		return gpu.FP4
	case llm.BF16, llm.INT4:
	}
	return gpu.BF16
}

// Step is the time of one step: for each group the longer of its arithmetic and its memory traffic, added up.
//
//	matrix products   max( 2·N·tokens / (TP·peak·mfu), bytes of the weights touched / (TP·bandwidth·mbu) )
//	experts touched   E(1 − (1 − k/E)^tokens) in each layer
//	decode attention  max( bytes of cache read / (bandwidth·mbu), FLOPs / (TP·peak·mfu) )
//	all-reduce        two a layer, each start·(1 + ¼(log2 TP − 1)) + 2(TP−1)/TP·tokens·d·2 bytes / (link·share)
//	overhead          step + layers·layer + sequences·sequence
func (e *Engine) Step(b Batch) Step {
	r, m := &e.replica, e.replica.Model
	tokens := b.Decoding + float64(b.Prefill)
	predicted := b.Decoding + b.Finishing
	var s Step
	if tokens > 0 {
		s.set(Projections, e.projFLOPs*tokens, e.projBytes, e.compute, e.weights)
		s.set(FeedForward, e.ffnFLOPs*tokens, e.ffnBytes, e.compute, e.weights)
		if e.experts > 0 {
			s.set(Experts, e.expertFLOPs*tokens, e.layerExpertBytes*e.distinct(tokens), e.compute, e.weights)
		}
	}
	if predicted > 0 {
		s.set(Head, e.headFLOPs*predicted, e.headBytes, e.compute16, e.weights)
	}
	if b.Prefill > 0 {
		flops := float64(m.PrefillFLOPs(b.Prefill, b.PrefillContext)) / float64(r.TP)
		s.set(PrefillAttention, flops, 0, e.attention, e.cache)
	}
	if b.Decoding > 0 {
		state := 2 * m.StateBytes()
		read := float64(m.KVReadBytes(b.Context, r.KVPrecision)-state)/float64(r.kvParts()) + float64(state)/float64(r.TP)
		flops := float64(m.DecodeFLOPs(b.Context)) / float64(r.TP)
		s.set(DecodeAttention, b.Decoding*flops, b.Decoding*read, e.attention, e.cache)
	}
	if r.TP > 1 && tokens > 0 {
		bytes := e.reduceBytes * tokens
		s.Terms[AllReduce] = Term{Bytes: llm.Bytes(bytes), Time: e.reduce + Seconds(bytes/e.link)}
	}
	s.Terms[Overhead] = Term{Time: e.fixed + Seconds(b.Decoding)*r.Efficiency.Sequence}
	for op := range OpCount {
		s.Terms[op].Op = op
		s.Time += s.Terms[op].Time
	}
	return s
}

// distinct is how many of a layer's experts at least one of the tokens goes to, if tokens choose evenly.
func (e *Engine) distinct(tokens float64) float64 {
	return -e.experts * math.Expm1(tokens*e.missing)
}

func (s *Step) set(op Op, flops, bytes, rate, bandwidth float64) {
	t := &s.Terms[op]
	t.FLOPs, t.Bytes = llm.FLOPs(flops), llm.Bytes(bytes)
	t.Compute, t.Memory = Seconds(flops/rate), Seconds(bytes/bandwidth)
	t.Time = max(t.Compute, t.Memory)
}
