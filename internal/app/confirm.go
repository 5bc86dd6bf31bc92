package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/serving/sim"
	"breakeven/usage"
)

// Bounds of what a decision simulates, so that it stays a matter of a second: calls of a log that are held, calls of its
// busiest part that are served, and fleets that are sized on them.
const (
	maxHeld      = 2_000_000
	maxConfirmed = 30_000
	maxSized     = 8
)

// maxHeadroom is how many times today's calls one machine is tried with.
const maxHeadroom = 64.0

// confirmedShare is the share of requests that a decision's latency target is taken to mean.
const confirmedShare = 0.99

// held is the calls of a log, as long as there are not too many and all are single calls.
type held struct {
	trace trace
	no    string // why none are held
}

func (h *held) add(c *usage.Call) {
	if h.no != "" {
		return
	}
	switch {
	case c.Aggregate() && !c.Failed:
		h.no = "its rows add calls up"
	case len(h.trace.calls) == maxHeld:
		h.no = fmt.Sprintf("it holds more than %s calls", ledger.Number(maxHeld))
	default:
		if err := h.trace.add(c); err != nil {
			h.no = err.Error()
		}
	}
	if h.no != "" {
		h.trace = trace{}
	}
}

// confirm decides, and has the fleets of the decision serve the log's own calls, until those that it shows have done so.
// A fleet that must be larger for that than the closed form says costs more, so that another one may take its place.
func confirm(p *decide.Problem, findings []FleetFinding, m measured, t serving.Target) (decide.Decision, []string, error) {
	s, target, notes, err := replay(m, t)
	if err != nil {
		return decide.Decision{}, nil, err
	}
	if s != nil {
		dropped := unable(p, findings, s, target)
		notes = append(notes, dropped...)
	}
	decision, err := decide.Decide(*p)
	for range maxSized {
		if err != nil || s == nil {
			break
		}
		f, finding := unconfirmed(p, findings, decision)
		if f == nil {
			break
		}
		if err = size(f, finding, p, s, target); err != nil {
			break
		}
		if finding.Dropped != "" {
			p.Fleets = slices.DeleteFunc(p.Fleets, func(x decide.FleetPlan) bool { return x.ID == finding.plan })
		}
		decision, err = decide.Decide(*p)
	}
	return decision, notes, err
}

// replay is the part of a log that fleets are confirmed on, and nil where its calls cannot tell its peak.
func replay(m measured, t serving.Target) (*plan.Stream, plan.Target, []string, error) {
	target := plan.Target{TTFT: plan.Goal{Within: t.TTFT, Share: confirmedShare}, TPOT: plan.Goal{Within: t.TPOT, Share: confirmedShare}}
	if m.held == nil || m.demand.Provenance.Kind != fact.User || !m.shape.known {
		return nil, target, nil, nil // a peak that is assumed is not in the calls
	}
	if m.held.no != "" {
		return nil, target, []string{fmt.Sprintf("Fleets rest on the closed form alone: the log's calls were not simulated, because %s.", m.held.no)}, nil
	}
	trace := &m.held.trace
	if len(trace.calls) == 0 {
		return nil, target, nil, nil
	}
	trace.profile = m.workload.Profile
	trace.spreadTicks()
	whole, err := plan.NewStream(trace.calls)
	if err != nil {
		return nil, target, nil, fleetFault(err)
	}
	s := whole.Busiest(maxConfirmed)
	var notes []string
	if s.Len() < whole.Len() {
		notes = append(notes, fmt.Sprintf("Fleets are confirmed on the busiest %s of the log's %s calls, which came within %s.", ledger.Number(float64(s.Len())), ledger.Number(float64(whole.Len())), spanOf(s)))
	}
	return s, target, notes, nil
}

