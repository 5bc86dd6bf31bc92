package price_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"breakeven/catalog"
	"breakeven/datafile"
	"breakeven/price"
)

// maker makes and sells its models itself; cloud sells the same ones on its machines, under names of its own. The table
// "wide" does not tell the two apart, "loose" tells no providers apart, and "broker" sells what it lists.
const maker = `{
  "schema": "breakeven/prices/v1", "provider": "maker", "name": "Maker", "first_party": true,
  "tables": {
    "wide": {"providers": ["maker"]},
    "map": {"providers": ["maker", "maker-chat"], "prefix": "mk/", "names": {"owl": {"": ["owl-latest"]}}},
    "loose": {},
    "broker": {"prefix": "maker/", "voice": true}
  },
  "sources": {"page": {"kind": "published", "title": "A page", "date": "2026-09-01"}},
  "models": [
    {"id": "owl", "aliases": ["Owl-1", "owl-latest"], "prices": [{"source": "page", "rates": {"input": "3"}}]},
    {"id": "owl-mini", "prices": [{"source": "page", "rates": {"input": "1"}}]}
  ]}`

const cloud = `{
  "schema": "breakeven/prices/v1", "provider": "cloud", "name": "Cloud",
  "tables": {"wide": {"providers": ["maker"]}, "map": {"providers": ["cloud"]}},
  "sources": {"page": {"kind": "published", "title": "A page", "date": "2026-09-01"}},
  "rules": {"uplift": {"kind": "derived", "text": "regional endpoints cost 10 % more", "times": "1.1"}},
  "models": [
    {"id": "owl", "route_aliases": {"regional": ["eu.owl", "us.owl"]},
     "prices": [{"source": "page", "rates": {"input": "3"}, "routes": {"regional": {"rule": "uplift"}}}]}
  ]}`

