package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"breakeven/price"
)

// column is one of a table's.
type column struct{ name, kind, more string }

// said are the columns that hold what a call says, in the order of the table; the kinds of tokens come after them. A
// mapping gives an expression for each.
var said = []column{
	{name: "start", kind: "DateTime64(6, 'UTC')"},
	{name: "end", kind: "Nullable(DateTime64(6, 'UTC'))"},
	{name: "requests", kind: "Nullable(Int64)"},
	{name: "provider", kind: "LowCardinality(String)"},
	{name: "model", kind: "LowCardinality(String)"},
	{name: "region", kind: "LowCardinality(String)"},
	{name: "tier", kind: "LowCardinality(String)"},
	{name: "context_over", kind: "Int64"},
	{name: "project", kind: "LowCardinality(String)"},
	{name: "key", kind: "LowCardinality(String)"},
	{name: "user", kind: "LowCardinality(String)"},
	{name: "session", kind: "String"},
	{name: "latency_us", kind: "Int64"},
	{name: "ttft_us", kind: "Int64"},
	{name: "failed", kind: "Bool"},
	{name: "reported_nano_usd", kind: "Nullable(Int64)"},
}

// kept are the columns that say where a row comes from.
var kept = []column{
	{name: "row_key", kind: "FixedString(16)"},
	{name: "line", kind: "Int64"},
	// A row is known by its batch and its number in it.
	{name: "batch", kind: "UInt64"},
	{name: "ord", kind: "UInt64"},
}

// calls are the columns of the table of calls.
func calls() []column {
	columns := slices.Clone(said)
	for _, k := range price.Kinds() {
		columns = append(columns, column{name: k.String(), kind: "Int64"})
	}
	return append(columns, kept...)
}

// table is one that this package creates.
type table struct {
	ending  string // after the name of the table of calls
	columns []column
	engine  string
	shard   string // the expression that chooses a row's shard
}

// byRow puts all versions of a row, and the news that one is retired, on one shard.
const byRow = "reinterpretAsUInt64(row_key)"

var tables = []table{
	{
		columns: append(calls(), column{name: "reported_usd", kind: "Nullable(Decimal(38, 9))", more: " ALIAS CAST(reported_nano_usd AS Nullable(Decimal(38, 9))) / 1000000000"}),
		engine:  "MergeTree PARTITION BY toYYYYMM(start) ORDER BY (toDate32(start), provider, model, project, start)",
		shard:   byRow,
	},
	{
		ending:  "_retired",
		columns: []column{{name: "row_key", kind: "FixedString(16)"}, {name: "batch", kind: "UInt64"}, {name: "ord", kind: "UInt64"}, {name: "by", kind: "UInt64"}},
		engine:  "MergeTree ORDER BY (by, batch, ord)",
		shard:   byRow,
	},
	{
		ending: "_journal",
		columns: []column{
			{name: "kind", kind: "LowCardinality(String)"}, {name: "batch", kind: "UInt64"}, {name: "owner", kind: "String"},
			{name: "at", kind: "DateTime64(6, 'UTC')"}, {name: "body", kind: "String"},
		},
		engine: "ReplacingMergeTree(at) ORDER BY (kind, batch, owner)",
		shard:  "0", // all of it on the first shard
	},
}

const (
	retired = "_retired"
	journal = "_journal"
	// local ends the names of the tables that hold a cluster's rows.
	local = "_local"
)

// name is a table's, to be read from and inserted into.
func (w *Warehouse) name(ending string) string {
	return quoted(w.place.database) + "." + quoted(w.place.table+ending)
}

// store is the name of the table that holds the rows, on each shard.
func (w *Warehouse) store(ending string) string {
	if w.place.cluster != "" {
		ending += local
	}
	return w.name(ending)
}

