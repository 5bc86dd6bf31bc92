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
	"breakeven/internal/scenariofile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func server(t *testing.T) *httptest.Server {
	t.Helper()
	return serve(t, app.New("test", clock))
}

func clock() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }

func serve(t *testing.T, a *app.App) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(httpapi.New(a, slog.New(slog.NewTextHandler(t.Output(), nil))))
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
	if log != "" {
		part, err := w.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, log); err != nil {
			t.Fatal(err)
		}
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
		{"quick, out of range", "GET", "/api/v1/quick?api=1&gpu=1&ops=1&utilization=2", "", "", 422, []string{`"location":"query.utilization"`}},
		{"quick, no number", "GET", "/api/v1/quick?api=NaN&gpu=1&ops=1", "", "", 422, []string{`api`}},
		{"quick, defaults", "GET", "/api/v1/quick?api=40000&gpu=8000&ops=25000", "", "", 200, []string{`"total_usd_per_month":47001.34`, `"kind":"assumed"`, `"vendor":"Anthropic"`}},
		{"quick, a part missing", "GET", "/api/v1/quick?api=40000&ops=25000", "", "", 422, []string{`"location":"query.gpu"`}},
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
		{"scenario check", "POST", "/api/v1/scenario/check", "application/yaml", "version: 1\nworkload:\n  inptu: 3\n", 422, []string{`scenario:3: workload.inptu: is not a field`}},
		{"schema", "GET", "/api/v1/scenario/schema", "", "", 200, []string{`$defs`}},
		{"defaults", "GET", "/api/v1/scenario/defaults", "", "", 200, []string{`fleet.busy_at_peak`}},
		{"version", "GET", "/api/v1/version", "", "", 200, []string{`"snapshot"`}},
		{"no such operation", "GET", "/api/v1/nothing", "", "", 404, []string{`no such`}},
		{"prices, no such provider", "GET", "/api/v1/prices?provider=foo", "", "", 404, []string{`the price book has no provider \"foo\"`, `"location":"provider"`}},
		{"prices, a provider by another case", "GET", "/api/v1/prices?provider=Groq", "", "", 200, []string{`"provider":"groq"`}},
		{"calc, the problem names the model", "GET", "/api/v1/calc?model=a/b&input=1&output=1&calls_per_day=1", "", "", 404, []string{`"location":"model"`}},
		{"price, no such model", "GET", "/api/v1/prices/anthropic/nothing", "", "", 404, []string{`"location":"model"`}},
		{"price, no such provider", "GET", "/api/v1/prices/foo/nothing", "", "", 404, []string{`"location":"provider"`}},
		{"quote, no such provider", "POST", "/api/v1/prices/quote", "application/json", `{"provider":"foo","response":{"model":"gpt-5.4","usage":{"prompt_tokens":1,"completion_tokens":1}}}`, 404, []string{`"location":"provider"`}},
		{"quote, a field of the response", "POST", "/api/v1/prices/quote", "application/json", `{"provider":"openai","response":{"model":"gpt-5.4","usage":{"prompt_tokens":-1,"completion_tokens":100}}}`, 422, []string{`"location":"response.usage.prompt_tokens"`}},
		{"quote, no such tier", "POST", "/api/v1/prices/quote", "application/json", `{"provider":"openai","tier":"soon","response":{"model":"gpt-5.4","usage":{"prompt_tokens":1,"completion_tokens":1}}}`, 422, []string{`"location":"tier"`}},
		{"quote, a bad sheet", "POST", "/api/v1/prices/quote", "application/json", `{"provider":"openai","sheet":{"schema":"other"},"response":{"model":"gpt-5.4","usage":{"prompt_tokens":1,"completion_tokens":1}}}`, 422, []string{`"location":"sheet"`}},
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

// A problem of an upload says which of its fields is meant, and in a log which file and line.
func TestUploadProblems(t *testing.T) {
	s := server(t)
	const row = "2026-11-20T00:00:00Z,claude-sonnet-4-6,1,1\n2026-11-21T00:00:00Z,claude-sonnet-4-6,1,1\n"
	const head = "time,model,input_tokens,output_tokens\n"
	for _, tt := range []struct {
		name, path, log string
		fields          map[string]string
		status          int
		want            []string
	}{
		{"no rows", "/api/v1/usage/report", head, nil, 422, []string{`"location":"files"`, `calls.csv`}},
		{"a bad row", "/api/v1/usage/report", head + row + "x,m,1,1\n", map[string]string{"strict": "true"}, 422, []string{`"location":"files"`, `calls.csv:4: time`, `"value":"x"`}},
		{"a format", "/api/v1/usage/report", head + row, map[string]string{"format": "morse"}, 400, []string{`"location":"format"`, `"value":"morse"`, `the formats are`}},
		{"a mapping", "/api/v1/usage/report", head + row, map[string]string{"map": "input"}, 400, []string{`"location":"map"`, `is not field=column`}},
		{"a mapped field", "/api/v1/decide/log", head + row, map[string]string{"map": "colour=x"}, 400, []string{`"location":"map"`, `the fields are`}},
		{"nothing to replace", "/api/v1/decide/log", head + row, map[string]string{"replace_model": "true"}, 400, []string{`"location":"replace_model"`}},
		{"a price that is missing", "/api/v1/usage/report", head + "2026-11-20T00:00:00Z,acme-9000,1,1\n", map[string]string{"strict": "true"}, 422, []string{`"location":"prices"`, `there is no price for acme-9000`}},
		{"a scenario", "/api/v1/decide/log", head + row, map[string]string{"scenario": "peple: {}"}, 422, []string{`"location":"peple"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			contentType, body := form(t, "calls.csv", tt.log, tt.fields)
			status, answer, header := call(t, s, http.MethodPost, tt.path, contentType, body)
			if status != tt.status || header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("status %d, want %d; type %s", status, tt.status, header.Get("Content-Type"))
			}
			for _, want := range tt.want {
				if !strings.Contains(answer, want) {
					t.Errorf("no %s in %.600s", want, answer)
				}
			}
		})
	}
	if status, answer, _ := call(t, s, http.MethodPost, "/api/v1/decide/log", "application/json", "{}"); status != http.StatusUnsupportedMediaType {
		t.Errorf("a body that is no form: status %d: %s", status, answer)
	}
}

// A body beyond its limit is refused with 413: a scenario is a page, an upload at most [httpapi.MaxUpload] bytes.
func TestBodiesAreLimited(t *testing.T) {
	s := server(t)
	for _, path := range []string{"/api/v1/decide", "/api/v1/scenario/check", "/api/v1/prices/quote"} {
		for name, body := range map[string]io.Reader{
			"with its length":    strings.NewReader(strings.Repeat(" ", scenariofile.MaxBytes+1)),
			"without its length": io.LimitReader(endless{}, 64<<20),
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := s.Client().Do(req)
			if err != nil {
				t.Fatalf("%s %s: %v", path, name, err)
			}
			if res.StatusCode != http.StatusRequestEntityTooLarge || res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s: status %d, type %s", path, name, res.StatusCode, res.Header.Get("Content-Type"))
			}
			_ = res.Body.Close()
		}
	}
	// As large as the limit is not beyond it.
	scenario := `{"workload": {"input": 1200, "output": 350, "calls_per_day": 10000}}`
	scenario += strings.Repeat(" ", scenariofile.MaxBytes-len(scenario))
	if status, answer, _ := call(t, s, http.MethodPost, "/api/v1/scenario/check", "application/json", scenario); status != http.StatusOK {
		t.Errorf("%d bytes: status %d: %.300s", len(scenario), status, answer)
	}
	// An upload that says that it is too large is refused before it is read.
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/decide/log", endless{})
	req.ContentLength = httpapi.MaxUpload + 1
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, req)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("an upload of more than %d bytes: status %d", int64(httpapi.MaxUpload), w.Code)
	}
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A wrong method is told which ones are right; HEAD is GET without the body; OPTIONS lists the methods.
func TestMethods(t *testing.T) {
	s := server(t)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"DELETE", "/api/v1/quick", 405, "GET, HEAD, OPTIONS"},
		{"POST", "/api/v1/prices/anthropic/claude-sonnet-4-6", 405, "GET, HEAD, OPTIONS"},
		{"GET", "/api/v1/decide", 405, "POST, OPTIONS"},
		{"HEAD", "/api/v1/decide/log", 405, "POST, OPTIONS"},
		{"GET", "/api/v1/prices/quote", 405, "POST, OPTIONS"},
		{"BREW", "/api/v1/version", 405, "GET, HEAD, OPTIONS"},
		{"POST", "/openapi.json", 405, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/api/v1/version", 204, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/api/v1/decide", 204, "POST, OPTIONS"},
		{"OPTIONS", "/api/v1/nothing", 404, ""},
		{"HEAD", "/api/v1/version", 200, ""},
		{"HEAD", "/api/v1/example", 200, ""},
		{"HEAD", "/openapi.json", 200, ""},
	} {
		status, body, header := call(t, s, tt.method, tt.path, "", "")
		if status != tt.status || header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: status %d, Allow %q; want %d, %q", tt.method, tt.path, status, header.Get("Allow"), tt.status, tt.allow)
		}
		if status >= 400 && header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: an error of type %s", tt.method, tt.path, header.Get("Content-Type"))
		}
		if (tt.method == http.MethodHead || status == http.StatusNoContent) && body != "" {
			t.Errorf("%s %s: a body of %d bytes", tt.method, tt.path, len(body))
		}
	}
}
