package serving_test

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"breakeven/datafile"
	"breakeven/llm"
	"breakeven/serving"
)

// calibration is one whose numbers are those of a worked case.
func calibration() serving.Calibration {
	start := serving.Textbook()
	start.Reduce, start.Mixture, start.Latent, start.Request = 1e-5, 2e-5, 3e-5, 1e-3
	c := serving.Calibration{
		Schema: serving.CalibrationSchema, Vendor: "nvidia", Engine: "vllm", Versions: "0.15", Fitted: "2026-11-24",
		Constants: map[string]float64{}, Latency: map[serving.Class]serving.Latency{},
		Measured: map[serving.Class][]serving.Cell{serving.Dense: {{Accelerator: "h100-sxm", Precision: "bf16"}}},
		Errors: []serving.ErrorStat{
			{Class: serving.Dense, Metric: serving.Throughput, Rows: 100, Median: 0.04, Mean: 0.05, Low: 0.95, Middle: 1, High: 1.05},
			{Class: serving.Dense, Metric: serving.Throughput, Held: true, Rows: 50, Median: 0.1, Mean: 0.12, Low: 0.8, Middle: 1, High: 1.2},
			{Class: serving.Dense, Metric: serving.TTFT, Rows: 100, Median: 0.2, Mean: 0.25, Low: 0.7, Middle: 1, High: 1.5},
			{Class: serving.Dense, Metric: serving.TTFT, Held: true, Rows: 3, Median: 0.2, Mean: 0.25, Low: 0.9, Middle: 1, High: 1.1},
		},
		Train: []string{"a", "b"}, Held: []string{"c"},
	}
	for _, k := range serving.Constants() {
		c.Constants[k.Name] = *k.At(&start)
	}
	for _, class := range serving.Classes() {
		c.Latency[class] = serving.Latency{Host: 0.02, Prompt: 1.5, Queue: 2}
	}
	other := maps.Clone(c.Constants)
	other["linear"] = 0.5
	c.Folds = []serving.Fold{{Held: []string{"a"}, Constants: other, Latency: c.Latency}}
	return c
}

