package store

import (
	"slices"
	"strings"
	"testing"
)

// What the database refuses, whoever asks: each statement would rewrite the past.
func TestPastIsRefused(t *testing.T) {
	common := []string{
		"UPDATE snapshot SET title = 'other'",
		"UPDATE snapshot SET taken = taken + 1",
		"DELETE FROM snapshot",
		"UPDATE change SET new_rate = 1",
		"UPDATE change SET class = 'revert' WHERE seq = 1",
		"UPDATE change SET hash = previous",
		"DELETE FROM change WHERE seq = 1",
		"DELETE FROM change WHERE seq = (SELECT max(seq) FROM change)",
		// A change that leaves a gap, or holds another hash than the last one's, is no continuation.
		"INSERT INTO change SELECT " + chainWith("seq + 5", "hash"),
		"INSERT INTO change SELECT " + chainWith("seq + 1", "'0000'"),
		"INSERT INTO change SELECT " + chainWith("seq", "hash"),
		"UPDATE crawl_run SET outcome = 'failed', snapshot = NULL, taken = NULL, error = 'x' WHERE id = 1",
		"UPDATE crawl_run SET error = '' WHERE id = 1",
		"UPDATE crawl_run SET finished = finished + 1 WHERE id = 1",
		"UPDATE crawl_run SET etag = 'x' WHERE outcome = 'running'", // it would finish a second time
		"UPDATE crawl_run SET source = 'other' WHERE outcome = 'running'",
		"UPDATE crawl_run SET started = 0, outcome = 'failed', finished = 1, error = 'x' WHERE outcome = 'running'",
		"UPDATE crawl_run SET outcome = 'failed', error = 'x' WHERE outcome = 'running'",                                   // without an instant
		"UPDATE crawl_run SET outcome = 'ok', finished = 1 WHERE outcome = 'running'",                                      // without a snapshot
		"UPDATE crawl_run SET outcome = 'ok', finished = 1, taken = 1, snapshot = 'no such one' WHERE outcome = 'running'", // of nothing
		"UPDATE crawl_run SET outcome = 'excellent', finished = 1 WHERE outcome = 'running'",
		"DELETE FROM crawl_run",
		"UPDATE fact SET recorded_to = recorded_to + 1 WHERE recorded_to IS NOT NULL",
		"UPDATE fact SET recorded_to = NULL WHERE recorded_to IS NOT NULL",
		"UPDATE fact SET recorded_to = recorded_from WHERE recorded_to IS NULL",
		"UPDATE fact SET recorded_to = recorded_from + 1, rate = 1 WHERE recorded_to IS NULL",
		"DELETE FROM fact",
		"DELETE FROM fact WHERE recorded_to IS NOT NULL",
		"INSERT INTO fact SELECT * FROM fact",
	}
	extra := map[string][]string{
		sqlite.name: {
			"INSERT OR REPLACE INTO snapshot SELECT * FROM snapshot",
			"INSERT OR REPLACE INTO change SELECT * FROM change",
			"REPLACE INTO crawl_run SELECT * FROM crawl_run",
			"REPLACE INTO fact SELECT * FROM fact",
			"INSERT INTO snapshot SELECT * FROM snapshot WHERE true ON CONFLICT DO UPDATE SET title = 'other'",
			"INSERT OR IGNORE INTO change SELECT " + chainWith("seq + 5", "hash"),
		},
		postgres.name: {
			"TRUNCATE change",
			"TRUNCATE snapshot CASCADE",
			"TRUNCATE crawl_run CASCADE",
			"TRUNCATE fact",
			"INSERT INTO snapshot SELECT * FROM snapshot ON CONFLICT (id) DO UPDATE SET title = 'other'",
			"SET session_replication_role = replica; DELETE FROM change",
			"SET session_replication_role = replica; UPDATE fact SET rate = 1",
		},
	}
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3", "acme a output", "15"))
		record(t, s, rates(t, litellm, at("01-02"), "acme a input", "2", "acme a output", "10"))
		if _, err := s.Begin(t.Context(), "litellm", at("01-03")); err != nil {
			t.Fatal(err)
		}
		db := raw(t, s, dsn, "_foreign_keys=1")
		before := dump(t, s)
		statements := slices.Concat(common, extra[s.engine.name])
		// Every column, one by one: none was forgotten.
		for table, allowed := range map[string]string{"snapshot": "", "change": "", "fact": "recorded_to"} {
			rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" LIMIT 0")
			if err != nil {
				t.Fatal(err)
			}
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			_ = rows.Close()
			for _, column := range columns {
				if column != allowed {
					statements = append(statements, "UPDATE "+table+" SET "+column+" = "+column)
				}
			}
		}
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err == nil {
				t.Errorf("accepted: %s", statement)
			}
		}
		if after := dump(t, s); after != before {
			t.Errorf("something changed:\n%s\nwas\n%s", after, before)
		}
		audit(t, s)
	})
}

// chainWith selects the last change again, with another number and another previous hash.
func chainWith(seq, previous string) string {
	columns := strings.NewReplacer("seq,", seq+",", "previous,", previous+",").Replace(changeColumns)
	return columns + " FROM change WHERE seq = (SELECT max(seq) FROM change)"
}

// dump is everything that the registry tells.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	report := audit(t, s)
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs(t.Context(), RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return sprint(report, counts, runs)
}
