package usage_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"breakeven/usage"
)

// benchmarkRead reports rows per second.
func benchmarkRead(b *testing.B, text string, rows int64) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var output int64
		s, err := usage.Read("bench", strings.NewReader(text), usage.Options{}, func(c *usage.Call) error {
			output += c.Quantities.OutputTokens()
			return nil
		})
		if err != nil || s.Calls != rows {
			b.Fatal(err, s)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkReadGenericCSV(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("time,model,input_tokens,cached_tokens,output_tokens\n")
	const rows = 100_000
	for i := range rows {
		fmt.Fprintf(&text, "2026-08-19T%02d:%02d:%02d.%03dZ,model-%d,%d,%d,%d\n", i/3600%24, i/60%60, i%60, i%1000, i%7, 1000+i%5000, i%1000, i%500)
	}
	benchmarkRead(b, text.String(), rows)
}

func BenchmarkReadTrace(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("t,input_tokens,output_tokens\n")
	const rows = 100_000
	for i := range rows {
		fmt.Fprintf(&text, "%d.%06d,%d,%d\n", i/5, i%1_000_000, 1000+i%5000, i%500)
	}
	benchmarkRead(b, text.String(), rows)
}

func BenchmarkReadLiteLLM(b *testing.B) {
	var text bytes.Buffer
	const rows = 20_000
	for i := range rows {
		fmt.Fprintf(&text, `{"request_id":"req_%020d","call_type":"acompletion","api_key":"c9a642854ec7058f1bfb35e10913645ebd9118dd2e15f3f6b38f241ef96184f1","spend":0.0645345,"total_tokens":15419,"prompt_tokens":13251,"completion_tokens":2168,"startTime":"2026-08-19T01:14:08.162Z","endTime":"2026-08-19T01:14:54.705Z","request_duration_ms":46543,"completionStartTime":"2026-08-19T01:14:08.665Z","model":"claude-opus-4-7","model_group":"claude-opus-4-7","custom_llm_provider":"anthropic","user":"u3","metadata":{"usage_object":{"prompt_tokens":13251,"completion_tokens":2168,"cache_read_input_tokens":12544,"cache_creation_input_tokens":422,"prompt_tokens_details":{"cached_tokens":12544,"cache_creation_token_details":{"ephemeral_5m_input_tokens":422,"ephemeral_1h_input_tokens":0}},"completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"standard"},"cache_hit":"False","request_tags":["feature:search"],"team_id":"proj_alpha","end_user":"","session_id":"sess_4253ca4671dccd3eab1c","status":"success"}`+"\n", i)
	}
	benchmarkRead(b, text.String(), rows)
}
