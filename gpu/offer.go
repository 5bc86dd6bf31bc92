package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/unit"
)

// Term is how long a machine is taken for.
type Term string

// The terms.
const (
	OnDemand   Term = "on_demand"   // by the hour, for as long as one likes
	Spot       Term = "spot"        // by the hour, and it can be taken away
	Reserved1y Term = "reserved_1y" // committed for a year, paid whether used or not
	Reserved3y Term = "reserved_3y" // committed for three years, paid whether used or not
)

// Terms lists the terms.
func Terms() []Term { return []Term{OnDemand, Spot, Reserved1y, Reserved3y} }

// ParseTerm checks a term.
func ParseTerm(text string) (Term, error) {
	if t := Term(text); slices.Contains(Terms(), t) {
		return t, nil
	}
	return "", fmt.Errorf("unknown term %q; the terms are %s", text, join(Terms()))
}

// Offer is one price of one rentable machine.
type Offer struct {
	Vendor      string // who rents it out
	Region      string // "any" where the vendor prices all regions alike
	Instance    string
	Accelerator string // an accelerator's ID
	Count       int    // accelerators in the machine
	Term        Term
	Hourly      money.USD // for the whole machine, per hour
	Note        string
	// Marketplace tells that the machine belongs to a third party, whose prices move by the week and whose
	// machines come and go.
	Marketplace bool
	// Provenance says who states the price. A source without a day has an empty date.
	Provenance fact.Provenance
}

// USDPerGPUHour is an estimate of what one accelerator costs per hour.
type USDPerGPUHour float64

// PerGPU is the hourly price over the number of accelerators, for comparing and for charts.
func (o Offer) PerGPU() USDPerGPUHour {
	return USDPerGPUHour(o.Hourly.Estimate() / float64(max(o.Count, 1)))
}

// Listed reports whether the vendor states this price for this machine. Any other is an average over machines or
// regions, at which nothing need be for rent.
func (o Offer) Listed() bool { return o.Provenance.Kind == fact.Published }

// Monthly is the exact price of the machine for a month of [unit.HoursPerMonth].
func (o Offer) Monthly() (money.USD, error) {
	hi, lo := bits.Mul64(uint64(o.Hourly), unit.HoursPerMonth)
	if o.Hourly < 0 || hi != 0 || lo > 1<<63-1 {
		return 0, fmt.Errorf("a month of %s: %w", o.ID(), money.ErrOverflow)
	}
	return money.USD(lo), nil
}

// ID names the offer: "aws/us-east-1/p5.48xlarge, 8 × h100-sxm, on_demand".
func (o Offer) ID() string {
	return fmt.Sprintf("%s/%s/%s, %s", o.Vendor, o.Region, o.Machine(), o.Term)
}

// Machine names the instance with its accelerators: "p5.48xlarge, 8 × h100-sxm". Some vendors use one name for machines
// with different accelerators; see [Market.Machine].
func (o Offer) Machine() string {
	return fmt.Sprintf("%s, %d × %s", o.Instance, o.Count, o.Accelerator)
}

// Compare orders offers by price per accelerator, exactly, and offers of one price by name, then the newest
// source first.
func (o Offer) Compare(p Offer) int { return compareOffers(&o, &p) }

// compareOffers is [Offer.Compare] without copying.
func compareOffers(o, p *Offer) int {
	if c := comparePerGPU(o, p); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(o.Vendor, p.Vendor),
		cmp.Compare(o.Region, p.Region),
		cmp.Compare(o.Instance, p.Instance),
		cmp.Compare(o.Count, p.Count),
		cmp.Compare(o.Term, p.Term),
		cmp.Compare(p.Provenance.Date, o.Provenance.Date),
		cmp.Compare(o.Provenance.Source, p.Provenance.Source),
	)
}

// comparePerGPU compares price/count by cross multiplication through 128 bits: no division, no rounding.
func comparePerGPU(o, p *Offer) int {
	oHi, oLo := bits.Mul64(uint64(max(o.Hourly, 0)), uint64(max(p.Count, 1)))
	pHi, pLo := bits.Mul64(uint64(max(p.Hourly, 0)), uint64(max(o.Count, 1)))
	return cmp.Or(cmp.Compare(oHi, pHi), cmp.Compare(oLo, pLo))
}

// check reports the first field that no offer can have.
func (o *Offer) check() (path string, err error) {
	switch {
	case o.Region == "":
		return "region", errors.New("missing; write \"any\" where the vendor prices all regions alike")
	case o.Instance == "":
		return "instance", errors.New("missing")
	case o.Accelerator == "":
		return "accelerator", errors.New("missing")
	case o.Count < 1 || o.Count > 1024:
		return "count", fmt.Errorf("%d accelerators is not between 1 and 1,024; a share of one cannot be planned with", o.Count)
	case o.Hourly <= 0:
		return "usd_per_hour." + string(o.Term), fmt.Errorf("%s is not above zero; leave an unknown price out", o.Hourly)
	}
	return "", nil
}
