// Package gpu holds accelerators and what it costs to rent them.
//
// Reading guide: accelerator.go is one part with its figures; acceleratorfile.go reads the schema of
// catalog/gpus; offer.go is one price of one rentable machine; offerfile.go reads the schema of
// catalog/offers; catalog.go and market.go look them up.
//
// Figures are those of dense arithmetic: a figure that counts on structured sparsity is twice what a language
// model can use. Memory is in bytes, because makers print GB and mean now 10^9, now 2^30.
package gpu

// Bytes is a size of memory.
type Bytes int64

// GB is the size in units of 10^9 bytes.
func (b Bytes) GB() float64 { return float64(b) / 1e9 }

// GiB is the size in units of 2^30 bytes.
func (b Bytes) GiB() float64 { return float64(b) / (1 << 30) }

// BytesPerSecond is a bandwidth.
type BytesPerSecond float64

// FLOPS is a rate of arithmetic, in floating-point operations per second; a multiply-add is two.
type FLOPS float64

// Watts is electric power.
type Watts float64
