package usage

import "bytes"

// litellmSpend is LiteLLM's table of spend logs, as JSON lines, as a JSON list, or as CSV with the metadata as
// JSON in a cell.
//
// Its token counts are normalised: the prompt holds cached tokens whoever the vendor was. Three things lead
// others astray. The column cache_hit is about the proxy's own cache. The cached tokens may be zero in
// prompt_tokens_details and right beside it, so a count that is not zero wins. And some versions leave cache
// writes out of the prompt, which shows where reads and writes together exceed it.
var litellmSpend = format{
	name: "litellm", title: "LiteLLM spend logs", json: true, both: true,
	signs: []string{"request_id", "spend", "prompt_tokens", "completion_tokens"},
	grain: PerRequest,
	rules: rules{input: Includes, writesMayBeApart: true},
	why:   "LiteLLM normalises usage: prompt_tokens holds cached tokens",
	columns: map[string]binding{
		"request_id":          {fID, 0},
		"startTime":           {fTime, 0},
		"endTime":             {fDone, 0},
		"completionStartTime": {fFirstToken, 0},
		"request_duration_ms": {fLatencyMS, 0},
		"custom_llm_provider": {fProvider, 0},
		"model":               {fModel, 0},
		"model_group":         {fModel, 1},
		"api_key":             {fAPIKey, 0},
		"team_id":             {fProject, 0},
		"user":                {fUser, 0},
		"end_user":            {fUser, 1},
		"session_id":          {fSession, 0},
		"status":              {fStatus, 0},
		"metadata.status":     {fStatus, 1},
		"cache_hit":           {fCacheHit, 0},
		"spend":               {fCost, 0},

		"prompt_tokens":     {fInput, 0},
		"completion_tokens": {fOutput, 0},
		"total_tokens":      {fTotal, 0},

		"metadata.usage_object.cache_read_input_tokens":                        {fCacheRead, 0},
		"metadata.usage_object.prompt_tokens_details.cached_tokens":            {fCacheRead, 1},
		"metadata.additional_usage_values.cache_read_input_tokens":             {fCacheRead, 2},
		"metadata.additional_usage_values.prompt_tokens_details.cached_tokens": {fCacheRead, 3},

		"metadata.usage_object.cache_creation_input_tokens":                                                  {fCacheWrite, 0},
		"metadata.usage_object.prompt_tokens_details.cache_creation_tokens":                                  {fCacheWrite, 1},
		"metadata.usage_object.prompt_tokens_details.cache_write_tokens":                                     {fCacheWrite, 2},
		"metadata.additional_usage_values.cache_creation_input_tokens":                                       {fCacheWrite, 3},
		"metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens": {fCacheWrite5m, 0},
		"metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens": {fCacheWrite1h, 0},
		"metadata.usage_object.cache_creation.ephemeral_5m_input_tokens":                                     {fCacheWrite5m, 1},
		"metadata.usage_object.cache_creation.ephemeral_1h_input_tokens":                                     {fCacheWrite1h, 1},

		"metadata.usage_object.prompt_tokens_details.audio_tokens":         {fAudioInput, 0},
		"metadata.usage_object.prompt_tokens_details.image_tokens":         {fImageInput, 0},
		"metadata.usage_object.completion_tokens_details.reasoning_tokens": {fReasoning, 0},
		"metadata.usage_object.completion_tokens_details.audio_tokens":     {fAudioOutput, 0},
		"metadata.usage_object.completion_tokens_details.image_tokens":     {fImageOutput, 0},
		"metadata.usage_object.server_tool_use.web_search_requests":        {fWebSearch, 0},

		// The tier in the usage is what the vendor served; the others are what the caller asked for.
		"metadata.usage_object.service_tier":  {fTier, 0},
		"metadata.service_tier":               {fTier, 1},
		"service_tier":                        {fTier, 2},
		"metadata.usage_object.speed":         {fSpeed, 0},
		"metadata.usage_object.inference_geo": {fRegion, 0},
	},
	nested: []string{"metadata"},
	read:   readEither,
	adjust: func(s *session, r *row) string {
		dropRegion(r)
		// A failed call has no tokens and its model may be empty; it is kept, marked.
		if failure(r.text[fStatus]) {
			r.failed = true
		}
		return ""
	},
}

// litellmDaily is one of LiteLLM's daily roll-ups: by user, team or tag.
var litellmDaily = format{
	name: "litellm_daily", title: "LiteLLM daily spend", both: true,
	signs: []string{"date", "api_requests", "custom_llm_provider", "prompt_tokens", "spend"},
	grain: PerBucket,
	rules: rules{input: Includes, writesMayBeApart: true},
	why:   "LiteLLM normalises usage: prompt_tokens holds cached tokens",
	columns: map[string]binding{
		"id":                          {fID, 0},
		"date":                        {fTime, 0},
		"user_id":                     {fUser, 0},
		"team_id":                     {fProject, 0},
		"api_key":                     {fAPIKey, 0},
		"model":                       {fModel, 0},
		"model_group":                 {fModel, 1},
		"custom_llm_provider":         {fProvider, 0},
		"prompt_tokens":               {fInput, 0},
		"completion_tokens":           {fOutput, 0},
		"cache_read_input_tokens":     {fCacheRead, 0},
		"cache_creation_input_tokens": {fCacheWrite, 0},
		"spend":                       {fCost, 0},
		"api_requests":                {fRequests, 0},
	},
	read: readEither,
}

// readEither reads a format that exists as records and as a table.
func readEither(s *session, src *source, c *content) error {
	if c.json {
		return readRecords(s, src, c)
	}
	return readTable(s, src, c)
}

// dropRegion removes a region that says nothing.
func dropRegion(r *row) {
	for _, nothing := range [...]string{"not_available", "unknown"} {
		if bytes.EqualFold(r.text[fRegion], []byte(nothing)) {
			r.text[fRegion] = nil
		}
	}
}
