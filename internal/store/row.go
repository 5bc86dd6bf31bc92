package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/registry"
)

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls do for every row of a query.
func each(ctx context.Context, q querier, do func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // after an error, which is the one to report
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list gathers what scan makes of every row of a query.
func list[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	var all []T
	err := each(ctx, q, func(rows *sql.Rows) error {
		v, err := scan(rows)
		all = append(all, v)
		return err
	}, query, args...)
	return all, err
}

func scanText(rows *sql.Rows) (string, error) {
	var text string
	err := rows.Scan(&text)
	return text, err
}

// insert writes n rows in statements of several rows each.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, table, columns string, n int, row func(i int) []any) error {
	width := strings.Count(columns, ",") + 1
	statement := func(rows int) string {
		var b strings.Builder
		b.WriteString("INSERT INTO " + table + " (" + columns + ") VALUES ")
		for i := range rows {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("(" + placeholders(i*width+1, width) + ")")
		}
		return b.String()
	}
	var full *sql.Stmt
	for from := 0; from < n; from += s.engine.batch {
		rows := min(s.engine.batch, n-from)
		args := make([]any, 0, rows*width)
		for i := range rows {
			args = append(args, row(from+i)...)
		}
		if rows < s.engine.batch {
			_, err := tx.ExecContext(ctx, statement(rows), args...)
			return err
		}
		if full == nil {
			var err error
			if full, err = tx.PrepareContext(ctx, statement(rows)); err != nil {
				return err
			}
			defer func() { _ = full.Close() }() // the transaction closes it otherwise
		}
		if _, err := full.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// placeholders is "$3, $4, $5" for three from 3 on.
func placeholders(first, n int) string {
	b := make([]byte, 0, 6*n)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(first+i), 10)
	}
	return string(b)
}

// where is the condition of a query, built from what a filter sets.
type where struct {
	terms []string
	args  []any
}

// and adds a term; each "?" in it stands for the next argument.
func (w *where) and(term string, args ...any) {
	for _, arg := range args {
		w.args = append(w.args, arg)
		term = strings.Replace(term, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.terms = append(w.terms, term)
}

// is adds the term that a column holds a text, unless the text is empty.
func (w *where) is(column, text string) {
	if text != "" {
		w.and(column+" = ?", text)
	}
}

// in adds the term that a column holds one of the values, unless there are none.
func in[T any](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// String is the condition with its keyword, or nothing.
func (w *where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}

// limit is the clause that keeps the first n rows; 0 keeps all.
func (w *where) limit(n int) string {
	if n <= 0 {
		return ""
	}
	w.args = append(w.args, n)
	return " LIMIT $" + strconv.Itoa(len(w.args))
}

// Instants are stored as nanoseconds, which an int64 holds for these years.
var (
	earliest = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

// storable reports whether an instant can be stored. The zero time can, as no instant at all.
func storable(t time.Time) bool { return t.IsZero() || !t.Before(earliest) && t.Before(latest) }

// nanos is an instant as it is stored. The zero time is NULL.
func nanos(t time.Time) sql.Null[int64] {
	return sql.Null[int64]{V: t.UnixNano(), Valid: !t.IsZero()}
}

// instant reads what nanos wrote.
func instant(n sql.Null[int64]) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.V).UTC()
}

// keyColumns are the columns of a key, in the order of keyRow.
const keyColumns = "provider, model, route, tier, kind, above, inclusive, time_window"

// keyRow is a key as it is stored.
type keyRow struct {
	provider, model, route, tier, kind, window string

	above     int64
	inclusive bool
}

func (r *keyRow) targets() []any {
	return []any{&r.provider, &r.model, &r.route, &r.tier, &r.kind, &r.above, &r.inclusive, &r.window}
}

func (r *keyRow) key(table, place string) (registry.Key, error) {
	tier, err := registry.ParseTier(r.tier)
	if err != nil {
		return registry.Key{}, &TamperError{table, place, err.Error()}
	}
	kind, err := registry.ParseKind(r.kind)
	if err != nil {
		return registry.Key{}, &TamperError{table, place, err.Error()}
	}
	return registry.Key{
		Provider: r.provider, Model: r.model, Route: r.route, Tier: tier, Kind: kind,
		Above: r.above, Inclusive: r.inclusive, Window: r.window,
	}, nil
}

func keyArgs(k registry.Key) []any {
	return []any{k.Provider, k.Model, k.Route, k.Tier.String(), k.Kind.String(), k.Above, k.Inclusive, k.Window}
}

// nullRate is a rate as it is stored: NULL where there is none.
func nullRate(r *money.Rate) sql.Null[int64] {
	if r == nil {
		return sql.Null[int64]{}
	}
	return sql.Null[int64]{V: int64(*r), Valid: true}
}

func rateOf(n sql.Null[int64]) *money.Rate {
	if !n.Valid {
		return nil
	}
	r := money.Rate(n.V)
	return &r
}

// row names a row in errors.
func row(id int64) string { return "row " + strconv.FormatInt(id, 10) }

// earlier is the earlier of two instants, of which the first may be unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// printable makes text from outside storable: what is not UTF-8, and zero bytes, are replaced.
func printable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
