package usage

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/price"
)

// BillClass is what a line of a bill is for.
type BillClass string

// The classes.
const (
	BillUsage      BillClass = "usage"      // tokens of a model
	BillService    BillClass = "service"    // something else that the vendor does for calls: searches, code, sessions
	BillTax        BillClass = "tax"        //
	BillCredit     BillClass = "credit"     // a credit, a refund, a promotion
	BillDiscount   BillClass = "discount"   // a reduction that the bill lists apart
	BillFee        BillClass = "fee"        // a fee, an adjustment
	BillCommitment BillClass = "commitment" // what was reserved, and what that takes off
)

// BillLine is one line of a bill: an amount, and what the source says of what it is for.
type BillLine struct {
	Class BillClass
	// Start and End are the span that the line is for. End is zero where the line is about one call.
	Start, End time.Time

	Provider, Model, Region, Project string // as the source names them; empty where it does not
	// Kinds are the kinds of tokens that the line is about; none where it does not say, which means all.
	Kinds []price.Kind
	Tier  price.Tier
	// TierKnown tells a line that names its tier, or whose source names every tier but the standard one, from a line of
	// a source that tells no tiers apart. ContextKnown is the same for ContextOver.
	TierKnown, ContextKnown bool
	ContextOver             int64 // the context boundary that the line's calls exceed; zero where they do not
	Quantity                Count // what was counted, where the line says so

	Amount money.USD // exact, or rounded to the ninth decimal where the source writes more
	// Rounding is how far the source's own rounding may have moved the amount, either way.
	Rounding money.USD
	Meter    string // what the source calls the thing, for people
	Line     int    // where it stands in its file, from 1
}

// BillSummary tells what was read of a bill and how it was understood. Rows = Billed + Skipped + Faulty, always.
type BillSummary struct {
	Name      string          `json:"name"`
	Format    string          `json:"format"`
	FormatWhy string          `json:"format_why" doc:"The evidence for the format."`
	Rounding  string          `json:"rounding" doc:"How far the source's own rounding may move an amount, in words."`
	Rows      int64           `json:"rows" doc:"Rows seen."`
	Billed    int64           `json:"billed" doc:"Rows that became lines of the bill."`
	Skipped   int64           `json:"skipped" doc:"Rows that are not compared, by reason in skips."`
	Faulty    int64           `json:"faulty" doc:"Rows that could not be understood; the first ones are in faults."`
	Skips     []Skip          `json:"skips,omitempty"`
	Faults    []RowError      `json:"faults,omitempty"`
	Foreign   []ForeignAmount `json:"foreign,omitempty" doc:"Amounts in another currency than the dollar. They are not converted and not compared."`
	From      time.Time       `json:"from,omitzero" doc:"The begin of the earliest line."`
	To        time.Time       `json:"to,omitzero" doc:"The end of the latest line."`
	Notes     []string        `json:"notes,omitempty"`
}

// ForeignAmount is what a bill holds in one currency other than the dollar.
type ForeignAmount struct {
	Currency string `json:"currency"`
	Rows     int64  `json:"rows"`
	Amount   string `json:"amount" doc:"The exact sum in that currency."`
}

// BillOptions say how to read a bill. The zero value detects everything.
type BillOptions struct {
	Format    string // a name from [BillFormats]; empty to detect it
	MaxLine   int    // the longest line or JSON element in bytes; zero means [DefaultMaxLine]
	MaxFaults int    // how many bad rows the summary keeps; zero means [DefaultMaxFaults]
	Strict    bool   // the first bad row is an error
}

// ReadBill reads what a vendor, a cloud or a gateway billed, and hands each line to emit, in the file's order and in
// constant memory. The *BillLine is reused: copy what must outlive the function. The name is for messages.
//
// Amounts are read from their decimal text. A row in another currency than the dollar is added up in the summary and
// not handed on. A row that cannot be understood is counted and the first ones are kept, unless Strict says otherwise.
// An error is a [*FileError], a [*RowError] where Strict, or whatever emit returned; the summary then says how far
// reading got.
func ReadBill(name string, r io.Reader, o BillOptions, emit func(*BillLine) error) (BillSummary, error) {
	if o.MaxLine <= 0 {
		o.MaxLine = DefaultMaxLine
	}
	if o.MaxFaults <= 0 {
		o.MaxFaults = DefaultMaxFaults
	}
	b := &billReader{opt: o, emit: emit, sum: BillSummary{Name: name}, skips: map[string]int64{}, foreign: map[string]*foreignSum{}}
	err := b.read(r)
	return b.finish(), err
}

