package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// EffectiveSchema names the version of the format of history/effective.json that this package reads.
const EffectiveSchema = "breakeven/effective/v1"

// EffectiveFile is the format of history/effective.json: rates of which a source says on which day the vendor began to
// charge them, in the catalog's own names.
type EffectiveFile struct {
	Schema  string                     `json:"schema"`
	Sources map[string]fact.Provenance `json:"sources"`
	Rates   []struct {
		Provider string                    `json:"provider"`
		Model    string                    `json:"model"`
		From     fact.Date                 `json:"from"`
		To       fact.Date                 `json:"to,omitempty"`
		Source   string                    `json:"source"`
		Rates    map[price.Kind]money.Rate `json:"rates"` // of the standard tier, on the default route
	} `json:"rates"`
}

// Effective lists the rates of which is known since when the vendor has charged them: those that a price sheet of the
// book begins with or changes to, and those of history/effective.json. They are in the order of their keys and
// then of time. [registry.InForce] looks one up.
func Effective(book *price.Book) ([]registry.Dated, error) {
	const name = "effective.json"
	data, err := FS.ReadFile("history/" + name)
	if err != nil {
		return nil, fmt.Errorf("embedded effective dates: %w", err)
	}
	dated, err := ParseEffective(name, data)
	if err != nil {
		return nil, fmt.Errorf("embedded effective dates: %w", err)
	}
	for _, file := range book.Files() {
		for i := range file.Models {
			dated = append(dated, began(book.Series(file.Provider, file.Models[i].ID))...)
		}
	}
	slices.SortStableFunc(dated, func(a, b registry.Dated) int {
		return cmp.Or(a.Key.Compare(b.Key), a.Effective.From.Compare(b.Effective.From))
	})
	return dated, nil
}

// ParseEffective reads a file of effective dates strictly. An error is a *[datafile.Error].
func ParseEffective(name string, data []byte) ([]registry.Dated, error) {
	fail := func(path string, err error) error { return &datafile.Error{File: name, Path: path, Err: err} }
	var f EffectiveFile
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, err
	}
	if f.Schema != EffectiveSchema {
		return nil, fail("schema", fmt.Errorf("%q is not %q", f.Schema, EffectiveSchema))
	}
	if path, err := datafile.CheckSources(f.Sources); err != nil {
		return nil, fail(path, err)
	}
	var dated []registry.Dated
	for i, r := range f.Rates {
		path := "rates[" + strconv.Itoa(i) + "]"
		source, ok := f.Sources[r.Source]
		from, to := r.From.Time(), r.To.Time()
		switch {
		case r.Provider == "" || r.Model == "":
			return nil, fail(path, errors.New("no provider or no model"))
		case !ok:
			return nil, fail(path+".source", fmt.Errorf("%q is not one of the file's sources", r.Source))
		case from.IsZero():
			return nil, fail(path+".from", fmt.Errorf("%q is not a day, YYYY-MM-DD", r.From))
		case r.To != "" && !to.After(from):
			return nil, fail(path+".to", fmt.Errorf("%q is not a day after %s", r.To, r.From))
		case len(r.Rates) == 0:
			return nil, fail(path+".rates", errors.New("none"))
		}
		for _, k := range price.Kinds() {
			rate, ok := r.Rates[k]
			if !ok {
				continue
			}
			dated = append(dated, registry.Dated{Provenance: source, Fact: registry.Fact{
				Key:  registry.Key{Provider: r.Provider, Model: r.Model, Tier: registry.Standard, Kind: registry.KindOf(k)},
				Rate: rate, Effective: price.Interval{From: from, To: to}, URL: source.URL,
			}})
		}
	}
	return dated, nil
}

// began lists the rates of one model's sheets that began on a known day. A sheet that goes on from another one begins only
// what it changes: what was charged before at the same rate began earlier, and of what the earlier sheet doesn't
// tell nobody knows. Sheets that were believed for a while and then were not say nothing.
func began(sheets []*price.Sheet) []registry.Dated {
	var all []registry.Dated
	var before *price.Sheet
	running := map[registry.Key]registry.Dated{}
	end := func() {
		for _, d := range running {
			if !d.Effective.From.IsZero() {
				all = append(all, d)
			}
		}
		clear(running)
	}
	for _, s := range sheets {
		if !s.Recorded.To.IsZero() {
			continue
		}
		goesOn := before != nil && before.Route == s.Route && before.Tier == s.Tier && !s.Effective.From.IsZero() && before.Effective.To.Equal(s.Effective.From)
		next := map[registry.Key]registry.Dated{}
		for _, r := range registry.SheetRates(s) {
			d := registry.Dated{
				Fact:       registry.Fact{Key: r.Key, Rate: r.Rate, Effective: s.Effective, URL: r.Provenance.URL},
				Provenance: r.Provenance,
			}
			earlier, known := running[d.Key]
			switch {
			case goesOn && !known:
				d.Effective.From = time.Time{}
			case goesOn && earlier.Rate == d.Rate:
				d.Effective.From = earlier.Effective.From
				delete(running, d.Key)
			}
			next[d.Key] = d
		}
		end()
		running, before = next, s
	}
	end()
	return all
}
