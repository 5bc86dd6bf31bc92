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
	Activations                // what lies between the matrix products: a token's vector through memory
	AllReduce                  // exchange between the accelerators of the replica
	Overhead                   // what the engine itself adds
	OpCount
)

var opNames = [OpCount]string{
	"attention projections", "feed-forward layers", "routed experts", "output head",
	"prefill attention", "decode attention", "activations", "all-reduce", "engine overhead",
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

	attention float64 // FLOP/s of attention
	cache     float64 // bytes/s of reading the cache
	link      float64 // bytes/s of an exchange

	groups [Head + 1]group // matrix products

	ranks  float64 // groups of accelerators that each take a share of the sequences: DP·PP
	spread float64 // 1/ranks
	stages float64 // PP

	experts float64
	pad     float64 // tokens of padding of each expert touched, over those that a token is sent to
	missing float64 // log of the chance that a token leaves an expert untouched

	vectors     float64 // bytes of activations of a token
	activation  float64 // seconds of them
	reduce      Seconds // start of all the step's exchanges
	reduceBytes float64 // what a token sends in all of them
	fixed       Seconds // overhead of a step
	sequence    float64
	exposed     float64

	decode  []piece // seconds of decode attention of one sequence over its context
	reading []piece // FLOPs of prompt attention of one token over its context, on each accelerator
}

// group is a group of matrix products, on each accelerator.
type group struct {
	flops, bytes      float64 // of a token; of the weights, or of one expert of every mixture layer
	rate, bandwidth   float64 // efficiency applied
	perToken, weights float64 // seconds: flops/rate and bytes/bandwidth
}

// Engine works out what does not depend on the load. The error is that of [Replica.Memory].
func (r Replica) Engine() (*Engine, error) {
	memory, err := r.Memory()
	if err != nil {
		return nil, err
	}
	m, a, eff, tp := r.Model, r.Accelerator, r.Efficiency, float64(r.TP)
	half, _ := a.Peak(gpu.BF16)
	e := &Engine{
		replica: r, memory: memory,
		attention: float64(half) * float64(eff.Attention),
		cache:     float64(a.Bandwidth) * float64(eff.Cache),
		link:      float64(a.Link) * float64(eff.Link),
		ranks:     float64(r.dp() * r.pp()), spread: 1 / float64(r.dp()*r.pp()), stages: float64(r.pp()),
		fixed:    eff.Step + Seconds(m.Layers)*eff.Layer + Seconds(m.MoELayers())*eff.Mixture,
		sequence: float64(eff.Sequence), exposed: float64(eff.Exposed),
	}
	if r.KVPrecision != llm.BF16 {
		e.cache *= float64(eff.Narrow)
	}
	if m.MLA != nil || m.Compressed != nil {
		kernels := 1
		if m.Indexer != nil {
			kernels = 2 // the index first, then what it picked
		}
		e.fixed += Seconds(m.Layers*kernels) * eff.Latent
	}
	e.products(half)
	e.vectors = eff.Passes * float64(m.Layers) * float64(m.Hidden) * llm.BF16.Bytes()
	e.activation = e.vectors / (float64(a.Bandwidth) * float64(eff.Weights))
	if x := m.MoE; x != nil {
		e.experts, e.pad = float64(x.Experts), eff.Pad/float64(x.TopK)
		e.missing = math.Log1p(-float64(x.TopK) / e.experts)
	}
	e.exchanges()
	e.decode = e.pieces(func(c llm.Tokens) float64 { return float64(m.DecodeFLOPs(c)) / tp / e.attention }, func(c llm.Tokens) float64 { return e.readBytes(c) / e.cache })
	e.reading = e.pieces(func(c llm.Tokens) float64 { return float64(m.PrefillFLOPs(1, c)) / tp }, nil)
	return e, nil
}

// products sets up the groups of matrix products.
func (e *Engine) products(half gpu.FLOPS) {
	r, m, tp := &e.replica, e.replica.Model, float64(e.replica.TP)
	eff, n, width := &r.Efficiency, m.Parameters(), r.Precision.Bytes()
	peak, format := r.peak()
	rate := float64(peak) * float64(eff.Linear)
	switch format {
	case gpu.FP8:
		rate *= float64(eff.Eight)
	case gpu.FP4:
		rate *= float64(eff.Four)
	case gpu.BF16:
	}
	bandwidth := float64(r.Accelerator.Bandwidth) * float64(eff.Weights)
	set := func(op Op, flops, bytes, rate, bandwidth float64) {
		g := group{flops: flops, bytes: bytes, rate: rate, bandwidth: bandwidth}
		g.perToken, g.weights = g.flops/g.rate, g.bytes/g.bandwidth
		e.groups[op] = g
	}
	set(Projections, 2*float64(n.Attention)/tp, float64(n.Attention)*width/tp, rate, bandwidth)
	rest := float64(n.FFN + n.Shared + n.Router)
	set(FeedForward, 2*rest/tp, rest*width/tp, rate, bandwidth)
	// Experts are divided over all groups of accelerators, and so are the tokens that go to them.
	all := tp * float64(r.dp())
	set(Experts, 2*float64(n.Chosen)/all, float64(m.MoELayers())*float64(n.Expert)*width/all, rate*float64(eff.Experts), bandwidth)
	set(Head, float64(m.HeadFLOPs())/tp, float64(m.Vocab)*float64(m.Hidden)*llm.BF16.Bytes()/tp, float64(half)*float64(eff.Linear), bandwidth)
}

