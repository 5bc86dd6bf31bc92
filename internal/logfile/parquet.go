package logfile

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"breakeven/usage"
)

// Parquet is read as the JSON lines that it stands for, so that every format has one reader: groups are objects, lists
// are arrays, maps are objects, nulls are null. Decimals are numbers of the same digits, times are RFC 3339 with their
// own precision, and bytes are text where they are UTF-8 and base64 where they are not. A row is a line, so the line
// of a fault is the row's number.

const parquetMagic = "PAR1"

const (
	linesAhead = 64 << 10 // bytes of lines that are made at a time
	valuesKept = 256      // values of a column that are taken from its page at a time
	maxRow     = usage.DefaultMaxLine
	// maxText is the longest text that is handed on. No field of a call is as long; prompts and answers are, and they
	// are left out as null.
	maxText = 1 << 20
)

// parquetLines reads a Parquet file as JSON lines.
func parquetLines(name string, f io.ReaderAt, size int64) (lines io.ReadCloser, err error) {
	p := &parquetReader{name: name, r: f, size: size}
	if err := p.guarded(p.open); err != nil {
		return nil, err
	}
	return p, nil
}

// parquetReader makes lines of rows, one row group after another.
type parquetReader struct {
	name string
	r    io.ReaderAt
	size int64

	check  pageChecker
	file   *parquet.File
	root   *node
	leaves []*leaf
	groups []parquet.RowGroup
	group  int   // the number of groups that were begun
	row    int64 // the number of rows that were made
	left   int64 // rows of the group that are still to be made
	out    []byte
	from   int // what of out was read
	err    error
}

// guarded runs a step, and makes a damaged file of what the Parquet library panics about.
func (p *parquetReader) guarded(step func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = p.damaged(fmt.Errorf("%v", v))
		}
	}()
	err = step()
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if _, told := errors.AsType[*usage.FileError](err); told {
		return err
	}
	if e, unread := errors.AsType[*unreadCodec](err); unread {
		return &usage.FileError{File: p.name, Problem: e.Error(), Hint: "write it with zstd, snappy or gzip"}
	}
	return p.damaged(err)
}

func (p *parquetReader) damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	return &usage.FileError{File: p.name, Line: int(p.row), Problem: "its Parquet is damaged", Hint: "fetch the file again", Err: err}
}

func (p *parquetReader) open() error {
	if err := checkFooter(p.r, p.size); err != nil {
		return err
	}
	file, err := parquet.OpenFile(p.r, p.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.FileReadMode(parquet.ReadModeSync))
	if err != nil {
		return err
	}
	p.file, p.groups = file, file.RowGroups()
	p.root, err = p.tree(file.Root(), 0, 0)
	return err
}

// Read reads the lines.
func (p *parquetReader) Read(b []byte) (int, error) {
	for p.from == len(p.out) && p.err == nil {
		p.out, p.from = p.out[:0], 0
		p.err = p.guarded(p.more)
	}
	n := copy(b, p.out[p.from:])
	p.from += n
	if n == 0 && len(b) > 0 {
		return 0, p.err
	}
	return n, nil
}

// Close lets go of the pages.
func (p *parquetReader) Close() error {
	p.err = io.ErrClosedPipe
	return p.guarded(func() error {
		for _, l := range p.leaves {
			l.close()
		}
		p.check.close()
		return nil
	})
}

