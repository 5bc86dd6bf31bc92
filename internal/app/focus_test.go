package app_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"breakeven/focus"
	"breakeven/internal/app"
	"breakeven/money"
)

// manyCalls is a log over a price change, of two vendors, three projects, cached tokens, searches, batches, a long
// context and an aggregate over two days.
const manyCalls = `time,end,model,input_tokens,output_tokens,cached_tokens,web_searches,project,user,tier,requests
2026-08-19T23:59:59Z,,gpt-5.6-sol,1001,103,7,0,web,ann,standard,1
2026-08-20T10:00:00Z,,gpt-5.6-sol,999983,100,13,0,web,ben,standard,1
2026-08-21T10:00:00Z,,gpt-5.6-sol,1000,100,0,0,web,ann,batch,1
2026-08-22T10:00:00Z,,gpt-5.6-sol,300007,101,3,0,app,ann,standard,1
2026-08-22T10:30:00Z,,gpt-5.6-sol,300011,1,0,0,app,ben,standard,1
2026-08-22T11:00:00Z,,claude-sonnet-4-6,300001,107,299,3,app,,standard,1
2026-08-22T11:30:00Z,,claude-sonnet-4-6,17,1,0,0,,,batch,1
2026-08-22T00:00:00Z,2026-08-24T00:00:00Z,claude-sonnet-4-6,123456789,1234567,1001,0,job,,standard,4000
`

// The costs of the rows add up to the report's exact total, whatever the period and the tags.
func TestFocusAddsUpToTheReport(t *testing.T) {
	a := newApp()
	logs := []app.Source{text("log.csv", manyCalls)}
	report, err := a.UsageReport(app.UsageRequest{Logs: logs})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range []app.FocusRequest{
		{Period: "day"}, {Period: "day", Tags: []string{"project", "user"}}, {Period: "hour", Tags: []string{"user", "key"}, Version: focus.V14},
	} {
		r.Logs = logs
		answer, err := a.UsageFocus(r)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := focus.Write(&b, answer.Version, answer.Charges); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range []string{"BilledCost", "EffectiveCost", "ListCost", "ContractedCost"} {
			var total money.Sum
			for _, record := range records[1:] {
				var cost money.Sum
				if err := cost.UnmarshalText([]byte(record[slices.Index(records[0], column)])); err != nil {
					t.Fatal(err)
				}
				if err := total.AddSum(cost); err != nil {
					t.Fatal(err)
				}
			}
			if total != *report.Total.Cost || total != answer.Total {
				t.Errorf("%s %v: %s adds up to %s, the report has %s", r.Period, r.Tags, column, total, report.Total.Cost)
			}
		}
		rows[r.Period+strings.Join(r.Tags, ",")] = len(records) - 1
		if !answer.Complete {
			t.Errorf("incomplete: %v", answer.Missing)
		}
		if r.Version == focus.V14 {
			continue
		}
		conformance, err := a.FocusCheck(app.FocusCheckRequest{File: csvSource(t, answer)})
		if err != nil || !conformance.Conforms {
			t.Errorf("%v %+v", err, conformance)
		}
	}
	if rows["day"] >= rows["dayproject,user"] {
		t.Errorf("two users of a project on a day are two rows: %v", rows)
	}
}

func csvSource(t *testing.T, a app.FocusAnswer) app.Source {
	t.Helper()
	var b bytes.Buffer
	if err := focus.Write(&b, a.Version, a.Charges); err != nil {
		t.Fatal(err)
	}
	return text("focus.csv", b.String())
}

// A bucket that is wider than a day keeps its own span.
func TestFocusSpans(t *testing.T) {
	a := newApp()
	answer, err := a.UsageFocus(app.FocusRequest{Logs: []app.Source{text("log.csv", manyCalls)}})
	if err != nil {
		t.Fatal(err)
	}
	var spans []string
	for _, c := range answer.Charges {
		spans = append(spans, c.Start.Format("01-02 15h")+" to "+c.End.Format("01-02 15h"))
	}
	want := []string{"08-19 00h to 08-20 00h", "08-20 00h to 08-21 00h", "08-21 00h to 08-22 00h", "08-22 00h to 08-23 00h", "08-22 00h to 08-24 00h"}
	if got := slices.Compact(spans); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
