package folder

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"breakeven/internal/parquet"
	"breakeven/internal/warehouse"
)

// written is a part that was written, and the things that its holdings count in.
type written struct {
	part   part
	things []thing
}

// partWriter writes parts, one after another, into the staging folder of a change. It is for one goroutine.
type partWriter struct {
	w    *parquet.Writer
	data groupData
	out  *bufio.Writer
}

func newPartWriter() (*partWriter, error) {
	w, err := parquet.NewWriter(nil, schema, colStart)
	return &partWriter{w: w, out: bufio.NewWriterSize(nil, 1<<18)}, err
}

// write writes the rows of a table, all of one day, as a part.
func (pw *partWriter) write(s *stage, n int, t *table) (w written, err error) {
	w.part = part{Name: partName(s.id, n), Rows: int64(t.n)}
	path := filepath.Join(s.dir, w.part.Name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return w, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreAbsent(os.Remove(path)))
		}
	}()
	sum := sha256.New()
	count := &counter{w: io.MultiWriter(file, sum)}
	pw.out.Reset(count)
	pw.w.Reset(pw.out)
	order := t.order()
	for begin := 0; begin < t.n; begin += groupRows {
		end := min(t.n, begin+groupRows)
		if err := pw.w.Group(end-begin, pw.data.fill(t, order, begin, end)); err != nil {
			return w, errors.Join(err, file.Close())
		}
	}
	footer, err := pw.w.Close()
	if err = errors.Join(err, pw.out.Flush()); err != nil {
		return w, errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return w, err
	}
	w.part.Bytes, w.part.SHA256 = count.n, hex.EncodeToString(sum.Sum(nil))
	w.part.Footer = digest(footer)
	t.describe(&w)
	return w, nil
}

// syncsAtOnce is how many files or folders are put on the disk at a time. Many are faster: the file system writes its log
// once for all.
const syncsAtOnce = 16

// sync puts written parts on the disk.
func (s *stage) sync(parts []written) error {
	return inParallel(syncsAtOnce, len(parts), func() (func(int) error, error) {
		return func(i int) error {
			file, err := os.OpenFile(filepath.Join(s.dir, parts[i].part.Name), os.O_RDWR, 0)
			if err != nil {
				return err
			}
			return errors.Join(file.Sync(), file.Close())
		}, nil
	})
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// digestOf is the digest of a whole file.
func digestOf(file *os.File) (string, error) {
	sum := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// describe fills in what a part holds.
func (t *table) describe(w *written) {
	p := &w.part
	p.First, p.Last = t.int(colStart, 0), t.int(colStart, 0)
	places := map[[4]uint32]int{}
	var last [4]uint32
	at := -1
	for i := range t.n {
		start := t.int(colStart, i)
		p.First, p.Last = min(p.First, start), max(p.Last, start)
		var key [4]uint32
		for k, column := range thingColumns {
			if index := t.texts[column].index; index != nil {
				key[k] = index[i]
			}
		}
		if at < 0 || key != last {
			place, ok := places[key]
			if !ok {
				place = len(p.Holds)
				places[key] = place
				var of thing
				for k, column := range thingColumns {
					of[k] = t.texts[column].words[key[k]]
				}
				w.things = append(w.things, of)
				p.Holds = append(p.Holds, holding{int64(place), 0, start, start})
			}
			at, last = place, key
		}
		h := &p.Holds[at]
		h[1]++
		h[2], h[3] = min(h[2], start), max(h[3], start)
	}
	p.Day = dayOf(p.First)
	slices.SortFunc(p.Holds, func(a, b holding) int { return slices.Compare(w.things[a[0]][:], w.things[b[0]][:]) })
}

// thingColumns are the columns of a thing, in its order.
var thingColumns = [4]int{colProvider, colModel, colRegion, colTier}

// openPart is a part that is open.
type openPart struct {
	*parquet.File
	part  *part
	file  *os.File
	place string
}

// open opens a part, and holds it against what the manifest says of it.
func (f *Folder) open(p *part) (*openPart, error) {
	o := &openPart{part: p, place: filepath.Join(f.dir, p.path())}
	places := []string{o.place, filepath.Join(f.dir, ".staging", p.batch(), p.Name), o.place, filepath.Join(f.dir, ".staging", "old", p.Name)}
	var err error
	for _, path := range places {
		if o.file, err = os.Open(path); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, o.damage("is missing", nil)
	}
	if err != nil {
		return nil, err
	}
	info, err := o.file.Stat()
	if err == nil && info.Size() != p.Bytes {
		err = o.damage(fmt.Sprintf("has %d bytes, and %d were written", info.Size(), p.Bytes), nil)
	}
	if err == nil {
		o.File, err = parquet.Open(o.file, p.Bytes, schema)
		err = o.fault(err)
	}
	if err == nil && (digest(o.Footer()) != p.Footer || o.Rows() != p.Rows) {
		err = o.damage("has another footer than was written", nil)
	}
	for g := 0; err == nil && g < o.Groups(); g++ {
		if o.GroupRows(g) > groupRows {
			err = o.damage("has larger groups of rows than are written", nil)
		}
	}
	if err != nil {
		return nil, errors.Join(err, o.file.Close())
	}
	return o, nil
}

func (o *openPart) close() { _ = o.file.Close() } // nothing was written

// fault gives what the file's bytes are accused of a place.
func (o *openPart) fault(err error) error {
	if e, ok := errors.AsType[*parquet.FormatError](err); ok {
		return o.damage("is damaged", e)
	}
	return err
}

func (o *openPart) damage(problem string, err error) error {
	return &warehouse.DamageError{Place: o.place, Problem: problem, Hint: "restore the file from a backup, or delete the folder and import the logs again", Err: err}
}

// readTable reads a whole part.
func (f *Folder) readTable(t *table, r *parquet.Reader, p *part) error {
	o, err := f.open(p)
	if err != nil {
		return err
	}
	defer o.close()
	for g := range o.Groups() {
		if err := t.load(r, o.File, g); err != nil {
			return o.fault(err)
		}
	}
	return nil
}

// readKeys appends the keys of a part's rows.
func (f *Folder) readKeys(keys [][16]byte, r *parquet.Reader, p *part) ([][16]byte, error) {
	o, err := f.open(p)
	if err != nil {
		return nil, err
	}
	defer o.close()
	var space [][16]byte
	for g := range o.Groups() {
		if space, err = r.Keys(o.File, g, colRowKey, space); err != nil {
			return nil, o.fault(err)
		}
		keys = append(keys, space...)
	}
	return keys, nil
}

// bySize puts parts into the order of their rows, the fewest first.
func bySize(a, b part) int {
	return cmp.Or(cmp.Compare(a.Rows, b.Rows), bytes.Compare([]byte(a.Name), []byte(b.Name)))
}
