package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"breakeven/internal/app"
)

// print writes an answer: as JSON, as CSV, or for people. The whole of it is made first and written once, so that an
// answer that cannot be written is an error and not half an answer.
func (r run) print(answer any, people func(w io.Writer)) error {
	var b bytes.Buffer
	if r.csv {
		t, ok := answer.(app.Tabular)
		if !ok {
			return &app.KindError{Kind: app.BadUsage, Err: errors.New("this answer is no table"), Hint: "take it as JSON with --json"}
		}
		if err := t.Table().WriteCSV(&b); err != nil {
			return err
		}
		return r.write(b.Bytes())
	}
	if !r.json {
		people(&b)
		return r.write([]byte(printable(b.String(), "\n\t")))
	}
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(answer); err != nil {
		return err
	}
	return r.write(b.Bytes())
}

// write writes to standard output.
func (r run) write(data []byte) error { return write(r.env.Stdout, data) }

func write(out io.Writer, data []byte) error {
	if _, err := out.Write(data); err != nil {
		return &app.KindError{Kind: app.Internal, Err: fmt.Errorf("the answer cannot be written: %w", err), Hint: "look at the disk or pipe that the output goes to"}
	}
	return nil
}

// printable replaces what would steer a terminal, or show text in another order than it stands in, by U+FFFD:
// names come from logs, and whoever wrote a log is not trusted. The characters in keep stay.
func printable(s, keep string) string {
	unsafe := func(r rune) bool {
		return r == utf8.RuneError || (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) && !strings.ContainsRune(keep, r)
	}
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unsafe(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// line makes text fit for a single line: a line break in a name cannot forge a line of an answer.
func line(s string) string { return printable(s, "") }

// maxCell is how many characters a table's cell shows.
const maxCell = 60

// cell makes text fit for a table's column.
func cell(s string) string {
	s = line(s)
	if utf8.RuneCountInString(s) <= maxCell {
		return s
	}
	return string([]rune(s)[:maxCell-1]) + "…"
}
