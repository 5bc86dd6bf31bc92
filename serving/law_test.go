package serving_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/serving"
	"breakeven/unit"
)

// kinds are models of every kind of attention and feed-forward part.
func kinds() []*llm.Model {
	latent := &llm.Model{
		ID: "latent", Name: "latent", Layers: 27, Hidden: 2048, Heads: 16, KVHeads: 16, HeadDim: 192, FFN: 10944, Vocab: 102400, MaxContext: 1 << 20,
		MoE: &llm.MoE{Experts: 64, TopK: 6, ExpertFFN: 1408, SharedFFN: 2816, FirstDense: 1, Every: 1},
		MLA: &llm.MLA{KVRank: 512, Rope: 64, Nope: 128, Value: 128},
	}
	sparse := *latent
	sparse.ID, sparse.Indexer = "sparse", &llm.Indexer{TopK: 2048, Heads: 32, Dim: 128}
	linear := &llm.Model{
		ID: "linear", Name: "linear", Layers: 40, Hidden: 2048, Heads: 16, KVHeads: 2, HeadDim: 256, Vocab: 248320, MaxContext: 1 << 20, OutputGate: true,
		MoE:    &llm.MoE{Experts: 256, TopK: 8, ExpertFFN: 512, SharedFFN: 512, Every: 1},
		Linear: &llm.Linear{Layers: 30, KeyHeads: 16, ValueHeads: 32, KeyDim: 128, ValueDim: 128, Conv: 4, StateBytes: 4},
	}
	sliding := &llm.Model{
		ID: "sliding", Name: "sliding", Layers: 24, Hidden: 2880, Heads: 64, KVHeads: 8, HeadDim: 64, Vocab: 201088, MaxContext: 1 << 20,
		MoE: &llm.MoE{Experts: 32, TopK: 4, ExpertFFN: 2880, Every: 1}, Sliding: &llm.Sliding{Window: 128, Layers: 12},
	}
	compressed := &llm.Model{
		ID: "compressed", Name: "compressed", Layers: 10, Hidden: 4096, Heads: 64, KVHeads: 1, HeadDim: 512, Vocab: 129280, MaxContext: 1 << 20,
		MoE: &llm.MoE{Experts: 64, TopK: 6, ExpertFFN: 2048, SharedFFN: 2048, Every: 1}, Indexer: &llm.Indexer{TopK: 512, Heads: 64, Dim: 128},
		Compressed: &llm.Compressed{Groups: []llm.CompressedLayers{{Ratio: 4, Layers: 5, Indexed: true}, {Ratio: 128, Layers: 5}}, QRank: 1024, OutRank: 1024, OutParts: 8, Window: 128},
	}
	dense := qwen3()
	dense.MaxContext = 1 << 20
	return []*llm.Model{dense, qwenMoE(), latent, &sparse, linear, sliding, compressed}
}

// physics is the least time in which hardware can do a batch: every multiplication at the highest rate that it
// has for any format, and every byte that must be read, once, at the bandwidth of all accelerators together.
// It is written apart from the engine's own arithmetic.
func physics(r serving.Replica, b serving.Batch) (arithmetic, memory float64) {
	m, n := r.Model, r.Model.Parameters()
	peak := 0.0
	for _, rate := range r.Accelerator.Dense {
		peak = max(peak, float64(rate))
	}
	tokens := b.Decoding + float64(b.Prefill)
	flops := 2*tokens*float64(n.Attention+n.FFN+n.Shared+n.Router+n.Chosen) +
		2*(b.Decoding+b.Finishing)*float64(m.Vocab)*float64(m.Hidden) +
		b.Decoding*float64(m.DecodeFLOPs(b.Context)) + float64(m.PrefillFLOPs(b.Prefill, b.PrefillContext))
	var bytes float64
	if tokens >= 1 {
		// Experts: at least those of one token.
		bytes += float64(n.Attention+n.FFN+n.Shared+n.Router+n.Chosen) * r.Precision.Bytes()
	}
	if b.Decoding+b.Finishing > 0 {
		bytes += 2 * float64(m.Vocab) * float64(m.Hidden)
	}
	bytes += b.Decoding * float64(m.KVReadBytes(b.Context, r.KVPrecision))
	return flops / peak / float64(r.TP), bytes / float64(r.Accelerator.Bandwidth) / float64(r.TP)
}

