package usage_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
)

// What a file of no known vendor lacks or says twice is an error that names it, and never a zero.
func TestColumnsThatAreMissingOrDouble(t *testing.T) {
	for _, tt := range []struct{ name, text, problem, hint string }{
		{"no output", "time,model,input_tokens\n2026-08-19,m,5\n", "no column holds output tokens by its name; the columns are time, model, input_tokens", "map output=COLUMN, or output= if the calls have no output"},
		{"no input", `{"time":"2026-08-19","output_tokens":5}`, "no column holds input tokens by its name; the columns are time, output_tokens", "map input=COLUMN, or input= if"},
		{"a name twice", "time,input_tokens,note,output_tokens,input_tokens\n2026-08-19,5,x,1,6\n", `:1: columns 2 and 5 of the header are both called "input_tokens"`, "rename one"},
		{"a name twice but for its letters", "time,input_tokens,Input Tokens,output_tokens\n2026-08-19,5,6,1\n", `the columns "input_tokens" and "Input Tokens" are the same name`, "map input"},
		{"a name twice in a vendor's export", "request_id,spend,prompt_tokens,completion_tokens,spend,startTime\nr,1,2,3,4,2026-08-19T00:00:00Z\n", `columns 2 and 5 of the header are both called "spend"`, "rename one"},
		{"an empty list", "[]", "holds an empty JSON list", "export rows"},
		{"null", "null\n", "holds only the JSON value null, and no object with columns", "export rows"},
		{"brackets", "[[[[", "holds a JSON list that is no whole JSON and in which no object with columns begins", "export rows"},
		{"numbers", "[1,2]", "holds a JSON list in which no object has columns", "export rows"},
		{"an empty object", "{}", "holds JSON objects without columns", "export rows"},
		{"an object with an empty list", "{\"data\":\n[]}", "holds a JSON object without columns", "export rows"},
		{"empty lines without end", strings.Repeat("\n", 1<<20) + "t,input_tokens,output_tokens\n", "white space", "remove"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := tryRead(tt.text, usage.Options{})
			e, ok := errors.AsType[*usage.FileError](err)
			if !ok || !strings.Contains(e.Error(), tt.problem) || !strings.Contains(e.Error(), tt.hint) {
				t.Errorf("%v, want %q (%q)", err, tt.problem, tt.hint)
			}
		})
	}
	_, _, err := tryRead("t,n,output_tokens\n1,2,3\n", usage.Options{Mapping: map[string]string{"input": "n", "cache_read": "n"}})
	if e, ok := errors.AsType[*usage.FileError](err); !ok || !strings.Contains(e.Problem, `the column "n" to both cache_read and input`) {
		t.Errorf("a column for two fields: %v", err)
	}

	c, _ := one(t, "time,model,input_tokens\n2026-08-19T00:00:00Z,m,5\n", usage.Options{Mapping: map[string]string{"output": ""}})
	quantities(t, c.Quantities, price.Quantities{price.Input: 5, price.Request: 1})
	c, _ = one(t, "time,note,input_tokens,output_tokens,note\n2026-08-19T00:00:00Z,a,5,1,b\n", usage.Options{})
	quantities(t, c.Quantities, price.Quantities{price.Input: 5, price.Output: 1, price.Request: 1})
}

