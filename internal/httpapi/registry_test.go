package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/internal/app"
)

// litellmTable is a small table in LiteLLM's form.
func litellmTable(input string) string {
	return `{"claude-sonnet-4-6": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": ` + input + `, "output_cost_per_token": 15e-06},
		"acme-1": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}}`
}

// elsewhere answers every request with a table, as the sources' servers would.
type elsewhere struct{ table string }

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}, "Etag": {`"1"`}},
		Body: io.NopCloser(strings.NewReader(e.table)), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// registryServer has a registry database with two readings of LiteLLM: on 21 November it said 3.3 dollars for the input of
// Claude Sonnet 4.6, and since the 23rd it says 3.
func registryServer(t *testing.T) *httptest.Server {
	t.Helper()
	at := clock()
	a := app.New("test", func() time.Time { return at })
	a.HTTP = &http.Client{Transport: elsewhere{litellmTable("3e-06")}}
	if err := a.OpenRegistry(t.Context(), filepath.Join(t.TempDir(), "registry.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.CloseRegistry() })
	path := filepath.Join(t.TempDir(), "table.json")
	for _, r := range []struct{ day, input string }{{"2026-11-21", "3.3e-06"}, {"2026-11-23", "3e-06"}} {
		if err := os.WriteFile(path, []byte(litellmTable(r.input)), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if at, err = time.Parse(time.DateOnly, r.day); err != nil {
			t.Fatal(err)
		}
		s, err := a.Sync(context.WithoutCancel(t.Context()), app.SyncRequest{Files: map[string]string{"litellm": path}, NoHistory: true})
		if err != nil || s.Failed() > 0 {
			t.Fatalf("%+v, %v", s, err)
		}
	}
	at = clock()
	a.Calls = dataFolder(t, filepath.Join(t.TempDir(), "calls"))
	return serve(t, a)
}

// What a client holds already is not sent again, and another answer has another tag.
func TestEntityTags(t *testing.T) {
	s := registryServer(t)
	ask := func(path, tag string) (int, string, int) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		res, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("ETag"), len(data)
	}
	const path = "/api/v1/prices/history/anthropic/claude-sonnet-4-6"
	status, tag, size := ask(path, "")
	if status != http.StatusOK || tag == "" || size == 0 {
		t.Fatalf("%d, tag %q, %d bytes", status, tag, size)
	}
	for _, header := range []string{tag, "W/" + tag, `"other", ` + tag} {
		if status, again, size := ask(path, header); status != http.StatusNotModified || again != tag || size != 0 {
			t.Errorf("with %s: %d, tag %q, %d bytes", header, status, again, size)
		}
	}
	if status, other, _ := ask(path+"?known_as_of=2026-11-22T00:00:00Z", tag); status != http.StatusOK || other == tag {
		t.Errorf("what was known earlier: %d, tag %q", status, other)
	}
	if status, tag, _ := ask("/api/v1/prices/history/anthropic/none", "*"); status != http.StatusNotFound || tag != "" {
		t.Errorf("a model that is unknown: %d, tag %q", status, tag)
	}
}

// The second time axis: on 22 November LiteLLM was known to say 3.3.
func TestKnownAsOf(t *testing.T) {
	s := registryServer(t)
	decided := func(query string) string {
		_, body, _ := call(t, s, "GET", "/api/v1/prices/history/anthropic/claude-sonnet-4-6?kind=input&tier=standard"+query, "", "")
		var h struct {
			Rates []struct {
				Decision struct {
					Rate string `json:"usd_per_million"`
				}
			}
			Changes []any
		}
		if err := json.Unmarshal([]byte(body), &h); err != nil || len(h.Rates) == 0 {
			t.Fatalf("%v: %s", err, body)
		}
		return h.Rates[0].Decision.Rate + strings.Repeat(" changed", len(h.Changes))
	}
	if got := decided(""); got != "3 changed" {
		t.Errorf("now: %s", got)
	}
	if got := decided("&known_as_of=2026-11-22T00:00:00Z"); got != "3.3" {
		t.Errorf("as was known on the 22nd: %s", got)
	}
}

// A reading over the network is refused within a minute after the last one, and for another site's page always.
func TestSyncOverHTTP(t *testing.T) {
	s := registryServer(t)
	if status, body, _ := call(t, s, "POST", "/api/v1/prices/sync", "application/json", `{"sources": ["litellm"]}`); status != http.StatusOK || !strings.Contains(body, `"unchanged"`) {
		t.Fatalf("%d: %s", status, body)
	}
	if status, body, _ := call(t, s, "POST", "/api/v1/prices/sync", "application/json", `{}`); status != http.StatusUnprocessableEntity || !strings.Contains(body, "ask again in") {
		t.Errorf("%d: %s", status, body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/prices/sync", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site may read the sources: %d", res.StatusCode)
	}
}
