package registry

import (
	"breakeven/gpu"
	"breakeven/price"
)

// Meanings tells what the keys of sources stand for: rates of the price book, and offers of the market.
type Meanings struct {
	book     *price.Book
	machines machines
	shapes   map[model]shape
	tables   map[string]bool // the sources that have names of their own
}

// machines finds the offers that a source means by its name for a machine.
type machines interface {
	Machine(vendor, region, instance string) []gpu.Offer
}

type model struct{ provider, id string }

// shape is what of a model's rates a source may spell differently.
type shape struct {
	atLeast []int64 // its context bands
	write   price.Kind
}

// NewMeanings prepares the lookup. It is not safe for concurrent use.
func NewMeanings(b *price.Book, m machines) *Meanings {
	tables := map[string]bool{}
	for _, f := range b.Files() {
		for source := range f.Tables {
			tables[source] = true
		}
	}
	return &Meanings{b, m, map[model]shape{}, tables}
}

// Of lists the rates of ours that a source's key stands for; more than one where the source does not tell two
// vendors of ours apart. A source that no price file knows as a table speaks in our names. A source's context boundary within one token of the vendor's is the vendor's, since
// tables disagree whether the boundary belongs to the band; and a write to a cache whose lifetime the source
// does not tell is what the vendor bills one as.
func (m *Meanings) Of(source string, k Key) []Meaning {
	if k.Kind == MachineHour {
		return m.hours(k)
	}
	if !m.tables[source] {
		if _, ok := m.book.Model(k.Provider, k.Model); ok {
			return []Meaning{{Key: k}}
		}
		return nil
	}
	var all []Meaning
	for _, l := range m.book.Named(source, k.Provider, k.Model) {
		s := m.shape(model{l.Provider, l.Model})
		ours := k
		ours.Provider, ours.Model, ours.Route = l.Provider, l.Model, l.Route
		for _, n := range s.atLeast {
			if d := n - k.atLeast(); d >= -1 && d <= 1 && n > 0 {
				ours.Above, ours.Inclusive = boundary(n)
			}
		}
		if k.Kind == KindOf(price.CacheWrite) {
			ours.Kind = KindOf(s.write)
		}
		all = append(all, Meaning{ours, l.Rank, l.Voice})
	}
	return all
}

func (m *Meanings) hours(k Key) []Meaning {
	var all []Meaning
	for _, o := range m.machines.Machine(k.Provider, k.Route, k.Model) {
		if string(o.Term) == string(k.Tier) {
			all = append(all, Meaning{Key: OfferKey(o)})
		}
	}
	return all
}

func (m *Meanings) shape(of model) shape {
	if s, ok := m.shapes[of]; ok {
		return s
	}
	s := shape{write: price.CacheWrite}
	for _, sheet := range m.book.Series(of.provider, of.id) {
		for _, b := range sheet.Bands() {
			if b.AtLeast > 0 {
				s.atLeast = append(s.atLeast, b.AtLeast)
			}
		}
		if c, ok := sheet.Rate(price.CacheWrite); ok && sheet.Tier == price.Standard && c.Kind != price.Input {
			s.write = c.Kind
		}
	}
	m.shapes[of] = s
	return s
}

// OfferKey names the hour of an offer's machine. The machine is named with its accelerators, since some vendors
// sell several under one name.
func OfferKey(o gpu.Offer) Key {
	return Key{
		Provider: o.Vendor, Route: o.Region, Model: o.Machine(), Tier: Tier(o.Term), Kind: MachineHour,
	}
}