// exchanges sets up what the accelerators send each other: two all-reduces a layer among the TP that share it,
// and among data-parallel groups a dispatch and a combination of each mixture layer instead of its all-reduce.
func (e *Engine) exchanges() {
	r, m := &e.replica, e.replica.Model
	start := func(n float64) Seconds { return Seconds(1+0.25*(math.Log2(n)-1)) * r.Efficiency.Reduce }
	vector := float64(m.Hidden) * llm.BF16.Bytes()
	reductions := 2 * float64(m.Layers)
	if r.dp() > 1 {
		reductions -= float64(m.MoELayers())
		n := float64(r.TP * r.dp())
		e.reduce += Seconds(2*float64(m.MoELayers())) * start(n)
		e.reduceBytes += 2 * float64(m.MoELayers()) * min(float64(m.MoE.TopK), n) * (n - 1) / n * vector
	}
	if tp := float64(r.TP); tp > 1 {
		e.reduce += Seconds(reductions) * start(tp)
		e.reduceBytes += reductions * 2 * (tp - 1) / tp * vector
	}
}

// pieces cuts a cost over the context into affine stretches. Where there are two costs it is the longer one, the
// shorter exposed in part.
func (e *Engine) pieces(a, b func(llm.Tokens) float64) []piece {
	knees := e.replica.Model.Knees()
	var all []piece
	from := 0.0
	for i := range len(knees) + 1 {
		to := math.Inf(1)
		inside := from + 4096
		if i < len(knees) {
			to = float64(knees[i])
			inside = to
		}
		line := func(f func(llm.Tokens) float64) (base, slope float64) {
			y := f(llm.Tokens(from))
			slope = (f(llm.Tokens(inside)) - y) / (inside - from)
			return y - slope*from, slope
		}
		p := piece{from: from, to: to}
		p.base, p.slope = line(a)
		if b == nil {
			all = append(all, p)
			from = to
			continue
		}
		q := piece{from: p.from, to: to}
		q.base, q.slope = line(b)
		from = to
		cut := to
		if cross := (q.base - p.base) / (p.slope - q.slope); cross > p.from && cross < to {
			cut = cross
		}
		for _, ends := range [][2]float64{{p.from, cut}, {cut, to}} {
			if ends[0] >= ends[1] {
				continue
			}
			probe := ends[0] + 1
			if !math.IsInf(ends[1], 1) {
				probe = (ends[0] + ends[1]) / 2
			}
			long, short := p, q
			if q.base+q.slope*probe > p.base+p.slope*probe {
				long, short = q, p
			}
			all = append(all, piece{ends[0], ends[1], long.base + e.exposed*short.base, long.slope + e.exposed*short.slope})
		}
	}
	return all
}

// readBytes is the memory traffic of one sequence's decode attention at a context, on each accelerator.
func (e *Engine) readBytes(c llm.Tokens) float64 {
	r, state := &e.replica, 2*float64(e.replica.Model.StateBytes())
	return (float64(r.Model.KVReadBytes(c, r.KVPrecision))-state)/float64(r.kvParts()) + state/float64(r.TP)
}

// Replica is what the engine was made from.
func (e *Engine) Replica() Replica { return e.replica }

// Memory is how an accelerator's memory is divided.
func (e *Engine) Memory() Memory { return e.memory }

// Format is the format that the replica's weights are multiplied in. It is wider than the weights where the
// accelerator does not compute in theirs: they then save memory and bandwidth, but no arithmetic.
func (r Replica) Format() gpu.Format {
	_, format := r.peak()
	return format
}

