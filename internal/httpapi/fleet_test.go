package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// event is a server-sent event.
type event struct{ name, data string }

func events(t *testing.T, body string) (list []event) {
	t.Helper()
	var e event
	lines := bufio.NewScanner(strings.NewReader(body))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			list = append(list, e)
			e = event{}
		}
	}
	return list
}

const planOfMeans = `{"model": "llama-3.1-8b", "gpus": ["h100-sxm"], "precisions": ["fp8"], "workload": {"requests_per_second": 40, "input": 1000, "output": 200, "requests": 20000}}`

func post(ctx context.Context, t *testing.T, url, accept, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	return req
}

// A client that asks for events is told how the work goes, and last the same answer that others get.
func TestEvents(t *testing.T) {
	s := server(t)
	status, plain, _ := call(t, s, http.MethodPost, "/api/v1/plan", "application/json", planOfMeans)
	if status != http.StatusOK {
		t.Fatalf("%d: %.300s", status, plain)
	}
	res, err := s.Client().Do(post(t.Context(), t, s.URL+"/api/v1/plan", "text/event-stream", planOfMeans))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b strings.Builder
	if _, err := bufio.NewReader(res.Body).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	list := events(t, b.String())
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" || len(list) < 2 {
		t.Fatalf("%s, %d events", got, len(list))
	}
	last := list[len(list)-1]
	if last.name != "result" || last.data+"\n" != plain {
		t.Errorf("the last event, %s, is not the answer: %.200s", last.name, last.data)
	}
	for _, e := range list[:len(list)-1] {
		var p struct{ Phase string }
		if err := json.Unmarshal([]byte(e.data), &p); err != nil || e.name != "progress" || p.Phase == "" {
			t.Errorf("event %s: %s", e.name, e.data)
		}
	}
}

// What is wrong with a request has a status and a field, whichever way the answer would come.
func TestFleetProblems(t *testing.T) {
	s := server(t)
	for _, c := range []struct {
		path, body string
		status     int
		location   string
	}{
		{"/api/v1/simulate", `{"model": "llama-3.3-70b", "gpu": "h100-sxm", "replicas": 1, "tensor_parallel": 1, "precision": "bf16", "workload": {"requests_per_second": 1, "input": 10, "output": 10}}`, 422, "tensor_parallel"},
		{"/api/v1/simulate", `{"model": "no-such", "gpu": "h100-sxm", "replicas": 1, "workload": {"requests_per_second": 1, "input": 10, "output": 10}}`, 404, "model"},
		{"/api/v1/simulate", `{"model": "llama-3.1-8b", "gpu": "h100-sxm", "replicas": 1}`, 400, "workload"},
		{"/api/v1/plan", `{"model": "llama-3.1-8b", "gpus": ["l4"], "target": {"tpot_ms": 1}, "workload": {"requests_per_second": 1, "input": 10, "output": 10}}`, 422, "target.tpot_ms"},
		{"/api/v1/plan", `{"model": "llama-3.1-8b", "gpus": ["no-such"], "workload": {"requests_per_second": 1, "input": 10, "output": 10}}`, 404, "gpu"},
	} {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			res, err := s.Client().Do(post(t.Context(), t, s.URL+c.path, accept, c.body))
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Errors []struct{ Location string }
			}
			var b strings.Builder
			if _, err := bufio.NewReader(res.Body).WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			text, status := b.String(), res.StatusCode
			if list := events(t, text); res.Header.Get("Content-Type") == "text/event-stream" && len(list) > 0 {
				// Found out only while the work went on.
				text, status = list[len(list)-1].data, c.status
				if list[len(list)-1].name != "problem" {
					t.Errorf("%s %s: the last event is %s", c.path, c.body, list[len(list)-1].name)
				}
			}
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatalf("%v: %.300s", err, text)
			}
			if status != c.status || len(p.Errors) != 1 || p.Errors[0].Location != c.location {
				t.Errorf("%s %s (%s): status %d, %.300s", c.path, c.body, accept, status, text)
			}
		}
	}
}

// A client that goes away ends the work.
func TestDisconnect(t *testing.T) {
	s := server(t)
	ctx, leave := context.WithCancel(t.Context())
	const endless = `{"model": "llama-3.1-8b", "gpu": "h100-sxm", "replicas": 2000, "workload": {"requests_per_second": 10000, "input": 1000, "output": 200, "requests": 2000000}}`
	res, err := s.Client().Do(post(ctx, t, s.URL+"/api/v1/simulate", "text/event-stream", endless))
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	if err != nil || line != "event: progress\n" {
		t.Fatalf("%.60q, %v", line, err)
	}
	leave()
	_ = res.Body.Close()
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }() // waits for requests that are under way
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the work goes on without a client")
	}
}

// A simulation's series are of one length, and bounded.
func TestSeries(t *testing.T) {
	s := server(t)
	status, body, _ := call(t, s, http.MethodPost, "/api/v1/simulate", "application/json",
		`{"model": "llama-3.1-8b", "gpu": "h100-sxm", "replicas": 2, "workload": {"requests_per_second": 5, "input": 1000, "output": 200, "requests": 5000}}`)
	var a struct {
		Series map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v: %.200s", status, err, body)
	}
	var lengths []int
	for name, raw := range a.Series {
		var list []float64
		if name == "bucket_seconds" {
			continue
		}
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lengths = append(lengths, len(list))
	}
	if len(lengths) != 11 || slices.Max(lengths) != slices.Min(lengths) || lengths[0] == 0 || lengths[0] > 512 {
		t.Errorf("series of %v points", lengths)
	}
}
