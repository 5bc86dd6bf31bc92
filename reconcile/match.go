package reconcile

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"breakeven/price"
	"breakeven/usage"
)

type familyKey struct {
	period         int64
	model, project string
}

type lineKey struct {
	tier  price.Tier
	kinds kindSet
}

// matching puts usage and bill lines side by side.
type matching struct {
	plan     *plan
	families map[familyKey]*family
	lines    map[familyKey]map[lineKey]*line
}

// line is the line of a key, made if it is not there.
func (m *matching) line(fk familyKey, lk lineKey) (*family, *line) {
	f := m.families[fk]
	if f == nil {
		f = &family{}
		m.families[fk], m.lines[fk] = f, map[lineKey]*line{}
	}
	l := m.lines[fk][lk]
	if l == nil {
		l = &line{kinds: lk.kinds, tier: lk.tier}
		l.Provider, l.Model, l.Project, l.Kind = m.plan.provider, fk.model, fk.project, kindName(lk.kinds)
		l.From, l.To = m.plan.span(fk.period)
		if lk.tier != anyTier {
			l.Tier = lk.tier.String()
		}
		l.Rounding = m.plan.rounding
		l.Grain = m.plan.grain(fk, lk)
		m.lines[fk][lk] = l
		f.lines = append(f.lines, l)
	}
	return f, l
}

// match puts usage and bill lines side by side. The order of what it returns is that of the keys.
func (p *plan) match(uses []*Usage, bills []*billed) ([]*family, error) {
	m := matching{plan: p, families: map[familyKey]*family{}, lines: map[familyKey]map[lineKey]*line{}}
	for _, u := range uses {
		for _, set := range p.setsOf(u) {
			f, l := m.line(p.keys(u.Start, u.Model, u.Project, u.Tier, set))
			l.uses = append(l.uses, u)
			if !slices.Contains(f.uses[max(0, len(f.uses)-1):], u) {
				f.uses = append(f.uses, u)
			}
		}
	}
	for _, b := range bills {
		if b.Class != usage.BillUsage && !p.searches(b) {
			continue
		}
		set := everyKind
		if b.set != 0 {
			set = p.class(b.set)
		}
		_, l := m.line(p.keys(b.Start, b.Model, b.Project, b.Tier, set))
		if err := l.bill(b); err != nil {
			return nil, err
		}
	}
	list := make([]*family, 0, len(m.families))
	for _, key := range slices.SortedFunc(maps.Keys(m.families), func(a, b familyKey) int {
		return cmp.Or(cmp.Compare(a.period, b.period), strings.Compare(a.model, b.model), strings.Compare(a.project, b.project))
	}) {
		f := m.families[key]
		slices.SortFunc(f.lines, func(a, b *line) int { return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.kinds, b.kinds)) })
		list = append(list, f)
	}
	return list, nil
}

// bill adds lines of the bill.
func (l *line) bill(b *billed) error {
	if len(l.bills) == 0 {
		l.Rounding = 0
		if b.Quantity.Known {
			l.Counted = new(int64)
		}
	}
	var err error
	if l.Billed, err = l.Billed.Add(b.Amount); err != nil {
		return err
	}
	if l.Rounding, err = l.Rounding.Add(b.Rounding); err != nil {
		return err
	}
	l.bills = append(l.bills, b)
	l.BillLines += b.n
	switch {
	case !b.Quantity.Known:
		l.Counted = nil
	case l.Counted != nil:
		*l.Counted += b.Quantity.N
	}
	return nil
}

// otherCauses are the causes of lines that are no usage.
var otherCauses = map[usage.BillClass]Cause{
	usage.BillService: BilledApart, usage.BillTax: Tax, usage.BillCredit: Credit, usage.BillDiscount: Discount, usage.BillFee: Fee, usage.BillCommitment: Commitment,
}

// others makes lines of what the bill lists beside usage.
func others(bills []*billed, p *plan) []*line {
	var lines []*line
	for _, b := range bills {
		if b.Class == usage.BillUsage || p.searches(b) {
			continue
		}
		l := &line{kinds: everyKind, tier: anyTier}
		l.From, l.To, l.Provider, l.Model, l.Project = b.Start, b.End, b.Provider, b.Model, b.Project
		l.Grain = []string{"bill line"}
		l.Billed, l.Rounding, l.BillLines = b.Amount, b.Rounding, b.n
		l.Difference, _ = sumOf(b.Amount) // every amount fits
		cause := otherCauses[b.Class]
		why := causes[cause].text
		if b.Meter != "" {
			why += ": " + b.Meter
		}
		l.because(cause, why)
		lines = append(lines, l)
	}
	return lines
}
