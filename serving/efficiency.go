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
	// Eight and Four are the parts of Linear that products of eight- and four-bit numbers reach, of their own
	// higher peaks, and Experts the part that the many small products of a mixture reach.
	Eight, Four, Experts unit.Share
	// Pad is how many tokens a routed expert works on beyond those that come to it, because kernels work on tiles.
	Pad float64
	// Weights and Cache are the shares of memory bandwidth that reading weights, and cached keys and values,
	// reaches.
	Weights, Cache unit.Share
	// Narrow is the part of Cache that reading keys and values of eight bits reaches.
	Narrow unit.Share
	// Passes is how many times a token's hidden vector crosses memory in each layer, between the matrix products:
	// to be normalised, rotated, quantised, added. Accelerators that share a layer each do all of it.
	Passes float64
	// Exposed is the part of the shorter of arithmetic and traffic that is not hidden behind the longer one:
	// zero where they overlap wholly, one where they follow each other.
	Exposed unit.Share
	// Link is the share of the link's bandwidth that an all-reduce reaches, and Reduce how long one takes
	// to start among two accelerators.
	Link   unit.Share
	Reduce Seconds
	// Step, Layer and Sequence are what the engine itself adds to a step: once, for each layer, and for each
	// sequence in it.
	Step, Layer, Sequence Seconds
	// Mixture and Latent are what a layer that routes to experts, and one with latent attention, adds to a step.
	Mixture, Latent Seconds
	// Host is what reading, tokenising and scheduling add to the time to first token. Prompt is how many times
	// its time in the engine a prompt takes as seen from outside, at least one, and Queue how many decode steps
	// pass before it begins, beyond those that the batch makes it wait.
	Host Seconds
	// Request is what each request takes of the host's one line: requests that come together reach the engine that
	// far apart, and no more of them than its inverse a second.
	Request       Seconds
	Prompt, Queue float64

	Provenance fact.Provenance
}

// Textbook is the default: round values that the literature uses. They are not fitted to measurements.
func Textbook() Efficiency {
	return Efficiency{
		Linear: 0.60, Attention: 0.40,
		Eight: 1, Four: 1, Experts: 1, Narrow: 1,
		Weights: 0.75, Cache: 0.65,
		Link: 0.60, Reduce: 10e-6,
		Step: 2e-3, Layer: 6e-6, Sequence: 4e-6,
		Host: 16e-3, Prompt: 1,
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
		{"eight", e.Eight}, {"four", e.Four}, {"experts", e.Experts}, {"narrow", e.Narrow},
	} {
		if !(c.value > 0 && c.value <= 1) {
			return &InputError{Field: "efficiency." + c.name, Err: fmt.Errorf("%g is not above 0 and at most 1: an engine cannot beat its hardware", float64(c.value))}
		}
	}
	if !(e.Exposed >= 0 && e.Exposed <= 1) {
		return &InputError{Field: "efficiency.exposed", Err: fmt.Errorf("%g is not between 0 and 1", float64(e.Exposed))}
	}
	if !(e.Pad >= 0 && e.Pad <= 4096) {
		return &InputError{Field: "efficiency.pad", Err: fmt.Errorf("%g is not between 0 and 4096", e.Pad)}
	}
	if !(e.Passes >= 0 && e.Passes <= 1000) {
		return &InputError{Field: "efficiency.passes", Err: fmt.Errorf("%g is not between 0 and 1000", e.Passes)}
	}
	if !(e.Prompt >= 1 && e.Prompt <= 100) {
		return &InputError{Field: "efficiency.prompt", Err: fmt.Errorf("%g is not between 1 and 100", e.Prompt)}
	}
	if !(e.Queue >= 0 && e.Queue <= 1000) {
		return &InputError{Field: "efficiency.queue", Err: fmt.Errorf("%g is not between 0 and 1000", e.Queue)}
	}
	for _, c := range []struct {
		name  string
		value Seconds
	}{
		{"reduce", e.Reduce}, {"step", e.Step}, {"layer", e.Layer}, {"sequence", e.Sequence}, {"host", e.Host},
		{"mixture", e.Mixture}, {"latent", e.Latent}, {"request", e.Request},
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
