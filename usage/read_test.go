package usage_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// read reads text and keeps its calls.
func read(t *testing.T, text string, o usage.Options) ([]usage.Call, usage.Summary) {
	t.Helper()
	calls, s, err := tryRead(text, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return calls, s
}

func tryRead(text string, o usage.Options) ([]usage.Call, usage.Summary, error) {
	var calls []usage.Call
	s, err := usage.Read("log", strings.NewReader(text), o, func(c *usage.Call) error {
		calls = append(calls, *c)
		return nil
	})
	if err == nil && s.Rows != s.Calls+s.Skipped+s.Faulty {
		err = fmt.Errorf("%d rows are not %d calls + %d skipped + %d faulty", s.Rows, s.Calls, s.Skipped, s.Faulty)
	}
	if err == nil {
		err = sentences(s.Notes)
	}
	return calls, s, err
}

// sentences checks that notes are full sentences: they begin with a capital, a number or an identifier, and end in
// a period.
func sentences(notes []string) error {
	for _, n := range notes {
		word, _, _ := strings.Cut(n, " ")
		first, _ := utf8.DecodeRuneInString(n)
		if !strings.HasSuffix(n, ".") || strings.HasSuffix(n, "..") || (unicode.IsLower(first) && !strings.ContainsAny(word, "_.")) {
			return fmt.Errorf("the note %q is no sentence", n)
		}
	}
	return nil
}

// told reports whether a note holds a text.
func told(s usage.Summary, text string) bool {
	return slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, text) })
}

func one(t *testing.T, text string, o usage.Options) (usage.Call, usage.Summary) {
	t.Helper()
	calls, s := read(t, text, o)
	if len(calls) != 1 {
		t.Fatalf("%d calls, want one; %+v", len(calls), s)
	}
	return calls[0], s
}

func quantities(t *testing.T, got, want price.Quantities) {
	t.Helper()
	if got != want {
		a, _ := got.MarshalJSON()
		b, _ := want.MarshalJSON()
		t.Errorf("quantities = %s, want %s", a, b)
	}
}

func TestFormatsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range usage.Formats() {
		if seen[f.Name] || f.Name == "" || f.Title == "" || f.Detect == "" {
			t.Errorf("format %+v is not described, or twice", f)
		}
		seen[f.Name] = true
		if f.Name != "generic" && len(f.Fields) == 0 {
			t.Errorf("%s does not say what the file calls things", f.Name)
		}
		if f.Input != usage.Detect && f.Why == "" {
			t.Errorf("%s fixes its convention without evidence", f.Name)
		}
	}
	for _, f := range usage.FieldNames() {
		if f.Field == "" || f.Name == "" {
			t.Errorf("field %+v is not described", f)
		}
	}
}

