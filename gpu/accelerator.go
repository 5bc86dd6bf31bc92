package gpu

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breakeven/fact"
)

// Format is a number format that an accelerator computes in.
type Format string

// The formats. FP8 includes eight-bit integers on parts that have those in its place.
const (
	BF16 Format = "bf16"
	FP8  Format = "fp8"
	FP4  Format = "fp4"
)

// Formats lists the formats from the widest to the narrowest.
func Formats() []Format { return []Format{BF16, FP8, FP4} }

// Figure names one figure of an accelerator, as the file format spells it.
type Figure string

// The figures.
const (
	MemoryFigure    Figure = "memory_bytes"
	BandwidthFigure Figure = "bandwidth_bytes_per_s"
	FLOPSFigure     Figure = "dense_flops"
	LinkFigure      Figure = "link_bytes_per_s"
	TDPFigure       Figure = "tdp_w"
)

// Accelerator is one part, such as an H100 in its SXM form. It is immutable.
type Accelerator struct {
	ID     string // "h100-sxm"
	Name   string
	Vendor string // who makes it

	Memory    Bytes          // what the engine sees before it reserves anything
	Bandwidth BytesPerSecond // of the memory
	// Dense is the peak without structured sparsity, by format. A format that is not in it is one that the
	// part does not compute in, or whose figure nobody states.
	Dense map[Format]FLOPS
	// Link is what one part can send to the other parts of its machine, in one direction.
	Link     BytesPerSecond
	LinkKind string // "NVLink4", "PCIe5 x16"
	TDP      Watts  // zero where unknown
	Note     string

	source  fact.Provenance
	sources map[Figure]fact.Provenance
}

// New makes an accelerator from figures that share one provenance: a user's own part, or one in a test.
func New(a Accelerator, source fact.Provenance) (*Accelerator, error) {
	a.source, a.sources = source, nil
	a.Dense = maps.Clone(a.Dense)
	if path, err := a.check(); err != nil {
		return nil, fmt.Errorf("accelerator %q: %s: %w", a.ID, path, err)
	}
	return &a, nil
}

// Provenance is the evidence behind one figure.
func (a *Accelerator) Provenance(f Figure) fact.Provenance {
	if p, ok := a.sources[f]; ok {
		return p
	}
	return a.source
}

// Peak is the dense arithmetic rate in a format. Where the part does not compute in the format it is that of
// the next wider one, which the second result names: weights are then unpacked before they are multiplied.
func (a *Accelerator) Peak(f Format) (FLOPS, Format) {
	all := Formats()
	for i := slices.Index(all, f); i >= 0; i-- {
		if peak, ok := a.Dense[all[i]]; ok {
			return peak, all[i]
		}
	}
	return a.Dense[BF16], BF16
}

// String is the part's name.
func (a *Accelerator) String() string { return a.Name }

// check reports the first figure that no part can have.
func (a *Accelerator) check() (path string, err error) {
	const tebi = 1 << 40
	for _, c := range []struct {
		path        string
		value       float64
		least, most float64 // what any part of this decade lies between: a slip of unit falls outside
	}{
		{string(MemoryFigure), float64(a.Memory), 1e9, 4 * tebi},
		{string(BandwidthFigure), float64(a.Bandwidth), 1e10, 1e15},
		{string(LinkFigure), float64(a.Link), 1e9, 1e14},
	} {
		if !(c.value >= c.least && c.value <= c.most) {
			return c.path, fmt.Errorf("%g is not between %g and %g", c.value, c.least, c.most)
		}
	}
	if a.TDP < 0 || a.TDP > 1e5 {
		return string(TDPFigure), fmt.Errorf("%g W is not between 0 and 100,000", float64(a.TDP))
	}
	if _, ok := a.Dense[BF16]; !ok {
		return string(FLOPSFigure), errors.New("bf16 is missing: every estimate starts from it")
	}
	for _, f := range slices.Sorted(maps.Keys(a.Dense)) {
		if !slices.Contains(Formats(), f) {
			return string(FLOPSFigure), fmt.Errorf("format %q is not one of %s", f, join(Formats()))
		}
		if v := float64(a.Dense[f]); !(v >= 1e12 && v <= 1e18) {
			return string(FLOPSFigure) + "." + string(f), fmt.Errorf("%g is not between 1e12 and 1e18", v)
		}
	}
	return "", nil
}

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}
