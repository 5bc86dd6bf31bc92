package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"breakeven/price"
	"breakeven/registry"
)

// Fact is a rate as one source states it, with when it was known to.
type Fact struct {
	registry.Fact
	Source string `json:"source"`
	// Recorded is from when on the source was known to state it, until it was known not to; open while it does.
	Recorded price.Interval `json:"recorded"`
	Snapshot string         `json:"snapshot"` // the first that states it
}

// FactFilter chooses facts. What is empty or zero does not restrict.
type FactFilter struct {
	Source, Provider, Model string
	// Effective keeps the rates that the vendor charges at the instant.
	Effective time.Time
	// Known gives what was known at the instant; the zero time is now.
	Known time.Time
	// Ever gives what was ever stated, whatever Known says.
	Ever bool
}

// Facts lists what the sources state, in the order of the keys, then of the sources.
func (s *Store) Facts(ctx context.Context, f FactFilter) ([]Fact, error) {
	var w where
	w.is("source", f.Source)
	w.is("provider", f.Provider)
	w.is("model", f.Model)
	switch {
	case f.Ever:
	case f.Known.IsZero():
		w.and("recorded_to IS NULL")
	default:
		w.and("recorded_from <= ? AND (recorded_to IS NULL OR recorded_to > ?)", bound(f.Known), bound(f.Known))
	}
	if !f.Effective.IsZero() {
		w.and("(effective_from IS NULL OR effective_from <= ?) AND (effective_to IS NULL OR effective_to > ?)", bound(f.Effective), bound(f.Effective))
	}
	return s.facts(ctx, &w)
}

// History lists everything that was ever stated of one rate of a model, on every route and in every context band:
// each source's statements in order of the time at which they were known. Closed and open ones alternate without a
// gap while the source states the rate, so that they draw as steps.
func (s *Store) History(ctx context.Context, provider, model string, kind registry.Kind, tier registry.Tier) ([]Fact, error) {
	var w where
	w.and("provider = ? AND model = ? AND kind = ? AND tier = ?", provider, model, kind.String(), tier.String())
	return s.facts(ctx, &w)
}

func (s *Store) facts(ctx context.Context, w *where) ([]Fact, error) {
	var facts []Fact
	err := s.view(ctx, "read facts", func(tx *sql.Tx) (err error) {
		facts, err = list(ctx, tx, scanFact, "SELECT "+storedFact+" FROM fact"+w.String(), w.args...)
		return err
	})
	// Databases order text by rules of their own; keys have one order.
	slices.SortFunc(facts, func(a, b Fact) int {
		return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Source, b.Source), a.Recorded.From.Compare(b.Recorded.From),
			a.Effective.From.Compare(b.Effective.From), a.Effective.To.Compare(b.Effective.To), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.URL, b.URL))
	})
	return facts, err
}

const storedFact = "id, source, " + factColumns + ", recorded_from, recorded_to, snapshot"

func scanFact(rows *sql.Rows) (Fact, error) {
	_, f, err := scanFactRow(rows)
	return f, err
}

func scanFactRow(rows *sql.Rows) (int64, Fact, error) {
	var (
		id       int64
		f        Fact
		r        factRow
		from, to sql.Null[int64]
	)
	targets := append([]any{&id, &f.Source}, r.targets()...)
	if err := rows.Scan(append(targets, &from, &to, &f.Snapshot)...); err != nil {
		return id, f, err
	}
	var err error
	f.Fact, err = r.fact(row(id))
	f.Recorded = price.Interval{From: instant(from), To: instant(to)}
	return id, f, err
}

// bound is an instant of a filter, brought into the range of stored ones.
func bound(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		t = earliest
	case t.After(latest):
		t = latest
	}
	return t.UnixNano()
}

const snapshotColumns = "id, source, title, url, source_group, vendor, taken, table_date, fact_count, seal"

// Snapshot reads a snapshot back by its identity and verifies it: a content that does not hash to it is a
// [*TamperError], and an identity that the registry does not hold is [ErrNotFound]. Its instant is that of the first
// reading that found it.
func (s *Store) Snapshot(ctx context.Context, id string) (registry.Snapshot, error) {
	var snapshot registry.Snapshot
	err := s.view(ctx, "read a snapshot", func(tx *sql.Tx) (err error) {
		snapshot, err = load(ctx, tx, id)
		return err
	})
	return snapshot, err
}

// Latest reads what a source said at its last reading that succeeded, with the instant and the date of that
// reading. A source that was never read is [ErrNotFound].
func (s *Store) Latest(ctx context.Context, source string) (registry.Snapshot, error) {
	var snapshot registry.Snapshot
	err := s.view(ctx, "read the latest snapshot of "+source, func(tx *sql.Tx) error {
		last, err := lastSuccess(ctx, tx, source)
		if err != nil {
			return err
		}
		snapshot, err = load(ctx, tx, last.Snapshot)
		snapshot.Taken, snapshot.Date = last.Taken, last.Date
		return err
	})
	return snapshot, err
}

// load reads a snapshot and checks everything that its row says.
func load(ctx context.Context, tx *sql.Tx, id string) (registry.Snapshot, error) {
	var (
		s        registry.Snapshot
		taken    sql.Null[int64]
		count    int64
		sealed   string
		deflated []byte
	)
	err := tx.QueryRowContext(ctx, "SELECT "+snapshotColumns+", facts FROM snapshot WHERE id = $1", id).Scan(
		&s.ID, &s.Source.ID, &s.Source.Title, &s.Source.URL, &s.Source.Group, &s.Source.Vendor, &taken, &s.Date, &count, &sealed, &deflated)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("snapshot %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return s, err
	}
	s.Taken = instant(taken)
	if s.Facts, err = unpack(s.ID, s.Source.ID, deflated); err != nil {
		return s, &TamperError{"snapshot", id, err.Error()}
	}
	if int64(len(s.Facts)) != count || seal(s, count) != sealed {
		return s, &TamperError{"snapshot", id, "what it says of itself is not what was sealed"}
	}
	return s, nil
}
