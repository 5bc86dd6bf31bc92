package otlp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"breakeven/internal/otlp"
	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/price"
	"breakeven/usage"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return now }

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}}}
}

// span is the n-th call: n tokens in and one out.
func span(n int, more ...*common.KeyValue) *trace.Span {
	start := uint64(now.Add(-time.Hour).UnixNano())
	return &trace.Span{
		TraceId: fmt.Appendf(nil, "trace-%010d", n), SpanId: fmt.Appendf(nil, "%08d", n), Name: "chat", StartTimeUnixNano: start, EndTimeUnixNano: start + 1e9,
		Attributes: append([]*common.KeyValue{
			text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"), text("gen_ai.response.model", "gpt-5.6-sol"),
			number("gen_ai.usage.input_tokens", int64(n)), number("gen_ai.usage.output_tokens", 1),
		}, more...),
	}
}

func request(spans ...*trace.Span) *collector.ExportTraceServiceRequest {
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: []*common.KeyValue{text("service.name", "shop")}},
		ScopeSpans: []*trace.ScopeSpans{{Scope: &common.InstrumentationScope{Name: "openai"}, Spans: spans}},
	}}}
}

func decode(t testing.TB, spans ...*trace.Span) []otlp.Scope {
	t.Helper()
	body, err := proto.Marshal(request(spans...))
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := otlp.Decode(body, otlp.Protobuf)
	if err != nil {
		t.Fatal(err)
	}
	return scopes
}

// A request says the same in both encodings. Identifiers are hexadecimal in OTLP's JSON, unlike in other JSON of
// Protocol Buffers, and whoever writes them in capitals means the same span.
func TestDecode(t *testing.T) {
	one := span(7, number("gen_ai.usage.cache_read.input_tokens", 3),
		&common.KeyValue{Key: "gen_ai.usage.cost", Value: &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: 0.00001}}},
		&common.KeyValue{Key: "gen_ai.request.stream", Value: &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}},
		&common.KeyValue{Key: "gen_ai.input.messages", Value: &common.AnyValue{Value: &common.AnyValue_ArrayValue{}}})
	one.Status = &trace.Status{Code: trace.Status_STATUS_CODE_ERROR}
	want := decode(t, one)
	got, err := otlp.Decode([]byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{
		"scope":{"name":"openai"},"spans":[{"traceId":"74726163652D30303030303030303037","spanId":"3030303030303037","startTimeUnixNano":"1795518000000000000",
		"endTimeUnixNano":1795518001000000000,"status":{"code":2},"futureField":[1],"attributes":[
		{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
		{"key":"gen_ai.response.model","value":{"stringValue":"gpt-5.6-sol"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}},
		{"key":"gen_ai.usage.output_tokens","value":{"intValue":1}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"3"}},
		{"key":"gen_ai.usage.cost","value":{"doubleValue":1e-5}},{"key":"gen_ai.request.stream","value":{"boolValue":true}},
		{"key":"gen_ai.input.messages","value":{"arrayValue":{}}}]}]}]}]}`), otlp.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("JSON says\n%+v\nand Protocol Buffers\n%+v", got, want)
	}
	s := got[0].Spans[0]
	if s.Trace != "74726163652d30303030303030303037" || s.ID != "3030303030303037" || !s.Failed || len(s.Attributes) != 8 || s.Attributes[6].Value != "0.00001" {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		body string
		e    otlp.Encoding
		want string
	}{
		{"{", otlp.JSON, "the body is no ExportTraceServiceRequest in application/json"},
		{`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz!"}]}]}]}`, otlp.JSON, "application/json"},
		{"\xff\xff", otlp.Protobuf, "application/x-protobuf"},
	} {
		if _, err := otlp.Decode([]byte(c.body), c.e); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.body, err)
		}
	}
}

