package store

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// Opening brings an empty database up to date, and an up-to-date one changes nothing.
func TestOpenMigrates(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		steps, err := embedded(s.engine)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			versions, err := list(t.Context(), s.read, scanText, "SELECT name FROM schema_migration WHERE applied <> '' ORDER BY version")
			if err != nil || len(versions) != len(steps) || versions[0] != "registry" {
				t.Errorf("migrations: %q, %v", versions, err)
			}
			s = open(t, dsn)
		}
		// The guards that the audit looks for are those that the migrations made.
		have, err := list(t.Context(), s.read, func(rows *sql.Rows) (name string, err error) {
			err = rows.Scan(&name, new(string))
			return name, err
		}, s.engine.guards)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := guards(s.engine)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(have)
		if !slices.Equal(have, want) || len(want) < 12 {
			t.Errorf("guards: %q, want %q", have, want)
		}
	})
}

// A database of the first version gets the rest; what it holds stays.
func TestOpenOlder(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		target, err := parseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		db, err := target.open(target.write)
		if err != nil {
			t.Fatal(err)
		}
		old := &Store{engine: target.engine, read: db, write: db}
		steps, err := embedded(target.engine)
		if err != nil {
			t.Fatal(err)
		}
		if err := old.apply(t.Context(), steps[:1]); err != nil {
			t.Fatal(err)
		}
		record(t, old, rates(t, litellm, at("01-01"), "acme a input", "3"))
		var found *TamperError
		if _, err := old.Audit(t.Context()); !errors.As(err, &found) || found.Table != "guards" {
			t.Errorf("the first version has no guards: %v", err)
		}
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
		s := open(t, dsn)
		if facts, err := s.Facts(t.Context(), FactFilter{}); err != nil || len(facts) != 1 {
			t.Errorf("%+v, %v", facts, err)
		}
		audit(t, s)
	})
}

// A database that a newer program wrote is left alone.
func TestOpenNewer(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		execute(t, raw(t, s, dsn), "INSERT INTO schema_migration (version, name) VALUES (99, 'from the future')")
		_, err := Open(t.Context(), dsn)
		if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("opened: %v", err)
		}
	})
}

// A step that fails leaves the database where it was, and names itself.
func TestMigrationFails(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		steps, err := embedded(s.engine)
		if err != nil {
			t.Fatal(err)
		}
		next := int64(len(steps)) + 1
		err = s.apply(t.Context(), append(steps, migration{next, "broken", "CREATE TABLE half (a BIGINT); CREATE TABLE half (a BIGINT);"}))
		if err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("applied: %v", err)
		}
		if _, err := s.read.ExecContext(t.Context(), "SELECT * FROM half"); err == nil {
			t.Error("half of the step is there")
		}
		if err := s.apply(t.Context(), steps); err != nil {
			t.Error(err)
		}
		audit(t, s)
	})
}

// Programs that start together on an empty database take turns.
func TestOpenTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s, err := Open(t.Context(), dsn)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		audit(t, open(t, dsn))
	})
}

func TestMigrationNames(t *testing.T) {
	file := func() *fstest.MapFile { return &fstest.MapFile{Data: []byte("SELECT 1")} }
	for name, tt := range map[string]struct {
		files []string
		want  int // how many SQLite gets; -1 for an error
	}{
		"shared and own":       {[]string{"0001_a.sql", "0002_b.sqlite.sql", "0002_b.postgres.sql", "0003_c.sql"}, 3},
		"a gap":                {[]string{"0001_a.sql", "0003_c.sql"}, -1},
		"one engine forgotten": {[]string{"0001_a.sql", "0002_b.postgres.sql", "0003_c.sql"}, -1},
		"a number twice":       {[]string{"0001_a.sql", "0001_b.sql"}, -1},
		"another name":         {[]string{"0001_a.sql", "notes.txt"}, -1},
	} {
		folder := fstest.MapFS{}
		for _, f := range tt.files {
			folder[f] = file()
		}
		steps, err := migrations(folder, sqlite)
		if (err != nil) != (tt.want < 0) || err == nil && len(steps) != tt.want {
			t.Errorf("%s: %d, %v", name, len(steps), err)
		}
	}
}

func TestDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"prices.db":                               "sqlite",
		"/var/lib/breakeven/prices.db":            "sqlite",
		"sqlite:prices.db":                        "sqlite",
		"sqlite:///var/lib/prices.db":             "sqlite",
		"odd names/100% ?#.db":                    "sqlite",
		"postgres://user:secret@host:5432/prices": "postgres",
		"postgresql:///prices?host=/run/postgres": "postgres",
		"":                    "",
		" ":                   "",
		":memory:":            "",
		"sqlite::memory:":     "",
		"sqlite:":             "",
		"mysql://host/prices": "",
		"postgres://user:secret@host:port/prices": "",
	} {
		target, err := parseDSN(dsn)
		var invalid *InvalidError
		if target.engine.name != want || (want == "") != errors.As(err, &invalid) {
			t.Errorf("%q: %q, %v", dsn, target.engine.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

// A file's name is a name, whatever it looks like in a URL.
func TestOddFileNames(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"plain.db", "100%.db", "a?b=c.db", "a#b.db", "a b&c.db", "ü%20.db"} {
		s := open(t, folder+"/"+name)
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, "sqlite:"+folder+"/"+name)
		if c, err := again.Counts(t.Context()); err != nil || c.OpenFacts != 1 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for _, bad := range []string{folder, folder + "/no/such/folder/prices.db"} {
		if _, err := Open(t.Context(), bad); err == nil {
			t.Errorf("%s: opened", bad)
		}
	}
}

// The connection settings hold on every connection of both pools.
func TestSQLiteSettings(t *testing.T) {
	s := open(t, t.TempDir()+"/prices.db")
	for setting, want := range map[string][2]int{"foreign_keys": {1, 1}, "synchronous": {2, 2}, "query_only": {0, 1}, "busy_timeout": {60000, 60000}} {
		for i, db := range []*sql.DB{s.write, s.read} {
			var got int
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+setting).Scan(&got); err != nil || got != want[i] {
				t.Errorf("%s: %d, %v; want %d", setting, got, err, want[i])
			}
		}
	}
	var mode string
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal: %s, %v", mode, err)
	}
}

func FuzzParseDSN(f *testing.F) {
	for _, seed := range []string{"prices.db", "sqlite:a?b", "postgres://u:p@h/d?x=y", "C:\\prices.db", "://", "sqlite::memory:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		target, err := parseDSN(dsn)
		if (err == nil) != (target.open != nil) {
			t.Errorf("%q: %+v, %v", dsn, target, err)
		}
	})
}