// more makes lines.
func (p *parquetReader) more() error {
	for len(p.out) < linesAhead {
		if p.left == 0 {
			if err := p.nextGroup(); err != nil {
				return err
			}
			continue
		}
		p.row++
		begin := len(p.out)
		var err error
		if p.out, err = p.root.write(p.out); err != nil {
			p.out = p.out[:begin]
			if errors.Is(err, io.EOF) { // the group has fewer values than rows
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if len(p.out)-begin > maxRow {
			return &usage.FileError{File: p.name, Line: int(p.row), Problem: fmt.Sprintf("a row is longer than %d bytes", maxRow), Hint: "leave prompts and answers out of the export"}
		}
		p.out = append(p.out, '\n')
		p.left--
	}
	return nil
}

// nextGroup goes on to the next row group.
func (p *parquetReader) nextGroup() error {
	if p.group > 0 {
		for _, l := range p.leaves {
			if v, err := l.peek(); err == nil {
				return fmt.Errorf("column %s goes on after the last row, with %v", l.name, v.Kind())
			} else if !errors.Is(err, io.EOF) {
				return err
			}
		}
	}
	if p.group == len(p.groups) {
		return io.EOF
	}
	g := p.groups[p.group]
	meta := p.file.Metadata().RowGroups[p.group]
	p.group++
	chunks := g.ColumnChunks()
	if len(chunks) != len(p.leaves) || len(meta.Columns) != len(p.leaves) {
		return fmt.Errorf("row group %d has %d columns, and the file %d", p.group, len(chunks), len(p.leaves))
	}
	for i, l := range p.leaves {
		if err := p.check.chunk(p.r, p.size, &meta.Columns[i], l.rep, l.def); err != nil {
			return fmt.Errorf("column %s: %w", l.name, err)
		}
		l.close()
		l.pages = chunks[i].Pages()
	}
	if p.left = g.NumRows(); p.left < 0 {
		return fmt.Errorf("row group %d has %d rows", p.group, p.left)
	}
	return nil
}

// shape is how a node of the schema is written.
type shape uint8

const (
	scalar shape = iota
	object
	list    // a group whose only member repeats: its elements are the array
	mapping // a group whose only member repeats pairs of a key and a value
)

// node is a column or a group of columns.
type node struct {
	key      []byte // "name": as JSON
	shape    shape
	optional bool
	repeated bool
	def, rep int // the levels at which it is there, and at which it repeats
	children []*node
	first    *leaf // the first column below it, whose levels tell of all
	leaf     *leaf
	bare     bool // a repeated group of which the array holds the only member
}

// maxNesting bounds the recursion through a schema.
const maxNesting = 100

var errSchema = errors.New("its schema makes no sense")

// tree makes the node of a column and of those below it, at the levels of what holds it.
func (p *parquetReader) tree(c *parquet.Column, def, rep int) (*node, error) {
	if c.Depth() > maxNesting {
		return nil, errSchema
	}
	name, err := json.Marshal(c.Name())
	if err != nil {
		return nil, err
	}
	n := &node{key: append(name, ':'), optional: c.Optional(), repeated: c.Repeated()}
	if c.Depth() > 0 || len(c.Path()) > 0 {
		if n.optional || n.repeated {
			def++
		}
		if n.repeated {
			rep++
		}
	} else {
		n.optional, n.repeated = false, false // the root is neither, whatever the file says
	}
	n.def, n.rep = def, rep
	if c.Leaf() {
		n.leaf = &leaf{name: c.Name(), rep: rep, def: def, write: writer(c.Type())}
		n.first = n.leaf
		p.leaves = append(p.leaves, n.leaf)
		return n, nil
	}
	n.shape = object
	for _, child := range c.Columns() {
		m, err := p.tree(child, def, rep)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, m)
	}
	if len(n.children) == 0 {
		return nil, errSchema
	}
	n.first = n.children[0].first
	if only := n.children[0]; len(n.children) == 1 && only.repeated {
		child := c.Columns()[0]
		if logical := c.Type().LogicalType(); logical != nil {
			switch logical.Value.(type) {
			case *format.ListType:
				n.shape = list
				// The element lies in a group of its own, except in files of old writers.
				only.bare = only.shape == object && len(only.children) == 1 && child.Name() != "array" && !strings.HasSuffix(child.Name(), "_tuple")
			case *format.MapType:
				if len(only.children) == 2 && only.children[0].shape == scalar && !only.children[0].repeated {
					n.shape = mapping
				}
			}
		}
	}
	return n, nil
}

// write appends the node's next value.
func (n *node) write(to []byte) ([]byte, error) {
	if n.repeated {
		return n.array(to, '[', ']', (*node).element)
	}
	return n.single(to)
}

// absent takes the one entry that every column below a node has where it is not there.
func (n *node) absent() error {
	if n.leaf != nil {
		_, err := n.leaf.next()
		return err
	}
	for _, c := range n.children {
		if err := c.absent(); err != nil {
			return err
		}
	}
	return nil
}

// there reports whether the next entry reaches the node's level.
func (n *node) there() (bool, error) {
	v, err := n.first.peek()
	if err != nil {
		return false, err
	}
	return v.DefinitionLevel() >= n.def, nil
}

// array appends what a repeated node holds in the row.
func (n *node) array(to []byte, open, end byte, element func(*node, []byte) ([]byte, error)) ([]byte, error) {
	to = append(to, open)
	there, err := n.there()
	if err != nil {
		return to, err
	}
	if !there {
		return append(to, end), n.absent()
	}
	begin := len(to)
	for {
		mark := len(to)
		if mark > begin {
			to = append(to, ',')
		}
		if to, err = element(n, to); err != nil {
			return to, err
		}
		if len(to)-begin > maxRow {
			return to, errors.New("a list does not end")
		}
		v, err := n.first.peek()
		if errors.Is(err, io.EOF) {
			return append(to, end), nil
		}
		if err != nil {
			return to, err
		}
		if v.RepetitionLevel() != n.rep {
			return append(to, end), nil
		}
	}
}

// element appends an element of a repeated node.
func (n *node) element(to []byte) ([]byte, error) {
	if n.bare {
		return n.children[0].write(to)
	}
	return n.content(to)
}

// pair appends an element of a map.
func (n *node) pair(to []byte) ([]byte, error) {
	begin := len(to)
	to, err := n.children[0].write(to)
	if err != nil {
		return to, err
	}
	if to[begin] != '"' { // a key is text
		key := string(to[begin:])
		to = append(append(append(to[:begin], '"'), key...), '"')
	}
	return n.children[1].write(append(to, ':'))
}

// single appends a value that does not repeat.
func (n *node) single(to []byte) ([]byte, error) {
	if n.optional {
		there, err := n.there()
		if err != nil {
			return to, err
		}
		if !there {
			return append(to, "null"...), n.absent()
		}
	}
	return n.content(to)
}

// content appends a value that is there.
func (n *node) content(to []byte) ([]byte, error) {
	switch n.shape {
	case object:
	case scalar:
		v, err := n.leaf.next()
		if err != nil {
			return to, err
		}
		if v.IsNull() {
			return append(to, "null"...), nil
		}
		return n.leaf.write(to, v), nil
	case list:
		return n.children[0].array(to, '[', ']', (*node).element)
	case mapping:
		return n.children[0].array(to, '{', '}', (*node).pair)
	}
	to = append(to, '{')
	for i, c := range n.children {
		if i > 0 {
			to = append(to, ',')
		}
		var err error
		if to, err = c.write(append(to, c.key...)); err != nil {
			return to, err
		}
	}
	return append(to, '}'), nil
}

// leaf reads the values of a column in order.
type leaf struct {
	name     string
	rep, def int // its highest levels
	write    func([]byte, *parquet.Value) []byte

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	kept   [valuesKept]parquet.Value
	at     int
	have   int
	ended  bool // the page has no more values
}

// peek is the next entry, which stays; io.EOF at the end of the row group.
func (l *leaf) peek() (*parquet.Value, error) {
	for l.at == l.have {
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
	return &l.kept[l.at], nil
}

func (l *leaf) next() (*parquet.Value, error) {
	v, err := l.peek()
	if err != nil {
		return nil, err
	}
	l.at++
	return v, nil
}

func (l *leaf) fill() error {
	l.at, l.have = 0, 0
	if l.pages == nil {
		return io.EOF
	}
	if l.values == nil || l.ended {
		l.release()
		page, err := l.pages.ReadPage()
		if err != nil {
			return err
		}
		l.page, l.values, l.ended = page, page.Values(), false
	}
	n, err := l.values.ReadValues(l.kept[:])
	l.have = n
	if errors.Is(err, io.EOF) || err == nil && n == 0 {
		l.ended, err = true, nil
	}
	return err
}

func (l *leaf) release() {
	if l.page != nil {
		parquet.Release(l.page)
	}
	l.page, l.values, l.ended = nil, nil, false
}

func (l *leaf) close() {
	l.release()
	l.at, l.have = 0, 0
	if l.pages != nil {
		_ = l.pages.Close() // it only gives memory back
		l.pages = nil
	}
}

// writer makes the JSON of a column's values.
func writer(t parquet.Type) func([]byte, *parquet.Value) []byte {
	if logical := t.LogicalType(); logical != nil {
		if _, nothing := logical.Value.(*format.NullType); nothing {
			return func(to []byte, _ *parquet.Value) []byte { return append(to, "null"...) }
		}
	}
	kind := t.Kind()
	if logical := t.LogicalType(); logical != nil {
		switch l := logical.Value.(type) {
		case *format.DecimalType:
			return decimalWriter(kind, int(l.Scale))
		case *format.DateType:
			return func(to []byte, v *parquet.Value) []byte {
				return quoteTime(to, time.Unix(int64(v.Int32())*24*60*60, 0), time.DateOnly)
			}
		case *format.TimestampType:
			return timeWriter(l)
		case *format.IntType:
			if !l.IsSigned && kind == parquet.Int32 {
				return func(to []byte, v *parquet.Value) []byte { return strconv.AppendUint(to, uint64(v.Uint32()), 10) }
			}
			if !l.IsSigned && kind == parquet.Int64 {
				return func(to []byte, v *parquet.Value) []byte { return strconv.AppendUint(to, v.Uint64(), 10) }
			}
		case *format.UUIDType:
			return writeUUID
		}
	}
	switch kind {
	case parquet.ByteArray, parquet.FixedLenByteArray:
	case parquet.Boolean:
		return func(to []byte, v *parquet.Value) []byte { return strconv.AppendBool(to, v.Boolean()) }
	case parquet.Int32:
		return func(to []byte, v *parquet.Value) []byte { return strconv.AppendInt(to, int64(v.Int32()), 10) }
	case parquet.Int64:
		return func(to []byte, v *parquet.Value) []byte { return strconv.AppendInt(to, v.Int64(), 10) }
	case parquet.Int96:
		return writeInt96
	case parquet.Float:
		return func(to []byte, v *parquet.Value) []byte { return appendFloat(to, float64(v.Float()), 32) }
	case parquet.Double:
		return func(to []byte, v *parquet.Value) []byte { return appendFloat(to, v.Double(), 64) }
	}
	return writeBytes
}

// appendFloat appends a number as JSON writes one. What is no number is text, which every reader of counts refuses.
func appendFloat(to []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(strconv.AppendFloat(append(to, '"'), f, 'g', -1, bits), '"')
	}
	style := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		style = 'e'
	}
	return strconv.AppendFloat(to, f, style, -1, bits)
}

