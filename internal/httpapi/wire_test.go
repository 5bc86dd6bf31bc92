package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// contract is the part of the OpenAPI document that says what answers look like.
type contract struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"responses"`
		RequestBody struct {
			Required bool `json:"required"`
			Content  map[string]struct {
				Schema schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

func readContract(t *testing.T, s *httptest.Server) contract {
	t.Helper()
	_, body, _ := call(t, s, http.MethodGet, "/openapi.json", "", "")
	var c contract
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// schema is a JSON schema, as much of it as the document uses.
type schema map[string]any

// check reports every way in which a value differs from its schema.
func (c contract) check(s schema, value any, at string, report func(format string, args ...any)) {
	if ref, ok := s["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		target, ok := c.Components.Schemas[name]
		if !ok {
			report("%s: the document has no schema %s", at, ref)
			return
		}
		c.check(target, value, at, report)
		return
	}
	if types := types(s); len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return is(value, t) }) {
		report("%s: is %s, and the schema says %v", at, short(value), types)
		return
	}
	if enum, ok := s["enum"].([]any); ok && value != nil && !slices.Contains(enum, value) {
		report("%s: %s is none of %v", at, short(value), enum)
	}
	switch v := value.(type) {
	case []any:
		items, ok := s["items"].(map[string]any)
		if !ok {
			report("%s: is an array, and the schema says nothing of its items", at)
			return
		}
		for i, item := range v {
			c.check(items, item, fmt.Sprintf("%s[%d]", at, i), report)
		}
	case map[string]any:
		c.checkObject(s, v, at, report)
	}
}

func (c contract) checkObject(s schema, value map[string]any, at string, report func(format string, args ...any)) {
	if required, ok := s["required"].([]any); ok {
		for _, name := range required {
			if _, ok := value[name.(string)]; !ok {
				report("%s: lacks %s, which the schema requires", at, name)
			}
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(value)) {
		where := at + "." + name
		if p, ok := properties[name].(map[string]any); ok {
			c.check(p, value[name], where, report)
			continue
		}
		switch more := s["additionalProperties"].(type) {
		case bool:
			if !more {
				report("%s: is not in the schema", where)
			}
		case map[string]any:
			c.check(more, value[name], where, report)
		}
	}
}

// types are the types that a schema admits; none where it admits every one.
func types(s schema) []string {
	switch t := s["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var list []string
		for _, one := range t {
			list = append(list, one.(string))
		}
		return list
	}
	return nil
}

// is reports whether a value is of a type of JSON schema.
func is(value any, name string) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}

func short(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.60s", text)
}

// The check finds what it is there to find.
func TestCheck(t *testing.T) {
	c := contract{}
	c.Components.Schemas = map[string]schema{"Row": {
		"type": "object", "additionalProperties": false, "required": []any{"n"},
		"properties": map[string]any{"n": map[string]any{"type": "integer"}, "s": map[string]any{"type": []any{"string", "null"}, "enum": []any{"a"}}},
	}}
	s := schema{"type": "array", "items": map[string]any{"$ref": "#/components/schemas/Row"}}
	for text, want := range map[string]int{
		`[{"n": 1}, {"n": 2, "s": null}, {"n": 3, "s": "a"}]`: 0,
		`{}`: 1, `[{}]`: 1, `[{"n": 1.5}]`: 1, `[{"n": "1"}]`: 1, `[{"n": 1, "s": "b"}]`: 1, `[{"n": 1, "x": 1}]`: 1, `[null]`: 1, `null`: 1,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		faults := 0
		c.check(s, value, "", func(string, ...any) { faults++ })
		if faults != want {
			t.Errorf("%s: %d faults, want %d", text, faults, want)
		}
	}
}

// dayOfCalls is a log with one call an hour, a row of another tier and model, and a row that cannot be read.
func dayOfCalls() string {
	var log strings.Builder
	log.WriteString("time,model,input_tokens,output_tokens,cached_tokens,project\n")
	for hour := range 24 {
		fmt.Fprintf(&log, "2026-11-20T%02d:00:00Z,claude-sonnet-4-6,1000,200,%d,web\n", hour, 100+hour)
	}
	log.WriteString("2026-11-20T23:30:00Z,acme-9000,1000,200,0,web\n2026-11-20T23:45:00Z,claude-sonnet-4-6,many,200,0,web\n")
	return log.String()
}

// hours is a report of two hours, each with a number of calls.
func hours() string {
	return "start,end,model,requests,input_tokens,output_tokens\n" +
		"2026-11-20T10:00:00Z,2026-11-20T11:00:00Z,claude-sonnet-4-6,900,900000,180000\n2026-11-20T11:00:00Z,2026-11-20T12:00:00Z,claude-sonnet-4-6,400,400000,80000\n"
}

// Every answer looks as the contract says: each operation is asked, and what comes back is held against its schema.
func TestAnswersMatchTheContract(t *testing.T) {
	s := registryServer(t)
	c := readContract(t, s)
	var snapshots []struct{ ID string }
	if _, list, _ := call(t, s, "GET", "/api/v1/prices/snapshots", "", ""); json.Unmarshal([]byte(list), &snapshots) != nil || len(snapshots) != 2 {
		t.Fatalf("the snapshots of LiteLLM: %s", list)
	}
	const scenario = `{"workload": {"input": 1200, "output": 350, "calls_per_day": 10000, "cached_share": 0.3, "batch_share": 0.2}}`
	const parts = `{"parts": {"api": 40000, "gpu": 8000, "ops": 25000, "tooling": 7000, "utilization": 0.3733, "design_utilization": 0.7}}`
	const aggregate = "date,model,input_tokens,output_tokens\n2026-11-19,claude-sonnet-4-6,100000,20000\n2026-11-20,claude-sonnet-4-6,100000,20000\n"
	upload := func(log string, fields map[string]string) [2]string {
		contentType, body := form(t, "calls.csv", log, fields)
		return [2]string{contentType, body}
	}
	contentType, body := form(t, "kept.csv", dayOfCalls(), nil)
	if status, answer, _ := call(t, s, "POST", "/api/v1/usage/import", contentType, body); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, answer)
	}
	const oneReplica = `{"model": "llama-3.1-8b", "gpu": "h100-sxm", "replicas": 1, "target": {"ttft_seconds": 4}}`
	const fleet = `{"model": "llama-3.1-8b", "gpus": ["h100-sxm", "l4"], "precisions": ["fp8"]}`
	const means = `, "workload": {"requests_per_second": 4, "input": 1000, "output": 200, "requests": 500}}`
	asJSON := func(body string) [2]string { return [2]string{"application/json", body} }
	none := [2]string{}
	// The requests of each operation: an address, and a body with its type.
	type request struct {
		path string
		body [2]string
	}
	requests := map[string][]request{
		"GET /api/v1/calc": {
			{"/api/v1/calc?model=anthropic/claude-sonnet-4-6&input=1200&output=350&calls_per_day=10000&cached_share=0.3&batch_share=0.2", none},
			{"/api/v1/calc?model=anthropic/claude-sonnet-4-6&input=0&output=0&calls_per_day=0.01", none},
		},
		"GET /api/v1/capacity": {
			{"/api/v1/capacity?model=llama-3.1-8b&gpu=h100-sxm&tensor_parallel=1&input=1024&output=256&requests=500", none},
		},
		"GET /api/v1/constraints": {{"/api/v1/constraints", none}},
		"POST /api/v1/decide":     {{"/api/v1/decide", asJSON(scenario)}, {"/api/v1/decide", asJSON(parts)}},
		"POST /api/v1/decide/log": {
			{"/api/v1/decide/log", upload(dayOfCalls(), map[string]string{"scenario": `{"people": {"fte": 0.5}}`})},
			{"/api/v1/decide/log", upload(aggregate, nil)},
		},
		"GET /api/v1/example":      {{"/api/v1/example", none}},
		"GET /api/v1/gpus":         {{"/api/v1/gpus", none}, {"/api/v1/gpus?offers=false", none}},
		"GET /api/v1/gpus/history": {{"/api/v1/gpus/history", none}},
		"GET /api/v1/models":       {{"/api/v1/models", none}},
		"POST /api/v1/plan":        {{"/api/v1/plan", asJSON(strings.TrimSuffix(fleet, "}") + means)}},
		"POST /api/v1/plan/log": {
			{"/api/v1/plan/log", upload(dayOfCalls(), map[string]string{"request": fleet})}, {"/api/v1/plan/log", upload(hours(), map[string]string{"request": fleet})},
		},
		"GET /api/v1/presets":        {{"/api/v1/presets", none}},
		"GET /api/v1/prices":         {{"/api/v1/prices?retired=true", none}},
		"GET /api/v1/prices/derived": {{"/api/v1/prices/derived?provider=anthropic", none}},
		"GET /api/v1/prices/{provider}/{model}": {
			{"/api/v1/prices/anthropic/claude-sonnet-4-6", none}, {"/api/v1/prices/deepseek/deepseek-chat", none}, {"/api/v1/prices/openai/gpt-5.4", none},
		},
		"GET /api/v1/prices/audit":   {{"/api/v1/prices/audit", none}},
		"GET /api/v1/prices/changes": {{"/api/v1/prices/changes?all=true&class=price_change&class=addition", none}},
		"GET /api/v1/prices/export":  {{"/api/v1/prices/export", none}, {"/api/v1/prices/export?format=csv&known_as_of=2026-11-22T12:00:00Z", none}},
		"GET /api/v1/prices/history/{provider}/{model}": {
			{"/api/v1/prices/history/anthropic/claude-sonnet-4-6", none}, {"/api/v1/prices/history/anthropic/claude-sonnet-4-6?kind=input&tier=standard&known_as_of=2026-11-22T12:00:00Z", none},
		},
		"GET /api/v1/prices/review":                    {{"/api/v1/prices/review", none}},
		"GET /api/v1/prices/snapshots":                 {{"/api/v1/prices/snapshots?source=litellm", none}},
		"GET /api/v1/prices/snapshots/{id}":            {{"/api/v1/prices/snapshots/" + snapshots[0].ID, none}},
		"GET /api/v1/prices/sources":                   {{"/api/v1/prices/sources", none}},
		"GET /api/v1/prices/verify":                    {{"/api/v1/prices/verify?max_age_days=30", none}},
		"GET /api/v1/prices/verify/{provider}":         {{"/api/v1/prices/verify/anthropic", none}, {"/api/v1/prices/verify/aws", none}},
		"GET /api/v1/prices/verify/{provider}/{model}": {{"/api/v1/prices/verify/anthropic/claude-sonnet-4-6", none}},
		"POST /api/v1/prices/sync":                     {{"/api/v1/prices/sync", asJSON(`{"sources": ["litellm"]}`)}},
		"POST /api/v1/prices/quote": {
			{"/api/v1/prices/quote", asJSON(`{"provider":"openai","response":{"model":"gpt-5.4","usage":{"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"audio_tokens":4}}}}`)},
		},
		"GET /api/v1/quick":             {{"/api/v1/quick?api=40000&gpu=8000&ops=25000&sweeps=true&elastic=true&compliance=soc2", none}, {"/api/v1/quick?api=100&gpu=0&ops=0&tooling=0", none}},
		"GET /api/v1/quick/inputs":      {{"/api/v1/quick/inputs", none}},
		"POST /api/v1/scenario/check":   {{"/api/v1/scenario/check", asJSON(scenario)}},
		"GET /api/v1/scenario/defaults": {{"/api/v1/scenario/defaults", none}},
		"GET /api/v1/scenario/new":      {{"/api/v1/scenario/new", none}},
		"GET /api/v1/scenario/schema":   {{"/api/v1/scenario/schema", none}},
		"POST /api/v1/simulate":         {{"/api/v1/simulate", asJSON(strings.TrimSuffix(oneReplica, "}") + means)}},
		"POST /api/v1/simulate/log":     {{"/api/v1/simulate/log", upload(dayOfCalls(), map[string]string{"request": oneReplica})}},
		"POST /api/v1/usage/export": {
			{"/api/v1/usage/export", upload(dayOfCalls(), map[string]string{"focus": "1.4", "period": "hour"})}, {"/api/v1/usage/export", upload(aggregate, nil)},
		},
		"POST /api/v1/usage/import": {{"/api/v1/usage/import", upload(hours(), nil)}, {"/api/v1/usage/import", upload(hours(), nil)}},
		"GET /api/v1/usage/kept":    {{"/api/v1/usage/kept", none}},
		"POST /api/v1/usage/kept/delete": {
			{"/api/v1/usage/kept/delete", asJSON(`{"only": ["project=web"], "dry": true}`)}, {"/api/v1/usage/kept/delete", asJSON(`{"only": ["project=web"], "to": "2026-11-20T05:00:00Z"}`)},
		},
		"GET /api/v1/usage/kept/profile": {{"/api/v1/usage/kept/profile?only=project%3Dweb", none}},
		"GET /api/v1/usage/kept/report":  {{"/api/v1/usage/kept/report?by=day&by=model&from=2026-11-20&to=2026-11-21", none}},
		"POST /api/v1/usage/profile.csv": {{"/api/v1/usage/profile.csv", upload(dayOfCalls(), nil)}},
		"POST /api/v1/usage/report.csv":  {{"/api/v1/usage/report.csv", upload("", map[string]string{"kept": "true", "by": "user"})}},
		"POST /api/v1/usage/focus-check": {{"/api/v1/usage/focus-check", upload("BilledCost,Tags\n1.5,{}\n,x\n", map[string]string{"focus": "1.4"})}},
		"GET /api/v1/usage/formats":      {{"/api/v1/usage/formats", none}},
		"POST /api/v1/usage/profile": {
			{"/api/v1/usage/profile", upload(dayOfCalls(), nil)}, {"/api/v1/usage/profile", upload(hours(), nil)}, {"/api/v1/usage/profile", upload(aggregate, nil)},
		},
		"POST /api/v1/usage/reconcile": {
			{"/api/v1/usage/reconcile", upload(dayOfCalls(), nil)}, {"/api/v1/usage/reconcile", billed(t, dayOfCalls(), dayOfCosts, nil)},
		},
		"POST /api/v1/usage/reconcile.csv": {{"/api/v1/usage/reconcile.csv", billed(t, dayOfCalls(), dayOfCosts, nil)}},
		"POST /api/v1/usage/report": {
			{"/api/v1/usage/report", upload(dayOfCalls(), map[string]string{"by": "day"})}, {"/api/v1/usage/report", upload(aggregate, nil)},
		},
		"GET /api/v1/version": {{"/api/v1/version", none}},
	}
	for path, operations := range c.Paths {
		for method := range operations {
			if name := strings.ToUpper(method) + " " + path; len(requests[name]) == 0 {
				t.Errorf("%s is not asked here", name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		method, path, _ := strings.Cut(name, " ")
		for i, r := range requests[name] {
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				status, body, header := call(t, s, method, r.path, r.body[0], r.body[1])
				if status != http.StatusOK {
					t.Fatalf("status %d: %.300s", status, body)
				}
				contentType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
				if err != nil {
					t.Fatal(err)
				}
				content, ok := c.Paths[path][strings.ToLower(method)].Responses["200"].Content[contentType]
				if !ok {
					t.Fatalf("an answer of type %s, of which the contract says nothing", contentType)
				}
				var value any = body
				if contentType == "application/json" {
					if err := json.Unmarshal([]byte(body), &value); err != nil {
						t.Fatal(err)
					}
				}
				faults := 0
				c.check(content.Schema, value, "answer", func(format string, args ...any) {
					if faults++; faults <= 10 {
						t.Errorf(format, args...)
					}
				})
				if faults > 10 {
					t.Errorf("and %d more", faults-10)
				}
			})
		}
	}
}

// What the contract says of requests: a scenario is a scenario in JSON and in YAML, and an upload is a form with files.
func TestContractOfRequests(t *testing.T) {
	c := readContract(t, server(t))
	for _, path := range []string{"/api/v1/decide", "/api/v1/scenario/check"} {
		for _, contentType := range []string{"application/json", "application/yaml"} {
			if got := c.Paths[path]["post"].RequestBody.Content[contentType].Schema["$ref"]; got != "#/components/schemas/Scenario" {
				t.Errorf("%s in %s is %v", path, contentType, got)
			}
		}
	}
	for _, path := range []string{"/api/v1/decide/log", "/api/v1/usage/report"} {
		body := c.Paths[path]["post"].RequestBody
		s := body.Content["multipart/form-data"].Schema
		properties := s["properties"].(map[string]any)
		files := properties["files"].(map[string]any)
		item := files["items"].(map[string]any)
		if !body.Required || files["type"] != "array" || item["type"] != "string" || item["contentMediaType"] != "application/octet-stream" || item["contentEncoding"] != nil {
			t.Errorf("%s: files are %v", path, files)
		}
		for _, list := range []string{"by", "map"} {
			if got := properties[list].(map[string]any)["type"]; got != "array" {
				t.Errorf("%s: %s is %v", path, list, got)
			}
		}
	}
}
