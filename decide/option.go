package decide

import (
	"fmt"
	"math"
	"slices"

	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/unit"
)

// Kind is a way to serve the workload.
type Kind string

// The ways to serve a workload.
const (
	CurrentAPI Kind = "current_api" // what is paid today
	HostedOpen Kind = "hosted_open" // open weights at a host, by the token
	RentedGPUs Kind = "rented_gpus" // open weights on GPUs rented by the hour, sized for the peak
	Hybrid     Kind = "hybrid"      // GPUs for the base load, an API for the peaks
)

// Option is one way to serve the workload, costed.
type Option struct {
	ID           string        `json:"id"`
	Kind         Kind          `json:"kind" enum:"current_api,hosted_open,rented_gpus,hybrid"`
	Name         string        `json:"name"`
	Vendor       string        `json:"vendor,omitempty"`
	Weights      string        `json:"weights,omitempty" doc:"The open weights that it serves."`
	Ledger       ledger.Ledger `json:"ledger"`
	Feasible     bool          `json:"feasible"`
	Reasons      []Reason      `json:"reasons" nullable:"false" doc:"Constraints that it breaks."`
	ChangesModel bool          `json:"changes_model" doc:"It is another model than today's: evaluate it on your own task first."`
	// Replicas and GPUs are the fleet at scale 1; Served is the share of requests that it serves.
	Replicas int     `json:"replicas,omitempty"`
	GPUs     int     `json:"gpus,omitempty"`
	Served   float64 `json:"served_share,omitempty" doc:"Share of the requests that the GPUs serve."`
	// BusyMean is the share of the fleet's capacity that the mean load uses.
	BusyMean float64 `json:"mean_utilization,omitempty" doc:"Share of the fleet's capacity that the mean load uses."`
	Limit    string  `json:"limit,omitempty" doc:"What bounds a replica's capacity."`
	// Confirmed is empty for a hybrid, whose replicas see only a part of the calls.
	Confirmed string   `json:"confirmed,omitempty" doc:"How the fleet was confirmed on the calls themselves; absent where it rests on the closed form alone."`
	Missing   []string `json:"missing,omitempty" doc:"What has no price; the total is then a lower bound."`
	Notes     []string `json:"notes,omitempty"`

	closed bool
	sees   []Vendor // who sees the data
	unfit  []Reason
}

// Complete reports whether everything in the option has a price.
func (o *Option) Complete() bool { return len(o.Missing) == 0 }

// apiShell is a vendor's option before it is costed.
func (p *Problem) apiShell(kind Kind, a *API) Option {
	return Option{
		ID: string(kind) + ":" + a.ID, Kind: kind, Name: a.Name, Vendor: vendorNames(a.Vendors), Weights: a.Weights,
		ChangesModel: kind != CurrentAPI && (a.Weights == "" || a.Weights != p.Current.Weights),
		Missing:      a.Missing, Notes: a.Notes, closed: a.Weights == "", sees: a.Vendors, unfit: a.Unfit,
	}
}

// apiOption costs a vendor's bill at a scale.
func (p *Problem) apiOption(kind Kind, a *API, scale float64) (Option, error) {
	o := p.apiShell(kind, a)
	lines, err := scaled(a.Lines, scale, nil)
	o.Ledger = ledger.New(lines...)
	return o, err
}

// scaled multiplies lines by a scale of today's workload, and by one more term where given.
func scaled(lines []ledger.Line, scale float64, also *ledger.Term) ([]ledger.Line, error) {
	if scale == 1 && also == nil {
		return lines, nil
	}
	out := make([]ledger.Line, 0, len(lines))
	for _, l := range lines {
		times := append([]ledger.Term(nil), l.Times...)
		if scale != 1 {
			times = append(times, ledger.Term{Name: "scale", Value: scale, Unit: "x", Provenance: fact.ByUser("scale")})
		}
		if also != nil {
			times = append(times, *also)
		}
		line, err := ledger.NewLine(l.ID, l.Label, times, l.Over)
		if err != nil {
			return nil, err
		}
		line.Note = l.Note
		out = append(out, line)
	}
	return out, nil
}

// replicas is how many replicas the peak needs at a scale, the spare ones included.
func (p *Problem) replicas(f *FleetPlan, scale float64) int {
	return p.needed(f, scale) + int(p.Costs.Spare.Value)
}

// needed is the smallest number of replicas that carries the peak.
func (p *Problem) needed(f *FleetPlan, scale float64) int {
	peak := float64(p.Demand.Mean) * p.Demand.Peak() * scale
	return max(1, int(math.Ceil(peak/(f.Capacity.Value*p.Costs.Busy.Value)-tolerance)))
}

