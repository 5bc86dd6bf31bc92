package decide

import (
	"fmt"
	"math"
	"slices"

	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/unit"
)

// Problem is everything that a decision depends on. Prices and capacities are looked up already, so that the
// decision is a pure function of it.
type Problem struct {
	Demand      Demand
	Current     API
	Hosted      []API       // the same open weights at whoever sells them by the token
	Fleets      []FleetPlan // ways to serve open weights on rented GPUs
	Costs       Costs
	Constraints Constraints
	// Caps bound the verdict's confidence for reasons that lie outside its arithmetic.
	Caps []Cap
}

// Cap is a reason why a verdict can be no surer than it says.
type Cap struct {
	Most Confidence
	Why  string
}

// Demand is the workload at scale 1.
type Demand struct {
	// Mean is the mean arrival rate of requests over the month.
	Mean unit.RequestsPerSecond
	// Load is the arrival rate in equal buckets of time relative to the mean, so that its average is 1.
	Load []float64
	// Bucket is the length of one bucket in words: "hour".
	Bucket     string
	Provenance fact.Provenance // of the load's shape
}

// Peak is the busiest bucket relative to the mean.
func (d Demand) Peak() float64 {
	peak := 1.0
	for _, l := range d.Load {
		peak = max(peak, l)
	}
	return peak
}

// API is one vendor's bill for the workload.
type API struct {
	ID      string // "anthropic/claude-sonnet-4-6"
	Name    string
	Vendors []Vendor // who sees the data: several where a log holds several vendors' calls
	Weights string   // the open weights that it serves; empty for a closed model
	// Lines are the bill at scale 1, in dollars per month.
	Lines []ledger.Line
	// Missing lists what has no price; the bill leaves it out and is then a lower bound.
	Missing []string
	// Unfit says why the API cannot serve the workload, whatever it costs.
	Unfit []Reason
	Notes []string
}

// Vendor is somebody who sees the data.
type Vendor struct {
	ID   string // as the catalog names it: "bedrock", "gcp"
	Name string
	// Attests holds what the vendor states about itself, by attribute: soc2, hipaa_baa, fedramp_high, eu_residency.
	Attests map[string]Attestation
}

// vendorNames joins the names of vendors.
func vendorNames(vendors []Vendor) string {
	names := make([]string, 0, len(vendors))
	for _, v := range vendors {
		if v.Name != "" && !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
	}
	return list(names)
}

// Attestation is what is on record of a vendor about one compliance attribute.
type Attestation struct {
	Stated     bool // whether there is a statement at all
	Met        bool
	Value      string
	Provenance fact.Provenance
	Elsewhere  []string // vendors that state that they hold it
	// Detail is what the statement depends on: a region, a product. It is shown beside an option that passes.
	Detail string
}

// Total is the bill at scale 1.
func (a API) Total() ledger.Amount { return ledger.New(a.Lines...).Total }

// FleetPlan is a way to serve the workload on rented GPUs: one kind of replica on one offer.
type FleetPlan struct {
	ID      string // "llama-3.3-70b on 4 h100-sxm, runpod"
	Name    string
	Weights string
	Vendor  Vendor // who rents the machines out
	// Unit is what the plan's replicas are: "machines" where a replica is a rented machine with its engines.
	// Empty for replicas.
	Unit string
	// Capacity is what one replica sustains at the latency target, in requests per second.
	Capacity ledger.Term
	// GPUs is how many GPUs a replica needs, and GPUHour what one costs an hour.
	GPUs, GPUHour ledger.Term
	// Limit says what bounds the capacity, in words.
	Limit string
	// Low and High are the factors between which the true capacity plausibly lies. Zero for both means half to
	// one and a half times.
	Low, High float64
	// Confirmed says in words that the replicas for scale 1 were simulated together on the workload itself, where they
	// were. Capacity is then what one of them carries among so many.
	Confirmed string
	// Unfit says why the plan cannot serve the workload, whatever it costs.
	Unfit []Reason
	Notes []string
}

// doubt is the range of the plan's capacity as factors.
func (f *FleetPlan) doubt() (low, high float64) {
	if f.Low == 0 && f.High == 0 {
		return 0.5, 1.5
	}
	return max(f.Low, 0.01), f.High
}

// Costs are what self-hosting needs besides GPUs.
type Costs struct {
	FTE     ledger.Term // people who run it, full-time equivalents
	Loaded  ledger.Term // USD/month for one, loaded
	Tooling ledger.Term // USD/month
	// Migration is the one-off effort in USD, spread over Horizon months.
	Migration ledger.Term
	Horizon   ledger.Term
	// NonProduction is the share of the production fleet that staging and evaluation rent on top.
	NonProduction ledger.Term
	// Busy is the share of its capacity that the fleet may use in the busiest hour.
	Busy ledger.Term
	// Spare is how many replicas stand by beyond what the peak needs.
	Spare ledger.Term
}

// Check reports the first part of the problem that cannot be used as a *FieldError.
func (p *Problem) Check() error {
	if m := float64(p.Demand.Mean); math.IsNaN(m) || math.IsInf(m, 0) || m < 0 {
		return &FieldError{Field: "workload", Value: fmt.Sprint(m), Problem: "the mean request rate is not a number"}
	}
	if p.Demand.Mean == 0 {
		return &FieldError{Field: "workload", Problem: "no requests", Hint: "give calls per day, or a log with calls in it"}
	}
	for _, l := range p.Demand.Load {
		if math.IsNaN(l) || l < 0 || math.IsInf(l, 0) {
			return &FieldError{Field: "workload", Value: fmt.Sprint(l), Problem: "a bucket's load is not a number"}
		}
	}
	for _, t := range []struct {
		field    string
		term     ledger.Term
		min, max float64
	}{
		{"people.fte", p.Costs.FTE, 0, 1e4}, {"people.loaded_monthly", p.Costs.Loaded, 0, 1e6},
		{"tooling", p.Costs.Tooling, 0, 1e8}, {"migration.one_off", p.Costs.Migration, 0, 1e9},
		{"horizon_months", p.Costs.Horizon, 1, 120}, {"fleet.non_production", p.Costs.NonProduction, 0, 5},
		{"fleet.busy_at_peak", p.Costs.Busy, 0.05, 1}, {"fleet.spare_replicas", p.Costs.Spare, 0, 1000},
	} {
		if v := t.term.Value; math.IsNaN(v) || v < t.min || v > t.max {
			return &FieldError{Field: t.field, Value: fmt.Sprint(v), Problem: fmt.Sprintf("must lie between %s and %s", ledger.Number(t.min), ledger.Number(t.max))}
		}
	}
	for _, f := range p.Fleets {
		if math.IsNaN(f.Low) || math.IsNaN(f.High) || f.Low < 0 || f.High < f.Low || math.IsInf(f.High, 0) {
			return &FieldError{Field: "fleet " + f.ID, Value: fmt.Sprintf("%v to %v", f.Low, f.High), Problem: "is no range of the capacity"}
		}
		for _, t := range []ledger.Term{f.Capacity, f.GPUs, f.GPUHour} {
			if math.IsNaN(t.Value) || math.IsInf(t.Value, 0) || t.Value <= 0 {
				return &FieldError{Field: "fleet " + f.ID, Value: fmt.Sprint(t.Value), Problem: t.Name + " must be positive"}
			}
		}
	}
	return nil
}
