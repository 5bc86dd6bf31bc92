package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// answer is the columns that the SQL of a question answers with.
type answer struct {
	names                                                       []string // of texts
	texts                                                       []proto.ColStr
	over, start, end, reach, count, unknown, failed, unreported proto.ColInt64
	aggregate, overflow                                         proto.ColUInt8
	sums                                                        []proto.ColInt64
}

func newAnswer(by []warehouse.Dimension) *answer {
	a := &answer{names: texts(by), sums: make([]proto.ColInt64, len(summands()))}
	a.texts = make([]proto.ColStr, len(a.names))
	return a
}

// result is the columns in the order of [question].
func (a *answer) result() proto.Results {
	var r proto.Results
	for i := range a.texts {
		r = append(r, proto.ResultColumn{Data: &a.texts[i]})
	}
	for _, c := range []proto.ColResult{&a.over, &a.aggregate, &a.start, &a.end, &a.reach, &a.count, &a.unknown, &a.failed, &a.unreported} {
		r = append(r, proto.ResultColumn{Data: c})
	}
	for i := range a.sums {
		r = append(r, proto.ResultColumn{Data: &a.sums[i]})
	}
	return append(r, proto.ResultColumn{Data: &a.overflow})
}

// group reads the i-th row of a block.
func (a *answer) group(i int, by []warehouse.Dimension, words map[string]string) (*warehouse.Group, error) {
	if a.overflow[i] != 0 {
		return nil, warehouse.ErrOverflow
	}
	// A word comes back in a thousand groups: one copy is enough.
	word := func(column int) string {
		text := a.texts[column].RowBytes(i)
		w, ok := words[string(text)]
		if !ok {
			w = string(text)
			words[w] = w
		}
		return w
	}
	tier, err := price.ParseTier(word(3))
	if err != nil {
		return nil, err
	}
	g := &warehouse.Group{
		Key: make([]string, len(by)), Provider: word(0), Model: word(1), Region: word(2), Tier: tier, ContextOver: a.over[i],
		Aggregate: a.aggregate[i] != 0, Start: time.UnixMicro(a.start[i]).UTC(), Reach: a.reach[i],
		Rows: a.count[i], Unknown: a.unknown[i], Failed: a.failed[i], Unreported: a.unreported[i],
		Requests: a.sums[0][i], Reported: money.USD(a.sums[1][i]),
	}
	if a.end[i] != lowest {
		g.End = time.UnixMicro(a.end[i]).UTC()
	}
	for k := range g.Quantities {
		g.Quantities[k] = a.sums[2+k][i]
	}
	for j, d := range by {
		if d.Timed() {
			g.Key[j] = warehouse.Moment(d, g.Start)
			continue
		}
		g.Key[j] = word(slices.Index(a.names, columnOf[d]))
	}
	return g, nil
}

// Ask pushes a question down to ClickHouse.
func (w *Warehouse) Ask(ctx context.Context, q warehouse.Question, emit func(*warehouse.Group) error) error {
	r, err := w.seen(ctx)
	if err != nil {
		return err
	}
	query, err := question(r, q)
	if err != nil {
		return err
	}
	a, words := newAnswer(q.By), map[string]string{}
	return w.rows(ctx, query, a.result(), func(rows int) error {
		for i := range rows {
			g, err := a.group(i, q.By, words)
			if err != nil {
				return err
			}
			if err := emit(g); err != nil {
				return err
			}
		}
		return nil
	})
}

// Contents lists what is kept, by provider, model, region and tier.
func (w *Warehouse) Contents(ctx context.Context, s warehouse.Selection) ([]warehouse.Content, error) {
	r, err := w.seen(ctx)
	if err != nil {
		return nil, err
	}
	where, err := selects(s)
	if err != nil {
		return nil, err
	}
	texts := make([]proto.ColStr, 4)
	var count, first, last proto.ColInt64
	result := proto.Results{{Data: &texts[0]}, {Data: &texts[1]}, {Data: &texts[2]}, {Data: &texts[3]}, {Data: &count}, {Data: &first}, {Data: &last}}
	query := "SELECT CAST(`provider` AS String), CAST(`model` AS String), CAST(`region` AS String), CAST(`tier` AS String), toInt64(count()), min(" + startUS + "), max(" + startUS + ")" +
		r.and(where...).sql() + " GROUP BY `provider`, `model`, `region`, `tier`"
	var contents []warehouse.Content
	err = w.rows(ctx, query, result, func(rows int) error {
		for i := range rows {
			tier, err := price.ParseTier(texts[3].Row(i))
			if err != nil {
				return err
			}
			contents = append(contents, warehouse.Content{
				Provider: texts[0].Row(i), Model: texts[1].Row(i), Region: texts[2].Row(i), Tier: tier, Rows: count[i],
				First: time.UnixMicro(first[i]).UTC(), Last: time.UnixMicro(last[i]).UTC(),
			})
		}
		return nil
	})
	slices.SortFunc(contents, func(a, b warehouse.Content) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Model, b.Model), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Tier, b.Tier))
	})
	return contents, err
}

// stretch is whole days of the log that are read or compared at once.
type stretch struct{ from, to int64 } // days since 1970, to excluded

