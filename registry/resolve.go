package registry

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/money"
)

// Statement is what one source says of one rate.
type Statement struct {
	Source Source     `json:"source"`
	Rate   money.Rate `json:"usd_per_million"`
	Kind   fact.Kind  `json:"provenance"` // derived and inferred statements stand behind published ones
	// Supports marks a source that may support a rate and not supply one.
	Supports  bool        `json:"supports_only,omitempty"`
	Since     time.Time   `json:"since,omitzero"`                   // when it was first seen to say so
	Before    *money.Rate `json:"before_usd_per_million,omitempty"` // what it said before; nil where nothing is known
	Seen      time.Time   `json:"seen,omitzero"`                    // when it was last seen to say so
	Effective time.Time   `json:"effective_from,omitzero"`          // since when it holds, where the source says so
	URL       string      `json:"url,omitempty"`
}

// Outcome is how a rate was decided.
type Outcome string

// The outcomes, in the order in which the rule tries them.
const (
	ByVendor   Outcome = "vendor"   // the vendor's own page, read with evidence
	ByMajority Outcome = "majority" // more independent sources agree on it than on any other value
	BySingle   Outcome = "single"   // one source alone states it
	ByRule     Outcome = "derived"  // only a rule gives it
	Undecided  Outcome = "review"   // a tie, or an outlier: a person has to look
	Unknown    Outcome = "unknown"  // nobody states it
)

// Resolution is the rate to use, and what stands for and against it.
type Resolution struct {
	Outcome Outcome     `json:"outcome"`
	Rate    *money.Rate `json:"usd_per_million,omitempty"` // nil where undecided or unknown: nothing is used silently
	Why     string      `json:"why"`
	Agree   []Statement `json:"agree" nullable:"false"`
	Differ  []Statement `json:"differ" nullable:"false"`
	// Verified tells that at least two independent sources agree.
	Verified bool `json:"verified"`
	// Outlier tells that a source is ten times or more apart from the rate.
	Outlier bool `json:"outlier,omitempty"`
}

// Review tells whether a person has to look: a tie, or a value that is ten times apart.
func (d *Resolution) Review() bool { return d.Outcome == Undecided || d.Outlier }

// outlierFactor is the spread from which a disagreement goes to a person even where there is a majority of one.
const outlierFactor = 10

// Resolve decides between sources.
//
//  1. What the vendor's own page says, read by a person with evidence, goes first; the newest, of several.
//  2. Published values are grouped where they differ by no more than half a per cent; sources that copy one
//     another count as one voice. The group with the most voices wins.
//     A group in which every source has prices of its own supplies none.
//  3. Two groups with as many voices are a tie: no rate is used until a person has decided. A value that is ten
//     times apart from the rate that won is an outlier: it is not used, and goes to review.
//  4. Where nobody publishes a value, a derived one is used, and said to be one.
func Resolve(statements []Statement) Resolution {
	published, derived := split(statements)
	if vendor := slices.DeleteFunc(slices.Clone(published), func(s Statement) bool { return !s.Source.Vendor }); len(vendor) > 0 {
		newest := slices.MaxFunc(vendor, func(a, b Statement) int {
			return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(b.Source.ID, a.Source.ID))
		})
		return decided(ByVendor, newest.Rate, statements, fmt.Sprintf("%s states it, %s", newest.Source.Title, newest.Since.UTC().Format(time.DateOnly)))
	}
	if len(published) == 0 {
		if len(derived) == 0 {
			return Resolution{Outcome: Unknown, Why: "no source states it", Agree: []Statement{}, Differ: []Statement{}}
		}
		return decided(ByRule, derived[0].Rate, statements, "only a rule gives it")
	}
	groups := group(published)
	if !supplied(groups[0]) {
		return Resolution{Outcome: Unknown, Why: "only sources with prices of their own state it", Differ: statements, Agree: []Statement{}}
	}
	best := groups[0]
	switch {
	case len(groups) == 1 && best.voices == 1:
		return decided(BySingle, best.rate, statements, "only "+titles(best.members)+" "+states(len(best.members)))
	case len(groups) == 1:
		return decided(ByMajority, best.rate, statements, fmt.Sprintf("all %d independent sources agree", best.voices))
	case groups[1].voices == best.voices && supplied(groups[1]):
		return Resolution{
			Outcome: Undecided, Agree: []Statement{}, Differ: statements,
			Why: fmt.Sprintf("%s %s and as many say %s", voicesSay(best.voices), best.rate, groups[1].rate),
		}
	}
	return decided(ByMajority, best.rate, statements, fmt.Sprintf("%s against %d", voicesSay(best.voices)+" "+best.rate.String(), voices(published)-best.voices))
}

