package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakeven/catalog"
	"breakeven/price"
	"breakeven/registry"
)

// acme is listed by every table.
const acme = `{
  "schema": "breakeven/prices/v1", "provider": "acme", "name": "Acme", "first_party": true,
  "tables": {
    "genai-prices": {"providers": ["acme"]}, "langfuse": {}, "litellm": {"providers": ["acme"], "prefix": "acme/"},
    "models.dev": {"providers": ["acme"]}, "portkey": {"providers": ["acme"]}
  },
  "sources": {"page": {"kind": "published", "title": "A page", "date": "2026-09-01"}},
  "models": [
    {"id": "anvil", "prices": [{"source": "page", "rates": {"input": "3"}}]},
    {"id": "rocket", "prices": [{"source": "page", "rates": {"input": "3"}}]}
  ]}`

func acmeBook(t *testing.T) *price.Book {
	t.Helper()
	b, err := price.NewBook(map[string][]byte{"acme.json": []byte(acme)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// write gives the file of one table from rows without their head; a row starts with its date.
func write(t *testing.T, source, rows string) (string, counts) {
	t.Helper()
	text := strings.Join(columns, ",") + "\n"
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimLeft(rows, "\n"), "\t", "")) {
		date, rest, _ := strings.Cut(line, ",")
		text += date + "," + source + "," + rest
	}
	parsed, err := parseRows(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	logs, counts, err := replay(parsed, tables(map[string]string{"acme/anvil": "acme"}, nil), acmeBook(t))
	if err != nil {
		t.Fatal(err)
	}
	files, err := format(logs)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(files[source+".tsv"]), "\n\n")
	return body, counts
}

// Each table's fields become rates in dollars per million units: what the history writes per million is taken as it is,
// and what it writes in the table's own unit is turned into it.
func TestFieldsOfTables(t *testing.T) {
	for _, tt := range []struct{ name, source, rows, want string }{
		{
			"LiteLLM: tiers, boundaries, dollars for one request and one search", "litellm", `
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,input_cost_per_token,added,,3
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,output_cost_per_token_above_200k_tokens_priority,added,,30
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,input_cost_per_token_batches,added,,1.5
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,input_cost_per_request,added,,0.005
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,search_context_cost_per_query.search_context_size_low,added,,0.01
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,search_context_cost_per_query.search_context_size_medium,added,,0.01
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,search_context_cost_per_query.search_context_size_high,added,,0.01
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/anvil,input_cost_per_pixel,added,,0.2
			2024-01-31T10:00:00Z,a+b,c1,litellm,other/hat,input_cost_per_token,added,,1
			2024-02-01T10:00:00Z,a+b,c2,litellm,acme/anvil,search_context_cost_per_query.search_context_size_low,changed,0.01,0.005
			`,
			"2024-01-31T10:00:00Z\thttps://github.com/a/b/commit/c1\n" +
				"\tacme\tacme/anvil\tbatch.input=1.5\tpriority.output>200000=30\tinput=3\trequest=5000\tweb_search=10000\n" +
				"2024-02-01T10:00:00Z\thttps://github.com/a/b/commit/c2\n" +
				"\tacme\tacme/anvil\tweb_search=-\n",
		},
		{
			"LiteLLM: a cache hit counts until there is a cache read; the provider is in the name where the map has it no more", "litellm", `
			2024-01-31T10:00:00Z,a+b,c1,litellm,acme/rocket,input_cost_per_token_cache_hit,added,,0.3
			2024-02-01T10:00:00Z,a+b,c2,litellm,acme/rocket,cache_read_input_token_cost,field_added,,0.2
			2024-02-02T10:00:00Z,a+b,c3,litellm,acme/rocket,cache_read_input_token_cost,field_removed,0.2,
			`,
			"2024-01-31T10:00:00Z\thttps://github.com/a/b/commit/c1\n\tacme\tacme/rocket\tcache_read=0.3\n" +
				"2024-02-01T10:00:00Z\thttps://github.com/a/b/commit/c2\n\tacme\tacme/rocket\tcache_read=0.2\n" +
				"2024-02-02T10:00:00Z\thttps://github.com/a/b/commit/c3\n\tacme\tacme/rocket\tcache_read=0.3\n",
		},
		{
			"genai-prices: a dated price ends the one before, hours don't; dollars for a thousand searches", "genai-prices", `
			2024-01-31T10:00:00Z,a+b,c1,acme,anvil,input_mtok,added,,3
			2024-01-31T10:00:00Z,a+b,c1,acme,anvil,output_mtok@16:30-00:30,added,,6
			2024-01-31T10:00:00Z,a+b,c1,acme,anvil,web_searches_kcount,added,,10
			2024-03-01T10:00:00Z,npm:@a/b,0.1.8,acme,anvil,input_mtok@2024-04-01,field_added,,2
			2024-03-01T10:00:00Z,npm:@a/b,0.1.8,acme,anvil,input_mtok>200000@2024-04-01,field_added,,4
			2024-04-02T10:00:00Z,a+b,c3,acme,anvil,input_mtok,changed,3,2
			2024-04-02T10:00:00Z,a+b,c3,acme,anvil,input_mtok@2024-04-01,field_removed,2,
			2024-04-02T10:00:00Z,a+b,c3,acme,anvil,input_mtok>200000@2024-04-01,field_removed,4,
			`,
			"2024-01-31T10:00:00Z\thttps://github.com/a/b/commit/c1\n" +
				"\tacme\tanvil\tinput=3\toutput~16:30-00:30 UTC=6\tweb_search=10000\n" +
				"2024-03-01T10:00:00Z\thttps://www.npmjs.com/package/@a/b/v/0.1.8\n" +
				"\tacme\tanvil\tinput@..2024-04-01=3\tinput@2024-04-01..=2\tinput>200000@2024-04-01..=4\tweb_search@..2024-04-01=10000\n" +
				"2024-04-02T10:00:00Z\thttps://github.com/a/b/commit/c3\n" +
				"\tacme\tanvil\tinput=2\tinput@2024-04-01..=-\tinput>200000@2024-04-01..=-\tweb_search=10000\n",
		},
		{
			"models.dev: no price is no zero; the early name of a boundary", "models.dev", `
			2025-06-05T10:00:00Z,a+b,c1,acme,anvil,input,added,,0.0
			2025-06-05T10:00:00Z,a+b,c1,acme,anvil,output,added,,0
			2025-06-06T10:00:00Z,a+b,c2,acme,anvil,output,changed,0,15
			2025-06-06T10:00:00Z,a+b,c2,acme,anvil,cache_read,field_added,,0
			2025-06-06T10:00:00Z,a+b,c2,acme,anvil,inputCached,field_added,,0.3
			2025-06-07T10:00:00Z,a+b,c3,acme,anvil,context_over_200k.output,field_added,,22.5
			2025-06-08T10:00:00Z,a+b,c4,acme,anvil,output>200000,field_added,,22.5
			2025-06-08T10:00:00Z,a+b,c4,acme,anvil,context_over_200k.output,field_removed,22.5,
			`,
			"2025-06-06T10:00:00Z\thttps://github.com/a/b/commit/c2\n\tacme\tanvil\tinput=0\toutput=15\n" +
				"2025-06-07T10:00:00Z\thttps://github.com/a/b/commit/c3\n\tacme\tanvil\toutput>200000=22.5\n",
		},
		{
			"Portkey: cents where it says so; a zero says nothing; one side of a boundary is the model", "portkey", `
			2026-01-05T10:00:00Z,a+b,c1,acme,anvil,request_token,baseline,,3
			2026-01-05T10:00:00Z,a+b,c1,acme,anvil,cache_read_input_token,baseline,,0.0
			2026-01-05T10:00:00Z,a+b,c1,acme,anvil,batch_config.request_token,baseline,,1.5
			2026-01-05T10:00:00Z,a+b,c1,acme,anvil,additional_units.web_search(cents),baseline,,1
			2026-01-05T10:00:00Z,a+b,c1,acme,anvil,additional_units.request_audio_token(cents),baseline,,1
			2026-01-05T10:00:00Z,a+b,c1,acme,rocket-lte-128k,request_token,baseline,,2
			2026-01-05T10:00:00Z,a+b,c1,acme,rocket-gt-128k,request_token,baseline,,4
			2026-01-06T10:00:00Z,a+b,c2,acme,anvil,additional_units.web_search(cents),field_removed,1,
			2026-01-06T10:00:00Z,a+b,c2,acme,anvil,additional_units.web_search,field_added,,10000
			`,
			"2026-01-05T10:00:00Z\thttps://github.com/a/b/commit/c1\n" +
				"\tacme\tanvil\tbatch.input=1.5\tinput=3\tweb_search=10000\n" +
				"\tacme\trocket\tinput=2\n",
		},
		{
			"Langfuse: tiers by their names, one usage key of several", "langfuse", `
			2026-01-05T10:00:00Z,a+b,c1,langfuse,anvil,input,baseline,,3
			2026-01-05T10:00:00Z,a+b,c1,langfuse,anvil,input_tokens,baseline,,3
			2026-01-05T10:00:00Z,a+b,c1,langfuse,anvil,Fast mode:input,baseline,,6
			2026-01-05T10:00:00Z,a+b,c1,langfuse,anvil,Large Context:input,baseline,,4
			2026-01-05T10:00:00Z,a+b,c1,langfuse,anvil,Flex · Large context (>272K):output,baseline,,5
			2026-01-05T10:00:00Z,a+b,c1,langfuse,anvil,Weekend:output,baseline,,5
			`,
			"2026-01-05T10:00:00Z\thttps://github.com/a/b/commit/c1\n" +
				"\t\tanvil\tflex.output>272000=5\tpriority.input=6\tinput=3\tinput>200000=4\n",
		},
	} {
		got, _ := write(t, tt.source, tt.rows)
		if got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// Every row is accounted for, and those that do not follow from the rows before are counted.
func TestCounts(t *testing.T) {
	_, n := write(t, "models.dev", `
		2025-06-05T10:00:00Z,a+b,c1,acme,anvil,input,added,,3
		2025-06-05T10:00:00Z,a+b,c1,acme,anvil,citation,added,,3
		2025-06-05T10:00:00Z,a+b,c1,acme,hat,input,added,,3
		2025-06-06T10:00:00Z,a+b,c2,acme,anvil,input,changed,4,5
	`)
	want := "models.dev: 4 rows, 2 kept, 1 of a field that is no rate of ours, 1 of a model that the catalog does not know; 1 do not follow from the rows before\n"
	if got := n.report(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRowFaults(t *testing.T) {
	head := strings.Join(columns, ",") + "\n"
	for _, text := range []string{"", "date,source\n", head + "2024-01-31,litellm,a,b,c,d,e,added,,1\n", head + "short\n"} {
		if _, err := parseRows(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// Where the table holds a rate elsewhere at the end, its log is left out: it would not go on in what is read from there.
func TestApart(t *testing.T) {
	text := strings.Join(columns, ",") + "\n" +
		"2026-01-05T10:00:00Z,portkey,a+b,c1,acme,anvil,request_token,baseline,,3\n" +
		"2026-01-05T10:00:00Z,portkey,a+b,c1,acme,anvil,response_token,baseline,,15\n"
	rows, err := parseRows(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	logs, _, err := replay(rows, tables(nil, nil), acmeBook(t))
	if err != nil || len(logs) != 1 || len(logs[0].Edits) != 2 {
		t.Fatalf("%v, %v", logs, err)
	}
	end := logs[0].Edits[0]
	logs, n, err := replay(rows, tables(nil, []registry.Fact{{Key: end.Key, Rate: *end.Rate}}), acmeBook(t))
	if err != nil || len(logs[0].Edits) != 1 || logs[0].Edits[0].Key != end.Key || n["portkey"].broken != 1 {
		t.Errorf("%v, %v", logs, err)
	}
}

// The committed logs are what the tool writes, byte for byte.
func TestCommittedHistoryIsCurrent(t *testing.T) {
	book, err := catalog.Prices()
	if err != nil {
		t.Fatal(err)
	}
	logs, _, err := build(sharedPrices(t), book)
	if err != nil {
		t.Fatal(err)
	}
	files, err := format(logs)
	if err != nil {
		t.Fatal(err)
	}
	committed := filepath.Join("..", "..", "catalog", "history")
	names, err := filepath.Glob(filepath.Join(committed, "*.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != len(files) {
		t.Errorf("catalog/history holds %q, the tool writes %d logs", names, len(files))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(committed, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale; run go run ./tools/history (%v)", name, err)
		}
	}
}
