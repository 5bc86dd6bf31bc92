package cli

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/scenario"
)

type decideCmd struct {
	Scenario  string   `arg:"" optional:"" help:"Scenario file (YAML); - for standard input. Without one, documented defaults are used." placeholder:"SCENARIO.YAML"`
	Usage     []string `help:"Call log to decide on; may be given more than once." placeholder:"FILE" sep:"none"`
	Candidate []string `help:"Open-weight model that would do, in place of the scenario's." placeholder:"MODEL"`
	logFlags
	constraintFlags
}

func (c decideCmd) Run(r run) error {
	if err := once(slices.Concat([]string{c.Scenario}, c.Usage, c.Sheet)...); err != nil {
		return err
	}
	priced, err := r.priced(c.sheetFlag)
	if err != nil {
		return err
	}
	var s scenario.Scenario
	if c.Scenario != "" {
		data, err := r.file(c.Scenario)
		if err != nil {
			return err
		}
		if s, err = priced.CheckScenario(called(c.Scenario), data); err != nil {
			return err
		}
	}
	if len(c.Candidate) > 0 {
		s.Candidates = nil
		for _, model := range c.Candidate {
			s.Candidates = append(s.Candidates, scenario.Candidate{Model: model})
		}
	}
	merge(&s.Constraint, c.constraints())
	o, err := c.options()
	if err != nil {
		return err
	}
	logs, err := r.calls(c.Usage, c.logFlags)
	if err != nil {
		return err
	}
	a, err := priced.Decide(app.DecideRequest{Scenario: s, Logs: logs, Options: o, Strict: c.Strict})
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printDecision(w, a) }); err != nil || a.Workload == nil {
		return err
	}
	return r.badRows(a.Workload.Files, c.logFlags)
}

// merge adds the constraints of flags to those of the scenario.
func merge(to *decide.Constraints, from decide.Constraints) {
	to.Elastic = to.Elastic || from.Elastic
	to.ModelQuality = to.ModelQuality || from.ModelQuality
	to.DataInside = to.DataInside || from.DataInside
	to.LowLatency = to.LowLatency || from.LowLatency
	to.Portable = to.Portable || from.Portable
	to.NoMLOps = to.NoMLOps || from.NoMLOps
	to.Compliance = append(to.Compliance, from.Compliance...)
	to.Attested = append(to.Attested, from.Attested...)
}

func printDecision(w io.Writer, a app.DecideAnswer) {
	if a.Quick != nil {
		printQuick(w, *a.Quick)
		return
	}
	d := a.Decision
	v := d.Verdict
	fmt.Fprintf(w, "%s\n%s\n", v.Headline, v.Sentence)
	fmt.Fprintf(w, "Confidence: %s. %s\n\n", v.Confidence, v.Why)
	fmt.Fprint(w, a.Workload.Sentence)
	if a.Workload.MeanOutput > 0 {
		fmt.Fprintf(w, " A mean call is %s input and %s output tokens.", ledger.Number(math.Round(a.Workload.MeanInput)), ledger.Number(math.Round(a.Workload.MeanOutput)))
	}
	fmt.Fprintf(w, " The busiest %s is %s times the mean.\n\n", a.Workload.Bucket, ledger.Number(math.Round(a.Workload.PeakToMean*100)/100))
	t := table{right: []bool{false, true, true, false}}
	t.row("option", "per month", "against today", "")
	t.rule()
	today := d.Options[0].Ledger.Total
	for _, o := range d.Options {
		against := signed(o.Ledger.Total - today)
		if o.Kind == decide.CurrentAPI {
			against = ""
		}
		t.row(o.Name, "$"+o.Ledger.Total.String(), against, remark(o, v.Option))
	}
	t.write(w)
	for _, o := range d.Options {
		fmt.Fprintf(w, "\n%s\n", line(o.Name))
		lt := table{right: []bool{false, true}}
		for _, l := range o.Ledger.Lines {
			lt.row("  "+l.Label, "$"+l.Amount.String(), l.Formula+"  ["+string(l.Provenance.Kind)+"]")
		}
		lt.row("  Total", "$"+o.Ledger.Total.String())
		lt.write(w)
		for _, r := range o.Reasons {
			fmt.Fprintf(w, "  Not feasible: %s\n", r.Why)
		}
		for _, m := range o.Missing {
			fmt.Fprintf(w, "  No price for %s: the total is a lower bound\n", line(m))
		}
		if o.Replicas > 0 {
			fmt.Fprintf(w, "  %s, %s, %.0f %% busy in the mean; bound by %s\n", ledger.Count(o.Replicas, "machine"), ledger.Count(o.GPUs, "GPU"), 100*o.BusyMean, o.Limit)
			if o.Confirmed != "" {
				fmt.Fprintf(w, "  %s\n", o.Confirmed)
			}
		}
	}
	fmt.Fprintln(w)
	for _, b := range d.BreakEvens {
		fmt.Fprintln(w, b.Sentence)
	}
	printFlips(w, v.Flips)
	if a.Bill != nil {
		fmt.Fprintf(w, "\nThe log's calls cost %s exactly%s.\n", dollars(a.Bill.Total), incomplete(*a.Bill))
	}
	printNotes(w, a.Notes)
	fmt.Fprintf(w, "\nbreakeven %s, price book %s, as of %s\n", a.Stamp.Version, a.Stamp.Snapshot, a.Stamp.AsOf)
}

func remark(o decide.Option, winner string) string {
	switch {
	case o.ID == winner:
		return "<- cheapest feasible"
	case !o.Feasible:
		return "not feasible: " + o.Reasons[0].Why
	}
	return ""
}

func incomplete(b app.Bill) string {
	if b.Complete {
		return ""
	}
	var names []string
	for _, m := range b.Missing {
		names = append(names, line(m.Name()))
	}
	return ", a lower bound: there is no price for " + strings.Join(names, ", ")
}

func printNotes(w io.Writer, notes []string) {
	if len(notes) == 0 {
		return
	}
	fmt.Fprintln(w, "\nNotes")
	for _, n := range notes {
		fmt.Fprintln(w, "  "+line(n))
	}
}
