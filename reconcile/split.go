package reconcile

import (
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"

	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
)

// quantities explains lines whose bill counts another quantity than the log, and charges the price for it.
func (r *rates) quantities(f *family) error {
	for _, l := range f.lines {
		if !l.open || l.Rows == 0 || l.Counted == nil || *l.Counted == l.Tokens || l.incomplete {
			continue
		}
		rate, ok := r.rate(l, l.uses, variant{}, nil)
		if !ok {
			continue
		}
		var expected money.Sum
		if err := expected.Add(*l.Counted, rate); err != nil {
			return ignoreOverflow(err)
		}
		fits, err := reproduces(expected, l)
		if err != nil {
			return err
		}
		if fits {
			l.because(Quantity, fmt.Sprintf("the bill counts %s, the log %s: %s", tokens(*l.Counted), tokens(l.Tokens), apart(*l.Counted-l.Tokens)))
		}
	}
	return nil
}

func tokens(n int64) string { return ledger.Count(n, "token") }

func apart(n int64) string {
	if n > 0 {
		return tokens(n) + " are not on the log"
	}
	return tokens(-n) + " are not on the bill"
}

// rate is the one rate of a line's kinds in its usage as a variant prices it, or of a line of the bill where one is given;
// false where there are several.
func (r *rates) rate(l *line, uses []*Usage, v variant, b *billed) (rate money.Rate, ok bool) {
	kinds := l.kinds
	if b != nil {
		v = v.and(b.terms())
		if b.set != 0 {
			kinds = b.set
		}
	}
	for _, u := range uses {
		ref, found := r.ref(u, &v)
		if !found {
			return 0, false
		}
		q := price.Quantities{}
		for k := range price.KindCount {
			if kinds.has(k) && (u.Quantities[k] > 0 || kinds == 1<<k) {
				q[k] = 1
			}
		}
		quote, err := ref.Quote(&q)
		if err != nil || !quote.Complete() {
			return 0, false
		}
		for _, part := range quote.Lines {
			if ok && part.Rate != rate {
				return 0, false
			}
			rate, ok = part.Rate, true
		}
	}
	return rate, ok && rate > 0
}

// terms are the tier and the context band that a line of the bill says it is for.
func (b *billed) terms() (v variant) {
	if b.TierKnown {
		v.tier = &b.Tier
	}
	if b.ContextKnown {
		band := b.ContextOver
		if band > 0 {
			band++ // the shortest prompt beyond the boundary
		}
		v.band = &band
	}
	return v
}

// split explains lines of one kind whose bill counts the same tokens as the log, but some of them in another tier, context
// band or cache lifetime: each line of the bill, at its own price, stands for a whole number of tokens, and these add up
// to the log's.
func (r *rates) split(lines []*line, uses []*Usage) error {
	if !slices.ContainsFunc(lines, func(l *line) bool { return l.open }) {
		return nil
	}
	for _, v := range append([]variant{{}}, r.union(uses)...) {
		if len(v.moves) > 0 || v.tier != nil || v.band != nil {
			continue
		}
		cause, text := r.splitBy(lines, uses, v)
		if cause == "" {
			continue
		}
		if v.text != "" {
			cause, text = Several, v.text+", and "+text
		}
		for _, l := range lines {
			if l.open {
				l.because(cause, text)
			}
		}
		return nil
	}
	return nil
}

// splitBy is the cause of a split at the prices of a variant; empty where the bill does not count the log's tokens.
func (r *rates) splitBy(lines []*line, uses []*Usage, v variant) (cause Cause, text string) {
	var total, want int64
	counts := map[string]int64{}
	tiers, contexts, sets := map[price.Tier]bool{}, map[int64]bool{}, map[kindSet]bool{}
	for _, l := range lines {
		want += l.Tokens
		if l.incomplete || l.kinds == everyKind || l.Rounding > money.USD(max(l.BillLines, 1)) {
			return "", ""
		}
		for _, b := range l.bills {
			rate, ok := r.rate(l, uses, v, b)
			if !ok {
				return "", ""
			}
			n, ok := whole(b, rate)
			if !ok {
				return "", ""
			}
			total += n
			tiers[b.Tier], contexts[b.ContextOver], sets[b.set] = true, true, true
			counts[b.name()] += n
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, ledger.Number(float64(counts[name]))+" as "+name)
	}
	text = fmt.Sprintf("the bill counts the log's %s as other ones: %s", tokens(want), strings.Join(parts, ", "))
	switch {
	case total != want || want == 0:
		return "", ""
	case len(tiers) > 1:
		return OtherTier, text
	case len(contexts) > 1:
		return OtherContext, text
	case len(sets) > 1:
		return CacheLifetime, text
	}
	return "", ""
}

// name is what a line of the bill is about.
func (b *billed) name() string {
	name := strings.ReplaceAll(kindName(b.set), "_", " ")
	if b.Tier != price.Standard {
		name = b.Tier.String() + " " + name
	}
	if b.ContextOver > 0 {
		name += fmt.Sprintf(" beyond %s tokens", ledger.Number(float64(b.ContextOver)))
	}
	return name
}

// whole is how many units a line of a bill stands for at a rate, if that is a whole number.
func whole(b *billed, rate money.Rate) (int64, bool) {
	if b.Quantity.Known {
		var cost money.Sum
		if err := cost.Add(b.Quantity.N, rate); err != nil {
			return 0, false
		}
		usd, err := cost.USD()
		return b.Quantity.N, err == nil && max(usd-b.Amount, b.Amount-usd) <= b.Rounding
	}
	if b.Amount < 0 {
		return 0, false
	}
	n, rest := worth(b.Amount, rate)
	return n, rest == 0
}

// worth is how many whole units an amount that is not negative buys, and what is left over, in pico-dollars.
func worth(amount money.USD, rate money.Rate) (units int64, rest uint64) {
	const pico = 1000 // in a nano-dollar
	hi, lo := bits.Mul64(uint64(amount), pico)
	if hi >= uint64(rate) {
		return math.MaxInt64, 1
	}
	q, rest := bits.Div64(hi, lo, uint64(rate))
	if q > math.MaxInt64 {
		return math.MaxInt64, 1
	}
	return int64(q), rest
}
