package app

import (
	"fmt"
	"io"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// PriceRow is one model of the price book in a list: its standard rates in force now.
type PriceRow struct {
	Provider   string      `json:"provider"`
	Model      string      `json:"model"`
	Name       string      `json:"name,omitempty"`
	Weights    string      `json:"weights,omitempty" doc:"The open weights that it serves."`
	Input      *money.Rate `json:"input_usd_per_million,omitempty"`
	CacheRead  *money.Rate `json:"cache_read_usd_per_million,omitempty"`
	Output     *money.Rate `json:"output_usd_per_million,omitempty"`
	Kind       fact.Kind   `json:"provenance,omitempty" doc:"That of the input rate."`
	Date       fact.Date   `json:"date,omitempty"`
	Tiers      []string    `json:"tiers" nullable:"false"`
	Banded     bool        `json:"context_bands" doc:"Long prompts cost more."`
	Context    int64       `json:"context_window,omitempty"`
	Retired    fact.Date   `json:"retired,omitempty"`
	Unpriced   bool        `json:"unpriced,omitempty" doc:"It has no price in force now."`
	AliasCount int         `json:"aliases"`
}

// Prices lists the models of the book whose provider, identifier or name contains the text, retired ones only
// where asked for. A provider is asked for by any of its names; one that the book does not have is a
// [*price.UnknownProviderError].
func (a *App) Prices(provider, text string, retired bool) ([]PriceRow, error) {
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	files := book.Files()
	if provider != "" {
		file, err := book.Provider(provider)
		if err != nil {
			return nil, err
		}
		files = []*price.File{file}
	}
	now, text := a.Now(), strings.ToLower(text)
	rows := []PriceRow{}
	for _, f := range files {
		for i := range f.Models {
			m := &f.Models[i]
			if !retired && m.Retired != "" && !m.Retired.Time().After(now) {
				continue
			}
			if text != "" && !strings.Contains(strings.ToLower(f.Provider+"/"+m.ID+" "+m.Name), text) {
				continue
			}
			rows = append(rows, priceRow(book, f, m, now))
		}
	}
	return rows, nil
}

func priceRow(book *price.Book, f *price.File, m *price.Model, now time.Time) PriceRow {
	row := PriceRow{
		Provider: f.Provider, Model: m.ID, Name: m.Name, Weights: m.Weights, Context: m.ContextWindow, Retired: m.Retired,
		Tiers: []string{}, AliasCount: len(m.Aliases),
	}
	for _, t := range price.Tiers() {
		match, err := book.Find(price.Query{Provider: f.Provider, Model: m.ID, Tier: t})
		if err != nil || match.Tier != t {
			continue
		}
		sheet := match.Series.At(now, time.Time{})
		if sheet == nil {
			continue
		}
		row.Tiers = append(row.Tiers, t.String())
		if t != price.Standard {
			continue
		}
		row.Banded = sheet.Banded()
		for _, want := range []struct {
			kind price.Kind
			to   **money.Rate
		}{{price.Input, &row.Input}, {price.CacheRead, &row.CacheRead}, {price.Output, &row.Output}} {
			if c, ok := sheet.Rate(want.kind); ok && c.Kind == want.kind {
				*want.to = &c.Rate
				if want.kind == price.Input {
					row.Kind, row.Date = c.Provenance.Kind, c.Provenance.Date
				}
			}
		}
	}
	row.Unpriced = len(row.Tiers) == 0
	return row
}

// PriceDetail is everything that the book holds about a model.
type PriceDetail struct {
	Stamp    Stamp         `json:"stamp"`
	Provider string        `json:"provider"`
	Model    string        `json:"model"`
	Name     string        `json:"name,omitempty"`
	Aliases  []string      `json:"aliases" nullable:"false"`
	Weights  string        `json:"weights,omitempty"`
	Sheets   []SheetDetail `json:"sheets" nullable:"false" doc:"Every sheet: routes, tiers, intervals."`
	Agree    []string      `json:"agree,omitempty" doc:"Other sources that hold the same rates today."`
	Differ   []string      `json:"differ,omitempty" doc:"Other sources that hold different ones."`
}

// SheetDetail is one sheet of a model.
type SheetDetail struct {
	ID        string              `json:"id"`
	Route     string              `json:"route,omitempty"`
	Tier      price.Tier          `json:"tier"`
	Effective price.Interval      `json:"effective"`
	Recorded  price.Interval      `json:"recorded,omitzero"`
	InForce   bool                `json:"in_force"`
	Bands     []price.Band        `json:"bands" nullable:"false"`
	Windows   []price.WindowBands `json:"windows,omitempty"`
	Note      string              `json:"note,omitempty"`
}

// Price shows a model.
func (a *App) Price(provider, model string) (PriceDetail, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return PriceDetail{}, err
	}
	book, err := a.book()
	if err != nil {
		return PriceDetail{}, err
	}
	match, err := book.Find(price.Query{Provider: provider, Model: model})
	if err != nil {
		return PriceDetail{}, err
	}
	d := PriceDetail{Stamp: stamp, Provider: match.Provider, Model: match.Model, Aliases: []string{}}
	now := a.Now()
	if m, ok := book.Model(match.Provider, match.Model); ok {
		d.Name, d.Weights = m.Name, m.Weights
		d.Aliases = append(d.Aliases, m.Aliases...)
		for _, e := range m.Prices {
			if (e.From == nil || !now.Before(*e.From)) && (e.To == nil || now.Before(*e.To)) && e.RecordedTo == nil {
				d.Agree, d.Differ = e.Agree, e.Differ
			}
		}
	}
	for _, s := range book.Series(match.Provider, match.Model) {
		d.Sheets = append(d.Sheets, SheetDetail{
			ID: s.ID(), Route: s.Route, Tier: s.Tier, Effective: s.Effective, Recorded: s.Recorded,
			InForce: s.Effective.Contains(now) && s.Recorded.To.IsZero(), Bands: s.Bands(), Windows: s.Windows(), Note: s.Note,
		})
	}
	return d, nil
}

