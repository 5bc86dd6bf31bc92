package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
	"breakeven/usage"
)

// PriceRow is one model of the price book in a list, on one route and tier: its rates in force now.
type PriceRow struct {
	Provider  string      `json:"provider"`
	Model     string      `json:"model"`
	Name      string      `json:"name,omitempty"`
	Route     string      `json:"route,omitempty" doc:"Empty for the vendor's default route."`
	Tier      price.Tier  `json:"tier"`
	Weights   string      `json:"weights,omitempty" doc:"The open weights that it serves."`
	Input     *money.Rate `json:"input_usd_per_million,omitempty"`
	CacheRead *money.Rate `json:"cache_read_usd_per_million,omitempty"`
	Output    *money.Rate `json:"output_usd_per_million,omitempty"`
	// Evidence is that of the input rate, or of the output rate where there is none.
	Evidence   *fact.Provenance `json:"evidence,omitempty" doc:"That of the input rate, or of the output rate where there is none."`
	Standing   Standing         `json:"standing" enum:"verified,stale,single,disputed,unstated" doc:"How far independent sources confirm the input and output rates: the weaker of both."`
	Checked    *time.Time       `json:"checked,omitempty" doc:"The newest reading of a source that states one of them."`
	Tiers      []string         `json:"tiers" nullable:"false"`
	Banded     bool             `json:"context_bands" doc:"Long prompts cost more."`
	Context    int64            `json:"context_window,omitempty"`
	Retired    fact.Date        `json:"retired,omitempty"`
	Unpriced   bool             `json:"unpriced,omitempty" doc:"It has no price in force now."`
	AliasCount int              `json:"aliases"`
}

// Standing is how far independent sources confirm a rate.
type Standing string

// The standings, from the strongest to the weakest.
const (
	StandsVerified Standing = "verified" // two independent sources agree, read recently enough
	StandsStale    Standing = "stale"    // two independent sources agree, and their readings are too old
	StandsSingle   Standing = "single"   // one source states it
	StandsDisputed Standing = "disputed" // sources tie, one is ten times apart, or they agree on another rate
	StandsUnstated Standing = "unstated" // no source states it: a rule gives it, or a curated entry
)

// standing is that of a row of the board.
func standing(r *registry.Row, now time.Time) Standing {
	switch {
	case r.Decision.Outcome == registry.Unknown || r.Decision.Outcome == registry.ByRule:
		return StandsUnstated
	case r.Review() || r.Differs:
		return StandsDisputed
	case r.Verified(now, DefaultMaxAge):
		return StandsVerified
	case r.Decision.Verified:
		return StandsStale
	}
	return StandsSingle
}

// PricesRequest chooses rows of the price list.
type PricesRequest struct {
	Provider string // by any of its names
	Text     string // a part of the provider's, the model's or the product's name
	Retired  bool   // also models that are no longer sold
	Every    bool   // a row for each route and tier; else one for each model
}

// Prices lists the models of the book. A provider that the book does not have is a [*price.UnknownProviderError].
func (a *App) Prices(ctx context.Context, r PricesRequest) ([]PriceRow, error) {
	s, err := a.shelf(ctx)
	if err != nil {
		return nil, err
	}
	book := s.book
	provider := ""
	if r.Provider != "" {
		file, err := book.Provider(r.Provider)
		if err != nil {
			return nil, err
		}
		provider = file.Provider
	}
	now, text := a.Now(), strings.ToLower(r.Text)
	b, err := a.board(s, now, time.Time{})
	if err != nil {
		return nil, err
	}
	rows := []PriceRow{}
	for _, row := range b.list(s.book, now, r.Every) {
		switch {
		case !r.Retired && row.Retired != "" && !row.Retired.Time().After(now):
		case provider != "" && row.Provider != provider:
		case text != "" && !strings.Contains(strings.ToLower(row.Provider+"/"+row.Model+" "+row.Name), text):
		default:
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// list is the rows of all models, which are made once.
func (b *board) list(book *price.Book, now time.Time, every bool) []PriceRow {
	b.lists.Lock()
	defer b.lists.Unlock()
	if b.rows[every] == nil {
		rows := []PriceRow{}
		for _, f := range book.Files() {
			for i := range f.Models {
				rows = append(rows, priceRows(book, f, &f.Models[i], b, now, every)...)
			}
		}
		if b.rows == nil {
			b.rows = map[bool][]PriceRow{}
		}
		b.rows[every] = rows
	}
	return b.rows[every]
}

// priceRows are a model's rows: one for each sheet in force, or only that of the default route and standard tier. A model
// without a sheet in force is one row that says so.
func priceRows(book *price.Book, f *price.File, m *price.Model, b *board, now time.Time, every bool) []PriceRow {
	common := PriceRow{
		Provider: f.Provider, Model: m.ID, Name: m.Name, Weights: m.Weights, Context: m.ContextWindow, Retired: m.Retired,
		Standing: StandsUnstated, Tiers: []string{}, AliasCount: len(m.Aliases),
	}
	var rows []PriceRow
	var inForce []*price.Sheet
	for _, sheet := range book.Series(f.Provider, m.ID) {
		if sheet.Effective.Contains(now) && sheet.Recorded.To.IsZero() {
			inForce = append(inForce, sheet)
			if tier := sheet.Tier.String(); sheet.Route == "" && !slices.Contains(common.Tiers, tier) {
				common.Tiers = append(common.Tiers, tier)
			}
		}
	}
	for _, sheet := range inForce {
		if every || sheet.Route == "" && sheet.Tier == price.Standard {
			rows = append(rows, priceRow(common, sheet, b, now))
		}
	}
	if len(rows) == 0 {
		common.Unpriced = len(inForce) == 0
		rows = append(rows, common)
	}
	return rows
}

func priceRow(row PriceRow, sheet *price.Sheet, b *board, now time.Time) PriceRow {
	row.Route, row.Tier, row.Banded = sheet.Route, sheet.Tier, sheet.Banded()
	weakest := -1
	for _, want := range []struct {
		kind price.Kind
		to   **money.Rate
	}{{price.Input, &row.Input}, {price.CacheRead, &row.CacheRead}, {price.Output, &row.Output}} {
		c, ok := sheet.Rate(want.kind)
		if !ok || c.Kind != want.kind {
			continue
		}
		*want.to = &c.Rate
		if row.Evidence == nil {
			row.Evidence = &c.Provenance
		}
		if want.kind == price.CacheRead {
			continue
		}
		r, ok := b.row(registry.Key{Provider: sheet.Provider, Model: sheet.Model, Route: sheet.Route, Tier: registry.TierOf(sheet.Tier), Kind: registry.KindOf(want.kind)})
		if !ok {
			continue
		}
		if !r.Checked.IsZero() && (row.Checked == nil || r.Checked.After(*row.Checked)) {
			row.Checked = &r.Checked
		}
		if s := standing(r, now); slices.Index(standings, s) > weakest {
			weakest, row.Standing = slices.Index(standings, s), s
		}
	}
	return row
}

// standings are in the order of their strength.
var standings = []Standing{StandsVerified, StandsStale, StandsSingle, StandsUnstated, StandsDisputed}

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