// createTables creates what is missing, and refuses a table of calls that is not one of this package.
func (w *Warehouse) createTables(ctx context.Context) error {
	if w.place.cluster != "" {
		if err := w.findShards(ctx); err != nil {
			return err
		}
	}
	for _, t := range tables {
		there, err := w.columns(ctx, w.place.table+t.ending)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			if err := w.create(ctx, t); err != nil {
				return err
			}
			continue
		}
		for _, c := range t.columns {
			if kind, ok := there[c.name]; !ok || kind != c.kind {
				return fmt.Errorf("%s is no table of this program: its column %s is %q, not %q; name another table in the URL (table=...), or read it by a mapping (mapping=...)",
					w.name(t.ending), c.name, kind, c.kind)
			}
		}
	}
	return nil
}

func (w *Warehouse) create(ctx context.Context, t table) error {
	var columns strings.Builder
	for i, c := range t.columns {
		if i > 0 {
			columns.WriteString(", ")
		}
		columns.WriteString(quoted(c.name) + " " + c.kind + c.more)
	}
	err := w.everywhere(ctx, "CREATE TABLE IF NOT EXISTS "+w.store(t.ending), " ("+columns.String()+") ENGINE = "+t.engine)
	if err != nil || w.place.cluster == "" {
		return err
	}
	return w.everywhere(ctx, "CREATE TABLE IF NOT EXISTS "+w.name(t.ending), fmt.Sprintf(" AS %s ENGINE = Distributed(%s, %s, %s, %s)",
		w.store(t.ending), literal(w.place.cluster), literal(w.place.database), literal(w.place.table+t.ending+local), t.shard))
}

// columns are the types of a table's columns by their names; none where there is no such table.
func (w *Warehouse) columns(ctx context.Context, name string) (map[string]string, error) {
	var column, kind proto.ColStr
	types := map[string]string{}
	query := fmt.Sprintf("SELECT name, type FROM system.columns WHERE database = %s AND table = %s", literal(w.place.database), literal(name))
	err := w.rows(ctx, query, proto.Results{{Data: &column}, {Data: &kind}}, func(rows int) error {
		for i := range rows {
			types[column.Row(i)] = kind.Row(i)
		}
		return nil
	})
	return types, err
}

// findShards looks the cluster up in the server's configuration.
func (w *Warehouse) findShards(ctx context.Context) error {
	var address proto.ColStr
	replicated := false
	var shard, replica proto.ColUInt64
	query := "SELECT toUInt64(shard_num), toUInt64(replica_num), host_name || ':' || toString(port) FROM system.clusters WHERE cluster = " + literal(w.place.cluster) + " ORDER BY shard_num, replica_num"
	err := w.rows(ctx, query, proto.Results{{Data: &shard}, {Data: &replica}, {Data: &address}}, func(rows int) error {
		for i := range rows {
			replicated = replicated || replica.Row(i) > 1
			w.shards = append(w.shards, w.connect(address.Row(i)))
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(w.shards) == 0:
		return fmt.Errorf("%s: the server's configuration has no cluster %q; see its table system.clusters", w.place.address, w.place.cluster)
	case replicated:
		return fmt.Errorf("%s: cluster %q has several replicas of a shard: one that lags would make a sum too small; name a cluster with one replica for each shard", w.place.address, w.place.cluster)
	}
	return nil
}

// everywhere runs a statement on the server, or on each shard of the cluster: head names the table. Where the servers
// have no Keeper for ON CLUSTER, this process connects to each shard itself, with the same user.
func (w *Warehouse) everywhere(ctx context.Context, head, tail string) error {
	if w.place.cluster == "" {
		return w.exec(ctx, head+tail)
	}
	if !w.direct {
		err := w.exec(ctx, head+" ON CLUSTER "+quoted(w.place.cluster)+tail)
		if !ch.IsErr(err, proto.ErrNoElementsInConfig, proto.ErrNoZookeeper, proto.ErrQueryIsProhibited) {
			return err
		}
		w.direct = true
	}
	var failed []error
	for _, shard := range w.shards {
		failed = append(failed, shard.exec(ctx, head+tail))
	}
	return errors.Join(failed...)
}
