package clickhouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/chtest"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/usage"
)

// foreign are the tables of other products as their sources create them, less indexes and columns that no mapping
// reads, and how a line of the sample export becomes a row.
var foreign = []struct {
	mapping, sample, table, insert string
	options                        usage.Options
}{
	{
		mapping: "langfuse", sample: "langfuse_observations.jsonl",
		table: "CREATE TABLE observations (`id` String, `trace_id` String, `project_id` String, `environment` LowCardinality(String) DEFAULT 'default', `type` LowCardinality(String), `start_time` DateTime64(3), `end_time` Nullable(DateTime64(3)), " +
			"`metadata` Map(LowCardinality(String), String), `level` LowCardinality(String), `provided_model_name` Nullable(String), `usage_details` Map(LowCardinality(String), UInt64), " +
			"`cost_details` Map(LowCardinality(String), Decimal64(12)), `total_cost` Nullable(Decimal64(12)), `completion_start_time` Nullable(DateTime64(3)), event_ts DateTime64(3), is_deleted UInt8" +
			") ENGINE = ReplacingMergeTree(event_ts, is_deleted) Partition by toYYYYMM(start_time) PRIMARY KEY (project_id, `type`, toDate(start_time)) ORDER BY (project_id, `type`, toDate(start_time), id)",
		insert: "INSERT INTO observations (id, trace_id, project_id, type, start_time, end_time, metadata, level, provided_model_name, usage_details, total_cost, completion_start_time, event_ts, is_deleted) " +
			"SELECT id, trace_id, project_id, type, parseDateTime64BestEffort(start_time, 3, 'UTC'), parseDateTime64BestEffortOrNull(end_time, 3, 'UTC'), metadata, level, provided_model_name, usage_details, total_cost, " +
			"parseDateTime64BestEffortOrNull(completion_start_time, 3, 'UTC'), now64(3), 0 FROM format(JSONEachRow, 'id String, trace_id String, project_id String, type String, start_time String, end_time Nullable(String), " +
			"metadata Map(String, String), level String, provided_model_name Nullable(String), usage_details Map(String, UInt64), total_cost Nullable(Decimal(18, 12)), completion_start_time Nullable(String)', ",
	},
	{
		mapping: "helicone", sample: "helicone_requests.jsonl",
		table: "CREATE TABLE request_response_rmt (`response_created_at` Nullable(DateTime64(3)), `latency` Nullable(Int64), `status` Int64, `completion_tokens` Nullable(Int64), `completion_audio_tokens` Int64 DEFAULT 0, `cache_reference_id` UUID, " +
			"`prompt_tokens` Nullable(Int64), `prompt_cache_write_tokens` Int64 DEFAULT 0, `prompt_cache_read_tokens` Int64 DEFAULT 0, `prompt_audio_tokens` Int64 DEFAULT 0, `model` LowCardinality(String), `request_id` UUID, `request_created_at` DateTime64(3), " +
			"`user_id` LowCardinality(String), `organization_id` UUID, `time_to_first_token` Nullable(Int64), `provider` LowCardinality(String), `properties` Map(LowCardinality(String), String), `cost` UInt64 DEFAULT 0, `updated_at` DateTime64(3, 'UTC') DEFAULT now()" +
			") ENGINE = ReplacingMergeTree(updated_at) PARTITION BY toYYYYMM(request_created_at) PRIMARY KEY (organization_id, provider, model, user_id, request_created_at, request_id) ORDER BY (organization_id, provider, model, user_id, request_created_at, request_id)",
		insert: "INSERT INTO request_response_rmt (response_created_at, latency, status, completion_tokens, prompt_tokens, prompt_cache_write_tokens, prompt_cache_read_tokens, model, request_id, request_created_at, user_id, time_to_first_token, provider, properties, cost) " +
			"SELECT parseDateTime64BestEffortOrNull(response_created_at, 3, 'UTC'), latency, status, completion_tokens, prompt_tokens, prompt_cache_write_tokens, prompt_cache_read_tokens, model, reinterpretAsUUID(sipHash128(request_id)), " +
			"parseDateTime64BestEffort(request_created_at, 3, 'UTC'), user_id, time_to_first_token, provider, properties, cost FROM format(JSONEachRow, 'request_id String, request_created_at String, response_created_at String, latency Int64, " +
			"time_to_first_token Int64, status Int64, model String, provider String, user_id String, prompt_tokens Int64, completion_tokens Int64, prompt_cache_read_tokens Int64, prompt_cache_write_tokens Int64, cost UInt64, properties Map(String, String)', ",
		// The table does not have them.
		options: usage.Options{Mapping: map[string]string{"cache_write_5m": "", "cache_write_1h": ""}},
	},
	{
		mapping: "litellm", sample: "litellm_spendlogs.jsonl",
		table: "CREATE TABLE LiteLLM_SpendLogs (request_id String, call_type String, api_key String, spend Float64, total_tokens Int32, prompt_tokens Int32, completion_tokens Int32, `startTime` DateTime64(3), `endTime` DateTime64(3), " +
			"request_duration_ms Nullable(Int32), `completionStartTime` Nullable(DateTime64(3)), model String, model_group Nullable(String), custom_llm_provider Nullable(String), `user` Nullable(String), metadata Nullable(String), cache_hit Nullable(String), " +
			"team_id Nullable(String), end_user Nullable(String), session_id Nullable(String), status Nullable(String)) ENGINE = MergeTree ORDER BY request_id",
		insert: "INSERT INTO LiteLLM_SpendLogs SELECT request_id, call_type, api_key, spend, total_tokens, prompt_tokens, completion_tokens, parseDateTime64BestEffort(startTime, 3, 'UTC'), parseDateTime64BestEffort(endTime, 3, 'UTC'), request_duration_ms, " +
			"parseDateTime64BestEffortOrNull(completionStartTime, 3, 'UTC'), model, model_group, custom_llm_provider, `user`, metadata, cache_hit, team_id, end_user, session_id, status FROM format(JSONEachRow, 'request_id String, call_type String, " +
			"api_key String, spend Float64, total_tokens Int32, prompt_tokens Int32, completion_tokens Int32, startTime String, endTime String, request_duration_ms Int32, completionStartTime String, model String, model_group String, " +
			"custom_llm_provider String, user String, metadata String, cache_hit String, team_id String, end_user String, session_id String, status String', ",
	},
}

