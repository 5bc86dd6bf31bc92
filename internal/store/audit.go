package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/registry"
)

// Report is what an audit went through.
type Report struct {
	Head      Head  `json:"head"` // the end of the chain as recomputed
	Snapshots int64 `json:"snapshots"`
	Runs      int64 `json:"runs"`
	Facts     int64 `json:"facts"`
}

// Audit recomputes everything that the registry claims, on one consistent state of it, and reports the first break
// as a [*TamperError] that says where it is:
//
//   - the changelog is one unbroken chain from [Genesis], without a gap, and every change hashes to what it holds;
//   - every head in known, which was noted down earlier, is still in the chain: nobody rebuilt it;
//   - every snapshot's facts hash to its identity, and no reading refers to a snapshot that is missing;
//   - the facts, replayed from the readings of each source, are row by row what the fact table holds;
//   - each change's old rate is in the snapshot before and its new one in the snapshot after, and each reading has
//     as many changes as it says;
//   - the triggers that guard all this are in place.
//
// The chain proves order and content of what it holds. That nobody recomputed the whole of it is proven by a head
// kept elsewhere, and by nothing inside the database.
func (s *Store) Audit(ctx context.Context, known ...Head) (Report, error) {
	a := newAuditor(s.engine, known)
	err := s.view(ctx, "audit", func(tx *sql.Tx) error { return a.run(ctx, tx) })
	return a.report, err
}

type auditor struct {
	ctx    context.Context // an auditor lives for one call
	tx     *sql.Tx
	engine engine
	known  []Head
	report Report
	// changes counts those of each run.
	changes map[int64]int64
}

func newAuditor(e engine, known []Head) *auditor {
	return &auditor{engine: e, known: known, changes: map[int64]int64{}}
}

