package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	// build.go, which TestDistIsFresh runs, needs the bundler; a file that builds ignore keeps no module.
	_ "github.com/evanw/esbuild/pkg/api"

	"breakeven/examples"
)

// TestDistIsFresh builds the app from its sources and compares it with what is committed.
func TestDistIsFresh(t *testing.T) {
	if _, err := os.Stat("node_modules"); err != nil {
		t.Skip("node_modules is absent: run npm ci in web to compare dist with its sources")
	}
	built := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "run", "build.go", "-o", built).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, got := contents(t, os.DirFS(built)), contents(t, os.DirFS("dist"))
	for name, data := range want {
		if !bytes.Equal(got[name], data) {
			t.Errorf("dist/%s is stale: run go generate ./web", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("dist/%s is made by nothing: run go generate ./web", name)
		}
	}
}

func contents(t *testing.T, dir fs.FS) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[filepath.ToSlash(name)], err = fs.ReadFile(dir, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func get(t *testing.T, target, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

// TestAnyPathIsThePage: a view's link is a path or query of the page's own.
func TestAnyPathIsThePage(t *testing.T) {
	for _, target := range []string{"/", "/?from=scale&v=1", "/prices", "/fleet?n=3", "/prices/openai/gpt-4.1?known=2026-01-01", "/prices/groq/openai%2Fgpt-oss-120b"} {
		r := get(t, target, "")
		if text := r.Body.String(); r.Code != http.StatusOK || !strings.Contains(text, `<div id="page">`) {
			t.Errorf("%s: status %d, %.60q", target, r.Code, text)
		}
		if c := r.Header().Get("Cache-Control"); c != "no-cache" {
			t.Errorf("%s: Cache-Control %q, want no-cache", target, c)
		}
	}
}

// TestPageNamesItsAssets: the page refers to files that are there, loads nothing from elsewhere, and has no
// inline script, which the content security policy forbids.
func TestPageNamesItsAssets(t *testing.T) {
	page := get(t, "/", "").Body.String()
	links := regexp.MustCompile(`(?:src|href|data-licences)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 5 {
		t.Fatalf("the page has %d links: %s", len(links), page)
	}
	for _, l := range links {
		if !strings.HasPrefix(l[1], "/") {
			t.Errorf("%s is not on this server", l[1])
		}
		if !strings.HasPrefix(l[1], "/assets/") {
			continue
		}
		if r := get(t, l[1], ""); r.Code != http.StatusOK {
			t.Errorf("%s: status %d", l[1], r.Code)
		}
	}
	for _, inline := range regexp.MustCompile(`<script[^>]*>([^<]*)`).FindAllStringSubmatch(page, -1) {
		if strings.TrimSpace(inline[1]) != "" {
			t.Errorf("the page has an inline script: %s", inline[1])
		}
	}
}

// TestExampleLog: the fleet page simulates the example's calls, which it reads as a reader's own log.
func TestExampleLog(t *testing.T) {
	r := get(t, "/examples/"+examples.LogName, "gzip")
	if r.Code != http.StatusOK || !bytes.Equal(r.Body.Bytes(), examples.Log) {
		t.Errorf("status %d, %d bytes, want the log's %d as they are", r.Code, r.Body.Len(), len(examples.Log))
	}
	if e := r.Header().Get("Content-Encoding"); e != "" {
		t.Errorf("Content-Encoding %q: a client would undo it", e)
	}
}

func TestAssets(t *testing.T) {
	script := regexp.MustCompile(`/assets/app-\w+\.js`).FindString(get(t, "/", "").Body.String())
	plain, packed := get(t, script, ""), get(t, script, "br, gzip;q=0.9")
	for _, r := range []*httptest.ResponseRecorder{plain, packed} {
		if c := r.Header().Get("Cache-Control"); !strings.Contains(c, "immutable") {
			t.Errorf("Cache-Control %q, want immutable: the name holds the content's hash", c)
		}
		if c := r.Header().Get("Content-Type"); c != "text/javascript; charset=utf-8" {
			t.Errorf("Content-Type %q", c)
		}
		if v := r.Header().Get("Vary"); v != "Accept-Encoding" {
			t.Errorf("Vary %q", v)
		}
	}
	if e := packed.Header().Get("Content-Encoding"); e != "gzip" {
		t.Fatalf("Content-Encoding %q, want gzip", e)
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, plain.Body.Bytes()) {
		t.Error("compressed and plain script differ")
	}
	if r := get(t, "/assets/app-0000000000.js", ""); r.Code != http.StatusNotFound {
		t.Errorf("an asset of another build: status %d, want 404", r.Code)
	}
	post := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, post)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /: status %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip": true, "gzip;q=0": false, "gzip; q=0.5": true, "deflate": false, "x-gzip": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("acceptsGzip(%q) = %v, want %v", header, got, want)
		}
	}
}
