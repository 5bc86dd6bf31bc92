package usage

import (
	"maps"
	"slices"
	"strings"
)

// synonyms are the names under which exports, traces and home-made logs keep the fields, the clearest first.
// Case, spaces and punctuation do not count. A name that could mean several things is left out: "latency"
// names no unit, and "cache_hit" may be the vendor's cache or the gateway's. So is what is no measurement:
// "cached_tokens_inf" of the Mooncake traces says what an endless cache would have served.
var synonyms = map[field]string{
	fTime: "start_time_iso start_time started_at start_timestamp timestamp time ts t created_at request_time requested_at " +
		"request_timestamp arrival_time arrival_timestamp arrived_at arrival event_time time_utc timestamp_utc datetime date_time " +
		"start created created_time start_time_unix_nano request_start_time usage_date_utc usage_date date day hour logged_at",
	fEnd:        "bucket_end period_end ending_at window_end interval_end end_time_iso end",
	fDone:       "end_time ended_at finished_at completed_at finish_time response_created_at responded_at end_timestamp",
	fFirstToken: "first_token_time first_token_at first_token_timestamp completion_start_time",
	fID:         "request_id req_id generation_id call_id response_id id uuid event_id log_id span_id observation_id run_id",
	fProvider:   "provider provider_name llm_provider custom_llm_provider model_provider vendor ai_org gen_ai.provider.name gen_ai.system ls_provider",
	fModel: "response_model model model_name model_id llm_model model_slug model_permaslug model_version provided_model_name ai_model " +
		"gen_ai.response.model request_model gen_ai.request.model ls_model_name deployment_name deployment engine",
	fRegion:  "region inference_region inference_geo location aws_region",
	fTier:    "service_tier tier",
	fBatch:   "is_batch batch",
	fContext: "context_window",
	fInput: "input_tokens prompt_tokens num_input_tokens n_input_tokens num_prompt_tokens n_prompt_tokens input_token_count prompt_token_count " +
		"tokens_in tokens_input tokens_prompt in_tokens input_length prompt_length input_len prompt_len context_tokens request_tokens " +
		"total_input_tokens total_prompt_tokens num_prefill_tokens prefill_tokens isl req_units gen_ai.usage.input_tokens " +
		"gen_ai.usage.prompt_tokens llm.token_count.prompt input",
	fUncached: "input_uncached_tokens uncached_input_tokens uncached_tokens uncached_prompt_tokens input_tokens_no_cache " +
		"usage_input_tokens_no_cache non_cached_input_tokens input_uncached",
	fCacheRead: "cache_read_input_tokens cache_read_tokens cached_input_tokens input_cached_tokens cached_prompt_tokens cached_tokens tokens_cached " +
		"cached_read_tokens cache_read prompt_cache_hit_tokens prompt_cache_read_tokens cached_content_token_count cache_read_input_token_count " +
		"prompt_tokens_details.cached_tokens input_tokens_details.cached_tokens gen_ai.usage.cache_read.input_tokens",
	fCacheWrite: "cache_creation_input_tokens cache_write_input_tokens cache_write_tokens cache_creation_tokens cached_write_tokens " +
		"input_cache_write_tokens prompt_cache_write_tokens cache_write cache_creation cache_write_input_token_count " +
		"gen_ai.usage.cache_write.input_tokens gen_ai.usage.cache_creation.input_tokens",
	fCacheWrite5m:   "cache_write_5m ephemeral_5m_input_tokens cache_write_5m_tokens cache_creation_5m cache_creation_5m_tokens prompt_cache_write_5m input_cache_creation_5m cached_write_tokens_5m",
	fCacheWrite1h:   "cache_write_1h ephemeral_1h_input_tokens cache_write_1h_tokens cache_creation_1h cache_creation_1h_tokens prompt_cache_write_1h input_cache_creation_1h cached_write_tokens_1h",
	fAudioInput:     "audio_input_tokens input_audio_tokens prompt_audio_tokens prompt_tokens_details.audio_tokens",
	fAudioCacheRead: "cached_audio_tokens input_cached_audio_tokens audio_cache_read_tokens",
	fImageInput:     "image_input_tokens input_image_tokens prompt_image_tokens prompt_tokens_details.image_tokens",
	fOutput: "output_tokens completion_tokens num_output_tokens n_output_tokens num_completion_tokens output_token_count completion_token_count " +
		"candidates_token_count tokens_out tokens_output tokens_completion out_tokens output_length output_len response_length generated_tokens " +
		"generation_tokens response_tokens total_output_tokens total_completion_tokens num_decode_tokens decode_tokens osl res_units " +
		"gen_ai.usage.output_tokens gen_ai.usage.completion_tokens llm.token_count.completion output",
	fReasoning: "reasoning_tokens output_reasoning_tokens reasoning_output_tokens thinking_tokens thoughts_token_count tokens_reasoning " +
		"completion_tokens_details.reasoning_tokens gen_ai.usage.reasoning.output_tokens",
	fAudioOutput: "audio_output_tokens output_audio_tokens completion_tokens_details.audio_tokens",
	fTotal:       "total_tokens total_token_count tokens_total total_units",
	fRequests:    "num_model_requests api_requests num_requests n_requests request_count requests num_calls calls count",
	fWebSearch:   "web_search_requests web_searches num_search_queries web_search_count",
	fCost:        "cost_usd total_cost_usd cost_total total_cost cost spend_usd spend amount_usd usage_cost",
	fCurrency:    "currency billing_currency cost_currency",
	fProject:     "project_id project project_name team_id team team_name workspace_id workspace app_name application cost_center",
	fAPIKey:      "api_key_id api_key_name api_key key_name key_id virtual_key_id",
	fUser:        "user_id user username end_user user_email",
	fSession:     "session_id session conversation_id conversation thread_id chat_id trace_id",
	fLatencyMS:   "latency_ms duration_ms response_time_ms request_duration_ms elapsed_ms total_time_ms generation_time_ms",
	fLatencyS:    "latency_s latency_seconds duration_s duration_seconds elapsed_seconds elapsed_s",
	fTTFTMS:      "ttft_ms time_to_first_token_ms first_token_ms",
	fTTFTS:       "ttft_s ttft_seconds time_to_first_token_s time_to_first_token_seconds",
	fStatus:      "status success is_success outcome status_code http_status response_status_code",
	fCacheHit:    "gateway_cache_hit proxy_cache_hit",
	fBlocks:      "hash_ids block_hashes prefix_hashes",
}

