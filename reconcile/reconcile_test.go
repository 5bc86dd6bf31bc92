package reconcile_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"breakeven/money"
	"breakeven/price"
	"breakeven/reconcile"
	"breakeven/usage"
)

// acme sells two models. The price of road-runner was cut on 10 March from 5 / 30 to 4 / 20. Since then its cached input
// is a tenth of the input, its cache writes are 1.25 and 2 times as dear, a batch costs half, a prompt beyond 200,000
// tokens twice, and the EU 1.1 times as much.
const acme = `{
 "schema": "breakeven/prices/v1", "provider": "acme", "name": "Acme", "first_party": true, "regions": {"eu": "eu"},
 "sources": {"list": {"kind": "user", "title": "a list for tests", "date": "2026-03-01"}},
 "rules": {"half": {"kind": "assumed", "text": "batch is half", "times": "0.5"}, "uplift": {"kind": "assumed", "text": "1.1 times in the EU", "times": "1.1"}},
 "models": [
  {"id": "road-runner", "aliases": ["road-runner-9"], "prices": [
   {"from": "2026-01-01T00:00:00Z", "to": "2026-03-10T00:00:00Z", "source": "list", "rates": {"input": "5", "cache_read": "0.5", "cache_write_5m": "6.25", "cache_write_1h": "10", "output": "30"}, "tiers": {"batch": {"rule": "half"}}},
   {"from": "2026-03-10T00:00:00Z", "source": "list", "rates": {"input": "4", "cache_read": "0.4", "cache_write_5m": "5", "cache_write_1h": "8", "output": "20"}, "tiers": {"batch": {"rule": "half"}},
    "bands": [{"above": 200000, "rates": {"input": "8", "cache_read": "0.8", "cache_write_5m": "10", "cache_write_1h": "16", "output": "40"}}], "routes": {"eu": {"rule": "uplift"}}}]},
  {"id": "coyote", "prices": [{"from": "2025-01-01T00:00:00Z", "source": "list", "rates": {"input": "0.25", "cache_read": "0.025", "output": "2", "web_search": "10000"}}]}
 ]}`

func book(t testing.TB) *price.Book {
	t.Helper()
	b, err := price.NewBook(map[string][]byte{"acme.json": []byte(acme)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

func usd(text string) money.USD {
	v, err := money.ParseUSD(text)
	if err != nil {
		panic(err)
	}
	return v
}

// call is a call of a model at its price in force.
func call(b *price.Book, when time.Time, model string, tier price.Tier, q price.Quantities) *reconcile.Usage {
	u := &reconcile.Usage{Start: when, Provider: "acme", Model: model, Tier: tier, Quantities: q, Rows: 1}
	if sheet, _, err := b.Sheet(price.Query{Provider: "acme", Model: model, Tier: tier}, when, time.Time{}); err == nil {
		u.Ref = sheet.Ref(q.InputTokens(), when)
	}
	return u
}

// charge is a line of a bill that is about one day.
func charge(when time.Time, model string, amount string, kinds ...price.Kind) *usage.BillLine {
	return &usage.BillLine{
		Class: usage.BillUsage, Start: when, End: when.Add(24 * time.Hour), Provider: "Acme", Model: model, Kinds: kinds, TierKnown: true, Amount: usd(amount), Rounding: 1,
	}
}

// held holds bills against calls, and checks what holds of every result.
func held(t *testing.T, b *price.Book, calls []*reconcile.Usage, bill []*usage.BillLine) reconcile.Result {
	t.Helper()
	r := reconcile.NewBills(b)
	for _, u := range calls {
		if err := r.AddUsage(u); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range bill {
		if err := r.AddBill(l); err != nil {
			t.Fatal(err)
		}
	}
	result, err := r.Result()
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, &result)
	return result
}

func addsUp(t interface{ Errorf(string, ...any) }, r *reconcile.Result) {
	sum := func(parts ...money.Sum) string {
		var s money.Sum
		for _, p := range parts {
			if err := s.AddSum(p); err != nil {
				t.Errorf("%v", err)
			}
		}
		return s.String()
	}
	difference := r.Computed
	var negative money.Sum
	if err := negative.Sub(difference); err != nil {
		t.Errorf("%v", err)
	}
	if err := negative.AddUSD(r.Billed); err != nil {
		t.Errorf("%v", err)
	}
	if got := sum(r.Explained, r.Missing, r.Unexplained); got != r.Difference.String() || got != negative.String() {
		t.Errorf("explained %s + missing %s + unexplained %s = %s; billed %s - computed %s = %s", r.Explained, r.Missing, r.Unexplained, got, r.Billed, r.Computed, r.Difference)
	}
	var lines, causes []money.Sum
	for i := range r.Lines {
		lines = append(lines, r.Lines[i].Difference)
	}
	for i := range r.Causes {
		causes = append(causes, r.Causes[i].Difference)
	}
	if sum(lines...) != r.Difference.String() || sum(causes...) != r.Difference.String() {
		t.Errorf("lines add up to %s, causes to %s, want %s", sum(lines...), sum(causes...), r.Difference)
	}
}

// shown is each line in words, in their order.
func shown(r *reconcile.Result) string {
	var b strings.Builder
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "%s %s %s %s %s: %s - %s = %s, %s\n", l.From.Format(time.DateOnly), l.Model, l.Kind, l.Tier, l.Project, l.Billed, l.Computed, l.Difference, l.Cause)
	}
	return b.String()
}

func want(t *testing.T, r *reconcile.Result, lines ...string) {
	t.Helper()
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if got, want := squeeze(strings.ReplaceAll(shown(r), "\n", "; ")), squeeze(strings.Join(lines, "; ")+";"); got != want {
		t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(got, "; ", "\n"), strings.ReplaceAll(want, "; ", "\n"))
	}
}