func TestFaults(t *testing.T) {
	const head = "time,model,input_tokens,output_tokens,cost,currency\n"
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, row, field, value, problem string
	}{
		{"negative tokens", "2026-08-19,m,-5,1,,", "input_tokens", "-5", "is negative"},
		{"NaN", "2026-08-19,m,NaN,1,,", "input_tokens", "NaN", "is no number"},
		{"infinity", "2026-08-19,m,5,Inf,,", "output_tokens", "Inf", "is no number"},
		{"a fraction of a token", "2026-08-19,m,5.5,1,,", "input_tokens", "5.5", "is no whole number"},
		{"thousands", "2026-08-19,m,\"1,234\",1,,", "input_tokens", "1,234", "is no number"},
		{"an impossible count", "2026-08-19,m,99999999999999999,1,,", "input_tokens", "99999999999999999", "is too large"},
		{"a far future", "2030-01-01,m,5,1,,", "time", "2030-01-01", "lies in the future"},
		{"no date", "soon,m,5,1,,", "time", "soon", "is no time"},
		{"an ambiguous date", "01/02/2026,m,5,1,,", "time", "01/02/2026", "cannot be told apart"},
		{"no time", ",m,5,1,,", "", "", "has no time"},
		{"another currency", "2026-08-19,m,5,1,0.1,EUR", "currency", "EUR", "is no US dollar"},
		{"no amount", "2026-08-19,m,5,1,free,USD", "cost", "free", "is no amount"},
		{"a refund", "2026-08-19,m,5,1,-0.1,USD", "cost", "-0.1", "is negative"},
		{"too few cells", "2026-08-19,m,5", "", "", "has 3 cells, the header 6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := head + tt.row + "\n2026-08-19,m,5,1,0.25,usd\n"
			_, s := one(t, text, usage.Options{Now: now})
			if s.Faulty != 1 || len(s.Faults) != 1 {
				t.Fatalf("faults = %+v", s.Faults)
			}
			f := s.Faults[0]
			if f.File != "log" || f.Line != 2 || f.Field != tt.field || f.Value != tt.value || !strings.Contains(f.Problem, tt.problem) || f.Hint == "" {
				t.Errorf("fault = %+v", f)
			}
			_, _, err := tryRead(text, usage.Options{Now: now, Strict: true})
			if e, ok := errors.AsType[*usage.RowError](err); !ok || e.Line != 2 || !strings.HasPrefix(e.Error(), "log:2: ") {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestFaultsAreCountedBeyondTheFirst(t *testing.T) {
	text := "t,input_tokens,output_tokens\n" + strings.Repeat("1,x,1\n", 50) + "2,1,1\n"
	_, s := one(t, text, usage.Options{MaxFaults: 3})
	if s.Faulty != 50 || len(s.Faults) != 3 {
		t.Errorf("%d faulty, %d kept", s.Faulty, len(s.Faults))
	}
}

func TestWholeFileFaults(t *testing.T) {
	gz := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	good := gz("t,input_tokens,output_tokens\n0,1,1\n" + strings.Repeat("1,2,3\n", 5000))
	for _, tt := range []struct {
		name, text string
		o          usage.Options
		want       string
	}{
		{"nothing", "", usage.Options{}, "is empty"},
		{"white space", " \n\n", usage.Options{}, "is empty"},
		{"a zip archive", "PK\x03\x04....", usage.Options{}, "zip archive or a spreadsheet"},
		{"Parquet", "PAR1....", usage.Options{}, "Parquet"},
		{"compressed twice", gz(gz("t,input_tokens\n0,1\n")), usage.Options{}, "compressed twice"},
		{"zero bytes", "a,b\n1,\x002\n", usage.Options{}, "log:2: holds a zero byte"},
		{"a cut gzip", good[:len(good)-20], usage.Options{}, "its gzip is damaged"},
		{"no gzip after all", "\x1f\x8bxx", usage.Options{}, "not readable as gzip"},
		{"an unknown format", "t,input_tokens\n1,2\n", usage.Options{Format: "excel"}, "the formats are"},
		{"the wrong format", "t,input_tokens\n1,2\n", usage.Options{Format: "otlp"}, "is delimited text"},
		{"no tokens", "name,age\nx,1\n", usage.Options{}, "no column holds tokens"},
		{"a mapping to no column", "t,input_tokens\n1,2\n", usage.Options{Mapping: map[string]string{"output": "out"}}, `the column "out", which the file has not`},
		{"a mapping of no field", "t,input_tokens\n1,2\n", usage.Options{Mapping: map[string]string{"in": "t"}}, `unknown field "in"`},
		{"a cut document", "{\"data\":[\n{\"start_time\":1787108400,\"end_time\":1787112000,\"results\":[]},\n{\"start_time\":17", usage.Options{}, "log:3: the JSON document ends too early"},
		{"broken JSON", "{,}", usage.Options{}, "begins like JSON and is none"},
		{"a unit longer than a second", "t,input_tokens,output_tokens\n1,2,3\n", usage.Options{TimeUnit: time.Minute, Strict: true}, "longer than a second"},
	} {
		_, _, err := tryRead(tt.text, tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			continue
		}
		_, file := errors.AsType[*usage.FileError](err)
		_, row := errors.AsType[*usage.RowError](err)
		if !file && !row {
			t.Errorf("%s: a %T", tt.name, err)
		}
	}
}

// endless is text without an end.
type endless struct{ head, loop string }

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.loop)
	}
	return n, nil
}