// BillFormats lists the bills that [ReadBill] knows.
func BillFormats() []Format {
	list := make([]Format, 0, len(billFormats()))
	for _, f := range billFormats() {
		d := Format{Name: f.name, Title: f.title, Detect: "it has " + strings.Join(f.signs, ", "), Grain: PerBucket, Why: f.rounding.text}
		for column, c := range f.columns {
			d.Fields = append(d.Fields, FieldName{Field: billFieldNames[c.f], Name: column})
		}
		slices.SortFunc(d.Fields, func(a, b FieldName) int {
			x, y := f.columns[a.Name], f.columns[b.Name]
			return cmp.Or(cmp.Compare(x.f, y.f), cmp.Compare(x.rank, y.rank), strings.Compare(a.Name, b.Name))
		})
		list = append(list, d)
	}
	return list
}

// billField is one thing that a row of a bill may say.
type billField uint8

const (
	bTime billField = iota
	bEnd
	bClass
	bService
	bProvider
	bModel
	bMeter
	bKind
	bTier
	bSpeed
	bContext
	bRegion
	bProject
	bQuantity
	bUnit
	bAmount
	bList // the amount before a discount
	bCurrency

	billFieldCount
)

var billFieldNames = [billFieldCount]string{
	bTime: "time", bEnd: "end", bClass: "class", bService: "service", bProvider: "provider", bModel: "model", bMeter: "meter", bKind: "kind", bTier: "tier",
	bSpeed: "speed", bContext: "context", bRegion: "region", bProject: "project", bQuantity: "quantity", bUnit: "unit", bAmount: "amount", bList: "list_amount",
	bCurrency: "currency",
}

// billColumn says which field a column fills; where several fill one, the lowest rank wins.
type billColumn struct {
	f    billField
	rank uint8
}

// billRounding is how a source rounds.
type billRounding struct {
	most money.USD // the furthest that an amount may be moved
	text string
}

// The roundings of sources.
var (
	toNanos  = billRounding{1, "amounts are decimals or floats, and are read to the ninth decimal"}
	toMicros = billRounding{500, "amounts are floats with six decimals"}
	toCents  = billRounding{5_000_000, "each amount is rounded to whole cents"}
)

// billFormat is how one source writes its bill.
type billFormat struct {
	name, title  string
	json         bool     // JSON, else delimited text
	both         bool     // either
	anyCase      bool     // columns differ in case; signs and columns are in lower case
	signs        []string // columns or paths, all of which must be there; of a|b either
	columns      map[string]billColumn
	nested       []string // columns whose text is JSON
	keys         [][]string
	inner        string // a list whose elements are lines of their own
	outer        bool   // what holds that list is a line as well
	provider     string // who bills, where no column says so
	days         bool   // a line is about a day, whatever clock time it shows
	costExponent int    // amounts are in dollars times ten to minus this
	rounding     billRounding
	tiers        bool // the source tells tiers apart
	note         string
	// adjust says what the row is for. It returns why the row is not compared, if it is not.
	adjust func(c *billCells, l *BillLine) (skip string, wrong *billProblem)
}

// shown reports whether a file has the format's signs.
func (f *billFormat) shown(c *content) bool {
	if f.anyCase {
		return among(c.lowered(), f.signs)
	}
	return among(c.set, f.signs)
}

// column is the field that a column fills.
func (f *billFormat) column(name string) (billColumn, bool) {
	if f.anyCase {
		name = strings.ToLower(name)
	}
	column, ok := f.columns[name]
	return column, ok
}

// billCells is a row of a bill as text.
type billCells struct {
	text  [billFieldCount]string
	name  [billFieldCount]string
	rank  [billFieldCount]uint8
	line  int
	inner bool // an element of the list inside another row
	twice string
}

func (c *billCells) set(column billColumn, name, text string) {
	if text == "" || c.text[column.f] != "" && column.rank >= c.rank[column.f] {
		return
	}
	c.text[column.f], c.name[column.f], c.rank[column.f] = text, name, column.rank
}

// billProblem is a fault that was found in a row.
type billProblem struct {
	f             billField
	problem, hint string
}

