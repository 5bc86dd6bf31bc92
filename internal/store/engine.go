package store

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// engine is all in which the two databases differ, besides the triggers. Both read the same SQL otherwise.
type engine struct {
	name string
	// lock is the statement that makes a transaction wait for the other writers, given a key. It is empty where
	// beginning the transaction does.
	lock string
	// consistent is the isolation in which a transaction sees one state throughout.
	consistent sql.IsolationLevel
	// batch is how many rows one INSERT carries. A round trip costs PostgreSQL more than it costs SQLite.
	batch int
	// guards lists the triggers that are in force: their names, and the text of what they do.
	guards string
	// elects tells that several instances may share the database, so that they need a leader.
	elects bool
}

var sqlite = engine{
	name:   "sqlite",
	batch:  8,
	guards: "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
}

var postgres = engine{
	name:       "postgres",
	lock:       "SELECT pg_advisory_xact_lock($1)",
	consistent: sql.LevelRepeatableRead,
	batch:      500,
	guards: `SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal AND tgenabled = 'A'
		AND tgrelid IN ('snapshot'::regclass, 'change'::regclass, 'crawl_run'::regclass, 'fact'::regclass)`,
	elects: true,
}

// writerLock is the key of the lock that PostgreSQL's writers take turns by.
const writerLock int64 = 0x627265616b657600 // "breakev"

// target is a database to open: how, and by which name for writers and for readers.
type target struct {
	engine      engine
	write, read string
	open        func(name string) (*sql.DB, error)
}

// parseDSN tells what a dsn names. Its errors never repeat a URL, which may hold a password.
func parseDSN(dsn string) (target, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	switch {
	case strings.TrimSpace(dsn) == "":
		return target{}, &InvalidError{"database", "it is empty: give a file's path or a postgres:// URL"}
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		if _, err := pgx.ParseConfig(dsn); err != nil {
			return target{}, &InvalidError{"database", err.Error()}
		}
		return target{engine: postgres, write: dsn, read: dsn, open: openPostgres}, nil
	case isURL && scheme != "sqlite" && !strings.ContainsAny(scheme, `/\`):
		return target{}, &InvalidError{"database", "unknown kind " + scheme + "://: give a file's path or a postgres:// URL"}
	}
	path := strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "//")
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.ContainsRune(path, 0) {
		return target{}, &InvalidError{"database", "a registry is kept in a file: give its path"}
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return target{}, &InvalidError{"database", err.Error()}
	}
	return target{engine: sqlite, write: sqliteURI(path, true), read: sqliteURI(path, false), open: openSQLite}, nil
}

// sqliteURI names an SQLite file together with how each connection treats it.
func sqliteURI(path string, write bool) string {
	q := url.Values{
		// A writer waits this long for another process's transaction; a cancelled context ends the wait.
		"_busy_timeout": {"60000"},
		// With a write-ahead log readers never wait for the writer, nor it for them.
		"_journal_mode": {"WAL"},
		// Each commit reaches the disk before it is reported. With NORMAL, a loss of power could take back the
		// last commits, and an append-only record must not lose what it acknowledged. It costs one sync for each
		// reading of a source.
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"1"},
		"_defensive":    {"1"}, // no statement can edit the schema behind the triggers' back
		"_dqs":          {"0"},
	}
	if write {
		// Writers take the lock at the begin: a transaction that reads first and writes later could find that
		// another one has written in between.
		q.Set("_txlock", "immediate")
		// What a whole table touches stays in memory until the commit, and so does what a statement would undo.
		q["_pragma"] = []string{"cache_size(-16000)", "temp_store(MEMORY)"}
	} else {
		q.Set("_query_only", "1")
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}).String()
}

// maxConnections bounds how many queries of one instance run at a time.
const maxConnections = 10

func openSQLite(name string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConnections)
	return db, nil
}

func openPostgres(name string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConnections)
	return db, nil
}
