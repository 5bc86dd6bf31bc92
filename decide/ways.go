package decide

import (
	"cmp"
	"math"
	"slices"
)

// ways are the options as numbers: what a search over scales and prices evaluates thousands of times. Ledgers are
// built for the few that are shown.
type ways struct {
	p      *Problem
	served served
	fixed  float64 // people, tooling and migration, dollars per month
	fleets []way   // rented fleets that constraints allow
	mixed  []way   // hybrids that constraints allow
	apis   []way   // bills by the token that constraints allow and whose prices are complete
}

// way is one option as numbers.
type way struct {
	kind    Kind
	plan    *FleetPlan
	api     *API    // the bill; of a hybrid, where its peaks go
	machine float64 // dollars per month of one replica, its share of non-production included
	load    float64 // requests per second that one replica may carry at the peak
	bill    float64 // dollars per month of the API at scale 1
}

// moved are the inputs of a search, as factors of what they are; fixed costs as dollars added.
type moved struct {
	scale, gpuPrice, capacity float64
	api                       *API // whose price moves
	apiPrice                  float64
	doubt                     float64 // -1 to 1: each plan's capacity moves that far into its own plausible range
	fixed                     float64
}

// still moves nothing.
func still() moved { return moved{scale: 1, gpuPrice: 1, capacity: 1, apiPrice: 1} }

// newWays gathers the ways that constraints allow, without those that another one beats at every scale.
func (p *Problem) newWays() *ways {
	w := &ways{p: p, served: newServed(p.Demand.Load)}
	c := p.Costs
	w.fixed = c.FTE.Value*c.Loaded.Value + c.Tooling.Value + c.Migration.Value/c.Horizon.Value
	for i := range p.Fleets {
		f := &p.Fleets[i]
		s := p.stairs(f)
		one := way{kind: RentedGPUs, plan: f, machine: s.replica, load: f.Capacity.Value * c.Busy.Value}
		if p.allowed(p.fleetShell(RentedGPUs, f, nil)) {
			w.fleets = append(w.fleets, one)
		}
		one.kind, one.api = Hybrid, p.spillover(f)
		one.bill = one.api.Total().Dollars()
		if p.allowed(p.fleetShell(Hybrid, f, one.api)) {
			w.mixed = append(w.mixed, one)
		}
	}
	w.fleets, w.mixed = undominated(w.fleets), undominated(w.mixed)
	add := func(kind Kind, a *API) {
		if o := p.apiShell(kind, a); len(a.Missing) == 0 && p.allowed(o) {
			w.apis = append(w.apis, way{kind: kind, api: a, bill: a.Total().Dollars()})
		}
	}
	add(CurrentAPI, &p.Current)
	for i := range p.Hosted {
		add(HostedOpen, &p.Hosted[i])
	}
	slices.SortStableFunc(w.apis, func(a, b way) int { return cmp.Or(cmp.Compare(a.bill, b.bill), cmp.Compare(a.api.ID, b.api.ID)) })
	return w
}

// allowed reports whether constraints and prices allow an option.
func (p *Problem) allowed(o Option) bool {
	return o.Complete() && len(p.Constraints.judge(&o)) == 0
}

// undominated drops plans for which another one is no dearer, carries no less and spills no dearer: it costs no
// less at any scale.
func undominated(list []way) []way {
	slices.SortFunc(list, func(a, b way) int {
		return cmp.Or(cmp.Compare(a.machine, b.machine), cmp.Compare(b.load, a.load), cmp.Compare(a.bill, b.bill), cmp.Compare(a.plan.ID, b.plan.ID))
	})
	var kept []way
	for _, one := range list {
		if !slices.ContainsFunc(kept, func(k way) bool { return k.machine <= one.machine && k.load >= one.load && k.bill <= one.bill }) {
			kept = append(kept, one)
		}
	}
	return kept
}

// withGPUs is the cheapest way that has GPUs, and its cost in dollars per month; infinite where there is none.
func (w *ways) withGPUs(m moved, kinds ...Kind) (best way, cost float64) {
	cost = math.Inf(1)
	for _, list := range [][]way{w.fleets, w.mixed} {
		for _, one := range list {
			if len(kinds) > 0 && !slices.Contains(kinds, one.kind) {
				continue
			}
			if c := w.cost(one, m); c < cost {
				best, cost = one, c
			}
		}
	}
	return best, cost
}

