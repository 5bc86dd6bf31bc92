package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/internal/app"
	"breakeven/internal/store"
	"breakeven/registry"
)

// KnownQuery is the second time axis: answers are as was known at an instant.
type KnownQuery struct {
	KnownAsOf time.Time `query:"known_as_of" doc:"As was known at this time; now if left out." example:"2026-08-01T00:00:00Z"`
}

type historyQuery struct {
	ModelPath
	KnownQuery

	Kind string `query:"kind" doc:"Only this kind of rate." example:"output"`
	Tier string `query:"tier" doc:"Only this service tier." example:"standard"`
}

type changesQuery struct {
	KnownQuery

	Since    time.Time        `query:"since" doc:"Only changes recorded since." example:"2026-07-01T00:00:00Z"`
	Source   string           `query:"source" doc:"Only changes of this source." example:"litellm"`
	Provider string           `query:"provider" doc:"Only this provider."`
	Text     string           `query:"q" doc:"Only models whose name contains this."`
	Class    []registry.Class `query:"class" doc:"Only changes of these classes." enum:"price_change,unit_fix,zero_fill,revert,regional_uplift,addition,removal"`
	All      bool             `query:"all" doc:"Also changes of models that the price book does not have."`
	Offset   int              `query:"offset" minimum:"0" maximum:"100000000"`
	Limit    int              `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// VerifyQuery asks how far rates are confirmed.
type VerifyQuery struct {
	KnownQuery

	MaxAgeDays int `query:"max_age_days" doc:"An older reading verifies nothing." minimum:"1" maximum:"3660" default:"7"`
}

type verifyVendorQuery struct {
	VerifyQuery

	Provider string `path:"provider" doc:"A vendor." example:"anthropic"`
}

type verifyModelQuery struct {
	ModelPath
	VerifyQuery
}

type reviewQuery struct {
	KnownQuery

	Provider string `query:"provider" doc:"Only this vendor."`
}

type snapshotsQuery struct {
	Source string `query:"source" doc:"Only snapshots of this source." example:"litellm"`
}

type snapshotPath struct {
	ID string `path:"id" doc:"Identity of the snapshot." minLength:"64" maxLength:"64"`
}

type auditQuery struct {
	Head []string `query:"head" doc:"A head that was noted down earlier, NUMBER:HASH: it must still be in the chain."`
}

type exportQuery struct {
	KnownQuery

	Format string    `query:"format" enum:"csv,json" default:"json"`
	At     time.Time `query:"at" doc:"Rates in force at this time; now if left out."`
}

type syncBody struct {
	Sources []string `json:"sources,omitempty" doc:"Only these sources; all if left out." maxItems:"32"`
}

func (h handlers) registry(api huma.API) {
	const base = "/api/v1/prices/"
	get(api, base+"sources", "The sources of the registry and how their reading goes", "registry", func(ctx context.Context, _ *struct{}) (*body[[]app.PriceSource], error) {
		list, err := h.app.PriceSources(ctx)
		return answer(h, list, err)
	})
	get(api, base+"history/{provider}/{model}", "What was ever stated of a model's rates, by whom and from when on", "registry", func(ctx context.Context, in *historyQuery) (*body[app.PriceHistory], error) {
		a, err := h.app.PriceHistory(ctx, app.HistoryRequest{Provider: in.Provider, Model: in.Model, Kind: in.Kind, Tier: in.Tier, KnownAsOf: in.KnownAsOf})
		return answer(h, a, err)
	})
	get(api, base+"changes", "What sources were seen to state differently, the newest first", "registry", func(ctx context.Context, in *changesQuery) (*body[app.ChangesAnswer], error) {
		a, err := h.app.PriceChanges(ctx, app.ChangesRequest{
			Since: in.Since, KnownAsOf: in.KnownAsOf, Source: in.Source, Classes: in.Class, Provider: in.Provider, Text: in.Text, Ours: !in.All, Offset: in.Offset, Limit: in.Limit,
		})
		return answer(h, a, err)
	})
	get(api, base+"verify", "How far the rates of each vendor are confirmed by independent sources", "registry", func(ctx context.Context, in *VerifyQuery) (*body[app.VerifyAnswer], error) {
		return h.verify(ctx, in, "", "")
	})
	get(api, base+"verify/{provider}", "Each rate of a vendor with who agrees and who differs", "registry", func(ctx context.Context, in *verifyVendorQuery) (*body[app.VerifyAnswer], error) {
		return h.verify(ctx, &in.VerifyQuery, in.Provider, "")
	})
	get(api, base+"verify/{provider}/{model}", "Each rate of a model with who agrees and who differs", "registry", func(ctx context.Context, in *verifyModelQuery) (*body[app.VerifyAnswer], error) {
		return h.verify(ctx, &in.VerifyQuery, in.Provider, in.Model)
	})
	get(api, base+"review", "The rates that a person has to look at", "registry", func(ctx context.Context, in *reviewQuery) (*body[app.ReviewAnswer], error) {
		a, err := h.app.Review(ctx, in.Provider, in.KnownAsOf)
		return answer(h, a, err)
	})
	get(api, base+"snapshots", "The snapshots of the sources, the newest first", "registry", func(ctx context.Context, in *snapshotsQuery) (*body[[]app.PriceSnapshot], error) {
		list, err := h.app.PriceSnapshots(ctx, in.Source)
		return answer(h, list, err)
	})
	get(api, base+"snapshots/{id}", "What a snapshot states", "registry", func(ctx context.Context, in *snapshotPath) (*body[registry.Snapshot], error) {
		s, err := h.app.PriceSnapshotFacts(ctx, in.ID)
		return answer(h, s, err)
	})
	get(api, base+"audit", "Recompute all that the registry database claims", "registry", func(ctx context.Context, in *auditQuery) (*body[app.AuditAnswer], error) {
		var known []store.Head
		for _, text := range in.Head {
			head, err := app.ParseHead(text)
			if err != nil {
				return nil, h.problem(err)
			}
			known = append(known, head)
		}
		a, err := h.app.Audit(ctx, known)
		return answer(h, a, err)
	})
	operate(api, http.MethodPost, base+"sync", "Read the price sources now and record what they say", "registry", func(ctx context.Context, in *body[syncBody]) (*body[app.SyncAnswer], error) {
		a, err := h.app.SyncNow(ctx, app.SyncRequest{Sources: in.Body.Sources})
		return answer(h, a, err)
	})
	h.export(api, base+"export")
}

func (h handlers) verify(ctx context.Context, q *VerifyQuery, provider, model string) (*body[app.VerifyAnswer], error) {
	a, err := h.app.Verify(ctx, app.VerifyRequest{Provider: provider, Model: model, KnownAsOf: q.KnownAsOf, MaxAge: time.Duration(q.MaxAgeDays) * 24 * time.Hour})
	return answer(h, a, err)
}

// export answers in one of two formats, so that it writes its own body.
func (h handlers) export(api huma.API, path string) {
	var rows []app.ExportRow
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(rows), true, "ExportRows")
	huma.Register(api, huma.Operation{
		OperationID: "get-api-v1-prices-export", Method: http.MethodGet, Path: path, Tags: []string{"registry"},
		Summary: "Every rate in force with its evidence and what the sources say of it, as JSON or CSV",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"application/json": {Schema: schema}, "text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, func(ctx context.Context, in *exportQuery) (*huma.StreamResponse, error) {
		rows, err := h.app.Export(ctx, in.At, in.KnownAsOf)
		if err != nil {
			return nil, h.problem(err)
		}
		var b bytes.Buffer
		kind := "application/json"
		if in.Format == "csv" {
			kind, err = "text/csv; charset=utf-8", app.WriteCSV(&b, rows)
		} else {
			err = api.Marshal(&b, kind, rows)
		}
		if err != nil {
			return nil, h.problem(errors.Join(errors.New("the export cannot be written"), err))
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			c.SetHeader("Content-Type", kind)
			_, _ = c.BodyWriter().Write(b.Bytes())
		}}, nil
	})
}
