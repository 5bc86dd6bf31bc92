package registry

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
)

// Edit is one thing that a source was seen to state differently than before: a rate from an instant on, or none any
// more.
type Edit struct {
	Source string
	At     time.Time // when it was recorded, which need not be when the vendor changed anything
	// Key is in the source's own names.
	Key
	Rate *money.Rate // nil where the source stopped stating it
	// Effective is when the vendor charges the rate, as far as the source says. A source may state one key for
	// several spans of time at once: their beginnings tell them apart.
	Effective price.Interval
	Evidence  string // the address of the revision that says so
}

// Log is the edits of one source in the order of time.
type Log struct {
	Source Source
	Edits  []Edit
}

// Record is a rate as one source states it, with when it was known to.
type Record struct {
	Fact

	Source string `json:"source"`
	// Recorded is from when on the source was known to state it, until it was known not to; open while it does.
	Recorded price.Interval `json:"recorded"`
	Evidence string         `json:"evidence,omitempty"` // the address of the revision that first says so
	Snapshot string         `json:"snapshot,omitempty"` // the first snapshot that states it
}

// Revision is a change of one rate of a source, with the address of the revision that made it.
type Revision struct {
	Change

	Source   string `json:"source"`
	Evidence string `json:"evidence,omitempty"`
}

// Dated is a rate whose beginning is known from elsewhere than the tables that record it.
type Dated struct {
	Fact

	Provenance fact.Provenance `json:"provenance"`
}

// statement tells apart what a source states at the same time.
type statement struct {
	Key

	from time.Time
}

func (e *Edit) statement() statement { return statement{e.Key, e.Effective.From} }

func (e *Edit) fact() Fact { return Fact{Key: e.Key, Rate: *e.Rate, Effective: e.Effective} }

// days splits edits, which are in the order of time, by their day in UTC.
func days(edits []Edit) iter.Seq[[]Edit] {
	return func(yield func([]Edit) bool) {
		for len(edits) > 0 {
			year, month, day := edits[0].At.UTC().Date()
			n := slices.IndexFunc(edits, func(e Edit) bool {
				y, m, d := e.At.UTC().Date()
				return y != year || m != month || d != day
			})
			if n < 0 {
				n = len(edits)
			}
			if !yield(edits[:n]) {
				return
			}
			edits = edits[n:]
		}
	}
}

// Replay gives what a source stated at the end of each day on which that changed, oldest first, and the edits of
// the day. The edits are in the order of time. A snapshot is taken at the last edit of its day.
func Replay(source Source, edits []Edit) iter.Seq2[Snapshot, []Edit] {
	return func(yield func(Snapshot, []Edit) bool) {
		var facts []Fact
		last := ""
		for today := range days(edits) {
			for i := range today {
				facts = apply(facts, &today[i])
			}
			s := NewSnapshot(source, today[len(today)-1].At, "", facts)
			if s.ID == last {
				continue // what changed was taken back the same day
			}
			if last = s.ID; !yield(s, today) {
				return
			}
		}
	}
}

// apply brings facts, which are sorted by their keys and beginnings, up to date with an edit.
func apply(facts []Fact, e *Edit) []Fact {
	i, stated := slices.BinarySearchFunc(facts, e, func(f Fact, e *Edit) int {
		return cmp.Or(f.Key.Compare(e.Key), f.Effective.From.Compare(e.Effective.From))
	})
	switch {
	case e.Rate == nil && stated:
		return slices.Delete(facts, i, i+1)
	case e.Rate == nil:
		return facts
	case stated:
		facts[i] = e.fact()
		return facts
	}
	return slices.Insert(facts, i, e.fact())
}

// Stated gives what a source stated and from when until when, in the order of the keys and then of time. The edits
// are in the order of time and may be those of several sources. Between the records of one rate there is no gap
// while the source states it, so that they draw as steps.
func Stated(edits []Edit) []Record {
	type place struct {
		statement

		source string
	}
	open := map[place]int{}
	var records []Record
	for i := range edits {
		e := &edits[i]
		p := place{e.statement(), e.Source}
		if at, stated := open[p]; stated {
			r := &records[at]
			if e.Rate != nil && r.Rate == *e.Rate && r.Effective == e.Effective {
				continue
			}
			r.Recorded.To = e.At
			delete(open, p)
		}
		if e.Rate != nil {
			open[p] = len(records)
			records = append(records, Record{Fact: e.fact(), Source: e.Source, Recorded: price.Interval{From: e.At}, Evidence: e.Evidence})
		}
	}
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(a.Key.Compare(b.Key), cmp.Compare(a.Source, b.Source), a.Recorded.From.Compare(b.Recorded.From), a.Effective.From.Compare(b.Effective.From))
	})
	return records
}

