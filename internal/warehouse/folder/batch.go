package folder

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/price"
	"breakeven/usage"
)

const (
	rowBytes = 160     // what a row in memory takes, about
	runRows  = 1 << 19 // the most rows that are written out together
	// A log goes through its days more or less in order. A day that it left is written out, if it has some rows, so that
	// its space serves the next.
	openDays = 4
	someRows = 1 << 12

	callsAtOnce = 512 // calls that are handed on together
	handed      = 4   // how often before the sorter takes them
)

// batch is an import under way. Rows are kept by day until they are many, then sorted and written out as a run: one
// part in the staging folder. Reading the log, sorting its calls into tables, and writing these go on at once: Add only
// copies a call.
type batch struct {
	f       *Folder
	ctx     context.Context // of the import
	origin  warehouse.Origin
	stage   *stage
	stones  []tombstone
	receipt warehouse.Receipt

	pending []usage.Call // copied, not yet handed on
	calls   chan []usage.Call
	copied  chan []usage.Call // space of calls that were handed on
	jobs    chan *table
	free    chan *table
	done    sync.WaitGroup

	// What follows is the sorter's alone until it is done.
	shade  shade
	tables map[int64]*table
	recent []int64 // days, the one that was used last at the end
	day    int64   // of the table that was used last
	table  *table
	rows   int64 // in memory
	most   int64 // that may be

	mu   sync.Mutex
	runs []written
	err  error
	over bool
}

// Import begins to take a log in. A log of the same digest that was taken in before is a [*warehouse.KnownError].
func (f *Folder) Import(ctx context.Context, o warehouse.Origin) (warehouse.Batch, error) {
	m, err := f.load()
	if err != nil {
		return nil, err
	}
	if err := f.known(ctx, m, o.Digest); err != nil {
		return nil, err
	}
	stones, err := committed(ctx, f, "deletions", m.Generation, f.stones)
	if err != nil {
		return nil, err
	}
	s, err := f.newStage(o.Name, o.Format, o.Digest, o.At.UnixNano())
	if err != nil {
		return nil, err
	}
	b := &batch{
		f: f, ctx: ctx, origin: o, stage: s, stones: stones, shade: newShade(m.Salt, stones), tables: map[int64]*table{}, most: max(1, f.options.Memory/rowBytes),
		calls: make(chan []usage.Call, handed), copied: make(chan []usage.Call, handed+2), jobs: make(chan *table, 1), free: make(chan *table, 4),
		receipt: warehouse.Receipt{ID: s.id, Name: o.Name, Format: o.Format, Digest: o.Digest, At: o.At},
	}
	if o.Live {
		b.receipt.ID = liveID(o)
	}
	w, err := newPartWriter()
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	b.done.Go(func() { b.write(w) })
	b.done.Go(b.sort)
	return b, nil
}

// liveID is the identifier of what arrives without a log, of one source and day: its commits are many, and one receipt
// adds them up.
func liveID(o warehouse.Origin) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "live %q %q %s", o.Name, o.Format, o.At.UTC().Format(time.DateOnly)))
	return hex.EncodeToString(sum[:])[:idLength]
}

// known refuses a log that was taken in before.
func (f *Folder) known(ctx context.Context, m *manifest, digest string) error {
	if digest == "" {
		return nil
	}
	receipts, err := committed(ctx, f, "imports", m.Generation, f.receipts)
	if err != nil {
		return err
	}
	for i := range receipts {
		if receipts[i].Digest == digest {
			return &warehouse.KnownError{Receipt: receipts[i]}
		}
	}
	return nil
}

// Identify says the log's digest.
func (b *batch) Identify(digest string) error {
	m, err := b.f.load()
	if err != nil {
		return err
	}
	b.origin.Digest, b.receipt.Digest = digest, digest
	return b.f.known(b.ctx, m, digest)
}

// write writes runs until there are no more.
func (b *batch) write(w *partWriter) {
	n := 0
	for t := range b.jobs {
		if b.failed() == nil && t.n > 0 {
			run, err := w.write(b.stage, n, t)
			n++
			b.mu.Lock()
			b.err = cmp.Or(b.err, err)
			b.runs = append(b.runs, run)
			b.mu.Unlock()
		}
		t.reset()
		select {
		case b.free <- t:
		default:
		}
	}
}

func (b *batch) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Add takes a call.
func (b *batch) Add(c *usage.Call) error {
	if c.Start.IsZero() {
		return warehouse.ErrNoTime
	}
	if err := sound(c); err != nil {
		return err
	}
	if b.pending == nil {
		select {
		case b.pending = <-b.copied:
		default:
			b.pending = make([]usage.Call, 0, callsAtOnce)
		}
	}
	if b.pending = append(b.pending, *c); len(b.pending) < callsAtOnce {
		return nil
	}
	return b.hand()
}

