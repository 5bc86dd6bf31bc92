package serving

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/datafile"
	"breakeven/fact"
)

// CalibrationSchema names the version of the calibration file format that this package reads.
const CalibrationSchema = "breakeven/serving/v1"

// Calibration is the format of catalog/serving: one vector of constants of an engine family on the accelerators of
// one vendor, fitted to measurements of others, and how far off it is. A command writes it.
type Calibration struct {
	Schema   string    `json:"schema"`
	Vendor   string    `json:"vendor"`   // of the accelerators, as the catalog names it
	Engine   string    `json:"engine"`   // family: engines of one name whose versions differ much have one each
	Versions string    `json:"versions"` // measured, in words
	Fitted   fact.Date `json:"fitted"`
	// Constants are the fitted ones by name, the same for every model.
	Constants map[string]float64 `json:"constants"`
	// Latency is what the time to first token adds, by class.
	Latency map[Class]Latency `json:"latency"`
	// Errors are how far the predictions lie from the rows, by class.
	Errors []ErrorStat `json:"errors"`
	// Measured are the accelerators and precisions of the rows by class: all else is extrapolated.
	Measured map[Class][]Cell `json:"measured"`
	// Train and Held are the groups of rows that were fitted and those that never are.
	Train []string `json:"train_groups"`
	Held  []string `json:"held_groups,omitempty"`
	// Folds are the vectors that tell how well a group is predicted that was not fitted: each is fitted without the
	// groups that it holds out, and every fitted group is held out by one.
	Folds []Fold `json:"folds"`
}

// Fold is a vector that was fitted without some groups.
type Fold struct {
	Held      []string           `json:"held_groups"`
	Constants map[string]float64 `json:"constants"`
	Latency   map[Class]Latency  `json:"latency"`
}

// Unseen is the calibration as it is without a group of rows: of the fold that holds it out, or the calibration itself
// if the group is none that was fitted. Fitted tells which.
func (c *Calibration) Unseen(group string) (unseen *Calibration, fitted bool) {
	if !slices.Contains(c.Train, group) {
		return c, false
	}
	for i := range c.Folds {
		if f := &c.Folds[i]; slices.Contains(f.Held, group) {
			without := *c
			without.Constants, without.Latency = f.Constants, f.Latency
			return &without, true
		}
	}
	return nil, true
}

// Latency is how the time to first token follows from the engine's own: host + wait + prompt·prefill + queue·step.
type Latency struct {
	Host   Seconds `json:"host_s"`
	Prompt float64 `json:"prompt"`
	Queue  float64 `json:"queue_steps"`
}

// Metric is a figure that is predicted.
type Metric string

// The metrics.
const (
	Throughput Metric = "throughput"
	TTFT       Metric = "ttft"
	TPOT       Metric = "tpot"
)

// Metrics lists the metrics.
func Metrics() []Metric { return []Metric{Throughput, TTFT, TPOT} }

// ErrorStat is how far predictions of one metric and class lie from what was measured.
type ErrorStat struct {
	Class  Class  `json:"class"`
	Metric Metric `json:"metric"`
	Held   bool   `json:"held"` // groups that were not fitted
	Rows   int    `json:"rows"`
	// Median and Mean are of the absolute error, as shares of what was measured.
	Median float64 `json:"median"`
	Mean   float64 `json:"mean"`
	// Low, Middle and High are the tenth, fiftieth and ninetieth percentile of measured over predicted.
	Low    float64 `json:"p10"`
	Middle float64 `json:"p50"`
	High   float64 `json:"p90"`
}

// Cell is what an interval can rest on.
type Cell struct {
	Accelerator string `json:"accelerator"`
	Precision   string `json:"precision"`
}

