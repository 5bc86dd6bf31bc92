package usage

import (
	"bytes"
	"strings"
)

// frame is a JSON record without its scalars. Records of a file mostly differ in their scalars only, so that the text
// between them need not be taken apart for each: it is compared.
type frame struct {
	gaps []gap
	end  []byte // the text behind the last scalar
}

// gap is the text before a scalar, and the field that the scalar fills.
type gap struct {
	before []byte
	name   string // of the column
	b      binding
	bound  bool
}

const (
	maxFrames = 4
	maxFrame  = 8 << 10 // bytes of a record's text between its scalars
	// Frames that fit fewer than half of the records, after so many that they did not fit, are given up.
	maxMisses = 64
)

// framing is the frames of a reading, the one that fitted last in front, and how often they served.
type framing struct {
	list         []frame
	hits, misses int

	learning bool
	new      frame
	from     int // where the text of the next gap begins
	size     int
}

// record reads a JSON record as the session's row, and finishes the row.
func (v *rowVisitor) record(raw []byte, line int) error {
	s, f := v.s, &v.framing
	s.row.reset(line)
	if f.hits+maxMisses >= f.misses {
		for i := range f.list {
			if v.fits(&f.list[i], raw) {
				f.list[0], f.list[i] = f.list[i], f.list[0]
				f.hits++
				return s.finishRow()
			}
			s.row.reset(line)
		}
		f.misses++
		f.begin()
	}
	if err := s.walker.walk(raw, "", v); err != nil {
		f.learning = false
		return s.broken(line, err)
	}
	if f.learning && s.row.twice == "" {
		f.keep(raw)
	}
	f.learning = false
	return s.finishRow()
}

// fits reads a record that has a frame into the row. Where it has another one, or is no JSON, what it left in the row
// means nothing.
func (v *rowVisitor) fits(f *frame, raw []byte) bool {
	s, w := v.s, &v.s.walker
	w.data, w.i = raw, 0
	for i := range f.gaps {
		g := &f.gaps[i]
		if !bytes.HasPrefix(raw[w.i:], g.before) {
			return false
		}
		w.i += len(g.before)
		text, kind, err := w.scalar()
		switch {
		case err != nil:
			return false
		case g.bound && w.escaped:
			s.row.set(g.b, g.name, s.cell(text, kind))
		case g.bound && kind == jsonNull:
			s.row.set(g.b, g.name, nil)
		case g.bound:
			s.row.set(g.b, g.name, text)
		case kind == jsonString && len(text) > 0 && text[0] == '{' && len(s.format.nested) > 0:
			return false // it may be JSON that counts
		}
	}
	return bytes.Equal(raw[w.i:], f.end)
}

// begin learns the frame of the record that is walked next.
func (f *framing) begin() {
	if f.learning = len(f.list) < maxFrames; f.learning {
		f.new, f.from, f.size = frame{}, 0, 0
	}
}

// learn takes in a scalar of the record, which lies in raw from begin to end.
func (f *framing) learn(k *knownKey, raw []byte, begin, end int) {
	f.size += begin - f.from
	if len(f.new.gaps) == maxKeys || f.size > maxFrame || k.bound && strings.Contains(k.name, "[]") {
		f.learning = false // elements of lists share a field
		return
	}
	f.new.gaps = append(f.new.gaps, gap{bytes.Clone(raw[f.from:begin]), k.name, k.b, k.bound})
	f.from = end
}

// keep adds the frame that was learnt.
func (f *framing) keep(raw []byte) {
	if f.size += len(raw) - f.from; f.size <= maxFrame {
		f.new.end = bytes.Clone(raw[f.from:])
		f.list = append(f.list, f.new)
	}
}
