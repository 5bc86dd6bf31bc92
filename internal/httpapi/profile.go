package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/app"
)

func (h handlers) profile(api huma.API) {
	tabular(h, api, "/api/v1/usage/profile", "Read call logs and characterise their workload", func(ctx context.Context, form *logForm) (app.ProfileAnswer, error) {
		defer form.close()
		logs, o, err := form.open(ctx, h.app)
		if err != nil {
			return app.ProfileAnswer{}, err
		}
		return h.app.UsageProfile(app.ProfileRequest{Logs: logs, Options: o, Strict: form.Strict})
	})
}
