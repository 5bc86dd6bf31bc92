package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"breakeven/internal/app"
	"breakeven/internal/otlp"
	"breakeven/price"
	"breakeven/usage"
)

// scrape reads the metrics as Prometheus does.
func scrape(t *testing.T, s *httptest.Server) map[string]*dto.MetricFamily {
	t.Helper()
	status, body, _ := call(t, s, http.MethodGet, "/metrics", "", "")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "breakeven_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	return families
}

// value is a metric's value under labels such as "model=m kind=input".
func value(t *testing.T, families map[string]*dto.MetricFamily, name, labels string) float64 {
	t.Helper()
	for _, m := range families[name].GetMetric() {
		has := map[string]bool{}
		for _, l := range m.GetLabel() {
			has[l.GetName()+"="+l.GetValue()] = true
		}
		all := true
		for want := range strings.FieldsSeq(labels) {
			all = all && has[want]
		}
		if all {
			return m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	t.Errorf("there is no %s{%s}", name, labels)
	return 0
}

func kept(id, name string, input, output int64) usage.Call {
	return usage.Call{
		ID: id, Start: clock().AddDate(0, 0, -1), Requests: usage.Count{N: 1, Known: true}, Provider: "openai", Model: name, Project: "secret project", User: "ann",
		Quantities: price.Quantities{price.Request: 1, price.Input: input, price.Output: output},
	}
}

// The metrics say what the report says, in the format that Prometheus reads, and name no project and no user.
// GPT-5.6 Sol is 4 / 20 dollars per million tokens: 3,000 in and 100 out are 0.012 + 0.002.
func TestMetrics(t *testing.T) {
	engine := newMemory()
	for _, c := range []usage.Call{kept("1", "gpt-5.6-sol", 1000, 40), kept("2", "gpt-5.6-sol", 2000, 60), kept("3", "acme-9000", 5, 6)} {
		engine.calls[c.ID] = c
	}
	a, s, _ := receiving(t, engine, otlp.Options{})
	if status, body, _ := sendSpans(t, s, "", "application/json", "", `{"resourceSpans":[{"scopeSpans":[{"spans":[{},{}]}]}]}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	call(t, s, http.MethodGet, "/api/v1/prices", "", "")
	call(t, s, http.MethodGet, "/api/v1/nothing/"+strings.Repeat("x", 100), "", "")
	call(t, s, http.MethodGet, "/any/page", "", "")
	families := scrape(t, s)
	stamp, err := a.Stamp()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, labels string
		want         float64
	}{
		{"breakeven_price_book_info", "version=test snapshot=" + stamp.Snapshot, 1},
		{"breakeven_usage_up", "", 1},
		{"breakeven_usage_calls", "", 3},
		{"breakeven_usage_last_call_timestamp_seconds", "", float64(clock().AddDate(0, 0, -1).Unix())},
		{"breakeven_usage_tokens", "provider=openai model=gpt-5.6-sol tier=standard kind=input", 3000},
		{"breakeven_usage_tokens", "model=gpt-5.6-sol kind=output", 100},
		{"breakeven_usage_requests", "model=gpt-5.6-sol", 2},
		{"breakeven_usage_cost_usd", "model=gpt-5.6-sol", 0.014},
		{"breakeven_usage_cost_complete", "model=gpt-5.6-sol", 1},
		{"breakeven_usage_cost_complete", "model=acme-9000", 0},
		{"breakeven_usage_tokens", "model=acme-9000 kind=output", 6},
		{"breakeven_otlp_spans_total", "outcome=ignored", 2},
		{"breakeven_otlp_spans_total", "outcome=call", 0},
		{"breakeven_otlp_waiting_calls", "", 0},
		{"breakeven_otlp_refused_requests_total", "", 0},
	} {
		if got := value(t, families, c.name, c.labels); got != c.want {
			t.Errorf("%s{%s}: %v, want %v", c.name, c.labels, got, c.want)
		}
	}
	routes := map[string]float64{}
	for _, m := range families["breakeven_http_requests_total"].GetMetric() {
		key := ""
		for _, l := range m.GetLabel() {
			key += l.GetValue() + " "
		}
		routes[strings.TrimSpace(key)] += m.GetCounter().GetValue()
	}
	for _, route := range []string{"200 POST /v1/traces", "200 GET /api/v1/prices", "404 /api/"} {
		if routes[route] != 1 {
			t.Errorf("%q was counted %v times: %v", route, routes[route], routes)
		}
	}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			if text := fmt.Sprint(m); strings.Contains(text, "secret") || strings.Contains(text, "ann\"") || strings.Contains(text, "xxx") {
				t.Errorf("%s names somebody: %s", name, text)
			}
		}
	}
	for _, name := range []string{"go_goroutines", "process_cpu_seconds_total", "breakeven_price_source_last_read_timestamp_seconds"} {
		if families[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	// What cannot be priced has no cost, and not a cost of zero.
	for _, m := range families["breakeven_usage_cost_usd"].GetMetric() {
		if strings.Contains(fmt.Sprint(m), "acme") {
			t.Errorf("a cost of what has no price: %v", m)
		}
	}
}

// Scrapes are cheap: the calls are added up once for many of them. A log that names models without end makes a bounded
// number of series, which add up to all of its tokens.
func TestMetricsAreBounded(t *testing.T) {
	engine := newMemory()
	for i := range 500 {
		c := kept(fmt.Sprint(i), fmt.Sprint("model ", i), int64(1+i), 0)
		engine.calls[c.ID] = c
	}
	_, s, _ := receiving(t, engine, otlp.Options{})
	families := scrape(t, s)
	asked := engine.asked
	for range 5 {
		scrape(t, s)
	}
	if asked == 0 || engine.asked != asked {
		t.Errorf("%d questions for one scrape, %d for six", asked, engine.asked)
	}
	tokens := families["breakeven_usage_tokens"].GetMetric()
	sum := 0.0
	for _, m := range tokens {
		sum += m.GetGauge().GetValue()
	}
	if len(tokens) != 200 || sum != 500*501/2 {
		t.Errorf("%d series of %v tokens", len(tokens), sum)
	}
	if got := value(t, families, "breakeven_usage_requests", "model=other"); got != 301 {
		t.Errorf("%v other requests", got)
	}
}

// A store that cannot be asked shows no sums, rather than old ones; nothing kept shows none either.
func TestMetricsOfAStoreThatFails(t *testing.T) {
	engine := newMemory()
	c := kept("1", "gpt-5.6-sol", 1000, 40)
	engine.calls["1"], engine.fail = c, errors.New("a shard is down")
	_, s, _ := receiving(t, engine, otlp.Options{})
	families := scrape(t, s)
	if value(t, families, "breakeven_usage_up", "") != 0 || families["breakeven_usage_tokens"] != nil || families["breakeven_usage_calls"] != nil {
		t.Error("sums of a store that fails")
	}
	_, s, _ = receiving(t, newMemory(), otlp.Options{})
	families = scrape(t, s)
	if value(t, families, "breakeven_usage_up", "") != 1 || value(t, families, "breakeven_usage_calls", "") != 0 {
		t.Error("an empty store")
	}
	// A server that keeps no calls says nothing of them.
	families = scrape(t, serve(t, app.New("test", clock)))
	if families["breakeven_usage_up"] != nil || families["breakeven_otlp_waiting_calls"] != nil || families["breakeven_price_book_info"] == nil {
		t.Error("a server that keeps no calls")
	}
}
