package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"breakeven/decide"
	"breakeven/ledger"
)

// Errors are all the faults of a document.
type Errors []*decide.FieldError

func (e Errors) Error() string {
	lines := make([]string, 0, len(e))
	for _, f := range e {
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

// maxDepth bounds how deep a document nests.
const maxDepth = 32

// Decode reads a document from JSON, strictly: an unknown field, a wrong type or a value out of range is a
// fault. It collects every fault it can find and returns them as [Errors]; text that is no JSON at all is
// returned as the JSON error that it is. Fields left out stay zero; see [Scenario.Defaults].
func Decode(data []byte) (Scenario, error) {
	var s Scenario
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return s, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("more than one document")
	}
	return FromTree(tree)
}

// FromTree reads a document from decoded JSON or YAML: maps, slices, strings, numbers and booleans.
func FromTree(tree any) (Scenario, error) {
	var s Scenario
	d := decoder{}
	d.value("", tree, reflect.ValueOf(&s).Elem(), "", 0)
	if s.Version == 0 {
		s.Version = Version
	}
	if len(d.faults) > 0 {
		return s, d.faults
	}
	return s, s.Check()
}

// decoder walks a tree along a Go type. The tags doc, minimum, maximum, maxLength, maxItems and enum that
// describe a field to the JSON schema are what it is checked against, so that the two cannot differ.
type decoder struct{ faults Errors }

func (d *decoder) fail(path string, value any, problem, hint string) {
	d.faults = append(d.faults, &decide.FieldError{Field: path, Value: show(value), Problem: problem, Hint: hint})
}

func show(value any) string {
	if value == nil {
		return ""
	}
	text := fmt.Sprint(value)
	if len(text) > 60 {
		text = text[:60] + "..."
	}
	return text
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) value(path string, tree any, v reflect.Value, tag reflect.StructTag, depth int) {
	if depth > maxDepth {
		d.fail(path, nil, "nested too deeply", "")
		return
	}
	if tree == nil {
		hint := "give it a value, or leave it out"
		if def := tag.Get("default"); def != "" {
			hint += " for its default, " + def
		}
		d.fail(path, nil, "is empty", hint)
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(path, tree, v, depth)
	case reflect.Slice:
		d.list(path, tree, v, tag, depth)
	case reflect.String:
		text, ok := tree.(string)
		if !ok {
			d.fail(path, tree, "must be text", "put it in quotes")
			return
		}
		if most, err := strconv.Atoi(tag.Get("maxLength")); err == nil && len(text) > most {
			d.fail(path, text, fmt.Sprintf("is longer than %d bytes", most), "")
			return
		}
		if enum := tag.Get("enum"); enum != "" && text != "" && !slices.Contains(strings.Split(enum, ","), text) {
			d.fail(path, text, "is not one of "+strings.ReplaceAll(enum, ",", ", "), nearest(text, strings.Split(enum, ","), "values"))
			return
		}
		v.SetString(text)
	case reflect.Bool:
		b, ok := tree.(bool)
		if !ok {
			d.fail(path, tree, "must be true or false", "")
			return
		}
		v.SetBool(b)
	case reflect.Float64, reflect.Int:
		d.number(path, tree, v, tag)
	default:
		d.fail(path, nil, "has a type that documents cannot hold", "")
	}
}

func (d *decoder) object(path string, tree any, v reflect.Value, depth int) {
	m, ok := tree.(map[string]any)
	if !ok {
		d.fail(path, tree, "must be a map of fields", "")
		return
	}
	known := map[string]int{}
	var names []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		known[name] = i
		names = append(names, name)
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		i, ok := known[key]
		if !ok {
			d.fail(join(path, key), nil, "is not a field", nearest(key, names, "fields"))
			continue
		}
		d.value(join(path, key), m[key], v.Field(i), v.Type().Field(i).Tag, depth+1)
	}
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, options, _ := strings.Cut(tag.Get("json"), ",")
		if _, given := m[name]; !given && options == "" && tag.Get("required") != "false" {
			d.fail(join(path, name), nil, "is missing", strings.TrimSuffix(tag.Get("doc"), "."))
		}
	}
}

