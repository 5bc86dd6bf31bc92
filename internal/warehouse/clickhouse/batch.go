package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
	"breakeven/price"
	"breakeven/usage"
)

// blockRows is how many calls are sent at once. ClickHouse writes a block as one part for each month in it.
const blockRows = 1 << 17

// block is calls as columns.
type block struct {
	start                     proto.ColDateTime64Raw
	end                       *proto.ColNullable[proto.DateTime64]
	requests, reported        *proto.ColNullable[int64]
	words                     []*proto.ColLowCardinality[string] // in the order of wordColumns
	session                   proto.ColStr
	over, latency, ttft, line proto.ColInt64
	failed                    proto.ColBool
	keys                      proto.ColFixedStr16
	batch, ord                proto.ColUInt64
	kinds                     []proto.ColInt64
}

var wordColumns = []string{"provider", "model", "region", "tier", "project", "key", "user"}

func newBlock() *block {
	b := &block{kinds: make([]proto.ColInt64, price.KindCount)}
	micro := proto.ColDateTime64Raw{ColDateTime64: *new(proto.ColDateTime64).WithPrecision(proto.PrecisionMicro).WithLocation(time.UTC)}
	end := micro
	b.start = micro
	b.end = proto.NewColNullable[proto.DateTime64](&end)
	b.requests, b.reported = new(proto.ColInt64).Nullable(), new(proto.ColInt64).Nullable()
	for range wordColumns {
		b.words = append(b.words, new(proto.ColStr).LowCardinality())
	}
	return b
}

func (b *block) input() proto.Input {
	in := proto.Input{
		{Name: "start", Data: &b.start}, {Name: "end", Data: b.end}, {Name: "requests", Data: b.requests}, {Name: "reported_nano_usd", Data: b.reported},
		{Name: "session", Data: &b.session}, {Name: "context_over", Data: &b.over}, {Name: "latency_us", Data: &b.latency}, {Name: "ttft_us", Data: &b.ttft},
		{Name: "line", Data: &b.line}, {Name: "failed", Data: &b.failed}, {Name: "row_key", Data: &b.keys}, {Name: "batch", Data: &b.batch}, {Name: "ord", Data: &b.ord},
	}
	for i, name := range wordColumns {
		in = append(in, proto.InputColumn{Name: name, Data: b.words[i]})
	}
	for _, k := range price.Kinds() {
		in = append(in, proto.InputColumn{Name: k.String(), Data: &b.kinds[k]})
	}
	return in
}

func (b *block) rows() int { return len(b.ord) }

func (b *block) add(c *usage.Call, key warehouse.RowKey, batch, ord uint64) {
	b.start.AppendRaw(proto.DateTime64(c.Start.UnixMicro()))
	end := proto.Null[proto.DateTime64]()
	if !c.End.IsZero() {
		end = proto.NewNullable(proto.DateTime64(c.End.UnixMicro()))
	}
	b.end.Append(end)
	b.requests.Append(proto.Nullable[int64]{Set: c.Requests.Known, Value: c.Requests.N})
	b.reported.Append(proto.Nullable[int64]{Set: c.Reported.Known, Value: int64(c.Reported.USD)})
	for i, word := range [...]string{c.Provider, c.Model, c.Region, c.Tier.String(), c.Project, c.APIKey, c.User} {
		b.words[i].Append(word)
	}
	b.session.Append(c.Session)
	b.over.Append(c.ContextOver)
	b.latency.Append(c.Latency.Microseconds())
	b.ttft.Append(c.TTFT.Microseconds())
	b.line.Append(int64(c.Line))
	b.failed.Append(c.Failed)
	b.keys.Append(key)
	b.batch.Append(batch)
	b.ord.Append(ord)
	for k, n := range c.Quantities {
		b.kinds[k].Append(n)
	}
}

