// Package scenariofile reads and writes scenarios as YAML, and says on which line a fault lies.
package scenariofile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"breakeven/scenario"
)

// MaxBytes is the largest document that is read.
const MaxBytes = 1 << 20

// maxDepth bounds how deep a document nests.
const maxDepth = 32

// Fault is one fault of a file, with its place.
type Fault struct {
	File    string
	Line    int // from 1; zero where the fault has no line
	Field   string
	Value   string
	Problem string
	Hint    string
}

func (f Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Field != "" {
		b.WriteString(f.Field + ": ")
	}
	b.WriteString(f.Problem)
	if f.Value != "" {
		fmt.Fprintf(&b, " (got %s)", f.Value)
	}
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// Faults are all faults of a file.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, fault := range f {
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}

// Read reads a scenario from YAML, of which JSON is a part. Anchors and aliases are refused: no scenario needs
// them, and a few lines of them can unfold into gigabytes. Checks are made on a document that is well-formed; their
// faults get the lines of their fields too.
func Read(name string, data []byte, checks ...func(scenario.Scenario) (scenario.Errors, error)) (scenario.Scenario, error) {
	tree, w, err := parse(name, data)
	if err != nil {
		return scenario.Scenario{}, err
	}
	s, err := scenario.FromTree(tree)
	if faults, ok := errors.AsType[scenario.Errors](err); ok {
		return scenario.Scenario{}, w.place(faults)
	}
	if err != nil {
		return s, err
	}
	for _, check := range checks {
		faults, err := check(s)
		if err != nil {
			return s, err
		}
		if len(faults) > 0 {
			return scenario.Scenario{}, w.place(faults)
		}
	}
	return s, nil
}

// parse reads one YAML document into maps, slices and scalars.
func parse(name string, data []byte) (any, *walker, error) {
	one := func(line int, problem, hint string) (any, *walker, error) {
		return nil, nil, Faults{{File: name, Line: line, Problem: problem, Hint: hint}}
	}
	if len(data) > MaxBytes {
		return one(0, fmt.Sprintf("is larger than %d bytes", MaxBytes), "a scenario is a page; a call log is given beside it")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // some editors write a byte order mark
	if before, _, ok := bytes.Cut(data, []byte{0}); ok {
		return one(1+bytes.Count(before, []byte("\n")), "holds a NUL byte, so it is no UTF-8 text", "save it as UTF-8")
	}
	if !utf8.Valid(data) {
		return one(0, "is no UTF-8 text", "save it as UTF-8")
	}
	if depth(data) > maxDepth {
		return one(0, "nests too deeply", "")
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil && json.Valid(data) {
		// JSON has escapes that the YAML parser does not know. Its faults then have no lines.
		var tree any
		if err := json.Unmarshal(data, &tree); err != nil {
			return one(0, err.Error(), "")
		}
		return tree, &walker{file: name}, nil
	}
	if err != nil {
		line, message := syntax(err)
		return one(line, "is no YAML: "+message, "check the lines around it")
	}
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	switch {
	case len(docs) == 0:
		return one(0, "is empty", "start from what breakeven scenario new prints")
	case len(docs) > 1:
		return one(docs[1].Body.GetToken().Position.Line, "holds more than one document", "keep one scenario in a file")
	}
	w := &walker{file: name, lines: map[string]int{}}
	tree := w.tree("", docs[0].Body, 0)
	if len(w.faults) > 0 {
		return nil, nil, w.faults
	}
	return tree, w, nil
}

// depth is an upper bound of how deep flow collections nest, taken before parsing, because a parser recurses.
func depth(data []byte) int {
	deepest, open := 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			open++
			deepest = max(deepest, open)
		case ']', '}':
			open--
		}
	}
	return deepest
}

// syntax takes the line and the message out of a parser's error.
func syntax(err error) (line int, message string) {
	if s, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		if t := s.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
		return line, s.Message
	}
	return 0, err.Error()
}

type walker struct {
	file   string
	lines  map[string]int // line of each field
	faults Faults
}

func (w *walker) fail(field string, t *token.Token, problem, hint string) {
	line := 0
	if t != nil && t.Position != nil {
		line = t.Position.Line
	}
	w.faults = append(w.faults, Fault{File: w.file, Line: line, Field: field, Problem: problem, Hint: hint})
}

