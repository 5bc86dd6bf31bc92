package folder

import (
	"context"
	"iter"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
	"breakeven/money"
	"breakeven/price"
)

// Ask answers a question. Several workers take days from the list; each reads the columns that the question needs, maps
// every row to a small number, and adds up by that number. What a group of rows comes to is then added to the worker's
// answer, and the workers' answers to one another. Where the question is by day they have no group in common.
func (f *Folder) Ask(ctx context.Context, q warehouse.Question, emit func(*warehouse.Group) error) error {
	defer f.reading()()
	m, err := f.load()
	if err != nil {
		return err
	}
	sums, err := f.ask(ctx, q, m.parts(q.Selection))
	if err != nil {
		return err
	}
	for _, x := range sums {
		if err := emit(x.finish()); err != nil {
			return err
		}
	}
	return nil
}

// bounds are a selection's in microseconds.
func bounds(s warehouse.Selection) (from, to int64) {
	from, to = math.MinInt64, never
	if !s.From.IsZero() {
		from = ceilMicro(s.From)
	}
	if !s.To.IsZero() {
		to = ceilMicro(s.To)
	}
	return from, to
}

// parts are those that may hold rows of the time of a selection.
func (m *manifest) parts(s warehouse.Selection) []*part {
	from, to := bounds(s)
	var list []*part
	for i := range m.Parts {
		if p := &m.Parts[i]; p.Last >= from && p.First < to {
			list = append(list, p)
		}
	}
	return list
}

// ask answers a question from parts, which are sorted by day.
func (f *Folder) ask(ctx context.Context, q warehouse.Question, parts []*part) ([]*sum, error) {
	days := slices.Collect(chunksOf(parts, func(a, b *part) bool { return a.Day == b.Day }))
	lex := newLexicon()
	var mu sync.Mutex
	var answers []*answer
	err := inParallel(f.options.Workers, len(days), func() (func(int) error, error) {
		r, err := parquet.NewReader()
		if err != nil {
			return nil, err
		}
		s := &scanner{r: r, a: newAnswer(q, lex)}
		mu.Lock()
		answers = append(answers, s.a)
		mu.Unlock()
		return func(i int) error {
			for _, p := range days[i] {
				if err := f.askPart(ctx, s, p); err != nil {
					return err
				}
			}
			s.a.endDay()
			return nil
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return together(answers)
}

// chunksOf cuts a list between neighbours that are not alike.
func chunksOf[T any](list []T, alike func(a, b T) bool) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for begin := 0; begin < len(list); {
			end := begin + 1
			for end < len(list) && alike(list[begin], list[end]) {
				end++
			}
			if !yield(list[begin:end]) {
				return
			}
			begin = end
		}
	}
}

func (f *Folder) askPart(ctx context.Context, s *scanner, p *part) error {
	o, err := f.open(p)
	if err != nil {
		return err
	}
	defer o.close()
	for g := range o.Groups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.group(o, g); err != nil {
			return o.fault(err)
		}
	}
	return nil
}

// The slots of a group's identity.
const (
	slotHour = iota
	slotDay
	slotMonth
	slotProject
	slotUser
	slotKey
	slotProvider
	slotModel
	slotRegion
	slotTier
	slotContext
	slotAggregate
	slotEpoch
	slotEndEpoch
	slotBand
	slotPart

	slotCount
)

// identity tells groups apart: a number for each slot. Texts are numbered by the answer.
type identity [slotCount]uint32

// slotOf is the slot of a dimension.
var slotOf = [warehouse.DimensionCount]int{
	warehouse.Hour: slotHour, warehouse.Day: slotDay, warehouse.Month: slotMonth, warehouse.Project: slotProject, warehouse.User: slotUser,
	warehouse.Key: slotKey, warehouse.Provider: slotProvider, warehouse.Model: slotModel, warehouse.Tier: slotTier,
}