// decimalWriter writes whole numbers with a point before their last digits.
func decimalWriter(kind parquet.Kind, scale int) func([]byte, *parquet.Value) []byte {
	const most = 80 // digits of 256 bits, and a few
	if scale < 0 || scale > most {
		return writeBytes
	}
	return func(to []byte, v *parquet.Value) []byte {
		var unscaled big.Int
		switch kind {
		case parquet.Int32:
			unscaled.SetInt64(int64(v.Int32()))
		case parquet.Int64:
			unscaled.SetInt64(v.Int64())
		default:
			b := v.ByteArray()
			if len(b) > most {
				return append(to, "null"...)
			}
			unscaled.SetBytes(b)
			if len(b) > 0 && b[0]&0x80 != 0 { // two's complement
				unscaled.Sub(&unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
			}
		}
		if unscaled.Sign() < 0 {
			to = append(to, '-')
			unscaled.Neg(&unscaled)
		}
		digits := unscaled.Append(nil, 10)
		if missing := scale + 1 - len(digits); missing > 0 {
			digits = append(slices.Repeat([]byte{'0'}, missing), digits...)
		}
		point := len(digits) - scale
		to = append(to, digits[:point]...)
		if scale > 0 {
			to = append(append(to, '.'), digits[point:]...)
		}
		return to
	}
}

// timeWriter writes instants with the precision of their column. Those of no zone have none in the text either.
func timeWriter(t *format.TimestampType) func([]byte, *parquet.Value) []byte {
	layout, at := "2006-01-02T15:04:05.000000", time.UnixMicro
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		layout, at = "2006-01-02T15:04:05.000", time.UnixMilli
	case *format.NanoSeconds:
		layout, at = "2006-01-02T15:04:05.000000000", func(n int64) time.Time { return time.Unix(0, n) }
	}
	if t.IsAdjustedToUTC {
		layout += "Z"
	}
	return func(to []byte, v *parquet.Value) []byte { return quoteTime(to, at(v.Int64()), layout) }
}

