package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"breakeven/fact"
	"breakeven/internal/feed"
	"breakeven/price"
)

// file is a table in the input folder.
type file struct {
	path   string
	date   fact.Date
	decode func(data []byte, date fact.Date) (*feed.Table, error)
	title  string // where it says more than the decoder
	name   string // in lists of who agrees
	// group names tables that copy from each other, so that they count as one voice.
	group string
	// rank orders the tables by how much their word counts where only one has a rate; the first is the best.
	rank int
}

var files = []file{
	{path: "genai-prices/npm_0.1.8_data.json", name: "genai-prices", date: "2026-09-23", decode: feed.GenAI, title: "genai-prices 0.1.8", group: "genai", rank: 0},
	{path: "litellm/model_prices_and_context_window.2026-08-01.json", name: "LiteLLM", date: "2026-08-01", decode: feed.LiteLLM, group: "litellm", rank: 1},
	{path: "models.dev/models_dev_2026-07-02.json", name: "models.dev", date: "2026-07-02", decode: feed.ModelsDev, group: "models.dev", rank: 2},
	{path: "portkey/pricing", name: "Portkey", date: "2026-08-21", group: "litellm", rank: 3},
	{path: "openrouter/openrouter_models.2026-08-01.json", name: "OpenRouter", date: "2026-08-01", decode: feed.OpenRouter, group: "openrouter", rank: 4},
	{path: "langfuse/default-model-prices.json", name: "Langfuse", date: "2026-08-21", decode: feed.Langfuse, group: "langfuse", rank: 5},
}

// earlier is an older state of the first table. Where that table has moved since and the others have not, it has
// news rather than a difference of opinion.
var earlier = file{path: "genai-prices/data.json", date: "2026-08-21", decode: feed.GenAI, group: "genai"}

// table is a table in memory, indexed.
type table struct {
	*feed.Table
	file
	byModel map[modelKey][]feed.Observation
	info    map[modelKey]feed.Model
	// byFactor are the multipliers of a model.
	byFactor map[modelKey][]feed.Multiplier
}

// modelKey names a model in a table; the identifier is in lower case.
type modelKey struct{ provider, id string }

func readTables(dir string) (all []*table, old *table, err error) {
	for _, f := range files {
		t, err := readTable(dir, f)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, t)
	}
	old, err = readTable(dir, earlier)
	return all, old, err
}

func readTable(dir string, f file) (*table, error) {
	t, err := f.read(dir)
	if err != nil {
		return nil, err
	}
	if f.title != "" {
		t.Source.Title = f.title
	}
	indexed := &table{
		Table: t, file: f,
		byModel: map[modelKey][]feed.Observation{}, info: map[modelKey]feed.Model{}, byFactor: map[modelKey][]feed.Multiplier{},
	}
	for _, o := range t.Observations {
		k := modelKey{o.Provider, strings.ToLower(o.Model)}
		indexed.byModel[k] = append(indexed.byModel[k], o)
	}
	for _, m := range t.Models {
		indexed.info[modelKey{m.Provider, strings.ToLower(m.ID)}] = m
	}
	for _, m := range t.Multipliers {
		k := modelKey{m.Provider, strings.ToLower(m.Model)}
		indexed.byFactor[k] = append(indexed.byFactor[k], m)
	}
	return indexed, nil
}

func (f file) read(dir string) (*feed.Table, error) {
	path := filepath.Join(dir, filepath.FromSlash(f.path))
	if f.decode != nil {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return f.decode(data, f.date)
	}
	// Portkey's table is a folder with a file for each provider.
	names, err := filepath.Glob(filepath.Join(path, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no tables in %s", path)
	}
	slices.Sort(names)
	var all *feed.Table
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		one, err := feed.Portkey(strings.TrimSuffix(filepath.Base(name), ".json"), data, f.date)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = one
			continue
		}
		all.Observations = append(all.Observations, one.Observations...)
		all.Models = append(all.Models, one.Models...)
		all.Faults = append(all.Faults, one.Faults...)
	}
	return all, nil
}

// lookup finds the first of several identifiers that a table holds for a provider.
func (t *table) lookup(r price.Naming, ids []string) (modelKey, bool) {
	providers := r.Providers
	if len(providers) == 0 {
		providers = []string{""}
		if t.Source.ID == "openrouter" {
			providers[0] = "openrouter"
		}
	}
	for _, id := range ids {
		for _, p := range providers {
			for _, prefix := range []string{r.Prefix, ""} {
				k := modelKey{p, strings.ToLower(prefix + id)}
				if _, ok := t.byModel[k]; ok {
					return k, true
				}
			}
		}
	}
	return modelKey{}, false
}
