package focus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Outcome is what became of a rule.
type Outcome string

// The outcomes. Advice is a recommendation that the file does not follow: it still conforms.
const (
	Passed  Outcome = "pass"
	Failed  Outcome = "fail"
	Advice  Outcome = "advice"
	Skipped Outcome = "skipped"
)

// maxLines is how many rows of a rule are named.
const maxLines = 10

// RuleResult is one rule held against a file.
type RuleResult struct {
	ID      string  `json:"rule"`
	Column  string  `json:"column" doc:"The column, or the attribute, that the rule is of."`
	Keyword string  `json:"keyword" doc:"MUST, SHOULD, MAY and the like."`
	Text    string  `json:"text"`
	Outcome Outcome `json:"outcome" enum:"pass,fail,advice,skipped"`
	Why     string  `json:"why,omitempty" doc:"Why the rule was skipped, or what is wrong."`
	Applied int64   `json:"applied" doc:"Rows to which the rule applied."`
	Broken  int64   `json:"broken" doc:"Rows that break it."`
	Lines   []int   `json:"lines,omitempty" doc:"The first of them, as lines of the file; of a Parquet file, as numbers of rows."`
}

// Conformance is a file held against the rules.
type Conformance struct {
	Version  string       `json:"version" doc:"The edition of FOCUS."`
	Rows     int64        `json:"rows"`
	Conforms bool         `json:"conforms" doc:"Whether no rule fails."`
	Passed   int          `json:"passed"`
	Failed   int          `json:"failed"`
	Advised  int          `json:"advised"`
	Skipped  int          `json:"skipped"`
	Results  []RuleResult `json:"results" nullable:"false"`
}

// FileError says why a file cannot be checked.
type FileError struct {
	Line    int // zero for the file as a whole
	Problem string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return "the FOCUS file cannot be read: " + e.Problem
	}
	return fmt.Sprintf("the FOCUS file cannot be read: line %d: %s", e.Line, e.Problem)
}

// truth is an answer that may be unknown: a comparison with null is neither true nor false, as in SQL.
type truth int8

