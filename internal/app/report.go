package app

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// UsageRequest asks what logs say.
type UsageRequest struct {
	Logs    []Source
	Options usage.Options
	By      []string // dimensions, in order
	Strict  bool     // a missing price is an error
}

// UsageAnswer is what logs say: tokens, and their cost at the price in force at each call's time.
type UsageAnswer struct {
	Stamp Stamp           `json:"stamp"`
	Files []usage.Summary `json:"files" nullable:"false"`
	By    []string        `json:"by" nullable:"false"`
	Rows  []UsageRow      `json:"rows" nullable:"false"`
	Total UsageRow        `json:"total"`
	Bill  Bill            `json:"bill"`
	Notes []string        `json:"notes" nullable:"false"`
}

// UsageRow is one group of calls.
type UsageRow struct {
	Group    map[string]string `json:"group,omitempty"`
	Calls    int64             `json:"rows" doc:"Rows of the log."`
	Requests *int64            `json:"requests,omitempty" doc:"Absent where some row does not say."`
	Tokens   price.Quantities  `json:"tokens"`
	Input    int64             `json:"input_tokens" doc:"All kinds of input, cached included."`
	Output   int64             `json:"output_tokens" doc:"All kinds of output, reasoning included."`
	Cost     *money.Sum        `json:"usd,omitempty" doc:"Computed; a lower bound where complete is false, and absent where nothing has a price."`
	Complete bool              `json:"complete"`
	Reported *money.USD        `json:"reported_usd,omitempty" doc:"What the log itself reports; absent where some row reports none."`

	sums                         map[price.Ref]*price.Quantities
	reported                     money.USD
	requestsKnown, reportedKnown bool
	requests                     int64
	incomplete                   bool
}

// dimensions are what a report can be grouped by.
var dimensions = map[string]func(*usage.Call) string{
	"hour":     func(c *usage.Call) string { return moment(c, "2006-01-02T15:00Z", "hour") },
	"day":      func(c *usage.Call) string { return moment(c, time.DateOnly, "day") },
	"month":    func(c *usage.Call) string { return moment(c, "2006-01", "month") },
	"model":    func(c *usage.Call) string { return c.Model },
	"provider": func(c *usage.Call) string { return c.Provider },
	"project":  func(c *usage.Call) string { return c.Project },
	"user":     func(c *usage.Call) string { return c.User },
	"key":      func(c *usage.Call) string { return c.APIKey },
	"tier":     func(c *usage.Call) string { return c.Tier.String() },
}

// moment is a call's time in a layout, and for a trace without dates the count of whole units since its start.
func moment(c *usage.Call, layout, unit string) string {
	if dated(c) {
		return c.Start.UTC().Format(layout)
	}
	if c.Start.IsZero() {
		return "no time"
	}
	hours := floorDiv(c.Start.Unix(), 3600)
	switch unit {
	case "hour":
		return fmt.Sprintf("hour %d", hours)
	case "day":
		return fmt.Sprintf("day %d", floorDiv(hours, 24))
	}
	return fmt.Sprintf("month %d", floorDiv(hours, 730))
}

