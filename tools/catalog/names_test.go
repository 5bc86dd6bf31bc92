package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/internal/feed"
	"breakeven/price"
)

// How much of each table is about models of the catalog, and whether a name leads to the right one: where the catalog's
// input or output rate was read in a table, that table's rate under the preferred name is the catalog's.
func TestNamesLeadToTheRightModels(t *testing.T) {
	shared := os.Getenv("BREAKEVEN_SHARED_DATA")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared", "data")
	}
	from := filepath.Join(shared, "prices")
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no shared data: %v", err)
	}
	tables, _, err := readTables(from)
	if err != nil {
		t.Fatal(err)
	}
	book, err := catalog.Prices()
	if err != nil {
		t.Fatal(err)
	}
	// Where the table's comment says that a promotion has ended, its rates still show it.
	promoted := []string{"zai/glm-5.3-flash"}
	for _, table := range tables {
		source := table.Source.ID
		mapped, compared, agreed := 0, 0, 0
		type rate struct {
			provider, model, route string
			kind                   price.Kind
		}
		preferred := map[rate]int{}
		said := map[rate]feed.Observation{}
		known := map[modelKey]bool{}
		for _, o := range table.Observations {
			listings := book.Named(source, o.Provider, o.Model)
			if len(listings) == 0 {
				continue
			}
			mapped++
			known[modelKey{o.Provider, o.Model}] = true
			if o.Tier != price.Standard || o.Above > 0 || o.Window != nil || o.Kind != price.Input && o.Kind != price.Output {
				continue
			}
			at := table.date.Time()
			if !o.From.IsZero() && at.Before(o.From) || !o.To.IsZero() && !at.Before(o.To) {
				continue
			}
			for _, l := range listings {
				k := rate{l.Provider, l.Model, l.Route, o.Kind}
				if rank, ok := preferred[k]; !ok || l.Rank < rank {
					preferred[k], said[k] = l.Rank, o
				}
			}
		}
		for k, o := range said {
			sheet, _, err := book.Sheet(price.Query{Provider: k.provider, Model: k.model, Route: k.route}, table.date.Time(), time.Time{})
			if err != nil {
				continue // it is not sold any more, or not yet
			}
			cell, ok := sheet.Rate(k.kind)
			// The catalog's sources of a table begin with the table's title.
			if !ok || slices.Contains(promoted, k.provider+"/"+k.model) || !strings.HasPrefix(cell.Provenance.Source, table.Source.Title) || cell.Provenance.Date != table.date {
				continue
			}
			compared++
			if cell.Rate == o.Rate {
				agreed++
			} else {
				t.Errorf("%s calls %s/%s %s %s: %s, the catalog has %s", source, k.provider, k.model, k.route, o.Model, o.Rate, cell.Rate)
			}
		}
		t.Logf("%s: %d of %d rates under %d names; %d of %d input and output rates that the catalog has from it agree",
			source, mapped, len(table.Observations), len(known), agreed, compared)
		if mapped == 0 {
			t.Errorf("%s names none of our models", source)
		}
	}
}
