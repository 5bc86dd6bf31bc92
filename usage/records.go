package usage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

func bufferOf(text []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(text)) }

// readTable reads delimited text whose columns the format names.
func readTable(s *session, src *source, _ *content) error {
	t, err := newTable(src)
	if err != nil {
		return err
	}
	return s.table(t, func(name string) binding { return s.format.columns[name] })
}

// table reads the rows of a table, each column into the field that bind gives it.
func (s *session) table(t *table, bind func(name string) binding) error {
	bindings := make([]binding, len(t.header))
	nested := make([]bool, len(t.header))
	at := make(map[string]int, len(t.header))
	for i, name := range t.header {
		bindings[i] = bind(name)
		nested[i] = slices.Contains(s.format.nested, name)
		s.hasTime = s.hasTime || bindings[i].f == fTime
		if first, twice := at[name]; twice && (bindings[i].f != noField || nested[i]) {
			return &FileError{
				File: s.name, Line: t.headerLine, Problem: fmt.Sprintf("columns %d and %d of the header are both called %q", first+1, i+1, clip(name)),
				Hint: "rename one of them: which one counts cannot be told",
			}
		} else if !twice {
			at[name] = i
		}
	}
	for {
		cells, err := t.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		r := &s.row
		r.reset(t.lineNo)
		s.cells = cells
		if len(cells) != len(t.header) {
			problem := fmt.Sprintf("the row has %d cells, the header %d", len(cells), len(t.header))
			if err := s.bad(t.lineNo, problem, "quote cells that hold the delimiter"); err != nil {
				return err
			}
			continue
		}
		for i, cell := range cells {
			switch {
			case bindings[i].f != noField:
				r.set(bindings[i], t.header[i], bytes.TrimSpace(cell))
			case nested[i] && len(cell) > 0:
				// The column holds JSON of its own; what is none is no fault of the counts beside it.
				_ = s.walker.walk(cell, t.header[i], &rowVisitor{s: s})
			}
		}
		if err := s.finishRow(); err != nil {
			return err
		}
	}
}

// finishRow turns the session's row into a call.
func (s *session) finishRow() error {
	if s.format.adjust != nil {
		if skip := s.format.adjust(s, &s.row); skip != "" {
			if !s.surveying {
				s.sum.Rows++
				s.skip(skip)
			}
			return nil
		}
	}
	return s.take()
}

// readRecords reads JSON whose records are the rows: one a line, one after another, or the elements of a list.
func readRecords(s *session, src *source, c *content) error {
	s.hasTime = slices.ContainsFunc(c.names, func(name string) bool { return s.format.columns[name].f == fTime })
	v := rowVisitor{s: s}
	return s.values(src, c, nil, v.record)
}

// broken counts a JSON value that is none. At the end of a file that is still being written it is no fault.
func (s *session) broken(line int, err error) error {
	if e, ok := errors.AsType[*syntaxError](err); ok && e.early && s.lines != nil && s.lines.ended() && s.format.grows {
		s.note("The last line is cut, as it is while the file is being written: what it says is left out.")
		return nil
	}
	return s.bad(line, err.Error(), "the line may be cut; fetch the file again")
}

// values hands on the elements at the end of a path of keys, of a file of lines or of documents. In a file of
// lines a broken line is the fault of its row only.
func (s *session) values(src *source, c *content, keys [][]string, fn func(raw []byte, line int) error) error {
	if !c.lines {
		d := &document{name: s.name, r: src.r, max: s.opt.MaxLine, line: 1}
		return d.each(keys, fn)
	}
	var in bytes.Reader
	buffer := bufio.NewReader(&in)
	s.lines = src
	for {
		line, err := src.line()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(keys) == 0 && line[0] == '{' {
			if err := fn(line, src.lineNo); err != nil {
				return err
			}
			continue
		}
		in.Reset(line)
		buffer.Reset(&in)
		inner := error(nil)
		d := &document{name: s.name, r: buffer, max: s.opt.MaxLine, line: src.lineNo}
		err = d.each(keys, func(raw []byte, at int) error {
			inner = fn(raw, at)
			return inner
		})
		switch {
		case inner != nil:
			return inner
		case err != nil:
			e, ok := errors.AsType[*FileError](err)
			if !ok {
				return err
			}
			if err := s.bad(src.lineNo, e.Problem, e.Hint); err != nil {
				return err
			}
		}
	}
}

