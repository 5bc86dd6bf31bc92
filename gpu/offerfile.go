package gpu

import (
	"fmt"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/money"
)

// OfferSchema names the version of the offer file format that this package reads.
const OfferSchema = "breakeven/offers/v1"

// OfferFile is the format of catalog/offers: what one vendor rents out.
type OfferFile struct {
	Schema string `json:"schema"`
	Vendor string `json:"vendor"`
	Name   string `json:"name"`
	URL    string `json:"url,omitempty"`
	Note   string `json:"note,omitempty"`
	// Marketplace marks a vendor that brokers machines of third parties.
	Marketplace bool                       `json:"marketplace,omitempty"`
	Sources     map[string]fact.Provenance `json:"sources"`
	Offers      []Machine                  `json:"offers"`
}

// Machine is one rentable machine in one region, with its price for each term, in dollars per hour for the
// whole machine.
type Machine struct {
	Region      string             `json:"region"`
	Instance    string             `json:"instance"`
	Accelerator string             `json:"accelerator"`
	Count       int                `json:"count"`
	Hourly      map[Term]money.USD `json:"usd_per_hour"`
	Source      string             `json:"source"`
	Note        string             `json:"note,omitempty"`
}

// ParseOffers reads an offer file strictly: an unknown field, a second document, a price that is not above
// zero or not an exact decimal is an error. A machine becomes one offer for each of its terms.
func ParseOffers(name string, data []byte) ([]Offer, error) {
	var f OfferFile
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, err
	}
	fail := failer(name)
	if f.Schema != OfferSchema {
		return nil, fail("schema", "%q is not %q", f.Schema, OfferSchema)
	}
	if path, err := datafile.CheckSources(f.Sources); err != nil {
		return nil, fail(path, "%w", err)
	}
	if f.Vendor == "" {
		return nil, fail("vendor", "missing")
	}
	offers := make([]Offer, 0, 2*len(f.Offers))
	for i := range f.Offers {
		m := &f.Offers[i]
		fault := func(field, format string, args ...any) error {
			return fail(fmt.Sprintf("offers[%d] (%s %s).%s", i, m.Region, m.Instance, field), format, args...)
		}
		source, ok := f.Sources[m.Source]
		if !ok {
			return nil, fault("source", "%q is not one of the file's sources", m.Source)
		}
		if len(m.Hourly) == 0 {
			return nil, fault("usd_per_hour", "empty: a machine without a price is no offer")
		}
		for term := range m.Hourly {
			if _, err := ParseTerm(string(term)); err != nil {
				return nil, fault("usd_per_hour", "%w", err)
			}
		}
		for _, term := range Terms() {
			price, ok := m.Hourly[term]
			if !ok {
				continue
			}
			o := Offer{
				Vendor: f.Vendor, Region: m.Region, Instance: m.Instance, Accelerator: m.Accelerator, Count: m.Count,
				Term: term, Hourly: price, Note: m.Note, Marketplace: f.Marketplace, Provenance: source,
			}
			if field, err := o.check(); err != nil {
				return nil, fault(field, "%w", err)
			}
			offers = append(offers, o)
		}
	}
	return offers, nil
}
