package app

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/focus"
	"breakeven/internal/warehouse"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// FocusRequest asks for a log as rows of FOCUS.
type FocusRequest struct {
	Logs    []Source
	Options usage.Options
	Version focus.Version // 1.2 if empty
	Period  string        // day or hour; day if empty
	Tags    []string      // what rows are told apart by beside the project: project, user, key
	Account string        // the billing account; the provider's identifier if empty
	Strict  bool          // a missing price is an error
}

// FocusAnswer is a log as rows of FOCUS.
type FocusAnswer struct {
	Stamp    Stamp               `json:"stamp"`
	Files    []usage.Summary     `json:"files" nullable:"false"`
	Version  focus.Version       `json:"version"`
	Rows     []map[string]string `json:"rows" nullable:"false" doc:"The cells of each row by column; a null is left out."`
	Total    money.Sum           `json:"total_usd"`
	Complete bool                `json:"complete" doc:"Whether every row has a cost. FOCUS allows no row without one: an export that is not complete does not conform."`
	Missing  []MissingPrice      `json:"missing" nullable:"false"`
	Notes    []string            `json:"notes" nullable:"false"`
	Charges  []focus.Charge      `json:"-"`
}

// focusTags are what rows can be tagged with.
var focusTags = map[string]func(*usage.Call) string{
	"project": func(c *usage.Call) string { return c.Project },
	"user":    func(c *usage.Call) string { return c.User },
	"key":     func(c *usage.Call) string { return c.APIKey },
}

// focusPeriods are the charge periods.
var focusPeriods = map[string]time.Duration{"": 24 * time.Hour, "day": 24 * time.Hour, "hour": time.Hour}

// focusKey is what the calls of a group share: they are billed at the same rates in the same period, for the same
// project and tags.
type focusKey struct {
	start, end int64 // Unix seconds
	ref        price.Ref
	// lost is the model of calls without a price; empty where ref is set.
	lost    missingKey
	project string
	tags    string
}

type focusGroup struct {
	tags       map[string]string
	quantities price.Quantities
}

// focusExport is the sink of one pass.
type focusExport struct {
	prices *pricer
	period time.Duration
	tags   []string
	groups map[focusKey]*focusGroup
}

// UsageFocus reads logs and writes them as rows of FOCUS: one for each meter of each model in each period.
func (a *App) UsageFocus(r FocusRequest) (FocusAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return FocusAnswer{}, err
	}
	book, err := a.book()
	if err != nil {
		return FocusAnswer{}, err
	}
	r.Version = cmp.Or(r.Version, focus.V12)
	period, err := r.check()
	if err != nil {
		return FocusAnswer{}, err
	}
	o := r.Options
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	sink, files, err := read(r.Logs, o,
		func() *focusExport {
			return &focusExport{prices: newPricer(book, a.Now()), period: period, tags: r.Tags, groups: map[focusKey]*focusGroup{}}
		},
		func(e *focusExport, c *usage.Call) error { return e.add(c) })
	if err != nil {
		return FocusAnswer{}, err
	}
	sink.prices.leaveOut(files)
	bill, err := sink.prices.bill()
	if err != nil {
		return FocusAnswer{}, err
	}
	answer := FocusAnswer{
		Stamp: stamp, Files: files, Version: r.Version, Rows: []map[string]string{}, Total: bill.Total, Complete: bill.Complete, Missing: bill.Missing,
		Notes: slices.Clone(bill.Notes),
	}
	if answer.Charges, err = sink.charges(book, r.Account); err != nil {
		return answer, err
	}
	for i := range answer.Charges {
		answer.Rows = append(answer.Rows, focus.Row(r.Version, &answer.Charges[i]))
	}
	answer.Notes = sentences(append(answer.Notes, fileNotes(files)...))
	if r.Strict && !bill.Complete {
		return answer, &KindError{Kind: Incomplete, Err: fmt.Errorf("there is no price for %s", strings.Join(missingNames(bill), ", "))}
	}
	return answer, nil
}

