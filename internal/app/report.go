package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"breakeven/decide"
	"breakeven/internal/warehouse"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// UsageRequest asks what logs say, or what is kept.
type UsageRequest struct {
	Logs    []Source
	Options usage.Options
	By      []string // dimensions, in order
	Strict  bool     // a missing price is an error
}

// UsageAnswer is what logs say: tokens, and their cost at the price in force at each call's time.
type UsageAnswer struct {
	Stamp   Stamp           `json:"stamp"`
	Files   []usage.Summary `json:"files" nullable:"false"`
	By      []string        `json:"by" nullable:"false"`
	Rows    []*UsageRow     `json:"rows" nullable:"false"`
	Total   UsageRow        `json:"total"`
	Changes []PriceEffect   `json:"changes" nullable:"false" doc:"Price changes inside the log's span that made a difference, in the order of time."`
	Bill    Bill            `json:"bill"`
	Notes   []string        `json:"notes" nullable:"false"`
}

// UsageRow is one group of calls.
type UsageRow struct {
	Group    Labels           `json:"group,omitzero" doc:"The group's value on each dimension."`
	Calls    int64            `json:"rows" doc:"Rows of the log."`
	Requests *int64           `json:"requests,omitempty" doc:"Absent where some row does not say."`
	Tokens   price.Quantities `json:"tokens"`
	Input    int64            `json:"input_tokens" doc:"All kinds of input, cached included."`
	Output   int64            `json:"output_tokens" doc:"All kinds of output, reasoning included."`
	Cost     *money.Sum       `json:"usd,omitempty" doc:"Computed; a lower bound where complete is false, and absent where nothing has a price."`
	Complete bool             `json:"complete"`
	Reported *money.USD       `json:"reported_usd,omitempty" doc:"What the log itself reports; absent where some row reports none."`

	sums                sums
	reported            money.USD
	unknown, unreported int64 // rows
	requests            int64
}

// sums say which of a row's tokens fall under which rates. Nearly every row has one set of rates only, so that its
// tokens are those.
type sums struct {
	one  price.Ref
	more map[price.Ref]*price.Quantities // those of other rates
	lost *price.Quantities               // those without any; nil where all have some
}

// add counts tokens that were added to the row's.
func (s *sums) add(ref price.Ref, priced bool, q *price.Quantities) error {
	switch {
	case !priced:
		if s.lost == nil {
			s.lost = new(price.Quantities)
		}
		return s.lost.Add(q)
	case s.one.Sheet == nil:
		s.one = ref
	}
	if s.one == ref {
		return nil
	}
	sum := s.more[ref]
	if sum == nil {
		if s.more == nil {
			s.more = map[price.Ref]*price.Quantities{}
		}
		sum = new(price.Quantities)
		s.more[ref] = sum
	}
	return sum.Add(q)
}

// cost adds up what the row's tokens cost; nil where nothing has a price.
func (s *sums) cost(tokens *price.Quantities) (total *money.Sum, complete bool, err error) {
	if s.one.Sheet == nil {
		return nil, s.lost == nil, nil
	}
	first, rest := *tokens, money.Sum{}
	complete = true
	if s.lost != nil {
		first.Sub(s.lost)
		complete = false
	}
	for ref, q := range s.more {
		first.Sub(q)
		cost, whole, err := ref.Cost(q)
		if err != nil {
			return nil, false, err
		}
		if err := rest.AddSum(cost); err != nil {
			return nil, false, err
		}
		complete = complete && whole
	}
	sum, whole, err := s.one.Cost(&first)
	if err != nil {
		return nil, false, err
	}
	return &sum, complete && whole, sum.AddSum(rest)
}

// Labels are a group's values, by the names of their dimensions. In JSON they are an object.
type Labels struct{ Names, Values []string }

// Get is the value of a dimension.
func (l Labels) Get(name string) string {
	if i := slices.Index(l.Names, name); i >= 0 {
		return l.Values[i]
	}
	return ""
}

// IsZero reports whether there are no labels, as of a total.
func (l Labels) IsZero() bool { return len(l.Names) == 0 }

// MarshalJSON writes an object, in the order of the dimensions.
func (l Labels) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, name := range l.Names {
		if i > 0 {
			out = append(out, ',')
		}
		value, err := json.Marshal(l.Values[i])
		if err != nil {
			return nil, err
		}
		out = strconv.AppendQuote(out, name)
		out = append(append(out, ':'), value...)
	}
	return append(out, '}'), nil
}

// UnmarshalJSON reads an object. The dimensions come in the order of their names.
func (l *Labels) UnmarshalJSON(data []byte) error {
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	*l = Labels{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		l.Names, l.Values = append(l.Names, name), append(l.Values, m[name])
	}
	return nil
}

// Dimensions lists what a report can be grouped by.
func Dimensions() []string {
	names := make([]string, 0, warehouse.DimensionCount)
	for d := range warehouse.DimensionCount {
		names = append(names, d.String())
	}
	slices.Sort(names)
	return names
}

