package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/catalog"
	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// counts say what became of the rows of one table, by its name.
type counts map[string]*count

type count struct {
	read, kept int
	dropped    map[string]int // by reason
	missed     int            // rows whose old value is not what the rows before left
	broken     int            // rates whose log would not go on in what the feed reads
}

// Why a row is left out.
const (
	noTable = "of a table that is not replayed"
	noModel = "of a model that the catalog does not know"
	noRate  = "of a field that is no rate of ours"
)

// report tells what became of the rows, a line for each table.
func (c counts) report() string {
	var b strings.Builder
	for _, source := range slices.Sorted(maps.Keys(c)) {
		n := c[source]
		fmt.Fprintf(&b, "%s: %d rows, %d kept", source, n.read, n.kept)
		for _, why := range slices.Sorted(maps.Keys(n.dropped)) {
			fmt.Fprintf(&b, ", %d %s", n.dropped[why], why)
		}
		if n.missed > 0 {
			fmt.Fprintf(&b, "; %d do not follow from the rows before", n.missed)
		}
		if n.broken > 0 {
			fmt.Fprintf(&b, "; without %d rates that the table now holds elsewhere", n.broken)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// build reads the history of the tables and gives the log of each.
func build(dir string, book *price.Book) ([]registry.Log, counts, error) {
	rows, err := readRows(dir)
	if err != nil {
		return nil, nil, err
	}
	listed, err := litellmProviders(dir)
	if err != nil {
		return nil, nil, err
	}
	end, err := portkeyEnd(dir)
	if err != nil {
		return nil, nil, err
	}
	return replay(rows, tables(listed, end), book)
}

// replay gives the log of each table. The rows are in the order of time within each table.
func replay(rows []row, all []table, book *price.Book) ([]registry.Log, counts, error) {
	tally := counts{}
	by := map[string][]row{}
	for _, r := range rows {
		n := tally[r.source]
		if n == nil {
			n = &count{dropped: map[string]int{}}
			tally[r.source] = n
		}
		n.read++
		if !slices.ContainsFunc(all, func(t table) bool { return t.source == r.source }) {
			n.dropped[noTable]++
			continue
		}
		by[r.source] = append(by[r.source], r)
	}
	var logs []registry.Log
	for _, t := range all {
		if len(by[t.source]) == 0 {
			continue
		}
		l, err := t.log(by[t.source], book, tally[t.source])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", t.source, err)
		}
		logs = append(logs, l)
	}
	return logs, tally, nil
}

// named is a model of a table, in the table's words.
type named struct{ provider, model string }

// state is the numbers of a model's fields, by the identifiers under which the table has the model.
type state map[string]map[string]string

// log replays the rows of a table revision by revision and collects what changes between the facts.
func (t *table) log(rows []row, book *price.Book, n *count) (registry.Log, error) {
	feeds := feed.Feeds()
	i := slices.IndexFunc(feeds, func(f feed.Feed) bool { return f.ID == t.source })
	if i < 0 {
		return registry.Log{}, errors.New("no feed of this name")
	}
	l := registry.Log{Source: feeds[i].Source}
	states := map[named]state{}
	stated := map[named][]registry.Fact{}
	for len(rows) > 0 {
		size := slices.IndexFunc(rows, func(r row) bool {
			return !r.at.Equal(rows[0].at) || r.repo != rows[0].repo || r.commit != rows[0].commit
		})
		if size < 0 {
			size = len(rows)
		}
		revision := rows[:size]
		rows = rows[size:]
		touched := map[named]bool{}
		for i := range revision {
			r := &revision[i]
			provider, model, ok := t.name(r)
			m := named{provider, model}
			if !ok || len(book.Named(t.source, provider, model)) == 0 {
				n.dropped[noModel]++
				continue
			}
			if _, ok := t.field(r.field, model); !ok {
				n.dropped[noRate]++
				continue
			}
			n.kept++
			touched[m] = true
			if states[m] == nil {
				states[m] = state{}
			}
			if !states[m].apply(r) {
				n.missed++
			}
		}
		models := slices.SortedFunc(maps.Keys(touched), func(a, b named) int {
			return cmp.Or(cmp.Compare(a.provider, b.provider), cmp.Compare(a.model, b.model))
		})
		for _, m := range models {
			now, err := t.facts(m, states[m])
			if err != nil {
				return registry.Log{}, fmt.Errorf("%s: %s/%s: %w", revision[0].evidence(), m.provider, m.model, err)
			}
			l.Edits = append(l.Edits, edits(t.source, &revision[0], stated[m], now)...)
			stated[m] = now
		}
	}
	if t.end != nil {
		broken := apart(stated, t.end)
		n.broken = len(broken)
		l.Edits = slices.DeleteFunc(l.Edits, func(e registry.Edit) bool { return broken[e.Key] })
	}
	return l, nil
}

// apart lists the rates of which a log ends in another statement than the table itself makes.
func apart(stated map[named][]registry.Fact, end []registry.Fact) map[registry.Key]bool {
	rates := map[registry.Key]money.Rate{}
	for i := range end {
		rates[end[i].Key] = end[i].Rate
	}
	broken := map[registry.Key]bool{}
	for _, facts := range stated {
		for i := range facts {
			if r, ok := rates[facts[i].Key]; !ok || r != facts[i].Rate {
				broken[facts[i].Key] = true
			}
		}
	}
	return broken
}

// apply brings the state up to date with a row, and reports whether the row follows from the rows before.
func (s state) apply(r *row) bool {
	follows := s[r.model][r.field] == r.old
	switch {
	case r.now == "":
		delete(s[r.model], r.field)
	case s[r.model] == nil:
		s[r.model] = map[string]string{r.field: r.now}
	default:
		s[r.model][r.field] = r.now
	}
	return follows
}

// facts are the rates that a table states of a model, in the order of their keys and beginnings.
func (t *table) facts(m named, s state) ([]registry.Fact, error) {
	var facts []registry.Fact
	for _, id := range slices.Sorted(maps.Keys(s)) {
		numbers := s[id]
		for _, name := range slices.Sorted(maps.Keys(numbers)) {
			f, _ := t.field(name, m.model)
			_, other := numbers[f.instead]
			several := slices.ContainsFunc(f.alike, func(like string) bool {
				number, ok := numbers[like]
				return ok && number != numbers[name]
			})
			if other || several || zero(numbers[name]) && t.unset != nil && t.unset(f, numbers) {
				continue
			}
			rate, err := f.number(numbers[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			fact := registry.Fact{Key: f.Key, Rate: rate, Effective: price.Interval{From: f.from}}
			fact.Provider, fact.Model = m.provider, m.model
			// Of prices bound by a date each ends where the next begins; those of some hours of the day are not bound.
			if f.Window == "" {
				fact.Effective.To = t.next(numbers, m.model, f.from)
			}
			if !slices.ContainsFunc(facts, func(g registry.Fact) bool { return compare(&g, &fact) == 0 }) {
				facts = append(facts, fact)
			}
		}
	}
	slices.SortFunc(facts, func(a, b registry.Fact) int { return compare(&a, &b) })
	return facts, nil
}

// next is the earliest beginning of another of a model's prices after an instant, and zero where there is none.
func (t *table) next(numbers map[string]string, model string, after time.Time) time.Time {
	var next time.Time
	for name := range numbers {
		if f, _ := t.field(name, model); f.from.After(after) && (next.IsZero() || f.from.Before(next)) {
			next = f.from
		}
	}
	return next
}

// compare orders statements: facts that may not stand beside each other are equal.
func compare(a, b *registry.Fact) int {
	return cmp.Or(a.Key.Compare(b.Key), a.Effective.From.Compare(b.Effective.From))
}

// edits are what turns the facts of a model into those after a revision. Both are sorted.
func edits(source string, r *row, old, now []registry.Fact) []registry.Edit {
	edit := func(f *registry.Fact) registry.Edit {
		return registry.Edit{Source: source, At: r.at.UTC(), Key: f.Key, Rate: &f.Rate, Effective: f.Effective, Evidence: r.evidence()}
	}
	var all []registry.Edit
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && compare(&old[0], &now[0]) < 0:
			gone := edit(&old[0])
			gone.Rate, gone.Effective.To = nil, time.Time{}
			all = append(all, gone)
			old = old[1:]
		case len(old) == 0 || compare(&old[0], &now[0]) > 0:
			all = append(all, edit(&now[0]))
			now = now[1:]
		default:
			if old[0].Rate != now[0].Rate || old[0].Effective != now[0].Effective {
				all = append(all, edit(&now[0]))
			}
			old, now = old[1:], now[1:]
		}
	}
	return all
}

// format gives the files of the logs by their names.
func format(logs []registry.Log) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, l := range logs {
		data, err := catalog.FormatHistory(l)
		if err != nil {
			return nil, err
		}
		files[l.Source.ID+".tsv"] = data
	}
	return files, nil
}
