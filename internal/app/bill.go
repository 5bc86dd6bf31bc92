package app

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// Bill is what a log's calls cost, exactly.
type Bill struct {
	Total    money.Sum      `json:"total_usd" doc:"The exact total in dollars, as a decimal. A lower bound where complete is false."`
	Complete bool           `json:"complete" doc:"Whether every call has a price."`
	Lines    []BillLine     `json:"lines" nullable:"false"`
	Missing  []MissingPrice `json:"missing" nullable:"false" doc:"What has no price. It is not in the total, and it is not zero."`
	Notes    []string       `json:"notes" nullable:"false"`
}

// BillLine is the tokens of one kind that were billed at one rate.
type BillLine struct {
	Provider   string          `json:"provider"`
	Model      string          `json:"model"`
	Route      string          `json:"route,omitempty"`
	Tier       price.Tier      `json:"tier"`
	Kind       price.Kind      `json:"kind"`
	As         price.Kind      `json:"billed_as" doc:"Another kind where the vendor bills this one at its rate."`
	Quantity   int64           `json:"quantity"`
	Rate       money.Rate      `json:"usd_per_million"`
	Amount     money.Sum       `json:"usd"`
	AtLeast    int64           `json:"at_least_input_tokens,omitempty" doc:"The context band: prompts of at least this many tokens."`
	Window     string          `json:"window,omitempty" doc:"The time-of-day window."`
	From       time.Time       `json:"effective_from,omitzero"`
	Provenance fact.Provenance `json:"provenance"`
}

// MissingPrice is usage without a price.
type MissingPrice struct {
	Provider string     `json:"provider,omitempty"`
	Model    string     `json:"model"`
	Kind     string     `json:"kind,omitempty" doc:"The kind without a rate; absent where the model itself has no price."`
	File     string     `json:"file,omitempty" doc:"A log whose rows could not all be read: what they cost is unknown."`
	Rows     int64      `json:"rows"`
	Requests int64      `json:"requests,omitempty"`
	Tokens   int64      `json:"tokens"`
	Tier     price.Tier `json:"tier"`
	Why      string     `json:"why"`
}

// Name is what is missing, in a few words.
func (m MissingPrice) Name() string {
	if m.File != "" {
		return fmt.Sprintf("%s of %s that could not be read", ledger.Count(m.Rows, "row"), m.File)
	}
	name := m.Model
	if m.Provider != "" && !strings.Contains(name, "/") {
		name = m.Provider + "/" + name
	}
	if name == "" {
		name = "calls that name no model"
	}
	if m.Kind != "" {
		return m.Kind + " of " + name
	}
	return name
}

// pricer prices calls as they stream by. It adds up tokens for each set of rates and multiplies once, at the
// end, so that nothing is rounded on the way.
type pricer struct {
	book *price.Book
	now  time.Time
	// today prices every call at the sheet in force now instead of that of its own time.
	today bool

	found   map[lookup]found
	sums    map[price.Ref]*price.Quantities
	missing map[missingKey]*MissingPrice
	// banded counts rows that add up several calls of a model with context bands, so that the band is a guess;
	// straddling counts those whose bucket holds a price change; loose, models matched without their version.
	banded, straddling int64
	loose              map[string]string
	changes            *changes // what price changes did; nil where nobody asks
	unread             []MissingPrice
	undated            int64           // rows without a date, priced as of now
	standard           map[string]bool // rows of another tier that are priced as standard, by tier and model
}

type lookup struct {
	provider, model, region string
	tier                    price.Tier
}

type found struct {
	match price.Match
	err   error
}

type missingKey struct {
	provider, model, kind string
	tier                  price.Tier
}

func newPricer(book *price.Book, now time.Time) *pricer {
	return &pricer{
		book: book, now: now, found: map[lookup]found{}, sums: map[price.Ref]*price.Quantities{},
		missing: map[missingKey]*MissingPrice{}, loose: map[string]string{},
		standard: map[string]bool{},
	}
}

