package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/price"
)

// genaiUnits maps the units of genai-prices to kinds. Its rates are dollars per million tokens, and dollars per
// thousand of what is counted singly.
var genaiUnits = map[string]unit{
	"input_mtok":            {price.Input, 0},
	"cache_read_mtok":       {price.CacheRead, 0},
	"cache_write_mtok":      {price.CacheWrite, 0},
	"cache_write_5m_mtok":   {price.CacheWrite5m, 0},
	"cache_write_1h_mtok":   {price.CacheWrite1h, 0},
	"input_audio_mtok":      {price.AudioInput, 0},
	"cache_audio_read_mtok": {price.AudioCacheRead, 0},
	"input_image_mtok":      {price.ImageInput, 0},
	"cache_image_read_mtok": {price.ImageCacheRead, 0},
	"input_video_mtok":      {price.VideoInput, 0},
	"output_mtok":           {price.Output, 0},
	"output_reasoning_mtok": {price.Reasoning, 0},
	"output_citation_mtok":  {price.Citation, 0},
	"output_audio_mtok":     {price.AudioOutput, 0},
	"output_image_mtok":     {price.ImageOutput, 0},
	"output_video_mtok":     {price.VideoOutput, 0},
	"requests_kcount":       {price.Request, 3},
	"web_searches_kcount":   {price.WebSearch, 3},
}

type genaiProvider struct {
	ID          string            `json:"id"`
	PricingURLs []string          `json:"pricing_urls"`
	Models      []json.RawMessage `json:"models"`
}

type genaiPrice struct {
	Constraint object `json:"constraint"`
	Prices     object `json:"prices"`
}

// GenAI reads the data file of pydantic/genai-prices: a list of providers, or from version 3 on an object that holds
// one beside the definitions of its units. A price there is a number, or a base with tiers that each start above a
// number of tokens; a model may have several prices, of which one is bound by no date and the others each by a start
// date or by hours of the day.
func GenAI(data []byte, date fact.Date) (*Table, error) {
	t := newTable(genaiSource, date)
	providers, err := genaiProviders(data)
	if err != nil {
		return nil, err
	}
	for _, p := range providers {
		for i, raw := range p.Models {
			var m object
			if err := json.Unmarshal(raw, &m); err != nil {
				t.fault(p.ID, fmt.Sprintf("models[%d]", i), "", err)
				continue
			}
			id := m.text("id")
			t.Models = append(t.Models, Model{Provider: p.ID, ID: id, Name: m.text("name"), ContextWindow: m.whole("context_window")})
			url := citedPage(m.text("price_comments"), p.PricingURLs)
			t.genaiModel(p.ID, id, url, m["prices"])
		}
	}
	return t, nil
}

// genaiProviders unpacks the file. Definitions of units that are not ours make all prices unreadable.
func genaiProviders(data []byte) ([]genaiProvider, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var providers []genaiProvider
		err := decode(genaiSource.ID, data, &providers)
		return providers, err
	}
	var file struct {
		Units map[string]struct {
			Per   int64  `json:"per"`
			Field string `json:"price_key"`
		} `json:"units"`
		Providers []genaiProvider `json:"providers"`
	}
	if err := decode(genaiSource.ID, data, &file); err != nil {
		return nil, err
	}
	if file.Providers == nil {
		return nil, &FormatError{genaiSource.ID, errors.New("no providers")}
	}
	for _, name := range slices.Sorted(maps.Keys(file.Units)) {
		def := file.Units[name]
		u, ok := genaiUnits[def.Field]
		if ok && def.Per*int64(math.Pow10(u.pow10)) != 1_000_000 {
			return nil, &FormatError{genaiSource.ID, fmt.Errorf("%s is the price of %d %s", def.Field, def.Per, name)}
		}
	}
	return file.Providers, nil
}

