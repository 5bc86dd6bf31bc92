package feed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"
	"time"
)

// ReadFile reads a feed from a file, or from a folder where the table has a file for each provider: all that end in
// .json or .json.gz. Files may be gzipped. The taken instant is when the table said so: of a copy that was made
// earlier, the instant of the copy. Every error is a [*FetchError].
func ReadFile(f Feed, fsys fs.FS, name string, taken time.Time) (Reading, error) {
	contents, err := readFiles(f, fsys, name)
	var r Reading
	if err == nil {
		err = r.take(f, contents, taken, "")
	}
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err // the name stands in the error already
		}
		return Reading{}, &FetchError{Source: f.ID, URL: name, Err: err}
	}
	return r, nil
}

func readFiles(f Feed, fsys fs.FS, name string) ([]content, error) {
	left := new(atomic.Int64)
	left.Store(Limits{}.orDefaults().Bytes)
	if !f.split() {
		data, err := readFile(fsys, name, left)
		return []content{{"", data}}, err
	}
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return nil, err
	}
	var contents []content
	for _, e := range entries {
		provider, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), ".gz"), ".json")
		if !ok || e.IsDir() {
			continue
		}
		data, err := readFile(fsys, path.Join(name, e.Name()), left)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content{provider, data})
	}
	if len(contents) == 0 {
		return nil, errors.New("no .json file in the folder")
	}
	return contents, nil
}

// readFile reads a file and unpacks it if it is gzipped.
func readFile(fsys fs.FS, name string, left *atomic.Int64) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	var data io.Reader = file
	magic := make([]byte, 2)
	n, err := io.ReadFull(file, magic)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	data = io.MultiReader(bytes.NewReader(magic[:n]), file)
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if data, err = gzip.NewReader(data); err != nil {
			return nil, err
		}
	}
	return readAll(data, left)
}