// leaveOut records the rows of logs that could not be read: they have a cost, and nobody knows it.
func (p *pricer) leaveOut(files []usage.Summary) {
	for _, f := range files {
		if f.Faulty > 0 {
			p.unread = append(p.unread, MissingPrice{File: f.Name, Rows: f.Faulty, Why: f.Faults[0].Error()})
		}
	}
}

// match looks a model up. A provider that the log names and the book does not know leaves the model to be found by its
// own name only if that name carries a vendor, as in "vendor/model".
func (p *pricer) match(provider, model, region string, tier price.Tier) (price.Match, error) {
	key := lookup{provider, model, region, tier}
	if f, ok := p.found[key]; ok {
		return f.match, f.err
	}
	m, err := p.book.Find(price.Query{Provider: provider, Model: model, Region: region, Tier: tier})
	if err != nil && provider != "" && strings.Contains(model, "/") {
		if other, err2 := p.book.Find(price.Query{Model: model, Region: region, Tier: tier}); err2 == nil {
			m, err = other, nil
		}
	}
	if err == nil && m.Loose {
		p.loose[model] = m.Provider + "/" + m.Model
	}
	p.found[key] = found{m, err}
	return m, err
}

// add prices one row of a log and returns the rates it fell under, and false where it has none.
func (p *pricer) add(c *usage.Call) (price.Ref, bool, error) {
	g := warehouse.One(c, nil)
	return p.addGroup(&g)
}

// addGroup prices rows that all fall under the same rates.
func (p *pricer) addGroup(g *warehouse.Group) (price.Ref, bool, error) {
	m, err := p.match(g.Provider, g.Model, g.Region, g.Tier)
	if err != nil {
		p.miss(g, "", err.Error())
		return price.Ref{}, false, nil
	}
	if m.Tier != g.Tier {
		p.standard[fmt.Sprintf("%s price on record for %s/%s", g.Tier, m.Provider, m.Model)] = true
	}
	when, dated := g.Start, warehouse.Dated(g.Start)
	if !dated {
		when = p.now
		p.undated += g.Rows
	}
	at := when
	if p.today {
		at = p.now
	}
	sheet := m.Series.At(at, time.Time{})
	if sheet == nil {
		p.miss(g, "", (&price.NoPriceError{Provider: m.Provider, Model: m.Model, At: at}).Error())
		return price.Ref{}, false, nil
	}
	input := g.Reach
	if g.Aggregate {
		input = g.ContextOver + 1 // the band that the source names; the base where it names none
		if g.ContextOver == 0 {
			input = 0
			if sheet.Banded() && mayCross(g.Reach, sheet) {
				p.banded += g.Rows
			}
		}
		if !p.today && dated && !g.End.IsZero() && !sheet.Effective.To.IsZero() && sheet.Effective.To.Before(g.End) {
			p.straddling += g.Rows
		}
	}
	ref := sheet.Ref(input, when)
	sum := p.sums[ref]
	if sum == nil {
		sum = new(price.Quantities)
		p.sums[ref] = sum
	}
	if p.changes != nil {
		if err := p.changes.add(g, m.Series, sheet, ref, input, when); err != nil {
			return ref, true, err
		}
	}
	return ref, true, sum.Add(&g.Quantities)
}

// mayCross reports whether the prompts of an aggregate are so long that some of its calls may lie in a higher context
// band.
func mayCross(reach int64, s *price.Sheet) bool {
	bands := s.Bands()
	return len(bands) < 2 || reach >= bands[1].AtLeast
}

func (p *pricer) miss(g *warehouse.Group, kind, why string) {
	key := missingKey{g.Provider, g.Model, kind, g.Tier}
	m := p.missing[key]
	if m == nil {
		m = &MissingPrice{Provider: g.Provider, Model: g.Model, Kind: kind, Tier: g.Tier, Why: why}
		p.missing[key] = m
	}
	m.Rows += g.Rows
	m.Requests += g.Requests
	m.Tokens += g.Quantities.InputTokens() + g.Quantities.OutputTokens()
}

