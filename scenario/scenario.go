// Package scenario is the document that one decision depends on: its schema, its defaults, its validation, and
// the presets of the guide. A YAML file, a JSON body and a URL are three spellings of the same document.
//
// Reading guide: scenario.go is the document; decode.go reads it strictly and says which field is wrong;
// default.go fills in what is left out, each with its reason; preset.go holds the guide's scenarios.
package scenario

import (
	"breakeven/decide"
)

// Version is the version of the document that this package reads.
const Version = 1

// Scenario is everything that one decision depends on. It has either parts, where the figures of both sides
// are given, or a workload, where they are derived.
type Scenario struct {
	Version int    `json:"version" required:"false" doc:"Version of this document." enum:"1" default:"1"`
	Name    string `json:"name,omitempty" doc:"What the decision is called." maxLength:"200"`
	Parts   *Parts `json:"parts,omitempty" doc:"Both sides' figures, given. Leave it out to derive them from a workload."`

	Workload   *Workload          `json:"workload,omitempty" doc:"The demand, where no call log is given."`
	Current    Current            `json:"current,omitzero" doc:"What serves the workload today."`
	Candidates []Candidate        `json:"candidates,omitempty" nullable:"false" doc:"Open-weight models that would do; the cheapest wins, so list only those that pass your evaluation." maxItems:"8"`
	Target     Target             `json:"target,omitzero" doc:"The latency that users must see."`
	Fleet      Fleet              `json:"fleet,omitzero" doc:"How rented GPUs are sized."`
	People     People             `json:"people,omitzero" doc:"Who runs it."`
	Tooling    *float64           `json:"tooling,omitempty" doc:"Observability, evaluation, licences, in dollars per month." minimum:"0" maximum:"100000000" default:"2000"`
	Migration  Migration          `json:"migration,omitzero" doc:"The one-off effort of moving."`
	Constraint decide.Constraints `json:"constraints,omitzero" doc:"What must hold whatever it costs."`
}

// Parts are both sides' figures, given: the quick formula's input. All money is dollars per month, shares are 0 to 1.
type Parts struct {
	API         float64  `json:"api" doc:"What the API costs today, in dollars per month." minimum:"0" maximum:"1000000000" example:"40000"`
	GPU         float64  `json:"gpu" doc:"GPU rental in dollars per month, sized to do today's work at the design utilization." minimum:"0" maximum:"1000000000" example:"8000"`
	Ops         float64  `json:"ops" doc:"People who run it, loaded, in dollars per month." minimum:"0" maximum:"1000000000" example:"25000"`
	Tooling     *float64 `json:"tooling,omitempty" doc:"Tooling, and the migration spread over the horizon, in dollars per month." minimum:"0" maximum:"1000000000" default:"7000"`
	Utilization *float64 `json:"utilization,omitempty" doc:"Share of the GPUs' capacity that real traffic uses." minimum:"0.01" maximum:"1" default:"0.3733"`
	Design      *float64 `json:"design_utilization,omitempty" doc:"The utilization that the GPU bill assumes." minimum:"0.01" maximum:"1" default:"0.7"`
}

// Quick is the quick formula's input: the parts, and the documented defaults where one is left out, marked as
// assumed.
func (p Parts) Quick() decide.Quick {
	q := decide.Quick{API: p.API, GPU: p.GPU, Ops: p.Ops}
	take := func(name string, given *float64) float64 {
		v, from := Number("parts."+name, given)
		if given == nil {
			q.Assumed = append(q.Assumed, decide.Assumption{Input: name, Why: from.Rule})
		}
		return v
	}
	q.Tooling = take("tooling", p.Tooling)
	q.Utilization = take("utilization", p.Utilization)
	q.Design = take("design_utilization", p.Design)
	return q
}

