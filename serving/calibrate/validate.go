package calibrate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"breakeven/serving"
	"breakeven/serving/sim"
)

// Result is a trial with its prediction.
type Result struct {
	Trial      *Trial
	Prediction Prediction
	Held       bool // predicted by a vector that was not fitted to the trial's group
}

// judge predicts trials: each that was fitted both by its calibration and by the fold that has not seen its group, the
// others once. Trials without a calibration, and those that the model cannot run, are left out.
func judge(list []*Trial, find func(*Trial) *serving.Calibration) []Result {
	all := make([]Result, 2*len(list))
	each(len(list), func(i int) {
		x := list[i]
		c := find(x)
		if c == nil {
			return
		}
		unseen, fitted := c.Unseen(x.Group())
		if unseen != nil {
			if p, err := x.Predict(unseen.Efficiency(x.Class)); err == nil {
				all[2*i] = Result{x, p, true}
			}
		}
		if fitted {
			if p, err := x.Predict(c.Efficiency(x.Class)); err == nil {
				all[2*i+1] = Result{x, p, false}
			}
		}
	})
	return slices.DeleteFunc(all, func(r Result) bool { return r.Trial == nil })
}

// errorsOf sums results up by class, metric and whether their groups were fitted.
func errorsOf(results []Result) []serving.ErrorStat {
	var list []serving.ErrorStat
	for _, class := range serving.Classes() {
		for _, metric := range serving.Metrics() {
			for _, held := range []bool{false, true} {
				var ratios []float64
				for i := range results {
					if r := &results[i]; r.Trial.Class == class && r.Held == held {
						if ratio, ok := r.ratio(metric); ok {
							ratios = append(ratios, ratio)
						}
					}
				}
				if len(ratios) > 0 {
					list = append(list, stat(class, metric, held, ratios))
				}
			}
		}
	}
	return list
}

// ratio is predicted over measured.
func (r *Result) ratio(m serving.Metric) (float64, bool) {
	row, p := r.Trial.Row, &r.Prediction
	var pairs [][2]float64
	switch m {
	case serving.Throughput:
		pairs = [][2]float64{{p.OutputRate, row.OutputRate}}
	case serving.TTFT:
		pairs = [][2]float64{{float64(p.TTFT.Mean), row.TTFT}, {float64(p.TTFT.P50), row.TTFTp50}, {float64(p.TTFT.P99), row.TTFTp99}}
	case serving.TPOT:
		pairs = [][2]float64{{float64(p.TPOT.Mean), row.TPOT}, {float64(p.TPOT.P50), row.TPOTp50}, {float64(p.TPOT.P99), row.TPOTp99}}
	}
	for _, x := range pairs { // the first that the row has
		if x[0] > 0 && x[1] > 0 && !math.IsInf(x[0], 0) {
			return x[0] / x[1], true
		}
	}
	return 0, false
}

// stat sums up ratios of predicted over measured.
func stat(class serving.Class, metric serving.Metric, held bool, ratios []float64) serving.ErrorStat {
	s := serving.ErrorStat{Class: class, Metric: metric, Held: held, Rows: len(ratios)}
	off, inverse := make([]float64, len(ratios)), make([]float64, len(ratios))
	for i, r := range ratios {
		off[i], inverse[i] = math.Abs(r-1), 1/r
		s.Mean += off[i] / float64(len(ratios))
	}
	slices.Sort(off)
	slices.Sort(inverse)
	s.Median, s.Low, s.Middle, s.High = at(off, 0.5), at(inverse, 0.1), at(inverse, 0.5), at(inverse, 0.9)
	for _, v := range []*float64{&s.Median, &s.Mean, &s.Low, &s.Middle, &s.High} {
		*v = math.Round(*v*1e4) / 1e4
	}
	return s
}

