package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"breakeven/fact"
	"breakeven/internal/store/pgtest"
	"breakeven/money"
	"breakeven/registry"
)

// server is started by the first test that needs it, and serves all.
var server = sync.OnceValues(func() (_ *pgtest.Server, err error) {
	serving, err = pgtest.Start(context.Background())
	return serving, err
})

// serving is the server, once it is started.
var serving *pgtest.Server

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childVariable); dsn != "" {
		os.Exit(recordUntilKilled(dsn))
	}
	code := m.Run()
	if err := serving.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// onBoth runs a test on an empty SQLite file and on an empty PostgreSQL database.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "prices.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, postgresDSN(t)) })
}

func postgresDSN(t testing.TB) string {
	t.Helper()
	s, err := server()
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

func open(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// raw is a connection beside the store, as an intruder would have it. SQLite leaves it to the connection whether
// foreign keys are checked.
func raw(t testing.TB, s *Store, dsn string, settings ...string) *sql.DB {
	t.Helper()
	driver := "pgx"
	if s.engine.name == sqlite.name {
		driver, dsn = "sqlite", "file:"+dsn+"?"+strings.Join(append(settings, "_busy_timeout=5000"), "&")
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // a session's settings last
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// session is a raw connection, or a transaction on it.
type session interface {
	querier
	ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error)
}

func execute(t testing.TB, db session, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// at is an instant of the test's calendar: midnight of a day of 2026, and some hours.
func at(day string, hours ...int) time.Time {
	t := fact.Date("2026-" + day).Time()
	for _, h := range hours {
		t = t.Add(time.Duration(h) * time.Hour)
	}
	return t
}

var litellm = registry.Source{ID: "litellm", Title: "LiteLLM price map", URL: "https://example.com/litellm", Group: "litellm"}

// rates makes a snapshot of base rates from pairs of "provider/model kind" and dollars per million.
func rates(t testing.TB, source registry.Source, taken time.Time, pairs ...string) registry.Snapshot {
	t.Helper()
	var facts []registry.Fact
	for i := 0; i < len(pairs); i += 2 {
		facts = append(facts, registry.Fact{Key: key(t, pairs[i]), Rate: usd(t, pairs[i+1])})
	}
	return registry.NewSnapshot(source, taken, fact.Date(taken.Format(time.DateOnly)), facts)
}

func key(t testing.TB, text string) registry.Key {
	t.Helper()
	var provider, model, kind string
	if _, err := fmt.Sscanf(text, "%s %s %s", &provider, &model, &kind); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	k, err := registry.ParseKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Key{Provider: provider, Model: model, Tier: registry.Standard, Kind: k}
}

func usd(t testing.TB, text string) money.Rate {
	t.Helper()
	r, err := money.ParseRateScaledRounded(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func record(t testing.TB, s *Store, snapshot registry.Snapshot) Result {
	t.Helper()
	r, err := s.Record(t.Context(), Run{}, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func audit(t testing.TB, s *Store, known ...Head) Report {
	t.Helper()
	r, err := s.Audit(t.Context(), known...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
