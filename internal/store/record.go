package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"breakeven/money"
	"breakeven/registry"
)

// Result is what recording a snapshot did.
type Result struct {
	Run Run `json:"run"`
	// New tells that the registry did not hold the content before. A source may return to an older one.
	New bool `json:"new"`
	// Baseline marks a source's first snapshot: what it states is known from now on, and none of it is a change.
	Baseline bool     `json:"baseline"`
	Opened   int      `json:"opened"` // facts that the source states now and did not before
	Closed   int      `json:"closed"` // facts that it states no more
	Changes  []Change `json:"changes"`
}

// Record ends a run that read a snapshot, in one transaction: all of what follows is in the registry, or nothing.
// The content is stored unless it is there already; facts that the source states no more are closed at the
// instant of the snapshot and new ones opened; changes in the sense of [registry.Diff] join the changelog.
//
// Of the run it takes the ID, the source, when it finished (the instant of the snapshot, where that is zero), and
// what the server answered. A run without an ID is begun in the same transaction. A snapshot that is not newer
// than the source's last is refused with [*OrderError], one that the registry cannot hold with [*InvalidError], and
// a run that has ended already with [ErrFinished]; then the run is as it was, and can be ended by [Store.Fail].
func (s *Store) Record(ctx context.Context, run Run, snapshot registry.Snapshot) (Result, error) {
	if s.closed.Load() {
		return Result{}, ErrClosed
	}
	what := "record " + snapshot.Source.ID
	now, err := pack(snapshot) // before the lock is taken: it is most of the work
	if err != nil {
		return Result{}, fmt.Errorf("store: %s: %w", what, err)
	}
	var result Result
	err = s.update(ctx, what, func(tx *sql.Tx) (err error) {
		result, err = s.record(ctx, tx, run, now)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

func (s *Store) record(ctx context.Context, tx *sql.Tx, run Run, now packed) (Result, error) {
	run.Source = cmp.Or(run.Source, now.Source.ID)
	if run.Source != now.Source.ID {
		return Result{}, &InvalidError{"run", fmt.Sprintf("it reads %s, and the snapshot is of %s", run.Source, now.Source.ID)}
	}
	if run.Finished.IsZero() {
		run.Finished = now.Taken
	}
	if run.ID == 0 {
		begun, err := begin(ctx, tx, run.Source, earlier(run.Started, now.Taken))
		if err != nil {
			return Result{}, err
		}
		run.ID, run.Started = begun.ID, begun.Started
	}
	if err := running(ctx, tx, run); err != nil {
		return Result{}, err
	}
	run.Outcome, run.Snapshot, run.Taken, run.Date = OK, now.ID, now.Taken, now.Date
	run.Changes, run.Error = 0, ""

	last, err := lastSuccess(ctx, tx, run.Source)
	result := Result{Baseline: errors.Is(err, ErrNotFound)}
	switch {
	case result.Baseline:
	case err != nil:
		return Result{}, err
	case last.Snapshot == now.ID && !now.Taken.Before(last.Taken):
		run.Outcome = Unchanged
		result.Run = run
		return result, finish(ctx, tx, &result.Run)
	case !now.Taken.After(last.Taken):
		return Result{}, &OrderError{run.Source, now.Taken, last.Taken}
	}

	var old registry.Snapshot
	if !result.Baseline {
		if old, err = load(ctx, tx, last.Snapshot); err != nil {
			return Result{}, err
		}
	}
	if result.New, err = s.keep(ctx, tx, now); err != nil {
		return Result{}, err
	}
	if result.Opened, result.Closed, err = s.replaceFacts(ctx, tx, old, now.Snapshot); err != nil {
		return Result{}, err
	}
	if !result.Baseline {
		if result.Changes, err = s.appendChanges(ctx, tx, run, old, now.Snapshot); err != nil {
			return Result{}, err
		}
	}
	run.Changes = int64(len(result.Changes))
	result.Run = run
	return result, finish(ctx, tx, &result.Run)
}

// keep stores a snapshot unless its content is there, and reports whether it was not.
func (s *Store) keep(ctx context.Context, tx *sql.Tx, p packed) (bool, error) {
	var known int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM snapshot WHERE id = $1", p.ID).Scan(&known); err != nil || known > 0 {
		return false, err
	}
	return true, s.insert(ctx, tx, "snapshot", snapshotColumns+", facts", 1, func(int) []any {
		return []any{p.ID, p.Source.ID, p.Source.Title, p.Source.URL, p.Source.Group, p.Source.Vendor, nanos(p.Taken), string(p.Date), len(p.Facts), p.seal, p.facts}
	})
}

// replaceFacts closes the open facts of a source that the new snapshot does not state, and opens those that only
// it states.
func (s *Store) replaceFacts(ctx context.Context, tx *sql.Tx, old, now registry.Snapshot) (opened, closed int, err error) {
	gone, come := difference(old.Facts, now.Facts), difference(now.Facts, old.Facts)
	ids, err := openRows(ctx, tx, now.Source.ID, old.ID, gone)
	if err != nil {
		return 0, 0, err
	}
	for some := range slices.Chunk(ids, perQuery) {
		var w where
		in(&w, "id", some)
		w.args = append(w.args, nanos(now.Taken))
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("UPDATE fact SET recorded_to = $%d%s", len(w.args), &w), w.args...); err != nil {
			return 0, 0, err
		}
	}
	var last int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM fact").Scan(&last); err != nil {
		return 0, 0, err
	}
	err = s.insert(ctx, tx, "fact", "id, source, "+factColumns+", recorded_from, snapshot", len(come), func(i int) []any {
		args := append([]any{last + int64(i) + 1, now.Source.ID}, factArgs(&come[i])...)
		return append(args, nanos(now.Taken), now.ID)
	})
	return len(come), len(gone), err
}

