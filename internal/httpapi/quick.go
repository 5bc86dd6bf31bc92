package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/decide"
	"breakeven/internal/app"
)

// quickQuery is the quick formula's input as a query string. Its defaults are the guide's middle tab.
type quickQuery struct {
	API          float64  `query:"api" doc:"What the API costs today, in dollars per month." minimum:"0" maximum:"1000000000" default:"40000"`
	GPU          float64  `query:"gpu" doc:"GPU rental in dollars per month at the design utilization." minimum:"0" maximum:"1000000000" default:"8000"`
	Ops          float64  `query:"ops" doc:"People who run it, in dollars per month." minimum:"0" maximum:"1000000000" default:"25000"`
	Tooling      float64  `query:"tooling" doc:"Tooling and migration, in dollars per month." minimum:"0" maximum:"1000000000" default:"7000"`
	Utilization  float64  `query:"utilization" doc:"Share of the GPUs' capacity that real traffic uses." minimum:"0.01" maximum:"1" default:"0.3733"`
	Design       float64  `query:"design_utilization" doc:"The utilization that the GPU bill assumes." minimum:"0.01" maximum:"1" default:"0.7"`
	Sweeps       bool     `query:"sweeps" doc:"Also answer over the range of each input."`
	Elastic      bool     `query:"elastic" doc:"Load is bursty."`
	ModelQuality bool     `query:"model_quality" doc:"Only today's model will do."`
	Compliance   []string `query:"compliance" doc:"Attestations that whoever sees the data must hold." enum:"soc2,hipaa_baa,fedramp_high,eu_residency"`
	DataInside   bool     `query:"data_inside" doc:"Data may not leave infrastructure of your own."`
	LowLatency   bool     `query:"low_latency" doc:"Latency must be under your own control."`
	Portable     bool     `query:"portable" doc:"No lock-in."`
	NoMLOps      bool     `query:"no_mlops" doc:"There is no team that could run inference."`
}

func (h handlers) quick(api huma.API) {
	get(api, "/api/v1/quick", "The quick formula, in both readings", "decide", func(_ context.Context, in *quickQuery) (*body[app.QuickAnswer], error) {
		a, err := h.app.Quick(
			decide.Quick{API: in.API, GPU: in.GPU, Ops: in.Ops, Tooling: in.Tooling, Utilization: in.Utilization, Design: in.Design},
			decide.Constraints{
				Elastic: in.Elastic, ModelQuality: in.ModelQuality, Compliance: in.Compliance, DataInside: in.DataInside,
				LowLatency: in.LowLatency, Portable: in.Portable, NoMLOps: in.NoMLOps,
			}, in.Sweeps)
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
