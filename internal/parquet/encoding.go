package parquet

import (
	"encoding/binary"
	"math/bits"
)

// slack is how many bytes unpacking may read behind the last value.
const slack = 16

// packGroups appends values of w bits each, in groups of eight, of which the last is filled up.
func packGroups(dst []byte, values []uint32, w uint) []byte {
	if left := len(values) % 8; left > 0 {
		var last [8]uint32
		copy(last[:], values[len(values)-left:])
		return pack(pack(dst, values[:len(values)-left], w), last[:], w)
	}
	return pack(dst, values, w)
}

// pack appends values of w bits each, the lowest bits first, and fills up the last byte.
func pack[T uint32 | uint64](dst []byte, values []T, w uint) []byte {
	acc, n := uint64(0), uint(0)
	for _, v := range values {
		acc |= uint64(v) << n
		if n += w; n >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			n -= 64
			acc = uint64(v) >> (w - n)
		}
	}
	for ; n > 0; n -= min(n, 8) {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// unpack reads values of w bits each. The source has [slack] bytes more than they take.
func unpack[T uint32 | uint64](dst []T, src []byte, w uint) {
	mask := uint64(1)<<w - 1
	if w == 64 {
		mask = ^uint64(0)
	}
	bit := uint(0)
	if w <= 56 {
		for i := range dst {
			dst[i] = T(binary.LittleEndian.Uint64(src[bit>>3:]) >> (bit & 7) & mask)
			bit += w
		}
		return
	}
	for i := range dst {
		at := src[bit>>3:]
		dst[i] = T((binary.LittleEndian.Uint64(at)>>(bit&7) | uint64(at[8])<<(64-bit&7)) & mask)
		bit += w
	}
}

// The shape of delta encoding: blocks of four runs of 32 values, each run with a width of its own.
const (
	deltaBlock = 128
	deltaRuns  = 4
	deltaRun   = deltaBlock / deltaRuns
)

// appendDelta appends integers as differences (DELTA_BINARY_PACKED).
func appendDelta(dst []byte, values []int64) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaRuns)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, values[0])
	last := values[0]
	var block [deltaBlock]uint64
	for rest := values[1:]; len(rest) > 0; {
		n := min(len(rest), deltaBlock)
		least := rest[0] - last
		for i, v := range rest[:n] {
			d := v - last // it may wrap round; so does adding it
			block[i], last = uint64(d), v
			least = min(least, d)
		}
		var widths [deltaRuns]byte
		for r := range widths {
			var all uint64
			for i := r * deltaRun; i < min((r+1)*deltaRun, n); i++ {
				block[i] -= uint64(least)
				all |= block[i]
			}
			widths[r] = byte(bits.Len64(all))
		}
		clear(block[n:])
		dst = binary.AppendVarint(dst, least)
		dst = append(dst, widths[:]...)
		for r, w := range widths {
			if w > 0 {
				dst = pack(dst, block[r*deltaRun:(r+1)*deltaRun], uint(w))
			}
		}
		rest = rest[n:]
	}
	return dst
}

// readDelta fills dst with integers that [appendDelta] wrote. The bytes have [slack] more behind them, within their
// capacity.
func readDelta(dst []int64, src []byte) error {
	d := decoder{b: src}
	block, runs, n, first := d.uvarint(), d.uvarint(), d.uvarint(), d.varint()
	if d.bad || block != deltaBlock || runs != deltaRuns || n != uint64(len(dst)) {
		return errTorn
	}
	if n == 0 {
		return rest(d.b)
	}
	dst[0] = first
	last := first
	var run [deltaRun]uint64
	for dst = dst[1:]; len(dst) > 0; {
		least := d.varint()
		if d.bad || len(d.b) < deltaRuns {
			return errTorn
		}
		widths := [deltaRuns]byte(d.b)
		d.b = d.b[deltaRuns:]
		for _, w := range widths {
			if len(dst) == 0 {
				if w != 0 {
					return errTorn
				}
				continue
			}
			size := deltaRun / 8 * int(w)
			if w > 64 || size > len(d.b) {
				return errTorn
			}
			k := min(len(dst), deltaRun)
			if w == 0 {
				for i := range dst[:k] {
					last += least
					dst[i] = last
				}
			} else {
				unpack(run[:k], d.b[:size+slack], uint(w))
				for i, v := range run[:k] {
					last += least + int64(v)
					dst[i] = last
				}
			}
			dst, d.b = dst[k:], d.b[size:]
		}
	}
	return rest(d.b)
}

func rest(b []byte) error {
	if len(b) > 0 {
		return errTrailing
	}
	return nil
}

// appendHybrid appends small numbers of w bits as runs of equal ones and packed ones in turn (RLE).
func appendHybrid(dst []byte, values []uint32, w uint) []byte {
	for i := 0; i < len(values); {
		j := i + 1
		for j < len(values) && values[j] == values[i] {
			j++
		}
		if j-i >= 8 || j == len(values) {
			dst = appendRun(dst, values[i], j-i, w)
			i = j
			continue
		}
		// Pack eight at a time until eight equal ones begin.
		for j = i + 8; j < len(values) && !sameEight(values[j:]); {
			j += 8
		}
		j = min(j, len(values))
		dst = binary.AppendUvarint(dst, uint64(j-i+7)/8<<1|1)
		dst = packGroups(dst, values[i:j], w)
		i = j
	}
	return dst
}

func appendRun(dst []byte, value uint32, n int, w uint) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; w > 0; w -= min(w, 8) {
		dst = append(dst, byte(value))
		value >>= 8
	}
	return dst
}

func sameEight(values []uint32) bool {
	if len(values) < 8 {
		return false
	}
	for _, v := range values[1:8] {
		if v != values[0] {
			return false
		}
	}
	return true
}

// readHybrid fills dst with numbers below limit that [appendHybrid] wrote. The bytes have [slack] more behind them,
// within their capacity.
func readHybrid(dst []uint32, src []byte, w uint, limit int) error {
	d := decoder{b: src}
	for len(dst) > 0 {
		head := d.uvarint()
		n := head >> 1
		if d.bad || n == 0 {
			return errTorn
		}
		if head&1 == 0 {
			size := int(w+7) / 8
			if n > uint64(len(dst)) || size > len(d.b) {
				return errTorn
			}
			v := uint32(0)
			for i := size - 1; i >= 0; i-- {
				v = v<<8 | uint32(d.b[i])
			}
			if int64(v) >= int64(limit) {
				return errTorn
			}
			for i := range dst[:n] {
				dst[i] = v
			}
			dst, d.b = dst[n:], d.b[size:]
			continue
		}
		// The last group may be longer than what is left, by less than eight.
		if n > (uint64(len(dst))+7)/8 || n*uint64(w) > uint64(len(d.b)) {
			return errTorn
		}
		size := int(n) * int(w)
		k := min(len(dst), int(n)*8)
		unpack(dst[:k], d.b[:size+slack], w)
		most := uint32(0)
		for _, v := range dst[:k] {
			most = max(most, v)
		}
		if int64(most) >= int64(limit) {
			return errTorn
		}
		dst, d.b = dst[k:], d.b[size:]
	}
	return rest(d.b)
}