// A line, a quoted cell or a JSON string without end is an error with its place, and never in memory.
func TestEndlessLines(t *testing.T) {
	for name, r := range map[string]*endless{
		"CSV line":        {"t,input_tokens,output_tokens\n1,2,3\n", "9"},
		"CSV quoted cell": {"t,input_tokens,output_tokens,note\n1,2,3,\"", "x\n"},
		"header":          {"", "a"},
		"JSON line":       {"{\"t\":1,\"input_tokens\":1,\"output_tokens\":1}\n{\"t\":1,\"input_tokens\":1,\"x\":\"", "a"},
		"JSON document":   {"{\"data\":[{\"start_time\":1787108400,\"results\":[{\"model\":\"", "a"},
		"JSON key":        {"[{\"a\":1},{\"input_tokens\":1,\"output_tokens\":1,\"", "a"},
	} {
		var calls int
		_, err := usage.Read("log", r, usage.Options{MaxLine: 1 << 21}, func(*usage.Call) error { calls++; return nil })
		if e, ok := errors.AsType[*usage.FileError](err); !ok || !strings.Contains(e.Error(), "longer than") && !strings.Contains(e.Error(), "no column holds tokens") {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

func TestGzipBomb(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte("t,input_tokens,output_tokens,note\n"))
	row := []byte("1,2,3," + strings.Repeat("a", 1<<20) + "\n")
	for range 100 {
		_, _ = w.Write(row)
	}
	_ = w.Close()
	_, err := usage.Read("log", &b, usage.Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "expands more than 250 times") {
		t.Errorf("100 MiB out of 100 KiB: %v", err)
	}
}

func TestEncodings(t *testing.T) {
	const text = "time,model,input_tokens,output_tokens\n2026-08-19T00:00:00Z,modèle-😀,5,1\n"
	utf16Of := func(order binary.AppendByteOrder) string {
		var b []byte
		for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	for name, encoded := range map[string]string{
		"UTF-8": text, "UTF-8 with a byte order mark": "\xef\xbb\xbf" + text,
		"UTF-16 little endian": utf16Of(binary.LittleEndian), "UTF-16 big endian": utf16Of(binary.BigEndian),
	} {
		if c, _ := one(t, encoded, usage.Options{}); c.Model != "modèle-😀" {
			t.Errorf("%s: model = %q", name, c.Model)
		}
	}
	c, _ := one(t, "time,model,input_tokens,output_tokens\n2026-08-19,mod\xe8le,5,1\n", usage.Options{})
	if c.Model != "mod\uFFFDle" {
		t.Errorf("Latin-1: %q; what is no UTF-8 must not reach JSON", c.Model)
	}
}

func TestGenericNamesAndMapping(t *testing.T) {
	// Azure's own header, with a date and nanoseconds.
	c, s := one(t, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n", usage.Options{Model: "m", Provider: "p"})
	quantities(t, c.Quantities, price.Quantities{price.Input: 374, price.Output: 44, price.Request: 1})
	if c.Model != "m" || c.Provider != "p" || !c.Start.Equal(time.Date(2023, 11, 16, 18, 15, 46, 680_590_000, time.UTC)) {
		t.Errorf("call = %+v", c)
	}
	if !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "no zone") }) {
		t.Errorf("a time without a zone must be told: %q", s.Notes)
	}

	// Replay traces: whole milliseconds beside hashes, seconds without.
	calls, s := read(t, `{"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]}
{"timestamp": 3000, "input_length": 7322, "output_length": 490, "hash_ids": [0, 2]}
`, usage.Options{})
	if s.Clock != usage.Relative || calls[1].Start.UnixMilli() != 3000 || calls[1].Quantities[price.Input] != 7322 {
		t.Errorf("Mooncake's own trace: %+v, %+v", calls[1], s)
	}
	calls, _ = read(t, "{\"timestamp\": 1.5, \"input_length\": 10, \"output_length\": 5}\n", usage.Options{})
	if calls[0].Start.UnixMilli() != 1500 {
		t.Errorf("seconds were read as %v", calls[0].Start)
	}

	// Nested JSON, camel case, and names of their own.
	c, _ = one(t, `{"createdAt":"2026-08-19T01:00:00Z","response":{"model":"gpt-x","usage":{"promptTokens":100,"completionTokens":20,"prompt_tokens_details":{"cached_tokens":30}}},"user":{"id":"u"}}`, usage.Options{})
	quantities(t, c.Quantities, price.Quantities{price.Input: 70, price.CacheRead: 30, price.Output: 20, price.Request: 1})
	if c.Model != "gpt-x" || c.ID != "" {
		t.Errorf("model %q, id %q (a user's id is no call's)", c.Model, c.ID)
	}
	c, _ = one(t, "when;how much in;how much out;what\n2026-08-19T01:00:00Z;7;3;m1\n", usage.Options{
		Mapping: map[string]string{"time": "when", "input": "how much in", "output": "how much out", "model": "what"},
	})
	quantities(t, c.Quantities, price.Quantities{price.Input: 7, price.Output: 3, price.Request: 1})

	// A mapping takes a field away, or adds to a known format.
	c, _ = one(t, "t,input_tokens,cached_tokens,output_tokens\n0,100,40,1\n", usage.Options{Mapping: map[string]string{"cache_read": ""}})
	quantities(t, c.Quantities, price.Quantities{price.Input: 100, price.Output: 1, price.Request: 1})

	// A list inside a document.
	calls, _ = read(t, `{"data":[{"time":1787102048,"input_tokens":1,"output_tokens":2},{"time":1787102049,"input_tokens":3,"output_tokens":4}]}`, usage.Options{})
	if len(calls) != 2 || calls[1].Quantities[price.Output] != 4 {
		t.Errorf("records in a list: %+v", calls)
	}

	// A day is a bucket, and says nothing of requests; a column does.
	calls, s = read(t, "date,model,input_tokens,output_tokens\n2026-08-19,m,100,10\n", usage.Options{})
	if calls[0].Requests.Known || calls[0].End.Sub(calls[0].Start) != 24*time.Hour || s.Grain != usage.PerBucket {
		t.Errorf("a day: %+v", calls[0])
	}
	calls, _ = read(t, "start_time,end_time,input_tokens,output_tokens,requests\n2026-08-19T00:00:00Z,2026-08-19T00:01:00Z,100,10,7\n", usage.Options{})
	if calls[0].Requests != (usage.Count{N: 7, Known: true}) || calls[0].End.Sub(calls[0].Start) != time.Minute || calls[0].Latency != 0 {
		t.Errorf("a minute of seven requests: %+v", calls[0])
	}
}

func TestBurstGPT(t *testing.T) {
	calls, s := read(t, "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,1,2.5,ChatGPT,472,18,490,Conversation log\n45,2,0,GPT-4,1087,0,1087,API log\n", usage.Options{})
	if s.Format != "burstgpt" || s.Clock != usage.Relative || calls[0].Failed || !calls[1].Failed {
		t.Errorf("%+v, %+v", s, calls)
	}
	quantities(t, calls[0].Quantities, price.Quantities{price.Input: 472, price.Output: 18, price.Request: 1})
}

// LiteLLM's traps, each seen in real logs.
func TestLiteLLM(t *testing.T) {
	row := func(more string) string {
		return `{"request_id":"r1","spend":0.010688999999999999,"startTime":"2026-08-19T01:14:08.162Z","endTime":"2026-08-19 01:14:54.705","completionStartTime":"2026-08-19T01:14:08.665Z",` +
			`"model":"claude-opus-4-7","custom_llm_provider":"anthropic","team_id":"t","user":"u","session_id":"s","api_key":"k","status":"success",` + more + "}\n"
	}
	for _, tt := range []struct {
		name, text string
		want       price.Quantities
		note       string
	}{
		{
			name: "cached_tokens is zero beside a cache read that is not",
			text: row(`"prompt_tokens":1000,"completion_tokens":10,"metadata":{"usage_object":{"prompt_tokens_details":{"cached_tokens":0},"cache_read_input_tokens":900}}`),
			want: price.Quantities{price.Input: 100, price.CacheRead: 900, price.Output: 10, price.Request: 1},
		},
		{
			name: "the two lifetimes beside a total of zero",
			text: row(`"prompt_tokens":1000,"completion_tokens":10,"metadata":{"usage_object":{"cache_creation_input_tokens":0,"prompt_tokens_details":{"cache_creation_token_details":{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":200}}}}`),
			want: price.Quantities{price.Input: 500, price.CacheWrite5m: 300, price.CacheWrite1h: 200, price.Output: 10, price.Request: 1},
		},
		{
			name: "a partial split: the rest has an unknown lifetime",
			text: row(`"prompt_tokens":1000,"completion_tokens":10,"metadata":{"usage_object":{"cache_creation_input_tokens":600,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":200}}}`),
			want: price.Quantities{price.Input: 400, price.CacheWrite: 400, price.CacheWrite1h: 200, price.Output: 10, price.Request: 1},
		},
		{
			name: "writes outside a prompt that holds the reads",
			text: row(`"prompt_tokens":30946,"completion_tokens":102,"metadata":{"usage_object":{"cache_read_input_tokens":30940,"cache_creation_input_tokens":460}}`),
			want: price.Quantities{price.CacheRead: 30940, price.CacheWrite: 460, price.Output: 102, price.Request: 1},
			note: "lie outside",
		},
		{
			name: "metadata as text, as databases export it",
			text: row(`"prompt_tokens":1000,"completion_tokens":30,"metadata":"{\"usage_object\":{\"cache_read_input_tokens\":400,\"completion_tokens_details\":{\"reasoning_tokens\":20}}}"`),
			want: price.Quantities{price.Input: 600, price.CacheRead: 400, price.Output: 10, price.Reasoning: 20, price.Request: 1},
		},
		{
			name: "a list instead of lines",
			text: "[" + strings.TrimSpace(row(`"prompt_tokens":7,"completion_tokens":3`)) + "]",
			want: price.Quantities{price.Input: 7, price.Output: 3, price.Request: 1},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, s := one(t, tt.text, usage.Options{})
			quantities(t, c.Quantities, tt.want)
			if s.Format != "litellm" || s.Input != usage.Includes {
				t.Errorf("format %s, convention %v", s.Format, s.Input)
			}
			if tt.note != "" && !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, tt.note) }) {
				t.Errorf("notes = %q, want %q", s.Notes, tt.note)
			}
		})
	}

	c, _ := one(t, row(`"prompt_tokens":1000,"completion_tokens":10`), usage.Options{})
	want := usage.Call{
		ID: "r1", Start: time.Date(2026, 8, 19, 1, 14, 8, 162_000_000, time.UTC), Requests: usage.Count{N: 1, Known: true},
		Provider: "anthropic", Model: "claude-opus-4-7", Project: "t", User: "u", Session: "s", APIKey: "k",
		Latency: 46_543 * time.Millisecond, TTFT: 503 * time.Millisecond, Line: 1,
		Reported:   usage.Cost{USD: 10_689_000, Known: true},
		Quantities: price.Quantities{price.Input: 1000, price.Output: 10, price.Request: 1},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("call = %+v\nwant   %+v", c, want)
	}

	_, s := read(t, row(`"prompt_tokens":1000,"completion_tokens":10,"cache_hit":"True"`), usage.Options{})
	if s.Calls != 0 || s.Skipped != 1 || !strings.Contains(s.Skips[0].Why, "own cache") {
		t.Errorf("an answer of the proxy's own cache called no vendor: %+v", s)
	}
	c, _ = one(t, row(`"prompt_tokens":0,"completion_tokens":0,"cache_hit":"None","metadata":{"status":"failure"}`), usage.Options{})
	if c.Failed {
		t.Error("the row's own status wins over that of the metadata")
	}
	c, _ = one(t, strings.Replace(row(`"prompt_tokens":0,"completion_tokens":0`), `"status":"success"`, `"status":"failure"`, 1), usage.Options{})
	if !c.Failed {
		t.Error("a failed call must be marked")
	}
	c, _ = one(t, row(`"prompt_tokens":5,"completion_tokens":1,"metadata":{"service_tier":"flex","usage_object":{"service_tier":"priority"}}`), usage.Options{})
	if c.Tier != price.Priority {
		t.Errorf("tier = %v: the tier served wins over the one asked for", c.Tier)
	}
	c, s = one(t, row(`"prompt_tokens":5,"completion_tokens":1,"metadata":{"service_tier":"scale"}`), usage.Options{})
	if c.Tier != price.Standard || !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, `"scale"`) }) {
		t.Errorf("an unknown tier must be told: %q", s.Notes)
	}
	_, s = read(t, row(`"prompt_tokens":100,"completion_tokens":1,"metadata":{"usage_object":{"cache_read_input_tokens":900}}`), usage.Options{})
	if s.Faulty != 1 || !strings.Contains(s.Faults[0].Hint, "excludes") {
		t.Errorf("more cached than input under a fixed convention is a fault: %+v", s)
	}
	_, s = read(t, row(`"prompt_tokens":1,"completion_tokens":1`)+"{\"request_id\": \"cut\n", usage.Options{})
	if s.Calls != 1 || s.Faulty != 1 || s.Faults[0].Line != 2 {
		t.Errorf("a cut line is the fault of its row only: %+v", s)
	}

	text := "request_id,spend,prompt_tokens,completion_tokens,startTime,model,metadata\n" +
		`r,0.5,1000,10,2026-08-19 01:14:08.162,m,"{""usage_object"": {""cache_read_input_tokens"": 900}}"` + "\n"
	c, s = one(t, text, usage.Options{})
	quantities(t, c.Quantities, price.Quantities{price.Input: 100, price.CacheRead: 900, price.Output: 10, price.Request: 1})
	if s.Format != "litellm" || c.Reported.USD != money.Dollar/2 {
		t.Errorf("as CSV: %+v, %+v", s, c)
	}
}

