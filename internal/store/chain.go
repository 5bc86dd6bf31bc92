package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strconv"

	"breakeven/registry"
)

// Change is one entry of the changelog.
type Change struct {
	// Seq counts all changes of the registry from 1, without a gap.
	Seq    int64  `json:"seq"`
	Source string `json:"source"`
	registry.Change
	Run      int64  `json:"run"`      // the reading that found it
	Base     string `json:"base"`     // the snapshot before
	Snapshot string `json:"snapshot"` // the snapshot that states the new rate
	Previous string `json:"previous"` // the hash of the entry before, or [Genesis]
	Hash     string `json:"hash"`
}

// Genesis is what the first change of a registry holds in place of the hash of the one before: the SHA-256 of
// "breakeven price changelog" and a line end.
const Genesis = "72f77319ed5cb3122ade989dc15cfc668cde71c853708fbea659d6ac93fd6f29"

// Link computes the change's hash: SHA-256 over the bytes of the previous hash, followed by the other columns in
// order, each as its length in decimal, a colon, its text and a comma. Instants are nanoseconds since 1970, rates are
// pico-dollars per unit, and a rate that is missing is empty.
func (c *Change) Link() string {
	b := make([]byte, 0, 512)
	if previous, err := hex.DecodeString(c.Previous); err == nil {
		b = append(b, previous...)
	} else {
		b = append(b, c.Previous...) // no hash: the change that holds it is found out by the one before
	}
	for _, field := range []string{
		strconv.FormatInt(c.Seq, 10), strconv.FormatInt(c.At.UnixNano(), 10), c.Source,
		c.Provider, c.Model, c.Route, c.Tier.String(), c.Kind.String(), strconv.FormatInt(c.Above, 10), strconv.FormatBool(c.Inclusive), c.Window,
		rateText(nullRate(c.From)), rateText(nullRate(c.To)), string(c.Class), c.Why,
		strconv.FormatInt(c.Run, 10), c.Base, c.Snapshot,
	} {
		b = appendField(b, field)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func rateText(n sql.Null[int64]) string {
	if !n.Valid {
		return ""
	}
	return strconv.FormatInt(n.V, 10)
}

const changeColumns = "seq, at, source, " + keyColumns + ", old_rate, new_rate, class, why, run, base, snapshot, previous, hash"

func (c *Change) args() []any {
	args := append([]any{c.Seq, nanos(c.At), c.Source}, keyArgs(c.Key)...)
	return append(args, nullRate(c.From), nullRate(c.To), string(c.Class), c.Why, c.Run, c.Base, c.Snapshot, c.Previous, c.Hash)
}

func scanChange(rows *sql.Rows) (Change, error) {
	var (
		c        Change
		k        keyRow
		at       sql.Null[int64]
		from, to sql.Null[int64]
		class    string
	)
	targets := append([]any{&c.Seq, &at, &c.Source}, k.targets()...)
	if err := rows.Scan(append(targets, &from, &to, &class, &c.Why, &c.Run, &c.Base, &c.Snapshot, &c.Previous, &c.Hash)...); err != nil {
		return c, err
	}
	key, err := k.key("change", row(c.Seq))
	c.Key, c.At, c.From, c.To, c.Class = key, instant(at), rateOf(from), rateOf(to), registry.Class(class)
	return c, err
}