// An empty cell is unknown. Only a call that failed may have none.
func TestEmptyCells(t *testing.T) {
	calls, s := read(t, "time,input_tokens,output_tokens,status\n2026-08-19T00:00:00Z,5,1,ok\n2026-08-19T00:00:00Z,5,,ok\n2026-08-19T00:00:00Z,,1,ok\n"+
		"2026-08-19T00:00:00Z,,,ok\n2026-08-19T00:00:00Z,7,,error\n2026-08-19T00:00:00Z,,,500\n", usage.Options{})
	if s.Calls != 3 || s.Faulty != 3 || s.Skipped != 0 {
		t.Fatalf("%+v", s)
	}
	for i, want := range []struct {
		line  int
		field string
	}{{3, "output_tokens"}, {4, "input_tokens"}, {5, "input_tokens"}} {
		if f := s.Faults[i]; f.Line != want.line || f.Field != want.field || f.Problem != "is empty" || !strings.Contains(f.Hint, "mark the call as failed") {
			t.Errorf("fault %+v, want %+v", f, want)
		}
	}
	quantities(t, calls[1].Quantities, price.Quantities{price.Input: 7, price.Request: 1})
	if !calls[1].Failed || !calls[2].Failed || !told(s, "Failed calls have empty token counts, which were read as zero (2 rows).") {
		t.Errorf("failed calls are kept and told: %+v, %q", calls, s.Notes)
	}

	// In JSON: null, a key that is missing, a total that says there was none, and a record of something else.
	calls, s = read(t, `{"t":1,"input_tokens":5,"output_tokens":1}
{"t":2,"input_tokens":5,"output_tokens":null}
{"t":3,"input_tokens":5}
{"t":4,"input_tokens":5,"total_tokens":5}
{"t":5,"event":"login"}
`, usage.Options{})
	if s.Calls != 2 || s.Faulty != 2 || s.Skipped != 1 || s.Faults[0].Problem != "is empty" || s.Faults[1].Problem != "is missing" {
		t.Errorf("%+v", s)
	}
	quantities(t, calls[1].Quantities, price.Quantities{price.Input: 5, price.Request: 1})
}

