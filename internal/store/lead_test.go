package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Of several instances that share a PostgreSQL, one leads; when it is done, or dies, another one may.
func TestLead(t *testing.T) {
	dsn := postgresDSN(t)
	a, b := open(t, dsn), open(t, dsn)
	lead := func(s *Store, name string) (func(), bool) {
		t.Helper()
		release, ok, err := s.Lead(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return release, ok
	}
	release, ok := lead(a, "sync")
	if !ok {
		t.Fatal("nobody leads")
	}
	if _, ok := lead(b, "sync"); ok {
		t.Error("two lead")
	}
	if _, ok := lead(a, "sync"); ok {
		t.Error("the leader leads twice")
	}
	if other, ok := lead(b, "report"); !ok {
		t.Error("another piece of work has no leader")
	} else {
		other()
	}
	release()
	release()
	release, ok = lead(b, "sync")
	if !ok {
		t.Fatal("nobody follows the leader")
	}
	defer release()
	// The connection that held the lead ends, as when the instance dies.
	execute(t, raw(t, a, dsn), `SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = $1`, leaderKey("sync"))
	for range 100 { // the server ends it in its own time
		if again, ok := lead(a, "sync"); ok {
			again()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("a dead leader still leads")
}

// Instances that ask at the same time never lead together.
func TestLeadTogether(t *testing.T) {
	dsn := postgresDSN(t)
	var leading, led atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		s := open(t, dsn)
		wg.Go(func() {
			for range 25 {
				release, ok, err := s.Lead(t.Context(), "sync")
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					continue
				}
				if leading.Add(1) != 1 {
					t.Error("two lead")
				}
				led.Add(1)
				leading.Add(-1)
				release()
			}
		})
	}
	wg.Wait()
	if led.Load() == 0 {
		t.Error("nobody ever led")
	}
}

func TestLeadAlone(t *testing.T) {
	s := open(t, t.TempDir()+"/prices.db")
	for range 2 {
		release, ok, err := s.Lead(t.Context(), "sync")
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		defer release()
	}
}
