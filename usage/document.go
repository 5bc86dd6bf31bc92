package usage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

// document streams the elements of arrays in JSON text of any length: of one document, or of several that
// follow each other. It holds one element at a time, unlike a json.Decoder, which reads a string without end
// into memory. What it passes over it checks for balanced brackets and closed strings only.
type document struct {
	name string
	r    *bufio.Reader
	max  int // longest element in bytes
	line int // of the next byte, from 1
	raw  []byte
}

// each calls fn with every element at the end of a path of keys, and the line at which it begins. With
// {"data"} these are the elements of the arrays called data in the documents' top level, with no keys the
// documents themselves; a step may have several names. Arrays at any step are walked through, and a document
// without the keys has no elements. An error of fn stops it.
func (d *document) each(keys [][]string, fn func(raw []byte, line int) error) error {
	for {
		if _, err := d.peek(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return d.fail(err)
		}
		if err := d.descend(keys, 0, fn); err != nil {
			return err
		}
	}
}

// peek skips space and looks at the next byte.
func (d *document) peek() (byte, error) {
	for {
		c, err := d.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			d.line++
		case ' ', '\t', '\r':
		default:
			return c, d.r.UnreadByte()
		}
	}
}

// must is peek inside a document, where the end of the text is a fault.
func (d *document) must() (byte, error) {
	c, err := d.peek()
	if err != nil {
		return 0, d.fail(err)
	}
	return c, nil
}

func (d *document) fail(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FileError{File: d.name, Line: d.line, Problem: "the JSON document ends too early", Hint: "fetch the file again; what follows here is missing"}
	}
	if e, ok := errors.AsType[*FileError](err); ok {
		return e
	}
	return &FileError{File: d.name, Line: d.line, Problem: "cannot be read", Err: err}
}

func (d *document) syntax(problem string) error {
	return &FileError{File: d.name, Line: d.line, Problem: "is no JSON here: " + problem, Hint: "fetch the file again"}
}

// descend reads one value and walks down to the elements that the keys name.
func (d *document) descend(keys [][]string, depth int, fn func([]byte, int) error) error {
	c, err := d.must()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return d.syntax(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	switch {
	case c == '[':
		return d.list(']', func() error { return d.descend(keys, depth+1, fn) })
	case len(keys) == 0:
		line := d.line
		d.raw = d.raw[:0]
		if err := d.value(true); err != nil {
			return err
		}
		return fn(d.raw, line)
	case c == '{':
		return d.list('}', func() error {
			key, err := d.key()
			if err != nil {
				return err
			}
			if slices.Contains(keys[0], key) {
				return d.descend(keys[1:], depth+1, fn)
			}
			return d.value(false)
		})
	}
	return d.value(false) // a scalar holds no elements
}

// list reads an object or an array whose opening bracket is next, calling item at each of its items.
func (d *document) list(end byte, item func() error) error {
	_, _ = d.r.ReadByte()
	for first := true; ; first = false {
		c, err := d.must()
		if err != nil {
			return err
		}
		if c == end && first {
			_, _ = d.r.ReadByte()
			return nil
		}
		if err := item(); err != nil {
			return err
		}
		if c, err = d.must(); err != nil {
			return err
		}
		_, _ = d.r.ReadByte()
		if c == end {
			return nil
		}
		if c != ',' {
			return d.syntax(fmt.Sprintf("a comma or %q is expected, not %q", end, c))
		}
	}
}

// key reads a key and its colon.
func (d *document) key() (string, error) {
	c, err := d.must()
	if err != nil {
		return "", err
	}
	if c != '"' {
		return "", d.syntax(fmt.Sprintf("a key is expected, not %q", c))
	}
	d.raw = d.raw[:0]
	if err := d.value(true); err != nil {
		return "", err
	}
	key := string(d.raw[1 : len(d.raw)-1])
	if c, err = d.must(); err != nil {
		return "", err
	}
	if c != ':' {
		return "", d.syntax(fmt.Sprintf("a colon is expected, not %q", c))
	}
	_, _ = d.r.ReadByte()
	return key, nil
}

// value reads one value whole, and keeps its bytes in raw if they are wanted.
func (d *document) value(keep bool) error {
	c, err := d.must()
	if err != nil {
		return err
	}
	if c == ',' || c == ':' || c == ']' || c == '}' {
		return d.syntax(fmt.Sprintf("a value is expected, not %q", c))
	}
	depth, quoted := 0, false
	for {
		c, err := d.r.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) && depth == 0 && !quoted && (!keep || len(d.raw) > 0) {
				return nil // a number ends the text
			}
			return d.fail(err)
		}
		if !quoted && depth == 0 && ends(c) {
			_ = d.r.UnreadByte()
			return nil
		}
		if keep {
			if len(d.raw) >= d.max {
				return &FileError{
					File: d.name, Line: d.line, Problem: fmt.Sprintf("a JSON element is longer than %d bytes", d.max),
					Hint: "leave prompts and answers out of the export",
				}
			}
			d.raw = append(d.raw, c)
		}
		switch {
		case c == '\n':
			d.line++
		case quoted && c == '\\':
			e, err := d.r.ReadByte()
			if err != nil {
				return d.fail(err)
			}
			if keep {
				d.raw = append(d.raw, e)
			}
		case c == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return nil
			}
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return d.syntax(fmt.Sprintf("nested deeper than %d", maxDepth))
			}
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return nil
			}
		}
	}
}

// ends reports whether a byte ends a number or a literal that stands before it.
func ends(c byte) bool {
	switch c {
	case ',', ']', '}', ':', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}
