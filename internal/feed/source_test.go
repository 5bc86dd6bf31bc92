package feed_test

import (
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"breakeven/internal/feed"
	"breakeven/registry"
)

// stored says where the copies of the tables lie, under the folder of the shared prices, and what is in them: how many
// facts at least, and some that a person can look up on the vendor's page. A folder has a file for each provider.
var stored = []struct {
	id, file string
	facts    int
	known    map[string]string
}{
	{"genai-prices", "genai-prices/data.json", 3000, map[string]string{
		"openai/gpt-4o input": "2.5", "google/gemini-2.5-pro output above 200000": "15",
	}},
	{"litellm", "litellm/model_prices_and_context_window.2026-08-01.json", 7000, map[string]string{
		"openai/gpt-4o input": "2.5", "openai/gpt-4o batch output": "5", "anthropic/claude-opus-4-1 cache write, 1 hour": "30",
	}},
	{"models.dev", "models.dev/models_dev_2026-07-02.json", 10_000, map[string]string{"openai/gpt-4o input": "2.5", "openai/gpt-4o output": "10"}},
	{"portkey", "portkey/pricing", 5000, map[string]string{"openai/gpt-4o input": "2.5", "openai/gpt-4o output": "10"}},
	{"openrouter", "openrouter/openrouter_models.2026-08-01.json", 900, map[string]string{"openrouter/openai/gpt-4o input": "2.5"}},
	{"langfuse", "langfuse/default-model-prices.json", 500, map[string]string{"/gpt-4o input": "2.5", "/gpt-4o output": "10"}},
}

// sharedPrices is the folder of the stored copies.
func sharedPrices(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BREAKEVEN_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "prices")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no stored copies of the tables: %v", err)
	}
	return dir
}

// mirror serves the stored copies under the paths of the addresses where the tables live, as their servers do.
func mirror(t testing.TB, dir string) *httptest.Server {
	t.Helper()
	files := http.NewServeMux()
	for _, s := range stored {
		for _, f := range named(t, s.id).At("http://mirror").Files {
			name := filepath.Join(dir, filepath.FromSlash(s.file))
			if f.Name != "" {
				name = filepath.Join(name, path.Base(f.URL))
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			h := fnv.New64a()
			_, _ = h.Write(data)
			etag := strconv.Quote(strconv.FormatUint(h.Sum64(), 16))
			files.HandleFunc("GET "+strings.TrimPrefix(f.URL, "http://mirror"), func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", etag)
				http.ServeFile(w, r, name)
			})
		}
	}
	server := httptest.NewServer(files)
	t.Cleanup(server.Close)
	return server
}

// Every table is read over HTTP, says the same when it is read from its file, and is not sent again unchanged.
func TestStoredTables(t *testing.T) {
	dir := sharedPrices(t)
	server := mirror(t, dir)
	for _, s := range stored {
		t.Run(s.id, func(t *testing.T) {
			f := named(t, s.id)
			c, waits := reader(feed.Limits{})
			r := read(t, c, f.At(server.URL), feed.Validators{})
			t.Logf("%d bytes, %d facts, %d faults", r.Bytes, len(r.Snapshot.Facts), len(r.Faults))
			if len(r.Snapshot.Facts) < s.facts || 20*len(r.Faults) > len(r.Snapshot.Facts) {
				t.Errorf("%d facts and %d faults, such as %v", len(r.Snapshot.Facts), len(r.Faults), r.Faults[:min(3, len(r.Faults))])
			}
			stated := map[string]string{}
			for _, fact := range r.Snapshot.Facts {
				stated[fact.Key.String()] = fact.Rate.String()
			}
			for key, want := range s.known {
				if stated[key] != want {
					t.Errorf("%s: %q, want %s", key, stated[key], want)
				}
			}
			file, err := feed.ReadFile(f, os.DirFS(dir), s.file, now)
			if err != nil || file.Snapshot.ID != r.Snapshot.ID || len(file.Faults) != len(r.Faults) {
				t.Errorf("from its file: snapshot %s with %d faults, %v", file.Snapshot.ID, len(file.Faults), err)
			}
			if same := read(t, c, f.At(server.URL), r.Validators); !same.Unchanged || len(*waits) > 0 {
				t.Errorf("read again: %+v after waits %v", same, *waits)
			}
			if back, err := registry.DecodeFacts(r.Snapshot.Encode()); err != nil || len(back) != len(r.Snapshot.Facts) {
				t.Errorf("stored and read back: %d facts, %v", len(back), err)
			}
		})
	}
}

// A feed has a name, a page, and addresses with https that differ.
func TestFeeds(t *testing.T) {
	ids, addresses := map[string]bool{}, map[string]bool{}
	for _, f := range feed.Feeds() {
		if f.ID == "" || f.Title == "" || !strings.HasPrefix(f.URL, "https://") || ids[f.ID] || len(f.Files) == 0 {
			t.Errorf("%+v", f.Source)
		}
		ids[f.ID] = true
		for _, file := range f.Files {
			if !strings.HasPrefix(file.URL, "https://") || addresses[file.URL] {
				t.Errorf("%s: %s", f.ID, file.URL)
			}
			addresses[file.URL] = true
		}
	}
	if litellm, portkey := named(t, "litellm"), named(t, "portkey"); litellm.Voice() != portkey.Voice() {
		t.Error("Portkey copies LiteLLM's table, and is no second voice")
	}
}

func TestFeedAtAMirror(t *testing.T) {
	f := named(t, "openrouter").At("https://mirror.example/prices/")
	if got := f.Files[0].URL; got != "https://mirror.example/prices/api/v1/models" {
		t.Error(got)
	}
	if f.Source != named(t, "openrouter").Source {
		t.Errorf("the source has changed: %+v", f.Source)
	}
}

// A table from its bytes to a snapshot. What matters is that LiteLLM's takes less than a second.
func BenchmarkReadFile(b *testing.B) {
	dir := sharedPrices(b)
	for _, s := range stored {
		b.Run(s.id, func(b *testing.B) {
			f := named(b, s.id)
			files := os.DirFS(dir)
			var r feed.Reading
			for b.Loop() {
				var err error
				if r, err = feed.ReadFile(f, files, s.file, now); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(r.Bytes)
			b.ReportMetric(float64(len(r.Snapshot.Facts)), "facts")
		})
	}
}
