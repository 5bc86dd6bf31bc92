package price_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/price"

	"pgregory.net/rapid"
)

// acme is a provider with one of everything: bands, a derived rate, a batch tier by rule, a priority tier
// with rates of its own, a regional route, a peak window, and a price cut.
const acme = `{
  "schema": "breakeven/prices/v1", "provider": "acme", "name": "Acme", "aliases": ["acme-ai"], "first_party": true,
  "regions": {"global": "", "*": "regional"},
  "sources": {"page": {"kind": "published", "title": "Acme price page", "date": "2026-09-01"}},
  "rules": {
    "tenth": {"kind": "derived", "text": "cached input is 10 % of input", "of": "input", "times": "0.1"},
    "half": {"kind": "derived", "text": "batch is half", "times": "0.5"},
    "uplift": {"kind": "derived", "text": "regional endpoints cost 10 % more", "times": "1.1"},
    "double": {"kind": "published", "text": "peak hours cost twice as much", "times": "2"}
  },
  "models": [
    {"id": "road-runner", "aliases": ["road-runner-latest"], "route_aliases": {"regional": ["eu.road-runner"]}, "prices": [
      {"to": "2026-03-13T00:00:00Z", "source": "page", "rates": {"input": "6", "output": "30"}},
      {"from": "2026-03-13T00:00:00Z", "source": "page",
       "rates": {"input": "3", "output": "15", "cache_read": {"rule": "tenth"}, "web_search": "10000"},
       "bands": [{"above": 200000, "rates": {"input": "6", "output": "22.5"}}],
       "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "22:00", "to": "02:00", "rule": "double"}],
       "tiers": {
         "batch": {"rule": "half"},
         "priority": {"rates": {"input": "8", "output": "40"}}
       },
       "routes": {"regional": {"rule": "uplift"}}}
    ]},
    {"id": "road-runner-fast", "prices": [{"source": "page", "rates": {"input": "30", "output": "150"}}]}
  ]}`

