package price

import (
	"fmt"
	"time"

	"breakeven/fact"
	"breakeven/money"
)

// Line is one kind of a quote.
type Line struct {
	Kind     Kind
	Quantity int64
	Rate     money.Rate
	// As is the kind whose rate applies; it differs from Kind where the vendor bills one as the other.
	As         Kind
	Amount     money.Sum
	Provenance fact.Provenance
}

// Quote is the price of a call, or of a group of calls with the same [Ref].
type Quote struct {
	Ref   Ref
	Lines []Line
	// Input, Output and Fees are the parts of Total; all are exact.
	Input, Output, Fees, Total money.Sum
	// Missing lists the kinds that were used and have no rate. The total leaves them out.
	Missing []Kind
}

// Complete reports whether every kind that was used has a rate.
func (q *Quote) Complete() bool { return len(q.Missing) == 0 }

// Quote prices one call at an instant.
func (s *Sheet) Quote(quantities *Quantities, at time.Time) (Quote, error) {
	return s.Ref(quantities.InputTokens(), at).Quote(quantities)
}

// Quote prices quantities at the rates of the ref, itemised.
func (r Ref) Quote(quantities *Quantities) (Quote, error) {
	quote := Quote{Ref: r}
	if err := quantities.Check(); err != nil {
		return quote, err
	}
	cells := r.cells()
	for k := range KindCount {
		n := quantities[k]
		if n == 0 {
			continue
		}
		c := &cells[k]
		if c.from == nil {
			if k != Request { // most vendors bill no call as such
				quote.Missing = append(quote.Missing, k)
			}
			continue
		}
		line := Line{Kind: k, Quantity: n, Rate: c.rate, As: c.as, Provenance: *c.from}
		if err := line.Amount.Add(n, c.rate); err != nil {
			return quote, fmt.Errorf("%s of %s: %w", k, r.Sheet.ID(), err)
		}
		part := [...]*money.Sum{InputSide: &quote.Input, OutputSide: &quote.Output, FeeSide: &quote.Fees}[k.Side()]
		if err := part.AddSum(line.Amount); err != nil {
			return quote, fmt.Errorf("total of %s: %w", r.Sheet.ID(), err)
		}
		if err := quote.Total.AddSum(line.Amount); err != nil {
			return quote, fmt.Errorf("total of %s: %w", r.Sheet.ID(), err)
		}
		quote.Lines = append(quote.Lines, line)
	}
	return quote, nil
}

// Cost prices quantities at the rates of the ref without itemising and without allocating. It reports whether
// every kind had a rate.
func (r Ref) Cost(quantities *Quantities) (total money.Sum, complete bool, err error) {
	cells := r.cells()
	complete = true
	for k := range KindCount {
		n := quantities[k]
		if n == 0 {
			continue
		}
		if cells[k].from == nil {
			complete = complete && k == Request
			continue
		}
		if err := total.Add(n, cells[k].rate); err != nil {
			return total, false, fmt.Errorf("%s of %s: %w", k, r.Sheet.ID(), err)
		}
	}
	return total, complete, nil
}