// The answers are what the real types of OpenTelemetry and of gRPC read.
func TestAnswers(t *testing.T) {
	read := map[otlp.Encoding]func([]byte, proto.Message) error{otlp.Protobuf: proto.Unmarshal, otlp.JSON: protojson.Unmarshal}
	for e, unmarshal := range read {
		var all, some collector.ExportTraceServiceResponse
		var refused rpc.Status
		for _, c := range []struct {
			body []byte
			into proto.Message
		}{{otlp.Accepted(e, 0, ""), &all}, {otlp.Accepted(e, 3, "naïve \xff"), &some}, {otlp.Refused(e, otlp.ResourceExhausted, "later"), &refused}} {
			if err := unmarshal(c.body, c.into); err != nil {
				t.Fatalf("%s %q: %v", e.ContentType(), c.body, err)
			}
		}
		if all.PartialSuccess != nil {
			t.Errorf("%v", &all)
		}
		if p := some.GetPartialSuccess(); p.GetRejectedSpans() != 3 || p.GetErrorMessage() != "naïve \uFFFD" {
			t.Errorf("%v", &some)
		}
		if refused.GetCode() != 8 || refused.GetMessage() != "later" {
			t.Errorf("%v", &refused)
		}
	}
	for header, want := range map[string]bool{"application/x-protobuf": true, "application/json; charset=utf-8": true, "Application/JSON": true, "text/plain": false, "": false} {
		if _, ok := otlp.EncodingOf(header); ok != want {
			t.Errorf("%q: %v", header, ok)
		}
	}
}

// What is acknowledged is kept: calls of a model, each once however often it is sent. Other spans are ignored, and those
// of calls that cannot be understood are rejected, with the reason of the first.
func TestTake(t *testing.T) {
	s := newStore()
	r := otlp.New(s, otlp.Options{Every: time.Millisecond, Now: fixed})
	defer r.Close()
	http := span(1)
	http.Attributes = []*common.KeyValue{text("http.request.method", "POST")}
	agent := span(2)
	agent.Attributes[0] = text("gen_ai.operation.name", "invoke_agent")
	nameless := span(5)
	nameless.SpanId = make([]byte, 8)
	scopes := decode(t, span(100), http, agent, span(-3), nameless, span(200))
	for range 2 {
		receipt, err := r.Take(t.Context(), scopes)
		if err != nil {
			t.Fatal(err)
		}
		why := receipt.Why
		receipt.Why = ""
		if want := (otlp.Receipt{Spans: 6, Calls: 2, Ignored: 2, Rejected: 2}); receipt != want {
			t.Errorf("%+v, want %+v", receipt, want)
		}
		if !strings.HasPrefix(why, "2 spans were rejected; the first, span ") {
			t.Errorf("%q", why)
		}
	}
	receipt, err := r.Take(t.Context(), decode(t, span(-3)))
	if want := `span 74726163652d2d303030303030303033-2d30303030303033: gen_ai.usage.input_tokens "-3" is negative (mend the export: no call has fewer than no tokens)`; err != nil || receipt.Why != want {
		t.Errorf("%v %q", err, receipt.Why)
	}
	if calls, _ := s.kept(); calls != 2 {
		t.Errorf("%d calls are kept", calls)
	}
	for _, c := range s.calls {
		if c.Project != "shop" || c.Provider != "openai" || c.Quantities[price.Input] != 100 && c.Quantities[price.Input] != 200 {
			t.Errorf("%+v", c)
		}
	}
	if got := r.Stats(); got.Spans != 13 || got.Calls != 4 || got.Ignored != 4 || got.Rejected != 5 || got.Added != 2 || got.Same != 2 || got.Waiting != 0 || !got.LastCommit.Equal(now) {
		t.Errorf("%+v", got)
	}
}

// What the spans of one instrumentation prove holds for its later ones, and for nobody else's: see
// usage.TestReadSpansRemember for the figures.
func TestConventionIsRemembered(t *testing.T) {
	s := newStore()
	r := otlp.New(s, otlp.Options{Every: time.Millisecond, Now: fixed})
	defer r.Close()
	cached := func(n int, read int64) *trace.Span {
		return span(n, number("gen_ai.usage.cache_read.input_tokens", read))
	}
	other := decode(t, cached(301, 100))
	other[0].Name = "another"
	for _, scopes := range [][]otlp.Scope{decode(t, cached(100, 600)), decode(t, cached(300, 100)), other} {
		if _, err := r.Take(t.Context(), scopes); err != nil {
			t.Fatal(err)
		}
	}
	got := map[int64]bool{}
	for _, c := range s.calls {
		got[c.Quantities[price.Input]] = true
	}
	if !got[100] || !got[300] || !got[201] || len(got) != 3 {
		t.Errorf("inputs %v, want 100, 300 and 301 - 100", got)
	}
}

