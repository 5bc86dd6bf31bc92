package feed

import (
	"errors"
	"fmt"
	"net/url"
	"unicode"

	"breakeven/price"
	"breakeven/registry"
)

// ConflictError says that a table states one rate twice, and differently, for the same time.
type ConflictError struct {
	Kept, Dropped registry.Fact
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("stated twice: %s is kept, as the first, and %s dropped", e.Kept.Rate, e.Dropped.Rate)
}

// maxName and maxURL are the longest name and address in bytes that a fact may carry.
const (
	maxName = 512
	maxURL  = 2048
)

// Facts are the table's observations and machines as the registry keeps them, in the table's own order and under its
// own names. Where a table states a rate twice for the same time, the first statement counts; a second one that differs
// is a fault, and so is a name that no registry could hold.
func (t *Table) Facts() ([]registry.Fact, []Fault) {
	facts := make([]registry.Fact, 0, len(t.Observations)+len(t.Machines))
	stated := make(map[registry.Key][]int, cap(facts))
	var faults []Fault
	take := func(f registry.Fact) {
		err := checkKey(f.Key)
		for _, j := range stated[f.Key] {
			if err != nil {
				break
			}
			err = conflict(&facts[j], &f)
		}
		switch {
		case err == nil:
			stated[f.Key] = append(stated[f.Key], len(facts))
			facts = append(facts, f)
		case !errors.Is(err, errRepeated):
			faults = append(faults, Fault{f.Provider, f.Model, f.Key.String(), err})
		}
	}
	for i := range t.Observations {
		take(t.Observations[i].fact())
	}
	for _, m := range t.Machines {
		take(registry.Fact{Key: m.Key(), Rate: m.Hourly, URL: webPage(m.URL)})
	}
	return facts, faults
}

// fact is the observation in the registry's form.
func (o *Observation) fact() registry.Fact {
	f := registry.Fact{
		Key:       registry.Key{Provider: o.Provider, Model: o.Model, Tier: registry.TierOf(o.Tier), Kind: registry.KindOf(o.Kind), Above: o.Above, Inclusive: o.Inclusive && o.Above > 0},
		Rate:      o.Rate,
		Effective: price.Interval{From: o.From, To: o.To},
		URL:       webPage(o.URL),
	}
	if o.Window != nil {
		f.Window = o.Window.String()
	}
	return f
}

// errRepeated is a statement that adds nothing to an earlier one.
var errRepeated = errors.New("stated before")

// conflict compares a statement with an earlier one about the same key.
func conflict(first, second *registry.Fact) error {
	a, b := first.Effective, second.Effective
	apart := !a.To.IsZero() && !b.From.IsZero() && !b.From.Before(a.To) || !b.To.IsZero() && !a.From.IsZero() && !a.From.Before(b.To)
	switch {
	case apart:
		return nil
	case first.Rate != second.Rate:
		return &ConflictError{*first, *second}
	case (a.From.IsZero() || !b.From.IsZero() && !b.From.Before(a.From)) && (a.To.IsZero() || !b.To.IsZero() && !b.To.After(a.To)):
		return errRepeated
	}
	return nil
}

// webPage is an address that may be shown as a link, and empty for anything else that a table has in its place: a
// remark, or a scheme that runs code.
func webPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxURL || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || checkNames(u.Host, u.Path) != nil {
		return ""
	}
	return address
}

// checkKey refuses names that would not survive being stored.
func checkKey(k registry.Key) error {
	if k.Model == "" {
		return errors.New("a model without a name")
	}
	return checkNames(k.Provider, k.Route, k.Model, k.Window)
}

func checkNames(names ...string) error {
	for _, name := range names {
		if len(name) > maxName {
			return fmt.Errorf("a name of %d bytes, more than %d", len(name), maxName)
		}
		for _, r := range name {
			if unicode.IsControl(r) || r == unicode.ReplacementChar {
				return fmt.Errorf("%+q is no name", name)
			}
		}
	}
	return nil
}

// ShrunkError says that a source states far less than before, which is more often a fault of the source than the
// end of so many prices. Keep what it said before, and look at the source.
type ShrunkError struct {
	Source    string
	Had, Lost int
}

func (e *ShrunkError) Error() string {
	return fmt.Sprintf("%s: %d of its %d prices are gone: keep the earlier ones until somebody has looked at the source", e.Source, e.Lost, e.Had)
}

// Shrunk is a [*ShrunkError] where a later snapshot lacks more than half of the rates that an earlier one states,
// whatever it states besides.
func Shrunk(old, now registry.Snapshot) error {
	had := map[registry.Key]bool{}
	for i := range old.Facts {
		had[old.Facts[i].Key] = true
	}
	lost := len(had)
	for i := range now.Facts {
		if had[now.Facts[i].Key] {
			had[now.Facts[i].Key] = false
			lost--
		}
	}
	if 2*lost > len(had) {
		return &ShrunkError{old.Source.ID, len(had), lost}
	}
	return nil
}