// columnOf is the column of a dimension that has one.
var columnOf = map[warehouse.Dimension]int{
	warehouse.Project: colProject, warehouse.User: colUser, warehouse.Key: colKey, warehouse.Provider: colProvider, warehouse.Model: colModel, warehouse.Tier: colTier,
}

// lexicon numbers texts, and context boundaries, for all workers.
type lexicon struct {
	mu    sync.Mutex
	ids   map[string]uint32
	words []string
	whole map[int64]uint32
	sizes []int64
}

func newLexicon() *lexicon { return &lexicon{ids: map[string]uint32{}, whole: map[int64]uint32{}} }

func (l *lexicon) number(word string) uint32 {
	n, ok := l.ids[word]
	if !ok {
		n = uint32(len(l.words))
		// The text may be a part of a page; keep no page for it.
		word = strings.Clone(word)
		l.ids[word] = n
		l.words = append(l.words, word)
	}
	return n
}

func (l *lexicon) boundary(size int64) uint32 {
	n, ok := l.whole[size]
	if !ok {
		n = uint32(len(l.sizes))
		l.whole[size] = n
		l.sizes = append(l.sizes, size)
	}
	return n
}

// answer is what a question has come to so far, for one worker.
type answer struct {
	q        warehouse.Question
	from, to int64
	epochs   []int64
	asked    [slotCount]bool // dimensions of the question
	columns  []slotColumn    // of texts that tell groups apart
	lex      *lexicon

	places map[identity]*sum
	done   []*sum // of days that are over, which no other day adds to
	space  []sum
	keys   []string
}

// slotColumn is a column of texts, and its slot.
type slotColumn struct{ slot, column int }

// sum is a group under construction.
type sum struct {
	group            warehouse.Group
	start, end, last int64
}

const sumsAtOnce = 256

func newAnswer(q warehouse.Question, lex *lexicon) *answer {
	a := &answer{q: q, lex: lex, places: map[identity]*sum{}}
	a.from, a.to = bounds(q.Selection)
	for _, e := range q.Cuts.Epochs {
		a.epochs = append(a.epochs, ceilMicro(e))
	}
	a.columns = []slotColumn{{slotProvider, colProvider}, {slotModel, colModel}, {slotRegion, colRegion}, {slotTier, colTier}}
	for _, d := range q.By {
		slot := slotOf[d]
		if column, ok := columnOf[d]; ok && !a.asked[slot] && slot < slotProvider {
			a.columns = append(a.columns, slotColumn{slot, column})
		}
		a.asked[slot] = true
	}
	return a
}

// endDay closes the groups of a day, if no other day can add to them.
func (a *answer) endDay() {
	if !a.asked[slotHour] && !a.asked[slotDay] {
		return
	}
	for _, x := range a.places {
		a.done = append(a.done, x)
	}
	clear(a.places)
}

// together is the groups of all answers.
func together(answers []*answer) ([]*sum, error) {
	if len(answers) == 0 {
		return nil, nil
	}
	first := answers[0]
	for _, a := range answers[1:] {
		first.done = append(first.done, a.done...)
		for id, x := range a.places {
			if y := first.places[id]; y == nil {
				first.places[id] = x
			} else if err := y.add(x); err != nil {
				return nil, err
			}
		}
	}
	return slices.AppendSeq(first.done, maps.Values(first.places)), nil
}

// add adds the rows of a sum of the same identity.
func (x *sum) add(y *sum) error {
	x.start, x.last, x.end = min(x.start, y.start), max(x.last, y.last), max(x.end, y.end)
	to, from := &x.group, &y.group
	to.Reach = min(to.Reach, from.Reach)
	to.Rows += from.Rows
	to.Requests += from.Requests
	to.Unknown += from.Unknown
	to.Failed += from.Failed
	to.Reported += from.Reported
	to.Unreported += from.Unreported
	over := to.Rows | to.Requests | to.Unknown | to.Failed | int64(to.Reported) | to.Unreported
	for k := range to.Quantities {
		to.Quantities[k] += from.Quantities[k]
		over |= to.Quantities[k]
	}
	if over < 0 { // none was negative
		return warehouse.ErrOverflow
	}
	return nil
}

