package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"breakeven/price"
)

// lineWidth is how long a line may get before its object or list is broken into one item a line.
const lineWidth = 140

// format writes a price file so that a change of one rate is a change of one line.
func format(f price.File) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(f); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(&buf)
	dec.UseNumber()
	root, err := parse(dec)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	root.write(&out, 0, 0)
	out.WriteByte('\n')
	return []byte(out.String()), nil
}

// node is a JSON value with its fields in order.
type node struct {
	text  string // a value that is neither object nor list, or the brackets
	names []string
	items []*node
}

func parse(dec *json.Decoder) (*node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return &node{text: literal(token)}, nil
	}
	n := &node{text: map[json.Delim]string{'{': "{}", '[': "[]"}[delim]}
	for dec.More() {
		if delim == '{' {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			n.names = append(n.names, name.(string))
		}
		item, err := parse(dec)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	n.order()
	return n, nil
}

func literal(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(buf.String(), "\n")
}

// order sorts an object of kinds in the order of a bill; encoding/json sorts it by name.
func (n *node) order() {
	place := map[string]int{}
	for _, k := range price.Kinds() {
		place[k.String()] = int(k)
	}
	for _, name := range n.names {
		if _, ok := place[name]; !ok {
			return
		}
	}
	items := map[string]*node{}
	for i, name := range n.names {
		items[name] = n.items[i]
	}
	slices.SortFunc(n.names, func(a, b string) int { return place[a] - place[b] })
	for i, name := range n.names {
		n.items[i] = items[name]
	}
}

// line is the node on one line.
func (n *node) line() string {
	if n.text != "{}" && n.text != "[]" {
		return n.text
	}
	parts := make([]string, 0, len(n.items))
	for i, item := range n.items {
		text := item.line()
		if n.names != nil {
			text = literal(n.names[i]) + ": " + text
		}
		parts = append(parts, text)
	}
	return n.text[:1] + strings.Join(parts, ", ") + n.text[1:]
}

// write writes the node at an indent, where the line already holds some columns.
func (n *node) write(out *strings.Builder, indent, column int) {
	if text := n.line(); len(n.items) == 0 || indent > 0 && column+len(text) < lineWidth {
		out.WriteString(text)
		return
	}
	pad := strings.Repeat("  ", indent+1)
	out.WriteString(n.text[:1])
	for i, item := range n.items {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + pad)
		column := len(pad)
		if n.names != nil {
			name := literal(n.names[i]) + ": "
			out.WriteString(name)
			column += len(name)
		}
		item.write(out, indent+1, column)
	}
	out.WriteString("\n" + strings.Repeat("  ", indent) + n.text[1:])
}