// rowVisitor fills the session's row from the scalars of a JSON value.
type rowVisitor struct {
	s *session
	// bind finds the field of a path; nil uses the format's columns.
	bind  map[string]binding
	depth int // of JSON inside JSON
	// keys are those of the first records, in their order, and at is where the record is in them. Records of a file
	// mostly have the same keys in the same order, so that they need not be looked up.
	keys    []knownKey
	at      int
	framing framing
}

// knownKey is a path, the name of its column, and the field that this fills.
type knownKey struct {
	path, name string
	b          binding
	bound      bool
}

const (
	maxKeys   = 64
	keysAhead = 4 // how many keys a record may leave out
)

func (v *rowVisitor) open(path []byte) {
	if len(path) == 0 {
		v.at = 0
	}
}

func (v *rowVisitor) closed([]byte) {}

// known finds a path among the known keys.
func (v *rowVisitor) known(path []byte) *knownKey {
	for i := v.at; i < min(v.at+keysAhead, len(v.keys)); i++ {
		if v.keys[i].path == string(path) {
			v.at = i + 1
			return &v.keys[i]
		}
	}
	return nil
}

func (v *rowVisitor) value(path, raw []byte, kind scalar) {
	k := v.known(path)
	if k == nil {
		columns := v.bind
		if columns == nil {
			columns = v.s.format.columns
		}
		b, ok := columns[string(path)]
		k = &knownKey{b: b, bound: ok}
		if ok {
			k.name = v.s.word(path)
		}
		if v.at == len(v.keys) && len(v.keys) < maxKeys {
			k.path = string(path)
			v.keys = append(v.keys, *k)
			v.at++
		}
	}
	if v.framing.learning {
		end := v.s.walker.i
		begin := end - len(raw)
		if kind == jsonString {
			begin -= len(`""`)
		}
		v.framing.learn(k, v.s.walker.data, begin, end)
	}
	if k.bound {
		v.s.fillAs(k.b, k.name, raw, kind)
		return
	}
	if kind != jsonString || v.depth > 0 || len(raw) == 0 || raw[0] != '{' {
		return
	}
	for _, name := range v.s.format.nested {
		if name == string(path) {
			inner := rowVisitor{s: v.s, bind: v.bind, depth: v.depth + 1}
			var w walker
			_ = w.walk(v.s.plain(raw, kind), name, &inner)
			return
		}
	}
}

// fill fills a field of the row from a scalar of a JSON record.
func (s *session) fill(b binding, path, raw []byte, kind scalar) {
	s.fillAs(b, s.word(path), raw, kind)
}

// fillAs is fill for a path that is text already.
func (s *session) fillAs(b binding, name string, raw []byte, kind scalar) {
	s.row.meet(name)
	if b.f == fBlocks && strings.HasSuffix(name, "[]") {
		if kind != jsonNull {
			s.row.blocks = append(s.row.blocks, blockID(s.plain(raw, kind)))
		}
		return
	}
	s.row.set(b, name, s.cell(raw, kind))
}

// cell is the text of a scalar as a field of the row. Null is an empty cell.
func (s *session) cell(raw []byte, kind scalar) []byte {
	if kind == jsonNull {
		return nil
	}
	return s.plain(raw, kind)
}

// plain is the text of a scalar; escapes are undone into the row's scratch space.
func (s *session) plain(raw []byte, kind scalar) []byte {
	if kind != jsonString || bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	begin := len(s.row.scratch)
	s.row.scratch = unescape(s.row.scratch, raw)
	return s.row.scratch[begin:len(s.row.scratch):len(s.row.scratch)]
}
