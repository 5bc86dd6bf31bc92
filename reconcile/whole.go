package reconcile

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"breakeven/money"
)

// mostPairs bounds the families on which two hypotheses at once are tried: those with the largest differences.
const mostPairs = 200

// explainAll explains families, and tries two hypotheses at once where one is not enough.
func (r *rates) explainAll(families []*family) error {
	var left []*family
	for _, f := range families {
		if err := r.explain(f); err != nil {
			return err
		}
		if f.open() {
			left = append(left, f)
		}
	}
	slices.SortStableFunc(left, func(a, b *family) int { return compareLines(largest(a), largest(b)) })
	for _, f := range left[:min(len(left), mostPairs)] {
		if err := r.explainTwo(f); err != nil {
			return err
		}
	}
	return nil
}

// largest is the line of a family with the largest difference.
func largest(f *family) *line { return slices.MinFunc(f.lines, compareLines) }

// compareLines puts the largest difference first.
func compareLines(a, b *line) int {
	return cmp.Or(
		-compareMagnitudes(a.Difference, b.Difference), a.From.Compare(b.From), a.To.Compare(b.To), strings.Compare(a.Provider, b.Provider), strings.Compare(a.Model, b.Model),
		strings.Compare(a.Project, b.Project), strings.Compare(a.Tier, b.Tier), strings.Compare(a.Kind, b.Kind), strings.Compare(string(a.Cause), string(b.Cause)),
		strings.Compare(a.Why, b.Why), cmp.Compare(a.Billed, b.Billed), cmp.Compare(a.Tokens, b.Tokens), cmp.Compare(a.Rows, b.Rows), cmp.Compare(a.BillLines, b.BillLines))
}

func compareMagnitudes(a, b money.Sum) int {
	x, y := strings.TrimPrefix(a.String(), "-"), strings.TrimPrefix(b.String(), "-")
	wholeX, _, _ := strings.Cut(x, ".")
	wholeY, _, _ := strings.Cut(y, ".")
	return cmp.Or(cmp.Compare(len(wholeX), len(wholeY)), strings.Compare(x, y))
}

// Bounds of a ratio that is one for all lines of a provider.
const (
	fewestLines   = 3 // fewer say nothing: each line alone is some multiple of anything
	ratioDecimals = 4 // a discount is a percentage, with two decimals at most
)

// flatRatios looks for providers all of whose lines are billed at the same multiple of the computed cost, and names it for
// the lines that have no other cause. It is shown, and nothing is multiplied by it.
func flatRatios(lines []*line) {
	byProvider := map[string][]*line{}
	for _, l := range lines {
		if l.Rows > 0 && l.BillLines > 0 && !l.Computed.IsZero() && l.Cause != NoPrice {
			byProvider[l.Provider] = append(byProvider[l.Provider], l)
		}
	}
	for provider, list := range byProvider {
		if !slices.ContainsFunc(list, func(l *line) bool { return l.open }) || len(list) < fewestLines {
			continue
		}
		ratio, ok := commonRatio(list)
		if !ok {
			continue
		}
		for _, l := range list {
			if l.open {
				l.because(FlatRatio, fmt.Sprintf("all %d lines of %s are %s times the computed cost: a discount or a surcharge of a contract would look like this; nothing was multiplied by it", len(list), provider, ratio))
			}
		}
	}
}

// commonRatio is the shortest decimal that takes the computed cost of every line to its billed amount, to within its
// rounding; false where there is none, or where it is 1.
func commonRatio(list []*line) (string, bool) {
	low, high := new(big.Rat), new(big.Rat)
	distinct := map[string]bool{}
	for i, l := range list {
		computed, ok := new(big.Rat).SetString(l.Computed.String())
		if !ok || computed.Sign() <= 0 {
			return "", false
		}
		distinct[l.Computed.String()] = true
		least, most := dollars(l.Billed, -l.Rounding), dollars(l.Billed, l.Rounding)
		least.Quo(least, computed)
		most.Quo(most, computed)
		if i == 0 || least.Cmp(low) > 0 {
			low = least
		}
		if i == 0 || most.Cmp(high) < 0 {
			high = most
		}
		if low.Cmp(high) > 0 {
			return "", false
		}
	}
	if len(distinct) < fewestLines {
		return "", false
	}
	scale := big.NewInt(1)
	for range ratioDecimals + 1 {
		// The least whole number of these decimals that is not below low.
		up := new(big.Rat).Mul(low, new(big.Rat).SetInt(scale))
		n := new(big.Int).Div(new(big.Int).Add(up.Num(), new(big.Int).Sub(up.Denom(), big.NewInt(1))), up.Denom())
		ratio := new(big.Rat).SetFrac(n, scale)
		if n.Sign() > 0 && ratio.Cmp(high) <= 0 {
			return trimmed(ratio, ratioDecimals), ratio.Cmp(big.NewRat(1, 1)) != 0
		}
		scale = new(big.Int).Mul(scale, big.NewInt(10))
	}
	return "", false
}