// genaiModel reads the prices of one model.
func (t *Table) genaiModel(provider, model, url string, raw json.RawMessage) {
	if absent(raw) {
		return
	}
	var list []genaiPrice
	if json.Unmarshal(raw, &list) != nil {
		var flat object
		if err := json.Unmarshal(raw, &flat); err != nil {
			t.fault(provider, model, "prices", err)
			return
		}
		list = []genaiPrice{{Prices: flat}}
	}
	// Of the prices bound by a date, each ends where the next begins.
	var starts []time.Time
	for _, p := range list {
		if start, _, err := genaiConstraint(p.Constraint); err == nil && !start.IsZero() {
			starts = append(starts, start)
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	for _, p := range list {
		o := Observation{Provider: provider, Model: model, URL: url}
		var err error
		if o.From, o.Window, err = genaiConstraint(p.Constraint); err != nil {
			t.fault(provider, model, "constraint", err)
			continue
		}
		if o.Window == nil {
			// The next start after this one; the price without a date ends at the first.
			if i := slices.IndexFunc(starts, o.From.Before); i >= 0 {
				o.To = starts[i]
			}
		}
		for _, field := range p.Prices.keys() {
			if u, ok := genaiUnits[field]; ok {
				t.genaiRate(o, field, p.Prices[field], u)
			}
		}
	}
}

// genaiRate reads a number, or a base with tiers.
func (t *Table) genaiRate(o Observation, field string, raw json.RawMessage, u unit) {
	var tiered struct {
		Base  json.RawMessage `json:"base"`
		Tiers []struct {
			Start int64           `json:"start"`
			Price json.RawMessage `json:"price"`
		} `json:"tiers"`
	}
	if json.Unmarshal(raw, &tiered) != nil || absent(tiered.Base) {
		t.add(o, field, raw, u)
		return
	}
	t.add(o, field, tiered.Base, u)
	for _, tier := range tiered.Tiers {
		if tier.Start <= 0 {
			t.fault(o.Provider, o.Model, field, fmt.Errorf("tier starts at %d", tier.Start))
			continue
		}
		o.Above = tier.Start
		t.add(o, field, tier.Price, u)
	}
}

// genaiConstraint reads what binds a price: nothing, the day from which it holds, or hours of the day. The feed tells
// the two apart by their fields; the npm release gives the type as well.
func genaiConstraint(c object) (start time.Time, hours *Window, err error) {
	fields := slices.DeleteFunc(c.keys(), func(field string) bool { return field == "type" })
	switch strings.Join(fields, " ") {
	case "start_date":
		d, err := fact.ParseDate(c.text("start_date"))
		return d.Time(), nil, err
	case "end_time start_time":
		from, to, err := genaiHours(c.text("start_time"), c.text("end_time"))
		return time.Time{}, &Window{From: from, To: to}, err
	case "":
		if len(c) == 0 {
			return time.Time{}, nil, nil
		}
	}
	return time.Time{}, nil, fmt.Errorf("unknown constraint %s %q", c["type"], fields)
}

// genaiHours reads "00:30:00Z" as "00:30".
func genaiHours(start, end string) (from, to string, err error) {
	s, err1 := time.Parse("15:04:05Z", start)
	e, err2 := time.Parse("15:04:05Z", end)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", err
	}
	return s.Format("15:04"), e.Format("15:04"), nil
}

var link = regexp.MustCompile(`https?://[^\s,;)\]]+`)

// citedPage is the first price page that a comment links to, else the provider's own.
func citedPage(comment string, pages []string) string {
	for _, u := range link.FindAllString(comment, -1) {
		if strings.Contains(u, "pric") && !strings.Contains(u, "github.com") {
			return strings.TrimRight(u, ".")
		}
	}
	if len(pages) > 0 {
		return pages[0]
	}
	return ""
}

// GenAIField tells which kind of rate a unit of genai-prices is, and the power of ten that turns its number into
// dollars per million units.
func GenAIField(field string) (kind price.Kind, pow10 int, ok bool) {
	u, ok := genaiUnits[field]
	return u.kind, u.pow10, ok
}
