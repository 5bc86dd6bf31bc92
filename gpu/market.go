package gpu

import (
	"cmp"
	"maps"
	"slices"
)

// Market is a set of offers that can be looked up. It is immutable and safe for concurrent use.
type Market struct {
	offers []Offer            // by accelerator, then as Offer.Compare orders them
	byPart map[string][]Offer // parts of offers
}

// NewMarket reads offer files. Files are named for their errors.
func NewMarket(files map[string][]byte) (*Market, error) {
	var all []Offer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		offers, err := ParseOffers(name, files[name])
		if err != nil {
			return nil, err
		}
		all = append(all, offers...)
	}
	return MarketOf(all), nil
}

// MarketOf is a market of the given offers.
func MarketOf(offers []Offer) *Market {
	order := make([]*Offer, len(offers))
	for i := range offers {
		order[i] = &offers[i]
	}
	slices.SortFunc(order, func(a, b *Offer) int {
		if a.Accelerator != b.Accelerator {
			return cmp.Compare(a.Accelerator, b.Accelerator)
		}
		return compareOffers(a, b)
	})
	m := &Market{offers: make([]Offer, len(offers)), byPart: map[string][]Offer{}}
	begin := 0
	for i, o := range order {
		m.offers[i] = *o
		if o.Accelerator != order[begin].Accelerator {
			begin = i
		}
		m.byPart[o.Accelerator] = m.offers[begin : i+1 : i+1]
	}
	return m
}

// All lists every offer, by accelerator and then by price per accelerator.
func (m *Market) All() []Offer { return slices.Clone(m.offers) }

// Filter narrows a lookup. A zero field narrows nothing.
type Filter struct {
	Vendor string
	Region string
	Term   Term
	// AtLeast and AtMost bound the accelerators in the machine: a replica cannot span two machines here.
	AtLeast, AtMost int
	// Dedicated leaves marketplaces out.
	Dedicated bool
	// Listed leaves averages out: see [Offer.Listed].
	Listed bool
}

func (f Filter) admits(o *Offer) bool {
	return (f.Vendor == "" || o.Vendor == f.Vendor) &&
		(f.Region == "" || o.Region == f.Region) &&
		(f.Term == "" || o.Term == f.Term) &&
		(f.AtLeast == 0 || o.Count >= f.AtLeast) &&
		(f.AtMost == 0 || o.Count <= f.AtMost) &&
		!(f.Dedicated && o.Marketplace) && !(f.Listed && !o.Listed())
}

// Offers lists the offers of an accelerator that pass the filter, cheapest per accelerator first. Offers of
// one price are ordered by vendor, region, instance and term, so that the order is always the same.
func (m *Market) Offers(accelerator string, f Filter) []Offer {
	var list []Offer
	for i := range m.byPart[accelerator] {
		if o := &m.byPart[accelerator][i]; f.admits(o) {
			list = append(list, *o)
		}
	}
	return list
}

// Cheapest is the offer of an accelerator that costs least per accelerator among those that pass the filter,
// and false where none does. Its vendor and date belong beside its price: list prices of one part differ by
// more than four times between vendors.
func (m *Market) Cheapest(accelerator string, f Filter) (Offer, bool) {
	for i := range m.byPart[accelerator] {
		if o := &m.byPart[accelerator][i]; f.admits(o) {
			return *o, true
		}
	}
	return Offer{}, false
}

// Accelerators lists the accelerators that have an offer.
func (m *Market) Accelerators() []string { return slices.Sorted(maps.Keys(m.byPart)) }