func book(t *testing.T, files map[string][]byte) *price.Book {
	t.Helper()
	b, err := price.NewBook(files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func acmeBook(t *testing.T) *price.Book {
	t.Helper()
	return book(t, map[string][]byte{"acme.json": []byte(acme)})
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// noon on a Wednesday, outside the peak window.
const noon = "2026-04-01T12:00:00Z"

func TestQuote(t *testing.T) {
	b := acmeBook(t)
	tests := []struct {
		name       string
		query      price.Query
		at         string
		quantities price.Quantities
		want       string
		missing    []price.Kind
	}{
		{
			name: "a plain call: 1,200 × 3 + 350 × 15 = 8,850 millionths", query: price.Query{Model: "road-runner"}, at: noon,
			quantities: price.Quantities{price.Input: 1200, price.Output: 350}, want: "0.00885",
		},
		{
			name: "the price in force at the call's time, one second before the cut", query: price.Query{Model: "road-runner"}, at: "2026-03-12T23:59:59Z",
			quantities: price.Quantities{price.Input: 1_000_000}, want: "6",
		},
		{
			name: "and at the instant of the cut, which is a peak hour: 0.1 × 3 × 2", query: price.Query{Model: "road-runner"}, at: "2026-03-13T00:00:00Z",
			quantities: price.Quantities{price.Input: 100_000}, want: "0.6",
		},
		{
			name: "a boundary of > 200,000: exactly 200,000 is below", query: price.Query{Model: "road-runner"}, at: noon,
			quantities: price.Quantities{price.Input: 100_000, price.CacheRead: 100_000, price.Output: 1}, want: "0.330015",
		},
		{
			name: "one cached token more: the whole call at the band's rates, the rule recomputed over its input", query: price.Query{Model: "road-runner"}, at: noon,
			quantities: price.Quantities{price.Input: 100_000, price.CacheRead: 100_001, price.Output: 1_000_000}, want: "23.1600006",
		},
		{
			name: "reasoning without a rate of its own is output", query: price.Query{Model: "road-runner"}, at: noon,
			quantities: price.Quantities{price.Output: 10, price.Reasoning: 10}, want: "0.0003",
		},
		{
			name: "cache writes without a rate are input", query: price.Query{Model: "road-runner"}, at: noon,
			quantities: price.Quantities{price.CacheWrite: 1000, price.CacheWrite1h: 1000}, want: "0.006",
		},
		{
			name: "audio without a rate is unknown, never text and never zero", query: price.Query{Model: "road-runner"}, at: noon,
			quantities: price.Quantities{price.Input: 1_000_000, price.AudioInput: 5}, want: "6", missing: []price.Kind{price.AudioInput},
		},
		{
			name: "batch halves the tokens and not the fee", query: price.Query{Model: "road-runner", Tier: price.Batch}, at: noon,
			quantities: price.Quantities{price.Input: 100_000, price.CacheRead: 10_000, price.WebSearch: 2}, want: "0.1715",
		},
		{
			name: "a tier with rates of its own recomputes the derived ones and has no bands", query: price.Query{Model: "road-runner", Tier: price.Priority}, at: noon,
			quantities: price.Quantities{price.Input: 400_000, price.CacheRead: 100_000}, want: "3.28",
		},
		{
			name: "a tier that the model has no sheet for bills standard", query: price.Query{Model: "road-runner", Tier: price.Flex}, at: noon,
			quantities: price.Quantities{price.Input: 100_000}, want: "0.3",
		},
		{
			name: "a region's route multiplies", query: price.Query{Model: "road-runner", Region: "europe-west1"}, at: noon,
			quantities: price.Quantities{price.Input: 1000, price.CacheRead: 1000}, want: "0.00363",
		},
		{
			name: "after tier and band: 6 × 0.5 × 1.1", query: price.Query{Model: "eu.road-runner", Tier: price.Batch}, at: noon,
			quantities: price.Quantities{price.Input: 1_000_000}, want: "3.3",
		},
		{
			name: "peak hours start inclusive", query: price.Query{Model: "road-runner"}, at: "2026-04-01T22:00:00Z",
			quantities: price.Quantities{price.Input: 1000}, want: "0.006",
		},
		{
			name: "run past midnight", query: price.Query{Model: "road-runner"}, at: "2026-04-02T01:59:59Z",
			quantities: price.Quantities{price.Input: 1000}, want: "0.006",
		},
		{
			name: "end exclusive", query: price.Query{Model: "road-runner"}, at: "2026-04-02T02:00:00Z",
			quantities: price.Quantities{price.Input: 1000}, want: "0.003",
		},
		{
			name: "and spare the weekend", query: price.Query{Model: "road-runner"}, at: "2026-04-04T23:00:00Z",
			quantities: price.Quantities{price.Input: 1000}, want: "0.003",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := instant(t, tt.at)
			sheet, _, err := b.Sheet(tt.query, at, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			quote, err := sheet.Quote(&tt.quantities, at)
			if err != nil {
				t.Fatal(err)
			}
			if got := quote.Total.String(); got != tt.want {
				t.Errorf("total = %s, want %s", got, tt.want)
			}
			if len(quote.Missing) != len(tt.missing) || quote.Complete() != (len(tt.missing) == 0) {
				t.Errorf("missing = %v, want %v", quote.Missing, tt.missing)
			}
			total, complete, err := sheet.Ref(tt.quantities.InputTokens(), at).Cost(&tt.quantities)
			if err != nil || total != quote.Total || complete != quote.Complete() {
				t.Errorf("Cost = %s, %v, %v; Quote = %s, %v", total, complete, err, quote.Total, quote.Complete())
			}
		})
	}
}

func TestFindResolvesIdentifiersWithoutGuessing(t *testing.T) {
	b := acmeBook(t)
	for id, want := range map[string]string{
		"road-runner":                      "road-runner",
		"Acme/Road-Runner":                 "road-runner",
		"acme-ai/road-runner-latest":       "road-runner",
		"road-runner-20260313":             "road-runner",
		"road-runner@20260313":             "road-runner",
		"road-runner-2026-03-13-v1:0":      "road-runner",
		"road-runner-fast":                 "road-runner-fast",
		"publishers/acme/road-runner-fast": "road-runner-fast",
		"models/road-runner":               "road-runner",
	} {
		m, err := b.Find(price.Query{Model: id})
		if err != nil || m.Model != want {
			t.Errorf("Find(%q) = %q, %v; want %q", id, m.Model, err, want)
		}
	}
	for _, id := range []string{"road-runner-ultra", "road", "", "acme/road-runner-slow", "road-runner-2026", "my_vllm/road-runner", "models"} {
		var unknown *price.UnknownModelError
		if m, err := b.Find(price.Query{Model: id}); !errors.As(err, &unknown) {
			t.Errorf("Find(%q) = %q, %v; want UnknownModelError", id, m.Model, err)
		}
	}
	var noProvider *price.UnknownProviderError
	if _, err := b.Find(price.Query{Provider: "nobody", Model: "road-runner"}); !errors.As(err, &noProvider) {
		t.Errorf("unknown provider: %v", err)
	}
	if _, err := b.Find(price.Query{Model: "road-runnr"}); err == nil || !strings.Contains(err.Error(), "road-runner") {
		t.Errorf("no suggestion in %v", err)
	}
}

// Two hosts sell the same open weights, each under a name of its own; one of the names holds another vendor's.
func TestFindHostsOfOpenWeights(t *testing.T) {
	host := func(name, id string) []byte {
		return []byte(`{"schema": "breakeven/prices/v1", "provider": "` + name + `", "name": "` + name + `",
		  "sources": {"page": {"kind": "published", "title": "page", "date": "2026-06-30"}},
		  "models": [{"id": "` + id + `", "weights": "open-8b", "prices": [{"source": "page", "rates": {"input": "1", "output": "1"}}]}]}`)
	}
	b := book(t, map[string][]byte{"acme.json": []byte(acme), "one.json": host("one", "acme/open-8b"), "two.json": host("two", "Open-8B-Turbo")})
	for id, want := range map[string]string{
		"one/open-8b": "one acme/open-8b", "two/open-8b": "two Open-8B-Turbo", "two/open-8b-turbo": "two Open-8B-Turbo",
		"acme/open-8b": "one acme/open-8b", // acme does not sell it, and one sells it under that whole name
	} {
		m, err := b.Find(price.Query{Model: id})
		if got := m.Provider + " " + m.Model; err != nil || got != want {
			t.Errorf("Find(%q) = %q, %v; want %q", id, got, err, want)
		}
	}
	var ambiguous *price.AmbiguousModelError
	if m, err := b.Find(price.Query{Model: "open-8b"}); !errors.As(err, &ambiguous) {
		t.Errorf("two hosts sell it: %+v, %v", m, err)
	}
	if m, err := b.Find(price.Query{Model: "hosted_vllm/open-8b"}); err == nil {
		t.Errorf("somebody's own server is priced as %s", m.Provider)
	}
}

// A scheduled increase that was cancelled: what a call costs depends on what was known when it was asked.
func TestTwoTimeAxes(t *testing.T) {
	b := book(t, map[string][]byte{"v.json": []byte(`{
	  "schema": "breakeven/prices/v1", "provider": "v", "name": "V",
	  "sources": {"page": {"kind": "published", "title": "page", "date": "2026-06-30"}},
	  "models": [{"id": "m", "prices": [
	    {"from": "2026-06-30T00:00:00Z", "recorded_from": "2026-06-30T00:00:00Z", "source": "page", "rates": {"input": "2"}},
	    {"from": "2026-09-01T00:00:00Z", "recorded_from": "2026-06-30T00:00:00Z", "recorded_to": "2026-08-22T00:00:00Z", "source": "page", "rates": {"input": "3"}}
	  ]}]}`)})
	for _, tt := range []struct{ at, known, want string }{
		{"2026-08-31T23:59:59Z", "2026-08-20T00:00:00Z", "2"},
		{"2026-09-02T00:00:00Z", "2026-08-20T00:00:00Z", "3"},
		{"2026-09-02T00:00:00Z", "2026-09-23T00:00:00Z", "2"},
		{"2026-09-02T00:00:00Z", "", "2"},
	} {
		var known time.Time
		if tt.known != "" {
			known = instant(t, tt.known)
		}
		s, _, err := b.Sheet(price.Query{Provider: "v", Model: "m"}, instant(t, tt.at), known)
		if err != nil {
			t.Fatal(err)
		}
		if c, _ := s.Rate(price.Input); c.Rate.String() != tt.want {
			t.Errorf("at %s known %s: %s, want %s", tt.at, tt.known, c.Rate, tt.want)
		}
	}
	var noPrice *price.NoPriceError
	if _, _, err := b.Sheet(price.Query{Provider: "v", Model: "m"}, instant(t, "2026-01-01T00:00:00Z"), time.Time{}); !errors.As(err, &noPrice) {
		t.Errorf("before the first price: %v", err)
	}
}

func TestEveryRateHasEvidence(t *testing.T) {
	for _, s := range acmeBook(t).Series("acme", "road-runner") {
		for _, b := range s.Bands() {
			for _, c := range b.Rates {
				if !c.Provenance.Kind.Valid() || (c.Provenance.Source == "" && c.Provenance.Rule == "") {
					t.Errorf("%s: %s has no evidence: %+v", s.ID(), c.Kind, c.Provenance)
				}
			}
		}
	}
	s, _, err := acmeBook(t).Sheet(price.Query{Model: "road-runner"}, instant(t, noon), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := s.Rate(price.CacheRead)
	if !ok || c.Provenance.Kind != fact.Derived || c.Provenance.Rule != "cached input is 10 % of input: 0.1 × input 3" {
		t.Errorf("cache read: %+v", c)
	}
}

func TestFaultsSayWhere(t *testing.T) {
	for name, tt := range map[string]struct{ from, to, want string }{
		"syntax":          {`"name": "Acme",`, `"name": "Acme"`, "line 2, column"},
		"unknown field":   {`"name": "Acme",`, `"nam": "Acme",`, "nam"},
		"unknown rule":    {`{"rule": "half"}`, `{"rule": "third"}`, "models[0] (road-runner).prices[1].tiers.batch.rule"},
		"unknown source":  {`{"to": "2026-03-13T00:00:00Z", "source": "page"`, `{"to": "2026-03-13T00:00:00Z", "source": "pag"`, "prices[0].source"},
		"a rate's text":   {`"input": "6", "output": "30"`, `"input": "six", "output": "30"`, "six"},
		"a float rate":    {`"input": "6", "output": "30"`, `"input": 6, "output": "30"`, "decimal string"},
		"a band's edge":   {`{"above": 200000, "rates"`, `{"rates"`, "exactly one of above and at_or_above"},
		"a window's day":  {`"days": ["mon",`, `"days": ["monday",`, "windows[0]"},
		"a taken alias":   {`"aliases": ["road-runner-latest"]`, `"aliases": ["road-runner-fast"]`, "already names"},
		"a backward span": {`{"to": "2026-03-13T00:00:00Z"`, `{"from": "2026-03-14T00:00:00Z", "to": "2026-03-13T00:00:00Z"`, "interval"},
		"another schema":  {`prices/v1`, `prices/v9`, "schema"},
	} {
		text := strings.Replace(acme, tt.from, tt.to, 1)
		if text == acme {
			t.Fatalf("%s: the case changes nothing", name)
		}
		_, err := price.NewBook(map[string][]byte{"acme.json": []byte(text)})
		var fault *datafile.Error
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want a FileError that says %q", name, err, tt.want)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(acme))
	f.Add([]byte(`{"schema":"breakeven/prices/v1","provider":"p","sources":{},"models":[{"id":"m","prices":[{"rates":{}}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := price.NewBook(map[string][]byte{"f": data})
		if err != nil {
			return
		}
		for _, file := range b.Files() {
			for i := range file.Models {
				for _, s := range b.Series(file.Provider, file.Models[i].ID) {
					q := price.Quantities{price.Input: 1 << 40, price.Output: 1, price.CacheRead: 3}
					if _, err := s.Quote(&q, time.Unix(0, 0)); err != nil && !strings.Contains(err.Error(), "range") {
						t.Fatal(err)
					}
				}
			}
		}
	})
}

func BenchmarkResolveAndCost(b *testing.B) {
	bk, err := price.NewBook(map[string][]byte{"acme.json": []byte(acme)})
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	q := price.Quantities{price.Input: 1200, price.CacheRead: 5000, price.Output: 350}
	m, err := bk.Find(price.Query{Model: "road-runner"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := m.Series.At(at, time.Time{})
		if _, _, err := s.Ref(q.InputTokens(), at).Cost(&q); err != nil {
			b.Fatal(err)
		}
	}
}

// Between two of its minutes a window neither begins nor ends, whatever its days and zone.
func TestWindowMinutesBoundIt(t *testing.T) {
	monday := time.Date(2026, 8, 17, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		w := price.Window{
			Days: price.Days(rapid.IntRange(1, 127).Draw(t, "days")), From: rapid.IntRange(0, 1439).Draw(t, "from"),
			To: rapid.IntRange(0, 1439).Draw(t, "to"), Offset: rapid.IntRange(-12*60, 14*60).Draw(t, "offset"),
		}
		edges := map[int]bool{}
		for _, m := range w.Minutes() {
			edges[m] = true
		}
		const week = 7 * 24 * 60
		before := w.Contains(monday.Add(-time.Minute))
		for m := range week {
			now := w.Contains(monday.Add(time.Duration(m) * time.Minute))
			if now != before && !edges[m] {
				t.Fatalf("%s changes at minute %d, which is none of %v", w, m, w.Minutes())
			}
			before = now
		}
	})
}