// peak is the rate of the replica's matrix products, and their format. Four-bit floats are unpacked to 16 bits where
// the part does not compute in them.
func (r Replica) peak() (gpu.FLOPS, gpu.Format) {
	format := formatOf(r.Precision)
	if _, ok := r.Accelerator.Dense[format]; !ok && format == gpu.FP4 {
		format = gpu.BF16
	}
	return r.Accelerator.Peak(format)
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

// Step is the time of one step: for each group the longer of its arithmetic and its memory traffic, and the exposed
// part of the shorter, added up.
//
//	matrix products   max( 2·N·tokens / (TP·peak·mfu), bytes of the weights touched / (TP·bandwidth·mbu) )
//	experts touched   E(1 − (1 − k/E)^tokens) in each layer, each of which works on a padding of tokens besides
//	decode attention  max( bytes of cache read / (bandwidth·mbu), FLOPs / (TP·peak·mfu) )
//	activations       tokens·passes·L·d·2 bytes / (bandwidth·mbu)
//	exchange          two a layer, each start·(1 + ¼(log2 TP − 1)) + 2(TP−1)/TP·tokens·d·2 bytes / (link·share)
//	overhead          step + layers·layer + sequences·sequence
//
// Where sequences are divided over DP·PP groups, tokens are those of one group, and of the experts those of all DP.
func (e *Engine) Step(b Batch) Step {
	r, m := &e.replica, e.replica.Model
	here, read := e.held(b.Decoding), float64(b.Prefill)*e.spread
	tokens, routed := here+read, e.routed(b.Decoding+float64(b.Prefill))
	predicted := e.held(b.Decoding + b.Finishing)
	var s Step
	if tokens > 0 {
		e.set(&s, Projections, tokens, 1)
		e.set(&s, FeedForward, tokens, 1)
		if e.experts > 0 {
			touched := e.distinct(routed)
			e.set(&s, Experts, routed, touched)
			t := &s.Terms[Experts]
			t.Compute += Seconds(e.groups[Experts].perToken * e.pad * touched)
			t.Time = e.both(t.Compute, t.Memory)
		}
		s.Terms[Activations] = Term{Bytes: llm.Bytes(e.vectors * tokens), Memory: Seconds(e.activation * tokens), Time: Seconds(e.activation * tokens)}
		bytes := e.reduceBytes * tokens
		s.Terms[AllReduce] = Term{Bytes: llm.Bytes(bytes), Time: e.reduce + Seconds(bytes/e.link)}
	}
	if predicted > 0 {
		e.set(&s, Head, predicted, 1)
	}
	if b.Prefill > 0 {
		flops := float64(m.PrefillFLOPs(llm.Tokens(read), b.PrefillContext)) / float64(r.TP)
		t := &s.Terms[PrefillAttention]
		t.FLOPs, t.Compute = llm.FLOPs(flops), Seconds(flops/e.attention)
		t.Time = t.Compute
	}
	if b.Decoding > 0 {
		flops := here * float64(m.DecodeFLOPs(b.Context)) / float64(r.TP)
		bytes := here * e.readBytes(b.Context)
		t := &s.Terms[DecodeAttention]
		t.FLOPs, t.Bytes = llm.FLOPs(flops), llm.Bytes(bytes)
		t.Compute, t.Memory = Seconds(flops/e.attention), Seconds(bytes/e.cache)
		t.Time = e.both(t.Compute, t.Memory)
	}
	s.Terms[Overhead] = Term{Time: e.fixed + Seconds(b.Decoding*e.sequence)}
	for op := range OpCount {
		s.Terms[op].Op = op
		s.Time += s.Terms[op].Time
	}
	return s
}

// held is the sequences of one group of accelerators: a share of all, and at least one where there are any.
func (e *Engine) held(sequences float64) float64 {
	if e.ranks == 1 || sequences <= 0 {
		return sequences
	}
	return max(min(sequences, 1), sequences*e.spread)
}

// routed is the tokens that pass through a mixture layer together: those of all groups of a pipeline's stage.
func (e *Engine) routed(tokens float64) float64 {
	if e.stages == 1 || tokens <= 0 {
		return tokens
	}
	return max(min(tokens, 1), tokens/e.stages)
}

// distinct is how many of a layer's experts at least one of the tokens goes to, if tokens choose evenly.
func (e *Engine) distinct(tokens float64) float64 {
	return -e.experts * math.Expm1(tokens*e.missing)
}

// both is the time of arithmetic and traffic that overlap but for the exposed part.
func (e *Engine) both(a, b Seconds) Seconds { return max(a, b) + Seconds(e.exposed)*min(a, b) }

func (e *Engine) set(s *Step, op Op, tokens, weights float64) {
	g, t := &e.groups[op], &s.Terms[op]
	t.FLOPs, t.Bytes = llm.FLOPs(g.flops*tokens), llm.Bytes(g.bytes*weights)
	t.Compute, t.Memory = Seconds(g.perToken*tokens), Seconds(g.weights*weights)
	t.Time = e.both(t.Compute, t.Memory)
}

// base is the time of a step without attention to earlier tokens: n sequences decode, prompt tokens are read, on one
// group of accelerators here, and predicted tokens leave the head.
func (e *Engine) base(n, prompt, here, predicted float64) float64 {
	tokens := e.held(n) + here
	if tokens <= 0 {
		return float64(e.fixed)
	}
	t := float64(e.fixed) + n*e.sequence + float64(e.reduce) + tokens*(e.reduceBytes/e.link+e.activation)
	t += e.product(Projections, tokens, 1) + e.product(FeedForward, tokens, 1)
	if e.experts > 0 {
		routed := e.routed(n + prompt)
		touched := e.distinct(routed)
		t += e.product(Experts, routed+e.pad*touched, touched)
	}
	if predicted > 0 {
		t += e.product(Head, e.held(predicted), 1)
	}
	return t
}

func (e *Engine) product(op Op, tokens, weights float64) float64 {
	g := &e.groups[op]
	a, b := g.perToken*tokens, g.weights*weights
	return max(a, b) + e.exposed*min(a, b)
}
