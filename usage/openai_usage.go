package usage

import (
	"bytes"
	"maps"
)

// openaiUsage is the answer of OpenAI's /v1/organization/usage/completions and its siblings: one page, or
// several pages after each other. OpenAI says of its fields that input_tokens holds cached tokens, that
// input_uncached_tokens holds neither cached nor written ones, and that the counts by modality are uncached.
var openaiUsage = format{
	name: "openai_usage", title: "OpenAI organization usage", json: true,
	signs: []string{"data[].start_time", "data[].results"},
	grain: PerBucket,
	rules: rules{input: Includes, modalityUncached: true},
	why:   "OpenAI: input_tokens holds cached tokens, input_uncached_tokens does not",
	note:  "A bucket adds up calls of any length: whether some of them crossed a context boundary cannot be told.",
	columns: map[string]binding{
		"num_model_requests":        {fRequests, 0},
		"input_tokens":              {fInput, 0},
		"input_uncached_tokens":     {fUncached, 0},
		"input_cached_tokens":       {fCacheRead, 0},
		"input_cache_write_tokens":  {fCacheWrite, 0},
		"input_audio_tokens":        {fAudioInput, 0},
		"input_cached_audio_tokens": {fAudioCacheRead, 0},
		"input_image_tokens":        {fImageInput, 0},
		"input_cached_image_tokens": {fImageCacheRead, 0},
		"output_tokens":             {fOutput, 0},
		"output_audio_tokens":       {fAudioOutput, 0},
		"output_image_tokens":       {fImageOutput, 0},
		"model":                     {fModel, 0},
		"project_id":                {fProject, 0},
		"user_id":                   {fUser, 0},
		"api_key_id":                {fAPIKey, 0},
		"batch":                     {fBatch, 0},
		"service_tier":              {fTier, 0},
	},
	read: readBuckets(bucketKeys{begin: "start_time", end: "end_time"}),
	adjust: func(s *session, r *row) string {
		defaultProvider(r, "openai")
		return ""
	},
}

// openaiDashboard is the CSV that the usage dashboard exports: the same fields, with counts written as
// "59200.0" and rows for buckets without calls.
var openaiDashboard = format{
	name: "openai_dashboard", title: "OpenAI usage dashboard export",
	signs:   []string{"start_time_iso", "end_time_iso", "num_model_requests", "input_tokens", "output_tokens"},
	grain:   PerBucket,
	rules:   openaiUsage.rules,
	why:     openaiUsage.why,
	note:    openaiUsage.note,
	columns: withTimes(openaiUsage.columns, "start_time_iso", "end_time_iso"),
	read:    readTable,
	adjust:  openaiUsage.adjust,
}

// openaiCosts is the answer of OpenAI's /v1/organization/costs, grouped by line item: "batch | gpt-5-mini, cached
// input". A line item has its quantity beside its cost.
var openaiCosts = format{
	name: "openai_costs", title: "OpenAI organization costs", json: true,
	signs: []string{"data[].start_time", "data[].results[].amount.value"},
	grain: PerBucket,
	rules: meterRules,
	why:   meterWhy,
	note:  meterNote,
	columns: map[string]binding{
		"amount.value":    {fCost, 0},
		"amount.currency": {fCurrency, 0},
		"line_item":       {fMeter, 0},
		"quantity":        {fAmount, 0},
		"quantity_unit":   {fUnit, 0},
		"project_id":      {fProject, 0},
		"api_key_id":      {fAPIKey, 0},
	},
	read: readBuckets(bucketKeys{begin: "start_time", end: "end_time"}),
	adjust: func(s *session, r *row) string {
		item := r.text[fMeter]
		if item == nil {
			return "the line is not grouped by line item, so it holds money and no tokens"
		}
		comma := bytes.LastIndexByte(item, ',')
		if comma < 0 {
			return otherService
		}
		model, kind := item[:comma], item[comma+1:]
		if bar := bytes.LastIndexByte(model, '|'); bar >= 0 {
			r.set(binding{fTier, 0}, r.name[fMeter], bytes.TrimSpace(model[:bar]))
			model = model[bar+1:]
		}
		r.set(binding{fModel, 0}, r.name[fMeter], bytes.TrimSpace(model))
		r.text[fMeter] = bytes.TrimSpace(kind)
		if r.text[fUnit] == nil {
			r.set(binding{fUnit, 0}, "", []byte("tokens"))
		}
		if skip := s.meterRow(r, false); skip != "" {
			return skip
		}
		defaultProvider(r, "openai")
		return ""
	},
}

var openaiDashboardCosts = format{
	name: "openai_dashboard_cost", title: "the cost export of OpenAI's dashboard",
	signs:  []string{"start_time_iso", "amount_value"},
	refuse: "holds money and no tokens",
	hint:   "export the usage (activity) data of the dashboard; what was billed is read by breakeven usage reconcile --bill",
}

// withTimes adds a bucket's begin and end to a map of columns.
func withTimes(columns map[string]binding, begin, end string) map[string]binding {
	all := make(map[string]binding, len(columns)+2)
	maps.Copy(all, columns)
	all[begin], all[end] = binding{fTime, 0}, binding{fEnd, 0}
	return all
}

// defaultProvider names the provider of a row that names none.
func defaultProvider(r *row, name string) {
	if len(bytes.TrimSpace(r.text[fProvider])) == 0 {
		r.set(binding{fProvider, 9}, "", []byte(name))
	}
}
