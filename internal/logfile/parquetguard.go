package logfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// The Parquet library believes the sizes that a file states, and makes room for them before it finds them false. So
// they are checked here before it sees them: a file of a few bytes cannot take the memory of the machine.

const (
	maxFooter     = 64 << 20  // bytes of a file's description
	maxStructs    = 1_000_000 // in it: a file of a thousand row groups with a hundred columns has half of them
	maxPage       = 256 << 20 // bytes of a page, expanded
	maxPageValues = 16 << 20
	maxPageHeader = 16 << 20 // its statistics may hold the longest text of the page
)

var (
	errFooter = errors.New("its footer makes no sense")
	errPage   = errors.New("a page makes no sense")
)

// checkFooter checks the sizes in a file's description.
func checkFooter(f io.ReaderAt, size int64) error {
	const frame = 8 // the length of the footer, and the magic
	if size < int64(len(parquetMagic))+frame {
		return io.ErrUnexpectedEOF
	}
	var end [frame]byte
	if _, err := f.ReadAt(end[:], size-frame); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	switch {
	case string(end[4:]) == "PARE":
		return errors.New("it is encrypted")
	case string(end[4:]) != parquetMagic:
		return io.ErrUnexpectedEOF
	case n > size-frame-int64(len(parquetMagic)):
		return errFooter
	case n > maxFooter:
		return fmt.Errorf("its footer has %d bytes", n)
	}
	footer := make([]byte, n)
	if _, err := f.ReadAt(footer, size-frame-n); err != nil {
		return err
	}
	c := compact{b: footer}
	if c.skip(tStruct, 0); c.bad {
		return errFooter
	}
	return nil
}

// pageChecker checks pages. It keeps what takes long to make.
type pageChecker struct {
	zstd *zstd.Decoder
	page bytes.Buffer
}

func (p *pageChecker) close() {
	if p.zstd != nil {
		p.zstd.Close()
	}
}

// chunk checks the pages of a column in a row group. Its levels are the column's highest.
func (p *pageChecker) chunk(f io.ReaderAt, size int64, chunk *format.ColumnChunk, rep, def int) error {
	m := &chunk.MetaData
	begin := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		begin = m.DictionaryPageOffset
	}
	if chunk.FilePath != "" || begin < 0 || m.TotalCompressedSize < 0 || begin > size-m.TotalCompressedSize {
		return errPage
	}
	for at, end := begin, begin+m.TotalCompressedSize; at < end; {
		h, err := readPageHeader(f, at, end)
		if err != nil {
			return err
		}
		at += h.length
		if h.packed < 0 || h.packed > end-at || h.expanded < 0 || h.expanded > maxPage || h.values < 0 || h.values > maxPageValues {
			return errPage
		}
		if err := p.expand(io.NewSectionReader(f, at, h.packed), m.Codec, &h); err != nil {
			return err
		}
		if h.data {
			if err := checkValues(p.page.Bytes(), &h, rep, def); err != nil {
				return err
			}
		}
		at += h.packed
	}
	return nil
}

// expand expands a page into the checker's buffer. It may not be larger than it states.
func (p *pageChecker) expand(page io.Reader, codec format.CompressionCodec, h *pageHeader) error {
	p.page.Reset()
	levels := h.repBytes + h.defBytes
	if levels > h.packed || levels > h.expanded {
		return errPage
	}
	if _, err := io.CopyN(&p.page, page, levels); err != nil {
		return err
	}
	rest := h.expanded - levels
	text := page
	if h.compressed {
		switch codec {
		case format.Uncompressed:
		case format.Snappy:
			packed, err := io.ReadAll(page)
			if err != nil {
				return err
			}
			n, err := snappy.DecodedLen(packed)
			if err != nil || int64(n) > rest {
				return errPage
			}
			plain, err := snappy.Decode(nil, packed)
			if err != nil {
				return err
			}
			p.page.Write(plain)
			return nil
		case format.Gzip:
			g, err := gzip.NewReader(page)
			if err != nil {
				return err
			}
			text = g
		case format.Zstd:
			if p.zstd == nil {
				d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
				if err != nil {
					return err
				}
				p.zstd = d
			}
			if err := p.zstd.Reset(page); err != nil {
				return err
			}
			text = p.zstd
		case format.Brotli:
			text = brotli.NewReader(page)
		default: // of LZ4 pages the library may give other bytes back than they hold
			return &unreadCodec{codec}
		}
	}
	n, err := p.page.ReadFrom(io.LimitReader(text, rest+1))
	if err == nil && n > rest {
		err = errPage
	}
	return err
}

