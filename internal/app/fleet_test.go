package app_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/llm"
)

// text is a log in memory.
func text(name, data string) app.Source {
	return app.Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil }}
}

// publicTrace is a public trace, so many times over: each copy begins where the one before ended. The test is skipped
// where the trace is not here.
func publicTrace(t testing.TB, name string, most int) app.Source {
	t.Helper()
	folder := os.Getenv("BREAKEVEN_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(folder, "traces", name+".csv.gz"))
	if err != nil {
		t.Skipf("the trace is not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(data)), "\n")
	var b strings.Builder
	b.WriteString("t,input_tokens,output_tokens\n")
	var last, offset float64
	n := 0
	for n < most {
		for _, row := range rows[1:] {
			var at float64
			var input, output int64
			if _, err := fmt.Sscanf(row, "%g,%d,%d", &at, &input, &output); err != nil {
				t.Fatalf("%s: %v", row, err)
			}
			last = at + offset
			fmt.Fprintf(&b, "%.6f,%d,%d\n", last, input, output)
			if n++; n == most {
				break
			}
		}
		offset = last + 0.2
	}
	return text(name, b.String())
}

func means(rate float64) *app.SyntheticLoad {
	return &app.SyntheticLoad{Rate: rate, Input: 1000, Output: 200, Requests: 6000}
}

// The fleet that is found keeps the target when it is simulated by itself, and one machine less does not.
func TestPlanIsConfirmed(t *testing.T) {
	a := newApp()
	for _, gpus := range [][]string{{"h100-sxm"}, {"l40s", "a100-sxm-80"}} {
		p, err := a.Plan(t.Context(), app.PlanRequest{Choice: app.FleetChoice{Model: "llama-3.1-8b", GPUs: gpus, Precisions: []llm.Precision{llm.FP8}}, Load: means(60)})
		if err != nil {
			t.Fatal(err)
		}
		b := p.Best
		if b.Machines < 2 || b.Status != "cheapest" || p.Candidates == nil || p.Spare.Machines != b.Machines+1 {
			t.Fatalf("%+v", b)
		}
		for replicas, want := range map[int]bool{b.Replicas: true, b.Replicas - b.PerUnit: false} {
			s, err := a.Simulate(t.Context(), app.SimulateRequest{
				Engine: app.EngineChoice{Model: b.Engine.Model, GPU: b.Engine.GPU, Precision: b.Engine.Precision, TP: b.Engine.TP}, Replicas: replicas, Load: means(60),
			})
			if err != nil {
				t.Fatal(err)
			}
			if s.Met != want {
				t.Errorf("%d replicas of %s: met is %v; %s", replicas, b.Engine.Name, s.Met, s.Sentence)
			}
			if want && s.TTFT.P99 != b.TTFT {
				t.Errorf("p99 TTFT is %g s in the plan, and %g by itself", b.TTFT, s.TTFT.P99)
			}
		}
		for _, c := range p.Candidates {
			if c.Status == "holds" && c.Hourly.Estimate() < b.Hourly.Estimate() {
				t.Errorf("%s keeps the target for less than the cheapest", c.Engine.Name)
			}
			if c.Status == "floor" && c.FloorCost.Estimate() < b.Hourly.Estimate() {
				t.Errorf("%s is left out, and its floor costs less than the cheapest", c.Engine.Name)
			}
		}
	}
}

// Not one candidate that was left out by its floor, or given up, would have been cheaper: sized by itself, each costs more.
func TestNothingCheaperIsLeftOut(t *testing.T) {
	a := newApp()
	choice := app.FleetChoice{Model: "llama-3.1-8b", GPUs: []string{"h100-sxm", "l40s", "a10g", "l4", "a100-sxm-80", "b200-sxm"}}
	p, err := a.Plan(t.Context(), app.PlanRequest{Choice: choice, Load: means(30)})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range choice.GPUs {
		for _, precision := range []llm.Precision{llm.BF16, llm.FP8} {
			alone, err := a.Plan(t.Context(), app.PlanRequest{Choice: app.FleetChoice{Model: choice.Model, GPUs: []string{id}, Precisions: []llm.Precision{precision}}, Load: means(30)})
			if err != nil {
				continue // no fleet of it keeps the target
			}
			if alone.Best.Hourly.Estimate() < p.Best.Hourly.Estimate() {
				t.Errorf("%s at %s an hour, and the plan is %s at %s", alone.Best.Engine.Name, alone.Best.Hourly, p.Best.Engine.Name, p.Best.Hourly)
			}
		}
	}
}

// A caller that goes away ends the search.
func TestPlanIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := newApp().Plan(ctx, app.PlanRequest{
		Choice: app.FleetChoice{Model: "llama-3.1-8b"}, Load: means(60),
		Progress: func(p app.Progress) {
			if p.Calls > 0 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Hours without single calls are answered with a range, which holds what the calls themselves need: the log is hidden, and
// only its hours are shown.
func TestRangeHoldsTheHiddenTrace(t *testing.T) {
	a := newApp()
	choice := app.FleetChoice{Model: "llama-3.3-70b", GPUs: []string{"h100-sxm"}, Precisions: []llm.Precision{llm.FP8}}
	whole := publicTrace(t, "azure2023_conv", 19_366)
	real, err := a.Plan(t.Context(), app.PlanRequest{Choice: choice, Logs: []app.Source{whole}})
	if err != nil {
		t.Fatal(err)
	}
	w := real.Workload
	n := float64(w.Requests)
	hours := text("hours", fmt.Sprintf("start,end,model,requests,input_tokens,output_tokens\n2026-11-20T10:00:00Z,2026-11-20T10:58:21Z,m,%.0f,%.0f,%.0f\n", n, n*w.Input, n*w.Output))
	shown, err := a.Plan(t.Context(), app.PlanRequest{Choice: choice, Logs: []app.Source{hours}})
	if err != nil {
		t.Fatal(err)
	}
	low, high := shown.Best.Machines, shown.Best.Machines
	for _, r := range shown.Range {
		if strings.Contains(r.Reading, "traffic") {
			low, high = min(low, r.Machines), max(high, r.Machines)
		}
	}
	if real.Best.Machines < low || real.Best.Machines > high {
		t.Errorf("the calls need %d machines, and their hours say %d to %d", real.Best.Machines, low, high)
	}
}

// Each mistake names its field.
func TestFleetFields(t *testing.T) {
	a := newApp()
	for want, r := range map[string]app.SimulateRequest{
		"model":                        {Engine: app.EngineChoice{Model: "no-such", GPU: "l4"}, Replicas: 1, Load: means(1)},
		"gpu":                          {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "no-such"}, Replicas: 1, Load: means(1)},
		"precision":                    {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4", Precision: "fp3"}, Replicas: 1, Load: means(1)},
		"tensor_parallel":              {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4", TP: 5}, Replicas: 1, Load: means(1)},
		"data_parallel":                {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4", TP: 1, DP: 2}, Replicas: 1, Load: means(1)},
		"replicas":                     {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4"}, Load: means(1)},
		"routing":                      {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4"}, Replicas: 1, Routing: "random", Load: means(1)},
		"workload":                     {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4"}, Replicas: 1},
		"workload.requests_per_second": {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4"}, Replicas: 1, Load: means(-1)},
		"target.ttft":                  {Engine: app.EngineChoice{Model: "llama-3.1-8b", GPU: "l4"}, Replicas: 1, Target: app.LatencyTarget{TTFTShare: 1}, Load: means(1)},
	} {
		_, err := a.Simulate(t.Context(), r)
		f, ok := errors.AsType[*decide.FieldError](err)
		if !ok || f.Field != want || app.KindOf(err) == app.Internal {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// BenchmarkPlan is a whole search over every accelerator on record, for 100,000 requests of public traces.
func BenchmarkPlan(b *testing.B) {
	for _, x := range []struct {
		trace, model string
		ttft         float64
	}{{"azure2023_conv", "llama-3.3-70b", 2}, {"azure2023_conv", "qwen3-235b-a22b", 2}, {"azure2023_code", "llama-3.1-8b", 2}} {
		b.Run(x.trace+" "+x.model, func(b *testing.B) {
			a := newApp()
			log := publicTrace(b, x.trace, 100_000)
			var last app.PlanAnswer
			for b.Loop() {
				p, err := a.Plan(b.Context(), app.PlanRequest{Choice: app.FleetChoice{Model: x.model}, Target: app.LatencyTarget{TTFT: x.ttft}, Logs: []app.Source{log}})
				if err != nil {
					b.Fatal(err)
				}
				last = p
			}
			b.ReportMetric(float64(last.Fleets), "fleets")
			b.ReportMetric(float64(last.Simulations), "simulations")
			b.ReportMetric(float64(last.Simulated), "requests")
		})
	}
}

// The answer has the same bytes every time.
func TestPlanIsDeterministic(t *testing.T) {
	var first []byte
	for range 3 {
		p, err := newApp().Plan(t.Context(), app.PlanRequest{Choice: app.FleetChoice{Model: "llama-3.1-8b", GPUs: []string{"h100-sxm", "l40s", "l4"}}, Load: means(30)})
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if string(first) != string(data) {
			t.Fatal("not the same again")
		}
	}
}
