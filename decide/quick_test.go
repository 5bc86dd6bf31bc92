package decide_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakeven/decide"
	"breakeven/ledger"
)

// wei is the middle tab of the guide that the product was asked from: $40K API, $8K of GPUs at the 70 %
// design point, $25K of operations, and $7K of tooling and migration that the tab does not list.
var wei = decide.Quick{API: 40000, GPU: 8000, Ops: 25000, Tooling: 7000, Utilization: 0.7 * 8 / 15, Design: 0.7}

func quick(t *testing.T, q decide.Quick) decide.QuickResult {
	t.Helper()
	r, err := decide.DecideQuick(q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The tab says "API still wins by $7K" under terms that add up to the opposite. One set of parameters gives
// every figure of the page at once.
func TestQuickReconcilesTheMiddleTab(t *testing.T) {
	r := quick(t, wei)
	// 8 + 25 = 33 < 40: as listed, self-hosting is 7 cheaper.
	if r.AsListed.Self.Total.String() != "33,000" || r.AsListed.Winner != decide.SelfWins || r.AsListed.Gap.String() != "-7,000" {
		t.Errorf("as listed: %+v", r.AsListed)
	}
	// 8 × 70 / 37.33 + 25 + 7 = 15 + 32 = 47 > 40: with all terms, the API is 7 cheaper.
	if r.AllTerms.Self.Total.String() != "47,000" || r.AllTerms.Winner != decide.APIWins || r.AllTerms.Gap.String() != "7,000" {
		t.Errorf("all terms: %+v", r.AllTerms)
	}
	if r.Agree {
		t.Error("the readings differ in sign and must say so")
	}
	// 40 s = 32 + 15 s, so s = 1.28, which is $51,200 of API spend ("revisit when the bill hits $60K+").
	if !near(*r.BreakEven.Scale, 1.28) || !near(*r.BreakEven.APISpend, 51200) {
		t.Errorf("break-even at %v x, $%v", *r.BreakEven.Scale, *r.BreakEven.APISpend)
	}
	// 8 × 0.7 / u + 32 = 40 at u = 0.7 ("70 % utilization makes them break-even").
	if !near(*r.BreakEven.Utilization, 0.7) {
		t.Errorf("break-even utilization %v", *r.BreakEven.Utilization)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

// seedFigures holds every figure of data/seed_numbers.json, thousands of dollars a month, with the inputs
// that give it.
var seedFigures = map[string]struct {
	input decide.Quick
	want  float64
}{
	"wei_actual": {wei, 47},
	"wei_at_70":  {with(wei, func(q *decide.Quick) { q.Utilization = 0.7 }), 40},
	"wei_at_60K": {scaled(wei, 1.5), 54.5},
	"bursty":     {with(wei, func(q *decide.Quick) { q.API, q.Utilization = 50000, 0.25 }), 54.4},
	"low_30K":    {scaled(wei, 0.75), 43.25},
	"high_80K":   {scaled(wei, 2), 62},
}

func with(q decide.Quick, change func(*decide.Quick)) decide.Quick {
	change(&q)
	return q
}

func scaled(q decide.Quick, s float64) decide.Quick {
	q.API *= s
	q.GPU *= s
	return q
}

func TestQuickReproducesTheSeedsFigures(t *testing.T) {
	for name, f := range seedFigures {
		r := quick(t, f.input)
		if got := r.AllTerms.Self.Total.Dollars() / 1000; !near(got, f.want) {
			t.Errorf("%s: self-host %v, want %v", name, got, f.want)
		}
	}
	// The page's rules of thumb: below $30K the API, above $80K self-hosting, and at $60K it has flipped.
	for bill, want := range map[float64]decide.Winner{0.75: decide.APIWins, 1.5: decide.SelfWins, 2: decide.SelfWins} {
		if r := quick(t, scaled(wei, bill)); r.AllTerms.Winner != want {
			t.Errorf("at %v x: %s, want %s", bill, r.AllTerms.Winner, want)
		}
	}
}

// The same figures against the file that records them, where it is at hand.
func TestQuickAgainstSeedNumbers(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedData(), "seed_numbers.json"))
	if err != nil {
		t.Skip("shared data is not here:", err)
	}
	var file struct {
		Parameters struct {
			Ops, Unlisted float64
			GPU           float64 `json:"gpu_at_design"`
			Design        float64 `json:"design_util"`
			Actual        float64 `json:"actual_util"`
		}
		Reproduces map[string]float64
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	p := file.Parameters
	if p.Ops*1000 != wei.Ops || p.Unlisted*1000 != wei.Tooling || p.GPU*1000 != wei.GPU || p.Design != wei.Design || math.Abs(p.Actual-wei.Utilization) > 1e-4 {
		t.Errorf("parameters differ: %+v", p)
	}
	if len(file.Reproduces) != len(seedFigures) {
		t.Errorf("the file has %d figures, the test %d", len(file.Reproduces), len(seedFigures))
	}
	for name, want := range file.Reproduces {
		if f := seedFigures[name]; f.want != want {
			t.Errorf("%s: the file says %v, the test %v", name, want, f.want)
		}
	}
}

func sharedData() string {
	if dir := os.Getenv("BREAKEVEN_SHARED_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared", "data")
}

func TestQuickNever(t *testing.T) {
	for name, tt := range map[string]struct {
		q    decide.Quick
		want string
	}{
		"utilization is too low":  {decide.Quick{API: 10000, GPU: 8000, Utilization: 0.3, Design: 0.7}, "Utilization would have to rise above 56 %"},
		"GPUs cost more in full":  {decide.Quick{API: 10000, GPU: 20000, Utilization: 0.7, Design: 0.7}, "GPU rental would have to fall below $10,000"},
		"the API is free":         {decide.Quick{GPU: 20000, Utilization: 0.7, Design: 0.7}, "nothing can be cheaper"},
		"level, and never passes": {decide.Quick{API: 8000, GPU: 8000, Ops: 1, Utilization: 0.7, Design: 0.7}, "Utilization would have to rise above 70 %"},
	} {
		r := quick(t, tt.q)
		if r.BreakEven.Scale != nil || !strings.Contains(r.BreakEven.Never, tt.want) {
			t.Errorf("%s: scale %v, never %q", name, r.BreakEven.Scale, r.BreakEven.Never)
		}
	}
}

// Every flip is what it says: put in alone, it brings both sides level.
func TestQuickFlipsAreExact(t *testing.T) {
	inputs := []decide.Quick{
		wei, scaled(wei, 2), {API: 150000, GPU: 35000, Ops: 40000, Tooling: 7000, Utilization: 0.7, Design: 0.7},
		{API: 10000, GPU: 5000, Ops: 15000, Utilization: 0.5, Design: 0.7},
	}
	for _, q := range inputs {
		r := quick(t, q)
		if len(r.Flips) == 0 {
			t.Errorf("%+v: no flip", q)
		}
		for i, f := range r.Flips {
			if i > 0 && math.Abs(f.Relative) < math.Abs(r.Flips[i-1].Relative) {
				t.Errorf("%+v: %s is smaller than the one before it", q, f.Input)
			}
			moved := q
			switch f.Input {
			case "scale":
				moved = scaled(q, f.To)
			case "api":
				moved.API = f.To
			case "ops":
				moved.Ops = f.To
			case "tooling":
				moved.Tooling = f.To
			case "gpu":
				moved.GPU = f.To
			case "utilization":
				moved.Utilization = f.To
			default:
				t.Fatalf("unknown input %q", f.Input)
			}
			level := quick(t, moved)
			if gap := level.AllTerms.Gap; gap < -1 || gap > 1 { // a cent of rounding on either side
				t.Errorf("%+v: after %q the gap is $%s", q, f.Sentence, gap)
			}
		}
	}
}

func TestQuickLinesAddUpAsPrinted(t *testing.T) {
	r := quick(t, decide.Quick{API: 40000.005, GPU: 8000.333, Ops: 25000.335, Tooling: 7000.115, Utilization: 0.37, Design: 0.71})
	for _, reading := range []decide.Reading{r.AsListed, r.AllTerms} {
		var sum ledger.Amount
		for _, l := range reading.Self.Lines {
			sum += l.Amount
		}
		if sum != reading.Self.Total || reading.Gap != reading.Self.Total-reading.API.Total {
			t.Errorf("%s: %s does not follow from its lines", reading.ID, reading.Self.Total)
		}
	}
}

func TestQuickRefusesWhatCannotBe(t *testing.T) {
	for field, q := range map[string]decide.Quick{
		"api":                with(wei, func(q *decide.Quick) { q.API = math.NaN() }),
		"gpu":                with(wei, func(q *decide.Quick) { q.GPU = math.Inf(1) }),
		"ops":                with(wei, func(q *decide.Quick) { q.Ops = -1 }),
		"utilization":        with(wei, func(q *decide.Quick) { q.Utilization = 0 }),
		"design_utilization": with(wei, func(q *decide.Quick) { q.Design = 1.2 }),
	} {
		_, err := decide.DecideQuick(q)
		if fault, ok := errors.AsType[*decide.FieldError](err); !ok || fault.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
