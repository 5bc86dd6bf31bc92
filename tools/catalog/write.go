package main

import (
	"slices"
	"strings"

	"breakeven/fact"
	"breakeven/price"
)

// specs writes chosen rates as a price file does: a rate that equals a rule of the vendor as the rule. In a band
// or tier, rates that follow the base's rule are left out, since the rule recomputes them there.
func (b *builder) specs(m *model, chosen map[price.Kind]vote, source string, base price.Rates) price.Rates {
	out := price.Rates{}
	for k, v := range chosen {
		if output, ok := chosen[price.Output]; ok && k == price.Reasoning && v.rate == output.rate {
			continue // what a missing rate means anyway
		}
		if name, ok := b.rule(m, k, chosen); ok && (base == nil || base[k].Rule == name) {
			if base == nil {
				out[k] = price.RateSpec{Rule: name}
			}
			continue
		}
		r := v.rate
		spec := price.RateSpec{Value: &r}
		if s := b.source(v); s != source {
			spec.Source = s
		}
		out[k] = spec
	}
	return out
}

// rule is the convention that a rate equals.
func (b *builder) rule(m *model, k price.Kind, chosen map[price.Kind]vote) (string, bool) {
	names := b.provider.Conventions[k]
	if name, fixed := m.Rules[k]; fixed {
		names = []string{name}
	}
	for _, name := range names {
		rule := b.provider.Rules[name]
		if rule.Of == nil {
			continue
		}
		if of, ok := chosen[*rule.Of]; ok {
			if value, err := of.rate.Times(rule.Times); err == nil && value == chosen[k].rate {
				return name, true
			}
		}
	}
	return "", false
}

// source is the key of the source of a rate, which names the table and the page that it cites.
func (b *builder) source(v vote) string {
	s := v.table.Source
	key := s.ID
	src := price.Source{Kind: fact.Published, Title: s.Title, URL: s.URL, Date: s.Date}
	if v.url != "" {
		page := shortURL(v.url)
		key += ": " + page
		src.Title, src.URL = s.Title+", from "+page, v.url
	}
	b.sources[key] = src
	return key
}

func shortURL(url string) string {
	_, url, _ = strings.Cut(url, "://")
	url, _, _ = strings.Cut(url, "#")
	url, _, _ = strings.Cut(url, "?")
	return strings.TrimSuffix(strings.TrimPrefix(url, "www."), "/")
}

// media adds the rules for images and video that are billed as text.
func (b *builder) media(m *model, hits []hit, rates price.Rates) {
	takes := map[string]bool{"text": true}
	for _, in := range m.Takes {
		takes[in] = true
	}
	for _, h := range hits {
		for _, in := range h.info[h.key].Inputs {
			takes[in] = true
		}
	}
	for medium, kinds := range b.provider.Media {
		if !takes[medium] {
			continue
		}
		for k, name := range kinds {
			if _, ok := rates[k]; ok || slices.Contains(m.Drop, k) {
				continue
			}
			if _, ok := rates[*b.provider.Rules[name].Of]; ok {
				rates[k] = price.RateSpec{Rule: name}
			}
		}
	}
}
