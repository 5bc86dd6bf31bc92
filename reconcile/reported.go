package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/price"
)

// Reported holds the costs that a log reports against the computed ones, row by row and in memory that grows with the
// days and models, not with the rows.
type Reported struct {
	rates  *rates
	names  names
	sums   map[rowGroup]*rowSum
	left   map[leftKey]*leftover
	silent map[string]*SetApart
	digits map[string]int // how many decimals the costs of a provider have
}

// rowGroup is what rows with one cause share.
type rowGroup struct {
	day             int64 // Unix seconds; of no meaning where the rows have no date
	dated           bool
	provider, model string
	tier            price.Tier
	cause           Cause
	why             string
}

type rowSum struct {
	computed     money.Sum
	billed       money.USD
	rows, tokens int64
}

// leftKey is what rows without a cause of their own share. Near is how many decimals a cost may be rounded to and still
// be as far off as these rows are.
type leftKey struct {
	rowGroup

	near int
}

type leftover struct {
	billed money.USD
	rows   int64
	uses   map[useKey]*Usage
}

// useKey is usage that every hypothesis prices alike.
type useKey struct {
	ref  price.Ref
	hour int64
	tier price.Tier
}

// NewReported makes an empty comparison at the prices of a book.
func NewReported(book *price.Book) *Reported {
	return &Reported{
		rates: newRates(book), names: newNames(book), sums: map[rowGroup]*rowSum{}, left: map[leftKey]*leftover{}, silent: map[string]*SetApart{}, digits: map[string]int{},
	}
}

// rowRounding is how far the report of one row may be off: the ninth decimal, which floats reach.
const rowRounding money.USD = 1

// Add takes a row of the log.
func (r *Reported) Add(row *Usage) error {
	used := r.names.used(row)
	u := &used
	q := u.Quantities
	var computed money.Sum
	complete := false
	if u.Ref.Sheet != nil {
		var err error
		if computed, complete, err = u.Ref.Cost(&q); err != nil {
			return err
		}
	}
	if !u.Reported.Known {
		return r.unreported(u, computed)
	}
	billed := u.Reported.USD
	r.digits[u.Provider] = max(r.digits[u.Provider], decimals(billed))
	group := rowGroup{provider: u.Provider, model: u.Model, tier: u.Tier}
	if group.dated = u.Start.Year() > 1; group.dated {
		group.day = u.Start.UTC().Truncate(24 * time.Hour).Unix()
	}
	l := line{ReconciledLine: ReconciledLine{Billed: billed, Computed: computed, Rows: 1, BillLines: 1, Rounding: rowRounding}, kinds: everyKind, incomplete: !complete}
	if err := l.settle(); err != nil {
		return err
	}
	if l.Cause == BilledZero { // of one row: nothing was reported for it
		l.because(BilledZero, causes[BilledZero].text)
	}
	if l.open {
		if err := r.row(u, &l); err != nil {
			return err
		}
	}
	if !l.open {
		group.cause, group.why = l.Cause, l.Why
		if l.Cause == Rounding {
			group.why = causes[Rounding].text
		}
		return r.sum(group, computed, billed, counted(&q))
	}
	return r.keep(group, u, l.Difference)
}

// row tries the hypotheses on one row.
func (r *Reported) row(u *Usage, l *line) error {
	list := r.rates.variants(u)
	for i := range list {
		cost, complete, err := r.rates.cost(u, &list[i], everyKind)
		if err != nil {
			return err
		}
		if !complete {
			continue
		}
		fits, err := reproduces(cost, l)
		if err != nil {
			return err
		}
		if fits {
			l.because(list[i].cause, list[i].text)
			return nil
		}
	}
	return nil
}

func (r *Reported) sum(group rowGroup, computed money.Sum, billed money.USD, tokens int64) error {
	sum := r.sums[group]
	if sum == nil {
		sum = new(rowSum)
		r.sums[group] = sum
	}
	var err error
	if sum.billed, err = sum.billed.Add(billed); err != nil {
		return err
	}
	sum.rows++
	sum.tokens += tokens
	return sum.computed.AddSum(computed)
}

func (r *Reported) unreported(u *Usage, computed money.Sum) error {
	s := r.silent[u.Provider]
	if s == nil {
		s = &SetApart{Provider: u.Provider, Why: "the rows report no cost"}
		r.silent[u.Provider] = s
	}
	s.Rows += u.Rows
	return s.Computed.AddSum(computed)
}

// keep adds up a row without a cause with those that are like it.
func (r *Reported) keep(group rowGroup, u *Usage, d money.Sum) error {
	key := leftKey{rowGroup: group}
	for n := mostDecimals; n >= leastDecimals && key.near == 0; n-- {
		near, err := within(d, half(n))
		if err != nil {
			return err
		}
		if near {
			key.near = n
		}
	}
	left := r.left[key]
	if left == nil {
		left = &leftover{uses: map[useKey]*Usage{}}
		r.left[key] = left
	}
	var err error
	if left.billed, err = left.billed.Add(u.Reported.USD); err != nil {
		return err
	}
	left.rows++
	return addUsage(left.uses, u)
}

// addUsage adds usage up with what every hypothesis prices alike.
func addUsage(sums map[useKey]*Usage, u *Usage) error {
	key := useKey{u.Ref, u.Start.Unix() / 3600, u.Tier}
	sum := sums[key]
	if sum == nil {
		first := *u
		sums[key] = &first
		return nil
	}
	return sum.join(u)
}