// byTheToken is the cheapest way without GPUs.
func (w *ways) byTheToken(m moved) (best way, cost float64) {
	cost = math.Inf(1)
	for _, one := range w.apis {
		if c := w.cost(one, m); c < cost {
			best, cost = one, c
		}
	}
	return best, cost
}

// cost is a way's cost in dollars per month.
func (w *ways) cost(one way, m moved) float64 {
	bill := one.bill * m.scale
	if one.api != nil && one.api == m.api {
		bill *= m.apiPrice
	}
	if one.plan == nil {
		return bill
	}
	machine, load := one.machine*m.gpuPrice, one.load*m.capacity
	if m.doubt != 0 {
		low, high := one.plan.doubt()
		end := high
		if m.doubt < 0 {
			end = low
		}
		load *= 1 + math.Abs(m.doubt)*(end-1)
	}
	if load <= 0 {
		return math.Inf(1)
	}
	mean := float64(w.p.Demand.Mean) * m.scale
	needed := max(1, math.Ceil(mean*w.p.Demand.Peak()/load-tolerance))
	if one.kind == RentedGPUs {
		return w.fixed + m.fixed + (needed+math.Trunc(w.p.Costs.Spare.Value))*machine
	}
	n := w.bestReplicas(machine, load/mean, bill, needed)
	return w.fixed + m.fixed + n*machine + (1-w.served.share(n*load/mean))*bill
}

// tolerance keeps an exact fit from needing one replica more.
const tolerance = 1e-9

// mostReplicas bounds a search: beyond it a step of one is nothing.
const mostReplicas = 1e9

// bestReplicas is how many replicas a hybrid has: as many as save more than they cost. The n-th saves less than the
// one before it, so bisection finds the last one that pays; there is always one.
func (w *ways) bestReplicas(machine, unitCapacity, bill, most float64) float64 {
	low, high := 1.0, min(max(1, most), mostReplicas)
	for low < high {
		n := math.Ceil((low + high) / 2)
		if (w.served.share(n*unitCapacity)-w.served.share((n-1)*unitCapacity))*bill >= machine {
			low = n
		} else {
			high = n - 1
		}
	}
	return low
}

// served answers which share of a load a capacity serves, from the load sorted and summed up once.
type served struct {
	sorted []float64
	below  []float64 // below[i] is the sum of the i smallest loads
}

func newServed(load []float64) served {
	s := served{sorted: slices.Clone(load), below: make([]float64, len(load)+1)}
	slices.Sort(s.sorted)
	for i, l := range s.sorted {
		s.below[i+1] = s.below[i] + l
	}
	return s
}

// share is the part of the load that a capacity serves, in multiples of the load's mean.
func (s served) share(capacity float64) float64 {
	n := len(s.sorted)
	if n == 0 {
		return min(1, capacity)
	}
	total := s.below[n]
	if total == 0 {
		return 1
	}
	// The load is relative to its mean already, but for rounding.
	i, _ := slices.BinarySearch(s.sorted, capacity)
	return min(1, (s.below[i]+capacity*float64(n-i))/total)
}

// Range of scales that a search looks at, and its grid.
const (
	smallestScale  = 1e-3
	largestScale   = 1e4
	stepsPerDecade = 48
)

// crossing finds the scale nearest to from, going up or down, at which gap turns from positive to not positive or
// back. It reports false where the search's range holds none.
func crossing(gap func(scale float64) float64, from float64, up bool) (float64, bool) {
	sign := gap(from) > 0
	factor := math.Pow(10, 1.0/stepsPerDecade)
	if !up {
		factor = 1 / factor
	}
	before := from
	for s := from * factor; s >= smallestScale && s <= largestScale; s *= factor {
		if (gap(s) > 0) != sign {
			for range 60 {
				mid := math.Sqrt(before * s)
				if (gap(mid) > 0) == sign {
					before = mid
				} else {
					s = mid
				}
			}
			return s, true
		}
		before = s
	}
	return 0, false
}
