package main

import (
	"maps"
	"slices"

	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
)

// tiers makes the service tiers: by rule where a table's tier follows a rule of the vendor over that table's own
// standard rates, else with the rates of a table that agrees on the standard ones.
func (b *builder) tiers(m *model, hits []hit, agreed []rates, e price.Entry) map[price.Tier]price.Variant {
	out := map[price.Tier]price.Variant{}
	for _, tier := range price.Tiers()[1:] {
		v, ok := m.Tiers[tier]
		if !ok && !m.NoTiers {
			v, ok = b.provider.EveryTier[tier]
		}
		if ok {
			out[tier] = v
			b.against(m, hits, tier, v.Rule)
			continue
		}
		if name, ok := b.tierRule(m, hits, tier); ok {
			if name != "" {
				out[tier] = price.Variant{Rule: name}
			}
			continue
		}
		if v, ok := b.tierRates(m, agreed, tier, e); ok {
			out[tier] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// follows reports whether a table's tier is its standard rates times a factor: input and output exactly, and the
// rest so far as the vendor's page rounds them.
func follows(at map[place]feed.Observation, tier price.Tier, times money.Factor) (ok, any bool) {
	for p, o := range at {
		if p.tier != tier || p.kind.Side() == price.FeeSide {
			continue
		}
		base, have := at[place{price.Standard, p.above, p.kind}]
		if !have {
			continue
		}
		value, err := base.Rate.Times(times)
		if err != nil {
			return false, true
		}
		any = true
		if (p.kind == price.Input || p.kind == price.Output) && value != o.Rate {
			return false, true
		}
	}
	return any, any
}

// tierRule finds the rule that a tier follows in some table, whatever the table's day: a factor outlives the
// rates that it was seen on. The empty name is a tier that costs what standard does.
func (b *builder) tierRule(m *model, hits []hit, tier price.Tier) (string, bool) {
	for _, r := range b.read(m, hits, period{}) {
		for _, name := range b.provider.Tiers[tier] {
			if ok, _ := follows(r.at, tier, b.provider.Rules[name].Times); ok {
				return name, true
			}
		}
		if ok, _ := follows(r.at, tier, money.One); ok {
			return "", true
		}
	}
	return "", false
}

// against reports tables that hold a tier and contradict the rule that the curated file gives for it.
func (b *builder) against(m *model, hits []hit, tier price.Tier, name string) {
	if name == "" {
		return
	}
	for _, r := range b.read(m, hits, period{}) {
		if ok, any := follows(r.at, tier, b.provider.Rules[name].Times); any && !ok {
			b.note(true, "%s: %s in %s is not the rule %s", m.ID, tier, r.Source.ID, name)
		}
	}
}

func (b *builder) tierRates(m *model, agreed []rates, tier price.Tier, e price.Entry) (price.Variant, bool) {
	chosen := map[price.Kind]vote{}
	for _, k := range price.Kinds() {
		if v, ok := b.pick(m, agreed, place{tier: tier, kind: k}, chosen); ok && k.Side() != price.FeeSide {
			chosen[k] = v
		}
	}
	_, haveIn := chosen[price.Input]
	_, haveOut := chosen[price.Output]
	if !haveIn || !haveOut {
		if len(chosen) > 0 {
			b.note(true, "%s: %s left out: it has no input or no output rate", m.ID, tier)
		}
		return price.Variant{}, false
	}
	v := price.Variant{Rates: b.specs(m, chosen, e.Source, e.Rates)}
	for _, c := range b.provider.Boundaries {
		if band, ok := b.band(m, agreed, c, tier, e.Source, e.Rates); ok {
			v.Bands = append(v.Bands, band)
		}
	}
	return v, true
}

// routes makes the routes of an entry.
func (b *builder) routes(m *model, e price.Entry, span period) map[string]price.Variant {
	out := map[string]price.Variant{}
	for _, name := range slices.Sorted(maps.Keys(m.Routes)) {
		r := m.Routes[name]
		switch {
		case r.Rates != nil:
			out[name] = price.Variant{Rates: r.Rates}
		case r.Rule != "":
			out[name] = price.Variant{Rule: r.Rule}
			b.check(m, e, r, span)
		default:
			hits := b.hits(r.Read, m.Ignore)
			tables := b.read(m, hits, span)
			chosen := map[price.Kind]vote{}
			for _, k := range price.Kinds() {
				if v, ok := b.pick(m, tables, place{kind: k}, chosen); ok {
					chosen[k] = v
				}
			}
			if len(chosen) == 0 {
				b.note(true, "%s: no table holds the route %s: %v", m.ID, name, r.Read)
				continue
			}
			out[name] = price.Variant{Rates: b.specs(m, chosen, e.Source, e.Rates)}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// check reports tables whose rates for a route are not the entry's times the route's rule.
func (b *builder) check(m *model, e price.Entry, r route, span period) {
	times := b.provider.Rules[r.Rule].Times
	for _, id := range r.Read {
		for _, t := range b.read(m, b.hits([]string{id}, m.Ignore), span) {
			for _, k := range []price.Kind{price.Input, price.Output} {
				base := e.Rates[k].Value
				o, ok := t.at[place{kind: k}]
				if base == nil || !ok {
					continue
				}
				if want, err := base.Times(times); err != nil || !same(want, o.Rate) {
					// A table that writes the base rate does not tell the routes apart.
					b.note(!same(*base, o.Rate), "%s: %s of %s in %s is %s, not %s × %s", m.ID, k, id, t.Source.ID, o.Rate, base, times)
				}
			}
		}
	}
}
