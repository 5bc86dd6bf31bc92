package clickhouse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/price"
)

// literal is a text as SQL has it. All but letters, digits and a few signs is written as bytes in hexadecimal, so that
// no text can end the literal.
func literal(text string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(text)+2)
	b = append(b, '\'')
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(" -_.:/@+=,", c) >= 0:
			b = append(b, c)
		default:
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		}
	}
	return string(append(b, '\''))
}

// quoted is a name as SQL has it. Inside backquotes a backslash escapes, as in a literal.
func quoted(name string) string {
	text := literal(name)
	return "`" + text[1:len(text)-1] + "`"
}

// ceiling is an instant in whole microseconds, rounded up. Rows are kept to the microsecond, so that one lies before
// an instant exactly if it lies before its ceiling.
func ceiling(t time.Time) int64 {
	us := t.UnixMicro()
	if t.After(time.UnixMicro(us)) {
		us++
	}
	return us
}

// at is an instant as SQL has it.
func at(us int64) string { return fmt.Sprintf("fromUnixTimestamp64Micro(%d, 'UTC')", us) }

// columnOf names the column of a dimension that is no span of time.
var columnOf = map[warehouse.Dimension]string{
	warehouse.Model: "`model`", warehouse.Provider: "`provider`", warehouse.Project: "`project`", warehouse.User: "`user`",
	warehouse.Key: "`key`", warehouse.Tier: "`tier`",
}

// selects are the conditions of a selection.
func selects(s warehouse.Selection) ([]string, error) {
	var where []string
	if !s.From.IsZero() {
		where = append(where, "`start` >= "+at(ceiling(s.From)))
	}
	if !s.To.IsZero() {
		where = append(where, "`start` < "+at(ceiling(s.To)))
	}
	for _, f := range s.Only {
		name, ok := columnOf[f.Dimension]
		if !ok {
			return nil, fmt.Errorf("calls cannot be selected by %s: give a begin and an end of time instead", f.Dimension)
		}
		if len(f.Values) == 0 {
			where = append(where, "0")
			continue
		}
		values := make([]string, len(f.Values))
		for i, v := range f.Values {
			values[i] = literal(v)
		}
		where = append(where, "CAST("+name+" AS String) IN ("+strings.Join(values, ", ")+")")
	}
	return where, nil
}

// relation is where rows with the columns of said come from.
type relation struct {
	from  string
	where []string
}

// and takes further conditions.
func (r relation) and(where ...string) relation {
	all := slices.Clone(r.where)
	for _, c := range where {
		all = append(all, "("+c+")")
	}
	return relation{r.from, all}
}

// sql is the relation's FROM and WHERE.
func (r relation) sql() string {
	s := " FROM " + r.from
	if len(r.where) > 0 {
		s += " WHERE " + strings.Join(r.where, " AND ")
	}
	return s
}

// numbers are whole numbers as a list in SQL.
func numbers[T int64 | uint64 | int](list []T) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = fmt.Sprint(n)
	}
	return strings.Join(texts, ", ")
}

// The expressions of a question, which are those of package usage and of package warehouse in SQL. Times are whole
// microseconds since 1970.
const (
	startUS = "toUnixTimestamp64Micro(`start`)"
	// endOrStartUS stands for the end of a bucket; a row without an end ends in the epoch in which it starts.
	endOrStartUS = "toUnixTimestamp64Micro(ifNull(`end`, `start`))"
	// aggregate is [usage.Call.Aggregate].
	aggregate = "(isNotNull(`end`) OR ifNull(`requests`, 0) != 1)"

	// before is a distance that makes any time positive, so that whole weeks can be divided off: 10,000 weeks.
	before = 10_000 * 7 * 24 * 3600 * 1_000_000
	// months is such a distance of whole months of 730 hours.
	months = 2_400 * 730 * 3600 * 1_000_000

	// lowest stands before the first boundary of a list.
	lowest = -1 << 62
)

// input is the whole prompt.
var input = side(price.InputSide)

// side adds up the kinds of one side.
func side(s price.Side) string {
	var list []string
	for _, k := range price.Kinds() {
		if k.Side() == s {
			list = append(list, quoted(k.String()))
		}
	}
	return "(" + strings.Join(list, " + ") + ")"
}

// reach is [usage.Call.Reach].
var reach = fmt.Sprintf("intDiv(%s, greatest(ifNull(`requests`, 1), 1)) * if(%s AND ifNull(`requests`, 0) > 0, 4, 1)", input, aggregate)