// batch is an import under way. Filling a block and sending the one before it overlap.
type batch struct {
	w      *Warehouse
	ctx    context.Context // of the import: its end stops the sending
	cancel context.CancelFunc
	origin warehouse.Origin
	number uint64
	stop   func() // the signs of life

	tombs    *tombs
	unnamed  map[warehouse.RowKey]int // how often a row without a name has come
	filling  *block
	full     chan *block
	empty    chan *block
	sent     chan struct{}
	err      error // of sending; read after sent is closed, or under mu
	mu       sync.Mutex
	receipt  warehouse.Receipt
	ord      uint64
	finished bool
}

// Import begins to take a log in. The batch ends with the context.
func (w *Warehouse) Import(ctx context.Context, o warehouse.Origin) (warehouse.Batch, error) {
	if w.mapping != nil {
		return nil, w.readOnly("take logs in")
	}
	b := &batch{
		w: w, origin: o, unnamed: map[warehouse.RowKey]int{}, filling: newBlock(), full: make(chan *block), empty: make(chan *block, 2), sent: make(chan struct{}),
		receipt: warehouse.Receipt{Name: o.Name, Format: o.Format, Digest: o.Digest, At: o.At.UTC()},
	}
	b.empty <- newBlock()
	err := w.locked(ctx, func(*lock) error {
		if err := w.known(ctx, o.Digest); err != nil {
			return err
		}
		if err := w.sweep(ctx); err != nil {
			return err
		}
		s, err := w.look(ctx)
		if err != nil {
			return err
		}
		b.number = s.last + 1
		if b.tombs, err = w.tombstones(ctx); err != nil {
			return err
		}
		return w.write(ctx, begun, b.number, w.token, o.Name)
	})
	if err != nil {
		return nil, err
	}
	b.ctx, b.cancel = context.WithCancel(ctx)
	b.stop = w.renew(ctx, begun, b.number, w.token, o.Name)
	go b.send()
	return b, nil
}

// known refuses a log of a digest that was taken in.
func (w *Warehouse) known(ctx context.Context, digest string) error {
	if digest == "" {
		return nil
	}
	list, err := w.receipts(ctx, " AND JSONExtractString(body, 'digest') = "+literal(digest))
	if err == nil && len(list) > 0 {
		return &warehouse.KnownError{Receipt: list[0]}
	}
	return err
}

// Identify says the log's digest.
func (b *batch) Identify(digest string) error {
	b.origin.Digest, b.receipt.Digest = digest, digest
	return b.w.known(b.ctx, digest)
}

// send sends the full blocks.
func (b *batch) send() {
	defer close(b.sent)
	for block := range b.full {
		if err := b.insert(block); err != nil {
			b.mu.Lock()
			b.err = err
			b.mu.Unlock()
			b.cancel()
			return
		}
		b.empty <- block
	}
}

func (b *batch) insert(block *block) error {
	in := block.input()
	names := make([]string, len(in))
	for i, c := range in {
		names[i] = quoted(c.Name)
	}
	err := b.w.blame(b.ctx, b.w.db.do(b.ctx, ch.Query{Body: "INSERT INTO " + b.w.name("") + " (" + join(names) + ") VALUES", Input: in}))
	in.Reset()
	return err
}

// earliest and latest bound the times that a DateTime64 holds.
var (
	earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2299, 12, 31, 0, 0, 0, 0, time.UTC)
)

// Add takes a call.
func (b *batch) Add(c *usage.Call) error {
	if c.Start.IsZero() {
		return warehouse.ErrNoTime
	}
	for _, t := range [...]time.Time{c.Start, c.End} {
		if !t.IsZero() && (t.Before(earliest) || t.After(latest)) {
			return fmt.Errorf("the time %s is none that ClickHouse keeps: it has 1900 to 2299", t.UTC().Format(time.RFC3339))
		}
	}
	b.receipt.Rows++
	if b.receipt.First.IsZero() || c.Start.Before(b.receipt.First) {
		b.receipt.First = c.Start.UTC()
	}
	if c.Start.After(b.receipt.Last) {
		b.receipt.Last = c.Start.UTC()
	}
	if b.tombs.withhold(c) {
		b.receipt.Withheld++
		return nil
	}
	key, unnamed := warehouse.KeyOf(b.origin.Format, c)
	if unnamed {
		n := b.unnamed[key]
		b.unnamed[key] = n + 1
		key = key.Nth(n)
	}
	b.filling.add(c, key, b.number, b.ord)
	b.ord++
	if b.filling.rows() >= blockRows {
		return b.flush()
	}
	return nil
}

