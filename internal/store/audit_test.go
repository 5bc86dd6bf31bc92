package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"breakeven/money"
	"breakeven/registry"
)

func sprint(values ...any) string {
	return strings.TrimSpace(fmt.Sprintf(strings.Repeat("%+v\n", len(values)), values...))
}

// An intruder with every right takes the guards away, edits, and puts the guards back. The audit finds the first
// break and says where it is.
func TestAuditFinds(t *testing.T) {
	cases := map[string]struct {
		tamper       func(t *testing.T, s *Store, db session)
		table, place string
	}{
		"a rate in the changelog": {run("UPDATE change SET new_rate = 1 WHERE seq = 3"), "change", "row 3"},
		"the reason of a change":  {run("UPDATE change SET why = 'a slip' WHERE seq = 2"), "change", "row 2"},
		"its class":               {run("UPDATE change SET class = 'unit_fix' WHERE seq = 4"), "change", "row 4"},
		"its time":                {run("UPDATE change SET at = at - 1 WHERE seq = 4"), "change", "row 4"},
		"no rate where there was": {run("UPDATE change SET old_rate = NULL WHERE seq = 1"), "change", "row 1"},
		"a row with its own hash recomputed": {func(t *testing.T, s *Store, db session) {
			forge(t, s, db, 2, func(c *Change) { c.To = new(money.Rate(1)) })
		}, "change", "row 3"}, // the next one holds the old hash
		"the first row with its hash recomputed": {func(t *testing.T, s *Store, db session) {
			forge(t, s, db, 1, func(c *Change) { c.To = new(money.Rate(1)) })
		}, "change", "row 2"},
		"the last row with its hash recomputed": {func(t *testing.T, s *Store, db session) {
			forge(t, s, db, 4, func(c *Change) { c.To = new(money.Rate(1)) }) // the chain is whole, but no snapshot says so
		}, "change", "row 4"},
		"a row removed in the middle": {run("DELETE FROM change WHERE seq = 2"), "change", "row 3"},
		"a row removed and the rest moved up": {run("DELETE FROM change WHERE seq = 2",
			"UPDATE change SET seq = 2 WHERE seq = 3", "UPDATE change SET seq = 3 WHERE seq = 4"), "change", "row 2"},
		"the first row removed": {run("DELETE FROM change WHERE seq = 1"), "change", "row 2"},
		"the last row removed":  {run("DELETE FROM change WHERE seq = 4"), "crawl_run", "row 3"},
		"all rows removed":      {run("DELETE FROM change"), "crawl_run", "row 2"},
		"two rows swapped": {run("UPDATE change SET seq = 99 WHERE seq = 2", "UPDATE change SET seq = 2 WHERE seq = 3",
			"UPDATE change SET seq = 3 WHERE seq = 99"), "change", "row 2"},
		"an unknown kind": {run("UPDATE change SET kind = 'magic' WHERE seq = 2"), "change", "row 2"},

		"a fact's rate":      {run("UPDATE fact SET rate = 1 WHERE id = 1"), "fact", "row 1"},
		"a fact's page":      {run("UPDATE fact SET url = 'https://example.com' WHERE id = 2"), "fact", "row 2"},
		"a fact opened":      {run("UPDATE fact SET recorded_to = NULL WHERE id = 1"), "fact", "row 1"},
		"a fact closed":      {run("UPDATE fact SET recorded_to = recorded_from + 1 WHERE recorded_to IS NULL AND source = 'litellm'"), "fact", "row 5"},
		"a fact moved":       {run("UPDATE fact SET recorded_from = recorded_from - 1 WHERE id = 4"), "fact", "row 4"},
		"a fact given away":  {run("UPDATE fact SET source = 'elsewhere' WHERE id = 1"), "fact", "row 1"},
		"a fact removed":     {run("DELETE FROM fact WHERE id = 1"), "fact", "litellm, acme/a input"},
		"a fact twice":       {run("INSERT INTO fact SELECT 99, source, " + factColumns + ", recorded_from, recorded_to, snapshot FROM fact WHERE id = 1"), "fact", "row 99"},
		"a fact never said":  {run("INSERT INTO fact SELECT 99, 'manual', " + factColumns + ", recorded_from, recorded_to, snapshot FROM fact WHERE id = 1"), "fact", "row 99"},
		"a fact's kind":      {run("UPDATE fact SET kind = 'magic' WHERE id = 1"), "fact", "row 1"},
		"another's snapshot": {run("UPDATE fact SET snapshot = (SELECT snapshot FROM crawl_run WHERE id = 2) WHERE id = 1"), "fact", "row 1"},

		"a snapshot's facts": {run("UPDATE snapshot SET facts = (SELECT facts FROM snapshot s WHERE s.source = 'portkey') WHERE id = (SELECT snapshot FROM crawl_run WHERE id = 2)"), "snapshot", "@2"},
		"a snapshot's bytes": {run("UPDATE snapshot SET facts = substr(facts, 1, 10) WHERE id = (SELECT snapshot FROM crawl_run WHERE id = 1)"), "snapshot", "@1"},
		"a snapshot's title": {run("UPDATE snapshot SET title = 'Vendor page', vendor = true WHERE id = (SELECT snapshot FROM crawl_run WHERE id = 3)"), "snapshot", "@3"},
		"a snapshot's time":  {run("UPDATE snapshot SET taken = taken - 1 WHERE id = (SELECT snapshot FROM crawl_run WHERE id = 3)"), "snapshot", "@3"},
		"a snapshot's count": {run("UPDATE snapshot SET fact_count = 7 WHERE id = (SELECT snapshot FROM crawl_run WHERE id = 1)"), "snapshot", "@1"},

		"a snapshot removed": {run("DELETE FROM snapshot WHERE source = 'portkey'"), "crawl_run", "row 5"},
		"a snapshot that nobody read": {
			run(
				"INSERT INTO snapshot SELECT 'x', source, title, url, source_group, vendor, taken, table_date, fact_count, facts, seal FROM snapshot WHERE source = 'portkey'"),
			"snapshot", "x",
		},

		"a reading's time":       {run("UPDATE crawl_run SET taken = taken + 1 WHERE id = 2"), "change", "row 1"},
		"a reading's count":      {run("UPDATE crawl_run SET change_count = 1 WHERE id = 2"), "crawl_run", "row 2"},
		"a reading's snapshot":   {run("UPDATE crawl_run SET snapshot = (SELECT snapshot FROM crawl_run WHERE id = 2) WHERE id = 3"), "crawl_run", "row 3"},
		"a reading of another":   {run("UPDATE crawl_run SET snapshot = (SELECT snapshot FROM crawl_run WHERE id = 5) WHERE id = 1"), "crawl_run", "row 1"},
		"a reading that changed": {run("UPDATE crawl_run SET outcome = 'ok' WHERE id = 4"), "crawl_run", "row 4"},
		"a reading removed":      {run("UPDATE change SET run = 99 WHERE run = 2", "DELETE FROM crawl_run WHERE id = 2"), "change", "row 1"},
		"readings in another order": {run(
			"UPDATE crawl_run SET taken = taken + 100000000000000000 WHERE id = 1"), "change", "row 1"},

		"a guard tamed": {func(t *testing.T, s *Store, db session) {
			execute(t, db, map[string]string{
				sqlite.name:   "DROP TRIGGER fact_no_delete; CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact BEGIN SELECT 1; END",
				postgres.name: "CREATE OR REPLACE FUNCTION change_follows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
			}[s.engine.name])
		}, "guards", "@guard"},
		"a guard taken away": {func(t *testing.T, s *Store, db session) {
			execute(t, db, map[string]string{sqlite.name: "DROP TRIGGER change_no_update", postgres.name: "DROP TRIGGER change_no_update ON change"}[s.engine.name])
		}, "guards", "change_no_update"},
	}
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		portkey := registry.Source{ID: "portkey"}
		// Facts 1 to 3.
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3", "acme a output", "15", "acme b input", "1"))
		// Changes 1 and 2, facts 4 and 5.
		record(t, s, rates(t, litellm, at("01-02"), "acme a input", "2", "acme a output", "10", "acme b input", "1"))
		// Changes 3 and 4, fact 6.
		record(t, s, rates(t, litellm, at("01-03"), "acme a input", "2.5", "acme a output", "10"))
		// A reading without a change, and another source.
		record(t, s, rates(t, litellm, at("01-04"), "acme a input", "2.5", "acme a output", "10"))
		record(t, s, rates(t, portkey, at("01-04"), "acme a input", "2.5"))
		audit(t, s)
		runs, err := s.Runs(t.Context(), RunFilter{})
		if err != nil {
			t.Fatal(err)
		}
		snapshots := map[string]string{"@guard": map[string]string{sqlite.name: "fact_no_delete", postgres.name: "change_chain"}[s.engine.name]}
		for _, r := range runs {
			snapshots[fmt.Sprintf("@%d", r.ID)] = r.Snapshot
		}
		db := raw(t, s, dsn)
		for name, tt := range cases {
			t.Run(name, func(t *testing.T) {
				// Each case is undone: the next one starts from the whole registry.
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tx.Rollback() }()
				if tt.table == "guards" {
					tt.tamper(t, s, tx)
				} else {
					unguarded(t, s, tx, func() { tt.tamper(t, s, tx) })
				}
				err = newAuditor(s.engine, nil).run(t.Context(), tx)
				var found *TamperError
				if !errors.As(err, &found) {
					t.Fatalf("the audit says %v", err)
				}
				place := tt.place
				if id, ok := snapshots[place]; ok {
					place = id
				}
				if found.Table != tt.table || found.Place != place {
					t.Errorf("found in %s, %s (%s); want %s, %s", found.Table, found.Place, found.Why, tt.table, place)
				}
			})
		}
		audit(t, s)
	})
}

