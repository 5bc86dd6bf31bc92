package registry

import (
	"fmt"
	"math"
	"slices"
	"time"

	"breakeven/money"
)

// Class is what a change of a table means. An edit of a table is not a price change: about one in eight is a slip
// being mended.
type Class string

// The classes of change.
const (
	PriceChange    Class = "price_change"
	UnitFix        Class = "unit_fix"        // ten, a hundred, a thousand times: a slip of units, or its correction
	ZeroFill       Class = "zero_fill"       // from or to zero, which in tables often stands for "not set"
	Revert         Class = "revert"          // away from a value and back to it within thirty days
	RegionalUplift Class = "regional_uplift" // ten per cent: the rate of another route
	Addition       Class = "addition"
	Removal        Class = "removal"
)

// Classes lists the classes.
func Classes() []Class {
	return []Class{PriceChange, UnitFix, ZeroFill, Revert, RegionalUplift, Addition, Removal}
}

// Bounds of the rule.
const (
	revertWithin  = 30 * 24 * time.Hour
	sameValue     = 0.005 // relative difference below which two values are one
	upliftFactor  = 1.1
	minUnitFactor = 10
)

// Change is one rate that a source states differently than before.
type Change struct {
	Key
	At    time.Time   `json:"at"` // when the source was seen to say so
	From  *money.Rate `json:"old_usd_per_million,omitempty"`
	To    *money.Rate `json:"new_usd_per_million,omitempty"`
	Class Class       `json:"class"`
	Why   string      `json:"why"`
}

// Value is a rate that a source stated from a time on.
type Value struct {
	At   time.Time
	Rate *money.Rate // nil where the source stopped stating it
}

// Classify tells what a change of a rate means, from the values that the source stated before, oldest first.
//
//	addition, removal   one of the two is missing
//	zero fill           one of the two is zero
//	revert              the new value was stated before, and left less than thirty days ago
//	unit fix            the ratio is a power of ten, 10 or more either way, within half a per cent
//	regional uplift     the ratio is 1.1 either way, within half a per cent
//	price change        everything else
func Classify(old, now *money.Rate, at time.Time, before []Value) (Class, string) {
	switch {
	case old == nil && now == nil:
		return PriceChange, ""
	case old == nil:
		return Addition, "stated for the first time"
	case now == nil:
		return Removal, "no longer stated"
	case (*old == 0) != (*now == 0):
		return ZeroFill, "zero stands for a price that is not set"
	}
	for i := len(before) - 2; i >= 0; i-- {
		// before[i] was left when before[i+1] began.
		left := before[i+1].At
		if before[i].Rate != nil && *before[i].Rate == *now && at.Sub(left) <= revertWithin {
			return Revert, "back to the value that was left on " + left.UTC().Format(time.DateOnly)
		}
	}
	if *old == 0 {
		return PriceChange, ""
	}
	ratio := float64(*now) / float64(*old)
	if power := math.Round(math.Log10(ratio)); math.Abs(power) >= math.Log10(minUnitFactor) && math.Abs(ratio/math.Pow(10, power)-1) <= sameValue {
		return UnitFix, fmt.Sprintf("10^%+.0f times: a slip of units", power)
	}
	if math.Abs(ratio/upliftFactor-1) <= sameValue || math.Abs(ratio*upliftFactor-1) <= sameValue {
		return RegionalUplift, "ten per cent: the rate of another route"
	}
	return PriceChange, fmt.Sprintf("%+.1f %%", 100*(ratio-1))
}

// Hindsight marks as a revert the change that a later one took back: when it was made, nothing told. The changes
// are those of one rate of one source, oldest first; the classes are corrected in place.
func Hindsight(changes []Change) {
	for i := range changes {
		c := &changes[i]
		if c.From == nil || c.To == nil || c.Class == ZeroFill || c.Class == Revert {
			continue
		}
		if j := slices.IndexFunc(changes[i+1:], func(later Change) bool {
			return later.To != nil && *later.To == *c.From && later.At.Sub(c.At) <= revertWithin
		}); j >= 0 {
			c.Class = Revert
			c.Why = "taken back on " + changes[i+1+j].At.UTC().Format(time.DateOnly)
		}
	}
}

// Diff lists what a source states differently in a later snapshot, in the order of the keys. The history gives,
// for a key, the values that the source stated before, oldest first and the old snapshot's last; it may be nil.
// A key with several effective intervals is compared by the one that is in force when the later snapshot was
// taken.
func Diff(old, now Snapshot, history func(Key) []Value) []Change {
	before, after := inForce(old, now.Taken), inForce(now, now.Taken)
	keys := make([]Key, 0, len(after))
	for k := range before {
		keys = append(keys, k)
	}
	for k := range after {
		if _, both := before[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, Key.Compare)
	var changes []Change
	for _, k := range keys {
		from, to := before[k], after[k]
		if from != nil && to != nil && *from == *to {
			continue
		}
		var past []Value
		if history != nil {
			past = history(k)
		}
		c := Change{Key: k, At: now.Taken, From: from, To: to}
		c.Class, c.Why = Classify(from, to, now.Taken, past)
		changes = append(changes, c)
	}
	return changes
}

// inForce is the rate of each key at an instant: of several facts the one that took effect last.
func inForce(s Snapshot, at time.Time) map[Key]*money.Rate {
	rates := make(map[Key]*money.Rate, len(s.Facts))
	since := map[Key]time.Time{}
	for i := range s.Facts {
		f := &s.Facts[i]
		if !f.Effective.Contains(at) {
			continue
		}
		if _, known := rates[f.Key]; !known || !f.Effective.From.Before(since[f.Key]) {
			rates[f.Key], since[f.Key] = &f.Rate, f.Effective.From
		}
	}
	return rates
}