// voicesSay begins a sentence: "2 independent sources say".
func voicesSay(n int) string {
	if n == 1 {
		return "one independent source says"
	}
	return strconv.Itoa(n) + " independent sources say"
}

func split(statements []Statement) (published, derived []Statement) {
	for _, s := range statements {
		if s.Kind == fact.Derived || s.Kind == fact.Inferred || s.Kind == fact.Assumed {
			derived = append(derived, s)
		} else {
			published = append(published, s)
		}
	}
	return published, derived
}

// camp is the sources that state one value.
type camp struct {
	rate    money.Rate // the value of its newest member
	members []Statement
	voices  int
}

// group forms camps, the one with the most voices first; of equal ones, the one with the newest member.
func group(statements []Statement) []camp {
	sorted := slices.Clone(statements)
	slices.SortFunc(sorted, func(a, b Statement) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), b.Since.Compare(a.Since), cmp.Compare(a.Source.ID, b.Source.ID))
	})
	var camps []camp
	for _, s := range sorted {
		if n := len(camps); n > 0 && same(camps[n-1].members[0].Rate, s.Rate) {
			camps[n-1].members = append(camps[n-1].members, s)
			continue
		}
		camps = append(camps, camp{members: []Statement{s}})
	}
	for i := range camps {
		c := &camps[i]
		c.voices = voices(c.members)
		c.rate = slices.MaxFunc(c.members, func(a, b Statement) int {
			return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(b.Source.ID, a.Source.ID))
		}).Rate
	}
	slices.SortStableFunc(camps, func(a, b camp) int {
		if s := supplied(a); s != supplied(b) {
			if s {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.voices, a.voices), cmp.Compare(a.rate, b.rate))
	})
	return camps
}

// titles names sources: "LiteLLM price map and Portkey models".
func titles(statements []Statement) string {
	names := make([]string, len(statements))
	for i, s := range statements {
		names[i] = s.Source.Title
	}
	slices.Sort(names)
	return strings.Join(names, " and ")
}

// states is the verb for so many sources, of which several are one voice.
func states(n int) string {
	if n == 1 {
		return "states it"
	}
	return "state it, of which one copies the other"
}

// supplied reports whether a source of the camp may supply a rate.
func supplied(c camp) bool {
	return slices.ContainsFunc(c.members, func(s Statement) bool { return !s.Supports })
}

// voices counts independent sources.
func voices(statements []Statement) int {
	seen := map[string]bool{}
	for _, s := range statements {
		seen[s.Source.Voice()] = true
	}
	return len(seen)
}

// same reports whether two rates differ by no more than half a per cent.
func same(a, b money.Rate) bool {
	if a == b {
		return true
	}
	if a == 0 || b == 0 {
		return false
	}
	return math.Abs(float64(a)/float64(b)-1) <= sameValue
}

// apart is how many times the larger rate is the smaller one; zero against a price is without bound.
func apart(a, b money.Rate) float64 {
	if a > b {
		a, b = b, a
	}
	if a == 0 {
		if b == 0 {
			return 1
		}
		return math.Inf(1)
	}
	return float64(b) / float64(a)
}

func decided(o Outcome, rate money.Rate, statements []Statement, why string) Resolution {
	d := Resolution{Outcome: o, Rate: &rate, Why: why, Agree: []Statement{}, Differ: []Statement{}}
	for _, s := range statements {
		if same(s.Rate, rate) {
			d.Agree = append(d.Agree, s)
			continue
		}
		d.Differ = append(d.Differ, s)
		d.Outlier = d.Outlier || apart(s.Rate, rate) >= outlierFactor
	}
	published, _ := split(d.Agree)
	d.Verified = voices(published) >= 2
	return d
}