// bill multiplies the sums out.
func (p *pricer) bill() (Bill, error) {
	b := Bill{Lines: []BillLine{}, Missing: []MissingPrice{}, Notes: []string{}}
	for ref, sum := range p.sums {
		quote, err := ref.Quote(sum)
		if err != nil {
			return b, err
		}
		if err := b.Total.AddSum(quote.Total); err != nil {
			return b, err
		}
		s := ref.Sheet
		window := ""
		if w, ok := ref.Window(); ok {
			window = w.String()
		}
		for _, l := range quote.Lines {
			b.Lines = append(b.Lines, BillLine{
				Provider: s.Provider, Model: s.Model, Route: s.Route, Tier: s.Tier, Kind: l.Kind, As: l.As, Quantity: l.Quantity,
				Rate: l.Rate, Amount: l.Amount, AtLeast: ref.AtLeast(), Window: window, From: s.Effective.From, Provenance: l.Provenance,
			})
		}
		for _, k := range quote.Missing {
			b.Missing = append(b.Missing, MissingPrice{
				Provider: s.Provider, Model: s.Model, Kind: k.Label(), Tier: s.Tier, Tokens: sum[k],
				Why: fmt.Sprintf("%s has no %s rate", s.ID(), k.Label()),
			})
		}
	}
	for _, m := range p.missing {
		b.Missing = append(b.Missing, *m)
	}
	b.Missing = append(b.Missing, p.unread...)
	b.Complete = len(b.Missing) == 0
	sort.Slice(b.Lines, func(i, j int) bool {
		x, y := b.Lines[i], b.Lines[j]
		for _, c := range []int{
			strings.Compare(x.Provider, y.Provider), strings.Compare(x.Model, y.Model), strings.Compare(x.Route, y.Route),
			int(x.Tier) - int(y.Tier), x.From.Compare(y.From), int(min(1, max(-1, x.AtLeast-y.AtLeast))), strings.Compare(x.Window, y.Window), int(x.Kind) - int(y.Kind),
		} {
			if c != 0 {
				return c < 0
			}
		}
		return false
	})
	slices.SortFunc(b.Missing, func(x, y MissingPrice) int {
		if c := strings.Compare(x.Provider+"/"+x.Model, y.Provider+"/"+y.Model); c != 0 {
			return c
		}
		return strings.Compare(x.Kind, y.Kind)
	})
	if p.banded > 0 {
		b.Notes = append(b.Notes, fmt.Sprintf("Several long calls of a model with context bands are added up in %s; without the single calls they are priced at the base band, which may be too low.", ledger.Count(p.banded, "row")))
	}
	if p.straddling > 0 {
		b.Notes = append(b.Notes, fmt.Sprintf("The price changed within the span of %s, priced at its begin. Export narrower buckets to price them exactly.", ledger.Count(p.straddling, "row")))
	}
	if p.undated > 0 {
		b.Notes = append(b.Notes, fmt.Sprintf("No date is on %s, priced as of %s.", ledger.Count(p.undated, "call"), p.now.UTC().Format(time.DateOnly)))
	}
	for _, what := range slices.Sorted(maps.Keys(p.standard)) {
		b.Notes = append(b.Notes, fmt.Sprintf("There is no %s: those calls are priced as standard.", what))
	}
	noted := map[string]bool{}
	for ref := range p.sums {
		if s := ref.Sheet; s.Note != "" {
			noted[fmt.Sprintf("%s/%s: %s", s.Provider, s.Model, s.Note)] = true
		}
	}
	b.Notes = append(b.Notes, slices.Sorted(maps.Keys(noted))...)
	names := make([]string, 0, len(p.loose))
	for as, is := range p.loose {
		names = append(names, fmt.Sprintf("%s is priced as %s", as, is))
	}
	slices.Sort(names)
	b.Notes = append(b.Notes, names...)
	return b, nil
}
