package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/money"
)

// Schema names the version of the price file format that this package reads.
const Schema = "breakeven/prices/v1"

// File is the prices of one provider: the format of catalog/prices and of a sheet that a user brings.
type File struct {
	Schema   string   `json:"schema"`
	Provider string   `json:"provider"`
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases,omitempty"` // other names of the provider in logs
	URL      string   `json:"url,omitempty"`
	// FirstParty marks a vendor that makes the models it sells: its price is the one meant where a log names
	// a model without a provider.
	FirstParty bool `json:"first_party,omitempty"`
	// Regions maps a region of the vendor to one of its routes; "*" is every region not named.
	Regions map[string]string `json:"regions,omitempty"`
	// Tables says how the public price tables name the provider, by the table's identifier.
	Tables  map[string]Naming `json:"tables,omitempty"`
	Sources map[string]Source `json:"sources"`
	Rules   map[string]Rule   `json:"rules,omitempty"`
	Models  []Model           `json:"models"`
}

// Source is where rates were read.
type Source struct {
	Kind  fact.Kind `json:"kind"`
	Title string    `json:"title"`
	URL   string    `json:"url,omitempty"`
	Date  fact.Date `json:"date"`
}

// Rule derives a rate from another: that of the kind Of in the same band, or for a tier, route or window the
// same kind in the base, times Times.
type Rule struct {
	Kind  fact.Kind    `json:"kind"`
	Text  string       `json:"text"` // the reason, in words
	Of    *Kind        `json:"of,omitempty"`
	Times money.Factor `json:"times"`
	URL   string       `json:"url,omitempty"`
	Date  fact.Date    `json:"date,omitempty"`
}

// Model is one model as its provider sells it.
type Model struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"`
	Aliases []string `json:"aliases,omitempty"`
	// RouteAliases are identifiers that name a route as well: a regional inference profile, for example.
	RouteAliases map[string][]string `json:"route_aliases,omitempty"`
	// Weights is the model in catalog/models whose open weights this is; empty for closed models.
	Weights       string    `json:"weights,omitempty"`
	ContextWindow int64     `json:"context_window,omitempty"`
	Retired       fact.Date `json:"retired,omitempty"`
	Prices        []Entry   `json:"prices"`
}

// Entry is a model's rates in one effective interval, as recorded in one interval.
type Entry struct {
	From         *time.Time `json:"from,omitempty"`
	To           *time.Time `json:"to,omitempty"`
	RecordedFrom *time.Time `json:"recorded_from,omitempty"`
	RecordedTo   *time.Time `json:"recorded_to,omitempty"`
	Source       string     `json:"source"`           // the default source of every rate below
	Agree        []string   `json:"agree,omitempty"`  // other sources that hold the same input and output rates
	Differ       []string   `json:"differ,omitempty"` // other sources that hold different ones
	Note         string     `json:"note,omitempty"`
	Variant
	Routes map[string]Variant `json:"routes,omitempty"`
}

// Variant is the rates of a tier or route. Either Rule multiplies what it varies, or Rates and Bands replace
// it; then fees and rates by rule carry over. Windows and Tiers nest in the same way.
type Variant struct {
	Rule    string           `json:"rule,omitempty"`
	Rates   Rates            `json:"rates,omitempty"`
	Bands   []BandSpec       `json:"bands,omitempty"`
	Windows []WindowSpec     `json:"windows,omitempty"`
	Tiers   map[Tier]Variant `json:"tiers,omitempty"`
}

// BandSpec is the rates above a context boundary. Exactly one of Above and AtOrAbove says where it starts
// and whether the boundary itself belongs to it.
type BandSpec struct {
	Above     *int64 `json:"above,omitempty"`
	AtOrAbove *int64 `json:"at_or_above,omitempty"`
	Rates     Rates  `json:"rates"`
}