// tree turns a YAML node into maps, slices and scalars, and remembers the line of every field.
func (w *walker) tree(path string, n ast.Node, level int) any {
	if n == nil {
		return nil
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		if _, known := w.lines[path]; !known {
			w.lines[path] = t.Position.Line
		}
	}
	if level > maxDepth {
		w.fail(path, n.GetToken(), "nests too deeply", "")
		return nil
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		m := map[string]any{}
		for _, v := range n.Values {
			w.field(path, m, v, level)
		}
		return m
	case *ast.MappingValueNode:
		m := map[string]any{}
		w.field(path, m, n, level)
		return m
	case *ast.SequenceNode:
		items := make([]any, 0, len(n.Values))
		for i, v := range n.Values {
			items = append(items, w.tree(fmt.Sprintf("%s[%d]", path, i), v, level+1))
		}
		return items
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.FloatNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NanNode, *ast.InfinityNode:
		return n.GetToken().Value // a string, which no number field takes
	case *ast.NullNode:
		return nil
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		w.fail(path, n.GetToken(), "uses an anchor or alias, which a scenario may not", "write the value out")
		return nil
	case *ast.TagNode:
		w.fail(path, n.GetToken(), "uses a tag, which a scenario may not", "write the plain value")
		return nil
	}
	w.fail(path, n.GetToken(), "is no value that a scenario can hold", "")
	return nil
}

func (w *walker) field(path string, m map[string]any, v *ast.MappingValueNode, level int) {
	key, ok := v.Key.(*ast.StringNode)
	if !ok {
		w.fail(path, v.Key.GetToken(), "has a key that is no plain word", "anchors, merges and numbers cannot name a field")
		return
	}
	name := key.Value
	field := name
	if path != "" {
		field = path + "." + name
	}
	if _, twice := m[name]; twice {
		w.fail(field, key.GetToken(), "is given twice", "keep one of them")
		return
	}
	if t := key.GetToken(); t != nil && t.Position != nil {
		w.lines[field] = t.Position.Line
	}
	m[name] = w.tree(field, v.Value, level+1)
}

// place gives each fault the line of its field, or of the nearest field around it that is written, and orders them
// as the file does.
func (w *walker) place(faults scenario.Errors) Faults {
	out := make(Faults, 0, len(faults))
	for _, f := range faults {
		out = append(out, Fault{File: w.file, Line: w.line(f.Field), Field: f.Field, Value: f.Value, Problem: f.Problem, Hint: f.Hint})
	}
	slices.SortStableFunc(out, func(a, b Fault) int { return a.Line - b.Line })
	return out
}

func (w *walker) line(field string) int {
	for {
		if line, ok := w.lines[field]; ok {
			return line
		}
		cut := strings.LastIndexAny(field, ".[")
		if cut < 0 {
			return w.lines[""]
		}
		field = field[:cut]
	}
}

// Write writes a scenario as YAML that [Read] reads back.
func Write(s scenario.Scenario) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(s, yaml.UseJSONMarshaler())
	return wholeFloat.ReplaceAll(text, []byte("$1")), err
}

// wholeFloat is a whole number that was written as a float. Text that looks like one is quoted, so that it does
// not match.
var wholeFloat = regexp.MustCompile(`(?m)(: -?\d+)\.0$`)

// Commented writes a scenario as YAML with every documented default beside it as a comment.
func Commented(s scenario.Scenario) ([]byte, error) {
	body, err := Write(s)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# A scenario: everything that one decision depends on. `breakeven scenario schema` describes each field.\n")
	b.Write(body)
	if s.Parts == nil {
		b.WriteString("\n# What is left out takes these defaults:\n")
		for _, d := range scenario.Defaults() {
			fmt.Fprintf(&b, "#   %-26s %-10s %s: %s\n", d.Field, strconv.FormatFloat(d.Value, 'f', -1, 64), d.Unit, d.Why)
		}
	}
	return b.Bytes(), nil
}

// ToJSON turns YAML into JSON under the same rules as [Read], for documents with a schema of their own. It also
// tells the line of a field by its path, as in models[0].prices[2].rates, and zero where it has none.
func ToJSON(name string, data []byte) (text []byte, line func(field string) int, err error) {
	tree, w, err := parse(name, data)
	if err != nil {
		return nil, nil, err
	}
	text, err = json.Marshal(tree)
	return text, w.line, err
}