// finish is the group as it is handed on.
func (x *sum) finish() *warehouse.Group {
	x.group.Start = instant(x.start)
	if x.end != parquet.Null {
		x.group.End = instant(x.end)
	}
	return &x.group
}

// epoch is how many epochs lie at or before an instant.
func (a *answer) epoch(micros int64) int {
	n, found := slices.BinarySearch(a.epochs, micros)
	if found {
		n++
	}
	return n
}

// axis is what tells the rows of a group of rows apart: a number for each row.
type axis struct {
	slot  int
	index []uint32
	size  int
	// words are the texts that the numbers stand for; values are what they stand for otherwise, plus first.
	words  []string
	values []int64
}

// scanner reads groups of rows, one after another. Its space is used again.
type scanner struct {
	r *parquet.Reader
	a *answer

	starts, ends, requests, reported, context, reach []int64
	kinds                                            [price.KindCount][]int64
	failed                                           []bool
	index                                            [columnCount][]uint32
	hours, epochs, endEpochs, bands, weeks, contexts []uint32
	aggregate                                        []uint32
	drop                                             []bool
	code                                             []uint32
	table                                            []uint32
	axes                                             []axis
	fixed                                            [slotCount]axis // of one value for all rows
	total                                            totals
}

// totals are the sums of a group of rows, by the number of the group that a row belongs to. Number 0 is of the rows that
// are not selected.
type totals struct {
	first                                               []uint32 // a row of it
	rows, requests, unknown, failed, reported, unreport []int64
	start, last, end, reach                             []int64
	kinds                                               [price.KindCount][]int64
}

// column reads a column of integers, cut to the selected time. Nil means one value for all rows.
func (s *scanner) column(o *openPart, g, column int, space *[]int64, lo, hi int) (values []int64, same int64, err error) {
	values, same, err = s.r.Ints(o.File, g, column, *space)
	if err != nil || values == nil {
		return nil, same, err
	}
	*space = values
	return values[lo:hi], 0, nil
}

