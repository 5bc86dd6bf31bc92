package warehouse

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"breakeven/usage"
)

// RowKey identifies a row of a source, so that importing it again changes nothing. It stays the same for ever: rows
// that are kept carry it.
type RowKey [16]byte

// String is the key in hexadecimal.
func (k RowKey) String() string { return hex.EncodeToString(k[:]) }

// KeyOf is the key of a call that a log of the format states. Where the source names its rows, the name is the key. A
// row of a report is known by what it is about, so that a later report replaces the count of a day that was not over.
// Any other row is known by all that it says but its line.
//
// The second result says that the source does not name the row, as [RowKey.Unnamed] does. Equal keys in one import are
// then rows of their own: give the second and later ones their number by [RowKey.Nth].
//
// The key is 127 bits of a SHA-256: among a thousand billion rows the chance that any two share one by accident is
// 3·10⁻¹⁵ (the birthday bound, n²/2¹²⁸).
func KeyOf(format string, c *usage.Call) (key RowKey, unnamed bool) {
	var space [512]byte
	b := text(space[:0], format)
	switch {
	case c.ID != "":
		b = text(append(b, 'n'), c.ID)
	case !c.End.IsZero():
		b = about(append(b, 'b'), c)
	default:
		b = about(append(b, 'c'), c)
		b = text(b, c.Session)
		b = flag(b, c.Requests.Known)
		b = binary.AppendVarint(b, c.Requests.N)
		for _, n := range c.Quantities {
			b = binary.AppendVarint(b, n)
		}
		b = binary.AppendVarint(b, c.Latency.Microseconds())
		b = binary.AppendVarint(b, c.TTFT.Microseconds())
		b = flag(flag(b, c.Failed), c.Reported.Known)
		b = binary.AppendVarint(b, int64(c.Reported.USD))
	}
	key = half(b)
	key.mark(c.ID == "")
	return key, c.ID == ""
}

// Unnamed reports whether the source does not name the row.
func (k RowKey) Unnamed() bool { return k[len(k)-1]&1 == 1 }

func (k *RowKey) mark(unnamed bool) {
	k[len(k)-1] &^= 1
	if unnamed {
		k[len(k)-1] |= 1
	}
}

// Nth is the key of the n-th row of an import, from 0, that has the same key by its content.
func (k RowKey) Nth(n int) RowKey {
	if n == 0 {
		return k
	}
	nth := half(binary.AppendVarint(append(make([]byte, 0, 32), k[:]...), int64(n)))
	nth.mark(k.Unnamed())
	return nth
}

// Supersedes reports whether a row replaces the one with the same key that is kept: a report's row if it counts
// otherwise, a call if it states more output, as the last part of a streamed answer does.
func Supersedes(later, kept *usage.Call) bool {
	if !later.End.IsZero() {
		return later.Quantities != kept.Quantities || later.Requests != kept.Requests || later.Reported != kept.Reported || later.Failed != kept.Failed
	}
	return later.Quantities.OutputTokens() > kept.Quantities.OutputTokens()
}

func half(b []byte) (k RowKey) {
	sum := sha256.Sum256(b)
	copy(k[:], sum[:])
	return k
}

func about(b []byte, c *usage.Call) []byte {
	b = instant(instant(b, c.Start), c.End)
	b = text(text(text(b, c.Provider), c.Model), c.Region)
	b = append(b, byte(c.Tier))
	b = binary.AppendVarint(b, c.ContextOver)
	return text(text(text(b, c.Project), c.APIKey), c.User)
}

func text(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func flag(b []byte, on bool) []byte {
	if on {
		return append(b, 1)
	}
	return append(b, 0)
}

// instant appends a time to the microsecond, which is what engines keep.
func instant(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), t.UnixMicro())
}