// checkPhysics fails where a step is faster than the hardware.
func checkPhysics(t interface{ Fatalf(string, ...any) }, r serving.Replica, b serving.Batch) {
	e, err := r.Engine()
	if err != nil {
		var fit *serving.DoesNotFitError
		var input *serving.InputError
		if errors.As(err, &fit) || errors.As(err, &input) {
			return
		}
		t.Fatalf("%v", err)
	}
	s := e.Step(b)
	arithmetic, memory := physics(r, b)
	const rounding = 1 - 1e-9
	if float64(s.Time) < arithmetic*rounding || float64(s.Time) < memory*rounding || math.IsNaN(float64(s.Time)) {
		t.Fatalf("%v on %s: a step of %+v takes %g s; arithmetic alone takes %g, memory %g", r, r.Accelerator, b, float64(s.Time), arithmetic, memory)
	}
	var sum serving.Seconds
	for _, term := range s.Terms {
		if term.Time < 0 || term.Time < term.Compute || term.Time < term.Memory {
			t.Fatalf("%v: term %+v", r, term)
		}
		sum += term.Time
	}
	if math.Abs(float64(sum/s.Time)-1) > 1e-9 {
		t.Fatalf("terms add up to %v, the step takes %v", sum, s.Time)
	}
}

func drawReplica(t *rapid.T) serving.Replica {
	a, err := gpu.New(gpu.Accelerator{
		ID: "drawn", Name: "drawn", Memory: gpu.Bytes(rapid.Int64Range(16<<30, 300<<30).Draw(t, "memory")),
		Bandwidth: gpu.BytesPerSecond(rapid.Float64Range(3e11, 1e13).Draw(t, "bandwidth")),
		Link:      gpu.BytesPerSecond(rapid.Float64Range(1e10, 1e12).Draw(t, "link")),
		Dense:     map[gpu.Format]gpu.FLOPS{gpu.BF16: gpu.FLOPS(rapid.Float64Range(1e14, 3e15).Draw(t, "bf16"))},
	}, fact.Assume("drawn"))
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "has fp8") {
		a.Dense[gpu.FP8] = 2 * a.Dense[gpu.BF16]
	}
	r := serving.NewReplica(rapid.SampledFrom(kinds()).Draw(t, "model"), a, rapid.SampledFrom(llm.Precisions()).Draw(t, "precision"))
	r.KVPrecision = rapid.SampledFrom(llm.CachePrecisions()).Draw(t, "cache")
	r.TP = rapid.SampledFrom(serving.Parallelisms()).Draw(t, "tp")
	r.Efficiency.Linear = unit.Share(rapid.Float64Range(0.01, 1).Draw(t, "linear"))
	r.Efficiency.Attention = unit.Share(rapid.Float64Range(0.01, 1).Draw(t, "attention"))
	r.Efficiency.Weights = unit.Share(rapid.Float64Range(0.01, 1).Draw(t, "weights"))
	r.Efficiency.Cache = unit.Share(rapid.Float64Range(0.01, 1).Draw(t, "cache share"))
	return r
}

// No step is faster than the hardware, whatever the model, the efficiencies and the batch, for prompts of up to
// 131,072 tokens.
func TestNoStepBeatsTheHardware(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prompt := rapid.Float64Range(0, 131_072).Draw(t, "prompt")
		checkPhysics(t, drawReplica(t), serving.Batch{
			Decoding: rapid.Float64Range(0, 2048).Draw(t, "decoding"), Context: llm.Tokens(rapid.Float64Range(1, 131_072).Draw(t, "context")),
			Prefill: llm.Tokens(prompt), PrefillContext: llm.Tokens(prompt / 2), Finishing: 1,
		})
	})
}

func FuzzStep(f *testing.F) {
	f.Add(uint8(0), uint8(0), uint8(0), 1.0, 1000.0, 0.0)
	f.Add(uint8(2), uint8(1), uint8(3), 64.0, 131072.0, 131072.0)
	a := h100(f)
	f.Fuzz(func(t *testing.T, model, precision, tp uint8, decoding, context, prompt float64) {
		for _, v := range []float64{decoding, context, prompt} {
			if !(v >= 0 && v <= 1<<20) {
				t.Skip("no batch is like that")
			}
		}
		models := kinds()
		r := serving.NewReplica(models[int(model)%len(models)], a, llm.Precisions()[int(precision)%5])
		r.TP = serving.Parallelisms()[tp%4]
		checkPhysics(t, r, serving.Batch{Decoding: decoding, Context: llm.Tokens(context), Prefill: llm.Tokens(prompt), PrefillContext: llm.Tokens(prompt / 2), Finishing: 1})
	})
}

