package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"breakeven/focus"
	"breakeven/internal/app"
	"breakeven/internal/logfile"
	"breakeven/money"
)

// asParquet is an export as a Parquet file, read back as JSON lines.
func asParquet(t *testing.T, a app.FocusAnswer) string {
	t.Helper()
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := app.FocusTypes["parquet"].Write(b, a.Version, a.Charges); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same rows are two files")
	}
	lines, err := logfile.Decode("focus.parquet", bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A Parquet file has the cells of the CSV file: texts, times, and decimals of which nothing was rounded. Costs add up
// to the exact total, and both files pass the same rules.
func TestFocusParquet(t *testing.T) {
	a := newApp()
	for _, version := range focus.Versions() {
		answer, err := a.UsageFocus(app.FocusRequest{Logs: []app.Source{text("log.csv", manyCalls)}, Version: version, Tags: []string{"project", "user"}})
		if err != nil {
			t.Fatal(err)
		}
		lines := asParquet(t, answer)
		types := map[string]focus.Type{}
		for _, c := range focus.Columns(version) {
			types[c.Name] = c.Type
		}
		var total money.Sum
		rows := strings.Split(strings.TrimSuffix(lines, "\n"), "\n")
		if len(rows) != len(answer.Rows) {
			t.Fatalf("%d rows, want %d", len(rows), len(answer.Rows))
		}
		for i, line := range rows {
			var cells map[string]any
			in := json.NewDecoder(strings.NewReader(line))
			in.UseNumber()
			if err := in.Decode(&cells); err != nil {
				t.Fatal(err)
			}
			if len(cells) != len(types) {
				t.Errorf("row %d: %d columns, want %d", i, len(cells), len(types))
			}
			for name, cell := range cells {
				want, there := answer.Rows[i][name]
				got, isText := cell.(string)
				if number, ok := cell.(json.Number); ok {
					// 0.005 is written with all of its twelve decimals.
					whole, fraction, _ := strings.Cut(number.String(), ".")
					if len(fraction) != focus.Scale || types[name] != focus.Number {
						t.Errorf("%s %s has %d decimals", name, number, len(fraction))
					}
					got = strings.TrimSuffix(strings.TrimRight(whole+"."+fraction, "0"), ".")
				} else if there && !isText {
					t.Errorf("row %d: %s is %v", i, name, cell)
				}
				if types[name] == focus.Time {
					got = strings.Replace(got, ".000000Z", "Z", 1)
				}
				if got != want || (cell == nil) == there {
					t.Errorf("row %d: %s is %v, want %q", i, name, cell, want)
				}
				if name == "BilledCost" {
					var cost money.Sum
					if err := cost.UnmarshalText([]byte(got)); err != nil {
						t.Fatal(err)
					}
					if err := total.AddSum(cost); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if total != answer.Total {
			t.Errorf("the costs add up to %s, want %s", total, answer.Total)
		}
		report, err := a.FocusCheck(app.FocusCheckRequest{File: text("focus.parquet", lines), Version: version})
		if err != nil || !report.Conforms || report.Skipped != 0 || report.Rows != int64(len(rows)) {
			t.Errorf("%v %+v", err, report)
		}
		same, err := a.FocusCheck(app.FocusCheckRequest{File: csvSource(t, answer), Version: version})
		if err != nil || same.Passed != report.Passed {
			t.Errorf("%d rules hold for CSV, and %d for Parquet: %v", same.Passed, report.Passed, err)
		}
	}
}

// What has no price is null in every cost, and such a file does not conform.
func TestFocusParquetOfWhatHasNoPrice(t *testing.T) {
	a := newApp()
	answer, err := a.UsageFocus(app.FocusRequest{Logs: []app.Source{text("log.csv", "time,model,input_tokens,output_tokens\n2026-08-22T10:00:00Z,acme-9000,1000,100\n")}})
	if err != nil {
		t.Fatal(err)
	}
	lines := asParquet(t, answer)
	if strings.Count(lines, `"BilledCost":null`) != 2 || strings.Count(lines, `"ConsumedQuantity":1000.000000000000`) != 1 {
		t.Error(lines)
	}
	report, err := a.FocusCheck(app.FocusCheckRequest{File: text("focus.parquet", lines)})
	if err != nil || report.Conforms {
		t.Errorf("%v %+v", err, report)
	}
}
