package store

import (
	"context"
	"database/sql"
	"time"

	"breakeven/registry"
)

// ChangeFilter chooses changes. What is empty or zero does not restrict.
type ChangeFilter struct {
	Since                   time.Time // found at the instant or later
	Source, Provider, Model string
	Kinds                   []registry.Kind
	Tiers                   []registry.Tier
	Classes                 []registry.Class
	Run                     int64
	// After is the Seq of the last change of the page before.
	After int64
	Limit int
}

// Changes lists the changelog, the newest first; of those found at the same instant, the last one of the chain
// first.
func (s *Store) Changes(ctx context.Context, f ChangeFilter) ([]Change, error) {
	var w where
	w.is("source", f.Source)
	w.is("provider", f.Provider)
	w.is("model", f.Model)
	in(&w, "kind", texts(f.Kinds))
	in(&w, "tier", texts(f.Tiers))
	classes := make([]string, len(f.Classes))
	for i, c := range f.Classes {
		classes[i] = string(c)
	}
	in(&w, "class", classes)
	if !f.Since.IsZero() {
		w.and("at >= ?", bound(f.Since))
	}
	if f.Run != 0 {
		w.and("run = ?", f.Run)
	}
	if f.After != 0 {
		w.and("(at, seq) < ((SELECT at FROM change WHERE seq = ?), ?)", f.After, f.After)
	}
	query := "SELECT " + changeColumns + " FROM change" + w.String() + " ORDER BY at DESC, seq DESC" + w.limit(f.Limit)
	var changes []Change
	err := s.view(ctx, "read changes", func(tx *sql.Tx) (err error) {
		changes, err = list(ctx, tx, scanChange, query, w.args...)
		return err
	})
	return changes, err
}

// texts are the names of kinds or tiers, as they are stored.
func texts[T interface{ String() string }](values []T) []string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.String()
	}
	return names
}
