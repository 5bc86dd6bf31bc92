package decide

import (
	"fmt"
	"math"
	"slices"

	"breakeven/ledger"
)

// newFlip words a change of one input.
func newFlip(input, label string, from, to float64, unit string) Flip {
	f := Flip{Input: input, Label: label, From: from, To: to, Unit: unit, Relative: to/from - 1}
	direction := "up"
	if f.Relative < 0 {
		direction = "down"
	}
	f.Sentence = fmt.Sprintf("%s %s %s %%: from %s to %s.", label, direction,
		ledger.Number(math.Round(math.Abs(f.Relative)*1000)/10), inUnit(from, unit), inUnit(to, unit))
	return f
}

// inUnit writes a number for a sentence, with three or four digits that matter.
func inUnit(v float64, unit string) string {
	switch unit {
	case "x":
		return ledger.Number(round3(v)) + "x"
	case "share":
		return ledger.Number(math.Round(v*1000)/10) + " %"
	case "USD/month":
		return "$" + ledger.Number(math.Round(v)) + " a month"
	}
	return ledger.Number(round3(v)) + " " + unit
}

// round3 rounds to three significant digits.
func round3(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	return math.Round(v/unit) * unit
}

// sortFlips puts the smallest change first; ties keep the order of the table they come from.
func sortFlips(flips []Flip) {
	slices.SortStableFunc(flips, func(a, b Flip) int {
		switch x, y := math.Abs(a.Relative), math.Abs(b.Relative); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}
