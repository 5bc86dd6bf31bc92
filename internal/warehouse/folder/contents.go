package folder

import (
	"context"
	"slices"

	"breakeven/internal/warehouse"
	"breakeven/price"
)

// Contents lists what is kept. The manifest knows it; parts are read only where a selection cuts through them.
func (f *Folder) Contents(ctx context.Context, s warehouse.Selection) ([]warehouse.Content, error) {
	defer f.reading()()
	m, err := f.load()
	if err != nil {
		return nil, err
	}
	held := map[thing]*warehouse.Content{}
	take := func(t thing, c warehouse.Content) {
		have := held[t]
		if have == nil {
			held[t] = &c
			return
		}
		have.Rows += c.Rows
		if c.First.Before(have.First) {
			have.First = c.First
		}
		if c.Last.After(have.Last) {
			have.Last = c.Last
		}
	}
	from, to := bounds(s)
	var cut []*part
	for _, p := range m.parts(s) {
		if p.First < from || p.Last >= to || !ofThings(s) {
			cut = append(cut, p)
			continue
		}
		for _, h := range p.Holds {
			if t := m.Things[h[0]]; t.let(s) {
				take(t, warehouse.Content{Rows: h[1], First: instant(h[2]), Last: instant(h[3])})
			}
		}
	}
	sums, err := f.ask(ctx, warehouse.Question{Selection: s}, cut)
	if err != nil {
		return nil, err
	}
	for _, x := range sums {
		g := &x.group
		take(thing{g.Provider, g.Model, g.Region, g.Tier.String()}, warehouse.Content{Rows: g.Rows, First: instant(x.start), Last: instant(x.last)})
	}
	list := make([]warehouse.Content, 0, len(held))
	for t, c := range held {
		c.Provider, c.Model, c.Region = t[0], t[1], t[2]
		if c.Tier, err = price.ParseTier(t[3]); err != nil {
			return nil, err
		}
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b warehouse.Content) int {
		x, y := thing{a.Provider, a.Model, a.Region, a.Tier.String()}, thing{b.Provider, b.Model, b.Region, b.Tier.String()}
		return slices.Compare(x[:], y[:])
	})
	return list, nil
}

// thingOf is the place of a dimension in a thing.
var thingOf = map[warehouse.Dimension]int{warehouse.Provider: 0, warehouse.Model: 1, warehouse.Tier: 3}

// ofThings reports whether a selection's filters ask for nothing but what the manifest knows.
func ofThings(s warehouse.Selection) bool {
	return !slices.ContainsFunc(s.Only, func(f warehouse.Filter) bool {
		_, ok := thingOf[f.Dimension]
		return !ok
	})
}

// let reports whether a selection of things lets one through.
func (t thing) let(s warehouse.Selection) bool {
	return !slices.ContainsFunc(s.Only, func(f warehouse.Filter) bool { return !slices.Contains(f.Values, t[thingOf[f.Dimension]]) })
}

// Verify reads every part whole, and holds it against the digest that the manifest has of it. The first damage ends it.
func (f *Folder) Verify(ctx context.Context) error {
	defer f.reading()()
	m, err := f.load()
	if err != nil {
		return err
	}
	return inParallel(f.options.Workers, len(m.Parts), func() (func(int) error, error) {
		return func(i int) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			o, err := f.open(&m.Parts[i])
			if err != nil {
				return err
			}
			defer o.close()
			sum, err := digestOf(o.file)
			if err == nil && sum != o.part.SHA256 {
				err = o.damage("is not as it was written: its digest is another", nil)
			}
			return err
		}, nil
	})
}
