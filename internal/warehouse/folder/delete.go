package folder

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// tombstone keeps calls out whose like were deleted. It names nobody: a value is kept as its HMAC-SHA-256 under the
// folder's salt.
type tombstone struct {
	From   time.Time `json:"from,omitzero"` // the calls begin at or after it,
	Before time.Time `json:"before"`        // and before it
	// Match has the values of each dimension; a call has one of each.
	Match []match `json:"match"`
}

type match struct {
	Dimension string   `json:"dimension"`
	Values    []string `json:"hmac_sha256"`
}

// shade tells which calls tombstones keep out.
type shade struct {
	salt   []byte
	stones []stone
	// known are the digests of values that were met lately.
	known [warehouse.DimensionCount]map[string]string
}

type stone struct {
	from, before time.Time
	match        map[warehouse.Dimension]map[string]bool
}

// mostKnown bounds the memory for digests.
const mostKnown = 1 << 16

func newShade(salt []byte, stones []tombstone) shade {
	s := shade{salt: salt}
	for _, t := range stones {
		one := stone{from: t.From, before: t.Before, match: map[warehouse.Dimension]map[string]bool{}}
		for _, m := range t.Match {
			d, ok := warehouse.ParseDimension(m.Dimension)
			if !ok {
				continue // of a later version; it matches more without
			}
			values := map[string]bool{}
			for _, v := range m.Values {
				values[v] = true
			}
			one.match[d] = values
			if s.known[d] == nil {
				s.known[d] = map[string]string{}
			}
		}
		s.stones = append(s.stones, one)
	}
	return s
}

// hides reports whether a call stays out.
func (s *shade) hides(c *usage.Call) bool {
	for i := range s.stones {
		t := &s.stones[i]
		if !c.Start.Before(t.before) || c.Start.Before(t.from) {
			continue
		}
		all := len(t.match) > 0
		for d, values := range t.match {
			all = all && values[s.digest(d, warehouse.Value(d, c))]
		}
		if all {
			return true
		}
	}
	return false
}

func (s *shade) digest(d warehouse.Dimension, value string) string {
	known := s.known[d]
	sum, ok := known[value]
	if !ok {
		if len(known) >= mostKnown {
			clear(known)
		}
		sum = valueDigest(s.salt, d, value)
		known[value] = sum
	}
	return sum
}

