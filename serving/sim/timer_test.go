package sim

import (
	"testing"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/serving"
)

// line is an engine whose steps take base, plus each for a sequence, plus prompt for a prompt token, plus context for
// a token of context. Beyond a window, if there is one, the mean context costs nothing more.
type line struct{ base, each, prompt, context, window float64 }

func (l line) Chunk(done, tokens int64, last bool) serving.Prefill {
	p := serving.Prefill{Tokens: tokens, Attention: Seconds(l.context / 10 * float64(tokens) * (float64(done) + float64(tokens)/2))}
	if last {
		p.Finishing = 1
	}
	return p
}

func (l line) Time(p serving.Prefill, sequences int, context int64) Seconds {
	t := Seconds(l.base+l.prompt*float64(p.Tokens)) + p.Attention
	if sequences > 0 {
		t += l.Decode(sequences, context).First - Seconds(l.base)
	}
	return t
}

func (l line) Decode(sequences int, context int64) serving.Run {
	n := float64(sequences)
	mean := float64(context) / n
	r := serving.Run{First: Seconds(l.base + l.each*n + l.context*float64(context)), Slope: Seconds(l.context * n), Steps: serving.Endless}
	if l.window > 0 {
		if mean >= l.window {
			r.First, r.Slope = Seconds(l.base+l.each*n+l.context*n*l.window), 0
		} else {
			r.Steps = max(1, int64(l.window-mean))
		}
	}
	return r
}

// small is a model of eight billion parameters on one H100: what [serving] makes of it.
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

func TestEngineIsATimer(t *testing.T) {
	e := small(t)
	var timer Timer = e
	run := timer.Decode(10, 10_000)
	for k := range int64(50) {
		at := run.First + Seconds(k)*run.Slope
		want := timer.Time(serving.Prefill{}, 10, 10_000+10*k)
		if d := float64(at/want - 1); d > 1e-12 || d < -1e-12 {
			t.Fatalf("step %d of a run takes %g s, and by itself %g s", k, at, want)
		}
	}
}
