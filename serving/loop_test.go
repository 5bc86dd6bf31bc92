package serving_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"breakeven/llm"
	"breakeven/serving"
	"breakeven/unit"
)

// One client, one request: TTFT is the host and the prompt's step, and each of the 99 later tokens a decode step.
func TestLoopByHand(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	r, err := e.Loop(serving.Loop{Clients: 1, Requests: 1, Input: 1000, Output: 100})
	if err != nil {
		t.Fatal(err)
	}
	prompt := e.Time(e.Chunk(0, 1000, true), 0, 0)
	near(t, "TTFT", r.TTFT.Mean, float64(0.016+prompt))
	run := e.Decode(1, 1001)
	near(t, "TPOT", r.TPOT.Mean, float64(run.Time(99))/99)
	near(t, "total", r.Total.P99, float64(0.016+prompt+run.Time(99)))
	if r.Steps != 100 {
		t.Errorf("%d steps, want 1 + 99", r.Steps)
	}
}

// Two clients whose prompts fill one step each, read whole: the second prompt waits for the first one's step.
func TestLoopQueues(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	r, err := e.Loop(serving.Loop{Clients: 2, Requests: 2, Input: 8000, Output: 1, Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	prompt := float64(e.Time(e.Chunk(0, 8000, true), 0, 0))
	near(t, "TTFT", r.TTFT.Mean, 0.016+1.5*prompt)
	near(t, "rate", serving.Seconds(r.Requests), 2/(2*prompt))
}

// Whatever the engine and the load: Little's law holds over the run, tokens are conserved, no request is answered
// before its own work could be done, and doing it again gives the same.
func TestLoopLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEngine(t)
		l := serving.Loop{
			Clients: rapid.IntRange(1, 64).Draw(t, "clients"), Requests: rapid.IntRange(1, 200).Draw(t, "requests"),
			Input: llm.Tokens(rapid.IntRange(1, 4000).Draw(t, "input")), Output: llm.Tokens(rapid.IntRange(1, 300).Draw(t, "output")),
			Spread: unit.Share(rapid.SampledFrom([]float64{0, 0.2}).Draw(t, "spread")),
			Whole:  rapid.Bool().Draw(t, "whole"), Apart: rapid.Bool().Draw(t, "apart"),
		}
		r, err := e.Loop(l)
		if err != nil {
			t.Skip("does not fit")
		}
		again, err := e.Loop(l)
		if err != nil || again != r {
			t.Fatalf("%+v, then %+v", r, again)
		}
		span := float64(l.Requests) / float64(r.Requests)
		if tokens := float64(r.Output) * span; l.Spread == 0 && math.Abs(tokens/(float64(l.Requests)*float64(l.Output))-1) > 1e-9 {
			t.Fatalf("%g tokens of %d answers of %g", tokens, l.Requests, float64(l.Output))
		}
		if in := float64(r.Requests) * float64(r.Wait.Mean+r.Prefill.Mean); in > float64(l.Clients)*(1+1e-9) {
			t.Fatalf("%g requests before their first token, of %d clients", in, l.Clients)
		}
		if solo := e.Time(e.Chunk(0, int64(math.Ceil(float64(l.Input)*(1-float64(l.Spread)))), true), 0, 0); float64(r.TTFT.P50) < 0.5*float64(solo) && l.Spread == 0 && e.Replica().DP <= 1 {
			t.Fatalf("TTFT %g s, and the prompt alone takes %g", float64(r.TTFT.P50), float64(solo))
		}
	})
}

func TestLoopFaults(t *testing.T) {
	e := engine(t, qwen3(), llm.BF16, 1)
	good := serving.Loop{Clients: 1, Requests: 1, Input: 10, Output: 10}
	for field, broken := range map[string]func(*serving.Loop){
		"clients":  func(l *serving.Loop) { l.Clients = 0 },
		"requests": func(l *serving.Loop) { l.Requests = 0 },
		"spread":   func(l *serving.Loop) { l.Spread = 1 },
		"output":   func(l *serving.Loop) { l.Output = 0 },
		"input":    func(l *serving.Loop) { l.Input = 1 << 20 },
	} {
		l := good
		broken(&l)
		_, err := e.Loop(l)
		input, ok := err.(*serving.InputError) //nolint:errorlint // it is returned as it is
		if !ok || input.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func BenchmarkLoop(b *testing.B) {
	e := engine(b, qwen3(), llm.BF16, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Loop(serving.Loop{Clients: 64, Requests: 640, Input: 1024, Output: 1024, Spread: 0.2}); err != nil {
			b.Fatal(err)
		}
	}
}