// spans are the expressions that are equal for two starts exactly if they lie in the same span of time. In a trace
// without dates, before 1990, a month has 730 hours.
var spans = map[warehouse.Dimension]string{
	warehouse.Hour: fmt.Sprintf("intDiv(%s + %d, 3600000000)", startUS, before),
	warehouse.Day:  fmt.Sprintf("intDiv(%s + %d, 86400000000)", startUS, before),
	warehouse.Month: fmt.Sprintf("if(%s >= %d, toInt64(toYYYYMM(`start`)), intDiv(%s + %d, 2628000000000))",
		startUS, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), startUS, months),
}

// minute is the minute of the week: the Unix epoch was a Thursday.
var minute = fmt.Sprintf("(intDiv(%s + %d, 60000000) + 4320) %% 10080", startUS, before)

// sideOf is the expression that tells on which side of the boundaries a value lies: the last one that is not above it.
// ClickHouse finds it by bisection.
func sideOf[T int64 | int](value string, boundaries []T) string {
	return "roundDown(toInt64(" + value + "), [" + strconv.Itoa(lowest) + ", " + numbers(boundaries) + "])"
}

// question is the SQL of a question, and the names in it that stand for what is grouped by.
func question(r relation, q warehouse.Question) (string, error) {
	where, err := selects(q.Selection)
	if err != nil {
		return "", err
	}
	r = r.and(where...)
	var with []string
	groups := []string{"`provider`", "`model`", "`region`", "`tier`", "`context_over`", "is_aggregate"}
	with = append(with, aggregate+" AS is_aggregate", reach+" AS reaches")
	for i, d := range q.By {
		switch expression, timed := spans[d]; {
		case timed:
			name := fmt.Sprintf("span_%d", i)
			with = append(with, expression+" AS "+name)
			groups = append(groups, name)
		case columnOf[d] == "":
			return "", fmt.Errorf("calls cannot be grouped by %s", d)
		default:
			groups = append(groups, columnOf[d])
		}
	}
	if len(q.Cuts.Epochs) > 0 {
		epochs := make([]int64, 0, len(q.Cuts.Epochs))
		for _, e := range q.Cuts.Epochs {
			epochs = append(epochs, ceiling(e))
		}
		with = append(with, sideOf(startUS, epochs)+" AS epoch_start", sideOf(endOrStartUS, epochs)+" AS epoch_end")
		groups = append(groups, "epoch_start", "epoch_end")
	}
	if len(q.Cuts.Bands) > 0 {
		with = append(with, sideOf("reaches", q.Cuts.Bands)+" AS band")
		groups = append(groups, "band")
	}
	if n := len(q.Cuts.Minutes); n > 0 {
		with = append(with, sideOf(minute, q.Cuts.Minutes)+" AS part_from", fmt.Sprintf("if(part_from = %d, %d, part_from) AS part", q.Cuts.Minutes[n-1], lowest))
		groups = append(groups, "part")
	}
	var out []string
	for _, name := range texts(q.By) {
		out = append(out, "CAST("+name+" AS String)")
	}
	out = append(out,
		"toInt64(`context_over`)", "toUInt8(is_aggregate)", "min("+startUS+")", "max(ifNull(toUnixTimestamp64Micro(`end`), "+strconv.Itoa(lowest)+"))",
		"min(reaches)", "toInt64(count())", "toInt64(countIf(isNull(`requests`)))", "toInt64(countIf(`failed`))", "toInt64(countIf(isNull(`reported_nano_usd`)))")
	// Sums are made in 128 bits: sum(Int64) would wrap around without a word.
	names := make([]string, 0, int(price.KindCount)+2)
	for i, summand := range summands() {
		name := fmt.Sprintf("sum_%d", i)
		names = append(names, name)
		out = append(out, "toInt64(sum(toInt128("+summand+")) AS "+name+")")
	}
	out = append(out, fmt.Sprintf("toUInt8(arrayExists(s -> s > 9223372036854775807 OR s < -9223372036854775808, [%s]))", strings.Join(names, ", ")))
	return "WITH " + strings.Join(with, ", ") + " SELECT " + strings.Join(out, ", ") + r.sql() + " GROUP BY " + strings.Join(groups, ", "), nil
}

// texts are the columns of text that an answer has: those of every group, and those that the question groups by.
func texts(by []warehouse.Dimension) []string {
	names := []string{"`provider`", "`model`", "`region`", "`tier`"}
	for _, d := range by {
		if name := columnOf[d]; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func join(list []string) string { return strings.Join(list, ", ") }

// summands are what a group adds up: requests, reported cost, and each kind.
func summands() []string {
	list := []string{"ifNull(`requests`, 0)", "ifNull(`reported_nano_usd`, 0)"}
	for _, k := range price.Kinds() {
		list = append(list, quoted(k.String()))
	}
	return list
}
