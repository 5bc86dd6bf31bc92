package llm

import (
	"fmt"
	"strings"
)

// Precision is how weights or cached keys and values are stored.
type Precision string

// The precisions.
const (
	BF16 Precision = "bf16"
	FP8  Precision = "fp8"
	INT8 Precision = "int8"
	FP4  Precision = "fp4"  // four bits and an eight-bit scale for every 16 weights
	INT4 Precision = "int4" // four bits, and a scale and a zero point for every 128 weights
)

// bytesPer is the storage of one weight, scales included: 4/8 + 1/16 for FP4, and 4/8 + 4/128 for INT4 with a
// 16-bit scale and a 16-bit zero point.
var bytesPer = map[Precision]float64{BF16: 2, FP8: 1, INT8: 1, FP4: 0.5625, INT4: 0.53125}

// Precisions lists the precisions that weights come in.
func Precisions() []Precision { return []Precision{BF16, FP8, INT8, FP4, INT4} }

// CachePrecisions lists the precisions that keys and values are cached in.
func CachePrecisions() []Precision { return []Precision{BF16, FP8} }

// ParsePrecision checks a precision.
func ParsePrecision(text string) (Precision, error) {
	if p := Precision(strings.ToLower(text)); p.Valid() {
		return p, nil
	}
	return "", fmt.Errorf("unknown precision %q; the precisions are bf16, fp8, int8, fp4, int4", text)
}

// Valid reports whether p is one of the precisions above.
func (p Precision) Valid() bool { _, ok := bytesPer[p]; return ok }

// Bytes is the storage of one weight in bytes, scales included; zero for an unknown precision.
func (p Precision) Bytes() float64 { return bytesPer[p] }