// billReader is one reading of one bill.
type billReader struct {
	opt     BillOptions
	emit    func(*BillLine) error
	format  *billFormat
	sum     BillSummary
	line    BillLine
	skips   map[string]int64
	order   []string
	foreign map[string]*foreignSum
	dayOnly bool
}

type foreignSum struct {
	rows  int64
	total money.Sum
}

func (b *billReader) read(r io.Reader) error {
	src, err := open(b.sum.Name, r, b.opt.MaxLine)
	if err != nil {
		return err
	}
	c, err := inspect(src)
	if err != nil {
		return err
	}
	if err := b.choose(c); err != nil {
		return err
	}
	if c.json {
		return b.records(src, c)
	}
	return b.table(src)
}

// choose finds the bill's format.
func (b *billReader) choose(c *content) error {
	var names []string
	for _, f := range billFormats() {
		names = append(names, f.name)
		fits := f.both || f.json == c.json
		switch {
		case b.opt.Format == "" && fits && f.shown(c):
			b.sum.FormatWhy = "it is " + c.what() + " with " + strings.Join(f.signs, ", ")
		case b.opt.Format == f.name && !fits:
			return &FileError{File: b.sum.Name, Problem: fmt.Sprintf("is %s, and %s is not", c.what(), f.title)}
		case b.opt.Format == f.name:
			b.sum.FormatWhy = "it was named"
		default:
			continue
		}
		b.format, b.sum.Format, b.sum.Rounding = f, f.name, f.rounding.text
		return nil
	}
	problem := "is no bill of a kind that is known"
	if b.opt.Format != "" {
		problem = fmt.Sprintf("is to be read as %q, which is no bill that is known", clip(b.opt.Format))
	}
	return &FileError{File: b.sum.Name, Problem: problem, Hint: "the bills are " + strings.Join(names, ", ")}
}

// table reads delimited text.
func (b *billReader) table(src *source) error {
	t, err := newTable(src)
	if err != nil {
		return err
	}
	type bound struct {
		column billColumn
		known  bool
		nested bool
	}
	bindings := make([]bound, len(t.header))
	at := map[string]int{}
	for i, name := range t.header {
		column, known := b.format.column(name)
		bindings[i] = bound{column, known, slices.Contains(b.format.nested, name)}
		if first, twice := at[name]; twice && (known || bindings[i].nested) {
			return &FileError{
				File: b.sum.Name, Line: t.headerLine, Problem: fmt.Sprintf("columns %d and %d of the header are both called %q", first+1, i+1, clip(name)),
				Hint: "rename one of them: which one counts cannot be told",
			}
		}
		at[name] = i
	}
	var c billCells
	for {
		cells, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(cells) != len(t.header) {
			e := &RowError{File: b.sum.Name, Line: t.lineNo, Problem: fmt.Sprintf("the row has %d cells, the header %d", len(cells), len(t.header)), Hint: "quote cells that hold the delimiter"}
			if err := b.fault(e); err != nil {
				return err
			}
			continue
		}
		c = billCells{line: t.lineNo}
		for i, cell := range cells {
			switch {
			case bindings[i].known:
				c.set(bindings[i].column, t.header[i], clean(cell))
			case bindings[i].nested && len(cell) > 0:
				// The column holds JSON of its own; what is none says nothing.
				v := billVisitor{format: b.format, cells: &c}
				_ = new(walker).walk(cell, t.header[i], &v)
			}
		}
		if err := b.row(&c); err != nil {
			return err
		}
	}
}

// records reads JSON: one record a line, one after another, or the elements of lists.
func (b *billReader) records(src *source, content *content) error {
	one := func(raw []byte, line int) error {
		v := billVisitor{format: b.format, cells: &billCells{line: line}}
		if err := new(walker).walk(raw, "", &v); err != nil {
			return b.fault(&RowError{File: b.sum.Name, Line: line, Problem: err.Error(), Hint: "the line may be cut; fetch the file again"})
		}
		if b.format.inner == "" || b.format.outer {
			if err := b.row(v.cells); err != nil {
				return err
			}
		}
		for i := range v.list {
			c := &v.list[i]
			for f := range billFieldCount {
				if c.text[f] == "" {
					c.text[f], c.name[f] = v.cells.text[f], v.cells.name[f]
				}
			}
			c.line, c.twice = line, cmp.Or(c.twice, v.cells.twice)
			if err := b.row(c); err != nil {
				return err
			}
		}
		return nil
	}
	if !content.lines {
		d := &document{name: b.sum.Name, r: src.r, max: b.opt.MaxLine, line: 1}
		return d.each(b.format.keys, one)
	}
	var in bytes.Reader
	buffer := bufio.NewReader(&in)
	for {
		line, err := src.line()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		in.Reset(line)
		buffer.Reset(&in)
		var inner error
		d := &document{name: b.sum.Name, r: buffer, max: b.opt.MaxLine, line: src.lineNo}
		err = d.each(b.format.keys, func(raw []byte, at int) error {
			inner = one(raw, at)
			return inner
		})
		if inner != nil {
			return inner
		}
		if e, ok := errors.AsType[*FileError](err); ok {
			err = b.fault(&RowError{File: b.sum.Name, Line: src.lineNo, Problem: e.Problem, Hint: e.Hint})
		}
		if err != nil {
			return err
		}
	}
}

