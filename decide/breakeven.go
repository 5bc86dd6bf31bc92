package decide

import (
	"fmt"
	"math"

	"breakeven/ledger"
	"breakeven/unit"
)

// BreakEven is the scale of today's workload from which a rented fleet costs no more than an API.
//
// The fleet's cost is a staircase: it is level while the load fits and jumps when a replica is added. So the
// fleet may win just below a step and lose again just above it: First is the smallest scale at which it is not
// dearer, ForGood the scale from which it never is again.
type BreakEven struct {
	Kind    Kind     `json:"kind" enum:"rented_gpus,hybrid"`
	Fleet   string   `json:"fleet" doc:"The option ID of the way with GPUs that is the first to cost no more."`
	Against string   `json:"against" doc:"The API's option ID."`
	First   *float64 `json:"first_scale,omitempty" doc:"Smallest multiple of today's workload at which the fleet costs no more."`
	ForGood *float64 `json:"for_good_scale,omitempty" doc:"Multiple from which the fleet never costs more again."`
	// APISpend is the API's bill at First, in dollars per month.
	APISpend *float64 `json:"api_usd_per_month,omitempty" doc:"The API's bill at the first scale."`
	Replicas int      `json:"replicas,omitempty" doc:"Replicas that the fleet has there, spare ones included."`
	Never    string   `json:"never,omitempty" doc:"Why there is no such scale, and which input would have to move how far."`
	Sentence string   `json:"sentence"`
}

// stairs is a fleet's cost as a staircase over scale.
type stairs struct {
	fixed   float64 // dollars per month whatever the load
	replica float64 // dollars per month for one replica, its share of non-production included
	spare   float64
	step    float64 // the scale that one more replica carries
}

func (p *Problem) stairs(f *FleetPlan) stairs {
	c := p.Costs
	return stairs{
		fixed:   c.FTE.Value*c.Loaded.Value + c.Tooling.Value + c.Migration.Value/c.Horizon.Value,
		replica: f.GPUs.Value * f.GPUHour.Value * unit.HoursPerMonth * (1 + c.NonProduction.Value),
		spare:   math.Trunc(c.Spare.Value),
		step:    f.Capacity.Value * c.Busy.Value / (float64(p.Demand.Mean) * p.Demand.Peak()),
	}
}

// cost is the fleet's cost with n replicas under load.
func (s stairs) cost(n float64) float64 { return s.fixed + (n+s.spare)*s.replica }

// breakEven solves the staircase against an API that costs api dollars per month at scale 1.
//
// With n replicas the fleet carries scales up to n × step. It reaches the API's line within that step if
// cost(n) <= api × n × step, that is n >= (fixed + spare × replica) / (api × step - replica); it lies below the
// line in the whole step if cost(n) <= api × (n - 1) × step. Where one replica at full load costs as much as
// the API's price for what it carries, neither is ever true.
func (p *Problem) breakEven(f *FleetPlan, api *API, kind Kind) BreakEven {
	b := BreakEven{Kind: RentedGPUs, Fleet: string(RentedGPUs) + ":" + f.ID, Against: string(kind) + ":" + api.ID}
	s, bill := p.stairs(f), api.Total().Dollars()
	margin := bill*s.step - s.replica // what a fully loaded replica saves
	if margin <= 0 {
		full := s.replica / s.step
		b.Never = fmt.Sprintf("Filled as far as the peak and the limit of %s %% allow, and before any person is paid, the GPUs for today's workload cost $%s a month where %s costs $%s. ",
			ledger.Number(100*p.Costs.Busy.Value), ledger.Number(math.Round(full)), api.Name, ledger.Number(math.Round(bill)))
		if bill == 0 {
			b.Never += "Nothing is cheaper than nothing."
		} else {
			b.Never += fmt.Sprintf("GPU prices would have to fall by %s %%, or a machine carry %s times as much.",
				ledger.Number(math.Ceil(1000*(1-bill/full))/10), ledger.Number(round3(full/bill)))
		}
		b.Sentence = "There is no break-even. " + b.Never
		return b
	}
	n := max(1, math.Ceil((s.fixed+s.spare*s.replica)/margin-1e-9))
	first := max(s.cost(n)/bill, (n-1)*s.step)
	spend := first * bill
	b.First, b.APISpend, b.Replicas = &first, &spend, int(n+s.spare)
	// The last step in which the API is still cheaper somewhere.
	m := max(n, math.Ceil((s.fixed+s.spare*s.replica+bill*s.step)/margin-1e-9)-1)
	good := max(s.cost(m)/bill, (m-1)*s.step)
	b.ForGood = &good
	b.Sentence = fmt.Sprintf("Rented GPUs (%s) cost no more than %s from %s times today's workload, where its bill is $%s a month",
		f.Name, api.Name, ledger.Number(round3(first)), ledger.Number(math.Round(spend)))
	if good > first*1.001 {
		b.Sentence += fmt.Sprintf("; each added machine lifts the cost again, and it stays below for good from %s times", ledger.Number(round3(good)))
	}
	b.Sentence += "."
	return b
}