func (s *scanner) group(o *openPart, g int) error {
	a := s.a
	least, most, _, _ := o.Range(g, colStart)
	if most < a.from || least >= a.to {
		return nil
	}
	rows := o.GroupRows(g)
	starts, same, err := s.r.Ints(o.File, g, colStart, s.starts)
	if err != nil {
		return err
	}
	if starts == nil {
		starts = filled(s.starts[:0], rows, same)
	}
	s.starts = starts
	lo, hi := 0, rows
	if least < a.from {
		lo, _ = slices.BinarySearch(starts, a.from)
	}
	if most >= a.to {
		hi, _ = slices.BinarySearch(starts, a.to)
	}
	if lo >= hi {
		return nil
	}
	starts = starts[lo:hi]
	n := len(starts)
	s.axes = s.axes[:0]
	s.fixed = [slotCount]axis{}

	filtered, none, err := s.filter(o, g, lo, hi)
	if err != nil || none {
		return err
	}
	for _, c := range a.columns {
		index, words, err := s.r.Text(o.File, g, c.column, s.index[c.column])
		if err != nil {
			return err
		}
		if index == nil {
			s.fixed[c.slot] = axis{words: words}
			continue
		}
		s.index[c.column] = index
		s.axis(axis{slot: c.slot, index: index[lo:hi], size: len(words), words: words})
	}
	context, sameContext, err := s.column(o, g, colContext, &s.context, lo, hi)
	if err != nil {
		return err
	}
	s.contextAxis(context, sameContext)
	ends, sameEnd, err := s.column(o, g, colEnd, &s.ends, lo, hi)
	if err != nil {
		return err
	}
	requests, sameRequests, err := s.column(o, g, colRequests, &s.requests, lo, hi)
	if err != nil {
		return err
	}
	reported, sameReported, err := s.column(o, g, colReported, &s.reported, lo, hi)
	if err != nil {
		return err
	}
	if s.failed, err = s.r.Flags(o.File, g, colFailed, s.failed); err != nil {
		return err
	}
	t := &s.total
	var kinds [price.KindCount][]int64
	var sameKinds [price.KindCount]int64
	for k := range price.KindCount {
		if k == price.Request {
			continue
		}
		if kinds[k], sameKinds[k], err = s.column(o, g, kindColumn(k), &s.kinds[k], lo, hi); err != nil {
			return err
		}
	}
	s.reaches(n, &kinds, &sameKinds)
	s.aggregates(n, ends, sameEnd, requests, sameRequests)
	s.timeAxes(starts)
	s.endAxis(starts, ends, sameEnd)
	s.bandAxis()

	groups := s.number(n, filtered)
	t.clear(groups)
	for i, id := range s.code {
		if t.rows[id]++; t.rows[id] == 1 {
			t.first[id], t.start[id], t.last[id], t.reach[id] = uint32(i), starts[i], starts[i], s.reach[i]
			continue
		}
		t.last[id] = max(t.last[id], starts[i])
		t.start[id] = min(t.start[id], starts[i])
		t.reach[id] = min(t.reach[id], s.reach[i])
	}
	if ends != nil || sameEnd != parquet.Null {
		for i, id := range s.code {
			t.end[id] = max(t.end[id], at(ends, sameEnd, i))
		}
	}
	if err := addKnown(t.requests, t.unknown, t.rows, s.code, requests, sameRequests); err != nil {
		return err
	}
	if err := addKnown(t.reported, t.unreport, t.rows, s.code, reported, sameReported); err != nil {
		return err
	}
	if s.failed != nil {
		for i, failed := range s.failed[lo:hi] {
			if failed {
				t.failed[s.code[i]]++
			}
		}
	}
	for k := range kinds {
		if kinds[k] == nil && sameKinds[k] == 0 {
			clear(t.kinds[k])
			continue
		}
		_, most, _, _ := o.Range(g, kindColumn(price.Kind(k)))
		if err := add(t.kinds[k], t.rows, s.code, kinds[k], sameKinds[k], most); err != nil {
			return err
		}
	}
	return a.take(s, groups)
}

func at(values []int64, same int64, i int) int64 {
	if values == nil {
		return same
	}
	return values[i]
}

func (s *scanner) axis(x axis) {
	s.axes = append(s.axes, x)
}

// filter marks the rows that the filters do not let through. None says that no row gets through.
func (s *scanner) filter(o *openPart, g, lo, hi int) (some, none bool, err error) {
	for _, f := range s.a.q.Only {
		column, ok := columnOf[f.Dimension]
		if !ok {
			continue
		}
		index, words, err := s.r.Text(o.File, g, column, s.index[column])
		if err != nil {
			return false, false, err
		}
		let := make([]bool, len(words))
		all, any := true, false
		for i, w := range words {
			let[i] = slices.Contains(f.Values, w)
			all, any = all && let[i], any || let[i]
		}
		switch {
		case !any:
			return false, true, nil
		case all:
			continue
		}
		s.index[column] = index
		if !some {
			s.drop = slices.Grow(s.drop[:0], hi-lo)[:hi-lo]
			clear(s.drop)
			some = true
		}
		for i, w := range index[lo:hi] {
			if !let[w] {
				s.drop[i] = true
			}
		}
	}
	return some, false, nil
}

