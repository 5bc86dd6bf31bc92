package clickhouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
	"breakeven/price"
)

// Mapping says what the columns of somebody else's table mean, in ClickHouse's SQL. The table is only read. A file of
// one is JSON:
//
//	{"table": "llm_calls", "columns": {"start": "ts", "model": "model_name", "input": "prompt - cached", "cache_read": "cached", "output": "completion"}}
//
// The kinds of tokens exclude each other, as everywhere: an expression for "input" takes cached tokens off where the
// table counts them in.
type Mapping struct {
	// Table is the table's name where the URL gives none.
	Table string `json:"table"`
	// Source says which version of the table the mapping was written for.
	Source string `json:"source,omitempty"`
	// Latest says that of rows with one key only the last counts, in a table whose engine replaces: the question has
	// FINAL then.
	Latest bool `json:"latest,omitempty"`
	// Let names expressions for those that follow.
	Let []Let `json:"let,omitempty"`
	// Where tells calls from other rows. Bad tells rows that contradict themselves: they are left aside, see
	// [Warehouse.Aside].
	Where string `json:"where,omitempty"`
	Bad   string `json:"bad,omitempty"`
	// Columns are expressions by what they mean: start, end, requests, provider, model, region, tier, context_over,
	// project, key, user, session, latency_us, ttft_us, failed, reported_nano_usd, id, and the kinds of tokens. Those
	// that are absent are empty or zero; requests is one.
	Columns map[string]string `json:"columns"`

	name string
}

// Let is a name for an expression.
type Let struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// identity is the column of a mapping that names a row in its source.
const identity = "id"

// absent are the expressions of columns that a mapping does not give.
var absent = map[string]string{"end": "NULL", "reported_nano_usd": "NULL", "requests": "1", "context_over": "0", "latency_us": "0", "ttft_us": "0", "failed": "false"}

// meanings are what the columns of a mapping may mean.
func meanings() []string {
	names := []string{identity}
	for _, c := range said {
		names = append(names, c.name)
	}
	for _, k := range price.Kinds() {
		if k != price.Request { // that is requests
			names = append(names, k.String())
		}
	}
	return names
}

// ParseMapping reads a mapping's file.
func ParseMapping(name string, file []byte) (*Mapping, error) {
	dec := json.NewDecoder(bytes.NewReader(file))
	dec.DisallowUnknownFields()
	m := &Mapping{name: name}
	if err := dec.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: no mapping: %w", name, err)
	}
	if dec.More() {
		return nil, fmt.Errorf("%s: something follows the mapping's closing brace", name)
	}
	return m, m.check()
}

func (m *Mapping) check() error {
	known := meanings()
	for _, name := range slices.Sorted(maps.Keys(m.Columns)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: columns: %q means nothing; there are %s", m.name, name, strings.Join(known, ", "))
		}
	}
	for _, name := range []string{"start", "model"} {
		if strings.TrimSpace(m.Columns[name]) == "" {
			return fmt.Errorf("%s: columns: %s is missing", m.name, name)
		}
	}
	for _, l := range m.Let {
		if !plainName.MatchString(l.Name) || l.SQL == "" {
			return fmt.Errorf("%s: let: %q is no name of an expression; it may have letters, digits and _ only", m.name, l.Name)
		}
	}
	if m.Table == "" {
		return fmt.Errorf("%s: table is missing", m.name)
	}
	return nil
}

// mappingOf finds the mapping that a URL names.
func mappingOf(p place) (*Mapping, error) {
	if m, ok := mappings[p.mapping]; ok {
		m.name = p.mapping
		return &m, m.check()
	}
	file, err := os.ReadFile(p.mapping)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no mapping called %q, nor such a file; there are %s", p.mapping, strings.Join(slices.Sorted(maps.Keys(mappings)), ", "))
		}
		return nil, err
	}
	return ParseMapping(p.mapping, file)
}

// replacing are the engines whose tables know FINAL. A Distributed table asks for it on its shards.
var replacing = []string{"ReplacingMergeTree", "ReplicatedReplacingMergeTree", "SharedReplacingMergeTree", "Distributed"}

