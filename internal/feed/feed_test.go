package feed_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/fact"
	"breakeven/internal/feed"
)

const day fact.Date = "2026-08-01"

// lines writes observations for comparison: "openai/gpt-5 batch input above 272000 = 5".
func lines(t *feed.Table) []string {
	var out []string
	for _, o := range t.Observations {
		s := o.Provider + "/" + o.Model
		if o.Tier != 0 {
			s += " " + o.Tier.String()
		}
		s += " " + o.Kind.String()
		if o.Above > 0 {
			s += fmt.Sprintf(" above %d", o.Above)
		}
		if !o.From.IsZero() {
			s += " from " + o.From.Format(time.DateOnly)
		}
		if !o.To.IsZero() {
			s += " to " + o.To.Format(time.DateOnly)
		}
		if o.Window != nil {
			s += " " + o.Window.From + "-" + o.Window.To
		}
		out = append(out, s+" = "+o.Rate.String())
	}
	return out
}

func check(t *testing.T, table *feed.Table, want string) {
	t.Helper()
	got := strings.Join(lines(table), "\n")
	var trimmed []string
	for l := range strings.Lines(want) {
		if l = strings.TrimSpace(l); l != "" {
			trimmed = append(trimmed, l)
		}
	}
	if w := strings.Join(trimmed, "\n"); got != w {
		t.Errorf("observations:\n%s\nwant:\n%s", got, w)
	}
}

