package decide

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"breakeven/ledger"
)

// Decision is the answer to a problem.
type Decision struct {
	Verdict Verdict `json:"verdict"`
	// Options is the best of each kind, today's API first.
	Options []Option `json:"options" nullable:"false"`
	// Alternatives are the options of the same kinds that cost more, cheapest first.
	Alternatives []Alternative `json:"alternatives" nullable:"false"`
	BreakEvens   []BreakEven   `json:"break_evens" nullable:"false"`
	Curves       []Curve       `json:"curves" nullable:"false" doc:"Cost over the scale of today's workload."`
	Constraints  []string      `json:"constraints" nullable:"false" doc:"The constraints that were set, in words."`
}

// Verdict is the cheapest feasible option and what would change it.
type Verdict struct {
	Option   string `json:"option,omitempty" doc:"ID of the cheapest feasible option; absent where none is feasible."`
	Kind     Kind   `json:"kind,omitempty"`
	Headline string `json:"headline" doc:"The verdict in a few words."`
	Sentence string `json:"sentence" doc:"The verdict with its figures."`
	// Saves is today's bill minus the option: negative where a constraint makes it dearer.
	Saves ledger.Amount `json:"saves_usd_per_month" doc:"Today's bill minus the option's cost."`
	// NextBest is what the next feasible option of another kind costs more.
	NextBest           string        `json:"next_best,omitempty" doc:"ID of the next feasible option of another kind."`
	Margin             ledger.Amount `json:"margin_usd_per_month" doc:"What the next best costs more."`
	PriceOfConstraints ledger.Amount `json:"price_of_constraints_usd_per_month" doc:"The cheapest feasible option minus the cheapest of all."`
	Confidence         Confidence    `json:"confidence" enum:"low,medium,high"`
	Why                string        `json:"confidence_why"`
	// Flips are changes of one input alone that bring the cheapest way with GPUs level with the cheapest way
	// without. Where the way with GPUs is the hybrid, its number of replicas is held.
	Flips []Flip `json:"flips" nullable:"false"`
}

// Confidence is how much of the inputs' uncertainty the verdict survives.
type Confidence string

// Levels of confidence.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Alternative is an option in one line.
type Alternative struct {
	ID       string        `json:"id"`
	Kind     Kind          `json:"kind"`
	Name     string        `json:"name"`
	Total    ledger.Amount `json:"total_usd_per_month"`
	Replicas int           `json:"replicas,omitempty"`
	GPUs     int           `json:"gpus,omitempty"`
	Complete bool          `json:"complete"`
}

// Curve is an option's cost over scale. Between two points of a staircase the first point's cost holds.
type Curve struct {
	Option string       `json:"option"`
	Kind   Kind         `json:"kind"`
	Name   string       `json:"name"`
	Steps  bool         `json:"steps" doc:"The cost is a staircase."`
	Points []ScalePoint `json:"points" nullable:"false"`
}

// ScalePoint is a cost at a scale.
type ScalePoint struct {
	Scale float64       `json:"scale"`
	Total ledger.Amount `json:"usd_per_month"`
}

// best are the cheapest ways of each kind at scale 1.
type best struct {
	fleet  *FleetPlan
	hosted *API
	spill  *API // where the hybrid's peaks go
	hybrid *FleetPlan
}

// Decide draws the verdict.
func Decide(p Problem) (Decision, error) {
	if err := p.Check(); err != nil {
		return Decision{}, err
	}
	if err := p.Constraints.check(); err != nil {
		return Decision{}, err
	}
	options, all, b, err := p.options(1)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Options: options, Constraints: p.Constraints.Active(), Alternatives: []Alternative{}, BreakEvens: []BreakEven{}, Curves: []Curve{}}
	for _, o := range all {
		if !slices.ContainsFunc(options, func(best Option) bool { return best.ID == o.ID }) {
			d.Alternatives = append(d.Alternatives, Alternative{o.ID, o.Kind, o.Name, o.Ledger.Total, o.Replicas, o.GPUs, o.Complete()})
		}
	}
	sort.SliceStable(d.Alternatives, func(i, j int) bool {
		a, c := d.Alternatives[i], d.Alternatives[j]
		if a.Total != c.Total {
			return a.Total < c.Total
		}
		return a.ID < c.ID
	})
	if b.fleet != nil {
		d.BreakEvens = append(d.BreakEvens, p.breakEven(b.fleet, &p.Current, CurrentAPI))
		if b.hosted != nil {
			d.BreakEvens = append(d.BreakEvens, p.breakEven(b.fleet, b.hosted, HostedOpen))
		}
	}
	if d.Verdict, err = p.verdict(options, all, b); err != nil {
		return d, err
	}
	d.Curves, err = p.curves(options, b)
	return d, err
}

