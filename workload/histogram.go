package workload

import (
	"math"
	"math/bits"
)

// histogram counts whole numbers in bins that grow with the number, so that a percentile is off by at most
// 1/128 = 0.8 % of itself whatever the number is, in constant memory.
//
// Numbers below 128 have a bin each. Above, every power of two is cut into 64 bins of equal width, whose
// middle stands for all of them: half a bin is 1/128 of the bin's begin at most.
type histogram struct {
	bins [binCount]int64
	exact
	max int64
}

const (
	exactBits = 7 // numbers of so many bits are exact
	stepBits  = exactBits - 1
	binCount  = 1<<exactBits + (63-exactBits)<<stepBits
)

// bin is the bin of a number that is not negative.
func bin(v int64) int {
	if v < 1<<exactBits {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - exactBits // at least 1
	return 1<<exactBits + (shift-1)<<stepBits + int(v>>shift) - 1<<stepBits
}

// middle is the number that stands for a bin.
func middle(b int) float64 {
	if b < 1<<exactBits {
		return float64(b)
	}
	b -= 1 << exactBits
	shift := b>>stepBits + 1
	begin := float64(b&(1<<stepBits-1)+1<<stepBits) * math.Ldexp(1, shift)
	return begin + (math.Ldexp(1, shift)-1)/2
}

func (h *histogram) add(v int64) {
	v = max(v, 0)
	h.bins[bin(v)]++
	h.exact.add(v)
	h.max = max(h.max, v)
}

// quantile is the number at the nearest rank: the smallest of which at least the share p lies at or below it.
func (h *histogram) quantile(p float64) Tokens {
	rank := max(int64(math.Ceil(p*float64(h.n))), 1)
	for b := range h.bins {
		if rank -= h.bins[b]; rank <= 0 {
			return Tokens(min(middle(b), float64(h.max)))
		}
	}
	return Tokens(h.max)
}

// lengths is the distribution, and nil where nothing was counted.
func (h *histogram) lengths() *Lengths {
	if h == nil || h.n == 0 {
		return nil
	}
	l := &Lengths{N: h.n, Mean: Tokens(h.mean()), P50: h.quantile(.50), P90: h.quantile(.90), P99: h.quantile(.99), Max: h.max}
	l.CV, _ = h.cv() // zero for a single call, and where all are empty
	return l
}
