// Package calibrate fits the constants of package serving to measured results, and measures how far off
// predictions are. Both work on any table with the columns of Breakeven's measured results.
//
// Reading guide: row.go reads the table; trial.go says what a row ran, and how; calibrate.go splits rows into
// groups and fits a vector for each engine family; fit.go is the optimiser; validate.go is the report.
package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"

	"breakeven/fact"
	"breakeven/serving"
)

// Trials are the rows that can be predicted, and why the others cannot.
type Trials struct {
	List    []*Trial
	Skipped map[string]int // rows by reason
}

// NewTrials says what each row measured.
func NewTrials(c Catalog, rows []Row) Trials {
	t := Trials{Skipped: map[string]int{}}
	for i := range rows {
		trial, err := NewTrial(c, &rows[i])
		if err == nil {
			err = trial.plausible()
		}
		if err != nil {
			t.Skipped[strings.TrimPrefix(err.Error(), ErrSkipped.Error()+": ")]++
			continue
		}
		t.List = append(t.List, trial)
	}
	t.split()
	return t
}

// plausible reports a row whose throughput is beyond the hardware that it names, so that something is not in its
// columns: it is compared with perfect efficiency, no overhead and all of the memory.
func (t *Trial) plausible() error {
	var ideal serving.Efficiency
	ideal.Linear, ideal.Attention, ideal.Eight, ideal.Four, ideal.Experts = 1, 1, 1, 1, 1
	ideal.Weights, ideal.Cache, ideal.Narrow, ideal.Link, ideal.Prompt = 1, 1, 1, 1, 1
	whole := *t
	whole.Replica.Limits.Memory, whole.Replica.Limits.Usable, whole.Replica.Limits.Reserve = 1, 1, 0
	p, err := whole.predict(ideal, true)
	if err != nil {
		return skip("%s", reason(err))
	}
	if t.Row.OutputRate > p.OutputRate {
		return skip("faster than the hardware that the row names: something is not in its columns")
	}
	return nil
}

// reason is an error without what differs from row to row.
func reason(err error) string {
	if input, ok := errors.AsType[*serving.InputError](err); ok {
		return "the model cannot have this " + input.Field
	}
	if _, ok := errors.AsType[*serving.DoesNotFitError](err); ok {
		return "by our count the weights do not fit"
	}
	if _, ok := errors.AsType[*serving.InfeasibleError](err); ok {
		return "by our count one request does not fit"
	}
	return err.Error()
}

// heldSources are never fitted, whatever their groups.
var heldSources = []string{"silybench", "MLPerf", "blog", "LLMServingSim", "Splitwise"}

// folds is how many times a vector is fitted to see how it does on groups that it has not seen.
const folds = 4

// split deals the groups out to folds: those of one engine family, vendor, class and kind of load in turn, in the order
// of a hash of their names, so that each fold holds some of every kind out.
func (t *Trials) split() {
	strata := map[string][]string{}
	for _, x := range t.List {
		if slices.ContainsFunc(heldSources, func(s string) bool { return strings.HasPrefix(x.Row.Source, s) }) {
			x.Held = true
			continue
		}
		load := "online"
		if x.Offline || x.Static {
			load = "offline"
		}
		key := strings.Join([]string{x.Family, x.Vendor, string(x.Class), load}, " ")
		if !slices.Contains(strata[key], x.vectorGroup()) {
			strata[key] = append(strata[key], x.vectorGroup())
		}
	}
	fold := map[string]int{}
	for _, groups := range strata {
		slices.SortFunc(groups, func(a, b string) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b)) })
		for i, g := range groups {
			fold[g] = i % folds
		}
	}
	for _, x := range t.List {
		x.fold = fold[x.vectorGroup()]
	}
}

