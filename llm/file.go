package llm

import (
	"fmt"

	"breakeven/datafile"
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

// ParseFile reads a model file strictly: an unknown field, a second document or a figure that no architecture
// can have is an error.
func ParseFile(name string, data []byte) ([]*Model, error) {
	var f File
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, err
	}
	fail := func(path, format string, args ...any) error {
		return &datafile.Error{File: name, Path: path, Err: fmt.Errorf(format, args...)}
	}
	if f.Schema != Schema {
		return nil, fail("schema", "%q is not %q", f.Schema, Schema)
	}
	if f.Family == "" {
		return nil, fail("family", "missing")
	}
	if path, err := datafile.CheckSources(f.Sources); err != nil {
		return nil, fail(path, "%w", err)
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
