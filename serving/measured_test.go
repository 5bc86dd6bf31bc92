package serving_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"breakeven/catalog"
	"breakeven/llm"
	"breakeven/serving"
)

// sharedData opens a table that stays outside the repository, or skips the test.
func sharedData(t *testing.T, name string) *os.File {
	t.Helper()
	folder := os.Getenv("BREAKEVEN_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Skipf("the table %s is not here: %v", name, err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// The closed form against what others measured in closed loops. It is uncalibrated, so only a broad band is
// asserted: the median of predicted over measured lies between 0.4 and 2.5, for throughput and for TPOT. Run
// with -v to see the figures.
func TestMeasured(t *testing.T) {
	accelerators, err := catalog.Accelerators()
	if err != nil {
		t.Fatal(err)
	}
	models, err := catalog.Models()
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(sharedData(t, "serving/measured.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	parts := map[string]string{"H100-SXM": "h100-sxm", "H200": "h200-sxm", "B200": "b200-sxm"}
	type pair struct{ throughput, tpot []float64 }
	groups := map[string]*pair{}
	for _, record := range records[1:] {
		get := func(name string) string { return record[column[name]] }
		number := func(name string) float64 {
			v, _ := strconv.ParseFloat(get(name), 64)
			return v
		}
		source := get("source")
		if !strings.HasPrefix(source, "silybench") && !strings.HasPrefix(source, "InferenceX via") ||
			get("disagg") != "0" || strings.Contains(get("notes"), "SUSPECT") || number("ep") > 1 || number("dp") > 1 || number("pp") > 1 {
			continue
		}
		model, err := models.Model(get("model"))
		if err != nil {
			continue
		}
		part, err := accelerators.Accelerator(parts[get("gpu")])
		if err != nil {
			continue
		}
		r := serving.NewReplica(model, part, llm.Precision(get("precision")))
		r.TP = int(number("tp"))
		r.Limits.MaxSequences = 1024
		if get("engine") == "trtllm" && r.Precision != llm.BF16 {
			r.KVPrecision = llm.FP8
		}
		engine, err := r.Engine()
		if err != nil {
			t.Logf("%s: %v", get("source_ref"), err)
			continue
		}
		shape := serving.Shape{Input: llm.Tokens(number("isl")), Output: llm.Tokens(number("osl"))}
		if strings.HasPrefix(get("len_note"), "uniform[0.8x") {
			shape.Input, shape.Output = 0.9*shape.Input, 0.9*shape.Output
		}
		p, err := engine.ClosedLoop(shape, int(number("concurrency")))
		if err != nil {
			t.Fatalf("%s: %v", get("source_ref"), err)
		}
		class := "dense"
		switch {
		case model.MLA != nil:
			class = "latent"
		case model.MoE != nil:
			class = "experts"
		}
		class = strings.Fields(source)[0] + " " + class
		for _, k := range []string{class + " " + get("gpu") + " " + get("precision"), class} {
			if groups[k] == nil {
				groups[k] = &pair{}
			}
			g := groups[k]
			if measured := number("output_tok_s"); measured > 0 {
				// Nominal lengths, where the table derives throughput from them.
				g.throughput = append(g.throughput, float64(p.Requests)*number("osl")/measured)
			}
			measured := number("tpot_ms_mean")
			if measured == 0 {
				measured = number("tpot_ms_p99")
			}
			if measured > 0 {
				g.tpot = append(g.tpot, p.TPOT.Milliseconds()/measured)
			}
		}
	}
	if len(groups) == 0 {
		t.Fatal("no row was compared")
	}
	for key, g := range groups {
		for name, ratios := range map[string][]float64{"throughput": g.throughput, "TPOT": g.tpot} {
			if len(ratios) == 0 {
				continue
			}
			slices.Sort(ratios)
			median := ratios[len(ratios)/2]
			var off float64
			for _, r := range ratios {
				off += math.Abs(r - 1)
			}
			t.Logf("%-28s %-10s n %3d  median %.2f  10 %% %.2f  90 %% %.2f  mean absolute error %.0f %%", key, name, len(ratios),
				median, ratios[len(ratios)/10], ratios[len(ratios)*9/10], 100*off/float64(len(ratios)))
			if median < 0.4 || median > 2.5 {
				t.Errorf("%s %s: the median of predicted over measured is %.2f", key, name, median)
			}
		}
	}
}