func TestKeysThatStandTwice(t *testing.T) {
	for name, text := range map[string]string{
		"generic":         `{"t":1,"usage":{"input_tokens":5,"output_tokens":1},"usage":{"input_tokens":6}}` + "\n",
		"with null":       `{"t":1,"input_tokens":5,"output_tokens":1,"input_tokens":null}` + "\n",
		"LiteLLM":         `{"request_id":"r","spend":1,"prompt_tokens":1,"prompt_tokens":2,"completion_tokens":1,"startTime":"2026-08-19T01:14:08Z"}` + "\n",
		"OpenAI":          `{"data":[{"start_time":1787108400,"end_time":1787112000,"results":[{"input_tokens":1,"input_tokens":2,"output_tokens":1,"num_model_requests":1}]}]}`,
		"OpenAI's bucket": `{"data":[{"start_time":1787108400,"start_time":1787108460,"end_time":1787112000,"results":[{"input_tokens":1,"output_tokens":1,"num_model_requests":1}]}]}`,
		"OTLP":            span(attribute("gen_ai.usage.input_tokens", "intValue", "10") + "," + attribute("gen_ai.usage.input_tokens", "intValue", "11")),
	} {
		_, s := read(t, text, usage.Options{})
		if s.Calls != 0 || s.Faulty != 1 || !strings.Contains(s.Faults[0].Problem, "more than once") || s.Faults[0].Field == "" || s.Faults[0].Hint == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// What no field is read from may repeat, and so may the keys of a list's elements.
	_, s := read(t, `{"t":1,"input_tokens":5,"output_tokens":1,"tag":1,"tag":2,"choices":[{"model":"a"},{"model":"b"}]}`+"\n", usage.Options{})
	if s.Calls != 1 || s.Faulty != 0 {
		t.Errorf("%+v", s)
	}
}

// A column called end is the end of a bucket.
func TestEndIsTheEndOfABucket(t *testing.T) {
	for _, begin := range []string{"start", "time"} {
		c, s := one(t, begin+",end,input_tokens,output_tokens\n2026-08-19T00:00:00Z,2026-08-19T01:00:00Z,100,10\n", usage.Options{})
		if c.End.Sub(c.Start) != time.Hour || c.Requests.Known || !told(s, `"end"`) {
			t.Errorf("%s: %+v, %q", begin, c, s.Notes)
		}
	}
	c, _ := one(t, "start,end,requests,input_tokens,output_tokens\n2026-08-19T00:00:00Z,2026-08-19T01:00:00Z,7,100,10\n", usage.Options{})
	if c.End.Sub(c.Start) != time.Hour || c.Requests.N != 7 {
		t.Errorf("%+v", c)
	}
	c, s := one(t, "start,end,input_tokens,output_tokens\n2026-08-19T00:00:00Z,2026-08-19T00:00:03Z,100,10\n", usage.Options{Mapping: map[string]string{"done": "end"}})
	if !c.End.IsZero() || c.Latency != 3*time.Second || told(s, `"end"`) {
		t.Errorf("as mapped: %+v, %q", c, s.Notes)
	}
}

// Old spreadsheets end lines with carriage returns alone.
func TestCarriageReturnsAlone(t *testing.T) {
	for _, end := range []string{"", "\r", "\r\n"} {
		calls, s := read(t, "time,input_tokens,output_tokens\r2026-08-19T00:00:00Z,5,1\r2026-08-19T00:00:01Z,6,1"+end, usage.Options{})
		if len(calls) != 2 || calls[1].Quantities[price.Input] != 6 || calls[1].Line != 3 {
			t.Errorf("%q: %+v", end, s)
		}
	}
	calls, _ := read(t, "{\"t\":1,\"input_tokens\":5,\"output_tokens\":1}\r{\"t\":2,\"input_tokens\":6,\"output_tokens\":1}\r", usage.Options{})
	if len(calls) != 2 {
		t.Errorf("JSON lines: %+v", calls)
	}
}

// Numbers beyond what can be counted are said to be that.
func TestNumbersOutOfRange(t *testing.T) {
	for _, n := range []string{"9223372036854775808", "99999999999999999999999999", "-99999999999999999999"} {
		_, s := read(t, "t,input_tokens,output_tokens\n1,"+n+",1\n", usage.Options{})
		if s.Faulty != 1 || !strings.Contains(s.Faults[0].Problem, "out of range") {
			t.Errorf("%s: %+v", n, s.Faults)
		}
	}
}

// A file that the system does not open or read comes with a remedy.
func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = usage.Read(dir, f, usage.Options{}, nil)
	if e, ok := errors.AsType[*usage.FileError](err); !ok || !strings.HasSuffix(e.Error(), "is a directory (name a file in that folder)") || strings.Count(e.Error(), dir) != 1 {
		t.Errorf("a folder: %v", err)
	}
	_, open := os.Open(loop)
	_, absent := os.Open(filepath.Join(dir, "absent"))
	for want, err := range map[string]error{
		"circle": open, "check the path": absent, "right to read": &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, "copy it": errors.New("input/output error"),
	} {
		if e := usage.Unreadable("x", err); !strings.Contains(e.Hint, want) || !errors.Is(e, errors.Unwrap(err)) && errors.Unwrap(err) != nil {
			t.Errorf("%v: %v, want %q", err, e, want)
		}
	}
}

func TestCountInJSON(t *testing.T) {
	for text, want := range map[string]usage.Count{"null": {}, "0": {Known: true}, "7": {N: 7, Known: true}} {
		data, err := json.Marshal(want)
		if err != nil || string(data) != text {
			t.Errorf("%+v = %s, %v; want %s", want, data, err, text)
		}
		back := usage.Count{N: 99, Known: true}
		if err := json.Unmarshal([]byte(text), &back); err != nil || back != want {
			t.Errorf("%s = %+v, %v; want %+v", text, back, err, want)
		}
	}
	for text, want := range map[string]string{
		"-1": "negative", "1.5": "no whole number", `"7"`: "no whole number", "{}": "no whole number", "99999999999999999999": "9,223,372,036,854,775,807",
	} {
		var c usage.Count
		if err := json.Unmarshal([]byte(text), &c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzCount(f *testing.F) {
	for _, s := range []string{"null", "0", "-1", "9223372036854775807", "9223372036854775808", "1e3", "{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c, back usage.Count
		if json.Unmarshal(data, &c) != nil {
			return
		}
		text, err := json.Marshal(c)
		if err != nil || json.Unmarshal(text, &back) != nil || back != c || c.N < 0 {
			t.Fatalf("%q = %+v, written as %s, read as %+v: %v", data, c, text, back, err)
		}
	})
}
