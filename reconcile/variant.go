package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// Usage is a part of a log that is billed at one set of rates: a row, or several.
type Usage struct {
	Start time.Time // when it began, and at which it is priced
	End   time.Time // the end of its bucket; zero for a single call
	// Provider is who bills it and Model what it is called there, as the log says. An empty Provider is that of the rates.
	Provider, Model, Project string
	Tier                     price.Tier // what the log says
	Ref                      price.Ref  // the rates in force; its Sheet is nil where the book has no price
	Quantities               price.Quantities
	Rows                     int64
	Reported                 usage.Cost // what the log says that it cost
}

// axis is one way in which a bill may be made otherwise.
type axis uint8

const (
	whenAxis axis = iota
	tierAxis
	readAxis
	writeAxis
	bandAxis
	routeAxis
	reasonAxis
	feeAxis
)

// variant is a hypothesis: how usage is priced otherwise. The zero value prices it as it is.
type variant struct {
	cause Cause
	text  string
	axes  []axis

	at    time.Time // the instant whose prices apply; zero for the usage's own
	tier  *price.Tier
	route *string
	band  *int64 // the whole prompt that tells the context band
	moves []func(*price.Quantities)
}

// and is both at once.
func (v variant) and(w variant) variant {
	v.cause, v.text = Several, v.text+", and "+w.text
	v.axes = slices.Concat(v.axes, w.axes)
	v.moves = slices.Concat(v.moves, w.moves)
	if !w.at.IsZero() {
		v.at = w.at
	}
	if w.tier != nil {
		v.tier = w.tier
	}
	if w.route != nil {
		v.route = w.route
	}
	if w.band != nil {
		v.band = w.band
	}
	return v
}

// apart reports whether two variants concern different things.
func (v *variant) apart(w *variant) bool {
	return !slices.ContainsFunc(v.axes, func(a axis) bool { return slices.Contains(w.axes, a) })
}

// moves are the hypotheses about how tokens were counted, in the order in which they are tried.
var moves = []variant{
	{cause: CacheAsInput, text: "tokens read from the cache are billed as plain input", axes: []axis{readAxis}, moves: []func(*price.Quantities){readsAsInput}},
	{cause: CacheTwice, text: "tokens read from the cache are billed twice, as such and as plain input", axes: []axis{readAxis}, moves: []func(*price.Quantities){readsTwice}},
	{cause: CacheLifetime, text: "all cache writes are billed as living five minutes", axes: []axis{writeAxis}, moves: []func(*price.Quantities){writesTo(price.CacheWrite5m)}},
	{cause: CacheLifetime, text: "all cache writes are billed as living one hour", axes: []axis{writeAxis}, moves: []func(*price.Quantities){writesTo(price.CacheWrite1h)}},
	{cause: CacheAsInput, text: "tokens written to the cache are billed as plain input", axes: []axis{writeAxis}, moves: []func(*price.Quantities){writesTo(price.Input)}},
	{cause: CacheTwice, text: "tokens written to the cache are billed twice, as such and as plain input", axes: []axis{writeAxis}, moves: []func(*price.Quantities){writesTwice}},
	{cause: CacheAsInput, text: "tokens written to the cache are not billed", axes: []axis{writeAxis}, moves: []func(*price.Quantities){noWrites}},
	{cause: ReasonTwice, text: "reasoning tokens are billed twice, as such and within the output", axes: []axis{reasonAxis}, moves: []func(*price.Quantities){reasoningTwice}},
	{cause: FeesApart, text: "requests and searches are not in the amount", axes: []axis{feeAxis}, moves: []func(*price.Quantities){noFees}},
}

// reads are the kinds read from a cache, and what they are without one.
var reads = []struct{ read, plain price.Kind }{
	{price.CacheRead, price.Input}, {price.AudioCacheRead, price.AudioInput}, {price.ImageCacheRead, price.ImageInput},
}

var writes = []price.Kind{price.CacheWrite, price.CacheWrite5m, price.CacheWrite1h}

func readsAsInput(q *price.Quantities) {
	for _, r := range reads {
		q[r.plain], q[r.read] = q[r.plain]+q[r.read], 0
	}
}