func valueDigest(salt []byte, d warehouse.Dimension, value string) string {
	h := hmac.New(sha256.New, salt)
	_, _ = fmt.Fprintf(h, "%s\x00%s", d, value) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

// newTombstone is the tombstone of a deletion; nil where it names nothing but a time.
func newTombstone(salt []byte, s warehouse.Selection, at time.Time) *tombstone {
	if len(s.Only) == 0 {
		return nil
	}
	t := &tombstone{From: s.From, Before: s.To}
	if s.To.IsZero() {
		t.Before = at
	}
	for _, f := range s.Only {
		m := match{Dimension: f.Dimension.String(), Values: []string{}}
		for _, v := range f.Values {
			m.Values = append(m.Values, valueDigest(salt, f.Dimension, v))
		}
		slices.Sort(m.Values)
		t.Match = append(t.Match, m)
	}
	return t
}

// Delete removes the selected calls: parts that hold some are written again without them, the old files are removed
// once nobody reads them, and what is left is counted and searched again. A tombstone keeps calls of the same project,
// user, key, model, provider or tier out of later imports, as far as they begin before the selection's To, or before
// the deletion where it has none. A selection by time alone is retention: it leaves no tombstone, so that an old log can
// be taken in again on purpose.
func (f *Folder) Delete(ctx context.Context, s warehouse.Selection, at time.Time, dry bool) (warehouse.Proof, error) {
	for _, o := range s.Only {
		if o.Dimension.Timed() {
			return warehouse.Proof{}, fmt.Errorf("calls are deleted by %s with from and to, not by a filter", o.Dimension)
		}
	}
	m, err := f.load()
	if err != nil {
		return warehouse.Proof{}, err
	}
	proof := warehouse.Proof{At: at, Dry: dry, What: what(m.Salt, s), Parts: []warehouse.Rewrites{}}
	if dry {
		proof.Before = m.rows()
		proof.After = proof.Before
		proof.Matching, err = f.matching(ctx, m, s)
		proof.Left = proof.Matching
		return proof, err
	}
	if err := f.delete(ctx, s, &proof); err != nil {
		return proof, err
	}
	return proof, f.prove(ctx, s, &proof)
}

// what is the salted digest of a selection.
func what(salt []byte, s warehouse.Selection) string {
	h := hmac.New(sha256.New, salt)
	_, _ = fmt.Fprintf(h, "%d %d", s.From.UnixMicro(), s.To.UnixMicro()) // a hash takes everything
	for _, f := range s.Only {
		_, _ = fmt.Fprintf(h, " %s %q", f.Dimension, f.Values)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// matching counts the selected rows.
func (f *Folder) matching(ctx context.Context, m *manifest, s warehouse.Selection) (n int64, err error) {
	defer f.reading()()
	sums, err := f.ask(ctx, warehouse.Question{Selection: s}, m.parts(s))
	for _, x := range sums {
		n += x.group.Rows
	}
	return n, err
}

func (f *Folder) delete(ctx context.Context, s warehouse.Selection, proof *warehouse.Proof) error {
	unlock, err := f.lock(ctx, "delete calls")
	if err != nil {
		return err
	}
	defer unlock()
	m, err := f.load()
	if err != nil {
		return err
	}
	if err := f.settle(m); err != nil {
		return err
	}
	stage, err := f.newStage("delete", proof.What, proof.At.UnixNano())
	if err != nil {
		return err
	}
	defer func() { _ = stage.remove() }() // the next change sweeps it up
	proof.Before = m.rows()

	parts := m.parts(s)
	gone, added := map[string]bool{}, []written(nil)
	var mu sync.Mutex
	serial := &atomic.Int64{}
	err = inParallel(f.options.Workers, len(parts), func() (func(int) error, error) {
		r, err := parquet.NewReader()
		if err != nil {
			return nil, err
		}
		w, err := newPartWriter()
		if err != nil {
			return nil, err
		}
		return func(i int) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			p := parts[i]
			t, removed, err := f.leave(r, p, s)
			if err != nil || removed == 0 {
				return err
			}
			rewrite := warehouse.Rewrites{Name: p.path(), Removed: removed, Before: p.SHA256}
			var next written
			if t.n > 0 {
				if next, err = w.write(stage, int(serial.Add(1)-1), t); err != nil {
					return err
				}
				rewrite.After = next.part.SHA256
			}
			mu.Lock()
			defer mu.Unlock()
			gone[p.Name] = true
			proof.Matching += removed
			proof.Parts = append(proof.Parts, rewrite)
			if t.n > 0 {
				added = append(added, next)
			}
			return nil
		}, nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(proof.Parts, func(a, b warehouse.Rewrites) int { return slices.Compare([]string{a.Name}, []string{b.Name}) })
	if stone := newTombstone(m.Salt, s, proof.At); stone != nil {
		if err := f.record("deletions", m.Generation+1, stage.id, stone); err != nil {
			return err
		}
	}
	return f.commit(stage, m, gone, added)
}

// leave reads a part without its selected rows, and says how many those are.
func (f *Folder) leave(r *parquet.Reader, p *part, s warehouse.Selection) (t *table, removed int64, err error) {
	a := newAnswer(warehouse.Question{Selection: s}, newLexicon())
	o, err := f.open(p)
	if err != nil {
		return nil, 0, err
	}
	defer o.close()
	look := &scanner{r: r, a: a}
	for g := range o.Groups() {
		if err := look.group(o, g); err != nil {
			return nil, 0, o.fault(err)
		}
	}
	for _, x := range a.places {
		removed += x.group.Rows
	}
	if removed == 0 || removed == p.Rows {
		return newTable(), removed, nil
	}
	t = newTable()
	for g := range o.Groups() {
		if err := t.load(r, o.File, g); err != nil {
			return nil, 0, o.fault(err)
		}
	}
	gone := make([]bool, t.n)
	var c usage.Call
	for i := range gone {
		if err := t.call(i, &c); err != nil {
			return nil, 0, o.damage("is damaged", err)
		}
		gone[i] = s.Lets(&c)
	}
	t.drop(gone)
	return t, removed, nil
}

// prove removes the old files, counts what is kept and searches for selected calls, from the files as they are now.
func (f *Folder) prove(ctx context.Context, s warehouse.Selection, proof *warehouse.Proof) error {
	if err := f.sweepOld(ctx, true); err != nil {
		return fmt.Errorf("the calls are deleted, but copies that a reader held are left in %s: %w", filepath.Join(f.dir, ".staging", "old"), err)
	}
	m, err := f.load()
	if err != nil {
		return err
	}
	for i := range m.Parts {
		o, err := f.open(&m.Parts[i])
		if err != nil {
			return err
		}
		proof.After += o.Rows()
		o.close()
	}
	if proof.Left, err = f.matching(ctx, m, s); err != nil {
		return err
	}
	path := filepath.Join(f.dir, "deletions", "proofs")
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return f.record(filepath.Join("deletions", "proofs"), m.Generation, proof.What[:idLength], proof)
}
