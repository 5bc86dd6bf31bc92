package workload

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// exact is the count, the sum and the sum of squares of whole numbers that are not negative. It loses nothing, so
// that the mean and the variance depend on the numbers and not on their order. Even 2^63 of the largest numbers
// fit.
type exact struct {
	n       int64
	sum     [2]uint64 // the lowest word first
	squares [3]uint64
}

func (e *exact) add(v int64) {
	x := uint64(max(v, 0))
	e.n++
	var carry uint64
	e.sum[0], carry = bits.Add64(e.sum[0], x, 0)
	e.sum[1] += carry
	high, low := bits.Mul64(x, x)
	e.squares[0], carry = bits.Add64(e.squares[0], low, 0)
	e.squares[1], carry = bits.Add64(e.squares[1], high, carry)
	e.squares[2] += carry
}

// whole is the number that words make up.
func whole(words []uint64) *big.Int {
	n := new(big.Int)
	for _, w := range slices.Backward(words) {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(w))
	}
	return n
}

func (e *exact) mean() float64 {
	if e.n == 0 {
		return 0
	}
	m, _ := new(big.Rat).SetFrac(whole(e.sum[:]), big.NewInt(e.n)).Float64()
	return m
}

// cv is the coefficient of variation: the square root of the variance over the mean, where
//
//	variance / mean² = (n × sum of squares - sum²) / sum²
//
// and false where fewer than two numbers, or only zeros, have none.
func (e *exact) cv() (Ratio, bool) {
	sum := whole(e.sum[:])
	if e.n < 2 || sum.Sign() == 0 {
		return 0, false
	}
	square := new(big.Int).Mul(sum, sum)
	spread := new(big.Int).Mul(big.NewInt(e.n), whole(e.squares[:]))
	share, _ := new(big.Rat).SetFrac(spread.Sub(spread, square), square).Float64()
	return Ratio(math.Sqrt(share)), true
}
