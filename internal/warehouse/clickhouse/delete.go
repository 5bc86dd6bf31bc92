package clickhouse

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// tombstone says which calls stay out, without naming anybody: values stand in it as HMAC-SHA-256 under the store's
// secret. It takes effect for calls that start in [From, To) and have one of the values in each of the dimensions.
type tombstone struct {
	From time.Time  `json:"from,omitzero"`
	To   time.Time  `json:"to"`
	Only []withheld `json:"only"`
}

type withheld struct {
	Dimension string   `json:"dimension"`
	Values    []string `json:"values"`
}

// tombs are the tombstones that an import obeys.
type tombs struct {
	secret []byte
	bodies []string // as they were read
	list   []ready
	marks  map[mark]string // what was worked out already
}

type ready struct {
	from, to time.Time
	only     []filter
}

type filter struct {
	dimension warehouse.Dimension
	values    map[string]bool
}

type mark struct {
	dimension warehouse.Dimension
	value     string
}

// of is the HMAC of a value on a dimension.
func (t *tombs) of(d warehouse.Dimension, value string) string {
	m := mark{d, value}
	text, ok := t.marks[m]
	if !ok {
		h := hmac.New(sha256.New, t.secret)
		fmt.Fprintf(h, "%s\x00%s", d, value) // a hash never fails
		text = hex.EncodeToString(h.Sum(nil))
		t.marks[m] = text
	}
	return text
}

// withhold reports whether a call stays out.
func (t *tombs) withhold(c *usage.Call) bool {
	return slices.ContainsFunc(t.list, func(r ready) bool {
		if c.Start.Before(r.from) || !c.Start.Before(r.to) {
			return false
		}
		return !slices.ContainsFunc(r.only, func(f filter) bool { return !f.values[t.of(f.dimension, warehouse.Value(f.dimension, c))] })
	})
}

// tombstones reads the store's secret, which it makes at the first time, and its tombstones. The caller holds the lock.
func (w *Warehouse) tombstones(ctx context.Context) (*tombs, error) {
	t := &tombs{marks: map[mark]string{}}
	secrets, err := w.bodies(ctx, "kind = '"+salt+"'")
	if err != nil {
		return nil, err
	}
	if len(secrets) == 0 {
		text := rand.Text() + rand.Text()
		if err := w.write(ctx, salt, 0, "", text); err != nil {
			return nil, err
		}
		secrets = append(secrets, text)
	}
	t.secret = []byte(secrets[0])
	if t.bodies, err = w.bodies(ctx, "kind = '"+tomb+"'"); err != nil {
		return nil, err
	}
	for _, body := range t.bodies {
		var s tombstone
		if err := json.NewDecoder(strings.NewReader(body)).Decode(&s); err != nil {
			return nil, w.brokenTomb(err)
		}
		r := ready{from: s.From, to: s.To}
		for _, o := range s.Only {
			d, ok := warehouse.ParseDimension(o.Dimension)
			if !ok {
				return nil, w.brokenTomb(fmt.Errorf("no dimension is called %q", o.Dimension))
			}
			f := filter{d, map[string]bool{}}
			for _, v := range o.Values {
				f.values[v] = true
			}
			r.only = append(r.only, f)
		}
		t.list = append(t.list, r)
	}
	return t, nil
}

func (w *Warehouse) brokenTomb(err error) error {
	return &warehouse.DamageError{Place: w.Where(), Problem: "a tombstone in the journal cannot be read", Hint: "nothing is taken in, because it might be what was deleted", Err: err}
}

func (w *Warehouse) tombsChanged(ctx context.Context, since *tombs) (bool, error) {
	bodies, err := w.bodies(ctx, "kind = '"+tomb+"'")
	return !slices.Equal(bodies, since.bodies), err
}

// bury writes the tombstone of a deletion: later imports withhold such calls if they start before its end, or before
// the moment of the deletion where it has none. A deletion by time alone is a retention and has no tombstone: who takes
// an old log in again does so on purpose.
func (w *Warehouse) bury(ctx context.Context, t *tombs, s warehouse.Selection, at time.Time) error {
	if len(s.Only) == 0 {
		return nil
	}
	stone := tombstone{From: s.From, To: s.To}
	if stone.To.IsZero() {
		stone.To = at.UTC()
	}
	for _, f := range s.Only {
		o := withheld{Dimension: f.Dimension.String()}
		for _, v := range f.Values {
			o.Values = append(o.Values, t.of(f.Dimension, v))
		}
		slices.Sort(o.Values)
		stone.Only = append(stone.Only, o)
	}
	body, err := json.Marshal(stone)
	if err != nil {
		return err
	}
	return w.write(ctx, tomb, 0, rand.Text(), string(body))
}

