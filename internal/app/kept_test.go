package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breakeven/internal/app"
	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
)

// keeping is an app that keeps the calls of logs in a new folder.
func keeping(t *testing.T, a *app.App, logs ...app.Source) *app.App {
	t.Helper()
	f, err := folder.Open(filepath.Join(t.TempDir(), "calls"), folder.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	a.Calls = f
	if len(logs) == 0 {
		return a
	}
	if _, err := a.UsageImport(t.Context(), app.ImportRequest{Logs: logs}); err != nil {
		t.Fatal(err)
	}
	return a
}

// Kept calls are asked as groups, and give what their log gives row by row: with price changes inside the log and inside
// a bucket, context bands, a time-of-day window, two tiers, sums of unknown numbers of calls, and calls without a price.
func TestKeptCallsCostWhatTheirLogCosts(t *testing.T) {
	log := text("log.csv", `start,end,model,input_tokens,output_tokens,tier,requests,project
2026-03-01T10:00:00Z,,acme/road-runner,1001,103,standard,1,a
2026-03-12T23:59:59Z,,acme/road-runner,999983,100,batch,1,a
2026-03-13T00:00:00Z,,acme/road-runner,200000,1,standard,1,b
2026-03-13T00:00:01Z,,acme/road-runner,200001,1,standard,1,b
2026-03-12T00:00:00Z,2026-03-14T00:00:00Z,acme/road-runner,7000000,77,standard,100,a
2026-03-14T00:00:00Z,2026-03-15T00:00:00Z,acme/road-runner,9000000,99,standard,,b
2026-04-01T21:59:59Z,,acme/road-runner,17,19,standard,1,b
2026-04-01T22:00:00Z,,acme/road-runner,23,29,standard,1,b
2026-04-02T01:59:59Z,,acme/road-runner,31,37,standard,1,b
2026-04-04T23:00:00Z,,acme/road-runner,41,43,standard,1,b
2026-04-05T10:00:00Z,,acme/coyote,47,53,standard,1,a
`)
	a := keeping(t, newApp().WithPrices(map[string][]byte{"acme.json": []byte(acme)}), log)
	kept, err := a.KeptSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range [][]string{{"model"}, {"day"}, {"project", "tier"}, {"hour", "model", "project"}, {"month"}} {
		for _, only := range []warehouse.Selection{{}, {From: time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC), Only: []warehouse.Filter{{Dimension: warehouse.Project, Values: []string{"b"}}}}} {
			want, err := a.UsageReport(app.UsageRequest{Logs: []app.Source{log.Select(only)}, By: by})
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.UsageReport(app.UsageRequest{Logs: []app.Source{kept.Select(only)}, By: by})
			if err != nil {
				t.Fatal(err)
			}
			got.Files, want.Files = nil, nil
			// How a file was read is told of the file alone.
			got.Notes, want.Notes = got.Bill.Notes, want.Bill.Notes
			if x, y := asText(t, got), asText(t, want); x != y {
				t.Errorf("by %v of %+v:\n%s\nand from the log\n%s", by, only, x, y)
			}
		}
	}
}

// The same log again adds nothing, and an answer from nothing is an error that says what to do.
func TestImportTwice(t *testing.T) {
	log := text("log.csv", "time,model,input_tokens,output_tokens\n2026-05-01T10:00:00Z,gpt-4o,1,1\n")
	a := keeping(t, newApp(), log)
	again, err := a.UsageImport(t.Context(), app.ImportRequest{Logs: []app.Source{log}})
	if err != nil || !again.Logs[0].Known || again.Logs[0].Rows != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	kept, err := a.KeptSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kind *app.KindError
	_, err = a.UsageReport(app.UsageRequest{Logs: []app.Source{kept.Select(warehouse.Selection{To: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})}})
	if !errors.As(err, &kind) || kind.Kind != app.Invalid || !strings.Contains(kind.Hint, "usage import") {
		t.Errorf("%v", err)
	}
	if _, err := a.UsageImport(t.Context(), app.ImportRequest{Logs: []app.Source{kept}}); !errors.As(err, &kind) || kind.Kind != app.BadUsage {
		t.Errorf("%v", err)
	}
}

// Old calls go by themselves, and a turn that finds none leaves no proof of nothing.
func TestRetain(t *testing.T) {
	log := text("log.csv", "time,model,input_tokens,output_tokens\n2026-08-01T10:00:00Z,gpt-4o,1,1\n2026-11-23T10:00:00Z,gpt-4o,1,1\n")
	a := keeping(t, newApp(), log)
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.Retain(ctx, 90, slog.New(slog.NewTextHandler(&said, nil)))
		}()
		time.Sleep(150 * time.Minute) // three turns
		stop()
		<-ended
		if strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "rows=1 kept=1") {
			t.Errorf("%s", said.String())
		}
	})
	k, err := a.KeptCalls(t.Context())
	if err != nil || k.Rows != 1 {
		t.Errorf("%+v, %v", k, err)
	}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// BenchmarkKeptReport groups 200,000 kept calls of 40 days by day, model and project.
func BenchmarkKeptReport(b *testing.B) {
	var log strings.Builder
	log.WriteString("time,model,input_tokens,output_tokens,project\n")
	begin := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	models := []string{"gpt-4o", "gpt-5.6-sol", "claude-sonnet-4-6", "claude-haiku-4-5", "gemini-2.5-pro"}
	const calls = 200_000
	for i := range calls {
		fmt.Fprintf(&log, "%s,%s,%d,%d,project-%d\n", begin.Add(time.Duration(i)*17*time.Second).Format(time.RFC3339), models[i%len(models)], 100+i%4000, 1+i%500, i%60)
	}
	f, err := folder.Open(filepath.Join(b.TempDir(), "calls"), folder.Options{Create: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	a := newApp()
	a.Calls = f
	if _, err := a.UsageImport(b.Context(), app.ImportRequest{Logs: []app.Source{text("log.csv", log.String())}}); err != nil {
		b.Fatal(err)
	}
	kept, err := a.KeptSource(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := a.UsageReport(app.UsageRequest{Logs: []app.Source{kept}, By: []string{"day", "model", "project"}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(calls*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
