package decide

import (
	"fmt"
	"math"

	"breakeven/fact"
	"breakeven/ledger"
)

// Quick is the quick formula's input: a decision whose parts are given, not derived. All money is dollars per
// month, shares are 0 to 1.
type Quick struct {
	API     float64 `json:"api" doc:"What the API costs today, in dollars per month." minimum:"0" maximum:"1000000000" example:"40000"`
	GPU     float64 `json:"gpu" doc:"GPU rental in dollars per month, sized to do today's work at the design utilization." minimum:"0" maximum:"1000000000" example:"8000"`
	Ops     float64 `json:"ops" doc:"People who run it, loaded, in dollars per month." minimum:"0" maximum:"1000000000" example:"25000"`
	Tooling float64 `json:"tooling" doc:"Tooling, and the migration spread over the horizon, in dollars per month." minimum:"0" maximum:"1000000000" example:"7000"`
	// Utilization is the share of the GPUs' capacity that real traffic uses.
	Utilization float64 `json:"utilization" doc:"Share of the GPUs' capacity that real traffic uses." minimum:"0.01" maximum:"1" example:"0.3733"`
	// Design is the utilization that the GPU bill assumes.
	Design float64 `json:"design_utilization" doc:"The utilization that the GPU bill assumes." minimum:"0.01" maximum:"1" example:"0.7"`
	// Assumed are the inputs that nobody gave.
	Assumed []Assumption `json:"assumed,omitempty" doc:"Inputs that nobody gave, and why they have the value they have."`
}

// Assumption is an input of the quick formula that is a default.
type Assumption struct {
	Input string `json:"input" enum:"api,gpu,ops,tooling,utilization,design_utilization"`
	Why   string `json:"why"`
}

// provenance is where an input comes from.
func (q Quick) provenance(name string) fact.Provenance {
	for _, a := range q.Assumed {
		if a.Input == name {
			return fact.Assume(a.Why)
		}
	}
	return fact.ByUser(name)
}

// Reading is one way to add the parts up.
type Reading struct {
	ID       string        `json:"id" enum:"as_listed,all_terms"`
	Title    string        `json:"title"`
	Explains string        `json:"explains" doc:"What this reading counts."`
	API      ledger.Ledger `json:"api"`
	Self     ledger.Ledger `json:"self_host"`
	// Gap is self-hosting minus API: positive where the API is cheaper.
	Gap      ledger.Amount `json:"gap_usd_per_month" doc:"Self-hosting minus API: positive where the API is cheaper."`
	Winner   Winner        `json:"winner" enum:"api,self_host,even,none"`
	Sentence string        `json:"sentence"`
}

// Winner is the cheaper side of a quick reading.
type Winner string

// The outcomes of a quick reading.
const (
	APIWins  Winner = "api"
	SelfWins Winner = "self_host"
	Even     Winner = "even"
)

// QuickResult is the quick formula's answer, in both readings.
type QuickResult struct {
	Input     Quick          `json:"input"`
	AsListed  Reading        `json:"as_listed"`
	AllTerms  Reading        `json:"all_terms"`
	Agree     bool           `json:"readings_agree" doc:"False where the two readings name different winners."`
	BreakEven QuickBreakEven `json:"break_even"`
	Flips     []Flip         `json:"flips" nullable:"false" doc:"Changes of one input that make both sides equal, smallest first."`
	Curve     []CurvePoint   `json:"curve" nullable:"false" doc:"Both sides over the scale of today's workload, all terms counted."`
}

// QuickBreakEven is where both sides cost the same with all terms. A value that does not exist is absent and
// its reason is given.
type QuickBreakEven struct {
	Scale       *float64 `json:"scale,omitempty" doc:"Multiple of today's workload at which both sides are equal; self-hosting is cheaper above it."`
	APISpend    *float64 `json:"api_usd_per_month,omitempty" doc:"The API bill at that scale."`
	Never       string   `json:"never,omitempty" doc:"Why no scale makes both sides equal, and which input would have to move."`
	Utilization *float64 `json:"utilization,omitempty" doc:"Utilization at which both sides are equal at today's scale."`
	NoUtil      string   `json:"no_utilization,omitempty" doc:"Why no utilization makes both sides equal."`
}

// Flip is a change of one input alone that brings both sides level.
type Flip struct {
	Input    string  `json:"input" doc:"The input that moves: a field of the scenario, or scale."`
	Label    string  `json:"label"`
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Unit     string  `json:"unit"`
	Relative float64 `json:"relative" doc:"To over From, minus one."`
	Sentence string  `json:"sentence"`
}

