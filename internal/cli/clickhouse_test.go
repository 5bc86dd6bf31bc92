package cli_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"breakeven/internal/warehouse/chtest"
)

// The command line on a real ClickHouse of two shards says what it says on a data folder, to the byte: reports, their
// exact totals, profiles, exports. A shard that is down is an error and no smaller total.
func TestClickHouse(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a database server")
	}
	cluster, err := chtest.Start(t.Context(), 2)
	if errors.Is(err, chtest.ErrAbsent) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() })
	examples, err := filepath.Abs("../../examples/coding-assistant.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	const now = "--now=2026-11-24T00:00:00Z"
	server, folder := cluster.URL(cluster.Database(t)), filepath.Join(t.TempDir(), "calls")
	for _, warehouse := range []string{server, folder} {
		for _, again := range []string{"30,000 +30,000 +0", "30,000 +0 +30,000"} {
			code, out, complaints := breakeven("", "--database=embedded", now, "--warehouse", warehouse, "usage", "import", examples)
			if want := strings.ReplaceAll(again, "+", "  "); code != 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) {
				t.Fatalf("import: code %d, want %s\n%s%s", code, want, out, complaints)
			}
		}
	}
	for _, question := range [][]string{
		{"usage", "report", "--by", "hour,model", "--csv"},
		{"usage", "report", "--by", "model", "--only", "model=claude-haiku-4-5", "--json"},
		{"usage", "profile", "--json"},
		{"usage", "export", "--focus", "1.4"},
	} {
		answers := map[string]string{}
		for _, warehouse := range []string{server, folder} {
			code, out, complaints := breakeven("", append([]string{"--database=embedded", now, "--warehouse", warehouse}, question...)...)
			if code != 0 {
				t.Fatalf("%v: code %d\n%s", question, code, complaints)
			}
			answers[warehouse] = placeless(t, out)
		}
		if answers[server] != answers[folder] {
			t.Errorf("%v:\n%.2000s\nand from the folder\n%.2000s", question, answers[server], answers[folder])
		}
	}
	if err := cluster.Kill(1); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := breakeven("", "--database=embedded", now, "--warehouse", server, "usage", "report")
	if code != 5 || out != "" || !strings.Contains(complaints, cluster.Address(1)) {
		t.Errorf("a shard is down: code %d, want 5, and its address\n%s%s", code, out, complaints)
	}
}

// placeless is an answer without the name of the place that it came from.
func placeless(t *testing.T, out string) string {
	t.Helper()
	var answer struct {
		Files []struct{ Name string }
	}
	if !strings.HasPrefix(out, "{") {
		return out
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatal(err)
	}
	for _, f := range answer.Files {
		out = strings.ReplaceAll(out, f.Name, "PLACE")
	}
	return out
}
