package folder

import (
	"slices"
	"time"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// table is rows in memory, column by column. A column whose rows all have the usual value, or one word, takes no space.
type table struct {
	n       int
	ints    [columnCount][]int64
	texts   [columnCount]texts
	failed  []bool
	keys    [][16]byte
	ordered bool // by start
	last    int64

	index []uint32 // space
	// spare is the space of columns that are not in use.
	spare struct {
		ints   [columnCount][]int64
		index  [columnCount][]uint32
		failed []bool
	}
}

// texts is a column of texts: the place of each row's word in a list.
type texts struct {
	words []string
	ids   map[string]uint32
	index []uint32 // nil while there is one word
	last  uint32   // place of the last row's word
	near  []near   // words that were met lately, by their hash: so many that nearly all are found, up to mostNear
}

// near is a word that was met lately, and its place.
type near struct {
	word  string
	place uint32 // plus one
}

const (
	leastNear = 64
	mostNear  = 1024
)

func newTable() *table { return &table{ordered: true} }

// reset empties the table and keeps its space.
func (t *table) reset() {
	t.n, t.ordered, t.last = 0, true, 0
	for i := range t.ints {
		if t.ints[i] != nil {
			t.spare.ints[i], t.ints[i] = t.ints[i][:0], nil
		}
		c := &t.texts[i]
		if c.index != nil {
			t.spare.index[i], c.index = c.index[:0], nil
		}
		clear(c.words)
		clear(c.ids)
		clear(c.near)
		c.words, c.last = c.words[:0], 0
	}
	if t.failed != nil {
		t.spare.failed, t.failed = t.failed[:0], nil
	}
	t.keys = t.keys[:0]
}

// begin makes a column of n equal values, in space that is left over.
func begin[T any](spare *[]T, n int, v T) []T {
	c := slices.Grow(*spare, 2*n+1024)
	*spare = nil
	for range n {
		c = append(c, v)
	}
	return c
}

// place is the place of a word.
func (c *texts) place(word string) uint32 {
	if len(c.words) > 0 && c.words[c.last] == word {
		return c.last
	}
	if n := max(leastNear, len(c.near)); len(c.near) == 0 || len(c.words) > n && n < mostNear {
		c.near = make([]near, min(n+3*len(c.near), mostNear))
	}
	at := &c.near[nearHash(word)%uint64(len(c.near))]
	if at.place > 0 && at.word == word {
		c.last = at.place - 1
		return c.last
	}
	if c.ids == nil {
		c.ids = map[string]uint32{}
	}
	id, ok := c.ids[word]
	if !ok {
		id = uint32(len(c.words))
		c.ids[word] = id
		c.words = append(c.words, word)
	}
	*at = near{word, id + 1}
	c.last = id
	return id
}

// nearHash is of a word's length and ends: names that count up differ in their last letters.
func nearHash(word string) uint64 {
	h := uint64(len(word))
	if h > 0 {
		h = h<<8 | uint64(word[0])
	}
	for i := max(0, len(word)-4); i < len(word); i++ {
		h = h<<8 | uint64(word[i])
	}
	return h * 0x9e3779b97f4a7c15 >> 32
}

// addText appends a row's word.
func (t *table) addText(column int, word string) {
	c := &t.texts[column]
	id := c.place(word)
	if c.index == nil {
		if id == 0 {
			return
		}
		c.index = begin(&t.spare.index[column], t.n, 0)
	}
	c.index = append(c.index, id)
}

func (c *texts) at(i int) string {
	if c.index == nil {
		return c.words[0]
	}
	return c.words[c.index[i]]
}

func (t *table) addInt(column int, v int64) {
	c := t.ints[column]
	if c == nil {
		if v == usual(column) {
			return
		}
		c = begin(&t.spare.ints[column], t.n, usual(column))
	}
	t.ints[column] = append(c, v)
}

func filled(c []int64, n int, v int64) []int64 {
	c = slices.Grow(c, n)
	for range n {
		c = append(c, v)
	}
	return c
}

// int is a row's value in a column of integers.
func (t *table) int(column, i int) int64 {
	if t.ints[column] == nil {
		return usual(column)
	}
	return t.ints[column][i]
}

// add appends a call.
func (t *table) add(c *usage.Call, key warehouse.RowKey, origin string) {
	start := c.Start.UnixMicro()
	if t.n > 0 && start < t.last {
		t.ordered = false
	}
	t.last = start
	t.addInt(colStart, start)
	end, requests, reported := parquet.Null, parquet.Null, parquet.Null
	if !c.End.IsZero() {
		end = c.End.UnixMicro()
	}
	if c.Requests.Known {
		requests = c.Requests.N
	}
	if c.Reported.Known {
		reported = int64(c.Reported.USD)
	}
	t.addInt(colEnd, end)
	t.addInt(colRequests, requests)
	t.addInt(colReported, reported)
	t.addInt(colContext, c.ContextOver)
	for k, n := range c.Quantities {
		if k := price.Kind(k); k != price.Request && (n != 0 || t.ints[kindColumn(k)] != nil) {
			t.addInt(kindColumn(k), n)
		}
	}
	t.addInt(colLatency, c.Latency.Microseconds())
	t.addInt(colTTFT, c.TTFT.Microseconds())
	t.addInt(colLine, int64(c.Line))
	t.addText(colProvider, c.Provider)
	t.addText(colModel, c.Model)
	t.addText(colRegion, c.Region)
	t.addText(colTier, c.Tier.String())
	t.addText(colProject, c.Project)
	t.addText(colKey, c.APIKey)
	t.addText(colUser, c.User)
	t.addText(colSession, c.Session)
	t.addText(colImport, origin)
	if t.failed == nil && c.Failed {
		t.failed = begin(&t.spare.failed, t.n, false)
	}
	if t.failed != nil {
		t.failed = append(t.failed, c.Failed)
	}
	t.keys = append(t.keys, key)
	t.n++
}

// call writes a row into a call. Its identifier is its key.
func (t *table) call(i int, c *usage.Call) error {
	tier, err := price.ParseTier(t.texts[colTier].at(i))
	if err != nil {
		return err
	}
	*c = usage.Call{
		ID: warehouse.RowKey(t.keys[i]).String(), Start: instant(t.int(colStart, i)),
		Provider: t.texts[colProvider].at(i), Model: t.texts[colModel].at(i), Region: t.texts[colRegion].at(i), Tier: tier, ContextOver: t.int(colContext, i),
		Project: t.texts[colProject].at(i), APIKey: t.texts[colKey].at(i), User: t.texts[colUser].at(i), Session: t.texts[colSession].at(i),
		Latency: time.Duration(t.int(colLatency, i)) * time.Microsecond, TTFT: time.Duration(t.int(colTTFT, i)) * time.Microsecond,
		Failed: t.failed != nil && t.failed[i], Line: int(t.int(colLine, i)),
	}
	for k := range price.KindCount {
		if k != price.Request {
			c.Quantities[k] = t.int(kindColumn(k), i)
		}
	}
	if end := t.int(colEnd, i); end != parquet.Null {
		c.End = instant(end)
	}
	if n := t.int(colRequests, i); n != parquet.Null {
		c.Requests = usage.Count{N: n, Known: true}
		c.Quantities[price.Request] = n
	}
	if usd := t.int(colReported, i); usd != parquet.Null {
		c.Reported = usage.Cost{USD: money.USD(usd), Known: true}
	}
	return nil
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// load appends a group of a part.
func (t *table) load(r *parquet.Reader, f *parquet.File, group int) error {
	rows := f.GroupRows(group)
	for i, c := range schema {
		switch c.Kind {
		case parquet.Int, parquet.Time, parquet.Decimal:
			values, same, err := r.Ints(f, group, i, nil)
			if err != nil {
				return err
			}
			if values == nil && same == usual(i) && t.ints[i] == nil {
				continue
			}
			if t.ints[i] == nil {
				t.ints[i] = begin(&t.spare.ints[i], t.n, usual(i))
			}
			if values == nil {
				t.ints[i] = filled(t.ints[i], rows, same)
			} else {
				t.ints[i] = append(t.ints[i], values...)
			}
		case parquet.Text:
			index, words, err := r.Text(f, group, i, t.index)
			if err != nil {
				return err
			}
			if index != nil {
				t.index = index
			}
			t.loadText(i, index, words, rows)
		case parquet.Flag:
			failed, err := r.Flags(f, group, i, nil)
			if err != nil {
				return err
			}
			if failed == nil && t.failed == nil {
				continue
			}
			if t.failed == nil {
				t.failed = begin(&t.spare.failed, t.n, false)
			}
			if failed == nil {
				failed = make([]bool, rows)
			}
			t.failed = append(t.failed, failed...)
		case parquet.Key:
			keys, err := r.Keys(f, group, i, nil)
			if err != nil {
				return err
			}
			t.keys = append(t.keys, keys...)
		}
	}
	t.n += rows
	starts := t.ints[colStart]
	if starts == nil {
		return nil // all at the epoch
	}
	for i := max(1, t.n-rows); i < t.n; i++ {
		if starts[i] < starts[i-1] {
			t.ordered = false
		}
	}
	t.last = starts[t.n-1]
	return nil
}

func (t *table) loadText(column int, index []uint32, words []string, rows int) {
	c := &t.texts[column]
	ids := make([]uint32, len(words))
	one := true
	for i, w := range words {
		ids[i] = c.place(w)
		one = one && ids[i] == 0
	}
	if c.index == nil {
		if one {
			return
		}
		c.index = begin(&t.spare.index[column], t.n, 0)
	}
	if index == nil {
		for range rows {
			c.index = append(c.index, ids[0])
		}
		return
	}
	for _, at := range index {
		c.index = append(c.index, ids[at])
	}
}

// drop removes the rows that are marked.
func (t *table) drop(gone []bool) {
	for i := range t.ints {
		t.ints[i] = without(t.ints[i], gone)
		t.texts[i].index = without(t.texts[i].index, gone)
	}
	t.failed, t.keys = without(t.failed, gone), without(t.keys, gone)
	t.n = 0
	for _, g := range gone {
		if !g {
			t.n++
		}
	}
}

func without[T any](values []T, gone []bool) []T {
	if values == nil {
		return nil
	}
	left := values[:0]
	for i, v := range values {
		if !gone[i] {
			left = append(left, v)
		}
	}
	return left
}

// order is the rows in the order of their start, those of one instant as they came; nil where they lie so.
func (t *table) order() []uint32 {
	starts := t.ints[colStart]
	if t.ordered || starts == nil {
		return nil
	}
	type at struct {
		start int64
		row   uint32
	}
	sorted := make([]at, t.n)
	for i := range sorted {
		sorted[i] = at{starts[i], uint32(i)}
	}
	slices.SortFunc(sorted, func(a, b at) int {
		switch {
		case a.start < b.start || a.start == b.start && a.row < b.row:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	order := make([]uint32, t.n)
	for i := range sorted {
		order[i] = sorted[i].row
	}
	return order
}

// groupData is the rows begin up to end of an order, as the writer takes them.
type groupData struct {
	data   [columnCount]parquet.Data
	ints   [columnCount][]int64
	index  [columnCount][]uint32
	failed []bool
	keys   [][16]byte
}

func (g *groupData) fill(t *table, order []uint32, begin, end int) []parquet.Data {
	for i, c := range schema {
		d := &g.data[i]
		*d = parquet.Data{}
		switch c.Kind {
		case parquet.Int, parquet.Time, parquet.Decimal:
			d.Same = usual(i)
			d.Ints = gather(&g.ints[i], t.ints[i], order, begin, end)
		case parquet.Text:
			d.Words = t.texts[i].words
			d.Index = gather(&g.index[i], t.texts[i].index, order, begin, end)
		case parquet.Flag:
			d.Flags = gather(&g.failed, t.failed, order, begin, end)
		case parquet.Key:
			d.Keys = gather(&g.keys, t.keys, order, begin, end)
		}
	}
	return g.data[:]
}

// gather takes rows of a column in an order.
func gather[T any](space *[]T, column []T, order []uint32, begin, end int) []T {
	if column == nil || order == nil {
		if column == nil {
			return nil
		}
		return column[begin:end]
	}
	out := slices.Grow((*space)[:0], end-begin)
	for _, row := range order[begin:end] {
		out = append(out, column[row])
	}
	*space = out
	return out
}