// check refuses what cannot be asked, and returns the period.
func (r *FocusRequest) check() (time.Duration, error) {
	bad := func(field, value, problem string) error {
		return &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: field, Value: value, Problem: problem}}
	}
	period, ok := focusPeriods[r.Period]
	if !ok {
		return 0, bad("period", r.Period, "is neither day nor hour")
	}
	for _, tag := range r.Tags {
		if focusTags[tag] == nil {
			return 0, bad("tags", tag, "is not one of "+strings.Join(slices.Sorted(maps.Keys(focusTags)), ", "))
		}
	}
	return period, checkVersion(r.Version)
}

func checkVersion(v focus.Version) error {
	if slices.Contains(focus.Versions(), v) {
		return nil
	}
	return &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "focus", Value: string(v), Problem: "is not an edition of FOCUS that is known here", Hint: "use 1.2 or 1.4"}}
}

// add puts a call into its group.
func (e *focusExport) add(c *usage.Call) error {
	if !warehouse.Dated(c.Start) {
		return &KindError{Kind: Invalid, Err: errors.New("a call has no date, and a FOCUS row has a charge period"), Hint: "name the column of the time with --map time=COLUMN, or export a log with dates"}
	}
	ref, priced, err := e.prices.add(c)
	if err != nil {
		return err
	}
	start, end := e.span(c)
	key := focusKey{start: start.Unix(), end: end.Unix(), ref: ref, project: c.Project}
	if !priced {
		key.lost = missingKey{c.Provider, c.Model, "", c.Tier}
	}
	tags := map[string]string{}
	var joined strings.Builder
	for _, name := range e.tags {
		if v := focusTags[name](c); v != "" {
			tags[name] = v
		}
		fmt.Fprintf(&joined, "%q", tags[name])
	}
	key.tags = joined.String()
	group := e.groups[key]
	if group == nil {
		group = &focusGroup{tags: tags}
		e.groups[key] = group
	}
	return group.quantities.Add(&c.Quantities)
}

// span is the charge period of a call: the day or hour that it began in, or the row's own bucket where that does not
// lie within one.
func (e *focusExport) span(c *usage.Call) (start, end time.Time) {
	start = c.Start.UTC().Truncate(e.period) // from year one, so that days begin at midnight
	end = start.Add(e.period)
	if c.End.After(end) {
		return c.Start.UTC().Truncate(time.Second), c.End.UTC().Add(time.Second - 1).Truncate(time.Second)
	}
	return start, end
}

// charges prices the groups, in the order of their periods.
func (e *focusExport) charges(book *price.Book, account string) ([]focus.Charge, error) {
	list := make([]focus.Charge, 0, 2*len(e.groups))
	for key, group := range e.groups {
		one := focus.Charge{
			Start: time.Unix(key.start, 0).UTC(), End: time.Unix(key.end, 0).UTC(), Provider: key.lost.provider, Model: key.lost.model, Tier: key.lost.tier,
			Project: key.project, Tags: group.tags,
		}
		var quote price.Quote
		if sheet := key.ref.Sheet; sheet != nil {
			one.Provider, one.Model, one.Route, one.Tier, one.AtLeast = sheet.Provider, sheet.Model, sheet.Route, sheet.Tier, key.ref.AtLeast()
			if w, ok := key.ref.Window(); ok {
				one.Window = w.String()
			}
			var err error
			if quote, err = key.ref.Quote(&group.quantities); err != nil {
				return nil, err
			}
		} else {
			quote.Missing = unpriced(&group.quantities)
		}
		one.Issuer = one.Provider
		if file, err := book.Provider(one.Provider); err == nil {
			one.Issuer = cmp.Or(file.Name, file.Provider)
		}
		one.Account = cmp.Or(account, one.Provider)
		for _, line := range quote.Lines {
			charge := one
			charge.Kind, charge.Quantity, charge.Price = line.Kind, line.Quantity, &focus.Price{Rate: line.Rate, Amount: line.Amount}
			list = append(list, charge)
		}
		for _, kind := range quote.Missing {
			charge := one
			charge.Kind, charge.Quantity = kind, group.quantities[kind]
			charge.Problem = e.problem(key, kind)
			list = append(list, charge)
		}
	}
	slices.SortFunc(list, func(x, y focus.Charge) int {
		return cmp.Or(x.Start.Compare(y.Start), x.End.Compare(y.End), strings.Compare(x.Provider, y.Provider), strings.Compare(x.Model, y.Model),
			strings.Compare(x.Route, y.Route), cmp.Compare(x.Tier, y.Tier), cmp.Compare(x.AtLeast, y.AtLeast), strings.Compare(x.Window, y.Window),
			strings.Compare(x.Project, y.Project), compareTags(x.Tags, y.Tags), cmp.Compare(x.Kind, y.Kind), comparePrices(x.Price, y.Price),
			cmp.Compare(x.Quantity, y.Quantity), strings.Compare(x.Problem, y.Problem))
	})
	return list, nil
}