// at is a quantile of sorted values.
func at(sorted []float64, q float64) float64 {
	x := q * float64(len(sorted)-1)
	i := min(int(x), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (x-float64(i))*(sorted[j]-sorted[i])
}

// Line is one line of a report: how far predictions of a kind of rows lie from what was measured.
type Line struct {
	Source   string `json:"source,omitempty" doc:"Empty for all sources."`
	Scenario string `json:"scenario,omitempty" doc:"Empty for all scenarios."`
	Engine   string `json:"engine,omitempty" doc:"Empty for all engines."`
	serving.ErrorStat
}

// Report is how far a model's predictions lie from a table.
type Report struct {
	Rows    int        `json:"rows" doc:"All rows of the table."`
	Judged  int        `json:"judged" doc:"Rows that were predicted."`
	Lines   []Line     `json:"lines" nullable:"false"`
	Targets []Capacity `json:"capacity" nullable:"false" doc:"Largest concurrency within a latency target, predicted over measured."`
	Skipped []Skipped  `json:"skipped" nullable:"false"`
}

// Skipped counts the rows that were not predicted for one reason.
type Skipped struct {
	Reason string `json:"reason"`
	Rows   int    `json:"rows"`
}

// Validate predicts every trial that has a calibration and compares. Rows of groups that a calibration was fitted
// to, and all others, are counted apart.
func (t Trials) Validate(rows int, all *serving.Calibrations) Report {
	r := Report{Rows: rows, Lines: []Line{}}
	skipped := Trials{Skipped: maps.Clone(t.Skipped)}
	results := judge(t.List, func(x *Trial) *serving.Calibration {
		c, err := all.Find(x.Vendor, x.Family)
		if err != nil {
			return nil
		}
		return c
	})
	ratios := map[Line][]float64{}
	judged := map[*Trial]bool{}
	for i := range results {
		x := &results[i]
		judged[x.Trial] = true
		for _, metric := range serving.Metrics() {
			ratio, ok := x.ratio(metric)
			if !ok {
				continue
			}
			key := serving.ErrorStat{Class: x.Trial.Class, Metric: metric, Held: x.Held}
			for _, line := range []Line{
				{ErrorStat: key},
				{Engine: x.Trial.Family + " on " + x.Trial.Vendor, ErrorStat: key},
				{Source: x.Trial.Row.Source, Scenario: x.Trial.scenario(), ErrorStat: key},
			} {
				ratios[line] = append(ratios[line], ratio)
			}
		}
	}
	r.Judged = len(judged)
	for _, x := range t.List {
		if !judged[x] {
			skipped.Skipped["no calibration of "+x.Family+" on "+x.Vendor]++
		}
	}
	for line, list := range ratios {
		line.ErrorStat = stat(line.Class, line.Metric, line.Held, list)
		r.Lines = append(r.Lines, line)
	}
	slices.SortFunc(r.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Engine, b.Engine),
			cmp.Compare(a.Class, b.Class), cmp.Compare(metricOrder(a.Metric), metricOrder(b.Metric)), cmp.Compare(word(a.Held), word(b.Held)))
	})
	r.Skipped = skipped.Reasons()
	r.Targets = capacities(t.List, all)
	return r
}

func metricOrder(m serving.Metric) int { return slices.Index(serving.Metrics(), m) }

func word(held bool) string {
	if held {
		return "held"
	}
	return "fitted"
}

// scenario is how the row was measured, in a word.
func (t *Trial) scenario() string {
	switch {
	case t.Static:
		return "static batch"
	case t.Offline:
		return "offline"
	}
	return "closed loop"
}

// Capacity is the largest concurrency at which a sweep kept a latency target: predicted over measured.
type Capacity struct {
	Group     string  `json:"group"`
	Input     float64 `json:"input"`
	Output    float64 `json:"output"`
	Measured  float64 `json:"measured"`
	Predicted float64 `json:"predicted"`
	// Censored tells that the whole sweep kept the target, so that the truth is at least what was measured.
	Censored bool `json:"censored"`
}

