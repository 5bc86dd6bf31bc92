package serving_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/serving"
	"breakeven/unit"
)

// Figures of the worked cases: an H100 and three models of different kinds.
func h100(t testing.TB) *gpu.Accelerator {
	t.Helper()
	a, err := gpu.New(gpu.Accelerator{
		ID: "h100-sxm", Name: "H100 SXM", Vendor: "nvidia", Memory: 80 << 30, Bandwidth: 3.35e12,
		Dense: map[gpu.Format]gpu.FLOPS{gpu.BF16: 989e12, gpu.FP8: 1978e12}, Link: 450e9, LinkKind: "NVLink4", TDP: 700,
	}, fact.Assume("worked case"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func qwen3() *llm.Model {
	return &llm.Model{
		ID: "qwen3-8b", Name: "Qwen3 8B", Layers: 36, Hidden: 4096, Heads: 32, KVHeads: 8, HeadDim: 128,
		FFN: 12288, Vocab: 151936, MaxContext: 40960,
	}
}

func llama70() *llm.Model {
	return &llm.Model{
		ID: "llama-3.1-70b", Name: "Llama 3.1 70B", Layers: 80, Hidden: 8192, Heads: 64, KVHeads: 8, HeadDim: 128,
		FFN: 28672, Vocab: 128256, MaxContext: 131072,
	}
}

func qwenMoE() *llm.Model {
	return &llm.Model{
		ID: "qwen3-30b-a3b", Name: "Qwen3 30B-A3B", Layers: 48, Hidden: 2048, Heads: 32, KVHeads: 4, HeadDim: 128,
		Vocab: 151936, MaxContext: 262144, MoE: &llm.MoE{Experts: 128, TopK: 8, ExpertFFN: 768, Every: 1},
	}
}

func engine(t testing.TB, m *llm.Model, p llm.Precision, tp int) *serving.Engine {
	t.Helper()
	r := serving.NewReplica(m, h100(t), p)
	r.TP = tp
	e, err := r.Engine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Qwen3 8B in 16 bits on one H100:
//
//	engine   0.90 × 80 × 2^30 × 0.995           = 76.923 GB
//	weights  8,190,427,136 × 2                   = 16.381 GB
//	reserve                                          4.920 GB
//	pool     76.923 − 16.381 − 4.920 = 55.622 GB, over 147,456 bytes a token = 377,211 tokens
//
// An engine printed 377,024. In eight bits the same engine printed 430,272.
func TestKVPool(t *testing.T) {
	for p, want := range map[llm.Precision]float64{llm.BF16: 377_211, llm.FP8: 424_315} {
		m, err := serving.NewReplica(qwen3(), h100(t), p).Memory()
		if err != nil {
			t.Fatal(err)
		}
		if got := math.Round(float64(m.KVTokens)); got != want {
			t.Errorf("%s: %.0f tokens, want %.0f", p, got, want)
		}
	}
}

// 141.1 GB of weights exceed one H100, and leave 1.4 GB for the cache of two: 9,000 tokens, too few to be of
// use. Four hold 448,000.
func TestSmallestTP(t *testing.T) {
	_, err := serving.NewReplica(llama70(), h100(t), llm.BF16).Engine()
	fault, ok := errors.AsType[*serving.DoesNotFitError](err)
	if !ok || fault.NeedsTP != 2 || math.Abs(fault.Short.GB()-69.1) > 0.1 {
		t.Fatalf("one H100: %v", err)
	}
	if !strings.Contains(err.Error(), "69.1 GB more") || !strings.Contains(err.Error(), "at least 2 accelerators") {
		t.Errorf("the message says neither how much is missing nor what would do: %v", err)
	}
	r, m, err := serving.SmallestTP(serving.NewReplica(llama70(), h100(t), llm.BF16), serving.UsefulKVTokens)
	if err != nil || r.TP != 4 {
		t.Errorf("got %v (%v), %v", r, m, err)
	}
	_, _, err = serving.SmallestTP(serving.NewReplica(llama70(), h100(t), llm.BF16), 1e9)
	if _, ok := errors.AsType[*serving.SmallPoolError](err); !ok {
		t.Errorf("a billion tokens: %v", err)
	}
	// 24 heads cannot be shared by 16, and 9 not by two: what cannot be tried is passed over.
	odd := qwen3()
	odd.Heads, odd.KVHeads = 9, 3
	if r, _, err := serving.SmallestTP(serving.NewReplica(odd, h100(t), llm.BF16), serving.UsefulKVTokens); err != nil || r.TP != 1 {
		t.Errorf("got %v, %v", r, err)
	}
}

// One sequence of Qwen3 8B at 1,000 tokens on an H100, all bound by memory:
//
//	projections  1,509,949,440 weights × 2 / (3.35e12 × 0.75)  1.202 ms
//	dense        5,435,817,984 × 2 / (3.35e12 × 0.75)           4.327 ms
//	head         151936 × 4096 × 2 / (3.35e12 × 0.75)           0.495 ms
//	attention    147,456 × 1000 / (3.35e12 × 0.65)              0.068 ms
//	overhead     2 + 36 × 0.006 + 0.004                          2.220 ms
//
// together 8.312 ms. An engine measured 7.0 ms.
func TestStepByHand(t *testing.T) {
	s := engine(t, qwen3(), llm.BF16, 1).Step(serving.Batch{Decoding: 1, Context: 1000})
	for op, want := range map[serving.Op]float64{
		serving.Projections: 1.202, serving.FeedForward: 4.327, serving.Head: 0.495, serving.DecodeAttention: 0.068,
		serving.Overhead: 2.220, serving.Experts: 0, serving.AllReduce: 0, serving.PrefillAttention: 0,
	} {
		if got := s.Terms[op].Time.Milliseconds(); math.Abs(got-want) > 0.001 {
			t.Errorf("%s: %.3f ms, want %.3f", op, got, want)
		}
	}
	if got := s.Time.Milliseconds(); math.Abs(got-8.312) > 0.001 {
		t.Errorf("step: %.3f ms", got)
	}
}

// A prompt of 8,000 tokens alone is bound by arithmetic: 2 × 6,945,767,424 × 8000 / (989e12 × 0.60) = 187.3 ms in
// the products, and 4 × 32 × 128 × 36 × 4000 × 8000 / (989e12 × 0.40) = 47.7 ms in attention.
func TestPrefillByHand(t *testing.T) {
	s := engine(t, qwen3(), llm.BF16, 1).Step(serving.Batch{Prefill: 8000, PrefillContext: 4000, Finishing: 1})
	products := (s.Terms[serving.Projections].Time + s.Terms[serving.FeedForward].Time).Milliseconds()
	if math.Abs(products-187.3) > 0.1 {
		t.Errorf("products: %.1f ms", products)
	}
	if got := s.Terms[serving.PrefillAttention].Time.Milliseconds(); math.Abs(got-47.7) > 0.1 {
		t.Errorf("attention: %.1f ms", got)
	}
}

// Two tokens of a model with 128 experts and 8 chosen touch 128(1 − (1 − 8/128)²) = 15.5 of them.
func TestExpertsTouched(t *testing.T) {
	m := qwenMoE()
	e := engine(t, m, llm.BF16, 1)
	for tokens, experts := range map[float64]float64{1: 8, 2: 15.5, 1e6: 128} {
		s := e.Step(serving.Batch{Decoding: tokens, Context: 1})
		want := experts * 48 * 3 * 2048 * 768 * 2
		if got := float64(s.Terms[serving.Experts].Bytes); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%g tokens read %.0f bytes, want %.0f", tokens, got, want)
		}
	}
}

// An all-reduce among four: 2 × 80 × (1 + ¼(log2 4 − 1)) × 10 µs = 2 ms to start, and for 100 tokens
// 160 × 2 × ¾ × 100 × 8192 × 2 / (450e9 × 0.6) = 1.456 ms to move.
func TestAllReduceByHand(t *testing.T) {
	s := engine(t, llama70(), llm.FP8, 4).Step(serving.Batch{Decoding: 100, Context: 10})
	if got := s.Terms[serving.AllReduce].Time.Milliseconds(); math.Abs(got-3.456) > 0.001 {
		t.Errorf("all-reduce: %.3f ms", got)
	}
}

func TestInfeasible(t *testing.T) {
	e := engine(t, llama70(), llm.BF16, 4)
	for name, tt := range map[string]struct {
		shape  serving.Shape
		target serving.Target
		limit  serving.Limit
		says   string
	}{
		"TPOT":   {serving.Shape{Input: 1000, Output: 200}, serving.Target{TPOT: 0.010}, serving.LimitTPOT, "which read 28.2 GB"},
		"TTFT":   {serving.Shape{Input: 100_000, Output: 200}, serving.Target{TTFT: 1}, serving.LimitTTFT, "prefill attention"},
		"memory": {serving.Shape{Input: 130_000, Output: 1000}, serving.Target{}, serving.LimitMemory, "cannot hold one request"},
	} {
		if name == "memory" {
			r := e.Replica()
			r.TP = 2 // leaves room for 9,000 tokens
			var err error
			if e, err = r.Engine(); err != nil {
				t.Fatal(err)
			}
		}
		_, err := e.Capacity(tt.shape, tt.target)
		fault, ok := errors.AsType[*serving.InfeasibleError](err)
		if !ok || fault.Limit != tt.limit || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
		e = engine(t, llama70(), llm.BF16, 4)
	}
}

func TestInputFaults(t *testing.T) {
	good := serving.NewReplica(qwen3(), h100(t), llm.BF16)
	for field, spoil := range map[string]func(*serving.Replica){
		"model":                func(r *serving.Replica) { r.Model = nil },
		"accelerator":          func(r *serving.Replica) { r.Accelerator = nil },
		"precision":            func(r *serving.Replica) { r.Precision = "fp3" },
		"kv_precision":         func(r *serving.Replica) { r.KVPrecision = llm.FP4 },
		"tp":                   func(r *serving.Replica) { r.TP = 3 },
		"limits.max_sequences": func(r *serving.Replica) { r.Limits.MaxSequences = 0 },
		"limits.token_budget":  func(r *serving.Replica) { r.Limits.TokenBudget = llm.Tokens(math.NaN()) },
		"limits.memory":        func(r *serving.Replica) { r.Limits.Memory = 1.2 },
		"efficiency.linear":    func(r *serving.Replica) { r.Efficiency.Linear = 6.6 },
		"efficiency.cache":     func(r *serving.Replica) { r.Efficiency.Cache = 0 },
		"efficiency.step":      func(r *serving.Replica) { r.Efficiency.Step = -1 },
		"model.layers": func(r *serving.Replica) {
			m := *r.Model
			m.Layers = 0
			r.Model = &m
		},
	} {
		r := good
		spoil(&r)
		_, err := r.Engine()
		if fault, ok := errors.AsType[*serving.InputError](err); !ok || fault.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	e := engine(t, qwen3(), llm.BF16, 1)
	for field, shape := range map[string]serving.Shape{
		"input":        {Input: 0, Output: 1},
		"output":       {Input: 1, Output: 0.5},
		"cached_share": {Input: 1, Output: 1, CachedShare: 1.5},
		"input_cv":     {Input: 1, Output: 1, InputCV: -1},
		"output_cv":    {Input: 1, Output: 1, OutputCV: math.Inf(1)},
	} {
		_, err := e.Capacity(shape, serving.Target{})
		if fault, ok := errors.AsType[*serving.InputError](err); !ok || fault.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := e.Capacity(serving.Shape{Input: 40_000, Output: 2000}, serving.Target{}); err == nil || !strings.Contains(err.Error(), "context of 40960") {
		t.Errorf("beyond the model's context: %v", err)
	}
	if _, err := e.Capacity(serving.Shape{Input: 10, Output: 10}, serving.Target{Quantile: 0.2}); err == nil {
		t.Error("a quantile below the median was accepted")
	}
}

// What limits a replica follows from its shape: long contexts fill the memory, short ones the engine's limit on
// sequences, prompts alone the arithmetic.
func TestLimits(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	for _, tt := range []struct {
		shape  serving.Shape
		target serving.Target
		want   serving.Limit
	}{
		{serving.Shape{Input: 2048, Output: 2048}, serving.Target{}, serving.LimitMemory},
		{serving.Shape{Input: 128, Output: 1024}, serving.Target{}, serving.LimitSequences},
		{serving.Shape{Input: 8000, Output: 1}, serving.Target{}, serving.LimitCompute},
		{serving.Shape{Input: 1024, Output: 128}, serving.Target{TPOT: 0.030}, serving.LimitTPOT},
		{serving.Shape{Input: 8000, Output: 1}, serving.Target{TTFT: 0.5}, serving.LimitTTFT},
	} {
		c, err := e.Capacity(tt.shape, tt.target)
		if err != nil || c.Limit != tt.want || !strings.HasPrefix(c.Reason, string(tt.want)) {
			t.Errorf("%+v: %s (%s), %v; want %s", tt.shape, c.Limit, c.Reason, err, tt.want)
			continue
		}
		if tt.target.TPOT > 0 && c.TPOT > tt.target.TPOT || tt.target.TTFT > 0 && c.TTFT > tt.target.TTFT {
			t.Errorf("%+v: TPOT %v, TTFT %v miss the target", tt.shape, c.TPOT, c.TTFT)
		}
		if c.Saturated != (c.Limit == serving.LimitCompute) || math.IsInf(float64(c.TTFT), 0) {
			t.Errorf("%+v: saturated %v at %s, TTFT %v", tt.shape, c.Saturated, c.Limit, c.TTFT)
		}
		if c.PoolShare > 1+1e-9 || c.Provenance.Kind != fact.Assumed {
			t.Errorf("%+v: pool share %v, provenance %v", tt.shape, c.PoolShare, c.Provenance)
		}
	}
}

// The rate that capacity finds is the rate at which the engine stands at that point, and a little more is
// either refused or misses the target.
func TestAtAgreesWithCapacity(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	shape := serving.Shape{Input: 1024, Output: 256}
	c, err := e.Capacity(shape, serving.Target{TPOT: 0.030})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.At(shape, c.Requests)
	if err != nil || math.Abs(float64(p.TPOT)/0.030-1) > 1e-6 || math.Abs(float64(p.Requests/c.Requests)-1) > 1e-6 {
		t.Errorf("at the capacity: %+v, %v", p, err)
	}
	if p, err = e.At(shape, c.Requests*1.01); err != nil || p.TPOT <= 0.030 {
		t.Errorf("a little above: %v, %v", p.TPOT, err)
	}
	most, err := e.Capacity(shape, serving.Target{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.At(shape, most.Requests*1.01)
	if over, ok := errors.AsType[*serving.OverloadError](err); !ok || over.Limit != most.Limit {
		t.Errorf("beyond what it sustains: %v", err)
	}
	idle, err := e.At(shape, 1e-6)
	alone := e.Step(serving.Batch{Decoding: 1, Context: 1024 + 128}).Time
	if err != nil || math.Abs(float64(idle.TPOT/alone)-1) > 1e-3 {
		t.Errorf("idle: TPOT %v, one sequence alone takes %v, %v", idle.TPOT, alone, err)
	}
}

// Little's law: the clients of a closed loop are its rate times the time of a request.
func TestClosedLoop(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	shape := serving.Shape{Input: 1024, Output: 128}
	var last serving.Point
	for _, clients := range []int{1, 8, 64, 256, 4096} {
		p, err := e.ClosedLoop(shape, clients)
		if err != nil {
			t.Fatal(err)
		}
		within := float64(p.Requests) * (float64(p.TTFT) + 127*float64(p.Step.Time))
		if math.Abs(within/float64(clients)-1) > 1e-9 {
			t.Errorf("%d clients: rate × time = %g", clients, within)
		}
		if p.Requests < last.Requests || p.TTFT < last.TTFT {
			t.Errorf("%d clients: %v requests/s at TTFT %v, below %v at %v", clients, p.Requests, p.TTFT, last.Requests, last.TTFT)
		}
		last = p
	}
}

// A quantile asks for more than the mean does.
func TestQuantileCosts(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	shape := serving.Shape{Input: 2000, Output: 20, InputCV: 0.8}
	var last serving.Capacity
	for i, q := range []unit.Share{0, 0.9, 0.99} {
		target := serving.Target{TTFT: 0.8, Quantile: q}
		c, err := e.Capacity(shape, target)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && c.Requests >= last.Requests {
			t.Errorf("p%g: %v requests/s, no fewer than %v", 100*float64(q), c.Requests, last.Requests)
		}
		last = c
	}
}

// Cached prompt tokens need not be read again.
func TestCachingHelps(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	plain, err := e.Capacity(serving.Shape{Input: 4000, Output: 100}, serving.Target{TTFT: 1, TPOT: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	cached, err := e.Capacity(serving.Shape{Input: 4000, Output: 100, CachedShare: 0.9}, serving.Target{TTFT: 1, TPOT: 0.05})
	if err != nil || cached.Requests < 2*plain.Requests {
		t.Errorf("%v requests/s with 90 %% cached, %v without, %v", cached.Requests, plain.Requests, err)
	}
}

func TestDoubt(t *testing.T) {
	r := serving.NewReplica(qwen3(), h100(t), llm.BF16)
	if d := r.Doubt(); d.Extrapolated || d.Low != 0.75 || d.Provenance.Kind != fact.Measured {
		t.Errorf("%+v", d)
	}
	other := *h100(t)
	other.ID = "mi300x"
	r.Accelerator = &other
	if d := r.Doubt(); !d.Extrapolated || d.Low != 0.375 || d.Provenance.Kind != fact.Assumed {
		t.Errorf("%+v", d)
	}
}

func BenchmarkCapacity(b *testing.B) {
	e := engine(b, qwen3(), llm.BF16, 1)
	shape := serving.Shape{Input: 1024, Output: 256, InputCV: 0.5}
	target := serving.Target{TTFT: 1, TPOT: 0.03, Quantile: 0.99}
	for b.Loop() {
		if _, err := e.Capacity(shape, target); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCapacityMoE(b *testing.B) {
	e := engine(b, qwenMoE(), llm.BF16, 1)
	shape := serving.Shape{Input: 1024, Output: 256}
	target := serving.Target{TTFT: 1, TPOT: 0.02}
	for b.Loop() {
		if _, err := e.Capacity(shape, target); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	e := engine(b, qwenMoE(), llm.BF16, 1)
	batch := serving.Batch{Decoding: 64, Context: 2000, Prefill: 512, PrefillContext: 256, Finishing: 1}
	for b.Loop() {
		_ = e.Step(batch)
	}
}