// Whoever can rewrite every row can recompute every hash, and what is left agrees with itself. A head that was
// noted down elsewhere tells.
func TestAuditAgainstKnownHead(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		audit(t, s, Head{Hash: Genesis})
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3"))
		record(t, s, rates(t, litellm, at("01-02"), "acme a input", "2"))
		early := audit(t, s).Head
		record(t, s, rates(t, litellm, at("01-03"), "acme a input", "1"))
		late := audit(t, s).Head
		audit(t, s, early, late, Head{Hash: Genesis})

		// The last change gets another reason, and its hash is made to fit.
		db := raw(t, s, dsn)
		unguarded(t, s, db, func() { forge(t, s, db, 2, func(c *Change) { c.Why = "a promotion" }) })
		audit(t, s, early)
		var found *TamperError
		if _, err := s.Audit(t.Context(), early, late); !errors.As(err, &found) || found.Table != "change" || found.Place != "row 2" {
			t.Errorf("the audit says %v", err)
		}
	})
}

// A registry whose rows are not what its snapshots state is not written to any more.
func TestRecordRefusesDamage(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3"))
		db := raw(t, s, dsn)
		unguarded(t, s, db, func() { execute(t, db, "UPDATE fact SET rate = 1") })
		var found *TamperError
		if _, err := s.Record(t.Context(), Run{}, rates(t, litellm, at("01-02"), "acme a input", "2")); !errors.As(err, &found) || found.Table != "fact" {
			t.Errorf("recorded on damage: %v", err)
		}
		unguarded(t, s, db, func() { execute(t, db, "UPDATE snapshot SET facts = substr(facts, 2)") })
		if _, err := s.Latest(t.Context(), "litellm"); !errors.As(err, &found) || found.Table != "snapshot" {
			t.Errorf("read from damage: %v", err)
		}
	})
}

