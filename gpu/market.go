package gpu

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Market is a set of offers that can be looked up. It is immutable and safe for concurrent use.
type Market struct {
	offers []Offer            // by accelerator, then as Offer.Compare orders them
	byPart map[string][]Offer // parts of offers
	// byMachine holds the offers again, each machine's together.
	byMachine map[machineName][]Offer
}

// machineName is how a vendor names what it rents out.
type machineName struct{ vendor, region, instance string }

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
	m := &Market{offers: make([]Offer, len(offers)), byPart: map[string][]Offer{}, byMachine: map[machineName][]Offer{}}
	begin := 0
	for i, o := range order {
		m.offers[i] = *o
		if o.Accelerator != order[begin].Accelerator {
			begin = i
		}
		m.byPart[o.Accelerator] = m.offers[begin : i+1 : i+1]
	}
	m.indexMachines()
	return m
}

// indexMachines lays the offers out by the names of the machines, so that a lookup copies nothing.
func (m *Market) indexMachines() {
	sorted := slices.Clone(m.offers)
	slices.SortStableFunc(sorted, func(a, b Offer) int {
		return cmp.Or(cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Instance, b.Instance),
			cmp.Compare(a.Accelerator, b.Accelerator), cmp.Compare(a.Count, b.Count))
	})
	begin := 0
	for i := range sorted {
		name := sorted[i].machineName()
		if name != sorted[begin].machineName() {
			begin = i
		}
		m.byMachine[name] = sorted[begin : i+1 : i+1]
	}
}

func (o *Offer) machineName() machineName { return machineName{o.Vendor, o.Region, o.Instance} }

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

// Machine lists the offers of a vendor's machine in a region: the instance by the vendor's name, "p5.48xlarge", or with
// its accelerators as [Offer.Machine] writes it. Offers with the same accelerators stand together, cheapest first. The
// list is empty where the market does not know the machine; it is the market's own, and not to be changed.
func (m *Market) Machine(vendor, region, instance string) []Offer {
	name := machineName{vendor, region, instance}
	if list, ok := m.byMachine[name]; ok {
		return list
	}
	var count int
	var accelerator string
	var ok bool
	if name.instance, count, accelerator, ok = splitMachine(instance); !ok {
		return nil
	}
	list := m.byMachine[name]
	same := func(o Offer) bool { return o.Count == count && o.Accelerator == accelerator }
	begin := slices.IndexFunc(list, same)
	if begin < 0 {
		return nil
	}
	end := begin + 1
	for end < len(list) && same(list[end]) {
		end++
	}
	return list[begin:end:end]
}

// splitMachine takes what [Offer.Machine] writes apart.
func splitMachine(text string) (instance string, count int, accelerator string, ok bool) {
	i := strings.LastIndex(text, ", ")
	if i < 0 {
		return "", 0, "", false
	}
	number, accelerator, ok := strings.Cut(text[i+len(", "):], " × ")
	count, err := strconv.Atoi(number)
	return text[:i], count, accelerator, ok && err == nil
}

// Accelerators lists the accelerators that have an offer.
func (m *Market) Accelerators() []string { return slices.Sorted(maps.Keys(m.byPart)) }
