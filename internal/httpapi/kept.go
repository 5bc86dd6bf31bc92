package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/app"
	"breakeven/internal/warehouse"
)

// KeptQuery says which of the kept calls are meant. It is exported because huma finds no parameters in embedded structs
// that are not.
type KeptQuery struct {
	From string   `query:"from" doc:"Only calls that begin at this instant or later: RFC 3339, or a day." example:"2026-08-01"`
	To   string   `query:"to" doc:"Only calls that begin before this instant."`
	Only []string `query:"only,explode" nullable:"false" doc:"Only calls with this model, provider, project, user, key or tier, as dimension=value; may be repeated."`
}

// sources are the kept calls of the query.
func (q *KeptQuery) sources(ctx context.Context, a *app.App) ([]app.Source, error) {
	form := logForm{Kept: true, From: q.From, To: q.To, Only: q.Only}
	return form.sources(ctx, a)
}

// deletion says which kept calls go.
type deletion struct {
	From string   `json:"from,omitempty" doc:"Only calls that begin at this instant or later: RFC 3339, or a day."`
	To   string   `json:"to,omitempty" doc:"Only calls that begin before this instant."`
	Only []string `json:"only,omitempty" nullable:"false" doc:"Only calls with this model, provider, project, user or key, as dimension=value."`
	Dry  bool     `json:"dry,omitempty" doc:"Only count what would go."`
}

func (h handlers) kept(api huma.API) {
	get(api, "/api/v1/usage/kept", "What calls are kept, and from which logs", "usage", func(ctx context.Context, _ *struct{}) (*body[app.Kept], error) {
		k, err := h.app.KeptCalls(ctx)
		return answer(h, k, err)
	})
	get(api, "/api/v1/usage/kept/report", "Tokens and cost of the calls that are kept", "usage", func(ctx context.Context, in *struct {
		KeptQuery
		By []string `query:"by,explode" nullable:"false" doc:"Dimensions to group by, in order; model if left out." enum:"hour,day,month,model,provider,project,user,key,tier"`
	}) (*body[app.UsageAnswer], error) {
		logs, err := in.sources(ctx, h.app)
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.UsageReport(app.UsageRequest{Logs: logs, By: in.By})
		return answer(h, a, err)
	})
	get(api, "/api/v1/usage/kept/profile", "The workload of the calls that are kept", "usage", func(ctx context.Context, in *struct{ KeptQuery }) (*body[app.ProfileAnswer], error) {
		logs, err := in.sources(ctx, h.app)
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.UsageProfile(app.ProfileRequest{Logs: logs})
		return answer(h, a, err)
	})
	large(api, "/api/v1/usage/import", "Keep the calls of logs", "usage", func(ctx context.Context, in *upload) (*body[app.ImportAnswer], error) {
		form := in.RawBody.Data()
		defer form.close()
		logs, o, err := form.open(ctx, h.app)
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.UsageImport(ctx, app.ImportRequest{Logs: logs, Options: o})
		return answer(h, a, err)
	})
	operate(api, http.MethodPost, "/api/v1/usage/kept/delete", "Delete kept calls, and prove it", "usage", func(ctx context.Context, in *struct{ Body deletion }) (*body[warehouse.Proof], error) {
		s, err := selection(in.Body.From, in.Body.To, in.Body.Only)
		if err != nil {
			return nil, h.problem(err)
		}
		p, err := h.app.DeleteCalls(ctx, s, in.Body.Dry)
		return answer(h, p, err)
	})
}
