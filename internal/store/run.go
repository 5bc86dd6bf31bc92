package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"breakeven/fact"
)

// Outcome is how a reading of a source ended.
type Outcome string

// The outcomes of a run.
const (
	Running   Outcome = "running"
	OK        Outcome = "ok"        // the source says something else than at the last reading, or was read for the first time
	Unchanged Outcome = "unchanged" // the source says the same
	Failed    Outcome = "failed"    // the last good data stays
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome { return []Outcome{Running, OK, Unchanged, Failed} }

// Run is one reading of a source.
type Run struct {
	ID       int64     `json:"id"`
	Source   string    `json:"source"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
	Outcome  Outcome   `json:"outcome"`
	// Snapshot is what the source said at the instant Taken, and Date the day that it gave itself, where the
	// reading succeeded.
	Snapshot string    `json:"snapshot,omitempty"`
	Taken    time.Time `json:"taken,omitzero"`
	Date     fact.Date `json:"date,omitempty"`
	Changes  int64     `json:"changes"` // how many it added to the changelog
	Error    string    `json:"error,omitempty"`
	HTTP     HTTP      `json:"http,omitzero"`
	// Program is the version of the program that read the source.
	Program string `json:"program,omitempty"`
	// Wider says, to [Store.Record], that more of the source is read than before: rates that it was not seen to state
	// are known from now on, and are no changes.
	Wider bool `json:"-"`
}

// HTTP is what a server answered, for the next conditional request.
type HTTP struct {
	Status       int    `json:"status,omitempty"` // zero where the source was not read over HTTP
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// RunLimit is how long a reading may take. A run that is older when another one of its source begins was cut off,
// and is recorded as failed.
const RunLimit = time.Hour

// Begin records that a source is about to be read. The run ends by one of [Store.Record], [Store.Unchanged] and
// [Store.Fail]; where the process ends before, the next Begin for the source ends it as failed once it is older
// than [RunLimit].
func (s *Store) Begin(ctx context.Context, source string, started time.Time) (Run, error) {
	var run Run
	err := s.update(ctx, "begin a run of "+source, func(tx *sql.Tx) (err error) {
		run, err = begin(ctx, tx, source, started)
		return err
	})
	return run, err
}

func begin(ctx context.Context, tx *sql.Tx, source string, started time.Time) (Run, error) {
	run := Run{Source: source, Started: started.UTC(), Outcome: Running}
	if err := checkSource(source); err != nil {
		return run, err
	}
	if started.IsZero() || !storable(started) {
		return run, &InvalidError{"run started", "it is not an instant between 1678 and 2262"}
	}
	cutOff := "cut off: not finished when another reading began at " + started.UTC().Format(time.RFC3339)
	if _, err := tx.ExecContext(ctx,
		"UPDATE crawl_run SET finished = $1, outcome = 'failed', error = $2 WHERE source = $3 AND outcome = 'running' AND started < $4",
		nanos(started), cutOff, source, nanos(started.Add(-RunLimit)),
	); err != nil {
		return run, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) + 1 FROM crawl_run").Scan(&run.ID); err != nil {
		return run, err
	}
	_, err := tx.ExecContext(ctx,
		"INSERT INTO crawl_run (id, source, started, outcome, table_date, change_count, error, etag, last_modified, program) VALUES ($1, $2, $3, 'running', '', 0, '', '', '', '')",
		run.ID, source, nanos(started))
	return run, err
}

// Fail ends a run that could not be read, and keeps what the source said before. Of the run it takes the ID, when
// it finished, and what the server answered.
func (s *Store) Fail(ctx context.Context, run Run, cause error) (Run, error) {
	run.Outcome, run.Error = Failed, "unknown"
	if cause != nil && cause.Error() != "" {
		run.Error = printable(cause.Error())
	}
	run.Snapshot, run.Taken, run.Date, run.Changes = "", time.Time{}, "", 0
	err := s.update(ctx, "fail a run of "+run.Source, func(tx *sql.Tx) error {
		if err := running(ctx, tx, run); err != nil {
			return err
		}
		return finish(ctx, tx, &run)
	})
	return run, err
}

// Unchanged ends a run whose source answered that it says the same as before ("304 Not Modified"). Of the run it
// takes the ID, when it finished, and what the server answered. A source that was never read cannot be unchanged:
// that is [ErrNotFound].
func (s *Store) Unchanged(ctx context.Context, run Run) (Run, error) {
	err := s.update(ctx, "record a run of "+run.Source, func(tx *sql.Tx) error {
		if err := running(ctx, tx, run); err != nil {
			return err
		}
		last, err := lastSuccess(ctx, tx, run.Source)
		if err != nil {
			return err
		}
		run.Outcome, run.Error, run.Changes = Unchanged, "", 0
		run.Snapshot, run.Taken, run.Date = last.Snapshot, run.Finished, last.Date
		if run.Taken.Before(last.Taken) {
			return &OrderError{run.Source, run.Taken, last.Taken}
		}
		return finish(ctx, tx, &run)
	})
	return run, err
}

// running checks that a run is one that can be finished.
func running(ctx context.Context, tx *sql.Tx, run Run) error {
	var (
		source  string
		outcome Outcome
		started sql.Null[int64]
	)
	err := tx.QueryRowContext(ctx, "SELECT source, outcome, started FROM crawl_run WHERE id = $1", run.ID).Scan(&source, &outcome, &started)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("run %d: %w", run.ID, ErrNotFound)
	case err != nil:
		return err
	case source != run.Source:
		return &InvalidError{"run", fmt.Sprintf("run %d reads %s, not %s", run.ID, source, run.Source)}
	case outcome != Running:
		return fmt.Errorf("run %d is %s: %w", run.ID, outcome, ErrFinished)
	case run.Finished.IsZero() || !storable(run.Finished) || run.Finished.Before(instant(started)):
		return &InvalidError{"run finished", "it is not an instant after the run's begin"}
	}
	return nil
}

// finish writes how a run ended.
func finish(ctx context.Context, tx *sql.Tx, run *Run) error {
	run.Finished = run.Finished.UTC()
	run.HTTP.ETag, run.HTTP.LastModified, run.Program = printable(run.HTTP.ETag), printable(run.HTTP.LastModified), printable(run.Program)
	_, err := tx.ExecContext(ctx, `UPDATE crawl_run SET finished = $1, outcome = $2, snapshot = $3, taken = $4, table_date = $5,
		change_count = $6, error = $7, http_status = $8, etag = $9, last_modified = $10, program = $11 WHERE id = $12`,
		nanos(run.Finished), string(run.Outcome), sql.Null[string]{V: run.Snapshot, Valid: run.Snapshot != ""}, nanos(run.Taken), string(run.Date),
		run.Changes, run.Error, sql.Null[int]{V: run.HTTP.Status, Valid: run.HTTP.Status != 0}, run.HTTP.ETag, run.HTTP.LastModified,
		run.Program, run.ID)
	return err
}

const runColumns = "id, source, started, finished, outcome, snapshot, taken, table_date, change_count, error, http_status, etag, last_modified, program"

func scanRun(rows *sql.Rows) (Run, error) {
	var (
		run                      Run
		started, finished, taken sql.Null[int64]
		snapshot                 sql.Null[string]
		status                   sql.Null[int]
	)
	err := rows.Scan(&run.ID, &run.Source, &started, &finished, &run.Outcome, &snapshot, &taken, &run.Date, &run.Changes, &run.Error,
		&status, &run.HTTP.ETag, &run.HTTP.LastModified, &run.Program)
	run.Started, run.Finished, run.Taken = instant(started), instant(finished), instant(taken)
	run.Snapshot, run.HTTP.Status = snapshot.V, status.V
	return run, err
}

// lastSuccess is the newest reading of a source that succeeded, or [ErrNotFound].
func lastSuccess(ctx context.Context, q querier, source string) (Run, error) {
	runs, err := list(ctx, q, scanRun,
		"SELECT "+runColumns+" FROM crawl_run WHERE source = $1 AND taken IS NOT NULL ORDER BY taken DESC, id DESC LIMIT 1", source)
	if err == nil && len(runs) == 0 {
		return Run{}, fmt.Errorf("source %s was never read: %w", source, ErrNotFound)
	}
	if err != nil {
		return Run{}, err
	}
	return runs[0], nil
}