func TestOpenAIUsage(t *testing.T) {
	page := func(results string) string {
		return `{"object":"page","data":[{"object":"bucket","results":[` + results + `],"start_time":1787108400,"end_time":1787112000}],"has_more":false}`
	}
	text := page(`{"object":"organization.usage.completions.result","input_tokens":1000,"input_uncached_tokens":600,"input_cached_tokens":400,"input_audio_tokens":50,"input_cached_audio_tokens":100,"output_tokens":70,"output_audio_tokens":20,"num_model_requests":3,"model":"gpt-x","project_id":"p","user_id":null,"batch":true,"service_tier":"default"}`) +
		"\n" + page(`{"input_tokens":10,"output_tokens":1,"num_model_requests":1,"model":null,"batch":null}`) + page("")
	calls, s := read(t, text, usage.Options{Model: "unnamed"})
	if s.Format != "openai_usage" || len(calls) != 2 {
		t.Fatalf("%d calls, %+v", len(calls), s)
	}
	// Uncached 600 holds 50 of audio; cached 400 holds 100 of audio; output 70 holds 20 of audio.
	quantities(t, calls[0].Quantities, price.Quantities{
		price.Input: 550, price.AudioInput: 50, price.CacheRead: 300, price.AudioCacheRead: 100,
		price.Output: 50, price.AudioOutput: 20, price.Request: 3,
	})
	if c := calls[0]; c.Tier != price.Batch || c.Provider != "openai" || c.Requests.N != 3 || c.End.Sub(c.Start) != time.Hour || !c.Aggregate() {
		t.Errorf("call = %+v", c)
	}
	if calls[1].Model != "unnamed" {
		t.Errorf("a row that is not grouped by model takes the one given: %q", calls[1].Model)
	}
	quantities(t, calls[1].Quantities, price.Quantities{price.Input: 10, price.Output: 1, price.Request: 1})
}