// QuoteRequest asks what a vendor's response body cost.
type QuoteRequest struct {
	Provider string
	Model    string    // where the body names none; it also overrides the body's
	At       time.Time // zero for the body's own time, else now
	Tier     string    // used where the body does not say which tier served it
	Region   string
	KnownAt  time.Time // zero for what is known today
	Body     []byte
	// Quantities are priced in place of a body, where given.
	Quantities *price.Quantities
	// Sheet is a price file that replaces the book; nil for the embedded one.
	Sheet     []byte
	SheetName string
}

// QuoteAnswer is the exact cost of one response.
type QuoteAnswer struct {
	Stamp     Stamp            `json:"stamp"`
	Provider  string           `json:"provider"`
	Model     string           `json:"model" doc:"As the book names it."`
	Asked     string           `json:"model_asked" doc:"As the body or the caller names it."`
	Sheet     string           `json:"sheet"`
	Tier      price.Tier       `json:"tier"`
	At        time.Time        `json:"at" doc:"The instant whose price is in force."`
	AtLeast   int64            `json:"at_least_input_tokens" doc:"The context band."`
	Window    string           `json:"window,omitempty" doc:"The time-of-day window."`
	Usage     price.Quantities `json:"usage" doc:"Disjoint quantities."`
	InputAll  int64            `json:"input_tokens" doc:"The whole prompt, cached and written tokens included."`
	OutputAll int64            `json:"output_tokens" doc:"The whole answer, reasoning included."`
	Lines     []QuoteLine      `json:"lines" nullable:"false"`
	Input     money.Sum        `json:"input_usd"`
	Output    money.Sum        `json:"output_usd"`
	Fees      money.Sum        `json:"fees_usd"`
	Total     money.Sum        `json:"total_usd" doc:"Computed from the sheet. A lower bound where complete is false."`
	Complete  bool             `json:"complete"`
	Missing   []string         `json:"missing" nullable:"false"`
	// Reported is what the body itself says it cost. It is the vendor's word and goes before a computed cost.
	Reported *money.USD `json:"reported_usd,omitempty"`
	Cost     string     `json:"cost_usd" doc:"The reported cost where the body has one, else the computed total."`
	CostFrom string     `json:"cost_from" enum:"reported,computed"`
	Notes    []string   `json:"notes" nullable:"false"`
}

// QuoteLine is one kind of a quote.
type QuoteLine struct {
	Kind       price.Kind      `json:"kind"`
	As         price.Kind      `json:"billed_as"`
	Quantity   int64           `json:"quantity"`
	Rate       money.Rate      `json:"usd_per_million"`
	Amount     money.Sum       `json:"usd"`
	Provenance fact.Provenance `json:"provenance"`
}

