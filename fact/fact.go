// Package fact says where a number comes from. Every figure that the product shows carries a [Provenance].
package fact

import (
	"fmt"
	"time"
)

// Kind is the way in which a figure became known.
type Kind string

// The kinds of provenance, from the strongest to the weakest, and last what the user said.
const (
	Published Kind = "published" // a vendor states it
	Measured  Kind = "measured"  // somebody measured it and says how
	Derived   Kind = "derived"   // a named rule gives it from other figures
	Inferred  Kind = "inferred"  // convention suggests it; nobody states it
	Assumed   Kind = "assumed"   // a default without a source, to be overridden
	User      Kind = "user"      // the user's own figure: typed in, or read from their log
)

// Valid reports whether k is one of the kinds above.
func (k Kind) Valid() bool {
	switch k {
	case Published, Measured, Derived, Inferred, Assumed, User:
		return true
	}
	return false
}

// Provenance is the evidence behind one figure.
type Provenance struct {
	Kind   Kind   `json:"kind" enum:"published,measured,derived,inferred,assumed,user" doc:"How the figure became known."`
	Source string `json:"source,omitempty" doc:"Who says so: a page, a table, a file, a field of the scenario."`
	URL    string `json:"url,omitempty" doc:"Where to look it up."`
	Date   Date   `json:"date,omitempty" doc:"Day on which the source said so, as YYYY-MM-DD."`
	Rule   string `json:"rule,omitempty" doc:"The rule that derives the figure, in words."`
}

// Date is a calendar day written as YYYY-MM-DD. The empty string is an unknown day.
type Date string

// ParseDate checks text and returns it as a Date.
func ParseDate(text string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", fmt.Errorf("date %q is not YYYY-MM-DD", text)
	}
	return Date(text), nil
}

// Time is the first instant of the day in UTC, and the zero time for an unknown day.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Assume is the provenance of a default that has no source.
func Assume(why string) Provenance { return Provenance{Kind: Assumed, Rule: why} }

// ByUser is the provenance of a figure that the user gave in the named place.
func ByUser(where string) Provenance { return Provenance{Kind: User, Source: where} }

// Derive is the provenance of a figure that a rule gives from others.
func Derive(rule string) Provenance { return Provenance{Kind: Derived, Rule: rule} }
