package feed

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"breakeven/fact"
	"breakeven/price"
)

var errNotObject = errors.New("not an object")

// portkeyUnits maps Portkey's fields to kinds. Its rates are cents for one token or search.
var portkeyUnits = map[string]unit{
	"request_token":                {price.Input, 4},
	"cache_read_input_token":       {price.CacheRead, 4},
	"cache_write_input_token":      {price.CacheWrite, 4},
	"request_audio_token":          {price.AudioInput, 4},
	"cache_read_audio_input_token": {price.AudioCacheRead, 4},
	"request_image_token":          {price.ImageInput, 4},
	"cache_read_image_input_token": {price.ImageCacheRead, 4},
	"response_token":               {price.Output, 4},
	"reasoning_token":              {price.Reasoning, 4},
	"response_audio_token":         {price.AudioOutput, 4},
	"response_image_token":         {price.ImageOutput, 4},
}

// portkeyExtras are the additional units that are kinds of ours.
var portkeyExtras = map[string]unit{
	"cache_write_1h": {price.CacheWrite1h, 4},
	"web_search":     {price.WebSearch, 4},
}

// portkeyModes maps execution modes to service tiers.
var portkeyModes = map[string]price.Tier{
	"standard": price.Standard, "batch": price.Batch, "flex": price.Flex, "priority": price.Priority, "fast": price.Fast,
}

// Portkey reads one provider's file of Portkey-AI/models. Zeros there stand for "not set" as well as for free,
// so that no zero is an observation.
func Portkey(provider string, data []byte, date fact.Date) (*Table, error) {
	t := newTable(portkeySource, date)
	var models object
	if err := decode(portkeySource.ID, data, &models); err != nil {
		return nil, err
	}
	for _, id := range models.keys() {
		if id == "default" {
			continue
		}
		m := models.sub(id)
		if m == nil {
			t.fault(provider, id, "", errNotObject)
			continue
		}
		base, beyond := portkeyPseudo(id)
		if beyond {
			continue
		}
		t.Models = append(t.Models, Model{Provider: provider, ID: base})
		o := Observation{Provider: provider, Model: base}
		config := m.sub("pricing_config")
		if c := config.text("currency"); c != "" && c != "USD" {
			t.fault(provider, id, "currency", errors.New(c))
			continue
		}
		custom := m.sub("custom_pricing")
		modes := custom.sub("regions").sub("default").sub("execution_modes")
		if modes == nil {
			t.portkeyRates(o, config.sub("pay_as_you_go"))
		}
		if modes["batch"] == nil {
			o.Tier = price.Batch
			t.portkeyRates(o, config.sub("batch_config"))
		}
		// Context tiers are named; a map gives the boundary above which each name applies.
		above := map[string]int64{}
		for boundary, raw := range custom.sub("context_tier_map") {
			n, err := strconv.ParseInt(boundary, 10, 64)
			var tierName string
			if err != nil || n < 0 || json.Unmarshal(raw, &tierName) != nil {
				t.fault(provider, id, "context_tier_map."+boundary, errors.New("not a boundary and a name"))
				continue
			}
			above[tierName] = n
		}
		for _, mode := range modes.keys() {
			tier, ok := portkeyModes[mode]
			if !ok {
				t.fault(provider, id, "execution_modes."+mode, errors.New("unknown mode"))
				continue
			}
			contexts := modes.sub(mode).sub("context_tiers")
			if contexts == nil {
				o.Tier, o.Above = tier, 0
				t.portkeyRates(o, modes.sub(mode).sub("pricing_config").sub("pay_as_you_go"))
			}
			for _, context := range contexts.keys() {
				n, ok := above[context]
				if !ok {
					t.fault(provider, id, "context_tiers."+context, errors.New("not in the context tier map"))
					continue
				}
				o.Tier, o.Above = tier, n
				t.portkeyRates(o, contexts.sub(context).sub("pricing_config").sub("pay_as_you_go"))
			}
		}
	}
	return t, nil
}

// portkeyPseudo reads identifiers such as "gemini-2.5-pro-lte-128k", under which the table keeps the two sides of
// a context boundary apart. The boundary in the name is not always the vendor's, so that only the side below it,
// which is the model's base rate, is of use.
func portkeyPseudo(id string) (base string, above bool) {
	head, size, ok := cutLast(id, "-lte-")
	if !ok {
		head, size, above = cutLast(id, "-gt-")
		ok = above
	}
	thousands, k := strings.CutSuffix(size, "k")
	if _, err := strconv.ParseUint(thousands, 10, 32); !ok || !k || err != nil {
		return id, false
	}
	return head, above
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (t *Table) portkeyRates(o Observation, rates object) {
	t.portkeyUnits(o, rates, portkeyUnits)
	t.portkeyUnits(o, rates.sub("additional_units"), portkeyExtras)
}

func (t *Table) portkeyUnits(o Observation, rates object, units map[string]unit) {
	for _, field := range rates.keys() {
		u, ok := units[field]
		amount := rates.sub(field)["price"]
		if !ok || zero(amount) {
			continue
		}
		t.add(o, field, amount, u)
	}
}

// PortkeyField tells which kind of rate a field of Portkey's holds, or "additional_units." and the name of an additional
// unit, and the power of ten that turns its number into dollars per million units.
func PortkeyField(field string) (kind price.Kind, pow10 int, ok bool) {
	u, ok := portkeyUnits[field]
	if extra, additional := strings.CutPrefix(field, "additional_units."); additional {
		u, ok = portkeyExtras[extra]
	}
	return u.kind, u.pow10, ok
}

// PortkeyModel is the model that an identifier of Portkey's stands for, and false for the side of a context boundary
// that says nothing of use.
func PortkeyModel(id string) (model string, ok bool) {
	model, beyond := portkeyPseudo(id)
	return model, !beyond && id != "default"
}