// The table of another product gives the same groups as its export does.
func TestMappedTableIsWhatTheReaderOfItsExportReads(t *testing.T) {
	c := cluster(t, 1)
	for _, f := range foreign {
		t.Run(f.mapping, func(t *testing.T) {
			path := filepath.Join("..", "..", "..", "..", "shared", "data", "usage-samples", f.sample)
			sample, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				t.Skip("the samples are not here:", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			var calls []usage.Call
			if _, err := usage.Read(path, bytes.NewReader(sample), f.options, func(c *usage.Call) error {
				calls = append(calls, *c)
				return nil
			}); err != nil || len(calls) == 0 {
				t.Fatalf("%d calls, %v", len(calls), err)
			}
			w := mapped(t, c, f.mapping, f.table, f.insert+literal(string(sample))+")")
			cuts := warehouse.Cuts{Epochs: []time.Time{time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC)}, Bands: []int64{1_000, 10_000}, Minutes: []int{600, 4_000}}
			for _, by := range [][]warehouse.Dimension{
				nil,
				{warehouse.Hour, warehouse.Project, warehouse.User, warehouse.Key, warehouse.Tier},
				{warehouse.Day, warehouse.Model, warehouse.Provider},
			} {
				warehousetest.Check(t, w, calls, warehouse.Question{By: by, Cuts: cuts})
			}
			rows := 0
			if err := w.Scan(t.Context(), warehouse.Selection{}, func(c *usage.Call) error {
				want := calls[rows]
				if c.Latency != want.Latency || c.TTFT != want.TTFT || c.Session != want.Session || c.Failed != want.Failed {
					t.Errorf("call %d: got %+v, want %+v", rows, *c, want)
				}
				rows++
				return nil
			}); err != nil || rows != len(calls) {
				t.Errorf("scanned %d of %d calls, %v", rows, len(calls), err)
			}
			if n, err := w.Aside(t.Context(), warehouse.Selection{}); n != 0 || err != nil {
				t.Errorf("%d rows are left aside, %v", n, err)
			}
		})
	}
}