func TestAnthropicUsage(t *testing.T) {
	text := `{"data":[{"starting_at":"2026-08-19T01:00:00Z","ending_at":"2026-08-19T01:01:00Z","results":[
		{"uncached_input_tokens":285,"cache_creation":{"ephemeral_5m_input_tokens":422,"ephemeral_1h_input_tokens":7},"cache_read_input_tokens":12544,"output_tokens":2168,
		 "server_tool_use":{"web_search_requests":2},"model":"claude-x","service_tier":"batch","context_window":"200k-1M","inference_geo":"us"},
		{"uncached_input_tokens":1,"output_tokens":1,"model":"claude-x","service_tier":"standard","context_window":"0-200k","inference_geo":"not_available","speed":"fast"}]}]}`
	calls, s := read(t, text, usage.Options{})
	if s.Format != "anthropic_usage" || s.Bucket != time.Minute || len(calls) != 2 {
		t.Fatalf("%+v", s)
	}
	quantities(t, calls[0].Quantities, price.Quantities{
		price.Input: 285, price.CacheRead: 12544, price.CacheWrite5m: 422, price.CacheWrite1h: 7, price.Output: 2168, price.WebSearch: 2,
	})
	if c := calls[0]; c.Requests.Known || c.ContextOver != 200_000 || c.Region != "us" || c.Tier != price.Batch || c.Provider != "anthropic" {
		t.Errorf("call = %+v", c)
	}
	if c := calls[1]; c.ContextOver != 0 || c.Region != "" || c.Tier != price.Fast {
		t.Errorf("call = %+v", c)
	}
}

