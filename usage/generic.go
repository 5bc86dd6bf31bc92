package usage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const genericName = "generic"

// generic reads any table of calls, matching columns by name. The public request traces are read this way too.
var generic = format{
	name: genericName, title: "any delimited text with a header, or any JSON records", both: true,
	how:   "it is no other format; columns are matched by name, or by a mapping",
	grain: PerRequest,
	read:  readGeneric,
}

// readGeneric matches the file's columns with fields, then reads its rows.
func readGeneric(s *session, src *source, c *content) error {
	if c.nothing != "" {
		return &FileError{File: s.name, Problem: "holds " + c.nothing, Hint: "export rows of calls: one object or one line for each", Foreign: true}
	}
	names := c.names
	var t *table
	if !c.json {
		var err error
		if t, err = newTable(src); err != nil {
			return err
		}
		names = t.header
	}
	columns, err := match(names, s.opt.Mapping, c.json)
	if err != nil {
		return &FileError{File: s.name, Problem: err.Error()}
	}
	bound := map[field]string{}
	for name, b := range columns {
		bound[b.f] = name
	}
	if bound[fInput] == "" && bound[fUncached] == "" && bound[fOutput] == "" {
		return &FileError{
			File: s.name, Problem: "no column holds tokens by its name; the columns are " + clipList(names),
			Hint: `map them: input=..., output=..., time=..., model=...`, Foreign: true,
		}
	}
	if err := s.need(bound, names); err != nil {
		return err
	}
	// Where rows count requests, a second time is the end of their bucket and not of a call.
	if name := bound[fDone]; name != "" && bound[fRequests] != "" && bound[fEnd] == "" {
		columns[name] = binding{fEnd, 0}
	}
	if name := bound[fEnd]; squash(name) == "end" && bound[fRequests] == "" && s.opt.Mapping[fEnd.String()] == "" {
		s.note(fmt.Sprintf("The column %s was read as the end of each row's bucket; map it to done if every row is one call.", quote(name)))
	}
	if !s.surveying {
		s.sum.Columns = describeColumns(columns)
	}
	f := *s.format
	f.columns = columns
	s.format = &f
	if !c.json {
		return s.table(t, func(name string) binding { return columns[name] })
	}
	keys := commonList(columns)
	if len(keys) > 0 {
		prefix := strings.Join(keys, "[].") + "[]."
		f.columns = map[string]binding{}
		for name, b := range columns {
			f.columns[strings.TrimPrefix(name, prefix)] = b
		}
	}
	path := make([][]string, 0, len(keys))
	for _, k := range keys {
		path = append(path, []string{k})
	}
	s.hasTime = bound[fTime] != ""
	v := rowVisitor{s: s}
	return s.values(src, c, path, v.record)
}

// need fixes which counts every row must have: those that the file has columns for. A file without a column of
// inputs or outputs would count them as zero, so it must be said that the calls have none.
func (s *session) need(bound map[field]string, names []string) error {
	for _, n := range []struct {
		what   string
		fields []field
	}{{"input", []field{fInput, fUncached}}, {"output", []field{fOutput}}} {
		found, waived := false, false
		for _, f := range n.fields {
			column, mapped := s.opt.Mapping[f.String()]
			waived = waived || mapped && column == ""
			if name := bound[f]; name != "" && !found {
				found = true
				s.needs = append(s.needs, needed{f, name})
			}
		}
		if !found && !waived {
			return &FileError{
				File: s.name, Problem: fmt.Sprintf("no column holds %s tokens by its name; the columns are %s", n.what, clipList(names)),
				Hint: fmt.Sprintf("map %s=COLUMN, or %s= if the calls have no %s", n.what, n.what, n.what), Foreign: true,
			}
		}
	}
	return nil
}

// commonList is the path of keys to the list that holds the records, where the columns say that there is one:
// data[].input_tokens lies in the list data.
func commonList(columns map[string]binding) []string {
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		if f := columns[name].f; f != fInput && f != fOutput && f != fUncached {
			continue
		}
		i := strings.LastIndex(name, "[].")
		if i < 0 {
			return nil
		}
		keys := strings.Split(name[:i], "[].")
		for _, k := range keys {
			if strings.Contains(k, ".") {
				return nil
			}
		}
		return keys
	}
	return nil
}

// match finds the columns that fill fields: those of the mapping, then the best name for each other field.
func match(names []string, mapping map[string]string, nested bool) (map[string]binding, error) {
	columns := map[string]binding{}
	taken := map[field]bool{}
	for _, ours := range slices.Sorted(maps.Keys(mapping)) {
		f, err := parseField(ours)
		if err != nil {
			return nil, fmt.Errorf("the mapping names an %w", err)
		}
		taken[f] = true
		name := mapping[ours]
		if name == "" {
			continue
		}
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("the mapping of %s names the column %q, which the file has not; its columns are %s", ours, clip(name), clipList(names))
		}
		columns[name] = binding{f: f}
	}
	type candidate struct {
		name string
		rank int
	}
	best := map[field]candidate{}
	for _, name := range names {
		if _, mapped := columns[name]; mapped {
			continue
		}
		f, rank, ok := guess(name, nested)
		if !ok || taken[f] {
			continue
		}
		old, have := best[f]
		switch {
		case !have || rank < old.rank:
			best[f] = candidate{name, rank}
		case rank == old.rank && name != old.name && !nested:
			return nil, fmt.Errorf("the columns %q and %q are the same name; map %s to one of them", clip(old.name), clip(name), f)
		}
	}
	for f, c := range best {
		columns[c.name] = binding{f: f}
	}
	return columns, nil
}

func describeColumns(columns map[string]binding) []FieldName {
	f := format{columns: columns}
	return f.describe().Fields
}

// clipList lists names for a message, as many as are readable.
func clipList(names []string) string {
	const most = 30
	shown := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		shown = append(shown, clip(n))
	}
	text := strings.Join(shown, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}