// Workload is demand given as an average call. A call log, where there is one, takes its place.
type Workload struct {
	Input       float64  `json:"input" doc:"Mean input tokens of a call, cached ones included." minimum:"1" maximum:"10000000" example:"1200"`
	Output      float64  `json:"output" doc:"Mean output tokens of a call, reasoning included." minimum:"1" maximum:"1000000" example:"350"`
	CallsPerDay *float64 `json:"calls_per_day,omitempty" doc:"Calls a day. Give this or spend." minimum:"0.001" maximum:"1000000000000" example:"10000"`
	Spend       *float64 `json:"spend,omitempty" doc:"Today's bill in dollars per month, from which the calls follow. Give this or calls_per_day." minimum:"0.01" maximum:"1000000000" example:"40000"`
	CachedShare float64  `json:"cached_share,omitempty" doc:"Share of the input tokens that the vendor's cache serves." minimum:"0" maximum:"1" default:"0"`
	BatchShare  float64  `json:"batch_share,omitempty" doc:"Share of the calls that can wait for a batch." minimum:"0" maximum:"1" default:"0"`
	PeakToMean  *float64 `json:"peak_to_mean,omitempty" doc:"The busiest hour over the mean hour." minimum:"1" maximum:"20" default:"2"`
}

// Current is what serves the workload today.
type Current struct {
	Model string `json:"model,omitempty" doc:"Provider and model; for a log, the model of rows that name none." default:"anthropic/claude-sonnet-4-6" example:"anthropic/claude-sonnet-4-6"`
	Tier  string `json:"tier,omitempty" doc:"Service tier." default:"standard" example:"standard"`
}

// Candidate is an open-weight model that would do.
type Candidate struct {
	Model     string   `json:"model" doc:"Open weights, as in the model catalog." example:"llama-3.3-70b"`
	Precision string   `json:"precision,omitempty" doc:"Number format of the weights on your GPUs." enum:"bf16,fp8,fp4,int4" default:"fp8"`
	Hosts     []string `json:"hosts,omitempty" nullable:"false" doc:"Hosts to compare; every one that sells these weights if left out." maxItems:"32"`
	GPUs      []string `json:"gpus,omitempty" nullable:"false" doc:"Accelerators to compare; every one that has an offer if left out." maxItems:"32"`
	Vendors   []string `json:"vendors,omitempty" nullable:"false" doc:"GPU vendors to rent from; every one if left out, but for marketplaces of third-party machines." maxItems:"64"`
	Term      string   `json:"term,omitempty" doc:"Rental term." enum:"on_demand,spot,reserved_1y,reserved_3y" default:"on_demand"`
}

// Target is the latency that users must see.
type Target struct {
	TTFT *float64 `json:"ttft_seconds,omitempty" doc:"Time to the first token, in seconds." minimum:"0.01" maximum:"600" default:"2"`
	TPOT *float64 `json:"tpot_ms,omitempty" doc:"Time per output token after the first, in milliseconds." minimum:"1" maximum:"10000" default:"50"`
}

// Fleet is how rented GPUs are sized.
type Fleet struct {
	Busy          *float64 `json:"busy_at_peak,omitempty" doc:"Share of its capacity that the fleet may use in the busiest hour; the rest absorbs bursts within it." minimum:"0.05" maximum:"1" default:"0.7"`
	Spare         *int     `json:"spare_replicas,omitempty" doc:"Replicas that stand by for failures and rollouts." minimum:"0" maximum:"1000" default:"1"`
	NonProduction *float64 `json:"non_production,omitempty" doc:"Staging and evaluation GPUs as a share of production." minimum:"0" maximum:"5" default:"0.15"`
}

// People is who runs it.
type People struct {
	FTE    *float64 `json:"fte,omitempty" doc:"Full-time equivalents who run inference." minimum:"0" maximum:"10000" default:"1"`
	Loaded *float64 `json:"loaded_monthly,omitempty" doc:"What one costs with everything, in dollars per month." minimum:"0" maximum:"1000000" default:"25000"`
}

// Migration is the one-off effort of moving.
type Migration struct {
	OneOff *float64 `json:"one_off,omitempty" doc:"Porting prompts, rebuilding evaluation, running in parallel: dollars, once." minimum:"0" maximum:"1000000000" default:"150000"`
	Months *float64 `json:"over_months,omitempty" doc:"Horizon that it is spread over, in months." minimum:"1" maximum:"120" default:"30"`
}
