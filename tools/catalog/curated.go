package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"

	"breakeven/fact"
	"breakeven/price"
)

// provider is a curated file: what is known by hand about a provider and its models.
type provider struct {
	Provider   string            `json:"provider"`
	Name       string            `json:"name"`
	Aliases    []string          `json:"aliases,omitempty"`
	URL        string            `json:"url,omitempty"`
	FirstParty bool              `json:"first_party,omitempty"`
	Regions    map[string]string `json:"regions,omitempty"`

	// Tables says how each table names the provider, by the table's identifier.
	Tables map[string]price.Naming `json:"tables"`
	// CacheWrite is the kind that a table means by a plain cache write.
	CacheWrite price.Kind `json:"cache_write"`
	// Boundaries are the vendor's context boundaries. A table's boundary within one token of one of them is it.
	Boundaries []boundary `json:"boundaries,omitempty"`
	// Sources are the evidence of what is written by hand below.
	Sources map[string]price.Source `json:"sources,omitempty"`
	Rules   map[string]price.Rule   `json:"rules,omitempty"`
	// Conventions name, for a kind, the rules that the vendor states for it. A rate that equals one is written
	// as the rule, and where tables differ the rule's value counts as one more voice.
	Conventions map[price.Kind][]string `json:"conventions,omitempty"`
	// Tiers name, for a tier, the rules that the vendor states for it.
	Tiers map[price.Tier][]string `json:"tiers,omitempty"`
	// EveryTier are the tiers of every model but those without tiers.
	EveryTier map[price.Tier]price.Variant `json:"every_tier,omitempty"`
	// Media are the kinds that are billed as text, each by a rule, of models that take such input.
	Media map[string]map[price.Kind]string `json:"media,omitempty"`
	// Skip are identifiers in the tables that are not wanted, so that they are not reported as missing.
	Skip   []string `json:"skip,omitempty"`
	Models []model  `json:"models"`
}

// boundary is a context boundary: above it, or from it on.
type boundary struct {
	Tokens    int64 `json:"tokens"`
	AtOrAbove bool  `json:"at_or_above,omitempty"`
}

// model is one model as a curated file lists it.
type model struct {
	ID            string              `json:"id"`
	Name          string              `json:"name,omitempty"`
	Aliases       []string            `json:"aliases,omitempty"`
	RouteAliases  map[string][]string `json:"route_aliases,omitempty"`
	Weights       string              `json:"weights,omitempty"`
	ContextWindow int64               `json:"context_window,omitempty"`
	Retired       fact.Date           `json:"retired,omitempty"`

	// Read are the identifiers to look up in the tables; without it, the model's own and its aliases.
	Read []string `json:"read,omitempty"`
	// Ignore are tables that are known to be wrong about the model.
	Ignore []string `json:"ignore,omitempty"`
	// Takes are kinds of input besides text, where no table says so.
	Takes []string `json:"takes,omitempty"`
	// Rules are rates by rule, whether or not a table holds them; an empty rule keeps a rate as it is published
	// although it equals a convention.
	Rules map[price.Kind]string `json:"rules,omitempty"`
	// Rates replace those of the tables.
	Rates price.Rates `json:"rates,omitempty"`
	// Drop are kinds that the tables hold and the catalog leaves out.
	Drop []price.Kind `json:"drop,omitempty"`
	// NoBands leaves context bands out that a table holds.
	NoBands bool `json:"no_bands,omitempty"`
	// Tiers are tiers by rule or with rates of their own, whether or not a table holds them.
	Tiers map[price.Tier]price.Variant `json:"tiers,omitempty"`
	// NoTiers leaves out the tiers that the tables hold and those of every model.
	NoTiers bool             `json:"no_tiers,omitempty"`
	Routes  map[string]route `json:"routes,omitempty"`
	Note    string           `json:"note,omitempty"`
	// Until and Since bound the entries that come from tables, where earlier or later ones are written by hand.
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"`
	// Prices are entries written by hand. With Since or Until they stand before or after those of the tables,
	// and without either they replace them.
	Prices []price.Entry `json:"prices,omitempty"`
}

// route is a route by rule, or by identifiers that the tables hold for it.
type route struct {
	Rule string   `json:"rule,omitempty"`
	Read []string `json:"read,omitempty"` // with a rule: identifiers whose rates must follow it
	// Rates are written by hand.
	Rates price.Rates `json:"rates,omitempty"`
}

// readCurated reads all curated files in a folder.
func readCurated(dir string) ([]*provider, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no curated files in %s", dir)
	}
	var all []*provider
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		var p provider
		if err := dec.Decode(&p); err != nil {
			return nil, fmt.Errorf("%s, near byte %d: %w", name, dec.InputOffset(), err)
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: more than one document", name)
		}
		all = append(all, &p)
	}
	return all, nil
}

func keys[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }
