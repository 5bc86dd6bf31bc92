package clickhouse

import "slices"

// micro is an instant in whole microseconds.
func micro(column string) string {
	return "toUnixTimestamp64Micro(toDateTime64(" + column + ", 6, 'UTC'))"
}

// first is the first of some counts that is not zero, as package usage takes them.
func first(counts ...string) string {
	s := "0"
	for _, count := range slices.Backward(counts) {
		s = "if(ifNull(" + count + ", 0) != 0, toInt64(ifNull(" + count + ", 0)), " + s + ")"
	}
	return s
}

// word is the first of some texts that is not empty.
func word(texts ...string) string {
	s := "''"
	for _, text := range slices.Backward(texts) {
		s = "if(ifNull(" + text + ", '') != '', ifNull(" + text + ", ''), " + s + ")"
	}
	return s
}

// nano is an amount of dollars in nano-dollars, rounded half to even from its decimal text.
func nano(dollars string) string {
	return "toInt64(roundBankers(toDecimal128(toString(" + dollars + "), 18) * 1000000000))"
}

// in is a value in LiteLLM's metadata, under a path of keys.
func in(kind string, path ...string) string {
	arguments := []string{"ifNull(metadata, '')"}
	for _, key := range path {
		arguments = append(arguments, literal(key))
	}
	return "JSONExtract" + kind + "(" + join(arguments) + ")"
}

// inUsage is a count in the usage that LiteLLM keeps in its metadata.
func inUsage(path ...string) string { return in("Int", append([]string{"usage_object"}, path...)...) }

// more is a count in what LiteLLM keeps beside the usage in older versions.
func more(path ...string) string {
	return in("Int", append([]string{"additional_usage_values"}, path...)...)
}

// split is a count of cache writes of one lifetime, in both of its places.
func split(name string) string {
	return first(inUsage("prompt_tokens_details", "cache_creation_token_details", name), inUsage("cache_creation", name))
}

