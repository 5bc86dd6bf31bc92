package reconcile

import (
	"fmt"
	"slices"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// unit is the span of a line.
type unit uint8

const (
	byDay unit = iota
	byMonth
	byWhole
)

var unitNames = [...]string{byDay: "day", byMonth: "month", byWhole: "period"}

// plan is the grain at which one provider's bill and log are compared: the finest that both know.
type plan struct {
	provider                       string
	models, kinds, tiers, projects bool
	unit                           unit
	offset                         int64 // seconds after midnight UTC at which the bill's days begin
	from, to                       time.Time
	first, last                    int64 // periods
	classes                        [price.KindCount]kindSet
	rounding                       money.USD // of one line of the bill
	notes                          []string
}

// plan finds the grain for one provider. It is false where the bill has no usage of it.
func (b *Bills) plan(provider string, uses []*Usage, bills []*billed) (plan, bool) {
	p := plan{provider: provider, models: true, kinds: true, tiers: true, projects: true}
	names := map[string]bool{}
	var longest time.Duration
	begins := map[int64]bool{}
	for _, l := range bills {
		if l.Class != usage.BillUsage {
			continue
		}
		if p.from.IsZero() || l.Start.Before(p.from) {
			p.from = l.Start
		}
		if l.End.After(p.to) {
			p.to = l.End
		}
		p.models, p.kinds, p.tiers = p.models && l.Model != "", p.kinds && l.set != 0, p.tiers && l.TierKnown
		p.projects = p.projects && l.Project != ""
		names[l.Project] = true
		longest = max(longest, l.End.Sub(l.Start))
		if l.End.Sub(l.Start) == 24*time.Hour {
			begins[l.Start.Unix()%secondsOfDay] = true
		}
		p.rounding = max(p.rounding, l.one)
	}
	if p.from.IsZero() {
		return p, false
	}
	common, unnamed := false, false
	for _, u := range uses {
		common, unnamed = common || names[u.Project], unnamed || u.Project == ""
		longest = max(longest, u.End.Sub(u.Start))
	}
	if p.projects && !unnamed && !common && len(uses) > 0 {
		p.notes = append(p.notes, fmt.Sprintf("The bill of %s and the log name projects differently, so that they are not compared by project.", provider))
	}
	p.projects = p.projects && !unnamed && common
	p.measureTime(longest, begins, uses, bills)
	if p.offset%3600 != 0 {
		p.notes = append(p.notes, fmt.Sprintf("The days of the bill of %s begin within an hour: the calls of that hour are counted on the day of the first of them.", provider))
	}
	p.classes = classes(uses, bills)
	p.first, p.last = p.period(p.from), p.period(p.to.Add(-1))
	return p, true
}

const secondsOfDay = 24 * 60 * 60

// measureTime chooses the span of a line: a day, and where rows or lines add up more than that a calendar month, or all
// of the bill's time.
func (p *plan) measureTime(longest time.Duration, begins map[int64]bool, uses []*Usage, bills []*billed) {
	if longest <= 24*time.Hour {
		p.unit = byDay
		if len(begins) == 1 {
			for at := range begins {
				p.offset = at
			}
		}
		return
	}
	p.unit = byMonth
	inMonth := func(start, end time.Time) bool {
		if end.IsZero() {
			return true
		}
		return monthOf(start) == monthOf(end.Add(-1))
	}
	for _, l := range bills {
		if l.Class == usage.BillUsage && !inMonth(l.Start, l.End) {
			p.unit = byWhole
		}
	}
	for _, u := range uses {
		if !inMonth(u.Start, u.End) {
			p.unit = byWhole
		}
	}
}

func monthOf(t time.Time) int64 {
	y, m, _ := t.UTC().Date()
	return int64(y)*12 + int64(m) - 1
}

// period numbers the spans.
func (p *plan) period(t time.Time) int64 { return p.periodFrom(t, p.offset) }

func (p *plan) periodFrom(t time.Time, offset int64) int64 {
	switch p.unit {
	case byDay:
		return floorDiv(t.Unix()-offset, secondsOfDay)
	case byMonth:
		return monthOf(t)
	case byWhole:
		if t.Before(p.from) {
			return -1
		} else if !t.Before(p.to) {
			return 1
		}
	}
	return 0
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// span is when a period begins and ends.
func (p *plan) span(n int64) (from, to time.Time) {
	switch p.unit {
	case byDay:
		from = time.Unix(n*secondsOfDay+p.offset, 0).UTC()
		return from, from.Add(24 * time.Hour)
	case byMonth:
		from = time.Date(int(n/12), time.Month(n%12+1), 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(0, 1, 0)
	default:
		return p.from, p.to
	}
}

// classes joins the kinds that one line of the bill is about, or that the log does not tell apart.
func classes(uses []*Usage, bills []*billed) [price.KindCount]kindSet {
	var c [price.KindCount]kindSet
	for k := range c {
		c[k] = 1 << k
	}
	join := func(set kindSet) {
		var all kindSet
		for k := range c {
			if set.has(price.Kind(k)) {
				all |= c[k]
			}
		}
		for k := range c {
			if all.has(price.Kind(k)) {
				c[k] = all
			}
		}
	}
	join(1<<price.Output | 1<<price.Reasoning)
	for _, l := range bills {
		join(l.set)
	}
	for _, u := range uses {
		if u.Quantities[price.CacheWrite] > 0 {
			join(1<<price.CacheWrite | 1<<price.CacheWrite5m | 1<<price.CacheWrite1h)
		}
	}
	return c
}

// kindName names a set of kinds that a line is about.
func kindName(s kindSet) string {
	switch {
	case s == everyKind:
		return ""
	case s.has(price.Output):
		return price.Output.String()
	case s.has(price.CacheWrite):
		return price.CacheWrite.String()
	}
	for k := range price.KindCount {
		if s.has(k) {
			return k.String()
		}
	}
	return ""
}

func (p *plan) grain(fk familyKey, lk lineKey) []string {
	grain := []string{unitNames[p.unit]}
	for _, g := range []struct {
		is   bool
		name string
	}{{fk.model != "", "model"}, {lk.kinds != everyKind, "kind"}, {lk.tier != anyTier, "tier"}, {fk.project != "", "project"}} {
		if g.is {
			grain = append(grain, g.name)
		}
	}
	return grain
}

// keys are the family and the line of something, by what the plan compares. Searches are billed beside the models.
func (p *plan) keys(at time.Time, model, project string, tier price.Tier, set kindSet) (familyKey, lineKey) {
	fk, lk := familyKey{period: p.period(at)}, lineKey{anyTier, everyKind}
	if p.kinds {
		lk.kinds = set
		if set.has(price.WebSearch) {
			return fk, lk
		}
	}
	if p.models {
		fk.model = model
	}
	if p.projects {
		fk.project = project
	}
	if p.tiers {
		lk.tier = tier
	}
	return fk, lk
}

// searches reports whether a line of the bill is about searches, which the log counts too.
func (p *plan) searches(b *billed) bool { return p.kinds && b.set.has(price.WebSearch) }

// class is what a line about some kinds is compared with.
func (p *plan) class(set kindSet) kindSet {
	var all kindSet
	for k := range price.KindCount {
		if set.has(k) {
			all |= p.classes[k]
		}
	}
	return all
}

// setsOf are the kinds of usage that are compared apart.
func (p *plan) setsOf(u *Usage) []kindSet {
	if !p.kinds {
		return []kindSet{everyKind}
	}
	var sets []kindSet
	for k := range price.KindCount {
		if u.Quantities[k] == 0 || k == price.Request && !chargesRequests(u) {
			continue
		}
		if set := p.classes[k]; !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	return sets
}

func chargesRequests(u *Usage) bool {
	if u.Ref.Sheet == nil {
		return false
	}
	_, ok := u.Ref.Sheet.Rate(price.Request)
	return ok
}
