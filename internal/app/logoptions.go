package app

import (
	"maps"
	"slices"
	"strings"

	"breakeven/decide"
	"breakeven/usage"
)

// LogOptions is what a caller says about its logs, as text.
type LogOptions struct {
	Format       string            // a format's name; empty to detect it
	Input        string            // detect, includes or excludes; empty to detect
	As           string            // provider/model of rows that name no model
	ReplaceModel bool              // take As for every row
	Map          map[string]string // the log's columns for our fields
	Strict       bool              // stop at the first bad row
}

// Usage turns the text into a reader's options. One that cannot be used is a [*KindError] of kind [BadUsage] around
// a [*decide.FieldError] that names it.
func (l LogOptions) Usage() (usage.Options, error) {
	bad := func(field, value, problem, hint string) (usage.Options, error) {
		return usage.Options{}, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: field, Value: value, Problem: problem, Hint: hint}}
	}
	o := usage.Options{Format: l.Format, Mapping: l.Map, Strict: l.Strict, Override: l.ReplaceModel}
	if l.Format != "" {
		var names []string
		for _, f := range usage.Formats() {
			names = append(names, f.Name)
		}
		if !slices.Contains(names, l.Format) {
			return bad("format", l.Format, "is not a format that can be read", "the formats are "+strings.Join(names, ", "))
		}
	}
	var fields []string
	for _, f := range usage.FieldNames() {
		fields = append(fields, f.Field)
	}
	for _, field := range slices.Sorted(maps.Keys(l.Map)) {
		if !slices.Contains(fields, field) {
			return bad("map", field+"="+l.Map[field], "does not begin with a field that can be mapped", "the fields are "+strings.Join(fields, ", "))
		}
	}
	var err error
	if o.Input, err = usage.ParseInputConvention(l.Input); err != nil {
		return bad("input", l.Input, "is not a convention", "use detect, includes or excludes")
	}
	if l.ReplaceModel && l.As == "" {
		return bad("replace_model", "", "has no model to take", "name it as provider/model")
	}
	o.Provider, o.Model = SplitModel(l.As)
	return o, nil
}

// SplitModel splits "provider/model". Without a provider the price book finds it.
func SplitModel(text string) (provider, model string) {
	if provider, model, ok := strings.Cut(text, "/"); ok {
		return provider, model
	}
	return "", text
}
