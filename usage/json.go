package usage

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// scalar is the type of a JSON value that is neither an object nor an array.
type scalar uint8

const (
	jsonNull scalar = iota
	jsonBool
	jsonNumber
	jsonString // raw is the inside of the quotes, escapes and all; see unescape
)

// visitor is told what a JSON value holds, in its order. Paths join keys with dots and mark an array with
// "[]": data[].results[].model. Path and raw are valid during the call only.
type visitor interface {
	open(path []byte) // an object or an array begins
	value(path, raw []byte, kind scalar)
	closed(path []byte) // an object or an array has ended
}

// maxDepth bounds nesting, so that a hostile file cannot exhaust the stack.
const maxDepth = 200

// syntaxError is where and why text is no JSON.
type syntaxError struct {
	offset  int
	problem string
	early   bool // the text ends inside a value
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("no JSON at byte %d: %s", e.offset+1, e.problem)
}

// walker reads one JSON value without allocating. It accepts what encoding/json accepts, up to maxDepth.
type walker struct {
	data []byte
	i    int
	path []byte
	v    visitor
	// escaped says that the scalar that was read last is a string with escapes.
	escaped bool
}

// walk visits exactly one JSON value, below the path prefix.
func (w *walker) walk(data []byte, prefix string, v visitor) error {
	w.data, w.i, w.v = data, 0, v
	w.path = append(w.path[:0], prefix...)
	if err := w.any(0); err != nil {
		return err
	}
	w.space()
	if w.i < len(w.data) {
		return w.fail("something follows the value")
	}
	return nil
}

func (w *walker) fail(problem string) error { return &syntaxError{offset: w.i, problem: problem} }

func (w *walker) early() error {
	return &syntaxError{offset: len(w.data), problem: "it ends too early", early: true}
}

func (w *walker) space() {
	for w.i < len(w.data) {
		switch w.data[w.i] {
		case ' ', '\t', '\n', '\r':
			w.i++
		default:
			return
		}
	}
}

