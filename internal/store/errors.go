package store

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers tell apart by [errors.Is].
var (
	// ErrClosed is returned by every method once the store is closed.
	ErrClosed = errors.New("store: the registry is closed")
	// ErrNewer says that a newer program wrote the registry. Nothing in it was touched.
	ErrNewer = errors.New("the registry was written by a newer breakeven: update this one, or open another file")
	// ErrNotFound says that the registry holds no such snapshot, run or source.
	ErrNotFound = errors.New("not in the registry")
	// ErrFinished says that a run has an outcome already, so that nothing can be recorded under it: begin another.
	ErrFinished = errors.New("the run is finished: begin another")
)

// InvalidError says which part of the input the registry cannot hold, and why.
type InvalidError struct {
	Field string
	Why   string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Why) }

// OrderError says that a reading of a source is not newer than the last one that was recorded. The recorded time
// axis runs one way: what was read before cannot be recorded after.
type OrderError struct {
	Source      string
	Taken, Last time.Time
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("%s: read at %s, but a reading of %s is recorded: read the source again",
		e.Source, e.Taken.Format(time.RFC3339Nano), e.Last.Format(time.RFC3339Nano))
}

// TamperError says where the registry is not what it recorded: somebody edited it past its guards, or its file is
// damaged. Restore it from a copy that passes the audit.
type TamperError struct {
	Table string // "change"
	Place string // "row 17"
	Why   string
}

func (e *TamperError) Error() string {
	return fmt.Sprintf("tampered or damaged: %s, %s: %s", e.Table, e.Place, e.Why)
}
