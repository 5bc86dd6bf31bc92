package focus_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/focus"
	"breakeven/money"
	"breakeven/price"
)

// charges are a million and a half input tokens at $3 per million, three searches at $10 per thousand, and output of
// a model without a price.
func charges(t testing.TB) []focus.Charge {
	t.Helper()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	make := func(kind price.Kind, n int64, rate money.Rate) focus.Charge {
		p := &focus.Price{Rate: rate}
		if err := p.Amount.Add(n, rate); err != nil {
			t.Fatal(err)
		}
		return focus.Charge{
			Start: day, End: day.AddDate(0, 0, 1), Account: "org-1", Issuer: "Acme", Provider: "acme", Model: "road-runner", Kind: kind,
			Project: "web", Tags: map[string]string{"project": "web", "user": "wile"}, Quantity: n, Price: p,
		}
	}
	return []focus.Charge{
		make(price.Input, 1_500_001, 3_000_000),
		make(price.WebSearch, 3, 10_000*1_000_000),
	}
}

func write(t testing.TB, v focus.Version, list []focus.Charge) string {
	t.Helper()
	var b bytes.Buffer
	if err := focus.Write(&b, v, list); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func check(t testing.TB, file string, rules focus.Rules, supports ...string) focus.Conformance {
	t.Helper()
	report, err := focus.Check(strings.NewReader(file), rules, supports)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func failures(r focus.Conformance) []string {
	var list []string
	for _, one := range r.Results {
		if one.Outcome == focus.Failed {
			list = append(list, one.ID)
		}
	}
	return list
}

// cells reads one column of a file.
func cells(t *testing.T, file, column string) []string {
	t.Helper()
	records := records(t, file)
	i := slices.Index(records[0], column)
	if i < 0 {
		t.Fatalf("no column %s in %v", column, records[0])
	}
	var list []string
	for _, r := range records[1:] {
		list = append(list, r[i])
	}
	return list
}

// 1,500,001 x 3 / 1,000,000 = 4.500003, and 3 searches of 10 / 1,000 are 0.03.
func TestWrite(t *testing.T) {
	list := charges(t)
	list = append(list, focus.Charge{
		Start: list[0].Start, End: list[0].End, Account: "org-1", Issuer: "Acme", Provider: "acme", Model: "=new", Kind: price.Output, Quantity: 7,
		Problem: "no price",
	})
	file := write(t, focus.V12, list)
	for column, want := range map[string][]string{
		"BilledCost": {"4.500003", "0.03", ""}, "ListCost": {"4.500003", "0.03", ""}, "ListUnitPrice": {"3", "10", ""},
		"PricingQuantity": {"1.500001", "0.003", "0.000007"}, "PricingUnit": {"1000000 Tokens", "1000 Searches", "1000000 Tokens"},
		"ConsumedQuantity": {"1500001", "3", "7"}, "ConsumedUnit": {"Tokens", "Searches", "Tokens"},
		"SkuId":              {"acme/road-runner/input", "acme/road-runner/web_search", "acme/=new/output"},
		"SkuPriceId":         {"acme/road-runner/input/standard", "acme/road-runner/web_search/standard", ""},
		"BillingPeriodStart": {"2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"},
		"BillingPeriodEnd":   {"2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		"ChargePeriodEnd":    {"2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"},
		"Tags":               {`{"project":"web","user":"wile"}`, `{"project":"web","user":"wile"}`, ""},
		"SubAccountType":     {"Project", "Project", ""},
		"x_Model":            {"road-runner", "road-runner", "'=new"},
		"x_PriceProblem":     {"", "", "no price"},
	} {
		if got := cells(t, file, column); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", column, got, want)
		}
	}
	if later := write(t, focus.V14, list); strings.Contains(later, "PublisherName") || !strings.Contains(later, "ServiceProviderName") {
		t.Error("1.4 names the provider otherwise")
	}
}

// What is written passes our own table. Usage without a price does not: FOCUS wants a cost in every row.
func TestOwnRules(t *testing.T) {
	for _, v := range focus.Versions() {
		list := charges(t)
		if r := check(t, write(t, v, list), focus.OwnRules(v)); !r.Conforms || r.Skipped > 0 || r.Rows != 2 {
			t.Errorf("%s: %v, %d skipped", v, failures(r), r.Skipped)
		}
		list[1].Price = nil
		r := check(t, write(t, v, list), focus.OwnRules(v))
		want := []string{
			"BilledCost: not null", "ContractedCost: not null", "ContractedUnitPrice: required", "EffectiveCost: not null",
			"ListCost: not null", "ListUnitPrice: required", "SkuPriceId: required",
		}
		if got := failures(r); !slices.Equal(got, want) {
			t.Errorf("%s without a price fails %v, want %v", v, got, want)
		}
		if i := slices.IndexFunc(r.Results, func(one focus.RuleResult) bool { return one.ID == want[0] }); r.Results[i].Broken != 1 || !slices.Equal(r.Results[i].Lines, []int{3}) {
			t.Errorf("%+v", r.Results[i])
		}
	}
}

// Each fault put into a file that passes is found by its rule.
func TestCheckFindsFaults(t *testing.T) {
	good := write(t, focus.V12, charges(t))
	for _, c := range []struct{ from, to, rule string }{
		{"BilledCost,", "Billed,", "BilledCost: present"},
		{"\n4.500003,", "\n\"4,500003\",", "BilledCost: format"},
		{"\n4.500003,", "\n+4.5,", "BilledCost: format"},
		{"\n4.500003,", "\n$4.5,", "BilledCost: format"},
		{"\n4.500003,", "\n,", "BilledCost: not null"},
		{",USD,", ",USX,", "BillingCurrency: format"},
		{",Usage,", ",usage,", "ChargeCategory: allowed"},
		{"2026-11-21T00:00:00Z", "2026-11-21 00:00:00", "ChargePeriodEnd: format"},
		{"2026-11-21T00:00:00Z", "2026-11-21T00:00:00+01:00", "ChargePeriodEnd: format"},
		{",1.500001,", ",1.5000010000001,", "ListCost: product"},
		{"1000000 Tokens", "1000000  Tokens", "PricingUnit: format"},
		{"AI and Machine Learning", "AI", "ServiceCategory: allowed"},
		{`"{""project"":""web"",""user"":""wile""}"`, `"{""a"":{}}"`, "Tags: format"},
		{"acme/road-runner/input/standard", "acme/road-runner/web_search/standard", "SkuPriceId: one SKU"},
		{",Project,", ",,", "SubAccountType: required"},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		if bad == good {
			t.Fatalf("%q is not in the file", c.from)
		}
		if got := failures(check(t, bad, focus.OwnRules(focus.V12))); !slices.Contains(got, c.rule) {
			t.Errorf("%q for %q: %v fail, want %s", c.to, c.from, got, c.rule)
		}
	}
	// Scientific notation is a number, and is compared exactly.
	if r := check(t, strings.Replace(good, ",1.500001,", ",1500001E-6,", 1), focus.OwnRules(focus.V12)); !r.Conforms {
		t.Error(failures(r))
	}
}

func TestUnreadableFiles(t *testing.T) {
	for file, want := range map[string]string{"": "is empty", "a,b\n1\n": "line 2", "a,a\n": "twice", "a\n\"x\n": "line 2"} {
		_, err := focus.Check(strings.NewReader(file), focus.OwnRules(focus.V12), nil)
		if bad, ok := errors.AsType[*focus.FileError](err); !ok || !strings.Contains(bad.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
}

// model is a model in small: a composite of three rules, one of a provider's support, one with a condition, and a
// recommendation.
const model = `{"Details": {"FOCUSVersion": "9"}, "ModelRules": {
"All": {"Function": "Composite", "Type": "Static", "ValidationCriteria": {"Keyword": "MUST", "Requirement": {"CheckFunction": "AND", "Items": [
  {"CheckFunction": "CheckModelRule", "ModelRuleId": "A"}, {"CheckFunction": "CheckModelRule", "ModelRuleId": "B"}, {"CheckFunction": "CheckModelRule", "ModelRuleId": "Loop"}]}}},
"Loop": {"Function": "Composite", "Type": "Static", "ValidationCriteria": {"Keyword": "MUST", "Requirement": {"CheckFunction": "AND", "Items": [{"CheckFunction": "CheckModelRule", "ModelRuleId": "All"}]}}},
"A": {"Function": "Presence", "Type": "Static", "ApplicabilityCriteria": ["REGION_SUPPORTED"], "ValidationCriteria": {"Keyword": "MUST", "Requirement": {"CheckFunction": "ColumnPresent", "ColumnName": "RegionId"}}},
"B": {"Function": "Validation", "Type": "Static", "ValidationCriteria": {"Keyword": "MUST", "Requirement": {"CheckFunction": "CheckValue", "ColumnName": "Cost", "Value": 0}, "Condition": {"AND": [{"CheckFunction": "CheckValue", "ColumnName": "Kind", "Value": "Free"}]}}},
"C": {"Function": "Presence", "Type": "Static", "ValidationCriteria": {"Keyword": "RECOMMENDED", "Requirement": {"CheckFunction": "ColumnPresent", "ColumnName": "InvoiceId"}}},
"D": {"Function": "Validation", "Type": "Dynamic", "ValidationCriteria": {"Keyword": "MUST", "Requirement": {}}},
"E": {"Function": "Validation", "Type": "Static", "ValidationCriteria": {"Keyword": "MUST", "Requirement": {"CheckFunction": "CheckMoon", "ColumnName": "Cost"}}}}}`

func TestModel(t *testing.T) {
	rules, err := focus.ReadRules([]byte(model))
	if err != nil {
		t.Fatal(err)
	}
	outcomes := func(file string, supports ...string) string {
		var list []string
		for _, r := range check(t, file, rules, supports...).Results {
			list = append(list, r.ID+" "+string(r.Outcome))
		}
		return strings.Join(list, ", ")
	}
	for _, c := range []struct{ file, supports, want string }{
		{"Cost,Kind\n0.00,Free\n3,Dear\n", "", "A skipped, All pass, B pass, C advice, D skipped, E skipped, Loop skipped"},
		{"Cost,Kind\n0.01,Free\n", "", "A skipped, All fail, B fail, C advice, D skipped, E skipped, Loop skipped"},
		{"Cost,Kind\n0,Free\n", "REGION_SUPPORTED", "A fail, All fail, B pass, C advice, D skipped, E skipped, Loop skipped"},
		{"Kind,InvoiceId\nFree,\n", "", "A skipped, All skipped, B skipped, C pass, D skipped, E skipped, Loop skipped"},
	} {
		if got := outcomes(c.file, c.supports); got != c.want {
			t.Errorf("%q: %s, want %s", c.file, got, c.want)
		}
	}
	for _, bad := range []string{"", "[]", "{}", `{"ModelRules": {"A": {"ValidationCriteria": {"Condition": 3}}}}`, `{"ModelRules": {"A": {"ValidationCriteria": {"Requirement": {"Value": []}}}}}`} {
		if _, err := focus.ReadRules([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		} else if _, ok := errors.AsType[*focus.RulesError](err); !ok {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// shared reads a file of the FOCUS project, and skips where it is not there.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../shared/data/focus/" + name)
	if err != nil {
		t.Skip("without the models of FOCUS: ", err)
	}
	return data
}

// supported are the criteria that hold of what is written.
var supported = []string{"ACCOUNT_NAMING_SUPPORTED", "PUBLIC_PRICE_LIST_SUPPORTED", "UNIT_PRICING_SUPPORTED", "USAGE_MEASUREMENT_SUPPORTED", "SUB_ACCOUNT_SUPPORTED", "TAGGING_SUPPORTED", "NEGOTIATED_PRICING_SUPPORTED", "MULTIPLE_PRICING_CATEGORIES_SUPPORTED", "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED"}

// What is written passes the whole model of FOCUS 1.2: every static rule of a column that is there.
func TestModel12(t *testing.T) {
	rules, err := focus.ReadRules(shared(t, "requirements_model_1.2.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := check(t, write(t, focus.V12, charges(t)), rules, supported...)
	for _, one := range r.Results {
		if one.Outcome == focus.Failed {
			t.Errorf("%s: %s: %s", one.ID, one.Text, one.Why)
		}
		if one.Outcome == focus.Skipped && (strings.Contains(one.Why, "not known") || strings.Contains(one.Why, "evaluated")) {
			t.Errorf("%s cannot be evaluated: %s", one.ID, one.Why)
		}
	}
	if len(r.Results) != 621 || r.Version != "1.2" {
		t.Errorf("%d rules of %s", len(r.Results), r.Version)
	}
	t.Logf("%d pass, %d fail, %d advise, %d skipped", r.Passed, r.Failed, r.Advised, r.Skipped)
}

// Faults put into a good file fail the rule of the model that is about them.
func TestModel12FindsFaults(t *testing.T) {
	rules, err := focus.ReadRules(shared(t, "requirements_model_1.2.json"))
	if err != nil {
		t.Fatal(err)
	}
	good := write(t, focus.V12, charges(t))
	for _, c := range []struct{ from, to, rule string }{
		{"BilledCost,", "x_Billed,", "CostAndUsage-D-006-M"},
		{"\n4.500003,", "\n,", "BilledCost-C-003-M"},
		{"\n4.500003,", "\n4.5.3,", "BilledCost-C-002-M"},
		{",Usage,", ",Use,", "ChargeCategory-C-003-M"},
		{",1.500001,", ",1.5,", "ListCost-C-009-C"},
		{",1.500001,", ",,", "PricingQuantity-C-005-C"},
		{",USD,", ",dollars,", "BillingCurrency-C-006-M"},
		{"Generative AI", "Caching", "ServiceSubcategory-C-004-M"},
		{"acme/road-runner/input/standard", "acme/road-runner/web_search/standard", "SkuPriceId-C-008-M"},
		{"SkuMeter,", "Meter,", "CostAndUsage-D-000-M"},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		if got := failures(check(t, bad, rules, supported...)); bad == good || !slices.Contains(got, c.rule) || !slices.Contains(got, "CostAndUsage-D-000-M") {
			t.Errorf("%q for %q: %v fail, want %s and the whole", c.to, c.from, got, c.rule)
		}
	}
}

// A file that others made with exact decimals for FOCUS 1.4 passes our table.
func TestForeignFile(t *testing.T) {
	data, err := os.ReadFile("../../shared/data/usage-samples/focus_1_4_llm_spend.csv")
	if err != nil {
		t.Skip("without the samples: ", err)
	}
	if r := check(t, string(data), focus.OwnRules(focus.V14)); !r.Conforms {
		for _, one := range r.Results {
			if one.Outcome == focus.Failed {
				t.Errorf("%s: %s at %v", one.ID, one.Why, one.Lines)
			}
		}
	}
}

// Our table and our columns agree with the column list of FOCUS 1.4.
func TestModel14(t *testing.T) {
	var m struct {
		Datasets map[string]struct {
			Columns map[string]struct {
				Feature string   `json:"feature_level"`
				Nulls   bool     `json:"allows_nulls"`
				Allowed []string `json:"allowed_values"`
			} `json:"columns"`
		} `json:"datasets"`
	}
	if err := json.Unmarshal(shared(t, "focus_1_4_model.json"), &m); err != nil {
		t.Fatal(err)
	}
	columns := m.Datasets["Cost and Usage"].Columns
	file := write(t, focus.V14, charges(t))
	head := records(t, file)[0]
	for _, name := range head {
		if _, ok := columns[name]; !ok && !strings.HasPrefix(name, "x_") {
			t.Errorf("1.4 has no column %s", name)
		}
	}
	for name, c := range columns {
		if c.Feature == "Mandatory" && !slices.Contains(head, name) {
			t.Errorf("the mandatory column %s is missing", name)
		}
		if !slices.Contains(head, name) {
			continue
		}
		for _, cell := range cells(t, file, name) {
			if cell == "" && !c.Nulls {
				t.Errorf("%s is null", name)
			}
			if cell != "" && len(c.Allowed) > 0 && !slices.Contains(c.Allowed, cell) {
				t.Errorf("%s is %q", name, cell)
			}
		}
	}
}

// JSON lines are the same file: text without quotes, numbers of the same digits, nothing for null or what is left out.
func TestCheckJSON(t *testing.T) {
	const asCSV = "BilledCost,BillingCurrency,Tags\n0.50,USD,\"{\"\"a\"\":1}\"\n,EURO,\n"
	const asJSON = `{"BilledCost": 0.50, "BillingCurrency": "USD", "Tags": {"a": 1}}
{"BilledCost": null, "BillingCurrency": "EURO"}
`
	rules := focus.OwnRules(focus.V12)
	want, got := check(t, asCSV, rules), check(t, asJSON, rules)
	for i := range want.Results {
		for j := range want.Results[i].Lines {
			want.Results[i].Lines[j]-- // CSV begins with a header
		}
	}
	if !reflect.DeepEqual(got, want) || got.Rows != 2 || got.Conforms {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for text, problem := range map[string]string{
		"{":                     "line 1: it is no JSON",
		"{\"a\": 1}\n{\"a\":":   "line 2: it is no JSON",
		"{\"a\": 1}\n{\"b\":1}": `line 2: the column "b" is not in the first row`,
		" \n":                   "it is empty",
	} {
		_, err := focus.Check(strings.NewReader(text), rules, nil)
		if e, ok := errors.AsType[*focus.FileError](err); !ok || !strings.Contains(e.Error(), problem) {
			t.Errorf("%q: %v, want %s", text, err, problem)
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte(model))
	f.Add([]byte(`{"ModelRules": {"A": {"ValidationCriteria": {"Requirement": {"CheckFunction": "CheckDistinctCount", "ColumnAName": "a", "ColumnBName": "b"}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := focus.ReadRules(data)
		if err != nil {
			if _, ok := errors.AsType[*focus.RulesError](err); !ok {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		counted(t, check(t, "a,b,Cost,Kind\n1,2,3,Free\n1,,x,\n", rules))
	})
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(write(f, focus.V12, charges(f))))
	f.Add([]byte("\xef\xbb\xbfBilledCost,Tags\n1E256,{}\n-0.0,\"{\"\"a\"\":null}\"\n"))
	f.Add([]byte(`{"BilledCost": 1e5, "Tags": {"a": null}} {"Tags": "x"}` + "\n"))
	rules := focus.OwnRules(focus.V12)
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := focus.Check(bytes.NewReader(data), rules, nil)
		if err != nil {
			if _, ok := errors.AsType[*focus.FileError](err); !ok {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		counted(t, report)
	})
}

// counted checks that every rule has one outcome, and that the rows add up.
func counted(t *testing.T, r focus.Conformance) {
	t.Helper()
	if r.Passed+r.Failed+r.Advised+r.Skipped != len(r.Results) || r.Conforms != (r.Failed == 0) {
		t.Fatalf("%+v", r)
	}
	for _, one := range r.Results {
		if one.Broken > one.Applied || one.Applied > r.Rows || len(one.Lines) > 10 || (one.Outcome == focus.Passed && one.Broken > 0) {
			t.Fatalf("%+v", one)
		}
	}
}

func records(t *testing.T, file string) [][]string {
	t.Helper()
	list, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func BenchmarkCheck(b *testing.B) {
	list := charges(b)
	for len(list) < 10_000 {
		list = append(list, list[:2]...)
	}
	file := write(b, focus.V12, list)
	models := map[string]focus.Rules{"own": focus.OwnRules(focus.V12)}
	if data, err := os.ReadFile("../../shared/data/focus/requirements_model_1.2.json"); err == nil {
		if models["model 1.2"], err = focus.ReadRules(data); err != nil {
			b.Fatal(err)
		}
	}
	for name, rules := range models {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				check(b, file, rules)
			}
			b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