// join adds usage up with other usage of the same hour and rates.
func (u *Usage) join(v *Usage) error {
	if v.Start.Before(u.Start) { // whichever comes first
		u.Start = v.Start
	}
	u.Rows += v.Rows
	return u.Quantities.Add(&v.Quantities)
}

// inOrder lists usage so that the order in which it came does not matter.
func inOrder(sums map[useKey]*Usage) []*Usage {
	list := make([]*Usage, 0, len(sums))
	for _, u := range sums {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b *Usage) int {
		return cmp.Or(cmp.Compare(a.Start.Unix()/3600, b.Start.Unix()/3600), strings.Compare(a.Provider+"/"+a.Model, b.Provider+"/"+b.Model),
			cmp.Compare(a.Tier, b.Tier), strings.Compare(sheetName(a.Ref), sheetName(b.Ref)))
	})
	return list
}

// sheetName orders the rates that one usage may be billed at.
func sheetName(ref price.Ref) string {
	if ref.Sheet == nil {
		return ""
	}
	window := ""
	if w, ok := ref.Window(); ok {
		window = w.String()
	}
	return fmt.Sprintf("%s %s %020d", ref.Sheet.ID(), window, ref.AtLeast())
}

// Decimals to which costs may be rounded.
const (
	leastDecimals = 2
	mostDecimals  = 6
)

// half is half a unit of the last of n decimals.
func half(n int) money.USD {
	unit := money.Dollar
	for range n {
		unit /= 10
	}
	return unit / 2
}

// decimals is how many decimals an amount has.
func decimals(a money.USD) int {
	n := 9
	for ; n > 0 && a%10 == 0; n-- {
		a /= 10
	}
	return n
}

// Result explains what is left and adds everything up.
func (r *Reported) Result() (Result, error) {
	var lines []*line
	grain := []string{"row", "day", "model", "tier"}
	header := func(g rowGroup) ReconciledLine {
		h := ReconciledLine{Provider: g.provider, Model: g.model, Tier: g.tier.String(), Grain: grain}
		if g.dated {
			h.From = time.Unix(g.day, 0).UTC()
			h.To = h.From.Add(24 * time.Hour)
		}
		return h
	}
	for group, sum := range r.sums {
		l := &line{ReconciledLine: header(group), tier: group.tier, kinds: everyKind}
		l.Billed, l.Computed, l.Rows, l.BillLines, l.Tokens = sum.billed, sum.computed, sum.rows, sum.rows, sum.tokens
		l.Rounding = rowRounding * money.USD(sum.rows)
		billed, err := sumOf(sum.billed)
		if err != nil {
			return Result{}, err
		}
		if l.Difference, err = less(billed, sum.computed); err != nil {
			return Result{}, err
		}
		l.because(group.cause, group.why)
		lines = append(lines, l)
	}
	left, err := r.leftLines(header)
	if err != nil {
		return Result{}, err
	}
	if err := r.rates.explainAll(singles(left)); err != nil {
		return Result{}, err
	}
	lines = append(lines, left...)
	flatRatios(lines)
	if err := r.rates.remarks(left); err != nil {
		return Result{}, err
	}
	result, err := assemble(lines)
	if err != nil {
		return result, err
	}
	for _, s := range r.silent {
		result.Apart = append(result.Apart, *s)
	}
	sortApart(result.Apart)
	return result, nil
}

// leftLines makes lines of the rows that have no cause: those that are as far off as the log's own rounding allows, and
// the others.
func (r *Reported) leftLines(header func(rowGroup) ReconciledLine) ([]*line, error) {
	type place struct {
		rowGroup

		rounded bool
	}
	merged := map[place]*line{}
	sums := map[*line]map[useKey]*Usage{}
	for key, left := range r.left {
		digits := r.digits[key.provider]
		at := place{key.rowGroup, digits <= mostDecimals && key.near >= max(digits, leastDecimals)}
		l := merged[at]
		if l == nil {
			l = &line{ReconciledLine: header(key.rowGroup), tier: anyTier, kinds: everyKind}
			merged[at], sums[l] = l, map[useKey]*Usage{}
		}
		var err error
		if l.Billed, err = l.Billed.Add(left.billed); err != nil {
			return nil, err
		}
		l.BillLines += left.rows
		for _, u := range left.uses {
			if err := addUsage(sums[l], u); err != nil {
				return nil, err
			}
		}
	}
	var lines []*line
	for at, l := range merged {
		l.uses = inOrder(sums[l])
		l.Rounding = rowRounding * money.USD(l.BillLines)
		digits := max(r.digits[at.provider], leastDecimals)
		if at.rounded {
			l.Rounding = half(digits) * money.USD(l.BillLines)
		}
		if err := r.rates.measure(l); err != nil {
			return nil, err
		}
		if at.rounded {
			l.because(Rounding, fmt.Sprintf("the log's costs have no more than %d decimals, and each row is within half of the last", digits))
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, compareLines)
	return lines, nil
}

// singles makes a family of each line.
func singles(lines []*line) []*family {
	families := make([]*family, len(lines))
	for i, l := range lines {
		families[i] = &family{lines: []*line{l}, uses: l.uses}
	}
	return families
}
