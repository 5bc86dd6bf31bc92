package folder

import (
	"container/heap"
	"context"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// Scan hands on the selected calls in the order of their start. Calls of one day may lie in several parts, whose rows
// are merged.
func (f *Folder) Scan(ctx context.Context, s warehouse.Selection, emit func(*usage.Call) error) error {
	defer f.reading()()
	m, err := f.load()
	if err != nil {
		return err
	}
	for day := range chunksOf(m.parts(s), func(a, b *part) bool { return a.Day == b.Day }) {
		if err := f.scanDay(ctx, day, s, emit); err != nil {
			return err
		}
	}
	return nil
}

// cursor is a place in a part: a row of the group that is in memory.
type cursor struct {
	o      *openPart
	r      *parquet.Reader
	order  int
	group  int // the next one
	t      *table
	row    int
	starts []int64
}

// next moves to the next row, and reports whether there is one.
func (c *cursor) next() (bool, error) {
	if c.row++; c.row < c.t.n {
		return true, nil
	}
	if c.group == c.o.Groups() {
		return false, nil
	}
	c.t.reset()
	if err := c.t.load(c.r, c.o.File, c.group); err != nil {
		return false, c.o.fault(err)
	}
	c.group++
	c.row = 0
	if c.starts = c.t.ints[colStart]; c.starts == nil {
		c.starts = make([]int64, c.t.n)
	}
	return true, nil
}

// cursors are a heap: the one with the earliest row is the first.
type cursors []*cursor

func (c cursors) Len() int { return len(c) }

func (c cursors) Less(i, j int) bool {
	a, b := c[i].starts[c[i].row], c[j].starts[c[j].row]
	return a < b || a == b && c[i].order < c[j].order
}

func (c cursors) Swap(i, j int) { c[i], c[j] = c[j], c[i] }

func (c *cursors) Push(x any) { *c = append(*c, x.(*cursor)) } //nolint:forcetypeassert // heap.Push is not called

func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

func (f *Folder) scanDay(ctx context.Context, parts []*part, s warehouse.Selection, emit func(*usage.Call) error) error {
	var list cursors
	r, err := parquet.NewReader()
	if err != nil {
		return err
	}
	for i, p := range parts {
		o, err := f.open(p)
		if err != nil {
			return err
		}
		defer o.close()
		c := &cursor{o: o, r: r, order: i, t: newTable()}
		if some, err := c.next(); err != nil {
			return err
		} else if some {
			list = append(list, c)
		}
	}
	heap.Init(&list)
	var call usage.Call
	for n := 0; len(list) > 0; n++ {
		c := list[0]
		if err := c.t.call(c.row, &call); err != nil {
			return c.o.damage("is damaged", err)
		}
		if s.Lets(&call) {
			if err := emit(&call); err != nil {
				return err
			}
		}
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		some, err := c.next()
		if err != nil {
			return err
		}
		if some {
			heap.Fix(&list, 0)
		} else {
			heap.Pop(&list)
		}
	}
	return nil
}
