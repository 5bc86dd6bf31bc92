package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"breakeven/internal/app"
	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/usage"
)

// watched is a source that tells how often it was opened and not yet closed.
func watched(name, log string, open *atomic.Int64) app.Source {
	return app.Source{Name: name, Open: func() (io.ReadCloser, error) {
		open.Add(1)
		return &watchedReader{strings.NewReader(log), open}, nil
	}}
}

type watchedReader struct {
	io.Reader
	open *atomic.Int64
}

func (w *watchedReader) Close() error {
	w.open.Add(-1)
	return nil
}

func keeper(t *testing.T) *app.App {
	t.Helper()
	engine, err := folder.Open(filepath.Join(t.TempDir(), "calls"), folder.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	a := newApp()
	a.Calls = engine
	return a
}

// calls is a log of n calls of some 130 bytes each.
func calls(n int) string {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"id":"request-%08d","timestamp":"2026-05-%02dT10:00:%02d.000Z","provider":"openai","model":"gpt-5-mini","input_tokens":%d,"output_tokens":7}`+"\n", i, 1+i%28, i%60, i)
	}
	return b.String()
}

// A log is known by its bytes, whether these are hashed before it is read, as those of a small log are, or meanwhile.
// Known, it is not read for its faults.
func TestImportKnowsALog(t *testing.T) {
	for name, rows := range map[string]int{"small": 10, "large": 60_000} {
		t.Run(name, func(t *testing.T) {
			a := keeper(t)
			log := calls(rows) + `{"id":}` + "\n"
			var open atomic.Int64
			request := func(log string) app.ImportRequest {
				return app.ImportRequest{Logs: []app.Source{watched("log.jsonl", log, &open)}}
			}
			first, err := a.UsageImport(t.Context(), request(log))
			if err != nil || len(first.Logs) != 1 || first.Logs[0].Known || first.Logs[0].Added != int64(rows) || len(first.Logs[0].Digest) != 64 || first.Files[0].Faulty != 1 {
				t.Fatalf("%+v, %v", first, err)
			}
			strict, aside := request(log), request(log)
			strict.Options.Strict = true
			aside.Aside = func(e *usage.RowError) error { return e }
			for how, r := range map[string]app.ImportRequest{"again": request(log), "strictly": strict, "with rows set aside": aside} {
				second, err := a.UsageImport(t.Context(), r)
				if err != nil || len(second.Logs) != 1 || !second.Logs[0].Known || second.Logs[0].ID != first.Logs[0].ID || len(second.Files) != 0 {
					t.Errorf("%s: %+v, %v", how, second, err)
				}
			}
			// One byte more is another log; its calls are kept already.
			other, err := a.UsageImport(t.Context(), request(log+"\n"))
			if err != nil || other.Logs[0].Known || other.Logs[0].Same != int64(rows) {
				t.Errorf("%+v, %v", other, err)
			}
			if n := open.Load(); n != 0 {
				t.Errorf("%d readers are open", n)
			}
		})
	}
}

// failing is a log whose second half cannot be read.
func failing(log string) app.Source {
	return app.Source{Name: "log.jsonl", Open: func() (io.ReadCloser, error) {
		half := strings.NewReader(log[:len(log)/2])
		return io.NopCloser(io.MultiReader(half, brokenReader{})), nil
	}}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// Of a log that cannot be read to its end nothing is kept.
func TestImportOfHalfALog(t *testing.T) {
	for _, rows := range []int{10, 60_000} {
		a := keeper(t)
		_, err := a.UsageImport(t.Context(), app.ImportRequest{Logs: []app.Source{failing(calls(rows))}})
		if err == nil || !strings.Contains(err.Error(), "log.jsonl") || !strings.Contains(err.Error(), "the disk is gone") {
			t.Errorf("%d rows: %v", rows, err)
		}
		list, err := a.Calls.Contents(context.Background(), warehouse.Selection{})
		if err != nil || len(list) != 0 {
			t.Errorf("%d rows: kept %+v, %v", rows, list, err)
		}
	}
}
