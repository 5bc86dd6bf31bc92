package plan

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"breakeven/serving"
	"breakeven/unit"
)

// Goal is a latency that a share of the requests must keep: 0.99 for p99. A zero Within asks nothing.
type Goal struct {
	Within serving.Seconds
	Share  unit.Share
}

// Target is what users must see.
type Target struct {
	TTFT Goal // of the requests that are answered
	TPOT Goal // of those with two tokens or more
}

// TargetError is a target that cannot be asked for.
type TargetError struct {
	Field string
	Err   error
}

func (e *TargetError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *TargetError) Unwrap() error { return e.Err }

// Check reports the first field that cannot be asked for. The error is a *[TargetError].
func (t Target) Check() error {
	if t.TTFT.Within == 0 {
		return &TargetError{Field: "ttft", Err: errors.New("missing: without it, a queue may grow without bound")}
	}
	for _, g := range []struct {
		field string
		goal  Goal
	}{{"ttft", t.TTFT}, {"tpot", t.TPOT}} {
		if !(g.goal.Within >= 0 && g.goal.Within < 1e6) {
			return &TargetError{Field: g.field, Err: fmt.Errorf("%g s is not between 0 and 1,000,000", float64(g.goal.Within))}
		}
		if g.goal.Within > 0 && !(g.goal.Share > 0 && g.goal.Share < 1) {
			return &TargetError{Field: g.field, Err: fmt.Errorf("a share of %g is not between 0 and 1", float64(g.goal.Share))}
		}
	}
	return nil
}

// allowed is how many of n requests may be late: the quantile at nearest rank is then still within the goal.
func (g Goal) allowed(n int64) int64 {
	if g.Within == 0 {
		return n
	}
	// The share is a decimal such as 0.99, which no binary number is: a rank that is whole up to rounding is whole.
	return n - int64(math.Ceil(float64(g.Share)*float64(n)-1e-6))
}

// Percentile names a share as people do: "p99".
func Percentile(share unit.Share) string {
	return "p" + strconv.FormatFloat(math.Round(float64(share)*1e6)/1e4, 'f', -1, 64)
}

// String writes the target: "p99 TTFT 2 s, p99 TPOT 50 ms".
func (t Target) String() string {
	var parts []string
	if t.TTFT.Within > 0 {
		parts = append(parts, Percentile(t.TTFT.Share)+" TTFT "+Latency(t.TTFT.Within))
	}
	if t.TPOT.Within > 0 {
		parts = append(parts, Percentile(t.TPOT.Share)+" TPOT "+Latency(t.TPOT.Within))
	}
	return strings.Join(parts, ", ")
}

// Latency writes a latency with three digits: "50 ms", "1.72 s".
func Latency(s serving.Seconds) string {
	if s < 1 {
		return digits(s.Milliseconds()) + " ms"
	}
	return digits(float64(s)) + " s"
}

// digits writes a number with three digits, and all of those before the point.
func digits(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// closed is the target as the closed form takes it.
func (t Target) closed() serving.Target {
	return serving.Target{TTFT: t.TTFT.Within, TPOT: t.TPOT.Within, Quantile: min(max(t.TTFT.Share, 0.5), 0.9999)}
}
