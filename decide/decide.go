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

// surer reports whether a is more than b.
func surer(a, b Confidence) bool {
	rank := map[Confidence]int{Low: 0, Medium: 1, High: 2}
	return rank[a] > rank[b]
}

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
	w := p.newWays()
	options, all, b, err := p.options(w)
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
	d.BreakEvens = p.breakEvens(w, b)
	d.Verdict = p.verdict(options, all, w)
	d.Curves = p.curves(options, w, b)
	return d, nil
}

// options costs every option and picks the cheapest of each kind. A feasible option beats one that is not, and a
// complete one beats an incomplete one, whatever they cost.
func (p *Problem) options(w *ways) (picked, all []Option, b best, err error) {
	current, err := p.apiOption(CurrentAPI, &p.Current, 1)
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
		o.Reasons = append([]Reason{}, p.Constraints.judge(&o)...)
		if !o.Complete() && o.Kind != CurrentAPI {
			o.Reasons = append(o.Reasons, Reason{"price", "a price is missing: " + o.Missing[0]})
		}
		o.Feasible = len(o.Reasons) == 0
		o.Notes = append(slices.Clone(o.Notes), p.Constraints.conditions(&o)...)
		all = append(all, o)
		return &o
	}
	keep(current)
	for i := range p.Hosted {
		o, err := p.apiOption(HostedOpen, &p.Hosted[i], 1)
		if err != nil {
			return nil, nil, b, err
		}
		if kept := keep(o); better(kept, hosted) {
			hosted, b.hosted = kept, &p.Hosted[i]
		}
	}
	for i := range p.Fleets {
		f := &p.Fleets[i]
		o, err := p.fleetOption(f, 1)
		if err != nil {
			return nil, nil, b, err
		}
		if kept := keep(o); better(kept, fleet) {
			fleet, b.fleet = kept, f
		}
		if o, err = p.hybridOption(f, p.spillover(f), 1, w.served); err != nil {
			return nil, nil, b, err
		}
		if kept := keep(o); better(kept, hybrid) {
			hybrid, b.hybrid = kept, f
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

// spillover is where a hybrid on a plan sends its peaks: to the cheapest host of the same weights that constraints
// allow, so that answers stay the same; to the cheapest host where they allow none, so that the reason can be
// shown; and to today's API where nobody hosts the weights.
func (p *Problem) spillover(f *FleetPlan) *API {
	var cheapest *API
	allowed := false
	for i := range p.Hosted {
		a := &p.Hosted[i]
		if a.Weights != f.Weights || len(a.Missing) > 0 {
			continue
		}
		passes := p.allowed(p.fleetShell(Hybrid, f, a))
		dearer := cheapest != nil && (a.Total() > cheapest.Total() || (a.Total() == cheapest.Total() && a.ID > cheapest.ID))
		if cheapest == nil || (passes && !allowed) || (passes == allowed && !dearer) {
			cheapest, allowed = a, passes
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

func (p *Problem) verdict(options, all []Option, w *ways) Verdict {
	v := Verdict{Flips: []Flip{}, Confidence: Low}
	current := &options[0]
	feasible := func(o *Option) bool { return o.Feasible }
	winner := cheapest(options, feasible)
	overall := cheapest(all, func(o *Option) bool { return (o.Complete() || o.Kind == CurrentAPI) && len(o.unfit) == 0 })
	if winner == nil {
		v.Headline = "No option satisfies every constraint"
		v.Sentence = fmt.Sprintf("Without constraints the cheapest would be %s at $%s a month. Each option below says which constraint rules it out.", overall.Name, overall.Ledger.Total)
		v.Why = "There is nothing to choose from."
		return v
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
		return v
	}
	v.Option, v.Kind = winner.ID, winner.Kind
	v.Saves = current.Ledger.Total - winner.Ledger.Total
	v.PriceOfConstraints = max(0, winner.Ledger.Total-overall.Ledger.Total)
	v.Headline = headline(winner)
	v.Sentence = sentence(winner, current, v.Saves)
	if v.PriceOfConstraints > 0 {
		v.Sentence += fmt.Sprintf(" The constraints cost $%s a month: without them it would be %s.", v.PriceOfConstraints, overall.Name)
	}
	next := cheapest(options, func(o *Option) bool { return o.Feasible && o.Kind != winner.Kind })
	if next != nil {
		v.NextBest, v.Margin = next.ID, next.Ledger.Total-winner.Ledger.Total
		if v.Margin == 0 {
			v.Sentence += fmt.Sprintf(" %s costs the same.", next.Name)
		}
	}
	v.Flips = p.flips(w)
	v.Confidence, v.Why = p.confidence(winner, w)
	for _, c := range p.Caps {
		if surer(v.Confidence, c.Most) {
			v.Confidence = c.Most
		}
		v.Why += " " + c.Why
	}
	return v
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
		if o.Served == 1 {
			return "Serve it on rented GPUs, with an API as the spare"
		}
		return "Serve the base load on GPUs, send the peaks to an API"
	}
	return o.Name
}

func sentence(winner, current *Option, saves ledger.Amount) string {
	s := fmt.Sprintf("%s costs $%s a month", winner.Name, winner.Ledger.Total)
	switch {
	case winner.Kind == CurrentAPI:
		s += "; no other feasible way costs less"
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

// Bounds of what is worth saying about a change.
const (
	largestFlip = 20   // times the input
	searchTimes = 1000 // the range of a search, as a factor
)

// flips lists single changes that bring the cheapest way with GPUs level with the cheapest way without. Every
// fleet and every size of hybrid is tried at each step, so that another one may become the cheapest on the way.
func (p *Problem) flips(w *ways) []Flip {
	flips := []Flip{}
	gap := func(m moved) float64 {
		_, with := w.withGPUs(m)
		_, without := w.byTheToken(m)
		return with - without
	}
	now := gap(still())
	if math.IsInf(now, 0) || math.IsNaN(now) || math.Abs(now) < 0.005 {
		return flips
	}
	add := func(input, label string, from, to float64, unit string) {
		if from > 0 && to >= 0 && !math.IsInf(to, 0) && !math.IsNaN(to) && to != from && to/from <= largestFlip {
			flips = append(flips, newFlip(input, label, from, to, unit))
		}
	}
	// factor finds the factor of an input at which the gap changes sign, growing it or shrinking it.
	factor := func(set func(*moved, float64), up bool) (float64, bool) {
		at := func(x float64) float64 {
			m := still()
			set(&m, x)
			return gap(m)
		}
		near, far := 1.0, float64(searchTimes)
		if !up {
			far = 0
		}
		if (at(far) > 0) == (now > 0) {
			return 0, false
		}
		for range 60 {
			if mid := (near + far) / 2; (at(mid) > 0) == (now > 0) {
				near = mid
			} else {
				far = mid
			}
		}
		return far, true
	}
	_, cheapestGPU := w.withGPUs(still())
	api, bill := w.byTheToken(still())
	plan, _ := w.withGPUs(still())
	if !math.IsInf(cheapestGPU, 0) {
		if x, ok := factor(func(m *moved, x float64) { m.gpuPrice = x }, now < 0); ok {
			add("gpu_price", "GPU prices", plan.plan.GPUHour.Value, plan.plan.GPUHour.Value*x, "USD/GPU-hour")
		}
		if x, ok := factor(func(m *moved, x float64) { m.capacity = x }, now > 0); ok {
			add("capacity", "What a machine carries", plan.plan.Capacity.Value, plan.plan.Capacity.Value*x, "req/s")
		}
	}
	if x, ok := factor(func(m *moved, x float64) { m.api, m.apiPrice = api.api, x }, now > 0); ok {
		add("api_price", "The price of "+api.api.Name, bill, bill*x, "USD/month")
	}
	// Fixed costs are the same for every way with GPUs, so they close the gap one to one.
	if p.Costs.Loaded.Value > 0 {
		add("people.fte", "People", p.Costs.FTE.Value, p.Costs.FTE.Value-now/p.Costs.Loaded.Value, "FTE")
	}
	add("tooling", "Tooling", p.Costs.Tooling.Value, p.Costs.Tooling.Value-now, "USD/month")
	add("migration.one_off", "The migration", p.Costs.Migration.Value, p.Costs.Migration.Value-now*p.Costs.Horizon.Value, "USD")
	atScale := func(s float64) float64 {
		m := still()
		m.scale = s
		return gap(m)
	}
	for _, up := range []bool{true, false} {
		if s, ok := crossing(atScale, 1, up); ok {
			flips = append(flips, newFlip("scale", "The workload", 1, s, "x"))
		}
	}
	sortFlips(flips)
	return flips
}

// confidence tests whether the same kind of option wins at both ends of the range in which each plan's true
// capacity plausibly lies, and halfway to them.
func (p *Problem) confidence(winner *Option, w *ways) (Confidence, string) {
	if len(p.Current.Missing) > 0 {
		return Low, "Today's bill is incomplete: there is no price for " + p.Current.Missing[0] + "."
	}
	if len(w.fleets)+len(w.mixed) == 0 {
		return Medium, "No feasible way with GPUs was compared."
	}
	holds := func(part float64) bool {
		for _, doubt := range []float64{-part, part} {
			m := still()
			m.doubt = doubt
			gpu, with := w.withGPUs(m)
			api, without := w.byTheToken(m)
			kind := api.kind
			if with < without {
				kind = gpu.kind
			}
			if kind != winner.Kind {
				return false
			}
		}
		return true
	}
	switch {
	case holds(1):
		return High, "On cost, the same kind of option wins over the whole range in which the GPUs' true capacity plausibly lies."
	case holds(0.5):
		return Medium, "On cost, the verdict holds in the inner half of the range in which the GPUs' true capacity plausibly lies, and not at its ends."
	}
	return Low, "The verdict changes within the range in which the GPUs' true capacity plausibly lies: measure one before you decide."
}

// curves costs each picked kind over the scale grid: at every scale by the cheapest way of that kind that
// constraints allow, or where they allow none by the picked one.
func (p *Problem) curves(options []Option, w *ways, b best) []Curve {
	curves := []Curve{}
	free := w
	if slices.ContainsFunc(options, func(o Option) bool { return !o.Feasible }) {
		unbound := *p
		unbound.Constraints = Constraints{}
		free = unbound.newWays()
	}
	for _, o := range options {
		c := Curve{Option: o.ID, Kind: o.Kind, Name: o.Name, Steps: o.Kind == RentedGPUs}
		at := func(s float64) float64 {
			m := still()
			m.scale = s
			switch o.Kind {
			case CurrentAPI:
				return p.Current.Total().Dollars() * s
			case HostedOpen:
				return b.hosted.Total().Dollars() * s
			case RentedGPUs, Hybrid:
			}
			from := free
			if o.Feasible {
				from = w
			}
			_, cost := from.withGPUs(m, o.Kind)
			return cost
		}
		grid := scales()
		if c.Steps {
			grid = withSteps(grid, p.stairs(b.fleet).step)
		}
		for _, s := range grid {
			if total, err := ledger.Round(at(s)); err == nil {
				c.Points = append(c.Points, ScalePoint{s, total})
			}
		}
		curves = append(curves, c)
	}
	return curves
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