// openRows finds the open row of each fact that a source states no more. The rows must be what the old snapshot
// states: a registry that was edited is not built upon.
func openRows(ctx context.Context, tx *sql.Tx, source, old string, gone []registry.Fact) ([]int64, error) {
	wanted := make(map[registry.Fact]struct{}, len(gone))
	models := map[string]struct{}{}
	for i := range gone {
		wanted[gone[i]] = struct{}{}
		models[gone[i].Model] = struct{}{}
	}
	ids := make([]int64, 0, len(gone))
	for some := range slices.Chunk(slices.Sorted(maps.Keys(models)), perQuery) {
		var w where
		w.is("source", source)
		w.and("recorded_to IS NULL")
		in(&w, "model", some)
		err := each(ctx, tx, func(rows *sql.Rows) error {
			id, f, err := scanFactRow(rows)
			if _, closes := wanted[f.Fact]; closes {
				delete(wanted, f.Fact)
				ids = append(ids, id)
			}
			return err
		}, "SELECT "+storedFact+" FROM fact"+w.String(), w.args...)
		if err != nil {
			return nil, err
		}
	}
	for i := range gone {
		if _, missing := wanted[gone[i]]; missing {
			return nil, &TamperError{"fact", source + ", " + gone[i].Key.String(), "no open row holds what snapshot " + old + " states"}
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// difference lists what is in a and not in b, in the order of a.
func difference(a, b []registry.Fact) []registry.Fact {
	in := make(map[registry.Fact]struct{}, len(b))
	for i := range b {
		in[b[i]] = struct{}{}
	}
	var only []registry.Fact
	for i := range a {
		if _, both := in[a[i]]; !both {
			only = append(only, a[i])
		}
	}
	return only
}

// appendChanges adds what a source states differently to the end of the chain.
func (s *Store) appendChanges(ctx context.Context, tx *sql.Tx, run Run, old, now registry.Snapshot) ([]Change, error) {
	changed := registry.Diff(old, now, nil)
	isNews := func(c registry.Change) bool { return !run.Wider || c.From != nil }
	changed = slices.DeleteFunc(changed, func(c registry.Change) bool { return !isNews(c) })
	if len(changed) == 0 {
		return nil, nil
	}
	past, err := pastValues(ctx, tx, now.Source.ID, changed)
	if err != nil {
		return nil, err
	}
	head, err := head(ctx, tx)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, c := range registry.Diff(old, now, func(k registry.Key) []registry.Value { return past[k] }) {
		if !isNews(c) {
			continue
		}
		next := Change{
			Seq: head.Seq + 1, Source: now.Source.ID, Change: c, Run: run.ID, Base: old.ID, Snapshot: now.ID, Previous: head.Hash,
		}
		next.Hash = next.Link()
		head = Head{next.Seq, next.Hash}
		changes = append(changes, next)
	}
	err = s.insert(ctx, tx, "change", changeColumns, len(changes), func(i int) []any { return changes[i].args() })
	return changes, err
}

// perQuery bounds the values that one query lists.
const perQuery = 500

// pastValues gives, for the keys that change, the values that the source stated before, oldest first.
func pastValues(ctx context.Context, tx *sql.Tx, source string, changed []registry.Change) (map[registry.Key][]registry.Value, error) {
	models := map[string]struct{}{}
	values := make(map[registry.Key][]registry.Value, len(changed))
	for i := range changed {
		models[changed[i].Model] = struct{}{}
		values[changed[i].Key] = nil
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(models)), perQuery) {
		var w where
		w.is("source", source)
		in(&w, "model", some)
		err := each(ctx, tx, func(rows *sql.Rows) error {
			c, err := scanChange(rows)
			if err != nil {
				return err
			}
			before, wanted := values[c.Key]
			if !wanted {
				return nil
			}
			if before == nil {
				before = []registry.Value{{Rate: c.From}} // since when is not needed: only when it was left
			}
			values[c.Key] = append(before, registry.Value{At: c.At, Rate: c.To})
			return nil
		}, "SELECT "+changeColumns+" FROM change"+w.String()+" ORDER BY seq", w.args...)
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Head is the end of the changelog: how many changes there are, and the hash of the last. Whoever notes it down
// elsewhere can prove later, by [Store.Audit], that nothing before it was rewritten.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"` // [Genesis] where there is no change
}

// Head reads the end of the changelog.
func (s *Store) Head(ctx context.Context) (Head, error) {
	var h Head
	err := s.view(ctx, "read the changelog", func(tx *sql.Tx) (err error) {
		h, err = head(ctx, tx)
		return err
	})
	return h, err
}

func head(ctx context.Context, tx *sql.Tx) (Head, error) {
	h := Head{Hash: Genesis}
	err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM change ORDER BY seq DESC LIMIT 1").Scan(&h.Seq, &h.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return h, err
}

const factColumns = keyColumns + ", rate, effective_from, effective_to, url"

func factArgs(f *registry.Fact) []any {
	return append(keyArgs(f.Key), int64(f.Rate), nanos(f.Effective.From), nanos(f.Effective.To), f.URL)
}

// factRow is a fact as it is stored.
type factRow struct {
	keyRow

	rate     int64
	from, to sql.Null[int64]
	url      string
}

func (r *factRow) targets() []any {
	return append(r.keyRow.targets(), &r.rate, &r.from, &r.to, &r.url)
}

func (r *factRow) fact(place string) (registry.Fact, error) {
	key, err := r.key("fact", place)
	f := registry.Fact{Key: key, Rate: money.Rate(r.rate), URL: r.url}
	f.Effective.From, f.Effective.To = instant(r.from), instant(r.to)
	return f, err
}
