package usage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// table reads delimited text as RFC 4180 describes it, with the delimiter that the header suggests. A quote
// inside an unquoted cell is an ordinary character. Unlike encoding/csv it bounds the length of a record.
type table struct {
	src    *source
	comma  byte
	header []string
	cells  [][]byte
	record []byte // the current record where it spans lines or holds escaped quotes
	ends   []int  // begins and ends of the cells in record
	lineNo int    // first line of the current record

	headerLine int
}

// delimiters are the ones that exports use, in order of preference.
var delimiters = []byte{',', ';', '\t', '|'}

// newTable reads the header.
func newTable(src *source) (*table, error) {
	t := &table{src: src, comma: ','}
	var first []byte
	for {
		line, err := src.line()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil, &FileError{File: src.name, Problem: "has no header line"}
			}
			return nil, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			first = line
			break
		}
	}
	most := 0
	for _, d := range delimiters {
		if n := bytes.Count(first, []byte{d}); n > most {
			most, t.comma = n, d
		}
	}
	t.lineNo, t.headerLine = src.lineNo, src.lineNo
	if err := t.split(first); err != nil {
		return nil, err
	}
	for _, cell := range t.cells {
		t.header = append(t.header, string(bytes.TrimSpace(cell)))
	}
	return t, nil
}

// next reads the next record that is not blank; its cells are valid until the call after it.
func (t *table) next() ([][]byte, error) {
	for {
		line, err := t.src.line()
		if err != nil {
			return nil, err
		}
		t.lineNo = t.src.lineNo
		if len(line) == 0 {
			continue
		}
		if err := t.split(line); err != nil {
			return nil, err
		}
		return t.cells, nil
	}
}

// split cuts a record into cells, reading more lines where a quoted cell holds a line break.
func (t *table) split(line []byte) error {
	t.cells = t.cells[:0]
	if bytes.IndexByte(line, '"') < 0 {
		for {
			i := bytes.IndexByte(line, t.comma)
			if i < 0 {
				t.cells = append(t.cells, line)
				return nil
			}
			t.cells = append(t.cells, line[:i])
			line = line[i+1:]
		}
	}
	// The record is copied, because more lines may follow, and quotes are undone in place: what is written
	// never overtakes what is read.
	t.record = append(t.record[:0], line...)
	read, write := 0, 0
	t.ends = t.ends[:0] // cells are cut last, since the record may move while it grows
	for {
		begin := write
		if read < len(t.record) && t.record[read] == '"' {
			var err error
			if read, write, err = t.quoted(read+1, write); err != nil {
				return err
			}
		}
		for read < len(t.record) && t.record[read] != t.comma {
			t.record[write] = t.record[read]
			read, write = read+1, write+1
		}
		t.ends = append(t.ends, begin, write)
		if read >= len(t.record) {
			break
		}
		read++
		write++ // keep cells apart, so that one cannot be appended into the next
	}
	for i := 0; i < len(t.ends); i += 2 {
		t.cells = append(t.cells, t.record[t.ends[i]:t.ends[i+1]:t.ends[i+1]])
	}
	return nil
}

// quoted copies the inside of a quoted cell and returns the positions behind it.
func (t *table) quoted(read, write int) (int, int, error) {
	for {
		for read < len(t.record) {
			c := t.record[read]
			read++
			if c == '"' {
				if read >= len(t.record) || t.record[read] != '"' {
					return read, write, nil
				}
				read++
			}
			t.record[write] = c
			write++
		}
		line, err := t.src.line()
		if errors.Is(err, io.EOF) {
			return 0, 0, &FileError{
				File: t.src.name, Line: t.lineNo, Problem: "a quote that opens in this line is never closed",
				Hint: "double the quotes inside a cell",
			}
		}
		if err != nil {
			return 0, 0, err
		}
		if len(t.record)+len(line)+1 > t.src.max {
			return 0, 0, &FileError{
				File: t.src.name, Line: t.lineNo, Problem: fmt.Sprintf("a record is longer than %d bytes; a quote may not be closed", t.src.max),
				Hint: "double the quotes inside a cell",
			}
		}
		t.record = append(t.record, '\n')
		t.record = append(t.record, line...)
	}
}