// options costs every option at a scale and picks the cheapest of each kind. A feasible option beats one that
// is not, and a complete one beats an incomplete one, whatever they cost.
func (p *Problem) options(scale float64) (picked, all []Option, b best, err error) {
	current, err := p.apiOption(CurrentAPI, p.Current, scale)
	if err != nil {
		return nil, nil, b, err
	}
	var hosted, fleet, hybrid *Option
	better := func(o, than *Option) bool {
		if than == nil {
			return true
		}
		if o.Feasible != than.Feasible {
			return o.Feasible
		}
		if o.Complete() != than.Complete() {
			return o.Complete()
		}
		if o.Ledger.Total != than.Ledger.Total {
			return o.Ledger.Total < than.Ledger.Total
		}
		return o.ID < than.ID // the order of the candidates must not matter
	}
	keep := func(o Option) *Option {
		o.Reasons = p.Constraints.judge(&o)
		if o.Reasons == nil {
			o.Reasons = []Reason{}
		}
		if !o.Complete() && o.Kind != CurrentAPI {
			o.Reasons = append(o.Reasons, Reason{"price", "a price is missing: " + o.Missing[0]})
		}
		o.Feasible = len(o.Reasons) == 0
		all = append(all, o)
		return &all[len(all)-1]
	}
	keep(current)
	for i := range p.Hosted {
		o, err := p.apiOption(HostedOpen, p.Hosted[i], scale)
		if err != nil {
			return nil, nil, b, err
		}
		if kept := *keep(o); better(&kept, hosted) {
			hosted, b.hosted = &kept, &p.Hosted[i]
		}
	}
	for i := range p.Fleets {
		f := &p.Fleets[i]
		o, err := p.fleetOption(f, scale)
		if err != nil {
			return nil, nil, b, err
		}
		if kept := *keep(o); better(&kept, fleet) {
			fleet, b.fleet = &kept, f
		}
		api := p.spillover(f.Weights)
		if o, err = p.bestHybrid(f, api, scale); err != nil {
			return nil, nil, b, err
		}
		if kept := *keep(o); better(&kept, hybrid) {
			hybrid, b.hybrid, b.spill = &kept, f, api
		}
	}
	picked = append(picked, all[0])
	for _, o := range []*Option{hosted, fleet, hybrid} {
		if o != nil {
			picked = append(picked, *o)
		}
	}
	return picked, all, b, nil
}

// spillover is where a hybrid of these weights sends its peaks: to the cheapest host of the same weights, so
// that answers stay the same, and to today's API where nobody hosts them.
func (p *Problem) spillover(weights string) *API {
	var cheapest *API
	for i := range p.Hosted {
		a := &p.Hosted[i]
		if a.Weights == weights && len(a.Missing) == 0 && (cheapest == nil || a.Total() < cheapest.Total() || (a.Total() == cheapest.Total() && a.ID < cheapest.ID)) {
			cheapest = a
		}
	}
	if cheapest == nil {
		return &p.Current
	}
	return cheapest
}

// cheapest is the cheapest option that passes, and nil where none does.
func cheapest(options []Option, pass func(*Option) bool) *Option {
	var best *Option
	for i := range options {
		if o := &options[i]; pass(o) && (best == nil || o.Ledger.Total < best.Ledger.Total) {
			best = o
		}
	}
	return best
}