// ParseCalibration reads a calibration file strictly. The error is a *[datafile.Error].
func ParseCalibration(name string, data []byte) (*Calibration, error) {
	var c Calibration
	if err := datafile.Decode(name, data, &c); err != nil {
		return nil, err
	}
	fail := func(path, format string, args ...any) error {
		return &datafile.Error{File: name, Path: path, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case c.Schema != CalibrationSchema:
		return nil, fail("schema", "%q is not %q", c.Schema, CalibrationSchema)
	case c.Vendor == "":
		return nil, fail("vendor", "missing")
	case c.Engine == "":
		return nil, fail("engine", "missing")
	case c.Fitted.Time().IsZero():
		return nil, fail("fitted", "%q is not YYYY-MM-DD", c.Fitted)
	}
	if path, err := checkVector(c.Constants, c.Latency); err != nil {
		return nil, fail(path, "%w", err)
	}
	for i, f := range c.Folds {
		if path, err := checkVector(f.Constants, f.Latency); err != nil {
			return nil, fail(fmt.Sprintf("folds[%d].%s", i, path), "%w", err)
		}
	}
	for i, e := range c.Errors {
		if !(e.Rows >= 1 && e.Median >= 0 && e.Mean >= 0 && 0 < e.Low && e.Low <= e.Middle && e.Middle <= e.High) {
			return nil, fail(fmt.Sprintf("errors[%d]", i), "percentiles are not positive and in order")
		}
	}
	return &c, nil
}

// checkVector reports the first number that no vector can have.
func checkVector(constants map[string]float64, latency map[Class]Latency) (path string, err error) {
	known := map[string]bool{}
	for _, k := range Constants() {
		known[k.Name] = true
		if _, ok := constants[k.Name]; !ok {
			return "constants." + k.Name, errors.New("missing")
		}
	}
	for _, k := range slices.Sorted(maps.Keys(constants)) {
		if !known[k] {
			return "constants." + k, errors.New("not a constant")
		}
	}
	for _, class := range Classes() {
		if _, ok := latency[class]; !ok {
			return "latency." + string(class), errors.New("missing")
		}
		v := Calibration{Constants: constants, Latency: latency}
		if err := v.Efficiency(class).Check(); err != nil {
			return "constants, or latency." + string(class), err
		}
	}
	return "", nil
}

// Constant is one number of the vector, with what it may be. Shares end at one: an engine cannot beat its hardware.
type Constant struct {
	Name      string
	Low, High float64
	// At is where the constant stands.
	At func(*Efficiency) *float64
}

// Constants lists the fitted constants.
func Constants() []Constant {
	return []Constant{
		{"linear", 0.05, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Linear) }},
		{"eight", 0.2, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Eight) }},
		{"four", 0.1, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Four) }},
		{"experts", 0.02, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Experts) }},
		{"pad", 0, 512, func(e *Efficiency) *float64 { return &e.Pad }},
		{"attention", 0.02, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Attention) }},
		{"weights", 0.2, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Weights) }},
		{"cache", 0.05, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Cache) }},
		{"narrow", 0.2, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Narrow) }},
		{"exposed", 0, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Exposed) }},
		{"passes", 0, 200, func(e *Efficiency) *float64 { return &e.Passes }},
		{"link", 0.02, 1, func(e *Efficiency) *float64 { return (*float64)(&e.Link) }},
		{"reduce_s", 1e-6, 1e-4, func(e *Efficiency) *float64 { return (*float64)(&e.Reduce) }},
		{"step_s", 1e-5, 2e-2, func(e *Efficiency) *float64 { return (*float64)(&e.Step) }},
		{"layer_s", 1e-6, 2e-4, func(e *Efficiency) *float64 { return (*float64)(&e.Layer) }},
		{"mixture_s", 1e-7, 1e-3, func(e *Efficiency) *float64 { return (*float64)(&e.Mixture) }},
		{"latent_s", 1e-7, 1e-3, func(e *Efficiency) *float64 { return (*float64)(&e.Latent) }},
		{"sequence_s", 1e-8, 1e-4, func(e *Efficiency) *float64 { return (*float64)(&e.Sequence) }},
		{"request_s", 1e-5, 5e-3, func(e *Efficiency) *float64 { return (*float64)(&e.Request) }},
	}
}

// Efficiency is the constants for models of a class.
func (c *Calibration) Efficiency(class Class) Efficiency {
	var e Efficiency
	for _, k := range Constants() {
		*k.At(&e) = c.Constants[k.Name]
	}
	l := c.Latency[class]
	e.Host, e.Prompt, e.Queue = l.Host, l.Prompt, l.Queue
	e.Provenance = fact.Provenance{
		Kind: fact.Measured, Source: fmt.Sprintf("calibration of %s %s on %s", c.Engine, c.Versions, c.Vendor), Date: c.Fitted,
		Rule: "roofline with constants fitted to public measurements; docs/METHOD.md, section 5",
	}
	return e
}

// Apply is the replica with the calibrated constants of its class.
func (c *Calibration) Apply(r Replica) Replica {
	r.Efficiency, r.Calibration = c.Efficiency(r.Class()), c
	return r
}

// Interval is between what share and what multiple of a prediction the truth plausibly lies.
type Interval struct {
	Low, High float64
	// Rows is how many measurements it rests on; zero where it is an assumption.
	Rows int
	// Extrapolates lists what nothing was measured on: the interval's low end is then halved.
	Extrapolates []string
	Provenance   fact.Provenance
}

// fewRows is how many rows an interval needs.
const fewRows = 12

