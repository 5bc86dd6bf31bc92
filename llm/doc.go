// Package llm holds the architectures of open-weight language models, and what follows from them alone: how
// many parameters there are, how many bytes the weights and the cached keys and values take, and how much
// arithmetic a token costs.
//
// Reading guide: model.go is an architecture; file.go reads the schema of catalog/models; parameters.go counts
// weights; cache.go sizes what a sequence keeps in memory; flops.go counts arithmetic. Formulas use d for the
// hidden width, h and g for query and key-value heads, e for the head width, f for a feed-forward width, V for
// the vocabulary and L for layers.
//
// Not counted: normalisation and biases (below 0.1 % of any model here), vision and audio towers, and heads
// for multi-token prediction.
package llm

// Bytes is an amount of memory.
type Bytes float64

// GB is the amount in units of 10^9 bytes.
func (b Bytes) GB() float64 { return float64(b) / 1e9 }

// FLOPs is an amount of arithmetic, in floating-point operations; a multiply-add is two.
type FLOPs float64

// Tokens is a number of tokens where it is a mean or an estimate.
type Tokens float64
