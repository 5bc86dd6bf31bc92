package parquet

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a file, group of rows by group of rows.
type Writer struct {
	w       io.Writer
	columns []Column
	sorted  int // the column that rows are sorted by
	at      int64
	rows    int64
	groups  []groupMeta
	z       *zstd.Encoder

	page, packed []byte
	some         []int64
	index        []uint32
	rank         []uint32
	words        []string
	seen         distinct
}

// groupMeta is what the footer says of a group of rows.
type groupMeta struct {
	rows   int64
	chunks []chunkMeta
}

// chunkMeta is what the footer says of one column of a group.
type chunkMeta struct {
	encoding     int32 // of its values
	codec        int32
	offset, dict int64 // where the pages begin; dict is zero where there is no dictionary
	size, raw    int64
	nulls        int64
	least, most  []byte // nil where not known
}

// NewWriter begins a file. Rows must be sorted by the column that sorted names.
func NewWriter(w io.Writer, columns []Column, sorted int) (*Writer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	return &Writer{w: w, columns: columns, sorted: sorted, z: z}, nil
}

// Reset begins another file.
func (w *Writer) Reset(to io.Writer) {
	w.w, w.at, w.rows, w.groups = to, 0, 0, nil
}

// write writes bytes and knows where it is.
func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.at += int64(n)
	return err
}

// Group writes a group of rows: the values of each column, in the order of the schema.
func (w *Writer) Group(rows int, data []Data) error {
	if rows <= 0 || rows > MaxRows || len(data) != len(w.columns) {
		return fmt.Errorf("parquet: a group of %d rows and %d columns", rows, len(data))
	}
	if w.at == 0 {
		if err := w.write(magic); err != nil {
			return err
		}
	}
	g := groupMeta{rows: int64(rows), chunks: make([]chunkMeta, len(data))}
	for i := range data {
		m, err := w.chunk(w.columns[i], rows, &data[i])
		if err != nil {
			return err
		}
		g.chunks[i] = m
	}
	w.rows += int64(rows)
	w.groups = append(w.groups, g)
	return nil
}

func (w *Writer) chunk(c Column, rows int, d *Data) (chunkMeta, error) {
	switch c.Kind {
	case Int, Time, Decimal:
		return w.ints(c, rows, d)
	case Text:
		return w.text(c, rows, d)
	case Flag:
		return w.flags(rows, d)
	case Key:
	}
	if len(d.Keys) != rows {
		return chunkMeta{}, fmt.Errorf("parquet: column %s has %d keys for %d rows", c.Name, len(d.Keys), rows)
	}
	w.page = w.page[:0]
	for i := range d.Keys {
		w.page = append(w.page, d.Keys[i][:]...)
	}
	m := chunkMeta{encoding: encodingPlain, offset: w.at, codec: codecOf[Key]}
	return m, w.put(&m, pageData, rows)
}

// ints writes integers: one value for all, a dictionary where there are few, and differences otherwise.
func (w *Writer) ints(c Column, rows int, d *Data) (m chunkMeta, err error) {
	if d.Ints != nil && len(d.Ints) != rows {
		return m, fmt.Errorf("parquet: column %s has %d values for %d rows", c.Name, len(d.Ints), rows)
	}
	m.codec = codecOf[c.Kind]
	values, levels := d.Ints, []uint32(nil)
	if c.Optional {
		values, levels, m.nulls = w.present(rows, d)
	}
	count := rows - int(m.nulls)
	if d.Ints == nil {
		values = append(w.some[:0], d.Same)
		w.some = values
	}
	if count > 0 {
		least, most := slices.Min(values), slices.Max(values)
		m.least, m.most = binary.LittleEndian.AppendUint64(nil, uint64(least)), binary.LittleEndian.AppendUint64(nil, uint64(most))
		if d.Ints == nil || least == most {
			return m, w.dictionary(&m, rows, count, []int64{least}, nil, levels)
		}
		if w.index = slices.Grow(w.index[:0], count)[:count]; w.seen.index(w.index, values) {
			return m, w.dictionary(&m, rows, count, w.seen.values, w.index, levels)
		}
	}
	m.offset = w.at
	w.page = appendLevels(w.page[:0], levels)
	m.encoding = encodingPlain // of no values, if there are none
	if count > 0 {
		m.encoding = encodingDelta
		w.page = appendDelta(w.page, values)
	}
	return m, w.put(&m, pageData, rows)
}

// present splits the values of an optional column from the marks of where they are.
func (w *Writer) present(rows int, d *Data) (values []int64, levels []uint32, nulls int64) {
	levels = make([]uint32, rows)
	if d.Ints == nil {
		if d.Same == Null {
			return nil, levels, int64(rows)
		}
		for i := range levels {
			levels[i] = 1
		}
		return nil, levels, 0
	}
	values = slices.Grow(w.some[:0], rows)
	for i, v := range d.Ints {
		if v != Null {
			values = append(values, v)
			levels[i] = 1
		}
	}
	w.some = values
	return values, levels, int64(rows - len(values))
}