const (
	no truth = iota - 1
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// row is the fields of one row of the file.
type row []string

// at is a field; null for a column that the file lacks, whose place is negative.
func (r row) at(place int) (text string, null bool) {
	if place < 0 || r[place] == "" {
		return "", true
	}
	return r[place], false
}

// places finds columns by their names.
type places map[string]int

func (p places) of(column string) int {
	if i, ok := p[column]; ok {
		return i
	}
	return -1
}

// test is a check with its columns found.
type test func(row) truth

// columns are the columns that a check reads.
func (c *check) columns() []string {
	var list []string
	for _, name := range []string{c.name(), c.A, c.B, c.Result} {
		if name != "" {
			list = append(list, name)
		}
	}
	for _, items := range [][]check{c.Items, c.And} {
		for i := range items {
			list = append(list, items[i].columns()...)
		}
	}
	return list
}

func (c *check) name() string {
	if c.Column == "" {
		return c.Condition
	}
	return c.Column
}

// functions check one value that is not null.
var functions = map[string]func(string) bool{
	"TypeString":            utf8.ValidString,
	"FormatString":          utf8.ValidString,
	"TypeDecimal":           isNumber,
	"FormatNumeric":         isNumber,
	"CheckDecimalValue":     isNumber,
	"TypeDateTime":          isTime,
	"FormatDateTime":        isTime,
	"FormatUnit":            unit.MatchString,
	"FormatCurrency":        utf8.ValidString, // a national currency, or a virtual one under any name
	"CheckNationalCurrency": isCurrency,
	"FormatKeyValue":        isKeyValue,
}

// comparisons make tests of two or more columns, and of a column and a value of the rule.
var comparisons = map[string]func(*check, places) test{
	"CheckValue":    (*check).equals,
	"CheckNotValue": (*check).differs,
	"CheckSameValue": func(c *check, p places) test {
		return both(p.of(c.A), p.of(c.B), func(a, b string) bool { return a == b })
	},
	"CheckNotSameValue": func(c *check, p places) test {
		return both(p.of(c.A), p.of(c.B), func(a, b string) bool { return a != b })
	},
	"CheckGreaterOrEqualThanValue": func(c *check, p places) test {
		least, ok := parseDecimal(c.Value.text)
		return valued(p.of(c.name()), func(text string) bool {
			n, number := parseDecimal(text)
			return ok && number && n.compare(&least) >= 0
		})
	},
	// Exact: in floats the product of a price and a quantity is often not the cost.
	"ColumnByColumnEqualsColumnValue": func(c *check, p places) test {
		at := [3]int{p.of(c.A), p.of(c.B), p.of(c.Result)}
		return func(r row) truth {
			var n [3]decimal
			for i, place := range at {
				text, null := r.at(place)
				if null {
					return unknown
				}
				var ok bool
				if n[i], ok = parseDecimal(text); !ok {
					return no
				}
			}
			product := n[0].times(&n[1])
			return truthOf(product.compare(&n[2]) == 0)
		}
	},
}

// valued tests a value; of null nothing is known.
func valued(place int, holds func(string) bool) test {
	return func(r row) truth {
		text, null := r.at(place)
		if null {
			return unknown
		}
		return truthOf(holds(text))
	}
}

// both tests two values.
func both(a, b int, holds func(a, b string) bool) test {
	return func(r row) truth {
		x, noX := r.at(a)
		y, noY := r.at(b)
		if noX || noY {
			return unknown
		}
		return truthOf(holds(x, y))
	}
}

// compile finds the columns of a check that is not unusable.
func (c *check) compile(p places) test {
	if f, ok := functions[c.Function]; ok {
		return valued(p.of(c.name()), f)
	}
	if f, ok := comparisons[c.Function]; ok {
		return f(c, p)
	}
	items := c.Items
	if c.Function == "" { // how a few conditions spell AND
		items = c.And
	}
	tests := make([]test, len(items))
	for i := range items {
		tests[i] = items[i].compile(p)
	}
	if c.Function == "OR" {
		return func(r row) truth {
			answer := no
			for i := 0; i < len(tests) && answer != yes; i++ {
				answer = max(answer, tests[i](r))
			}
			return answer
		}
	}
	return func(r row) truth {
		answer := yes
		for i := 0; i < len(tests) && answer != no; i++ {
			answer = min(answer, tests[i](r))
		}
		return answer
	}
}

// unusable says why a check cannot be evaluated on a row, and is empty where it can.
func (c *check) unusable() string {
	switch {
	case c.Function == "" && c.And == nil:
		return "it names no check function"
	case c.Function == "" || c.Function == "AND" || c.Function == "OR":
	case functions[c.Function] == nil && comparisons[c.Function] == nil:
		return "the check function " + c.Function + " is not known here"
	case len(c.columns()) == 0:
		return "its check names no column"
	}
	for _, items := range [][]check{c.Items, c.And} {
		for i := range items {
			if why := items[i].unusable(); why != "" {
				return why
			}
		}
	}
	return ""
}

func (c *check) equals(p places) test {
	place := p.of(c.name())
	if c.Value.null {
		return func(r row) truth {
			_, null := r.at(place)
			return truthOf(null)
		}
	}
	return valued(place, c.Value.same())
}

// differs is true of a null and a value: a charge without a class is no correction.
func (c *check) differs(p places) test {
	place, same := p.of(c.name()), c.Value.same()
	return func(r row) truth {
		text, null := r.at(place)
		if null || c.Value.null {
			return truthOf(null != c.Value.null)
		}
		return truthOf(!same(text))
	}
}

// same compares with the value: numbers by what they are worth, and everything else by its letters.
func (v *value) same() func(string) bool {
	number, ok := parseDecimal(v.text)
	return func(text string) bool {
		if text == v.text || !ok {
			return text == v.text
		}
		n, ok := parseDecimal(text)
		return ok && n.compare(&number) == 0
	}
}

func isNumber(text string) bool {
	_, ok := parseDecimal(text)
	return ok
}

// isTime reports whether text is a time of ISO 8601 in UTC, as in 2026-11-20T10:00:00Z.
func isTime(text string) bool {
	_, err := time.Parse("2006-01-02T15:04:05Z", text)
	return err == nil
}

// unit is FOCUS's unit format: "Tokens", "1000000 Tokens", "GB-Hours", "Requests/Second", "GB/3 Months".
var unit = regexp.MustCompile(`^(\d+ )?[\pL\d]+([ -][\pL\d]+)*(/(\d+ )?[\pL]+)?$`)

// isKeyValue reports whether text is a JSON object of scalars.
func isKeyValue(text string) bool {
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &m) != nil || m == nil {
		return false
	}
	for _, v := range m {
		if v[0] == '{' || v[0] == '[' {
			return false
		}
	}
	return true
}

