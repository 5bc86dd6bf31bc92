package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
)

// anyTier is the tier of a line that is about all of them.
const anyTier = price.Tier(255)

// line is a part of a bill beside the usage that it is for.
type line struct {
	ReconciledLine

	kinds kindSet
	tier  price.Tier // anyTier where one side does not tell
	uses  []*Usage
	bills []*billed

	incomplete bool // some of the usage has no price
	open       bool // the difference has no cause yet, or only that one side is missing
}

// family is the lines of one period, model and project: what may have been counted on one of them instead of another.
type family struct {
	lines []*line
	uses  []*Usage
}

// open reports whether a line of the family has no cause yet.
func (f *family) open() bool {
	return slices.ContainsFunc(f.lines, func(l *line) bool { return l.open })
}

// measure works out a line's computed cost, and the causes that need no hypothesis.
func (r *rates) measure(l *line) error {
	l.Computed, l.incomplete = money.Sum{}, false
	l.Tokens, l.Rows = 0, 0
	for _, u := range l.uses {
		q := l.kinds.of(u.Quantities)
		tokens := counted(&q)
		if tokens == 0 && l.kinds != everyKind {
			continue
		}
		l.Tokens, l.Rows = l.Tokens+tokens, l.Rows+u.Rows
		cost, complete, err := r.cost(u, &variant{}, l.kinds)
		if err != nil {
			return err
		}
		l.incomplete = l.incomplete || !complete
		if err := l.Computed.AddSum(cost); err != nil {
			return err
		}
	}
	return l.settle()
}

// counted is how much quantities hold: their tokens, and where there are none their searches or requests.
func counted(q *price.Quantities) int64 {
	return cmp.Or(q.InputTokens()+q.OutputTokens(), q[price.WebSearch], q[price.Request])
}

// settle finds the causes that the two amounts show by themselves.
func (l *line) settle() error {
	billed, err := sumOf(l.Billed)
	if err != nil {
		return err
	}
	if l.Difference, err = less(billed, l.Computed); err != nil {
		return err
	}
	exact, err := l.Computed.USD()
	if err != nil {
		return err
	}
	rounding, err := within(l.Difference, l.Rounding)
	if err != nil {
		return err
	}
	l.open = true
	switch {
	case exact == l.Billed && !l.incomplete:
		l.because(Equal, causes[Equal].text)
	case rounding && !l.incomplete:
		l.because(Rounding, l.roundingWhy())
	case l.incomplete && exact == 0:
		l.because(NoPrice, "the price book has no price for this usage")
	case l.incomplete:
		l.because(NoPrice, "the price book has no price for a part of this usage")
	case l.Rows == 0:
		l.Cause, l.Why = NoUsage, causes[NoUsage].text
	case l.BillLines == 0:
		l.Cause, l.Why = NoBill, causes[NoBill].text
	case l.Billed == 0:
		l.Cause, l.Why = BilledZero, causes[BilledZero].text
	default:
		l.Cause, l.Why = Unexplained, causes[Unexplained].text
	}
	l.Standing = causes[l.Cause].standing
	return nil
}

func (l *line) roundingWhy() string {
	return fmt.Sprintf("the difference is within the rounding of the source: %s of $%s in all", ledger.Count(max(l.BillLines, 1), "amount"), l.Rounding)
}

// because closes a line with its cause.
func (l *line) because(cause Cause, why string) {
	l.Cause, l.Why, l.Standing, l.open = cause, why, causes[cause].standing, false
}

// explain tries the hypotheses on lines that belong together: on all of them, on those of one tier, on those of one kind,
// and on each line alone. What holds for more lines at once is better evidence.
func (r *rates) explain(f *family) error {
	if !f.open() {
		return nil
	}
	kinds := func(l *line) kindSet { return l.kinds }
	for _, attempt := range []func() error{
		func() error { return r.try(f.lines, f.uses, true, false) },
		func() error { return r.byTier(f) },
		func() error {
			return eachOf(f, kinds, func(lines []*line) error { return r.try(lines, f.uses, true, false) })
		},
		func() error { return eachOf(f, kinds, func(lines []*line) error { return r.split(lines, f.uses) }) },
		func() error { return r.quantities(f) },
		func() error { return r.alone(f, false) },
	} {
		if err := attempt(); err != nil || !f.open() {
			return err
		}
	}
	return nil
}

// explainTwo tries two hypotheses at once on a family, and on each of its lines.
func (r *rates) explainTwo(f *family) error {
	if err := r.try(f.lines, f.uses, true, true); err != nil {
		return err
	}
	return r.alone(f, true)
}

