package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/internal/cli"
	"breakeven/internal/warehouse/chtest"
	"breakeven/registry"
)

// childVariable makes the test binary the program itself.
const childVariable = "BREAKEVEN_CLI_TEST_CHILD"

func TestMain(m *testing.M) {
	chtest.Host()
	if os.Getenv(childVariable) != "" {
		os.Exit(cli.Main(cli.Environment()))
	}
	scripts(m)
}

// A reading of the sources is killed at any moment, 50 times, while it records three years of LiteLLM and then its table.
// Each time the registry is sound; and the reading that is left alone in the end leaves as many changes, snapshots and
// facts as one that never was disturbed.
func TestKilledSyncHeals(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills 50 processes")
	}
	dir := t.TempDir()
	table := filepath.Join(dir, "table.json")
	if err := os.WriteFile(table, litellmTable(t), 0o600); err != nil {
		t.Fatal(err)
	}
	child := func(ctx context.Context, database string, args ...string) ([]byte, error) {
		c := exec.CommandContext(ctx, os.Args[0], args...)
		c.Env = append(os.Environ(), childVariable+"=1", "BREAKEVEN_DATABASE="+database, "BREAKEVEN_NOW=2026-11-24T00:00:00Z")
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		err := c.Run()
		return out.Bytes(), err
	}
	sync := []string{"prices", "sync", "--file", "litellm=" + table}
	type held struct {
		Head             struct{ Seq int64 }
		Snapshots, Facts int64
		Sound            bool
	}
	audit := func(database string) (h held) {
		out, err := child(t.Context(), database, "prices", "audit", "--json")
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := json.Unmarshal(out, &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	disturbed, calm := filepath.Join(dir, "disturbed.db"), filepath.Join(dir, "calm.db")
	random := rand.New(rand.NewPCG(1, 2))
	died := 0
	for i := range 50 {
		ctx, stop := context.WithTimeout(t.Context(), time.Duration(20+random.IntN(500))*time.Millisecond)
		if _, err := child(ctx, disturbed, sync...); err != nil {
			died++
		}
		stop()
		if i%10 == 9 {
			audit(disturbed)
		}
	}
	for _, database := range []string{disturbed, calm} {
		if out, err := child(t.Context(), database, sync...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	healed, undisturbed := audit(disturbed), audit(calm)
	t.Logf("%d of 50 readings were cut off; %+v", died, healed)
	if healed != undisturbed || died == 0 {
		t.Errorf("%+v after the kills, %+v without", healed, undisturbed)
	}
}

// litellmTable is most of what LiteLLM last stated in the history, as a table in its own form.
func litellmTable(t *testing.T) []byte {
	t.Helper()
	logs, err := catalog.History()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[registry.Kind]string{
		"input": "input_cost_per_token", "output": "output_cost_per_token", "cache_read": "cache_read_input_token_cost",
		"cache_write": "cache_creation_input_token_cost",
	}
	models := map[string]map[string]any{}
	for _, l := range logs {
		if l.Source.ID != "litellm" {
			continue
		}
		for _, r := range registry.Stated(l.Edits) {
			field, ok := fields[r.Kind]
			if !ok || r.Tier != registry.Standard || r.Above > 0 || !r.Recorded.To.IsZero() {
				continue
			}
			if models[r.Model] == nil {
				models[r.Model] = map[string]any{"litellm_provider": r.Provider, "mode": "chat"}
			}
			models[r.Model][field] = json.Number(strconv.FormatInt(int64(r.Rate), 10) + "e-12")
		}
	}
	data, err := json.Marshal(models)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