// capacity is the rate of requests, and zero where none keeps to the target.
func capacity(t *rapid.T, r serving.Replica, s serving.Shape, target serving.Target) float64 {
	e, err := r.Engine()
	if err == nil {
		var c serving.Capacity
		if c, err = e.Capacity(s, target); err == nil {
			if target.TPOT > 0 && float64(c.TPOT) > float64(target.TPOT)*(1+1e-9) || target.TTFT > 0 && float64(c.TTFT) > float64(target.TTFT)*(1+1e-9) || float64(c.PoolShare) > 1+1e-9 {
				t.Fatalf("%v: %+v misses %+v", r, c, target)
			}
			return float64(c.Requests)
		}
	}
	var fit *serving.DoesNotFitError
	var not *serving.InfeasibleError
	var input *serving.InputError
	if !errors.As(err, &fit) && !errors.As(err, &not) && !errors.As(err, &input) {
		t.Fatalf("%v", err)
	}
	return 0
}

func drawShape(t *rapid.T) serving.Shape {
	return serving.Shape{
		Input: llm.Tokens(rapid.Float64Range(1, 60_000).Draw(t, "input")), Output: llm.Tokens(rapid.Float64Range(1, 4000).Draw(t, "output")),
		InputCV: rapid.Float64Range(0, 2).Draw(t, "input cv"), OutputCV: rapid.Float64Range(0, 2).Draw(t, "output cv"),
		CachedShare: unit.Share(rapid.Float64Range(0, 1).Draw(t, "cached")),
	}
}

func drawTarget(t *rapid.T) serving.Target {
	return serving.Target{
		TTFT:     serving.Seconds(rapid.SampledFrom([]float64{0, 0.2, 1, 5, 20}).Draw(t, "ttft")),
		TPOT:     serving.Seconds(rapid.SampledFrom([]float64{0, 0.01, 0.03, 0.1}).Draw(t, "tpot")),
		Quantile: rapid.SampledFrom([]unit.Share{0, 0.5, 0.95, 0.99}).Draw(t, "quantile"),
	}
}

// What helps never hurts: with one thing better and all else equal, the capacity is no smaller.
func TestCapacityLaws(t *testing.T) {
	better := map[string]func(*serving.Replica, *serving.Shape, *serving.Target, float64){
		"more bandwidth": func(r *serving.Replica, _ *serving.Shape, _ *serving.Target, f float64) {
			a := *r.Accelerator
			a.Bandwidth *= gpu.BytesPerSecond(f)
			r.Accelerator = &a
		},
		"more arithmetic": func(r *serving.Replica, _ *serving.Shape, _ *serving.Target, f float64) {
			a := *r.Accelerator
			a.Dense = map[gpu.Format]gpu.FLOPS{}
			for format, rate := range r.Accelerator.Dense {
				a.Dense[format] = rate * gpu.FLOPS(f)
			}
			r.Accelerator = &a
		},
		"more memory": func(r *serving.Replica, _ *serving.Shape, _ *serving.Target, f float64) {
			a := *r.Accelerator
			a.Memory = gpu.Bytes(float64(a.Memory) * f)
			r.Accelerator = &a
		},
		"shorter answers": func(_ *serving.Replica, s *serving.Shape, _ *serving.Target, f float64) {
			s.Output = max(1, s.Output/llm.Tokens(f))
		},
		"shorter prompts": func(_ *serving.Replica, s *serving.Shape, _ *serving.Target, f float64) {
			s.Input = max(1, s.Input/llm.Tokens(f))
		},
		"more in the cache": func(_ *serving.Replica, s *serving.Shape, _ *serving.Target, f float64) {
			s.CachedShare = 1 - (1-s.CachedShare)/unit.Share(f)
		},
		"a looser target": func(_ *serving.Replica, _ *serving.Shape, target *serving.Target, f float64) {
			target.TTFT *= serving.Seconds(f)
			target.TPOT *= serving.Seconds(f)
		},
		"less overhead": func(r *serving.Replica, _ *serving.Shape, _ *serving.Target, f float64) {
			r.Efficiency.Step /= serving.Seconds(f)
			r.Efficiency.Host /= serving.Seconds(f)
		},
	}
	for name, improve := range better {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				r, s, target := drawReplica(t), drawShape(t), drawTarget(t)
				before := capacity(t, r, s, target)
				improve(&r, &s, &target, rapid.Float64Range(1, 4).Draw(t, "factor"))
				// Steps of prefill are whole, so that the last of them can shift by one: a part in a million is allowed.
				if after := capacity(t, r, s, target); after < before*(1-1e-6) {
					t.Fatalf("%v %+v %+v: capacity fell from %g to %g", r, s, target, before, after)
				}
			})
		})
	}
}
