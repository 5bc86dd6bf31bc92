package feed

import (
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/registry"
)

// Offers reads a document in the schema of the catalog's offers: a vendor's or a team's own price list. A machine is
// named with its accelerators, "p5.48xlarge, 8 × h100-sxm", because one instance can be had with different ones.
func Offers(data []byte, date fact.Date) (*Table, error) {
	const table = "offers"
	offers, err := gpu.ParseOffers(table, data)
	if err != nil {
		return nil, &FormatError{table, err}
	}
	t := newTable(registry.Source{ID: table, Title: "Offers of rented machines"}, date)
	for i := range offers {
		o := &offers[i]
		if i == 0 {
			t.Source.ID, t.Source.Title = table+"/"+o.Vendor, "Offers of "+o.Vendor
		}
		t.Source.Date = max(t.Source.Date, o.Provenance.Date)
		m := Machine{Vendor: o.Vendor, Region: o.Region, Instance: o.Machine(), Term: o.Term, URL: o.Provenance.URL}
		rate, err := ratePerHour(o.Hourly)
		t.hourly(m, o.Accelerator, rate, err)
	}
	if len(t.Machines) == 0 {
		return nil, &FormatError{table, errNoMachines}
	}
	return t, nil
}

// OffersFeed is a feed of one document that [Offers] reads. Its source is named by whoever knows the document: the
// address, a title, and whether the vendor itself publishes it.
func OffersFeed(s registry.Source, address string) Feed {
	return machines(whole(s, Offers, address))
}
