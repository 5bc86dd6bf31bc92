package cli

import (
	"fmt"
	"io"
	"math"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/scenario"
)

type quickCmd struct {
	API         float64  `name:"api" help:"What the API costs today, dollars per month." required:"" placeholder:"USD"`
	GPU         float64  `name:"gpu" help:"GPU rental at the design utilization, dollars per month." required:"" placeholder:"USD"`
	Ops         float64  `help:"People who run it, dollars per month." required:"" placeholder:"USD"`
	Tooling     *float64 `help:"Tooling, and migration spread over the horizon, dollars per month; 7000 is assumed." placeholder:"USD"`
	Utilization *float64 `help:"Share of the GPUs' capacity that real traffic uses; 0.3733 is assumed." placeholder:"SHARE"`
	Design      *float64 `name:"design-utilization" help:"The utilization that the GPU bill assumes; 0.7 is assumed." placeholder:"SHARE"`
	Vendor      string   `help:"Whose API it is, for the attestations that constraints ask for." placeholder:"NAME"`
	constraintFlags
}

// constraintFlags are the seven constraints as flags.
type constraintFlags struct {
	Elastic      bool     `help:"Constraint: load is bursty." group:"Constraints"`
	ModelQuality bool     `help:"Constraint: only today's model will do." group:"Constraints"`
	Compliance   []string `help:"Constraint: attestations that whoever sees the data must hold (soc2, hipaa_baa, fedramp_high, eu_residency)." placeholder:"NAME" group:"Constraints"`
	DataInside   bool     `help:"Constraint: data may not leave infrastructure of your own." group:"Constraints"`
	LowLatency   bool     `help:"Constraint: latency must be under your own control." group:"Constraints"`
	Portable     bool     `help:"Constraint: no lock-in." group:"Constraints"`
	Attested     []string `help:"Vendor whose attestations you have checked yourself." placeholder:"VENDOR" group:"Constraints"`
	NoMLOps      bool     `name:"no-mlops" help:"Constraint: there is no team that could run inference." group:"Constraints"`
}

func (f constraintFlags) constraints() decide.Constraints {
	return decide.Constraints{
		Elastic: f.Elastic, ModelQuality: f.ModelQuality, Compliance: f.Compliance, Attested: f.Attested, DataInside: f.DataInside,
		LowLatency: f.LowLatency, Portable: f.Portable, NoMLOps: f.NoMLOps,
	}
}

func (c quickCmd) Run(r run) error {
	parts := scenario.Parts{API: c.API, GPU: c.GPU, Ops: c.Ops, Tooling: c.Tooling, Utilization: c.Utilization, Design: c.Design}
	a, err := r.app.Quick(app.QuickRequest{Quick: parts.Quick(), Constraints: c.constraints(), Vendor: c.Vendor})
	if err != nil {
		return err
	}
	return r.print(a, func(w io.Writer) { printQuick(w, a) })
}

func printQuick(w io.Writer, a app.QuickAnswer) {
	fmt.Fprintf(w, "%s\n%s\n\n", a.Recommendation.Headline, a.Recommendation.Sentence)
	t := table{right: []bool{false, true, true}}
	t.row("per month", "as listed", "with all terms")
	t.rule()
	for _, l := range a.AllTerms.Self.Lines {
		listed := "-"
		if other, ok := a.AsListed.Self.Line(l.ID); ok {
			listed = "$" + other.Amount.String()
		}
		t.row(l.Label, listed, "$"+l.Amount.String(), l.Formula)
	}
	t.rule()
	t.row("Self-hosting", "$"+a.AsListed.Self.Total.String(), "$"+a.AllTerms.Self.Total.String())
	t.row("API", "$"+a.AsListed.API.Total.String(), "$"+a.AllTerms.API.Total.String())
	t.row("Self-hosting minus API", signed(a.AsListed.Gap), signed(a.AllTerms.Gap))
	t.write(w)
	if !a.Agree {
		fmt.Fprintln(w, "\nThe two readings disagree: the terms as listed leave out what decides.")
	}
	fmt.Fprintln(w)
	b := a.BreakEven
	switch {
	case b.Scale != nil:
		fmt.Fprintf(w, "Break-even: %s times today's workload, which is $%s a month of API spend.\n", ledger.Number(math.Round(*b.Scale*1000)/1000), ledger.Number(math.Round(*b.APISpend)))
	default:
		fmt.Fprintf(w, "Break-even: never. %s\n", b.Never)
	}
	if b.Utilization != nil {
		fmt.Fprintf(w, "At today's scale: %s %% utilization.\n", ledger.Number(math.Round(1000**b.Utilization)/10))
	} else {
		fmt.Fprintf(w, "At today's scale: no utilization. %s\n", b.NoUtil)
	}
	printFlips(w, a.Flips)
	printNotes(w, a.Notes)
}

func printFlips(w io.Writer, flips []decide.Flip) {
	if len(flips) == 0 {
		return
	}
	fmt.Fprintln(w, "\nOne change alone that makes both sides equal, smallest first:")
	for _, f := range flips {
		fmt.Fprintf(w, "  %s\n", f.Sentence)
	}
}

// signed writes an amount with its sign.
func signed(a ledger.Amount) string {
	if a < 0 {
		return "-$" + (-a).String()
	}
	return "+$" + a.String()
}