// flush hands the block that is being filled to the sender, and takes an empty one.
func (b *batch) flush() error {
	select {
	case b.full <- b.filling:
	case <-b.ctx.Done():
		return b.failure()
	}
	b.filling = nil
	select {
	case b.filling = <-b.empty:
		return nil
	case <-b.ctx.Done():
		return b.failure()
	}
}

func (b *batch) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	return b.ctx.Err()
}

// Commit makes the batch part of what is kept. After an error nothing of it is, and it is dropped.
func (b *batch) Commit(ctx context.Context) (warehouse.Receipt, error) {
	if b.finished {
		return warehouse.Receipt{}, errors.New("the import is over")
	}
	if b.filling != nil && b.filling.rows() > 0 {
		if err := b.flush(); err != nil {
			return warehouse.Receipt{}, errors.Join(err, b.Abort())
		}
	}
	close(b.full)
	<-b.sent
	b.full = nil
	if b.err != nil {
		return warehouse.Receipt{}, errors.Join(b.err, b.Abort())
	}
	if err := b.w.locked(ctx, func(l *lock) error { return b.commit(ctx, l) }); err != nil {
		return warehouse.Receipt{}, errors.Join(err, b.Abort())
	}
	b.finish()
	_ = b.w.tidy(ctx, b.number, b.receipt.Same) // it only saves space
	return b.receipt, nil
}

// finish ends the batch's goroutines.
func (b *batch) finish() {
	b.finished = true
	b.cancel()
	if b.full != nil {
		close(b.full)
		b.full = nil
	}
	<-b.sent
	b.stop()
}

// commit compares the batch with what is kept, and makes it count.
func (b *batch) commit(ctx context.Context, l *lock) error {
	w := b.w
	if err := w.known(ctx, b.origin.Digest); err != nil {
		return err
	}
	if changed, err := w.tombsChanged(ctx, b.tombs); err != nil {
		return err
	} else if changed {
		return fmt.Errorf("%s: calls were deleted while %s was being read: import it again", w.Where(), b.origin.Name)
	}
	var there uint64
	if err := w.numbers(ctx, fmt.Sprintf("SELECT toUInt64(count()) FROM %s WHERE batch = %d", w.name(""), b.number), &there); err != nil {
		return err
	}
	if there != b.ord {
		return &warehouse.DamageError{
			Place: w.Where(), Problem: fmt.Sprintf("%d rows were sent and %d are there", b.ord, there),
			Hint: "another process took this one for dead, or somebody changed the table: import the log again",
		}
	}
	if err := b.retire(ctx); err != nil {
		return err
	}
	var same, replaced uint64
	if err := w.numbers(ctx, fmt.Sprintf("SELECT toUInt64(countIf(batch = by)), toUInt64(countIf(batch != by)) FROM %s WHERE by = %d", w.name(retired), b.number), &same, &replaced); err != nil {
		return err
	}
	r := &b.receipt
	r.ID = strconv.FormatUint(b.number, 10)
	r.Same, r.Replaced = int64(same), int64(replaced)
	r.Added = r.Rows - r.Withheld - r.Same - r.Replaced
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := l.mine(ctx); err != nil {
		return err
	}
	if err := w.write(ctx, committed, b.number, "", string(body)); err != nil {
		return err
	}
	// Whoever took this process for dead has said so before it removed anything.
	if err := l.mine(ctx); err != nil {
		return err
	}
	var taken uint64
	if err := w.numbers(ctx, fmt.Sprintf("SELECT toUInt64(count()) FROM %s WHERE kind = '%s' AND batch = %d", w.name(journal), swept, b.number), &taken); err != nil {
		return err
	}
	if taken > 0 {
		return fmt.Errorf("%s: this process did nothing for so long that another one dropped its import of %s: import it again", w.Where(), b.origin.Name)
	}
	return nil
}