// Changes gives what a source changed from day to day, classed with hindsight, in the order of time and then of the
// keys: what [Diff] finds between the snapshots of [Replay]. The edits are in the order of time and of one source.
// What it states on the first day is where it starts, and no change.
func Changes(edits []Edit) []Revision {
	stated := map[Key]map[time.Time]Fact{}
	past := map[Key][]Value{}
	series := map[Key][]int{} // the places of a key's changes
	var all []Revision
	first := true
	for today := range days(edits) {
		taken := today[len(today)-1].At
		touched := map[Key]*Edit{} // the last edit of each key
		before := map[Key]*money.Rate{}
		for i := range today {
			e := &today[i]
			if touched[e.Key] == nil {
				before[e.Key] = charged(stated[e.Key], taken)
			}
			touched[e.Key] = e
			switch {
			case e.Rate == nil:
				delete(stated[e.Key], e.Effective.From)
			case stated[e.Key] == nil:
				stated[e.Key] = map[time.Time]Fact{e.Effective.From: e.fact()}
			default:
				stated[e.Key][e.Effective.From] = e.fact()
			}
		}
		keys := make([]Key, 0, len(touched))
		for k := range touched {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, Key.Compare)
		for _, k := range keys {
			from, to := before[k], charged(stated[k], taken)
			if from == nil && to == nil || from != nil && to != nil && *from == *to {
				continue
			}
			if !first {
				if past[k] == nil && from != nil {
					past[k] = []Value{{Rate: from}}
				}
				c := Change{Key: k, At: taken, From: from, To: to}
				c.Class, c.Why = Classify(from, to, taken, past[k])
				series[k] = append(series[k], len(all))
				all = append(all, Revision{c, touched[k].Source, touched[k].Evidence})
			}
			past[k] = append(past[k], Value{taken, to})
		}
		first = false
	}
	for _, places := range series {
		changes := make([]Change, len(places))
		for i, at := range places {
			changes[i] = all[at].Change
		}
		Hindsight(changes)
		for i, at := range places {
			all[at].Change = changes[i]
		}
	}
	return all
}

// charged is the rate that is in force at an instant, of several that of the one that took effect last.
func charged(facts map[time.Time]Fact, at time.Time) *money.Rate {
	var best *Fact
	for _, f := range facts {
		if f.Effective.Contains(at) && (best == nil || f.Effective.From.After(best.Effective.From)) {
			best = &f
		}
	}
	if best == nil {
		return nil
	}
	return &best.Rate
}

// foreseen is how long before a rate takes effect a table may record it and still mean it.
const foreseen = 48 * time.Hour

// InForce finds since when a vendor has charged a rate that a table recorded at an instant: of the dated facts of
// the same rate the last that took effect by then, give or take two days. The key is in our names; a context
// boundary may be off by the one token in which tables differ.
func InForce(dated []Dated, key Key, rate money.Rate, recorded time.Time) (Dated, bool) {
	best := -1
	for i := range dated {
		d := &dated[i]
		gap := d.atLeast() - key.atLeast()
		same := d.Key
		same.Above, same.Inclusive = key.Above, key.Inclusive
		if same != key || gap < -1 || gap > 1 || d.Rate != rate || d.Effective.From.IsZero() || d.Effective.From.After(recorded.Add(foreseen)) {
			continue
		}
		if best < 0 || d.Effective.From.After(dated[best].Effective.From) {
			best = i
		}
	}
	if best < 0 {
		return Dated{}, false
	}
	return dated[best], true
}

// atLeast is the smallest prompt, in tokens, that is billed at the rate.
func (k Key) atLeast() int64 {
	if k.Above == 0 || k.Inclusive {
		return k.Above
	}
	return k.Above + 1
}
