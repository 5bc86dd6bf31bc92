package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// PriceHistory is what was ever stated of a model's rates.
type PriceHistory struct {
	Stamp     Stamp         `json:"stamp"`
	Registry  RegistryStamp `json:"registry"`
	Provider  string        `json:"provider"`
	Model     string        `json:"model"`
	Name      string        `json:"name,omitempty"`
	KnownAsOf *time.Time    `json:"known_as_of,omitempty" doc:"What follows is what was known then."`
	Since     time.Time     `json:"since,omitzero" doc:"The first thing that is known."`
	Rates     []RateHistory `json:"rates" nullable:"false"`
	Changes   []PriceChange `json:"changes" nullable:"false" doc:"The changelog of the model, the newest first."`
}

// RateHistory is what was ever stated of one rate.
type RateHistory struct {
	registry.Key

	Book     []BookStep          `json:"book" nullable:"false" doc:"What the vendor charged, as the book has it, by when it took effect."`
	Sources  []SourceSteps       `json:"sources" nullable:"false" doc:"What each source stated, by when it was seen to."`
	Decision registry.Resolution `json:"decision" doc:"Which rate to believe now."`
}

// BookStep is a rate of the book in the interval in which the vendor charges it.
type BookStep struct {
	Effective  price.Interval  `json:"effective"`
	Recorded   price.Interval  `json:"recorded,omitzero" doc:"When the book held it; closed where it was taken back."`
	Rate       money.Rate      `json:"usd_per_million"`
	Provenance fact.Provenance `json:"provenance"`
	InForce    bool            `json:"in_force"`
}

// SourceSteps is what one source stated of a rate, as steps in time.
type SourceSteps struct {
	Source string     `json:"source"`
	Title  string     `json:"title"`
	Steps  []RateStep `json:"steps" nullable:"false"`
}

// RateStep is a rate in the time in which a source stated it.
type RateStep struct {
	Rate      money.Rate     `json:"usd_per_million"`
	Recorded  price.Interval `json:"recorded"`
	Effective price.Interval `json:"effective,omitzero" doc:"When the vendor charges it, where the source says so."`
	InForce   *Since         `json:"in_force_since,omitempty" doc:"Since when the vendor has charged it, where that is known from elsewhere."`
	Named     string         `json:"named" doc:"The source's own name for the model."`
	Evidence  string         `json:"evidence,omitempty"`
	Snapshot  string         `json:"snapshot,omitempty" doc:"Identity of the first snapshot that states it."`
}

// Since is an instant with its evidence.
type Since struct {
	At         time.Time       `json:"at"`
	Provenance fact.Provenance `json:"provenance"`
}

// HistoryRequest asks for the history of a model. Empty kinds and tiers are all of them.
type HistoryRequest struct {
	Provider, Model string
	Kind            string
	Tier            string
	KnownAsOf       time.Time
}