// trimmed is a ratio as a decimal of at most n decimals.
func trimmed(r *big.Rat, n int) string {
	text := r.FloatString(n)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func dollars(amount, more money.USD) *big.Rat {
	r := new(big.Rat).SetFrac64(int64(amount), int64(money.Dollar))
	return r.Add(r, new(big.Rat).SetFrac64(int64(more), int64(money.Dollar)))
}

// assemble adds lines up.
func assemble(lines []*line) (Result, error) {
	result := Result{Causes: []CauseTotal{}, Lines: make([]ReconciledLine, 0, len(lines)), Apart: []SetApart{}, Notes: []string{}, Settled: true}
	slices.SortFunc(lines, compareLines)
	totals := map[Cause]*CauseTotal{}
	for _, l := range lines {
		if l.Grain == nil {
			l.Grain = []string{}
		}
		result.Lines = append(result.Lines, l.ReconciledLine)
		result.Settled = result.Settled && l.Standing == Explained
		t := totals[l.Cause]
		if t == nil {
			t = &CauseTotal{Cause: l.Cause, Standing: l.Standing, Text: causes[l.Cause].text}
			totals[l.Cause] = t
		}
		t.Lines++
		var err error
		if t.Billed, err = t.Billed.Add(l.Billed); err != nil {
			return result, err
		}
		if result.Billed, err = result.Billed.Add(l.Billed); err != nil {
			return result, err
		}
		part := map[Standing]*money.Sum{Explained: &result.Explained, OneSided: &result.Missing, NotSettled: &result.Unexplained}[l.Standing]
		for _, add := range []struct {
			to *money.Sum
			of money.Sum
		}{
			{&t.Computed, l.Computed}, {&t.Difference, l.Difference}, {&result.Computed, l.Computed}, {&result.Difference, l.Difference}, {part, l.Difference},
		} {
			if err := add.to.AddSum(add.of); err != nil {
				return result, err
			}
		}
	}
	for _, t := range totals {
		result.Causes = append(result.Causes, *t)
	}
	slices.SortFunc(result.Causes, func(a, b CauseTotal) int {
		return cmp.Or(-compareMagnitudes(a.Difference, b.Difference), strings.Compare(string(a.Cause), string(b.Cause)))
	})
	return result, nil
}

func sortApart(list []SetApart) {
	slices.SortFunc(list, func(a, b SetApart) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Why, b.Why), strings.Compare(a.Currency, b.Currency))
	})
}

// boundary tries whether the bill's days begin at another hour: whether moving the log's hours by some reproduces lines
// that are open, at least two of them, and loses none that is reproduced as it is.
func (r *rates) boundary(p *plan, lines []*line, uses []*Usage) error {
	if p.unit != byDay || slices.ContainsFunc(uses, func(u *Usage) bool { return u.End.Sub(u.Start) > time.Hour }) {
		return nil
	}
	type cell struct {
		familyKey
		lineKey
	}
	type amount struct {
		cell

		at   time.Time
		cost money.Sum
	}
	var amounts []amount
	for _, u := range uses {
		for _, set := range p.setsOf(u) {
			fk, lk := p.keys(u.Start, u.Model, u.Project, u.Tier, set)
			cost, complete, err := r.cost(u, &variant{}, lk.kinds)
			if err != nil {
				return err
			}
			if complete {
				amounts = append(amounts, amount{cell{fk, lk}, u.Start, cost})
			}
		}
	}
	best, mostGained := int64(0), 1
	var gained []*line
	for _, hours := range zones {
		sums := map[cell]money.Sum{}
		for _, a := range amounts {
			a.period = p.periodFrom(a.at, p.offset+hours*3600)
			sum := sums[a.cell]
			if err := sum.AddSum(a.cost); err != nil {
				return err
			}
			sums[a.cell] = sum
		}
		var gain []*line
		billedGain, lost := 0, false
		for _, l := range lines {
			key := cell{familyKey{p.period(l.From), l.Model, l.Project}, lineKey{l.tier, l.kinds}}
			fits, err := reproduces(sums[key], l)
			if err != nil {
				return err
			}
			switch {
			case l.open && fits:
				gain = append(gain, l)
				if l.BillLines > 0 {
					billedGain++
				}
			case !fits && l.BillLines > 0 && l.Rows > 0 && (l.Cause == Equal || l.Cause == Rounding):
				lost = true
			}
		}
		if !lost && billedGain > mostGained {
			best, mostGained, gained = hours, billedGain, gain
		}
	}
	for _, l := range gained {
		l.because(DayBoundary, fmt.Sprintf("the bill's days begin at %02d:00 UTC: the calls of the hours between fall on the neighbouring day", ((p.offset/3600+best)%24+24)%24))
	}
	return nil
}

// zones are the hours by which days may be moved, the nearest first. Zones with half hours are not tried.
var zones = []int64{1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8, 9, -9, 10, -10, 11, -11, 12, -12, -13, -14}
