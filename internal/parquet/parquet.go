// Package parquet writes and reads flat Parquet files, a column at a time and without a row in between.
//
// It knows the part of the format that a table of counts needs: required and optional 64-bit integers, times and
// decimals, texts by their dictionary, flags, and fixed keys; pages of version 1 in zstd or as they are, with checksums.
// What it writes any Parquet tool reads; it reads what it writes. It never believes a length: bytes that were changed are
// an error, and cost no more memory than the file is long and [MaxRows] rows need.
//
// Reading guide: parquet.go is the words; write.go and read.go are the file; encoding.go is how columns become bytes;
// thrift.go is how the footer does. The format: https://github.com/apache/parquet-format.
package parquet

import (
	"errors"
	"fmt"
	"math"
)

// Kind is what a column holds.
type Kind uint8

// The kinds of column.
const (
	Int     Kind = iota // 64-bit integers
	Time                // microseconds since the Unix epoch, UTC
	Decimal             // integers of 10⁻⁹, with 18 digits
	Text                // UTF-8
	Flag                // true or false
	Key                 // 16 bytes
)

// Column is a column of a schema.
type Column struct {
	Name     string
	Kind     Kind
	Optional bool // of Int, Time and Decimal
}

// Null is the value of an optional column where it has none. No column may hold it otherwise.
const Null int64 = math.MinInt64

// Data is the values of a column in one group of rows. The kind of its column says which field holds them.
type Data struct {
	// Ints are values of Int, Time and Decimal. Nil means that every row has the value Same.
	Ints []int64
	Same int64

	// Index points into Words, for Text. Nil means that every row has the first word.
	Index []uint32
	Words []string

	Flags []bool     // for Flag; nil means that none is set
	Keys  [][16]byte // for Key
}

// MaxRows is the most rows that a group may have, and maxText the most bytes of texts that a group's column may have.
const (
	MaxRows = 1 << 17
	maxText = 1 << 26
)

// The format's own numbers.
const (
	typeBoolean = 0
	typeInt64   = 2
	typeBytes   = 6
	typeFixed   = 7

	encodingPlain      = 0
	encodingRLE        = 3
	encodingDelta      = 5
	encodingDictionary = 8

	codecNone = 0
	codecZstd = 6

	pageData       = 0
	pageDictionary = 2
)

var magic = []byte("PAR1")

var physical = [...]int32{Int: typeInt64, Time: typeInt64, Decimal: typeInt64, Text: typeBytes, Flag: typeBoolean, Key: typeFixed}

// codecOf is the compression of a column. Some readers take that of the first group for all of a file's, so it hangs on
// the kind alone. Keys are random.
var codecOf = [...]int32{Int: codecZstd, Time: codecZstd, Decimal: codecZstd, Text: codecZstd, Flag: codecZstd, Key: codecNone}

// What is wrong with bytes that are not as they were written.
var (
	errTorn     = errors.New("it ends too early, or was changed")
	errTrailing = errors.New("it holds more than it announces")
)

// FormatError says why bytes are no file of the schema.
type FormatError struct {
	Column  string // empty where it is the file as a whole
	Problem string
}

func (e *FormatError) Error() string {
	if e.Column == "" {
		return "no Parquet file of this schema: " + e.Problem
	}
	return fmt.Sprintf("Parquet column %s: %s", e.Column, e.Problem)
}
