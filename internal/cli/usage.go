package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"breakeven/internal/app"
	"breakeven/ledger"
)

type usageCmd struct {
	Import     usageImportCmd    `cmd:"" help:"Keep the calls of logs, so that questions need no files. A log that was kept before adds nothing."`
	Kept       usageKeptCmd      `cmd:"" help:"Say what calls are kept, and from which logs."`
	Delete     usageDeleteCmd    `cmd:"" help:"Delete kept calls of a project, a user, a key or a time, and prove it."`
	Report     usageReportCmd    `cmd:"" help:"Read call logs and report tokens and cost, at the price in force at each call's time."`
	Profile    usageProfileCmd   `cmd:"" help:"Read call logs and say what their workload is like: arrivals, lengths, spend, and what the data can answer."`
	Export     usageExportCmd    `cmd:"" help:"Write call logs as FOCUS rows, for a FinOps tool: what each meter of each model measured and cost."`
	Reconcile  usageReconcileCmd `cmd:"" help:"Hold a bill, or the costs that a log itself reports, against what its calls cost, and explain each difference or flag it."`
	FocusCheck focusCheckCmd     `cmd:"" name:"focus-check" help:"Hold a FOCUS file against the static rules of the specification."`
	Formats    usageFormatsCmd   `cmd:"" help:"List the log formats that can be read, and how each is recognised."`
}

type usageReportCmd struct {
	Files []string `arg:"" optional:"" help:"Call logs: files, folders, https:// and s3:// addresses, - for standard input. The calls that are kept if left out." placeholder:"LOG"`
	By    []string `help:"Group by these, in order: hour, day, month, model, provider, project, user, key, tier." default:"model" placeholder:"DIMENSION"`
	logFlags
}

func (c usageReportCmd) Run(r run) error {
	priced, logs, o, err := r.open(c.Files, c.logFlags)
	if err != nil {
		return err
	}
	a, err := priced.UsageReport(app.UsageRequest{Logs: logs, Options: o, By: c.By, Strict: c.Strict})
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printReport(w, a) }); err != nil {
		return err
	}
	return r.badRows(a.Files, c.logFlags)
}

func printReport(w io.Writer, a app.UsageAnswer) {
	for _, f := range a.Files {
		fmt.Fprintf(w, "%s: %s, %s of %s\n", line(f.Name), f.Format, ledger.Count(f.Calls, "call"), ledger.Count(f.Rows, "row"))
	}
	fmt.Fprintln(w)
	right := make([]bool, 0, len(a.By)+5)
	head := append([]string(nil), a.By...)
	for range a.By {
		right = append(right, false)
	}
	head = append(head, "requests", "input", "output", "cost", "reported")
	right = append(right, true, true, true, true, true)
	t := table{right: right}
	t.row(head...)
	t.rule()
	add := func(groups []string, r *app.UsageRow) {
		requests, cost, reported, remark := "unknown", "no price", "-", ""
		if r.Cost != nil {
			cost = dollars(*r.Cost)
		}
		if r.Requests != nil {
			requests = ledger.Number(float64(*r.Requests))
		}
		if r.Reported != nil {
			reported = dollars(*r.Reported)
		}
		if !r.Complete {
			remark = "incomplete"
		}
		t.row(append(groups, requests, ledger.Number(float64(r.Input)), ledger.Number(float64(r.Output)), cost, reported, remark)...)
	}
	for _, r := range a.Rows {
		groups := make([]string, 0, len(a.By))
		for _, d := range a.By {
			groups = append(groups, group(d, r.Group.Get(d)))
		}
		add(groups, r)
	}
	t.rule()
	total := make([]string, len(a.By))
	total[0] = "total"
	add(total, &a.Total)
	t.write(w)
	if len(a.Changes) > 0 {
		fmt.Fprintln(w, "\nPrice changes in this time:")
		for _, c := range a.Changes {
			fmt.Fprintf(w, "  %s\n", line(c.Text))
		}
	}
	if len(a.Bill.Missing) > 0 {
		fmt.Fprintln(w, "\nWithout a price, and not in the total:")
		for _, m := range a.Bill.Missing {
			fmt.Fprintf(w, "  %s: %s. %s\n", line(m.Name()), missingHow(m), line(missingWhy(m)))
		}
	}
	printNotes(w, a.Notes)
}

// group names a group of a report, also where the log says nothing.
func group(dimension, value string) string {
	if value == "" {
		return "(no " + dimension + ")"
	}
	return value
}

// missingHow is how much has no price. A kind without a rate is counted in tokens alone, or in requests or searches.
func missingHow(m app.MissingPrice) string {
	if m.Rows == 0 {
		return grouped(strconv.FormatInt(m.Tokens, 10))
	}
	return ledger.Count(m.Tokens, "token") + " in " + ledger.Count(m.Rows, "row")
}

// missingWhy is why it has none, and what to do where the log names no model.
func missingWhy(m app.MissingPrice) string {
	if m.Model == "" {
		return "Name their model with --as PROVIDER/MODEL"
	}
	return strings.ToUpper(m.Why[:1]) + m.Why[1:]
}

type usageFormatsCmd struct{}

func (usageFormatsCmd) Run(r run) error {
	formats := r.app.UsageFormats()
	return r.print(formats, func(w io.Writer) {
		for _, f := range formats {
			fmt.Fprintf(w, "%s: %s\n  recognised by %s\n", f.Name, f.Title, strings.TrimSpace(f.Detect))
		}
	})
}
