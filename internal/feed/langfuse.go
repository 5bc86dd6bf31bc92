package feed

import (
	"encoding/json"
	"fmt"

	"breakeven/fact"
	"breakeven/price"
)

// langfuseUnits maps Langfuse's usage keys to kinds. It writes one rate under many names; one of each is enough.
// Its rates are dollars for one token.
var langfuseUnits = map[string]unit{
	"input":                     {price.Input, 6},
	"input_cache_read":          {price.CacheRead, 6},
	"input_cache_creation":      {price.CacheWrite, 6},
	"input_cache_creation_5m":   {price.CacheWrite5m, 6},
	"input_cache_creation_1h":   {price.CacheWrite1h, 6},
	"input_audio":               {price.AudioInput, 6},
	"input_cached_audio_tokens": {price.AudioCacheRead, 6},
	"output":                    {price.Output, 6},
	"output_audio":              {price.AudioOutput, 6},
}

type langfuseModel struct {
	Name  string `json:"modelName"`
	Tiers []struct {
		Conditions []struct {
			Source   string          `json:"source"`
			Key      string          `json:"key"`
			Pattern  string          `json:"usageDetailPattern"`
			Operator string          `json:"operator"`
			Value    json.RawMessage `json:"value"`
			Values   []string        `json:"values"`
		} `json:"conditions"`
		Prices object `json:"prices"`
	} `json:"pricingTiers"`
}

// Langfuse reads the default model prices of langfuse/langfuse: a list of models that belong to no provider,
// each with a standard price and others under conditions on the service tier and the prompt's length.
func Langfuse(data []byte, date fact.Date) (*Table, error) {
	t := newTable(langfuseSource, date)
	var models []json.RawMessage
	if err := decode(langfuseSource.ID, data, &models); err != nil {
		return nil, err
	}
	for i, raw := range models {
		var m langfuseModel
		if err := json.Unmarshal(raw, &m); err != nil {
			t.fault("", fmt.Sprintf("[%d]", i), "", err)
			continue
		}
		t.Models = append(t.Models, Model{ID: m.Name})
	tiers:
		for _, tier := range m.Tiers {
			o := Observation{Model: m.Name}
			for _, c := range tier.Conditions {
				switch {
				case (c.Key == "service_tier" || c.Key == "speed") && c.Operator == "in" && len(c.Values) > 0:
					// A vendor that calls its priority tier fast is listed with both names; the last is the vendor's.
					parsed, err := price.ParseTier(c.Values[len(c.Values)-1])
					if err != nil {
						t.fault("", m.Name, "conditions", err)
						continue tiers
					}
					o.Tier = parsed
				case c.Pattern != "" && c.Operator == "gt":
					if err := json.Unmarshal(c.Value, &o.Above); err != nil || o.Above <= 0 {
						t.fault("", m.Name, "conditions", fmt.Errorf("boundary %s", c.Value))
						continue tiers
					}
				default:
					t.fault("", m.Name, "conditions", fmt.Errorf("unknown condition on %s%s", c.Key, c.Pattern))
					continue tiers
				}
			}
			for _, field := range tier.Prices.keys() {
				if u, ok := langfuseUnits[field]; ok {
					t.add(o, "prices."+field, tier.Prices[field], u)
				}
			}
		}
	}
	return t, nil
}

// LangfuseField tells which kind of rate a usage key of Langfuse's holds, and the power of ten that turns its number
// into dollars per million units.
func LangfuseField(field string) (kind price.Kind, pow10 int, ok bool) {
	u, ok := langfuseUnits[field]
	return u.kind, u.pow10, ok
}
