package serving_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"breakeven/llm"
	"breakeven/serving"
	"breakeven/unit"
)

func near(t *testing.T, what string, got serving.Seconds, want float64) {
	t.Helper()
	if math.Abs(float64(got)/want-1) > 1e-9 {
		t.Errorf("%s: %.9g s, want %.9g", what, float64(got), want)
	}
}

// Qwen3 8B on an H100, textbook constants. A token's cache is 2 × 36 × 8 × 128 × 2 = 147,456 bytes, which take
// 147,456 / (3.35e12 × 0.65) = 67.7 ns to read; its arithmetic, 4 × 32 × 128 × 36 FLOPs, takes 1.5 ns, so that reading is
// what counts. Ten sequences grow by ten tokens in a step.
func TestDecodeByHand(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	run := e.Decode(10, 10_000)
	read := 147_456 / (3.35e12 * 0.65)
	near(t, "slope", run.Slope, 10*read)
	if run.Steps != serving.Endless {
		t.Errorf("the line bends after %d steps", run.Steps)
	}
	// Weights of layers and head: 36 × (2·4096·4096 + 2·4096·1024 + 3·4096·12288) + 151,936 × 4096 numbers of two bytes.
	weights := 2 * (36*(2*4096*4096+2*4096*1024+3*4096*12288) + 151_936*4096.0)
	near(t, "first step", run.First, weights/(3.35e12*0.75)+10_000*read+2e-3+36*6e-6+10*4e-6)
}

// Attention of a prompt of 256 tokens where half of 24 layers see 128 tokens back: full layers attend to
// 256²/2 = 32,768 pairs, the others to 128²/2 + 128 × 128 = 24,576, and a pair costs 4 × 64 × 64 FLOPs.
func TestChunkByHand(t *testing.T) {
	sliding := kinds()[5]
	r := serving.NewReplica(sliding, h100(t), llm.BF16)
	e, err := r.Engine()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "one chunk", e.Chunk(0, 256, true).Attention, 12*(32_768+24_576)*4*64*64/(989e12*0.40))
	// In two chunks the second half reads the first's cache as well, which takes less than the arithmetic here.
	two := e.Chunk(0, 128, false).Plus(e.Chunk(128, 128, true))
	near(t, "two chunks", two.Attention, float64(e.Chunk(0, 256, true).Attention))
	if two.Tokens != 256 || two.Finishing != 1 || two.Longest != 128 {
		t.Errorf("%+v", two)
	}
}

// Overlap: of 4 ms of arithmetic beside 3 ms of traffic, none of the shorter shows at zero, half of it at one half.
func TestExposedByHand(t *testing.T) {
	r := serving.NewReplica(qwen3(), h100(t), llm.BF16)
	at := func(exposed unit.Share) serving.Term {
		r.Efficiency.Exposed = exposed
		e, err := r.Engine()
		if err != nil {
			t.Fatal(err)
		}
		s := e.Step(serving.Batch{Decoding: 200, Context: 1000})
		return s.Terms[serving.FeedForward]
	}
	hidden, half := at(0), at(0.5)
	near(t, "hidden", hidden.Time, float64(max(hidden.Compute, hidden.Memory)))
	near(t, "half", half.Time, float64(max(half.Compute, half.Memory)+min(half.Compute, half.Memory)/2))
}

// Padding: with 8 of 128 experts for one token, eight experts are touched. Each works on 16 tokens more, as if
// 8 × 16 / 8 = 16 tokens more had come.
func TestPadByHand(t *testing.T) {
	r := serving.NewReplica(qwenMoE(), h100(t), llm.BF16)
	compute := func(pad float64) float64 {
		r.Efficiency.Pad = pad
		e, err := r.Engine()
		if err != nil {
			t.Fatal(err)
		}
		s := e.Step(serving.Batch{Decoding: 1, Context: 1})
		return float64(s.Terms[serving.Experts].Compute)
	}
	if got := compute(16) / compute(0); math.Abs(got-17) > 1e-9 {
		t.Errorf("padding makes it %g times, want 17", got)
	}
}

// Activations: 10 passes over a vector of 4096 numbers of two bytes in 36 layers are 2,949,120 bytes a token.
func TestPassesByHand(t *testing.T) {
	r := serving.NewReplica(qwen3(), h100(t), llm.BF16)
	r.Efficiency.Passes = 10
	e, err := r.Engine()
	if err != nil {
		t.Fatal(err)
	}
	s := e.Step(serving.Batch{Decoding: 3, Context: 1})
	near(t, "activations", s.Terms[serving.Activations].Time, 3*2_949_120/(3.35e12*0.75))
}

