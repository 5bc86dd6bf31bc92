package parquet

import "encoding/binary"

// The types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBytes  = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// encoder writes Thrift's compact protocol.
type encoder struct {
	b    []byte
	last []int16 // the last field of each open struct
}

func (e *encoder) open() { e.last = append(e.last, 0) }

func (e *encoder) close() {
	e.b = append(e.b, 0)
	e.last = e.last[:len(e.last)-1]
}

func (e *encoder) field(id int16, kind byte) {
	last := &e.last[len(e.last)-1]
	if d := id - *last; d > 0 && d < 16 {
		e.b = append(e.b, byte(d)<<4|kind)
	} else {
		e.b = binary.AppendVarint(append(e.b, kind), int64(id))
	}
	*last = id
}

func (e *encoder) i32(id int16, v int32) {
	e.field(id, thriftI32)
	e.b = binary.AppendVarint(e.b, int64(v))
}

func (e *encoder) i64(id int16, v int64) {
	e.field(id, thriftI64)
	e.b = binary.AppendVarint(e.b, v)
}

func (e *encoder) flag(id int16, v bool) {
	if v {
		e.field(id, thriftTrue)
	} else {
		e.field(id, thriftFalse)
	}
}

func (e *encoder) bytes(id int16, v []byte) {
	e.field(id, thriftBytes)
	e.element(v)
}

func (e *encoder) element(v []byte) {
	e.b = append(binary.AppendUvarint(e.b, uint64(len(v))), v...)
}

func (e *encoder) list(id int16, kind byte, n int) {
	e.field(id, thriftList)
	if n < 15 {
		e.b = append(e.b, byte(n)<<4|kind)
	} else {
		e.b = binary.AppendUvarint(append(e.b, 0xf0|kind), uint64(n))
	}
}

// inner begins a struct in a field.
func (e *encoder) inner(id int16) {
	e.field(id, thriftStruct)
	e.open()
}

// empty writes a struct without fields.
func (e *encoder) empty(id int16) {
	e.inner(id)
	e.close()
}

// decoder reads Thrift's compact protocol from bytes that may be anything. After an error all that it reads is zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() { d.b, d.bad = nil, true }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// bytes reads bytes, which stay part of the input.
func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

// list reads the head of a list. Every element takes a byte at least, so that n is bounded by the input.
func (d *decoder) list() (n int, kind byte) {
	head := d.byte()
	size := uint64(head >> 4)
	if size == 15 {
		size = d.uvarint()
	}
	if size > uint64(len(d.b)) {
		d.fail()
		return 0, 0
	}
	return int(size), head & 0x0f
}

// fields calls fn for each field of a struct. Where fn does not take a field, it is skipped.
func (d *decoder) fields(fn func(id int16, kind byte) bool) {
	id := int16(0)
	for {
		head := d.byte()
		if d.bad || head == 0 {
			return
		}
		if delta := int16(head >> 4); delta > 0 {
			id += delta
		} else {
			id = int16(d.varint())
		}
		if !fn(id, head&0x0f) {
			d.skip(head&0x0f, 0)
		}
	}
}

// maxDepth bounds nested structs.
const maxDepth = 16

func (d *decoder) skip(kind byte, depth int) {
	if depth > maxDepth {
		d.fail()
	}
	if d.bad {
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		d.byte()
	case thriftI16, thriftI32, thriftI64:
		d.varint()
	case thriftDouble:
		if len(d.b) < 8 {
			d.fail()
			return
		}
		d.b = d.b[8:]
	case thriftBytes:
		d.bytes()
	case thriftList, thriftSet:
		n, kind := d.list()
		for range n {
			if kind == thriftTrue || kind == thriftFalse {
				d.byte()
			} else {
				d.skip(kind, depth+1)
			}
			if d.bad {
				return
			}
		}
	case thriftStruct:
		d.fields(func(_ int16, kind byte) bool {
			d.skip(kind, depth+1)
			return true
		})
	default: // the files of this package have no maps
		d.fail()
	}
}
