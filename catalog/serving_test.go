package catalog_test

import (
	"testing"

	"breakeven/catalog"
	"breakeven/serving"
)

// The engine that is assumed where none is named is calibrated on the accelerators that most offers have, for every class
// of models, and on AMD's for dense ones.
func TestCalibrations(t *testing.T) {
	all, err := catalog.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	for vendor, classes := range map[string][]serving.Class{"nvidia": serving.Classes(), "amd": {serving.Dense}} {
		c, err := all.Find(vendor, serving.DefaultEngine)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, class := range classes {
			if len(c.Measured[class]) == 0 {
				t.Errorf("%s on %s: no row of class %s", c.Engine, vendor, class)
			}
		}
		if len(c.Train) == 0 || len(c.Folds) == 0 {
			t.Errorf("%s on %s: no groups", c.Engine, vendor)
		}
	}
}

// A step with calibrated constants takes longer than the least that the hardware needs for it, whatever the file says.
func TestCalibratedStep(t *testing.T) {
	all, err := catalog.Calibrations()
	if err != nil {
		t.Fatal(err)
	}
	parts, err := catalog.Accelerators()
	if err != nil {
		t.Fatal(err)
	}
	part, err := parts.Accelerator("h100-sxm")
	if err != nil {
		t.Fatal(err)
	}
	model, err := models(t).Model("llama-3.1-8b")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all.All() {
		r := c.Apply(serving.NewReplica(model, part, "bf16"))
		e, err := r.Engine()
		if err != nil {
			t.Fatal(err)
		}
		// A prompt of 32,000 tokens: 2 × 6,979,321,856 weights × 32,000 at 989 TFLOPS are 452 ms without attention. The
		// best-known simulator of the same engine says 279 ms.
		if got := e.Time(e.Chunk(0, 32_000, true), 0, 0); got < 0.452 {
			t.Errorf("%s: a prompt of 32,000 tokens takes %g s", c.Engine, float64(got))
		}
		// One sequence: 15 GB of weights at 3.35 TB/s are 4.48 ms.
		if got := e.Decode(1, 1).First; got < 4.48e-3 {
			t.Errorf("%s: a step takes %g s", c.Engine, float64(got))
		}
	}
}
