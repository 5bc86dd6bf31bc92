package registry_test

import (
	"slices"
	"testing"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

var (
	genai   = registry.Seen{Source: registry.Source{ID: "genai", Title: "genai"}, Checked: day("2026-09-09")}
	litellm = registry.Seen{Source: registry.Source{ID: "litellm", Title: "litellm", Group: "litellm"}, Checked: day("2026-09-08")}
	router  = registry.Seen{Source: registry.Source{ID: "router", Title: "router"}, Checked: day("2026-09-09")}
)

func key(model string) registry.Key {
	return registry.Key{Provider: "acme", Model: model, Tier: registry.Standard, Kind: registry.KindOf(price.Input)}
}

func record(t *testing.T, source, model, rate, from, to string) registry.Record {
	t.Helper()
	r := registry.Record{Fact: registry.Fact{Key: key(model), Rate: *usd(t, rate)}, Source: source, Recorded: price.Interval{From: day(from)}}
	if to != "" {
		r.Recorded.To = day(to)
	}
	return r
}

// itself takes a source's names for ours; "m-old" is a second name of m, and what the router says only supports.
func itself(source string, k registry.Key) []registry.Meaning {
	m := registry.Meaning{Key: k, Voice: source == "router"}
	if k.Model == "m-old" {
		m.Model, m.Rank = "m", 1
	}
	return []registry.Meaning{m}
}

// Acme's m cost 4 until March and 3 since; LiteLLM noticed in June.
func acme(t *testing.T) *registry.View {
	t.Helper()
	return registry.NewView([]registry.Seen{genai, litellm, router}, []registry.Record{
		record(t, "genai", "m", "4", "2026-01-01", "2026-03-02"),
		record(t, "genai", "m", "3", "2026-03-02", ""),
		record(t, "litellm", "m", "4", "2026-01-05", "2026-06-01"),
		record(t, "litellm", "m", "3", "2026-06-01", ""),
		record(t, "litellm", "m-old", "9", "2025-01-01", "2026-02-01"),
		record(t, "litellm", "m-old", "5", "2026-02-01", ""),
		record(t, "router", "n", "1", "2026-01-01", ""),
	}, itself)
}

func TestViewDecidesAsWasKnown(t *testing.T) {
	v := acme(t)
	for _, tt := range []struct {
		known, want string
		outcome     registry.Outcome
		voices      int
	}{
		{"2024-12-01", "", registry.Unknown, 0},
		{"2025-06-01", "9", registry.BySingle, 1},   // LiteLLM knew only the old name
		{"2026-01-03", "", registry.Undecided, 0},   // 4 and 9
		{"2026-02-15", "4", registry.ByMajority, 2}, // LiteLLM's old name says 5, and counts no more
		{"2026-04-01", "", registry.Undecided, 0},   // genai-prices had noticed
		{"2026-07-01", "3", registry.ByMajority, 2},
		{"", "3", registry.ByMajority, 2},
	} {
		known := time.Time{}
		if tt.known != "" {
			known = day(tt.known)
		}
		d := v.Decide(key("m"), day("2026-07-01"), known)
		got := ""
		if d.Rate != nil {
			got = d.Rate.String()
		}
		if got != tt.want || d.Outcome != tt.outcome || len(d.Agree) != tt.voices {
			t.Errorf("as known at %s: %s %q (%s), want %s %q", tt.known, d.Outcome, got, d.Why, tt.outcome, tt.want)
		}
	}
	if d := v.Decide(key("n"), day("2026-07-01"), time.Time{}); d.Outcome != registry.Unknown || d.Rate != nil {
		t.Errorf("a source with prices of its own supplied one: %+v", d)
	}
}

func TestHistoryFollowsThePreferredName(t *testing.T) {
	var got []string
	for _, r := range acme(t).History(key("m")) {
		got = append(got, r.Source+" "+r.Rate.String()+" "+r.Recorded.From.Format(time.DateOnly))
	}
	want := []string{
		"genai 4 2026-01-01", "genai 3 2026-03-02",
		"litellm 9 2025-01-01", // the old name, until the new one came
		"litellm 4 2026-01-05", "litellm 3 2026-06-01",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestBoardAndVerification(t *testing.T) {
	rate := func(model, usdPerMillion string, kind fact.Kind) registry.Rated {
		return registry.Rated{Key: key(model), Rate: *usd(t, usdPerMillion), Provenance: fact.Provenance{Kind: kind, Rule: "half"}}
	}
	rates := []registry.Rated{rate("m", "4", fact.Published), rate("n", "1", fact.Published), rate("o", "1.5", fact.Derived)}
	v := acme(t)
	rows := registry.Board(rates, v, day("2026-09-10"), time.Time{})
	if r := rows[0]; !r.Differs || !r.Verified(day("2026-09-10"), 48*time.Hour) || !r.Checked.Equal(day("2026-09-09")) {
		t.Errorf("the sources agree on 3 and the book holds 4: %+v", r)
	}
	if r := rows[2]; r.Decision.Outcome != registry.ByRule || r.Differs {
		t.Errorf("a rule gives what no source states: %+v", r)
	}
	now := day("2026-09-10")
	all := registry.Verify(rows, now, 48*time.Hour)
	want := registry.Verification{Provider: "acme", Rates: 1, Verified: 1, Differs: 1, Unstated: 2, Last: day("2026-09-09"), Fresh: true, OK: true}
	if len(all) != 1 || all[0] != want {
		t.Errorf("%+v, want %+v", all, want)
	}
	if stale := registry.Verify(rows, now.Add(72*time.Hour), 48*time.Hour)[0]; stale.OK || stale.Verified != 0 || stale.Fresh {
		t.Errorf("a stale reading verifies: %+v", stale)
	}
}

// A source that is a hundred times apart goes to review, and the rate that two others agree on is used.
func TestOutliersGoToReview(t *testing.T) {
	d := registry.Resolve([]registry.Statement{statement(t, "genai", "3"), statement(t, "models.dev", "3"), statement(t, "litellm", "300")})
	if !d.Review() || d.Rate == nil || *d.Rate != money.Rate(3_000_000) {
		t.Errorf("%+v", d)
	}
}

const book = `{"schema":"breakeven/prices/v1","provider":"acme","name":"Acme",
	"tables":{"litellm":{"providers":["acme_ai"]}},
	"sources":{"page":{"kind":"published","title":"page","date":"2026-09-01"}},
	"rules":{"half":{"kind":"derived","text":"half of input","times":"0.5"}},
	"models":[{"id":"m","aliases":["m-2026"],"prices":[{"source":"page","rates":{"input":"3","cache_write_5m":"3.75","output":"15"},
		"bands":[{"above":200000,"rates":{"input":"6","output":"30"}}],"tiers":{"batch":{"rule":"half"}}}]}]}`

func TestMeanings(t *testing.T) {
	b, err := price.NewBook(map[string][]byte{"acme.json": []byte(book)})
	if err != nil {
		t.Fatal(err)
	}
	m := registry.NewMeanings(b, nil)
	say := registry.Key{Provider: "acme_ai", Model: "m-2026", Tier: "batch", Kind: "cache_write", Above: 200_001, Inclusive: true}
	all := m.Of("litellm", say)
	want := registry.Key{Provider: "acme", Model: "m", Tier: "batch", Kind: "cache_write_5m", Above: 200_000}
	if len(all) != 1 || all[0].Key != want {
		t.Errorf("%v stands for %v, want %v", say, all, want)
	}
	if all = m.Of("a person", want); len(all) != 1 || all[0].Key != want {
		t.Errorf("a person's record of our own %v stands for %v", want, all)
	}
	if all = m.Of("a person", say); len(all) != 0 {
		t.Errorf("a person's record of an unknown model: %v", all)
	}
	rates := map[string]string{}
	for _, r := range registry.BookRates(b, day("2026-09-01"), time.Time{}) {
		rates[r.Key.String()] = r.Rate.String()
	}
	for name, want := range map[string]string{
		"acme/m input": "3", "acme/m output": "15", "acme/m input above 200000": "6", "acme/m batch input": "1.5", "acme/m batch output above 200000": "15",
	} {
		if rates[name] != want {
			t.Errorf("%s is %q, want %s", name, rates[name], want)
		}
	}
}