// Many requests share a commit: the first is committed at once, the others when a second has passed since.
func TestCommitsAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := otlp.New(s, otlp.Options{Now: fixed})
		send := func(n int) {
			if _, err := r.Take(t.Context(), decode(t, span(n))); err != nil {
				t.Error(err)
			}
		}
		begun := time.Now()
		send(1)
		if d := time.Since(begun); d != 0 {
			t.Errorf("the first waited %v", d)
		}
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() { send(2 + n) })
		}
		all.Wait()
		if d := time.Since(begun); d != otlp.DefaultEvery {
			t.Errorf("the others waited %v", d)
		}
		if calls, batches := s.kept(); calls != 51 || batches != 2 {
			t.Errorf("%d calls in %d batches", calls, batches)
		}
		r.Close()
	})
}

// A full queue takes nothing more, and forgets nothing that it took: 3 calls may wait while a commit hangs.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.hold = make(chan struct{})
		r := otlp.New(s, otlp.Options{Queue: 3, Batch: 1, Now: fixed})
		taken := make(chan error, 3)
		for n := range 3 {
			go func() {
				_, err := r.Take(t.Context(), decode(t, span(1+n)))
				taken <- err
			}()
		}
		synctest.Wait()
		if _, err := r.Take(t.Context(), decode(t, span(9))); !errors.Is(err, otlp.ErrFull) {
			t.Errorf("a fourth call: %v", err)
		}
		if got := r.Stats(); got.Waiting != 3 || got.Full != 1 {
			t.Errorf("%+v", got)
		}
		close(s.hold)
		for range 3 {
			if err := <-taken; err != nil {
				t.Error(err)
			}
		}
		// A request that is larger than the queue goes alone, as it could never go otherwise.
		if _, err := r.Take(t.Context(), decode(t, span(4), span(5), span(6), span(7))); err != nil {
			t.Error(err)
		}
		r.Close()
		if calls, _ := s.kept(); calls != 7 {
			t.Errorf("%d calls are kept", calls)
		}
	})
}

// Closing commits what waits and answers it; then nothing more is taken.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		r := otlp.New(s, otlp.Options{Every: time.Hour, Now: fixed})
		if _, err := r.Take(t.Context(), decode(t, span(1))); err != nil {
			t.Fatal(err)
		}
		answer := make(chan error)
		go func() {
			_, err := r.Take(t.Context(), decode(t, span(2)))
			answer <- err
		}()
		synctest.Wait() // it waits for its hour
		go r.Close()
		if err := <-answer; err != nil {
			t.Error(err)
		}
		r.Close()
		if calls, _ := s.kept(); calls != 2 {
			t.Errorf("%d calls are kept", calls)
		}
		if _, err := r.Take(t.Context(), decode(t, span(3))); !errors.Is(err, otlp.ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}

// A store that fails is an answer to send again, and the next commit is another attempt.
func TestStoreFails(t *testing.T) {
	s := newStore()
	r := otlp.New(s, otlp.Options{Every: time.Millisecond, Now: fixed})
	defer r.Close()
	s.failing(errors.New("no space left on device"))
	_, err := r.Take(t.Context(), decode(t, span(1)))
	if _, ok := errors.AsType[*otlp.StoreError](err); !ok || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v", err)
	}
	s.failing(nil)
	if _, err := r.Take(t.Context(), decode(t, span(1))); err != nil {
		t.Error(err)
	}
	if got := r.Stats(); got.Failed != 1 || got.Commits != 1 || got.Calls != 1 || got.Spans != 1 {
		t.Errorf("%+v", got)
	}
}

