package feed

import (
	"encoding/json"
	"fmt"
	"strings"

	"breakeven/fact"
	"breakeven/price"
)

// openRouterUnits maps OpenRouter's fields to kinds. Its rates are dollars for one token or search.
var openRouterUnits = map[string]unit{
	"prompt":               {price.Input, 6},
	"input_cache_read":     {price.CacheRead, 6},
	"input_cache_write":    {price.CacheWrite, 6},
	"input_cache_write_1h": {price.CacheWrite1h, 6},
	"audio":                {price.AudioInput, 6},
	"input_audio_cache":    {price.AudioCacheRead, 6},
	"image":                {price.ImageInput, 6},
	"completion":           {price.Output, 6},
	"internal_reasoning":   {price.Reasoning, 6},
	"audio_output":         {price.AudioOutput, 6},
	"image_output":         {price.ImageOutput, 6},
	"request":              {price.Request, 6},
	"web_search":           {price.WebSearch, 6},
}

// OpenRouter reads the answer of OpenRouter's /api/v1/models. Its rates are what OpenRouter charges after its
// discounts, which need not be the vendor's list price. A rate of -1 stands for one that varies and is a fault.
func OpenRouter(data []byte, date fact.Date) (*Table, error) {
	const name = "openrouter"
	t := &Table{Source: Source{ID: name, Title: "OpenRouter models API", URL: "https://openrouter.ai/api/v1/models", Date: date}}
	var answer struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := decode(name, data, &answer); err != nil {
		return nil, err
	}
	for i, raw := range answer.Data {
		var m object
		if err := json.Unmarshal(raw, &m); err != nil {
			t.fault(name, fmt.Sprintf("data[%d]", i), "", err)
			continue
		}
		id := m.text("id")
		title := m.text("name")
		if _, model, ok := strings.Cut(title, ": "); ok {
			title = model
		}
		info := Model{Provider: name, ID: id, Name: title, ContextWindow: m.whole("context_length")}
		_ = json.Unmarshal(m.sub("architecture")["input_modalities"], &info.Inputs) // optional
		t.Models = append(t.Models, info)
		pricing := m.sub("pricing")
		o := Observation{Provider: name, Model: id, URL: "https://openrouter.ai/" + id}
		t.openRouterRates(o, pricing)
		var overrides []object
		if absent(pricing["overrides"]) {
			continue
		}
		if err := json.Unmarshal(pricing["overrides"], &overrides); err != nil {
			t.fault(name, id, "pricing.overrides", err)
			continue
		}
		for _, over := range overrides {
			if o.Above = over.whole("min_prompt_tokens"); o.Above > 0 {
				t.openRouterRates(o, over)
			}
		}
	}
	return t, nil
}

func (t *Table) openRouterRates(o Observation, rates object) {
	for _, field := range rates.keys() {
		if u, ok := openRouterUnits[field]; ok {
			t.add(o, "pricing."+field, rates[field], u)
		}
	}
}