// hand hands the copied calls on to be sorted.
func (b *batch) hand() error {
	b.receipt.Rows += int64(len(b.pending))
	b.calls <- b.pending
	b.pending = nil
	return b.failed()
}

// sort sorts calls into tables, until there are no more.
func (b *batch) sort() {
	for calls := range b.calls {
		for i := range calls {
			b.take(&calls[i])
		}
		clear(calls)
		select {
		case b.copied <- calls[:0]:
		default:
		}
	}
	days := make([]int64, 0, len(b.tables))
	for d := range b.tables {
		days = append(days, d)
	}
	slices.Sort(days)
	for _, d := range days {
		b.flush(d)
	}
	close(b.jobs)
}

func (b *batch) take(c *usage.Call) {
	if b.shade.hides(c) {
		b.receipt.Withheld++
		return
	}
	if b.receipt.First.IsZero() || c.Start.Before(b.receipt.First) {
		b.receipt.First = instant(c.Start.UnixMicro())
	}
	if c.Start.After(b.receipt.Last) {
		b.receipt.Last = instant(c.Start.UnixMicro())
	}
	key, _ := warehouse.KeyOf(b.origin.Format, c)
	if d := dayOf(c.Start.UnixMicro()); b.table == nil || d != b.day {
		b.use(d)
	}
	b.table.add(c, key, b.receipt.ID)
	b.rows++
	switch {
	case b.table.n >= runRows:
		b.flush(b.day)
	case b.rows >= b.most:
		b.spill()
	}
}

// sound refuses a call whose columns would not say what it says, or whose sums would not fit.
func sound(c *usage.Call) error {
	all := int64(0)
	for _, n := range c.Quantities {
		all |= n
	}
	if all < 0 || all >= math.MaxInt64/int64(price.KindCount) {
		if err := c.Quantities.Check(); err != nil {
			return err
		}
		if c.Quantities.InputTokens() < 0 || c.Quantities.OutputTokens() < 0 {
			return warehouse.ErrOverflow
		}
	}
	requests := int64(0)
	if c.Requests.Known {
		requests = c.Requests.N
	}
	if c.Quantities[price.Request] != requests {
		return fmt.Errorf("the call is %d requests in one place and %d in another", c.Quantities[price.Request], requests)
	}
	if c.Reported.USD < 0 || c.ContextOver < 0 {
		return errors.New("the call has a reported cost, or a context boundary, below zero")
	}
	return nil
}

func (b *batch) use(d int64) {
	t := b.tables[d]
	if t == nil {
		select {
		case t = <-b.free:
		default:
			t = newTable()
		}
		b.tables[d] = t
	}
	b.day, b.table = d, t
	if i := slices.Index(b.recent, d); i >= 0 {
		b.recent = slices.Delete(b.recent, i, i+1)
	}
	if b.recent = append(b.recent, d); len(b.recent) <= openDays {
		return
	}
	left := b.recent[0]
	b.recent = slices.Delete(b.recent, 0, 1)
	if t := b.tables[left]; t != nil && t.n >= someRows {
		b.flush(left)
	}
}

// flush hands the rows of a day over to be written.
func (b *batch) flush(d int64) {
	t := b.tables[d]
	delete(b.tables, d)
	if b.table == t {
		b.table = nil
	}
	b.rows -= int64(t.n)
	b.jobs <- t
}

// spill hands days over, those with the most rows first, until half of the space is free.
func (b *batch) spill() {
	days := make([]int64, 0, len(b.tables))
	for d := range b.tables {
		days = append(days, d)
	}
	slices.SortFunc(days, func(x, y int64) int { return cmp.Or(b.tables[y].n-b.tables[x].n, cmp.Compare(x, y)) })
	for _, d := range days {
		if b.rows <= b.most/2 {
			return
		}
		b.flush(d)
	}
}

// finish hands on what is left, and waits.
func (b *batch) finish() error {
	err := b.hand()
	close(b.calls)
	b.done.Wait()
	return errors.Join(err, b.err)
}

// Commit makes the batch part of what is kept: all of it, or nothing.
func (b *batch) Commit(ctx context.Context) (warehouse.Receipt, error) {
	if b.over {
		return warehouse.Receipt{}, errors.New("the import has ended")
	}
	b.over = true
	err := b.finish()
	if err == nil {
		err = b.merge(ctx)
	}
	if err != nil {
		return warehouse.Receipt{}, errors.Join(err, b.stage.remove())
	}
	return b.receipt, nil
}

// Abort drops the batch. After Commit it does nothing.
func (b *batch) Abort() error {
	if b.over {
		return nil
	}
	b.over = true
	_ = b.finish() // nothing of it is kept
	return b.stage.remove()
}
