package app

import "breakeven/gpu"

// CheapestOffers are an accelerator's cheapest offers per GPU, one for each term that has any. Marketplaces and
// averages are left out, as in a decision: machines of strangers come and go, and at an average nothing need be for rent.
func (a *App) CheapestOffers(accelerator string) ([]Offer, error) {
	market, err := a.market()
	if err != nil {
		return nil, err
	}
	list := []Offer{}
	for _, term := range gpu.Terms() {
		if o, ok := market.Cheapest(accelerator, gpu.Filter{Term: term, Dedicated: true, Listed: true}); ok {
			list = append(list, Offer{o.Vendor, o.Region, o.Instance, o.Count, o.Term, o.Hourly, o.Provenance})
		}
	}
	return list, nil
}
