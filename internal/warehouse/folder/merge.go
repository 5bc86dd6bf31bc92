package folder

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
	"breakeven/usage"
)

const (
	mostParts  = 8       // of a day; an import that leaves more merges the small ones
	smallPart  = 1 << 18 // rows; larger parts are left as they are
	mergedRows = 1 << 21 // the most rows that are merged at once
)

// merge finds which rows are kept already, and commits the others.
func (b *batch) merge(ctx context.Context) error {
	unlock, err := b.f.lock(ctx, "import "+b.origin.Name)
	if err != nil {
		return err
	}
	defer unlock()
	m, err := b.f.load()
	if err != nil {
		return err
	}
	if err := b.f.settle(m); err != nil {
		return err
	}
	// Another import, or a deletion, may have been faster.
	if err := b.f.known(ctx, m, b.origin.Digest); err != nil {
		return err
	}
	stones, err := committed(ctx, b.f, "deletions", m.Generation, b.f.stones)
	if err != nil {
		return err
	}
	for i := range m.Parts {
		if m.Parts[i].batch() == b.stage.id {
			return fmt.Errorf("an import %s is kept already; import again", b.stage.id)
		}
	}
	days, err := b.days(ctx, m, newShade(m.Salt, stones), len(stones) != len(b.stones))
	if err != nil {
		return err
	}
	gone, added := map[string]bool{}, []written(nil)
	for _, d := range days {
		added = append(added, d.parts...)
		for _, name := range d.gone {
			gone[name] = true
		}
		b.receipt.Added += d.added
		b.receipt.Same += d.same
		b.receipt.Replaced += d.replaced
		b.receipt.Withheld += d.withheld
	}
	receipt := b.receipt
	if b.origin.Live {
		earlier, err := b.f.receiptOf(ctx, m, receipt.ID)
		if err != nil {
			return err
		}
		receipt = sumOf(earlier, receipt)
	}
	if err := b.f.record("imports", m.Generation+1, receipt.ID, receipt); err != nil {
		return err
	}
	if err := b.f.commit(b.stage, m, gone, added); err != nil {
		return err
	}
	if b.origin.Live {
		b.f.dropEarlier(m.Generation+1, receipt.ID)
	}
	return nil
}

// sumOf is a receipt of two commits of the same day.
func sumOf(earlier, later warehouse.Receipt) warehouse.Receipt {
	if earlier.ID == "" {
		return later
	}
	later.Rows += earlier.Rows
	later.Added += earlier.Added
	later.Same += earlier.Same
	later.Replaced += earlier.Replaced
	later.Withheld += earlier.Withheld
	if later.First.IsZero() || !earlier.First.IsZero() && earlier.First.Before(later.First) {
		later.First = earlier.First
	}
	if earlier.Last.After(later.Last) {
		later.Last = earlier.Last
	}
	return later
}

// dayMerge is one day of an import, and what becomes of it.
type dayMerge struct {
	runs []written
	kept []part

	parts                           []written
	gone                            []string
	added, same, replaced, withheld int64
}

// days merges the days of the import, several at a time.
func (b *batch) days(ctx context.Context, m *manifest, shade shade, again bool) ([]*dayMerge, error) {
	byDay := map[int64]*dayMerge{}
	var days []*dayMerge
	for _, run := range b.runs {
		d := byDay[run.part.Day]
		if d == nil {
			d = &dayMerge{}
			byDay[run.part.Day] = d
			days = append(days, d)
		}
		d.runs = append(d.runs, run)
	}
	for _, p := range m.Parts {
		if d := byDay[p.Day]; d != nil {
			d.kept = append(d.kept, p)
		}
	}
	serial := &atomic.Int64{}
	serial.Store(int64(len(b.runs)))
	err := inParallel(b.f.options.Workers, len(days), func() (func(int) error, error) {
		mg := &merger{b: b, m: m, serial: serial, shade: shade, again: again}
		var err error
		if mg.r, err = parquet.NewReader(); err != nil {
			return nil, err
		}
		if mg.w, err = newPartWriter(); err != nil {
			return nil, err
		}
		return func(i int) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return mg.merge(days[i])
		}, nil
	})
	return days, err
}

// inParallel does n pieces of work with several workers, each with a state of its own, and returns the first error.
func inParallel(workers, n int, worker func() (func(i int) error, error)) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	var once sync.Once
	var first error
	for range min(workers, n) {
		wait.Go(func() {
			do, err := worker()
			for err == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				err = do(i)
			}
			next.Store(int64(n))
			once.Do(func() { first = err })
		})
	}
	wait.Wait()
	return first
}

// merger merges days, one after another.
type merger struct {
	b      *batch
	m      *manifest
	serial *atomic.Int64
	shade  shade
	again  bool // a deletion came in between: look again which rows it withholds
	r      *parquet.Reader
	w      *partWriter
	keys   [][16]byte
}

// merge decides what becomes of a day's rows. Where none is there already it only looks at keys.
func (mg *merger) merge(d *dayMerge) error {
	mg.keys = mg.keys[:0]
	var err error
	for i := range d.runs {
		if mg.keys, err = mg.b.f.readKeys(mg.keys, mg.r, &d.runs[i].part); err != nil {
			return err
		}
	}
	at, unique := newPlaces(mg.keys)
	meets := !unique || mg.again
	for i := 0; i < len(d.kept) && !meets; i++ {
		keys, err := mg.b.f.readKeys(nil, mg.r, &d.kept[i])
		if err != nil {
			return err
		}
		for _, k := range keys {
			if at.find(mg.keys, k) >= 0 {
				meets = true
				break
			}
		}
	}
	if meets {
		err = mg.rows(d)
	} else {
		d.parts, d.added = d.runs, int64(len(mg.keys))
	}
	if err != nil {
		return err
	}
	return mg.compact(d)
}