// On 12 March 1,000 tokens in, 500 from the cache and 100 out cost 0.004 + 0.0002 + 0.002 = 0.0062. What else a log may
// report for them, and why.
func TestCausesOfARow(t *testing.T) {
	b := book(t)
	plain := price.Quantities{price.Input: 1000, price.CacheRead: 500, price.Output: 100}
	written := price.Quantities{price.Input: 1000, price.CacheRead: 500, price.CacheWrite5m: 100, price.Output: 100} // 0.0062 + 100 x 5 = 0.0067
	thought := price.Quantities{price.Input: 1000, price.CacheRead: 500, price.Output: 60, price.Reasoning: 40}
	late, early := at("2026-03-12 10:00"), at("2026-03-05 10:00")
	for _, tt := range []struct {
		reported string
		when     time.Time
		model    string
		q        price.Quantities
		cause    reconcile.Cause
		why      string
	}{
		{"0.0062", late, "road-runner", plain, reconcile.Equal, ""},
		{"0.006200001", late, "road-runner", plain, reconcile.Rounding, ""},
		{"0.00825", late, "road-runner", plain, reconcile.OtherDay, "before the change of 2026-03-10"},            // 0.005 + 0.00025 + 0.003
		{"0.0062", early, "road-runner", plain, reconcile.OtherDay, "took effect on 2026-03-10, after the usage"}, // the newest price for all calls
		{"0.0031", late, "road-runner", plain, reconcile.OtherTier, "billed as batch"},
		{"0.008", late, "road-runner", plain, reconcile.CacheAsInput, "read from the cache are billed as plain input"}, // 1,500 x 4 + 0.002
		{"0.0082", late, "road-runner", plain, reconcile.CacheTwice, "billed twice"},                                   // 0.0062 + 500 x 4
		{"0.0124", late, "road-runner", plain, reconcile.OtherContext, "at least 200,001 tokens"},
		{"0.00682", late, "road-runner", plain, reconcile.OtherRoute, "route eu"},
		{"0.0067", late, "road-runner", written, reconcile.Equal, ""},
		{"0.007", late, "road-runner", written, reconcile.CacheLifetime, "one hour"}, // 0.0062 + 100 x 8
		{"0.0066", late, "road-runner", written, reconcile.CacheAsInput, "written to the cache are billed as plain input"},
		{"0.007", late, "road-runner", thought, reconcile.ReasonTwice, "reasoning"}, // 0.0062 + 40 x 20
		{"0.004125", late, "road-runner", plain, reconcile.Several, "before the change of 2026-03-10, and billed as batch"},
		{"0.00025", late, "coyote", price.Quantities{price.Input: 1000, price.WebSearch: 2}, reconcile.FeesApart, "searches"},                     // without 2 x 0.01
		{"0.0062", late, "road-runner", price.Quantities{price.Input: 1200, price.Output: 100}, reconcile.Unexplained, ""},                        // 0.0068; 166.67 tokens from a cache
		{"0.0042", late, "road-runner", price.Quantities{price.Input: 1000, price.Output: 100}, reconcile.Unexplained, "500 tokens of its input"}, // 0.006 - 500 x 3.6
		{"0", late, "road-runner", plain, reconcile.BilledZero, ""},
		{"0.0099", late, "road-runner", plain, reconcile.Unexplained, ""},
		{"0.0062", late, "tumbleweed", plain, reconcile.NoPrice, ""},
	} {
		r := reconcile.NewReported(b)
		u := call(b, tt.when, tt.model, price.Standard, tt.q)
		u.Reported = usage.Cost{USD: usd(tt.reported), Known: true}
		if err := r.Add(u); err != nil {
			t.Fatal(err)
		}
		result, err := r.Result()
		if err != nil {
			t.Fatal(err)
		}
		addsUp(t, &result)
		if l := result.Lines[0]; len(result.Lines) != 1 || l.Cause != tt.cause || !strings.Contains(l.Why, tt.why) {
			t.Errorf("%s reported on %s for %v: %s (%s), want %s (%s)", tt.reported, tt.when.Format(time.DateOnly), tt.q, l.Cause, l.Why, tt.cause, tt.why)
		}
	}
}

