package app

import (
	"breakeven/catalog"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
)

// OpenModel is a model with open weights that can be sized for GPUs.
type OpenModel struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Total      float64  `json:"parameters" doc:"All parameters."`
	Active     float64  `json:"active_parameters" doc:"Parameters that one token uses."`
	MaxContext int64    `json:"max_context"`
	Licence    string   `json:"licence,omitempty"`
	Hosts      []string `json:"hosts" nullable:"false" doc:"Who sells it by the token."`
}

// OpenModels lists the models with open weights that can be sized for GPUs.
func (a *App) OpenModels() ([]OpenModel, error) {
	models, err := a.models()
	if err != nil {
		return nil, err
	}
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	list := []OpenModel{}
	for _, m := range models.All() {
		list = append(list, OpenModel{
			ID: m.ID, Name: m.String(), Total: float64(m.Parameters().Total()), Active: float64(m.Parameters().Active()), MaxContext: m.MaxContext,
			Licence: m.Licence.Name, Hosts: append([]string{}, sellersOf(book, m.ID)...),
		})
	}
	return list, nil
}

// Accelerator is an accelerator with the offers for it.
type Accelerator struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Vendor     string          `json:"vendor"`
	MemoryGiB  float64         `json:"memory_gib"`
	Bandwidth  float64         `json:"bandwidth_gb_per_second"`
	Provenance fact.Provenance `json:"provenance" doc:"Of the memory's figure."`
	Offers     []Offer         `json:"offers" nullable:"false" doc:"Cheapest per GPU first."`
}

// Offer is one price of a machine.
type Offer struct {
	Vendor   string    `json:"vendor"`
	Region   string    `json:"region"`
	Instance string    `json:"instance"`
	GPUs     int       `json:"gpus"`
	Term     gpu.Term  `json:"term"`
	Hourly   money.USD `json:"usd_per_hour" doc:"For the whole machine, exactly."`
	// Marketplace and Listed are those of [gpu.Offer]: neither a marketplace nor an average competes in a decision by
	// itself.
	Marketplace bool            `json:"marketplace,omitempty" doc:"The machine belongs to a third party."`
	Listed      bool            `json:"listed" doc:"The vendor states the price; any other is an average."`
	Provenance  fact.Provenance `json:"provenance"`
}

func offer(o gpu.Offer) Offer {
	return Offer{o.Vendor, o.Region, o.Instance, o.Count, o.Term, o.Hourly, o.Marketplace, o.Listed(), o.Provenance}
}

// Accelerators lists accelerators, with their offers where those are wanted.
func (a *App) Accelerators(offers bool) ([]Accelerator, error) {
	parts, err := a.accelerators()
	if err != nil {
		return nil, err
	}
	market, err := a.market()
	if err != nil {
		return nil, err
	}
	list := []Accelerator{}
	for _, p := range parts.All() {
		acc := Accelerator{
			ID: p.ID, Name: p.Name, Vendor: p.Vendor, MemoryGiB: p.Memory.GiB(), Bandwidth: float64(p.Bandwidth) / 1e9,
			Provenance: p.Provenance(gpu.MemoryFigure), Offers: []Offer{},
		}
		if offers {
			for _, o := range market.Offers(p.ID, gpu.Filter{}) {
				acc.Offers = append(acc.Offers, offer(o))
			}
		}
		list = append(list, acc)
	}
	return list, nil
}

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
			list = append(list, offer(o))
		}
	}
	return list, nil
}

// GPUSeries is what one accelerator cost per hour over time, by one source and in one sense.
type GPUSeries struct {
	ID          string          `json:"id"`
	Title       string          `json:"title" doc:"What is priced: a machine of a vendor, or an index of a named maker."`
	Accelerator string          `json:"accelerator,omitempty" doc:"Empty where the source does not say which form of the part is meant."`
	Term        gpu.Term        `json:"term"`
	Vendor      string          `json:"vendor,omitempty"`
	Region      string          `json:"region,omitempty"`
	Instance    string          `json:"instance,omitempty"`
	Points      []GPUPoint      `json:"points" nullable:"false" doc:"In the order of time; between two of them the series says nothing."`
	Provenance  fact.Provenance `json:"provenance"`
}

// GPUPoint is one figure of a series.
type GPUPoint struct {
	Month  string    `json:"month" example:"2026-09"`
	Hourly money.USD `json:"usd_per_gpu_hour"`
}

// GPUHistory lists what accelerators cost earlier.
func (a *App) GPUHistory() ([]GPUSeries, error) {
	history, err := catalog.GPUHistory()
	if err != nil {
		return nil, err
	}
	list := []GPUSeries{}
	for i := range history {
		h := &history[i]
		s := GPUSeries{
			ID: h.ID, Title: h.Title, Accelerator: h.Accelerator, Term: h.Term, Vendor: h.Vendor, Region: h.Region, Instance: h.Instance,
			Points: []GPUPoint{}, Provenance: h.Provenance,
		}
		for _, p := range h.Points() {
			s.Points = append(s.Points, GPUPoint{p.Month, p.Hourly})
		}
		list = append(list, s)
	}
	return list, nil
}
