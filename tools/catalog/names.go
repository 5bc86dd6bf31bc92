package main

import (
	"maps"
	"slices"
	"strings"

	"breakeven/price"
)

// namings say how the tables name the provider and those models that they call by other names than the catalog
// does, or by several of which the curated file reads another one first.
func (b *builder) namings(models []price.Model) map[string]price.Naming {
	namings := maps.Clone(b.provider.Tables)
	listed := map[string]*price.Model{}
	owner := map[string]string{} // whose name an identifier is: "claude-opus-4-7 regional"
	for i := range models {
		m := &models[i]
		listed[m.ID] = m
		for route, ids := range identifiers(m) {
			for _, id := range ids {
				owner[strings.ToLower(id)] = m.ID + " " + route
			}
		}
	}
	for _, t := range b.tables {
		naming, ok := namings[t.Source.ID]
		if !ok {
			continue
		}
		for i := range b.provider.Models {
			m := &b.provider.Models[i]
			out, ok := listed[m.ID]
			if !ok {
				continue
			}
			read := map[string][]string{"": m.Read}
			for name, r := range m.Routes {
				read[name] = r.Read
			}
			own := identifiers(out)
			for _, route := range slices.Sorted(maps.Keys(read)) {
				// What is read under the name of another model is another model's price that holds for this one.
				ids := slices.DeleteFunc(slices.Clone(read[route]), func(id string) bool {
					whose, taken := owner[strings.ToLower(id)]
					return taken && whose != m.ID+" "+route
				})
				preferred, known := t.holds(naming, ids), t.holds(naming, own[route])
				if len(preferred) == 0 || slices.Equal(preferred, known[:min(len(known), len(preferred))]) {
					continue
				}
				if naming.Names == nil {
					naming.Names = map[string]map[string][]string{}
				}
				if naming.Names[m.ID] == nil {
					naming.Names[m.ID] = map[string][]string{}
				}
				naming.Names[m.ID][route] = preferred
			}
		}
		namings[t.Source.ID] = naming
	}
	return namings
}

// identifiers are a model's own names by route.
func identifiers(m *price.Model) map[string][]string {
	ids := maps.Clone(m.RouteAliases)
	if ids == nil {
		ids = map[string][]string{}
	}
	ids[""] = append([]string{m.ID}, m.Aliases...)
	return ids
}

// holds lists those of several identifiers that a table has for a provider, each once and without the prefix.
func (t *table) holds(r price.Naming, ids []string) []string {
	var held []string
	for _, id := range ids {
		if _, ok := t.lookup(r, []string{id}); !ok {
			continue
		}
		id = strings.TrimPrefix(id, r.Prefix)
		if !slices.Contains(held, id) {
			held = append(held, id)
		}
	}
	return held
}