// compared is how many rows the server compares at once.
const compared = 4_000_000

// retire lists the rows that do not count once the batch is committed: of all rows with one key on one day, all but the
// one that [warehouse.Supersedes] leaves.
func (b *batch) retire(ctx context.Context) error {
	w := b.w
	own := fmt.Sprintf("`batch` = %d", b.number)
	s, err := w.look(ctx)
	if err != nil {
		return err
	}
	mine := relation{from: w.name("")}.and(own)
	list, err := w.stretches(ctx, mine, compared)
	if err != nil {
		return err
	}
	either := "(" + strings.Join(w.kept(s).where, " AND ") + ") OR " + own
	for _, days := range list {
		rows := relation{from: w.name("")}.and(days.where(), either)
		// Few keys come twice: find those first, by the key alone.
		twice := "SELECT `row_key`" + rows.and("`row_key` IN (SELECT `row_key`"+mine.and(days.where()).sql()+")").sql() + " GROUP BY toDate32(`start`), `row_key` HAVING count() > 1"
		if err := w.exec(ctx, "INSERT INTO "+w.name(retired)+" (row_key, batch, ord, by) "+losers(rows.and("`row_key` IN ("+twice+")"), b.number)); err != nil {
			return err
		}
	}
	return nil
}

// losers is the SQL of the rows that lose against another of the same key and day, as the table of retired rows has
// them. A row of the batch comes after one that is kept, and rows of the batch in their order.
func losers(rows relation, batch uint64) string {
	var counts []string
	counts = append(counts, "isNull(`requests`)", "isNull(`reported_nano_usd`)", "`failed`")
	counts = append(counts, summands()...)
	isNew := fmt.Sprintf("`batch` = %d", batch)
	return fmt.Sprintf("SELECT row_key, loser.1, loser.2, toUInt64(%d) FROM ("+
		"SELECT row_key, groupArray((`batch`, `ord`)) AS rows, "+
		// The counts of a report are compared by a hash of 128 bits.
		"argMin((`batch`, `ord`, sipHash128(%s)), (%s, `ord`)) AS first, argMax((`batch`, `ord`, sipHash128(%s), isNotNull(`end`)), (%s, `ord`)) AS last, "+
		"argMax((`batch`, `ord`), (%s, NOT (%s), -toInt64(`ord`))) AS longest, "+
		"if(last.4, if(first.3 = last.3, (first.1, first.2), (last.1, last.2)), longest) AS winner"+
		"%s GROUP BY toDate32(`start`), row_key HAVING count() > 1) ARRAY JOIN arrayFilter(r -> r != winner, rows) AS loser",
		batch, join(counts), isNew, join(counts), isNew, side(price.OutputSide), isNew, rows.sql())
}

// Abort drops the batch and removes what was sent of it.
func (b *batch) Abort() error {
	if b.finished {
		return nil
	}
	b.finish()
	ctx := context.WithoutCancel(b.ctx)
	return b.w.drop(ctx, b.number)
}

// many is how many retired rows of a batch are worth rewriting its parts.
const many = 100_000

// tidy removes the rows of a batch that never counted, if there are many.
func (w *Warehouse) tidy(ctx context.Context, batch uint64, same int64) error {
	if same < many {
		return nil
	}
	return w.remove(ctx, "", fmt.Sprintf("`batch` = %d AND `ord` IN (SELECT ord FROM %s WHERE batch = %d AND by = %d)", batch, w.store(retired), batch, batch))
}
