package usage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// headSize is how much of a file is looked at to recognise it.
const headSize = 1 << 20

// source is a file as text: decompressed, without a byte order mark, in UTF-8, with lines of bounded length.
type source struct {
	name   string
	r      *bufio.Reader
	max    int    // longest line
	lineNo int    // of the line last returned
	long   []byte // a line longer than the reader's buffer
}

// binaryMagic are the beginnings of files that are no text, and what to do about them.
var binaryMagic = []struct{ magic, problem, hint string }{
	{"PK\x03\x04", "is a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"},
	{"PAR1", "is a Parquet file inside another", "unpack it once: Parquet is read as it is"},
	{"SQLite format 3\x00", "is a SQLite database", "export the table as CSV or JSON lines"},
	{"\x28\xb5\x2f\xfd", "is compressed twice", "decompress it once first"},
	{"BZh", "is compressed with bzip2", "decompress it first; gzip and zstd are read as they are"},
	{"\xfd7zXZ\x00", "is compressed with xz", "decompress it first; gzip and zstd are read as they are"},
	{"\x1f\x8b", "is compressed twice", "decompress it once first"},
	{"%PDF", "is a PDF", "download the usage export, not the invoice"},
}

// open prepares a file for reading.
func open(name string, r io.Reader, maxLine int) (*source, error) {
	raw := bufio.NewReaderSize(r, 64<<10)
	var text io.Reader = raw
	if magic, _ := raw.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		var err error
		text, err = Expand(name, "gzip", raw, func(in io.Reader) (io.Reader, error) { return gzip.NewReader(bufio.NewReader(in)) })
		if err != nil {
			return nil, err
		}
	}
	s := &source{name: name, r: bufio.NewReaderSize(text, headSize), max: maxLine}
	head, err := s.head()
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = s.r.Discard(3)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		var order binary.ByteOrder = binary.LittleEndian
		if head[0] == 0xfe {
			order = binary.BigEndian
		}
		_, _ = s.r.Discard(2)
		s.r = bufio.NewReaderSize(&utf16Reader{r: s.r, order: order}, headSize)
	}
	if head, err = s.head(); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(head)) == 0 && len(head) < headSize {
		return nil, &FileError{File: name, Problem: "is empty", Foreign: true}
	}
	// Old spreadsheets end lines with a carriage return alone.
	if text := bytes.TrimRight(head, "\r\n"); bytes.IndexByte(text, '\r') >= 0 && bytes.IndexByte(text, '\n') < 0 {
		s.r = bufio.NewReaderSize(&lineEnds{s.r}, headSize)
		if head, err = s.head(); err != nil {
			return nil, err
		}
	}
	for _, m := range binaryMagic {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return nil, &FileError{File: name, Problem: m.problem, Hint: m.hint, Foreign: true}
		}
	}
	if i := bytes.IndexByte(head, 0); i >= 0 {
		return nil, &FileError{
			File: name, Line: 1 + bytes.Count(head[:i], []byte("\n")),
			Problem: "holds a zero byte: it is no text, or UTF-16 without a byte order mark",
			Hint:    "save it as UTF-8",
		}
	}
	return s, nil
}

// head is the beginning of the file, without consuming it.
func (s *source) head() ([]byte, error) {
	head, err := s.r.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		// What can be read before the fault is still worth recognising.
		if len(head) == 0 {
			return nil, s.fail(0, err)
		}
	}
	return head, nil
}

// fail gives a reading error its place.
func (s *source) fail(line int, err error) error {
	if e, ok := errors.AsType[*FileError](err); ok {
		return e
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &FileError{File: s.name, Line: line, Problem: "ends too early", Hint: "fetch the file again", Err: err}
	}
	e := Unreadable(s.name, err)
	e.Line = line
	return e
}

// remedies are what to do about a file that the system does not open or read, by words of its error.
var remedies = []struct{ words, hint string }{
	{"is a directory", "name a file in that folder"},
	{"symbolic links", "the links lead in a circle: name the file itself"},
	{"permission denied", "give the user that runs this the right to read the file, or copy it to where it can be read"},
	{"no such file", "check the path: names are told apart by case, and a relative path begins at the current folder"},
	{"too many open files", "close other programs, or raise the limit of open files"},
}

