// Package store keeps the price registry: what every source stated and when, in SQLite or in PostgreSQL.
//
// The past is append-only, and the database itself refuses to rewrite it. A snapshot is one content of a source,
// stored once and named by its hash. A run is one reading of a source, failed ones included. A fact is one rate on
// two time axes: effective, when the vendor charges it, and recorded, when the source was known to state it. A
// change is what a source stated differently than before; the changes form a hash chain, which [Store.Audit]
// verifies together with everything else.
//
// Reading guide: store.go opens a database, migrate.go brings it up to date, migrations/ is the schema; run.go and
// record.go write; facts.go, changes.go and sources.go read; chain.go and pack.go say what is hashed; audit.go
// verifies; lead.go elects the instance that reads the sources.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
)

// Store is an open registry. Its methods may be called from several goroutines; writers take turns, in this
// process and among all that share the database.
type Store struct {
	engine engine
	read   *sql.DB
	write  *sql.DB // the same as read where the engine needs no second pool
	closed atomic.Bool
}

// Open opens the registry that dsn names, creates it where there is none, and brings an older one up to date.
//
// A path, or "sqlite:" and a path, is an SQLite file. A URL that begins with "postgres://" or "postgresql://" is a
// PostgreSQL database, which must exist; several instances may share it. A registry that a newer program wrote is
// refused with [ErrNewer], and a dsn that names neither engine with an [*InvalidError].
func Open(ctx context.Context, dsn string) (*Store, error) {
	target, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: target.engine}
	if s.write, err = target.open(target.write); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", target.engine.name, err)
	}
	s.read = s.write
	if err := s.migrate(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("store: open %s: %w", target.engine.name, err)
	}
	if target.read == target.write {
		return s, nil
	}
	// The readers' pool is opened last: it may not create the file.
	s.write.SetMaxOpenConns(1)
	if s.read, err = target.open(target.read); err != nil {
		_ = s.write.Close()
		return nil, fmt.Errorf("store: open %s: %w", target.engine.name, err)
	}
	return s, nil
}

// Engine names the kind of the database: "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name }

// Close waits for the statements under way and closes the database. Closing twice is no error; any other method
// then returns [ErrClosed].
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.write.Close()
	if s.read != s.write {
		if e := s.read.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// update runs do in one transaction that no other writer of the database overlaps.
func (s *Store) update(ctx context.Context, what string, do func(*sql.Tx) error) error {
	return s.within(ctx, s.write, nil, what, func(tx *sql.Tx) error {
		if s.engine.lock != "" {
			if _, err := tx.ExecContext(ctx, s.engine.lock, writerLock); err != nil {
				return err
			}
		}
		return do(tx)
	})
}

// view runs do on one consistent state of the database.
func (s *Store) view(ctx context.Context, what string, do func(*sql.Tx) error) error {
	return s.within(ctx, s.read, &sql.TxOptions{ReadOnly: true, Isolation: s.engine.consistent}, what, do)
}

func (s *Store) within(ctx context.Context, db *sql.DB, options *sql.TxOptions, what string, do func(*sql.Tx) error) error {
	if s.closed.Load() {
		return ErrClosed
	}
	err := func() error {
		tx, err := db.BeginTx(ctx, options)
		if err != nil {
			return err
		}
		if err := do(tx); err != nil {
			_ = tx.Rollback()
			return err
		}
		return tx.Commit()
	}()
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return ErrClosed // closed under way: the driver's own words for it vary
	case ctx.Err() != nil:
		return fmt.Errorf("store: %s: %w", what, context.Cause(ctx))
	}
	return fmt.Errorf("store: %s: %w", what, err)
}
