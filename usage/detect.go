package usage

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// content is what the head of a file shows.
type content struct {
	json  bool
	lines bool // JSON with one document a line
	// names are the columns of the header, or the paths of the scalars in the first JSON values, in their order.
	names []string
	set   map[string]bool // names, and the paths of objects and lists
	lower map[string]bool // set in lower case, where a format asks for it
	// nothing says what a file holds that has no column at all.
	nothing string
}

func (c *content) what() string {
	switch {
	case c.lines:
		return "JSON lines"
	case c.json:
		return "a JSON document"
	}
	return "delimited text"
}

// has reports whether the file has every sign of a list; of a|b either does.
func (c *content) has(signs []string) bool { return among(c.set, signs) }

// shows reports whether the file has every sign of a format.
func (c *content) shows(f *format) bool {
	if f.anyCase {
		return among(c.lowered(), f.signs)
	}
	return c.has(f.signs)
}

func among(set map[string]bool, signs []string) bool {
	for _, sign := range signs {
		found := false
		for name := range strings.SplitSeq(sign, "|") {
			found = found || set[name]
		}
		if !found {
			return false
		}
	}
	return len(signs) > 0
}

// lowered is the set of names in lower case.
func (c *content) lowered() map[string]bool {
	if c.lower == nil {
		c.lower = make(map[string]bool, len(c.set))
		for name := range c.set {
			c.lower[strings.ToLower(name)] = true
		}
	}
	return c.lower
}

const (
	sampleLines = 50   // lines that are looked at
	sampleNames = 4000 // paths that are kept
)

// inspect looks at the head of a file.
func inspect(src *source) (*content, error) {
	head, err := src.head()
	if err != nil {
		return nil, err
	}
	c := &content{set: map[string]bool{}}
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 {
		return nil, &FileError{File: src.name, Problem: "begins with a megabyte of white space", Hint: "export it again, or remove the empty lines"}
	}
	if w := (walker{}); len(head) < headSize && text[0] != '{' && text[0] != '[' && text[0] != '"' && w.walk(text, "", discard{}) == nil {
		c.nothing = "only the JSON value " + clip(string(bytes.TrimSpace(text))) + ", and no object with columns"
		return c, nil
	}
	if text[0] != '{' && text[0] != '[' {
		t, err := newTable(&source{name: src.name, r: bufferOf(head), max: src.max})
		if err != nil {
			return nil, err
		}
		for _, name := range t.header {
			c.names = append(c.names, name)
			c.set[name] = true
		}
		return c, nil
	}
	c.json = true
	names := &nameCollector{c: c}
	var w walker
	// One object a line is a file of lines; a line that is broken does not make it another kind of file.
	lines, objects := 0, 0
	for rest := head; len(rest) > 0 && lines < sampleLines; {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		rest = after
		line = bytes.TrimSpace(line)
		if len(line) == 0 || (!complete && len(head) == headSize) {
			continue
		}
		lines++
		if line[0] == '{' && w.walk(line, "", discard{}) == nil {
			objects++
		}
	}
	if c.lines = objects > 0 && objects*2 >= lines; c.lines {
		for rest := head; len(rest) > 0; {
			line, after, _ := bytes.Cut(rest, []byte("\n"))
			rest = after
			_ = w.walk(bytes.TrimSpace(line), "", names)
		}
		if len(c.names) == 0 {
			c.nothing = "JSON objects without columns: empty ones, or ones with empty lists"
		}
		return c, nil
	}
	// A document may be cut; what comes before the cut tells enough.
	err = w.walk(text, "", names)
	if len(c.names) == 0 {
		c.nothing = emptyJSON(text, err == nil)
	}
	if err != nil {
		e, _ := errors.AsType[*syntaxError](err)
		if !e.early && len(c.set) == 0 {
			line := 1 + bytes.Count(head[:min(len(head)-len(text)+e.offset, len(head))], []byte("\n"))
			return nil, &FileError{File: src.name, Line: line, Problem: "begins like JSON and is none", Err: err}
		}
	}
	return c, nil
}

// emptyJSON says what JSON is that has no column: whole, or as far as it could be read.
func emptyJSON(text []byte, whole bool) string {
	inner := bytes.TrimSpace(text[1:])
	list := text[0] == '['
	switch {
	case list && len(inner) == 1 && whole:
		return "an empty JSON list"
	case list && whole:
		return "a JSON list in which no object has columns"
	case list:
		return "a JSON list that is no whole JSON and in which no object with columns begins"
	case whole:
		return "a JSON object without columns: an empty one, or one with empty lists"
	}
	return "a JSON object that is no whole JSON and in which no column begins"
}

// nameCollector keeps the paths that a value has. A list of records counts as the records.
type nameCollector struct{ c *content }

func (n *nameCollector) add(path []byte) string {
	path = bytes.TrimPrefix(path, []byte("[]"))
	path = bytes.TrimPrefix(path, []byte("."))
	if len(path) == 0 || n.c.set[string(path)] || len(n.c.set) >= sampleNames {
		return ""
	}
	n.c.set[string(path)] = true
	return string(path)
}

func (n *nameCollector) open(path []byte) { n.add(path) }
func (n *nameCollector) closed([]byte)    {}

func (n *nameCollector) value(path, _ []byte, _ scalar) {
	if name := n.add(path); name != "" {
		n.c.names = append(n.c.names, name)
	}
}

// discard is a visitor that only checks the syntax.
type discard struct{}

func (discard) open([]byte)                  {}
func (discard) value([]byte, []byte, scalar) {}
func (discard) closed([]byte)                {}

// recognise finds the format of a file, and the evidence.
func recognise(c *content) (f *format, why string) {
	for _, f := range slices.Concat(refusals(), formats()) {
		if (f.json == c.json || f.both) && c.shows(f) {
			return f, "it is " + c.what() + " with " + f.shown()
		}
	}
	return &generic, "it is " + c.what() + " of no known vendor; its columns were matched by name"
}
