package usage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"breakeven/usage"
)

// fuzzRead feeds a format's reader, and a reader that has to find the format, with anything. What must hold:
// no panic; every row is a call, is skipped or is a fault; every call is possible; every error is typed; the
// summary is JSON.
func fuzzRead(f *testing.F, format string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s[:len(s)*2/3]), uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, input uint8) {
		for _, name := range []string{format, ""} {
			o := usage.Options{
				Format: name, Input: usage.InputConvention(input % 3), MaxLine: 1 << 16,
				Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Strict: input > 200,
			}
			first := o.Now
			s, err := usage.Read("fuzz", bytes.NewReader(data), o, func(c *usage.Call) error {
				if !c.Start.IsZero() && c.Start.Before(first) {
					first = c.Start
				}
				if e := c.Quantities.Check(); e != nil {
					t.Fatalf("%v: %+v", e, c)
				}
				if c.Reported.USD < 0 || c.Latency < 0 || c.TTFT < 0 || (!c.End.IsZero() && !c.End.After(c.Start)) {
					t.Fatalf("impossible call: %+v", c)
				}
				return nil
			})
			if err != nil {
				_, file := errors.AsType[*usage.FileError](err)
				_, row := errors.AsType[*usage.RowError](err)
				_, convention := errors.AsType[*usage.ConventionError](err)
				if !file && !row && !convention {
					t.Fatalf("%T: %v", err, err)
				}
			}
			if s.Rows != s.Calls+s.Skipped+s.Faulty {
				t.Fatalf("%+v", s)
			}
			if s.Clock == usage.Absolute && first.Year() < 2020 {
				t.Fatalf("a call of %v", first)
			}
			if err := sentences(s.Notes); err != nil {
				t.Fatal(err)
			}
			if _, err := json.Marshal(s); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzReadLiteLLM(f *testing.F) {
	fuzzRead(f, "litellm",
		`{"request_id":"r","spend":0.01,"prompt_tokens":10,"completion_tokens":1,"startTime":"2026-08-19T01:14:08.162Z","endTime":"2026-08-19T01:14:09Z","cache_hit":"False","metadata":"{\"usage_object\":{\"cache_read_input_tokens\":4}}"}`+"\n",
		"request_id,spend,prompt_tokens,completion_tokens,startTime,metadata\nr,1e-3,10,1,2026-08-19 01:14:08,\"{\"\"usage_object\"\":{\"\"cache_creation_input_tokens\"\":4}}\"\n")
}

func FuzzReadLiteLLMDaily(f *testing.F) {
	fuzzRead(f, "litellm_daily", "date,model,custom_llm_provider,prompt_tokens,completion_tokens,cache_read_input_tokens,spend,api_requests\n2026-08-19,m,p,10,1,4,0.5,2\n")
}

func FuzzReadOpenAIUsage(f *testing.F) {
	fuzzRead(f, "openai_usage", `{"data":[{"start_time":1787108400,"end_time":1787112000,"results":[{"input_tokens":10,"input_cached_tokens":4,"input_audio_tokens":1,"output_tokens":2,"num_model_requests":1,"batch":true}]}]}`)
}

func FuzzReadOpenAIDashboard(f *testing.F) {
	fuzzRead(f, "openai_dashboard", "start_time_iso,end_time_iso,num_model_requests,input_tokens,output_tokens,input_cached_tokens,model\n2026-08-19T00:00:00+00:00,2026-08-20T00:00:00+00:00,3.0,10.0,2.0,4.0,m\n")
}

func FuzzReadAnthropicUsage(f *testing.F) {
	fuzzRead(f, "anthropic_usage", `{"data":[{"starting_at":"2026-08-19T01:00:00Z","ending_at":"2026-08-19T02:00:00Z","results":[{"uncached_input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":2},"cache_read_input_tokens":3,"output_tokens":4,"context_window":"200k-1M"}]}]}`)
}

func FuzzReadAnthropicConsole(f *testing.F) {
	fuzzRead(f, "anthropic_console", "usage_date_utc,model_version,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_read,usage_output_tokens\n2026-08-19,m,≤ 200k,1,2,3\n")
}

func FuzzReadOpenRouter(f *testing.F) {
	fuzzRead(f, "openrouter", "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_cached,model_permaslug,variant,generation_time_ms\ng,2026-08-19 01:14:08.162,0.06,13,2,12,a/b,free,46\n")
}

func FuzzReadOpenRouterDaily(f *testing.F) {
	fuzzRead(f, "openrouter_daily", "Date,Slug,Usage,Requests,Prompt Tokens,Completion Tokens\n2026-08-19 00:00:00,a/b,0.5,3,10,2\n")
}

func FuzzReadOTLP(f *testing.F) {
	fuzzRead(f, "otlp", span(strings.Join([]string{
		attribute("gen_ai.usage.input_tokens", "intValue", `"10"`), attribute("llm.token_count.prompt_details.cache_read", "intValue", "4"),
		attribute("gen_ai.operation.name", "stringValue", "chat"), attribute("llm.cost.total", "doubleValue", "1e-4"),
	}, ",")))
}

func FuzzReadObservability(f *testing.F) {
	fuzzRead(f, "langfuse",
		`{"type":"GENERATION","provided_model_name":"m","start_time":"2026-08-19T01:14:08Z","usage_details":{"input":1,"cache_read_input_tokens":2,"output":3,"total":6}}`,
		`{"run_type":"llm","start_time":"2026-08-19T01:14:08Z","prompt_tokens":3,"completion_tokens":1,"prompt_token_details":{"cache_read":2}}`,
		`{"request_created_at":"2026-08-19T01:14:08Z","prompt_tokens":3,"completion_tokens":1,"cost":12}`,
		`{"created_at":"2026-08-19T01:14:08Z","ai_org":"o","ai_model":"m","req_units":3,"res_units":1,"cost":1.5e-1}`,
		`{"timestamp":"2026-08-19T01:14:08Z","token_usage":{"prompt_tokens":3,"completion_tokens":1}}`,
		`{"timestamp":"2026-08-19T01:14:08Z","modelId":"m","input":{"inputTokenCount":1},"output":{"outputTokenCount":2}}`)
}

func FuzzReadGeneric(f *testing.F) {
	fuzzRead(f, "generic",
		"t,input_tokens,output_tokens,cached_tokens\n0.5,10,1,4\n1,10,1,40\n",
		"start,end,input_tokens,output_tokens\r2026-08-19,1787108400,5,\r7,2026-08-19T01:00:00Z,5,1\r",
		`{"t":1,"input_tokens":5,"input_tokens":6,"output_tokens":null}`+"\n[]\n",
		"date;model;input_tokens;output_tokens;cost;currency\n2026-08-19;m;1;2;0.5;USD\n",
		`{"timestamp":27482,"input_length":6955,"output_length":52,"hash_ids":[46,47]}`+"\n",
		`{"data":[{"created_at":1787102048123,"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}]}`,
		"\xff\xfet\x00,\x00i\x00n\x00p\x00u\x00t\x00\n\x001\x00,\x002\x00",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
}

func FuzzFromResponse(f *testing.F) {
	for _, s := range []string{
		`{"id":"1","model":"m","created":1787102048,"service_tier":"flex","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}}`,
		`{"type":"message","usage":{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":2},"cache_read_input_tokens":3,"output_tokens":4,"iterations":[{"type":"compaction","input_tokens":5}]}}`,
		`[{"usageMetadata":{"promptTokenCount":10,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":3}],"candidatesTokenCount":1,"thoughtsTokenCount":2,"toolUsePromptTokenCount":4}}]`,
		`{"usage":{"inputTokens":1,"outputTokens":2,"cacheWriteInputTokens":3,"cacheDetails":[{"ttl":"1h","inputTokens":3}]}}`,
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":9}}\n\ndata: [DONE]\n",
		`{"usage":{"billed_units":{"input_tokens":1,"output_tokens":2}}}`,
		`{"usage":{"prompt_tokens":1,"cost":0.5,"is_byok":true,"cost_in_usd_ticks":5}}`,
	} {
		for _, p := range []string{"", "openai", "anthropic", "google", "bedrock", "xai", "cohere", "openrouter", "perplexity"} {
			f.Add(p, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, provider string, body []byte) {
		r, err := usage.FromResponse(provider, body)
		if err != nil {
			if _, ok := errors.AsType[*usage.UsageError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if e := r.Quantities.Check(); e != nil || r.Reported.USD < 0 || r.Dialect == "" {
			t.Fatalf("%v: %+v", e, r)
		}
		if err := sentences(r.Notes); err != nil {
			t.Fatal(err)
		}
		again, err := usage.FromResponse(provider, body)
		if err != nil || again.Quantities != r.Quantities {
			t.Fatalf("read again: %+v, %v; first %+v", again, err, r)
		}
	})
}
