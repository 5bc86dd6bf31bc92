package app

import (
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"breakeven/focus"
)

// FocusType is a type of file that FOCUS rows are written as.
type FocusType struct {
	ContentType string
	Write       func(io.Writer, focus.Version, []focus.Charge) error
}

// FocusTypes are the types of file by name.
var FocusTypes = map[string]FocusType{
	"csv":     {"text/csv; charset=utf-8", focus.Write},
	"parquet": {"application/vnd.apache.parquet", writeFocusParquet},
}

// decimalDigits is the precision of the numbers of a FOCUS file in Parquet: with twelve decimals there is room for 26
// digits before the point, and a tool may multiply two of them within its own 38.
const decimalDigits = 38

// decimalBytes hold a whole number of that many digits.
const decimalBytes = 16

// focusTypes are the types of a column in Parquet, and how its cells are read. No number is a float: a float's
// product of a price and a quantity is often not the cost.
var focusTypes = map[focus.Type]struct {
	node  func() parquet.Node
	value func(text string) (parquet.Value, error)
}{
	focus.Text: {parquet.String, func(text string) (parquet.Value, error) { return parquet.ByteArrayValue([]byte(text)), nil }},
	focus.Number: {func() parquet.Node {
		return parquet.Decimal(focus.Scale, decimalDigits, parquet.FixedLenByteArrayType(decimalBytes))
	}, decimalValue},
	focus.Time: {func() parquet.Node { return parquet.Timestamp(parquet.Microsecond) }, func(text string) (parquet.Value, error) {
		at, err := time.Parse(time.RFC3339, text)
		return parquet.Int64Value(at.UnixMicro()), err
	}},
}

// writeFocusParquet writes charges as Parquet. Every column is optional: a null is one.
func writeFocusParquet(w io.Writer, v focus.Version, charges []focus.Charge) error {
	columns := focus.Columns(v)
	group := parquet.Group{}
	for _, c := range columns {
		group[c.Name] = parquet.Optional(focusTypes[c.Type].node())
	}
	schema := parquet.NewSchema("focus", group)
	place := make([]int, len(columns)) // a schema is in the order of its names
	for i, c := range columns {
		leaf, _ := schema.Lookup(c.Name)
		place[i] = leaf.ColumnIndex
	}
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy), parquet.KeyValueMetadata("focus_version", string(v)))
	row := make(parquet.Row, len(columns))
	for cells := range focus.Rows(v, charges) {
		for i, cell := range cells {
			at := place[i]
			row[at] = parquet.NullValue().Level(0, 0, at)
			if cell == "" {
				continue
			}
			value, err := focusTypes[columns[i].Type].value(cell)
			if err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
			row[at] = value.Level(0, 1, at)
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
	}
	return out.Close()
}

// decimalValue is an exact decimal as a whole number of its last decimals, in two's complement.
func decimalValue(text string) (parquet.Value, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > focus.Scale {
		return parquet.Value{}, fmt.Errorf("%s has more than %d decimals", text, focus.Scale)
	}
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", focus.Scale-len(fraction)), 10)
	if !ok || n.CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(decimalDigits), nil)) >= 0 {
		return parquet.Value{}, fmt.Errorf("%s is no number of %d digits", text, decimalDigits)
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}
	return parquet.FixedLenByteArrayValue(n.FillBytes(make([]byte, decimalBytes))), nil
}
