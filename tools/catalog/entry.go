package main

import (
	"fmt"
	"maps"
	"slices"

	"breakeven/internal/feed"
	"breakeven/price"
)

// hit is what one table holds of a model.
type hit struct {
	*table
	price.Naming
	key modelKey
}

// place is where a rate stands: a tier, a context boundary (zero below all of them), a kind.
type place struct {
	tier  price.Tier
	above int64
	kind  price.Kind
}

// rates is what one table says of a model in one period.
type rates struct {
	hit
	at map[place]feed.Observation
}

// read collects what the tables say of a period. Tables with dates of their own are asked for the period; the
// others are where their day lies in it.
func (b *builder) read(m *model, hits []hit, span period) []rates {
	var all []rates
	for _, h := range hits {
		r := rates{h, map[place]feed.Observation{}}
		dated := len(periods([]hit{h})) > 1
		if !dated && !span.holds(h.Source.Date) {
			continue
		}
		for _, o := range h.byModel[h.key] {
			if o.Window != nil {
				b.note(true, "%s: %s has hours of the day; write the entry by hand", m.ID, h.Source.ID)
				continue
			}
			if dated && !overlaps(span, period{o.From, o.To}) {
				continue
			}
			kind := b.kind(o.Kind)
			if slices.Contains(m.Drop, kind) || (m.NoBands && o.Above > 0) || (m.NoTiers && o.Tier != price.Standard) {
				continue
			}
			above, ok := b.boundary(o.Above)
			if !ok {
				b.note(true, "%s: %s has a context boundary at %d that the curated file does not list", m.ID, h.Source.ID, o.Above)
				continue
			}
			at := place{o.Tier, above, kind}
			if _, ok := r.at[at]; !ok || o.Kind == kind {
				r.at[at] = o
			}
		}
		if len(r.at) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// kind is the kind that a table means: which lifetime a plain cache write has is the vendor's.
func (b *builder) kind(k price.Kind) price.Kind {
	if k == price.CacheWrite {
		return b.provider.CacheWrite
	}
	return k
}

// boundary finds the vendor's boundary that a table means: tables write "above 199,999" for "from 200,000 on".
func (b *builder) boundary(above int64) (int64, bool) {
	if above == 0 {
		return 0, true
	}
	for _, c := range b.provider.Boundaries {
		if gap := above - c.Tokens; -1 <= gap && gap <= 1 {
			return c.Tokens, true
		}
	}
	return 0, false
}

// votes collects the tables' words on one rate.
func votes(tables []rates, at place) []vote {
	var all []vote
	for _, r := range tables {
		if o, ok := r.at[at]; ok {
			all = append(all, vote{r.table, r.group, o.Rate, o.URL, r.Voice})
		}
	}
	return all
}

// pick chooses one rate. A first table that has moved since its earlier state, while the others stand where that
// state stood, has news.
func (b *builder) pick(m *model, tables []rates, at place, base map[price.Kind]vote) (vote, bool) {
	all := votes(tables, at)
	if len(all) == 0 {
		return vote{}, false
	}
	if v, ok := b.moved(m, tables, all, at); ok {
		return v, true
	}
	for _, name := range b.provider.Conventions[at.kind] {
		rule := b.provider.Rules[name]
		if rule.Of == nil {
			continue
		}
		if of, ok := base[*rule.Of]; ok {
			if value, err := of.rate.Times(rule.Times); err == nil && slices.ContainsFunc(all, func(v vote) bool { return v.rate == value }) {
				all = append(all, vote{group: "rule " + name, rate: value, voice: true})
				break
			}
		}
	}
	v, ok, dispute := choose(all)
	switch {
	case !ok && dispute != "":
		b.note(true, "%s: %s left out, ten times apart: %s", m.ID, at, dispute)
	case dispute != "":
		slip := slices.ContainsFunc(all, func(o vote) bool { return apart(o.rate, v.rate) })
		b.note(slip, "%s: %s is %s (%s) of %s", m.ID, at, v.rate, v.name(), dispute)
	}
	return v, ok
}

func (p place) String() string {
	s := p.kind.String()
	if p.tier != price.Standard {
		s = p.tier.String() + " " + s
	}
	if p.above > 0 {
		s += fmt.Sprintf(" above %d", p.above)
	}
	return s
}

func (b *builder) moved(m *model, tables []rates, all []vote, at place) (vote, bool) {
	first := tables[0]
	if first.Source.ID != b.old.Source.ID || len(all) < 2 || all[0].table != first.table {
		return vote{}, false
	}
	for _, o := range b.old.byModel[first.key] {
		above, _ := b.boundary(o.Above)
		kind := b.kind(o.Kind)
		if o.Window != nil || (place{o.Tier, above, kind}) != at || !overlaps(period{o.From, o.To}, period{from: b.old.Source.Date.Time(), to: b.old.Source.Date.Time().Add(1)}) {
			continue
		}
		others := slices.ContainsFunc(all[1:], func(v vote) bool { return same(v.rate, o.Rate) })
		if others && !same(o.Rate, all[0].rate) {
			b.note(true, "%s: %s moved from %s to %s between %s and %s", m.ID, at, o.Rate, all[0].rate, b.old.Source.Date, first.Source.Date)
			return all[0], true
		}
	}
	return vote{}, false
}

// entry makes a model's rates in one period.
func (b *builder) entry(m *model, hits []hit, span period) (price.Entry, bool) {
	tables := b.read(m, hits, span)
	if len(tables) == 0 {
		return price.Entry{}, false
	}
	input, haveIn := b.pick(m, tables, place{kind: price.Input}, nil)
	output, haveOut := b.pick(m, tables, place{kind: price.Output}, nil)
	if !haveIn || !haveOut {
		return price.Entry{}, false
	}
	e := price.Entry{From: pointer(span.from), To: pointer(span.to), Source: b.source(input), Note: m.Note}
	for _, r := range tables {
		if r.table == input.table {
			continue
		}
		in, ok1 := r.at[place{kind: price.Input}]
		o, ok2 := r.at[place{kind: price.Output}]
		if !ok1 || !ok2 {
			continue
		}
		label := r.name + " " + string(r.Source.Date)
		if same(in.Rate, input.rate) && same(o.Rate, output.rate) {
			e.Agree = append(e.Agree, label)
		} else {
			e.Differ = append(e.Differ, label)
		}
	}
	// Further rates come only from tables that agree on these two: another base is another price.
	agreed := slices.DeleteFunc(slices.Clone(tables), func(r rates) bool {
		in, ok1 := r.at[place{kind: price.Input}]
		o, ok2 := r.at[place{kind: price.Output}]
		return ok1 && !same(in.Rate, input.rate) || ok2 && !same(o.Rate, output.rate)
	})
	base := map[price.Kind]vote{price.Input: input, price.Output: output}
	for _, k := range price.Kinds() {
		if k == price.Input || k == price.Output {
			continue
		}
		from := agreed
		if k.Side() == price.FeeSide {
			from = tables
		}
		if v, ok := b.pick(m, from, place{kind: k}, base); ok {
			base[k] = v
		}
	}
	e.Rates = b.specs(m, base, e.Source, nil)
	b.media(m, hits, e.Rates)
	maps.Copy(e.Rates, m.Rates)
	for k, name := range m.Rules {
		if name == "" {
			continue
		}
		if v, ok := base[k]; ok {
			if of, have := base[*b.provider.Rules[name].Of]; have {
				if value, err := of.rate.Times(b.provider.Rules[name].Times); err != nil || value != v.rate {
					b.note(true, "%s: %s is published as %s, which is not the rule %s", m.ID, k, v.rate, name)
				}
			}
		}
		e.Rates[k] = price.RateSpec{Rule: name}
	}
	for _, c := range b.provider.Boundaries {
		if band, ok := b.band(m, agreed, c, price.Standard, e.Source, e.Rates); ok {
			e.Bands = append(e.Bands, band)
		}
	}
	e.Tiers = b.tiers(m, hits, agreed, e)
	e.Routes = b.routes(m, e, span)
	return e, true
}

// band makes a context band, where the tables that tell bands apart have it: more of them with it than without,
// or as many.
func (b *builder) band(m *model, agreed []rates, c boundary, tier price.Tier, source string, base price.Rates) (price.BandSpec, bool) {
	with, without := map[string]bool{}, map[string]bool{}
	for _, r := range agreed {
		if _, ok := r.at[place{tier, c.Tokens, price.Input}]; ok {
			with[r.group] = true
		} else if r.Source.ID != "portkey" && r.Source.ID != "langfuse" {
			without[r.group] = true
		}
	}
	if len(with) == 0 {
		return price.BandSpec{}, false
	}
	if len(with) < len(without) {
		b.note(true, "%s: band at %d left out: %v have it, %v do not", m.ID, c.Tokens, slices.Sorted(maps.Keys(with)), slices.Sorted(maps.Keys(without)))
		return price.BandSpec{}, false
	}
	chosen := map[price.Kind]vote{}
	for _, k := range price.Kinds() {
		if v, ok := b.pick(m, agreed, place{tier, c.Tokens, k}, chosen); ok {
			chosen[k] = v
		}
	}
	if tier == price.Standard {
		// A fee does not depend on the prompt's length.
		maps.DeleteFunc(chosen, func(k price.Kind, _ vote) bool { return k.Side() == price.FeeSide })
	}
	band := price.BandSpec{Rates: b.specs(m, chosen, source, base)}
	tokens := c.Tokens
	if c.AtOrAbove {
		band.AtOrAbove = &tokens
	} else {
		band.Above = &tokens
	}
	return band, len(band.Rates) > 0
}
