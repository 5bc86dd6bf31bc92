package app

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
)

// PriceEffect is what one change of a price did to a log: what its calls cost since then, less what they would have cost
// at the rates before.
type PriceEffect struct {
	At       time.Time  `json:"at" doc:"When the new rates took effect."`
	Provider string     `json:"provider"`
	Model    string     `json:"model"`
	Route    string     `json:"route,omitempty"`
	Tier     price.Tier `json:"tier"`
	Rows     int64      `json:"rows" doc:"Rows of the log under the new rates, until the next change."`
	Cost     money.Sum  `json:"usd" doc:"What they cost."`
	Before   money.Sum  `json:"usd_before" doc:"What they would have cost at the rates before."`
	Effect   money.Sum  `json:"usd_effect" doc:"The difference: below zero where the change saved money."`
	Complete bool       `json:"complete" doc:"Whether both prices have a rate for everything; the difference is no more than a hint otherwise."`
	Text     string     `json:"text" doc:"The same in words."`
}

// changes follows what price changes do as rows stream by.
type changes struct {
	first  time.Time
	before map[*price.Sheet]*price.Sheet // the sheet that was in force before; nil where there was none
	sums   map[changed]*changedSum
}

type changed struct{ is, was price.Ref }

type changedSum struct {
	rows       int64
	quantities price.Quantities
}

func newChanges() *changes {
	return &changes{before: map[*price.Sheet]*price.Sheet{}, sums: map[changed]*changedSum{}}
}

// add counts a group that was priced by a sheet.
func (c *changes) add(g *warehouse.Group, series price.Series, sheet *price.Sheet, is price.Ref, input int64, when time.Time) error {
	if !warehouse.Dated(g.Start) {
		return nil
	}
	if c.first.IsZero() || g.Start.Before(c.first) {
		c.first = g.Start
	}
	before, seen := c.before[sheet]
	if !seen {
		if from := sheet.Effective.From; !from.IsZero() {
			before = series.At(from.Add(-1), time.Time{})
		}
		c.before[sheet] = before
	}
	if before == nil {
		return nil
	}
	key := changed{is: is, was: before.Ref(input, when)}
	sum := c.sums[key]
	if sum == nil {
		sum = new(changedSum)
		c.sums[key] = sum
	}
	sum.rows += g.Rows
	return sum.quantities.Add(&g.Quantities)
}

// effects lists the changes inside the log's span that made a difference, in the order of time.
func (c *changes) effects() ([]PriceEffect, error) {
	bySheet := map[*price.Sheet]*PriceEffect{}
	for key, sum := range c.sums {
		s := key.is.Sheet
		if !s.Effective.From.After(c.first) {
			continue
		}
		e := bySheet[s]
		if e == nil {
			e = &PriceEffect{At: s.Effective.From.UTC(), Provider: s.Provider, Model: s.Model, Route: s.Route, Tier: s.Tier, Complete: true}
			bySheet[s] = e
		}
		e.Rows += sum.rows
		for _, side := range []struct {
			ref price.Ref
			to  *money.Sum
		}{{key.is, &e.Cost}, {key.was, &e.Before}} {
			cost, complete, err := side.ref.Cost(&sum.quantities)
			if err != nil {
				return nil, err
			}
			e.Complete = e.Complete && complete
			if err := side.to.AddSum(cost); err != nil {
				return nil, err
			}
		}
	}
	list := []PriceEffect{}
	for _, e := range bySheet {
		e.Effect = e.Cost
		if err := e.Effect.Sub(e.Before); err != nil {
			return nil, err
		}
		if e.Effect.IsZero() {
			continue
		}
		e.Text = e.sentence()
		list = append(list, *e)
	}
	slices.SortFunc(list, func(x, y PriceEffect) int {
		return cmp.Or(x.At.Compare(y.At), strings.Compare(x.Provider, y.Provider), strings.Compare(x.Model, y.Model), strings.Compare(x.Route, y.Route), cmp.Compare(x.Tier, y.Tier))
	})
	return list, nil
}

// sentence says what the change did, as in "The 30 July 2026 cut of openai/gpt-5.6-luna saved you $4,180.22.".
func (e *PriceEffect) sentence() string {
	model := e.Provider + "/" + e.Model
	if e.Tier != price.Standard {
		model += " (" + e.Tier.String() + ")"
	}
	what, did := "cut", "saved"
	if dollars(e.Effect) > 0 {
		what, did = "rise", "cost"
	}
	more := ""
	if what == "rise" {
		more = " more"
	}
	amount := "less than $0.01"
	if cents, err := ledger.Round(math.Abs(dollars(e.Effect))); err == nil && cents != 0 {
		amount = "$" + cents.String()
	}
	text := fmt.Sprintf("The %s %s of %s %s you %s%s.", e.At.Format("2 January 2006"), what, model, did, amount, more)
	if !e.Complete {
		text += " Not all of it has a rate in both prices."
	}
	return text
}