// A tool that prices a whole log with the price map of today tells a wrong cost for what was before the change. 200,000
// tokens in cost a dollar on 9 March and 0.8 on 10 March; the tool says 0.8 for both.
func TestPriceMapOfToday(t *testing.T) {
	b := book(t)
	r := reconcile.NewReported(b)
	for _, when := range []string{"2026-03-09 23:59", "2026-03-10 00:00"} {
		u := call(b, at(when), "road-runner", price.Standard, price.Quantities{price.Input: 200_000})
		u.Reported = usage.Cost{USD: usd("0.8"), Known: true}
		if err := r.Add(u); err != nil {
			t.Fatal(err)
		}
	}
	result, err := r.Result()
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, &result)
	want(t, &result, "2026-03-09 road-runner standard : 0.8 - 1 = -0.2, price_of_another_day", "2026-03-10 road-runner standard : 0.8 - 0.8 = 0, equal")
	if !result.Settled || result.Explained.String() != "-0.2" {
		t.Errorf("%+v", result)
	}
}

// A public export of OpenAI's dashboard of October 2025: gpt-5-mini at 0.25 in and 2.00 out. The tokens of 7 October and all
// amounts are the export's; on the other days they are such that they cost what it does. On three of six days the bill is
// the list price to the last digit; the others are flagged, and nothing is scaled.
func TestOctober2025(t *testing.T) {
	b := book(t)
	var calls []*reconcile.Usage
	for day, q := range map[int][2]int64{
		5: {188_000, 100_000}, 6: {64_000, 400_000}, 7: {80_992, 274_770}, 10: {163_600, 150_000}, 11: {48_216, 30_000},
	} {
		calls = append(calls, call(b, time.Date(2025, 10, day, 12, 0, 0, 0, time.UTC), "coyote", price.Standard, price.Quantities{price.Input: q[0], price.Output: q[1]}))
	}
	var bill []*usage.BillLine
	for day, amount := range map[int]string{5: "0.896", 6: "0.562", 7: "0.569788", 8: "0.546", 10: "0.3409", 11: "0.072054"} {
		l := charge(time.Date(2025, 10, day, 0, 0, 0, 0, time.UTC), "", amount)
		l.TierKnown = false // amounts by day, and nothing else
		bill = append(bill, l)
	}
	result := held(t, b, calls, bill)
	want(t, &result,
		"2025-10-05 : 0.896 - 0.247 = 0.649, unexplained",
		"2025-10-08 : 0.546 - 0 = 0.546, no_usage",
		"2025-10-06 : 0.562 - 0.816 = -0.254, unexplained",
		"2025-10-07 : 0.569788 - 0.569788 = 0, equal",
		"2025-10-10 : 0.3409 - 0.3409 = 0, equal",
		"2025-10-11 : 0.072054 - 0.072054 = 0, equal")
	if result.Unexplained.String() != "0.395" || result.Missing.String() != "0.546" || !result.Explained.IsZero() || result.Settled {
		t.Errorf("%+v", result)
	}
	if g := result.Lines[0].Grain; !slices.Equal(g, []string{"day"}) {
		t.Errorf("grain %v", g)
	}
}