// PriceHistory tells what was ever stated of a model's rates, as was known at an instant.
func (a *App) PriceHistory(ctx context.Context, r HistoryRequest) (PriceHistory, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return PriceHistory{}, err
	}
	for _, check := range []error{parses(registry.ParseKind, r.Kind), parses(registry.ParseTier, r.Tier)} {
		if check != nil {
			return PriceHistory{}, &KindError{Kind: Invalid, Err: check}
		}
	}
	book, err := a.book()
	if err != nil {
		return PriceHistory{}, err
	}
	s, err := a.shelf(ctx)
	if err != nil {
		return PriceHistory{}, err
	}
	now := a.Now()
	h := PriceHistory{Stamp: stamp, Registry: s.stamp, KnownAsOf: optional(r.KnownAsOf), Rates: []RateHistory{}, Changes: []PriceChange{}}
	var steps map[registry.Key][]BookStep
	match, err := book.Find(price.Query{Provider: r.Provider, Model: r.Model})
	if err == nil {
		h.Provider, h.Model = match.Provider, match.Model
		if m, ok := book.Model(match.Provider, match.Model); ok {
			h.Name = m.Name
		}
		steps = bookSteps(book, match.Provider, match.Model, now)
	} else {
		market, broken := a.market()
		if broken != nil {
			return PriceHistory{}, broken
		}
		if h.Provider, h.Model, steps = machineSteps(market, r.Provider, r.Model); len(steps) == 0 {
			return PriceHistory{}, err
		}
	}
	dated := slices.DeleteFunc(slices.Clone(s.dated), func(d registry.Dated) bool { return d.Provider != h.Provider || d.Model != h.Model })
	for _, k := range rateKeys(s.view, steps, h.Provider, h.Model) {
		if r.Kind != "" && string(k.Kind) != r.Kind || r.Tier != "" && string(k.Tier) != r.Tier {
			continue
		}
		rate := RateHistory{Key: k, Book: steps[k], Sources: []SourceSteps{}, Decision: s.view.Decide(k, now, r.KnownAsOf)}
		if rate.Book == nil {
			rate.Book = []BookStep{}
		}
		for _, record := range s.view.History(k) {
			if !r.KnownAsOf.IsZero() && record.Recorded.From.After(r.KnownAsOf) {
				continue
			}
			if !r.KnownAsOf.IsZero() && record.Recorded.To.After(r.KnownAsOf) {
				record.Recorded.To = time.Time{}
			}
			if h.Since.IsZero() || record.Recorded.From.Before(h.Since) {
				h.Since = record.Recorded.From
			}
			if n := len(rate.Sources); n == 0 || rate.Sources[n-1].Source != record.Source {
				rate.Sources = append(rate.Sources, SourceSteps{Source: record.Source, Title: s.view.Source(record.Source).Title})
			}
			of := &rate.Sources[len(rate.Sources)-1]
			of.Steps = append(of.Steps, step(dated, k, &record))
		}
		if len(rate.Sources) > 0 || len(rate.Book) > 0 {
			h.Rates = append(h.Rates, rate)
		}
	}
	for i := range s.changes {
		c := &s.changes[i]
		if (r.KnownAsOf.IsZero() || !c.At.After(r.KnownAsOf)) && (r.Kind == "" || string(c.Kind) == r.Kind) && (r.Tier == "" || string(c.Tier) == r.Tier) &&
			slices.ContainsFunc(c.Ours, func(m OurModel) bool { return m.Provider == h.Provider && m.Model == h.Model }) {
			h.Changes = append(h.Changes, *c)
		}
	}
	return h, nil
}

func parses[T any](parse func(string) (T, error), text string) error {
	if text == "" {
		return nil
	}
	_, err := parse(text)
	return err
}

func step(dated []registry.Dated, k registry.Key, r *registry.Record) RateStep {
	s := RateStep{
		Rate: r.Rate, Recorded: r.Recorded, Effective: r.Effective, Named: r.Provider + "/" + r.Model, Evidence: cmp.Or(r.URL, r.Evidence), Snapshot: r.Snapshot,
	}
	if r.Provider == "" {
		s.Named = r.Model
	}
	if d, ok := registry.InForce(dated, k, r.Rate, r.Recorded.From); ok {
		s.InForce = &Since{d.Effective.From, d.Provenance}
	}
	return s
}

// rateKeys lists the rates of a model that the book holds or a source states, in their order.
func rateKeys(v *registry.View, steps map[registry.Key][]BookStep, provider, model string) []registry.Key {
	var keys []registry.Key
	for k := range steps {
		keys = append(keys, k)
	}
	for _, k := range v.Keys(provider, model) {
		if _, held := steps[k]; !held {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, registry.Key.Compare)
	return keys
}

// bookSteps is what the book holds of a model's rates through time, by when they took effect.
func bookSteps(book *price.Book, provider, model string, now time.Time) map[registry.Key][]BookStep {
	steps := map[registry.Key][]BookStep{}
	for _, s := range book.Series(provider, model) {
		for _, r := range registry.SheetRates(s) {
			steps[r.Key] = append(steps[r.Key], BookStep{
				Effective: s.Effective, Recorded: s.Recorded, Rate: r.Rate, Provenance: r.Provenance, InForce: s.Effective.Contains(now) && s.Recorded.To.IsZero(),
			})
		}
	}
	for _, list := range steps {
		slices.SortStableFunc(list, func(a, b BookStep) int { return a.Effective.From.Compare(b.Effective.From) })
	}
	return steps
}

// machineSteps is what the offers hold of a vendor's machine, which is named with its accelerators or without.
func machineSteps(market *gpu.Market, vendor, machine string) (provider, model string, steps map[registry.Key][]BookStep) {
	steps = map[registry.Key][]BookStep{}
	for _, o := range registry.OfferRates(market) {
		name, _, _ := strings.Cut(o.Model, ", ")
		if strings.EqualFold(o.Provider, vendor) && (strings.EqualFold(o.Model, machine) || strings.EqualFold(name, machine)) && (model == "" || model == o.Model) {
			provider, model = o.Provider, o.Model
			steps[o.Key] = append(steps[o.Key], BookStep{Rate: o.Rate, Provenance: o.Provenance, InForce: true})
		}
	}
	return provider, model, steps
}