// checkMapping looks whether the table fits the mapping.
func (w *Warehouse) checkMapping(ctx context.Context) error {
	m := w.mapping
	if w.place.table == "" {
		w.place.table = m.Table
	}
	var engine proto.ColStr
	found := ""
	query := fmt.Sprintf("SELECT engine FROM system.tables WHERE database = %s AND name = %s", literal(w.place.database), literal(w.place.table))
	if err := w.rows(ctx, query, proto.Results{{Data: &engine}}, func(rows int) error {
		if rows > 0 {
			found = engine.Row(0)
		}
		return nil
	}); err != nil {
		return err
	}
	if found == "" {
		return fmt.Errorf("%s: there is no such table, or the user may not see it; name it in the URL (table=...)", w.Where())
	}
	m.Latest = m.Latest && slices.Contains(replacing, found)
	if err := w.exec(ctx, "SELECT *"+m.relation(w.place).sql()+" LIMIT 0"); err != nil {
		if exception, ok := ch.AsException(err); ok {
			return fmt.Errorf("%s does not fit the mapping %s (%s): %w", w.Where(), m.name, m.Source, exception)
		}
		return err
	}
	return nil
}

// relation is the table's rows as calls.
func (m *Mapping) relation(p place) relation {
	return relation{from: "(" + m.sql(p, "NOT ("+or(m.Bad, "false")+")") + ")"}
}

// sql selects calls from the table. The names of the inner columns differ from those of the table: an alias would hide
// them from the other expressions.
func (m *Mapping) sql(p place, condition string) string {
	var inner, outer []string
	add := func(name, expression string) {
		inner = append(inner, expression+" AS of_"+name)
		outer = append(outer, "of_"+name+" AS "+quoted(name))
	}
	for _, c := range said {
		expression, given := m.Columns[c.name]
		if !given {
			expression = or(absent[c.name], "''")
		}
		switch {
		case c.name == "tier":
			expression = tierName(expression)
		case strings.Contains(c.kind, "String"):
			expression = text(expression)
		case strings.HasPrefix(c.kind, "Nullable"):
			expression = "CAST(" + expression + " AS " + c.kind + ")"
		default:
			expression = "assumeNotNull(CAST(" + expression + " AS " + c.kind + "))"
		}
		add(c.name, expression)
	}
	for _, k := range price.Kinds() {
		expression := or(m.Columns[k.String()], "0")
		if k == price.Request {
			expression = or(m.Columns["requests"], "1")
		}
		add(k.String(), "toInt64(ifNull("+expression+", 0))")
	}
	add("row_key", "toFixedString(substring(SHA256("+text(or(m.Columns[identity], "''"))+"), 1, 16), 16)")
	add("line", "toInt64(0)")
	var with []string
	for _, l := range m.Let {
		with = append(with, l.SQL+" AS "+l.Name)
	}
	lets := ""
	if len(with) > 0 {
		lets = "WITH " + join(with)
	}
	final := ""
	if m.Latest {
		final = " FINAL"
	}
	return "SELECT " + join(outer) + " FROM (" + lets + " SELECT " + join(inner) + " FROM " + quoted(p.database) + "." + quoted(p.table) + final +
		" WHERE (" + or(m.Where, "true") + ") AND (" + condition + "))"
}

func or(expression, otherwise string) string {
	if expression == "" {
		return otherwise
	}
	return expression
}

func text(expression string) string {
	return "trimBoth(ifNull(CAST(" + expression + " AS Nullable(String)), ''))"
}

// tierWords are the spellings of tiers that are not standard, for [price.ParseTier].
var tierWords = []string{
	"batch", "batches", "flex", "flex_processing", "on_demand_flex", "priority", "on_demand_priority", "fast", "ultrafast",
}

// tierName reads a tier as [price.ParseTier] does; one that it does not know is standard, as for package usage.
func tierName(expression string) string {
	var from, to []string
	for _, word := range tierWords {
		if tier, err := price.ParseTier(word); err == nil {
			from, to = append(from, literal(word)), append(to, literal(tier.String()))
		}
	}
	return fmt.Sprintf("transform(lower(%s), [%s], [%s], '%s')", text(expression), join(from), join(to), price.Standard)
}

// Aside counts the rows of a mapped table that contradict themselves, such as more cached tokens than the whole prompt:
// no question counts them. It is zero without a mapping.
func (w *Warehouse) Aside(ctx context.Context, s warehouse.Selection) (int64, error) {
	if w.mapping == nil {
		return 0, nil
	}
	where, err := selects(s)
	if err != nil {
		return 0, err
	}
	var n int64
	r := relation{from: "(" + w.mapping.sql(w.place, or(w.mapping.Bad, "false")) + ")"}
	err = w.count(ctx, r.and(where...), &n)
	return n, err
}

// Mapped reports whether the table is one that others fill, and that is only read here.
func (w *Warehouse) Mapped() bool { return w.mapping != nil }

// readOnly refuses to change a table that others fill.
func (w *Warehouse) readOnly(what string) error {
	return fmt.Errorf("%s is filled by others and only read here: it cannot %s; name a table of this program in the URL, without mapping", w.Where(), what)
}