// The samples of three generations of conventions say over the network what they say in a file.
func TestSamples(t *testing.T) {
	const folder = "../../../shared/data/usage-samples"
	files, err := filepath.Glob(filepath.Join(folder, "otlp_*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("the samples are not here: ", folder)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]price.Quantities{}
		if _, err := usage.Read(file, strings.NewReader(string(body)), usage.Options{}, func(c *usage.Call) error {
			want[c.ID] = c.Quantities
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		s := newStore()
		r := otlp.New(s, otlp.Options{Every: time.Millisecond, Now: fixed})
		scopes, err := otlp.Decode(body, otlp.JSON)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Take(t.Context(), scopes); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if len(want) == 0 || len(s.calls) != len(want) {
			t.Errorf("%s: %d calls, %d in the file", file, len(s.calls), len(want))
		}
		for id, c := range s.calls {
			if c.Quantities != want[id] {
				t.Errorf("%s %s: %v, want %v", file, id, c.Quantities, want[id])
			}
		}
	}
}

// Anything may come over the network: it is refused or understood, every span counts once, and every call that is kept
// has a time and an identifier.
func FuzzDecode(f *testing.F) {
	for _, spans := range [][]*trace.Span{{span(1)}, {span(-1), span(2)}, {{}}} {
		body, err := proto.Marshal(request(spans...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, false)
		if body, err = protojson.Marshal(request(spans...)); err != nil {
			f.Fatal(err)
		}
		f.Add(body, true)
	}
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"74726163652D30303030303030303037","spanId":"3030303030303037","startTimeUnixNano":"1795518000000000000","attributes":[{"key":"gen_ai.usage.input_tokens","value":{"doubleValue":"NaN"}}]}]}]}]}`), true)
	s := newStore()
	r := otlp.New(s, otlp.Options{Every: 1, Now: fixed})
	f.Cleanup(r.Close)
	f.Fuzz(func(t *testing.T, body []byte, inJSON bool) {
		e := otlp.Protobuf
		if inJSON {
			e = otlp.JSON
		}
		scopes, err := otlp.Decode(body, e)
		if err != nil {
			return
		}
		spans := int64(0)
		for _, s := range scopes {
			spans += int64(len(s.Spans))
		}
		receipt, err := r.Take(t.Context(), scopes)
		if err != nil {
			t.Fatal(err) // the store refuses calls without a time or an identifier
		}
		if receipt.Spans != spans || receipt.Calls+receipt.Ignored+receipt.Rejected != spans {
			t.Errorf("%d spans: %+v", spans, receipt)
		}
		if (receipt.Rejected > 0) != (receipt.Why != "") {
			t.Errorf("%+v", receipt)
		}
		for _, e := range []otlp.Encoding{otlp.Protobuf, otlp.JSON} {
			if answer := otlp.Accepted(e, receipt.Rejected, receipt.Why); e == otlp.JSON && !json.Valid(answer) {
				t.Errorf("%s", answer)
			}
		}
	})
}

// BenchmarkDecode reads requests of 512 spans, as the Go SDK sends them, with a prompt of 2,000 bytes each.
func BenchmarkDecode(b *testing.B) {
	spans := make([]*trace.Span, 512)
	for i := range spans {
		spans[i] = span(i+1, text("gen_ai.prompt", strings.Repeat("word ", 400)))
	}
	inProto, err := proto.Marshal(request(spans...))
	if err != nil {
		b.Fatal(err)
	}
	r := otlp.New(newStore(), otlp.Options{Every: 1, Now: fixed})
	defer r.Close()
	b.ReportAllocs()
	b.SetBytes(int64(len(inProto)))
	for b.Loop() {
		scopes, err := otlp.Decode(inProto, otlp.Protobuf)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Take(b.Context(), scopes); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(spans))/b.Elapsed().Seconds(), "spans/s")
}

// BenchmarkKept is how long an exporter waits for 512 calls to be kept in a data folder, beside those of the same day
// that are there already: they may be the same calls, sent again.
func BenchmarkKept(b *testing.B) {
	for _, before := range []int{0, 1_000_000} {
		b.Run(fmt.Sprintf("beside %d", before), func(b *testing.B) {
			f, err := folder.Open(b.TempDir(), folder.Options{Create: true})
			if err != nil {
				b.Fatal(err)
			}
			keep(b, f, before)
			r := otlp.New(f, otlp.Options{Every: 1, Now: fixed})
			defer func() {
				r.Close()
				if err := f.Close(); err != nil {
					b.Error(err)
				}
			}()
			spans, n := make([]*trace.Span, 512), before
			for b.Loop() {
				for i := range spans {
					n++
					spans[i] = span(n)
				}
				if _, err := r.Take(b.Context(), decode(b, spans...)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// keep puts so many calls of the day into an engine.
func keep(b *testing.B, e warehouse.Engine, n int) {
	b.Helper()
	if n == 0 {
		return
	}
	batch, err := e.Import(b.Context(), warehouse.Origin{Name: "before", Format: "otlp", At: now})
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		c := usage.Call{
			ID: fmt.Sprint(i), Start: now.Add(-time.Duration(i%40_000) * time.Second / 2), Requests: usage.Count{N: 1, Known: true},
			Provider: "openai", Model: "gpt-5.6-sol", Quantities: price.Quantities{price.Request: 1, price.Input: int64(i % 5000), price.Output: 10},
		}
		if err := batch.Add(&c); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := batch.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
}
