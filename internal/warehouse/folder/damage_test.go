package folder_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/usage"
)

// parts lists the parts that lie under calls.
func parts(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "calls", "day=*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// rows asks how many rows are kept.
func rows(f *folder.Folder) (n int64, err error) {
	err = f.Ask(noContext, warehouse.Question{}, func(g *warehouse.Group) error {
		n += g.Rows
		return nil
	})
	return n, err
}

// A part that is not as it was written is an error that names it, and never a smaller sum.
func TestDamage(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(t *testing.T, path string)
		// hidden damage is in columns that the question does not read: Verify finds it.
		hidden bool
	}{
		{name: "missing", harm: func(t *testing.T, path string) { must(t, os.Remove(path)) }},
		{name: "empty", harm: func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) }},
		{name: "torn", harm: func(t *testing.T, path string) {
			must(t, os.Truncate(path, size(t, path)/2))
		}},
		{name: "longer", harm: func(t *testing.T, path string) { rewrite(t, path, func(b []byte) []byte { return append(b, 0) }) }},
		{name: "another part", harm: func(t *testing.T, path string) {
			all := parts(t, filepath.Dir(filepath.Dir(filepath.Dir(path))))
			rewrite(t, path, func([]byte) []byte {
				data, err := os.ReadFile(all[len(all)-1])
				must(t, err)
				return data
			})
		}},
		{name: "a bit of the footer", harm: func(t *testing.T, path string) { flip(t, path, size(t, path)-40) }},
		{name: "a bit of the first column", harm: func(t *testing.T, path string) { flip(t, path, 60) }},
		{name: "a bit of the row keys", harm: func(t *testing.T, path string) {
			// Keys are random, so the longest column: its bytes are where the file is cut in half, or near.
			flip(t, path, size(t, path)*2/3)
		}, hidden: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			f := open(t, dir, folder.Options{})
			warehousetest.Import(t, f, "generic", "log", warehousetest.Calls(1, 2_000))
			if err := f.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			path := parts(t, dir)[0]
			test.harm(t, path)

			f = open(t, dir, folder.Options{}) // the folder opens all the same
			err := f.Verify(t.Context())
			if !test.hidden {
				_, err = rows(f)
			}
			damage := &warehouse.DamageError{}
			if !errors.As(err, &damage) || damage.Place != path || damage.Hint == "" {
				t.Errorf("got %v, want a *warehouse.DamageError about %s", err, path)
			}
			if err := f.Verify(t.Context()); !errors.As(err, &damage) {
				t.Errorf("verify: %v", err)
			}
			if err := f.Scan(t.Context(), warehouse.Selection{}, func(*usage.Call) error { return nil }); !test.hidden && !errors.As(err, &damage) {
				t.Errorf("scan: %v", err)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

func rewrite(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, change(data), 0o600))
}

func flip(t testing.TB, path string, at int64) {
	t.Helper()
	rewrite(t, path, func(b []byte) []byte {
		b[at] ^= 0x10
		return b
	})
}

func TestManifestDamage(t *testing.T) {
	dir := t.TempDir()
	warehousetest.Import(t, open(t, dir, folder.Options{}), "generic", "log", warehousetest.Calls(1, 100))
	path := filepath.Join(dir, "breakeven.json")
	good, err := os.ReadFile(path)
	must(t, err)
	for at := 0; at < len(good); at += 41 {
		bad := slices.Clone(good)
		bad[at] ^= 1
		must(t, os.WriteFile(path, bad, 0o600))
		damage := &warehouse.DamageError{}
		if _, err := folder.Open(dir, folder.Options{}); !errors.As(err, &damage) || damage.Place != path {
			t.Fatalf("byte %d changed: got %v", at, err)
		}
	}
	must(t, os.WriteFile(path, good, 0o600))
	if n, err := rows(open(t, dir, folder.Options{})); n != 100 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestOpenNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "calls")
	if _, err := folder.Open(dir, folder.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "import a log first") {
		t.Errorf("no folder: %v", err)
	}
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o600))
	if _, err := folder.Open(dir, folder.Options{Create: true}); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("somebody else's folder: %v", err)
	}
}

// Arbitrary bytes in the place of a part are damage, and never a panic.
func FuzzPart(f *testing.F) {
	seed := f.TempDir()
	warehousetest.Import(f, open(f, seed, folder.Options{}), "generic", "log", warehousetest.Calls(1, 20))
	good, err := os.ReadFile(parts(f, seed)[0])
	must(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(bytes.Repeat([]byte("PAR1"), 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		_ = folder.ReadPart(bytes.NewReader(data), int64(len(data)))
	})
}

func FuzzManifest(f *testing.F) {
	dir := f.TempDir()
	warehousetest.Import(f, open(f, dir, folder.Options{}), "generic", "log", warehousetest.Calls(1, 20))
	good, err := os.ReadFile(filepath.Join(dir, "breakeven.json"))
	must(f, err)
	f.Add(good[bytes.IndexByte(good[3:], '\n')+4:])
	f.Add([]byte(`"schema":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := folder.DecodeManifest(body)
		if err != nil {
			return
		}
		again, err := folder.EncodeManifest(m)
		must(t, err)
		if m2, err := folder.DecodeManifest(again); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		} else if third, _ := folder.EncodeManifest(m2); !bytes.Equal(again, third) {
			t.Errorf("%s\nis read as\n%s", again, third)
		}
	})
}