// rows decides row by row.
func (mg *merger) rows(d *dayMerge) error {
	t := newTable()
	for i := range d.runs {
		if err := mg.b.f.readTable(t, mg.r, &d.runs[i].part); err != nil {
			return err
		}
	}
	var c, other usage.Call
	if mg.again {
		gone := make([]bool, t.n)
		for i := range gone {
			if err := t.call(i, &c); err != nil {
				return err
			}
			if gone[i] = mg.shade.hides(&c); gone[i] {
				d.withheld++
			}
		}
		t.drop(gone)
	}
	numbered := count(t.keys)
	gone := make([]bool, t.n)
	// The winner of each key, among the rows of the log: a call that the source names counts once.
	winner := make([]int, t.n)
	at, unique := newPlaces(t.keys)
	for i := range winner {
		winner[i] = i
	}
	if !unique {
		for i, k := range t.keys {
			first := at.find(t.keys, k)
			if first == i {
				continue
			}
			held := winner[first]
			if err := errors.Join(t.call(held, &c), t.call(i, &other)); err != nil {
				return err
			}
			if warehouse.Supersedes(&other, &c) {
				winner[first], gone[held] = i, true
			} else {
				gone[i] = true
			}
			d.same++
		}
	}
	d.added = int64(t.n) - d.same
	for i := range d.kept {
		p := &d.kept[i]
		keys, err := mg.b.f.readKeys(nil, mg.r, p)
		if err != nil {
			return err
		}
		var kept *table
		var replaced []bool
		for row, k := range keys {
			first := at.find(t.keys, k)
			if first < 0 {
				continue
			}
			if kept == nil {
				kept, replaced = newTable(), make([]bool, len(keys))
				if err := mg.b.f.readTable(kept, mg.r, p); err != nil {
					return err
				}
			}
			if err := errors.Join(t.call(winner[first], &c), kept.call(row, &other)); err != nil {
				return err
			}
			d.added--
			if warehouse.Supersedes(&c, &other) {
				replaced[row] = true
				d.replaced++
			} else {
				gone[winner[first]] = true
				d.same++
			}
		}
		if !slices.Contains(replaced, true) {
			continue
		}
		d.gone = append(d.gone, p.Name)
		kept.drop(replaced)
		if err := mg.write(d, kept); err != nil {
			return err
		}
	}
	if !numbered && !mg.again && !slices.Contains(gone, true) {
		d.parts = append(d.parts, d.runs...)
		return nil
	}
	t.drop(gone)
	return mg.write(d, t)
}

// write writes rows as a part of the day.
func (mg *merger) write(d *dayMerge, t *table) error {
	if t.n == 0 {
		return nil
	}
	w, err := mg.w.write(mg.b.stage, int(mg.serial.Add(1)-1), t)
	if err == nil {
		d.parts = append(d.parts, w)
	}
	return err
}

// compact merges the small parts of a day that has too many.
func (mg *merger) compact(d *dayMerge) error {
	all := slices.DeleteFunc(slices.Clone(d.kept), func(p part) bool { return slices.Contains(d.gone, p.Name) })
	for i := range d.parts {
		all = append(all, d.parts[i].part)
	}
	if len(all) <= mostParts {
		return nil
	}
	slices.SortFunc(all, bySize)
	t := newTable()
	merged := map[string]bool{}
	for i := range all {
		p := &all[i]
		if p.Rows > smallPart || int64(t.n)+p.Rows > mergedRows {
			break
		}
		if err := mg.b.f.readTable(t, mg.r, p); err != nil {
			return err
		}
		merged[p.Name] = true
	}
	if len(merged) < 2 {
		return nil
	}
	d.parts = slices.DeleteFunc(d.parts, func(w written) bool { return merged[w.part.Name] })
	for i := range d.kept {
		if name := d.kept[i].Name; merged[name] {
			d.gone = append(d.gone, name)
		}
	}
	return mg.write(d, t)
}

// count numbers the rows that the source does not name and that have the same key, and says whether there are some.
func count(keys [][16]byte) (some bool) {
	if _, unique := newPlaces(keys); unique {
		return false
	}
	seen := map[[16]byte]int{}
	for i, k := range keys {
		if !warehouse.RowKey(k).Unnamed() {
			continue
		}
		n := seen[k]
		seen[k]++
		if n > 0 {
			keys[i] = warehouse.RowKey(k).Nth(n)
			some = true
		}
	}
	return some
}

// places finds keys in a list: a hash table of places, half empty.
type places struct {
	slots []uint32 // plus one
	mask  uint64
}

// newPlaces makes the table, and says whether no key comes twice; of those that do, it has the first.
func newPlaces(keys [][16]byte) (p places, unique bool) {
	size := 1
	for size < 2*len(keys) {
		size *= 2
	}
	p = places{slots: make([]uint32, size), mask: uint64(size - 1)}
	unique = true
	for i := range keys {
		slot := p.slot(keys, keys[i])
		if *slot != 0 {
			unique = false
			continue
		}
		*slot = uint32(i + 1)
	}
	return p, unique
}

// slot is where a key is, or would be.
func (p *places) slot(keys [][16]byte, k [16]byte) *uint32 {
	for h := binary.LittleEndian.Uint64(k[:]) & p.mask; ; h = (h + 1) & p.mask {
		if at := p.slots[h]; at == 0 || keys[at-1] == k {
			return &p.slots[h]
		}
	}
}

// find is the place of a key, or less than zero.
func (p *places) find(keys [][16]byte, k [16]byte) int { return int(*p.slot(keys, k)) - 1 }
