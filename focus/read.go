package focus

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// file is a table of text.
type file interface {
	columns() places
	// next is the next row and its line, or io.EOF. The row is reused.
	next() (row, int, error)
}

// read recognises a file by its first character.
func read(in io.Reader) (file, error) {
	text := bufio.NewReader(in)
	for {
		c, err := text.ReadByte()
		if err != nil {
			return nil, unreadable(err)
		}
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		if err := text.UnreadByte(); err != nil {
			return nil, err
		}
		if c == '{' {
			return readJSON(text)
		}
		return readCSV(text)
	}
}

// csvFile is delimited text whose first row names the columns.
type csvFile struct {
	in *csv.Reader
	at places
}

func readCSV(in io.Reader) (file, error) {
	f := csvFile{csv.NewReader(in), places{}}
	f.in.ReuseRecord = true
	head, err := f.in.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	for i, name := range head {
		if i == 0 {
			name = strings.TrimPrefix(name, "\uFEFF")
		}
		if _, twice := f.at[name]; twice {
			return nil, &FileError{Line: 1, Problem: fmt.Sprintf("the column %q is there twice", name)}
		}
		f.at[name] = i
	}
	return f, nil
}

func (f csvFile) columns() places { return f.at }

func (f csvFile) next() (row, int, error) {
	r, err := f.in.Read()
	if errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if err != nil {
		return nil, 0, unreadable(err)
	}
	line, _ := f.in.FieldPos(0)
	return r, line, nil
}

// jsonFile is JSON objects, one after another. The first has all of the columns; a null may be left out of the others.
type jsonFile struct {
	in    *json.Decoder
	at    places
	row   row
	first map[string]json.RawMessage // until it is handed on
	line  int
}

func readJSON(in io.Reader) (file, error) {
	f := &jsonFile{in: json.NewDecoder(in), at: places{}}
	if err := f.in.Decode(&f.first); err != nil {
		return nil, &FileError{Line: 1, Problem: "it is no JSON: " + err.Error()}
	}
	for i, name := range slices.Sorted(maps.Keys(f.first)) {
		f.at[name] = i
	}
	f.row = make(row, len(f.at))
	return f, nil
}

func (f *jsonFile) columns() places { return f.at }

func (f *jsonFile) next() (row, int, error) {
	f.line++
	cells := f.first
	if f.first = nil; cells == nil {
		err := f.in.Decode(&cells)
		if errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		if err != nil {
			return nil, 0, &FileError{Line: f.line, Problem: "it is no JSON: " + err.Error()}
		}
	}
	clear(f.row)
	for name, value := range cells {
		i, ok := f.at[name]
		if !ok {
			return nil, 0, &FileError{Line: f.line, Problem: fmt.Sprintf("the column %q is not in the first row", name)}
		}
		f.row[i] = cell(value)
	}
	return f.row, f.line, nil
}

// cell is a value as CSV has it: text without quotes, nothing for null, and a number, an object or a list as it stands.
func cell(value json.RawMessage) string {
	if string(value) == "null" {
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

func unreadable(err error) error {
	if errors.Is(err, io.EOF) {
		return &FileError{Problem: "it is empty: a FOCUS file begins with the names of its columns"}
	}
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return &FileError{Line: p.Line, Problem: p.Err.Error()}
	}
	return err
}
