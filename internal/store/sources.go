package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"breakeven/fact"
	"breakeven/registry"
)

// SnapshotInfo is a snapshot without its facts.
type SnapshotInfo struct {
	ID     string          `json:"id"`
	Source registry.Source `json:"source"`
	Taken  time.Time       `json:"taken"`          // when the content was first read
	Date   fact.Date       `json:"date,omitempty"` // the day that the source gave itself then
	Facts  int64           `json:"facts"`
}

// SourceState is a source as the registry knows it.
type SourceState struct {
	// Source is what the last snapshot says of it; of a source that was never read, only the ID is known.
	Source registry.Source `json:"source"`
	// Snapshot is what the source said at its last reading that succeeded; nil where none did.
	Snapshot *SnapshotInfo `json:"snapshot,omitempty"`
	// Success is the last reading that succeeded; nil where none did. Its Taken is when the source was last seen
	// to say what Snapshot holds.
	Success *Run `json:"success,omitempty"`
	// Last is the reading that began last.
	Last Run `json:"last"`
}

// Sources lists all sources that were ever read or tried, in order of their IDs.
func (s *Store) Sources(ctx context.Context) ([]SourceState, error) {
	var states []SourceState
	err := s.view(ctx, "read sources", func(tx *sql.Tx) error {
		last, err := list(ctx, tx, scanRun, "SELECT "+runColumns+" FROM crawl_run WHERE id IN (SELECT max(id) FROM crawl_run GROUP BY source)")
		if err != nil {
			return err
		}
		for _, run := range last {
			state := SourceState{Source: registry.Source{ID: run.Source}, Last: run}
			success, err := lastSuccess(ctx, tx, run.Source)
			if errors.Is(err, ErrNotFound) {
				states = append(states, state)
				continue
			}
			if err != nil {
				return err
			}
			infos, err := list(ctx, tx, scanInfo, "SELECT "+infoColumns+" FROM snapshot WHERE id = $1", success.Snapshot)
			if err != nil {
				return err
			}
			if len(infos) == 0 {
				return &TamperError{"crawl_run", row(success.ID), "its snapshot is missing"}
			}
			state.Source, state.Snapshot, state.Success = infos[0].Source, &infos[0], &success
			states = append(states, state)
		}
		return nil
	})
	slices.SortFunc(states, func(a, b SourceState) int { return cmp.Compare(a.Source.ID, b.Source.ID) })
	return states, err
}

// Snapshots lists a source's snapshots by when their content was first read, the newest first; of an empty source,
// those of all.
func (s *Store) Snapshots(ctx context.Context, source string) ([]SnapshotInfo, error) {
	var w where
	w.is("source", source)
	var infos []SnapshotInfo
	err := s.view(ctx, "read snapshots", func(tx *sql.Tx) (err error) {
		infos, err = list(ctx, tx, scanInfo, "SELECT "+infoColumns+" FROM snapshot"+w.String(), w.args...)
		return err
	})
	slices.SortFunc(infos, func(a, b SnapshotInfo) int {
		return cmp.Or(b.Taken.Compare(a.Taken), cmp.Compare(a.Source.ID, b.Source.ID), cmp.Compare(a.ID, b.ID))
	})
	return infos, err
}

const infoColumns = "id, source, title, url, source_group, vendor, taken, table_date, fact_count"

func scanInfo(rows *sql.Rows) (SnapshotInfo, error) {
	var (
		i     SnapshotInfo
		taken sql.Null[int64]
	)
	err := rows.Scan(&i.ID, &i.Source.ID, &i.Source.Title, &i.Source.URL, &i.Source.Group, &i.Source.Vendor, &taken, &i.Date, &i.Facts)
	i.Taken = instant(taken)
	return i, err
}

// RunFilter chooses runs. What is empty or zero does not restrict.
type RunFilter struct {
	Source   string
	Outcomes []Outcome
	// Before is the ID of the last run of the page before.
	Before int64
	Limit  int
}

// Runs lists readings of sources, the one that began last first.
func (s *Store) Runs(ctx context.Context, f RunFilter) ([]Run, error) {
	var w where
	w.is("source", f.Source)
	outcomes := make([]string, len(f.Outcomes))
	for i, o := range f.Outcomes {
		outcomes[i] = string(o)
	}
	in(&w, "outcome", outcomes)
	if f.Before != 0 {
		w.and("id < ?", f.Before)
	}
	query := "SELECT " + runColumns + " FROM crawl_run" + w.String() + " ORDER BY id DESC" + w.limit(f.Limit)
	var runs []Run
	err := s.view(ctx, "read runs", func(tx *sql.Tx) (err error) {
		runs, err = list(ctx, tx, scanRun, query, w.args...)
		return err
	})
	return runs, err
}

// Counts is how much the registry holds.
type Counts struct {
	Sources   int64 `json:"sources"`
	Snapshots int64 `json:"snapshots"`
	Runs      int64 `json:"runs"`
	Facts     int64 `json:"facts"`      // ever stated
	OpenFacts int64 `json:"open_facts"` // stated now
	Changes   int64 `json:"changes"`
}

// Counts counts what the registry holds.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.view(ctx, "count", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT (SELECT count(DISTINCT source) FROM crawl_run), (SELECT count(*) FROM snapshot),
			(SELECT count(*) FROM crawl_run), (SELECT count(*) FROM fact), (SELECT count(*) FROM fact WHERE recorded_to IS NULL),
			(SELECT count(*) FROM change)`).Scan(&c.Sources, &c.Snapshots, &c.Runs, &c.Facts, &c.OpenFacts, &c.Changes)
	})
	return c, err
}