// A bill that takes cached tokens for plain input has one line that is too large and one that is not there: 1,500 x 4 =
// 0.006 instead of 0.004 and 0.0002. Both have the same cause, and the output is as computed.
func TestOneCauseForSeveralLines(t *testing.T) {
	b := book(t)
	day := at("2026-03-12 00:00")
	calls := []*reconcile.Usage{call(b, day.Add(time.Hour), "road-runner", price.Standard, price.Quantities{price.Input: 1000, price.CacheRead: 500, price.Output: 100})}
	result := held(t, b, calls, []*usage.BillLine{charge(day, "Road-Runner-9", "0.006", price.Input), charge(day, "road-runner", "0.002", price.Output, price.Reasoning)})
	want(t, &result,
		"2026-03-12 road-runner input standard : 0.006 - 0.004 = 0.002, cache_as_input",
		"2026-03-12 road-runner cache_read standard : 0 - 0.0002 = -0.0002, cache_as_input",
		"2026-03-12 road-runner output standard : 0.002 - 0.002 = 0, equal")
	// Without the input line there is nothing that took the cached tokens in.
	result = held(t, b, calls, []*usage.BillLine{charge(day, "road-runner", "0.002", price.Output, price.Reasoning)})
	want(t, &result,
		"2026-03-12 road-runner input standard : 0 - 0.004 = -0.004, no_bill",
		"2026-03-12 road-runner cache_read standard : 0 - 0.0002 = -0.0002, no_bill",
		"2026-03-12 road-runner output standard : 0.002 - 0.002 = 0, equal")
}

// The log says that all was standard; the bill has a batch: all of it, or 400 of 1,000 tokens, 400 x 2 and 600 x 4.
func TestTiersThatTheLogDoesNotTell(t *testing.T) {
	b := book(t)
	day := at("2026-03-12 00:00")
	calls := []*reconcile.Usage{call(b, day, "road-runner", price.Standard, price.Quantities{price.Input: 1000, price.Output: 100})}
	batch := func(amount string, kinds ...price.Kind) *usage.BillLine {
		l := charge(day, "road-runner", amount, kinds...)
		l.Tier = price.Batch
		return l
	}
	result := held(t, b, calls, []*usage.BillLine{batch("0.002", price.Input), batch("0.001", price.Output)})
	for _, l := range result.Lines {
		if l.Cause != reconcile.OtherTier {
			t.Errorf("%+v", l)
		}
	}
	result = held(t, b, calls, []*usage.BillLine{batch("0.0008", price.Input), charge(day, "road-runner", "0.0024", price.Input), charge(day, "road-runner", "0.002", price.Output)})
	want(t, &result,
		"2026-03-12 road-runner input standard : 0.0024 - 0.004 = -0.0016, tier",
		"2026-03-12 road-runner input batch : 0.0008 - 0 = 0.0008, tier",
		"2026-03-12 road-runner output standard : 0.002 - 0.002 = 0, equal")
	if why := result.Lines[0].Why; !strings.Contains(why, "400 as batch input, 600 as input") {
		t.Error(why)
	}
}