func readsTwice(q *price.Quantities) {
	for _, r := range reads {
		q[r.plain] += q[r.read]
	}
}

func writesTo(kind price.Kind) func(*price.Quantities) {
	return func(q *price.Quantities) {
		n := written(q)
		noWrites(q)
		q[kind] += n
	}
}

func written(q *price.Quantities) (n int64) {
	for _, k := range writes {
		n += q[k]
	}
	return n
}

func writesTwice(q *price.Quantities) { q[price.Input] += written(q) }

func noWrites(q *price.Quantities) {
	for _, k := range writes {
		q[k] = 0
	}
}

func reasoningTwice(q *price.Quantities) { q[price.Output] += q[price.Reasoning] }

func noFees(q *price.Quantities) { q[price.Request], q[price.WebSearch] = 0, 0 }

// kindSet is a set of kinds.
type kindSet uint32

// everyKind is all of them.
const everyKind kindSet = 1<<price.KindCount - 1

func (s kindSet) has(k price.Kind) bool { return s&(1<<k) != 0 }

// of is the part of quantities that is in the set.
func (s kindSet) of(q price.Quantities) price.Quantities {
	for k := range q {
		if !s.has(price.Kind(k)) {
			q[k] = 0
		}
	}
	return q
}

// rates looks series up and remembers them. It is one reconciliation's own.
type rates struct {
	book   *price.Book
	series map[seriesName]price.Series
	lists  map[listName][]variant
}

type seriesName struct {
	provider, model, route string
	tier                   price.Tier
}

type listName struct {
	sheet *price.Sheet
	tier  price.Tier
}

func newRates(book *price.Book) *rates {
	return &rates{book: book, series: map[seriesName]price.Series{}, lists: map[listName][]variant{}}
}

// find is the sheets of exactly one model, route and tier; none where the book has no such thing.
func (r *rates) find(name seriesName) price.Series {
	s, ok := r.series[name]
	if !ok {
		for _, sheet := range r.book.Series(name.provider, name.model) {
			if sheet.Route == name.route && sheet.Tier == name.tier {
				s = append(s, sheet)
			}
		}
		r.series[name] = s
	}
	return s
}

// ref is the rates that a variant prices usage at, and false where the book has none.
func (r *rates) ref(u *Usage, v *variant) (price.Ref, bool) {
	own := u.Ref.Sheet
	if own == nil {
		return price.Ref{}, false
	}
	if v.at.IsZero() && v.tier == nil && v.route == nil && v.band == nil {
		return u.Ref, true
	}
	name := seriesName{own.Provider, own.Model, own.Route, own.Tier}
	if v.tier != nil {
		name.tier = *v.tier
	}
	if v.route != nil {
		name.route = *v.route
	}
	at := u.Start
	if !v.at.IsZero() {
		at = v.at
	}
	sheet := r.find(name).At(at, time.Time{})
	if sheet == nil {
		return price.Ref{}, false
	}
	input := u.Ref.AtLeast()
	if v.band != nil {
		input = *v.band
	}
	return sheet.Ref(input, u.Start), true
}

// cost prices the kinds of a set as a variant does. It is false where a rate is missing.
func (r *rates) cost(u *Usage, v *variant, kinds kindSet) (money.Sum, bool, error) {
	ref, ok := r.ref(u, v)
	if !ok {
		return money.Sum{}, false, nil
	}
	q := u.Quantities
	for _, move := range v.moves {
		move(&q)
	}
	q = kinds.of(q)
	return ref.Cost(&q)
}

