package app_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"breakeven/internal/app"
	"breakeven/price"
)

// asOf is the clock of every test.
var asOf = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func newApp() *app.App { return app.New("test", func() time.Time { return asOf }) }

// workedCase is somebody else's worked example: a bill, a test of another price engine, an issue. Its rates are
// dollars per million, and its usage counts the whole prompt and the whole answer.
type workedCase struct {
	ID       string
	Category string
	Provider string
	Model    string
	Body     json.RawMessage
	Usage    map[string]json.Number
	Rates    map[string]any
	Expected map[string]any
	Context  struct {
		Timestamp    time.Time
		KnowledgeAt  time.Time `json:"knowledge_time"`
		Tier         string    `json:"service_tier"`
		RequestTier  string    `json:"request_service_tier"`
		ResponseTier string    `json:"response_service_tier"`
		Region       string    `json:"aws_region"`
		Location     string    `json:"vertex_location"`
		Batch        bool
	}
}

// waiting are the cases that nothing here answers yet, each with what it waits for.
var waiting = map[string]string{
	"GP-34": "fractions of a token: a quantity is a whole number",
	"GP-35": "audio priced by its duration", "LL-23": "audio priced by its duration", "LL-24": "audio priced by its duration",
	"LL-11": "discounts and margins on top of a vendor's price", "LL-12": "discounts and margins on top of a vendor's price",
	"LL-29": "a reseller whose prices the catalog does not hold",
}