// vectorGroup is the group within the vector that is fitted to it: tables of an engine's old and new generation share
// names.
func (t *Trial) vectorGroup() string { return t.Vendor + " " + t.Family + " " + t.Group() }

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// Vectors lists what can be calibrated: engine families by vendor.
func (t Trials) Vectors() [][2]string {
	seen := map[[2]string]bool{}
	for _, x := range t.List {
		seen[[2]string{x.Vendor, x.Family}] = true
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
}

// Reasons lists why rows are not predicted, with their numbers.
func (t Trials) Reasons() []Skipped {
	list := []Skipped{}
	for _, reason := range slices.Sorted(maps.Keys(t.Skipped)) {
		list = append(list, Skipped{reason, t.Skipped[reason]})
	}
	return list
}

// TooFewError says that an engine was measured too seldom to be fitted.
type TooFewError struct {
	Engine, Vendor string
	Rows           int
}

func (e *TooFewError) Error() string {
	return fmt.Sprintf("%s on %s: %d rows are too few to fit; %d are needed", e.Engine, e.Vendor, e.Rows, fewTrials)
}

// fewTrials is how many fitted rows a vector needs.
const fewTrials = 20

// rowsOfGroup is how many rows of a group are fitted at most, evenly over the group: large tables would outweigh
// the others, and repeat themselves.
const rowsOfGroup = 12

// Fit calibrates an engine family on one vendor's accelerators: once to all groups, and once for each fold without the
// groups that it holds out. The same rows give the same bytes.
func (t Trials) Fit(vendor, family string, day fact.Date) (*serving.Calibration, error) {
	var mine, fitted []*Trial
	for _, x := range t.List {
		if x.Vendor != vendor || x.Family != family {
			continue
		}
		mine = append(mine, x)
		if !x.Held {
			fitted = append(fitted, x)
		}
	}
	if len(fitted) < fewTrials {
		return nil, &TooFewError{Engine: family, Vendor: vendor, Rows: len(fitted)}
	}
	c := &serving.Calibration{
		Schema: serving.CalibrationSchema, Vendor: vendor, Engine: family, Versions: versions(mine), Fitted: day,
		Train: names(fitted), Measured: cells(mine),
		Held: names(slices.DeleteFunc(slices.Clone(mine), func(x *Trial) bool { return !x.Held })),
	}
	c.Constants, c.Latency = fit(fitted)
	for k := range folds {
		var rest, out []*Trial
		for _, x := range fitted {
			if x.fold == k {
				out = append(out, x)
			} else {
				rest = append(rest, x)
			}
		}
		if len(out) == 0 || len(rest) == 0 {
			continue
		}
		f := serving.Fold{Held: names(out)}
		f.Constants, f.Latency = fit(rest)
		c.Folds = append(c.Folds, f)
	}
	c.Errors = errorsOf(judge(mine, func(*Trial) *serving.Calibration { return c }))
	return c, nil
}

// names lists the groups of trials.
func names(list []*Trial) []string {
	seen := map[string]bool{}
	for _, x := range list {
		seen[x.Group()] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// cells lists what was measured, by class.
func cells(list []*Trial) map[serving.Class][]serving.Cell {
	seen := map[serving.Class]map[serving.Cell]bool{}
	for _, x := range list {
		if seen[x.Class] == nil {
			seen[x.Class] = map[serving.Cell]bool{}
		}
		seen[x.Class][serving.Cell{Accelerator: x.Replica.Accelerator.ID, Precision: string(x.Replica.Precision)}] = true
	}
	all := map[serving.Class][]serving.Cell{}
	for class, set := range seen {
		all[class] = slices.SortedFunc(maps.Keys(set), func(a, b serving.Cell) int {
			return cmp.Or(cmp.Compare(a.Accelerator, b.Accelerator), cmp.Compare(a.Precision, b.Precision))
		})
	}
	return all
}

// fit fits one vector.
func fit(list []*Trial) (map[string]float64, map[serving.Class]serving.Latency) {
	var train []*Trial
	var weights []float64
	groups := map[string][]*Trial{}
	for _, x := range list {
		groups[x.Group()] = append(groups[x.Group()], x)
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		g := groups[name]
		every := max(1, float64(len(g))/rowsOfGroup)
		first := len(train)
		for at := every / 2; at < float64(len(g)); at += every {
			train = append(train, g[int(at)])
		}
		for range len(train) - first {
			weights = append(weights, 1/math.Sqrt(float64(len(train)-first)))
		}
	}
	c := &serving.Calibration{Constants: map[string]float64{}, Latency: map[serving.Class]serving.Latency{}}
	start := firstGuess()
	for _, k := range serving.Constants() {
		c.Constants[k.Name] = *k.At(&start)
	}
	for _, class := range serving.Classes() {
		c.Latency[class] = serving.Latency{Host: start.Host, Prompt: 1}
	}
	for range 2 {
		fitConstants(c, train, weights)
		fitLatency(c, train, weights)
	}
	round(c)
	return c.Constants, c.Latency
}

// firstGuess is where a fit begins, and what rows that say nothing of a constant leave it at: round shares, and the
// overheads of step, layer and sequence that inference-sim fitted to its own traces of vLLM.
func firstGuess() serving.Efficiency {
	e := serving.Textbook()
	e.Linear, e.Eight, e.Four, e.Experts, e.Pad = 0.7, 0.8, 0.7, 0.6, 16
	e.Weights, e.Cache, e.Narrow, e.Exposed, e.Passes, e.Link = 0.85, 0.65, 0.8, 0.5, 10, 0.6
	e.Step, e.Layer, e.Mixture, e.Latent, e.Sequence, e.Request = 126e-6, 32e-6, 2e-5, 2e-5, 4.4e-6, 1e-3
	return e
}

// Weights of the figures of a row, and how much leaving the first guess costs.
const (
	tpotWeight  = 1.0
	rateWeight  = 0.5
	ttftWeight  = 0.3
	priorWeight = 0.02
	fitRounds   = 7
)

func fitConstants(c *serving.Calibration, train []*Trial, rows []float64) {
	constants := serving.Constants()
	u := make([]float64, len(constants))
	for i, k := range constants {
		u[i] = free(k, c.Constants[k.Name])
	}
	weights := make([]float64, 0, 3*len(rows))
	for _, w := range rows {
		weights = append(weights, tpotWeight*w, rateWeight*w, ttftWeight*w)
	}
	at := func(u []float64) *serving.Calibration {
		next := *c
		next.Constants = map[string]float64{}
		for i, k := range constants {
			next.Constants[k.Name] = bound(k, u[i])
		}
		return &next
	}
	u, _ = leastAbsolute(u, weights, priorWeight, func(u []float64) []float64 {
		next := at(u)
		r := make([]float64, 3*len(train))
		each(len(train), func(i int) {
			p, err := train[i].predict(next.Efficiency(train[i].Class), true)
			if err != nil {
				return
			}
			row := train[i].Row
			r[3*i] = logRatio(float64(p.TPOT.Mean), row.TPOT)
			r[3*i+1] = logRatio(p.OutputRate, row.OutputRate)
			if train[i].steady() {
				r[3*i+2] = logRatio(float64(p.TTFT.Mean), row.TTFT)
			}
		})
		return r
	}, fitRounds)
	*c = *at(u)
}

// steady reports whether a row's time to first token says something of the engine: where all lengths are alike,
// clients fall in step or out of it by chance, and the time varies several times over.
func (t *Trial) steady() bool { return t.Loop.Spread > 0 }

// logRatio is the logarithm of predicted over measured, bounded, and zero where one of them is unknown.
func logRatio(predicted, measured float64) float64 {
	if !(measured > 0 && predicted > 0) || math.IsInf(predicted, 0) {
		return 0
	}
	return max(-1.5, min(1.5, math.Log(predicted/measured)))
}

// fitLatency fits what the time to first token adds to the engine's own, by class, to rows whose lengths vary. The
// parts are simulated once; what remains is a search in three numbers.
func fitLatency(c *serving.Calibration, train []*Trial, rows []float64) {
	type sample struct{ wait, prefill, step, measured, weight float64 }
	for _, class := range serving.Classes() {
		samples := make([]sample, len(train))
		each(len(train), func(i int) {
			x := train[i]
			if x.Class != class || !(x.Row.TTFT > 0) || !x.steady() {
				return
			}
			p, err := x.predict(c.Efficiency(class), true)
			if err != nil {
				return
			}
			samples[i] = sample{float64(p.Wait.Mean), float64(p.Prefill.Mean), float64(p.DecodeStep), x.Row.TTFT, rows[i]}
		})
		samples = slices.DeleteFunc(samples, func(s sample) bool { return s.measured == 0 })
		if len(samples) < fewTrials {
			continue
		}
		loss := func(l serving.Latency) float64 {
			var sum float64
			for _, s := range samples {
				sum += s.weight * math.Abs(logRatio(float64(l.Host)+s.wait+l.Prompt*s.prefill+l.Queue*s.step, s.measured))
			}
			return sum
		}
		// A pattern search: each number is moved up and down by a step that halves when nothing helps.
		l := serving.Latency{Host: 0.03, Prompt: 1.5, Queue: 1}
		best := loss(l)
		for step := 1.0; step > 1e-3; {
			from := l
			moved := false
			for _, sign := range []float64{1, -1} {
				for k := range 3 {
					next := from
					switch k {
					case 0:
						next.Host = min(max(from.Host*serving.Seconds(math.Exp(sign*step)), 1e-3), 1)
					case 1:
						next.Prompt = min(max(1+(from.Prompt-1)*math.Exp(sign*step), 1.001), 20)
					case 2:
						next.Queue = min(max(from.Queue*math.Exp(sign*step), 1e-3), 50)
					}
					if v := loss(next); v < best*(1-1e-6) {
						best, l, moved = v, next, true
					}
				}
			}
			if !moved {
				step /= 2
			}
		}
		c.Latency[class] = l
	}
}

// round keeps four digits: more would pretend.
func round(c *serving.Calibration) {
	four := func(v float64) float64 {
		if v == 0 {
			return 0
		}
		scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
		return math.Round(v*scale) / scale
	}
	for name, v := range c.Constants {
		c.Constants[name] = four(v)
	}
	for class, l := range c.Latency {
		c.Latency[class] = serving.Latency{Host: serving.Seconds(four(float64(l.Host))), Prompt: max(1, four(l.Prompt)), Queue: four(l.Queue)}
	}
}

// versions names the versions of the rows.
func versions(list []*Trial) string {
	seen := map[string]bool{}
	for _, x := range list {
		if v := x.Row.Version; v != "" && !strings.HasPrefix(x.Row.Source, "MLPerf") {
			seen[v] = true
		}
	}
	if len(seen) == 0 {
		return "of unknown version"
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), ", ")
}
