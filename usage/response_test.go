package usage_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

// One table for all vendors: what their figures hold differs, and so do the quantities of the same block.
func TestFromResponse(t *testing.T) {
	for _, tt := range []struct {
		name, provider, body string
		want                 price.Quantities
		note                 string
	}{
		{
			name: "OpenAI chat: the prompt holds cached and written tokens, the completion reasoning", provider: "openai",
			body: `{"usage":{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":20,"audio_tokens":10},"completion_tokens":50,"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":5}}}`,
			want: price.Quantities{price.Input: 30, price.CacheRead: 40, price.CacheWrite: 20, price.AudioInput: 10, price.Output: 15, price.Reasoning: 30, price.AudioOutput: 5, price.Request: 1},
		},
		{
			name: "OpenAI embeddings have no output", provider: "openai",
			body: `{"object":"list","usage":{"prompt_tokens":8,"total_tokens":8}}`,
			want: price.Quantities{price.Input: 8, price.Request: 1},
		},
		{
			name: "Anthropic: cached and written tokens stand beside the input", provider: "anthropic",
			body: `{"type":"message","usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens":7,"server_tool_use":{"web_search_requests":3}}}`,
			want: price.Quantities{price.Input: 5, price.CacheRead: 100, price.CacheWrite5m: 20, price.CacheWrite1h: 10, price.Output: 7, price.WebSearch: 3, price.Request: 1},
		},
		{
			name: "Anthropic: only the lifetimes, beside a total of zero", provider: "anthropic",
			body: `{"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":7}}`,
			want: price.Quantities{price.Input: 5, price.CacheWrite5m: 100, price.CacheWrite1h: 200, price.Output: 7, price.Request: 1},
		},
		{
			name: "Anthropic: thinking is part of the output", provider: "anthropic",
			body: `{"usage":{"input_tokens":5,"output_tokens":121,"output_tokens_details":{"thinking_tokens":28}}}`,
			want: price.Quantities{price.Input: 5, price.Output: 93, price.Reasoning: 28, price.Request: 1},
		},
		{
			name: "Anthropic: a compaction is billed beside the totals", provider: "anthropic",
			body: `{"usage":{"input_tokens":180,"output_tokens":8,"iterations":[{"type":"compaction","input_tokens":100,"cache_creation_input_tokens":55096,"cache_creation":{"ephemeral_5m_input_tokens":55096},"output_tokens":82},{"type":"message","input_tokens":180,"output_tokens":8}]}}`,
			want: price.Quantities{price.Input: 280, price.CacheWrite5m: 55096, price.Output: 90, price.Request: 1},
			note: "compaction",
		},
		{
			name: "Anthropic: an advisor has a price of its own", provider: "anthropic",
			body: `{"usage":{"input_tokens":180,"output_tokens":8,"iterations":[{"type":"advisor_message","model":"claude-big","input_tokens":2518,"output_tokens":22}]}}`,
			want: price.Quantities{price.Input: 180, price.Output: 8, price.Request: 1},
			note: "claude-big, used 2518 input and 22 output",
		},
		{
			name: "Anthropic in OpenAI's shape, with writes outside the prompt", provider: "anthropic",
			body: `{"usage":{"prompt_tokens":30946,"completion_tokens":102,"prompt_tokens_details":{"cached_tokens":0},"cache_read_input_tokens":30940,"cache_creation_input_tokens":460}}`,
			want: price.Quantities{price.CacheRead: 30940, price.CacheWrite: 460, price.Output: 102, price.Request: 1},
			note: "lie outside",
		},
		{
			name: "Gemini: thoughts come on top of the candidates, tool use on top of the prompt", provider: "google",
			body: `{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":3,"thoughtsTokenCount":4,"toolUsePromptTokenCount":25,"toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":5},{"modality":"IMAGE","tokenCount":5},{"modality":"DOCUMENT","tokenCount":2},{"modality":"VIDEO","tokenCount":3}]}}`,
			want: price.Quantities{price.Input: 22, price.AudioInput: 5, price.ImageInput: 5, price.VideoInput: 3, price.Output: 3, price.Reasoning: 4, price.Request: 1},
		},
		{
			name: "Gemini in snake case, with modalities", provider: "vertex",
			body: `{"usage_metadata":{"prompt_token_count":100,"prompt_tokens_details":[{"modality":"TEXT","token_count":60},{"modality":"VIDEO","token_count":40}],"cached_content_token_count":50,"cache_tokens_details":[{"modality":"VIDEO","token_count":30},{"modality":"TEXT","token_count":20}],"candidates_token_count":9}}`,
			want: price.Quantities{price.Input: 40, price.VideoInput: 10, price.CacheRead: 50, price.Output: 9, price.Request: 1},
		},
		{
			name: "a stream of Gemini's: the totals grow, the last one counts", provider: "google",
			body: `[{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":1}},{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":6}}]`,
			want: price.Quantities{price.Input: 10, price.Output: 6, price.Request: 1},
		},
		{
			name: "Claude on Vertex", provider: "vertex",
			body: `{"type":"message","usage":{"input_tokens":5,"cache_read_input_tokens":100,"output_tokens":7}}`,
			want: price.Quantities{price.Input: 5, price.CacheRead: 100, price.Output: 7, price.Request: 1},
		},
		{
			name: "Bedrock Converse, with lifetimes", provider: "bedrock",
			body: `{"usage":{"inputTokens":3,"outputTokens":288,"cacheReadInputTokens":40,"cacheWriteInputTokens":2074,"cacheDetails":[{"ttl":"5m","inputTokens":2000},{"ttl":"1h","inputTokens":74}]}}`,
			want: price.Quantities{price.Input: 3, price.CacheRead: 40, price.CacheWrite5m: 2000, price.CacheWrite1h: 74, price.Output: 288, price.Request: 1},
		},
		{
			name: "Bedrock Converse, without", provider: "aws",
			body: `{"usage":{"inputTokens":3,"outputTokens":288,"cacheWriteInputTokens":2074}}`,
			want: price.Quantities{price.Input: 3, price.CacheWrite: 2074, price.Output: 288, price.Request: 1},
			note: "how long the cache writes live",
		},
		{
			name: "Claude through InvokeModel", provider: "bedrock",
			body: `{"type":"message","usage":{"input_tokens":5,"cache_read_input_tokens":100,"output_tokens":7}}`,
			want: price.Quantities{price.Input: 5, price.CacheRead: 100, price.Output: 7, price.Request: 1},
		},
		{
			name: "Llama through InvokeModel", provider: "bedrock",
			body: `{"generation":"x","prompt_token_count":12,"generation_token_count":34}`,
			want: price.Quantities{price.Input: 12, price.Output: 34, price.Request: 1},
		},
		{
			name: "xAI chat: reasoning on top of the completion", provider: "xai",
			body: `{"usage":{"prompt_tokens":10,"completion_tokens":8,"completion_tokens_details":{"reasoning_tokens":6}}}`,
			want: price.Quantities{price.Input: 10, price.Output: 8, price.Reasoning: 6, price.Request: 1},
		},
		{
			name: "xAI, where the total says that the output holds it", provider: "xai",
			body: `{"usage":{"input_tokens":10,"output_tokens":8,"output_tokens_details":{"reasoning_tokens":6},"total_tokens":18}}`,
			want: price.Quantities{price.Input: 10, price.Output: 2, price.Reasoning: 6, price.Request: 1},
		},
		{
			name: "cached tokens without a modality served images too", provider: "xai",
			body: `{"usage":{"prompt_tokens":1100,"prompt_tokens_details":{"text_tokens":200,"image_tokens":900,"cached_tokens":1000},"completion_tokens":8}}`,
			want: price.Quantities{price.Input: 0, price.CacheRead: 200, price.ImageInput: 100, price.ImageCacheRead: 800, price.Output: 8, price.Request: 1},
			note: "must be of the image",
		},
		{
			name: "Cohere bills units, not tokens", provider: "cohere",
			body: `{"usage":{"billed_units":{"input_tokens":13,"output_tokens":8},"tokens":{"input_tokens":542,"output_tokens":8}}}`,
			want: price.Quantities{price.Input: 13, price.Output: 8, price.Request: 1},
		},
		{
			name: "DeepSeek's cache hits", provider: "deepseek",
			body: `{"usage":{"prompt_tokens":100,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens":5}}`,
			want: price.Quantities{price.Input: 36, price.CacheRead: 64, price.Output: 5, price.Request: 1},
		},
		{
			name: "Moonshot's", provider: "moonshot",
			body: `{"usage":{"prompt_tokens":100,"cached_tokens":64,"completion_tokens":5}}`,
			want: price.Quantities{price.Input: 36, price.CacheRead: 64, price.Output: 5, price.Request: 1},
		},
		{
			name: "Perplexity: citations, reasoning and searches on top", provider: "perplexity",
			body: `{"usage":{"prompt_tokens":33,"completion_tokens":11395,"citation_tokens":19028,"reasoning_tokens":193947,"num_search_queries":21}}`,
			want: price.Quantities{price.Input: 33, price.Output: 11395, price.Citation: 19028, price.Reasoning: 193947, price.WebSearch: 21, price.Request: 1},
		},
		{
			name: "a stream of Groq's", provider: "groq",
			body: "data: {\"id\":\"c\",\"choices\":[]}\n\ndata: {\"id\":\"c\",\"x_groq\":{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}}\n\ndata: [DONE]\n",
			want: price.Quantities{price.Input: 9, price.Output: 4, price.Request: 1},
		},
		{
			name: "a stream of Anthropic's: the start has the input, the delta the last output", provider: "anthropic",
			body: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-x\",\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":7,\"output_tokens\":1}}}\n\n" +
				"event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\n",
			want: price.Quantities{price.Input: 25, price.CacheRead: 7, price.Output: 15, price.Request: 1},
		},
		{
			name: "a stream of OpenAI's responses", provider: "openai",
			body: `{"type":"response.created","response":{"id":"r","usage":null}}` + "\n" + `{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":9,"output_tokens":4}}}`,
			want: price.Quantities{price.Input: 9, price.Output: 4, price.Request: 1},
		},
		{
			name: "different answers are added up", provider: "openai",
			body: `[{"id":"a","model":"m","usage":{"prompt_tokens":1,"completion_tokens":2}},{"id":"b","model":"n","usage":{"prompt_tokens":10,"completion_tokens":20}}]`,
			want: price.Quantities{price.Input: 11, price.Output: 22, price.Request: 2},
			note: "several models",
		},
		{
			name: "an unknown vendor is read by shape", provider: "acme",
			body: `{"usage":{"prompt_tokens":1,"completion_tokens":2}}`,
			want: price.Quantities{price.Input: 1, price.Output: 2, price.Request: 1},
			note: "vendor is unknown",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := usage.FromResponse(tt.provider, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			quantities(t, r.Quantities, tt.want)
			if tt.note != "" && !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, tt.note) }) {
				t.Errorf("notes = %q, want %q", r.Notes, tt.note)
			}
		})
	}
}

