package serving

import (
	"fmt"
	"math"

	"breakeven/fact"
	"breakeven/unit"
)

// Efficiency holds the constants that stand between a data sheet and a running engine. A share is of the
// peak that the data sheet states, so none is above 1: an engine cannot beat its hardware.
type Efficiency struct {
	// Linear and Attention are the shares of peak arithmetic that matrix products reach.
	Linear, Attention unit.Share
	// Weights and Cache are the shares of memory bandwidth that reading weights, and cached keys and values,
	// reaches.
	Weights, Cache unit.Share
	// Link is the share of the link's bandwidth that an all-reduce reaches, and Reduce how long one takes
	// to start among two accelerators.
	Link   unit.Share
	Reduce Seconds
	// Step, Layer and Sequence are what the engine itself adds to a step: once, for each layer, and for each
	// sequence in it.
	Step, Layer, Sequence Seconds
	// Host is what reading, tokenising and scheduling add to the time to first token.
	Host Seconds

	Provenance fact.Provenance
}

// Textbook is the default: round values that the literature uses. They are not fitted to measurements.
func Textbook() Efficiency {
	return Efficiency{
		Linear: 0.60, Attention: 0.40,
		Weights: 0.75, Cache: 0.65,
		Link: 0.60, Reduce: 10e-6,
		Step: 2e-3, Layer: 6e-6, Sequence: 4e-6,
		Host:       16e-3,
		Provenance: fact.Assume("closed-form roofline with textbook efficiencies, not calibrated against measurements"),
	}
}

// Check reports the first constant that is out of range.
func (e Efficiency) Check() error {
	for _, c := range []struct {
		name  string
		value unit.Share
	}{
		{"linear", e.Linear}, {"attention", e.Attention}, {"weights", e.Weights}, {"cache", e.Cache}, {"link", e.Link},
	} {
		if !(c.value > 0 && c.value <= 1) {
			return &InputError{Field: "efficiency." + c.name, Err: fmt.Errorf("%g is not above 0 and at most 1: an engine cannot beat its hardware", float64(c.value))}
		}
	}
	for _, c := range []struct {
		name  string
		value Seconds
	}{
		{"reduce", e.Reduce}, {"step", e.Step}, {"layer", e.Layer}, {"sequence", e.Sequence}, {"host", e.Host},
	} {
		if !(c.value >= 0 && c.value < 60) || math.IsNaN(float64(c.value)) {
			return &InputError{Field: "efficiency." + c.name, Err: fmt.Errorf("%g s is not between 0 and 60", float64(c.value))}
		}
	}
	return nil
}

// InputError is a field that no replica, shape or target can have.
type InputError struct {
	Field string
	Err   error
}

func (e *InputError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }
