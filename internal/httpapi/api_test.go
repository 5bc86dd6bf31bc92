package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"breakeven/internal/app"
	"breakeven/internal/httpapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func server(t *testing.T) *httptest.Server {
	t.Helper()
	clock := func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }
	s := httptest.NewServer(httpapi.New(app.New("test", clock), slog.New(slog.NewTextHandler(t.Output(), nil))))
	t.Cleanup(s.Close)
	return s
}

// call sends a request and returns the status and the body.
func call(t *testing.T, s *httptest.Server, method, path, contentType, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data), res.Header
}

// form makes an upload of one log.
func form(t *testing.T, name, log string, fields map[string]string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("files", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, log); err != nil {
		t.Fatal(err)
	}
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// The contract is a file, so that a change of it is seen in review. Rewrite it with -update.
func TestOpenAPI(t *testing.T) {
	status, body, _ := call(t, server(t), http.MethodGet, "/openapi.json", "", "")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1") {
		t.Errorf("openapi %q", v)
	}
	pretty, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, append(pretty, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(pretty, '\n'), want) {
		t.Errorf("the API differs from %s; read the difference and rewrite it with go test ./internal/httpapi -update", golden)
	}
}

// Money is a decimal string in the contract, and dollars of a ledger are a number: as they are on the wire.
func TestOpenAPITypesAreThoseOnTheWire(t *testing.T) {
	_, body, _ := call(t, server(t), http.MethodGet, "/openapi.json", "", "")
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Type any }
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"CalcAnswer.per_call_usd": "string", "QuoteAnswer.total_usd": "string", "CalcLine.usd_per_million": "string", "BillLine.tier": "string",
		"CalcLine.kind": "string", "Line.usd_per_month": "number", "Ledger.total_usd_per_month": "number", "Reading.gap_usd_per_month": "number",
	} {
		schema, property, _ := strings.Cut(path, ".")
		if got := doc.Components.Schemas[schema].Properties[property].Type; got != want {
			t.Errorf("%s is %v, want %s", path, got, want)
		}
	}
}

func TestEndpoints(t *testing.T) {
	s := server(t)
	const scenario = `{"workload": {"input": 1200, "output": 350, "calls_per_day": 10000}}`
	for _, tt := range []struct {
		name, method, path, contentType, body string
		status                                int
		want                                  []string
	}{
		{"quick", "GET", "/api/v1/quick?api=40000&gpu=8000&ops=25000&tooling=7000&utilization=0.3733&design_utilization=0.7", "", "", 200, []string{`"total_usd_per_month":33000`, `"total_usd_per_month":47001.34`, `"readings_agree":false`}},
		{"quick, out of range", "GET", "/api/v1/quick?utilization=2", "", "", 422, []string{`"location":"query.utilization"`}},
		{"quick, no number", "GET", "/api/v1/quick?api=NaN", "", "", 422, []string{`api`}},
		{"constraints", "GET", "/api/v1/constraints", "", "", 200, []string{`"id":"elastic"`, `"id":"no_mlops"`}},
		{"presets", "GET", "/api/v1/presets", "", "", 200, []string{`"id":"growth"`, `"id":"fine-tuned"`}},
		{"calc", "GET", "/api/v1/calc?model=anthropic/claude-sonnet-4-6&input=1200&output=350&calls_per_day=10000&cached_share=0.3&batch_share=0.2", "", "", 200, []string{`"per_day_usd":"70.902"`}},
		{"calc, no such model", "GET", "/api/v1/calc?model=a/b&input=1&output=1&calls_per_day=1", "", "", 404, []string{`has no model`}},
		{"prices", "GET", "/api/v1/prices?provider=anthropic&q=sonnet-4-6", "", "", 200, []string{`"model":"claude-sonnet-4-6"`}},
		{"price", "GET", "/api/v1/prices/anthropic/claude-sonnet-4-6", "", "", 200, []string{`"in_force":true`}},
		{"price of a name with a slash", "GET", "/api/v1/prices/together/meta-llama%2FLlama-3.3-70B-Instruct-Turbo", "", "", 200, []string{`"provider":"together"`}},
		{"quote", "POST", "/api/v1/prices/quote", "application/json", `{"provider":"openai","response":{"model":"gpt-5.4","usage":{"prompt_tokens":1000,"completion_tokens":100}}}`, 200, []string{`"total_usd":"0.004"`, `"complete":true`}},
		{"quote, impossible", "POST", "/api/v1/prices/quote", "application/json", `{"provider":"openai","response":{"model":"gpt-5.4","usage":{"prompt_tokens":-1,"completion_tokens":100}}}`, 422, []string{`prompt_tokens`}},
		{"decide", "POST", "/api/v1/decide", "application/json", scenario, 200, []string{`"headline"`, `"rented_gpus"`, `"hybrid"`}},
		{"decide, a typo", "POST", "/api/v1/decide", "application/json", `{"workload": {"input": 1200, "output": 350, "cals_per_day": 10000}}`, 422, []string{`"location":"workload.cals_per_day"`, `did you mean calls_per_day?`}},
		{"decide, rules over two fields", "POST", "/api/v1/decide", "application/json", `{"workload": {"input": 1200, "output": 350}}`, 422, []string{`"location":"workload.calls_per_day"`}},
		{"decide, truncated", "POST", "/api/v1/decide", "application/json", `{"workload": {`, 422, []string{`is no YAML`}},
		{"example", "GET", "/api/v1/example", "", "", 200, []string{`"extrapolated":true`, `"headline":"Buy open weights by the token"`}},
		{"models", "GET", "/api/v1/models", "", "", 200, []string{`"id":"llama-3.3-70b"`}},
		{"gpus", "GET", "/api/v1/gpus", "", "", 200, []string{`"id":"h100-sxm"`}},
		{"formats", "GET", "/api/v1/usage/formats", "", "", 200, []string{`"name":"litellm"`}},
		{"scenario", "GET", "/api/v1/scenario/new?preset=growth", "", "", 200, []string{"parts:"}},
		{"scenario check", "POST", "/api/v1/scenario/check", "application/yaml", "version: 1\nworkload:\n  inptu: 3\n", 422, []string{`scenario:3: workload.inptu is not a field`}},
		{"schema", "GET", "/api/v1/scenario/schema", "", "", 200, []string{`$defs`}},
		{"defaults", "GET", "/api/v1/scenario/defaults", "", "", 200, []string{`fleet.busy_at_peak`}},
		{"version", "GET", "/api/v1/version", "", "", 200, []string{`"snapshot"`}},
		{"no such operation", "GET", "/api/v1/nothing", "", "", 404, []string{`no such`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body, header := call(t, s, tt.method, tt.path, tt.contentType, tt.body)
			if status != tt.status {
				t.Errorf("status %d, want %d: %.400s", status, tt.status, body)
			}
			if status >= 400 && !strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("an error of type %s", header.Get("Content-Type"))
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) && status < 400 || status >= 400 && want != "problem" && !strings.Contains(body, want) {
					t.Errorf("no %s in %.600s", want, body)
				}
			}
		})
	}
}

func TestUpload(t *testing.T) {
	s := server(t)
	var log strings.Builder
	log.WriteString("time,model,input_tokens,output_tokens\n")
	for hour := range 24 {
		log.WriteString(time.Date(2026, 11, 20, hour, 0, 0, 0, time.UTC).Format(time.RFC3339) + ",claude-sonnet-4-6,1000,200\n")
	}
	contentType, body := form(t, "calls.csv", log.String(), map[string]string{"scenario": `{"people": {"fte": 0.5}}`})
	status, answer, _ := call(t, s, http.MethodPost, "/api/v1/decide/log", contentType, body)
	if status != http.StatusOK || !strings.Contains(answer, `"extrapolated":true`) || !strings.Contains(answer, `"total_usd":"0.144"`) {
		t.Errorf("status %d: %.500s", status, answer)
	}
	contentType, body = form(t, "calls.csv", log.String(), map[string]string{"by": "day"})
	if status, answer, _ = call(t, s, http.MethodPost, "/api/v1/usage/report", contentType, body); status != http.StatusOK || !strings.Contains(answer, `"day":"2026-11-20"`) {
		t.Errorf("status %d: %.500s", status, answer)
	}
	contentType, body = form(t, "calls.csv", "time,model,input_tokens,output_tokens\nyesterday,m,1,1\n", nil)
	if status, answer, _ = call(t, s, http.MethodPost, "/api/v1/decide/log", contentType, body); status != http.StatusUnprocessableEntity || !strings.Contains(answer, "calls.csv") {
		t.Errorf("status %d: %.500s", status, answer)
	}
}

// The same request gives the same bytes.
func TestAnswersAreDeterministic(t *testing.T) {
	s := server(t)
	for _, path := range []string{"/api/v1/presets", "/api/v1/prices", "/api/v1/gpus", "/api/v1/models", "/openapi.json"} {
		_, first, _ := call(t, s, http.MethodGet, path, "", "")
		if _, second, _ := call(t, s, http.MethodGet, path, "", ""); first != second {
			t.Errorf("%s differs from one call to the next", path)
		}
	}
}