// Dollars per million tokens; dollars per thousand of what is counted singly; tiers above a number of tokens.
func TestGenAIUnitsAndTiers(t *testing.T) {
	table, err := feed.GenAI([]byte(`[{"id": "acme", "pricing_urls": ["https://acme.example/prices"], "models": [
		{"id": "m", "name": "Em", "context_window": 200000, "price_comments": "Ref: https://acme.example/docs/pricing#m.", "prices": {
			"input_mtok": {"base": 3, "tiers": [{"start": 200000, "price": 6}]},
			"cache_read_mtok": 0.3, "cache_write_mtok": 3.75, "cache_write_1h_mtok": 6, "output_mtok": 15,
			"web_searches_kcount": 10, "requests_kcount": 12, "audio_hours": 3}},
		{"id": "free", "prices": {}}]}]`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/m cache_read = 0.3
		acme/m cache_write_1h = 6
		acme/m cache_write = 3.75
		acme/m input = 3
		acme/m input above 200000 = 6
		acme/m output = 15
		acme/m request = 12000
		acme/m web_search = 10000`)
	if o := table.Observations[0]; o.URL != "https://acme.example/docs/pricing#m" {
		t.Errorf("cited page: %s", o.URL)
	}
	if m := table.Models[0]; m.Name != "Em" || m.ContextWindow != 200_000 {
		t.Errorf("model: %+v", m)
	}
}

// Of the prices bound by a date, each ends where the next begins, in whatever order they are written.
func TestGenAIDatesAndHours(t *testing.T) {
	table, err := feed.GenAI([]byte(`[{"id": "acme", "models": [
		{"id": "dated", "prices": [
			{"prices": {"input_mtok": 5}},
			{"constraint": {"type": "start_date", "start_date": "2026-08-21"}, "prices": {"input_mtok": 4}},
			{"constraint": {"type": "start_date", "start_date": "2026-03-13"}, "prices": {"input_mtok": 4.5}}]},
		{"id": "hourly", "prices": [
			{"prices": {"input_mtok": 0.135}},
			{"constraint": {"type": "time_of_date", "start_time": "00:30:00Z", "end_time": "16:30:00Z"}, "prices": {"input_mtok": 0.27}}]},
		{"id": "odd", "prices": [{"constraint": {"type": "moon"}, "prices": {"input_mtok": 1}}]}]}]`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/dated input to 2026-03-13 = 5
		acme/dated input from 2026-08-21 = 4
		acme/dated input from 2026-03-13 to 2026-08-21 = 4.5
		acme/hourly input = 0.135
		acme/hourly input 00:30-16:30 = 0.27`)
	if len(table.Faults) != 1 || table.Faults[0].Model != "odd" {
		t.Errorf("faults: %v", table.Faults)
	}
}

// Dollars per token, with float noise; boundaries and tiers in the field's name.
func TestLiteLLMFields(t *testing.T) {
	table, err := feed.LiteLLM([]byte(`{
		"sample_spec": {"input_cost_per_token": 1},
		"m": {"litellm_provider": "acme", "source": "https://acme.example/prices", "deprecation_date": "2026-05-14",
			"input_cost_per_token": 3.0000000000000004e-06, "output_cost_per_token": 1.5e-05,
			"input_cost_per_token_above_200k_tokens": 6e-06,
			"input_cost_per_token_batches": 1.5e-06, "output_cost_per_token_above_200k_tokens_priority": 4.5e-05,
			"cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
			"cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
			"cache_creation_input_audio_token_cost": 3e-07, "input_cost_per_image": 5e-06,
			"search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_high": 0.01},
			"provider_specific_entry": {"us": 1.1, "fast": 6.0}, "regional_processing_uplift_multiplier_eu": 1.1}}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/m cache_write = 3.75
		acme/m cache_write_1h = 6
		acme/m cache_write_1h above 200000 = 12
		acme/m input = 3
		acme/m input above 200000 = 6
		acme/m batch input = 1.5
		acme/m output = 15
		acme/m priority output above 200000 = 45
		acme/m web_search = 10000`)
	var factors []string
	for _, m := range table.Multipliers {
		factors = append(factors, m.Name+" "+m.Times.String())
	}
	if got := strings.Join(factors, ", "); got != "fast 6, us 1.1, eu 1.1" {
		t.Errorf("multipliers: %s", got)
	}
	if m := table.Models[0]; m.Retired != "2026-05-14" {
		t.Errorf("model: %+v", m)
	}
}

// "_ultrafast" is not "_fast", a cache hit is not a plain input token, and a search that costs more for a larger
// context has no single rate.
func TestLiteLLMNamesThatLookAlike(t *testing.T) {
	table, err := feed.LiteLLM([]byte(`{"m": {"litellm_provider": "acme",
		"input_cost_per_token_ultrafast": 5e-05, "input_cost_per_token_fast": 1e-05, "input_cost_per_token_slowfast": 1,
		"input_cost_per_token_cache_hit": 2.8e-08,
		"search_context_cost_per_query": {"search_context_size_low": 0.005, "search_context_size_high": 0.012}}}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/m fast input = 10
		acme/m ultrafast input = 50
		acme/m cache_read = 0.028`)
}

// Ranges: the lower end belongs to the range below, so that a rate starts above it.
func TestLiteLLMRanges(t *testing.T) {
	table, err := feed.LiteLLM([]byte(`{"m": {"litellm_provider": "acme", "tiered_pricing": [
		{"input_cost_per_token": 4.6e-07, "output_cost_per_token": 2.3e-06, "range": [0, 32000.0]},
		{"input_cost_per_token": 7e-07, "output_cost_per_token": 3.5e-06, "range": [32000.0, 128000.0]},
		{"input_cost_per_token": 9e-07, "range": "all"}]}}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/m input = 0.46
		acme/m output = 2.3
		acme/m input above 32000 = 0.7
		acme/m output above 32000 = 3.5`)
	if len(table.Faults) != 1 {
		t.Errorf("faults: %v", table.Faults)
	}
}

// A zero is a price and a missing field is none.
func TestLiteLLMZeroIsAPrice(t *testing.T) {
	table, err := feed.LiteLLM([]byte(`{"m": {"litellm_provider": "acme", "input_cost_per_token": 0, "output_cost_per_token": null}}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `acme/m input = 0`)
}

// Cents per token, so that 0.0003 is three dollars a million and not thirty thousand; and zero means "not set".
func TestPortkeyCents(t *testing.T) {
	table, err := feed.Portkey("acme", []byte(`{
		"default": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 1}}}},
		"m": {"pricing_config": {
			"pay_as_you_go": {"request_token": {"price": 0.0003}, "response_token": {"price": 0.0015}, "cache_read_input_token": {"price": 0},
				"additional_units": {"cache_write_1h": {"price": 0.0006}, "web_search": {"price": 1}}},
			"batch_config": {"request_token": {"price": 0.00015}}}},
		"yen": {"pricing_config": {"currency": "JPY", "pay_as_you_go": {"request_token": {"price": 1}}}},
		"g-lte-128k": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.000125}}}},
		"g-gt-128k": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 0.00025}}}}}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/g input = 1.25
		acme/m input = 3
		acme/m output = 15
		acme/m cache_write_1h = 6
		acme/m web_search = 10000
		acme/m batch input = 1.5`)
	if len(table.Faults) != 1 || table.Faults[0].Model != "yen" {
		t.Errorf("faults: %v", table.Faults)
	}
}

func TestPortkeyModesAndContextTiers(t *testing.T) {
	const rates = `{"pricing_config": {"pay_as_you_go": {"request_token": {"price": %s}}}}`
	table, err := feed.Portkey("acme", fmt.Appendf(nil, `{"m": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": 9}}},
		"custom_pricing": {"context_tier_map": {"0": "lte-272k", "272000": "gt-272k"}, "regions": {"default": {"execution_modes": {
			"standard": {"context_tiers": {"lte-272k": `+rates+`, "gt-272k": `+rates+`}},
			"flex": `+rates+`}}}}}}`, "0.00025", "0.0005", "0.000125"), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/m flex input = 1.25
		acme/m input above 272000 = 5
		acme/m input = 2.5`)
}