// A report that adds calls up cannot tell that some were long. 300,000 tokens at 4 would be 1.2; the bill has 50,000 of
// them at 4 and 250,000 at 8.
func TestContextThatTheLogDoesNotTell(t *testing.T) {
	b := book(t)
	day := at("2026-03-12 00:00")
	u := call(b, day, "road-runner", price.Standard, price.Quantities{price.Input: 300_000})
	u.Ref = u.Ref.Sheet.Ref(0, day)
	u.End = day.Add(time.Hour)
	short, long := charge(day, "road-runner", "0.2", price.Input), charge(day, "road-runner", "2", price.Input)
	short.ContextKnown, long.ContextKnown, long.ContextOver = true, true, 200_000
	result := held(t, b, []*reconcile.Usage{u}, []*usage.BillLine{short, long})
	want(t, &result, "2026-03-12 road-runner input standard : 2.2 - 1.2 = 1, context_band")
	if why := result.Lines[0].Why; !strings.Contains(why, "50,000 as input, 250,000 as input beyond 200,000 tokens") {
		t.Error(why)
	}
}

// The bill's days begin at 07:00 UTC. Each day has a call at 03:00 and one at 20:00; the one at 03:00 is billed the day
// before. The first call of all is outside the bill.
func TestDaysOfAnotherZone(t *testing.T) {
	b := book(t)
	var calls []*reconcile.Usage
	var bill []*usage.BillLine
	for i := range 4 {
		day := at("2026-03-12 00:00").Add(time.Duration(i) * 24 * time.Hour)
		early, late := int64(1000*(i+1)), int64(10_000*(i+1))
		calls = append(calls,
			call(b, day.Add(3*time.Hour), "road-runner", price.Standard, price.Quantities{price.Input: early}),
			call(b, day.Add(20*time.Hour), "road-runner", price.Standard, price.Quantities{price.Input: late}))
		if i < 3 {
			tokens := late + 1000*int64(i+2)
			bill = append(bill, charge(day, "road-runner", (money.USD(tokens)*4000).String(), price.Input))
		}
	}
	result := held(t, b, calls, bill)
	for _, l := range result.Lines {
		if l.Cause != reconcile.DayBoundary || !strings.Contains(l.Why, "begin at") {
			t.Errorf("%+v", l)
		}
	}
	if !result.Settled || len(result.Lines) != 3 || len(result.Apart) != 1 {
		t.Errorf("%+v", result)
	}
}

// Ten per cent off everything: shown with the exact ratio, where every line has it, and never applied.
func TestFlatRatio(t *testing.T) {
	b := book(t)
	var calls []*reconcile.Usage
	var bill []*usage.BillLine
	for i := range 3 {
		day := at("2026-03-12 00:00").Add(time.Duration(i) * 24 * time.Hour)
		tokens := int64(1000 * (i + 1))
		calls = append(calls, call(b, day, "road-runner", price.Standard, price.Quantities{price.Input: tokens}))
		bill = append(bill, charge(day, "road-runner", (money.USD(tokens)*3600).String(), price.Input))
	}
	result := held(t, b, calls, bill)
	for _, l := range result.Lines {
		if l.Cause != reconcile.FlatRatio || !strings.Contains(l.Why, "are 0.9 times") {
			t.Errorf("%+v", l)
		}
	}
	if result.Computed.String() != "0.024" || result.Explained.String() != "-0.0024" {
		t.Errorf("computed %s, explained %s", result.Computed, result.Explained)
	}
	// One line that is not a tenth less, and there is no such discount.
	bill[0].Amount++
	bill[0].Amount++
	bill[0].Amount++
	result = held(t, b, calls, bill)
	if slices.ContainsFunc(result.Lines, func(l reconcile.ReconciledLine) bool { return l.Cause != reconcile.Unexplained }) {
		t.Errorf("%+v", result.Lines)
	}
}