// fleetOption costs a rented fleet at a scale.
func (p *Problem) fleetOption(f *FleetPlan, scale float64) (Option, error) {
	n := p.replicas(f, scale)
	o := p.fleetShell(RentedGPUs, f, nil)
	p.size(&o, f, n, 1, scale)
	peak := float64(p.Demand.Mean) * p.Demand.Peak() * scale
	why := fmt.Sprintf("ceil(peak %s req/s / (%s req/s × %s %% busy)) + %s spare",
		ledger.Number(round3(peak)), ledger.Number(round3(f.Capacity.Value)), ledger.Number(p.Costs.Busy.Value*100), ledger.Number(p.Costs.Spare.Value))
	if f.Confirmed != "" && scale == 1 {
		o.Confirmed = f.Confirmed
		why = fmt.Sprintf("%s; and %s spare", f.Confirmed, ledger.Number(p.Costs.Spare.Value))
	}
	lines, err := p.selfLines(f, n, why)
	o.Ledger = ledger.New(lines...)
	return o, err
}

// hybridOption costs the cheapest number of replicas for the base load and an API for the rest.
func (p *Problem) hybridOption(f *FleetPlan, api *API, scale float64, share served) (Option, error) {
	mean := float64(p.Demand.Mean) * scale
	load := f.Capacity.Value * p.Costs.Busy.Value
	w := ways{p: p, served: share}
	n := int(w.bestReplicas(p.stairs(f).replica, load/mean, api.Total().Dollars()*scale, float64(p.needed(f, scale))))
	o := p.fleetShell(Hybrid, f, api)
	p.size(&o, f, n, share.share(float64(n)*load/mean), scale)
	lines, err := p.selfLines(f, n, "the number that costs least")
	if err != nil {
		return o, err
	}
	if o.Served == 1 {
		o.Name = f.Name + ", with " + api.Name + " as the spare"
		o.Ledger = ledger.New(lines...)
		return o, nil
	}
	rest := ledger.Term{
		Name: "share that spills over", Value: 1 - o.Served, Unit: "share",
		Provenance: fact.Derive("the load above the replicas' capacity, " + p.Demand.Bucket + " by " + p.Demand.Bucket),
	}
	spill, err := scaled(api.Lines, scale, &rest)
	if err != nil {
		return o, err
	}
	for i := range spill {
		spill[i].Label += ", peaks"
	}
	o.Ledger = ledger.New(append(lines, spill...)...)
	return o, nil
}

// fleetShell is a plan's option before it is sized; api is where a hybrid's peaks go.
func (p *Problem) fleetShell(kind Kind, f *FleetPlan, api *API) Option {
	o := Option{
		ID: string(kind) + ":" + f.ID, Kind: kind, Name: f.Name, Vendor: f.Vendor.Name, Weights: f.Weights,
		ChangesModel: f.Weights == "" || f.Weights != p.Current.Weights, Limit: f.Limit, Notes: f.Notes,
		sees: []Vendor{f.Vendor}, unfit: f.Unfit,
	}
	if kind == Hybrid {
		o.Name = f.Name + ", peaks to " + api.Name
		o.Missing, o.closed = api.Missing, api.Weights == ""
		o.unfit = append(slices.Clone(f.Unfit), api.Unfit...)
		o.sees = append(o.sees, api.Vendors...)
		o.Vendor = vendorNames(o.sees)
	}
	return o
}

// size fills in the fleet of an option: n replicas that serve a share of the load.
func (p *Problem) size(o *Option, f *FleetPlan, n int, share, scale float64) {
	o.Replicas, o.GPUs, o.Served = n, n*int(f.GPUs.Value), share
	o.BusyMean = min(1, share*float64(p.Demand.Mean)*scale/(float64(n)*f.Capacity.Value))
}

// selfLines are the lines of everything that self-hosting pays whatever its traffic.
func (p *Problem) selfLines(f *FleetPlan, n int, why string) ([]ledger.Line, error) {
	c := p.Costs
	hours := ledger.Term{Name: "hours in a month", Value: unit.HoursPerMonth, Unit: "h", Provenance: fact.Derive("8,760 hours a year over 12")}
	replicas := ledger.Term{Name: "replicas", Value: float64(n), Unit: unitOf(f), Provenance: fact.Provenance{Kind: f.Capacity.Provenance.Kind, Rule: why, Source: f.Capacity.Provenance.Source}}
	rent := []ledger.Term{replicas, f.GPUs, f.GPUHour, hours}
	var lines []ledger.Line
	for _, l := range []struct {
		id, label   string
		times, over []ledger.Term
	}{
		{"gpu", "GPU rental", rent, nil},
		{"non_production", "Staging and evaluation GPUs", append(slices.Clip(rent), c.NonProduction), nil},
		{"people", "People", []ledger.Term{c.FTE, c.Loaded}, nil},
		{"tooling", "Tooling", []ledger.Term{c.Tooling}, nil},
		{"migration", "Migration, spread", []ledger.Term{c.Migration}, []ledger.Term{c.Horizon}},
	} {
		line, err := ledger.NewLine(l.id, l.label, l.times, l.over)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// unitOf is what a plan's replicas are called.
func unitOf(f *FleetPlan) string {
	if f.Unit == "" {
		return "replicas"
	}
	return f.Unit
}
