package registry_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

func usd(t testing.TB, text string) *money.Rate {
	t.Helper()
	if text == "" {
		return nil
	}
	r, err := money.ParseRateScaledRounded(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

func day(text string) time.Time { return fact.Date(text).Time() }

func TestClassify(t *testing.T) {
	held := func(values ...string) []registry.Value {
		var list []registry.Value
		for i, v := range values {
			list = append(list, registry.Value{At: day("2026-01-01").AddDate(0, 0, 10*i), Rate: usd(t, v)})
		}
		return list
	}
	at := day("2026-01-21")
	for name, tt := range map[string]struct {
		old, now string
		before   []registry.Value
		want     registry.Class
	}{
		"a cut":                       {"5", "4", held("5"), registry.PriceChange},
		"a tenfold slip":              {"6", "0.6", held("6"), registry.UnitFix},
		"cents for dollars":           {"0.003", "0.3", held("0.003"), registry.UnitFix},
		"a real cut of nine tenths":   {"10", "1.2", held("10"), registry.PriceChange},
		"zero for not set":            {"2", "0", held("2"), registry.ZeroFill},
		"and back":                    {"0", "2", held("2", "0"), registry.ZeroFill},
		"the regional route's rate":   {"3", "3.3", held("3"), registry.RegionalUplift},
		"and back to the global one":  {"3.3", "3", held("3.3"), registry.RegionalUplift},
		"stated for the first time":   {"", "2", nil, registry.Addition},
		"no longer stated":            {"2", "", held("2"), registry.Removal},
		"back within thirty days":     {"4", "5", held("5", "4"), registry.Revert},
		"back, but after a long time": {"4", "5", []registry.Value{{At: day("2025-01-01"), Rate: usd(t, "5")}, {At: day("2025-06-01"), Rate: usd(t, "4")}}, registry.PriceChange},
	} {
		if got, why := registry.Classify(usd(t, tt.old), usd(t, tt.now), at, tt.before); got != tt.want {
			t.Errorf("%s: %s (%s), want %s", name, got, why, tt.want)
		}
	}
}

// The rule against 373 edits of public tables that were classed by hand, with hindsight over each rate's series.
func TestClassifyAgainstHistory(t *testing.T) {
	dir := os.Getenv("BREAKEVEN_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, "prices", "history.csv"))
	if err != nil {
		t.Skip("shared data is not here:", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	type edit struct {
		change registry.Change
		label  string
	}
	series := map[string][]edit{}
	past := map[string][]registry.Value{}
	for _, row := range rows[1:] {
		get := func(name string) string { return row[column[name]] }
		key := get("source") + "|" + get("source_model_id") + "|" + get("model") + "|" + get("field")
		if strings.Contains(get("field"), "character") {
			continue // nothing is billed by the character here, and the figures are below what a rate can hold
		}
		at := day(get("date"))
		if get("event") == "changed" {
			c := registry.Change{At: at, From: usd(t, get("old")), To: usd(t, get("new"))}
			if len(past[key]) == 0 {
				past[key] = []registry.Value{{Rate: c.From}}
			}
			c.Class, c.Why = registry.Classify(c.From, c.To, at, past[key])
			series[key] = append(series[key], edit{c, get("class")})
		}
		past[key] = append(past[key], registry.Value{At: at, Rate: usd(t, get("new"))})
	}
	labels := map[string]registry.Class{
		"change": registry.PriceChange, "flap/revert": registry.Revert, "unit-typo-correction?": registry.UnitFix, "zero<->price": registry.ZeroFill,
	}
	right, found, total := map[registry.Class]int{}, map[registry.Class]int{}, map[registry.Class]int{}
	for key, edits := range series {
		changes := make([]registry.Change, len(edits))
		for i, e := range edits {
			changes[i] = e.change
		}
		registry.Hindsight(changes)
		for i, e := range edits {
			want := labels[e.label]
			total[want]++
			found[changes[i].Class]++
			if changes[i].Class == want {
				right[want]++
			} else {
				t.Logf("%s on %s: %v -> %v is %s, labelled %s", key, changes[i].At.Format(time.DateOnly), changes[i].From, changes[i].To, changes[i].Class, e.label)
			}
		}
	}
	for _, class := range []registry.Class{registry.PriceChange, registry.Revert, registry.UnitFix, registry.ZeroFill} {
		precision, recall := float64(right[class])/float64(found[class]), float64(right[class])/float64(total[class])
		t.Logf("%-14s precision %.3f, recall %.3f of %d", class, precision, recall, total[class])
		if precision < 0.95 || recall < 0.95 {
			t.Errorf("%s: precision %.3f, recall %.3f", class, precision, recall)
		}
	}
}

func statement(t *testing.T, source, rate string) registry.Statement {
	t.Helper()
	s := registry.Source{ID: source, Title: source}
	if source == "litellm" || source == "portkey" {
		s.Group = "litellm"
	}
	s.Vendor = source == "vendor"
	kind := fact.Published
	if source == "rule" {
		kind = fact.Derived
	}
	return registry.Statement{Source: s, Rate: *usd(t, rate), Kind: kind, Since: day("2026-09-01"), Seen: day("2026-09-09")}
}

func TestResolve(t *testing.T) {
	for name, tt := range map[string]struct {
		say      [][2]string
		want     string
		outcome  registry.Outcome
		verified bool
	}{
		"nobody":                          {nil, "", registry.Unknown, false},
		"one source":                      {[][2]string{{"genai", "3"}}, "3", registry.BySingle, false},
		"two that agree":                  {[][2]string{{"genai", "3"}, {"litellm", "3.01"}}, "3", registry.ByMajority, true},
		"a copy is no second voice":       {[][2]string{{"litellm", "3"}, {"portkey", "3"}}, "3", registry.BySingle, false},
		"two against one":                 {[][2]string{{"genai", "3"}, {"models.dev", "3"}, {"litellm", "2"}}, "3", registry.ByMajority, true},
		"two copies against one":          {[][2]string{{"litellm", "3"}, {"portkey", "3"}, {"genai", "2"}}, "", registry.Undecided, false},
		"one against one":                 {[][2]string{{"genai", "3"}, {"litellm", "2"}}, "", registry.Undecided, false},
		"ten times apart":                 {[][2]string{{"genai", "3"}, {"litellm", "30"}}, "", registry.Undecided, false},
		"two against an outlier":          {[][2]string{{"genai", "3"}, {"models.dev", "3"}, {"litellm", "300"}}, "3", registry.ByMajority, true},
		"the vendor's page goes first":    {[][2]string{{"genai", "3"}, {"litellm", "3"}, {"vendor", "2"}}, "2", registry.ByVendor, false},
		"zero is no agreement with three": {[][2]string{{"genai", "3"}, {"litellm", "0"}}, "", registry.Undecided, false},
		"a rule where nobody publishes":   {[][2]string{{"rule", "0.3"}}, "0.3", registry.ByRule, false},
		"a rule never outvotes a source":  {[][2]string{{"rule", "0.3"}, {"genai", "0.4"}}, "0.4", registry.BySingle, false},
	} {
		var statements []registry.Statement
		for _, s := range tt.say {
			statements = append(statements, statement(t, s[0], s[1]))
		}
		d := registry.Resolve(statements)
		got := ""
		if d.Rate != nil {
			got = d.Rate.String()
		}
		if d.Outcome != tt.outcome || d.Verified != tt.verified || !(got == tt.want || tt.want == "3" && got == "3.01") {
			t.Errorf("%s: %s %q verified %v (%s); want %s %q %v", name, d.Outcome, got, d.Verified, d.Why, tt.outcome, tt.want, tt.verified)
		}
		slices.Reverse(statements)
		if again := registry.Resolve(statements); again.Outcome != d.Outcome || again.Why != d.Why {
			t.Errorf("%s: the order of the sources matters: %s, %s", name, d.Why, again.Why)
		}
	}
}

func TestDiff(t *testing.T) {
	source := registry.Source{ID: "table"}
	snapshot := func(at string, rates map[string]string) registry.Snapshot {
		var facts []registry.Fact
		for model, rate := range rates {
			facts = append(facts, registry.Fact{Key: registry.Key{Provider: "acme", Model: model, Tier: registry.Standard, Kind: registry.KindOf(price.Input)}, Rate: *usd(t, rate)})
		}
		return registry.NewSnapshot(source, day(at), "", facts)
	}
	old := snapshot("2026-01-01", map[string]string{"a": "1", "b": "2", "c": "3"})
	now := snapshot("2026-01-02", map[string]string{"a": "1", "b": "1.5", "d": "4"})
	var got []string
	for _, c := range registry.Diff(old, now, nil) {
		got = append(got, c.Model+" "+string(c.Class))
	}
	if want := []string{"b price_change", "c removal", "d addition"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if again := snapshot("2026-03-01", map[string]string{"c": "3", "a": "1", "b": "2"}); again.ID != old.ID {
		t.Error("the same facts later are another snapshot")
	}
	if now.ID == old.ID {
		t.Error("other facts are the same snapshot")
	}
}

// What is encoded is read back, whatever names hold.
func TestSnapshotEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var facts []registry.Fact
		for range rapid.IntRange(0, 8).Draw(t, "facts") {
			f := registry.Fact{Key: registry.Key{
				Provider: rapid.String().Draw(t, "provider"), Model: rapid.String().Draw(t, "model"), Route: rapid.StringMatching(`[a-z\t\\]*`).Draw(t, "route"),
				Tier: rapid.SampledFrom([]registry.Tier{"standard", "batch", "spot"}).Draw(t, "tier"), Kind: rapid.SampledFrom([]registry.Kind{"input", "output", registry.MachineHour}).Draw(t, "kind"),
				Above: rapid.Int64().Draw(t, "above"), Inclusive: rapid.Bool().Draw(t, "inclusive"), Window: rapid.String().Draw(t, "window"),
			}, Rate: money.Rate(rapid.Int64Min(0).Draw(t, "rate")), URL: rapid.String().Draw(t, "url")}
			if rapid.Bool().Draw(t, "dated") {
				f.Effective.From = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "from"), 0).UTC()
			}
			facts = append(facts, f)
		}
		s := registry.NewSnapshot(registry.Source{ID: "x"}, time.Time{}, "", facts)
		back, err := registry.DecodeFacts(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if len(back) != len(s.Facts) || len(back) > 0 && !reflect.DeepEqual(back, s.Facts) {
			t.Fatalf("came back as %+v, was %+v", back, s.Facts)
		}
	})
}

func FuzzDecodeFacts(f *testing.F) {
	f.Add([]byte("a\tb\t\tstandard\tinput\t0\tfalse\t\t3000000\t\t\t\n"))
	f.Add([]byte("\t\t\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, err := registry.DecodeFacts(data)
		if err != nil {
			return
		}
		s := registry.NewSnapshot(registry.Source{ID: "x"}, time.Time{}, "", facts)
		if _, err := registry.DecodeFacts(s.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}
