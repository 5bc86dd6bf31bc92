package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	v36 "go.opentelemetry.io/otel/semconv/v1.36.0"
	v37 "go.opentelemetry.io/otel/semconv/v1.37.0"
	v40 "go.opentelemetry.io/otel/semconv/v1.40.0"
	v41 "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"breakeven/internal/app"
	"breakeven/internal/httpapi"
	"breakeven/internal/otlp"
	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/price"
	"breakeven/usage"
)

// receiving is a server that keeps the calls of spans in an engine.
func receiving(t *testing.T, engine warehouse.Engine, o otlp.Options) (*app.App, *httptest.Server, *otlp.Receiver) {
	t.Helper()
	a := app.New("test", clock)
	a.Calls = engine
	o.Now = clock
	if o.Every == 0 {
		o.Every = time.Millisecond
	}
	spans := otlp.New(engine, o)
	s := httptest.NewServer(httpapi.New(a, slog.New(slog.NewTextHandler(t.Output(), nil)), httpapi.Spans(spans)))
	t.Cleanup(func() { // as the command does
		spans.Close()
		s.Close()
	})
	return a, s, spans
}

// sdkOf is the OpenTelemetry SDK with its real OTLP/HTTP exporter, sending to a server.
func sdkOf(t *testing.T, s *httptest.Server, service string, with ...sdk.TracerProviderOption) (trace.Tracer, func()) {
	t.Helper()
	exporter, err := otlptrace.New(t.Context(), otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(s.URL+"/v1/traces"), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 5 * time.Millisecond, MaxInterval: 50 * time.Millisecond, MaxElapsedTime: time.Minute}),
	))
	if err != nil {
		t.Fatal(err)
	}
	with = append(with, sdk.WithBatcher(exporter), sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	provider := sdk.NewTracerProvider(with...)
	return provider.Tracer("test"), func() {
		t.Helper()
		if err := provider.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

// chat records a span of an hour ago, two seconds long.
func chat(tracer trace.Tracer, attributes ...attribute.KeyValue) {
	begun := clock().Add(-time.Hour)
	_, span := tracer.Start(context.Background(), "chat", trace.WithTimestamp(begun), trace.WithAttributes(attributes...), trace.WithSpanKind(trace.SpanKindClient))
	span.End(trace.WithTimestamp(begun.Add(2 * time.Second)))
}

// Spans of every generation of the conventions, sent by OpenTelemetry's own exporter, are exactly the tokens that they
// state. 1,000 tokens in and 100 out each; where a generation has them, 600 of the input were read from a cache and 100
// written to it, and 40 of the output are reasoning.
func TestSpansOfTheRealExporter(t *testing.T) {
	engine := dataFolder(t, t.TempDir())
	a, s, receiver := receiving(t, engine, otlp.Options{})
	tracer, flush := sdkOf(t, s, "shop")
	model := func(name string) attribute.KeyValue { return v37.GenAIResponseModel(name) }
	chat(tracer, attribute.String("gen_ai.system", "openai"), model("prompt"), attribute.Int("gen_ai.usage.prompt_tokens", 1000), attribute.Int("gen_ai.usage.completion_tokens", 100))
	chat(tracer, v36.GenAISystemOpenAI, v36.GenAIOperationNameChat, v36.GenAIResponseModel("v1.36"), v36.GenAIUsageInputTokens(1000), v36.GenAIUsageOutputTokens(100))
	chat(tracer, v37.GenAIProviderNameOpenAI, v37.GenAIOperationNameChat, v37.GenAIResponseModel("v1.37"), v37.GenAIUsageInputTokens(1000), v37.GenAIUsageOutputTokens(100))
	chat(tracer, v40.GenAIProviderNameOpenAI, v40.GenAIOperationNameChat, v40.GenAIResponseModel("v1.40"), v40.GenAIUsageInputTokens(1000), v40.GenAIUsageOutputTokens(100),
		v40.GenAIUsageCacheReadInputTokens(600), v40.GenAIUsageCacheCreationInputTokens(100))
	chat(tracer, v41.GenAIProviderNameOpenAI, v41.GenAIOperationNameChat, v41.GenAIResponseModel("v1.41"), v41.GenAIUsageInputTokens(1000), v41.GenAIUsageOutputTokens(100),
		v41.GenAIUsageCacheReadInputTokens(600), v41.GenAIUsageCacheCreationInputTokens(100), v41.GenAIUsageReasoningOutputTokens(40))
	chat(tracer, v41.GenAIProviderNameOpenAI, v41.GenAIOperationNameChat, model("cache_write"), v41.GenAIUsageInputTokens(1000), v41.GenAIUsageOutputTokens(100),
		v41.GenAIUsageCacheReadInputTokens(600), attribute.Int("gen_ai.usage.cache_write.input_tokens", 100), v41.GenAIUsageReasoningOutputTokens(40))
	chat(tracer, attribute.String("openinference.span.kind", "LLM"), attribute.String("llm.provider", "openai"), attribute.String("llm.model_name", "OpenInference"),
		attribute.Int("llm.token_count.prompt", 1000), attribute.Int("llm.token_count.completion", 100), attribute.Int("llm.token_count.prompt_details.cache_read", 600),
		attribute.Int("llm.token_count.prompt_details.cache_write", 100), attribute.Int("llm.token_count.completion_details.reasoning", 40))
	// What adds up the calls below it, and what is no call to a model, does not count.
	chat(tracer, attribute.String("gen_ai.operation.name", "invoke_agent"), v41.GenAIUsageInputTokens(7000), v41.GenAIUsageOutputTokens(700))
	chat(tracer, attribute.String("http.request.method", "GET"))
	flush()

	kept, err := a.KeptSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := a.UsageReport(app.UsageRequest{Logs: []app.Source{kept}, By: []string{"model"}})
	if err != nil {
		t.Fatal(err)
	}
	none := price.Quantities{price.Request: 1, price.Input: 1000, price.Output: 100}
	cached := price.Quantities{price.Request: 1, price.Input: 300, price.CacheRead: 600, price.CacheWrite: 100, price.Output: 100}
	reasoned := cached
	reasoned[price.Output], reasoned[price.Reasoning] = 60, 40
	want := map[string]price.Quantities{
		"prompt": none, "v1.36": none, "v1.37": none, "v1.40": cached, "v1.41": reasoned, "cache_write": reasoned, "OpenInference": reasoned,
	}
	for _, row := range report.Rows {
		name := row.Group.Get("model")
		if row.Tokens != want[name] {
			t.Errorf("%s: %v, want %v", name, row.Tokens, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not kept: %v", want)
	}
	if err := engine.Scan(t.Context(), warehouse.Selection{}, func(c *usage.Call) error {
		if c.Project != "shop" || c.Latency != 2*time.Second || !c.Start.Equal(clock().Add(-time.Hour)) {
			t.Errorf("%+v", c)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if got := receiver.Stats(); got.Spans != 9 || got.Calls != 7 || got.Ignored != 2 || got.Rejected != 0 {
		t.Errorf("%+v", got)
	}
}

// What was acknowledged outlives the server, though nothing was closed in order; and what an exporter that had no answer
// sends again counts once.
func TestSpansSurviveARestart(t *testing.T) {
	path := t.TempDir()
	ids := sequence{}
	for range 2 {
		engine := dataFolder(t, path)
		_, s, receiver := receiving(t, engine, otlp.Options{})
		tracer, flush := sdkOf(t, s, "shop", sdk.WithIDGenerator(ids))
		for range 30 {
			chat(tracer, v41.GenAIResponseModel("m"), v41.GenAIUsageInputTokens(5), v41.GenAIUsageOutputTokens(1))
		}
		flush()
		if got := receiver.Stats(); got.Calls != 30 {
			t.Errorf("%+v", got)
		}
		// Another process opens the same folder while this one still has it.
		contents, err := dataFolder(t, path).Contents(t.Context(), warehouse.Selection{})
		if err != nil || len(contents) != 1 || contents[0].Rows != 30 {
			t.Errorf("%v %+v", err, contents)
		}
		ids = sequence{}
	}
}

// sequence makes the same identifiers each time.
type sequence map[string]byte

func (s sequence) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id := trace.TraceID{1}
	return id, s.NewSpanID(ctx, id)
}

func (s sequence) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	s["last"]++
	return trace.SpanID{s["last"]}
}

func dataFolder(t *testing.T, path string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(path, folder.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// Where too much waits, exporters are told to come again, and they do: everything is kept once. The store is held up
// until some were refused.
func TestSpansComeAgain(t *testing.T) {
	engine := newMemory()
	engine.hold = make(chan struct{})
	_, s, receiver := receiving(t, engine, otlp.Options{Queue: 15, Batch: 1})
	var all sync.WaitGroup
	for service := range 4 {
		all.Go(func() {
			tracer, flush := sdkOf(t, s, fmt.Sprint("service ", service))
			for range 10 {
				chat(tracer, v41.GenAIResponseModel("m"), v41.GenAIUsageInputTokens(5), v41.GenAIUsageOutputTokens(1))
			}
			flush()
		})
	}
	for deadline := time.Now().Add(10 * time.Second); receiver.Stats().Full < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("nobody was refused")
			break
		}
	}
	if waiting := receiver.Stats().Waiting; waiting > 15 {
		t.Errorf("%d calls wait", waiting)
	}
	close(engine.hold)
	all.Wait()
	services := map[string]int{}
	for _, c := range engine.sorted() {
		services[c.Project]++
	}
	for service := range 4 {
		if n := services[fmt.Sprint("service ", service)]; n != 10 {
			t.Errorf("service %d: %d calls are kept", service, n)
		}
	}
}

// compressed is a text by an encoding.
func compressed(t *testing.T, encoding, text string) string {
	t.Helper()
	var b bytes.Buffer
	switch encoding {
	case "gzip":
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	case "zstd":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(z.EncodeAll([]byte(text), nil))
	default:
		return text
	}
	return b.String()
}

const jsonSpan = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","startTimeUnixNano":"1795514400000000000",
	"attributes":[{"key":"gen_ai.usage.input_tokens","value":{"intValue":"%s"}}]}]}]}]}`

// Every answer is in the encoding of its request, and says whether to come again: by its status, as OTLP has it.
func TestSpanAnswers(t *testing.T) {
	const proto, json = "application/x-protobuf", "application/json"
	good := fmt.Sprintf(jsonSpan, "12")
	large := fmt.Sprintf(jsonSpan, strings.Repeat("0", httpapi.MaxSpans))
	for _, c := range []struct {
		name, path, contentType, encoding, body string
		status                                  int
		want                                    string
	}{
		{"a call", "", json, "", good, 200, ""},
		{"gzip", "", json, "gzip", good, 200, ""},
		{"zstd", "", json, "zstd", good, 200, ""},
		{"nothing", "", proto, "", "", 200, ""},
		{"an unreadable call", "", json, "", fmt.Sprintf(jsonSpan, "-12"), 200, `span 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331: gen_ai.usage.input_tokens "-12" is negative`},
		{"no JSON", "", json, "", "{", 400, "the body is no ExportTraceServiceRequest in application/json"},
		{"no message", "", proto, "", "\xff", 400, "the body is no ExportTraceServiceRequest in application/x-protobuf"},
		{"no gzip", "", json, "gzip", "?", 400, "the body is not gzip"},
		{"cut gzip", "", json, "gzip", "cut", 400, "the body cannot be read: unexpected EOF"},
		{"no zstd", "", json, "zstd", "?", 400, "the body cannot be read"},
		{"another encoding", "", json, "br", "?", 415, `encoded by "br": send gzip, zstd or none`},
		{"another type", "", "text/plain", "", good, 415, "neither application/x-protobuf nor application/json"},
		{"too large", "", json, "", large, 413, "larger than 20971520 bytes"},
		{"too large when it is decompressed", "", json, "gzip", large, 413, "larger than 20971520 bytes"},
		{"a bomb of zstd", "", json, "zstd", large, 413, "larger than 20971520 bytes"},
		{"metrics", "/v1/metrics", proto, "", "", 404, "metrics are not received"},
		{"logs", "/v1/logs", json, "", "{}", 404, "logs are not received"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, s, _ := receiving(t, newMemory(), otlp.Options{})
			body := c.body
			switch body {
			case "?":
			case "cut":
				body = compressed(t, c.encoding, good)[:40]
			default:
				body = compressed(t, c.encoding, body)
			}
			status, answer, header := sendSpans(t, s, c.path, c.contentType, c.encoding, body)
			if status != c.status || header.Get("Retry-After") != "" {
				t.Errorf("%d %q, want %d", status, answer, c.status)
			}
			if got := said(t, header.Get("Content-Type"), status, answer); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Whoever is to come again is told when.
func TestSpanAnswersToComeAgain(t *testing.T) {
	engine := newMemory()
	_, s, receiver := receiving(t, broken{engine}, otlp.Options{})
	status, answer, header := sendSpans(t, s, "", "application/json", "", fmt.Sprintf(jsonSpan, "12"))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "5" || !strings.Contains(answer, `{"code":14,"message":"the calls could not be kept: the disk is full"}`) {
		t.Errorf("%d %s %q", status, answer, header)
	}
	receiver.Close()
	status, answer, header = sendSpans(t, s, "", "application/json", "", fmt.Sprintf(jsonSpan, "12"))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(answer, "shutting down") {
		t.Errorf("%d %s", status, answer)
	}
	// Where nothing is kept there is nothing to come for, and another site's page may not send.
	nowhere := server(t)
	if status, answer, _ = call(t, nowhere, http.MethodPost, "/v1/traces", "application/json", "{}"); status != http.StatusNotFound || !strings.Contains(answer, "--warehouse") {
		t.Errorf("%d %s", status, answer)
	}
	if status, _, header = call(t, nowhere, http.MethodGet, "/v1/traces", "", ""); status != http.StatusMethodNotAllowed || !strings.Contains(header.Get("Allow"), http.MethodPost) {
		t.Errorf("%d %q", status, header)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/traces", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://elsewhere.example")
	req.Header.Set("Content-Type", "application/json")
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %s", res.Status)
	}
}

// broken is an engine that takes nothing in.
type broken struct{ *memory }

func (broken) Import(context.Context, warehouse.Origin) (warehouse.Batch, error) {
	return nil, errors.New("the disk is full")
}

func sendSpans(t *testing.T, s *httptest.Server, path, contentType, encoding, body string) (int, string, http.Header) {
	t.Helper()
	if path == "" {
		path = "/v1/traces"
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b.String(), res.Header
}

// said is what an answer tells, read as the exporters read it.
func said(t *testing.T, contentType string, status int, body string) string {
	t.Helper()
	unmarshal := proto.Unmarshal
	if contentType == "application/json" {
		unmarshal = protojson.Unmarshal
	}
	if status == http.StatusOK {
		var ok collector.ExportTraceServiceResponse
		if err := unmarshal([]byte(body), &ok); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		if p := ok.GetPartialSuccess(); p != nil && p.GetRejectedSpans() != 1 {
			t.Errorf("%d spans are rejected", p.GetRejectedSpans())
		}
		return ok.GetPartialSuccess().GetErrorMessage()
	}
	var refused rpc.Status
	if err := unmarshal([]byte(body), &refused); err != nil {
		t.Errorf("%q: %v", body, err)
	}
	if refused.GetCode() == int32(codes.Unset) {
		t.Errorf("no code: %v", &refused)
	}
	return refused.GetMessage()
}