// WindowSpec is the rates in a recurring time of day.
type WindowSpec struct {
	Days  []string `json:"days,omitempty"`
	From  string   `json:"from"`
	To    string   `json:"to"`
	Zone  string   `json:"zone,omitempty"`
	Rule  string   `json:"rule,omitempty"`
	Rates Rates    `json:"rates,omitempty"`
}

// Rates maps kinds to rates.
type Rates map[Kind]RateSpec

// RateSpec is one rate: a decimal in dollars per million units, or a rule that derives it. In JSON a bare
// string is a decimal from the entry's source.
type RateSpec struct {
	Value  *money.Rate `json:"value,omitempty"`
	Source string      `json:"source,omitempty"`
	Rule   string      `json:"rule,omitempty"`
}

// UnmarshalJSON reads "3", {"value": "3", "source": "..."} or {"rule": "..."}.
func (r *RateSpec) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		v, err := money.ParseRate(text)
		*r = RateSpec{Value: &v}
		return err
	}
	type plain RateSpec
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var p plain
	if err := dec.Decode(&p); err != nil {
		return fmt.Errorf("a rate is a decimal string such as \"3\", or an object with value or rule: %w", err)
	}
	*r = RateSpec(p)
	return nil
}

// MarshalJSON writes the shortest form that [RateSpec.UnmarshalJSON] reads.
func (r RateSpec) MarshalJSON() ([]byte, error) {
	if r.Value != nil && r.Source == "" && r.Rule == "" {
		return json.Marshal(r.Value.String())
	}
	type plain RateSpec
	return json.Marshal(plain(r))
}

// ParseFile reads a price file strictly: an unknown field, a second document or a fault in a rate is an error.
func ParseFile(name string, data []byte) (*File, error) {
	var f File
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, err
	}
	if f.Schema != Schema {
		return nil, &datafile.Error{File: name, Path: "schema", Err: fmt.Errorf("%q is not %q", f.Schema, Schema)}
	}
	if f.Provider == "" {
		return nil, &datafile.Error{File: name, Path: "provider", Err: errors.New("missing")}
	}
	return &f, nil
}

// Sheets compiles a price file: every rule applied, every band sorted, one sheet for each route and tier.
func (f *File) Sheets(name string) ([]*Sheet, error) {
	c := compiler{file: f, name: name}
	for i := range f.Models {
		m := &f.Models[i]
		path := fmt.Sprintf("models[%d]", i)
		if m.ID == "" {
			return nil, c.fail(path+".id", errors.New("missing"))
		}
		if len(m.Prices) == 0 {
			return nil, c.fail(path+".prices", errors.New("empty"))
		}
		for j := range m.Prices {
			if err := c.entry(m, &m.Prices[j], fmt.Sprintf("%s (%s).prices[%d]", path, m.ID, j)); err != nil {
				return nil, err
			}
		}
	}
	return c.sheets, nil
}

type compiler struct {
	file   *File
	name   string
	sheets []*Sheet
}

func (c *compiler) fail(path string, err error) error {
	return &datafile.Error{File: c.name, Path: path, Err: err}
}

// draft is a set of rates before fallbacks: what one variant says about one time of day.
type draft struct {
	base    map[Kind]cell
	byRule  map[Kind]string // rates that are a rule over another kind, to be recomputed where their base moves
	bands   []draftBand
	windows []draftWindow
}

type draftBand struct {
	threshold int64
	rates     map[Kind]cell
}

type draftWindow struct {
	Window
	base  map[Kind]cell
	bands []draftBand
}