// Quote prices a vendor's response body.
func (a *App) Quote(r QuoteRequest) (QuoteAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return QuoteAnswer{}, err
	}
	book, err := a.book()
	if err != nil {
		return QuoteAnswer{}, err
	}
	if r.Sheet != nil {
		own, err := readSheet(r.SheetName, r.Sheet)
		if err != nil {
			return QuoteAnswer{}, err
		}
		book = own.book
		stamp.Snapshot = book.ID()
	}
	var response usage.Response
	if r.Quantities != nil {
		response.Quantities = *r.Quantities
	} else if response, err = usage.FromResponse(r.Provider, r.Body); err != nil {
		return QuoteAnswer{}, err
	}
	q := QuoteAnswer{Stamp: stamp, Asked: response.Model, Usage: response.Quantities, At: r.At, Notes: append([]string{}, response.Notes...), Missing: []string{}, Lines: []QuoteLine{}}
	if r.Model != "" {
		q.Asked = r.Model
	}
	if q.Asked == "" {
		return q, &decide.FieldError{Field: "model", Problem: "is not named in the body", Hint: "name it as provider/model"}
	}
	if q.At.IsZero() {
		if q.At = response.Created; q.At.IsZero() {
			q.At = a.Now()
			q.Notes = append(q.Notes, "The body carries no time; the price is the one in force now.")
		}
	}
	tier := response.Tier
	if !response.TierKnown {
		if tier, err = price.ParseTier(r.Tier); err != nil {
			return q, &KindError{Kind: BadUsage, Err: err}
		}
	} else if asked, err := price.ParseTier(r.Tier); err == nil && r.Tier != "" && asked != tier {
		q.Notes = append(q.Notes, fmt.Sprintf("The vendor served it as %s, whatever was asked for; that is what it bills.", tier))
	}
	region := r.Region
	if region == "" {
		region = response.Region
	}
	sheet, match, err := book.Sheet(price.Query{Provider: r.Provider, Model: q.Asked, Region: region, Tier: tier}, q.At, r.KnownAt)
	if err != nil {
		return q, err
	}
	if match.Tier != tier {
		q.Notes = append(q.Notes, fmt.Sprintf("There is no %s sheet for %s: the call is priced as standard.", tier, match.Model))
	}
	if match.Loose {
		q.Notes = append(q.Notes, fmt.Sprintf("%s is priced as %s.", q.Asked, match.Model))
	}
	quote, err := sheet.Quote(&q.Usage, q.At)
	if err != nil {
		return q, err
	}
	q.Provider, q.Model, q.Sheet, q.Tier, q.AtLeast = match.Provider, match.Model, sheet.ID(), match.Tier, quote.Ref.AtLeast()
	if w, ok := quote.Ref.Window(); ok {
		q.Window = w.String()
	}
	q.InputAll, q.OutputAll = q.Usage.InputTokens(), q.Usage.OutputTokens()
	q.Input, q.Output, q.Fees, q.Total, q.Complete = quote.Input, quote.Output, quote.Fees, quote.Total, quote.Complete()
	for _, l := range quote.Lines {
		q.Lines = append(q.Lines, QuoteLine{l.Kind, l.As, l.Quantity, l.Rate, l.Amount, l.Provenance})
		if l.As != l.Kind {
			q.Notes = append(q.Notes, fmt.Sprintf("The sheet has no %s rate: the vendor bills it as %s.", l.Kind.Label(), l.As.Label()))
		}
	}
	for _, k := range quote.Missing {
		q.Missing = append(q.Missing, k.String())
	}
	q.Cost, q.CostFrom = q.Total.String(), "computed"
	if response.Reported.Known {
		reported := response.Reported.USD
		q.Reported, q.Cost, q.CostFrom = &reported, reported.String(), "reported"
	}
	return q, nil
}

// Usage reads the usage block of a vendor's response body into disjoint buckets.
func (a *App) Usage(provider string, body []byte) (usage.Response, error) {
	return usage.FromResponse(provider, body)
}

// ReadAll reads a small input whole, and refuses one that is not small.
func ReadAll(name string, r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, &KindError{Kind: Unreachable, Err: fmt.Errorf("%s: %w", name, err)}
	}
	if int64(len(data)) > most {
		return nil, &KindError{Kind: Invalid, Err: fmt.Errorf("%s is larger than %d bytes", name, most)}
	}
	return data, nil
}
