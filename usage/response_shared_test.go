package usage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"breakeven/price"
	"breakeven/usage"
)

// asCases turns our disjoint quantities into the names of the shared price cases, whose input is the whole
// prompt and whose output holds the reasoning.
var asCases = map[string]func(q *price.Quantities) int64{
	"input":            (*price.Quantities).InputTokens,
	"output":           (*price.Quantities).OutputTokens,
	"output_reasoning": func(q *price.Quantities) int64 { return q[price.Reasoning] },
	"output_citation":  func(q *price.Quantities) int64 { return q[price.Citation] },
	"output_text":      func(q *price.Quantities) int64 { return q[price.Output] },
	"output_audio":     func(q *price.Quantities) int64 { return q[price.AudioOutput] },
	"cache_read": func(q *price.Quantities) int64 {
		return q[price.CacheRead] + q[price.AudioCacheRead] + q[price.ImageCacheRead]
	},
	"cache_text_read":  func(q *price.Quantities) int64 { return q[price.CacheRead] },
	"cache_audio_read": func(q *price.Quantities) int64 { return q[price.AudioCacheRead] },
	"cache_image_read": func(q *price.Quantities) int64 { return q[price.ImageCacheRead] },
	"cache_write": func(q *price.Quantities) int64 {
		return q[price.CacheWrite] + q[price.CacheWrite5m] + q[price.CacheWrite1h]
	},
	"cache_write_5m": func(q *price.Quantities) int64 { return q[price.CacheWrite5m] },
	"cache_write_1h": func(q *price.Quantities) int64 { return q[price.CacheWrite1h] },
	"input_audio":    func(q *price.Quantities) int64 { return q[price.AudioInput] + q[price.AudioCacheRead] },
	"input_image":    func(q *price.Quantities) int64 { return q[price.ImageInput] + q[price.ImageCacheRead] },
	"input_text": func(q *price.Quantities) int64 {
		return q[price.Input] + q[price.CacheRead] + q[price.CacheWrite] + q[price.CacheWrite5m] + q[price.CacheWrite1h]
	},
	"fresh":        func(q *price.Quantities) int64 { return q[price.Input] },
	"web_searches": func(q *price.Quantities) int64 { return q[price.WebSearch] },
	"input_tool":   nil, // tool tokens are input like any other
}

func TestFromResponseMatchesSharedCases(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Title, Provider string
			Body                json.RawMessage
			Usage               json.RawMessage
			Expected            struct {
				Usage           map[string]int64            `json:"usage"`
				UsageByProvider map[string]map[string]int64 `json:"usage_by_provider"`
			}
		}
	}
	if err := json.Unmarshal(sharedFile(t, "prices", "cases.json"), &file); err != nil {
		t.Fatal(err)
	}
	compared := 0
	check := func(t *testing.T, provider string, body []byte, want map[string]int64) {
		r, err := usage.FromResponse(provider, body)
		if err != nil {
			t.Fatal(err)
		}
		compared++
		for name, n := range want {
			measure, ok := asCases[name]
			if !ok {
				t.Fatalf("the case has a quantity %q that this test does not know", name)
			}
			if measure == nil {
				continue
			}
			if got := measure(&r.Quantities); got != n {
				t.Errorf("%s = %d, want %d (read as %s, notes %v)", name, got, n, r.Dialect, r.Notes)
			}
		}
	}
	for _, c := range file.Cases {
		if len(c.Body) == 0 {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			switch {
			case c.Expected.Usage != nil:
				check(t, c.Provider, c.Body, c.Expected.Usage)
			case c.Expected.UsageByProvider != nil:
				for provider, want := range c.Expected.UsageByProvider {
					check(t, provider, c.Body, want)
				}
			case c.Usage != nil:
				var want map[string]int64
				if err := json.Unmarshal(c.Usage, &want); err != nil {
					t.Fatal(err)
				}
				check(t, c.Provider, c.Body, want)
			case strings.Contains(c.Title, "/min"):
				if _, err := usage.FromResponse(c.Provider, c.Body); err == nil {
					t.Error("usage in seconds was read as tokens")
				}
			default:
				if _, err := usage.FromResponse(c.Provider, c.Body); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if compared < 18 {
		t.Errorf("only %d bodies were compared", compared)
	}
}