// eachOf hands on the lines that share a key, in the order of the first of each.
func eachOf[K comparable](f *family, key func(*line) K, fn func([]*line) error) error {
	var order []K
	groups := map[K][]*line{}
	for _, l := range f.lines {
		k := key(l)
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], l)
	}
	for _, k := range order {
		if err := fn(groups[k]); err != nil {
			return err
		}
	}
	return nil
}

// byTier tries the lines that share a tier, with the usage of that tier.
func (r *rates) byTier(f *family) error {
	return eachOf(f, func(l *line) price.Tier { return l.tier }, func(lines []*line) error {
		var uses []*Usage
		for _, u := range f.uses {
			if lines[0].tier == anyTier || u.Tier == lines[0].tier {
				uses = append(uses, u)
			}
		}
		return r.try(lines, uses, false, false)
	})
}

// alone tries each line that has both sides by itself.
func (r *rates) alone(f *family, pairs bool) error {
	for _, l := range f.lines {
		if l.open && l.Rows > 0 && l.BillLines > 0 {
			if err := r.try([]*line{l}, l.uses, false, pairs); err != nil {
				return err
			}
		}
	}
	return nil
}

// try looks for a hypothesis that reproduces all of the lines, and gives it to those that have no cause. With moving,
// usage that is billed as of another tier goes to the lines of that tier.
func (r *rates) try(lines []*line, uses []*Usage, moving, pairs bool) error {
	if len(uses) == 0 || !slices.ContainsFunc(lines, func(l *line) bool { return l.open }) || slices.ContainsFunc(lines, func(l *line) bool { return l.incomplete }) {
		return nil
	}
	list := r.union(uses)
	if pairs {
		if slices.ContainsFunc(lines, func(l *line) bool { return l.open && l.coarse() }) {
			return nil // two hypotheses at once reproduce nearly anything that is rounded that much
		}
		if list = pairsOf(list); len(list)*len(uses) > mostPairWork {
			return nil
		}
	}
	var found *variant
	var also []string
	for i := range list {
		fits, err := r.fits(lines, uses, &list[i], moving)
		if err != nil {
			return err
		}
		switch {
		case !fits:
		case found == nil:
			found = &list[i]
		case len(also) < maxAlso:
			also = append(also, list[i].text)
		}
	}
	if found == nil {
		return nil
	}
	for _, l := range lines {
		if l.open {
			l.because(found.cause, found.text)
			l.Also = also
		}
	}
	return nil
}

// mostPairWork bounds what two hypotheses at once may cost: how many pairs there are times how much usage they price.
const mostPairWork = 50_000

// maxAlso is how many other causes are named.
const maxAlso = 3

// coarse reports whether the rounding is more than a thousandth of the difference.
func (l *line) coarse() bool {
	d, err := l.Difference.USD()
	return err != nil || l.Rounding > max(d, -d)/1000
}

func pairsOf(list []variant) []variant {
	var pairs []variant
	for i := range list {
		for j := range list[i+1:] {
			if w := &list[i+1+j]; list[i].apart(w) {
				pairs = append(pairs, list[i].and(*w))
			}
		}
	}
	return pairs
}

// fits reports whether a hypothesis reproduces every line, and moves one that is billed and has no cause by more than its
// rounding.
func (r *rates) fits(lines []*line, uses []*Usage, v *variant, moving bool) (bool, error) {
	moved := false
	for _, l := range lines {
		var expected money.Sum
		for _, u := range uses {
			tier := u.Tier
			if v.tier != nil {
				tier = *v.tier
			}
			if moving && l.tier != anyTier && l.tier != tier {
				continue
			}
			cost, complete, err := r.cost(u, v, l.kinds)
			if err != nil || !complete {
				return false, ignoreOverflow(err)
			}
			if err := expected.AddSum(cost); err != nil {
				return false, ignoreOverflow(err)
			}
		}
		ok, err := reproduces(expected, l)
		if err != nil || !ok {
			return false, err
		}
		if !l.open || moved || l.BillLines == 0 {
			continue
		}
		change, err := less(expected, l.Computed)
		if err != nil {
			return false, err
		}
		still, err := within(change, 2*l.Rounding)
		if err != nil {
			return false, err
		}
		moved = !still
	}
	return moved, nil
}

// ignoreOverflow drops the error of a price that no bill can hold: such a hypothesis does not fit.
func ignoreOverflow(err error) error {
	if errors.Is(err, money.ErrOverflow) {
		return nil
	}
	return err
}

// reproduces reports whether an amount is a line's, to within its rounding.
func reproduces(expected money.Sum, l *line) (bool, error) {
	billed, err := sumOf(l.Billed)
	if err != nil {
		return false, err
	}
	d, err := less(billed, expected)
	if err != nil {
		return false, err
	}
	return within(d, l.Rounding)
}
