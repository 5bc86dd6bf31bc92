package calibrate_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"breakeven/catalog"
	"breakeven/serving"
	"breakeven/serving/calibrate"
)

func lookups(t testing.TB) calibrate.Catalog {
	t.Helper()
	models, err := catalog.Models()
	if err != nil {
		t.Fatal(err)
	}
	accelerators, err := catalog.Accelerators()
	if err != nil {
		t.Fatal(err)
	}
	return calibrate.Catalog{Models: models, Accelerators: accelerators}
}

// truth is the engine behind the made-up table: the fit does not know it.
func truth() serving.Efficiency {
	e := serving.Textbook()
	e.Linear, e.Weights, e.Cache, e.Step, e.Layer, e.Exposed, e.Passes = 0.55, 0.8, 0.5, 4e-4, 5e-5, 0.3, 12
	e.Host, e.Prompt, e.Queue, e.Request = 40e-3, 1.5, 2, 1e-3
	return e
}

// table makes up closed loops of two models on two accelerators whose results are those of an engine with the constants
// of truth, to the digits that tables have.
func table(t testing.TB) []byte {
	t.Helper()
	header := "source,model,precision,gpu,n_gpus,tp,engine,engine_version,scenario,isl,osl,concurrency,output_tok_s,ttft_ms_mean,tpot_ms_mean,load,len_note,disagg"
	var b bytes.Buffer
	fmt.Fprintln(&b, header)
	for _, model := range []string{"qwen3-8b", "llama-3.1-8b"} {
		for _, part := range []string{"H100-SXM", "H200"} {
			for _, c := range []int{1, 16, 64} {
				for _, shape := range [][2]int{{1024, 128}, {1024, 512}, {4096, 256}} {
					row := fmt.Sprintf("made up,%s,bf16,%s,1,1,vllm,0.1,online,%d,%d,%d,,,,online closed-loop fixed concurrency,\"uniform[0.8x,1.0x]\",0", model, part, shape[0], shape[1], c)
					rows, err := calibrate.Read(strings.NewReader(header + "\n" + row + "\n"))
					if err != nil {
						t.Fatal(err)
					}
					x, err := calibrate.NewTrial(lookups(t), &rows[0])
					if err != nil {
						t.Fatal(err)
					}
					p, err := x.Predict(truth())
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(&b, "made up,%s,bf16,%s,1,1,vllm,0.1,online,%d,%d,%d,%.1f,%.2f,%.3f,online closed-loop fixed concurrency,\"uniform[0.8x,1.0x]\",0\n",
						model, part, shape[0], shape[1], c, p.OutputRate, p.TTFT.Mean.Milliseconds(), p.TPOT.Mean.Milliseconds())
				}
			}
		}
	}
	return b.Bytes()
}

func trials(t testing.TB, data []byte) (calibrate.Trials, int) {
	t.Helper()
	rows, err := calibrate.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return calibrate.NewTrials(lookups(t), rows), len(rows)
}

// A fit finds the engine behind a table: not each constant, of which some trade with others, but what they predict, and
// also for groups that a fold has not seen. The same table gives the same bytes.
func TestFitFindsTheEngine(t *testing.T) {
	list, n := trials(t, table(t))
	if n != 36 || len(list.List) != 36 {
		t.Fatalf("%d rows, %d trials: %v", n, len(list.List), list.Skipped)
	}
	c, err := list.Fit("nvidia", "vllm", "2026-11-24")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Train) != 4 || len(c.Held) != 0 || len(c.Folds) != 4 {
		t.Errorf("groups %v, held %v, %d folds", c.Train, c.Held, len(c.Folds))
	}
	for _, e := range c.Errors {
		if limit := map[bool]float64{false: 0.03, true: 0.08}[e.Held]; e.Median > limit {
			t.Errorf("%s, held out %v: the median error is %g", e.Metric, e.Held, e.Median)
		}
	}
	again, err := list.Fit("nvidia", "vllm", "2026-11-24")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(c)
	b, _ := json.Marshal(again)
	if !bytes.Equal(a, b) {
		t.Error("a second fit differs")
	}
	if _, err := serving.ParseCalibration("made-up.json", a); err != nil {
		t.Error(err)
	}
	if _, err := list.Fit("amd", "vllm", "2026-11-24"); err == nil {
		t.Error("nothing was measured on AMD")
	} else if _, ok := errors.AsType[*calibrate.TooFewError](err); !ok {
		t.Error(err)
	}
}

