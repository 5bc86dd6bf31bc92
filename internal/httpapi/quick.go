package httpapi

import (
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/scenario"
)

// optional is a query parameter that may be left out, which no value of its own can say.
type optional[T any] struct {
	value T
	set   bool
}

// Schema is the schema of the parameter's value.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is where the parameter's value is written.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&o.value).Elem() }

// OnParamSet tells whether the parameter was given.
func (o *optional[T]) OnParamSet(set bool, _ any) { o.set = set }

// given is the parameter's value, and nil where it was left out.
func (o *optional[T]) given() *T {
	if !o.set {
		return nil
	}
	return &o.value
}

// quickQuery is the quick formula's input as a query string.
type quickQuery struct {
	API          float64           `query:"api" required:"true" doc:"What the API costs today, in dollars per month." minimum:"0" maximum:"1000000000" example:"40000"`
	GPU          float64           `query:"gpu" required:"true" doc:"GPU rental in dollars per month at the design utilization." minimum:"0" maximum:"1000000000" example:"8000"`
	Ops          float64           `query:"ops" required:"true" doc:"People who run it, in dollars per month." minimum:"0" maximum:"1000000000" example:"25000"`
	Tooling      optional[float64] `query:"tooling" doc:"Tooling and migration, in dollars per month; 7000 is assumed." minimum:"0" maximum:"1000000000"`
	Utilization  optional[float64] `query:"utilization" doc:"Share of the GPUs' capacity that real traffic uses; 0.3733 is assumed." minimum:"0.01" maximum:"1"`
	Design       optional[float64] `query:"design_utilization" doc:"The utilization that the GPU bill assumes; 0.7 is assumed." minimum:"0.01" maximum:"1"`
	Guessed      []string          `query:"guessed" doc:"Inputs that nobody chose, such as the starting values of a form: what is worked out from them is marked as assumed." enum:"api,gpu,ops,tooling,utilization,design_utilization"`
	Vendor       string            `query:"vendor" doc:"Whose API it is, for the attestations that constraints ask for; Anthropic is assumed."`
	Sweeps       bool              `query:"sweeps" doc:"Also answer over the range of each input."`
	Elastic      bool              `query:"elastic" doc:"Load is bursty."`
	ModelQuality bool              `query:"model_quality" doc:"Only today's model will do."`
	Attested     []string          `query:"attested" doc:"Vendors whose attestations you have checked yourself."`
	Compliance   []string          `query:"compliance" doc:"Attestations that whoever sees the data must hold." enum:"soc2,hipaa_baa,fedramp_high,eu_residency"`
	DataInside   bool              `query:"data_inside" doc:"Data may not leave infrastructure of your own."`
	LowLatency   bool              `query:"low_latency" doc:"Latency must be under your own control."`
	Portable     bool              `query:"portable" doc:"No lock-in."`
	NoMLOps      bool              `query:"no_mlops" doc:"There is no team that could run inference."`
}

// quick is the formula's input. A default is assumed, and so is what the client says that nobody chose.
func (q *quickQuery) quick() decide.Quick {
	parts := scenario.Parts{
		API: q.API, GPU: q.GPU, Ops: q.Ops, Tooling: q.Tooling.given(), Utilization: q.Utilization.given(), Design: q.Design.given(),
	}
	quick := parts.Quick()
	for _, input := range q.Guessed {
		quick.Assumed = append(quick.Assumed, decide.Assumption{Input: input, Why: "a starting value that nobody has chosen"})
	}
	return quick
}

func (h handlers) quick(api huma.API) {
	get(api, "/api/v1/quick", "The quick formula, in both readings", "decide", func(_ context.Context, in *quickQuery) (*body[app.QuickAnswer], error) {
		a, err := h.app.Quick(app.QuickRequest{
			Quick: in.quick(), Vendor: in.Vendor, Sweeps: in.Sweeps,
			Constraints: decide.Constraints{
				Elastic: in.Elastic, ModelQuality: in.ModelQuality, Compliance: in.Compliance, Attested: in.Attested, DataInside: in.DataInside,
				LowLatency: in.LowLatency, Portable: in.Portable, NoMLOps: in.NoMLOps,
			},
		})
		return answer(h, a, err)
	})
	get(api, "/api/v1/quick/inputs", "The quick formula's inputs, with their ranges and sources", "decide", func(context.Context, *struct{}) (*body[[]app.QuickInput], error) {
		return answer(h, h.app.QuickInputs(), nil)
	})
	get(api, "/api/v1/presets", "The guide's scenarios: three team sizes, four applications", "decide", func(context.Context, *struct{}) (*body[[]app.PresetAnswer], error) {
		list, err := h.app.Presets()
		return answer(h, list, err)
	})
	get(api, "/api/v1/constraints", "The seven constraints and what each rules out", "decide", func(context.Context, *struct{}) (*body[[]decide.Constraint], error) {
		return answer(h, h.app.Constraints(), nil)
	})
}

func (h handlers) system(api huma.API) {
	get(api, "/api/v1/version", "The program, its price book, and its clock", "system", func(context.Context, *struct{}) (*body[app.Stamp], error) {
		s, err := h.app.Stamp()
		return answer(h, s, err)
	})
}
