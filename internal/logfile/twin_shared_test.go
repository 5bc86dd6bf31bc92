package logfile_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"breakeven/internal/logfile"
	"breakeven/usage"
)

// shared is a file of the shared samples; the test is skipped where they are absent.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	root := os.Getenv("BREAKEVEN_SHARED_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(root, "usage-samples", name))
	if err != nil {
		t.Skipf("no shared data: %v; set BREAKEVEN_SHARED_DATA", err)
	}
	return data
}

// column is what a JSON value is in Parquet: the type that fits all values of its place.
type column struct {
	kind    string // text, whole, decimal, flag, group, list
	members map[string]*column
	element *column
}

func (c *column) see(v any) {
	widen := func(kind string) {
		if c.kind == "whole" && kind == "decimal" || c.kind == "" {
			c.kind = kind
		}
	}
	switch v := v.(type) {
	case string:
		widen("text")
	case bool:
		widen("flag")
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			widen("decimal")
		} else {
			widen("whole")
		}
	case map[string]any:
		widen("group")
		if c.members == nil {
			c.members = map[string]*column{}
		}
		for name, member := range v {
			if c.members[name] == nil {
				c.members[name] = &column{}
			}
			c.members[name].see(member)
		}
	case []any:
		widen("list")
		if c.element == nil {
			c.element = &column{}
		}
		for _, e := range v {
			c.element.see(e)
		}
	}
}

func (c *column) node() parquet.Node {
	switch c.kind {
	case "whole":
		return parquet.Optional(parquet.Int(64))
	case "decimal":
		return parquet.Optional(parquet.Leaf(parquet.DoubleType))
	case "flag":
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case "group":
		if len(c.members) > 0 {
			return parquet.Optional(c.group())
		}
	case "list":
		return parquet.Optional(parquet.List(c.element.node()))
	}
	return parquet.Optional(parquet.String())
}

func (c *column) group() parquet.Group {
	g := parquet.Group{}
	for name, member := range c.members {
		g[name] = member.node()
	}
	return g
}

// value is a JSON value as the Parquet writer takes it.
func (c *column) value(v any) any {
	switch v := v.(type) {
	case json.Number:
		if c.kind == "whole" {
			n, _ := v.Int64()
			return n
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		if len(c.members) == 0 {
			return nil
		}
		m := map[string]any{}
		for name, member := range v {
			m[name] = c.members[name].value(member)
		}
		return m
	case []any:
		list := make([]any, 0, len(v))
		for _, e := range v {
			list = append(list, c.element.value(e))
		}
		return list
	}
	return v
}

// twin writes records as the Parquet file that a column store would make of them.
func twin(t *testing.T, records []map[string]any) []byte {
	t.Helper()
	var root column
	for _, r := range records {
		root.see(r)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[map[string]any](&b, parquet.NewSchema("twin", root.group()), parquet.Compression(&parquet.Zstd))
	for _, r := range records {
		m, _ := root.value(r).(map[string]any)
		if _, err := w.Write([]map[string]any{m}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// recordsOf reads JSON lines, or a table whose cells are text.
func recordsOf(t *testing.T, name string, data []byte) (records []map[string]any) {
	t.Helper()
	if strings.HasSuffix(name, ".csv") {
		rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			r := map[string]any{}
			for i, cell := range row {
				if r[rows[0][i]] = any(cell); cell == "" {
					r[rows[0][i]] = nil
				}
			}
			records = append(records, r)
		}
		return records
	}
	for line := range bytes.Lines(data) {
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		r := map[string]any{}
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// What column stores keep of an export is read as the export is, call by call.
func TestParquetTwins(t *testing.T) {
	for _, tt := range []struct {
		file, format string
		mapping      map[string]string
	}{
		{file: "langsmith_runs.jsonl", format: "langsmith"},
		{file: "litellm_spendlogs.jsonl", format: "litellm"},
		{file: "litellm_daily_user_spend.csv", format: "litellm_daily"},
		{file: "langfuse_observations.jsonl", format: "langfuse"},
		{file: "helicone_requests.jsonl", format: "helicone"},
		{file: "portkey_logs.jsonl", format: "portkey"},
		{file: "bifrost_logs.jsonl", format: "bifrost"},
		{file: "bedrock_invocation_log.jsonl", format: "bedrock_log"},
		{file: "gcp_billing_export_gemini.jsonl", format: "gcp_billing"},
		{file: "aws_cur2_bedrock.csv", format: "aws_cur"},
		{file: "azure_cost_export.csv", format: "azure_cost"},
		{file: "focus_1_4_llm_spend.csv", format: "focus"},
		{file: "ground_truth.jsonl", format: "generic"},
	} {
		t.Run(tt.file, func(t *testing.T) {
			data := shared(t, tt.file)
			want, first := calls(t, tt.file, data)
			got, s := calls(t, tt.file, twin(t, recordsOf(t, tt.file, data)))
			if s.Format != tt.format || s.Rows != first.Rows || s.Faulty != 0 || len(got) != len(want) {
				t.Fatalf("%+v, of the export itself %+v", s, first)
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("call %d = %s,\nof the export %s", i, got[i], want[i])
				}
			}
		})
	}
}

// calls are the calls of a file, as text without their lines.
func calls(t *testing.T, name string, data []byte) (list []string, s usage.Summary) {
	t.Helper()
	r, err := logfile.Decode(name, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	s, err = usage.Read(name, r, usage.Options{}, func(c *usage.Call) error {
		own := *c
		own.Line = 0
		text, err := json.Marshal(own)
		list = append(list, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clip(list), s
}
