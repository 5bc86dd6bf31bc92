package app

import (
	"errors"
	"fmt"
	"strings"

	"breakeven/decide"
	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/reconcile"
	"breakeven/usage"
)

// ReconcileRequest asks why a bill is not what its usage costs.
type ReconcileRequest struct {
	Logs       []Source
	Options    usage.Options
	Bills      []Source // none: the costs that the log itself reports
	BillFormat string   // empty to detect it
	Strict     bool     // a difference that is not explained is an error
}

// ReconcileAnswer is what was billed beside what the usage costs, with the cause of each difference.
type ReconcileAnswer struct {
	Stamp   Stamp               `json:"stamp"`
	Against string              `json:"against" enum:"log,bill" doc:"What the computed cost is held against: the costs that the log itself reports, or bills."`
	Files   []usage.Summary     `json:"files" nullable:"false"`
	Bills   []usage.BillSummary `json:"bills" nullable:"false"`
	Result  reconcile.Result    `json:"result"`
	Missing []MissingPrice      `json:"missing" nullable:"false" doc:"What has no price. It is not in the computed cost, and it is not zero."`
	Notes   []string            `json:"notes" nullable:"false"`
}

// reconciling is the sink of one pass over the logs.
type reconciling struct {
	prices *pricer
	own    *reconcile.Reported
	bills  *reconcile.Bills // instead of own
}

// Reconcile holds bills, or a log's own costs, against what the usage costs, and explains each difference or flags it.
func (a *App) Reconcile(r ReconcileRequest) (ReconcileAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return ReconcileAnswer{}, err
	}
	book, err := a.book()
	if err != nil {
		return ReconcileAnswer{}, err
	}
	if err := checkBillFormat(r.BillFormat); err != nil {
		return ReconcileAnswer{}, err
	}
	o := r.Options
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	sink, files, err := read(r.Logs, o,
		func() *reconciling {
			s := &reconciling{prices: newPricer(book, a.Now())}
			if len(r.Bills) > 0 {
				s.bills = reconcile.NewBills(book)
			} else {
				s.own = reconcile.NewReported(book)
			}
			return s
		},
		func(s *reconciling, c *usage.Call) error { return s.add(c) })
	if err != nil {
		return ReconcileAnswer{}, err
	}
	sink.prices.leaveOut(files)
	priced, err := sink.prices.bill()
	if err != nil {
		return ReconcileAnswer{}, err
	}
	answer := ReconcileAnswer{Stamp: stamp, Against: "log", Files: files, Bills: []usage.BillSummary{}, Missing: priced.Missing, Notes: priced.Notes}
	if sink.bills != nil {
		answer.Against = "bill"
		if answer.Bills, err = readBills(r.Bills, usage.BillOptions{Format: r.BillFormat, Strict: r.Options.Strict}, sink.bills); err != nil {
			return answer, err
		}
		answer.Result, err = sink.bills.Result()
	} else {
		answer.Result, err = sink.own.Result()
	}
	if err != nil {
		return answer, err
	}
	answer.finish(files)
	if r.Strict && !answer.Result.Settled {
		return answer, &KindError{Kind: Incomplete, Err: errors.New(unsettled(&answer.Result))}
	}
	return answer, nil
}

// finish adds what the files say of themselves.
func (answer *ReconcileAnswer) finish(files []usage.Summary) {
	reported := false
	for _, b := range answer.Bills {
		for _, f := range b.Foreign {
			answer.Result.Apart = append(answer.Result.Apart, reconcile.SetApart{Why: "the amounts of " + b.Name + " are not in dollars, and are not converted", Rows: f.Rows, Currency: f.Currency, Amount: f.Amount})
		}
		answer.Notes = append(answer.Notes, b.Notes...)
		if b.Faulty > 0 {
			answer.Notes = append(answer.Notes, fmt.Sprintf("%d of %s of %s cannot be read and are left out; the first: %s", b.Faulty, ledger.Count(b.Rows, "row"), b.Name, b.Faults[0].Error()))
		}
	}
	for _, l := range answer.Result.Lines {
		reported = reported || l.BillLines > 0
	}
	if !reported && answer.Against == "log" {
		answer.Notes = append(answer.Notes, "The log reports no costs of its own: give the bill to hold it against.")
	}
	answer.Notes = append(answer.Notes, answer.Result.Notes...)
	for _, f := range files {
		answer.Notes = append(answer.Notes, f.Notes...)
		if f.Faulty > 0 {
			answer.Notes = append(answer.Notes, unreadRows(f))
		}
	}
	answer.Notes = sentences(answer.Notes)
}

// unsettled says what is left open.
func unsettled(r *reconcile.Result) string {
	var parts []string
	for _, c := range r.Causes {
		if c.Standing != reconcile.Explained {
			parts = append(parts, fmt.Sprintf("%s ($%s in %s)", c.Text, c.Difference, ledger.Count(c.Lines, "line")))
		}
	}
	return "not everything is explained: " + strings.Join(parts, "; ")
}

// add prices a row and hands it on.
func (s *reconciling) add(c *usage.Call) error {
	ref, priced, err := s.prices.add(c)
	if err != nil {
		return err
	}
	u := reconcile.Usage{
		Start: c.Start, End: c.End, Provider: c.Provider, Model: c.Model, Project: c.Project, Tier: c.Tier, Quantities: c.Quantities, Rows: 1, Reported: c.Reported,
	}
	if priced {
		u.Ref = ref
	}
	if s.own != nil {
		if !warehouse.Dated(c.Start) {
			u.Start = s.prices.now // the time at which it is priced
		}
		return s.own.Add(&u)
	}
	if !warehouse.Dated(c.Start) {
		return &KindError{Kind: Invalid, Err: errors.New("a call has no date, and a bill is about days"), Hint: "name the column of the time with --map time=COLUMN, or export a log with dates"}
	}
	return s.bills.AddUsage(&u)
}

func readBills(sources []Source, o usage.BillOptions, to *reconcile.Bills) ([]usage.BillSummary, error) {
	list := make([]usage.BillSummary, 0, len(sources))
	for _, src := range sources {
		in, err := src.Open()
		if err != nil {
			return list, unopened(src, err)
		}
		s, err := usage.ReadBill(src.Name, in, o, to.AddBill)
		if closed := in.Close(); err == nil {
			err = closed
		}
		if err == nil && s.Billed == 0 && s.Faulty > 0 {
			err = &usage.FileError{File: src.Name, Problem: "holds no line that could be read; the first: " + s.Faults[0].Error(), Hint: "name the format, or mend the export"}
		}
		if err != nil {
			return list, err
		}
		list = append(list, s)
	}
	return list, nil
}

func checkBillFormat(name string) error {
	names := make([]string, 0, 16)
	for _, f := range usage.BillFormats() {
		if f.Name == name {
			return nil
		}
		names = append(names, f.Name)
	}
	if name == "" {
		return nil
	}
	return &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "bill_format", Value: name, Problem: "is not a bill that can be read", Hint: "the bills are " + strings.Join(names, ", ")}}
}
