package breakeven_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"breakeven/internal/app"
	"breakeven/internal/cli"
	"breakeven/internal/httpapi"
	"breakeven/internal/scenariofile"
)

// Each case in testdata/cases is a scenario, the figures that must come out, and above them the hand calculation
// in words. The engine, the command line and the HTTP API all answer it, and must answer the same.
func TestWorkedCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string][]byte{}
			for _, f := range archive.Files {
				parts[f.Name] = f.Data
			}
			answers := map[string]any{
				"engine": engine(t, parts["scenario.yaml"]),
				"cli":    commandLine(t, parts["scenario.yaml"]),
				"api":    overHTTP(t, parts["scenario.yaml"]),
			}
			for name, a := range answers {
				if !reflect.DeepEqual(a, answers["engine"]) {
					t.Errorf("the %s answers something else than the engine", name)
				}
			}
			expect(t, answers["engine"], string(parts["expect"]))
		})
	}
}

func clock() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }

func tree(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v: %.300s", err, data)
	}
	return v
}

func engine(t *testing.T, text []byte) any {
	t.Helper()
	s, err := scenariofile.Read("scenario.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New("test", clock).Decide(app.DecideRequest{Scenario: s})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return tree(t, data)
}

func commandLine(t *testing.T, text []byte) any {
	t.Helper()
	var out, fault bytes.Buffer
	code := cli.Main(cli.Env{Args: []string{"decide", "--json", "-"}, Stdin: bytes.NewReader(text), Stdout: &out, Stderr: &fault, Now: clock, Version: "test"})
	if code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, fault.String())
	}
	return tree(t, out.Bytes())
}

func overHTTP(t *testing.T, text []byte) any {
	t.Helper()
	s, err := scenariofile.Read("scenario.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(httpapi.New(app.New("test", clock), slog.New(slog.DiscardHandler)))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/v1/decide", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", res.StatusCode, data)
	}
	return tree(t, data)
}

// expect checks lines of "path = value" or "path = value ± tolerance".
func expect(t *testing.T, answer any, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		path, want, ok := strings.Cut(line, " = ")
		if !ok {
			t.Fatalf("no = in %q", line)
		}
		got, err := lookup(answer, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		want, tolerance, _ := strings.Cut(want, " ± ")
		if n, isNumber := got.(float64); isNumber {
			w, err := strconv.ParseFloat(want, 64)
			if err != nil {
				t.Fatal(err)
			}
			within, _ := strconv.ParseFloat(tolerance, 64)
			if math.Abs(n-w) > within+1e-9 {
				t.Errorf("%s = %v, want %s", path, n, want)
			}
		} else if fmt.Sprint(got) != want {
			t.Errorf("%s = %v, want %s", path, got, want)
		}
	}
}

// lookup follows a path such as decision.options[kind=rented_gpus].ledger.lines[id=people].usd_per_month.
func lookup(v any, path string) (any, error) {
	for step := range strings.SplitSeq(path, ".") {
		name, selector, selected := strings.Cut(strings.TrimSuffix(step, "]"), "[")
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: no object", step)
		}
		if v, ok = m[name]; !ok {
			return nil, fmt.Errorf("%s: missing", step)
		}
		if !selected {
			continue
		}
		key, want, _ := strings.Cut(selector, "=")
		list, _ := v.([]any)
		found := false
		for _, item := range list {
			if m, ok := item.(map[string]any); ok && fmt.Sprint(m[key]) == want {
				v, found = m, true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("%s: no such item", step)
		}
	}
	return v, nil
}