func TestOpenRouter(t *testing.T) {
	const head = "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,user,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,api_key_name,app_name\n"
	calls, s := read(t, head+
		"g1,2026-08-19 01:14:08.162,0.0645345,13251,2168,100,12544,anthropic/claude-x,Anthropic,standard,u,stop,46543,503,k,demo\n"+
		"g2,2026-08-19 01:14:09.000,0,10,5,0,0,deepseek/deepseek-r1,Chutes,free,u,error,,,k,demo\n", usage.Options{})
	quantities(t, calls[0].Quantities, price.Quantities{price.Input: 707, price.CacheRead: 12544, price.Output: 2068, price.Reasoning: 100, price.Request: 1})
	if c := calls[0]; c.Provider != "openrouter" || c.Latency != 46543*time.Millisecond || c.TTFT != 503*time.Millisecond || c.Reported.USD.String() != "0.0645345" {
		t.Errorf("call = %+v", c)
	}
	if c := calls[1]; c.Model != "deepseek/deepseek-r1:free" || !c.Failed {
		t.Errorf("a free variant is another model, and this one failed: %+v", c)
	}
	if s.Format != "openrouter" {
		t.Errorf("format = %s", s.Format)
	}
}

func span(attributes string) string {
	return `{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"t1","spanId":"s1","startTimeUnixNano":"1787102048162000000","endTimeUnixNano":"1787102049162000000","status":{"code":1},"attributes":[` + attributes + `]}]}]}]}`
}

