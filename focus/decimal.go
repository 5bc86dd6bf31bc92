package focus

import (
	"math/big"
	"strconv"
	"strings"
)

// decimal is an exact number: digits × 10^exponent.
type decimal struct {
	digits   big.Int
	exponent int
}

// The longest number that is read. FOCUS has providers name their precision, and no decimal type of a database
// holds more digits than this.
const (
	maxDigits   = 128
	maxExponent = 256
)

// parseDecimal reads a number in FOCUS's numeric format: digits with at most one decimal point, a minus sign where
// it is negative and no plus sign, and an exponent after E.
func parseDecimal(text string) (d decimal, ok bool) {
	mantissa, exponent, scientific := strings.Cut(strings.ToUpper(text), "E")
	if scientific {
		e, err := strconv.Atoi(exponent)
		if err != nil || strings.HasPrefix(exponent, "+") || e > maxExponent || e < -maxExponent {
			return d, false
		}
		d.exponent = e
	}
	negative := strings.HasPrefix(mantissa, "-")
	whole, fraction, pointed := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits := whole + fraction
	if whole == "" || (pointed && fraction == "") || len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
		return d, false
	}
	d.exponent -= len(fraction)
	d.digits.SetString(digits, 10)
	if negative {
		d.digits.Neg(&d.digits)
	}
	return d, true
}

// times is the exact product.
func (d *decimal) times(f *decimal) decimal {
	p := decimal{exponent: d.exponent + f.exponent}
	p.digits.Mul(&d.digits, &f.digits)
	return p
}

// compare is negative, zero or positive as d is less than, equal to or more than f.
func (d *decimal) compare(f *decimal) int {
	low := min(d.exponent, f.exponent)
	a, b := d.scaled(low), f.scaled(low)
	return a.Cmp(b)
}

// scaled is the digits at a lower exponent.
func (d *decimal) scaled(exponent int) *big.Int {
	if d.exponent == exponent {
		return &d.digits
	}
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.exponent-exponent)), nil)
	return ten.Mul(ten, &d.digits)
}

// shifted writes v × 10^-decimals exactly, for v of zero or more, without trailing zeros.
func shifted(v int64, decimals int) string {
	digits := strconv.FormatInt(v, 10)
	if pad := decimals + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	whole, fraction := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
