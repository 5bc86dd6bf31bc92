package cli

import (
	"fmt"
	"io"
	"strings"

	"breakeven/internal/app"
	"breakeven/ledger"
)

type usageCmd struct {
	Report  usageReportCmd  `cmd:"" help:"Read call logs and report tokens and cost, at the price in force at each call's time."`
	Formats usageFormatsCmd `cmd:"" help:"List the log formats that can be read, and how each is recognised."`
}

type usageReportCmd struct {
	Files []string `arg:"" help:"Call logs; - for standard input." placeholder:"FILE"`
	By    []string `help:"Group by these, in order: hour, day, month, model, provider, project, user, key, tier." default:"model" placeholder:"DIMENSION"`
	logFlags
}

func (c usageReportCmd) Run(r run) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	logs, err := r.sources(c.Files)
	if err != nil {
		return err
	}
	priced, err := r.priced(c.sheetFlag)
	if err != nil {
		return err
	}
	a, err := priced.UsageReport(app.UsageRequest{Logs: logs, Options: o, By: c.By, Strict: c.Strict})
	if err != nil {
		return err
	}
	return r.print(a, func(w io.Writer) { printReport(w, a) })
}

func printReport(w io.Writer, a app.UsageAnswer) {
	for _, f := range a.Files {
		fmt.Fprintf(w, "%s: %s, %d calls of %d rows\n", f.Name, f.Format, f.Calls, f.Rows)
	}
	fmt.Fprintln(w)
	right := make([]bool, 0, len(a.By)+5)
	head := append([]string(nil), a.By...)
	for range a.By {
		right = append(right, false)
	}
	head = append(head, "requests", "input", "output", "$", "$ reported")
	right = append(right, true, true, true, true, true)
	t := table{right: right}
	t.row(head...)
	t.rule()
	line := func(groups []string, r app.UsageRow) {
		requests, cost, reported, remark := "unknown", "no price", "-", ""
		if r.Cost != nil {
			cost = r.Cost.String()
		}
		if r.Requests != nil {
			requests = ledger.Number(float64(*r.Requests))
		}
		if r.Reported != nil {
			reported = r.Reported.String()
		}
		if !r.Complete {
			remark = "incomplete"
		}
		t.row(append(groups, requests, ledger.Number(float64(r.Input)), ledger.Number(float64(r.Output)), cost, reported, remark)...)
	}
	for _, r := range a.Rows {
		groups := make([]string, 0, len(a.By))
		for _, d := range a.By {
			groups = append(groups, r.Group[d])
		}
		line(groups, r)
	}
	t.rule()
	total := make([]string, len(a.By))
	total[0] = "total"
	line(total, a.Total)
	t.write(w)
	if len(a.Bill.Missing) > 0 {
		fmt.Fprintln(w, "\nWithout a price, and not in the total:")
		for _, m := range a.Bill.Missing {
			fmt.Fprintf(w, "  %s: %s tokens in %d rows. %s\n", m.Name(), ledger.Number(float64(m.Tokens)), m.Rows, m.Why)
		}
	}
	printNotes(w, a.Notes)
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
