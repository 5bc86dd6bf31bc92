package registry

import (
	"slices"
	"time"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
	"breakeven/price"
)

// Rated is a rate of ours in force.
type Rated struct {
	Key

	Rate       money.Rate      `json:"book_usd_per_million"`
	Provenance fact.Provenance `json:"provenance"`
}

// BookRates lists the rates of the price book in force at an instant, as was known at another, in the order of
// their keys: all providers, routes, tiers, context bands and windows, without fallbacks.
func BookRates(b *price.Book, at, known time.Time) []Rated {
	var all []Rated
	for _, f := range b.Files() {
		for i := range f.Models {
			all = append(all, modelRates(b, f.Provider, f.Models[i].ID, at, known)...)
		}
	}
	slices.SortFunc(all, func(a, b Rated) int { return a.Key.Compare(b.Key) })
	return all
}

func modelRates(b *price.Book, provider, model string, at, known time.Time) []Rated {
	type variant struct {
		route string
		tier  price.Tier
	}
	var variants []variant
	series := map[variant]price.Series{}
	for _, s := range b.Series(provider, model) {
		v := variant{s.Route, s.Tier}
		if series[v] == nil {
			variants = append(variants, v)
		}
		series[v] = append(series[v], s)
	}
	var all []Rated
	for _, v := range variants {
		sheet := series[v].At(at, known)
		if sheet == nil {
			continue
		}
		all = append(all, SheetRates(sheet)...)
	}
	return all
}

// SheetRates lists the rates of a sheet: its context bands, and those of its windows.
func SheetRates(s *price.Sheet) []Rated {
	key := Key{Provider: s.Provider, Model: s.Model, Route: s.Route, Tier: TierOf(s.Tier)}
	all := bandRates(key, s.Bands())
	for _, w := range s.Windows() {
		key.Window = w.Window.String()
		all = append(all, bandRates(key, w.Bands)...)
	}
	return all
}

func bandRates(key Key, bands []price.Band) []Rated {
	var all []Rated
	for _, b := range bands {
		key.Above, key.Inclusive = boundary(b.AtLeast)
		for _, c := range b.Rates {
			key.Kind = KindOf(c.Kind)
			all = append(all, Rated{key, c.Rate, c.Provenance})
		}
	}
	return all
}

// boundary is how a key spells the smallest prompt of a context band: a boundary that belongs to the band is a round
// number, and one that does not is one less.
func boundary(atLeast int64) (above int64, inclusive bool) {
	if atLeast == 0 || atLeast%1000 == 1 {
		return max(atLeast-1, 0), false
	}
	return atLeast, true
}

// OfferRates lists what the vendors of machines charge an hour for, in the order of the keys. A machine is named with
// its accelerators.
func OfferRates(m *gpu.Market) []Rated {
	var all []Rated
	for _, o := range m.All() {
		rate, err := money.PerUnit(o.Hourly)
		if err != nil {
			continue // an hour for millions of dollars is no offer
		}
		all = append(all, Rated{OfferKey(o), rate, o.Provenance})
	}
	slices.SortFunc(all, func(a, b Rated) int { return a.Key.Compare(b.Key) })
	return all
}

// Row is one rate of ours, and what the sources say of it.
type Row struct {
	Rated
	Decision Resolution `json:"decision"`
	// Checked is the newest reading of a source that states the rate.
	Checked time.Time `json:"checked,omitzero"`
	// Differs tells that the sources decide on another rate than the book holds.
	Differs bool `json:"differs,omitempty"`
}

// Review tells whether a person has to look at the row.
func (r *Row) Review() bool { return r.Decision.Review() }

// Board compares rates of ours with what the sources say at an instant, as was known at another; a zero known means
// now.
func Board(rates []Rated, v *View, at, known time.Time) []Row {
	rows := make([]Row, 0, len(rates))
	for i := range rates {
		r := Row{Rated: rates[i]}
		var byRule []Statement
		if k := r.Provenance.Kind; k == fact.Derived || k == fact.Inferred {
			byRule = []Statement{{Source: Source{ID: "rule", Title: r.Provenance.Rule}, Rate: r.Rate, Kind: k}}
		}
		r.Decision = v.Decide(r.Key, at, known, byRule...)
		for _, s := range slices.Concat(r.Decision.Agree, r.Decision.Differ) {
			if s.Seen.After(r.Checked) {
				r.Checked = s.Seen
			}
		}
		r.Differs = r.Decision.Rate != nil && !same(*r.Decision.Rate, r.Rate)
		rows = append(rows, r)
	}
	return rows
}

// Verified tells whether at least two independent sources agree on the rate and the newest reading of one of them is
// no older than maxAge.
func (r *Row) Verified(now time.Time, maxAge time.Duration) bool {
	return r.Decision.Verified && slices.ContainsFunc(r.Decision.Agree, func(s Statement) bool { return now.Sub(s.Seen) <= maxAge })
}

// Verification is how far one vendor's rates are confirmed.
type Verification struct {
	Provider string `json:"provider"`
	Rates    int    `json:"rates" doc:"Rates of the book that some source states."`
	Verified int    `json:"verified" doc:"Rates on which at least two independent sources agree, checked recently enough."`
	Single   int    `json:"single" doc:"Rates that one source alone states."`
	Disputed int    `json:"disputed" doc:"Rates on which sources differ."`
	Review   int    `json:"review" doc:"Rates that a person has to decide."`
	Differs  int    `json:"differs" doc:"Rates on which the sources decide otherwise than the book."`
	Unstated int    `json:"unstated" doc:"Rates of the book that no source states: rules give them, or a curated entry."`
	// Last is the newest reading of any source that states a rate of the vendor's.
	Last  time.Time `json:"last_verified,omitzero"`
	Fresh bool      `json:"fresh" doc:"Whether the last reading is recent enough."`
	// OK: fresh, and more than half of the rates are verified.
	OK bool `json:"vendor_verified"`
}

// Verify counts how far the rates are confirmed, by vendor, in the order of the rows.
func Verify(rows []Row, now time.Time, maxAge time.Duration) []Verification {
	var all []Verification
	for i := range rows {
		r := &rows[i]
		if len(all) == 0 || all[len(all)-1].Provider != r.Provider {
			all = append(all, Verification{Provider: r.Provider})
		}
		all[len(all)-1].count(r, now, maxAge)
	}
	for i := range all {
		v := &all[i]
		v.Fresh = !v.Last.IsZero() && now.Sub(v.Last) <= maxAge
		v.OK = v.Fresh && 2*v.Verified > v.Rates
	}
	return all
}

func (v *Verification) count(r *Row, now time.Time, maxAge time.Duration) {
	if r.Checked.After(v.Last) {
		v.Last = r.Checked
	}
	if o := r.Decision.Outcome; o == Unknown || o == ByRule {
		v.Unstated++
		return
	}
	v.Rates++
	for _, c := range []struct {
		is    bool
		count *int
	}{
		{r.Verified(now, maxAge), &v.Verified},
		{r.Decision.Outcome == BySingle, &v.Single},
		{slices.ContainsFunc(r.Decision.Differ, func(s Statement) bool { return s.Kind == fact.Published }), &v.Disputed},
		{r.Review(), &v.Review},
		{r.Differs, &v.Differs},
	} {
		if c.is {
			*c.count++
		}
	}
}