// where says that a row starts in the stretch.
func (s stretch) where() string {
	const day = 24 * 3600 * 1_000_000
	return "`start` >= " + at(s.from*day) + " AND `start` < " + at(s.to*day)
}

// stretches cuts the days that a relation has rows on into stretches of at most about the given number of rows, but
// no less than a day each.
func (w *Warehouse) stretches(ctx context.Context, r relation, rowsAtOnce int64) ([]stretch, error) {
	var days, counts proto.ColInt64
	var list []stretch
	total := int64(0)
	query := "SELECT toInt64(toDate32(`start`)) AS day, toInt64(count())" + r.sql() + " GROUP BY day ORDER BY day"
	err := w.rows(ctx, query, proto.Results{{Data: &days}, {Data: &counts}}, func(rows int) error {
		for i := range rows {
			day := days[i]
			if total += counts[i]; len(list) == 0 || total > rowsAtOnce {
				list = append(list, stretch{from: day})
				total = counts[i]
			}
			list[len(list)-1].to = day + 1
		}
		return nil
	})
	return list, err
}

// scanned is how many rows the server sorts at once for a scan.
const scanned = 2_000_000

// Scan hands on the selected calls in the order of their start. The server sorts some days at a time, so that neither
// side holds the whole log.
func (w *Warehouse) Scan(ctx context.Context, s warehouse.Selection, emit func(*usage.Call) error) error {
	r, err := w.seen(ctx)
	if err != nil {
		return err
	}
	where, err := selects(s)
	if err != nil {
		return err
	}
	r = r.and(where...)
	list, err := w.stretches(ctx, r, scanned)
	if err != nil {
		return err
	}
	for _, days := range list {
		if err := w.scan(ctx, r.and(days.where()), emit); err != nil {
			return err
		}
	}
	return nil
}

func (w *Warehouse) scan(ctx context.Context, r relation, emit func(*usage.Call) error) error {
	words := make([]proto.ColStr, 9) // texts
	names := []string{"provider", "model", "region", "tier", "project", "key", "user", "session", "row_key"}
	var start, end, requests, over, latency, ttft, reported, line proto.ColInt64
	var failed proto.ColUInt8
	kinds := make([]proto.ColInt64, price.KindCount)
	var columns []string
	var result proto.Results
	for i, name := range names {
		expression := "CAST(" + quoted(name) + " AS String)"
		if name == "row_key" {
			expression = "lower(hex(`row_key`))"
		}
		columns, result = append(columns, expression), append(result, proto.ResultColumn{Data: &words[i]})
	}
	for _, c := range []struct {
		sql  string
		data proto.ColResult
	}{
		{startUS, &start},
		{fmt.Sprintf("ifNull(toUnixTimestamp64Micro(`end`), %d)", lowest), &end},
		{fmt.Sprintf("ifNull(`requests`, %d)", lowest), &requests},
		{"toInt64(`context_over`)", &over},
		{"toInt64(`latency_us`)", &latency},
		{"toInt64(`ttft_us`)", &ttft},
		{fmt.Sprintf("ifNull(`reported_nano_usd`, %d)", lowest), &reported},
		{"toInt64(`line`)", &line},
		{"toUInt8(`failed`)", &failed},
	} {
		columns, result = append(columns, c.sql), append(result, proto.ResultColumn{Data: c.data})
	}
	for _, k := range price.Kinds() {
		columns, result = append(columns, quoted(k.String())), append(result, proto.ResultColumn{Data: &kinds[k]})
	}
	// Rows that start together come in an order of their own, the same each time.
	query := "SELECT " + strings.Join(columns, ", ") + r.sql() + " ORDER BY `start`, `row_key`"
	interned := map[string]string{}
	word := func(column, i int) string {
		text := words[column].RowBytes(i)
		known, ok := interned[string(text)]
		if !ok {
			known = string(text)
			interned[known] = known
		}
		return known
	}
	var call usage.Call
	return w.rows(ctx, query, result, func(rows int) error {
		for i := range rows {
			tier, err := price.ParseTier(word(3, i))
			if err != nil {
				return err
			}
			call = usage.Call{
				ID: words[8].Row(i), Start: time.UnixMicro(start[i]).UTC(),
				Provider: word(0, i), Model: word(1, i), Region: word(2, i), Tier: tier, ContextOver: over[i],
				Project: word(4, i), APIKey: word(5, i), User: word(6, i), Session: words[7].Row(i),
				Latency: time.Duration(latency[i]) * time.Microsecond, TTFT: time.Duration(ttft[i]) * time.Microsecond,
				Failed: failed[i] != 0, Line: int(line[i]),
			}
			if end[i] != lowest {
				call.End = time.UnixMicro(end[i]).UTC()
			}
			if requests[i] != lowest {
				call.Requests = usage.Count{N: requests[i], Known: true}
			}
			if reported[i] != lowest {
				call.Reported = usage.Cost{USD: money.USD(reported[i]), Known: true}
			}
			for k := range call.Quantities {
				call.Quantities[k] = kinds[k][i]
			}
			if err := emit(&call); err != nil {
				return err
			}
		}
		return nil
	})
}