func (a *auditor) run(ctx context.Context, tx *sql.Tx) error {
	a.ctx, a.tx = ctx, tx
	for _, step := range []func() error{a.chain, a.sources, a.orphans, a.guards} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// chain walks the changelog.
func (a *auditor) chain() error {
	last := Head{Hash: Genesis}
	missing := slices.Clone(a.known)
	meet := func() {
		missing = slices.DeleteFunc(missing, func(h Head) bool { return h == last })
	}
	meet()
	err := each(a.ctx, a.tx, func(rows *sql.Rows) error {
		c, err := scanChange(rows)
		if err != nil {
			return err
		}
		broken := func(why string) error { return &TamperError{"change", row(c.Seq), why} }
		switch {
		case c.Seq != last.Seq+1:
			return broken(fmt.Sprintf("it follows row %d: something between them is missing", last.Seq))
		case c.Previous != last.Hash:
			return broken("it does not hold the hash of the row before")
		case c.Hash != c.Link():
			return broken("its content does not give its hash")
		}
		last = Head{c.Seq, c.Hash}
		meet()
		a.changes[c.Run]++
		return nil
	}, "SELECT "+changeColumns+" FROM change ORDER BY seq")
	if err != nil {
		return err
	}
	a.report.Head = last
	if len(missing) > 0 {
		return &TamperError{"change", row(missing[0].Seq), "the head that was noted down is not in the chain: it was rebuilt or cut"}
	}
	return nil
}

// sources replays the readings of each source.
func (a *auditor) sources() error {
	ids, err := list(a.ctx, a.tx, scanText,
		"SELECT source FROM crawl_run UNION SELECT source FROM snapshot UNION SELECT source FROM fact")
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for _, id := range ids {
		if err := a.source(id); err != nil {
			return err
		}
	}
	return nil
}

// spell is the time during which a source stated a fact.
type spell struct {
	fact     registry.Fact
	from, to time.Time
	snapshot string
}

func (a *auditor) source(id string) error {
	// At one instant a source may be found to have changed once, and any number of times to say the same.
	runs, err := list(a.ctx, a.tx, scanRun, "SELECT "+runColumns+" FROM crawl_run WHERE source = $1 ORDER BY taken, outcome, id", id)
	if err != nil {
		return err
	}
	var (
		old    registry.Snapshot
		spells []spell
		seen   []int64                   // for each spell, the last reading that told so
		open   = map[registry.Fact]int{} // the spells that last, as indices
	)
	for i := range runs {
		run := &runs[i]
		a.report.Runs++
		if found := a.changes[run.ID]; found != run.Changes {
			return &TamperError{"crawl_run", row(run.ID), fmt.Sprintf("it found %d changes, and the changelog holds %d", run.Changes, found)}
		}
		delete(a.changes, run.ID)
		if run.Snapshot == "" {
			continue
		}
		if same := run.Snapshot == old.ID; same != (run.Outcome == Unchanged) {
			return &TamperError{"crawl_run", row(run.ID), fmt.Sprintf("it is %s, and its snapshot tells otherwise", run.Outcome)}
		} else if same {
			continue
		}
		now, err := load(a.ctx, a.tx, run.Snapshot)
		if errors.Is(err, ErrNotFound) {
			return &TamperError{"crawl_run", row(run.ID), "snapshot " + run.Snapshot + " is missing"}
		}
		if err != nil {
			return err
		}
		if now.Source.ID != id {
			return &TamperError{"crawl_run", row(run.ID), "its snapshot is of " + now.Source.ID}
		}
		now.Taken = run.Taken
		if err := a.evidence(run, old, now); err != nil {
			return err
		}
		for _, f := range now.Facts {
			if at, stays := open[f]; stays {
				seen[at] = run.ID
				continue
			}
			open[f] = len(spells)
			spells, seen = append(spells, spell{fact: f, from: run.Taken, snapshot: now.ID}), append(seen, run.ID)
		}
		for f, at := range open {
			if seen[at] != run.ID {
				spells[at].to = run.Taken
				delete(open, f)
			}
		}
		old = now
	}
	return a.facts(id, spells)
}

// facts compares a source's rows with what its readings tell.
func (a *auditor) facts(source string, spells []spell) error {
	expected := make(map[spell]struct{}, len(spells))
	for _, s := range spells {
		expected[s] = struct{}{}
	}
	err := each(a.ctx, a.tx, func(rows *sql.Rows) error {
		id, f, err := scanFactRow(rows)
		if err != nil {
			return err
		}
		s := spell{f.Fact, f.Recorded.From, f.Recorded.To, f.Snapshot}
		if _, ok := expected[s]; !ok {
			return &TamperError{"fact", row(id), "no reading of " + source + " tells so: " + f.Key.String()}
		}
		delete(expected, s)
		a.report.Facts++
		return nil
	}, "SELECT "+storedFact+" FROM fact WHERE source = $1 ORDER BY id", source)
	if err != nil {
		return err
	}
	for _, s := range spells {
		if _, missing := expected[s]; missing {
			return &TamperError{"fact", source + ", " + s.fact.Key.String(), "the row that snapshot " + s.snapshot + " states is missing"}
		}
	}
	return nil
}

// evidence checks a reading's changes against the snapshots before and after.
func (a *auditor) evidence(run *Run, old, now registry.Snapshot) error {
	if run.Changes == 0 {
		return nil
	}
	changes, err := list(a.ctx, a.tx, scanChange, "SELECT "+changeColumns+" FROM change WHERE run = $1 ORDER BY seq", run.ID)
	if err != nil {
		return err
	}
	before, after := stated(old, now.Taken, changes), stated(now, now.Taken, changes)
	for i := range changes {
		c := &changes[i]
		broken := func(why string) error { return &TamperError{"change", row(c.Seq), why} }
		switch {
		case c.Source != run.Source || !c.At.Equal(run.Taken) || c.Base != old.ID || c.Snapshot != now.ID:
			return broken(fmt.Sprintf("it is not of reading %d", run.ID))
		case !says(before[c.Key], c.From):
			return broken("the old rate is not in snapshot " + old.ID)
		case !says(after[c.Key], c.To):
			return broken("the new rate is not in snapshot " + now.ID)
		}
	}
	return nil
}

// stated gives the rates in force at an instant of the keys that changed.
func stated(s registry.Snapshot, at time.Time, changes []Change) map[registry.Key][]money.Rate {
	rates := make(map[registry.Key][]money.Rate, len(changes))
	for i := range changes {
		rates[changes[i].Key] = nil
	}
	for i := range s.Facts {
		f := &s.Facts[i]
		if known, wanted := rates[f.Key]; wanted && f.Effective.Contains(at) {
			rates[f.Key] = append(known, f.Rate)
		}
	}
	return rates
}

// says reports whether a rate is among those stated, or is missing where none is.
func says(rates []money.Rate, r *money.Rate) bool {
	if r == nil {
		return len(rates) == 0
	}
	return slices.Contains(rates, *r)
}

// orphans finds changes without a reading, and snapshots that no reading found.
func (a *auditor) orphans() error {
	for run := range a.changes {
		return &TamperError{"change", fmt.Sprintf("changes of run %d", run), "there is no such reading"}
	}
	orphans, err := list(a.ctx, a.tx, scanText,
		"SELECT id FROM snapshot WHERE id NOT IN (SELECT snapshot FROM crawl_run WHERE snapshot IS NOT NULL) ORDER BY id")
	if err != nil {
		return err
	}
	if len(orphans) > 0 {
		return &TamperError{"snapshot", orphans[0], "no reading found it"}
	}
	return a.tx.QueryRowContext(a.ctx, "SELECT count(*) FROM snapshot").Scan(&a.report.Snapshots)
}

// guards checks that every trigger is there and does what it did when it was made.
func (a *auditor) guards() error {
	want, text, err := guards(a.engine)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	err = each(a.ctx, a.tx, func(rows *sql.Rows) error {
		var name, does string
		err := rows.Scan(&name, &does)
		have[name] = strings.Contains(text, does)
		return err
	}, a.engine.guards)
	if err != nil {
		return err
	}
	for _, name := range want {
		if !have[name] {
			return &TamperError{"guards", name, "the trigger is missing, switched off or another one"}
		}
	}
	return nil
}