// variants lists the hypotheses about usage of one model: those about prices first.
func (r *rates) variants(u *Usage) []variant {
	own := u.Ref.Sheet
	if own == nil {
		return nil
	}
	key := listName{own, u.Tier}
	if list, ok := r.lists[key]; ok {
		return list
	}
	var list []variant
	list = append(list, r.otherDays(own)...)
	for _, tier := range price.Tiers() {
		if tier != own.Tier && len(r.find(seriesName{own.Provider, own.Model, own.Route, tier})) > 0 {
			list = append(list, variant{cause: OtherTier, tier: &tier, axes: []axis{tierAxis}, text: fmt.Sprintf("billed as %s, where the log says %s", tier, u.Tier)})
		}
	}
	list = append(list, moves...)
	for _, b := range own.Bands() {
		text := "billed as short prompts"
		if b.AtLeast > 0 {
			text = fmt.Sprintf("billed as prompts of at least %s tokens", ledger.Number(float64(b.AtLeast)))
		}
		if len(own.Bands()) > 1 {
			list = append(list, variant{cause: OtherContext, band: &b.AtLeast, axes: []axis{bandAxis}, text: text})
		}
	}
	var routes []string
	for _, s := range r.book.Series(own.Provider, own.Model) {
		if s.Route != own.Route && !slices.Contains(routes, s.Route) {
			routes = append(routes, s.Route)
		}
	}
	slices.Sort(routes)
	for _, route := range routes {
		text := "billed at the rates of the default route"
		if route != "" {
			text = "billed at the rates of the route " + route
		}
		list = append(list, variant{cause: OtherRoute, route: &route, axes: []axis{routeAxis}, text: text})
	}
	slices.SortStableFunc(list, byAxis)
	r.lists[key] = list
	return list
}

func byAxis(a, b variant) int { return cmp.Compare(a.axes[0], b.axes[0]) }

// otherDays are the hypotheses that usage is priced as at another time, the newest first: one for each other sheet
// of the series. Each names the change that lies between.
func (r *rates) otherDays(own *price.Sheet) []variant {
	var list []variant
	for _, s := range r.find(seriesName{own.Provider, own.Model, own.Route, own.Tier}) {
		from, to := s.Effective.From, s.Effective.To
		v := variant{cause: OtherDay, axes: []axis{whenAxis}}
		switch {
		case s == own || !s.Recorded.To.IsZero():
			continue
		case own.Effective.From.IsZero() || from.After(own.Effective.From):
			v.at, v.text = from, fmt.Sprintf("billed at the price that took effect on %s, after the usage", day(from))
		case to.IsZero():
			to = own.Effective.From
			fallthrough
		default:
			v.at, v.text = to.Add(-1), "billed at the price of before the change of "+day(to)
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b variant) int { return b.at.Compare(a.at) })
	return list
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// union lists the variants of several usages, each once.
func (r *rates) union(uses []*Usage) []variant {
	var list []variant
	seen := map[string]bool{}
	sheets := map[listName]bool{}
	for _, u := range uses {
		if u.Ref.Sheet == nil || sheets[listName{u.Ref.Sheet, u.Tier}] {
			continue
		}
		sheets[listName{u.Ref.Sheet, u.Tier}] = true
		for _, v := range r.variants(u) {
			if key := v.identity(); !seen[key] {
				seen[key] = true
				list = append(list, v)
			}
		}
	}
	slices.SortStableFunc(list, byAxis)
	return list
}

// identity tells variants apart.
func (v *variant) identity() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d ", v.axes[0])
	switch {
	case !v.at.IsZero():
		fmt.Fprint(&b, v.at.UnixNano())
	case v.tier != nil:
		b.WriteString(v.tier.String())
	case v.route != nil:
		b.WriteString(*v.route)
	case v.band != nil:
		fmt.Fprint(&b, *v.band)
	default:
		b.WriteString(v.text)
	}
	return b.String()
}

// within reports whether a difference is no further from zero than a bound. It is exact.
func within(d money.Sum, bound money.USD) (bool, error) {
	n, err := d.USD()
	if errors.Is(err, money.ErrOverflow) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	magnitude := max(n, -n)
	if magnitude != bound {
		return magnitude < bound, nil // n is rounded by half a nano-dollar at most
	}
	if err := d.AddUSD(-n); err != nil {
		return false, err
	}
	over := !d.IsZero() && strings.HasPrefix(d.String(), "-") == (n < 0)
	return !over || n == 0, nil
}

// less is a minus b.
func less(a, b money.Sum) (money.Sum, error) {
	err := a.Sub(b)
	return a, err
}

// sumOf is an amount as a sum.
func sumOf(a money.USD) (money.Sum, error) {
	var s money.Sum
	err := s.AddUSD(a)
	return s, err
}
