package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// File is an open file. It is safe for concurrent use by readers of their own.
type File struct {
	r       io.ReaderAt
	size    int64
	columns []Column
	rows    int64
	groups  []groupMeta
	footer  []byte
}

// maxFooter is the longest footer that is read.
const maxFooter = 1 << 26

// Open reads the footer of a file that has the columns.
func Open(r io.ReaderAt, size int64, columns []Column) (*File, error) {
	f := &File{r: r, size: size, columns: columns}
	var tail [8]byte
	if size < int64(len(magic)+len(tail)) {
		return nil, &FormatError{Problem: "it is too short"}
	}
	if err := readAt(r, tail[:], size-8); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if !bytes.Equal(tail[4:], magic) || n > size-12 || n > maxFooter {
		return nil, &FormatError{Problem: "its end is torn"}
	}
	f.footer = make([]byte, n)
	if err := readAt(r, f.footer, size-8-n); err != nil {
		return nil, err
	}
	return f, f.parse()
}

func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}

// Footer is the bytes of the footer.
func (f *File) Footer() []byte { return f.footer }

// Rows is how many rows the file has.
func (f *File) Rows() int64 { return f.rows }

// Groups is how many groups of rows the file has.
func (f *File) Groups() int { return len(f.groups) }

// GroupRows is how many rows a group has.
func (f *File) GroupRows(group int) int { return int(f.groups[group].rows) }

// Range is the least and the largest value of a column of integers in a group, among those that are not null. There
// are none where all are.
func (f *File) Range(group, column int) (least, most, nulls int64, some bool) {
	m := &f.groups[group].chunks[column]
	if len(m.least) != 8 || len(m.most) != 8 {
		return 0, 0, m.nulls, false
	}
	return int64(binary.LittleEndian.Uint64(m.least)), int64(binary.LittleEndian.Uint64(m.most)), m.nulls, true
}

func (f *File) parse() error {
	d := decoder{b: f.footer}
	var names []string
	var optional []bool
	d.fields(func(id int16, kind byte) bool {
		switch {
		case id == 2 && kind == thriftList:
			n, _ := d.list()
			for range n {
				name, opt := d.schema()
				names, optional = append(names, name), append(optional, opt)
				if d.bad {
					return true
				}
			}
		case id == 3 && kind == thriftI64:
			f.rows = d.varint()
		case id == 4 && kind == thriftList:
			n, _ := d.list()
			for range n {
				f.groups = append(f.groups, d.group())
				if d.bad {
					return true
				}
			}
		default:
			return false
		}
		return true
	})
	if d.bad {
		return &FormatError{Problem: "its footer is damaged"}
	}
	if len(names) != 1+len(f.columns) {
		return &FormatError{Problem: fmt.Sprintf("it has %d columns, want %d", len(names)-1, len(f.columns))}
	}
	for i, c := range f.columns {
		if names[i+1] != c.Name || optional[i+1] != c.Optional {
			return &FormatError{Problem: fmt.Sprintf("column %d is %.40q, want %q", i+1, names[i+1], c.Name)}
		}
	}
	sum := int64(0)
	for i := range f.groups {
		g := &f.groups[i]
		if g.rows <= 0 || g.rows > MaxRows || len(g.chunks) != len(f.columns) {
			return &FormatError{Problem: "its footer is damaged"}
		}
		sum += g.rows
		for k := range g.chunks {
			m := &g.chunks[k]
			begin := m.begin()
			if begin < 4 || m.size <= 0 || m.size > f.size || begin > f.size-m.size || m.nulls < 0 || m.nulls > g.rows {
				return &FormatError{Column: f.columns[k].Name, Problem: "its place is outside of the file"}
			}
		}
	}
	if sum != f.rows {
		return &FormatError{Problem: "its groups have other rows than it says"}
	}
	return nil
}

func (m *chunkMeta) begin() int64 {
	if m.dict > 0 {
		return m.dict
	}
	return m.offset
}

