package app

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"breakeven/decide"
	"breakeven/ledger"
	"breakeven/price"
	"breakeven/scenario"
)

// QuickAnswer is the quick formula's answer with its advice and, for each input, the answer over that input's
// whole range.
type QuickAnswer struct {
	decide.QuickResult
	Recommendation decide.Recommendation `json:"recommendation"`
	Vendor         string                `json:"vendor" doc:"Whose API it is taken to be, for what constraints ask of it."`
	Notes          []string              `json:"notes" nullable:"false"`
	Sweeps         []Sweep               `json:"sweeps,omitempty" doc:"The gap with all terms over the range of each input."`
}

// Sweep is the quick formula's gap over one input's range.
type Sweep struct {
	Input  string       `json:"input"`
	Points []SweepPoint `json:"points" nullable:"false"`
}

// SweepPoint is self-hosting minus API at one value of an input.
type SweepPoint struct {
	Value float64       `json:"value"`
	Gap   ledger.Amount `json:"gap_usd_per_month"`
}

// QuickInput describes one slider of the quick formula.
type QuickInput struct {
	ID      string  `json:"id"`
	Label   string  `json:"label"`
	Unit    string  `json:"unit" enum:"USD/month,share"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Log     bool    `json:"log" doc:"The range spans decades: show it on a log scale."`
	Default float64 `json:"default"`
	Why     string  `json:"why" doc:"What the input does to the answer."`
	Source  string  `json:"source" doc:"Where the default comes from."`

	set func(*decide.Quick, float64)
	get func(decide.Quick) float64
}

// quickInputs is the table of the quick formula's sliders. Defaults are those of the guide's middle tab.
var quickInputs = []QuickInput{
	{
		ID: "api", Label: "API spend", Unit: "USD/month", Min: 1000, Max: 500000, Log: true,
		Why:    "What the vendor bills. It grows with the work, and so does the GPU bill; people do not.",
		Source: "the guide's middle tab",
		set:    func(q *decide.Quick, v float64) { q.API = v }, get: func(q decide.Quick) float64 { return q.API },
	},
	{
		ID: "gpu", Label: "GPU rental", Unit: "USD/month", Min: 500, Max: 200000, Log: true,
		Why:    "Rent for the GPUs that do today's work when they are as busy as designed. Rent is paid by the hour, busy or not.",
		Source: "the guide's middle tab",
		set:    func(q *decide.Quick, v float64) { q.GPU = v }, get: func(q decide.Quick) float64 { return q.GPU },
	},
	{
		ID: "ops", Label: "Operations", Unit: "USD/month", Min: 0, Max: 100000,
		Why:    "The people who run it, with everything they cost. Part-time counts: 0.3 of a $25K engineer is $7.5K. Teams underestimate it three- to fivefold.",
		Source: "the guide's middle tab: one ML engineer",
		set:    func(q *decide.Quick, v float64) { q.Ops = v }, get: func(q decide.Quick) float64 { return q.Ops },
	},
	{
		ID: "tooling", Label: "Tooling and migration", Unit: "USD/month", Min: 0, Max: 50000,
		Why:    "Observability, evaluation, licences; and six to twelve months of moving prompts and tests, spread over the horizon.",
		Source: "solved from the guide's own verdicts: $2K of tooling and $150K over 30 months",
		set:    func(q *decide.Quick, v float64) { q.Tooling = v }, get: func(q decide.Quick) float64 { return q.Tooling },
	},
	{
		ID: "utilization", Label: "Utilization", Unit: "share", Min: 0.05, Max: 1,
		Why:    "Share of the GPUs' capacity that real traffic uses. At 30 % the rent is that of 90 %, for a third of the work.",
		Source: "solved from the guide's own verdicts; 15 to 30 % is typical, 60 to 70 % is good",
		set:    func(q *decide.Quick, v float64) { q.Utilization = v }, get: func(q decide.Quick) float64 { return q.Utilization },
	},
	{
		ID: "design_utilization", Label: "Design utilization", Unit: "share", Min: 0.3, Max: 1,
		Why:    "The utilization that the GPU bill above assumes.",
		Source: "the guide: 70 % makes both sides equal",
		set:    func(q *decide.Quick, v float64) { q.Design = v }, get: func(q decide.Quick) float64 { return q.Design },
	},
}

// QuickInputs describes the sliders of the quick formula, with the guide's middle tab as their defaults.
func (a *App) QuickInputs() []QuickInput {
	growth, _ := scenario.FindPreset("growth")
	list := append([]QuickInput(nil), quickInputs...)
	for i := range list {
		list[i].Default = math.Round(list[i].get(growth.Parts)*1e4) / 1e4
	}
	return list
}

// QuickRequest is one use of the quick formula. It names whose API it is, by a vendor or by a model; where it names
// neither, the documented default model's vendor is assumed.
type QuickRequest struct {
	Quick       decide.Quick
	Constraints decide.Constraints
	Vendor      string
	Model       string
	Sweeps      bool // also answer over each input's range
}

// Quick works the quick formula out under constraints.
func (a *App) Quick(r QuickRequest) (QuickAnswer, error) {
	result, err := decide.DecideQuick(r.Quick)
	if err != nil {
		return QuickAnswer{}, err
	}
	answer := QuickAnswer{QuickResult: result, Notes: []string{}}
	if names := inputNames(r.Quick.Assumed); len(names) > 0 {
		answer.Notes = append(answer.Notes, "Assumed, not given: "+strings.Join(names, ", ")+".")
	}
	provider, err := a.apiVendor(r)
	if err != nil {
		return answer, err
	}
	vendor, err := a.vendor(provider)
	if err != nil {
		return answer, err
	}
	answer.Vendor = vendor.Name
	if r.Vendor == "" && r.Model == "" && len(r.Constraints.Compliance) > 0 {
		answer.Notes = append(answer.Notes, "Nobody said whose API it is: what "+vendor.Name+" attests is assumed to be what matters.")
	}
	if answer.Recommendation, err = decide.Recommend(result, r.Constraints, vendor); err != nil {
		return answer, err
	}
	if r.Sweeps {
		answer.Sweeps, err = sweep(r.Quick)
	}
	return answer, err
}

// apiVendor is the provider whose API a request is about.
func (a *App) apiVendor(r QuickRequest) (string, error) {
	book, err := a.book()
	if err != nil {
		return "", err
	}
	if r.Vendor != "" {
		file, err := book.Provider(r.Vendor)
		if err != nil {
			return "", err
		}
		return file.Provider, nil
	}
	m, err := book.Find(price.Query{Model: cmp.Or(r.Model, scenario.DefaultModel)})
	return m.Provider, err
}

// inputNames are the labels of assumed inputs.
func inputNames(assumed []decide.Assumption) []string {
	var names []string
	for _, in := range quickInputs {
		if slices.ContainsFunc(assumed, func(a decide.Assumption) bool { return a.Input == in.ID }) {
			names = append(names, strings.ToLower(in.Label))
		}
	}
	return names
}

// sweepPoints is how many values of its range an input is tried at.
const sweepPoints = 33

func sweep(q decide.Quick) ([]Sweep, error) {
	var all []Sweep
	for _, in := range quickInputs {
		s := Sweep{Input: in.ID}
		for i := range sweepPoints {
			x := float64(i) / (sweepPoints - 1)
			v := in.Min + x*(in.Max-in.Min)
			if in.Log {
				v = in.Min * math.Pow(in.Max/in.Min, x)
			}
			moved := q
			in.set(&moved, v)
			gap, err := decide.QuickGap(moved)
			if err != nil {
				return nil, err
			}
			s.Points = append(s.Points, SweepPoint{v, gap})
		}
		all = append(all, s)
	}
	return all, nil
}
