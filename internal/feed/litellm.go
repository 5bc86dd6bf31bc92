package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
)

// litellmUnits maps LiteLLM's fields to kinds. Its rates are dollars for one token, search or request. Not
// mapped: cache_creation_input_audio_token_cost, which holds a cache read rate under the name of a write, and
// input_cost_per_image, which some rows use for an image and some for an image token.
var litellmUnits = map[string]unit{
	"input_cost_per_token":                      {price.Input, 6},
	"cache_read_input_token_cost":               {price.CacheRead, 6},
	"cache_creation_input_token_cost":           {price.CacheWrite, 6},
	"cache_creation_input_token_cost_above_1hr": {price.CacheWrite1h, 6},
	"input_cost_per_audio_token":                {price.AudioInput, 6},
	"cache_read_input_audio_token_cost":         {price.AudioCacheRead, 6},
	"input_cost_per_image_token":                {price.ImageInput, 6},
	"output_cost_per_token":                     {price.Output, 6},
	"output_cost_per_reasoning_token":           {price.Reasoning, 6},
	"citation_cost_per_token":                   {price.Citation, 6},
	"output_cost_per_audio_token":               {price.AudioOutput, 6},
	"output_cost_per_image_token":               {price.ImageOutput, 6},
	"output_cost_per_video_token":               {price.VideoOutput, 6},
	"input_cost_per_request":                    {price.Request, 6},
}

// litellmSuffix is what may follow a field's name: a context boundary, then a service tier. A tier's name is
// matched whole, so that "_ultrafast" is not "_fast".
var litellmSuffix = regexp.MustCompile(`^(?:_above_(\d{1,7})k_tokens)?(?:_(batches|flex|priority|fast|ultrafast))?$`)

// litellmNoModels are the entries of the map that describe the map.
var litellmNoModels = []string{"sample_spec", "fallback_generalizations"}

// LiteLLM reads the price map of BerriAI/litellm: an object of models.
func LiteLLM(data []byte, date fact.Date) (*Table, error) {
	t := newTable(litellmSource, date)
	var models object
	if err := decode(litellmSource.ID, data, &models); err != nil {
		return nil, err
	}
	for _, id := range models.keys() {
		if slices.Contains(litellmNoModels, id) {
			continue
		}
		var m object
		if err := json.Unmarshal(models[id], &m); err != nil {
			t.fault("", id, "", err)
			continue
		}
		t.litellmModel(id, m)
	}
	return t, nil
}

func (t *Table) litellmModel(id string, m object) {
	provider := m.text("litellm_provider")
	t.Models = append(t.Models, Model{
		Provider: provider, ID: id, ContextWindow: m.whole("max_input_tokens"), Retired: m.day("deprecation_date"),
	})
	o := Observation{Provider: provider, Model: id, URL: m.text("source")}
	if !strings.HasPrefix(o.URL, "http") {
		o.URL = "" // some rows hold a remark there
	}
	t.litellmFields(o, m)
	t.litellmRanges(o, m["tiered_pricing"])
	t.litellmOffPeak(o, m["off_peak_pricing"])
	if hit := m["input_cost_per_token_cache_hit"]; absent(m["cache_read_input_token_cost"]) {
		t.add(o, "input_cost_per_token_cache_hit", hit, unit{price.CacheRead, 6})
	}
	// A search is billed by the size of the context it fetches; where all sizes cost the same it is one rate.
	if sizes := m.sub("search_context_cost_per_query"); len(sizes) > 0 {
		one := sizes[sizes.keys()[0]]
		if !slices.ContainsFunc(sizes.keys(), func(k string) bool { return string(sizes[k]) != string(one) }) {
			t.add(o, "search_context_cost_per_query", one, unit{price.WebSearch, 6})
		}
	}
	factors := m.sub("provider_specific_entry")
	for _, name := range factors.keys() {
		t.litellmFactor(o, name, "provider_specific_entry."+name, factors[name])
	}
	for _, region := range []string{"us", "eu"} {
		field := "regional_processing_uplift_multiplier_" + region
		t.litellmFactor(o, region, field, m[field])
	}
}

func (t *Table) litellmFactor(o Observation, name, field string, raw json.RawMessage) {
	if absent(raw) {
		return
	}
	f, err := money.ParseFactor(string(raw))
	if err != nil {
		t.fault(o.Provider, o.Model, field, err)
		return
	}
	t.Multipliers = append(t.Multipliers, Multiplier{o.Provider, o.Model, name, f})
}

// litellmFields reads the rates of a model or of one of its ranges.
func (t *Table) litellmFields(o Observation, m object) {
	for _, field := range m.keys() {
		u, above, tier, ok := litellmField(field)
		if !ok {
			continue
		}
		o := o
		o.Tier = tier
		if above > 0 {
			o.Above, o.Inclusive = above, false
		}
		t.add(o, field, m[field], u)
	}
}