// parseDimensions reads names of dimensions.
func parseDimensions(names []string) ([]warehouse.Dimension, error) {
	var list []warehouse.Dimension
	for i, name := range names {
		d, ok := warehouse.ParseDimension(name)
		problem := ""
		switch {
		case !ok:
			problem = "is not one of " + strings.Join(Dimensions(), ", ")
		case slices.Contains(names[:i], name):
			problem = "is given twice"
		}
		if problem != "" {
			return nil, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "by", Value: name, Problem: problem}}
		}
		list = append(list, d)
	}
	return list, nil
}

// report is the sink of one pass.
type report struct {
	prices *pricer
	by     []warehouse.Dimension
	names  []string
	total  UsageRow

	rows map[string]*UsageRow // of the rows of a log
	key  []byte               // of the last one
	one  warehouse.Group

	collected []collected // of kept calls
	free      []UsageRow  // made, and not used yet
	lists     []values    // of each dimension
	places    []uint32    // of the collected rows' values in their lists, row by row
}

// UsageReport reads logs and groups the calls. Calls that are kept are grouped where they are kept.
func (a *App) UsageReport(r UsageRequest) (UsageAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return UsageAnswer{}, err
	}
	book, err := a.book()
	if err != nil {
		return UsageAnswer{}, err
	}
	if len(r.By) == 0 {
		r.By = []string{"model"}
	}
	by, err := parseDimensions(r.By)
	if err != nil {
		return UsageAnswer{}, err
	}
	fresh := func() *report {
		p := &report{prices: newPricer(book, a.Now()), by: by, names: r.By, rows: map[string]*UsageRow{}, lists: make([]values, len(by))}
		p.prices.changes = newChanges()
		return p
	}
	var sink *report
	files := []usage.Summary{}
	if len(r.Logs) == 1 && r.Logs[0].kept != nil {
		sink = fresh()
		var summary usage.Summary
		summary, err = r.Logs[0].kept.ask(by, sink.prices, sink.collect)
		files = append(files, summary)
	} else {
		o := r.Options
		if o.Now.IsZero() {
			o.Now = a.Now()
		}
		sink, files, err = read(r.Logs, o, fresh, func(p *report, c *usage.Call) error {
			p.one.Set(c, p.by)
			return p.add(&p.one)
		})
	}
	if err != nil {
		return UsageAnswer{}, err
	}
	sink.prices.leaveOut(files)
	answer := UsageAnswer{Stamp: stamp, Files: files, By: r.By, Rows: []*UsageRow{}, Notes: []string{}}
	if answer.Bill, err = sink.prices.bill(); err != nil {
		return answer, err
	}
	if answer.Changes, err = sink.prices.changes.effects(); err != nil {
		return answer, err
	}
	if answer.Rows, err = sink.finish(); err != nil {
		return answer, err
	}
	answer.Total = sink.total
	if len(answer.Bill.Lines) > 0 {
		answer.Total.Cost = &answer.Bill.Total
	}
	answer.Total.Complete = answer.Bill.Complete
	if note := reportedApart(answer.Total); note != "" {
		answer.Notes = append(answer.Notes, note)
	}
	answer.Notes = append(answer.Notes, answer.Bill.Notes...)
	answer.Notes = sentences(append(answer.Notes, fileNotes(files)...))
	if r.Strict && !answer.Bill.Complete {
		return answer, &KindError{Kind: Incomplete, Err: fmt.Errorf("there is no price for %s", strings.Join(missingNames(answer.Bill), ", "))}
	}
	return answer, nil
}

// fileNotes is what is to be said of logs: how each was understood, and what was left out.
func fileNotes(files []usage.Summary) []string {
	var notes []string
	for _, f := range files {
		notes = append(notes, f.Notes...)
		if f.Faulty > 0 {
			notes = append(notes, unreadRows(f))
		}
	}
	return notes
}

// reportedApart says where a log's own costs are far from the computed ones.
func reportedApart(r UsageRow) string {
	const far = 0.02
	if r.Cost == nil || r.Reported == nil || *r.Reported == 0 {
		return ""
	}
	computed, reported := dollars(*r.Cost), r.Reported.Estimate()
	if math.Abs(computed/reported-1) <= far {
		return ""
	}
	return fmt.Sprintf("The log itself reports $%s, and $%s is computed: it may hold discounts, fees or cache writes that its tokens do not show, or another price.", r.Reported, r.Cost)
}

// slab is how many rows are made at a time.
const slab = 1024

// collect makes a row of a group of kept calls. Groups are many and keys come nearly always once, so that rows of one
// key are found by sorting.
func (p *report) collect(g *warehouse.Group) error {
	ref, priced, err := p.prices.addGroup(g)
	if err != nil {
		return err
	}
	if len(p.free) == 0 {
		p.free = make([]UsageRow, slab)
	}
	row := &p.free[0]
	p.free = p.free[1:]
	row.Group = Labels{Names: p.names, Values: g.Key}
	p.collected = append(p.collected, collected{row: row})
	for d, value := range g.Key {
		p.places = append(p.places, p.lists[d].place(value))
	}
	if err := p.total.count(g); err != nil {
		return err
	}
	return row.add(g, ref, priced)
}

