// Package datafile reads the catalog's JSON files strictly, and says where a fault lies. Packages that give a
// file its meaning (price, gpu, llm) read through it.
package datafile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"breakeven/fact"
)

// Error is a fault of a data file, with its place.
type Error struct {
	File string // the file's name
	Path string // the field, as in models[3].prices[0].rates.input; or a line and column
	Err  error
	Hint string
}

func (e *Error) Error() string {
	s := e.File
	if e.Path != "" {
		s += ": " + e.Path
	}
	s += ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Decode reads one JSON document into v. An unknown field and a second document are faults; every fault is an
// [*Error].
func Decode(name string, data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		offset := dec.InputOffset()
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			offset = syntax.Offset
		}
		if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			offset = kind.Offset
		}
		if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			offset = int64(bytes.Index(data, []byte(field))) // the decoder does not say where it stands
		}
		return &Error{File: name, Path: lineColumn(data, offset), Err: err}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) { // a bracket too many is something, too
		return &Error{File: name, Path: lineColumn(data, dec.InputOffset()), Err: errors.New("more than one document")}
	}
	return nil
}

func lineColumn(data []byte, offset int64) string {
	offset = min(max(offset, 0), int64(len(data)))
	before := data[:offset]
	return fmt.Sprintf("line %d, column %d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// CheckSources reports the first source that nobody could look up, and the field that is wrong with it.
func CheckSources(sources map[string]fact.Provenance) (path string, err error) {
	for _, key := range slices.Sorted(maps.Keys(sources)) {
		p, path := sources[key], "sources."+key
		if !p.Kind.Valid() {
			return path + ".kind", fmt.Errorf("%q is not a kind of provenance", p.Kind)
		}
		if p.Source == "" {
			return path + ".source", errors.New("missing")
		}
		if p.Date != "" {
			if _, err := fact.ParseDate(string(p.Date)); err != nil {
				return path + ".date", err
			}
		}
	}
	return "", nil
}