// currencies are the codes of ISO 4217 for money that circulates.
const currencies = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "

func isCurrency(text string) bool {
	return len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.Contains(currencies, " "+text+" ")
}

// trial is one rule as it is held against the rows.
type trial struct {
	rule   *rule
	result RuleResult
	// need and when are the rule's checks with their columns found; need is nil where the rows do not decide, and
	// when where the rule always applies.
	need, when test
	columns    places
	// groups holds the values of B seen with each value of A, for a rule on how many there are.
	groups map[string]map[string]bool
}

// Supports says which criteria of the model the provider of a file meets. A rule with another criterion is skipped:
// a file does not tell.
type Supports []string

// Check holds a FOCUS file against rules: CSV, or JSON with one object a line, as a Parquet file is read. It reads the
// file once, and keeps a few counts for each rule.
func Check(in io.Reader, rules Rules, supports Supports) (Conformance, error) {
	file, err := read(in)
	if err != nil {
		return Conformance{}, err
	}
	trials := make([]trial, len(rules.list))
	for i := range rules.list {
		trials[i] = begin(&rules.list[i], file.columns(), supports)
	}
	report := Conformance{Version: rules.Version, Conforms: true, Results: make([]RuleResult, 0, len(trials))}
	for {
		r, line, err := file.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return report, err
		}
		report.Rows++
		for i := range trials {
			if trials[i].need != nil || trials[i].groups != nil {
				trials[i].hold(r, line)
			}
		}
	}
	roll(trials)
	for i := range trials {
		t := &trials[i].result
		switch t.Outcome {
		case Passed:
			report.Passed++
		case Failed:
			report.Failed++
			report.Conforms = false
		case Advice:
			report.Advised++
		case Skipped:
			report.Skipped++
		}
		report.Results = append(report.Results, *t)
	}
	return report, nil
}

// begin decides what can be decided from the columns alone.
func begin(r *rule, index places, supports Supports) trial {
	t := trial{rule: r, columns: index, result: RuleResult{ID: r.id, Column: r.column, Keyword: r.keyword, Text: r.text, Outcome: Passed}}
	skip := func(why string) trial {
		t.result.Outcome, t.result.Why = Skipped, why
		return t
	}
	if r.composite {
		return t
	}
	if r.dynamic {
		return skip("a file does not tell whether it holds")
	}
	if r.keyword == "MAY" {
		return skip("it permits, and demands nothing")
	}
	for _, c := range r.criteria {
		if !slices.Contains(supports, c) {
			return skip(c + " is not said of the provider")
		}
	}
	if r.need.Function == "ColumnPresent" {
		if _, ok := index[r.need.name()]; !ok {
			t.fail("the column " + r.need.name() + " is missing")
		}
		return t
	}
	for _, c := range r.need.columns() {
		if _, ok := index[c]; !ok {
			return skip("the file has no column " + c)
		}
	}
	if r.when != nil {
		if why := r.when.unusable(); why != "" {
			return skip("its condition cannot be evaluated: " + why)
		}
		t.when = r.when.compile(index)
	}
	if r.need.Function == "CheckDistinctCount" {
		t.groups = map[string]map[string]bool{}
		return t
	}
	if why := r.need.unusable(); why != "" {
		return skip(why)
	}
	t.need = r.need.compile(index)
	return t
}

