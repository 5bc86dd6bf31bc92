// Package web is the web app: TypeScript sources under src, and the built files under dist, which the binary
// carries. Browser tests are under e2e.
//
// Reading guide: src/main.tsx tells which of src/pages an address shows; src/sections are the parts of the decision
// page; src/state is what a link reproduces and what the server answered; src/api is the contract with it; src/chart
// draws; src/ui is what every page shares. build.go makes dist.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"breakeven/examples"
)

//go:generate go run build.go

//go:embed dist
var dist embed.FS

// asset is a file under assets, as it is and compressed.
type asset struct {
	kind          string
	plain, packed []byte
}

// kinds are the content types of assets by extension. The system's table is not asked: it differs between
// machines.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}

// Handler serves the app. Files under assets have their content's hash in their names and may be kept forever,
// and they go out compressed to those who accept gzip. The example's call log is under examples. Any other path
// is the page, so that a link to a view works; it is asked for each time.
func Handler() http.Handler {
	assets := sync.OnceValues(load)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is read with GET", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		if name == "examples/"+examples.LogName {
			w.Header().Set("Cache-Control", "no-cache")
			w.Header().Set("Content-Type", "application/gzip")
			http.ServeContent(w, r, examples.LogName, time.Time{}, bytes.NewReader(examples.Log))
			return
		}
		if !strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, dist, "dist/index.html")
			return
		}
		all, err := assets()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		a, ok := all[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		serve(w, r, a)
	})
}

func serve(w http.ResponseWriter, r *http.Request, a asset) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", a.kind)
	data := a.plain
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		data = a.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(data) // a reader that went away is no fault of ours
}

// acceptsGzip reads an Accept-Encoding header. A weight of zero refuses.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		q, _ := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		v, err := strconv.ParseFloat(q, 64)
		return err != nil || v > 0
	}
	return false
}

// load reads and compresses the assets, once in the life of a server.
func load() (map[string]asset, error) {
	all := map[string]asset{}
	files, err := fs.Glob(dist, "dist/assets/*")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		a := asset{kind: kinds[path.Ext(file)]}
		if a.kind == "" {
			return nil, fmt.Errorf("web: %s has no content type", file)
		}
		if a.plain, err = dist.ReadFile(file); err != nil {
			return nil, err
		}
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err = z.Write(a.plain); err == nil {
			err = z.Close()
		}
		if err != nil {
			return nil, err
		}
		a.packed = b.Bytes()
		all[strings.TrimPrefix(file, "dist/")] = a
	}
	return all, nil
}
