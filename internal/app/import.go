package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// ImportRequest asks to keep the calls of logs.
type ImportRequest struct {
	Logs    []Source
	Options usage.Options
	// Aside is told of each row that cannot be read, with the row itself. It may be nil.
	Aside func(*usage.RowError) error
}

// ImportAnswer says what became of the logs.
type ImportAnswer struct {
	Where string          `json:"where" doc:"Where the calls are kept."`
	Logs  []ImportedLog   `json:"logs" nullable:"false"`
	Files []usage.Summary `json:"files" nullable:"false" doc:"How each log was understood; of those that were new."`
	Notes []string        `json:"notes" nullable:"false"`
}

// ImportedLog is one log of an import.
type ImportedLog struct {
	warehouse.Receipt
	Known bool `json:"known" doc:"The same log was taken in before, so that nothing was read or added: the receipt is of that time."`
}

// UsageImport reads logs and keeps their calls. A log is kept whole or not at all, and one that was taken in before adds
// nothing. What cannot be read of a log is counted and left out, unless the options are strict.
func (a *App) UsageImport(ctx context.Context, r ImportRequest) (ImportAnswer, error) {
	engine, err := a.calls()
	if err != nil {
		return ImportAnswer{}, err
	}
	answer := ImportAnswer{Where: engine.Where(), Logs: []ImportedLog{}, Files: []usage.Summary{}, Notes: []string{}}
	o := r.Options
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	var aside error
	if r.Aside != nil {
		o.Aside = func(e *usage.RowError) {
			if aside == nil {
				aside = r.Aside(e)
			}
		}
	}
	none := noLogs{at: -1}
	for i, log := range r.Logs {
		receipt, summary, err := a.take(ctx, engine, log, o)
		if aside != nil {
			return answer, aside
		}
		if known, ok := errors.AsType[*warehouse.KnownError](err); ok {
			answer.Logs = append(answer.Logs, ImportedLog{Receipt: known.Receipt, Known: true})
			continue
		}
		if none.take(log, i, err) {
			continue
		}
		if summary.Rows > 0 || err == nil {
			answer.Files = append(answer.Files, summary)
		}
		if err != nil {
			return answer, warehouseError(err)
		}
		answer.Logs = append(answer.Logs, ImportedLog{Receipt: receipt})
	}
	if none.files > 0 {
		answer.Notes = append(answer.Notes, none.note())
	}
	answer.Notes = sentences(append(answer.Notes, fileNotes(answer.Files)...))
	return answer, nil
}

// take keeps the calls of one log. It is read while its digest is worked out, and no further than to where that is one
// that is kept.
func (a *App) take(ctx context.Context, engine warehouse.Engine, log Source, o usage.Options) (warehouse.Receipt, usage.Summary, error) {
	if log.kept != nil {
		return warehouse.Receipt{}, usage.Summary{}, &KindError{Kind: BadUsage, Err: errors.New("calls that are kept cannot be taken in again"), Hint: "name logs"}
	}
	digest, err := newDigest(log, o)
	if err != nil {
		return warehouse.Receipt{}, usage.Summary{}, err
	}
	defer digest.drop()
	if o.Aside != nil { // rows of a log that is kept are nobody's concern
		<-digest.done
	}
	from := warehouse.Origin{Name: log.Name, At: a.Now().UTC()}
	if from.Format, err = formatOf(log, o); err != nil {
		return warehouse.Receipt{}, usage.Summary{}, err
	}
	var begun []warehouse.Batch
	defer func() {
		for _, b := range begun {
			_ = b.Abort() // after a commit it does nothing, and what is dropped is not kept
		}
	}()
	identified := false
	identify := func(b warehouse.Batch) error {
		identified = true
		if digest.err != nil {
			return digest.err
		}
		return b.Identify(digest.sum)
	}
	var failed error
	batch, files, err := read([]Source{log}, o, func() warehouse.Batch {
		for _, b := range begun {
			_ = b.Abort() // the log is read again, in the other input convention
		}
		if identified = digest.known(); identified {
			from.Digest, failed = digest.sum, digest.err
		}
		var b warehouse.Batch
		if failed == nil {
			if b, failed = engine.Import(ctx, from); failed == nil {
				begun = append(begun, b)
			}
		}
		return b
	}, func(b warehouse.Batch, c *usage.Call) error {
		if failed == nil && !identified && digest.known() {
			failed = identify(b)
		}
		if failed != nil {
			return failed
		}
		if err := b.Add(c); err != nil {
			if errors.Is(err, warehouse.ErrNoTime) {
				return &usage.FileError{File: log.Name, Line: c.Line, Problem: err.Error(), Hint: "name the column of the time with --map time=COLUMN; a log without times can be reported on as a file, and not kept"}
			}
			return err
		}
		return nil
	})
	var summary usage.Summary
	if len(files) > 0 {
		summary = files[0]
	}
	// Whether a log is kept does not depend on what is wrong with it, nor on which was found first.
	if failed == nil && !identified {
		<-digest.done
		if wrong := identify(batch); err == nil || isKnown(wrong) {
			failed = wrong
		}
	}
	switch {
	case failed != nil:
		return warehouse.Receipt{}, usage.Summary{}, failed
	case err != nil:
		return warehouse.Receipt{}, summary, err
	}
	receipt, err := batch.Commit(ctx)
	return receipt, summary, err
}

func isKnown(err error) bool {
	_, ok := errors.AsType[*warehouse.KnownError](err)
	return ok
}

// formatOf is the format of a log, by its head.
func formatOf(log Source, o usage.Options) (string, error) {
	in, err := log.Open()
	if err != nil {
		return "", unopened(log, err)
	}
	format, err := usage.FormatOf(log.Name, in, o)
	if closed := in.Close(); err == nil {
		err = closed
	}
	return format, err
}

// digest identifies a log by its bytes and by how they are to be read: the same log under another mapping is another. It
// is worked out while the log is read, that of a small log before.
type digest struct {
	done    chan struct{} // closed when sum or err is there
	sum     string
	err     error
	dropped atomic.Bool // nobody wants it any more
}

const (
	smallLog    = 4 << 20
	digestBlock = 256 << 10
)

func newDigest(log Source, o usage.Options) (*digest, error) {
	how, err := json.Marshal([]any{o.Format, o.Mapping, o.Input, o.Model, o.Provider, o.Override, o.TimeUnit})
	if err != nil {
		return nil, err
	}
	in, err := log.Open()
	if err != nil {
		return nil, unopened(log, err)
	}
	d := &digest{done: make(chan struct{})}
	hash := sha256.New()
	end := func(err error) {
		if closed := in.Close(); err == nil {
			err = closed
		}
		if err != nil {
			d.err = unopened(log, err)
		}
		fmt.Fprintf(hash, "\n%s", how)
		d.sum = hex.EncodeToString(hash.Sum(nil))
		close(d.done)
	}
	switch _, err := io.CopyN(hash, in, smallLog); {
	case errors.Is(err, io.EOF):
		end(nil)
	case err != nil:
		end(err)
	default:
		go func() {
			_, err := io.CopyBuffer(hash, wanted{in, d}, make([]byte, digestBlock))
			end(err)
		}()
	}
	return d, nil
}

// known reports whether the digest is there, or the error in its place.
func (d *digest) known() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// drop ends the work.
func (d *digest) drop() {
	d.dropped.Store(true)
	<-d.done
}

// wanted reads while a digest is wanted.
type wanted struct {
	io.Reader
	d *digest
}

func (w wanted) Read(p []byte) (int, error) {
	if w.d.dropped.Load() {
		return 0, context.Canceled
	}
	return w.Reader.Read(p)
}
