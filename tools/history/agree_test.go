package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/catalog"
	"breakeven/fact"
	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/registry"
)

// sharedPrices is the folder of other people's tables. It is no part of the repository.
func sharedPrices(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BREAKEVEN_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "prices")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no shared data: %v", err)
	}
	return dir
}

// stored reads the table of a source as it stood at the end of its history.
func stored(t testing.TB, dir, source string) []registry.Fact {
	t.Helper()
	var all []registry.Fact
	read := func(path string, decode func([]byte, fact.Date) (*feed.Table, error)) {
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		table, err := decode(data, "")
		if err != nil {
			t.Fatal(err)
		}
		facts, _ := table.Facts()
		all = append(all, facts...)
	}
	switch source {
	case "genai-prices":
		read("genai-prices/npm_0.1.8_data.json", feed.GenAI)
	case "langfuse":
		read("langfuse/default-model-prices.json", feed.Langfuse)
	case "litellm":
		read("litellm/model_prices_and_context_window.2026-08-01.json", feed.LiteLLM)
	case "models.dev":
		read("models.dev/models_dev_2026-07-02.json", feed.ModelsDev)
	case "portkey":
		paths, err := filepath.Glob(filepath.Join(dir, "portkey", "pricing", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			provider := strings.TrimSuffix(filepath.Base(path), ".json")
			read(filepath.Join("portkey", "pricing", filepath.Base(path)), func(data []byte, d fact.Date) (*feed.Table, error) {
				return feed.Portkey(provider, data, d)
			})
		}
	default:
		t.Fatalf("no table of %s", source)
	}
	return all
}

// statement tells apart what a source states.
type statement struct {
	registry.Key

	from, to time.Time
}

func stating(f registry.Fact) statement {
	return statement{f.Key, f.Effective.From, f.Effective.To}
}

// Where a log ends, the feed's reading of the same table begins: whatever the log states last, the feed states, and at
// the same rate. What the feed states besides the history doesn't show: LiteLLM's ranges of prompt length, and Portkey's
// modes of execution.
func TestLogsEndWhereFeedsBegin(t *testing.T) {
	dir := sharedPrices(t)
	book, err := catalog.Prices()
	if err != nil {
		t.Fatal(err)
	}
	logs, err := catalog.History()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]float64{"genai-prices": 1, "langfuse": 1, "litellm": 0.97, "models.dev": 1, "portkey": 0.68}
	for _, l := range logs {
		var end registry.Snapshot
		for end = range registry.Replay(l.Source, l.Edits) {
			continue
		}
		replayed := map[statement]money.Rate{}
		for _, f := range end.Facts {
			replayed[stating(f)] = f.Rate
		}
		same, beyond := 0, 0
		for _, f := range stored(t, dir, l.Source.ID) {
			if len(book.Named(l.Source.ID, f.Provider, f.Model)) == 0 {
				continue
			}
			rate, ok := replayed[stating(f)]
			switch {
			case !ok:
				beyond++
			case rate != f.Rate:
				t.Errorf("%s: %s ends at %s, the feed reads %s", l.Source.ID, f.Key, rate, f.Rate)
			default:
				same++
			}
			delete(replayed, stating(f))
		}
		for s := range replayed {
			t.Errorf("%s: %s is in no table that the feed reads", l.Source.ID, s.Key)
		}
		share := float64(same) / float64(same+beyond)
		t.Logf("%s: %d of %d rates, %.1f %%", l.Source.ID, same, same+beyond, 100*share)
		if share < shown[l.Source.ID] {
			t.Errorf("%s: %.3f of the feed's rates have a history, want %.2f", l.Source.ID, share, shown[l.Source.ID])
		}
	}
}
