package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"breakeven/focus"
	"breakeven/internal/app"
	"breakeven/reconcile"
	"breakeven/usage"
)

// sample is a file of the shared usage exports, which render one workload into every format.
func sample(t *testing.T, name string) app.Source {
	t.Helper()
	folder := os.Getenv("BREAKEVEN_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(folder, "usage-samples", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared usage samples are not here: %v", err)
	}
	return app.FileSource(path)
}

// What vendors report as usage beside what they report as cost, at the catalog's own prices. All of it is explained: it is
// equal, or rounded to cents, or another route. What a format does not tell is flagged.
func TestReconcileSamples(t *testing.T) {
	for _, tt := range []struct {
		log, bill                              string
		computed, billed, missing, unexplained string
		lines                                  int
		causes                                 map[reconcile.Cause]int64
	}{
		{"openai_usage_completions_1h.json", "openai_costs_1d.json", "1.545317825", "1.545317825", "0", "0", 45, map[reconcile.Cause]int64{reconcile.Equal: 45}},
		{"openai_usage_completions_1h.json", "openai_dashboard_cost.csv", "1.545317825", "1.545317825", "0", "0", 3, map[reconcile.Cause]int64{reconcile.Equal: 3}},
		{"openai_dashboard_usage.csv", "openai_costs_1d.json", "1.545317825", "1.545317825", "0", "0", 45, map[reconcile.Cause]int64{reconcile.Equal: 45}},
		{"anthropic_usage_report_messages_1h.json", "anthropic_cost_report_1d.json", "1.49243575", "1.49243575", "0", "0", 28, map[reconcile.Cause]int64{reconcile.Equal: 28}},
		{"anthropic_usage_report_messages_1h.json", "anthropic_console_cost.csv", "1.49243575", "1.5", "0", "0", 15, map[reconcile.Cause]int64{reconcile.Rounding: 15}},
		{"anthropic_console_tokens.csv", "anthropic_cost_report_1d.json", "1.49243575", "1.49243575", "0", "0", 15, map[reconcile.Cause]int64{reconcile.Equal: 15}},
		{"litellm_spendlogs.jsonl", "focus_1_4_llm_spend.csv", "3.037753575", "3.037753575", "0", "0", 73, map[reconcile.Cause]int64{reconcile.Equal: 73}},
		{"litellm_spendlogs.jsonl", "litellm_daily_user_spend.csv", "3.037753575", "3.037753575", "0", "0", 9, map[reconcile.Cause]int64{reconcile.Equal: 9}},
		{"litellm_spendlogs.jsonl", "", "3.037753575", "3.037753575", "0", "0", 11, map[reconcile.Cause]int64{reconcile.Equal: 11}},
		// The log names the region, whose route is 1.1 times as dear, and no lifetimes of cache writes; the bill is that of the
		// default route, with the lifetimes.
		{"bedrock_invocation_log.jsonl", "aws_cur2_bedrock.csv", "1.623842825", "1.49243575", "0", "0", 12, map[reconcile.Cause]int64{reconcile.OtherRoute: 9, reconcile.Several: 3}},
		// The log tells neither batches nor cache writes apart.
		{"openrouter_activity.csv", "openrouter_daily.csv", "2.9395025", "3.037753575", "0", "0.098251075", 9, map[reconcile.Cause]int64{reconcile.Equal: 4, reconcile.Unexplained: 5}},
		{"gcp_billing_export_gemini.jsonl", "gcp_billing_export_gemini.jsonl", "12.2444106", "12.2444106", "0", "0", 9, map[reconcile.Cause]int64{reconcile.Equal: 9}},
	} {
		t.Run(tt.log+" "+tt.bill, func(t *testing.T) {
			r := app.ReconcileRequest{Logs: []app.Source{sample(t, tt.log)}}
			if tt.bill != "" {
				r.Bills = []app.Source{sample(t, tt.bill)}
			}
			a, err := newApp().Reconcile(r)
			if err != nil {
				t.Fatal(err)
			}
			got := a.Result
			if got.Computed.String() != tt.computed || got.Billed.String() != tt.billed || got.Missing.String() != tt.missing || got.Unexplained.String() != tt.unexplained || len(got.Lines) != tt.lines {
				t.Errorf("computed %s, billed %s, missing %s, unexplained %s in %d lines", got.Computed, got.Billed, got.Missing, got.Unexplained, len(got.Lines))
			}
			for _, c := range got.Causes {
				if tt.causes[c.Cause] != c.Lines {
					t.Errorf("%s: %d lines, want %d", c.Cause, c.Lines, tt.causes[c.Cause])
				}
			}
			if len(got.Causes) != len(tt.causes) {
				t.Errorf("%d causes", len(got.Causes))
			}
		})
	}
}

// A log written as FOCUS and read back as a bill is what the log costs, meter by meter: whatever the tiers, the bands and the
// spans of its rows.
func TestReconcileOwnExport(t *testing.T) {
	a := newApp()
	logs := []app.Source{text("log.csv", manyCalls)}
	export, err := a.UsageFocus(app.FocusRequest{Logs: logs, Tags: []string{"project"}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := focus.Write(&b, focus.V12, export.Charges); err != nil {
		t.Fatal(err)
	}
	answer, err := a.Reconcile(app.ReconcileRequest{Logs: logs, Bills: []app.Source{text("bill.csv", b.String())}})
	if err != nil {
		t.Fatal(err)
	}
	r := answer.Result
	if !r.Settled || r.Computed.String() != export.Total.String() || len(r.Apart) != 0 {
		t.Errorf("%+v", r)
	}
	for _, l := range r.Lines {
		if l.Cause != reconcile.Equal && l.Cause != reconcile.Rounding || l.Counted != nil && *l.Counted != l.Tokens {
			t.Errorf("%+v", l)
		}
	}
}

// Logs and bills in another order give the same bytes; a bad row of a bill is shown, and strict stops at it.
func TestReconcileOrder(t *testing.T) {
	const bill = "start_time_iso,end_time_iso,amount_value,amount_currency\n2026-08-22T00:00:00Z,2026-08-23T00:00:00Z,1.5,usd\n"
	one, two := text("one.csv", manyCalls), text("two.csv", "time,model,input_tokens,output_tokens\n2026-08-22T09:00:00Z,gpt-5.6-sol,5,5\n")
	first, second := text("a.csv", bill), text("b.csv", bill+"2026-08-22T00:00:00Z,2026-08-23T00:00:00Z,much,usd\n")
	run := func(logs, bills []app.Source) string {
		a, err := newApp().Reconcile(app.ReconcileRequest{Logs: logs, Bills: bills})
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(a.Result)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if a, b := run([]app.Source{one, two}, []app.Source{first, second}), run([]app.Source{two, one}, []app.Source{second, first}); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	_, err := newApp().Reconcile(app.ReconcileRequest{Logs: []app.Source{one}, Bills: []app.Source{second}, Options: usage.Options{Strict: true}})
	if app.KindOf(err) != app.Invalid {
		t.Errorf("strict: %v", err)
	}
	_, err = newApp().Reconcile(app.ReconcileRequest{Logs: []app.Source{one}, Bills: []app.Source{first}, Strict: true})
	if app.KindOf(err) != app.Incomplete {
		t.Errorf("strict: %v", err)
	}
}