// fail marks the rule as broken, or its recommendation as not followed.
func (t *trial) fail(why string) {
	t.result.Outcome = Failed
	if strings.HasPrefix(t.rule.keyword, "SHOULD") || t.rule.keyword == "RECOMMENDED" {
		t.result.Outcome = Advice
	}
	if t.result.Why == "" {
		t.result.Why = why
	}
}

// hold holds the rule against a row. What is unknown breaks no rule: a value that has to be there is a rule of
// its own.
func (t *trial) hold(r row, line int) {
	if t.when != nil && t.when(r) != yes {
		return
	}
	t.result.Applied++
	need := &t.rule.need
	if t.groups == nil {
		if t.need(r) == no {
			t.broken(line, func() string { return need.shown(r, t.columns) })
		}
		return
	}
	a, null := r.at(t.columns.of(need.A))
	b, _ := r.at(t.columns.of(need.B))
	if null {
		return
	}
	seen := t.groups[a]
	if seen == nil {
		seen = map[string]bool{}
		t.groups[strings.Clone(a)] = seen
	}
	if !seen[b] {
		seen[strings.Clone(b)] = true
		if len(seen) > need.Count {
			t.broken(line, func() string { return fmt.Sprintf("%s %s has more than %d %s", need.A, clip(a), need.Count, need.B) })
		}
	}
}

// broken counts a row that breaks the rule. The first one says why.
func (t *trial) broken(line int, why func() string) {
	t.result.Broken++
	if len(t.result.Lines) < maxLines {
		t.result.Lines = append(t.result.Lines, line)
	}
	if t.result.Broken == 1 {
		t.fail(why())
	}
}

// shown is the values that a check read, for the first row that breaks it.
func (c *check) shown(r row, p places) string {
	columns := c.columns()
	slices.Sort(columns)
	columns = slices.Compact(columns)
	parts := make([]string, len(columns))
	for i, name := range columns {
		text, null := r.at(p.of(name))
		if null {
			parts[i] = name + " is null"
			continue
		}
		parts[i] = name + " is " + clip(text)
	}
	return strings.Join(parts, ", ")
}

func clip(text string) string {
	const most = 60
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return fmt.Sprintf("%q", text)
}

// roll gives each composite rule the outcome of the rules that it is made of.
func roll(trials []trial) {
	byID := make(map[string]int, len(trials))
	for i := range trials {
		byID[trials[i].rule.id] = i
	}
	state := make([]int8, len(trials)) // 0 not begun, 1 under way, 2 done
	var settle func(i int) Outcome
	var value func(c *check) Outcome
	value = func(c *check) Outcome {
		if c.Function == "CheckModelRule" {
			if i, ok := byID[c.Rule]; ok {
				return settle(i)
			}
			return Skipped
		}
		if c.Function != "AND" && c.Function != "OR" {
			return Skipped
		}
		var count = map[Outcome]int{}
		for i := range c.Items {
			count[value(&c.Items[i])]++
		}
		good := count[Passed] + count[Advice]
		switch {
		case c.Function == "AND" && count[Failed] > 0, c.Function == "OR" && good+count[Skipped] == 0 && count[Failed] > 0:
			return Failed
		case good > 0:
			return Passed
		}
		return Skipped
	}
	settle = func(i int) Outcome {
		t := &trials[i]
		if !t.rule.composite || state[i] == 2 {
			return t.result.Outcome
		}
		if state[i] == 1 {
			return Skipped // a rule that is made of itself
		}
		state[i] = 1
		t.result.Outcome = value(&t.rule.need)
		t.result.Why = map[Outcome]string{Failed: "a rule that it is made of fails", Skipped: "every rule that it is made of is skipped"}[t.result.Outcome]
		state[i] = 2
		return t.result.Outcome
	}
	for i := range trials {
		settle(i)
	}
}
