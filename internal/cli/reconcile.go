package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/reconcile"
)

type usageReconcileCmd struct {
	Files      []string `arg:"" optional:"" help:"Call logs; - for standard input, and none for the calls that are kept." placeholder:"LOG"`
	Bill       []string `help:"A bill to hold the log against: a cost export of the vendor, the cloud or the gateway. Without one, the log's own costs are taken." placeholder:"FILE" sep:"none"`
	BillFormat string   `help:"The bill's format; detected if left out." placeholder:"NAME"`
	All        bool     `help:"Show every line, those that agree as well."`
	logFlags
}

func (c usageReconcileCmd) Run(r run) error {
	if err := once(slices.Concat(c.Files, c.Bill, c.Sheet)...); err != nil {
		return err
	}
	priced, logs, o, err := r.open(c.Files, c.logFlags)
	if err != nil {
		return err
	}
	request := app.ReconcileRequest{Logs: logs, Options: o, BillFormat: c.BillFormat, Strict: c.Strict}
	if len(c.Bill) > 0 {
		if request.Bills, err = r.logs(c.Bill); err != nil {
			return err
		}
	}
	a, err := priced.Reconcile(request)
	unsettled := app.KindOf(err) == app.Incomplete && a.Against != ""
	if err != nil && !unsettled {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printReconcile(w, a, c.All) }); err != nil {
		return err
	}
	if unsettled {
		return err
	}
	if err := r.badBills(a, c.logFlags); err != nil {
		return err
	}
	return r.badRows(a.Files, c.logFlags)
}

// badBills says which rows of the bills could not be read.
func (r run) badBills(a app.ReconcileAnswer, f logFlags) error {
	var faulty, rows int64
	for _, b := range a.Bills {
		faulty, rows = faulty+b.Faulty, rows+b.Rows
		if f.KeepGoing {
			continue
		}
		for _, fault := range b.Faults[:min(maxFaults, len(b.Faults))] {
			r.complain(fault.Error())
		}
	}
	if faulty == 0 || f.KeepGoing {
		return nil
	}
	return &app.KindError{
		Kind: app.Invalid, Err: fmt.Errorf("the answer leaves out %s of the bill that could not be read, of %s", ledger.Count(faulty, "row"), ledger.Count(rows, "row")),
		Hint: "mend them, or accept that with --keep-going",
	}
}

// shownLines is how many lines are shown if nobody asks for all.
const shownLines = 25

func printReconcile(w io.Writer, a app.ReconcileAnswer, all bool) {
	for _, f := range a.Files {
		fmt.Fprintf(w, "%s: %s, %s of %s\n", line(f.Name), f.Format, ledger.Count(f.Calls, "call"), ledger.Count(f.Rows, "row"))
	}
	for _, b := range a.Bills {
		fmt.Fprintf(w, "%s: %s, %s of %s; %s\n", line(b.Name), b.Format, ledger.Count(b.Billed, "amount"), ledger.Count(b.Rows, "row"), b.Rounding)
	}
	result := a.Result
	what := "billed"
	if a.Against == "log" {
		what = "reported"
	}
	fmt.Fprintln(w)
	t := table{right: []bool{false, true, true, true}}
	t.row("cause", "lines", "computed", what, "difference")
	t.rule()
	for _, c := range result.Causes {
		remark := ""
		if c.Standing != reconcile.Explained {
			remark = string(c.Standing)
		}
		t.row(c.Text, ledger.Number(float64(c.Lines)), exact(c.Computed), "$"+c.Billed.String(), change(c.Difference), remark)
	}
	t.rule()
	t.row("total", ledger.Number(float64(len(result.Lines))), exact(result.Computed), "$"+result.Billed.String(), change(result.Difference))
	t.right = append(t.right, true)
	t.write(w)
	fmt.Fprintf(w, "\nOf the difference of %s, %s is explained, %s is on one side only, and %s is unexplained.\n",
		change(result.Difference), change(result.Explained), change(result.Missing), change(result.Unexplained))
	printLines(w, result.Lines, all)
	if len(result.Apart) > 0 {
		fmt.Fprintln(w, "\nNot compared, and not in the totals:")
		for _, s := range result.Apart {
			fmt.Fprintf(w, "  %s\n", line(setApart(s)))
		}
	}
	printNotes(w, a.Notes)
}

// printLines shows the lines with the largest differences.
func printLines(w io.Writer, lines []reconcile.ReconciledLine, all bool) {
	shown := lines
	if !all {
		shown = slices.DeleteFunc(slices.Clone(lines), func(l reconcile.ReconciledLine) bool { return l.Cause == reconcile.Equal })
		shown = shown[:min(len(shown), shownLines)]
	}
	if len(shown) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := table{right: []bool{false, false, true, true, true, false}}
	t.row("when", "what", "computed", "billed", "difference", "cause")
	t.rule()
	for _, l := range shown {
		why := l.Why
		if len(l.Also) > 0 {
			why += " (or: " + strings.Join(l.Also, "; or: ") + ")"
		}
		t.row(when(l), named(l), exact(l.Computed), "$"+l.Billed.String(), change(l.Difference), strings.ReplaceAll(string(l.Cause), "_", " "), why)
	}
	t.write(w)
	if more := len(lines) - len(shown); more > 0 {
		fmt.Fprintf(w, "%s more; --all shows every line\n", ledger.Count(int64(more), "line"))
	}
}

// when is a line's period.
func when(l reconcile.ReconciledLine) string {
	if l.From.IsZero() {
		return ""
	}
	from, last := l.From.UTC().Format("2006-01-02"), l.To.Add(-1).UTC().Format("2006-01-02")
	if from == last || l.To.Sub(l.From).Hours() <= 24 {
		return from
	}
	return from + " to " + last
}

// named is what a line is about.
func named(l reconcile.ReconciledLine) string {
	parts := []string{l.Provider}
	if l.Model != "" {
		parts[0] += "/" + l.Model
	}
	for _, p := range []string{strings.ReplaceAll(l.Kind, "_", " "), l.Tier, l.Project} {
		if p != "" && p != "standard" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}

func setApart(s reconcile.SetApart) string {
	text := s.Why + ": " + ledger.Count(s.Rows, "row")
	if s.Provider != "" {
		text = s.Provider + ": " + text
	}
	if s.Currency != "" {
		return text + ", " + s.Amount + " " + s.Currency
	}
	return text + ", " + exact(s.Computed)
}

// exact is an amount with all of its digits: a reconciliation that rounds shows differences that are not there.
func exact(s money.Sum) string { return signedDollars(s, "") }

// change is the same with a plus sign.
func change(s money.Sum) string {
	if s.IsZero() {
		return "$0"
	}
	return signedDollars(s, "+")
}

func signedDollars(s money.Sum, plus string) string {
	text := s.String()
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		return "-$" + rest
	}
	return plus + "$" + text
}
