package serving

import (
	"slices"

	"breakeven/fact"
)

// Doubt is how far a measured throughput has lain from what is predicted: true capacity is
// plausibly between Low and High times the estimate.
type Doubt struct {
	Low, High float64
	// Extrapolated tells that nothing was measured on the accelerator, so that the low end is halved.
	Extrapolated bool
	Provenance   fact.Provenance
}

// doubts are the tenth and ninetieth percentiles of measured over predicted throughput in closed loops, with
// textbook efficiencies, rounded outwards. TestMeasured prints them.
var doubts = map[Class]Doubt{
	Dense:   {Low: 0.75, High: 1.25, Provenance: residuals("441 rows of InferenceX (Llama 3.1 70B) and 55 of silybench (Qwen3 8B)")},
	Mixture: {Low: 0.60, High: 1.25, Provenance: residuals("328 rows of InferenceX (gpt-oss 120B)")},
	Latent:  {Low: 0.45, High: 1.00, Provenance: residuals("322 rows of InferenceX (DeepSeek, Kimi, GLM)")},
}

func residuals(of string) fact.Provenance {
	return fact.Provenance{Kind: fact.Measured, Source: of, Rule: "tenth to ninetieth percentile of measured over predicted throughput"}
}

// measuredParts are the accelerators that those rows ran on.
var measuredParts = []string{"b200-sxm", "h100-sxm", "h200-sxm"}

// Class groups models by what makes them hard to predict.
type Class string

// The classes. Latent holds every model with latent attention, which all have experts as well.
const (
	Dense   Class = "dense"
	Mixture Class = "moe"
	Latent  Class = "mla"
)

// Classes lists the classes.
func Classes() []Class { return []Class{Dense, Mixture, Latent} }

// Class is the class of the replica's model.
func (r Replica) Class() Class {
	switch {
	case r.Model.MLA != nil || r.Model.Compressed != nil:
		return Latent
	case r.Model.MoE != nil:
		return Mixture
	}
	return Dense
}

// Doubt is how far to trust an estimate of the replica's throughput.
func (r Replica) Doubt() Doubt {
	if r.Calibration != nil {
		return r.Calibration.Doubt(r)
	}
	d := doubts[r.Class()]
	if !slices.Contains(measuredParts, r.Accelerator.ID) {
		d.Extrapolated = true
		d.Low /= 2
		d.Provenance = fact.Assume("nothing was measured on this accelerator: the range of " + d.Provenance.Source + ", its low end halved")
	}
	return d
}