// Data-parallel attention on 8 groups: each reads all of the attention's weights, works on an eighth of the sequences,
// and sends each token's vector to 8 experts and back in 48 layers: 2 × 48 × 8 × 7/8 × 2048 × 2 bytes.
func TestDataParallelByHand(t *testing.T) {
	r := serving.NewReplica(qwenMoE(), h100(t), llm.BF16)
	one, err := r.Engine()
	if err != nil {
		t.Fatal(err)
	}
	r.DP, r.EP = 8, true
	e, err := r.Engine()
	if err != nil {
		t.Fatal(err)
	}
	a, b := one.Step(serving.Batch{Decoding: 8, Context: 100}), e.Step(serving.Batch{Decoding: 64, Context: 100})
	if a.Terms[serving.Projections] != b.Terms[serving.Projections] {
		t.Errorf("projections differ: %+v, %+v", a.Terms[serving.Projections], b.Terms[serving.Projections])
	}
	if got, want := float64(b.Terms[serving.AllReduce].Bytes), 8.0*2*48*8*7/8*2048*2; math.Abs(got/want-1) > 1e-12 {
		t.Errorf("%g bytes are exchanged, want %g", got, want)
	}
	if r.GPUs() != 8 {
		t.Errorf("%d accelerators", r.GPUs())
	}
}

// drawVector draws every constant within the bounds of a fit.
func drawVector(t *rapid.T) serving.Efficiency {
	e := serving.Textbook()
	for _, k := range serving.Constants() {
		*k.At(&e) = rapid.Float64Range(k.Low, k.High).Draw(t, k.Name)
	}
	e.Prompt, e.Queue = rapid.Float64Range(1, 5).Draw(t, "prompt"), rapid.Float64Range(0, 20).Draw(t, "queue")
	return e
}

// drawEngine draws a replica that fits, with any layout and any constants.
func drawEngine(t *rapid.T) *serving.Engine {
	r := drawReplica(t)
	r.Efficiency = drawVector(t)
	if r.Model.MoE != nil {
		r.DP = rapid.SampledFrom([]int{0, 2, 4, 8}).Draw(t, "dp")
	}
	r.PP = rapid.SampledFrom([]int{0, 2, 4}).Draw(t, "pp")
	e, err := r.Engine()
	if err != nil {
		var fit *serving.DoesNotFitError
		var input *serving.InputError
		if errors.As(err, &fit) || errors.As(err, &input) {
			t.Skip("does not fit")
		}
		t.Fatal(err)
	}
	return e
}

// A run is exact: each of its steps takes what [serving.Engine.Time] gives, past windows and indexes, and the sum of
// them is a closed form that [serving.Run.Within] inverts.
func TestRunIsEveryStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEngine(t)
		n := rapid.IntRange(1, 600).Draw(t, "sequences")
		context := int64(n) * rapid.Int64Range(1, 5000).Draw(t, "mean context")
		steps := rapid.Int64Range(1, 3000).Draw(t, "steps")
		for k := int64(0); k < steps; {
			run := e.Decode(n, context+k*int64(n))
			if run.Steps < 1 || run.Slope < 0 {
				t.Fatalf("%+v", run)
			}
			last := min(run.Steps, steps-k)
			for _, i := range []int64{0, last / 2, last - 1} {
				want := e.Time(serving.Prefill{}, n, context+(k+i)*int64(n))
				got := run.First + serving.Seconds(i)*run.Slope
				if math.Abs(float64(got/want)-1) > 1e-9 {
					t.Fatalf("step %d of %+v takes %g s, want %g", i, run, float64(got), float64(want))
				}
			}
			d := run.Time(last)
			if got := run.Within(d); got < last-1 || run.Time(got) > d || got < run.Steps && run.Time(got+1) <= d {
				t.Fatalf("%d steps end within %g s, and Within says %d of %+v", last, float64(d), got, run)
			}
			k += last
		}
	})
}

// The fast form and the one that explains give the same time where both know the same of the batch.
func TestTimeIsTheStepsTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEngine(t)
		if r := e.Replica(); len(r.Model.Knees()) > 0 || r.Model.Linear != nil || r.DP > 1 || r.PP > 1 {
			return // means and sums differ
		}
		n := rapid.IntRange(0, 500).Draw(t, "sequences")
		context := rapid.Int64Range(1, 5000).Draw(t, "context")
		prompt := rapid.Int64Range(0, 20_000).Draw(t, "prompt")
		batch := serving.Batch{Decoding: float64(n), Context: llm.Tokens(context), Prefill: llm.Tokens(prompt), PrefillContext: llm.Tokens(prompt) / 2}
		work := e.Chunk(0, prompt, prompt > 0)
		batch.Finishing = float64(work.Finishing)
		if n == 0 && prompt == 0 {
			return // no batch
		}
		want, got := e.Step(batch), e.Time(work, n, context*int64(n))
		if math.Abs(float64(got/want.Time)-1) > 1e-9 {
			t.Fatalf("%+v takes %g s, explained %g", batch, float64(got), float64(want.Time))
		}
	})
}