// litellmField takes a field's name apart: the longest name of a unit that leaves a valid suffix.
func litellmField(field string) (u unit, above int64, tier price.Tier, ok bool) {
	best := ""
	var parts []string
	for name := range litellmUnits {
		rest, cut := strings.CutPrefix(field, name)
		if !cut || len(name) < len(best) {
			continue
		}
		if p := litellmSuffix.FindStringSubmatch(rest); p != nil {
			best, parts = name, p
		}
	}
	if best == "" {
		return unit{}, 0, 0, false
	}
	if parts[1] != "" {
		k, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || k == 0 {
			return unit{}, 0, 0, false
		}
		above = k * 1000
	}
	tier, err := price.ParseTier(parts[2])
	return litellmUnits[best], above, tier, err == nil
}

// litellmRanges reads tiered_pricing: ranges of prompt length of which the lower end belongs to the range below.
func (t *Table) litellmRanges(o Observation, raw json.RawMessage) {
	if absent(raw) {
		return
	}
	var ranges []object
	if err := json.Unmarshal(raw, &ranges); err != nil {
		t.fault(o.Provider, o.Model, "tiered_pricing", err)
		return
	}
	for i, r := range ranges {
		var ends []float64
		if err := json.Unmarshal(r["range"], &ends); err != nil || len(ends) == 0 || ends[0] < 0 || ends[0] > 1<<53 {
			t.fault(o.Provider, o.Model, fmt.Sprintf("tiered_pricing[%d].range", i), fmt.Errorf("%q is no range of tokens", r["range"]))
			continue
		}
		o.Above = int64(ends[0])
		t.litellmFields(o, r)
	}
}

// litellmOffPeak reads off_peak_pricing: rates that replace all others in some hours of some days. Hours are in UTC;
// a time zone, where there is one, only tells which day it is.
func (t *Table) litellmOffPeak(o Observation, raw json.RawMessage) {
	if absent(raw) {
		return
	}
	windows, err := litellmWindows(raw)
	if err != nil {
		t.fault(o.Provider, o.Model, "off_peak_pricing", err)
		return
	}
	var rates object
	_ = json.Unmarshal(raw, &rates) // it was read above
	for i := range windows {
		o.Window = &windows[i]
		t.litellmFields(o, rates)
	}
}

// litellmWindows reads when a model is off peak: hours of every day, or rules for some days of the week.
func litellmWindows(raw json.RawMessage) ([]Window, error) {
	type rule struct {
		Hours json.RawMessage   `json:"hours_utc"`
		Days  []json.RawMessage `json:"weekdays"`
	}
	var schedule struct {
		rule
		Windows []rule `json:"windows"`
		Zone    string `json:"weekday_timezone"`
	}
	if err := json.Unmarshal(raw, &schedule); err != nil {
		return nil, err
	}
	rules := schedule.Windows
	if !absent(schedule.Hours) {
		rules = append(rules, schedule.rule)
	}
	if len(rules) == 0 {
		return nil, errors.New("no hours")
	}
	var windows []Window
	for _, r := range rules {
		var days price.Days
		for _, day := range r.Days {
			d, err := litellmDay(day)
			if err != nil {
				return nil, err
			}
			days |= 1 << d
		}
		var spans []string
		if json.Unmarshal(r.Hours, &spans) != nil {
			spans = []string{""}
			if err := json.Unmarshal(r.Hours, &spans[0]); err != nil {
				return nil, fmt.Errorf("hours: %w", err)
			}
		}
		for _, span := range spans {
			from, to, _ := strings.Cut(span, "-")
			if !clock(from) || !clock(to) {
				return nil, fmt.Errorf("hours %q are not HH:MM-HH:MM", span)
			}
			windows = append(windows, Window{Days: days, From: from, To: to, Zone: schedule.Zone})
		}
	}
	return windows, nil
}

// litellmDay reads a day of the week: its ISO number, 1 for Monday, or its English name, which may be cut short.
func litellmDay(raw json.RawMessage) (time.Weekday, error) {
	var n int
	if json.Unmarshal(raw, &n) == nil && 1 <= n && n <= 7 {
		return time.Weekday(n % 7), nil
	}
	var name string
	if json.Unmarshal(raw, &name) == nil && len(name) >= 3 {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.HasPrefix(strings.ToLower(d.String()), strings.ToLower(name)) {
				return d, nil
			}
		}
	}
	return 0, fmt.Errorf("%s is no day of the week", raw)
}

// LiteLLMField tells which rate a field of LiteLLM's holds, and the power of ten that turns its number into dollars per
// million units.
func LiteLLMField(field string) (kind price.Kind, tier price.Tier, above int64, pow10 int, ok bool) {
	u, above, tier, ok := litellmField(field)
	return u.kind, tier, above, u.pow10, ok
}
