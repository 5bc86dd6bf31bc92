package app

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/registry"
)

// ExportRow is one rate with its decision: a line of an export.
type ExportRow struct {
	registry.Row

	Verified bool `json:"verified"`
}

// Export lists every rate in force at an instant, as was known at another, with its evidence and what the sources say
// of it. Zero instants are now.
func (a *App) Export(ctx context.Context, at, knownAsOf time.Time) ([]ExportRow, error) {
	s, err := a.shelf(ctx)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		at = a.Now()
	}
	b, err := a.board(s, at, knownAsOf)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	if !knownAsOf.IsZero() {
		now = knownAsOf
	}
	rows := make([]ExportRow, 0, len(b.rates)+len(b.machines))
	for _, row := range slices.Concat(b.rates, b.machines) {
		rows = append(rows, ExportRow{row, row.Verified(now, DefaultMaxAge)})
	}
	return rows, nil
}

// exportColumns are the columns of an export as CSV, with what each holds of a row.
var exportColumns = []struct {
	name string
	of   func(*ExportRow) string
}{
	{"provider", func(r *ExportRow) string { return r.Provider }},
	{"model", func(r *ExportRow) string { return r.Model }},
	{"route", func(r *ExportRow) string { return r.Route }},
	{"tier", func(r *ExportRow) string { return string(r.Tier) }},
	{"kind", func(r *ExportRow) string { return string(r.Kind) }},
	{"above_input_tokens", func(r *ExportRow) string { return strconv.FormatInt(r.Above, 10) }},
	{"boundary_included", func(r *ExportRow) string { return strconv.FormatBool(r.Inclusive) }},
	{"window", func(r *ExportRow) string { return r.Window }},
	{"usd_per_million", func(r *ExportRow) string { return r.Rate.String() }},
	{"provenance", func(r *ExportRow) string { return string(r.Provenance.Kind) }},
	{"source", func(r *ExportRow) string { return r.Provenance.Source }},
	{"url", func(r *ExportRow) string { return r.Provenance.URL }},
	{"date", func(r *ExportRow) string { return string(r.Provenance.Date) }},
	{"rule", func(r *ExportRow) string { return r.Provenance.Rule }},
	{"verified", func(r *ExportRow) string { return strconv.FormatBool(r.Verified) }},
	{"outcome", func(r *ExportRow) string { return string(r.Decision.Outcome) }},
	{"sources_usd_per_million", func(r *ExportRow) string {
		if r.Decision.Rate == nil {
			return ""
		}
		return r.Decision.Rate.String()
	}},
	{"agree", func(r *ExportRow) string { return who(r.Decision.Agree) }},
	{"differ", func(r *ExportRow) string { return who(r.Decision.Differ) }},
	{"checked", func(r *ExportRow) string { return day(r.Checked) }},
}

// who names sources with what they say: "litellm 3; portkey 3".
func who(statements []registry.Statement) string {
	names := make([]string, len(statements))
	for i, s := range statements {
		names[i] = s.Source.ID + " " + s.Rate.String()
	}
	return strings.Join(names, "; ")
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// WriteCSV writes an export as CSV with a header. A field that a spreadsheet would run as a formula is quoted by an
// apostrophe: names come from public tables.
func WriteCSV(w io.Writer, rows []ExportRow) error {
	out := csv.NewWriter(w)
	record := make([]string, len(exportColumns))
	for i, c := range exportColumns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for i := range rows {
		for j, c := range exportColumns {
			record[j] = c.of(&rows[i])
			if strings.ContainsAny(record[j][:min(1, len(record[j]))], "=+-@\t\r") {
				record[j] = "'" + record[j]
			}
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