// Unreadable is the error of a file that cannot be opened or read, with what to do about it.
func Unreadable(name string, err error) *FileError {
	e := &FileError{File: name, Problem: "cannot be read", Err: err, Hint: "check that the file is there and whole, or copy it and read the copy"}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		e.Err = p.Err // its own text repeats the name
	}
	for _, r := range remedies {
		if strings.Contains(err.Error(), r.words) {
			e.Hint = r.hint
			break
		}
	}
	return e
}

// lineEnds reads carriage returns as line feeds.
type lineEnds struct{ r io.Reader }

func (l *lineEnds) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// line returns the next line without its end, and io.EOF after the last. The bytes are valid until the next
// call.
func (s *source) line() ([]byte, error) {
	chunk, err := s.r.ReadSlice('\n')
	s.lineNo++
	if err == nil || (errors.Is(err, io.EOF) && len(chunk) > 0) {
		if len(chunk) > s.max {
			return nil, s.tooLong()
		}
		return trimEnd(chunk), nil
	}
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	s.long = s.long[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(s.long)+len(chunk) > s.max {
			return nil, s.tooLong()
		}
		s.long = append(s.long, chunk...)
		chunk, err = s.r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, s.fail(s.lineNo, err)
	}
	if len(s.long)+len(chunk) > s.max {
		return nil, s.tooLong()
	}
	s.long = append(s.long, chunk...)
	return trimEnd(s.long), nil
}

// ended reports whether no line is left. It takes the place of a call of line: the bytes of the last one are lost.
func (s *source) ended() bool {
	_, err := s.r.Peek(1)
	return err != nil
}

func (s *source) tooLong() error {
	return &FileError{
		File: s.name, Line: s.lineNo, Problem: fmt.Sprintf("a line is longer than %d bytes", s.max),
		Hint: "leave prompts and answers out of the export",
	}
}

func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Logs compress 5 to 60 times; deflate can reach 1,032. A file beyond bombRatio after bombStart bytes is made
// to waste the reader's time.
const (
	bombRatio = 250
	bombStart = 64 << 20
)

// Expand reads what a compressed file expands to, and stops one that expands beyond reason. The codec is what messages
// call the compression; its faults come as [*FileError].
func Expand(name, codec string, r io.Reader, expand func(io.Reader) (io.Reader, error)) (io.Reader, error) {
	counted := &counter{r: r}
	z, err := expand(counted)
	if err != nil {
		return nil, &FileError{File: name, Problem: "is not readable as " + codec, Hint: "fetch the file again", Err: err}
	}
	return &bombGuard{name: name, codec: codec, z: z, in: counted}, nil
}

// bombGuard stops a compressed file that expands beyond reason.
type bombGuard struct {
	name, codec string
	z           io.Reader
	in          *counter
	out         int64
}

func (g *bombGuard) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	g.out += int64(n)
	if g.out > bombStart && g.out/bombRatio > g.in.n {
		return n, &FileError{
			File: g.name, Problem: fmt.Sprintf("its %s expands more than %d times", g.codec, bombRatio),
			Hint: "decompress it yourself if it is what you think it is",
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = &FileError{File: g.name, Problem: "its " + g.codec + " is damaged", Hint: "fetch the file again", Err: err}
	}
	return n, err
}

// utf16Reader turns UTF-16 into UTF-8. What is no UTF-16 becomes U+FFFD.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	raw   [4096]byte
	kept  int    // bytes of raw that are left over from the last read
	out   []byte // converted and not yet returned
	high  uint16 // a high surrogate that waits for its low one
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	n, err := u.r.Read(u.raw[u.kept:])
	n += u.kept
	u.out = u.out[:0]
	i := 0
	for ; i+1 < n; i += 2 {
		u.unit(u.order.Uint16(u.raw[i:]))
	}
	u.kept = copy(u.raw[:], u.raw[i:n])
	if err != nil {
		if u.kept > 0 || u.high != 0 {
			u.out = utf8.AppendRune(u.out, utf8.RuneError)
			u.kept, u.high = 0, 0
		}
		u.err = err
	}
}

func (u *utf16Reader) unit(c uint16) {
	if u.high != 0 {
		r := utf16.DecodeRune(rune(u.high), rune(c))
		u.high = 0
		u.out = utf8.AppendRune(u.out, r)
		if r != utf8.RuneError {
			return
		}
	}
	switch {
	case c >= 0xd800 && c < 0xdc00:
		u.high = c
	default:
		u.out = utf8.AppendRune(u.out, rune(c)) // a lone low surrogate becomes U+FFFD
	}
}