// The encodings of values that state how many they are, or how long.
const (
	plainDictionary = 2
	runLengths      = 3
	deltaBinary     = 5
	deltaLengths    = 6
	deltaBytes      = 7
	dictionary      = 8
)

// checkValues checks that a page holds no more values than its header says, and no longer ones than a page may have.
func checkValues(page []byte, h *pageHeader, rep, def int) error {
	for _, l := range []struct {
		level int
		bytes int64 // as a page of version 2 states it
	}{{rep, h.repBytes}, {def, h.defBytes}} {
		n := l.bytes
		switch {
		case !h.second && l.level == 0:
			continue
		case !h.second:
			if len(page) < 4 {
				return errPage
			}
			n, page = int64(binary.LittleEndian.Uint32(page)), page[4:]
		}
		if n > int64(len(page)) {
			return errPage
		}
		if err := checkRuns(page[:n], bits.Len(uint(l.level)), h.values); err != nil {
			return err
		}
		page = page[n:]
	}
	switch h.encoding {
	case plainDictionary, dictionary:
		if len(page) == 0 {
			return nil
		}
		return checkRuns(page[1:], int(page[0]), h.values)
	case runLengths: // of flags, behind their length
		if len(page) < 4 {
			return errPage
		}
		return checkRuns(page[4:], 1, h.values)
	case deltaBinary, deltaLengths, deltaBytes:
		return checkDelta(page, h.values, h.encoding == deltaBytes)
	}
	return nil
}

// checkRuns checks that runs repeat no more values than there are. Runs of packed values are filled up to eight.
func checkRuns(runs []byte, width int, values int64) error {
	const filler = 1024
	if width > 32 {
		return errPage
	}
	for total := int64(0); len(runs) > 0; {
		head, n := binary.Uvarint(runs)
		if n <= 0 || head>>1 > maxPageValues {
			return errPage
		}
		runs = runs[n:]
		count, size := int64(head>>1), int64(width+7)/8
		if head&1 == 1 {
			count, size = count*8, count*int64(width)
		}
		if total += count; total > values+filler {
			return errPage
		}
		runs = runs[min(size, int64(len(runs))):]
	}
	return nil
}

// checkDelta checks how many values differences make. Texts that begin as the one before them state by how much: all
// of them together may not be longer than a page.
func checkDelta(page []byte, values int64, prefixes bool) error {
	head := page
	var n [3]uint64 // values in a block, runs in it, values in all
	for i := range n {
		v, size := binary.Uvarint(head)
		if size <= 0 {
			return errPage
		}
		n[i], head = v, head[size:]
	}
	if n[2] > uint64(values) {
		return errPage
	}
	if !prefixes {
		return nil
	}
	lengths, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, page)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, l := range lengths {
		if total += int64(l); l < 0 || total > maxPage {
			return errPage
		}
	}
	return nil
}

// unreadCodec is a compression of pages that is not undone here.
type unreadCodec struct{ codec format.CompressionCodec }

func (e *unreadCodec) Error() string {
	return fmt.Sprintf("its pages are compressed with %s, which is not read here", e.codec)
}

// pageHeader is what a page states about itself.
type pageHeader struct {
	length           int64 // of the header
	packed, expanded int64 // bytes of the page
	values           int64
	data             bool // it holds values, and not a dictionary or an index
	second           bool // it is a data page of version 2
	encoding         int64
	repBytes         int64 // in version 2, levels stand before what is compressed
	defBytes         int64
	compressed       bool
}

func readPageHeader(f io.ReaderAt, at, end int64) (pageHeader, error) {
	for size := int64(512); ; size *= 8 {
		b := make([]byte, min(size, end-at))
		if _, err := f.ReadAt(b, at); err != nil {
			return pageHeader{}, err
		}
		h := pageHeader{compressed: true, packed: -1}
		c := compact{b: b}
		c.header(&h)
		if !c.bad {
			h.length = int64(c.i)
			return h, nil
		}
		if size >= maxPageHeader || int64(len(b)) == end-at {
			return h, errPage
		}
	}
}