// No price for input and output is a subscription, not a gift; nor is a cache rate of zero.
func TestModelsDevZeros(t *testing.T) {
	table, err := feed.ModelsDev([]byte(`{"acme": {"provider": {"doc": "https://acme.example/docs"}, "models": {
		"plan": {"cost": {"input": 0, "output": 0}},
		"m": {"name": "Em", "limit": {"context": 1000}, "modalities": {"input": ["text", "image"]}, "cost": {"input": 1.25, "output": 10, "cache_read": 0, "cached_input": 5,
			"tiers": [{"tier": {"type": "context", "size": 200000}, "input": 2.5, "output": 15}, {"tier": {"type": "other", "size": 1}, "input": 9}]}}}}}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		acme/m input = 1.25
		acme/m output = 10
		acme/m input above 200000 = 2.5
		acme/m output above 200000 = 15`)
	if m := table.Models[0]; m.ContextWindow != 1000 || len(m.Inputs) != 2 {
		t.Errorf("model: %+v", m)
	}
}

// Dollars per token in quotes; -1 is a rate that varies, which is no rate.
func TestOpenRouter(t *testing.T) {
	table, err := feed.OpenRouter([]byte(`{"data": [
		{"id": "acme/m", "name": "Acme: Em", "context_length": 1000, "architecture": {"input_modalities": ["text"]}, "pricing": {
			"prompt": "0.000005", "completion": "0.00003", "web_search": "0.01", "input_cache_read": "0.0000005",
			"overrides": [{"min_prompt_tokens": 272000, "prompt": "0.00001"}]}},
		{"id": "openrouter/auto", "pricing": {"prompt": "-1"}}]}`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		openrouter/acme/m output = 30
		openrouter/acme/m cache_read = 0.5
		openrouter/acme/m input = 5
		openrouter/acme/m web_search = 10000
		openrouter/acme/m input above 272000 = 10`)
	if len(table.Faults) != 1 || table.Models[0].Name != "Em" {
		t.Errorf("faults %v, models %+v", table.Faults, table.Models)
	}
}

func TestLangfuseConditions(t *testing.T) {
	table, err := feed.Langfuse([]byte(`[{"modelName": "m", "pricingTiers": [
		{"conditions": [], "prices": {"input": 5e-06, "input_cache_read": 5e-07, "cache_read_input_tokens": 5e-07}},
		{"conditions": [{"source": "model_parameters", "key": "service_tier", "operator": "in", "values": ["fast", "priority"]},
			{"usageDetailPattern": "(input)", "operator": "gt", "value": 272000}], "prices": {"input": 2e-05}},
		{"conditions": [{"key": "weather", "operator": "is"}], "prices": {"input": 1}}]}]`), day)
	if err != nil {
		t.Fatal(err)
	}
	check(t, table, `
		/m input = 5
		/m cache_read = 0.5
		/m priority input above 272000 = 20`)
	if len(table.Faults) != 1 {
		t.Errorf("faults: %v", table.Faults)
	}
}

func TestWrongFileIsAFormatError(t *testing.T) {
	for name, decode := range decoders {
		for _, bad := range []string{"", "{", "42", `[1] [2]`} {
			_, err := decode([]byte(bad), day)
			if _, ok := errors.AsType[*feed.FormatError](err); !ok && err != nil {
				t.Errorf("%s(%q): %v", name, bad, err)
			}
			if err == nil && bad != `[1] [2]` {
				t.Errorf("%s(%q) was accepted", name, bad)
			}
		}
	}
}

var decoders = map[string]func([]byte, fact.Date) (*feed.Table, error){
	"genai": feed.GenAI, "litellm": feed.LiteLLM, "modelsdev": feed.ModelsDev, "openrouter": feed.OpenRouter, "langfuse": feed.Langfuse,
	"portkey": func(data []byte, date fact.Date) (*feed.Table, error) { return feed.Portkey("acme", data, date) },
}

// fuzz checks what holds for every table: no panic, no negative rate, no observation without a model.
func fuzz(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := decoders[name](data, day)
		if err != nil {
			return
		}
		for _, o := range table.Observations {
			if o.Rate < 0 || o.Above < 0 {
				t.Fatalf("%+v", o)
			}
		}
	})
}

func FuzzGenAI(f *testing.F) {
	fuzz(f, "genai", `[{"id":"p","models":[{"id":"m","prices":{"input_mtok":{"base":1,"tiers":[{"start":1,"price":2}]}}}]}]`,
		`[{"id":"p","models":[{"id":"m","prices":[{"constraint":{"type":"start_date","start_date":"2026-01-01"},"prices":{"input_mtok":1}}]}]}]`)
}

func FuzzLiteLLM(f *testing.F) {
	fuzz(f, "litellm", `{"m":{"input_cost_per_token_above_200k_tokens_priority":1e-6,"tiered_pricing":[{"range":[0,1],"input_cost_per_token":1}]}}`)
}

func FuzzModelsDev(f *testing.F) {
	fuzz(f, "modelsdev", `{"p":{"models":{"m":{"cost":{"input":1,"tiers":[{"tier":{"size":1},"input":2}]}}}}}`)
}

func FuzzPortkey(f *testing.F) {
	fuzz(f, "portkey", `{"m-lte-1k":{"pricing_config":{"pay_as_you_go":{"request_token":{"price":1}}},"custom_pricing":{"context_tier_map":{"0":"a"},"regions":{"default":{"execution_modes":{"flex":{"context_tiers":{"a":{"pricing_config":{"pay_as_you_go":{"request_token":{"price":1}}}}}}}}}}}}`)
}

func FuzzOpenRouter(f *testing.F) {
	fuzz(f, "openrouter", `{"data":[{"id":"m","pricing":{"prompt":"1e-6","overrides":[{"min_prompt_tokens":5,"prompt":"2"}]}}]}`)
}

func FuzzLangfuse(f *testing.F) {
	fuzz(f, "langfuse", `[{"modelName":"m","pricingTiers":[{"conditions":[{"usageDetailPattern":"x","operator":"gt","value":5}],"prices":{"input":1e-6}}]}]`)
}

func BenchmarkLiteLLM(b *testing.B) {
	dir := os.Getenv("BREAKEVEN_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(dir, "prices", "litellm", "model_prices_and_context_window.2026-08-01.json"))
	if err != nil {
		b.Skipf("no shared data: %v", err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := feed.LiteLLM(data, day); err != nil {
			b.Fatal(err)
		}
	}
}