// what is a hash of a selection under the store's secret.
func (t *tombs) what(s warehouse.Selection) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, t.secret)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Delete removes the selected calls and proves it. Versions of them that no longer counted go as well.
func (w *Warehouse) Delete(ctx context.Context, s warehouse.Selection, at time.Time, dry bool) (warehouse.Proof, error) {
	proof := warehouse.Proof{At: at.UTC(), Dry: dry, Parts: []warehouse.Rewrites{}}
	if w.mapping != nil {
		return proof, w.readOnly("delete calls")
	}
	where, err := selects(s)
	if err != nil {
		return proof, err
	}
	err = w.locked(ctx, func(l *lock) error { return w.delete(ctx, l, &proof, s, where) })
	return proof, err
}

func (w *Warehouse) delete(ctx context.Context, l *lock, proof *warehouse.Proof, s warehouse.Selection, where []string) error {
	t, err := w.tombstones(ctx)
	if err != nil {
		return err
	}
	if proof.What, err = t.what(s); err != nil {
		return err
	}
	if !proof.Dry {
		if err := w.sweep(ctx); err != nil {
			return err
		}
	}
	seen, err := w.look(ctx)
	if err != nil {
		return err
	}
	rows := w.kept(seen)
	if err := w.count(ctx, rows, &proof.Before); err != nil {
		return err
	}
	if proof.Parts, err = w.parts(ctx, rows.and(where...)); err != nil {
		return err
	}
	for _, p := range proof.Parts {
		proof.Matching += p.Removed
	}
	proof.After = proof.Before
	if proof.Dry {
		return nil
	}
	if err := w.bury(ctx, t, s, proof.At); err != nil {
		return err
	}
	if err := l.mine(ctx); err != nil {
		return err
	}
	// Batches under way keep their rows. They cannot commit after a deletion of somebody's calls, see batch.commit.
	stored := relation{from: w.name("")}.and(seen.counts("batch")).and(where...)
	if err := w.remove(ctx, "", strings.Join(stored.where, " AND ")); err != nil {
		return err
	}
	if err := w.count(ctx, rows, &proof.After); err != nil {
		return err
	}
	if err := w.count(ctx, stored, &proof.Left); err != nil {
		return err
	}
	if proof.Left > 0 {
		return &warehouse.DamageError{Place: w.Where(), Problem: fmt.Sprintf("%d of the rows that were deleted are still there", proof.Left), Hint: "see the table system.mutations of the server, and delete again"}
	}
	body, err := json.Marshal(proof)
	if err != nil {
		return err
	}
	return w.write(ctx, proven, 0, rand.Text(), string(body))
}

func (w *Warehouse) count(ctx context.Context, r relation, into *int64) error {
	var n uint64
	err := w.numbers(ctx, "SELECT toUInt64(count())"+r.sql(), &n)
	*into = int64(n)
	return err
}

// parts counts rows by the month and the shard whose files hold them.
func (w *Warehouse) parts(ctx context.Context, r relation) ([]warehouse.Rewrites, error) {
	shard := "toUInt64(0)"
	if w.place.cluster != "" {
		shard = "toUInt64(_shard_num)"
	}
	var shards, months, counts proto.ColUInt64
	list := []warehouse.Rewrites{}
	err := w.rows(ctx, "SELECT "+shard+" AS shard, toUInt64(toYYYYMM(`start`)) AS month, toUInt64(count())"+r.sql()+" GROUP BY shard, month", proto.Results{{Data: &shards}, {Data: &months}, {Data: &counts}}, func(rows int) error {
		for i := range rows {
			name := fmt.Sprintf("partition %d", months[i])
			if shards[i] > 0 {
				name = fmt.Sprintf("shard %d, %s", shards[i], name)
			}
			list = append(list, warehouse.Rewrites{Name: name, Removed: int64(counts[i])})
		}
		return nil
	})
	slices.SortFunc(list, func(a, b warehouse.Rewrites) int { return cmp.Compare(a.Name, b.Name) })
	return list, err
}