// collected is a row, and its place in the order of keys.
type collected struct {
	place uint64
	row   *UsageRow
}

// values numbers the values of a dimension as they come.
type values struct {
	numbers map[string]uint32
	last    string // the value that came last, and its number
	number  uint32
}

func (v *values) place(value string) uint32 {
	if value == v.last && v.numbers != nil {
		return v.number
	}
	n, ok := v.numbers[value]
	if !ok {
		if v.numbers == nil {
			v.numbers = map[string]uint32{}
		}
		n = uint32(len(v.numbers))
		v.numbers[value] = n
	}
	v.last, v.number = value, n
	return n
}

// ranks are the values' places in their order, by their numbers.
func (v *values) ranks() []uint64 {
	ranks := make([]uint64, len(v.numbers))
	for rank, value := range slices.Sorted(maps.Keys(v.numbers)) {
		ranks[v.numbers[value]] = uint64(rank)
	}
	return ranks
}

// inOrder sorts the collected rows by their keys and puts those of one key together. There are few values on each
// dimension beside the rows, so that ranks are compared in place of texts, as long as the ranks of all dimensions fit one
// number.
func (p *report) inOrder() ([]*UsageRow, error) {
	fits, all := true, uint64(1)
	for d := range p.lists {
		ranks := p.lists[d].ranks()
		high, low := bits.Mul64(all, uint64(len(ranks)))
		fits, all = fits && high == 0, low
		for i := range p.collected {
			c := &p.collected[i]
			c.place = c.place*uint64(len(ranks)) + ranks[p.places[i*len(p.lists)+d]]
		}
	}
	p.places = nil
	if fits {
		slices.SortFunc(p.collected, func(x, y collected) int { return cmp.Compare(x.place, y.place) })
	} else {
		slices.SortFunc(p.collected, func(x, y collected) int { return slices.Compare(x.row.Group.Values, y.row.Group.Values) })
	}
	list := make([]*UsageRow, 0, len(p.collected))
	for i, c := range p.collected {
		same := i > 0 && c.place == p.collected[i-1].place && (fits || slices.Equal(c.row.Group.Values, p.collected[i-1].row.Group.Values))
		if !same {
			list = append(list, c.row)
		} else if err := list[len(list)-1].absorb(c.row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// add puts a row of a log into its group and the total.
func (p *report) add(g *warehouse.Group) error {
	ref, priced, err := p.prices.addGroup(g)
	if err != nil {
		return err
	}
	p.key = p.key[:0]
	for _, value := range g.Key {
		p.key = append(append(p.key, value...), 0)
	}
	row := p.rows[string(p.key)]
	if row == nil {
		row = &UsageRow{Group: Labels{Names: p.names, Values: slices.Clone(g.Key)}}
		p.rows[string(p.key)] = row
	}
	if err := p.total.count(g); err != nil {
		return err
	}
	return row.add(g, ref, priced)
}

// finish prices the groups and lists them in order.
func (p *report) finish() ([]*UsageRow, error) {
	list, err := p.inOrder()
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(p.rows)) {
		list = append(list, p.rows[key])
	}
	for _, row := range list {
		if err := row.finish(); err != nil {
			return nil, err
		}
	}
	return list, p.total.finish()
}

// absorb adds a row of the same key, whose calls fall under one set of rates or none.
func (r *UsageRow) absorb(o *UsageRow) error {
	r.Calls += o.Calls
	r.requests += o.requests
	r.unknown += o.unknown
	r.unreported += o.unreported
	var err error
	if r.reported, err = r.reported.Add(o.reported); err != nil {
		return err
	}
	if err := r.Tokens.Add(&o.Tokens); err != nil {
		return err
	}
	return r.sums.add(o.sums.one, o.sums.one.Sheet != nil, &o.Tokens)
}

// add counts rows and what they cost.
func (r *UsageRow) add(g *warehouse.Group, ref price.Ref, priced bool) error {
	if err := r.count(g); err != nil {
		return err
	}
	return r.sums.add(ref, priced, &g.Quantities)
}

// count counts rows.
func (r *UsageRow) count(g *warehouse.Group) error {
	r.Calls += g.Rows
	r.requests += g.Requests
	r.unknown += g.Unknown
	r.unreported += g.Unreported
	var err error
	if r.reported, err = r.reported.Add(g.Reported); err != nil {
		return err
	}
	return r.Tokens.Add(&g.Quantities)
}

func (r *UsageRow) finish() error {
	r.Input, r.Output = r.Tokens.InputTokens(), r.Tokens.OutputTokens()
	var err error
	if r.Cost, r.Complete, err = r.sums.cost(&r.Tokens); err != nil {
		return err
	}
	if r.unknown == 0 {
		r.Requests = &r.requests
	}
	if r.unreported == 0 {
		r.Reported = &r.reported
	}
	return nil
}
