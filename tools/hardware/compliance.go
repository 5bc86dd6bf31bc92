package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"breakeven/catalog"
	"breakeven/fact"
)

// compliance writes compliance/vendors.json. Details are our own words, from the curated file; the table's
// are not taken over.
func compliance(from string, out map[string][]byte) ([]string, error) {
	var table struct {
		Facts []struct {
			Vendor, Surface, Attribute, Value, Source, Date, Confidence string
		} `json:"facts"`
	}
	if err := readJSON(filepath.Join(from, "compliance", "compliance.json"), &table); err != nil {
		return nil, err
	}
	var c struct {
		Providers map[string]string `json:"providers"`
		Sources   map[string]struct {
			Title string `json:"title"`
			URL   string `json:"url"`
		} `json:"sources"`
		Facts map[string]struct {
			Detail  string          `json:"detail"`
			Answers map[string]bool `json:"answers"`
		} `json:"facts"`
	}
	if err := readCurated("compliance.json", &c); err != nil {
		return nil, err
	}
	f := struct {
		Schema  string                     `json:"schema"`
		Sources map[string]fact.Provenance `json:"sources"`
	}{catalog.ComplianceSchema, map[string]fact.Provenance{}}
	var statements []catalog.Statement
	for _, row := range table.Facts {
		provider, ok := c.Providers[row.Vendor+"|"+row.Surface]
		if !ok {
			return nil, fmt.Errorf("curated/compliance.json knows no provider of %s, %s", row.Vendor, row.Surface)
		}
		source, ok := c.Sources[row.Source]
		if !ok {
			return nil, fmt.Errorf("curated/compliance.json knows no source %q", row.Source)
		}
		about, ok := c.Facts[provider+"|"+row.Attribute]
		if !ok {
			return nil, fmt.Errorf("curated/compliance.json says nothing of %s %s", provider, row.Attribute)
		}
		key := slug(source.Title)
		f.Sources[key] = fact.Provenance{Kind: fact.Published, Source: source.Title, URL: source.URL}
		statements = append(statements, catalog.Statement{
			Provider: provider, Vendor: row.Vendor, Surface: row.Surface, Attribute: row.Attribute, Value: row.Value,
			Detail: about.Detail, Answers: about.Answers, Stated: row.Date, Confidence: row.Confidence, Source: key,
		})
	}
	slices.SortFunc(statements, func(a, b catalog.Statement) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Surface, b.Surface), cmp.Compare(a.Attribute, b.Attribute))
	})
	rows := make([]any, len(statements))
	for i := range statements {
		rows[i] = statements[i]
	}
	data, err := encode(f, "statements", rows)
	if err != nil {
		return nil, err
	}
	if _, err := catalog.ParseCompliance("vendors.json", data); err != nil {
		return nil, err
	}
	out["compliance/vendors.json"] = data
	return nil, nil
}

// slug makes a key of a title: "ai-provider-trust-registry".
func slug(title string) string {
	return strings.Trim(strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-"), "-")
}
