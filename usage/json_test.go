package usage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// recorder writes down what a walker visits.
type recorder struct{ lines []string }

func (r *recorder) open(path []byte)   { r.lines = append(r.lines, "open "+string(path)) }
func (r *recorder) closed(path []byte) { r.lines = append(r.lines, "closed "+string(path)) }
func (r *recorder) value(path, raw []byte, kind scalar) {
	text := string(raw)
	if kind == jsonString {
		text = string(unescape(nil, raw))
	}
	r.lines = append(r.lines, fmt.Sprintf("%s = %s", path, text))
}

func TestWalk(t *testing.T) {
	var r recorder
	var w walker
	text := `{"a":1.5e3, "b":{"c\u002ed":"x\n\ud83d\ude00"}, "list":[{"n":null},true,[]]}`
	if err := w.walk([]byte(text), "", &r); err != nil {
		t.Fatal(err)
	}
	want := "open |a = 1.5e3|open b|b.c.d = x\n😀|closed b|open list|open list[]|list[].n = null|closed list[]|list[] = true|open list[]|closed list[]|closed list|closed "
	if got := strings.Join(r.lines, "|"); got != want {
		t.Errorf("visited\n%q, want\n%q", got, want)
	}
}

func TestWalkSaysWhere(t *testing.T) {
	for text, want := range map[string]struct {
		offset int
		early  bool
	}{
		`{"a":`:              {5, true},
		`{"a":1`:             {6, true},
		`{"a":NaN}`:          {5, false},
		`{"a":1,}`:           {7, false},
		`[1 2]`:              {3, false},
		`"\x"`:               {1, false},
		"\"\n\"":             {1, false},
		`01`:                 {1, false},
		`{}{}`:               {2, false},
		``:                   {0, true},
		`-`:                  {1, true},
		`{"a":"unterminated`: {18, true},
	} {
		var w walker
		err := w.walk([]byte(text), "", discard{})
		e, ok := errors.AsType[*syntaxError](err)
		if !ok || e.offset != want.offset || e.early != want.early {
			t.Errorf("%q: %v (%+v), want offset %d, early %v", text, err, e, want.offset, want.early)
		}
	}
	var w walker
	if err := w.walk([]byte(strings.Repeat("[", 10_000)), "", discard{}); err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("deep nesting: %v", err)
	}
}

// The walker accepts what encoding/json accepts, and reads strings as it does.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e+7,"\u00e9\ud800x",null,true]}`, `[[[]]]`, `"\ud83d\ude00"`, `{"":{}}`, ` 0 `, `{"a":1}x`, `1.`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r recorder
		var w walker
		err := w.walk(data, "", &r)
		if err != nil && strings.Contains(err.Error(), "nested deeper") {
			return
		}
		if (err == nil) != json.Valid(data) {
			t.Fatalf("walk(%q) = %v, but json.Valid = %v", data, err, json.Valid(data))
		}
		var text string
		if err == nil && json.Unmarshal(data, &text) == nil && len(data) > 0 && strings.TrimSpace(string(data))[0] == '"' {
			got := strings.ToValidUTF8(strings.TrimPrefix(r.lines[0], " = "), "\uFFFD")
			if want := strings.ToValidUTF8(text, "\uFFFD"); squeeze(got) != squeeze(want) {
				t.Fatalf("%q reads as %q, want %q", data, got, want)
			}
		}
	})
}

// squeeze makes one replacement character of several: encoding/json writes one for each bad byte.
func squeeze(s string) string {
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}

// elements lists what a document's path leads to.
func elements(text string, keys ...[]string) ([]string, error) {
	d := &document{name: "test.json", r: bufferOf([]byte(text)), max: 1 << 20, line: 1}
	var list []string
	err := d.each(keys, func(raw []byte, line int) error {
		list = append(list, fmt.Sprintf("%d:%s", line, raw))
		return nil
	})
	return list, err
}

func TestDocumentStreamsElements(t *testing.T) {
	data := []string{"data"}
	for _, tt := range []struct {
		name, text string
		keys       [][]string
		want       string
	}{
		{"records one after another", "{\"a\":1}\n{\"a\":2} {\"a\":3}", nil, `1:{"a":1} 2:{"a":2} 2:{"a":3}`},
		{"a list of records", "[\n{\"a\":1},\n{\"a\":\"]}\\\"\"}\n]", nil, `2:{"a":1} 3:{"a":"]}\""}`},
		{"pages", "{\"object\":\"page\",\"data\":[{\"x\":[1]}],\"more\":{\"data\":[0]}}\n{\"data\":[2]}", [][]string{data}, `1:{"x":[1]} 2:2`},
		{"two steps, one with two names", `[{"a":[{"b":[1,2]},{"c":[3]}]}]`, [][]string{{"a"}, {"b", "c"}}, "1:1 1:2 1:3"},
		{"no such key", `{"rows":[1]}`, [][]string{data}, ""},
		{"nothing where a list should be", `{"data":null} {"data":7}`, [][]string{data}, "1:null 1:7"},
	} {
		got, err := elements(tt.text, tt.keys...)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestDocumentFaultsSayTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"{\"data\":[\n{\"a\":1},\n{\"a\":": "test.json:3: the JSON document ends too early",
		"{\"data\":[\n1 2]}":               "test.json:2: is no JSON here: a comma",
		"{\"data\":\n}":                    "test.json:2: is no JSON here: a value",
		"{data:1}":                         "test.json:1: is no JSON here: a key",
		strings.Repeat("[", 500):           "nested deeper",
	} {
		_, err := elements(text, []string{"data"})
		if e, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(e.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"data":[{"a":1},2,"x"]}`))
	f.Add([]byte(`[1,[2],{"data":[3]}]{"data":{"data":4}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := elements(string(data), []string{"data"})
		if _, ok := errors.AsType[*FileError](err); err != nil && !ok {
			t.Fatalf("%T: %v", err, err)
		}
		if json.Valid(data) && err != nil && !strings.Contains(err.Error(), "nested") {
			t.Fatalf("valid JSON was refused: %v", err)
		}
		_ = n
	})
}
