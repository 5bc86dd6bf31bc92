package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/app"
)

func (h handlers) profile(api huma.API) {
	large(api, "/api/v1/usage/profile", "Read call logs and characterise their workload", "usage", func(_ context.Context, in *upload) (*body[app.ProfileAnswer], error) {
		form := in.RawBody.Data()
		defer form.close()
		o, err := form.options()
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.UsageProfile(app.ProfileRequest{Logs: form.logs(), Options: o, Strict: form.Strict})
		return answer(h, a, err)
	})
}