func attribute(key, kind, value string) string {
	if kind == "stringValue" {
		value = `"` + value + `"`
	}
	return `{"key":"` + key + `","value":{"` + kind + `":` + value + `}}`
}

// All generations of attribute names mean the same.
func TestOTLP(t *testing.T) {
	want := price.Quantities{price.Input: 60, price.CacheRead: 40, price.Output: 7, price.Request: 1}
	for name, attributes := range map[string][]string{
		"the first": {
			attribute("gen_ai.system", "stringValue", "openai"), attribute("gen_ai.request.model", "stringValue", "gpt-x"),
			attribute("gen_ai.usage.prompt_tokens", "intValue", "100"), attribute("gen_ai.usage.completion_tokens", "intValue", `"7"`),
			attribute("gen_ai.usage.cache_read_input_tokens", "intValue", "40"),
		},
		"the current": {
			attribute("gen_ai.operation.name", "stringValue", "chat"),
			attribute("gen_ai.provider.name", "stringValue", "openai"), attribute("gen_ai.response.model", "stringValue", "gpt-x"),
			attribute("gen_ai.usage.input_tokens", "intValue", `"100"`), attribute("gen_ai.usage.output_tokens", "intValue", `"7"`),
			attribute("gen_ai.usage.cache_read.input_tokens", "intValue", `"40"`),
		},
		"OpenInference": {
			attribute("openinference.span.kind", "stringValue", "LLM"),
			attribute("llm.system", "stringValue", "openai"), attribute("llm.model_name", "stringValue", "gpt-x"),
			attribute("llm.token_count.prompt", "intValue", "100"), attribute("llm.token_count.completion", "intValue", "7"),
			attribute("llm.token_count.prompt_details.cache_read", "intValue", "40"),
		},
	} {
		c, s := one(t, span(strings.Join(attributes, ",")), usage.Options{})
		quantities(t, c.Quantities, want)
		if s.Format != "otlp" || c.Provider != "openai" || c.Model != "gpt-x" || c.ID != "t1-s1" || c.Latency != time.Second || c.Session != "t1" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for _, cache := range []string{"gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"} {
		c, _ := one(t, span(attribute("gen_ai.usage.input_tokens", "intValue", "100")+","+attribute(cache, "intValue", "30")), usage.Options{})
		quantities(t, c.Quantities, price.Quantities{price.Input: 70, price.CacheWrite: 30, price.Request: 1})
	}

	// An agent's span adds up the calls below it.
	agent := span(attribute("gen_ai.operation.name", "stringValue", "invoke_agent") + "," + attribute("gen_ai.usage.input_tokens", "intValue", "100"))
	chain := span(attribute("openinference.span.kind", "stringValue", "CHAIN") + "," + attribute("llm.token_count.prompt", "intValue", "100"))
	plain := span(attribute("http.method", "stringValue", "GET"))
	_, s := read(t, agent+"\n"+chain+"\n"+plain+"\n", usage.Options{})
	if s.Calls != 0 || s.Skipped != 3 || len(s.Skips) != 2 {
		t.Errorf("spans that are no calls: %+v", s)
	}

	// An instrumentation that leaves cached tokens out proves it.
	c, s := one(t, span(attribute("gen_ai.usage.input_tokens", "intValue", "10")+","+attribute("gen_ai.usage.cache_read.input_tokens", "intValue", "40")), usage.Options{})
	quantities(t, c.Quantities, price.Quantities{price.Input: 10, price.CacheRead: 40, price.Request: 1})
	if s.Input != usage.Excludes {
		t.Errorf("convention = %v", s.Input)
	}

	// Several documents, one a line, of which one is cut.
	good := span(attribute("gen_ai.usage.input_tokens", "intValue", "10"))
	_, s = read(t, good+"\n"+good[:60]+"\n"+good+"\n", usage.Options{})
	if s.Calls != 2 || s.Faulty != 1 || s.Faults[0].Line != 2 {
		t.Errorf("a cut line: %+v", s)
	}
	c, _ = one(t, strings.Replace(good, `"code":1`, `"code":"STATUS_CODE_ERROR"`, 1), usage.Options{})
	if !c.Failed {
		t.Error("a span with an error is a failed call")
	}
	c, _ = one(t, span(attribute("gen_ai.usage.input_tokens", "intValue", "10")+","+attribute("demo.tier", "stringValue", "batch")), usage.Options{Mapping: map[string]string{"tier": "demo.tier"}})
	if c.Tier != price.Batch {
		t.Errorf("a mapping adds an attribute of one's own: tier %v", c.Tier)
	}
}

func TestModelAndProvider(t *testing.T) {
	const text = "t,model,input_tokens,output_tokens\n0,a,1,1\n1,,1,1\n"
	calls, _ := read(t, text, usage.Options{Model: "b", Provider: "p"})
	if calls[0].Model != "a" || calls[1].Model != "b" || calls[0].Provider != "" || calls[1].Provider != "p" { // a provider says nothing of another model
		t.Errorf("for rows that name none: %+v", calls)
	}
	calls, _ = read(t, text, usage.Options{Model: "b", Override: true})
	if calls[0].Model != "b" {
		t.Errorf("for all rows: %+v", calls)
	}
}

func TestEmitStopsReading(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	s, err := usage.Read("log", strings.NewReader("t,input_tokens,output_tokens\n0,1,1\n1,1,1\n2,1,1\n"), usage.Options{}, func(*usage.Call) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || s.Calls != 2 || n != 2 {
		t.Errorf("%v after %d calls of %d", err, n, s.Calls)
	}
}

type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("disk on fire")
	}
	return n, err
}

func TestReadErrorsHaveAPlace(t *testing.T) {
	_, err := usage.Read("log", broken{strings.NewReader("t,input_tokens,output_tokens\n0,1,1\n")}, usage.Options{}, nil)
	e, ok := errors.AsType[*usage.FileError](err)
	if !ok || !strings.Contains(e.Error(), "disk on fire") || e.Line == 0 {
		t.Errorf("err = %v", err)
	}
}

func TestNamesOfEnumerations(t *testing.T) {
	for _, c := range []usage.InputConvention{usage.Detect, usage.Includes, usage.Excludes} {
		var back usage.InputConvention
		if err := back.UnmarshalText([]byte(c.String())); err != nil || back != c {
			t.Errorf("%v = %v, %v", c, back, err)
		}
	}
	if _, err := usage.ParseInputConvention("both"); err == nil {
		t.Error("both is no convention")
	}
}
