package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// Options say how much a [Receiver] holds back. What is zero has a default, except for the clock.
type Options struct {
	Now func() time.Time
	// Every is the least time between two commits, and so about the longest that an exporter waits: [DefaultEvery].
	// Exporters give up after ten seconds, by default.
	Every time.Duration
	// Batch is how many calls are committed without waiting for that time; 50,000.
	Batch int
	// Queue is how many calls may wait for their commit; 100,000, of about half a kilobyte each.
	Queue int
	// Input says whether the input figures hold cached tokens; the spans of each instrumentation tell if left out.
	Input usage.InputConvention
	// Log is told of commits that fail; nobody is if it is nil.
	Log *slog.Logger
}

// DefaultEvery is the least time between two commits.
const DefaultEvery = time.Second

const (
	maxDeliveries = 1024             // requests that wait
	maxScopes     = 10_000           // instrumentations whose convention is remembered
	commitTime    = 30 * time.Second // after which a commit is given up
)

// Receiver keeps the calls of spans. One goroutine commits what many requests brought. A request is answered when its
// calls are kept, so that nothing that was acknowledged is ever lost; where no more can wait it is refused, and the
// exporter keeps its spans and comes again. A span that comes twice counts once: its trace and span ID is the call's.
type Receiver struct {
	engine warehouse.Engine
	opt    Options

	mu     sync.RWMutex // held to send to in, and by Close to close it
	closed bool
	in     chan *delivery
	done   chan struct{} // closed when the last commit is over

	learned struct {
		sync.Mutex
		input map[string]usage.InputConvention // by scope
	}
	counts struct {
		spans, calls, ignored, rejected, full, waiting atomic.Int64
		commits, failed, added, same, nanoseconds      atomic.Int64
		last                                           atomic.Int64 // Unix nanoseconds
	}
}

// delivery is the calls of one request, which waits for them to be kept.
type delivery struct {
	calls []usage.Call
	kept  chan error
}

// Receipt says what became of the spans of a request. Spans = Calls + Ignored + Rejected.
type Receipt struct {
	Spans    int64
	Calls    int64 // kept now, or before
	Ignored  int64 // spans that are no calls to a language model, or add up those below them
	Rejected int64 // calls that cannot be understood
	Why      string
}

// Stats is what a receiver has done so far.
type Stats struct {
	Spans, Calls, Ignored, Rejected int64
	Full                            int64 // requests that were refused because too much was waiting
	Waiting                         int64 // calls that wait for their commit
	Commits, Failed                 int64
	Added, Same                     int64 // calls that were new, and calls that were kept already
	CommitTime                      time.Duration
	LastCommit                      time.Time // zero before the first
}

// ErrFull says that too many calls wait to be kept: the request is to come again.
var ErrFull = errors.New("too many calls wait to be kept")

// ErrClosed says that the receiver has been closed.
var ErrClosed = errors.New("the server is shutting down")

// StoreError says that calls could not be kept. The request is to come again.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return "the calls could not be kept: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// New makes a receiver that keeps calls in an engine, until it is closed.
func New(engine warehouse.Engine, o Options) *Receiver {
	o.Every = cmp.Or(o.Every, DefaultEvery)
	o.Batch = cmp.Or(o.Batch, 50_000)
	o.Queue = cmp.Or(o.Queue, 100_000)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{engine: engine, opt: o, in: make(chan *delivery, maxDeliveries), done: make(chan struct{})}
	r.learned.input = map[string]usage.InputConvention{}
	go r.run()
	return r
}

// Every is the least time between two commits.
func (r *Receiver) Every() time.Duration { return r.opt.Every }

// Take reads the calls of spans and has them kept. It returns when they are, or when the context ends: they may be
// kept then nevertheless. The error is [ErrFull], [ErrClosed], a [*StoreError] or the context's.
func (r *Receiver) Take(ctx context.Context, scopes []Scope) (Receipt, error) {
	calls, receipt := r.read(scopes)
	if len(calls) > 0 {
		d := &delivery{calls: calls, kept: make(chan error, 1)}
		if err := r.offer(d); err != nil {
			return Receipt{}, err
		}
		select {
		case err := <-d.kept:
			if err != nil {
				return Receipt{}, &StoreError{err}
			}
		case <-ctx.Done():
			return Receipt{}, ctx.Err()
		}
	}
	// What comes again is not counted twice.
	r.counts.spans.Add(receipt.Spans)
	r.counts.calls.Add(receipt.Calls)
	r.counts.ignored.Add(receipt.Ignored)
	r.counts.rejected.Add(receipt.Rejected)
	return receipt, nil
}

