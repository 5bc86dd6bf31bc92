package workload_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"breakeven/usage"
	"breakeven/workload"
)

// The figures that were computed from the public traces by other means, for each trace: mean rate, coefficient
// of variation of the gaps, peak over mean in 1, 10 and 60 s, index of dispersion in the same, and the lengths.
// Zero means that ours has none, because the clock does not resolve it.
var traces = []struct {
	file        string
	rows        int64
	rate, iatcv float64
	peak, iod   [3]float64
	in, out     [5]float64 // p50, p90, p99, mean, CV
	quantum     time.Duration
	faceValue   float64
}{
	{
		file: "azure2023_code", rows: 8819, rate: 2.57, iatcv: 13.15, peak: [3]float64{26.1, 12.8, 4.2}, iod: [3]float64{13.2, 71.6, 164},
		in: [5]float64{1469, 5188, 7436, 2048, .96}, out: [5]float64{13, 55, 251, 28, 2.15},
	},
	{
		file: "azure2023_conv", rows: 19366, rate: 5.53, iatcv: 1.09, peak: [3]float64{2.9, 1.8, 1.5}, iod: [3]float64{1.4, 3.9, 16},
		in: [5]float64{1020, 2735, 4142, 1155, .96}, out: [5]float64{129, 424, 601, 211, .77},
	},
	{
		file: "mooncake_conversation", rows: 12031, rate: 3.40, iatcv: 1.01, peak: [3]float64{0, 0, 1.2}, iod: [3]float64{0, 0, 2.9},
		in: [5]float64{6909, 27367, 85400, 12035, 1.31}, out: [5]float64{350, 597, 1119, 343, .73},
		quantum: 3 * time.Second, faceValue: 3.03,
	},
	{
		file: "mooncake_synthetic", rows: 3993, rate: 3.91, iatcv: 1.01, peak: [3]float64{3.3, 1.4, 1.2}, iod: [3]float64{1.1, 1.2, 1.2},
		in: [5]float64{11587, 38611, 66456, 15326, 1.20}, out: [5]float64{69, 389, 768, 149, 1.20},
	},
}

func TestPublicTraces(t *testing.T) {
	root := os.Getenv("BREAKEVEN_SHARED_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no shared data at %s: set BREAKEVEN_SHARED_DATA", root)
	}
	for _, tt := range traces {
		t.Run(tt.file, func(t *testing.T) {
			f, err := os.Open(filepath.Join(root, "traces", tt.file+".csv.gz"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var b workload.Builder
			_, err = usage.Read(f.Name(), f, usage.Options{}, func(c *usage.Call) error { b.Add(c); return nil })
			if err != nil {
				t.Fatal(err)
			}
			p := b.Profile()
			if p.Calls != tt.rows || p.Resolution != workload.L0 || !p.Relative || !p.Start.IsZero() || !p.End.IsZero() {
				t.Errorf("%d rows, resolution %v, relative %v", p.Calls, p.Resolution, p.Relative)
			}
			// Published figures have three digits; percentiles are within 0.8 % besides.
			within := func(name string, got, want, relative float64) {
				t.Helper()
				near(t, name, got, want, relative*want)
			}
			within("rate", float64(*p.Rate), tt.rate, 0.003)
			within("IAT CV", float64(*p.IATCV), tt.iatcv, 0.01)
			for i, w := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
				for name, list := range map[string]struct {
					got  []workload.AtWindow
					want float64
					tol  float64
				}{"peak to mean": {p.PeakToMean, tt.peak[i], 0.04}, "index of dispersion": {p.IoD, tt.iod[i], 0.11}} {
					got, ok := workload.At(list.got, w)
					if ok != (list.want != 0) {
						t.Errorf("%s at %s: present %v", name, w, ok)
					} else if ok {
						within(name+" at "+w.String(), float64(got), list.want, list.tol)
					}
				}
			}
			for name, l := range map[string]struct {
				got  *workload.Lengths
				want [5]float64
			}{"input": {p.Input, tt.in}, "output": {p.Output, tt.out}} {
				within(name+" p50", float64(l.got.P50), l.want[0], 0.01)
				within(name+" p90", float64(l.got.P90), l.want[1], 0.01)
				within(name+" p99", float64(l.got.P99), l.want[2], 0.01)
				within(name+" mean", float64(l.got.Mean), l.want[3], 0.006)
				within(name+" CV", float64(l.got.CV), l.want[4], 0.01)
			}
			if tt.quantum == 0 {
				if p.IATCVTicks != nil {
					t.Errorf("the clock passes for one with a step of %s", p.Quantum)
				}
				return
			}
			if p.Quantum != tt.quantum || p.IATCVTicks == nil || !noted(p, "artefact") {
				t.Fatalf("step %s, at face value %v, notes %q", p.Quantum, p.IATCVTicks, p.Notes)
			}
			within("IAT CV at face value", float64(*p.IATCVTicks), tt.faceValue, 0.005)
		})
	}
}
