package catalog_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/price"
)

// sharedData finds a file of the evidence that stays outside the repository, and skips the test without it.
func sharedData(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("BREAKEVEN_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no shared data: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// pricedCase is a worked example of somebody else: a bill, a test of a price engine, an issue. Its usage counts
// the whole prompt and the whole answer.
type pricedCase struct {
	ID, Provider, Model string
	Context             struct {
		Timestamp     time.Time `json:"timestamp"`
		KnowledgeTime time.Time `json:"knowledge_time"`
		ServiceTier   string    `json:"service_tier"`
		AWSRegion     string    `json:"aws_region"`
		Location      string    `json:"vertex_location"`
		Batch         bool      `json:"batch"`
	} `json:"context"`
	Usage    map[string]json.Number     `json:"usage"`
	Expected map[string]json.RawMessage `json:"expected"`
}

// quantities takes a case's totals apart into disjoint buckets.
func (c *pricedCase) quantities(t *testing.T) price.Quantities {
	t.Helper()
	n := func(key string) int64 {
		if c.Usage[key] == "" {
			return 0
		}
		v, err := c.Usage[key].Int64()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	q := price.Quantities{
		price.CacheRead: n("cache_read"), price.CacheWrite5m: n("cache_write_5m"), price.CacheWrite1h: n("cache_write_1h"),
		price.AudioInput: n("input_audio"), price.ImageInput: n("input_image"), price.VideoInput: n("input_video"),
		price.Reasoning: n("output_reasoning"), price.AudioOutput: n("output_audio"), price.VideoOutput: n("output_video"),
		price.ImageOutput: n("output_image"),
		price.WebSearch:   n("web_searches"), price.Citation: n("output_citation"),
	}
	q[price.CacheWrite] = n("cache_write") - q[price.CacheWrite5m] - q[price.CacheWrite1h]
	q[price.Input] = n("input") - q.InputTokens()
	q[price.Output] = n("output") - q.OutputTokens()
	if c.Provider == "perplexity" {
		q[price.Request] = 1
	}
	if err := q.Check(); err != nil {
		t.Fatal(err)
	}
	return q
}

// query is what a log of the case would ask for.
func (c *pricedCase) query(t *testing.T) price.Query {
	t.Helper()
	q := price.Query{Provider: c.Provider, Model: c.Model, Region: c.Context.AWSRegion + c.Context.Location}
	var err error
	if q.Tier, err = price.ParseTier(c.Context.ServiceTier); err != nil {
		t.Fatal(err)
	}
	if c.Context.Batch {
		q.Tier = price.Batch
	}
	return q
}

// notOurs are cases with usage that the catalog has no answer to, with the reason.
var notOurs = map[string]string{
	"GP-29": "an image generator",
	"GP-37": "OpenRouter is not in the catalog",
	"GP-42": "OpenRouter is not in the catalog",
	"IS-01": "quotes rates that the vendor has changed since",
	"IS-02": "an inconsistent body",
	"IS-04": "states a part of the bill",
	"LL-11": "a discount and a margin, which are not the catalog's",
	"LL-12": "a margin, which is not the catalog's",
	"LL-23": "billed by the second",
	"LL-25": "a transcription model",
	"LL-27": "asks for rates before a cut without saying when",
	"LL-28": "names a family, not a model",
	"LL-29": "GitHub Copilot is not in the catalog",
}

// ours reports whether a case asks the catalog for a price.
func (c *pricedCase) ours() bool {
	return c.Usage != nil && notOurs[c.ID] == "" && c.Expected["error"] == nil && c.Provider != "any" &&
		!strings.HasPrefix(c.Model, "synthetic") && !strings.HasPrefix(c.Model, "fake")
}

// TestWorkedCases quotes other people's worked examples with the catalog's own rates and compares exact decimals.
func TestWorkedCases(t *testing.T) {
	var file struct{ Cases []pricedCase }
	if err := json.Unmarshal(sharedData(t, "prices/cases.json"), &file); err != nil {
		t.Fatal(err)
	}
	b := prices(t)
	passed := 0
	for _, c := range file.Cases {
		if !c.ours() {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			at := c.Context.Timestamp
			if at.IsZero() {
				at = today
			}
			s, _, err := b.Sheet(c.query(t), at, c.Context.KnowledgeTime)
			if err != nil {
				t.Fatal(err)
			}
			q := c.quantities(t)
			quote, err := s.Quote(&q, at)
			if err != nil {
				t.Fatal(err)
			}
			if !quote.Complete() {
				t.Errorf("no rate for %v", quote.Missing)
			}
			expect := func(key, got string) {
				var want string
				for _, name := range []string{"exact_" + key, key} {
					if raw := c.Expected[name]; want == "" && raw != nil {
						if err := json.Unmarshal(raw, &want); err != nil {
							t.Fatal(err)
						}
						passed++
						if got != want {
							t.Errorf("%s = %s, want %s, at %s", key, got, want, s.ID())
						}
					}
				}
			}
			expect("total_usd", quote.Total.String())
			expect("input_usd", quote.Input.String())
			expect("output_usd", quote.Output.String())
			for _, line := range quote.Lines {
				switch line.Kind {
				case price.Reasoning:
					expect("reasoning_usd", line.Amount.String())
					if s.Tier == price.Flex {
						expect("flex_reasoning_usd", line.Amount.String())
					} else {
						expect("standard_reasoning_usd", line.Amount.String())
					}
				case price.CacheRead:
					expect("cache_read_usd", line.Amount.String())
				}
			}
		})
	}
	if passed < 60 {
		t.Errorf("only %d figures were compared", passed)
	}
}

// Cases that state two answers to one usage.
func TestWorkedCasesByRouteAndTier(t *testing.T) {
	b := prices(t)
	for _, tt := range []struct {
		name  string
		query price.Query
		q     price.Quantities
		want  string
	}{
		// 1 M fresh × 3 + 1 M written × 3.75 + 1 M read × 0.3 + 1 M output × 15
		{"Bedrock, global", price.Query{Provider: "bedrock", Model: "global.anthropic.claude-sonnet-4-6"}, price.Quantities{
			price.Input: 1_000_000, price.CacheWrite: 1_000_000, price.CacheRead: 1_000_000, price.Output: 1_000_000,
		}, "22.05"},
		{"Bedrock, one geography: 10 % more", price.Query{Provider: "bedrock", Model: "us.anthropic.claude-sonnet-4-6"}, price.Quantities{
			price.Input: 1_000_000, price.CacheWrite: 1_000_000, price.CacheRead: 1_000_000, price.Output: 1_000_000,
		}, "24.255"},
		// 15 × 0.15 + 2 × 1.2 = 4.65 millionths, and 15 × 0.18 + 2 × 1.41 = 5.52
		{
			"Bedrock, Virginia",
			price.Query{Provider: "bedrock", Model: "qwen.qwen3-next-80b-a3b", Region: "us-east-1"},
			price.Quantities{price.Input: 15, price.Output: 2},
			"0.00000465",
		},
		{
			"Bedrock, Ireland",
			price.Query{Provider: "bedrock", Model: "qwen.qwen3-next-80b-a3b", Region: "eu-west-1"},
			price.Quantities{price.Input: 15, price.Output: 2},
			"0.00000552",
		},
		// thinking is output, at the tier's output rate: 315 × 9, and half of it
		{"thinking, standard", price.Query{Provider: "vertex", Model: "gemini-3.5-flash"}, price.Quantities{price.Reasoning: 315}, "0.002835"},
		{"thinking, flex", price.Query{Provider: "vertex", Model: "gemini-3.5-flash", Tier: price.Flex}, price.Quantities{price.Reasoning: 315}, "0.0014175"},
	} {
		s, _, err := b.Sheet(tt.query, today, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		quote, err := s.Quote(&tt.q, today)
		if err != nil || quote.Total.String() != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.name, quote.Total, err, tt.want)
		}
	}
}

func TestUnknownModelIsAnErrorAndNeverFree(t *testing.T) {
	b := prices(t)
	_, err := b.Find(price.Query{Provider: "openai", Model: "no-such-model"})
	if _, ok := errors.AsType[*price.UnknownModelError](err); !ok {
		t.Errorf("got %v", err)
	}
}
