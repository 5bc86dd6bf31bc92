package app

import (
	"context"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
)

// DerivedRate is a rate in force that no vendor publishes: a rule gives it, or convention suggests it.
type DerivedRate struct {
	Provider   string          `json:"provider"`
	Model      string          `json:"model"`
	Name       string          `json:"name,omitempty"`
	Route      string          `json:"route,omitempty"`
	Tier       price.Tier      `json:"tier"`
	Kind       price.Kind      `json:"kind"`
	Rate       money.Rate      `json:"usd_per_million"`
	Provenance fact.Provenance `json:"provenance" doc:"The rule says why the rate is what it is."`
}

// DerivedRates lists the rates in force of the default routes that no vendor publishes, below any context boundary:
// beyond one the same rules hold. The text and the provider choose as in [App.Prices].
func (a *App) DerivedRates(ctx context.Context, provider, text string) ([]DerivedRate, error) {
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	rows, err := a.Prices(ctx, PricesRequest{Provider: provider, Text: text})
	if err != nil {
		return nil, err
	}
	now := a.Now()
	list := []DerivedRate{}
	for _, row := range rows {
		for _, tier := range price.Tiers() {
			match, err := book.Find(price.Query{Provider: row.Provider, Model: row.Model, Tier: tier})
			if err != nil || match.Tier != tier {
				continue
			}
			sheet := match.Series.At(now, time.Time{})
			if sheet == nil {
				continue
			}
			for _, c := range sheet.Bands()[0].Rates {
				if k := c.Provenance.Kind; k != fact.Derived && k != fact.Inferred {
					continue
				}
				list = append(list, DerivedRate{
					Provider: row.Provider, Model: row.Model, Name: strings.TrimSpace(row.Name), Route: match.Route, Tier: tier,
					Kind: c.Kind, Rate: c.Rate, Provenance: c.Provenance,
				})
			}
		}
	}
	return list, nil
}