func appendLevels(page []byte, levels []uint32) []byte {
	if levels == nil {
		return page
	}
	begin := len(page)
	page = appendHybrid(append(page, 0, 0, 0, 0), levels, 1)
	binary.LittleEndian.PutUint32(page[begin:], uint32(len(page)-begin-4))
	return page
}

// dictionary writes count values as places in a list; a nil index is the first place for all.
func (w *Writer) dictionary(m *chunkMeta, rows, count int, values []int64, index, levels []uint32) error {
	m.dict, m.encoding = w.at, encodingDictionary
	w.page = w.page[:0]
	for _, v := range values {
		w.page = binary.LittleEndian.AppendUint64(w.page, uint64(v))
	}
	return w.indexed(m, rows, count, len(values), index, levels)
}

// indexed writes the dictionary that lies in w.page, and the places behind it.
func (w *Writer) indexed(m *chunkMeta, rows, count, size int, index, levels []uint32) error {
	if err := w.put(m, pageDictionary, size); err != nil {
		return err
	}
	m.offset = w.at
	width := uint(max(1, bits.Len(uint(size-1))))
	w.page = append(appendLevels(w.page[:0], levels), byte(width))
	if index == nil {
		w.page = appendRun(w.page, 0, count, width)
	} else {
		w.page = appendHybrid(w.page, index, width)
	}
	return w.put(m, pageData, rows)
}

func (w *Writer) text(c Column, rows int, d *Data) (m chunkMeta, err error) {
	words, index := d.Words, d.Index
	if index == nil && len(words) == 0 || index != nil && len(index) != rows {
		return m, fmt.Errorf("parquet: column %s has %d words and %d places for %d rows", c.Name, len(words), len(index), rows)
	}
	if index == nil {
		words = words[:1]
	} else {
		// Only the words that the group uses, in the order in which it does.
		w.rank = slices.Grow(w.rank[:0], len(words))[:len(words)]
		clear(w.rank)
		w.words = w.words[:0]
		w.index = slices.Grow(w.index[:0], rows)[:rows]
		for i, at := range index {
			r := w.rank[at]
			if r == 0 {
				w.words = append(w.words, words[at])
				r = uint32(len(w.words))
				w.rank[at] = r
			}
			w.index[i] = r - 1
		}
		words, index = w.words, w.index
		if len(words) == 1 {
			index = nil
		}
	}
	w.page = w.page[:0]
	for _, word := range words {
		w.page = append(binary.LittleEndian.AppendUint32(w.page, uint32(len(word))), word...)
	}
	if len(w.page) > maxText {
		return m, fmt.Errorf("parquet: column %s has more than %d bytes of texts in a group", c.Name, maxText)
	}
	least, most := slices.Min(words), slices.Max(words)
	if len(least) <= 64 && len(most) <= 64 {
		m.least, m.most = []byte(least), []byte(most)
	}
	m.dict, m.encoding, m.codec = w.at, encodingDictionary, codecOf[Text]
	return m, w.indexed(&m, rows, rows, len(words), index, nil)
}

func (w *Writer) flags(rows int, d *Data) (m chunkMeta, err error) {
	if d.Flags != nil && len(d.Flags) != rows {
		return m, fmt.Errorf("parquet: %d flags for %d rows", len(d.Flags), rows)
	}
	w.page = slices.Grow(w.page[:0], (rows+7)/8)[:(rows+7)/8]
	clear(w.page)
	set := 0
	for i, on := range d.Flags {
		if on {
			w.page[i/8] |= 1 << (i % 8)
			set++
		}
	}
	m = chunkMeta{encoding: encodingPlain, codec: codecOf[Flag], offset: w.at, least: []byte{0}, most: []byte{1}}
	if set == 0 {
		m.most[0] = 0
	}
	if set == rows {
		m.least[0] = 1
	}
	return m, w.put(&m, pageData, rows)
}

// put writes w.page as a page.
func (w *Writer) put(m *chunkMeta, kind int32, values int) error {
	body := w.page
	if m.codec == codecZstd {
		w.packed = w.z.EncodeAll(body, w.packed[:0])
		body = w.packed
	}
	e := encoder{}
	e.open()
	e.i32(1, kind)
	e.i32(2, int32(len(w.page)))
	e.i32(3, int32(len(body)))
	e.i32(4, int32(crc32.ChecksumIEEE(body)))
	if kind == pageDictionary {
		e.inner(7)
		e.i32(1, int32(values))
		e.i32(2, encodingPlain)
		e.close()
	} else {
		e.inner(5)
		e.i32(1, int32(values))
		e.i32(2, m.encoding)
		e.i32(3, encodingRLE)
		e.i32(4, encodingRLE)
		e.close()
	}
	e.close()
	m.size += int64(len(e.b) + len(body))
	m.raw += int64(len(e.b) + len(w.page))
	if err := w.write(e.b); err != nil {
		return err
	}
	return w.write(body)
}

