package usage

import "strings"

// googleBilling is the export of Google Cloud's billing into BigQuery, as JSON lines: a line an hour and SKU. The
// tokens are those of Gemini and of models on Vertex AI, whose SKUs are sentences: "Gemini 3.1 Pro Cached Text
// Input - Predictions".
var googleBilling = format{
	name: "gcp_billing", title: "Google Cloud billing export", json: true,
	signs: []string{"sku.description", "usage.amount", "cost"},
	grain: PerBucket,
	rules: meterRules,
	why:   meterWhy,
	note:  meterNote + " Costs are before credits.",
	columns: map[string]binding{
		"usage_start_time":    {fTime, 0},
		"usage_end_time":      {fEnd, 0},
		"sku.description":     {fMeter, 0},
		"usage.amount":        {fAmount, 0},
		"usage.unit":          {fUnit, 0},
		"cost":                {fCost, 0},
		"currency":            {fCurrency, 0},
		"cost_type":           {fKind, 0},
		"project.id":          {fProject, 0},
		"location.location":   {fRegion, 0},
		"service.description": {fSession, 9}, // read below, and then dropped
	},
	read: readRecords,
	adjust: func(s *session, r *row) string {
		kind, service := s.word(r.text[fKind]), strings.ToLower(s.word(r.text[fSession]))
		r.drop(fKind)
		r.drop(fSession)
		if kind != "" && kind != "regular" {
			return noUsageLine
		}
		ours := strings.Contains(service, "gemini") || strings.Contains(service, "vertex") || strings.Contains(service, "generative")
		if !ours {
			return otherService
		}
		// Vertex AI bills machines too, by the hour, and old models by the character.
		unit := strings.ToLower(s.word(r.text[fUnit]))
		if skip := s.meterRow(r, unit == "count" || unit == "tokens"); skip != "" {
			return skip
		}
		defaultProvider(r, "google")
		return ""
	},
}