// number gives each row the number of its group, and returns how many there are.
func (s *scanner) number(n int, filtered bool) int {
	s.code = slices.Grow(s.code[:0], n)[:n]
	clear(s.code)
	size := 1
	for i := range s.axes {
		x := &s.axes[i]
		if size > 1 && size*x.size > mostCodes {
			size = s.relabel(size)
		}
		m := uint32(x.size)
		code := s.code[:len(x.index)]
		for i, at := range x.index {
			code[i] = code[i]*m + at
		}
		size *= x.size
	}
	if size > mostCodes {
		size = s.relabel(size)
	}
	if filtered {
		for i, drop := range s.drop {
			if drop {
				s.code[i] = 0
			} else {
				s.code[i]++
			}
		}
		size++
	}
	if size > 1 {
		return s.relabelFrom(size, filtered)
	}
	for i := range s.code {
		s.code[i] = 1
	}
	return 1
}

// mostCodes is how many combinations of numbers are looked up in a table.
const mostCodes = 1 << 20

// relabel numbers the combinations that there are.
func (s *scanner) relabel(size int) int { return s.assign(size, 0, false) }

// relabelFrom numbers them from 1; code 0 stays 0 where it is that of dropped rows.
func (s *scanner) relabelFrom(size int, dropped bool) int { return s.assign(size, 1, dropped) - 1 }

func (s *scanner) assign(size, from int, dropped bool) (next int) {
	next = from
	if size > mostCodes {
		labels := map[uint32]uint32{}
		if dropped {
			labels[0] = 0
		}
		for i, c := range s.code {
			label, ok := labels[c]
			if !ok {
				label = uint32(next)
				labels[c] = label
				next++
			}
			s.code[i] = label
		}
		return next
	}
	s.table = slices.Grow(s.table[:0], size)[:size]
	clear(s.table)
	if dropped {
		s.table[0] = 1
	}
	for i, c := range s.code {
		label := s.table[c]
		if label == 0 {
			next++
			label = uint32(next)
			s.table[c] = label
		}
		s.code[i] = label - 1
	}
	return next
}

// reaches adds up the input of each row.
func (s *scanner) reaches(n int, kinds *[price.KindCount][]int64, same *[price.KindCount]int64) {
	s.reach = slices.Grow(s.reach[:0], n)[:n]
	base := int64(0)
	var first []int64
	rest := make([][]int64, 0, price.KindCount)
	for k := range price.KindCount {
		if k.Side() != price.InputSide {
			continue
		}
		switch {
		case kinds[k] == nil:
			base += same[k]
		case first == nil:
			first = kinds[k]
		default:
			rest = append(rest, kinds[k])
		}
	}
	if first == nil {
		for i := range s.reach {
			s.reach[i] = base
		}
		return
	}
	for i, v := range first {
		s.reach[i] = base + v
	}
	for _, c := range rest {
		for i, v := range c {
			s.reach[i] += v
		}
	}
}

// aggregates finds the rows that add several calls up; they may reach farther than their mean.
func (s *scanner) aggregates(n int, ends []int64, sameEnd int64, requests []int64, sameRequests int64) {
	if ends == nil && sameEnd == parquet.Null && requests == nil && sameRequests == 1 {
		s.fixed[slotAggregate] = axis{values: []int64{0}}
		return
	}
	s.aggregate = slices.Grow(s.aggregate[:0], n)[:n]
	for i := range s.aggregate {
		r := at(requests, sameRequests, i)
		s.aggregate[i] = 0
		if at(ends, sameEnd, i) != parquet.Null || r != 1 {
			s.aggregate[i] = 1
			if r > 0 {
				s.reach[i] = s.reach[i] / r * 4
			}
		}
	}
	s.axis(axis{slot: slotAggregate, index: s.aggregate, size: 2, values: []int64{0, 1}})
}

// contextAxis tells context boundaries apart.
func (s *scanner) contextAxis(context []int64, same int64) {
	if context == nil {
		s.fixed[slotContext] = axis{values: []int64{same}}
		return
	}
	s.contexts = slices.Grow(s.contexts[:0], len(context))[:len(context)]
	s.axis(distinctAxis(slotContext, s.contexts, context))
}