func (d *decoder) list(path string, tree any, v reflect.Value, tag reflect.StructTag, depth int) {
	items, ok := tree.([]any)
	if !ok {
		d.fail(path, tree, "must be a list", "")
		return
	}
	if most, err := strconv.Atoi(tag.Get("maxItems")); err == nil && len(items) > most {
		d.fail(path, nil, fmt.Sprintf("has %d items; %d is the most", len(items), most), "")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(fmt.Sprintf("%s[%d]", path, i), item, v.Index(i), reflect.StructTag(`enum:"`+tag.Get("enum")+`"`), depth+1)
	}
}

func (d *decoder) number(path string, tree any, v reflect.Value, tag reflect.StructTag) {
	var f float64
	switch n := tree.(type) {
	case json.Number:
		var err error
		if f, err = n.Float64(); err != nil {
			d.fail(path, n, "is out of range", "")
			return
		}
	case float64:
		f = n
	case int:
		f = float64(n)
	case int64:
		f = float64(n)
	case uint64:
		f = float64(n)
	default:
		d.fail(path, tree, "must be a number", "write it plainly, without a currency or thousands separators")
		return
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.fail(path, tree, "must be a finite number", "")
		return
	}
	if low, err := strconv.ParseFloat(tag.Get("minimum"), 64); err == nil && f < low {
		d.fail(path, tree, "must be at least "+ledger.Number(low), "")
		return
	}
	if high, err := strconv.ParseFloat(tag.Get("maximum"), 64); err == nil && f > high {
		hint := ""
		if high == 1 && f <= 100 {
			hint = fmt.Sprintf("a share runs from 0 to 1: write %s for %s %%", ledger.Number(math.Round(f*1e4)/1e6), ledger.Number(f))
		}
		d.fail(path, tree, "must be at most "+ledger.Number(high), hint)
		return
	}
	if v.Kind() == reflect.Int {
		if f != math.Trunc(f) {
			d.fail(path, tree, "must be a whole number", "")
			return
		}
		if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), strconv.Itoa(int(f))) {
			d.fail(path, tree, "is not one of "+enum, "")
			return
		}
		v.SetInt(int64(f))
		return
	}
	v.SetFloat(f)
}

// nearest suggests the known word that differs least from the one given.
func nearest(word string, known []string, what string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := edits(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "the " + what + " are " + strings.Join(known, ", ")
	}
	return "did you mean " + best + "?"
}

// edits is the Levenshtein distance of two short words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// Check holds the rules over more than one field. Faults are [Errors].
func (s *Scenario) Check() error {
	var faults Errors
	fail := func(field, value, problem, hint string) {
		faults = append(faults, &decide.FieldError{Field: field, Value: value, Problem: problem, Hint: hint})
	}
	if s.Version != 0 && s.Version != Version {
		fail("version", strconv.Itoa(s.Version), "is not a version that this program reads", "write version: 1")
	}
	if s.Parts != nil && s.Workload != nil {
		fail("parts", "", "stands beside workload", "give the parts of both sides, or a workload to derive them from, not both")
	}
	if s.Parts != nil {
		if fault, ok := errors.AsType[*decide.FieldError](decide.CheckQuick(s.Parts.Quick())); ok {
			fail("parts."+fault.Field, fault.Value, fault.Problem, fault.Hint)
		}
	}
	if w := s.Workload; w != nil {
		switch {
		case w.CallsPerDay == nil && w.Spend == nil:
			fail("workload.calls_per_day", "", "is missing", "give calls_per_day, or spend in dollars per month")
		case w.CallsPerDay != nil && w.Spend != nil:
			fail("workload.spend", "", "stands beside calls_per_day", "keep one of them")
		}
		if w.Input == 0 {
			fail("workload.input", "", "is missing", "give the mean input tokens of a call")
		}
		if w.Output == 0 {
			fail("workload.output", "", "is missing", "give the mean output tokens of a call")
		}
	}
	for i, c := range s.Candidates {
		if c.Model == "" {
			fail(fmt.Sprintf("candidates[%d].model", i), "", "is missing", "name open weights, such as llama-3.3-70b")
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}