func compareTags(a, b map[string]string) int {
	for _, name := range slices.Sorted(maps.Keys(focusTags)) {
		if c := strings.Compare(a[name], b[name]); c != 0 {
			return c
		}
	}
	return 0
}

func comparePrices(a, b *focus.Price) int {
	switch {
	case a != nil && b != nil:
		return cmp.Compare(a.Rate, b.Rate)
	case a != nil:
		return 1
	case b != nil:
		return -1
	}
	return 0
}

// unpriced lists the kinds of calls without any price. Calls count where there is nothing else to count.
func unpriced(q *price.Quantities) []price.Kind {
	var kinds []price.Kind
	for _, k := range price.Kinds() {
		if q[k] > 0 && k != price.Request {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 && q[price.Request] > 0 {
		kinds = append(kinds, price.Request)
	}
	return kinds
}

// problem says why a meter has no price.
func (e *focusExport) problem(key focusKey, kind price.Kind) string {
	if key.ref.Sheet != nil {
		return fmt.Sprintf("%s has no %s rate", key.ref.Sheet.ID(), kind.Label())
	}
	if m := e.prices.missing[key.lost]; m != nil {
		return m.Why
	}
	return "there is no price"
}

// FocusCheckRequest asks whether a file is FOCUS.
type FocusCheckRequest struct {
	File     Source
	Rules    []byte        // a requirements model; empty for our own table
	Version  focus.Version // of our own table; 1.2 if empty
	Supports []string      // criteria of the model that the provider of the file meets
}

// FocusCheck holds a FOCUS file against the rules.
func (a *App) FocusCheck(r FocusCheckRequest) (focus.Conformance, error) {
	r.Version = cmp.Or(r.Version, focus.V12)
	if err := checkVersion(r.Version); err != nil {
		return focus.Conformance{}, err
	}
	rules := focus.OwnRules(r.Version)
	if len(r.Rules) > 0 {
		var err error
		if rules, err = focus.ReadRules(r.Rules); err != nil {
			return focus.Conformance{}, &KindError{Kind: Invalid, Err: err}
		}
	}
	in, err := r.File.Open()
	if err != nil {
		return focus.Conformance{}, &KindError{Kind: Unreachable, Err: err}
	}
	report, err := focus.Check(in, rules, r.Supports)
	if closed := in.Close(); err == nil {
		err = closed
	}
	if bad, ok := errors.AsType[*focus.FileError](err); ok {
		return report, &KindError{Kind: Invalid, Err: fmt.Errorf("%s: %w", r.File.Name, bad)}
	}
	if err != nil {
		return report, &KindError{Kind: Unreachable, Err: err}
	}
	return report, nil
}
