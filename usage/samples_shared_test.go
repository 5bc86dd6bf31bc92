package usage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// expected is the ground truth of the shared samples: one workload of 120 requests, rendered into every format.
type expected struct {
	PriceBook []struct {
		Model         string
		EffectiveFrom string            `json:"effective_from"`
		Rates         map[string]string `json:"usd_per_mtok"`
	} `json:"price_book"`
	Batch                  string `json:"batch_multiplier"`
	All, OpenAI, Anthropic totals
	ByDayModel             map[string]struct {
		Requests int64
		Spend    string `json:"spend_usd"`
	} `json:"by_day_model"`
	InForce string `json:"gpt-5.6-sol_price_in_force"`
	Newest  string `json:"gpt-5.6-sol_if_wrongly_repriced_at_newest_list"`
}

type totals struct {
	Requests  int64
	Input     int64  `json:"input_uncached"`
	CacheRead int64  `json:"cache_read"`
	Write5m   int64  `json:"cache_write_5m"`
	Write1h   int64  `json:"cache_write_1h"`
	Output    int64  `json:"output"`
	Reasoning int64  `json:"reasoning_subset"`
	Spend     string `json:"spend_usd"`
}

func readExpected(t *testing.T) expected {
	t.Helper()
	var e expected
	if err := json.Unmarshal(sharedFile(t, "usage-samples", "expected.json"), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// book makes a price book of the samples' price list: each entry is in force until the next of its model.
func (e *expected) book(t *testing.T) *price.Book {
	t.Helper()
	kinds := map[string]price.Kind{"i": price.Input, "r": price.CacheRead, "w5": price.CacheWrite5m, "w1": price.CacheWrite1h, "o": price.Output}
	half, err := money.ParseFactor(e.Batch)
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]*price.Model{}
	for _, entry := range e.PriceBook {
		from, err := time.Parse(time.DateOnly, entry.EffectiveFrom)
		if err != nil {
			t.Fatal(err)
		}
		rates := price.Rates{}
		for name, text := range entry.Rates {
			rate, err := money.ParseRate(text)
			if err != nil {
				t.Fatal(err)
			}
			rates[kinds[name]] = price.RateSpec{Value: &rate}
		}
		m := models[entry.Model]
		if m == nil {
			m = &price.Model{ID: entry.Model}
			models[entry.Model] = m
		}
		if n := len(m.Prices); n > 0 {
			m.Prices[n-1].To = &from
		}
		m.Prices = append(m.Prices, price.Entry{
			From: &from, Source: "samples",
			Variant: price.Variant{Rates: rates, Tiers: map[price.Tier]price.Variant{price.Batch: {Rule: "half"}}},
		})
	}
	file := price.File{
		Schema: price.Schema, Provider: "samples", Name: "Samples", FirstParty: true,
		Sources: map[string]price.Source{"samples": {Kind: "assumed", Title: "the samples' own price list"}},
		Rules:   map[string]price.Rule{"half": {Kind: "assumed", Text: "batch is half", Times: half}},
	}
	for _, id := range slices.Sorted(maps.Keys(models)) {
		file.Models = append(file.Models, *models[id])
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := price.NewBook(map[string][]byte{"samples.json": text})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bill adds calls up by the rates that they are billed at, and prices each sum once.
type bill struct {
	book *price.Book
	sums map[price.Ref]*price.Quantities
	at   time.Time // prices in force then; zero for each call's own time
}

func (b *bill) add(c *usage.Call) error {
	at := c.Start
	if !b.at.IsZero() {
		at = b.at
	}
	sheet, _, err := b.book.Sheet(price.Query{Model: c.Model, Tier: c.Tier}, at, time.Time{})
	if err != nil {
		return err
	}
	ref := sheet.Ref(c.Quantities.InputTokens(), at)
	if b.sums[ref] == nil {
		b.sums[ref] = new(price.Quantities)
	}
	return b.sums[ref].Add(&c.Quantities)
}

// total is the bill of the models that want accepts.
func (b *bill) total(t *testing.T, want func(model string) bool) string {
	t.Helper()
	var sum money.Sum
	for ref, q := range b.sums {
		if !want(ref.Sheet.Model) {
			continue
		}
		cost, complete, err := ref.Cost(q)
		if err != nil || !complete {
			t.Fatalf("%s: complete %v, %v", ref.Sheet.ID(), complete, err)
		}
		if err := sum.AddSum(cost); err != nil {
			t.Fatal(err)
		}
	}
	return sum.String()
}

func anyModel(string) bool { return true }

func same(t *testing.T, name, got, want string) {
	t.Helper()
	a, err := money.ParseUSDRounded(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := money.ParseUSDRounded(want)
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Errorf("%s = %s, want %s", name, a, b)
	}
}

// What a format cannot tell is what its test leaves out: requests, the lifetime of cache writes, the split of
// the input, reasoning, tiers and models' versions (without which the bill differs), or a cost.
type lacks struct{ requests, lifetimes, writes, reads, reasoning, tiers, models, cost bool }

var samples = []struct {
	file, format, scope string
	lacks               lacks
	skipped             int64 // rows that are no calls: repeated answers, other events
}{
	{file: "openai_usage_completions_1h.json", format: "openai_usage", scope: "openai", lacks: lacks{reasoning: true, cost: true}},
	{file: "openai_dashboard_usage.csv", format: "openai_dashboard", scope: "openai", lacks: lacks{reasoning: true, cost: true}},
	{file: "anthropic_usage_report_messages_1h.json", format: "anthropic_usage", scope: "anthropic", lacks: lacks{requests: true, reasoning: true, cost: true}},
	{file: "anthropic_console_tokens.csv", format: "anthropic_console", scope: "anthropic", lacks: lacks{requests: true, reasoning: true, cost: true}},
	{file: "bedrock_invocation_log.jsonl", format: "bedrock_log", scope: "anthropic", lacks: lacks{lifetimes: true, reasoning: true, tiers: true, cost: true}},
	{file: "litellm_spendlogs.jsonl", format: "litellm", scope: "all"},
	{file: "litellm_daily_user_spend.csv", format: "litellm_daily", scope: "all", lacks: lacks{lifetimes: true, reasoning: true, tiers: true}},
	{file: "openrouter_activity.csv", format: "openrouter", scope: "all", lacks: lacks{writes: true, lifetimes: true, tiers: true}},
	{file: "openrouter_daily.csv", format: "openrouter_daily", scope: "all", lacks: lacks{reads: true, writes: true, lifetimes: true, tiers: true}},
	{file: "helicone_requests.jsonl", format: "helicone", scope: "all", lacks: lacks{reasoning: true}},
	{file: "langfuse_observations.jsonl", format: "langfuse", scope: "all"},
	{file: "langsmith_runs.jsonl", format: "langsmith", scope: "all", lacks: lacks{lifetimes: true}},
	{file: "portkey_logs.jsonl", format: "portkey", scope: "all", lacks: lacks{reads: true, writes: true, lifetimes: true, reasoning: true, tiers: true}},
	{file: "bifrost_logs.jsonl", format: "bifrost", scope: "all"},
	{file: "otlp_genai_semconv_1_41.json", format: "otlp", scope: "all", lacks: lacks{lifetimes: true, tiers: true, cost: true}},
	{file: "otlp_genai_semconv_main_2026.json", format: "otlp", scope: "all", lacks: lacks{lifetimes: true, tiers: true, cost: true}},
	{file: "otlp_openinference.json", format: "otlp", scope: "all", lacks: lacks{lifetimes: true, tiers: true}},
	{file: "claude_code_session.jsonl", format: "claude_code", scope: "anthropic", lacks: lacks{reasoning: true, cost: true}, skipped: 28},
	{file: "openai_costs_1d.json", format: "openai_costs", scope: "openai", lacks: lacks{requests: true, reasoning: true}},
	{file: "aws_cur2_bedrock.csv", format: "aws_cur", scope: "anthropic", lacks: lacks{requests: true, reasoning: true}},
	{file: "azure_cost_export.csv", format: "azure_cost", scope: "openai", lacks: lacks{requests: true, reasoning: true, models: true}},
	{file: "focus_1_4_llm_spend.csv", format: "focus", scope: "all", lacks: lacks{requests: true, reasoning: true}},
	{file: "ground_truth.jsonl", format: "generic", scope: "all", lacks: lacks{reasoning: true}}, // its reasoning has a name of its own
}

func TestSamples(t *testing.T) {
	e := readExpected(t)
	book := e.book(t)
	for _, tt := range samples {
		t.Run(tt.file, func(t *testing.T) {
			want := map[string]totals{"all": e.All, "openai": e.OpenAI, "anthropic": e.Anthropic}[tt.scope]
			var q price.Quantities
			var reported money.USD
			requests, known := int64(0), true
			b := bill{book: book, sums: map[price.Ref]*price.Quantities{}}
			s, err := usage.Read(tt.file, bytes.NewReader(sharedFile(t, "usage-samples", tt.file)), usage.Options{Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)},
				func(c *usage.Call) error {
					requests, known = requests+c.Requests.N, known && c.Requests.Known
					if c.Reported.Known == tt.lacks.cost {
						return fmt.Errorf("line %d: a reported cost: %v", c.Line, c.Reported)
					}
					var err error
					if reported, err = reported.Add(c.Reported.USD); err != nil {
						return err
					}
					if !tt.lacks.lifetimes && !tt.lacks.tiers && !tt.lacks.models {
						if err := b.add(c); err != nil {
							return err
						}
					}
					return q.Add(&c.Quantities)
				})
			if err != nil {
				t.Fatal(err)
			}
			if s.Format != tt.format || s.Faulty != 0 || s.Skipped != tt.skipped || s.Rows != s.Calls+s.Skipped+s.Faulty || s.Clock != usage.Absolute {
				t.Errorf("summary = %+v", s)
			}
			if known == tt.lacks.requests || (known && requests != want.Requests) {
				t.Errorf("requests = %d, known %v; want %d", requests, known, want.Requests)
			}
			writes := q[price.CacheWrite] + q[price.CacheWrite5m] + q[price.CacheWrite1h]
			check := func(name string, got, want int64) {
				if got != want {
					t.Errorf("%s = %d, want %d", name, got, want)
				}
			}
			check("whole input", q.InputTokens(), want.Input+want.CacheRead+want.Write5m+want.Write1h)
			check("whole output", q.OutputTokens(), want.Output)
			if !tt.lacks.reads {
				check("cache reads", q[price.CacheRead], want.CacheRead)
			}
			if !tt.lacks.writes {
				check("uncached", q[price.Input], want.Input)
				check("cache writes", writes, want.Write5m+want.Write1h)
			}
			if !tt.lacks.lifetimes {
				check("five-minute writes", q[price.CacheWrite5m], want.Write5m)
				check("one-hour writes", q[price.CacheWrite1h], want.Write1h)
			}
			if !tt.lacks.reasoning {
				check("reasoning", q[price.Reasoning], want.Reasoning)
			}
			if !tt.lacks.lifetimes && !tt.lacks.tiers && !tt.lacks.models {
				same(t, "bill", b.total(t, anyModel), want.Spend)
			}
			if !tt.lacks.cost {
				same(t, "reported cost", reported.String(), want.Spend)
			}
		})
	}
}

// Codex logs totals that grow, and repeats some of them: the calls are their differences.
func TestSampleOfCodex(t *testing.T) {
	e := readExpected(t)
	b := bill{book: e.book(t), sums: map[price.Ref]*price.Quantities{}}
	s, err := usage.Read("codex", bytes.NewReader(sharedFile(t, "usage-samples", "codex_session.jsonl")), usage.Options{}, b.add)
	if err != nil {
		t.Fatal(err)
	}
	requests := int64(0)
	for key, day := range e.ByDayModel {
		if strings.HasSuffix(key, "|gpt-5.6-sol") {
			requests += day.Requests
		}
	}
	// One line opens the turn, and six events come twice.
	if s.Format != "codex" || s.Calls != requests || s.Faulty != 0 || s.Skipped != 7 {
		t.Errorf("summary = %+v, want %d calls", s, requests)
	}
	same(t, "bill", b.total(t, anyModel), e.InForce)
}

// The sample of Google's bill is a workload of its own: each hour 1,234,567 tokens of text in at 2 dollars a million,
// 654,321 cached ones at 0.2 and 123,456 out at 12, for three hours.
func TestSampleOfGoogle(t *testing.T) {
	var q price.Quantities
	var reported money.USD
	s, err := usage.Read("gcp", bytes.NewReader(sharedFile(t, "usage-samples", "gcp_billing_export_gemini.jsonl")), usage.Options{}, func(c *usage.Call) error {
		if c.Model != "gemini-3.1-pro" || c.Provider != "google" || c.End.Sub(c.Start) != time.Hour || c.Requests.Known {
			t.Errorf("call = %+v", c)
		}
		var err error
		if reported, err = reported.Add(c.Reported.USD); err != nil {
			return err
		}
		return q.Add(&c.Quantities)
	})
	if err != nil || s.Format != "gcp_billing" || s.Calls != 9 || s.Rows != 9 {
		t.Fatalf("%v, %+v", err, s)
	}
	quantities(t, q, price.Quantities{price.Input: 3 * 1_234_567, price.CacheRead: 3 * 654_321, price.Output: 3 * 123_456})
	same(t, "reported", reported.String(), "12.2444106") // 3 x (2.469134 + 0.1308642 + 1.481472)
}

// The price of one model was cut on the last day of the log: each call costs what was in force when it began.
func TestSamplesAtThePriceInForce(t *testing.T) {
	e := readExpected(t)
	read := func(b *bill) {
		t.Helper()
		_, err := usage.Read("litellm", bytes.NewReader(sharedFile(t, "usage-samples", "litellm_spendlogs.jsonl")), usage.Options{}, b.add)
		if err != nil {
			t.Fatal(err)
		}
	}
	sol := func(model string) bool { return model == "gpt-5.6-sol" }
	inForce := bill{book: e.book(t), sums: map[price.Ref]*price.Quantities{}}
	read(&inForce)
	same(t, "at the price in force", inForce.total(t, sol), e.InForce)

	newest := bill{book: e.book(t), sums: map[price.Ref]*price.Quantities{}, at: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	read(&newest)
	same(t, "at the newest price, which is wrong", newest.total(t, sol), e.Newest)
	if e.InForce == e.Newest {
		t.Error("the sample tells nothing apart")
	}

	// And day by day.
	days := map[string]*bill{}
	counts := map[string]int64{}
	_, err := usage.Read("litellm", bytes.NewReader(sharedFile(t, "usage-samples", "litellm_spendlogs.jsonl")), usage.Options{}, func(c *usage.Call) error {
		key := c.Start.UTC().Format(time.DateOnly) + "|" + c.Model
		if days[key] == nil {
			days[key] = &bill{book: inForce.book, sums: map[price.Ref]*price.Quantities{}}
		}
		counts[key]++
		return days[key].add(c)
	})
	if err != nil || len(days) != len(e.ByDayModel) {
		t.Fatalf("%d days and models, want %d; %v", len(days), len(e.ByDayModel), err)
	}
	for key, want := range e.ByDayModel {
		same(t, key, days[key].total(t, anyModel), want.Spend)
		if counts[key] != want.Requests {
			t.Errorf("%s: %d requests, want %d", key, counts[key], want.Requests)
		}
	}
}

// samplesElsewhere are read by tests of their own, and samplesRefused hold money and no tokens.
var (
	samplesElsewhere = []string{"codex_session.jsonl", "gcp_billing_export_gemini.jsonl", "ccusage_daily.json"}
	samplesRefused   = []string{"openai_dashboard_cost.csv", "anthropic_cost_report_1d.json", "anthropic_console_cost.csv"}
)

// Every file of the folder is one that is read or one that is refused: a new sample fails here until it is either.
func TestEverySampleIsReadOrRefused(t *testing.T) {
	entries, err := os.ReadDir(shared(t, "usage-samples"))
	if err != nil {
		t.Fatal(err)
	}
	known := append(slices.Clone(samplesElsewhere), samplesRefused...)
	for _, s := range samples {
		known = append(known, s.file)
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".csv", ".json", ".jsonl":
			if e.Name() != "expected.json" && !slices.Contains(known, e.Name()) {
				t.Errorf("%s is neither read nor refused by a test", e.Name())
			}
		}
	}
}

// Exports that hold money and no tokens are named and refused: read as calls they would be a bill of nothing.
func TestSamplesThatAreRefused(t *testing.T) {
	for _, file := range samplesRefused {
		s, err := usage.Read(file, bytes.NewReader(sharedFile(t, "usage-samples", file)), usage.Options{}, nil)
		e, ok := errors.AsType[*usage.FileError](err)
		if !ok || e.Hint == "" || s.Rows != 0 {
			t.Errorf("%s: %v after %d rows; want a FileError with a hint", file, err, s.Rows)
		}
	}
}

// What ccusage adds up by day without a breakdown by model is of the one model that it names.
func TestSampleOfCcusage(t *testing.T) {
	e := readExpected(t)
	var q price.Quantities
	var reported money.USD
	s, err := usage.Read("ccusage", bytes.NewReader(sharedFile(t, "usage-samples", "ccusage_daily.json")), usage.Options{}, func(c *usage.Call) error {
		if c.Model != "claude-opus-4-7" || c.Requests.Known || c.End.Sub(c.Start) != 24*time.Hour {
			t.Errorf("call = %+v", c)
		}
		var err error
		if reported, err = reported.Add(c.Reported.USD); err != nil {
			return err
		}
		return q.Add(&c.Quantities)
	})
	if err != nil || s.Format != "ccusage" || s.Input != usage.Excludes || s.Calls != 3 {
		t.Fatalf("%v, %+v", err, s)
	}
	want := e.Anthropic
	quantities(t, q, price.Quantities{price.Input: want.Input, price.CacheRead: want.CacheRead, price.CacheWrite: want.Write5m + want.Write1h, price.Output: want.Output})
	same(t, "reported", reported.String(), want.Spend)
}

// The public traces are read without a flag, on a clock that counts from their start.
func TestTraces(t *testing.T) {
	for file, rows := range map[string]int64{"azure2023_code": 8819, "azure2023_conv": 19366, "mooncake_conversation": 12031, "mooncake_synthetic": 3993} {
		var q price.Quantities
		var first time.Time
		s, err := usage.Read(file, bytes.NewReader(sharedFile(t, "traces", file+".csv.gz")), usage.Options{}, func(c *usage.Call) error {
			if first.IsZero() {
				first = c.Start
			}
			return q.Add(&c.Quantities)
		})
		if err != nil || s.Rows != rows || s.Calls != rows || s.Clock != usage.Relative || s.Grain != usage.PerRequest {
			t.Errorf("%s: %v, %+v", file, err, s)
		}
		if !first.Equal(time.Unix(0, 0)) || !s.FirstStart.IsZero() {
			t.Errorf("%s begins at %v, want the epoch, which its summary doesn't show as a date: %v", file, first, s.FirstStart)
		}
		if q[price.CacheRead] != 0 {
			t.Errorf("%s: the hits of an endless cache were taken for measured ones", file)
		}
		if want := map[bool]time.Duration{true: 3 * time.Second}[file == "mooncake_conversation"]; want != 0 && s.Quantum != want {
			t.Errorf("%s: the clock's step is %s, want %s", file, s.Quantum, want)
		}
	}
}
