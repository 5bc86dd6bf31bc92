package usage_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

// chat is a span of one call, begun on 2026-11-24 at 10:00 UTC and two seconds long.
func chat(id string, attributes ...string) usage.Span {
	const start = 1795514400000000000
	s := usage.Span{Trace: "0af7651916cd43dd8448eb211c80319c", ID: id, Start: start, End: start + 2e9}
	for i := 0; i < len(attributes); i += 2 {
		s.Attributes = append(s.Attributes, usage.Attribute{Key: attributes[i], Value: attributes[i+1]})
	}
	return s
}

func readSpans(t *testing.T, in usage.Instrumented, o usage.Options) ([]usage.Call, usage.Summary) {
	t.Helper()
	var calls []usage.Call
	sum, err := usage.ReadSpans("spans", in, o, func(c *usage.Call) error {
		calls = append(calls, *c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return calls, sum
}

// A decoded span is the same call as the span in a file, but for its line, and for the project, which its resource
// names: 1,000 tokens in, 600 of them from a cache.
func TestReadSpansAsFromAFile(t *testing.T) {
	const file = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",
		"startTimeUnixNano":"1795514400000000000","endTimeUnixNano":"1795514402000000000","status":{"code":2},"attributes":[
		{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
		{"key":"gen_ai.response.model","value":{"stringValue":"gpt-5.6-sol"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}},
		{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"600"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"50"}},
		{"key":"gen_ai.usage.cost","value":{"doubleValue":1.5e-3}},{"key":"gen_ai.conversation.id","value":{"stringValue":"c1"}}]}]}]}]}`
	var want usage.Call
	if _, err := usage.Read("spans", strings.NewReader(file), usage.Options{}, func(c *usage.Call) error { want = *c; return nil }); err != nil {
		t.Fatal(err)
	}
	want.Project, want.Line = "shop", 1
	span := chat("b7ad6b7169203331", "gen_ai.operation.name", "chat", "gen_ai.provider.name", "openai", "gen_ai.response.model", "gpt-5.6-sol",
		"gen_ai.usage.input_tokens", "1000", "gen_ai.usage.cache_read.input_tokens", "600", "gen_ai.usage.output_tokens", "50",
		"gen_ai.usage.cost", "1.5e-3", "gen_ai.conversation.id", "c1", "gen_ai.input.messages", "not read")
	span.Failed = true
	got, sum := readSpans(t, usage.Instrumented{Spans: []usage.Span{span}, Resource: []usage.Attribute{{Key: "service.name", Value: "shop"}}}, usage.Options{})
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Fatalf("%+v\nwant %+v", got, want)
	}
	if q := got[0].Quantities; q[price.Input] != 400 || q[price.CacheRead] != 600 || q[price.Output] != 50 || q[price.Request] != 1 {
		t.Errorf("quantities %v", q)
	}
	if sum.Format != "otlp" || sum.Rows != 1 || sum.Calls != 1 || sum.Clock != usage.Absolute {
		t.Errorf("%+v", sum)
	}
}

// What is no call is skipped, and what cannot be is a fault with the number of its span; the others are read.
func TestReadSpansFaults(t *testing.T) {
	future := chat("4", "gen_ai.usage.input_tokens", "1")
	future.Start += uint64(72 * time.Hour)
	undated := chat("5", "gen_ai.usage.input_tokens", "1")
	undated.Start = 0
	calls, sum := readSpans(t, usage.Instrumented{Spans: []usage.Span{
		chat("1", "http.request.method", "GET"),
		chat("2", "gen_ai.operation.name", "invoke_agent", "gen_ai.usage.input_tokens", "9"),
		chat("3", "gen_ai.usage.input_tokens", "-5"),
		future, undated,
		chat("6", "gen_ai.usage.input_tokens", "7", "gen_ai.usage.output_tokens", "1"),
		chat("7", "gen_ai.usage.input_tokens", "7", "gen_ai.usage.input_tokens", "8"),
	}}, usage.Options{Now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)})
	if len(calls) != 1 || calls[0].ID != "0af7651916cd43dd8448eb211c80319c-6" {
		t.Errorf("calls %+v", calls)
	}
	if sum.Rows != 7 || sum.Calls != 1 || sum.Skipped != 2 || sum.Faulty != 4 {
		t.Errorf("%+v", sum)
	}
	var lines []int
	for _, f := range sum.Faults {
		lines = append(lines, f.Line)
	}
	if !reflect.DeepEqual(lines, []int{3, 4, 5, 7}) {
		t.Errorf("faults at %v: %v", lines, sum.Faults)
	}
	_, err := usage.ReadSpans("spans", usage.Instrumented{Spans: []usage.Span{chat("3", "gen_ai.usage.input_tokens", "-5")}}, usage.Options{Strict: true}, nil)
	if err == nil || !strings.Contains(err.Error(), `spans:1: gen_ai.usage.input_tokens "-5": is negative`) {
		t.Errorf("%v", err)
	}
}

// Spans of one instrumentation that leave cached tokens out of the input prove it where they can: 600 of 100 tokens
// cannot come from a cache. Later spans that prove nothing are read as the earlier ones were; without them 100 of 300
// would count as cached, and the input would be 200.
func TestReadSpansRemember(t *testing.T) {
	proof := usage.Instrumented{Spans: []usage.Span{chat("1", "gen_ai.usage.input_tokens", "100", "gen_ai.usage.cache_read.input_tokens", "600")}}
	_, sum := readSpans(t, proof, usage.Options{})
	if sum.Input != usage.Excludes {
		t.Fatalf("read as %v: %s", sum.Input, sum.InputWhy)
	}
	quiet := usage.Instrumented{Spans: []usage.Span{chat("2", "gen_ai.usage.input_tokens", "300", "gen_ai.usage.cache_read.input_tokens", "100")}}
	for _, c := range []struct {
		expect usage.InputConvention
		input  int64
	}{{usage.Detect, 200}, {sum.Input, 300}} {
		quiet.Expect = c.expect
		calls, _ := readSpans(t, quiet, usage.Options{})
		if got := calls[0].Quantities[price.Input]; got != c.input {
			t.Errorf("expecting %v: input %d, want %d", c.expect, got, c.input)
		}
	}
	// What proves the opposite is read as what it proves: the total is input and output alone.
	quiet.Spans[0].Attributes = append(quiet.Spans[0].Attributes, usage.Attribute{Key: "gen_ai.usage.total_tokens", Value: "310"}, usage.Attribute{Key: "gen_ai.usage.output_tokens", Value: "10"})
	if calls, sum := readSpans(t, quiet, usage.Options{}); calls[0].Quantities[price.Input] != 200 || sum.Input != usage.Includes {
		t.Errorf("%+v %+v", calls, sum)
	}
}