// The target of the sweeps: 99 in 100 requests within it.
const (
	targetTTFT serving.Seconds = 2
	targetTPOT serving.Seconds = 0.05
)

// tpot is the time between tokens that 99 in 100 answers of a closed loop keep, by the simulator: where the cache is
// full it throws sequences out, which the loop of package serving does not.
func (t *Trial) tpot(eff serving.Efficiency) (serving.Seconds, error) {
	r := t.Replica
	r.Efficiency = eff
	e, err := r.Engine()
	if err != nil {
		return 0, err
	}
	config := sim.For(e, 1)
	config.Users = &sim.Users{Count: t.Loop.Clients}
	request := sim.Request{Input: int64(t.Loop.Input), Output: int64(t.Loop.Output)}
	result, err := sim.Run(config, func(yield func(sim.Request) bool) {
		for range t.Loop.Requests {
			if !yield(request) {
				return
			}
		}
	}, nil)
	if err != nil {
		return 0, err
	}
	return result.TPOT.Quantile(0.99), nil
}

// capacities finds sweeps over concurrency that publish tails, and compares where they leave the target. Measured
// concurrency is interpolated between the last level that keeps it and the first that does not.
func capacities(list []*Trial, all *serving.Calibrations) []Capacity {
	type key struct {
		group         string
		tp            int
		input, output float64
	}
	sweeps := map[key][]*Trial{}
	for _, x := range list {
		if x.Row.TTFTp99 > 0 && x.Row.TPOTp99 > 0 && !x.Offline && !x.Static {
			k := key{x.Group() + " " + string(x.Replica.Precision), x.Replica.TP, x.Row.Input, x.Row.Output}
			sweeps[k] = append(sweeps[k], x)
		}
	}
	out := []Capacity{}
	for k, sweep := range sweeps {
		slices.SortFunc(sweep, func(a, b *Trial) int { return cmp.Compare(a.Row.Concurrency, b.Row.Concurrency) })
		c, err := all.Find(sweep[0].Vendor, sweep[0].Family)
		if err != nil {
			continue
		}
		over := func(ttft, tpot float64) float64 { return max(ttft/float64(targetTTFT), tpot/float64(targetTPOT)) }
		measured, censored := largest(len(sweep), func(i int) (float64, float64) {
			return sweep[i].Row.Concurrency, over(sweep[i].Row.TTFTp99, sweep[i].Row.TPOTp99)
		})
		if measured == 0 {
			continue
		}
		at := func(n int) float64 {
			x := *sweep[0]
			x.Loop.Clients, x.Loop.Requests, x.Replica.Limits.MaxSequences = n, 10*n, n
			p, err := x.Predict(c.Efficiency(x.Class))
			if err != nil {
				return math.Inf(1)
			}
			tpot, err := x.tpot(c.Efficiency(x.Class))
			if err != nil {
				return math.Inf(1)
			}
			return over(float64(p.TTFT.P99), float64(tpot))
		}
		low, high := 0, 4096
		for high-low > 1 {
			if mid := (low + high) / 2; at(mid) <= 1 {
				low = mid
			} else {
				high = mid
			}
		}
		out = append(out, Capacity{Group: k.group, Input: k.input, Output: k.output, Measured: math.Round(measured), Predicted: float64(low), Censored: censored})
	}
	slices.SortFunc(out, func(a, b Capacity) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), cmp.Compare(a.Input, b.Input), cmp.Compare(a.Output, b.Output))
	})
	return out
}

// largest is where a rising curve passes one, in proportion between the points beside it.
func largest(n int, point func(i int) (x, y float64)) (value float64, censored bool) {
	for i := range n {
		x, y := point(i)
		if y <= 1 {
			value = x
			continue
		}
		if i > 0 {
			x0, y0 := point(i - 1)
			value = x0 + (x-x0)*(1-y0)/(y-y0)
		}
		return value, false
	}
	return value, true
}
