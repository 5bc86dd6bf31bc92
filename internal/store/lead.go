package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// releaseWithin bounds how long giving up a lead may take.
const releaseWithin = 5 * time.Second

// Lead asks to be the only instance that does the named work. Where ok, the caller leads until it calls release,
// which may be called more than once, or until its connection to the database breaks; it holds one connection
// meanwhile, so that a lead is for a piece of work and not for a lifetime. Where not ok, another instance leads,
// and there is nothing to release.
//
// SQLite has one instance, which always leads. Processes that share a file still take turns in writing.
func (s *Store) Lead(ctx context.Context, name string) (release func(), ok bool, err error) {
	switch {
	case s.closed.Load():
		return nil, false, ErrClosed
	case !s.engine.elects:
		return func() {}, true, ctx.Err()
	}
	fail := func(err error) (func(), bool, error) { return nil, false, fmt.Errorf("store: lead %s: %w", name, err) }
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fail(err)
	}
	key := leaderKey(name)
	if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&ok); err != nil {
		discard(conn) // it may hold the lock
		return fail(err)
	}
	if !ok {
		if err := conn.Close(); err != nil {
			return fail(err)
		}
		return nil, false, nil
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
			defer cancel()
			var released bool
			if err := conn.QueryRowContext(ctx, "SELECT pg_advisory_unlock($1)", key).Scan(&released); err != nil || !released {
				discard(conn)
				return
			}
			_ = conn.Close() // returns it to the pool
		})
	}, true, nil
}

// discard ends a connection instead of returning it to the pool. The server then frees the locks that it holds.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// leaderKey maps a name to the key of an advisory lock.
func leaderKey(name string) int64 {
	sum := sha256.Sum256([]byte("breakeven leader " + name))
	return int64(binary.BigEndian.Uint64(sum[:8])) // any 64 bits will do
}