func TestFromResponseMeta(t *testing.T) {
	r, err := usage.FromResponse("openai", []byte(`{"id":"resp_1","model":"gpt-x-2026","created_at":1787102048,"service_tier":"priority","usage":{"input_tokens":1,"output_tokens":2}}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "resp_1" || r.Model != "gpt-x-2026" || r.Tier != price.Priority || !r.Created.Equal(time.Unix(1787102048, 0)) || r.Where != "usage" || r.Dialect != "OpenAI responses" {
		t.Errorf("%+v", r)
	}
	r, err = usage.FromResponse("anthropic", []byte(`{"usage":{"input_tokens":1,"output_tokens":2,"service_tier":"batch","inference_geo":"us"}}`))
	if err != nil || r.Tier != price.Batch || r.Region != "us" {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = usage.FromResponse("anthropic", []byte(`{"usage":{"input_tokens":1,"output_tokens":2,"service_tier":"standard","speed":"fast","inference_geo":"not_available"}}`))
	if err != nil || r.Tier != price.Fast || r.Region != "" {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = usage.FromResponse("google", []byte(`{"modelVersion":"gemini-x","createTime":"2026-08-19T01:14:08Z","usageMetadata":{"promptTokenCount":1,"trafficType":"ON_DEMAND_FLEX"}}`))
	if err != nil || r.Tier != price.Flex || r.Model != "gemini-x" || r.Created.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = usage.FromResponse("openai", []byte(`{"service_tier":"scale","usage":{"prompt_tokens":1}}`))
	if err != nil || r.Tier != price.Standard || len(r.Notes) != 1 {
		t.Errorf("an unknown tier is told: %+v, %v", r, err)
	}
}

func TestFromResponseReportedCost(t *testing.T) {
	for _, tt := range []struct{ provider, body, want, note string }{
		{"openrouter", `{"usage":{"prompt_tokens":14,"completion_tokens":4,"cost":0.000102,"cost_details":{"upstream_inference_cost":0.000102},"is_byok":false}}`, "0.000102", ""},
		{"openrouter", `{"usage":{"prompt_tokens":900,"completion_tokens":69,"cost":0.0160614,"cost_details":{"upstream_inference_cost":0.0001764}}}`, "0.0160614", "inference alone was $0.0001764"},
		{"openrouter", `{"usage":{"prompt_tokens":900,"completion_tokens":69,"cost":0.001,"is_byok":true}}`, "0.001", "own key"},
		{"xai", `{"usage":{"prompt_tokens":1,"completion_tokens":1,"cost_in_usd_ticks":37756000}}`, "0.0037756", ""},
		{"perplexity", `{"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":{"total_cost":0.006}}}`, "0.006", ""},
	} {
		r, err := usage.FromResponse(tt.provider, []byte(tt.body))
		if err != nil || !r.Reported.Known || r.Reported.USD.String() != tt.want {
			t.Errorf("%s: %+v, %v; want %s", tt.provider, r.Reported, err, tt.want)
		}
		if text := strings.Join(r.Notes, "; "); !strings.Contains(text, tt.note) || (tt.note == "" && text != "") {
			t.Errorf("%s: notes %q, want %q", tt.provider, text, tt.note)
		}
	}
	r, _ := usage.FromResponse("openai", []byte(`{"usage":{"prompt_tokens":1,"cost":5}}`))
	if r.Reported.Known {
		t.Error("OpenAI reports no cost: whatever it is, it is no dollars of a bill")
	}
	r, _ = usage.FromResponse("perplexity", []byte(`{"usage":{"prompt_tokens":1,"completion_tokens":1}}`))
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "search context size") {
		t.Errorf("notes = %q", r.Notes)
	}
}

func TestFromResponseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, provider, body, field, problem string }{
		{"no block", "openai", `{"choices":[]}`, "", "holds no usage: there is none at usageMetadata"},
		{"an empty list", "openai", `[]`, "", "holds no usage"},
		{"no JSON", "openai", `usage`, "", "no JSON"},
		{"cut JSON", "openai", `{"usage":{"prompt_tokens":1`, "line 1", "ends too early"},
		{"negative", "openai", `{"usage":{"prompt_tokens":-1}}`, "usage.prompt_tokens", "is negative"},
		{"no number", "openai", `{"usage":{"prompt_tokens":"many"}}`, "usage.prompt_tokens", "is no number"},
		{"more written than sent", "openai", `{"usage":{"prompt_tokens":1,"prompt_tokens_details":{"cache_write_tokens":2}}}`, "usage.prompt_tokens_details.cache_write_tokens", "more than the whole input (1)"},
		{"more cached than sent", "openai", `{"usage":{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}}`, "usage.prompt_tokens_details.cached_tokens", "more than the whole input (1)"},
		{"more reasoning than output", "openai", `{"usage":{"prompt_tokens":1,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":3}}}`, "usage.completion_tokens_details.reasoning_tokens", "more than the output"},
		{"billed by the second", "openai", `[{"usage":{"type":"duration","seconds":60.0}}]`, "usage.seconds", "billed by the second"},
		{"another vendor's block", "google", `{"usage":{"inputTokens":3}}`, "usage", "none of the counts"},
	} {
		_, err := usage.FromResponse(tt.provider, []byte(tt.body))
		e, ok := errors.AsType[*usage.UsageError](err)
		if !ok || e.Field != tt.field || !strings.Contains(e.Error(), tt.problem) || e.Provider != tt.provider {
			t.Errorf("%s: %v (%+v)", tt.name, err, e)
		}
	}
}

func BenchmarkFromResponse(b *testing.B) {
	body := []byte(`{"id":"1","model":"gpt-x","created":1787102048,"choices":[{"message":{"content":"` + strings.Repeat("word ", 200) + `"}}],"service_tier":"default","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := usage.FromResponse("openai", body); err != nil {
			b.Fatal(err)
		}
	}
}
