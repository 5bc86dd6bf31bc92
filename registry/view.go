package registry

import (
	"cmp"
	"slices"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
)

// Seen is a source, and when it was last known to say what it says.
type Seen struct {
	Source

	Checked time.Time `json:"checked,omitzero"`
}

// Meaning is a rate of ours that a source's key stands for.
type Meaning struct {
	Key

	// Rank orders the names that a source has for one rate of ours; what it states under the lowest counts.
	Rank int
	// Voice tells that the source may support a rate and not supply one: it charges prices of its own.
	Voice bool
}

// View is what all sources have stated, under our names. It is immutable and safe for concurrent use.
type View struct {
	seen   map[string]Seen
	placed map[Key][]placed
	models map[model][]Key // the rates of each model, in their order
}

// placed is a record in its place under a rate of ours.
type placed struct {
	*Record
	rank  int
	voice bool
}

// NewView brings records under our names. What a key means to us is what meaning says; a key of which it knows
// nothing is left out.
func NewView(sources []Seen, records []Record, meaning func(source string, k Key) []Meaning) *View {
	v := &View{seen: make(map[string]Seen, len(sources)), placed: map[Key][]placed{}, models: map[model][]Key{}}
	for _, s := range sources {
		v.seen[s.ID] = s
	}
	type name struct {
		source string
		key    Key
	}
	known := map[name][]Meaning{}
	for i := range records {
		r := &records[i]
		n := name{r.Source, r.Key}
		means, ok := known[n]
		if !ok {
			means = meaning(r.Source, r.Key)
			known[n] = means
		}
		for _, m := range means {
			v.placed[m.Key] = append(v.placed[m.Key], placed{r, m.Rank, m.Voice})
		}
	}
	for k := range v.placed {
		of := model{k.Provider, k.Model}
		v.models[of] = append(v.models[of], k)
	}
	for _, keys := range v.models {
		slices.SortFunc(keys, Key.Compare)
	}
	for _, list := range v.placed {
		slices.SortFunc(list, func(a, b placed) int {
			return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.rank, b.rank), a.Recorded.From.Compare(b.Recorded.From), a.Effective.From.Compare(b.Effective.From))
		})
	}
	return v
}

// Source is a source by its identifier. One that the view was not made with is known by that alone.
func (v *View) Source(id string) Seen {
	if s, ok := v.seen[id]; ok {
		return s
	}
	return Seen{Source: Source{ID: id, Title: id}}
}

// Keys lists the rates of a model of ours that some source has ever stated, in their order.
func (v *View) Keys(provider, id string) []Key { return v.models[model{provider, id}] }

// History lists all that sources have ever stated of a rate of ours: by source, then by when they stated it. Where
// a source has several names for it, what it states under another than the preferred one counts only while it
// states nothing under that.
func (v *View) History(k Key) []Record {
	list := v.placed[k]
	var all []Record
	for i := range list {
		p := &list[i]
		left := []price.Interval{p.Recorded}
		for j := range list {
			if o := &list[j]; o.Source == p.Source && o.rank < p.rank {
				left = without(left, o.Recorded)
			}
		}
		for _, recorded := range left {
			r := *p.Record
			r.Recorded = recorded
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), a.Recorded.From.Compare(b.Recorded.From), a.Effective.From.Compare(b.Effective.From))
	})
	return joined(all)
}

// joined makes one record of those that say the same one after the other, as where a source begins to cite a page.
func joined(records []Record) []Record {
	var all []Record
	for _, r := range records {
		same := slices.IndexFunc(all, func(before Record) bool {
			return before.Source == r.Source && before.Rate == r.Rate && before.Effective == r.Effective && !before.Recorded.To.IsZero() && before.Recorded.To.Equal(r.Recorded.From)
		})
		if same < 0 {
			all = append(all, r)
			continue
		}
		all[same].Recorded.To = r.Recorded.To
	}
	return all
}

// without cuts an interval out of others. The result is not in order.
func without(from []price.Interval, out price.Interval) []price.Interval {
	var left []price.Interval
	for _, i := range from {
		if !i.To.IsZero() && !out.From.Before(i.To) || !out.To.IsZero() && !i.From.Before(out.To) {
			left = append(left, i) // they do not meet
			continue
		}
		if i.From.Before(out.From) {
			left = append(left, price.Interval{From: i.From, To: out.From})
		}
		if !out.To.IsZero() && (i.To.IsZero() || out.To.Before(i.To)) {
			left = append(left, price.Interval{From: out.To, To: i.To})
		}
	}
	return left
}

// Statements lists what each source says of a rate of ours at an instant, as was known at another; a zero known
// means now. A source that states several spans of time counts with the one that holds the instant and began last.
func (v *View) Statements(k Key, at, known time.Time) []Statement {
	var all []Statement
	list := v.placed[k]
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Source == list[0].Source {
			n++
		}
		if p := inForceOf(list[:n], at, known); p != nil {
			s := v.Source(p.Source)
			since, before := began(list[:n], p)
			seen := s.Checked
			if !known.IsZero() && seen.After(known) {
				seen = known
			}
			all = append(all, Statement{
				Source: s.Source, Rate: p.Rate, Kind: fact.Published, Supports: p.voice, Since: since, Before: before, Effective: p.Effective.From,
				Seen: seen, URL: cmp.Or(p.URL, p.Evidence, s.URL),
			})
		}
		list = list[n:]
	}
	return all
}

// inForceOf is what one source's records say at an instant.
func inForceOf(list []placed, at, known time.Time) *placed {
	var best *placed
	for i := range list {
		p := &list[i]
		switch {
		case !p.Effective.Contains(at):
		case known.IsZero() && !p.Recorded.To.IsZero():
		case !known.IsZero() && !p.Recorded.Contains(known):
		case best == nil || p.rank == best.rank && p.Effective.From.After(best.Effective.From):
			best = p
		}
	}
	return best
}

// began is since when a source has stated a rate without a break, and what it stated right before.
func began(list []placed, p *placed) (since time.Time, before *money.Rate) {
	since = p.Recorded.From
	for i := 0; i < len(list); i++ {
		o := &list[i]
		switch {
		case o.rank != p.rank || o.Recorded.To.IsZero() || !o.Recorded.To.Equal(since):
		case o.Rate == p.Rate:
			since, before, i = o.Recorded.From, nil, -1 // and what was before that
		case before == nil:
			before = &o.Rate
		}
	}
	return since, before
}

// Decide resolves a rate at an instant, as was known at another; a zero known means now. The rates that only a rule
// gives are those of the caller.
func (v *View) Decide(k Key, at, known time.Time, byRule ...Statement) Resolution {
	return Resolve(append(v.Statements(k, at, known), byRule...))
}