// unable drops the fleets of which no number keeps the target on the calls.
func unable(p *decide.Problem, findings []FleetFinding, s *plan.Stream, target plan.Target) (notes []string) {
	had := map[string]bool{}
	for i := range findings {
		f := &findings[i]
		if f.engine == nil {
			continue
		}
		had[f.Model] = true
		if err := plan.Alone(f.engine, s, target, 1); err != nil {
			f.Dropped = err.Error()
			p.Fleets = slices.DeleteFunc(p.Fleets, func(x decide.FleetPlan) bool { return x.ID == f.plan })
		}
	}
	for _, f := range findings {
		if f.engine == nil || !had[f.Model] || slices.ContainsFunc(p.Fleets, func(x decide.FleetPlan) bool { return x.Weights == f.Model }) {
			continue
		}
		had[f.Model] = false // say it once
		notes = append(notes, fmt.Sprintf("No GPU offer can serve %s at %s: %s", f.Model, target, f.Dropped))
	}
	return notes
}

// unconfirmed is the first fleet that a decision shows and that has not been sized on the calls; nil where all have.
func unconfirmed(p *decide.Problem, findings []FleetFinding, d decide.Decision) (*decide.FleetPlan, *FleetFinding) {
	for _, o := range d.Options {
		if o.Kind != decide.RentedGPUs && o.Kind != decide.Hybrid {
			continue
		}
		id := strings.TrimPrefix(o.ID, string(o.Kind)+":")
		for i := range p.Fleets {
			if p.Fleets[i].ID != id || p.Fleets[i].Confirmed != "" {
				continue
			}
			for j := range findings {
				if findings[j].plan == id {
					return &p.Fleets[i], &findings[j]
				}
			}
		}
	}
	return nil, nil
}

// size finds how many machines of a fleet keep the target on the calls, and what one of them carries among so many.
func size(f *decide.FleetPlan, finding *FleetFinding, p *decide.Problem, s *plan.Stream, target plan.Target) error {
	c := plan.Candidate{Engine: finding.engine, Engines: finding.Engines, Hourly: finding.hourly, Routing: sim.LeastLoaded}
	z, err := c.Size(s, target, 0, 0, plan.Watch{})
	if e, ok := errors.AsType[*plan.InfeasibleError](err); ok {
		finding.Dropped = e.Error()
		return nil
	}
	if err != nil {
		return fleetFault(err)
	}
	if z.Machines == 0 {
		finding.Dropped = fmt.Sprintf("%d engines, the most that are tried, miss %s", plan.MaxReplicas, target)
		return nil
	}
	one := ledger.Count(z.Machines, "machine")
	finding.Machines = z.Machines
	finding.Confirmed = fmt.Sprintf("%s confirmed by simulating %s calls: %s TTFT %s, %s TPOT %s", one, ledger.Number(float64(s.Len())),
		plan.Percentile(target.TTFT.Share), plan.Latency(z.Held.TTFT(target.TTFT.Share)), plan.Percentile(target.TPOT.Share), plan.Latency(z.Held.TPOT(target.TPOT.Share)))
	if spare := int(p.Costs.Spare.Value); spare > 0 {
		finding.Confirmed += fmt.Sprintf("; %d more spare", spare)
	}
	f.Confirmed = finding.Confirmed
	// One machine less misses, so that the room above cannot be as much as that machine.
	n := float64(z.Machines)
	most := maxHeadroom
	if n > 1 {
		most = n / (n - 1) * (1 - 1e-6)
	}
	room, err := c.Headroom(s, target, z.Machines, most, plan.Watch{})
	if err != nil {
		return fleetFault(err)
	}
	peak := float64(p.Demand.Mean) * p.Demand.Peak()
	f.Capacity.Name = "capacity of a machine among " + ledger.Number(n)
	f.Capacity.Value = peak * room / (n * p.Costs.Busy.Value)
	f.Capacity.Provenance = fact.Provenance{
		Kind: fact.Derived, Source: f.Capacity.Provenance.Source, Date: f.Capacity.Provenance.Date,
		Rule: "the largest peak, of the calls coming faster, that a simulation of so many machines keeps the target at; over the machines and the share that they may be busy",
	}
	return nil
}