// read turns spans into calls.
func (r *Receiver) read(scopes []Scope) (calls []usage.Call, receipt Receipt) {
	reject := func(n int64, id, why string) {
		receipt.Rejected += n
		if receipt.Why == "" {
			receipt.Why = fmt.Sprintf("span %s: %s", id, why)
		}
	}
	for i := range scopes {
		scope := &scopes[i]
		scope.Expect = r.expect(scope.Name)
		o := usage.Options{Input: r.opt.Input, Now: r.opt.Now(), MaxFaults: 1}
		sum, err := usage.ReadSpans("spans", scope.Instrumented, o, func(c *usage.Call) error {
			// Without both of its identifiers a span that comes twice would count twice.
			if span := &scope.Spans[c.Line-1]; span.Trace == "" || span.ID == "" {
				reject(1, span.Trace+"-"+span.ID, "its trace ID is not 16 bytes, or its span ID not 8, or one is zero")
				return nil
			}
			calls = append(calls, *c)
			return nil
		})
		if err != nil {
			panic(err) // neither the options nor emit can fail
		}
		r.learn(scope.Name, sum.Input)
		receipt.Spans += sum.Rows
		receipt.Ignored += sum.Skipped
		if sum.Faulty > 0 {
			fault := &sum.Faults[0]
			span := &scope.Spans[fault.Line-1]
			reject(sum.Faulty, span.Trace+"-"+span.ID, faultText(fault))
		}
	}
	receipt.Calls = int64(len(calls))
	if receipt.Rejected > 1 {
		receipt.Why = fmt.Sprintf("%d spans were rejected; the first, %s", receipt.Rejected, receipt.Why)
	}
	return calls, receipt
}

// faultText is a fault without its place, which is the span.
func faultText(f *usage.RowError) string {
	text := f.Problem
	if f.Field != "" {
		text = fmt.Sprintf("%s %q %s", f.Field, f.Value, f.Problem)
	}
	if f.Hint != "" {
		text += " (" + f.Hint + ")"
	}
	return text
}

func (r *Receiver) expect(scope string) usage.InputConvention {
	r.learned.Lock()
	defer r.learned.Unlock()
	return r.learned.input[scope]
}

// learn remembers what the spans of a scope were read by, where it mattered.
func (r *Receiver) learn(scope string, input usage.InputConvention) {
	if input == usage.Detect || r.opt.Input != usage.Detect {
		return
	}
	r.learned.Lock()
	defer r.learned.Unlock()
	if _, known := r.learned.input[scope]; known || len(r.learned.input) < maxScopes {
		r.learned.input[scope] = input
	}
}

// Refuse counts a request that is refused before it is read, because too many are.
func (r *Receiver) Refuse() { r.counts.full.Add(1) }

// offer puts a delivery into the queue, if there is room. One that is larger than the queue waits alone.
func (r *Receiver) offer(d *delivery) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return ErrClosed
	}
	n := int64(len(d.calls))
	if all := r.counts.waiting.Add(n); all > int64(r.opt.Queue) && all != n {
		r.counts.waiting.Add(-n)
		r.counts.full.Add(1)
		return ErrFull
	}
	select {
	case r.in <- d:
		return nil
	default:
		r.counts.waiting.Add(-n)
		r.counts.full.Add(1)
		return ErrFull
	}
}

// run commits what is delivered: at once where nothing was committed of late, and else when its time has come or
// enough waits.
func (r *Receiver) run() {
	defer close(r.done)
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		first, open := <-r.in
		if !open {
			return
		}
		list, n := []*delivery{first}, len(first.calls)
		add := func(d *delivery) {
			list = append(list, d)
			n += len(d.calls)
		}
		for waiting := true; waiting && n < r.opt.Batch; {
			select {
			case d, open := <-r.in:
				if waiting = open; open {
					add(d)
				}
			case <-due.C:
				waiting = false
			}
		}
		r.commit(list, n)
		due.Reset(r.opt.Every)
	}
}

// commit keeps the calls of deliveries and answers them.
func (r *Receiver) commit(list []*delivery, n int) {
	begun := r.opt.Now()
	err := r.keep(list)
	over := r.opt.Now()
	r.counts.nanoseconds.Add(int64(over.Sub(begun)))
	if err != nil {
		r.counts.failed.Add(1)
		r.opt.Log.Error("calls of spans were not kept; their exporters are told to send them again", "calls", n, "error", err)
	} else {
		r.counts.commits.Add(1)
		r.counts.last.Store(over.UnixNano())
	}
	r.counts.waiting.Add(-int64(n))
	for _, d := range list {
		d.kept <- err
	}
}

func (r *Receiver) keep(list []*delivery) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTime)
	defer cancel()
	batch, err := r.engine.Import(ctx, warehouse.Origin{Name: "OTLP", Format: "otlp", Live: true, At: r.opt.Now()})
	if err != nil {
		return err
	}
	for _, d := range list {
		for i := range d.calls {
			if err := batch.Add(&d.calls[i]); err != nil {
				return errors.Join(err, batch.Abort())
			}
		}
	}
	receipt, err := batch.Commit(ctx)
	if err != nil {
		return errors.Join(err, batch.Abort())
	}
	r.counts.added.Add(receipt.Added)
	r.counts.same.Add(receipt.Same)
	return nil
}

// Close takes nothing more, commits what waits and answers it. It may be called twice.
func (r *Receiver) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.in)
	}
	r.mu.Unlock()
	<-r.done
}

// Stats says what was done so far.
func (r *Receiver) Stats() Stats {
	c := &r.counts
	s := Stats{
		Spans: c.spans.Load(), Calls: c.calls.Load(), Ignored: c.ignored.Load(), Rejected: c.rejected.Load(), Full: c.full.Load(),
		Waiting: c.waiting.Load(), Commits: c.commits.Load(), Failed: c.failed.Load(), Added: c.added.Load(), Same: c.same.Load(),
		CommitTime: time.Duration(c.nanoseconds.Load()),
	}
	if at := c.last.Load(); at != 0 {
		s.LastCommit = time.Unix(0, at).UTC()
	}
	return s
}