func (p *Problem) verdict(options, all []Option, b best) (Verdict, error) {
	v := Verdict{Flips: []Flip{}, Confidence: Low}
	current := &options[0]
	feasible := func(o *Option) bool { return o.Feasible }
	winner := cheapest(options, feasible)
	overall := cheapest(all, func(o *Option) bool { return o.Complete() || o.Kind == CurrentAPI })
	if winner == nil {
		v.Headline = "No option satisfies every constraint"
		v.Sentence = fmt.Sprintf("Without constraints the cheapest would be %s at $%s a month. Each option below says which constraint rules it out.", overall.Name, overall.Ledger.Total)
		v.Why = "There is nothing to choose from."
		return v, nil
	}
	if !winner.Complete() {
		// Only today's API may be incomplete here. Its bill is a lower bound, so nothing tells whether the others
		// are dearer.
		v.Headline = "No verdict yet: today's bill is incomplete"
		v.Sentence = fmt.Sprintf("There is no price for %s. Today's bill is at least $%s a month", winner.Missing[0], winner.Ledger.Total)
		if next := cheapest(options, func(o *Option) bool { return o.Feasible && o.Complete() }); next != nil {
			v.Sentence += fmt.Sprintf("; the cheapest option whose price is known is %s at $%s", next.Name, next.Ledger.Total)
		}
		v.Sentence += "."
		v.Why = "A price is missing, so the bill is a lower bound."
		return v, nil
	}
	v.Option, v.Kind = winner.ID, winner.Kind
	v.Saves = current.Ledger.Total - winner.Ledger.Total
	v.PriceOfConstraints = winner.Ledger.Total - overall.Ledger.Total
	v.Headline = headline(winner)
	v.Sentence = sentence(winner, current, v.Saves)
	if v.PriceOfConstraints > 0 {
		v.Sentence += fmt.Sprintf(" The constraints cost $%s a month: without them it would be %s.", v.PriceOfConstraints, overall.Name)
	}
	if next := cheapest(options, func(o *Option) bool { return o.Feasible && o.Kind != winner.Kind }); next != nil {
		v.NextBest, v.Margin = next.ID, next.Ledger.Total-winner.Ledger.Total
	}
	v.Flips = p.flips(options, b)
	var err error
	v.Confidence, v.Why, err = p.confidence(winner)
	return v, err
}

func headline(o *Option) string {
	switch o.Kind {
	case CurrentAPI:
		return "Stay on the API"
	case HostedOpen:
		return "Buy open weights by the token"
	case RentedGPUs:
		return "Serve it on rented GPUs"
	case Hybrid:
		return "Serve the base load on GPUs, send the peaks to an API"
	}
	return o.Name
}

func sentence(winner, current *Option, saves ledger.Amount) string {
	s := fmt.Sprintf("%s costs $%s a month", winner.Name, winner.Ledger.Total)
	switch {
	case winner.Kind == CurrentAPI:
		s += ", less than every other feasible way"
	case saves > 0:
		s += fmt.Sprintf(", $%s less than today's API", saves)
	case saves < 0:
		s += fmt.Sprintf(", $%s more than today's API, which the constraints rule out", -saves)
	default:
		s += ", as much as today's API"
	}
	if winner.ChangesModel {
		s += ". It is another model than today's, so it has to pass your own evaluation first"
	}
	if !current.Complete() {
		s += "; today's bill is a lower bound, because there is no price for " + current.Missing[0]
	}
	return s + "."
}

// flips lists single changes that bring the cheapest way with GPUs level with the cheapest way without.
func (p *Problem) flips(options []Option, b best) []Flip {
	flips := []Flip{}
	gpu := cheapest(options, func(o *Option) bool { return o.Feasible && o.Replicas > 0 })
	other := cheapest(options, func(o *Option) bool { return o.Feasible && o.Replicas == 0 })
	if gpu == nil || other == nil || gpu.Ledger.Total == other.Ledger.Total {
		return flips
	}
	gap := (gpu.Ledger.Total - other.Ledger.Total).Dollars()
	add := func(input, label string, from, to float64, unit string) {
		if from > 0 && to >= 0 && !math.IsInf(to, 0) && !math.IsNaN(to) && to != from {
			flips = append(flips, newFlip(input, label, from, to, unit))
		}
	}
	line := func(id string) float64 {
		l, _ := gpu.Ledger.Line(id)
		return l.Amount.Dollars()
	}
	plan := b.fleet
	if gpu.Kind == Hybrid {
		plan = b.hybrid
	}
	if gpuBill := line("gpu") + line("non_production"); gpuBill > 0 {
		add("gpu_price", "The GPU price", plan.GPUHour.Value, plan.GPUHour.Value*(gpuBill-gap)/gpuBill, "USD/GPU-hour")
	}
	if p.Costs.Loaded.Value > 0 {
		add("people.fte", "People", p.Costs.FTE.Value, p.Costs.FTE.Value-gap/p.Costs.Loaded.Value, "FTE")
	}
	add("tooling", "Tooling", p.Costs.Tooling.Value, p.Costs.Tooling.Value-gap, "USD/month")
	add("migration.one_off", "The migration", p.Costs.Migration.Value, p.Costs.Migration.Value-gap*p.Costs.Horizon.Value, "USD")
	if gpu.Kind == RentedGPUs {
		// A fleet's cost does not depend on the API's price, and its staircase is known in closed form.
		api := &p.Current
		if other.Kind == HostedOpen {
			api = b.hosted
		}
		if be := p.breakEven(plan, api, other.Kind); be.First != nil {
			add("scale", "The workload", 1, *be.First, "x")
		}
		add("api_price", "The price of "+other.Name, other.Ledger.Total.Dollars(), gpu.Ledger.Total.Dollars(), "USD/month")
		// A replica that carries more leaves fewer of them to pay for, in whole steps.
		s := p.stairs(plan)
		if n := math.Floor((s.replica*(float64(gpu.Replicas))-gap)/s.replica+1e-9) - s.spare; gap > 0 && n >= 1 {
			add("capacity", "What a replica carries", plan.Capacity.Value, plan.Capacity.Value/(n*s.step), "req/s")
		}
	}
	sortFlips(flips)
	return flips
}

