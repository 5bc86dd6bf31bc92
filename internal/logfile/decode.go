package logfile

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zstd"

	"breakeven/usage"
)

// The memory that undoing zstd may take: its largest window is that of zstd's own program.
const maxWindow = 128 << 20

// zstdMagics are how frames of zstd begin. Frames to be skipped may stand before the first.
var zstdMagics = [][]byte{{0x28, 0xb5, 0x2f, 0xfd}, {0x50, 0x2a, 0x4d, 0x18}}

// Decode reads a log's bytes as the text that package usage reads: zstd is undone and Parquet becomes JSON lines, one
// a row. Other bytes are handed on as they are; gzip is undone by package usage. The errors are [*usage.FileError].
// Closing it leaves f open.
func Decode(name string, f io.ReaderAt, size int64) (io.ReadCloser, error) {
	var head [4]byte
	n, err := f.ReadAt(head[:min(int64(len(head)), max(size, 0))], 0)
	if n < len(head) {
		if err != nil && size >= int64(len(head)) {
			return nil, usage.Unreadable(name, err)
		}
		return io.NopCloser(io.NewSectionReader(f, 0, size)), nil
	}
	if string(head[:]) == parquetMagic {
		return parquetLines(name, f, size)
	}
	for _, magic := range zstdMagics {
		if bytes.HasPrefix(head[:], magic) {
			return undoZstd(name, io.NewSectionReader(f, 0, size))
		}
	}
	return io.NopCloser(io.NewSectionReader(f, 0, size)), nil
}

func undoZstd(name string, r io.Reader) (io.ReadCloser, error) {
	var z *zstd.Decoder
	text, err := usage.Expand(name, "zstd", r, func(in io.Reader) (io.Reader, error) {
		var err error
		z, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		return z, err
	})
	if err != nil {
		return nil, err
	}
	return expanding{text, z}, nil
}

type expanding struct {
	io.Reader
	z *zstd.Decoder
}

func (e expanding) Close() error {
	e.z.Close()
	return nil
}