// billVisitor takes the scalars that a format knows from a JSON value, and those of each element of its inner list.
type billVisitor struct {
	format *billFormat
	cells  *billCells
	list   []billCells
}

func (v *billVisitor) open(path []byte) {
	if v.format.inner != "" && string(path) == v.format.inner {
		v.list = append(v.list, billCells{inner: true})
	}
}

func (v *billVisitor) closed([]byte) {}

func (v *billVisitor) value(path, raw []byte, kind scalar) {
	column, ok := v.format.column(string(path))
	if !ok || kind == jsonNull {
		return
	}
	if kind == jsonString {
		raw = unescape(nil, raw)
	}
	c := v.cells
	if v.format.inner != "" && bytes.HasPrefix(path, []byte(v.format.inner)) && len(v.list) > 0 {
		c = &v.list[len(v.list)-1]
	}
	name := string(path)
	if c.name[column.f] == name {
		c.twice = name
	}
	c.set(column, name, clean(raw))
}

// row turns a row into a line and hands it on.
func (b *billReader) row(c *billCells) error {
	l := &b.line
	*l = BillLine{Class: BillUsage, Line: c.line, TierKnown: b.format.tiers, Rounding: b.format.rounding.most}
	if c.twice != "" {
		return b.fault(&RowError{File: b.sum.Name, Line: c.line, Field: c.twice, Problem: "stands in the row more than once", Hint: "mend the export: which of the values counts cannot be told"})
	}
	skip, wrong := b.format.adjust(c, l)
	if skip == "" && wrong == nil {
		skip, wrong = b.fill(c, l)
	}
	if wrong != nil {
		e := &RowError{File: b.sum.Name, Line: c.line, Field: c.name[wrong.f], Value: clip(c.text[wrong.f]), Problem: wrong.problem, Hint: wrong.hint}
		return b.fault(e)
	}
	b.sum.Rows++
	if skip != "" {
		b.sum.Skipped++
		if b.skips[skip]++; b.skips[skip] == 1 {
			b.order = append(b.order, skip)
		}
		return nil
	}
	b.sum.Billed++
	if b.sum.From.IsZero() || l.Start.Before(b.sum.From) {
		b.sum.From = l.Start
	}
	for _, t := range []time.Time{l.Start, l.End} {
		if t.After(b.sum.To) {
			b.sum.To = t
		}
	}
	if err := b.emit(l); err != nil {
		return err
	}
	return b.discount(c, l)
}

// discount hands on what the source took off the list price, which the amount of the line is then without.
func (b *billReader) discount(c *billCells, l *BillLine) error {
	if c.text[bList] == "" || l.Class != BillUsage {
		return nil
	}
	billed, err := money.ParseUSDRounded(scaledText([]byte(c.text[bAmount]), b.format.costExponent))
	if err != nil || billed == l.Amount {
		return nil //nolint:nilerr // the amount was read before
	}
	off, err := billed.Sub(l.Amount)
	if err != nil {
		return err
	}
	l.Class, l.Amount, l.Quantity = BillDiscount, off, Count{}
	return b.emit(l)
}

