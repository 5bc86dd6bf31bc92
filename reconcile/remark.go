package reconcile

import (
	"cmp"
	"fmt"
	"math/big"
	"strings"
	"time"

	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
)

// telling is a rate of which few amounts are a multiple: one in a hundred, in nano-dollars.
const telling money.Rate = 100_000

// hidden says how many tokens of a line's input would have to be cached ones for the computed cost to be the billed one,
// and in which way. It is empty where that is no whole number that the input holds, or the log tells such tokens apart.
func hidden(l *line) (what string, n int64, err error) {
	d, err := l.Difference.USD()
	if err != nil {
		return "", 0, ignoreOverflow(err)
	}
	if exact, err := sumOf(d); err != nil || exact != l.Difference {
		return "", 0, err
	}
	var input, told int64
	kind, what := price.CacheWrite5m, "written to a cache that lives five minutes"
	if d < 0 {
		kind, what = price.CacheRead, "read from a cache"
	}
	var step money.Rate
	for _, u := range l.uses {
		plain, known := rateOf(u.Ref, price.Input)
		cached, also := rateOf(u.Ref, kind)
		one := max(plain-cached, cached-plain)
		if !known || !also || step != 0 && one != step {
			return "", 0, nil
		}
		step, input = one, input+u.Quantities[price.Input]
		if d < 0 {
			told += u.Quantities[price.CacheRead]
		} else {
			told += written(&u.Quantities)
		}
	}
	if told > 0 || step < telling {
		return "", 0, nil
	}
	n, rest := worth(max(d, -d), step)
	if rest != 0 || n == 0 || n > input {
		return "", 0, nil
	}
	return what, n, nil
}

// rateOf is what a kind costs at some rates.
func rateOf(ref price.Ref, kind price.Kind) (money.Rate, bool) {
	if ref.Sheet == nil {
		return 0, false
	}
	var one price.Quantities
	one[kind] = 1
	quote, err := ref.Quote(&one)
	if err != nil || len(quote.Lines) != 1 {
		return 0, false
	}
	return quote.Lines[0].Rate, true
}

// implied says how many tokens a line without usage would be at the price in force.
func (r *rates) implied(l *line) string {
	if l.Counted != nil {
		return "; the bill counts " + tokens(*l.Counted)
	}
	var dear, cheap money.Rate
	for _, b := range l.bills {
		if b.Model == "" {
			return ""
		}
		q := price.Query{Provider: l.Provider, Model: l.Model, Tier: b.Tier}
		if strings.Contains(l.Model, "/") { // whoever bills it, the price is the vendor's
			q.Provider = ""
		}
		sheet, m, err := r.book.Sheet(q, b.Start, time.Time{})
		if err != nil || m.Tier != b.Tier {
			return ""
		}
		for _, k := range []price.Kind{price.Input, price.Output, price.CacheRead, price.CacheWrite5m, price.CacheWrite1h, price.AudioInput, price.AudioOutput, price.ImageInput, price.ImageOutput} {
			if !l.kinds.has(k) || l.kinds == everyKind && k != price.Input && k != price.Output {
				continue
			}
			c, ok := sheet.Rate(k)
			if !ok || c.Rate == 0 {
				continue
			}
			dear, cheap = max(dear, c.Rate), cmp.Or(min(cheap, c.Rate), c.Rate)
		}
	}
	if dear == 0 || l.Billed <= 0 {
		return ""
	}
	least, _ := worth(l.Billed, dear)
	most, _ := worth(l.Billed, cheap)
	if least == most {
		return "; at the price in force it would be " + tokens(least)
	}
	return fmt.Sprintf("; at the price in force it would be %s to %s", ledger.Number(float64(least)), tokens(most))
}

// remarks adds to lines without an explanation what would help to find one.
func (r *rates) remarks(lines []*line) error {
	for _, l := range lines {
		switch {
		case l.Cause == NoUsage:
			l.Why += r.implied(l)
		case l.Cause != Unexplained:
		case l.kinds == everyKind:
			what, n, err := hidden(l)
			if err != nil {
				return err
			}
			if what != "" {
				l.Why += fmt.Sprintf("; the log tells no tokens apart that were %s, and %s of its input would make the difference if they were", what, tokens(n))
			}
		default:
			text, err := r.remark(l)
			if err != nil {
				return err
			}
			l.Why += text
		}
	}
	return nil
}

// remark is what can be said of a line about one kind that nothing explains.
func (r *rates) remark(l *line) (string, error) {
	rate, ok := r.rate(l, l.uses, variant{}, nil)
	switch {
	case l.Counted != nil && *l.Counted != l.Tokens:
		return fmt.Sprintf("; the bill counts %s, the log %s", tokens(*l.Counted), tokens(l.Tokens)), nil
	case !ok:
		return "", nil
	case l.Counted != nil && l.Tokens > 0:
		own := new(big.Rat).SetFrac64(int64(l.Billed), l.Tokens) // nano-dollars a token are thousandths of a dollar a million
		own.Quo(own, big.NewRat(1000, 1))
		return fmt.Sprintf("; both count the same tokens, and the bill charges $%s a million where the book has $%s", trimmed(own, 6), rate), nil
	}
	d, err := l.Difference.USD()
	if err != nil {
		return "", ignoreOverflow(err)
	}
	n, rest := worth(max(d, -d), rate)
	if rest != 0 || n == 0 || rate < telling || l.Rounding > money.USD(l.BillLines) {
		return "", nil
	}
	what := "more"
	if d < 0 {
		what = "fewer"
	}
	return fmt.Sprintf("; it is exactly what %s %s tokens would cost", ledger.Number(float64(n)), what), nil
}