func naming(t testing.TB) *price.Book {
	t.Helper()
	b, err := price.NewBook(map[string][]byte{"maker.json": []byte(maker), "cloud.json": []byte(cloud)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNamed(t *testing.T) {
	b := naming(t)
	for _, tt := range []struct{ name, source, provider, model, want string }{
		{"a model by its identifier", "wide", "maker", "owl-mini", "maker/owl-mini"},
		{"two providers that a table does not tell apart", "wide", "maker", "owl", "cloud/owl maker/owl"},
		{"case does not matter", "wide", "maker", "OWL-1", "maker/owl"},
		{"a version is never dropped", "wide", "maker", "owl-mini-2026", ""},
		{"nor a name cut short", "wide", "maker", "owl-m", ""},
		{"an alias of a route names the route", "map", "cloud", "us.owl", "cloud/owl regional"},
		{"with the prefix of the table", "map", "maker", "mk/owl-mini", "maker/owl-mini"},
		{"and without it", "map", "maker", "owl-mini", "maker/owl-mini"},
		{"another name for the provider", "map", "maker-chat", "mk/owl", "maker/owl"},
		{"a provider that the table does not know", "map", "nobody", "owl", ""},
		{"a provider's name in another table", "wide", "cloud", "owl", ""},
		{"a table that nobody lists", "another", "maker", "owl", ""},
		{"a table without providers, asked with none", "loose", "", "owl", "maker/owl"},
		{"and with its own name", "loose", "loose", "owl", "maker/owl"},
		{"and with a provider that it doesn't have", "loose", "maker", "owl", ""},
		{"where the prefix alone tells whose model it is", "broker", "broker", "maker/owl", "maker/owl voice"},
		{"a name without it is another's", "broker", "broker", "owl", ""},
		{"no name", "wide", "maker", "", ""},
	} {
		var got []string
		for _, l := range b.Named(tt.source, tt.provider, tt.model) {
			text := l.Provider + "/" + l.Model
			if l.Route != "" {
				text += " " + l.Route
			}
			if l.Voice {
				text += " voice"
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Of the names that a table has for a model the preferred one stands first, and each is found again with its rank.
func TestNames(t *testing.T) {
	b := naming(t)
	for _, tt := range []struct{ name, source, provider, model, route, want string }{
		{"the table's own choice goes before the identifier", "map", "maker", "owl", "", "maker:mk/owl-latest maker:owl-latest " +
			"maker-chat:mk/owl-latest maker-chat:owl-latest maker:mk/owl maker:owl maker-chat:mk/owl maker-chat:owl " +
			"maker:mk/Owl-1 maker:Owl-1 maker-chat:mk/Owl-1 maker-chat:Owl-1"},
		{"the names of a route", "map", "cloud", "owl", "regional", "cloud:eu.owl cloud:us.owl"},
		{"the identifier, then the aliases", "wide", "maker", "owl", "", "maker:owl maker:Owl-1 maker:owl-latest"},
		{"a table without providers", "loose", "maker", "owl-mini", "", "loose:owl-mini :owl-mini"},
		{"never without a prefix that is needed", "broker", "maker", "owl-mini", "", "broker:maker/owl-mini :maker/owl-mini"},
		{"a table that does not list the provider", "loose", "cloud", "owl", "", ""},
		{"an unknown model", "wide", "maker", "hawk", "", ""},
		{"an unknown provider", "wide", "nobody", "owl", "", ""},
	} {
		var got []string
		last := -1
		for _, n := range b.Names(tt.source, tt.provider, tt.model, tt.route) {
			got = append(got, n.Provider+":"+n.Model)
			i := slices.IndexFunc(b.Named(tt.source, n.Provider, n.Model), func(l price.Listing) bool {
				return l.Provider == tt.provider && l.Model == tt.model && l.Route == tt.route && l.Rank > last
			})
			if i < 0 {
				t.Errorf("%s: %s/%s is not found behind rank %d", tt.name, n.Provider, n.Model, last)
				continue
			}
			last = b.Named(tt.source, n.Provider, n.Model)[i].Rank
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s:\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

func TestNamingFaults(t *testing.T) {
	for _, tt := range []struct{ name, naming, want string }{
		{"a table without a name", `"": {}`, "tables."},
		{"an empty provider", `"s": {"providers": ["a", ""]}`, "tables.s.providers"},
		{"a provider twice", `"s": {"providers": ["a", "b", "a"]}`, "tables.s.providers"},
		{"a prefix that no lower case has", `"s": {"prefix": "Mk/"}`, "tables.s.prefix"},
		{"names of no model", `"s": {"names": {"hawk": {"": ["h"]}}}`, "tables.s.names.hawk"},
		{"names of no route", `"s": {"names": {"owl": {"moon": ["h"]}}}`, "tables.s.names.owl"},
		{"a name of two models", `"s": {"names": {"owl": {"": ["h"]}, "owl-mini": {"": ["H"]}}}`, "tables.s.names.owl-mini"},
		{"the name of another model", `"s": {"names": {"owl": {"": ["OWL-mini"]}}}`, "tables.s.names.owl"},
		{"an unknown field", `"s": {"provider": "a"}`, "line "},
	} {
		text := strings.Replace(maker, `"loose": {}`, tt.naming, 1)
		_, err := price.NewBook(map[string][]byte{"maker.json": []byte(text)})
		if fault, ok := errors.AsType[*datafile.Error](err); !ok || fault.File != "maker.json" || !strings.HasPrefix(fault.Path, tt.want) {
			t.Errorf("%s: got %v, want a fault at %s", tt.name, err, tt.want)
		}
	}
}

// Every name that the catalog knows for a model in a table stands for that model, and for no other of its provider.
func TestCatalogNamesAreFoundAgain(t *testing.T) {
	b, err := catalog.Prices()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range b.Files() {
		for source := range file.Tables {
			for i := range file.Models {
				m := &file.Models[i]
				routes := []string{""}
				for route := range m.RouteAliases {
					routes = append(routes, route)
				}
				for _, route := range routes {
					for _, n := range b.Names(source, file.Provider, m.ID, route) {
						var got []string
						for _, l := range b.Named(source, n.Provider, n.Model) {
							if l.Provider == file.Provider {
								got = append(got, l.Model+" "+l.Route)
							}
						}
						if want := []string{m.ID + " " + route}; !slices.Equal(got, want) {
							t.Errorf("%s calls %s/%s %s %s/%s, which stands for %q", source, file.Provider, m.ID, route, n.Provider, n.Model, got)
						}
					}
				}
			}
		}
	}
}

func BenchmarkNamed(b *testing.B) {
	book, err := catalog.Prices()
	if err != nil {
		b.Fatal(err)
	}
	for _, model := range []string{"gemini-2.5-pro", "Gemini-2.5-Pro", "no-such-model"} {
		b.Run(fmt.Sprintf("genai-prices google %s", model), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				book.Named("genai-prices", "google", model)
			}
		})
	}
}
