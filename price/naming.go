package price

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/datafile"
)

// Naming is how one public table names a provider and the models that it sells.
type Naming struct {
	// Providers are the table's names for the provider. A table that tells no providers apart has none: it is asked
	// for with its own name as the provider, or with none.
	Providers []string `json:"providers,omitempty"`
	// Prefix is what the table writes in front of the provider's model identifiers, in lower case. It may also leave
	// it out, unless the prefix alone tells whose model it is.
	Prefix string `json:"prefix,omitempty"`
	// Names are identifiers to prefer to a model's own, by model and route: those that only this table has, and those
	// that it uses for something else elsewhere.
	Names map[string]map[string][]string `json:"names,omitempty"`
	// Voice marks a table that may support a rate of the provider and not supply one: it charges prices of its own.
	Voice bool `json:"voice,omitempty"`
}

// Listing is what a table's name for a model stands for.
type Listing struct {
	Provider, Model, Route string
	// Voice tells that the table may support a rate and not supply one.
	Voice bool
	// Rank orders the names that a table has for one model and route; the lowest is preferred.
	Rank int
}

// TableName is a model as a table names it.
type TableName struct{ Provider, Model string }

// Named lists the models that a source means by a provider and a model in its own words, in the order of our
// providers. It finds more than one where the source does not tell two of our providers apart, and none where the
// name is not, but for its case, exactly one that is known.
func (b *Book) Named(source, provider, model string) []Listing {
	var found []Listing
	id := strings.ToLower(model)
	asked := b.tables[tableProvider{source, provider}]
	for _, n := range asked {
		if l, ok := n.find(id); ok {
			if found == nil {
				found = make([]Listing, 0, len(asked))
			}
			found = append(found, l)
		}
	}
	return found
}

// Names lists what a source may call a model of ours on a route: the reverse of [Book.Named], in the order of the
// ranks. What the source states is what it states under the first of them that it has; the others are aliases, and
// no further voices. Case does not matter.
func (b *Book) Names(source, providerName, model, route string) []TableName {
	p, ok := b.names[strings.ToLower(providerName)]
	if !ok {
		return nil
	}
	naming, ok := p.file.Tables[source]
	if !ok {
		return nil
	}
	m, ok := p.byID[model]
	if !ok {
		return nil
	}
	providers := naming.asked(source)
	var names []TableName
	for _, id := range naming.identifiers(m, route) {
		for _, called := range providers {
			names = append(names, TableName{called, naming.Prefix + id})
			if naming.Prefix != "" && naming.bare() {
				names = append(names, TableName{called, id})
			}
		}
	}
	return names
}

// asked are the names of the provider under which the table is asked for its models.
func (n Naming) asked(source string) []string {
	if len(n.Providers) == 0 {
		return []string{source, ""}
	}
	return n.Providers
}

// identifiers are the names of a model on a route, without the prefix: those of the table first, then its own.
func (n Naming) identifiers(m *Model, route string) []string {
	ids := slices.Clone(n.Names[m.ID][route])
	own := m.RouteAliases[route]
	if route == "" {
		own = append([]string{m.ID}, m.Aliases...)
	}
	for _, id := range own {
		if !slices.ContainsFunc(ids, func(known string) bool { return strings.EqualFold(known, id) }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// bare reports whether an identifier without the prefix is the provider's.
func (n Naming) bare() bool { return n.Prefix == "" || len(n.Providers) > 0 }

// tableProvider is a provider as a table names it.
type tableProvider struct{ source, provider string }

// named is a provider of ours under a name that a table has for it.
type named struct {
	Naming

	provider  string
	place     int // of the name among the table's names for the provider
	providers int // how many those are
	models    map[string]alias
}

// alias is one of a model's names, and its place among them.
type alias struct {
	ref

	place int
}

// find looks an identifier in lower case up, with the prefix and then without.
func (n *named) find(id string) (Listing, bool) {
	var a alias
	rest, ok := strings.CutPrefix(id, n.Prefix)
	if ok {
		a, ok = n.models[rest]
	}
	prefixed := ok
	if !ok && n.Prefix != "" && n.bare() {
		a, ok = n.models[id]
	}
	if !ok {
		return Listing{}, false
	}
	l := Listing{Provider: n.provider, Model: a.model, Route: a.route, Voice: n.Voice, Rank: 2 * (a.place*n.providers + n.place)}
	if !prefixed {
		l.Rank++
	}
	return l, true
}

// index makes a provider known by the names that the tables have for it.
func (b *Book) index(p *provider, file string) error {
	own := p.listed(Naming{})
	for _, source := range slices.Sorted(maps.Keys(p.file.Tables)) {
		naming := p.file.Tables[source]
		if path, err := p.check(source, naming); err != nil {
			return &datafile.Error{File: file, Path: "tables." + source + path, Err: err}
		}
		models := own
		if len(naming.Names) > 0 {
			models = p.listed(naming)
		}
		asked := naming.asked(source)
		for place, called := range asked {
			key := tableProvider{source, called}
			b.tables[key] = append(b.tables[key], &named{naming, p.file.Provider, place, len(asked), models})
			slices.SortFunc(b.tables[key], func(a, c *named) int { return cmp.Compare(a.provider, c.provider) })
		}
	}
	return nil
}

// listed maps every name of every model, in lower case, to what it stands for.
func (p *provider) listed(naming Naming) map[string]alias {
	models := make(map[string]alias, len(p.models))
	for i := range p.file.Models {
		m := &p.file.Models[i]
		routes := map[string]bool{"": true}
		for route := range m.RouteAliases {
			routes[route] = true
		}
		for route := range naming.Names[m.ID] {
			routes[route] = true
		}
		for route := range routes {
			for place, id := range naming.identifiers(m, route) {
				if id = strings.ToLower(id); models[id].model == "" {
					models[id] = alias{ref{m.ID, route}, place}
				}
			}
		}
	}
	return models
}

// check refuses a naming under which a name would stand for two models.
func (p *provider) check(source string, n Naming) (path string, err error) {
	switch {
	case source == "":
		return "", errors.New("the table has no name")
	case slices.Contains(n.Providers, ""):
		return ".providers", errors.New("a name is empty")
	case len(slices.Compact(slices.Sorted(slices.Values(n.Providers)))) < len(n.Providers):
		return ".providers", errors.New("a name stands twice")
	case n.Prefix != strings.ToLower(n.Prefix):
		return ".prefix", fmt.Errorf("%q is not in lower case", n.Prefix)
	}
	taken := map[string]ref{}
	for _, model := range slices.Sorted(maps.Keys(n.Names)) {
		path := ".names." + model
		if _, ok := p.byID[model]; !ok {
			return path, errors.New("the file has no such model")
		}
		for _, route := range slices.Sorted(maps.Keys(n.Names[model])) {
			if _, ok := p.series[seriesKey{model, route, Standard}]; !ok {
				return path, fmt.Errorf("the model has no route %q", route)
			}
			for _, id := range n.Names[model][route] {
				id, r := strings.ToLower(id), ref{model, route}
				other, known := p.models[id]
				if again, twice := taken[id]; twice {
					other, known = again, true
				}
				if known && other != r {
					return path, fmt.Errorf("%q already names %s", id, other.model)
				}
				taken[id] = r
			}
		}
	}
	return "", nil
}