// CurvePoint is what both sides cost at a scale.
type CurvePoint struct {
	Scale float64       `json:"scale"`
	API   ledger.Amount `json:"api_usd_per_month"`
	Self  ledger.Amount `json:"self_host_usd_per_month"`
}

// CheckQuick reports the first input out of range as a *FieldError.
func CheckQuick(q Quick) error {
	for _, f := range []struct {
		name     string
		v        float64
		min, max float64
	}{
		{"api", q.API, 0, 1e9}, {"gpu", q.GPU, 0, 1e9}, {"ops", q.Ops, 0, 1e9}, {"tooling", q.Tooling, 0, 1e9},
		{"utilization", q.Utilization, 0.01, 1}, {"design_utilization", q.Design, 0.01, 1},
	} {
		if math.IsNaN(f.v) || f.v < f.min || f.v > f.max {
			return &FieldError{Field: f.name, Value: fmt.Sprint(f.v), Problem: fmt.Sprintf("must lie between %s and %s", ledger.Number(f.min), ledger.Number(f.max))}
		}
	}
	return nil
}

// FieldError names an input that cannot be used.
type FieldError struct {
	Field   string
	Value   string
	Problem string
	Hint    string
}

func (e *FieldError) Error() string {
	s := e.Field + ": " + e.Problem
	if e.Value != "" {
		s += " (got " + e.Value + ")"
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// DecideQuick works the quick formula out.
//
// As listed, self-hosting is GPU rental plus operations, the terms that a calculator of this kind prints. With
// all terms, tooling and migration count, and the GPU bill is what the same work costs at the utilization that
// traffic really reaches: GPU × design / actual. Rent is paid by the hour, so utilization never multiplies it;
// it divides the work that the rent buys.
func DecideQuick(q Quick) (QuickResult, error) {
	if err := CheckQuick(q); err != nil {
		return QuickResult{}, err
	}
	r := QuickResult{Input: q}
	var err error
	if r.AsListed, err = q.reading("as_listed", 1, false); err != nil {
		return r, err
	}
	if r.AllTerms, err = q.reading("all_terms", 1, true); err != nil {
		return r, err
	}
	r.Agree = r.AsListed.Winner == r.AllTerms.Winner
	r.BreakEven = q.breakEven()
	r.Flips = q.flips(r.BreakEven)
	for _, s := range scales() {
		all, err := q.reading("all_terms", s, true)
		if err != nil {
			return r, err
		}
		r.Curve = append(r.Curve, CurvePoint{Scale: s, API: all.API.Total, Self: all.Self.Total})
	}
	return r, nil
}

// QuickGap is self-hosting minus API with all terms, and nothing else of the answer.
func QuickGap(q Quick) (ledger.Amount, error) {
	if err := CheckQuick(q); err != nil {
		return 0, err
	}
	r, err := q.reading("all_terms", 1, true)
	return r.Gap, err
}

// scales is the grid of every curve: a tenth to ten times today's workload, 24 steps a decade.
func scales() []float64 {
	const decade = 24
	grid := make([]float64, 0, 2*decade+1)
	for i := -decade; i <= decade; i++ {
		grid = append(grid, math.Pow(10, float64(i)/decade))
	}
	return grid
}

// reading adds the parts up at a scale of today's workload. At another scale the API bill and the GPU bill
// move with the work; people and tooling do not.
func (q Quick) reading(id string, scale float64, allTerms bool) (Reading, error) {
	given := func(name string, value float64, unit string) ledger.Term {
		return ledger.Term{Name: name, Value: value, Unit: unit, Provenance: q.provenance(name)}
	}
	atScale := func(terms ...ledger.Term) []ledger.Term {
		if scale != 1 {
			terms = append(terms, given("scale", scale, "x"))
		}
		return terms
	}
	r := Reading{
		ID: id, Title: "As listed",
		Explains: "GPU rental and operations, as they are quoted.",
	}
	var lines []ledger.Line
	add := func(id, label string, times, over []ledger.Term) error {
		line, err := ledger.NewLine(id, label, times, over)
		if err == nil {
			lines = append(lines, line)
		}
		return err
	}
	if err := add("api", "API", atScale(given("api", q.API, "USD/month")), nil); err != nil {
		return r, err
	}
	r.API, lines = ledger.New(lines...), nil

	gpu, over := atScale(given("gpu", q.GPU, "USD/month")), []ledger.Term(nil)
	if allTerms {
		r.Title = "With all terms"
		r.Explains = "Tooling and migration too, and the GPU bill at the utilization that traffic really reaches."
		gpu = append(gpu, given("design_utilization", q.Design, "share"))
		over = []ledger.Term{given("utilization", q.Utilization, "share")}
	}
	if err := add("gpu", "GPU rental", gpu, over); err != nil {
		return r, err
	}
	if err := add("ops", "Operations", []ledger.Term{given("ops", q.Ops, "USD/month")}, nil); err != nil {
		return r, err
	}
	if allTerms {
		if err := add("tooling", "Tooling and migration", []ledger.Term{given("tooling", q.Tooling, "USD/month")}, nil); err != nil {
			return r, err
		}
	}
	r.Self = ledger.New(lines...)
	r.Gap = r.Self.Total - r.API.Total
	switch {
	case r.Gap > 0:
		r.Winner, r.Sentence = APIWins, fmt.Sprintf("The API is cheaper by $%s a month.", r.Gap)
	case r.Gap < 0:
		r.Winner, r.Sentence = SelfWins, fmt.Sprintf("Self-hosting is cheaper by $%s a month.", -r.Gap)
	default:
		r.Winner, r.Sentence = Even, "Both cost the same."
	}
	return r, nil
}

// breakEven solves api × s = ops + tooling + gpu × design / actual × s for s, and the same at s = 1 for the
// actual utilization.
func (q Quick) breakEven() QuickBreakEven {
	var b QuickBreakEven
	fixed, variable := q.Ops+q.Tooling, q.GPU*q.Design/q.Utilization
	switch perScale := q.API - variable; {
	case perScale > 0:
		s := fixed / perScale
		spend := s * q.API
		b.Scale, b.APISpend = &s, &spend
	case q.API == 0:
		b.Never = "The API bill is zero: nothing can be cheaper."
	case q.GPU*q.Design < q.API:
		b.Never = fmt.Sprintf("For each unit of work the GPUs alone cost $%s where the API costs $%s, at every scale. Utilization would have to rise above %s %%.",
			ledger.Number(math.Round(variable)), ledger.Number(math.Round(q.API)), ledger.Number(math.Round(1000*q.GPU*q.Design/q.API)/10))
	default:
		b.Never = fmt.Sprintf("For each unit of work the GPUs alone cost $%s where the API costs $%s, and even full utilization would not change that. GPU rental would have to fall below $%s a month.",
			ledger.Number(math.Round(variable)), ledger.Number(math.Round(q.API)), ledger.Number(math.Round(q.API*q.Utilization/q.Design)))
	}
	switch room := q.API - fixed; {
	case room <= 0:
		b.NoUtil = fmt.Sprintf("Operations and tooling alone are $%s a month, not less than the API's $%s: no utilization makes up for that.",
			ledger.Number(math.Round(fixed)), ledger.Number(math.Round(q.API)))
	case q.GPU == 0:
		b.NoUtil = "There is no GPU bill for utilization to divide."
	default:
		u := q.GPU * q.Design / room
		if u > 1 {
			b.NoUtil = fmt.Sprintf("It would take %s %% utilization, which is more than all of the GPUs' capacity.", ledger.Number(math.Round(1000*u)/10))
			break
		}
		b.Utilization = &u
	}
	return b
}

// flips lists the changes of one input alone that bring both sides level, smallest first.
func (q Quick) flips(b QuickBreakEven) []Flip {
	variable := q.GPU * q.Design / q.Utilization
	gap := q.Ops + q.Tooling + variable - q.API
	if gap == 0 {
		return []Flip{}
	}
	flips := []Flip{}
	add := func(input, label string, from, to float64, unit string) {
		if from <= 0 || to < 0 || math.IsInf(to, 0) || math.IsNaN(to) {
			return
		}
		flips = append(flips, newFlip(input, label, from, to, unit))
	}
	if b.Scale != nil && *b.Scale > 0 {
		add("scale", "The workload", 1, *b.Scale, "x")
	}
	add("api", "The API's price for the same work", q.API, q.API+gap, "USD/month")
	add("ops", "Operations", q.Ops, q.Ops-gap, "USD/month")
	add("tooling", "Tooling and migration", q.Tooling, q.Tooling-gap, "USD/month")
	add("gpu", "GPU rental", q.GPU, q.GPU*(variable-gap)/variable, "USD/month")
	if b.Utilization != nil {
		add("utilization", "Utilization", q.Utilization, *b.Utilization, "share")
	}
	sortFlips(flips)
	return flips
}
