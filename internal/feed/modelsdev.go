package feed

import (
	"cmp"
	"encoding/json"
	"slices"

	"breakeven/fact"
	"breakeven/price"
)

// modelsDevUnits maps the cost fields of models.dev to kinds. Its rates are dollars per million tokens.
var modelsDevUnits = map[string]unit{
	"input":        {price.Input, 0},
	"cache_read":   {price.CacheRead, 0},
	"cache_write":  {price.CacheWrite, 0},
	"input_audio":  {price.AudioInput, 0},
	"output":       {price.Output, 0},
	"reasoning":    {price.Reasoning, 0},
	"output_audio": {price.AudioOutput, 0},
}

// ModelsDev reads the providers of anomalyco/models.dev: an object of providers, each with its models, as the API
// serves them or as the repository's files in one document, where what is said of a provider stands apart. A model
// with no price for input and output is part of a subscription or of a free tier there, so that its zeros say
// nothing about a price, and neither does a cache rate of zero.
func ModelsDev(data []byte, date fact.Date) (*Table, error) {
	t := newTable(modelsDevSource, date)
	var providers object
	if err := decode(modelsDevSource.ID, data, &providers); err != nil {
		return nil, err
	}
	for _, provider := range providers.keys() {
		p := providers.sub(provider)
		url := cmp.Or(p.text("doc"), p.sub("provider").text("doc"))
		models := p.sub("models")
		for _, id := range models.keys() {
			m := models.sub(id)
			if m == nil {
				t.fault(provider, id, "", errNotObject)
				continue
			}
			info := Model{Provider: provider, ID: id, Name: m.text("name"), ContextWindow: m.sub("limit").whole("context")}
			_ = json.Unmarshal(m.sub("modalities")["input"], &info.Inputs) // absent where the row inherits from another
			t.Models = append(t.Models, info)
			t.modelsDevCost(Observation{Provider: provider, Model: id, URL: url}, m.sub("cost"))
		}
	}
	return t, nil
}

func (t *Table) modelsDevCost(o Observation, cost object) {
	if zero(cost["input"]) && zero(cost["output"]) {
		return
	}
	t.modelsDevRates(o, cost)
	var tiers []object
	if absent(cost["tiers"]) {
		return
	}
	if err := json.Unmarshal(cost["tiers"], &tiers); err != nil {
		t.fault(o.Provider, o.Model, "cost.tiers", err)
		return
	}
	for _, tier := range tiers {
		what := tier.sub("tier")
		if size := what.whole("size"); size > 0 && slices.Contains([]string{"", "context"}, what.text("type")) {
			o.Above = size
			t.modelsDevRates(o, tier)
		}
	}
}

func (t *Table) modelsDevRates(o Observation, rates object) {
	for _, field := range rates.keys() {
		u, ok := modelsDevUnits[field]
		if !ok || (u.kind != price.Input && u.kind != price.Output && zero(rates[field])) {
			continue
		}
		t.add(o, "cost."+field, rates[field], u)
	}
}

// ModelsDevField tells which kind of rate a cost field of models.dev holds, and the power of ten that turns its number
// into dollars per million units.
func ModelsDevField(field string) (kind price.Kind, pow10 int, ok bool) {
	u, ok := modelsDevUnits[field]
	return u.kind, u.pow10, ok
}
