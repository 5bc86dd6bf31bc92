package cli

import (
	"fmt"
	"strings"

	"breakeven/money"
	"breakeven/price"
)

// dollars is an exact amount for people, thousands separated and no digit lost: "$25,879.23", "$7,358.40".
func dollars(amount fmt.Stringer) string {
	text := grouped(amount.String())
	if _, fraction, _ := strings.Cut(text, "."); len(fraction) == 1 {
		text += "0"
	}
	return "$" + text
}

// grouped separates thousands in a decimal without losing a digit.
func grouped(decimal string) string {
	whole, fraction, has := strings.Cut(decimal, ".")
	var b strings.Builder
	for i, d := range whole {
		if left := len(whole) - i; i > 0 && left%3 == 0 && whole[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if has {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// rate is a price as vendors print it: "$3" a million tokens, and fees "$10 per 1,000".
func rate(k price.Kind, r money.Rate) string {
	if k.Side() == price.FeeSide {
		// A rate counts pico-dollars a unit, so a thousand units cost as many nano-dollars.
		return dollars(money.USD(r)) + " per 1,000"
	}
	return dollars(r)
}

// billed names a kind, and the kind at whose rate the vendor bills it where that is another one.
func billed(k, as price.Kind) string {
	if k == as {
		return k.Label()
	}
	return k.Label() + ", billed as " + as.Label()
}
