package registry

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/price"
)

// Update is a rate of the book that sources have been seen to state otherwise since the book was made.
type Update struct {
	Row  Row
	From time.Time // since when the new rate holds: as a source says, else since one was first seen to state it
	// Seen is since when it is believed: since the vendor's page was read, or the second of two sources was seen to agree.
	Seen time.Time
}

// Updates lists the rates that replace the book's: those that the vendor's own page states, or on which at least two
// independent sources agree without an outlier against them, and to which one of those was seen to change after the
// day of the book's evidence. All others stay, and are for a person to look at. The rates are those of the
// standard service outside windows of the day; rates that rules derive from them follow.
func Updates(rows []Row) []Update {
	var all []Update
	for i := range rows {
		r := &rows[i]
		d := &r.Decision
		believed := d.Outcome == ByVendor || d.Outcome == ByMajority && d.Verified
		if !r.Differs || !believed || d.Review() || r.Kind == MachineHour || r.Tier != Standard || r.Window != "" || r.Route != "" || r.Provenance.Kind != fact.Published {
			continue
		}
		var from time.Time
		var seen []time.Time
		news := false
		for _, s := range d.Agree {
			if s.Kind != fact.Published {
				continue
			}
			seen = append(seen, s.Since)
			news = news || s.Source.Vendor || s.Before != nil && s.Since.After(r.Provenance.Date.Time().AddDate(0, 0, 1))
			at := s.Since
			if !s.Effective.IsZero() {
				at = s.Effective
			}
			if from.IsZero() || at.Before(from) {
				from = at
			}
		}
		if !news {
			continue
		}
		slices.SortFunc(seen, time.Time.Compare)
		all = append(all, Update{*r, from.UTC(), seen[min(1, len(seen)-1)].UTC()})
	}
	return all
}

// Apply writes updates into price files: the entry in force ends where the first of a model's updates begins, and a
// copy of it with the new rates follows. What was recorded before stays as what was known then. The files are those of a book, by name; what has no update stays byte by
// byte.
func Apply(files map[string][]byte, updates []Update) (map[string][]byte, error) {
	byProvider := map[string][]Update{}
	for _, u := range updates {
		byProvider[u.Row.Provider] = append(byProvider[u.Row.Provider], u)
	}
	applied := maps.Clone(files)
	for name, data := range files {
		f, err := price.ParseFile(name, data)
		if err != nil {
			return nil, err
		}
		updates := byProvider[f.Provider]
		if len(updates) == 0 {
			continue
		}
		for i := range f.Models {
			m := &f.Models[i]
			of := slices.DeleteFunc(slices.Clone(updates), func(u Update) bool { return u.Row.Model != m.ID })
			if len(of) > 0 {
				update(f, m, of)
			}
		}
		if applied[name], err = json.MarshalIndent(f, "", "  "); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return applied, nil
}

// update gives a model the new rates.
func update(f *price.File, m *price.Model, updates []Update) {
	from := slices.MinFunc(updates, func(a, b Update) int { return a.From.Compare(b.From) }).From
	seen := slices.MinFunc(updates, func(a, b Update) int { return a.Seen.Compare(b.Seen) }).Seen
	i := slices.IndexFunc(m.Prices, func(e price.Entry) bool {
		return e.RecordedTo == nil && (e.From == nil || e.From.Before(from)) && (e.To == nil || from.Before(*e.To))
	})
	if i < 0 {
		return
	}
	next := m.Prices[i]
	next.Rates, next.Bands = maps.Clone(next.Rates), slices.Clone(next.Bands)
	for _, u := range updates {
		kind, ok := u.Row.Kind.Priced()
		if !ok {
			continue
		}
		rates := next.Rates
		if u.Row.Above > 0 {
			if rates = bandOf(next.Bands, u.Row.Key); rates == nil {
				continue
			}
		}
		rates[kind] = price.RateSpec{Value: u.Row.Decision.Rate, Source: cite(f, &u.Row.Decision)}
	}
	before := m.Prices[i]
	before.To, before.RecordedFrom = &from, &seen
	next.From, next.RecordedFrom = &from, &seen
	if known := m.Prices[i].RecordedFrom; known == nil || known.Before(seen) {
		m.Prices[i].RecordedTo = &seen
		m.Prices = slices.Insert(m.Prices, i+1, before, next)
		return
	}
	m.Prices = slices.Replace(m.Prices, i, i+1, before, next)
}

// bandOf is a copy of the rates of a context band, in its place.
func bandOf(bands []price.BandSpec, k Key) price.Rates {
	for i := range bands {
		b := &bands[i]
		if b.Above != nil && !k.Inclusive && *b.Above == k.Above || b.AtOrAbove != nil && k.Inclusive && *b.AtOrAbove == k.Above {
			b.Rates = maps.Clone(b.Rates)
			return b.Rates
		}
	}
	return nil
}

// cite makes the sources that agree on a rate a source of the file.
func cite(f *price.File, d *Resolution) string {
	var names []string
	url, newest := "", time.Time{}
	for _, s := range d.Agree {
		if s.Kind != fact.Published {
			continue
		}
		names = append(names, s.Source.Title)
		url = cmp.Or(url, s.URL)
		if s.Seen.After(newest) {
			newest = s.Seen
		}
	}
	date := fact.Date(newest.UTC().Format(time.DateOnly))
	if !strings.HasPrefix(url, "https://") {
		url = ""
	}
	id := "registry: " + strings.Join(names, ", ") + " @" + string(date)
	f.Sources[id] = price.Source{Kind: fact.Published, Title: strings.Join(names, " and "), URL: url, Date: date}
	return id
}
