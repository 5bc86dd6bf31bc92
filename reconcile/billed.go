package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// Bills holds bills against the usage of a log. It adds up what every hypothesis treats alike, so that its memory grows
// with days, models and projects.
type Bills struct {
	rates *rates
	names names
	uses  map[string]map[usedKey]*Usage // by provider
	bills map[string]map[billKey]*billed
}

type usedKey struct {
	useKey

	model, project string
	end            int64 // of a bucket that is longer than an hour
}

// billed is the lines of a bill that are alike in all but their amounts.
type billed struct {
	usage.BillLine

	n   int64
	set kindSet
	one money.USD // the rounding of one of them
}

type billKey struct {
	class           usage.BillClass
	start, end      int64
	model, project  string
	set             kindSet
	tier            price.Tier
	tierKnown, band bool
	over            int64
	counted         bool
	meter           string // of lines that are no usage
}

// NewBills makes an empty comparison at the prices of a book.
func NewBills(book *price.Book) *Bills {
	return &Bills{rates: newRates(book), names: newNames(book), uses: map[string]map[usedKey]*Usage{}, bills: map[string]map[billKey]*billed{}}
}

// AddUsage takes a part of the log.
func (b *Bills) AddUsage(u *Usage) error {
	one := b.names.used(u)
	key := usedKey{useKey: useKey{u.Ref, u.Start.Unix() / 3600, u.Tier}, model: one.Model, project: u.Project}
	if u.End.Sub(u.Start) > time.Hour {
		key.end = u.End.Unix()
	}
	sums := b.uses[one.Provider]
	if sums == nil {
		sums = map[usedKey]*Usage{}
		b.uses[one.Provider] = sums
	}
	if sum := sums[key]; sum != nil {
		return sum.join(&one)
	}
	sums[key] = &one
	return nil
}

// AddBill takes a line of a bill.
func (b *Bills) AddBill(l *usage.BillLine) error {
	one := billed{BillLine: *l, n: 1, one: l.Rounding, set: setOf(l.Kinds)}
	one.Provider = b.names.provider(l.Provider)
	one.Model = b.names.model(one.Provider, l.Model)
	if one.End.IsZero() { // of one call
		one.Start = l.Start.UTC().Truncate(time.Hour)
		one.End = one.Start.Add(time.Hour)
	}
	key := billKey{
		class: l.Class, start: one.Start.Unix(), end: one.End.Unix(), model: one.Model, project: l.Project, set: one.set, tier: l.Tier, tierKnown: l.TierKnown,
		band: l.ContextKnown, over: l.ContextOver, counted: l.Quantity.Known,
	}
	if l.Class != usage.BillUsage {
		key.meter = l.Meter
	}
	sums := b.bills[one.Provider]
	if sums == nil {
		sums = map[billKey]*billed{}
		b.bills[one.Provider] = sums
	}
	sum := sums[key]
	if sum == nil {
		sums[key] = &one
		return nil
	}
	var err error
	if sum.Amount, err = sum.Amount.Add(l.Amount); err != nil {
		return err
	}
	if sum.Rounding, err = sum.Rounding.Add(l.Rounding); err != nil {
		return err
	}
	sum.n++
	sum.one = max(sum.one, l.Rounding)
	sum.Quantity.N += l.Quantity.N
	return nil
}

