package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/price"
)

type calcQuery struct {
	Model       string  `query:"model" required:"true" doc:"Provider and model." example:"anthropic/claude-sonnet-4-6"`
	Input       int64   `query:"input" required:"true" doc:"Input tokens of a call, cached ones included." minimum:"0" maximum:"1000000000" example:"1200"`
	Output      int64   `query:"output" required:"true" doc:"Output tokens of a call, reasoning included." minimum:"0" maximum:"1000000000" example:"350"`
	CallsPerDay float64 `query:"calls_per_day" required:"true" doc:"Calls a day; at least one a year." exclusiveMinimum:"0" maximum:"1000000000000" example:"10000"`
	CachedShare float64 `query:"cached_share" doc:"Share of the input tokens that the cache serves." minimum:"0" maximum:"1"`
	BatchShare  float64 `query:"batch_share" doc:"Share of the calls on the batch tier." minimum:"0" maximum:"1"`
	Tier        string  `query:"tier" doc:"Service tier of the other calls." enum:"standard,batch,flex,priority,fast,ultrafast" default:"standard"`
}

func (h handlers) calc(api huma.API) {
	get(api, "/api/v1/calc", "What calls of a model cost per call, day, month and year", "prices", func(_ context.Context, in *calcQuery) (*body[app.CalcAnswer], error) {
		tier, err := price.ParseTier(in.Tier)
		if err != nil {
			return nil, h.problem(err)
		}
		a, err := h.app.Calc(app.CalcRequest{
			Model: in.Model, Input: in.Input, Output: in.Output, CallsPerDay: in.CallsPerDay, CachedShare: in.CachedShare, BatchShare: in.BatchShare, Tier: tier,
		})
		return answer(h, a, err)
	})
}

type pricesQuery struct {
	Provider string `query:"provider" doc:"Only this provider."`
	Text     string `query:"q" doc:"Only models whose name contains this."`
	Retired  bool   `query:"retired" doc:"Also models that are no longer sold."`
	Every    bool   `query:"every" doc:"A row for each route and tier; else one for each model, with its standard rates."`
}

type derivedQuery struct {
	Provider string `query:"provider" doc:"Only this provider."`
	Text     string `query:"q" doc:"Only models whose name contains this."`
}

// ModelPath names a model in an address.
type ModelPath struct {
	Provider string `path:"provider" example:"anthropic"`
	Model    string `path:"model" doc:"The model; a slash in its name is written %2F." example:"claude-sonnet-4-6"`
}

// quoteBody asks what a vendor's response cost.
type quoteBody struct {
	Provider string          `json:"provider" doc:"Whose response it is." example:"anthropic"`
	Model    string          `json:"model,omitempty" doc:"The model, where the body names none or another one is meant."`
	At       *time.Time      `json:"at,omitempty" doc:"The call's time; the body's own, or now, if left out."`
	KnownAt  *time.Time      `json:"known_at,omitempty" doc:"Price it as was known at this time."`
	Tier     string          `json:"tier,omitempty" doc:"The service tier, where the body does not say which one served it."`
	Region   string          `json:"region,omitempty" doc:"The vendor's region."`
	Sheet    json.RawMessage `json:"sheet,omitempty" doc:"A price file that replaces the price book."`
	Response json.RawMessage `json:"response" doc:"The vendor's response body, as it came."`
}

func (h handlers) prices(api huma.API) {
	get(api, "/api/v1/prices", "The models of the price book with their rates in force and how far they are confirmed", "prices", func(ctx context.Context, in *pricesQuery) (*body[[]app.PriceRow], error) {
		rows, err := h.app.Prices(ctx, app.PricesRequest{Provider: in.Provider, Text: in.Text, Retired: in.Retired, Every: in.Every})
		return answer(h, rows, err)
	})
	get(api, "/api/v1/prices/derived", "The rates in force that no vendor publishes, with the rules that give them", "prices", func(ctx context.Context, in *derivedQuery) (*body[[]app.DerivedRate], error) {
		rows, err := h.app.DerivedRates(ctx, in.Provider, in.Text)
		return answer(h, rows, err)
	})
	get(api, "/api/v1/prices/{provider}/{model}", "Every sheet of a model, with its evidence", "prices", func(_ context.Context, in *ModelPath) (*body[app.PriceDetail], error) {
		d, err := h.app.Price(in.Provider, in.Model)
		return answer(h, d, err)
	})
	operate(api, http.MethodPost, "/api/v1/prices/quote", "Price a vendor's response body exactly", "prices", func(_ context.Context, in *body[quoteBody]) (*body[app.QuoteAnswer], error) {
		b := in.Body
		if _, err := price.ParseTier(b.Tier); err != nil && b.Tier != "" {
			return nil, h.problem(&decide.FieldError{Field: "tier", Value: b.Tier, Problem: err.Error()})
		}
		r := app.QuoteRequest{Provider: b.Provider, Model: b.Model, Tier: b.Tier, Region: b.Region, Body: b.Response, SheetName: "sheet.json"}
		if len(b.Sheet) > 0 {
			r.Sheet = b.Sheet
		}
		if b.At != nil {
			r.At = *b.At
		}
		if b.KnownAt != nil {
			r.KnownAt = *b.KnownAt
		}
		q, err := h.app.Quote(r)
		return answer(h, q, err)
	})
}
