// Package money holds exact dollars and exact prices per token.
//
// Two integer types carry everything that somebody bills. [Rate] is a price: micro-dollars per million
// units, which is the same number as pico-dollars per unit. [USD] is an amount: nano-dollars. [Sum] adds
// products of quantities and rates without rounding, so that a whole log is rounded once, at its end.
//
// Nothing here is a float. The one way out is [USD.Estimate], and there is no way back in.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ErrOverflow reports an amount beyond what its type can hold.
var ErrOverflow = errors.New("money: amount out of range")

// ErrInexact reports decimal text with more digits than the type can hold exactly.
var ErrInexact = errors.New("money: more digits than can be kept exactly")

// USD is an amount in nano-dollars (1e-9 USD). Its range is about ±9.22 billion dollars.
type USD int64

// Dollar is one US dollar.
const Dollar USD = 1_000_000_000

// ParseUSD reads decimal text such as "12.5", "-0.000000001" or "7.84e-05" as dollars.
// More than nine decimals is [ErrInexact]; see [ParseUSDRounded] for reported costs that carry float noise.
func ParseUSD(text string) (USD, error) {
	v, _, err := parse(text, 9, false)
	return USD(v), err
}

// ParseUSDRounded is [ParseUSD] rounding half to even at the ninth decimal. It is for costs that others
// report, which come from floats ("0.010688999999999999"); never for a price.
func ParseUSDRounded(text string) (USD, error) {
	v, _, err := parse(text, 9, true)
	return USD(v), err
}

// Dollars makes an amount of whole dollars, and fails beyond the range of USD.
func Dollars(n int64) (USD, error) {
	if n > math.MaxInt64/int64(Dollar) || n < math.MinInt64/int64(Dollar) {
		return 0, fmt.Errorf("%d dollars: %w", n, ErrOverflow)
	}
	return USD(n) * Dollar, nil
}

// Add returns a + b.
func (a USD) Add(b USD) (USD, error) {
	c := a + b
	if (c > a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return c, nil
}

// Sub returns a - b.
func (a USD) Sub(b USD) (USD, error) {
	c := a - b
	if (c < a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return c, nil
}

// Over divides a non-negative amount by n > 0, rounded half to even.
func (a USD) Over(n int64) USD {
	v, _ := mulDiv(int64(a), 1, n) // a quotient of what fits fits
	return USD(v)
}

// Estimate leaves exact arithmetic: the amount in dollars as a float64, for projections and charts.
func (a USD) Estimate() float64 { return float64(a) / float64(Dollar) }

// String is the exact amount in dollars, without trailing zeros: "0.0000979".
func (a USD) String() string { return format(int64(a), 9) }

// MarshalText writes the exact decimal, so that JSON carries money as a string.
func (a USD) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what [USD.MarshalText] writes.
func (a *USD) UnmarshalText(text []byte) error {
	v, err := ParseUSD(string(text))
	if err == nil {
		*a = v
	}
	return err
}

// Rate is a price in micro-dollars per million units, which equals pico-dollars per unit. For tokens it is
// the number on a price page (USD per million tokens) times 1e6: every published rate fits exactly.
type Rate int64

// ParseRate reads a price in dollars per million units: "3", "0.0375".
// A negative price, or more than six decimals, is an error.
func ParseRate(text string) (Rate, error) { return parseRate(text, 6, false) }

// ParseRateScaled reads a price quoted in another unit: the decimal text times 10^pow10 is dollars per
// million units. Per token is 6, per thousand tokens is 3, cents per token is 4.
func ParseRateScaled(text string, pow10 int) (Rate, error) { return parseRate(text, 6+pow10, false) }

// ParseRateScaledRounded is [ParseRateScaled] rounding half to even, for tables that store rates as floats.
func ParseRateScaledRounded(text string, pow10 int) (Rate, error) {
	return parseRate(text, 6+pow10, true)
}

func parseRate(text string, pow10 int, round bool) (Rate, error) {
	v, negative, err := parse(text, pow10, round)
	if err != nil {
		return 0, err
	}
	if negative {
		return 0, fmt.Errorf("money: price %q is negative", text)
	}
	return Rate(v), nil
}

// PerUnit is the rate of units that cost an amount each, such as the hours of a machine. A negative amount, or one
// beyond 9.2 million dollars, is [ErrOverflow].
func PerUnit(each USD) (Rate, error) {
	const pico = 1000 // in a nano-dollar
	if each < 0 || each > math.MaxInt64/pico {
		return 0, fmt.Errorf("a rate of %s each: %w", each, ErrOverflow)
	}
	return Rate(each) * pico, nil
}

// Each is what one unit costs, cut to a whole nano-dollar.
func (r Rate) Each() USD { return USD(r / 1000) }

// Times returns the rate multiplied by f, rounded half to even to a pico-dollar per unit.
func (r Rate) Times(f Factor) (Rate, error) {
	v, err := mulDiv(int64(r), int64(f), int64(One))
	return Rate(v), err
}

// Estimate leaves exact arithmetic: dollars per million units as a float64.
func (r Rate) Estimate() float64 { return float64(r) / 1e6 }

// String is the exact price in dollars per million units.
func (r Rate) String() string { return format(int64(r), 6) }

// MarshalText writes the exact decimal.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what [Rate.MarshalText] writes.
func (r *Rate) UnmarshalText(text []byte) error {
	v, err := ParseRate(string(text))
	if err == nil {
		*r = v
	}
	return err
}

// Factor is an exact non-negative multiplier in millionths: 0.5 for batch, 1.25 for a cache write.
type Factor int64

// One is the factor that changes nothing.
const One Factor = 1_000_000

// ParseFactor reads decimal text with up to six decimals.
func ParseFactor(text string) (Factor, error) {
	v, negative, err := parse(text, 6, false)
	if err != nil {
		return 0, err
	}
	if negative {
		return 0, fmt.Errorf("money: factor %q is negative", text)
	}
	return Factor(v), nil
}

// String is the exact factor.
func (f Factor) String() string { return format(int64(f), 6) }

// MarshalText writes the exact decimal.
func (f Factor) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what [Factor.MarshalText] writes.
func (f *Factor) UnmarshalText(text []byte) error {
	v, err := ParseFactor(string(text))
	if err == nil {
		*f = v
	}
	return err
}

// mulDiv is a*b/c for non-negative a and b, rounded half to even, through 128 bits.
func mulDiv(a, b, c int64) (int64, error) {
	if a < 0 || b < 0 || c <= 0 {
		return 0, ErrOverflow
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 0, ErrOverflow
	}
	q, rem := bits.Div64(hi, lo, uint64(c))
	if twice := rem * 2; twice > uint64(c) || (twice == uint64(c) && q&1 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return int64(q), nil
}

// format writes v × 10^-decimals without trailing zeros.
func format(v int64, decimals int) string {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	return formatDigits(v < 0, strconv.FormatUint(magnitude, 10), decimals)
}

// formatDigits places the decimal point of a string of digits.
func formatDigits(negative bool, digits string, decimals int) string {
	if pad := decimals + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	whole, fraction := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	sign := ""
	if negative {
		sign = "-"
	}
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}
