package gpu

import (
	"fmt"
	"maps"
	"slices"

	"breakeven/datafile"
	"breakeven/fact"
)

// AcceleratorSchema names the version of the accelerator file format that this package reads.
const AcceleratorSchema = "breakeven/gpus/v1"

// AcceleratorFile is the format of catalog/gpus: the parts of one maker.
type AcceleratorFile struct {
	Schema  string                     `json:"schema"`
	Vendor  string                     `json:"vendor"`
	Sources map[string]fact.Provenance `json:"sources"`
	Parts   []Part                     `json:"accelerators"`
	// Absent lists parts that are known by name and left out for want of a source.
	Absent []Absent `json:"absent,omitempty"`
}

// Part is one accelerator in a file.
type Part struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Memory    Bytes            `json:"memory_bytes"`
	Bandwidth BytesPerSecond   `json:"bandwidth_bytes_per_s"`
	Dense     map[Format]FLOPS `json:"dense_flops"`
	Link      BytesPerSecond   `json:"link_bytes_per_s"`
	LinkKind  string           `json:"link_kind"`
	TDP       Watts            `json:"tdp_w,omitempty"`
	Note      string           `json:"note,omitempty"`
	// Source is where the figures were read, and Sources where single ones were.
	Source  string            `json:"source"`
	Sources map[Figure]string `json:"figure_sources,omitempty"`
}

// Absent is a part that is left out.
type Absent struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// ParseAccelerators reads an accelerator file strictly: an unknown field, a second document or a figure that
// no part can have is an error.
func ParseAccelerators(name string, data []byte) ([]*Accelerator, []Absent, error) {
	var f AcceleratorFile
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, nil, err
	}
	fail := failer(name)
	if f.Schema != AcceleratorSchema {
		return nil, nil, fail("schema", "%q is not %q", f.Schema, AcceleratorSchema)
	}
	if f.Vendor == "" {
		return nil, nil, fail("vendor", "missing")
	}
	if path, err := datafile.CheckSources(f.Sources); err != nil {
		return nil, nil, fail(path, "%w", err)
	}
	parts := make([]*Accelerator, 0, len(f.Parts))
	for i, p := range f.Parts {
		path := fmt.Sprintf("accelerators[%d]", i)
		if p.ID == "" {
			return nil, nil, fail(path+".id", "missing")
		}
		path += " (" + p.ID + ")"
		if p.Name == "" {
			return nil, nil, fail(path+".name", "missing")
		}
		a := &Accelerator{
			ID: p.ID, Name: p.Name, Vendor: f.Vendor, Memory: p.Memory, Bandwidth: p.Bandwidth, Dense: p.Dense,
			Link: p.Link, LinkKind: p.LinkKind, TDP: p.TDP, Note: p.Note, sources: map[Figure]fact.Provenance{},
		}
		var ok bool
		if a.source, ok = f.Sources[p.Source]; !ok {
			return nil, nil, fail(path+".source", "%q is not one of the file's sources", p.Source)
		}
		for _, figure := range slices.Sorted(maps.Keys(p.Sources)) {
			if a.sources[figure], ok = f.Sources[p.Sources[figure]]; !ok {
				return nil, nil, fail(path+".figure_sources."+string(figure), "%q is not one of the file's sources", p.Sources[figure])
			}
		}
		if at, err := a.check(); err != nil {
			return nil, nil, fail(path+"."+at, "%w", err)
		}
		parts = append(parts, a)
	}
	return parts, f.Absent, nil
}

func failer(name string) func(path, format string, args ...any) error {
	return func(path, format string, args ...any) error {
		return &datafile.Error{File: name, Path: path, Err: fmt.Errorf(format, args...)}
	}
}
