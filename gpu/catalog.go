package gpu

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Catalog is a set of accelerators that can be looked up. It is immutable and safe for concurrent use.
type Catalog struct {
	byID   map[string]*Accelerator
	order  []*Accelerator
	absent map[string]string
}

// NewCatalog reads accelerator files. Files are named for their errors.
func NewCatalog(files map[string][]byte) (*Catalog, error) {
	c := &Catalog{byID: map[string]*Accelerator{}, absent: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		parts, absent, err := ParseAccelerators(name, files[name])
		if err != nil {
			return nil, err
		}
		for _, a := range parts {
			if _, twice := c.byID[a.ID]; twice {
				return nil, failer(name)(a.ID, "accelerator %q appears twice", a.ID)
			}
			c.byID[a.ID] = a
			c.order = append(c.order, a)
		}
		for _, a := range absent {
			c.absent[a.ID] = a.Why
		}
	}
	slices.SortFunc(c.order, func(a, b *Accelerator) int { return cmp.Compare(a.ID, b.ID) })
	return c, nil
}

// All lists the accelerators by their identifiers.
func (c *Catalog) All() []*Accelerator { return slices.Clone(c.order) }

// UnknownAcceleratorError says that there is no such accelerator.
type UnknownAcceleratorError struct {
	ID string
	// Why tells why a part that is known by name is left out; empty for a name that says nothing.
	Why   string
	Known []string
}

func (e *UnknownAcceleratorError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("accelerator %q is not in the catalog: %s", e.ID, e.Why)
	}
	return fmt.Sprintf("no accelerator %q; the catalog has %s", e.ID, strings.Join(e.Known, ", "))
}

// Accelerator finds a part by its identifier, without regard to case.
func (c *Catalog) Accelerator(id string) (*Accelerator, error) {
	id = strings.ToLower(strings.TrimSpace(id))
	if a, ok := c.byID[id]; ok {
		return a, nil
	}
	return nil, &UnknownAcceleratorError{ID: id, Why: c.absent[id], Known: slices.Sorted(maps.Keys(c.byID))}
}
