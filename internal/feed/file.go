package feed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync/atomic"
	"time"
)

// ReadFile reads a feed from a file, or from a folder that has the table's several files under the names that they
// have at their addresses. Files may be gzipped, and end in .gz then in a folder. The taken instant is when the table
// said so: of a copy that was made earlier, the instant of the copy. Every error is a [*FetchError].
func ReadFile(f Feed, fsys fs.FS, name string, taken time.Time) (Reading, error) {
	contents, gone, err := readFiles(f, fsys, name)
	where := name
	var r Reading
	if err == nil {
		where, err = r.take(f, contents, taken, "")
	}
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			where, err = e.Path, e.Err
		}
		return Reading{}, &FetchError{Source: f.ID, URL: where, Err: err}
	}
	r.Faults = append(gone, r.Faults...)
	return r, nil
}

// readFiles reads the files of a table, and lists as faults those of several that the folder lacks.
func readFiles(f Feed, fsys fs.FS, name string) (contents []content, gone []Fault, err error) {
	left := new(atomic.Int64)
	left.Store(Limits{}.orDefaults().Bytes)
	if !f.split() {
		data, err := readFile(fsys, name, left)
		return []content{{"", name, data}}, nil, err
	}
	for _, file := range f.Files {
		where := path.Join(name, path.Base(file.URL))
		data, err := readFile(fsys, where, left)
		if errors.Is(err, fs.ErrNotExist) {
			data, err = readFile(fsys, where+".gz", left)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			gone = append(gone, Fault{Provider: file.Name, Err: fs.ErrNotExist})
		case err != nil:
			return nil, nil, &fs.PathError{Op: "read", Path: where, Err: err}
		default:
			contents = append(contents, content{file.Name, where, data})
		}
	}
	if len(contents) == 0 {
		return nil, nil, fmt.Errorf("no file such as %s in the folder", path.Base(f.Files[0].URL))
	}
	return contents, gone, nil
}

// readFile reads a file and unpacks it if it is gzipped.
func readFile(fsys fs.FS, name string, left *atomic.Int64) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	magic := make([]byte, 2)
	n, err := io.ReadFull(file, magic)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	data := io.MultiReader(bytes.NewReader(magic[:n]), file)
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if data, err = gzip.NewReader(data); err != nil {
			return nil, err
		}
	}
	return readAll(data, left)
}
