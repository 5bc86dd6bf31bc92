// Package workload describes demand: how many calls arrive when, how long they are, and what the data that
// says so can and cannot answer.
//
// Reading guide: profile.go is the result, character.go what else tells workloads apart, and answers.go what the data
// can answer; builder.go measures it from a stream of calls in one pass; histogram.go and arrivals.go are the instruments.
package workload

import (
	"fmt"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/price"
	"breakeven/unit"
	"breakeven/usage"
)

// Hours is a length of time.
type Hours float64

// Seconds is a length of time.
type Seconds float64

// Tokens is an estimated number of tokens, such as a mean or a percentile.
type Tokens float64

// Ratio is a quotient of two equal units: a coefficient of variation, a peak over a mean.
type Ratio float64

// Level is the resolution of the data behind a profile. It decides what can be asked of it.
type Level uint8

// The levels, from the finest.
const (
	L0 Level = iota // single calls with their times: can be replayed as they are
	L1              // buckets of a minute at most
	L2              // buckets of an hour at most
	L3              // a day or coarser, or no times at all
)

var levels = [...]struct{ name, text string }{
	L0: {"L0", "single calls"},
	L1: {"L1", "buckets of a minute"},
	L2: {"L2", "buckets of an hour"},
	L3: {"L3", "buckets of a day or longer"},
}

// String is the level's short name: "L0".
func (l Level) String() string {
	if int(l) < len(levels) {
		return levels[l].name
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// Text is the level in words.
func (l Level) Text() string {
	if int(l) < len(levels) {
		return levels[l].text
	}
	return l.String()
}

// MarshalText writes the level's short name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's short name.
func (l *Level) UnmarshalText(text []byte) error {
	for i := range levels {
		if strings.EqualFold(levels[i].name, string(text)) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("workload: resolution %q is not one of L0, L1, L2, L3", text)
}

// Profile is a workload as measured. What the data cannot tell is absent: a nil pointer or a missing window,
// with a note that says why.
type Profile struct {
	Calls    int64       `json:"calls" doc:"Rows of the log; in reports a row may stand for several calls."`
	Requests usage.Count `json:"requests" doc:"Calls; null unless every row says how many it stands for."`
	Failed   int64       `json:"failed,omitempty" doc:"Rows that failed or hold no token. They are no load, so arrivals and lengths leave them out."`

	Start    time.Time `json:"start,omitzero" doc:"The first arrival, or the begin of the first bucket; absent where the log has no dates."`
	End      time.Time `json:"end,omitzero" doc:"The last arrival, or the end of the last bucket."`
	Relative bool      `json:"relative" doc:"Times count from the start of a trace: the log has no dates."`
	// Span is the time that the log stands for. Buckets cover theirs whole. N arrivals have N - 1 gaps between
	// them, so a log of single calls stands for (last - first) × N / (N - 1). Nil for a log of one arrival.
	Span        *Hours   `json:"span_hours,omitempty"`
	MonthFactor *float64 `json:"month_factor,omitempty" doc:"730 hours / span: what the log's totals are multiplied by for a month."`
	Resolution  Level    `json:"resolution" enum:"L0,L1,L2,L3"`

	Tokens     price.Quantities `json:"tokens" doc:"Totals over all rows."`
	Overflow   bool             `json:"overflow,omitempty" doc:"The totals exceed what can be counted; they are cut off."`
	CacheShare *unit.Share      `json:"cache_share,omitempty" doc:"Part of the input tokens that a vendor's cache served. A self-hosted cache has another one."`
	BatchShare *unit.Share      `json:"batch_share,omitempty" doc:"Part of all tokens on a batch tier; absent where no row names one."`

	// Lengths are per call, over the rows that are single calls.
	Input    *Lengths `json:"input,omitempty" doc:"The whole prompt."`
	NewInput *Lengths `json:"new_input,omitempty" doc:"The prompt without what a cache served: the work of prefill."`
	Output   *Lengths `json:"output,omitempty" doc:"The answer, reasoning included."`

	Rate *unit.RequestsPerSecond `json:"rate_per_second,omitempty" doc:"Requests over the span."`
	Peak *Peak                   `json:"peak_hour,omitempty" doc:"The busiest clock hour; absent where the span is too short or the buckets are too wide to show one."`

	PeakToMean []AtWindow `json:"peak_to_mean,omitempty" doc:"Most requests in a window over the mean, for the windows that the data resolves."`
	IoD        []AtWindow `json:"index_of_dispersion,omitempty" doc:"Variance over mean of the requests in a window; 1 is Poisson."`
	// IATCV is the coefficient of variation of the times between arrivals; 1 is Poisson. Where the clock has a
	// step that hides them, the arrivals of a step count as spread evenly at random inside it, and
	// IATCVTicks is what the times say at face value: an artefact, kept for comparison.
	IATCV      *Ratio `json:"iat_cv,omitempty"`
	IATCVTicks *Ratio `json:"iat_cv_at_ticks,omitempty"`

	Quantum time.Duration `json:"quantum_ns,omitempty" doc:"The step of the log's clock; zero where none was found."`

	Notes      []string        `json:"notes,omitempty" doc:"What was extrapolated, and what the resolution cannot answer."`
	Provenance fact.Provenance `json:"provenance"`
}

// Lengths is a distribution of token counts.
type Lengths struct {
	N    int64  `json:"n" doc:"How many calls."`
	Mean Tokens `json:"mean"`
	CV   Ratio  `json:"cv" doc:"Standard deviation over mean."`
	P50  Tokens `json:"p50" doc:"Percentiles are of the nearest rank, within 0.8 %."`
	P90  Tokens `json:"p90"`
	P99  Tokens `json:"p99"`
	Max  int64  `json:"max"`
}

// Peak is the busiest clock hour of a log: the one with the most requests, or the most tokens where requests
// are unknown.
type Peak struct {
	Hour     time.Time   `json:"hour,omitzero" doc:"Begin of the hour; absent where the log has no dates."`
	Requests usage.Count `json:"requests" doc:"Null where rows do not say how many calls they stand for."`
	Input    int64       `json:"input_tokens"`
	Output   int64       `json:"output_tokens"`
	ToMean   Ratio       `json:"to_mean" doc:"The hour over the mean hour, by requests or by tokens as above."`
}

// AtWindow is a figure that depends on the width of the window in which arrivals are counted.
type AtWindow struct {
	Window Seconds `json:"window_seconds"`
	Value  Ratio   `json:"value"`
}

// At finds the figure for a window, and false where the data does not resolve it.
func At(list []AtWindow, window time.Duration) (Ratio, bool) {
	for _, a := range list {
		if a.Window == Seconds(window.Seconds()) {
			return a.Value, true
		}
	}
	return 0, false
}