// Every group is predicted once by a vector that was fitted to it and once by one that was not.
func TestFoldsHoldEveryGroupOut(t *testing.T) {
	all, err := catalog.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.All() {
		for _, g := range c.Train {
			out := 0
			for _, f := range c.Folds {
				for _, h := range f.Held {
					if h == g {
						out++
					}
				}
			}
			if out != 1 {
				t.Errorf("%s: %s is held out by %d folds", c.Engine, g, out)
			}
			if unseen, fitted := c.Unseen(g); unseen == nil || !fitted {
				t.Errorf("%s: %s has no vector that has not seen it", c.Engine, g)
			}
		}
		for _, g := range c.Held {
			if unseen, fitted := c.Unseen(g); unseen != c || fitted {
				t.Errorf("%s: %s is held out, and yet fitted", c.Engine, g)
			}
		}
	}
}

func row(fields map[string]string) string {
	all := map[string]string{
		"source": "made up", "model": "qwen3-8b", "precision": "bf16", "gpu": "H100-SXM", "engine": "vllm", "n_gpus": "1", "tp": "1",
		"isl": "1024", "osl": "128", "concurrency": "4", "load": "online closed-loop fixed concurrency", "disagg": "0",
	}
	maps.Copy(all, fields)
	var names, values []string
	for k, v := range all {
		names, values = append(names, k), append(values, v)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(names)
	_ = w.Write(values)
	w.Flush()
	return b.String()
}

// What is not predicted is counted, with the reason.
func TestSkippedRows(t *testing.T) {
	for why, fields := range map[string]map[string]string{
		"prompts and answers on different machines": {"disagg": "1"},
		"the table marks the row as suspect":        {"notes": "SUSPECT layout"},
		"speculative decoding":                      {"spec_decode": "mtp"},
		"lengths unknown":                           {"isl": ""},
		"load is neither a closed loop nor offline": {"load": "online Poisson server"},
		"model not in the catalog":                  {"model": "gpt-j"},
		"accelerator not in the catalog":            {"gpu": "Jetson-Orin"},
		"engine unknown":                            {"engine": ""},
		"concurrency unknown":                       {"concurrency": ""},
		`precision "fp32"`:                          {"precision": "fp32"},
		"by our count the weights do not fit":       {"model": "llama-3.1-405b"},
		"faster than the hardware that the row names: something is not in its columns": {"output_tok_s": "1e6"},
	} {
		list, _ := trials(t, []byte(row(fields)))
		if len(list.List) != 0 || list.Skipped[why] != 1 {
			t.Errorf("%v: %d trials, skipped %v; want %q", fields, len(list.List), list.Skipped, why)
		}
	}
}

// How sources measured: InferenceX's lengths vary and its cache is narrow, TensorRT-LLM's offline runs have no clients,
// MLPerf's weights were quantised, and old generations of an engine are families of their own.
func TestHarnesses(t *testing.T) {
	one := func(fields map[string]string) *calibrate.Trial {
		t.Helper()
		list, _ := trials(t, []byte(row(fields)))
		if len(list.List) != 1 {
			t.Fatalf("%v: %v", fields, list.Skipped)
		}
		return list.List[0]
	}
	x := one(map[string]string{"source": "InferenceX via x", "precision": "fp8", "len_note": "uniform[0.8x,1.0x]"})
	if x.Loop.Spread != 0.2 || x.Loop.Requests != 40 || x.Replica.KVPrecision != "fp8" || x.Family != "vllm" {
		t.Errorf("InferenceX: %+v", x)
	}
	x = one(map[string]string{"engine": "trtllm", "engine_version": "0.14", "load": "offline max throughput", "concurrency": ""})
	if !x.Offline || x.Family != "trtllm-1.0" || !x.Loop.Whole || x.Loop.Clients != x.Loop.Requests {
		t.Errorf("offline: %+v", x)
	}
	x = one(map[string]string{"source": "MLPerf Inference v4.1", "engine": "trtllm", "precision": "fp16", "load": "offline max throughput", "concurrency": "", "tp": "", "n_gpus": "8"})
	if x.Replica.Precision != "fp8" || x.Copies != 8 || !x.Held {
		t.Errorf("MLPerf: %+v", x)
	}
	x = one(map[string]string{"model": "qwen3-30b-a3b", "gpu": "B200", "tp": "4", "n_gpus": "4", "notes": "MoE: enable_attention_dp in options (TP label)"})
	if x.Replica.TP != 1 || x.Replica.DP != 4 || x.Copies != 1 {
		t.Errorf("attention in parallel over data: %+v", x)
	}
}

func TestReadFaults(t *testing.T) {
	header := "source,model,precision,gpu,engine,load,isl,osl\n"
	for _, tt := range []struct{ table, want string }{
		{"", "line 1: the table is empty: it needs a header line"},
		{"source,model\n", `line 1: no column "precision"; needed are source, model, precision, gpu, engine, load, isl, osl`},
		{header + "a,b,bf16,H100,vllm,x,many,1\n", `line 2, column isl: "many" is not a number of at least zero`},
		{header + "a,b,bf16,H100,vllm,x,-1,1\n", `line 2, column isl: "-1" is not a number of at least zero`},
		{header + "a,b\n", "line 2: wrong number of fields"},
	} {
		_, err := calibrate.Read(strings.NewReader(tt.table))
		fault, ok := errors.AsType[*calibrate.RowError](err)
		if !ok || fault.Error() != tt.want {
			t.Errorf("%q: %v, want %s", tt.table, err, tt.want)
		}
	}
}

// Whatever a table holds, it is read or refused, and what is read becomes a trial or a reason.
func FuzzRead(f *testing.F) {
	f.Add([]byte(row(nil)))
	f.Add([]byte(row(map[string]string{"load": "offline max throughput", "isl": "1e300", "n_gpus": "65536", "dp": "128"})))
	f.Add([]byte("source,model,precision,gpu,engine,load,isl,osl\n\"a\nb\",,,,,,,\n"))
	f.Add([]byte("source,model,precision,gpu,engine,load,isl,osl\na\"b"))
	models := lookups(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := calibrate.Read(bytes.NewReader(data))
		if err != nil {
			if _, ok := errors.AsType[*calibrate.RowError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		for i := range rows {
			if _, err := calibrate.NewTrial(models, &rows[i]); err != nil && !errors.Is(err, calibrate.ErrSkipped) {
				t.Fatal(err)
			}
		}
	})
}

// measured opens the table that stays outside the repository, or skips the test.
func measured(t testing.TB) []byte {
	t.Helper()
	folder := os.Getenv("BREAKEVEN_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(folder, "serving", "measured.csv"))
	if err != nil {
		t.Skipf("the table of measured results is not here: %v", err)
	}
	return data
}

// The embedded constants are those that the table gives: what they say of their own errors is what comes out when they
// are compared again. With BREAKEVEN_CALIBRATE set they are fitted again as well, which takes minutes, and must be equal
// to the byte.
func TestEmbeddedCalibrationsAreTrue(t *testing.T) {
	list, _ := trials(t, measured(t))
	all, err := catalog.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	if len(all.All()) == 0 {
		t.Fatal("no calibration is embedded")
	}
	report := list.Validate(0, all)
	said, found := 0, 0
	for _, c := range all.All() {
		for _, e := range c.Errors {
			said++
			for _, line := range report.Lines {
				if line.Engine == c.Engine+" on "+c.Vendor && line.Class == e.Class && line.Metric == e.Metric && line.Held == e.Held {
					found++
					if line.Rows != e.Rows || math.Abs(line.Median-e.Median) > 1e-3 {
						t.Errorf("%s %s %s held %v: it says %d rows and %g, and %d and %g come out", c.Engine, e.Class, e.Metric, e.Held, e.Rows, e.Median, line.Rows, line.Median)
					}
				}
			}
		}
		if os.Getenv("BREAKEVEN_CALIBRATE") == "" {
			continue
		}
		again, err := list.Fit(c.Vendor, c.Engine, c.Fitted)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(c)
		b, _ := json.Marshal(again)
		if !bytes.Equal(a, b) {
			t.Errorf("%s on %s: a new fit differs", c.Engine, c.Vendor)
		}
	}
	if said != found {
		t.Errorf("%d errors are stated, %d come out", said, found)
	}
	for _, line := range report.Lines {
		if line.Source == "" && line.Engine == "" {
			t.Logf("%-6s %-10s held %-5v %5d rows  median %s  mean %s", line.Class, line.Metric, line.Held, line.Rows, percent(line.Median), percent(line.Mean))
		}
	}
}

func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }

// Predictions on groups that were not fitted stay within the bounds that docs/METHOD.md states, with some room.
func TestAccuracy(t *testing.T) {
	list, n := trials(t, measured(t))
	all, err := catalog.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	limits := map[serving.Class]map[serving.Metric]float64{
		serving.Dense:   {serving.Throughput: 0.13, serving.TPOT: 0.13, serving.TTFT: 0.35},
		serving.Mixture: {serving.Throughput: 0.25, serving.TPOT: 0.40, serving.TTFT: 0.35},
		serving.Latent:  {serving.Throughput: 0.20, serving.TPOT: 0.20, serving.TTFT: 0.55},
	}
	for _, line := range list.Validate(n, all).Lines {
		if line.Source == "" && line.Engine == "" && line.Held && line.Median > limits[line.Class][line.Metric] {
			t.Errorf("%s %s: the median error is %s, more than %s", line.Class, line.Metric, percent(line.Median), percent(limits[line.Class][line.Metric]))
		}
	}
}