// breakEvens are the scales from which ways with GPUs cost no more than an API: the rented fleets against today's
// API and the cheapest host, and the hybrids against the cheapest of all APIs. Of several fleets the one that gets
// there first is named.
func (p *Problem) breakEvens(w *ways, b best) []BreakEven {
	list := []BreakEven{}
	plans := w.fleets
	if len(plans) == 0 && b.fleet != nil {
		plans = []way{{plan: b.fleet}} // constraints allow none: the picked one still tells what they cost
	}
	against := func(api *API, kind Kind) {
		var first BreakEven
		for i, one := range plans {
			be := p.breakEven(one.plan, api, kind)
			switch {
			case i == 0, be.First != nil && (first.First == nil || *be.First < *first.First):
				good := first.ForGood
				first = be
				if good != nil && be.ForGood != nil && *good < *be.ForGood {
					first.ForGood = good
				}
			case be.ForGood != nil && first.ForGood != nil && *be.ForGood < *first.ForGood:
				first.ForGood = be.ForGood
			}
		}
		list = append(list, first)
	}
	if len(plans) > 0 {
		against(&p.Current, CurrentAPI)
		if b.hosted != nil {
			against(b.hosted, HostedOpen)
		}
	}
	if len(w.mixed) > 0 && len(w.apis) > 0 {
		list = append(list, w.hybridBreakEven())
	}
	return list
}

// hybridBreakEven searches the scale from which some hybrid costs no more than the cheapest API.
func (w *ways) hybridBreakEven() BreakEven {
	api, _ := w.byTheToken(still())
	gap := func(s float64) float64 {
		m := still()
		m.scale = s
		_, with := w.withGPUs(m, Hybrid)
		_, without := w.byTheToken(m)
		return with - without
	}
	b := BreakEven{Kind: Hybrid, Against: string(api.kind) + ":" + api.api.ID}
	s, found := smallestScale, gap(smallestScale) <= 0
	if !found {
		s, found = crossing(gap, smallestScale, true)
	}
	if !found {
		b.Never = fmt.Sprintf("No hybrid costs less than %s up to %s times today's workload.", api.api.Name, ledger.Number(largestScale))
		b.Sentence = b.Never
		return b
	}
	m := still()
	m.scale = s
	one, _ := w.withGPUs(m, Hybrid)
	spend := s * api.bill
	b.Fleet, b.First, b.APISpend = string(Hybrid)+":"+one.plan.ID, &s, &spend
	b.Sentence = fmt.Sprintf("A hybrid (%s, peaks to %s) costs no more than %s from %s times today's workload, where its bill is $%s a month.",
		one.plan.Name, one.api.Name, api.api.Name, ledger.Number(round3(s)), ledger.Number(math.Round(spend)))
	return b
}
