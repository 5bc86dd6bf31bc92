package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/fact"
)

// Schema names the version of the model file format that this package reads.
const Schema = "breakeven/models/v1"

// File is the format of catalog/models: the architectures of one family.
type File struct {
	Schema  string                     `json:"schema"`
	Family  string                     `json:"family"`
	Sources map[string]fact.Provenance `json:"sources"`
	Models  []Entry                    `json:"models"`
}

// Entry is one model in a file, with the names of its sources.
type Entry struct {
	Model
	Licence LicenceEntry `json:"licence"`
	Source  string       `json:"source"`
}

// LicenceEntry is a licence in a file, with the name of its source.
type LicenceEntry struct {
	Name   string `json:"name,omitempty"`
	Source string `json:"source,omitempty"`
}

// FileError is a fault of a model file, with its place.
type FileError struct {
	File string // the file's name
	Path string // the field: models[3].layers; or a line and column
	Err  error
	Hint string
}

func (e *FileError) Error() string {
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
func (e *FileError) Unwrap() error { return e.Err }

// ParseFile reads a model file strictly: an unknown field, a second document or a figure that no architecture
// can have is an error.
func ParseFile(name string, data []byte) ([]*Model, error) {
	var f File
	if err := decode(name, data, &f); err != nil {
		return nil, err
	}
	fail := func(path, format string, args ...any) error {
		return &FileError{File: name, Path: path, Err: fmt.Errorf(format, args...)}
	}
	if f.Schema != Schema {
		return nil, fail("schema", "%q is not %q", f.Schema, Schema)
	}
	if f.Family == "" {
		return nil, fail("family", "missing")
	}
	for _, key := range slices.Sorted(maps.Keys(f.Sources)) {
		if err := checkSource(f.Sources[key]); err != nil {
			return nil, fail("sources."+key, "%w", err)
		}
	}
	models := make([]*Model, 0, len(f.Models))
	for i := range f.Models {
		e := &f.Models[i]
		path := fmt.Sprintf("models[%d]", i)
		if e.ID == "" {
			return nil, fail(path+".id", "missing")
		}
		path += " (" + e.ID + ")"
		m := e.Model
		m.Family = f.Family
		var ok bool
		if m.Provenance, ok = f.Sources[e.Source]; !ok {
			return nil, fail(path+".source", "%q is not one of the file's sources", e.Source)
		}
		if m.Name == "" {
			return nil, fail(path+".name", "missing")
		}
		m.Licence = Licence{Name: e.Licence.Name}
		if e.Licence.Name != "" {
			if m.Licence.Provenance, ok = f.Sources[e.Licence.Source]; !ok {
				return nil, fail(path+".licence.source", "%q is not one of the file's sources", e.Licence.Source)
			}
		}
		if at, err := m.Check(); err != nil {
			return nil, fail(path+"."+at, "%w", err)
		}
		models = append(models, &m)
	}
	return models, nil
}

// decode reads one JSON document into v, refusing unknown fields.
func decode(name string, data []byte, v any) error {
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
			offset = int64(bytes.Index(data, []byte(field))) // the package does not say where it stands
		}
		return &FileError{File: name, Path: lineColumn(data, offset), Err: err}
	}
	if dec.More() {
		return &FileError{File: name, Path: lineColumn(data, dec.InputOffset()), Err: errors.New("more than one document")}
	}
	return nil
}

func lineColumn(data []byte, offset int64) string {
	offset = min(max(offset, 0), int64(len(data)))
	before := data[:offset]
	return fmt.Sprintf("line %d, column %d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// checkSource reports a source that nobody could look up.
func checkSource(p fact.Provenance) error {
	if !p.Kind.Valid() {
		return fmt.Errorf("kind %q is not a kind of provenance", p.Kind)
	}
	if p.Source == "" {
		return errors.New("source is missing")
	}
	if p.Date != "" {
		if _, err := fact.ParseDate(string(p.Date)); err != nil {
			return err
		}
	}
	return nil
}