// Interval is how far to trust a prediction of a metric for a replica, from rows that were not fitted if there are
// enough of them, else from all. It is in terms of measured over predicted.
func (c *Calibration) Interval(r Replica, metric Metric) Interval {
	class := r.Class()
	in := Interval{Low: 0.5, High: 2, Provenance: fact.Assume("no row of this class was measured on this engine: between half and twice")}
	var best *ErrorStat
	for i := range c.Errors {
		e := &c.Errors[i]
		if e.Class != class || e.Metric != metric {
			continue
		}
		if e.Held && e.Rows >= fewRows || best == nil || !best.Held && e.Rows > best.Rows || best.Held && best.Rows < fewRows {
			best = e
		}
	}
	if best != nil {
		which := "rows that were fitted"
		if best.Held {
			which = "rows that were not fitted"
		}
		in = Interval{Low: best.Low, High: best.High, Rows: best.Rows, Provenance: fact.Provenance{
			Kind: fact.Measured, Source: fmt.Sprintf("%d %s, %s on %s", best.Rows, which, c.Engine, c.Vendor), Date: c.Fitted,
			Rule: fmt.Sprintf("tenth to ninetieth percentile of measured over predicted %s", metric),
		}}
	}
	if in.Extrapolates = c.extrapolates(r); len(in.Extrapolates) > 0 {
		in.Low /= 2
		if metric != Throughput {
			in.Low, in.High = in.Low*2, in.High*2
		}
		in.Provenance = fact.Assume("nothing was measured on " + strings.Join(in.Extrapolates, ", ") + ": the interval of what was, its bad end doubled")
	}
	return in
}

// extrapolates lists what of a replica no row of its class covers.
func (c *Calibration) extrapolates(r Replica) []string {
	class := r.Class()
	cells, ok := c.Measured[class]
	if !ok || len(cells) == 0 {
		return []string{"models of class " + string(class)}
	}
	if r.Accelerator.Vendor != c.Vendor {
		return []string{"accelerators of " + r.Accelerator.Vendor}
	}
	has := func(f func(Cell) bool) bool { return slices.ContainsFunc(cells, f) }
	var list []string
	if !has(func(x Cell) bool { return x.Accelerator == r.Accelerator.ID }) {
		list = append(list, r.Accelerator.String())
	}
	if !has(func(x Cell) bool { return x.Precision == string(r.Precision) }) {
		list = append(list, "weights of "+string(r.Precision))
	}
	return list
}

// Safety is by how much a fleet should be larger than predicted, so that nine out of ten measurements would have
// held: the inverse of the low end of the throughput's interval, and at least one.
func (c *Calibration) Safety(r Replica) float64 {
	return max(1, 1/c.Interval(r, Throughput).Low)
}

// Doubt is the interval of the throughput in the form that capacities carry.
func (c *Calibration) Doubt(r Replica) Doubt {
	in := c.Interval(r, Throughput)
	return Doubt{Low: in.Low, High: in.High, Extrapolated: len(in.Extrapolates) > 0, Provenance: in.Provenance}
}

// Calibrations are calibrations that can be looked up. It is immutable and safe for concurrent use.
type Calibrations struct{ list []*Calibration }

// NewCalibrations reads calibration files. Files are named for their errors.
func NewCalibrations(files map[string][]byte) (*Calibrations, error) {
	all := &Calibrations{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		c, err := ParseCalibration(name, files[name])
		if err != nil {
			return nil, err
		}
		if _, err := all.Find(c.Vendor, c.Engine); err == nil {
			return nil, &datafile.Error{File: name, Path: "engine", Err: fmt.Errorf("%s on %s appears twice", c.Engine, c.Vendor)}
		}
		all.list = append(all.list, c)
	}
	return all, nil
}

// All lists the calibrations.
func (a *Calibrations) All() []*Calibration { return slices.Clone(a.list) }

// DefaultEngine is the engine that is assumed where none is named.
const DefaultEngine = "vllm"

// ErrNoCalibration says that no engine was calibrated on a vendor's accelerators.
var ErrNoCalibration = errors.New("no calibration")

// Find finds the calibration of an engine on a vendor's accelerators. The error wraps [ErrNoCalibration].
func (a *Calibrations) Find(vendor, engine string) (*Calibration, error) {
	var known []string
	for _, c := range a.list {
		if c.Vendor == vendor && c.Engine == engine {
			return c, nil
		}
		known = append(known, c.Engine+" on "+c.Vendor)
	}
	return nil, fmt.Errorf("%w of %s on %s; there are %s", ErrNoCalibration, engine, vendor, strings.Join(known, ", "))
}