// What the bill counts is held against what the log counts; what it lists beside usage says itself what it is.
func TestQuantitiesAndCharges(t *testing.T) {
	b := book(t)
	day := at("2026-03-12 00:00")
	calls := []*reconcile.Usage{
		call(b, day, "road-runner", price.Standard, price.Quantities{price.Input: 1000}),
		call(b, day.Add(-48*time.Hour), "road-runner", price.Standard, price.Quantities{price.Input: 1000}),
		{Start: day, Provider: "umbrella", Model: "x", Rows: 1, Quantities: price.Quantities{price.Input: 10}},
	}
	more := charge(day, "road-runner", "0.0048", price.Input)
	more.Quantity = usage.Count{N: 1200, Known: true}
	other := func(class usage.BillClass, amount string) *usage.BillLine {
		l := charge(day, "", amount)
		l.Class, l.Meter = class, string(class)
		return l
	}
	result := held(t, b, calls, []*usage.BillLine{
		more, charge(day, "coyote", "0.002", price.Output), other(usage.BillTax, "0.01"), other(usage.BillCredit, "-0.005"), other(usage.BillService, "0.03"),
	})
	want(t, &result,
		"2026-03-12 : 0.03 - 0 = 0.03, billed_apart",
		"2026-03-12 : 0.01 - 0 = 0.01, tax",
		"2026-03-12 : -0.005 - 0 = -0.005, credit",
		"2026-03-12 coyote output standard : 0.002 - 0 = 0.002, no_usage",
		"2026-03-12 road-runner input standard : 0.0048 - 0.004 = 0.0008, quantity")
	if why := result.Lines[4].Why; !strings.Contains(why, "1,200 tokens, the log 1,000 tokens: 200 tokens are not on the log") {
		t.Error(why)
	}
	if why := result.Lines[3].Why; !strings.Contains(why, "it would be 1,000 tokens") { // 0.002 at 2 a million
		t.Error(why)
	}
	if len(result.Apart) != 2 || result.Apart[0].Computed.String() != "0.004" || result.Apart[1].Provider != "umbrella" {
		t.Errorf("%+v", result.Apart)
	}
}

// Where bill and log name their projects differently they are compared without; where they agree, project by project.
func TestProjects(t *testing.T) {
	b := book(t)
	day := at("2026-03-12 00:00")
	var calls []*reconcile.Usage
	for _, project := range []string{"web", "app"} {
		u := call(b, day, "road-runner", price.Standard, price.Quantities{price.Input: 1000})
		u.Project = project
		calls = append(calls, u)
	}
	named := func(prefix string) []*usage.BillLine {
		var bill []*usage.BillLine
		for _, project := range []string{"web", "app"} {
			l := charge(day, "road-runner", "0.004", price.Input)
			l.Project = prefix + project
			bill = append(bill, l)
		}
		return bill
	}
	result := held(t, b, calls, named(""))
	want(t, &result, "2026-03-12 road-runner input standard app: 0.004 - 0.004 = 0, equal", "2026-03-12 road-runner input standard web: 0.004 - 0.004 = 0, equal")
	result = held(t, b, calls, named("wrkspc_"))
	want(t, &result, "2026-03-12 road-runner input standard : 0.008 - 0.008 = 0, equal")
	if len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "names projects differently") && !strings.Contains(result.Notes[0], "name projects differently") {
		t.Errorf("%v", result.Notes)
	}
}

// A log whose costs have two decimals is off by half a cent in each row, and no more.
func TestRoundedReports(t *testing.T) {
	b := book(t)
	r := reconcile.NewReported(b)
	for i := range 20 {
		u := call(b, at("2026-03-12 10:00"), "road-runner", price.Standard, price.Quantities{price.Input: int64(10_000 + 777*i)}) // 0.04 + 0.003108 i
		cents := (int64(10_000+777*i)*4*10 + 50_000) / 100_000
		u.Reported = usage.Cost{USD: money.USD(cents) * 10_000_000, Known: true}
		if err := r.Add(u); err != nil {
			t.Fatal(err)
		}
	}
	result, err := r.Result()
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, &result)
	if !result.Settled || slices.ContainsFunc(result.Lines, func(l reconcile.ReconciledLine) bool {
		return l.Cause != reconcile.Rounding && l.Cause != reconcile.Equal
	}) {
		t.Errorf("%s", shown(&result))
	}
}

