package usage

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// rows reads a table whole.
func rows(text string, maxLine int) (header []string, records [][]string, err error) {
	t, err := newTable(&source{name: "test.csv", r: bufferOf([]byte(text)), max: maxLine})
	if err != nil {
		return nil, nil, err
	}
	for {
		cells, err := t.next()
		if errors.Is(err, io.EOF) {
			return t.header, records, nil
		}
		if err != nil {
			return t.header, records, err
		}
		record := make([]string, 0, len(cells))
		for _, c := range cells {
			record = append(record, string(c))
		}
		records = append(records, record)
	}
}

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       [][]string
	}{
		{"plain", "a,b\n1,2\n", [][]string{{"1", "2"}}},
		{"no line break at the end", "a,b\n1,2", [][]string{{"1", "2"}}},
		{"carriage returns and blank lines", "a,b\r\n\r\n1,2\r\n", [][]string{{"1", "2"}}},
		{"semicolons", "a;b;c\n1;2,5;3\n", [][]string{{"1", "2,5", "3"}}},
		{"tabs", "a\tb\n1\t2\n", [][]string{{"1", "2"}}},
		{"quotes", "a,b\n\"x,\"\"y\"\"\",2\n", [][]string{{`x,"y"`, "2"}}},
		{"a line break in a cell", "a,b\n\"x\ny\",2\n3,4\n", [][]string{{"x\ny", "2"}, {"3", "4"}}},
		{"a quote inside an unquoted cell is ordinary", "a,b\n5\",2\n", [][]string{{`5"`, "2"}}},
		{"empty cells", "a,b\n,\n", [][]string{{"", ""}}},
	} {
		_, got, err := rows(tt.text, 1000)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestTableFaults(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n\"x,2\n3,4\n":                      "test.csv:3: a quote that opens in this line is never closed",
		"a,b\n" + strings.Repeat("x", 200):            "test.csv:2: a line is longer than 100 bytes",
		"a,b\n\"" + strings.Repeat("x\n", 100) + "\"": "test.csv:2: a record is longer than 100 bytes",
		"":   "no header",
		"\n": "no header",
	} {
		_, _, err := rows(text, 100)
		if e, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(e.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

// What encoding/csv reads, this reads the same.
func FuzzTable(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\"\"\"\n"))
	f.Add([]byte("a,b\r\n\"x\r\ny\",\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		header, got, err := rows("a,b\n"+string(data), 1<<20)
		if err != nil {
			if _, ok := errors.AsType[*FileError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if len(header) != 2 {
			t.Fatalf("header = %q", header)
		}
		// encoding/csv drops carriage returns inside cells, and blanks lines of white space are records to both.
		if bytes.IndexByte(data, '\r') >= 0 {
			return
		}
		r := csv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		if err != nil {
			return
		}
		if len(want) != len(got) {
			t.Fatalf("%q: %q, want %q", data, got, want)
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("%q: record %d is %q, want %q", data, i, got[i], want[i])
			}
		}
	})
}
