package money

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// maxExponent bounds what a decimal may be scaled by: beyond it every int64 over- or underflows.
const maxExponent = 400

// parse reads decimal text, with an optional sign and exponent, times 10^pow10 as an integer. It never goes
// through a float. With round it rounds half to even where digits are left over, without it they are
// [ErrInexact]. The sign is told apart from the value, so that "-0" is still seen to be negative.
func parse(text string, pow10 int, round bool) (value int64, negative bool, err error) {
	digits, point, exponent, negative, ok := scan(text)
	if !ok {
		return 0, false, fmt.Errorf("money: %q is not a decimal number", clip(text))
	}
	// The value is digits × 10^(exponent - digits after the point); shift is what is left to apply.
	shift := exponent + pow10 - (len(digits) - point)
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return 0, negative, nil
	}
	rest := ""
	switch {
	case shift > maxExponent, len(digits)+shift > 19:
		return 0, negative, fmt.Errorf("%q: %w", clip(text), ErrOverflow)
	case shift >= 0:
		digits += strings.Repeat("0", shift)
	case -shift >= len(digits):
		rest = strings.Repeat("0", min(-shift-len(digits), maxExponent)) + digits
		digits = "0"
	default:
		cut := len(digits) + shift
		digits, rest = digits[:cut], digits[cut:]
	}
	magnitude, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, negative, fmt.Errorf("%q: %w", clip(text), ErrOverflow)
	}
	if rest = strings.TrimRight(rest, "0"); rest != "" {
		if !round {
			return 0, negative, fmt.Errorf("%q: %w", clip(text), ErrInexact)
		}
		if rest > "5" || (rest == "5" && magnitude&1 == 1) {
			magnitude++
		}
	}
	if magnitude > math.MaxInt64 {
		return 0, negative, fmt.Errorf("%q: %w", clip(text), ErrOverflow)
	}
	if negative {
		return -int64(magnitude), true, nil
	}
	return int64(magnitude), false, nil
}

// scan splits decimal text into its digits, the number of digits before the point, and its exponent.
func scan(text string) (digits string, point, exponent int, negative, ok bool) {
	s := text
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return "", 0, 0, false, false
		}
		exponent, s = e, s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits = whole + fraction
	if digits == "" || len(digits) > maxExponent {
		return "", 0, 0, false, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return "", 0, 0, false, false
		}
	}
	return digits, len(whole), exponent, negative, true
}

// clip keeps an error message readable when the bad text is a whole file.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}

// Sum adds products of quantities and rates exactly: a signed 128-bit count of pico-dollars. The zero value
// is an empty sum. It is the only place where rounding to [USD] happens, once, in [Sum.USD].
type Sum struct {
	hi int64
	lo uint64
}

// Add adds quantity × rate, where neither is negative.
func (s *Sum) Add(quantity int64, rate Rate) error {
	if quantity < 0 || rate < 0 {
		return fmt.Errorf("money: %d units at %s: negative", quantity, rate)
	}
	hi, lo := bits.Mul64(uint64(quantity), uint64(rate))
	return s.add(int64(hi), lo)
}

// AddSum adds another sum.
func (s *Sum) AddSum(t Sum) error { return s.add(t.hi, t.lo) }

// Sub takes another sum away.
func (s *Sum) Sub(t Sum) error {
	if t.hi == math.MinInt64 && t.lo == 0 { // it has no opposite
		return ErrOverflow
	}
	lo, borrow := bits.Sub64(0, t.lo, 0)
	return s.add(-t.hi-int64(borrow), lo)
}

// AddUSD adds an amount.
func (s *Sum) AddUSD(a USD) error {
	magnitude := uint64(a)
	if a < 0 {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, picoPerNano)
	if a < 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return s.add(int64(hi), lo)
}

const picoPerNano = 1000

func (s *Sum) add(hi int64, lo uint64) error {
	sumLo, carry := bits.Add64(s.lo, lo, 0)
	sumHi := s.hi + hi + int64(carry)
	// Two's complement overflows when both operands have the sign that the result has not.
	if (s.hi < 0) == (hi < 0) && (sumHi < 0) != (s.hi < 0) {
		return ErrOverflow
	}
	s.hi, s.lo = sumHi, sumLo
	return nil
}

// IsZero reports whether the sum is exactly zero.
func (s Sum) IsZero() bool { return s.hi == 0 && s.lo == 0 }

// magnitude is the absolute value as two words.
func (s Sum) magnitude() (hi, lo uint64) {
	if s.hi >= 0 {
		return uint64(s.hi), s.lo
	}
	lo, borrow := bits.Sub64(0, s.lo, 0)
	hi, _ = bits.Sub64(0, uint64(s.hi), borrow)
	return hi, lo
}

// USD rounds the sum half to even to nano-dollars.
func (s Sum) USD() (USD, error) {
	hi, lo := s.magnitude()
	if hi >= picoPerNano {
		return 0, ErrOverflow
	}
	q, rem := bits.Div64(hi, lo, picoPerNano)
	if rem > picoPerNano/2 || (rem == picoPerNano/2 && q&1 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, ErrOverflow
	}
	if s.hi < 0 {
		return -USD(q), nil
	}
	return USD(q), nil
}

// String is the exact sum in dollars: twelve decimals at most, without trailing zeros.
func (s Sum) String() string {
	hi, lo := s.magnitude()
	// The magnitude is at most 2^127, so its high word is below 10^19 and one division prints both halves.
	const chunk = 1e19
	digits := strconv.FormatUint(lo, 10)
	if hi > 0 {
		q, rem := bits.Div64(hi, lo, chunk)
		digits = fmt.Sprintf("%d%019d", q, rem)
	}
	return formatDigits(s.hi < 0, digits, picoDecimals)
}

// MarshalText writes the exact decimal.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [Sum.MarshalText] writes: dollars with at most twelve decimals.
func (s *Sum) UnmarshalText(text []byte) error {
	digits, point, exponent, negative, ok := scan(string(text))
	if !ok {
		return fmt.Errorf("money: %q is not a decimal number", clip(string(text)))
	}
	shift := exponent + picoDecimals - (len(digits) - point)
	for ; shift < 0; shift++ {
		last := len(digits) - 1
		if last >= 0 && digits[last] != '0' {
			return fmt.Errorf("%q: %w", clip(string(text)), ErrInexact)
		}
		digits = digits[:max(last, 0)]
	}
	var hi, lo uint64
	for _, d := range []byte(digits + strings.Repeat("0", shift)) {
		over, top := bits.Mul64(hi, 10)
		carry, low := bits.Mul64(lo, 10)
		low, c := bits.Add64(low, uint64(d-'0'), 0)
		top, c = bits.Add64(top, carry, c)
		if over != 0 || c != 0 || top > math.MaxInt64 {
			return fmt.Errorf("%q: %w", clip(string(text)), ErrOverflow)
		}
		hi, lo = top, low
	}
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	*s = Sum{int64(hi), lo}
	return nil
}

// picoDecimals is the decimals of a dollar that a Sum holds.
const picoDecimals = 12