// Whatever is held against whatever: explained, missing and unexplained add up to billed less computed, exactly; and the
// order of rows and lines changes nothing.
func TestAlwaysAddsUp(t *testing.T) {
	b := book(t)
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(0, 6)
		models := rapid.SampledFrom([]string{"road-runner", "coyote", "tumbleweed"})
		tiers := rapid.SampledFrom([]price.Tier{price.Standard, price.Batch})
		kinds := rapid.SampledFrom([][]price.Kind{nil, {price.Input}, {price.CacheRead}, {price.CacheWrite, price.CacheWrite5m}, {price.Output, price.Reasoning}, {price.WebSearch}})
		amounts := rapid.SampledFrom([]string{"0", "0.004", "0.002", "0.0062", "0.01", "0.00825", "-0.5"})
		first := at("2026-03-08 00:00")
		var calls []*reconcile.Usage
		for range rapid.IntRange(0, 8).Draw(t, "calls") {
			var q price.Quantities
			for _, k := range []price.Kind{price.Input, price.CacheRead, price.CacheWrite, price.CacheWrite1h, price.Output, price.Reasoning, price.WebSearch} {
				q[k] = rapid.SampledFrom([]int64{0, 0, 1, 100, 1000, 250_000}).Draw(t, "n")
			}
			u := call(b, first.Add(time.Duration(days.Draw(t, "day"))*24*time.Hour+time.Duration(rapid.IntRange(0, 23).Draw(t, "hour"))*time.Hour), models.Draw(t, "model"), tiers.Draw(t, "tier"), q)
			u.Project = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "project")
			if rapid.Bool().Draw(t, "reported") {
				u.Reported = usage.Cost{USD: usd(strings.TrimPrefix(amounts.Draw(t, "cost"), "-")), Known: true}
			}
			calls = append(calls, u)
		}
		var bill []*usage.BillLine
		for range rapid.IntRange(0, 8).Draw(t, "lines") {
			l := charge(first.Add(time.Duration(days.Draw(t, "day"))*24*time.Hour), rapid.SampledFrom([]string{"", "road-runner", "coyote"}).Draw(t, "model"), amounts.Draw(t, "amount"), kinds.Draw(t, "kinds")...)
			l.Class = rapid.SampledFrom([]usage.BillClass{usage.BillUsage, usage.BillUsage, usage.BillUsage, usage.BillTax, usage.BillService}).Draw(t, "class")
			l.Tier, l.TierKnown = tiers.Draw(t, "tier"), rapid.Bool().Draw(t, "known")
			l.Rounding = rapid.SampledFrom([]money.USD{1, 500, 5_000_000}).Draw(t, "rounding")
			l.Project = rapid.SampledFrom([]string{"", "a"}).Draw(t, "project")
			bill = append(bill, l)
		}
		run := func() (string, string) {
			bills, own := reconcile.NewBills(b), reconcile.NewReported(b)
			for _, u := range calls {
				if err := bills.AddUsage(u); err != nil {
					t.Fatal(err)
				}
				if err := own.Add(u); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range bill {
				if err := bills.AddBill(l); err != nil {
					t.Fatal(err)
				}
			}
			var texts []string
			for _, result := range []func() (reconcile.Result, error){bills.Result, own.Result} {
				r, err := result()
				if err != nil {
					t.Fatal(err)
				}
				addsUp(t, &r)
				text, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(text))
			}
			return texts[0], texts[1]
		}
		a, c := run()
		shuffle := rand.New(rand.NewPCG(1, uint64(len(calls))))
		shuffle.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		shuffle.Shuffle(len(bill), func(i, j int) { bill[i], bill[j] = bill[j], bill[i] })
		if a2, c2 := run(); a != a2 || c != c2 {
			t.Fatalf("another order:\n%s\n%s\n%s\n%s", a, a2, c, c2)
		}
	})
}

// A log of many calls, one in ten of which is reported at the price of another day.
func BenchmarkReported(b *testing.B) {
	prices := book(b)
	rows := make([]*reconcile.Usage, 1000)
	for i := range rows {
		u := call(prices, at("2026-03-05 10:00").Add(time.Duration(i)*time.Minute), "road-runner", price.Standard, price.Quantities{price.Input: 1000, price.CacheRead: 500, price.Output: 100})
		u.Reported = usage.Cost{USD: usd("0.00825"), Known: true}
		if i%10 == 0 {
			u.Reported.USD = usd("0.0062")
		}
		rows[i] = u
	}
	b.ReportAllocs()
	for b.Loop() {
		r := reconcile.NewReported(prices)
		for _, u := range rows {
			if err := r.Add(u); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}
