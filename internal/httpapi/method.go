package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// unmatched answers what no operation takes. A pattern for everything hides the mux's own answer to a wrong method,
// so the mux is asked which methods it would take.
func (h handlers) unmatched(api huma.API, mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := methods(mux, r.Host, r.URL)
		status, why := http.StatusNotFound, "there is no such operation: "+r.Method+" "+r.URL.Path+"; see /openapi.json"
		if len(allowed) > 0 {
			list := strings.Join(append(allowed, http.MethodOptions), ", ")
			w.Header().Set("Allow", list)
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			status, why = http.StatusMethodNotAllowed, r.URL.Path+" does not take "+r.Method+"; it takes "+list
		}
		if err := huma.WriteErr(api, humago.NewContext(&huma.Operation{}, r, w), status, why); err != nil {
			h.log.Error("answering", "err", err)
		}
	}
}

// methods are the methods that some operation takes at an address.
func methods(mux *http.ServeMux, host string, at *url.URL) []string {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		_, pattern := mux.Handler(&http.Request{Method: m, Host: host, URL: at})
		if method, _, named := strings.Cut(pattern, " "); named && (method == m || method == http.MethodGet && m == http.MethodHead) {
			allowed = append(allowed, m)
		}
	}
	return allowed
}
