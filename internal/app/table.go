package app

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/price"
)

// Table is an answer as rows and columns, for spreadsheets: exact decimals, and empty cells for what is not known.
type Table struct {
	Header []string
	// Rows hands on the rows one after another; their memory is used again.
	Rows iter.Seq[[]string]
}

// Tabular is an answer that is a table.
type Tabular interface{ Table() Table }

// WriteCSV writes the table. A name that a spreadsheet would take for a formula gets an apostrophe in front: names come
// from logs, and whoever wrote a log is not trusted.
func (t Table) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(t.Header); err != nil {
		return err
	}
	row := make([]string, len(t.Header))
	for cells := range t.Rows {
		for i, cell := range cells {
			row[i] = harmless(cell)
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// harmless is a cell that no spreadsheet runs. Numbers stay as they are.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsAny(cell[:1], "=+-@\t\r") {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}

// Table is one row for each group, with the tokens of each kind that occurs.
func (a UsageAnswer) Table() Table {
	var kinds []price.Kind
	for _, k := range price.Kinds() {
		if a.Total.Tokens[k] != 0 && k != price.Request {
			kinds = append(kinds, k)
		}
	}
	t := Table{Header: append([]string{}, a.By...)}
	t.Header = append(t.Header, "rows", "requests", "input_tokens", "output_tokens")
	for _, k := range kinds {
		t.Header = append(t.Header, "quantity_"+k.String())
	}
	t.Header = append(t.Header, "usd", "complete", "reported_usd")
	t.Rows = func(yield func([]string) bool) {
		var row []string
		for _, r := range a.Rows {
			row = append(row[:0], r.Group.Values...)
			row = append(row, decimal(r.Calls), known(r.Requests, decimal), decimal(r.Input), decimal(r.Output))
			for _, k := range kinds {
				row = append(row, decimal(r.Tokens[k]))
			}
			if !yield(append(row, known(r.Cost, money.Sum.String), strconv.FormatBool(r.Complete), known(r.Reported, money.USD.String))) {
				return
			}
		}
	}
	return t
}

// Table is how the spend divides, one row for each model, project and user.
func (a ProfileAnswer) Table() Table {
	t := Table{Header: []string{"by", "name", "others", "rows", "input_tokens", "output_tokens", "usd", "share", "complete"}}
	t.Rows = func(yield func([]string) bool) {
		for _, s := range a.Spend {
			for _, r := range s.Rows {
				share := ""
				if r.Share != nil {
					share = strconv.FormatFloat(float64(*r.Share), 'f', 6, 64)
				}
				if !yield([]string{s.By, r.Name, strconv.Itoa(r.Others), decimal(r.Calls), decimal(r.Input), decimal(r.Output), known(r.Cost, money.Sum.String), share, strconv.FormatBool(r.Complete)}) {
					return
				}
			}
		}
	}
	return t
}

// Table is one row for each line, the largest difference first.
func (answer ReconcileAnswer) Table() Table {
	t := Table{Header: []string{
		"from", "to", "provider", "model", "kind", "tier", "project", "grain", "computed_usd", "billed_usd", "difference_usd", "rounding_usd", "standing", "cause", "why", "tokens",
		"billed_tokens", "rows", "bill_lines",
	}}
	t.Rows = func(yield func([]string) bool) {
		for i := range answer.Result.Lines {
			l := &answer.Result.Lines[i]
			if !yield([]string{
				when(l.From), when(l.To), l.Provider, l.Model, l.Kind, l.Tier, l.Project, strings.Join(l.Grain, " "), l.Computed.String(), l.Billed.String(), l.Difference.String(),
				l.Rounding.String(), string(l.Standing), string(l.Cause), l.Why, decimal(l.Tokens), known(l.Counted, decimal), decimal(l.Rows), decimal(l.BillLines),
			}) {
				return
			}
		}
	}
	return t
}

// when is an instant, or nothing where there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// known is a value's text, or nothing where it is not known.
func known[T any](v *T, text func(T) string) string {
	if v == nil {
		return ""
	}
	return text(*v)
}