func (d *decoder) schema() (name string, optional bool) {
	d.fields(func(id int16, kind byte) bool {
		switch {
		case id == 3 && kind == thriftI32:
			optional = d.varint() == 1
		case id == 4 && kind == thriftBytes:
			name = string(d.bytes())
		default:
			return false
		}
		return true
	})
	return name, optional
}

func (d *decoder) group() (g groupMeta) {
	d.fields(func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftList:
			n, _ := d.list()
			for range n {
				var m chunkMeta
				d.fields(func(id int16, kind byte) bool {
					if id != 3 || kind != thriftStruct {
						return false
					}
					m = d.chunk()
					return true
				})
				g.chunks = append(g.chunks, m)
				if d.bad {
					return true
				}
			}
		case id == 3 && kind == thriftI64:
			g.rows = d.varint()
		default:
			return false
		}
		return true
	})
	return g
}

func (d *decoder) chunk() (m chunkMeta) {
	m.encoding = -1
	d.fields(func(id int16, kind byte) bool {
		switch {
		case id == 2 && kind == thriftList:
			n, _ := d.list()
			for range n {
				m.encoding = int32(d.varint())
			}
		case id == 4 && kind == thriftI32:
			m.codec = int32(d.varint())
		case id == 7 && kind == thriftI64:
			m.size = d.varint()
		case id == 9 && kind == thriftI64:
			m.offset = d.varint()
		case id == 11 && kind == thriftI64:
			m.dict = d.varint()
		case id == 12 && kind == thriftStruct:
			d.fields(func(id int16, kind byte) bool {
				switch {
				case id == 3 && kind == thriftI64:
					m.nulls = d.varint()
				case id == 5 && kind == thriftBytes:
					m.most = d.bytes()
				case id == 6 && kind == thriftBytes:
					m.least = d.bytes()
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	return m
}

// Reader reads columns. It has space of its own that it uses again, and is for one goroutine.
type Reader struct {
	raw, plain []byte
	z          *zstd.Decoder
	dict       []int64
	index      []uint32
	values     []int64
}

// NewReader makes a reader.
func NewReader() (*Reader, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxText+(1<<20)), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return &Reader{z: z}, nil
}

// page is a page as it lies in a column, without its compression.
type page struct {
	kind, values, encoding int32
	body                   []byte // with slack behind it
}

// pages reads the pages of a column of a group: its dictionary, if it has one, and its values.
func (r *Reader) pages(f *File, group, column int) (dict, data page, err error) {
	m := &f.groups[group].chunks[column]
	fault := func(problem string) error { return &FormatError{Column: f.columns[column].Name, Problem: problem} }
	if m.codec != codecNone && m.codec != codecZstd {
		return dict, data, fault("its compression is none that is written here")
	}
	r.raw = slices.Grow(r.raw[:0], int(m.size)+slack)[:m.size]
	if err := readAt(f.r, r.raw, m.begin()); err != nil {
		return dict, data, err
	}
	clear(r.raw[m.size : m.size+slack])
	r.plain = r.plain[:0]
	b := r.raw
	for _, p := range []*page{&dict, &data} {
		if p == &dict && m.dict == 0 {
			continue
		}
		d := decoder{b: b}
		var plain, packed, crc int32
		p.encoding = -1
		d.fields(func(id int16, kind byte) bool {
			switch {
			case id == 1 && kind == thriftI32:
				p.kind = int32(d.varint())
			case id == 2 && kind == thriftI32:
				plain = int32(d.varint())
			case id == 3 && kind == thriftI32:
				packed = int32(d.varint())
			case id == 4 && kind == thriftI32:
				crc = int32(d.varint())
			case (id == 5 || id == 7) && kind == thriftStruct:
				d.fields(func(id int16, kind byte) bool {
					switch {
					case id == 1 && kind == thriftI32:
						p.values = int32(d.varint())
					case id == 2 && kind == thriftI32:
						p.encoding = int32(d.varint())
					default:
						return false
					}
					return true
				})
			default:
				return false
			}
			return true
		})
		if d.bad || packed < 0 || int(packed) > len(d.b) || plain < 0 || plain > maxText {
			return dict, data, fault("the head of a page is damaged")
		}
		body := d.b[:packed]
		b = d.b[packed:]
		if int32(crc32.ChecksumIEEE(body)) != crc {
			return dict, data, fault("a page is not as it was written")
		}
		if m.codec == codecNone {
			if plain != packed {
				return dict, data, fault("the head of a page is damaged")
			}
			p.body = body
			continue
		}
		begin := len(r.plain)
		if r.plain, err = r.z.DecodeAll(body, r.plain); err != nil {
			return dict, data, fault("a page cannot be decompressed: " + err.Error())
		}
		if len(r.plain)-begin != int(plain) {
			return dict, data, fault("the head of a page is damaged")
		}
		r.plain = append(r.plain, make([]byte, slack)...)
		p.body = r.plain[begin : begin+int(plain)]
	}
	switch rows := f.groups[group].rows; {
	case len(b) > 0:
		return dict, data, fault("its pages are shorter than it says")
	case m.dict != 0 && (dict.kind != pageDictionary || dict.encoding != encodingPlain || dict.values <= 0 || int64(dict.values) > rows):
		return dict, data, fault("its dictionary is damaged")
	case data.kind != pageData || int64(data.values) != rows || data.encoding != m.encoding || (m.dict != 0) != (data.encoding == encodingDictionary):
		return dict, data, fault("the head of a page is damaged")
	}
	return dict, data, nil
}

// levels reads which values of an optional column are there: a nil list means all.
func (r *Reader) levels(f *File, group, column int, body []byte) (levels []uint32, count int, tail []byte, err error) {
	rows := int(f.groups[group].rows)
	if !f.columns[column].Optional {
		return nil, rows, body, nil
	}
	if len(body) < 4 {
		return nil, 0, nil, errTorn
	}
	n := binary.LittleEndian.Uint32(body)
	if int64(n) > int64(len(body)-4) {
		return nil, 0, nil, errTorn
	}
	levels = make([]uint32, rows)
	if err := readHybrid(levels, body[4:4+n], 1, 2); err != nil {
		return nil, 0, nil, err
	}
	for _, l := range levels {
		count += int(l)
	}
	if count == rows {
		levels = nil
	}
	if int64(rows-count) != f.groups[group].chunks[column].nulls {
		return nil, 0, nil, errTorn
	}
	return levels, count, body[4+n:], nil
}

// Ints reads a column of integers of a group into dst, whose space is used again. Where every row has the same value,
// the result is nil and that value, and nothing is read.
func (r *Reader) Ints(f *File, group, column int, dst []int64) (values []int64, same int64, err error) {
	rows := int(f.groups[group].rows)
	least, most, nulls, some := f.Range(group, column)
	switch {
	case nulls == int64(rows):
		return nil, Null, nil
	case some && nulls == 0 && least == most:
		return nil, least, nil
	}
	dict, data, err := r.pages(f, group, column)
	if err != nil {
		return nil, 0, err
	}
	dst = slices.Grow(dst[:0], rows)[:rows]
	if err := r.ints(f, group, column, dict, data, dst); err != nil {
		return nil, 0, &FormatError{Column: f.columns[column].Name, Problem: err.Error()}
	}
	return dst, 0, nil
}

func (r *Reader) ints(f *File, group, column int, dict, data page, dst []int64) error {
	levels, count, body, err := r.levels(f, group, column, data.body)
	if err != nil {
		return err
	}
	into := dst
	if levels != nil {
		r.values = slices.Grow(r.values[:0], count)[:count]
		into = r.values
	}
	switch data.encoding {
	case encodingDelta:
		err = readDelta(into, body)
	case encodingDictionary:
		if len(dict.body) != 8*int(dict.values) {
			return errTorn
		}
		r.dict = slices.Grow(r.dict[:0], int(dict.values))[:dict.values]
		for i := range r.dict {
			r.dict[i] = int64(binary.LittleEndian.Uint64(dict.body[8*i:]))
		}
		r.index = slices.Grow(r.index[:0], count)[:count]
		if err = r.places(r.index, body, len(r.dict)); err == nil {
			for i, at := range r.index {
				into[i] = r.dict[at]
			}
		}
	default:
		return errTorn
	}
	if err != nil || levels == nil {
		return err
	}
	for i, l := range levels {
		if l == 0 {
			dst[i] = Null
		} else {
			dst[i], into = into[0], into[1:]
		}
	}
	return nil
}

// places reads places in a dictionary, behind the byte that says how wide they are.
func (r *Reader) places(dst []uint32, body []byte, size int) error {
	if len(body) == 0 || body[0] > 32 {
		return errTorn
	}
	return readHybrid(dst, body[1:], uint(body[0]), size)
}

// Text reads a column of texts of a group: the places of the rows in a list of words. Index is used again; it is nil
// where there is one word, and words are new.
func (r *Reader) Text(f *File, group, column int, dst []uint32) (index []uint32, words []string, err error) {
	dict, data, err := r.pages(f, group, column)
	if err != nil {
		return nil, nil, err
	}
	fault := &FormatError{Column: f.columns[column].Name, Problem: errTorn.Error()}
	if data.encoding != encodingDictionary {
		return nil, nil, fault
	}
	all := string(dict.body)
	words = make([]string, 0, dict.values)
	for range dict.values {
		if len(all) < 4 {
			return nil, nil, fault
		}
		n := int64(binary.LittleEndian.Uint32([]byte(all[:4])))
		if n > int64(len(all)-4) {
			return nil, nil, fault
		}
		words = append(words, all[4:4+n])
		all = all[4+n:]
	}
	rows := int(f.groups[group].rows)
	dst = slices.Grow(dst[:0], rows)[:rows]
	if err := r.places(dst, data.body, len(words)); err != nil || len(all) > 0 {
		return nil, nil, fault
	}
	if len(words) == 1 {
		return nil, words, nil
	}
	return dst, words, nil
}

// Flags reads a column of flags of a group into dst, whose space is used again. The result is nil where none is set,
// which the footer knows.
func (r *Reader) Flags(f *File, group, column int, dst []bool) ([]bool, error) {
	if m := &f.groups[group].chunks[column]; len(m.most) == 1 && m.most[0] == 0 {
		return nil, nil
	}
	_, data, err := r.pages(f, group, column)
	if err != nil {
		return nil, err
	}
	rows := int(f.groups[group].rows)
	if data.encoding != encodingPlain || len(data.body) != (rows+7)/8 {
		return nil, &FormatError{Column: f.columns[column].Name, Problem: errTorn.Error()}
	}
	dst = slices.Grow(dst[:0], rows)[:rows]
	for i := range dst {
		dst[i] = data.body[i/8]>>(i%8)&1 == 1
	}
	return dst, nil
}

// Keys reads a column of keys of a group into dst, whose space is used again.
func (r *Reader) Keys(f *File, group, column int, dst [][16]byte) ([][16]byte, error) {
	_, data, err := r.pages(f, group, column)
	if err != nil {
		return nil, err
	}
	rows := int(f.groups[group].rows)
	if data.encoding != encodingPlain || len(data.body) != 16*rows {
		return nil, &FormatError{Column: f.columns[column].Name, Problem: errTorn.Error()}
	}
	dst = slices.Grow(dst[:0], rows)[:rows]
	for i := range dst {
		dst[i] = [16]byte(data.body[16*i:])
	}
	return dst, nil
}