func (c *compiler) entry(m *Model, e *Entry, path string) error {
	if _, ok := c.file.Sources[e.Source]; !ok {
		return c.fail(path+".source", fmt.Errorf("%q is not one of the file's sources", e.Source))
	}
	effective, recorded := Interval{at(e.From), at(e.To)}, Interval{at(e.RecordedFrom), at(e.RecordedTo)}
	for _, i := range []Interval{effective, recorded} {
		if !i.From.IsZero() && !i.To.IsZero() && !i.From.Before(i.To) {
			return c.fail(path, fmt.Errorf("interval ends %s, not after it starts %s", i.To.Format(time.RFC3339), i.From.Format(time.RFC3339)))
		}
	}
	if e.Rule != "" {
		return c.fail(path+".rule", errors.New("an entry needs rates; rules vary a tier, a route or a window"))
	}
	base, err := c.explicit(draft{}, e.Variant, e.Source, path)
	if err != nil {
		return err
	}
	add := func(route string, d draft, tiers map[Tier]Variant, path string) error {
		c.sheets = append(c.sheets, d.sheet(m.ID, c.file.Provider, route, Standard, effective, recorded, e.Note))
		for _, tier := range slices.Sorted(maps.Keys(tiers)) {
			if tier == Standard {
				return c.fail(path+".tiers", errors.New("standard is the entry itself"))
			}
			t, err := c.vary(d, tiers[tier], e.Source, fmt.Sprintf("%s.tiers.%s", path, tier))
			if err != nil {
				return err
			}
			c.sheets = append(c.sheets, t.sheet(m.ID, c.file.Provider, route, tier, effective, recorded, e.Note))
		}
		return nil
	}
	if err := add("", base, e.Tiers, path); err != nil {
		return err
	}
	for _, route := range slices.Sorted(maps.Keys(e.Routes)) {
		v := e.Routes[route]
		path := path + ".routes." + route
		d, err := c.vary(base, v, e.Source, path)
		if err != nil {
			return err
		}
		if v.Tiers == nil && v.Rule == "" {
			// A route with rates of its own has the tiers that are rules; explicit tier rates belong to the default route.
			v.Tiers = maps.Clone(e.Tiers)
			maps.DeleteFunc(v.Tiers, func(_ Tier, t Variant) bool { return t.Rule == "" })
		}
		if v.Tiers != nil {
			if err := add(route, d, v.Tiers, path); err != nil {
				return err
			}
			continue
		}
		// A route by rule multiplies last: each tier of the default route, then the route's factor.
		if err := add(route, d, nil, path); err != nil {
			return err
		}
		for _, tier := range slices.Sorted(maps.Keys(e.Tiers)) {
			t, err := c.vary(base, e.Tiers[tier], e.Source, path+".tiers")
			if err != nil {
				return err
			}
			if t, err = c.multiply(t, v.Rule, path); err != nil {
				return err
			}
			c.sheets = append(c.sheets, t.sheet(m.ID, c.file.Provider, route, tier, effective, recorded, e.Note))
		}
	}
	return nil
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// vary applies a tier or route to what it varies.
func (c *compiler) vary(base draft, v Variant, source, path string) (draft, error) {
	switch {
	case v.Rule != "" && (len(v.Rates) > 0 || len(v.Bands) > 0):
		return draft{}, c.fail(path, errors.New("has both a rule and rates; keep one"))
	case v.Rule != "":
		return c.multiply(base, v.Rule, path)
	case len(v.Rates) == 0:
		return draft{}, c.fail(path, errors.New("has neither a rule nor rates"))
	}
	return c.explicit(base, v, source, path)
}

// explicit reads rates that are written out. Fees and rates by rule carry over from what is varied.
func (c *compiler) explicit(base draft, v Variant, source, path string) (draft, error) {
	d := draft{base: map[Kind]cell{}, byRule: maps.Clone(base.byRule)}
	if d.byRule == nil {
		d.byRule = map[Kind]string{}
	}
	for k, cell := range base.base {
		if k.Side() == FeeSide {
			d.base[k] = cell
		}
	}
	for _, k := range slices.Sorted(maps.Keys(v.Rates)) {
		if spec := v.Rates[k]; spec.Rule != "" {
			d.byRule[k] = spec.Rule
		} else {
			delete(d.byRule, k)
		}
	}
	var err error
	if d.base, err = c.rates(d, d.base, v.Rates, source, path+".rates"); err != nil {
		return d, err
	}
	for i, b := range v.Bands {
		path := fmt.Sprintf("%s.bands[%d]", path, i)
		threshold, err := b.threshold()
		if err != nil {
			return d, c.fail(path, err)
		}
		rates, err := c.rates(d, nil, b.Rates, source, path+".rates")
		if err != nil {
			return d, err
		}
		d.bands = append(d.bands, draftBand{threshold, rates})
	}
	sort.SliceStable(d.bands, func(i, j int) bool { return d.bands[i].threshold < d.bands[j].threshold })
	for i, w := range v.Windows {
		path := fmt.Sprintf("%s.windows[%d]", path, i)
		window, err := parseWindow(w.Days, w.From, w.To, w.Zone)
		if err != nil {
			return d, c.fail(path, err)
		}
		dw := draftWindow{Window: window}
		if w.Rule != "" {
			scaled, err := c.multiply(draft{base: d.base, bands: d.bands}, w.Rule, path)
			if err != nil {
				return d, err
			}
			dw.base, dw.bands = scaled.base, scaled.bands
		} else {
			fees := maps.Clone(d.base)
			maps.DeleteFunc(fees, func(k Kind, _ cell) bool { return k.Side() != FeeSide })
			if dw.base, err = c.rates(d, fees, w.Rates, source, path+".rates"); err != nil {
				return d, err
			}
		}
		d.windows = append(d.windows, dw)
	}
	return d, nil
}

func (b BandSpec) threshold() (int64, error) {
	switch {
	case (b.Above == nil) == (b.AtOrAbove == nil):
		return 0, errors.New("needs exactly one of above and at_or_above")
	case b.Above != nil && *b.Above >= 0:
		return *b.Above + 1, nil
	case b.AtOrAbove != nil && *b.AtOrAbove > 0:
		return *b.AtOrAbove, nil
	}
	return 0, errors.New("starts below one token")
}

// rates reads one set of rates into a copy of start: the written ones first, then the rules over them.
func (c *compiler) rates(d draft, start map[Kind]cell, specs Rates, source, path string) (map[Kind]cell, error) {
	cells := maps.Clone(start)
	if cells == nil {
		cells = map[Kind]cell{}
	}
	for _, k := range slices.Sorted(maps.Keys(specs)) {
		spec := specs[k]
		path := path + "." + k.String()
		switch {
		case (spec.Value == nil) == (spec.Rule == ""):
			return nil, c.fail(path, errors.New("needs exactly one of value and rule"))
		case spec.Rule != "":
			continue
		}
		if spec.Source == "" {
			spec.Source = source
		}
		src, ok := c.file.Sources[spec.Source]
		if !ok {
			return nil, c.fail(path, fmt.Errorf("source %q is not one of the file's sources", spec.Source))
		}
		cells[k] = cell{rate: *spec.Value, as: k, from: &fact.Provenance{Kind: src.Kind, Source: src.Title, URL: src.URL, Date: src.Date}}
	}
	for _, k := range slices.Sorted(maps.Keys(d.byRule)) {
		if spec, written := specs[k]; written && spec.Rule == "" {
			continue
		}
		name := d.byRule[k]
		if spec, ok := specs[k]; ok {
			name = spec.Rule
		}
		rule, ok := c.file.Rules[name]
		if !ok || rule.Of == nil {
			return nil, c.fail(path+"."+k.String(), fmt.Errorf("rule %q is not one of the file's rules over a kind", name))
		}
		base, ok := cells[*rule.Of]
		if !ok {
			continue // this band says nothing about the kind that the rule starts from
		}
		rate, err := base.rate.Times(rule.Times)
		if err != nil {
			return nil, c.fail(path+"."+k.String(), err)
		}
		cells[k] = cell{rate: rate, as: k, from: rule.provenance(fmt.Sprintf("%s × %s %s", rule.Times, *rule.Of, base.rate))}
	}
	return cells, nil
}

func (r Rule) provenance(arithmetic string) *fact.Provenance {
	return &fact.Provenance{Kind: r.Kind, Rule: r.Text + ": " + arithmetic, URL: r.URL, Date: r.Date}
}

// multiply scales every rate but the fees by a rule.
func (c *compiler) multiply(d draft, name, path string) (draft, error) {
	rule, ok := c.file.Rules[name]
	if !ok {
		return d, c.fail(path+".rule", fmt.Errorf("%q is not one of the file's rules", name))
	}
	scale := func(cells map[Kind]cell) (map[Kind]cell, error) {
		out := make(map[Kind]cell, len(cells))
		for k, base := range cells {
			if k.Side() == FeeSide {
				out[k] = base
				continue
			}
			rate, err := base.rate.Times(rule.Times)
			if err != nil {
				return nil, c.fail(path, err)
			}
			out[k] = cell{rate: rate, as: k, from: rule.provenance(fmt.Sprintf("%s × %s", rule.Times, base.rate))}
		}
		return out, nil
	}
	scaleBands := func(bands []draftBand) ([]draftBand, error) {
		out := make([]draftBand, 0, len(bands))
		for _, b := range bands {
			rates, err := scale(b.rates)
			if err != nil {
				return nil, err
			}
			out = append(out, draftBand{b.threshold, rates})
		}
		return out, nil
	}
	scaled := draft{byRule: d.byRule}
	var err error
	if scaled.base, err = scale(d.base); err != nil {
		return d, err
	}
	if scaled.bands, err = scaleBands(d.bands); err != nil {
		return d, err
	}
	for _, w := range d.windows {
		sw := draftWindow{Window: w.Window}
		if sw.base, err = scale(w.base); err != nil {
			return d, err
		}
		if sw.bands, err = scaleBands(w.bands); err != nil {
			return d, err
		}
		scaled.windows = append(scaled.windows, sw)
	}
	return scaled, nil
}

// sheet resolves fallbacks and freezes the draft.
func (d draft) sheet(model, provider, route string, tier Tier, effective, recorded Interval, note string) *Sheet {
	s := &Sheet{Provider: provider, Model: model, Route: route, Tier: tier, Effective: effective, Recorded: recorded, Note: note}
	s.bands = resolve(d.base, d.bands)
	for _, w := range d.windows {
		s.windows = append(s.windows, window{w.Window, resolve(w.base, w.bands)})
	}
	return s
}

// resolve gives every band a rate for every kind that has one: from the highest crossed band that names the
// kind or its fallback. A band that raises the input rate but names no cache rate therefore bills cached
// tokens at its own input rate, not at the lower band's cache rate.
func resolve(base map[Kind]cell, above []draftBand) []band {
	layers := append([]draftBand{{0, base}}, above...)
	var written [KindCount]bool
	for _, layer := range layers {
		for k := range layer.rates {
			written[k] = true
		}
	}
	bands := make([]band, 0, len(layers))
	for i, layer := range layers {
		b := band{threshold: layer.threshold}
		for k := range KindCount {
			b.cells[k] = find(k, layers[:i+1], &written)
		}
		bands = append(bands, b)
	}
	return bands
}

func find(k Kind, crossed []draftBand, written *[KindCount]bool) cell {
	for _, c := range slices.Backward(crossed) {
		for kind := k; kind != none; kind = fallback(kind, written) {
			if c, ok := c.rates[kind]; ok {
				return c
			}
		}
	}
	return cell{}
}

// fallback is the kind whose rate stands in. A vendor that prices five-minute cache writes apart prices
// one-hour writes apart too, so that a missing one-hour rate is unknown there.
func fallback(k Kind, written *[KindCount]bool) Kind {
	if k == CacheWrite1h && written[CacheWrite5m] {
		return none
	}
	return kinds[k].fallback
}