func (w *walker) any(depth int) error {
	w.space()
	if w.i >= len(w.data) {
		return w.early()
	}
	if depth > maxDepth {
		return w.fail(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	switch w.data[w.i] {
	case '{':
		return w.object(depth)
	case '[':
		return w.array(depth)
	}
	raw, kind, err := w.scalar()
	if err != nil {
		return err
	}
	w.v.value(w.path, raw, kind)
	return nil
}

// scalar reads a value that is neither an object nor an array, and begins here.
func (w *walker) scalar() (raw []byte, kind scalar, err error) {
	if w.i >= len(w.data) {
		return nil, 0, w.early()
	}
	begin := w.i
	w.escaped = false
	switch c := w.data[w.i]; {
	case c == '"':
		w.i++
		if err := w.text(); err != nil {
			return nil, 0, err
		}
		return w.data[begin+1 : w.i-1], jsonString, nil
	case c == '-' || (c >= '0' && c <= '9'):
		kind, err = jsonNumber, w.number()
	case c == 't':
		kind, err = jsonBool, w.literal("true")
	case c == 'f':
		kind, err = jsonBool, w.literal("false")
	case c == 'n':
		kind, err = jsonNull, w.literal("null")
	default:
		return nil, 0, w.fail(fmt.Sprintf("unexpected %q", c))
	}
	return w.data[begin:w.i], kind, err
}

func (w *walker) literal(text string) error {
	for k := range len(text) {
		if w.i >= len(w.data) {
			return w.early()
		}
		if w.data[w.i] != text[k] {
			return w.fail(fmt.Sprintf("unexpected %q", w.data[w.i]))
		}
		w.i++
	}
	return nil
}

func (w *walker) object(depth int) error {
	w.v.open(w.path)
	w.i++
	base := len(w.path)
	for first := true; ; first = false {
		w.space()
		if w.i >= len(w.data) {
			return w.early()
		}
		if w.data[w.i] == '}' && first {
			w.i++
			break
		}
		if w.data[w.i] != '"' {
			return w.fail("a key is expected")
		}
		w.i++
		begin := w.i
		if err := w.text(); err != nil {
			return err
		}
		if base > 0 {
			w.path = append(w.path, '.')
		}
		w.path = unescape(w.path, w.data[begin:w.i-1])
		w.space()
		if w.i >= len(w.data) {
			return w.early()
		}
		if w.data[w.i] != ':' {
			return w.fail("a colon is expected")
		}
		w.i++
		if err := w.any(depth + 1); err != nil {
			return err
		}
		w.path = w.path[:base]
		w.space()
		if w.i >= len(w.data) {
			return w.early()
		}
		c := w.data[w.i]
		if c != ',' && c != '}' {
			return w.fail("a comma or a closing brace is expected")
		}
		w.i++
		if c == '}' {
			break
		}
	}
	w.v.closed(w.path)
	return nil
}

func (w *walker) array(depth int) error {
	w.v.open(w.path)
	w.i++
	base := len(w.path)
	w.path = append(w.path, "[]"...)
	for first := true; ; first = false {
		w.space()
		if w.i >= len(w.data) {
			return w.early()
		}
		if w.data[w.i] == ']' && first {
			w.i++
			break
		}
		if err := w.any(depth + 1); err != nil {
			return err
		}
		w.space()
		if w.i >= len(w.data) {
			return w.early()
		}
		c := w.data[w.i]
		if c != ',' && c != ']' {
			return w.fail("a comma or a closing bracket is expected")
		}
		w.i++
		if c == ']' {
			break
		}
	}
	w.path = w.path[:base]
	w.v.closed(w.path)
	return nil
}

// text moves behind the closing quote of a string whose opening quote was read.
func (w *walker) text() error {
	for {
		w.plainText()
		if w.i >= len(w.data) {
			return w.early()
		}
		switch c := w.data[w.i]; {
		case c == '"':
			w.i++
			return nil
		case c == '\\':
			w.escaped = true
			if err := w.escape(); err != nil {
				return err
			}
		case c < ' ':
			return w.fail("a control character stands in a string")
		default:
			w.i++
		}
	}
}

// Every byte of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainText moves over what needs no look, eight bytes at a time: up to the first quote, backslash or control character,
// or to less than eight bytes before the end. Of a word x less a constant, the high bit of a byte is set where the byte
// was smaller; the lowest such byte is never a mistake, because only a smaller byte below it borrows.
func (w *walker) plainText() {
	data, i := w.data, w.i
	for ; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		quote, slash := x^'"'*ones, x^'\\'*ones
		found := ((quote-ones)&^quote | (slash-ones)&^slash | (x-' '*ones)&^x) & highs
		if found != 0 {
			i += bits.TrailingZeros64(found) / 8
			break
		}
	}
	w.i = i
}

func (w *walker) escape() error {
	if w.i+1 >= len(w.data) {
		return w.early()
	}
	switch w.data[w.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		w.i += 2
		return nil
	case 'u':
		for k := 2; k < 6; k++ {
			if w.i+k >= len(w.data) {
				return w.early()
			}
			if unhex(w.data[w.i+k]) < 0 {
				return w.fail("a \\u needs four hexadecimal digits")
			}
		}
		w.i += 6
		return nil
	}
	return w.fail("unknown escape")
}

func (w *walker) number() error {
	if w.data[w.i] == '-' {
		w.i++
	}
	switch {
	case w.i < len(w.data) && w.data[w.i] == '0':
		w.i++
	default:
		if err := w.digits(); err != nil {
			return err
		}
	}
	if w.i < len(w.data) && w.data[w.i] == '.' {
		w.i++
		if err := w.digits(); err != nil {
			return err
		}
	}
	if w.i < len(w.data) && (w.data[w.i] == 'e' || w.data[w.i] == 'E') {
		w.i++
		if w.i < len(w.data) && (w.data[w.i] == '+' || w.data[w.i] == '-') {
			w.i++
		}
		return w.digits()
	}
	return nil
}

func (w *walker) digits() error {
	i := w.i
	for i < len(w.data) && digit(w.data[i]) {
		i++
	}
	if i > w.i {
		w.i = i
		return nil
	}
	if w.i >= len(w.data) {
		return w.early()
	}
	return w.fail("a digit is expected")
}

// unescape appends the text of a valid JSON string's inside.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		switch e := raw[i+1]; e {
		case 'u':
			r := hex4(raw[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				low := rune(utf8.RuneError)
				if i+5 < len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, e)
		}
		i += 2
	}
	return dst
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		r = r<<4 | rune(unhex(c))
	}
	return r
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
