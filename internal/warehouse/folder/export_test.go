package folder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"testing"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// ReadPart reads all that a part says, in every way that parts are read.
func ReadPart(file io.ReaderAt, size int64) error {
	r, err := parquet.NewReader()
	if err != nil {
		return err
	}
	f, err := parquet.Open(file, size, schema)
	if err != nil {
		return err
	}
	o := &openPart{File: f, part: &part{}}
	s := &scanner{r: r, a: newAnswer(warehouse.Question{By: []warehouse.Dimension{warehouse.Hour, warehouse.Month, warehouse.User}}, newLexicon())}
	t := newTable()
	var c usage.Call
	for g := range f.Groups() {
		if f.GroupRows(g) > groupRows {
			return nil
		}
		if err := s.group(o, g); err != nil {
			return err
		}
		t.reset()
		if err := t.load(r, f, g); err != nil {
			return err
		}
		for i := range t.n {
			if err := t.call(i, &c); err != nil {
				return err
			}
		}
	}
	_, err = together([]*answer{s.a})
	return err
}

// DecodeManifest reads a manifest whose digest is right.
func DecodeManifest(body []byte) (*manifest, error) {
	if i := bytes.IndexByte(body, '{'); i == 0 {
		body = body[1:]
	}
	sum := sha256.Sum256(body)
	return decodeManifest(slices.Concat([]byte(checkMark), []byte(hex.EncodeToString(sum[:])), []byte("\",\n"), body))
}

// EncodeManifest writes a manifest without its digest.
func EncodeManifest(m *manifest) ([]byte, error) {
	data, err := m.encode()
	if err != nil {
		return nil, err
	}
	return data[len(checkMark)+67:], nil
}

// Hold locks a folder as another program would.
func Hold(t testing.TB, dir, what string) (unlock func()) {
	t.Helper()
	f := &Folder{dir: dir, options: Options{Wait: DefaultWait}}
	unlock, err := f.lock(t.Context(), what)
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}
