package llm

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/datafile"
)

// Catalog is a set of models that can be looked up. It is immutable and safe for concurrent use.
type Catalog struct {
	byID  map[string]*Model
	order []*Model
}

// NewCatalog reads model files. Files are named for their errors.
func NewCatalog(files map[string][]byte) (*Catalog, error) {
	c := &Catalog{byID: map[string]*Model{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		models, err := ParseFile(name, files[name])
		if err != nil {
			return nil, err
		}
		for _, m := range models {
			if _, twice := c.byID[m.ID]; twice {
				return nil, &datafile.Error{File: name, Path: m.ID, Err: fmt.Errorf("model %q appears twice", m.ID)}
			}
			c.byID[m.ID] = m
			c.order = append(c.order, m)
		}
	}
	slices.SortFunc(c.order, func(a, b *Model) int { return cmp.Compare(a.ID, b.ID) })
	return c, nil
}

// All lists the models by their identifiers.
func (c *Catalog) All() []*Model { return slices.Clone(c.order) }

// UnknownModelError says that there is no such model.
type UnknownModelError struct {
	ID   string
	Near []string // identifiers that begin alike
}

func (e *UnknownModelError) Error() string {
	s := fmt.Sprintf("no model %q among the open-weight models", e.ID)
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return s
}

// Model finds a model by its identifier, without regard to case.
func (c *Catalog) Model(id string) (*Model, error) {
	id = strings.ToLower(strings.TrimSpace(id))
	if m, ok := c.byID[id]; ok {
		return m, nil
	}
	return nil, &UnknownModelError{ID: id, Near: c.near(id)}
}

// near lists up to three identifiers that share the longest beginning with the one asked for.
func (c *Catalog) near(id string) []string {
	best, longest := []string(nil), 2
	for _, m := range c.order {
		n := 0
		for n < len(id) && n < len(m.ID) && id[n] == m.ID[n] {
			n++
		}
		switch {
		case n > longest:
			best, longest = []string{m.ID}, n
		case n == longest && best != nil:
			best = append(best, m.ID)
		}
	}
	return best[:min(len(best), 3)]
}
