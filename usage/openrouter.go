package usage

// openrouterActivity is the CSV of single generations that OpenRouter's activity page exports. That its prompt
// tokens hold cached ones is inferred, so the file's own rows decide.
var openrouterActivity = format{
	name: "openrouter", title: "OpenRouter activity export",
	signs: []string{"generation_id", "tokens_prompt", "tokens_completion", "model_permaslug"},
	grain: PerRequest,
	note:  "The export does not say how many tokens were written to a cache; they count as uncached.",
	columns: map[string]binding{
		"generation_id":            {fID, 0},
		"created_at":               {fTime, 0},
		"cost_total":               {fCost, 0},
		"tokens_prompt":            {fInput, 0},
		"tokens_completion":        {fOutput, 0},
		"tokens_reasoning":         {fReasoning, 0},
		"tokens_cached":            {fCacheRead, 0},
		"model_permaslug":          {fModel, 0},
		"variant":                  {fTier, 0},
		"user":                     {fUser, 0},
		"api_key_name":             {fAPIKey, 0},
		"app_name":                 {fProject, 0},
		"generation_time_ms":       {fLatencyMS, 0},
		"time_to_first_token_ms":   {fTTFTMS, 0},
		"finish_reason_normalized": {fStatus, 0},
	},
	read:   readTable,
	adjust: adjustOpenRouter,
}

// openrouterDaily is the CSV of days, with no split of the prompt at all.
var openrouterDaily = format{
	name: "openrouter_daily", title: "OpenRouter daily activity export",
	signs: []string{"Date", "Slug", "Usage", "Requests", "Prompt Tokens"},
	grain: PerBucket,
	note:  "The export does not split cached tokens off: all input counts as uncached.",
	columns: map[string]binding{
		"Date":              {fTime, 0},
		"Slug":              {fModel, 0},
		"Usage":             {fCost, 0},
		"Requests":          {fRequests, 0},
		"Prompt Tokens":     {fInput, 0},
		"Completion Tokens": {fOutput, 0},
		"Reasoning Tokens":  {fReasoning, 0},
	},
	days:   true,
	read:   readTable,
	adjust: adjustOpenRouter,
}

// adjustOpenRouter makes OpenRouter the provider, since it sends the bill. A variant is part of the model's name there, except for the batch discount, which is a tier.
func adjustOpenRouter(s *session, r *row) string {
	defaultProvider(r, "openrouter")
	switch variant := string(r.text[fTier]); variant {
	case "", "standard", "batch":
	default:
		begin := len(r.scratch)
		r.scratch = append(append(append(r.scratch, r.text[fModel]...), ':'), variant...)
		r.text[fModel] = r.scratch[begin:len(r.scratch):len(r.scratch)]
		r.text[fTier] = nil
	}
	return ""
}