func document(t testing.TB, c serving.Calibration) []byte {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseCalibration(t *testing.T) {
	c, err := serving.ParseCalibration("vllm.json", document(t, calibration()))
	if err != nil {
		t.Fatal(err)
	}
	e := c.Efficiency(serving.Dense)
	if e.Linear != 0.60 || e.Host != 0.02 || e.Prompt != 1.5 || e.Queue != 2 || !strings.Contains(e.Provenance.Source, "vllm 0.15 on nvidia") {
		t.Errorf("%+v", e)
	}
	for path, broken := range map[string]func(*serving.Calibration){
		"schema":           func(c *serving.Calibration) { c.Schema = "x" },
		"vendor":           func(c *serving.Calibration) { c.Vendor = "" },
		"engine":           func(c *serving.Calibration) { c.Engine = "" },
		"fitted":           func(c *serving.Calibration) { c.Fitted = "yesterday" },
		"constants.linear": func(c *serving.Calibration) { delete(c.Constants, "linear") },
		"constants.magic":  func(c *serving.Calibration) { c.Constants["magic"] = 1 },
		"latency.moe":      func(c *serving.Calibration) { delete(c.Latency, serving.Mixture) },
		// An engine cannot beat its hardware, whatever a file says.
		"constants, or latency.dense": func(c *serving.Calibration) { c.Constants["linear"] = 6.6 },
		"folds[0].constants.cache":    func(c *serving.Calibration) { delete(c.Folds[0].Constants, "cache") },
		"errors[1]":                   func(c *serving.Calibration) { c.Errors[1].Low = 2 },
	} {
		c := calibration()
		broken(&c)
		_, err := serving.ParseCalibration("vllm.json", document(t, c))
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || fault.Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A group is predicted by the fold that holds it out; one that was never fitted, by the calibration itself.
func TestUnseen(t *testing.T) {
	c := calibration()
	without, fitted := c.Unseen("a")
	if !fitted || without.Constants["linear"] != 0.5 {
		t.Errorf("a: %v, %v", without.Constants["linear"], fitted)
	}
	if none, fitted := c.Unseen("b"); !fitted || none != nil {
		t.Errorf("no fold holds b out: %v, %v", none, fitted)
	}
	if same, fitted := c.Unseen("c"); fitted || same != &c {
		t.Errorf("c was never fitted: %v", fitted)
	}
}

// Intervals rest on rows that were not fitted where there are enough of them; what was measured on nothing says so.
func TestInterval(t *testing.T) {
	c := calibration()
	r := c.Apply(serving.NewReplica(qwen3(), h100(t), llm.BF16))
	if in := c.Interval(r, serving.Throughput); in.Low != 0.8 || in.High != 1.2 || in.Rows != 50 || in.Extrapolates != nil {
		t.Errorf("throughput: %+v", in)
	}
	if s := c.Safety(r); math.Abs(s-1.25) > 1e-12 {
		t.Errorf("safety %g, want 1 / 0.8", s)
	}
	if in := c.Interval(r, serving.TTFT); in.Low != 0.7 || in.Rows != 100 {
		t.Errorf("three rows are too few: %+v", in)
	}
	if in := c.Interval(r, serving.TPOT); in.Low != 0.5 || in.High != 2 || in.Rows != 0 {
		t.Errorf("nothing was measured: %+v", in)
	}
	if d := r.Doubt(); d.Low != 0.8 || d.Extrapolated {
		t.Errorf("doubt: %+v", d)
	}
	narrow := c.Apply(serving.NewReplica(qwen3(), h100(t), llm.FP8))
	if in := c.Interval(narrow, serving.Throughput); in.Low != 0.4 || len(in.Extrapolates) != 1 || in.Extrapolates[0] != "weights of fp8" {
		t.Errorf("fp8: %+v", in)
	}
	if in := c.Interval(narrow, serving.TTFT); in.Low != 0.7 || in.High != 3 {
		t.Errorf("the bad end of a time is the long one: %+v", in)
	}
	mixture := c.Apply(serving.NewReplica(qwenMoE(), h100(t), llm.BF16))
	if in := c.Interval(mixture, serving.Throughput); len(in.Extrapolates) != 1 || in.Extrapolates[0] != "models of class moe" {
		t.Errorf("mixture: %+v", in)
	}
}

func TestFindCalibration(t *testing.T) {
	all, err := serving.NewCalibrations(map[string][]byte{"a.json": document(t, calibration())})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := all.Find("nvidia", serving.DefaultEngine); err != nil || c.Engine != "vllm" {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := all.Find("amd", "vllm"); !errors.Is(err, serving.ErrNoCalibration) || !strings.Contains(err.Error(), "there are vllm on nvidia") {
		t.Error(err)
	}
	_, err = serving.NewCalibrations(map[string][]byte{"a.json": document(t, calibration()), "b.json": document(t, calibration())})
	if err == nil || err.Error() != "b.json: engine: vllm on nvidia appears twice" {
		t.Error(err)
	}
}

func FuzzParseCalibration(f *testing.F) {
	f.Add(document(f, calibration()))
	f.Add([]byte(`{"schema": "breakeven/serving/v1", "constants": {"linear": 2}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := serving.ParseCalibration("fuzz.json", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatal(err)
			}
			return
		}
		for _, class := range serving.Classes() {
			if err := c.Efficiency(class).Check(); err != nil {
				t.Fatalf("a file with %v is accepted", err)
			}
		}
	})
}

// With calibrated constants the closed form's time to first token is host + wait + prompt·prefill + queue·step.
func TestCalibratedTTFT(t *testing.T) {
	c := calibration()
	r := c.Apply(serving.NewReplica(qwen3(), h100(t), llm.BF16))
	e, err := r.Engine()
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.ClosedLoop(serving.Shape{Input: 1000, Output: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	prefill := float64(e.Time(e.Chunk(0, 1000, true), 0, 0))
	least := 0.02 + 1.5*prefill
	if float64(p.TTFT) < least {
		t.Errorf("TTFT %g s, want at least %g", float64(p.TTFT), least)
	}
}