// checkTime fails where a step is faster than the hardware: its arithmetic at the highest rate, or its bytes at the
// bandwidth of all accelerators.
func checkTime(t interface{ Fatalf(string, ...any) }, e *serving.Engine, done, prompt int64, n int, mean int64) {
	r := e.Replica()
	m := r.Model
	var work serving.Prefill
	if prompt > 0 {
		work = e.Chunk(done, prompt, true)
	}
	got := float64(e.Time(work, n, int64(n)*mean))
	peak := 0.0
	for _, rate := range r.Accelerator.Dense {
		peak = max(peak, float64(rate))
	}
	w := m.Parameters()
	tokens := float64(n) + float64(prompt)
	flops := 2*tokens*float64(w.Linear()) + 2*(float64(n)+float64(work.Finishing))*float64(m.Vocab)*float64(m.Hidden) +
		float64(n)*float64(m.DecodeFLOPs(llm.Tokens(mean)))
	// Attention of the prompt, from below: every token attends to what was there before the chunk.
	if prompt > 0 {
		flops += float64(m.PrefillFLOPs(llm.Tokens(prompt), llm.Tokens(done)))
	}
	gpus := float64(r.GPUs())
	if floor := flops / peak / gpus; got < floor*(1-1e-9) || math.IsNaN(got) {
		t.Fatalf("%v: %d sequences at %d and a prompt of %d after %d take %g s; arithmetic alone takes %g", r, n, mean, prompt, done, got, floor)
	}
	bytes := float64(n) * float64(m.KVReadBytes(llm.Tokens(mean), r.KVPrecision))
	if tokens >= 1 {
		bytes += float64(w.Linear()) * r.Precision.Bytes()
	}
	if floor := bytes / float64(r.Accelerator.Bandwidth) / gpus; got < floor*(1-1e-9) {
		t.Fatalf("%v: %d sequences at %d and a prompt of %d after %d take %g s; memory alone takes %g", r, n, mean, prompt, done, got, floor)
	}
}

// With any constants that a fit may find, no step is faster than the hardware, for prompts of up to 131,072 tokens.
func TestNoTimeBeatsTheHardware(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkTime(t, drawEngine(t), rapid.Int64Range(0, 131_072).Draw(t, "done"), rapid.SampledFrom([]int64{0, 1, 512, 8192, 32_768, 131_072}).Draw(t, "prompt"),
			rapid.IntRange(0, 2048).Draw(t, "sequences"), rapid.Int64Range(1, 131_072).Draw(t, "context"))
	})
}

func FuzzTime(f *testing.F) {
	f.Add(uint8(0), uint8(0), uint8(0), int64(0), int64(8192), uint16(0), int64(1))
	f.Add(uint8(2), uint8(1), uint8(3), int64(100_000), int64(31_072), uint16(64), int64(131_072))
	f.Add(uint8(5), uint8(3), uint8(2), int64(0), int64(131_072), uint16(256), int64(32_768))
	a := h100(f)
	f.Fuzz(func(t *testing.T, model, precision, tp uint8, done, prompt int64, n uint16, mean int64) {
		if done < 0 || done > 1<<20 || prompt < 0 || prompt > 1<<20 || mean < 1 || mean > 1<<20 {
			t.Skip("no batch is like that")
		}
		models := kinds()
		r := serving.NewReplica(models[int(model)%len(models)], a, llm.Precisions()[int(precision)%5])
		r.TP = serving.Parallelisms()[tp%4]
		e, err := r.Engine()
		if err != nil {
			t.Skip("does not fit")
		}
		checkTime(t, e, done, prompt, int(n), mean)
	})
}

func BenchmarkTimeDecode(b *testing.B) {
	e := engine(b, qwen3(), llm.BF16, 1)
	b.ReportAllocs()
	context := int64(100_000)
	for b.Loop() {
		context += int64(e.Time(serving.Prefill{}, 100, context)) + 1
	}
}

func BenchmarkTimeMixedMoE(b *testing.B) {
	r := serving.NewReplica(qwenMoE(), h100(b), llm.BF16)
	e, err := r.Engine()
	if err != nil {
		b.Fatal(err)
	}
	work := e.Chunk(0, 1024, true)
	b.ReportAllocs()
	context := int64(100_000)
	for b.Loop() {
		context += int64(e.Time(work, 100, context)) + 1
	}
}

func BenchmarkDecodeRun(b *testing.B) {
	e := engine(b, qwen3(), llm.BF16, 1)
	b.ReportAllocs()
	context := int64(100_000)
	for b.Loop() {
		context += e.Decode(100, context).Steps & 1
	}
}

func BenchmarkChunk(b *testing.B) {
	e := engine(b, qwen3(), llm.BF16, 1)
	b.ReportAllocs()
	for b.Loop() {
		e.Chunk(1000, 1024, true)
	}
}