// Close writes the footer, and returns it: what an index of files keeps to tell that a file is the same.
func (w *Writer) Close() (footer []byte, err error) {
	if w.at == 0 {
		if err := w.write(magic); err != nil {
			return nil, err
		}
	}
	footer = w.footer()
	tail := append(binary.LittleEndian.AppendUint32(slices.Clone(footer), uint32(len(footer))), magic...)
	return footer, w.write(tail)
}

func (w *Writer) footer() []byte {
	e := encoder{}
	e.open()
	e.i32(1, 1)
	e.list(2, thriftStruct, 1+len(w.columns))
	e.open()
	e.bytes(4, []byte("calls"))
	e.i32(5, int32(len(w.columns)))
	e.close()
	for _, c := range w.columns {
		e.schema(c)
	}
	e.i64(3, w.rows)
	e.list(4, thriftStruct, len(w.groups))
	for i := range w.groups {
		w.group(&e, &w.groups[i])
	}
	e.bytes(6, []byte("breakeven"))
	e.list(7, thriftStruct, len(w.columns))
	for range w.columns {
		e.open()
		e.empty(1)
		e.close()
	}
	e.close()
	return e.b
}

// converted are the older names of logical types.
var converted = map[Kind]int32{Text: 0, Decimal: 5, Time: 10}

// schema writes the element of a column.
func (e *encoder) schema(c Column) {
	e.open()
	e.i32(1, physical[c.Kind])
	if c.Kind == Key {
		e.i32(2, 16)
	}
	repetition := int32(0)
	if c.Optional {
		repetition = 1
	}
	e.i32(3, repetition)
	e.bytes(4, []byte(c.Name))
	if old, ok := converted[c.Kind]; ok {
		e.i32(6, old)
	}
	switch c.Kind {
	case Text:
		e.inner(10)
		e.empty(1)
		e.close()
	case Decimal:
		e.i32(7, 9)
		e.i32(8, 18)
		e.inner(10)
		e.inner(5)
		e.i32(1, 9)
		e.i32(2, 18)
		e.close()
		e.close()
	case Time:
		e.inner(10)
		e.inner(8)
		e.flag(1, true)
		e.inner(2)
		e.empty(2)
		e.close()
		e.close()
		e.close()
	case Int, Flag, Key:
	}
	e.close()
}

func (w *Writer) group(e *encoder, g *groupMeta) {
	e.open()
	e.list(1, thriftStruct, len(g.chunks))
	size, raw := int64(0), int64(0)
	for i := range g.chunks {
		m := &g.chunks[i]
		size, raw = size+m.size, raw+m.raw
		e.open()
		begin := m.offset
		if m.dict > 0 {
			begin = m.dict
		}
		e.i64(2, begin)
		e.inner(3)
		e.i32(1, physical[w.columns[i].Kind])
		e.list(2, thriftI32, 2)
		e.b = binary.AppendVarint(e.b, encodingRLE)
		e.b = binary.AppendVarint(e.b, int64(m.encoding))
		e.list(3, thriftBytes, 1)
		e.element([]byte(w.columns[i].Name))
		e.i32(4, m.codec)
		e.i64(5, g.rows)
		e.i64(6, m.raw)
		e.i64(7, m.size)
		e.i64(9, m.offset)
		if m.dict > 0 {
			e.i64(11, m.dict)
		}
		e.inner(12)
		e.i64(3, m.nulls)
		if m.most != nil {
			e.bytes(5, m.most)
			e.bytes(6, m.least)
		}
		e.close()
		e.close()
		e.close()
	}
	e.i64(2, raw)
	e.i64(3, g.rows)
	e.list(4, thriftStruct, 1)
	e.open()
	e.i32(1, int32(w.sorted))
	e.flag(2, false)
	e.flag(3, false)
	e.close()
	e.i64(6, size)
	e.close()
}

// distinct finds the different values of a column, if they are few.
type distinct struct {
	values []int64
	slots  [distinctSlots]uint16 // 1 + place in values
}

const (
	distinctSlots = 1 << 11
	distinctMost  = 1 << 8
)

// index writes the place of each value among the different ones, and reports whether there are few enough.
func (d *distinct) index(index []uint32, values []int64) bool {
	d.values = d.values[:0]
	d.slots = [distinctSlots]uint16{}
	for i, v := range values {
		h := uint64(v) * 0x9e3779b97f4a7c15 >> (64 - 11)
		for {
			place := d.slots[h]
			if place == 0 {
				if len(d.values) == distinctMost {
					return false
				}
				d.values = append(d.values, v)
				place = uint16(len(d.values))
				d.slots[h] = place
			}
			if d.values[place-1] == v {
				index[i] = uint32(place - 1)
				break
			}
			h = (h + 1) % distinctSlots
		}
	}
	return true
}