// run is tampering by statements.
func run(statements ...string) func(*testing.T, *Store, session) {
	return func(t *testing.T, _ *Store, db session) {
		for _, statement := range statements {
			execute(t, db, statement)
		}
	}
}

// forge edits a change and makes its hash fit.
func forge(t *testing.T, s *Store, db session, seq int64, edit func(*Change)) {
	t.Helper()
	changes, err := s.Changes(t.Context(), ChangeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Seq == seq {
			edit(&c)
			execute(t, db, "UPDATE change SET new_rate = $1, why = $2, hash = $3 WHERE seq = $4", nullRate(c.To), c.Why, c.Link(), seq)
		}
	}
}

// unguarded runs do while the triggers are away, and no foreign key is checked.
func unguarded(t *testing.T, s *Store, db session, do func()) {
	t.Helper()
	tables := []string{"snapshot", "crawl_run", "fact", "change"}
	if s.engine.name == postgres.name {
		for _, table := range tables {
			execute(t, db, "ALTER TABLE "+table+" DISABLE TRIGGER USER")
		}
		execute(t, db, "SET session_replication_role = replica")
		do()
		execute(t, db, "SET session_replication_role = DEFAULT")
		names, _, err := guards(postgres)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			table := name[:strings.Index(name, "_")]
			if table == "crawl" {
				table = "crawl_run"
			}
			execute(t, db, "ALTER TABLE "+table+" ENABLE ALWAYS TRIGGER "+name)
		}
		return
	}
	rows, err := db.QueryContext(t.Context(), "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	var names, texts []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		names, texts = append(names, name), append(texts, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		execute(t, db, "DROP TRIGGER "+name)
	}
	do()
	for _, text := range texts {
		execute(t, db, text)
	}
}
