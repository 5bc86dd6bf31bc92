package cli

import (
	"fmt"
	"io"

	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/price"
)

type calcCmd struct {
	Model       string  `help:"Provider and model." required:"" placeholder:"PROVIDER/MODEL"`
	Input       int64   `help:"Input tokens of a call, cached ones included." required:"" placeholder:"TOKENS"`
	Output      int64   `help:"Output tokens of a call, reasoning included." required:"" placeholder:"TOKENS"`
	CallsPerDay float64 `help:"Calls a day." required:"" placeholder:"N"`
	CachedShare float64 `help:"Share of the input tokens that the vendor's cache serves." default:"0" placeholder:"SHARE"`
	BatchShare  float64 `help:"Share of the calls that go to the batch tier." default:"0" placeholder:"SHARE"`
	sheetFlag
	Tier string `help:"Service tier of the other calls." default:"standard" placeholder:"TIER"`
}

func (c calcCmd) Run(r run) error {
	tier, err := price.ParseTier(c.Tier)
	if err != nil {
		return &app.KindError{Kind: app.BadUsage, Err: err}
	}
	priced, err := r.priced(c.sheetFlag)
	if err != nil {
		return err
	}
	a, err := priced.Calc(app.CalcRequest{
		Model: c.Model, Input: c.Input, Output: c.Output, CallsPerDay: c.CallsPerDay, CachedShare: c.CachedShare, BatchShare: c.BatchShare, Tier: tier,
	})
	if err != nil {
		return err
	}
	return r.print(a, func(w io.Writer) {
		fmt.Fprintf(w, "%s, %s/%s\n\n", a.Name, a.Provider, a.Model)
		t := table{right: []bool{false, true}}
		t.row("per call", dollars(a.PerCall))
		t.row("per day", dollars(a.PerDay))
		t.row("per month", dollars(a.PerMonth))
		t.row("per year", dollars(a.PerYear))
		t.write(w)
		fmt.Fprintln(w)
		lt := table{right: []bool{false, false, true, true, true}}
		lt.row("a year's", "tier", "quantity", "per million", "cost")
		lt.rule()
		for _, l := range a.Lines {
			lt.row(billed(l.Kind, l.As), l.Tier.String(), ledger.Number(float64(l.PerYear)), rate(l.Kind, l.Rate), dollars(l.Amount), evidence(l.Provenance))
		}
		lt.write(w)
		for _, m := range a.Missing {
			fmt.Fprintf(w, "No price for %s: the figures are a lower bound\n", m)
		}
		printNotes(w, a.Notes)
	})
}
