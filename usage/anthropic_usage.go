package usage

// anthropicUsage is the answer of Anthropic's /v1/organizations/usage_report/messages. It never says how many
// requests a row stands for.
var anthropicUsage = format{
	name: "anthropic_usage", title: "Anthropic usage report", json: true,
	signs: []string{"data[].starting_at", "data[].results"},
	grain: PerBucket,
	rules: rules{input: Excludes},
	why:   "Anthropic: uncached_input_tokens holds neither cached nor written tokens",
	note:  noRequests,
	columns: map[string]binding{
		"uncached_input_tokens":                    {fUncached, 0},
		"cache_read_input_tokens":                  {fCacheRead, 0},
		"cache_creation.ephemeral_5m_input_tokens": {fCacheWrite5m, 0},
		"cache_creation.ephemeral_1h_input_tokens": {fCacheWrite1h, 0},
		"output_tokens":                            {fOutput, 0},
		"server_tool_use.web_search_requests":      {fWebSearch, 0},
		"model":                                    {fModel, 0},
		"workspace_id":                             {fProject, 0},
		"api_key_id":                               {fAPIKey, 0},
		"service_tier":                             {fTier, 0},
		"speed":                                    {fSpeed, 0},
		"context_window":                           {fContext, 0},
		"inference_geo":                            {fRegion, 0},
	},
	read:   readBuckets(bucketKeys{begin: "starting_at", end: "ending_at"}),
	adjust: adjustAnthropic,
}

const noRequests = "The report does not say how many requests its rows stand for: rates and lengths of calls are unknown."

// anthropicConsole is the token export of the Anthropic Console: one row for each day, model, key and context
// window.
var anthropicConsole = format{
	name: "anthropic_console", title: "Anthropic Console token export",
	signs: []string{"usage_date_utc", "usage_input_tokens_no_cache", "usage_output_tokens"},
	grain: PerBucket,
	rules: rules{input: Excludes},
	why:   "Anthropic: usage_input_tokens_no_cache holds neither cached nor written tokens",
	note:  noRequests,
	columns: map[string]binding{
		"usage_date_utc":                    {fTime, 0},
		"usage_input_tokens_no_cache":       {fUncached, 0},
		"usage_input_tokens_cache_read":     {fCacheRead, 0},
		"usage_input_tokens_cache_write_5m": {fCacheWrite5m, 0},
		"usage_input_tokens_cache_write_1h": {fCacheWrite1h, 0},
		"usage_output_tokens":               {fOutput, 0},
		"web_search_count":                  {fWebSearch, 0},
		"model_version":                     {fModel, 0},
		"workspace":                         {fProject, 0},
		"api_key":                           {fAPIKey, 0},
		"usage_type":                        {fTier, 0},
		"speed":                             {fSpeed, 0},
		"context_window":                    {fContext, 0},
		"inference_geo":                     {fRegion, 0},
	},
	read:   readTable,
	adjust: adjustAnthropic,
}

func adjustAnthropic(s *session, r *row) string {
	defaultProvider(r, "anthropic")
	dropRegion(r)
	if r.text[fContext] == nil {
		s.note("Rows are not grouped by context window: whether their calls crossed a context boundary cannot be told.")
	}
	return ""
}

var anthropicCosts = format{
	name: "anthropic_costs", title: "an answer of Anthropic's cost report", json: true,
	signs:  []string{"data[].starting_at", "data[].results[].amount"},
	refuse: "holds money and no tokens",
	hint:   "fetch /v1/organizations/usage_report/messages with group_by[]=model, service_tier, context_window; what was billed is read by breakeven usage reconcile --bill",
}

var anthropicConsoleCosts = format{
	name: "anthropic_console_cost", title: "the cost export of the Anthropic Console",
	signs:  []string{"usage_date_utc", "cost_usd", "token_type"},
	refuse: "holds money, rounded to cents, and no tokens",
	hint:   "export the tokens of the Console; what was billed is read by breakeven usage reconcile --bill",
}