func quoteTime(to []byte, t time.Time, layout string) []byte {
	return append(t.UTC().AppendFormat(append(to, '"'), layout), '"')
}

// writeInt96 writes the instants of old writers: nanoseconds of a Julian day.
func writeInt96(to []byte, v *parquet.Value) []byte {
	const epoch = 2440588 // the Julian day of 1970-01-01
	n := v.Int96()
	nanos := int64(n[1])<<32 | int64(n[0])
	return quoteTime(to, time.Unix((int64(n[2])-epoch)*24*60*60, 0).Add(time.Duration(nanos)), "2006-01-02T15:04:05.000000000Z")
}

func writeUUID(to []byte, v *parquet.Value) []byte {
	b := v.ByteArray()
	if len(b) != 16 {
		return writeBytes(to, v)
	}
	to = append(to, '"')
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			to = append(to, '-')
		}
		to = hex.AppendEncode(to, part)
	}
	return append(to, '"')
}

// writeBytes writes text, or base64 where the bytes are no text.
func writeBytes(to []byte, v *parquet.Value) []byte {
	b := v.ByteArray()
	if len(b) > maxText {
		return append(to, "null"...)
	}
	if !utf8.Valid(b) {
		return append(base64.StdEncoding.AppendEncode(append(to, '"'), b), '"')
	}
	return appendText(to, b)
}

func appendText(to, text []byte) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	begin := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[begin:i]...)
		begin = i + 1
		if c < ' ' {
			to = append(to, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			continue
		}
		to = append(to, '\\', c)
	}
	return append(append(to, text[begin:]...), '"')
}
