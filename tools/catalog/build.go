package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/price"
)

// Prices makes the price files, by name, from the tables in a folder and the curated files in another.
func Prices(from, curatedDir string) (map[string][]byte, []Line, error) {
	providers, err := readCurated(curatedDir)
	if err != nil {
		return nil, nil, err
	}
	tables, old, err := readTables(from)
	if err != nil {
		return nil, nil, err
	}
	out := map[string][]byte{}
	var report []Line
	for _, p := range providers {
		b := builder{provider: p, tables: tables, old: old, sources: maps.Clone(p.Sources), seen: map[string]bool{}, used: map[string]bool{}}
		if b.sources == nil {
			b.sources = map[string]price.Source{}
		}
		data, err := b.file()
		if err != nil {
			return nil, nil, err
		}
		name := p.Provider + ".json"
		file, err := price.ParseFile(name, data)
		if err != nil {
			return nil, nil, err
		}
		if _, err := file.Sheets(name); err != nil {
			return nil, nil, err
		}
		out[name] = data
		report = append(report, b.report...)
	}
	return out, report, nil
}

// builder makes the file of one provider.
type builder struct {
	provider *provider
	tables   []*table
	old      *table
	sources  map[string]price.Source
	seen     map[string]bool // identifiers in tables that some model covers: "litellm xai/grok-4"
	used     map[string]bool // sources that some rate names
	report   []Line
}

func (b *builder) file() ([]byte, error) {
	p := b.provider
	f := price.File{
		Schema: price.Schema, Provider: p.Provider, Name: p.Name, Aliases: p.Aliases, URL: p.URL,
		FirstParty: p.FirstParty, Regions: p.Regions,
	}
	for i := range p.Models {
		m, err := b.model(&p.Models[i])
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", p.Provider, p.Models[i].ID, err)
		}
		if m != nil {
			f.Models = append(f.Models, *m)
		}
	}
	f.Tables = b.namings(f.Models)
	f.Sources, f.Rules = map[string]price.Source{}, map[string]price.Rule{}
	rules := map[string]bool{}
	for i := range f.Models {
		for _, e := range f.Models[i].Prices {
			b.used[e.Source] = true
			b.mark(e.Variant, rules)
			for _, v := range e.Routes {
				b.mark(v, rules)
			}
		}
	}
	for name := range b.used {
		s, ok := b.sources[name]
		if !ok {
			return nil, fmt.Errorf("%s: no source %q", p.Provider, name)
		}
		f.Sources[name] = s
	}
	for name := range rules {
		r, ok := p.Rules[name]
		if !ok {
			return nil, fmt.Errorf("%s: no rule %q", p.Provider, name)
		}
		f.Rules[name] = r
	}
	b.unlisted()
	return format(f)
}

// mark records the sources and rules that a variant names.
func (b *builder) mark(v price.Variant, rules map[string]bool) {
	all := []price.Rates{v.Rates}
	for _, band := range v.Bands {
		all = append(all, band.Rates)
	}
	names := []string{v.Rule}
	for _, w := range v.Windows {
		all = append(all, w.Rates)
		names = append(names, w.Rule)
	}
	for _, rates := range all {
		for _, r := range rates {
			names = append(names, r.Rule)
			if r.Source != "" {
				b.used[r.Source] = true
			}
		}
	}
	for _, name := range names {
		if name != "" {
			rules[name] = true
		}
	}
	for _, t := range v.Tiers {
		b.mark(t, rules)
	}
}

// hits finds a model in the tables, and marks every identifier of it as covered.
func (b *builder) hits(ids, ignore []string) []hit {
	var found []hit
	for _, t := range b.tables {
		r, ok := b.provider.Tables[t.Source.ID]
		if !ok {
			continue
		}
		for _, id := range ids {
			if k, ok := t.lookup(r, []string{id}); ok {
				b.seen[t.Source.ID+" "+k.id] = true
			}
		}
		if slices.Contains(ignore, t.Source.ID) {
			continue
		}
		if k, ok := t.lookup(r, ids); ok {
			found = append(found, hit{t, r, k})
		}
	}
	return found
}

func (b *builder) model(m *model) (*price.Model, error) {
	ids := m.Read
	if len(ids) == 0 {
		ids = append([]string{m.ID}, m.Aliases...)
	}
	for _, id := range append(slices.Clone(m.Aliases), m.ID) {
		b.hits([]string{id}, nil) // covered, though not read
	}
	hits := b.hits(ids, m.Ignore)
	out := &price.Model{
		ID: m.ID, Name: m.Name, Aliases: m.Aliases, RouteAliases: m.RouteAliases, Weights: m.Weights,
		ContextWindow: m.ContextWindow, Retired: m.Retired,
	}
	b.describe(out, hits)
	b.factors(m, hits)
	since, err := instant(m.Since)
	if err != nil {
		return nil, err
	}
	until, err := instant(m.Until)
	if err != nil {
		return nil, err
	}
	if len(m.Prices) > 0 && m.Since == "" && m.Until == "" {
		out.Prices = m.Prices
		return out, nil
	}
	if len(hits) == 0 {
		b.note(true, "%s: no table holds %v", m.ID, ids)
		return nil, nil
	}
	for _, span := range periods(hits) {
		span, ok := span.within(since, until)
		if !ok {
			continue
		}
		e, ok := b.entry(m, hits, span)
		if !ok {
			b.note(true, "%s: no price from %s to %s: %v", m.ID, day(span.from), day(span.to), labels(hits))
			continue
		}
		out.Prices = append(out.Prices, e)
	}
	if !since.IsZero() {
		out.Prices = append(slices.Clone(m.Prices), out.Prices...)
	} else {
		out.Prices = append(out.Prices, m.Prices...)
	}
	if len(out.Prices) == 0 {
		return nil, nil
	}
	return out, nil
}

// describe fills what the curated file leaves open: the name, the context window, the end of the model.
func (b *builder) describe(out *price.Model, hits []hit) {
	for _, h := range hits {
		info := h.info[h.key]
		if out.Name == "" && h.Source.ID != "portkey" {
			out.Name = strings.TrimSpace(info.Name)
		}
		if out.ContextWindow == 0 {
			out.ContextWindow = info.ContextWindow
		}
		if out.Retired == "" && info.Retired != "" && strings.HasSuffix(h.key.id, strings.ToLower(out.ID)) {
			out.Retired = info.Retired
		}
	}
}
