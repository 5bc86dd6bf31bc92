package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/app"
)

// reconcileForm is an upload of call logs and of the bills to hold them against.
type reconcileForm struct {
	Files      []huma.FormFile `form:"files" required:"false" doc:"Call logs; gzip and zstd are undone, and Parquet is read."`
	Bills      []huma.FormFile `form:"bills" required:"false" doc:"Cost exports of vendors, clouds and gateways. Without one, the costs that the logs themselves report are taken."`
	BillFormat string          `form:"bill_format" required:"false" doc:"The bills' format; detected if left out."`
	Kept       bool            `form:"kept" required:"false" doc:"Take the calls that the server keeps, in place of files."`
	From       string          `form:"from" required:"false" doc:"Only calls that begin at this instant or later: RFC 3339, or a day."`
	To         string          `form:"to" required:"false" doc:"Only calls that begin before this instant."`
	Only       []string        `form:"only" required:"false" nullable:"false" doc:"Only calls with this model, provider, project, user, key or tier, as dimension=value." example:"project=search"`
	Format     string          `form:"format" required:"false" doc:"The logs' format; detected if left out."`
	As         string          `form:"as" required:"false" doc:"Provider and model of calls that name none." example:"anthropic/claude-sonnet-4-6"`
	Replace    bool            `form:"replace_model" required:"false" doc:"Take as for every call, whatever the log names."`
	Input      string          `form:"input" required:"false" doc:"Whether the input figure holds cached tokens." enum:"detect,includes,excludes"`
	Map        []string        `form:"map" required:"false" nullable:"false" doc:"Columns of the log for our fields, as field=column."`
	Strict     bool            `form:"strict" required:"false" doc:"Stop at the first bad row, and fail if a difference is not explained."`
}

// log is the part of the form that says how the logs are read.
func (f *reconcileForm) log() *logForm {
	return &logForm{
		Files: f.Files, Kept: f.Kept, From: f.From, To: f.To, Only: f.Only, Format: f.Format, As: f.As, Replace: f.Replace, Input: f.Input, Map: f.Map, Strict: f.Strict,
	}
}

func (h handlers) reconcile(api huma.API) {
	const path = "/api/v1/usage/reconcile"
	tabular(h, api, path, "Hold bills, or the costs that logs report, against what the calls cost", func(ctx context.Context, form *reconcileForm) (app.ReconcileAnswer, error) {
		log, bills := form.log(), &logForm{Files: form.Bills}
		defer log.close()
		defer bills.close()
		sources, o, err := log.open(ctx, h.app)
		if err != nil {
			return app.ReconcileAnswer{}, err
		}
		return h.app.Reconcile(app.ReconcileRequest{Logs: sources, Options: o, Bills: bills.logs(), BillFormat: form.BillFormat, Strict: form.Strict})
	})
	for _, p := range []string{path, path + ".csv"} {
		api.OpenAPI().Paths[p].Post.RequestBody.Content["multipart/form-data"].Schema.Properties["bills"].Items.ContentEncoding = ""
	}
}
