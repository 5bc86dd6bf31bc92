package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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

// take keeps the calls of one log.
func (a *App) take(ctx context.Context, engine warehouse.Engine, log Source, o usage.Options) (warehouse.Receipt, usage.Summary, error) {
	if log.kept != nil {
		return warehouse.Receipt{}, usage.Summary{}, &KindError{Kind: BadUsage, Err: errors.New("calls that are kept cannot be taken in again"), Hint: "name logs"}
	}
	from := warehouse.Origin{Name: log.Name, At: a.Now().UTC()}
	var err error
	if from.Digest, err = digestOf(log, o); err != nil {
		return warehouse.Receipt{}, usage.Summary{}, err
	}
	if from.Format, err = formatOf(log, o); err != nil {
		return warehouse.Receipt{}, usage.Summary{}, err
	}
	var begun []warehouse.Batch
	defer func() {
		for _, b := range begun {
			_ = b.Abort() // after a commit it does nothing, and what is dropped is not kept
		}
	}()
	var failed error
	batch, files, err := read([]Source{log}, o, func() warehouse.Batch {
		for _, b := range begun {
			_ = b.Abort() // the log is read again, in the other input convention
		}
		var b warehouse.Batch
		if b, failed = engine.Import(ctx, from); failed == nil {
			begun = append(begun, b)
		}
		return b
	}, func(b warehouse.Batch, c *usage.Call) error {
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
	switch {
	case failed != nil:
		return warehouse.Receipt{}, usage.Summary{}, failed
	case err != nil:
		return warehouse.Receipt{}, summary, err
	}
	receipt, err := batch.Commit(ctx)
	return receipt, summary, err
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

// digestOf identifies a log by its bytes and by how they are to be read: the same log under another mapping is another.
func digestOf(log Source, o usage.Options) (string, error) {
	in, err := log.Open()
	if err != nil {
		return "", unopened(log, err)
	}
	hash := sha256.New()
	_, err = io.Copy(hash, in)
	if closed := in.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", unopened(log, err)
	}
	how, err := json.Marshal([]any{o.Format, o.Mapping, o.Input, o.Model, o.Provider, o.Override, o.TimeUnit})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(hash, "\n%s", how)
	return hex.EncodeToString(hash.Sum(nil)), nil
}
