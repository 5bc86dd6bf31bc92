package main

import (
	"fmt"
	"slices"
	"strings"

	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
)

// Line is something for a person to look at.
type Line struct {
	Text string
	// Serious marks what changes a rate or leaves one out; the rest is a difference that was settled by rule.
	Serious bool
}

func (b *builder) note(serious bool, format string, args ...any) {
	b.report = append(b.report, Line{b.provider.Provider + ": " + fmt.Sprintf(format, args...), serious})
}

// unlisted reports identifiers of the provider that a table holds and no model covers.
func (b *builder) unlisted() {
	for _, t := range b.tables {
		r, ok := b.provider.Tables[t.Source.ID]
		if !ok || r.Voice || len(r.Providers) == 0 {
			continue
		}
		var missing []string
		for k := range t.byModel {
			if slices.Contains(r.Providers, k.provider) && strings.HasPrefix(k.id, r.Prefix) && !b.seen[t.Source.ID+" "+k.id] && !b.skipped(k.id) && chat(t.byModel[k]) {
				missing = append(missing, k.id)
			}
		}
		slices.Sort(missing)
		for _, id := range slices.Compact(missing) {
			b.note(false, "%s holds %s, which no curated model names", t.Source.ID, id)
		}
	}
}

// chat reports whether a model has both an input and an output rate in tokens.
func chat(observations []feed.Observation) bool {
	var in, out bool
	for _, o := range observations {
		in = in || o.Kind == price.Input
		out = out || o.Kind == price.Output
	}
	return in && out
}

// skipped reports whether an identifier matches one of the patterns of what is not wanted; a star stands for
// any text.
func (b *builder) skipped(id string) bool {
	return slices.ContainsFunc(b.provider.Skip, func(pattern string) bool { return matches(pattern, id) })
}

func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// factors reports multipliers that a table holds for a model and the curated file does not apply, as the rule of a
// route or of a tier.
func (b *builder) factors(m *model, hits []hit) {
	applied := map[money.Factor]bool{}
	for _, r := range m.Routes {
		applied[b.provider.Rules[r.Rule].Times] = true
	}
	for _, t := range m.Tiers {
		applied[b.provider.Rules[t.Rule].Times] = true
	}
	for _, e := range m.Prices {
		for _, r := range e.Routes {
			applied[b.provider.Rules[r.Rule].Times] = true
		}
	}
	for _, h := range hits {
		for _, f := range h.byFactor[h.key] {
			if !applied[f.Times] {
				b.note(true, "%s: %s lists a factor of %s for %s that no rule applies", m.ID, h.Source.ID, f.Times, f.Name)
			}
		}
	}
}

// labels lists the hits.
func labels(hits []hit) []string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Source.ID+" "+h.key.id)
	}
	return list
}