// Dimensions lists what a report can be grouped by.
func Dimensions() []string {
	names := make([]string, 0, len(dimensions))
	for name := range dimensions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// report is the sink of one pass.
type report struct {
	prices *pricer
	by     []func(*usage.Call) string
	rows   map[string]*UsageRow
	names  []string
	total  UsageRow
}

// UsageReport reads logs and groups their calls.
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
	var by []func(*usage.Call) string
	for _, name := range r.By {
		d, ok := dimensions[name]
		if !ok {
			return UsageAnswer{}, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "by", Value: name, Problem: "is not one of " + strings.Join(Dimensions(), ", ")}}
		}
		by = append(by, d)
	}
	o := r.Options
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	sink, files, err := read(r.Logs, o,
		func() *report {
			return &report{prices: newPricer(book, a.Now()), by: by, names: r.By, rows: map[string]*UsageRow{}, total: newUsageRow()}
		},
		func(p *report, c *usage.Call) error { return p.add(c) })
	if err != nil {
		return UsageAnswer{}, err
	}
	sink.prices.leaveOut(files)
	answer := UsageAnswer{Stamp: stamp, Files: files, By: r.By, Rows: []UsageRow{}, Notes: []string{}}
	if answer.Bill, err = sink.prices.bill(); err != nil {
		return answer, err
	}
	keys := make([]string, 0, len(sink.rows))
	for k := range sink.rows {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		row := sink.rows[k]
		if err := row.finish(); err != nil {
			return answer, err
		}
		answer.Rows = append(answer.Rows, *row)
	}
	if err := sink.total.finish(); err != nil {
		return answer, err
	}
	answer.Total = sink.total
	answer.Total.Complete = answer.Bill.Complete
	if note := reportedApart(answer.Total); note != "" {
		answer.Notes = append(answer.Notes, note)
	}
	answer.Notes = append(answer.Notes, answer.Bill.Notes...)
	for _, f := range files {
		answer.Notes = append(answer.Notes, f.Notes...)
		if f.Faulty > 0 {
			answer.Notes = append(answer.Notes, unreadRows(f))
		}
	}
	answer.Notes = sentences(answer.Notes)
	if r.Strict && !answer.Bill.Complete {
		return answer, &KindError{Kind: Incomplete, Err: fmt.Errorf("there is no price for %s", strings.Join(missingNames(answer.Bill), ", "))}
	}
	return answer, nil
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

func newUsageRow() UsageRow {
	return UsageRow{sums: map[price.Ref]*price.Quantities{}, requestsKnown: true, reportedKnown: true, Complete: true}
}

// add puts a call into its group and the total.
func (p *report) add(c *usage.Call) error {
	ref, priced, err := p.prices.add(c)
	if err != nil {
		return err
	}
	var key strings.Builder
	for _, d := range p.by {
		key.WriteString(d(c))
		key.WriteByte(0)
	}
	row := p.rows[key.String()]
	if row == nil {
		fresh := newUsageRow()
		row = &fresh
		row.Group = map[string]string{}
		for i, d := range p.by {
			row.Group[p.names[i]] = d(c)
		}
		p.rows[key.String()] = row
	}
	for _, r := range []*UsageRow{row, &p.total} {
		if err := r.add(c, ref, priced); err != nil {
			return err
		}
	}
	return nil
}

func (r *UsageRow) add(c *usage.Call, ref price.Ref, priced bool) error {
	r.Calls++
	if err := r.Tokens.Add(&c.Quantities); err != nil {
		return err
	}
	r.requests += c.Requests.N
	r.requestsKnown = r.requestsKnown && c.Requests.Known
	r.reportedKnown = r.reportedKnown && c.Reported.Known
	if c.Reported.Known {
		var err error
		if r.reported, err = r.reported.Add(c.Reported.USD); err != nil {
			return err
		}
	}
	if !priced {
		r.incomplete = true
		return nil
	}
	sum := r.sums[ref]
	if sum == nil {
		sum = new(price.Quantities)
		r.sums[ref] = sum
	}
	return sum.Add(&c.Quantities)
}

func (r *UsageRow) finish() error {
	r.Input, r.Output = r.Tokens.InputTokens(), r.Tokens.OutputTokens()
	var total money.Sum
	for ref, sum := range r.sums {
		cost, complete, err := ref.Cost(sum)
		if err != nil {
			return err
		}
		if err := total.AddSum(cost); err != nil {
			return err
		}
		r.incomplete = r.incomplete || !complete
	}
	if len(r.sums) > 0 {
		r.Cost = &total
	}
	r.Complete = !r.incomplete
	if r.requestsKnown {
		r.Requests = &r.requests
	}
	if r.reportedKnown {
		r.Reported = &r.reported
	}
	return nil
}
