package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// files are the migrations: 0001_name.sql for both engines, or 0002_name.sqlite.sql and 0002_name.postgres.sql
// where the engines must differ. A migration that was released is never edited.
//
//go:embed migrations/*.sql
var files embed.FS

// migration is one step from a version of the schema to the next.
type migration struct {
	version int64
	name    string
	text    string
}

var migrationName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)(?:\.(sqlite|postgres))?\.sql$`)

// migrations lists an engine's migrations, oldest first. Their versions count from 1 without a gap.
func migrations(from fs.FS, e engine) ([]migration, error) {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, err
	}
	var list []migration
	for _, entry := range entries {
		parts := migrationName.FindStringSubmatch(entry.Name())
		if parts == nil {
			return nil, fmt.Errorf("migration %s: the name is not 0001_name.sql or 0001_name.engine.sql", entry.Name())
		}
		if parts[3] != "" && parts[3] != e.name {
			continue
		}
		version, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return nil, err
		}
		if want := int64(len(list)) + 1; version != want {
			return nil, fmt.Errorf("migration %s: %s has no version %d, or has it twice", entry.Name(), e.name, want)
		}
		text, err := fs.ReadFile(from, entry.Name())
		if err != nil {
			return nil, err
		}
		list = append(list, migration{version, parts[2], string(text)})
	}
	return list, nil
}

// embedded lists an engine's migrations that this program holds.
func embedded(e engine) ([]migration, error) {
	folder, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	return migrations(folder, e)
}

// migrate applies what the database lacks, a transaction for each step. A step that fails leaves the database at
// the step before it. Two programs that open a database at the same time take turns.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := embedded(s.engine)
	if err != nil {
		return err
	}
	return s.apply(ctx, steps)
}

func (s *Store) apply(ctx context.Context, steps []migration) error {
	for done := false; !done; {
		err := s.update(ctx, "migrate", func(tx *sql.Tx) error {
			version, err := schemaVersion(ctx, tx)
			if err != nil {
				return err
			}
			last := int64(len(steps))
			if version > last {
				return fmt.Errorf("%w (its schema is version %d, this program knows %d)", ErrNewer, version, last)
			}
			if done = version == last; done {
				return nil
			}
			step := steps[version]
			if _, err := tx.ExecContext(ctx, step.text); err != nil {
				return fmt.Errorf("migration %d, %s: %w", step.version, step.name, err)
			}
			_, err = tx.ExecContext(ctx, "INSERT INTO schema_migration (version, name) VALUES ($1, $2)", step.version, step.name)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// schemaVersion is the version that a database is at, 0 for an empty one.
func schemaVersion(ctx context.Context, tx *sql.Tx) (int64, error) {
	const table = `CREATE TABLE IF NOT EXISTS schema_migration (
		version BIGINT NOT NULL PRIMARY KEY,
		name    TEXT   NOT NULL,
		applied TEXT   NOT NULL DEFAULT CURRENT_TIMESTAMP
	)`
	if _, err := tx.ExecContext(ctx, table); err != nil {
		return 0, err
	}
	var version int64
	err := tx.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM schema_migration").Scan(&version)
	return version, err
}

var trigger = regexp.MustCompile(`CREATE TRIGGER (\w+)`)

// guards lists the triggers that an engine's migrations create, in order of their names, and gives the text of the
// migrations, which holds what each of them does.
func guards(e engine) (names []string, text string, err error) {
	steps, err := embedded(e)
	if err != nil {
		return nil, "", err
	}
	var all strings.Builder
	for _, step := range steps {
		all.WriteString(step.text)
		for _, found := range trigger.FindAllStringSubmatch(step.text, -1) {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	return names, all.String(), nil
}