func loadCases(t *testing.T) []workedCase {
	t.Helper()
	dir := os.Getenv("BREAKEVEN_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(dir, "prices", "cases.json"))
	if err != nil {
		t.Skip("shared data is not here:", err)
	}
	var file struct{ Cases []workedCase }
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

// TestWorkedCases runs every case: through its own rates where it states them, else through the catalog. Figures
// are compared as exact decimals.
func TestWorkedCases(t *testing.T) {
	a := newApp()
	passed := map[string]int{}
	for _, c := range loadCases(t) {
		if _, ok := waiting[c.ID]; ok {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			switch {
			case c.Expected["usage_by_provider"] != nil:
				c.checkDialects(t, a)
			case c.Expected["error"] != nil:
				c.checkError(t, a)
			case c.Expected["off_peak"] != nil && len(c.Usage) == 0:
				c.checkWindow(t)
			case c.Expected["rate_used"] != nil:
				c.checkServedTier(t, a)
			default:
				c.checkQuote(t, a)
			}
		})
		passed[c.Category]++
	}
	t.Logf("cases that passed, by category: %v; %d wait", passed, len(waiting))
}

// names maps the cases' words for rates to ours.
var names = map[string]string{
	"input": "input", "output": "output", "cache_read": "cache_read", "cache_write_5m": "cache_write_5m", "cache_write_1h": "cache_write_1h",
	"cache_write": "cache_write_5m", "input_audio": "audio_input", "output_audio": "audio_output", "input_image": "image_input", "output_image": "image_output",
	"cache_audio_read": "audio_cache_read", "cache_image_read": "image_cache_read", "output_reasoning": "reasoning", "output_citation": "citation",
}

// million scales a rate that is quoted per thousand or per unit.
func million(t *testing.T, v any, factor string) string {
	t.Helper()
	r, ok := new(big.Rat).SetString(fmt.Sprint(v))
	if !ok {
		t.Fatalf("rate %v", v)
	}
	f, _ := new(big.Rat).SetString(factor)
	return strings.TrimRight(strings.TrimRight(r.Mul(r, f).FloatString(9), "0"), ".")
}

// rates turns a case's rates into ours.
func rates(t *testing.T, in map[string]any) map[string]any {
	t.Helper()
	out := map[string]any{}
	for key, v := range in {
		if name, ok := names[key]; ok {
			out[name] = million(t, v, "1")
		}
	}
	for key, to := range map[string][2]string{"web_searches_per_1k": {"web_search", "1000"}, "requests_per_1k": {"request", "1000"}} {
		if v, ok := in[key]; ok {
			out[to[0]] = million(t, v, to[1])
		}
	}
	if v, ok := in["per_token"].(map[string]any); ok {
		for key, rate := range v {
			out[names[key]] = million(t, rate, "1000000")
		}
	}
	if v, ok := in["cache_write_5m_multiplier"]; ok && v != nil {
		out["cache_write_5m"] = map[string]any{"rule": "write"}
	}
	return out
}

// file turns a case's rates into a price file.
func (c *workedCase) file(t *testing.T) []byte {
	t.Helper()
	in := c.Rates
	entry := map[string]any{"source": "case", "rates": rates(t, in)}
	if own := entry["rates"].(map[string]any); c.Provider == "google" && own["output"] != nil && own["audio_output"] == nil {
		own["audio_output"] = map[string]any{"rule": "one-output-price"} // as the catalog has it for Gemini
	}
	rules := map[string]any{
		"half":             map[string]any{"kind": "derived", "text": "half", "times": "0.5"},
		"double":           map[string]any{"kind": "derived", "text": "double", "times": "2"},
		"one-output-price": map[string]any{"kind": "derived", "text": "one output price", "of": "output", "times": "1"},
		"write":            map[string]any{"kind": "derived", "text": "write", "of": "input", "times": "1.25"},
	}
	var bands []any
	list, _ := in["tiers"].([]any)
	for _, band := range list {
		b := band.(map[string]any)
		spec := map[string]any{"rates": rates(t, b)}
		if n, ok := b["above_input_tokens"]; ok {
			spec["above"] = n
		} else {
			spec["at_or_above"] = b["at_or_above_input_tokens"]
		}
		bands = append(bands, spec)
	}
	list, _ = in["ranges"].([]any)
	for i, r := range list {
		b := r.(map[string]any)
		if i == 0 {
			entry["rates"] = rates(t, b)
			continue
		}
		bands = append(bands, map[string]any{"above": b["range"].([]any)[0], "rates": rates(t, b)})
	}
	if long, ok := in["long_context"].(map[string]any); ok {
		banded := map[string]any{}
		for kind, v := range rates(t, in) {
			x := long["input_side_x"]
			if kind == "output" {
				x = long["output_x"]
			}
			banded[kind] = million(t, v, fmt.Sprint(x))
		}
		bands = append(bands, map[string]any{"above": long["above"], "rates": banded})
	}
	if bands != nil {
		entry["bands"] = bands
	}
	tiers := map[string]any{"batch": map[string]any{"rule": "half"}, "flex": map[string]any{"rule": "half"}, "priority": map[string]any{"rule": "double"}, "fast": map[string]any{"rule": "double"}}
	if c.Model == "gpt-4" { // it has no tiers: the case is that it bills standard
		tiers = map[string]any{}
	}
	for _, tier := range []string{"priority", "ultrafast"} {
		if own, ok := in[tier].(map[string]any); ok {
			tiers[tier] = map[string]any{"rates": rates(t, own)}
			if len(entry["rates"].(map[string]any)) == 0 {
				entry["rates"] = rates(t, own)
			}
		}
	}
	entry["tiers"] = tiers
	if off, ok := in["off_peak"].(map[string]any); ok {
		var windows []any
		for _, w := range spans(off) {
			w["rates"] = rates(t, off)
			windows = append(windows, w)
		}
		entry["windows"] = windows
	}
	doc := map[string]any{
		"schema": price.Schema, "provider": provider(c.Provider), "name": c.Provider, "rules": rules,
		"sources": map[string]any{"case": map[string]any{"kind": "published", "title": c.ID, "date": "2026-11-24"}},
		"models":  []any{map[string]any{"id": model(c.Model), "prices": []any{entry}}},
	}
	if up, ok := in["regional_endpoint_uplift"]; ok {
		rules["uplift"] = map[string]any{"kind": "derived", "text": "uplift", "times": fmt.Sprint(up)}
		entry["routes"] = map[string]any{"regional": map[string]any{"rule": "uplift"}}
		doc["regions"] = map[string]any{"global": "", "*": "regional"}
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// spans turns a case's off-peak windows into ours.
func spans(off map[string]any) []map[string]any {
	var out []map[string]any
	add := func(hours any, days any) {
		texts, ok := hours.([]any)
		if !ok {
			texts = []any{hours}
		}
		for _, h := range texts {
			from, to, _ := strings.Cut(h.(string), "-")
			w := map[string]any{"from": from, "to": to}
			if list, ok := days.([]any); ok {
				var names []string
				for _, d := range list {
					n, _ := d.(json.Number).Int64()
					names = append(names, [...]string{"", "mon", "tue", "wed", "thu", "fri", "sat", "sun"}[n])
				}
				w["days"] = names
			}
			out = append(out, w)
		}
	}
	if hours, ok := off["hours_utc"]; ok {
		add(hours, nil)
	}
	list, _ := off["windows"].([]any)
	for _, w := range list {
		m := w.(map[string]any)
		add(m["hours_utc"], m["weekdays"])
	}
	return out
}

func provider(name string) string {
	if name == "any" || name == "none" {
		return "acme"
	}
	return name
}

func model(name string) string { return strings.ReplaceAll(name, " ", "-") }

// quantities takes a case's totals apart into disjoint buckets.
func (c *workedCase) quantities(t *testing.T) price.Quantities {
	t.Helper()
	n := func(key string) int64 {
		if c.Usage[key] == "" {
			return 0
		}
		v, err := strconv.ParseInt(string(c.Usage[key]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	text := n("cache_read") - n("cache_audio_read") - n("cache_image_read")
	q := price.Quantities{
		price.CacheRead: text, price.CacheWrite5m: n("cache_write_5m"), price.CacheWrite1h: n("cache_write_1h"),
		price.AudioCacheRead: n("cache_audio_read"), price.ImageCacheRead: n("cache_image_read"),
		price.AudioInput: n("input_audio") - n("cache_audio_read"), price.ImageInput: n("input_image") - n("cache_image_read"), price.VideoInput: n("input_video"),
		price.Reasoning: n("output_reasoning"), price.Citation: n("output_citation"),
		price.AudioOutput: n("output_audio"), price.ImageOutput: n("output_image"), price.VideoOutput: n("output_video"),
		price.WebSearch: n("web_searches"), price.Request: 1,
	}
	q[price.CacheWrite] = max(0, n("cache_write")-q[price.CacheWrite5m]-q[price.CacheWrite1h])
	q[price.Input] = max(0, n("input")-q.InputTokens())
	q[price.Output] = n("output") - q.OutputTokens()
	if err := q.Check(); err != nil {
		t.Fatal(err)
	}
	return q
}

// equal compares decimals exactly.
func equal(got string, want any) bool {
	a, ok := new(big.Rat).SetString(got)
	b, ok2 := new(big.Rat).SetString(fmt.Sprint(want))
	return ok && ok2 && a.Cmp(b) == 0
}

func (c *workedCase) at() time.Time {
	if c.Context.Timestamp.IsZero() {
		return asOf
	}
	return c.Context.Timestamp
}

func (c *workedCase) tier() string {
	if c.Context.Batch {
		return "batch"
	}
	return c.Context.Tier
}

// quote prices a case: its body through the use case where it has one, else its usage at the sheet.
func (c *workedCase) quote(t *testing.T, a *app.App, q price.Quantities, region string) app.QuoteAnswer {
	t.Helper()
	r := app.QuoteRequest{Provider: provider(c.Provider), Model: model(c.Model), At: c.at(), KnownAt: c.Context.KnowledgeAt, Tier: c.tier(), Region: region, Quantities: &q}
	if len(c.Rates) > 0 {
		r.Sheet, r.SheetName = c.file(t), "case.json"
	}
	answer, err := a.Quote(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func (c *workedCase) checkQuote(t *testing.T, a *app.App) {
	q := c.quantities(t)
	if c.Body != nil && len(c.Usage) == 0 {
		answer, err := a.Usage(c.Provider, c.Body)
		if err != nil {
			t.Fatal(err)
		}
		q = answer.Quantities
		c.checkUsage(t, q, c.Expected["usage"])
	}
	if len(c.Expected) == 1 && c.Expected["usage"] != nil {
		return
	}
	answer := c.quote(t, a, q, c.Context.Region+c.Context.Location)
	line := func(kinds ...price.Kind) string {
		sum := new(big.Rat)
		for _, l := range answer.Lines {
			if slices.Contains(kinds, l.Kind) {
				v, _ := new(big.Rat).SetString(l.Amount.String())
				sum.Add(sum, v)
			}
		}
		return sum.FloatString(15)
	}
	rate := func(kind price.Kind) string {
		for _, l := range answer.Lines {
			if l.Kind == kind {
				return l.Rate.String()
			}
		}
		return "none"
	}
	total := answer.Total.String()
	checked := 0
	for key, want := range c.Expected {
		var got string
		switch key {
		case "total_usd", "issue_expected_usd":
			if c.Expected["exact_total_usd"] != nil {
				continue // the exact figure stands beside a rounded one
			}
			got = total
			if key == "issue_expected_usd" {
				got = rounded(total, want)
			}
		case "exact_total_usd":
			got = total
		case "input_usd":
			got = answer.Input.String()
		case "output_usd":
			got = answer.Output.String()
		case "reasoning_usd", "standard_reasoning_usd":
			got = line(price.Reasoning)
		case "flex_reasoning_usd":
			flex := *c
			flex.Context.Tier = "flex"
			answer := flex.quote(t, a, q, "")
			for _, l := range answer.Lines {
				if l.Kind == price.Reasoning {
					got = l.Amount.String()
				}
			}
		case "cache_read_usd":
			got = line(price.CacheRead)
		case "cache_write_usd", "cache_write_5m_usd":
			got = line(price.CacheWrite5m, price.CacheWrite1h, price.CacheWrite)
		case "rate_input":
			got = rate(price.Input)
		case "rate_output":
			got = rate(price.Output)
		case "global_total_usd":
			global := *c
			global.Model = "global.anthropic.claude-sonnet-4-6"
			got = global.quote(t, a, q, "").Total.String()
		case "regional_total_usd", "eu_west_1_usd":
			got = total
		case "us_usd":
			got = c.quote(t, a, q, "us-east-1").Total.String()
		case "base_usd", "wrong_usd", "note", "usage", "off_peak":
			continue
		default:
			t.Fatalf("no way to check %q", key)
		}
		checked++
		if !equal(got, want) {
			t.Errorf("%s = %s, want %v", key, got, want)
		}
	}
	if checked == 0 && c.Expected["usage"] == nil {
		t.Error("nothing was checked")
	}
	if c.Expected["total_usd"] != nil && !answer.Complete {
		t.Errorf("no rate for %v", answer.Missing)
	}
}

// rounded cuts an exact figure to as many decimals as a published one has.
func rounded(exact string, like any) string {
	r, _ := new(big.Rat).SetString(exact)
	_, decimals, _ := strings.Cut(fmt.Sprint(like), ".")
	return r.FloatString(len(decimals))
}

// checkUsage compares disjoint buckets with a case's totals.
func (c *workedCase) checkUsage(t *testing.T, q price.Quantities, want any) {
	t.Helper()
	m, _ := want.(map[string]any)
	sum := func(kinds ...price.Kind) (n int64) {
		for _, k := range kinds {
			n += q[k]
		}
		return n
	}
	got := map[string]int64{
		"input": q.InputTokens(), "output": q.OutputTokens(),
		"cache_read":     sum(price.CacheRead, price.AudioCacheRead, price.ImageCacheRead),
		"cache_write":    sum(price.CacheWrite, price.CacheWrite5m, price.CacheWrite1h),
		"cache_write_5m": q[price.CacheWrite5m], "cache_write_1h": q[price.CacheWrite1h],
		"input_audio": sum(price.AudioInput, price.AudioCacheRead), "cache_audio_read": q[price.AudioCacheRead],
		"input_image": sum(price.ImageInput, price.ImageCacheRead), "cache_image_read": q[price.ImageCacheRead],
		"input_text": sum(price.Input, price.CacheRead), "cache_text_read": q[price.CacheRead], "output_text": q[price.Output],
		"output_audio": q[price.AudioOutput], "output_reasoning": q[price.Reasoning], "output_citation": q[price.Citation], "web_searches": q[price.WebSearch],
	}
	for key, v := range m {
		n, ok := got[key]
		if key == "input_tool" {
			continue // part of the input, told apart nowhere on a bill
		}
		if !ok {
			t.Errorf("no way to check %q", key)
		} else if fmt.Sprint(n) != fmt.Sprint(v) {
			t.Errorf("%s = %d, want %v", key, n, v)
		}
	}
}

// The same body counts differently at different vendors.
func (c *workedCase) checkDialects(t *testing.T, a *app.App) {
	for vendor, want := range c.Expected["usage_by_provider"].(map[string]any) {
		answer, err := a.Usage(vendor, c.Body)
		if err != nil {
			t.Fatal(err)
		}
		c.checkUsage(t, answer.Quantities, want)
	}
}

func (c *workedCase) checkError(t *testing.T, a *app.App) {
	if c.Usage["cache_write"] != "" {
		// The whole prompt cannot be smaller than the part of it that was written to a cache.
		body := fmt.Sprintf(`{"model": "m", "usage": {"prompt_tokens": %s, "completion_tokens": 0, "prompt_tokens_details": {"cache_write_tokens": %s}}}`, c.Usage["input"], c.Usage["cache_write"])
		if answer, err := a.Usage("openai", []byte(body)); err == nil {
			t.Errorf("accepted: %+v", answer)
		}
		return
	}
	q := price.Quantities{price.Input: 1}
	if answer, err := a.Quote(app.QuoteRequest{Provider: c.Provider, Model: c.Model, Quantities: &q}); err == nil {
		t.Errorf("priced at %s", answer.Total)
	}
}

// Whether an instant lies in a window, by the price of a token there.
func (c *workedCase) checkWindow(t *testing.T) {
	c.Rates = map[string]any{"input": json.Number("1"), "off_peak": c.Rates["off_peak"]}
	c.Rates["off_peak"].(map[string]any)["input"] = json.Number("0.5")
	q := price.Quantities{price.Input: 1_000_000}
	got := c.quote(t, newApp(), q, "").Total.String() == "0.5"
	if got != c.Expected["off_peak"] {
		t.Errorf("off peak: %v, want %v", got, c.Expected["off_peak"])
	}
}

// The tier that served the call is billed, whatever was asked for.
func (c *workedCase) checkServedTier(t *testing.T, a *app.App) {
	body := fmt.Sprintf(`{"model": %q, "usage": {"prompt_tokens": 1000, "completion_tokens": 0}, "service_tier": %q}`, c.Model, c.Context.ResponseTier)
	answer, err := a.Quote(app.QuoteRequest{Provider: c.Provider, Tier: c.Context.RequestTier, Body: []byte(body), Sheet: c.file(t), SheetName: "case.json"})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Tier != price.Standard || answer.Total.String() != "1" {
		t.Errorf("billed as %s: %s", answer.Tier, answer.Total)
	}
}