// mappings are the tables of others that are known by name. Each gives the disjoint kinds that package usage reads from
// the same product's export.
var mappings = map[string]Mapping{
	// Langfuse 3. The keys of its usage details exclude each other. Agents and chains are other observations that only
	// hold generations. A generation's user is in the table of traces, and is empty here.
	"langfuse": {
		Table: "observations", Latest: true,
		Source: "langfuse/langfuse at 62751446, packages/shared/clickhouse/migrations: 0002_observations",
		Let: []Let{
			{"took", "greatest(ifNull(" + micro("end_time") + ", 0) - " + micro("start_time") + ", 0)"},
			{"waited", "ifNull(" + micro("completion_start_time") + ", 0) - " + micro("start_time")},
		},
		Where: "is_deleted = 0 AND type IN ('GENERATION', 'EMBEDDING') AND hasAny(mapKeys(usage_details), ['input', 'input_cached_tokens', 'cache_read_input_tokens', 'input_cache_read', 'input_cache_creation', " +
			"'cache_creation_input_tokens', 'input_cache_creation_5m', 'input_cache_creation_1h', 'output', 'output_reasoning_tokens', 'output_reasoning'])",
		Columns: map[string]string{
			"id": "id", "start": "start_time", "model": "provided_model_name", "project": word("metadata['project']", "project_id"), "session": "trace_id", "tier": "metadata['service_tier']",
			"latency_us": "took", "ttft_us": "if(waited > 0 AND (took = 0 OR waited < took), waited, 0)", "failed": "false",
			"reported_nano_usd": nano("total_cost"),
			"input":             "usage_details['input']",
			"cache_read":        first("usage_details['input_cached_tokens']", "usage_details['cache_read_input_tokens']", "usage_details['input_cache_read']"),
			"cache_write":       "greatest(" + first("usage_details['input_cache_creation']", "usage_details['cache_creation_input_tokens']") + " - toInt64(usage_details['input_cache_creation_5m'] + usage_details['input_cache_creation_1h']), 0)",
			"cache_write_5m":    "usage_details['input_cache_creation_5m']",
			"cache_write_1h":    "usage_details['input_cache_creation_1h']",
			"output":            "usage_details['output']",
			"reasoning":         first("usage_details['output_reasoning_tokens']", "usage_details['output_reasoning']"),
		},
		Bad: first("usage_details['input_cache_creation']", "usage_details['cache_creation_input_tokens']") + " BETWEEN 1 AND toInt64(usage_details['input_cache_creation_5m'] + usage_details['input_cache_creation_1h']) - 1",
	},
	// Helicone. Its prompt_tokens leave cached tokens out, its cost is in billionths of a dollar, and its table does not
	// split cache writes by lifetime.
	"helicone": {
		Table: "request_response_rmt", Latest: true,
		Source: "Helicone/helicone at 03274e5a, clickhouse/migrations: 41 (table), 43 (cache tokens), 44 (audio tokens), 47 (its own cache), 52 (cost)",
		Let:    []Let{{"broken", "status >= 400"}},
		Columns: map[string]string{
			"id": "request_id", "start": "request_created_at", "provider": "provider", "model": "model", "user": "user_id", "project": "properties['project']", "tier": "properties['service_tier']",
			"latency_us":        "ifNull(latency * 1000, greatest(ifNull(" + micro("response_created_at") + " - " + micro("request_created_at") + ", 0), 0))",
			"ttft_us":           "ifNull(time_to_first_token * 1000, 0)",
			"failed":            "broken",
			"reported_nano_usd": "cost",
			"input":             "prompt_tokens - prompt_audio_tokens",
			"audio_input":       "prompt_audio_tokens",
			"cache_read":        "prompt_cache_read_tokens",
			"cache_write":       "prompt_cache_write_tokens",
			"output":            "completion_tokens - completion_audio_tokens",
			"audio_output":      "completion_audio_tokens",
		},
		// A request under way has no counts; one that failed has none either, and is a call without tokens.
		// What the proxy answered from its own cache was no call of a vendor: such a row refers to the first request.
		Where: "cache_reference_id = toUUID('00000000-0000-0000-0000-000000000000') AND (broken OR isNotNull(prompt_tokens) AND isNotNull(completion_tokens))",
		Bad:   "ifNull(prompt_tokens, 0) < prompt_audio_tokens OR ifNull(completion_tokens, 0) < completion_audio_tokens OR ifNull(prompt_tokens, 0) < 0 OR prompt_cache_read_tokens < 0 OR prompt_cache_write_tokens < 0",
	},
	// LiteLLM's table of spend logs, as it is copied from PostgreSQL column by column; metadata is JSON in a String. Its
	// prompt_tokens hold cached tokens whoever the vendor was; some versions leave cache writes out of them, which shows
	// where reads and writes together exceed the prompt.
	"litellm": {
		Table: "LiteLLM_SpendLogs", Latest: true,
		Source: "BerriAI/litellm at 029f645f, schema.prisma: LiteLLM_SpendLogs",
		Let: []Let{
			{"cached", first(inUsage("cache_read_input_tokens"), inUsage("prompt_tokens_details", "cached_tokens"), more("cache_read_input_tokens"), more("prompt_tokens_details", "cached_tokens"))},
			{"stated", first(inUsage("cache_creation_input_tokens"), inUsage("prompt_tokens_details", "cache_creation_tokens"), inUsage("prompt_tokens_details", "cache_write_tokens"), more("cache_creation_input_tokens"))},
			{"five", split("ephemeral_5m_input_tokens")},
			{"hour", split("ephemeral_1h_input_tokens")},
			{"written", "if(stated = 0, five + hour, stated)"},
			{"prompt", "toInt64(ifNull(prompt_tokens, 0))"},
			{"uncached", "greatest(prompt - cached - written, 0)"},
			{"sound", inUsage("prompt_tokens_details", "audio_tokens")},
			{"picture", inUsage("prompt_tokens_details", "image_tokens")},
			// Cached tokens are not split by modality; where the text would be shorter than nothing, they were others.
			{"cached_picture", "least(greatest(sound + picture - uncached, 0), picture, cached)"},
			{"cached_sound", "least(greatest(sound + picture - uncached - cached_picture, 0), sound, cached - cached_picture)"},
			{"prose", "uncached - sound - picture + cached_picture + cached_sound"},
			{"thought", inUsage("completion_tokens_details", "reasoning_tokens")},
			{"said_sound", inUsage("completion_tokens_details", "audio_tokens")},
			{"said_picture", inUsage("completion_tokens_details", "image_tokens")},
			{"answer", "toInt64(ifNull(completion_tokens, 0)) - thought - said_sound - said_picture"},
			{"took", "greatest(" + micro("endTime") + " - " + micro("startTime") + ", 0)"},
			{"waited", "ifNull(" + micro("completionStartTime") + ", 0) - " + micro("startTime")},
			{"served", word(in("String", "usage_object", "service_tier"), in("String", "service_tier"))},
			{"speed", "lower(" + in("String", "usage_object", "speed") + ")"},
			{"place", in("String", "usage_object", "inference_geo")},
		},
		Columns: map[string]string{
			"id": "request_id", "start": "startTime", "provider": "custom_llm_provider", "model": word("model", "model_group"), "key": "api_key", "project": "team_id",
			"user": word("`user`", "end_user"), "session": "session_id", "region": "if(lower(place) IN ('not_available', 'unknown'), '', place)",
			"tier":              "if(speed IN ('fast', 'ultrafast'), speed, served)",
			"latency_us":        "ifNull(request_duration_ms * 1000, took)",
			"ttft_us":           "if(waited > 0 AND (took = 0 OR waited < took), waited, 0)",
			"failed":            "lower(" + word("status", in("String", "status")) + ") IN ('failure', 'failed', 'fail', 'error', 'errored', 'false', '0')",
			"reported_nano_usd": nano("spend"),
			"input":             "prose",
			"cache_read":        "cached - cached_picture - cached_sound",
			"cache_write_5m":    "five",
			"cache_write_1h":    "hour",
			"cache_write":       "written - five - hour",
			"audio_input":       "sound - cached_sound",
			"audio_cache_read":  "cached_sound",
			"image_input":       "picture - cached_picture",
			"image_cache_read":  "cached_picture",
			"output":            "answer",
			"reasoning":         "thought",
			"audio_output":      "said_sound",
			"image_output":      "said_picture",
			"web_search":        inUsage("server_tool_use", "web_search_requests"),
		},
		// What the proxy answered from its own cache was no call of a vendor.
		Where: "lower(ifNull(toString(cache_hit), '')) NOT IN ('1', 't', 'true', 'yes')",
		Bad:   "cached > prompt OR written > prompt OR five + hour > written OR prose < 0 OR answer < 0 OR prompt < 0",
	},
}