// shallow are the fields that are matched by the whole path only: "id" inside some object is no call's.
var shallow = map[field]bool{fID: true, fStatus: true, fUser: true, fProject: true, fRegion: true, fBatch: true, fEnd: true, fRequests: true}

type guessed struct {
	f    field
	rank int
}

// synonymIndex is synonyms by name.
var synonymIndex = func() map[string]guessed {
	index := map[string]guessed{}
	for _, f := range slices.Sorted(maps.Keys(synonyms)) {
		for rank, name := range strings.Fields(synonyms[f]) {
			key := squash(name)
			if old, taken := index[key]; !taken || rank < old.rank {
				index[key] = guessed{f, rank}
			}
		}
	}
	return index
}()

// squash drops everything but letters and digits, and case.
func squash(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127:
			return r
		}
		return -1
	}, name)
}

// guess finds the field that a column's name means. In JSON the end of a path may mean it too: usage.input_tokens.
func guess(name string, nested bool) (f field, rank int, ok bool) {
	if g, found := synonymIndex[squash(name)]; found {
		return g.f, g.rank, true
	}
	if !nested {
		return noField, 0, false
	}
	depth := 1
	for rest := name; ; depth++ {
		_, after, more := strings.Cut(rest, ".")
		if !more {
			return noField, 0, false
		}
		rest = after
		if g, found := synonymIndex[squash(rest)]; found && !shallow[g.f] {
			return g.f, g.rank + 100*depth, true
		}
	}
}
