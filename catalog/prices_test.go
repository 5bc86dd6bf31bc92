package catalog_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
)

// today is the day that the tests ask about.
var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func prices(t testing.TB) *price.Book {
	t.Helper()
	b, err := catalog.Prices()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sheet(t *testing.T, b *price.Book, q price.Query, at time.Time) *price.Sheet {
	t.Helper()
	s, m, err := b.Sheet(q, at, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Tier != q.Tier {
		t.Fatalf("%s/%s has no tier %s", q.Provider, q.Model, q.Tier)
	}
	return s
}

func TestPricesHasTheProviders(t *testing.T) {
	b := prices(t)
	var have []string
	for _, f := range b.Files() {
		have = append(have, f.Provider)
	}
	want := "alibaba anthropic azure bedrock cerebras cohere deepseek fireworks google groq minimax mistral moonshot openai perplexity together vertex xai zai"
	if got := strings.Join(have, " "); got != want {
		t.Errorf("providers: %s", got)
	}
	if again := prices(t); again.ID() != b.ID() {
		t.Error("two builds of the same files have different identities")
	}
}

// Fields that are known to be a convention of the vendor rather than a figure on its page, with the factor over
// the input or output rate of the same model. Each must be in the catalog as a rate whose provenance says so.
var conventions = []struct {
	provider, model, field, factor string
	kind                           fact.Kind
}{
	{"anthropic", "claude-sonnet-4-6", "cachedInput", "0.1", fact.Derived},
	{"anthropic", "claude-sonnet-4-5", "cachedInput", "0.1", fact.Derived},
	{"anthropic", "claude-sonnet-4-5", "batchInput", "0.5", fact.Derived},
	{"anthropic", "claude-sonnet-4-5", "batchOutput", "0.5", fact.Derived},
	{"anthropic", "claude-haiku-4-5", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.4-mini", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.4-nano", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.4-nano", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5.4-nano", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5.4-pro", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.4-pro", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5.4-pro", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5.2", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.2", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5.2", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5.5-pro", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.5-pro", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5.5-pro", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5.2-pro", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5.2-pro", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5.2-pro", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5.1", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5.1", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5-pro", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5-pro", "batchOutput", "0.5", fact.Derived},
	{"openai", "gpt-5-nano", "cachedInput", "0.1", fact.Derived},
	{"openai", "gpt-5-nano", "batchInput", "0.5", fact.Derived},
	{"openai", "gpt-5-nano", "batchOutput", "0.5", fact.Derived},
	{"google", "gemini-3-flash", "cachedInput", "0.1", fact.Derived},
	{"google", "gemini-3.1-flash-lite", "cachedInput", "0.1", fact.Derived},
	{"google", "gemini-3.1-flash-lite", "batchInput", "0.5", fact.Derived},
	{"google", "gemini-3.1-flash-lite", "batchOutput", "0.5", fact.Derived},
	{"google", "gemini-2.5-pro", "cachedInput", "0.1", fact.Derived},
	{"google", "gemini-2.5-flash", "cachedInput", "0.1", fact.Derived},
	{"google", "gemini-2.5-flash-lite", "cachedInput", "0.1", fact.Derived},
	{"google", "gemini-2.5-flash-lite", "batchInput", "0.5", fact.Derived},
	{"google", "gemini-2.5-flash-lite", "batchOutput", "0.5", fact.Derived},
	{"google", "gemini-2.0-flash", "cachedInput", "0.25", fact.Derived},
	{"google", "gemini-2.0-flash", "batchInput", "0.5", fact.Derived},
	{"google", "gemini-2.0-flash", "batchOutput", "0.5", fact.Derived},
	{"google", "gemini-2.0-flash-lite", "batchInput", "0.5", fact.Derived},
	{"google", "gemini-2.0-flash-lite", "batchOutput", "0.5", fact.Derived},
	{"xai", "grok-4", "cachedInput", "0.25", fact.Inferred},
}

func TestConventionsAreRatesWithTheirReason(t *testing.T) {
	b := prices(t)
	for _, c := range conventions {
		t.Run(c.model+" "+c.field, func(t *testing.T) {
			q := price.Query{Provider: c.provider, Model: c.model}
			standard := sheet(t, b, q, today)
			of, kind := price.Input, price.CacheRead
			if c.field != "cachedInput" {
				q.Tier = price.Batch
				if c.field == "batchOutput" {
					of = price.Output
				}
				kind = of
			}
			base, ok := standard.Rate(of)
			if !ok {
				t.Fatalf("no rate for %s", of)
			}
			cell, ok := sheet(t, b, q, today).Rate(kind)
			if !ok || cell.Kind != kind {
				t.Fatalf("no rate of its own for %s", kind)
			}
			factor, err := money.ParseFactor(c.factor)
			if err != nil {
				t.Fatal(err)
			}
			want, err := base.Rate.Times(factor)
			if err != nil || cell.Rate != want {
				t.Errorf("%s, want %s × %s = %s", cell.Rate, base.Rate, c.factor, want)
			}
			if p := cell.Provenance; p.Kind != c.kind || !strings.Contains(p.Rule, c.factor+" × ") {
				t.Errorf("provenance is %q: %q", p.Kind, p.Rule)
			}
		})
	}
}

// One convention is contradicted by a table: a tenth of input would be 0.0075, and LiteLLM lists 0.01875, which is
// the quarter that holds for the rest of the family. What is published wins, and the note tells of the other.
func TestPublishedRateWinsOverConvention(t *testing.T) {
	b := prices(t)
	s := sheet(t, b, price.Query{Provider: "google", Model: "gemini-2.0-flash-lite"}, today)
	cell, ok := s.Rate(price.CacheRead)
	if !ok || cell.Rate.String() != "0.01875" || cell.Provenance.Kind != fact.Published {
		t.Errorf("%v, %v", cell, ok)
	}
	if !strings.Contains(s.Note, "0.0075") {
		t.Errorf("the note does not tell of the convention: %q", s.Note)
	}
}

func TestRatesThatEverybodyKnows(t *testing.T) {
	b := prices(t)
	tests := []struct {
		provider, model string
		tier            price.Tier
		at              string // empty for today
		kind            price.Kind
		want            string
	}{
		{"anthropic", "claude-opus-4-7", price.Standard, "", price.Input, "5"},
		{"anthropic", "claude-opus-4-7", price.Standard, "", price.CacheWrite1h, "10"},
		{"anthropic", "claude-opus-4-7", price.Fast, "", price.Output, "150"},
		{"anthropic", "claude-opus-5-5", price.Standard, "", price.CacheRead, "0.2"},
		{"openai", "gpt-5.5", price.Standard, "", price.Output, "30"},
		{"openai", "gpt-4o", price.Standard, "2024-06-01", price.Input, "5"},
		{"openai", "gpt-4o", price.Standard, "2024-10-02", price.Input, "2.5"},
		{"openai", "gpt-4.1", price.Priority, "", price.Input, "3.5"},
		{"openai", "gpt-5.6-luna", price.Flex, "", price.Output, "0.6"},
		{"openai", "gpt-5.6-sol", price.UltraFast, "2026-08-20", price.Input, "50"},
		{"google", "gemini-2.5-pro", price.Standard, "", price.VideoInput, "1.25"},
		{"google", "gemini-2.5-flash", price.Standard, "", price.AudioInput, "1"},
		{"xai", "grok-4", price.Standard, "", price.Output, "15"},
		{"mistral", "mistral-large-latest", price.Standard, "", price.Input, "0.5"},
		{"deepseek", "deepseek-v4-pro", price.Standard, "", price.CacheRead, "0.022"},
		{"deepseek", "deepseek-chat", price.Standard, "2025-10-15", price.Output, "0.42"},
		{"cohere", "command-r7b-12-2024", price.Standard, "", price.Input, "0.0375"},
		{"moonshot", "kimi-k2.6", price.Standard, "", price.Input, "0.95"},
		{"perplexity", "sonar", price.Standard, "", price.Request, "12000"},
		{"groq", "llama-3.3-70b-versatile", price.Standard, "", price.Output, "0.79"},
		{"together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", price.Standard, "", price.Input, "0.88"},
		{"zai", "glm-5.3-flash", price.Standard, "", price.Input, "0.15"},
	}
	for _, tt := range tests {
		at := today
		if tt.at != "" {
			at = fact.Date(tt.at).Time()
		}
		cell, ok := sheet(t, b, price.Query{Provider: tt.provider, Model: tt.model, Tier: tt.tier}, at).Rate(tt.kind)
		if !ok || cell.Rate.String() != tt.want {
			t.Errorf("%s/%s %s %s at %s = %s, %v; want %s", tt.provider, tt.model, tt.tier, tt.kind, at.Format(time.DateOnly), cell.Rate, ok, tt.want)
		}
	}
}

func TestRoutes(t *testing.T) {
	b := prices(t)
	tests := []struct {
		query price.Query
		route string
		input string
	}{
		{price.Query{Provider: "bedrock", Model: "global.anthropic.claude-sonnet-4-6"}, "", "3"},
		{price.Query{Provider: "bedrock", Model: "eu.anthropic.claude-sonnet-4-6"}, "regional", "3.3"},
		{price.Query{Provider: "bedrock", Model: "anthropic.claude-sonnet-4-6"}, "regional", "3.3"}, // one region
		{price.Query{Provider: "bedrock", Model: "claude-sonnet-4-6"}, "", "3"},
		{price.Query{Provider: "bedrock", Model: "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"}, "us-gov", "3.6"},
		{price.Query{Provider: "bedrock", Model: "us.anthropic.claude-sonnet-4-20250514-v1:0"}, "", "3"}, // before the uplift
		{price.Query{Provider: "bedrock", Model: "qwen.qwen3-next-80b-a3b", Region: "eu-west-2"}, "eu-west-2", "0.23"},
		{price.Query{Provider: "bedrock", Model: "qwen.qwen3-next-80b-a3b", Region: "us-east-1"}, "", "0.15"},
		{price.Query{Provider: "vertex", Model: "claude-haiku-4-5@20251001", Region: "global"}, "", "1"},
		{price.Query{Provider: "vertex", Model: "claude-haiku-4-5@20251001", Region: "us-east5"}, "regional", "1.1"},
		{price.Query{Provider: "vertex", Model: "gemini-2.5-pro", Region: "europe-west1"}, "", "1.25"},
		{price.Query{Provider: "openai", Model: "gpt-5.5", Region: "eu"}, "regional", "5.5"},
		{price.Query{Provider: "openai", Model: "gpt-5.2", Region: "eu"}, "", "1.75"}, // no residency uplift
		{price.Query{Provider: "anthropic", Model: "claude-opus-4-6", Region: "us"}, "us", "5.5"},
	}
	for _, tt := range tests {
		s, m, err := b.Sheet(tt.query, today, time.Time{})
		if err != nil {
			t.Error(err)
			continue
		}
		if cell, _ := s.Rate(price.Input); m.Route != tt.route || cell.Rate.String() != tt.input {
			t.Errorf("%+v: route %q at %s, want %q at %s", tt.query, m.Route, cell.Rate, tt.route, tt.input)
		}
	}
}

// A vendor's own boundary decides whether a prompt of exactly that length is long.
func TestContextBoundaries(t *testing.T) {
	b := prices(t)
	for _, tt := range []struct {
		provider, model string
		prompt          int64
		band            int64 // the smallest prompt of the band it falls in
	}{
		{"anthropic", "claude-sonnet-4-5", 200_000, 0},
		{"anthropic", "claude-sonnet-4-5", 200_001, 200_001},
		{"google", "gemini-2.5-pro", 200_000, 0},
		{"google", "gemini-1.5-pro", 128_001, 128_001},
		{"openai", "gpt-5.5", 272_000, 0},
		{"openai", "gpt-6-sol", 272_001, 272_001},
		{"xai", "grok-4.3", 199_999, 0},
		{"xai", "grok-4.3", 200_000, 200_000},
		{"alibaba", "qwen3-coder-plus", 32_000, 0},
		{"alibaba", "qwen3-coder-plus", 128_001, 128_001},
		{"minimax", "MiniMax-M3", 512_001, 512_001},
	} {
		s := sheet(t, b, price.Query{Provider: tt.provider, Model: tt.model}, today)
		if got := s.Ref(tt.prompt, today).AtLeast(); got != tt.band {
			t.Errorf("%s: a prompt of %d falls in the band from %d, want %d", tt.model, tt.prompt, got, tt.band)
		}
	}
}

// A model name without a provider means the vendor that makes it.
func TestFirstPartyComesFirst(t *testing.T) {
	b := prices(t)
	for model, want := range map[string]string{
		"claude-sonnet-4-5-20250929": "anthropic",
		"gpt-5.6":                    "openai",
		"gemini-2.5-flash":           "google",
		"deepseek-v4-pro":            "deepseek",
		"mistral-large-2411":         "mistral",
		"kimi-k2.5":                  "moonshot",
		"grok-4-0709":                "xai",
		"anthropic/claude-opus-4.7":  "anthropic",
		"llama-3.3-70b-versatile":    "groq",
	} {
		if m, err := b.Find(price.Query{Model: model}); err != nil || m.Provider != want {
			t.Errorf("%s: %q, %v; want %s", model, m.Provider, err, want)
		}
	}
}

func TestEveryFigureHasEvidence(t *testing.T) {
	for _, f := range prices(t).Files() {
		for name, s := range f.Sources {
			if s.Title == "" || s.URL == "" || !s.Kind.Valid() {
				t.Errorf("%s: source %q lacks a title, a page or a kind", f.Provider, name)
			}
			if d := s.Date.Time(); d.IsZero() || d.After(today) {
				t.Errorf("%s: source %q is dated %q", f.Provider, name, s.Date)
			}
		}
		for name, r := range f.Rules {
			if r.Text == "" || !r.Kind.Valid() || r.Kind == fact.Assumed {
				t.Errorf("%s: rule %q lacks a reason or a kind", f.Provider, name)
			}
		}
		for _, m := range f.Models {
			if m.Name == "" {
				t.Errorf("%s/%s has no name", f.Provider, m.ID)
			}
		}
	}
}

// Entries of one state of knowledge follow each other in time without a gap or an overlap.
func TestIntervalsFollowEachOther(t *testing.T) {
	for _, f := range prices(t).Files() {
		for _, m := range f.Models {
			var last *price.Entry
			for i := range m.Prices {
				e := &m.Prices[i]
				if e.RecordedTo != nil {
					continue // superseded
				}
				if last != nil && (last.To == nil || e.From == nil || !last.To.Equal(*e.From)) {
					t.Errorf("%s/%s: entry %d does not start where the one before it ends", f.Provider, m.ID, i)
				}
				last = e
			}
		}
	}
}

// Slips that a table can carry unseen: a cached rate above the input rate, a batch rate above the standard one,
// a rate ten times off the one before it, a model that costs nothing although nobody says that it is free.
// DeepSeek did cut its cache reads to a tenth on 2026-04-26.
func TestRatesArePlausible(t *testing.T) {
	free := map[string]bool{"zai/glm-4.5-flash": true, "zai/glm-4.7-flash": true}
	b := prices(t)
	for _, f := range b.Files() {
		for _, m := range f.Models {
			id := f.Provider + "/" + m.ID
			before := map[string]*price.Sheet{}
			for _, s := range b.Series(f.Provider, m.ID) {
				checkBands(t, s)
				input, _ := s.Rate(price.Input)
				if input.Rate == 0 && !free[id] {
					t.Errorf("%s is free", s.ID())
				}
				key := s.Route + "/" + s.Tier.String()
				if p := before[key]; p != nil {
					checkStep(t, p, s)
				}
				before[key] = s
				if s.Tier == price.Batch || s.Tier == price.Flex {
					checkCheaper(t, b, s)
				}
			}
		}
	}
}

func checkBands(t *testing.T, s *price.Sheet) {
	t.Helper()
	for _, band := range s.Bands() {
		rates := map[price.Kind]money.Rate{}
		for _, c := range band.Rates {
			rates[c.Kind] = c.Rate
		}
		for cached, base := range map[price.Kind]price.Kind{
			price.CacheRead: price.Input, price.AudioCacheRead: price.AudioInput, price.ImageCacheRead: price.ImageInput,
		} {
			c, ok1 := rates[cached]
			r, ok2 := rates[base]
			if ok1 && ok2 && c > r {
				t.Errorf("%s: %s at %s is dearer than %s at %s", s.ID(), cached, c, base, r)
			}
		}
	}
}

func checkStep(t *testing.T, before, after *price.Sheet) {
	t.Helper()
	for _, k := range price.Kinds() {
		a, ok1 := before.Rate(k)
		c, ok2 := after.Rate(k)
		if a.Kind != k || c.Kind != k || (after.Provider == "deepseek" && k == price.CacheRead && a.Rate == 10*c.Rate) {
			continue
		}
		if low, high := min(a.Rate, c.Rate), max(a.Rate, c.Rate); ok1 && ok2 && high >= 10*low && high > 0 {
			t.Errorf("%s: %s moves from %s to %s", after.ID(), k, a.Rate, c.Rate)
		}
	}
}

func checkCheaper(t *testing.T, b *price.Book, s *price.Sheet) {
	t.Helper()
	at := s.Effective.From
	if at.IsZero() {
		if at = s.Effective.To.Add(-time.Second); s.Effective.To.IsZero() {
			at = today
		}
	}
	standard, _, err := b.Sheet(price.Query{Provider: s.Provider, Model: s.Model, Route: s.Route}, at, s.Recorded.From)
	if err != nil {
		t.Error(err)
		return
	}
	for _, k := range []price.Kind{price.Input, price.CacheRead, price.Output} {
		c, ok1 := s.Rate(k)
		r, ok2 := standard.Rate(k)
		if ok1 && ok2 && c.Rate > r.Rate {
			t.Errorf("%s: %s at %s is dearer than standard at %s", s.ID(), k, c.Rate, r.Rate)
		}
	}
}

// The files are named after their providers and hold nothing else.
func TestPriceFileNames(t *testing.T) {
	names, err := fs.Glob(catalog.FS, "prices/*")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range prices(t).Files() {
		if want := fmt.Sprintf("prices/%s.json", f.Provider); i >= len(names) || names[i] != want {
			t.Errorf("%s is not where it is looked for", want)
		}
	}
}

func BenchmarkPrices(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := catalog.Prices(); err != nil {
			b.Fatal(err)
		}
	}
}

// The open weights that a hosted model is sold from are in the catalog, so that serving them can be priced too.
func TestWeightsAreInTheCatalog(t *testing.T) {
	models, err := catalog.Models()
	if err != nil {
		t.Fatal(err)
	}
	linked := 0
	for _, f := range prices(t).Files() {
		for _, m := range f.Models {
			if m.Weights == "" {
				continue
			}
			linked++
			if _, err := models.Model(m.Weights); err != nil {
				t.Errorf("%s/%s: %v", f.Provider, m.ID, err)
			}
		}
	}
	if linked == 0 {
		t.Error("no price is linked to weights")
	}
}
