// Package app holds the use cases: the one door that the command line, the HTTP API and reports go through.
// It looks prices, offers and models up, and hands pure functions what they need.
//
// Reading guide: one file for each use case, named after it. errors.go says what kind of failure an error is.
package app

import (
	"net/http"
	"sync"
	"time"

	"breakeven/catalog"
	"breakeven/gpu"
	"breakeven/internal/warehouse"
	"breakeven/llm"
	"breakeven/price"
	"breakeven/registry"
)

// App is the product with its catalog. It is safe for concurrent use.
type App struct {
	Version string
	// Now is the clock; tests and reproductions fix it.
	Now func() time.Time
	// HTTP reads price sources; nil for Go's own client.
	HTTP *http.Client
	// Calls is where calls are kept; nil where none are.
	Calls warehouse.Engine
	// Contact is an address under which whoever runs a price source can ask who reads it: a URL or an e-mail address.
	Contact string

	base         func() (*price.Book, error) // the book without what the registry has seen since
	files        func() (map[string][]byte, error)
	models       func() (*llm.Catalog, error)
	accelerators func() (*gpu.Catalog, error)
	market       func() (*gpu.Market, error)
	compliance   func() (*catalog.ComplianceBook, error)
	history      func() ([]registry.Log, error)
	library      *library
}

// New makes an App over the embedded catalog. Parts of the catalog are read when they are first needed.
func New(version string, now func() time.Time) *App {
	return &App{
		Version: version, Now: now, files: catalog.PriceFiles, base: sync.OnceValues(catalog.Prices), models: sync.OnceValues(catalog.Models),
		accelerators: sync.OnceValues(catalog.Accelerators), market: sync.OnceValues(catalog.Offers), compliance: sync.OnceValues(catalog.Compliance),
		history: sync.OnceValues(catalog.History), library: &library{},
	}
}

// WithPrices is the App with price files of one's own in its book. A file replaces the embedded one of the same
// provider. Names of files that end in .json are JSON, others YAML.
func (a *App) WithPrices(files map[string][]byte) *App {
	own := *a
	own.library = &library{} // its shelves are of another book
	own.library.store = a.library.store
	own.files = func() (map[string][]byte, error) {
		all, err := a.files()
		if err != nil {
			return nil, err
		}
		for name, data := range files {
			own, err := readSheet(name, data)
			if err != nil {
				return nil, err
			}
			for _, f := range own.book.Files() {
				delete(all, f.Provider+".json")
			}
			all[name] = own.data
		}
		return all, nil
	}
	own.base = sync.OnceValues(func() (*price.Book, error) {
		all, err := own.files()
		if err != nil {
			return nil, err
		}
		return price.NewBook(all)
	})
	return &own
}

// Stamp says what an answer was made from: the same three, the same bytes.
type Stamp struct {
	Version  string `json:"version" doc:"The program's version."`
	Snapshot string `json:"snapshot" doc:"Identity of the price book."`
	AsOf     string `json:"as_of" doc:"The instant that today's prices are those of."`
}

// Stamp says what answers are made from now.
func (a *App) Stamp() (Stamp, error) {
	book, err := a.book()
	if err != nil {
		return Stamp{}, err
	}
	return Stamp{Version: a.Version, Snapshot: book.ID(), AsOf: a.Now().UTC().Format(time.RFC3339)}, nil
}