// mapped makes a table of others and opens it.
func mapped(t *testing.T, c *chtest.Cluster, mapping string, statements ...string) *Warehouse {
	t.Helper()
	db := c.Database(t)
	for _, s := range statements {
		c.Exec(t, 0, db, s)
	}
	w, err := Open(t.Context(), c.URL(db)+"?mapping="+mapping, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestMappedTableIsOnlyRead(t *testing.T) {
	c := cluster(t, 1)
	file := filepath.Join(t.TempDir(), "calls.json")
	if err := os.WriteFile(file, []byte(`{"table": "log", "where": "kind = 'llm'", "bad": "cached > prompt",
		"columns": {"start": "ts", "model": "m", "input": "prompt - cached", "cache_read": "cached", "output": "answer"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w := mapped(t, c, file,
		"CREATE TABLE log (ts DateTime, kind String, m String, prompt UInt32, cached UInt32, answer UInt32) ENGINE = MergeTree ORDER BY ts",
		"INSERT INTO log VALUES ('2026-08-19 10:00:00', 'llm', 'gpt-5', 100, 30, 7), ('2026-08-19 11:00:00', 'llm', 'gpt-5', 10, 30, 7), ('2026-08-19 12:00:00', 'tool', '', 0, 0, 0)")
	// One call of 70 uncached and 30 cached tokens; one row has more cached than prompt, and one is no call.
	groups := warehousetest.Ask(t, w, warehouse.Question{By: []warehouse.Dimension{warehouse.Day}})
	if len(groups) != 1 || groups[0].Rows != 1 || groups[0].Quantities.InputTokens() != 100 || groups[0].Quantities[1] != 30 || groups[0].Quantities.OutputTokens() != 7 || groups[0].Key[0] != "2026-08-19" {
		t.Errorf("groups %+v", groups)
	}
	if n, err := w.Aside(t.Context(), warehouse.Selection{}); n != 1 || err != nil {
		t.Errorf("%d rows are left aside, want 1; %v", n, err)
	}
	if _, err := w.Import(t.Context(), warehouse.Origin{}); err == nil || !strings.Contains(err.Error(), "without mapping") {
		t.Errorf("import: got %v", err)
	}
	if _, err := w.Delete(t.Context(), warehouse.Selection{}, time.Time{}, false); err == nil || !strings.Contains(err.Error(), "without mapping") {
		t.Errorf("delete: got %v", err)
	}
	if list, err := w.Imports(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("imports: got %v, %v", list, err)
	}
}

func TestMappingThatDoesNotFitIsRefused(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{`{"table": "t", "columns": {"start": "ts"}}`, "columns: model is missing"},
		{`{"table": "t", "columns": {"start": "ts", "model": "m", "inptu": "x"}}`, `columns: "inptu" means nothing`},
		{`{"columns": {"start": "ts", "model": "m"}}`, "table is missing"},
		{`{"table": "t", "tables": 1}`, "no mapping"},
		{`{"table": "t", "columns": {"start": "ts", "model": "m"}} {}`, "follows"},
		{`{"table": "t", "let": [{"name": "a b", "sql": "1"}], "columns": {"start": "ts", "model": "m"}}`, "letters, digits"},
	} {
		if _, err := ParseMapping("m.json", []byte(test.file)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.file, err, test.want)
		}
	}
	for name, m := range mappings {
		if err := m.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(`{"table": "t", "columns": {"start": "ts", "model": "m"}}`))
	for _, m := range mappings {
		file, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := ParseMapping("fuzz", file)
		if err != nil {
			return
		}
		if r := m.relation(place{database: "d", table: m.Table}); !strings.Contains(r.sql(), "AS of_start") {
			t.Errorf("no start in %s", r.sql())
		}
	})
}