// compact reads Thrift's compact protocol, in which Parquet describes itself, as far as its sizes go.
type compact struct {
	b       []byte
	i       int
	structs int
	bad     bool
}

// The types of the compact protocol.
const (
	tTrue   = 1
	tFalse  = 2
	tByte   = 3
	tInt16  = 4
	tInt32  = 5
	tInt64  = 6
	tDouble = 7
	tBinary = 8
	tList   = 9
	tSet    = 10
	tMap    = 11
	tStruct = 12
)

func (c *compact) byte() byte {
	if c.i >= len(c.b) {
		c.bad = true
		return 0
	}
	c.i++
	return c.b[c.i-1]
}

func (c *compact) uvarint() uint64 {
	v, n := binary.Uvarint(c.b[c.i:])
	if n <= 0 {
		c.bad = true
		return 0
	}
	c.i += n
	return v
}

func (c *compact) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// room takes n bytes.
func (c *compact) room(n uint64) {
	if n > uint64(len(c.b)-c.i) {
		c.bad = true
		return
	}
	c.i += int(n)
}

// fields calls fn for each field of a struct, which takes its value.
func (c *compact) fields(fn func(id int64, t byte)) {
	for id := int64(0); !c.bad; {
		h := c.byte()
		if h == 0 {
			return
		}
		if delta := h >> 4; delta != 0 {
			id += int64(delta)
		} else {
			id = c.varint()
		}
		if !c.bad {
			fn(id, h&15)
		}
	}
}

// skip takes a value.
func (c *compact) skip(t byte, depth int) {
	if depth > 32 {
		c.bad = true
	}
	if c.bad {
		return
	}
	switch t {
	case tTrue, tFalse:
	case tByte:
		c.byte()
	case tInt16, tInt32, tInt64:
		c.uvarint()
	case tDouble:
		c.room(8)
	case tBinary:
		c.room(c.uvarint())
	case tList, tSet:
		h := c.byte()
		n := uint64(h >> 4)
		if n == 15 {
			n = c.uvarint()
		}
		c.items(n, h&15, 0, depth)
	case tMap:
		if n := c.uvarint(); n > 0 {
			h := c.byte()
			c.items(n, h>>4, h&15, depth)
		}
	case tStruct:
		if c.structs++; c.structs > maxStructs {
			c.bad = true
			return
		}
		c.fields(func(_ int64, t byte) { c.skip(t, depth+1) })
	default:
		c.bad = true
	}
}

// items takes the elements of a list, or the keys and values of a map. Each has at least a byte, and a struct has more.
func (c *compact) items(n uint64, first, second byte, depth int) {
	if n > uint64(len(c.b)-c.i) || first == tStruct && n > uint64(maxStructs-c.structs) {
		c.bad = true
		return
	}
	for range n {
		for _, t := range [...]byte{first, second} {
			switch t {
			case 0:
			case tTrue, tFalse: // in a list they have a byte
				c.byte()
			default:
				c.skip(t, depth+1)
			}
		}
		if c.bad {
			return
		}
	}
}

// header reads a page's header.
func (c *compact) header(h *pageHeader) {
	c.fields(func(id int64, t byte) {
		switch {
		case id == 2 && t == tInt32:
			h.expanded = c.varint()
		case id == 3 && t == tInt32:
			h.packed = c.varint()
		case (id == 5 || id == 7 || id == 8) && t == tStruct: // a data page, a dictionary, a data page of version 2
			h.data, h.second = id != 7, id == 8
			c.fields(func(id int64, t byte) {
				to := map[int64]*int64{1: &h.values, 2: &h.encoding}
				if h.second {
					to = map[int64]*int64{1: &h.values, 4: &h.encoding, 5: &h.defBytes, 6: &h.repBytes}
				}
				switch v, known := to[id]; {
				case known && t == tInt32:
					*v = max(c.varint(), 0)
				case h.second && id == 7 && t == tFalse:
					h.compressed = false
				default:
					c.skip(t, 1)
				}
			})
		default:
			c.skip(t, 1)
		}
	})
}