// distinctAxis numbers the values of rows.
func distinctAxis(slot int, index []uint32, values []int64) axis {
	x := axis{slot: slot, index: index}
	places := map[int64]uint32{}
	for i, v := range values {
		if i > 0 && v == values[i-1] {
			index[i] = index[i-1]
			continue
		}
		place, ok := places[v]
		if !ok {
			place = uint32(len(x.values))
			places[v] = place
			x.values = append(x.values, v)
		}
		index[i] = place
	}
	x.size = len(x.values)
	return x
}

const microsPerHour = 3_600_000_000

// timeAxes tell hours, epochs and parts of the week apart. Rows are sorted by start.
func (s *scanner) timeAxes(starts []int64) {
	a := s.a
	first, last := starts[0], starts[len(starts)-1]
	// Months of a trace without dates end within a day.
	if a.asked[slotHour] || a.asked[slotMonth] && !warehouse.Dated(instant(first)) {
		s.hours = s.steps(slotHour, s.hours, starts, func(at int64) int64 { return floorDiv(at, microsPerHour) }, func(step int64) int64 { return (step + 1) * microsPerHour })
	} else {
		s.fixed[slotHour] = axis{values: []int64{floorDiv(first, microsPerHour)}}
	}
	if len(a.epochs) > 0 && a.epoch(first) != a.epoch(last) {
		s.epochs = s.steps(slotEpoch, s.epochs, starts, func(at int64) int64 { return int64(a.epoch(at)) }, func(step int64) int64 {
			if step == int64(len(a.epochs)) {
				return never
			}
			return a.epochs[step]
		})
	} else {
		s.fixed[slotEpoch] = axis{values: []int64{int64(a.epoch(first))}}
	}
	if len(a.q.Cuts.Minutes) == 0 {
		s.fixed[slotPart] = axis{values: []int64{0}}
		return
	}
	const minute = 60_000_000
	axes := len(s.axes)
	s.weeks = s.steps(slotPart, s.weeks, starts, func(at int64) int64 { return floorDiv(at, minute) }, func(step int64) int64 { return (step + 1) * minute })
	if len(s.axes) == axes { // one minute
		f := &s.fixed[slotPart]
		f.values = []int64{int64(a.q.Cuts.Part(instant(f.values[0] * minute)))}
		return
	}
	x := &s.axes[axes]
	parts := make([]uint32, len(x.values))
	for i, m := range x.values {
		parts[i] = uint32(a.q.Cuts.Part(instant(m * minute)))
	}
	for i, at := range x.index {
		x.index[i] = parts[at]
	}
	x.size = len(a.q.Cuts.Minutes)
	x.values = make([]int64, x.size)
	for i := range x.values {
		x.values[i] = int64(i)
	}
}

// steps numbers the steps that sorted rows go up.
func (s *scanner) steps(slot int, space []uint32, starts []int64, step func(at int64) int64, end func(step int64) int64) []uint32 {
	if step(starts[0]) == step(starts[len(starts)-1]) {
		s.fixed[slot] = axis{values: []int64{step(starts[0])}}
		return space
	}
	index := slices.Grow(space[:0], len(starts))[:len(starts)]
	x := axis{slot: slot, index: index}
	next := int64(math.MinInt64)
	for i, at := range starts {
		if at >= next {
			v := step(at)
			x.values = append(x.values, v)
			next = end(v)
		}
		index[i] = uint32(len(x.values) - 1)
	}
	x.size = len(x.values)
	s.axis(x)
	return index
}

