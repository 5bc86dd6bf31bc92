package serving

import (
	"fmt"

	"breakeven/llm"
	"breakeven/unit"
)

// Shape is what a request looks like in the mean.
type Shape struct {
	Input  llm.Tokens // the whole prompt
	Output llm.Tokens // at least one
	// InputCV and OutputCV are how widely lengths spread: the standard deviation over the mean. Zero is all
	// alike. Long outputs run longer and so fill more of the engine than their number says.
	InputCV, OutputCV float64
	// CachedShare is the part of the prompt whose keys and values are found in the prefix cache. It saves the
	// work of reading those tokens. Memory is counted as if no two requests shared any, which is safe.
	CachedShare unit.Share
}

// Check reports the first field that no request can have on the model.
func (s Shape) Check(m *llm.Model) error {
	fail := func(field, format string, args ...any) error {
		return &InputError{Field: field, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case !(s.Input >= 1 && s.Input <= 1<<30):
		return fail("input", "%g tokens is not between 1 and 2^30", float64(s.Input))
	case !(s.Output >= 1 && s.Output <= 1<<30):
		return fail("output", "%g tokens is not between 1 and 2^30", float64(s.Output))
	case !(s.InputCV >= 0 && s.InputCV <= 10):
		return fail("input_cv", "%g is not between 0 and 10", s.InputCV)
	case !(s.OutputCV >= 0 && s.OutputCV <= 10):
		return fail("output_cv", "%g is not between 0 and 10", s.OutputCV)
	case !(s.CachedShare >= 0 && s.CachedShare <= 1):
		return fail("cached_share", "%g is not between 0 and 1", float64(s.CachedShare))
	case s.Input+s.Output > llm.Tokens(m.MaxContext):
		return fail("input", "prompt and answer take %.0f tokens in the mean, and %s has a context of %d", float64(s.Input+s.Output), m, m.MaxContext)
	}
	return nil
}

// Target is the latency that must hold. A zero field asks for nothing.
type Target struct {
	TTFT Seconds // from arrival to the first token
	TPOT Seconds // between later tokens, in the mean over an answer
	// Quantile is the share of requests whose TTFT must be within the target: 0.99 for p99. Zero asks for the
	// mean. The tail is rough: an exponential wait and log-normal prompts, added at the same quantile.
	Quantile unit.Share
}

// Check reports the first field that no target can have.
func (t Target) Check() error {
	switch {
	case !(t.TTFT >= 0 && t.TTFT < 1e6):
		return &InputError{Field: "ttft", Err: fmt.Errorf("%g s is not between 0 and 1,000,000", float64(t.TTFT))}
	case !(t.TPOT >= 0 && t.TPOT < 1e6):
		return &InputError{Field: "tpot", Err: fmt.Errorf("%g s is not between 0 and 1,000,000", float64(t.TPOT))}
	case !(t.Quantile == 0 || t.Quantile >= 0.5 && t.Quantile <= 0.9999):
		return &InputError{Field: "quantile", Err: fmt.Errorf("%g is neither zero nor between 0.5 and 0.9999", float64(t.Quantile))}
	}
	return nil
}