func setOf(kinds []price.Kind) kindSet {
	var s kindSet
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// Result matches bills and log, explains the differences and adds everything up.
func (b *Bills) Result() (Result, error) {
	var lines []*line
	var apart []SetApart
	var notes []string
	for _, provider := range b.providers() {
		uses, bills := b.usesOf(provider), b.billsOf(provider)
		p, ok := b.plan(provider, uses, bills)
		if !ok {
			s, err := b.setApart(provider, "no bill of this provider is given", uses)
			if err != nil {
				return Result{}, err
			}
			apart = append(apart, s...)
			lines = append(lines, others(bills, &p)...)
			continue
		}
		notes = append(notes, p.notes...)
		var outside []*Usage
		within := uses[:0:0]
		for _, u := range uses {
			if n := p.period(u.Start); n < p.first || n > p.last {
				outside = append(outside, u)
			} else {
				within = append(within, u)
			}
		}
		s, err := b.setApart(provider, fmt.Sprintf("outside the bill's time, %s to %s", day(p.from), day(p.to.Add(-1))), outside)
		if err != nil {
			return Result{}, err
		}
		apart = append(apart, s...)
		if len(uses) == 0 && len(b.uses) > 0 {
			notes = append(notes, fmt.Sprintf("The log has no call of %s, and has calls of %s. If %s bills these, read the log with it as the provider of every row.",
				provider, strings.Join(slices.Sorted(maps.Keys(b.uses)), ", "), provider))
		}
		own, err := b.compare(&p, within, uses, bills)
		if err != nil {
			return Result{}, err
		}
		lines = append(lines, own...)
		lines = append(lines, others(bills, &p)...)
	}
	if err := b.rates.remarks(lines); err != nil {
		return Result{}, err
	}
	result, err := assemble(lines)
	if err != nil {
		return result, err
	}
	result.Apart = append(result.Apart, apart...)
	sortApart(result.Apart)
	result.Notes = append(result.Notes, notes...)
	return result, nil
}

// compare matches one provider's bill and log, and explains the differences.
func (b *Bills) compare(p *plan, within, all []*Usage, bills []*billed) ([]*line, error) {
	var err error
	if !p.projects {
		if within, err = overProjects(within); err != nil {
			return nil, err
		}
		if all, err = overProjects(all); err != nil {
			return nil, err
		}
	}
	families, err := p.match(within, bills)
	if err != nil {
		return nil, err
	}
	var lines []*line
	for _, f := range families {
		for _, l := range f.lines {
			if err := b.rates.measure(l); err != nil {
				return nil, err
			}
		}
		f.lines = slices.DeleteFunc(f.lines, func(l *line) bool { return l.Rows == 0 && l.BillLines == 0 })
		lines = append(lines, f.lines...)
	}
	if err := b.rates.explainAll(families); err != nil {
		return nil, err
	}
	if err := b.rates.boundary(p, lines, all); err != nil {
		return nil, err
	}
	flatRatios(lines)
	return lines, nil
}

// overProjects adds usage up over the projects. The order stays.
func overProjects(uses []*Usage) ([]*Usage, error) {
	list := uses[:0:0]
	sums := map[usedKey]*Usage{}
	for _, u := range uses {
		key := usedKey{useKey: useKey{u.Ref, u.Start.Unix() / 3600, u.Tier}, model: u.Model, end: u.End.Unix()}
		if sum := sums[key]; sum != nil {
			if err := sum.join(u); err != nil {
				return nil, err
			}
			continue
		}
		one := *u
		sums[key] = &one
		list = append(list, &one)
	}
	return list, nil
}

// providers lists those of the bills and of the log.
func (b *Bills) providers() []string {
	all := slices.Collect(maps.Keys(b.bills))
	for p := range b.uses {
		if b.bills[p] == nil {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

func (b *Bills) usesOf(provider string) []*Usage {
	list := slices.Collect(maps.Values(b.uses[provider]))
	slices.SortFunc(list, func(x, y *Usage) int {
		return cmp.Or(cmp.Compare(x.Start.Unix()/3600, y.Start.Unix()/3600), x.End.Compare(y.End), strings.Compare(x.Model, y.Model), strings.Compare(x.Project, y.Project),
			cmp.Compare(x.Tier, y.Tier), strings.Compare(sheetName(x.Ref), sheetName(y.Ref)))
	})
	return list
}

func (b *Bills) billsOf(provider string) []*billed {
	list := slices.Collect(maps.Values(b.bills[provider]))
	slices.SortFunc(list, func(x, y *billed) int {
		return cmp.Or(x.Start.Compare(y.Start), x.End.Compare(y.End), strings.Compare(string(x.Class), string(y.Class)), strings.Compare(x.Model, y.Model),
			strings.Compare(x.Project, y.Project), cmp.Compare(x.set, y.set), cmp.Compare(x.Tier, y.Tier), cmp.Compare(x.ContextOver, y.ContextOver),
			strings.Compare(x.Meter, y.Meter), cmp.Compare(x.Amount, y.Amount))
	})
	return list
}

func (b *Bills) setApart(provider, why string, uses []*Usage) ([]SetApart, error) {
	if len(uses) == 0 {
		return nil, nil
	}
	s := SetApart{Provider: provider, Why: why}
	for _, u := range uses {
		s.Rows += u.Rows
		cost, _, err := b.rates.cost(u, &variant{}, everyKind)
		if err != nil {
			return nil, err
		}
		if err := s.Computed.AddSum(cost); err != nil {
			return nil, err
		}
	}
	return []SetApart{s}, nil
}