// endAxis tells apart the epochs in which buckets end. A row without an end ends where it starts.
func (s *scanner) endAxis(starts, ends []int64, same int64) {
	a := s.a
	if len(a.epochs) == 0 {
		s.fixed[slotEndEpoch] = axis{values: []int64{0}}
		return
	}
	if ends == nil && same == parquet.Null {
		// As the start, which is told apart already.
		s.fixed[slotEndEpoch] = axis{values: []int64{noEnd}}
		return
	}
	s.endEpochs = slices.Grow(s.endEpochs[:0], len(starts))[:len(starts)]
	values := make([]int64, len(starts))
	for i := range starts {
		values[i] = noEnd
		if e := at(ends, same, i); e != parquet.Null {
			values[i] = int64(a.epoch(e))
		}
	}
	s.axis(distinctAxis(slotEndEpoch, s.endEpochs, values))
}

// noEnd stands for the epoch of the start.
const noEnd = -1

// bandAxis tells apart how far prompts reach.
func (s *scanner) bandAxis() {
	cuts := &s.a.q.Cuts
	if len(cuts.Bands) == 0 {
		s.fixed[slotBand] = axis{values: []int64{0}}
		return
	}
	s.bands = slices.Grow(s.bands[:0], len(s.reach))[:len(s.reach)]
	for i, r := range s.reach {
		s.bands[i] = uint32(cuts.Band(r))
	}
	x := axis{slot: slotBand, index: s.bands, size: len(cuts.Bands) + 1}
	for b := range x.size {
		x.values = append(x.values, int64(b))
	}
	s.axis(x)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// clear makes space for groups 1 to n, and 0.
func (t *totals) clear(n int) {
	n++
	t.first = slices.Grow(t.first[:0], n)[:n]
	for _, c := range []*[]int64{&t.rows, &t.requests, &t.unknown, &t.failed, &t.reported, &t.unreport, &t.start, &t.last, &t.end, &t.reach} {
		*c = slices.Grow((*c)[:0], n)[:n]
		clear(*c)
	}
	for i := range t.end {
		t.end[i] = parquet.Null
	}
	for k := range t.kinds {
		t.kinds[k] = slices.Grow(t.kinds[k][:0], n)[:n]
	}
}

// add adds a column up by group. Its values are most at most.
func add(sums, rows []int64, code []uint32, values []int64, same, most int64) error {
	clear(sums)
	if values == nil {
		for id := range sums {
			high, low := bits.Mul64(uint64(same), uint64(rows[id]))
			if id > 0 && (high > 0 || low > math.MaxInt64) {
				return warehouse.ErrOverflow
			}
			sums[id] = int64(low)
		}
		return nil
	}
	if most <= math.MaxInt64/int64(len(values)) {
		for i, v := range values {
			sums[code[i]] += v
		}
		return nil
	}
	for i, v := range values {
		id := code[i]
		if sums[id] += v; sums[id] < 0 && id > 0 {
			return warehouse.ErrOverflow
		}
	}
	return nil
}

// addKnown adds up a column that some rows do not know, and counts those.
func addKnown(sums, unknown, rows []int64, code []uint32, values []int64, same int64) error {
	switch {
	case values == nil && same == parquet.Null:
		copy(unknown, rows)
		return nil
	case values == nil:
		return add(sums, rows, code, nil, same, same)
	}
	for i, v := range values {
		id := code[i]
		if v == parquet.Null {
			unknown[id]++
			continue
		}
		if sums[id] += v; sums[id] < 0 && id > 0 {
			return warehouse.ErrOverflow
		}
	}
	return nil
}

// take adds what a group of rows comes to.
func (a *answer) take(s *scanner, groups int) error {
	base, numbers, moments, hourAxis := a.number(s)
	t := &s.total
	for g := 1; g <= groups; g++ {
		id, row := base, t.first[g]
		for i := range s.axes {
			x := &s.axes[i]
			id[x.slot] = numbers[i][x.index[row]]
		}
		hour := uint32(0)
		if hourAxis >= 0 {
			hour = s.axes[hourAxis].index[row]
		}
		m := &moments[hour]
		id[slotHour], id[slotDay], id[slotMonth] = m[0], m[1], m[2]
		// A row without an end ends in the epoch in which it starts.
		if id[slotEndEpoch] == uint32(math.MaxUint32) {
			id[slotEndEpoch] = id[slotEpoch]
		}
		x := a.places[id]
		if x == nil {
			var err error
			if x, err = a.begin(id); err != nil {
				return err
			}
			x.start, x.end, x.last = t.start[g], parquet.Null, t.last[g]
			x.group.Reach = t.reach[g]
		}
		if err := t.addTo(x, g); err != nil {
			return err
		}
	}
	return nil
}

// addTo adds a group of a group of rows to a sum.
func (t *totals) addTo(x *sum, g int) error {
	one := sum{start: t.start[g], end: t.end[g], last: t.last[g]}
	from := &one.group
	from.Reach, from.Rows, from.Requests, from.Unknown, from.Failed = t.reach[g], t.rows[g], t.requests[g], t.unknown[g], t.failed[g]
	from.Reported, from.Unreported = money.USD(t.reported[g]), t.unreport[g]
	for k := range t.kinds {
		from.Quantities[k] = t.kinds[k][g]
	}
	from.Quantities[price.Request] = from.Requests
	return x.add(&one)
}

// number gives the values by which the rows differ, and those that they share, the numbers of the lexicon.
func (a *answer) number(s *scanner) (base identity, numbers [][]uint32, moments [][3]uint32, hourAxis int) {
	a.lex.mu.Lock()
	defer a.lex.mu.Unlock()
	for slot := range s.fixed {
		if x := &s.fixed[slot]; x.words != nil || x.values != nil {
			base[slot] = a.numbers(slot, x)[0]
		}
	}
	numbers = make([][]uint32, len(s.axes))
	hourAxis = -1
	hours := s.fixed[slotHour].values
	for i := range s.axes {
		numbers[i] = a.numbers(s.axes[i].slot, &s.axes[i])
		if s.axes[i].slot == slotHour {
			hourAxis, hours = i, s.axes[i].values
		}
	}
	moments = make([][3]uint32, len(hours))
	for i, h := range hours {
		at := instant(h * microsPerHour)
		for d, slot := range [3]int{slotHour, slotDay, slotMonth} {
			if a.asked[slot] {
				moments[i][d] = a.lex.number(warehouse.Moment(warehouse.Hour+warehouse.Dimension(d), at))
			}
		}
	}
	return base, numbers, moments, hourAxis
}

// numbers are the numbers of the values of an axis.
func (a *answer) numbers(slot int, x *axis) []uint32 {
	list := make([]uint32, max(len(x.words), len(x.values)))
	for i := range list {
		switch {
		case x.words != nil:
			list[i] = a.lex.number(x.words[i])
		case slot == slotContext:
			list[i] = a.lex.boundary(x.values[i])
		default:
			list[i] = uint32(x.values[i])
		}
	}
	return list
}

// begin begins a group: what all its rows share.
func (a *answer) begin(id identity) (*sum, error) {
	if len(a.space) == 0 {
		a.space = make([]sum, sumsAtOnce)
		a.keys = make([]string, sumsAtOnce*len(a.q.By))
	}
	x := &a.space[0]
	a.space = a.space[1:]
	a.places[id] = x
	a.lex.mu.Lock()
	words, sizes := a.lex.words, a.lex.sizes // what they have now they keep
	a.lex.mu.Unlock()
	g := &x.group
	var err error
	if g.Tier, err = price.ParseTier(words[id[slotTier]]); err != nil {
		return nil, err
	}
	g.Provider, g.Model, g.Region = words[id[slotProvider]], words[id[slotModel]], words[id[slotRegion]]
	g.ContextOver, g.Aggregate = sizes[id[slotContext]], id[slotAggregate] == 1
	n := len(a.q.By)
	g.Key, a.keys = a.keys[:n:n], a.keys[n:]
	for i, d := range a.q.By {
		g.Key[i] = words[id[slotOf[d]]]
	}
	return x, nil
}