// fill reads the times, the amount and the names of a row.
func (b *billReader) fill(c *billCells, l *BillLine) (skip string, wrong *billProblem) {
	l.Provider = cmp.Or(l.Provider, c.text[bProvider], b.format.provider)
	l.Model = cmp.Or(l.Model, c.text[bModel])
	l.Region, l.Project = cmp.Or(l.Region, c.text[bRegion]), cmp.Or(l.Project, c.text[bProject])
	l.Meter = cmp.Or(l.Meter, c.text[bMeter], c.text[bKind])
	if wrong := b.times(c, l); wrong != nil {
		return "", wrong
	}
	amount := c.text[bAmount]
	if amount == "" {
		return "the row has no amount", nil
	}
	f := bAmount
	if list := c.text[bList]; list != "" && l.Class == BillUsage {
		amount, f = list, bList
	}
	usd, err := money.ParseUSDRounded(scaledText([]byte(amount), b.format.costExponent))
	if err != nil {
		return "", &billProblem{f, "is no amount of money", "mend the export"}
	}
	if f == bList {
		if _, err := money.ParseUSDRounded(scaledText([]byte(c.text[bAmount]), b.format.costExponent)); err != nil {
			return "", &billProblem{bAmount, "is no amount of money", "mend the export"}
		}
	}
	l.Amount = usd
	if currency := c.text[bCurrency]; currency != "" && !strings.EqualFold(currency, "usd") {
		currency = strings.ToUpper(clip(currency))
		if b.foreign[currency] == nil {
			if len(b.foreign) >= maxCurrencies {
				return "", &billProblem{bCurrency, "is one currency more than a bill has", "mend the export"}
			}
			b.foreign[currency] = new(foreignSum)
		}
		sum := b.foreign[currency]
		sum.rows++
		if err := sum.total.AddUSD(usd); err != nil {
			return "", &billProblem{bAmount, "makes a sum out of range", "mend the export"}
		}
		return "the amount is not in US dollars", nil
	}
	return "", nil
}

// maxCurrencies is more than there are.
const maxCurrencies = 300

func (b *billReader) times(c *billCells, l *BillLine) *billProblem {
	if c.text[bTime] == "" {
		return &billProblem{bTime, "the row has no time", "mend the export"}
	}
	start, day, wrong := b.instant(c, bTime)
	if wrong != nil {
		return wrong
	}
	l.Start = start
	switch {
	case c.text[bEnd] != "":
		if l.End, _, wrong = b.instant(c, bEnd); wrong != nil {
			return wrong
		}
		if !l.End.After(l.Start) {
			return &billProblem{bEnd, "is not after the begin", "mend the export"}
		}
	case day || b.format.days:
		l.End = l.Start.Add(24 * time.Hour)
		b.dayOnly = true
	}
	return nil
}

// instant reads a date, or seconds since 1970.
func (b *billReader) instant(c *billCells, f billField) (at time.Time, day bool, wrong *billProblem) {
	s, err := parseStamp([]byte(monthLast(c.text[f])))
	switch {
	case err != nil:
		return at, false, &billProblem{f, err.Error(), "write it as 2026-08-19, or in seconds since 1970"}
	case s.numeric:
		s.t = time.Unix(s.whole, 0).UTC()
	}
	if s.t.Year() < 2000 || s.t.Year() > 2200 {
		return at, false, &billProblem{f, "is no time of a bill", "write it as 2026-08-19, or in seconds since 1970"}
	}
	return s.t, s.dateOnly, nil
}

// monthLast turns 08/19/2026 into 2026-08-19.
func monthLast(text string) string {
	if len(text) == 10 && text[2] == '/' && text[5] == '/' {
		return text[6:] + "-" + text[:2] + "-" + text[3:5]
	}
	return text
}

// fault counts a row that could not be understood.
func (b *billReader) fault(e *RowError) error {
	b.sum.Rows++
	b.sum.Faulty++
	if len(b.sum.Faults) < b.opt.MaxFaults {
		b.sum.Faults = append(b.sum.Faults, *e)
	}
	if b.opt.Strict {
		return e
	}
	return nil
}

func (b *billReader) finish() BillSummary {
	for _, why := range b.order {
		b.sum.Skips = append(b.sum.Skips, Skip{Why: why, Rows: b.skips[why]})
	}
	for _, currency := range slices.Sorted(maps.Keys(b.foreign)) {
		sum := b.foreign[currency]
		b.sum.Foreign = append(b.sum.Foreign, ForeignAmount{Currency: currency, Rows: sum.rows, Amount: sum.total.String()})
	}
	if b.format != nil && b.format.note != "" && b.sum.Billed > 0 {
		b.sum.Notes = append(b.sum.Notes, b.format.note)
	}
	if b.dayOnly {
		b.sum.Notes = append(b.sum.Notes, "Times of the bill are days, taken as 24 hours in UTC.")
	}
	return b.sum
}
