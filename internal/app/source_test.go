package app_test

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breakeven/examples"
	"breakeven/focus"
	"breakeven/internal/app"
	"breakeven/price"
	"breakeven/usage"
)

// answer is a line of a Claude Code session: a message with its output so far.
func answer(session, message string, output int) string {
	return fmt.Sprintf(`{"type":"assistant","timestamp":"2026-08-19T01:00:00.000Z","sessionId":%q,"message":{"id":%q,"model":"claude-opus-4-7","usage":{"input_tokens":1000,"output_tokens":%d}}}`+"\n", session, message, output)
}

// found is a log that was found in a folder.
func found(name, data string) app.Source {
	s := text(name, data)
	s.Found = true
	return s
}

// totals reports on logs, and is their tokens.
func reported(t *testing.T, logs ...app.Source) app.UsageAnswer {
	t.Helper()
	a, err := newApp().UsageReport(app.UsageRequest{Logs: logs})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A folder of sessions holds copies of answers: each counts once. What else lies there is passed over and said, and a
// file of nothing but copies is no error.
func TestSessionsOfAFolder(t *testing.T) {
	session := answer("s", "m1", 1) + answer("s", "m1", 50)
	logs := []app.Source{
		found("s.jsonl", session),
		found("s/subagents/a.jsonl", answer("s", "m1", 90)+answer("s", "m2", 7)),
		found("copy.jsonl", session),
		found("settings.json", `{"theme":"dark"}`),
		found("summary.jsonl", `{"type":"summary","summary":"nothing was asked"}`+"\n"),
	}
	a := reported(t, logs...)
	if a.Total.Output != 97 || a.Total.Input != 2000 || *a.Total.Requests != 2 {
		t.Errorf("total = %+v", a.Total)
	}
	for i, want := range []int64{0, 2, 0, 0, 0} {
		if a.Files[i].Calls != want {
			t.Errorf("%s: %d calls, want %d", a.Files[i].Name, a.Files[i].Calls, want)
		}
	}
	if !slices.ContainsFunc(a.Notes, func(n string) bool {
		return strings.HasPrefix(n, "2 files were found that are no logs, such as settings.json: no column holds tokens")
	}) {
		t.Errorf("notes = %q", a.Notes)
	}
	// A file that was named must be a log.
	if _, err := newApp().UsageReport(app.UsageRequest{Logs: []app.Source{logs[0], text("settings.json", `{"theme":"dark"}`)}}); err == nil {
		t.Error("a file that is no log is accepted though it was named")
	}
	if _, err := newApp().UsageReport(app.UsageRequest{Logs: logs[3:]}); err == nil {
		t.Error("a folder without a call is accepted")
	}
}

// The sample session, a copy of it in a subagent's file and its resumption are the sample session.
func TestCopiesOfTheSampleSession(t *testing.T) {
	root := cmp.Or(os.Getenv("BREAKEVEN_SHARED_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	data, err := os.ReadFile(filepath.Join(root, "usage-samples", "claude_code_session.jsonl"))
	if err != nil {
		t.Skipf("no shared data: %v; set BREAKEVEN_SHARED_DATA", err)
	}
	whole := string(data)
	lines := strings.SplitAfter(whole, "\n")
	subagent := strings.ReplaceAll(strings.Join(lines[:20], ""), `"requestId": "`, `"requestId": "copy_`)
	alone := reported(t, text("session.jsonl", whole))
	together := reported(t, text("session.jsonl", whole), text("subagent.jsonl", subagent), text("resumed.jsonl", whole))
	if alone.Total.Output == 0 || together.Total.Output != alone.Total.Output || together.Total.Input != alone.Total.Input || together.Total.Cost.String() != alone.Total.Cost.String() {
		t.Errorf("together %+v, alone %+v", together.Total, alone.Total)
	}
}

// Our own export is read back exactly: the same tokens by model and tier.
func TestFocusIsReadBack(t *testing.T) {
	a := newApp()
	example := app.Source{Name: examples.LogName, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(examples.Log))), nil }}
	for name, log := range map[string]app.Source{"example": example, "many": text("log.csv", manyCalls)} {
		for _, version := range focus.Versions() {
			exported, err := a.UsageFocus(app.FocusRequest{Logs: []app.Source{log}, Version: version})
			if err != nil {
				t.Fatal(err)
			}
			// The export calls models as the price book does.
			want := map[string]*price.Quantities{}
			for _, c := range exported.Charges {
				if c.Kind == price.Request { // requests are of all meters together
					continue
				}
				key := c.Provider + "/" + c.Model + " " + c.Tier.String()
				if want[key] == nil {
					want[key] = new(price.Quantities)
				}
				want[key][c.Kind] += c.Quantity
			}
			got := map[string]*price.Quantities{}
			source := csvSource(t, exported)
			in, err := source.Open()
			if err != nil {
				t.Fatal(err)
			}
			s, err := usage.Read(source.Name, in, usage.Options{}, func(c *usage.Call) error {
				key := c.Provider + "/" + c.Model + " " + c.Tier.String()
				if got[key] == nil {
					got[key] = new(price.Quantities)
				}
				return got[key].Add(&c.Quantities)
			})
			if err != nil || s.Format != "focus" || s.Faulty != 0 {
				t.Fatalf("%v, %+v", err, s)
			}
			if !maps.EqualFunc(got, want, func(a, b *price.Quantities) bool { return *a == *b }) {
				t.Errorf("%s, %s: got %+v, want %+v", name, version, got, want)
			}
			// It costs what the log cost, too.
			if again, once := reported(t, source).Total.Cost.String(), reported(t, log).Total.Cost.String(); again != once {
				t.Errorf("%s, %s: %s read back, %s of the log", name, version, again, once)
			}
		}
	}
}
