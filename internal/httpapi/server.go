// Package httpapi is the HTTP front end: the JSON API under /api/v1 with its OpenAPI document, and the web app.
// It holds no rule of the product: each operation calls one use case of package app.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"breakeven/internal/app"
	"breakeven/internal/otlp"
	"breakeven/ledger"
	"breakeven/price"
	"breakeven/usage"
	"breakeven/web"
)

// aliases are types that look different on the wire than in memory: a ledger's whole cents are dollars there, quantities
// are an object of those that are not zero, a time-of-day window is in words, and a count that is not known is null.
var aliases = map[reflect.Type]reflect.Type{
	reflect.TypeFor[ledger.Amount]():    reflect.TypeFor[float64](),
	reflect.TypeFor[price.Quantities](): reflect.TypeFor[map[string]int64](),
	reflect.TypeFor[price.Window]():     reflect.TypeFor[string](),
	reflect.TypeFor[usage.Count]():      reflect.TypeFor[*int64](),
	reflect.TypeFor[app.Labels]():       reflect.TypeFor[map[string]string](),
}

// Option adds to the server.
type Option func(*handlers)

// Spans has the server take spans of OpenTelemetry in by a receiver. Close it when the server is shut down.
func Spans(r *otlp.Receiver) Option { return func(h *handlers) { h.receiver = r } }

// New makes the handler of the whole server.
func New(a *app.App, log *slog.Logger, with ...Option) http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Breakeven", a.Version)
	config.Info.Description = "Should we stop paying the API and serve an open model ourselves? Money is exact: billed amounts are decimal strings in dollars, estimates are numbers. Errors are application/problem+json and name the field."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "/openapi", "", ""
	config.CreateHooks = nil // no $schema links in bodies: the same input gives the same bytes
	api := humago.New(mux, config)
	for memory, wire := range aliases {
		api.OpenAPI().Components.Schemas.RegisterTypeAlias(memory, wire)
	}
	h := handlers{app: a, log: log}
	for _, option := range with {
		option(&h)
	}
	h.quick(api)
	h.calc(api)
	h.prices(api)
	h.registry(api)
	h.decide(api)
	h.focus(api)
	h.profile(api)
	h.reconcile(api)
	h.kept(api)
	h.fleet(api)
	h.scenarios(api)
	h.system(api)
	h.spans(mux)
	for _, path := range []string{"/api/", "/v1/", "/openapi.json", "/openapi.yaml"} {
		mux.HandleFunc(path, h.unmatched(api, mux))
	}
	m := newMetrics(h)
	mux.Handle("GET /metrics", m.handler(h))
	mux.Handle("/", web.Handler())
	return m.counted(secure(tagged("/api/v1/prices", mux)))
}

type handlers struct {
	app      *app.App
	log      *slog.Logger
	receiver *otlp.Receiver // nil where no spans are taken
}

// secure sets the headers that every answer carries. The app loads nothing from elsewhere and may not be framed.
func secure(next http.Handler) http.Handler {
	// What changes something, or costs time, is done for no other site's page.
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// body wraps a use case's answer as huma wants it.
type body[T any] struct{ Body T }

// answer turns a use case's result into a response, and its error into a problem.
func answer[T any](h handlers, value T, err error) (*body[T], error) {
	if err != nil {
		return nil, h.problem(err)
	}
	return &body[T]{value}, nil
}

// get registers a GET operation over a use case.
func get[In, Out any](api huma.API, path, summary, tag string, call func(context.Context, *In) (*body[Out], error)) {
	operate(api, http.MethodGet, path, summary, tag, call)
}

// operate registers an operation. Its identifier follows from its path.
func operate[In, Out any](api huma.API, method, path, summary, tag string, call func(context.Context, *In) (*body[Out], error)) {
	var out *body[Out]
	huma.Register(api, huma.Operation{
		OperationID: huma.GenerateOperationID(method, path, out), Method: method, Path: path, Summary: summary, Tags: []string{tag},
	}, call)
}

// Serve runs the server until the context ends, then lets requests finish.
func Serve(ctx context.Context, server *http.Server, serve func() error) error {
	done := make(chan error, 1)
	go func() { done <- serve() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	// The context has ended already; what is left of the requests gets time of its own.
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		return err
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
