package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/fact"
	"breakeven/price"
)

// openRouterUnits maps OpenRouter's fields to kinds. Its rates are dollars for one token or search. The field image is
// documented as a price per image, but holds one per token; where there is image_token too, that counts.
var openRouterUnits = map[string]unit{
	"prompt":               {price.Input, 6},
	"input_cache_read":     {price.CacheRead, 6},
	"input_cache_write":    {price.CacheWrite, 6},
	"input_cache_write_1h": {price.CacheWrite1h, 6},
	"audio":                {price.AudioInput, 6},
	"input_audio_cache":    {price.AudioCacheRead, 6},
	"image":                {price.ImageInput, 6},
	"image_token":          {price.ImageInput, 6},
	"completion":           {price.Output, 6},
	"internal_reasoning":   {price.Reasoning, 6},
	"audio_output":         {price.AudioOutput, 6},
	"image_output":         {price.ImageOutput, 6},
	"request":              {price.Request, 6},
	"web_search":           {price.WebSearch, 6},
}

// OpenRouter reads the answer of OpenRouter's /api/v1/models. Its rates are what OpenRouter charges after its
// discounts, which need not be the vendor's list price. A rate of -1 stands for one that varies and is a fault.
//
// A model whose rates depend on the hour lists all its hours as overrides, and shows what is charged right now in
// place of a base rate. Such a kind has no base rate here: it would change with the hour of the reading.
func OpenRouter(data []byte, date fact.Date) (*Table, error) {
	t := newTable(openRouterSource, date)
	var answer struct {
		Data  []json.RawMessage `json:"data"`
		Links struct {
			Next string `json:"next"`
		} `json:"links"`
	}
	if err := decode(openRouterSource.ID, data, &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.Data == nil:
		return nil, &FormatError{openRouterSource.ID, errors.New("no data")}
	case answer.Links.Next != "":
		return nil, &FormatError{openRouterSource.ID, errors.New("one page of several")}
	}
	for i, raw := range answer.Data {
		var m object
		if err := json.Unmarshal(raw, &m); err != nil {
			t.fault(openRouterSource.ID, fmt.Sprintf("data[%d]", i), "", err)
			continue
		}
		t.openRouterModel(m)
	}
	return t, nil
}

func (t *Table) openRouterModel(m object) {
	id, title := m.text("id"), m.text("name")
	if _, model, ok := strings.Cut(title, ": "); ok {
		title = model
	}
	info := Model{Provider: openRouterSource.ID, ID: id, Name: title, ContextWindow: m.whole("context_length")}
	_ = json.Unmarshal(m.sub("architecture")["input_modalities"], &info.Inputs) // optional
	t.Models = append(t.Models, info)
	o := Observation{Provider: openRouterSource.ID, Model: id, URL: "https://openrouter.ai/" + id}
	pricing := m.sub("pricing")
	var overrides []object
	if !absent(pricing["overrides"]) {
		if err := json.Unmarshal(pricing["overrides"], &overrides); err != nil {
			t.fault(o.Provider, id, "pricing.overrides", err)
		}
	}
	base := maps.Clone(pricing)
	for _, over := range overrides {
		if hourly := slices.ContainsFunc(over.keys(), func(k string) bool { return strings.HasPrefix(k, "utc_") }); hourly && over.whole("min_prompt_tokens") == 0 {
			maps.DeleteFunc(base, func(field string, _ json.RawMessage) bool { return !absent(over[field]) })
		}
	}
	t.openRouterRates(o, base)
	for i, over := range overrides {
		window, err := openRouterCondition(over)
		if err != nil {
			t.fault(o.Provider, id, fmt.Sprintf("pricing.overrides[%d]", i), err)
			continue
		}
		if o.Above, o.Window = over.whole("min_prompt_tokens"), window; o.Above > 0 || window != nil {
			t.openRouterRates(o, over)
		}
	}
}

// openRouterCondition reads the hours in which an override applies. They are numbers such as 1630, and rates are
// text, so that a field that is neither is a condition that this reader doesn't know.
func openRouterCondition(over object) (*Window, error) {
	for _, field := range over.keys() {
		var text string
		if !slices.Contains([]string{"min_prompt_tokens", "utc_start", "utc_end"}, field) && json.Unmarshal(over[field], &text) != nil {
			return nil, fmt.Errorf("unknown condition %s", field)
		}
	}
	if absent(over["utc_start"]) && absent(over["utc_end"]) {
		return nil, nil
	}
	var ends [2]string
	for i, field := range []string{"utc_start", "utc_end"} {
		var n int
		if err := json.Unmarshal(over[field], &n); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		if ends[i] = fmt.Sprintf("%02d:%02d", n/100, n%100); !clock(ends[i]) {
			return nil, fmt.Errorf("%s: %d is no time of day", field, n)
		}
	}
	return &Window{From: ends[0], To: ends[1]}, nil
}

func (t *Table) openRouterRates(o Observation, rates object) {
	for _, field := range rates.keys() {
		if field == "image" && !absent(rates["image_token"]) {
			continue
		}
		if u, ok := openRouterUnits[field]; ok {
			t.add(o, "pricing."+field, rates[field], u)
		}
	}
}
