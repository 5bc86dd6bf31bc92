// Package ledger holds what an option costs, line by line, as values that can be printed, recalculated and
// asked why.
//
// A line is a product of terms over a product of terms. Its amount is worked out from those terms and rounded
// once, to the cent; totals and comparisons are integer sums of the rounded lines. So the terms that are
// printed and the verdict that is drawn from them cannot disagree.
package ledger

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"breakeven/fact"
)

// Amount is dollars per month in cents.
type Amount int64

// maxDollars bounds an amount so that sums of a few hundred lines stay exact.
const maxDollars = 1e13

// Round makes an amount of a number of dollars, half to even at the cent.
func Round(dollars float64) (Amount, error) {
	if math.IsNaN(dollars) || math.Abs(dollars) > maxDollars {
		return 0, fmt.Errorf("ledger: %v dollars per month is out of range", dollars)
	}
	return Amount(math.RoundToEven(dollars * 100)), nil
}

// Dollars is the amount as an estimate in dollars per month.
func (a Amount) Dollars() float64 { return float64(a) / 100 }

// String is the amount with thousands separated: "15,001.34", "40,000".
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	text := group(strconv.FormatInt(int64(a/100), 10))
	if cents := a % 100; cents != 0 {
		text += fmt.Sprintf(".%02d", cents)
	}
	return sign + text
}

// MarshalJSON writes dollars as a JSON number with at most two decimals.
func (a Amount) MarshalJSON() ([]byte, error) {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	if a%100 == 0 {
		return fmt.Appendf(nil, "%s%d", sign, a/100), nil
	}
	return fmt.Appendf(nil, "%s%d.%02d", sign, a/100, a%100), nil
}

// UnmarshalJSON reads what [Amount.MarshalJSON] writes.
func (a *Amount) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("ledger: amount %s is not a number of dollars", data)
	}
	*a, err = Round(v)
	return err
}

// Term is one number of a line's formula.
type Term struct {
	Name       string          `json:"name" doc:"What the number is."`
	Value      float64         `json:"value" doc:"The number, in its unit."`
	Unit       string          `json:"unit,omitempty" doc:"Its unit: USD/month, GPUs, h/month, share."`
	Provenance fact.Provenance `json:"provenance"`
}

// Line is one cost of an option.
type Line struct {
	ID     string `json:"id" doc:"Stable name of the line: gpu, people, tooling, migration, api."`
	Label  string `json:"label" doc:"Its name in words."`
	Amount Amount `json:"usd_per_month" doc:"Dollars per month, rounded to the cent."`
	// Times and Over are the formula: the product of Times divided by the product of Over.
	Times []Term `json:"times" nullable:"false" doc:"Factors of the formula."`
	Over  []Term `json:"over,omitempty" doc:"Divisors of the formula."`
	// Formula is the formula with its numbers filled in.
	Formula    string          `json:"formula" doc:"The formula with the numbers filled in."`
	Provenance fact.Provenance `json:"provenance" doc:"Evidence for the line as a whole: that of its weakest term."`
	Note       string          `json:"note,omitempty"`
}

// NewLine works a line out from its terms. A divisor of zero or a result out of range is an error.
func NewLine(id, label string, times, over []Term) (Line, error) {
	l := Line{ID: id, Label: label, Times: times, Over: over}
	value := 1.0
	for _, t := range times {
		value *= t.Value
	}
	for _, t := range over {
		if t.Value == 0 {
			return l, fmt.Errorf("ledger: %s: %s is zero and divides", label, t.Name)
		}
		value /= t.Value
	}
	var err error
	if l.Amount, err = Round(value); err != nil {
		return l, fmt.Errorf("%s: %w", label, err)
	}
	l.Formula = formula(times, over)
	l.Provenance = weakest(append(append([]Term(nil), times...), over...))
	return l, nil
}

// strength orders provenance from the weakest evidence to the strongest. The user's own figure is taken at
// its word.
var strength = map[fact.Kind]int{
	fact.Assumed: 0, fact.Inferred: 1, fact.Derived: 2, fact.Measured: 3, fact.Published: 4, fact.User: 5,
}

func weakest(terms []Term) fact.Provenance {
	var p fact.Provenance
	for i, t := range terms {
		if i == 0 || strength[t.Provenance.Kind] < strength[p.Kind] {
			p = t.Provenance
		}
	}
	return p
}

func formula(times, over []Term) string {
	var b strings.Builder
	for i, t := range times {
		if i > 0 {
			b.WriteString(" × ")
		}
		b.WriteString(t.text())
	}
	for _, t := range over {
		b.WriteString(" / ")
		b.WriteString(t.text())
	}
	return b.String()
}

// text writes a term with as many digits as the formula needs to be worked out again to the cent.
func (t Term) text() string {
	s := number(t.Value, 9)
	switch {
	case strings.HasPrefix(t.Unit, "USD"):
		sign := ""
		if strings.HasPrefix(s, "-") {
			sign, s = "-", s[1:]
		}
		return sign + "$" + s + strings.TrimPrefix(t.Unit, "USD")
	case t.Unit == "share":
		return number(t.Value*100, 9) + " %"
	case t.Unit == "" || t.Unit == "x":
		return s
	case t.Value == 1:
		return s + " " + strings.TrimSuffix(t.Unit, "s")
	}
	return s + " " + t.Unit
}

// Number writes a number for people: thousands separated, six significant digits at most.
func Number(v float64) string { return number(v, 6) }

func number(v float64, digits int) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return group(strconv.FormatFloat(v, 'f', -1, 64))
	}
	decimals := digits - 1
	if v != 0 {
		decimals = max(0, digits-1-int(math.Floor(math.Log10(math.Abs(v)))))
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	whole, fraction, has := strings.Cut(text, ".")
	if !has {
		return group(whole)
	}
	return group(whole) + "." + fraction
}

// Count writes a number of things: "1 machine", "2,000 machines". The thing is in the singular.
func Count[N int | int64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Number(float64(n)) + " " + thing
}

// group separates thousands in a whole number.
func group(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Ledger is what one option costs per month.
type Ledger struct {
	Lines []Line `json:"lines" nullable:"false"`
	Total Amount `json:"total_usd_per_month" doc:"The sum of the lines as printed."`
}

// New adds lines up.
func New(lines ...Line) Ledger {
	l := Ledger{Lines: lines}
	for _, line := range lines {
		l.Total += line.Amount
	}
	return l
}

// Line finds a line by its ID.
func (l Ledger) Line(id string) (Line, bool) {
	for _, line := range l.Lines {
		if line.ID == id {
			return line, true
		}
	}
	return Line{}, false
}