// confidence tests whether the same kind of option wins at both ends of the range in which each plan's true
// capacity plausibly lies, and halfway to them.
func (p *Problem) confidence(winner *Option) (Confidence, string, error) {
	if !winner.Complete() {
		return Low, "A price is missing, so the bill is a lower bound.", nil
	}
	if len(p.Current.Missing) > 0 {
		return Low, "Today's bill is incomplete: there is no price for " + p.Current.Missing[0] + ".", nil
	}
	if len(p.Fleets) == 0 {
		return Medium, "No GPU fleet was compared.", nil
	}
	holds := func(part float64) (bool, error) {
		for _, end := range []bool{false, true} {
			shifted := *p
			shifted.Fleets = slices.Clone(p.Fleets)
			for i := range shifted.Fleets {
				low, high := p.Fleets[i].doubt()
				if end {
					low = high
				}
				shifted.Fleets[i].Capacity.Value *= 1 + part*(low-1)
			}
			options, _, _, err := shifted.options(1)
			if err != nil {
				return false, err
			}
			w := cheapest(options, func(o *Option) bool { return o.Feasible })
			if w == nil || w.Kind != winner.Kind {
				return false, nil
			}
		}
		return true, nil
	}
	if all, err := holds(1); err != nil || all {
		return High, "On cost, the same kind of option wins over the whole range in which the GPUs' true capacity plausibly lies.", err
	}
	if half, err := holds(0.5); err != nil || half {
		return Medium, "On cost, the verdict holds in the inner half of the range in which the GPUs' true capacity plausibly lies, and not at its ends.", err
	}
	return Low, "The verdict changes within the range in which the GPUs' true capacity plausibly lies: measure one before you decide.", nil
}

// curves costs the picked options over the scale grid, and the staircase at each of its steps too.
func (p *Problem) curves(options []Option, b best) ([]Curve, error) {
	curves := []Curve{}
	for _, o := range options {
		c := Curve{Option: o.ID, Kind: o.Kind, Name: o.Name, Steps: o.Kind == RentedGPUs}
		grid := scales()
		if c.Steps {
			grid = withSteps(grid, p.stairs(b.fleet).step)
		}
		for _, s := range grid {
			var at Option
			var err error
			switch o.Kind {
			case CurrentAPI:
				at, err = p.apiOption(CurrentAPI, p.Current, s)
			case HostedOpen:
				at, err = p.apiOption(HostedOpen, *b.hosted, s)
			case RentedGPUs:
				at, err = p.fleetOption(b.fleet, s)
			case Hybrid:
				at, err = p.bestHybrid(b.hybrid, b.spill, s)
			}
			if err != nil {
				return nil, err
			}
			c.Points = append(c.Points, ScalePoint{s, at.Ledger.Total})
		}
		curves = append(curves, c)
	}
	return curves, nil
}

// withSteps adds the scales just above which a replica is added, at most a few hundred of them.
func withSteps(grid []float64, step float64) []float64 {
	const most = 200
	low, high := grid[0], grid[len(grid)-1]
	if first, last := math.Ceil(low/step), math.Floor(high/step); last-first < most {
		for n := first; n <= last; n++ {
			grid = append(grid, n*step*(1+1e-9))
		}
	}
	slices.Sort(grid)
	return grid
}
