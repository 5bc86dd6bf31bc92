// Package folder keeps calls in a folder of Parquet files, and scans them here.
//
//	breakeven.json                     what is kept: the list of parts; replacing it commits a change
//	calls/day=2026-11-24/<part>        rows of one day, sorted by start; any Parquet tool reads them
//	imports/<generation>-<id>.json     receipts
//	deletions/<generation>-….json      what stays out, and proofs
//	.staging/<id>/                     parts of a change that is under way
//	.staging/old/                      parts that were replaced, until nobody reads them
//	.lock, .readers                    who writes, who reads
//
// A part never changes: a change writes new ones beside it. What a manifest lists lies at its place, or in the staging
// folder of its change if the program ended before it was moved; [Open] and every later change move it then.
//
// Reading guide: folder.go opens and tidies; manifest.go is the list of parts; schema.go and table.go are rows in
// memory; part.go is rows in files; ask.go, contents.go and scan.go read; batch.go and merge.go take logs in; delete.go deletes.
package folder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"breakeven/internal/warehouse"
)

// Options say how to open a folder.
type Options struct {
	// Create makes the folder if there is none.
	Create bool
	// Memory bounds, in bytes, the rows that an import holds before it writes them out; zero means [DefaultMemory].
	Memory int64
	// Wait is how long a change waits for another one to end; zero means [DefaultWait].
	Wait time.Duration
	// Workers is how many processors a question uses; zero means all.
	Workers int
}

// Defaults of [Options].
const (
	DefaultMemory = 256 << 20
	DefaultWait   = 30 * time.Second
)

// Folder is an open folder.
type Folder struct {
	dir     string
	options Options

	mu       sync.Mutex
	manifest *manifest
	info     os.FileInfo // of the manifest's file
	receipts map[string]warehouse.Receipt
	stones   map[string]tombstone
}

var _ warehouse.Engine = (*Folder)(nil)

// Open opens a folder, and finishes or sweeps up what a program that ended too early left there. A folder that is none
// of ours is an error.
func Open(path string, o Options) (*Folder, error) {
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	if o.Wait <= 0 {
		o.Wait = DefaultWait
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	f := &Folder{dir: path, options: o, receipts: map[string]warehouse.Receipt{}, stones: map[string]tombstone{}}
	_, err := f.load()
	if errors.Is(err, fs.ErrNotExist) {
		if !o.Create {
			return nil, fmt.Errorf("%s holds no calls: there is no %s in it; import a log first, or name another folder: %w", path, manifestName, err)
		}
		err = f.create()
	}
	if err != nil {
		return nil, err
	}
	if err := f.tidy(); err != nil {
		return nil, err
	}
	return f, nil
}

// create makes an empty folder.
func (f *Folder) create() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			return fmt.Errorf("%s is not empty, and holds no calls (there is %s in it); name an empty folder, or a new one", f.dir, e.Name())
		}
	}
	for _, d := range []string{"calls", "imports", "deletions", ".staging"} {
		if err := os.MkdirAll(filepath.Join(f.dir, d), 0o700); err != nil {
			return err
		}
	}
	unlock, err := f.lock(context.Background(), "create the folder")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := f.load(); !errors.Is(err, fs.ErrNotExist) {
		return err // another process was faster
	}
	m := &manifest{Schema: schemaVersion, Salt: make([]byte, 32)}
	if _, err := rand.Read(m.Salt); err != nil {
		return err
	}
	if err := f.replaceManifest(m); err != nil {
		return err
	}
	_, err = f.load()
	return err
}

func (f *Folder) replaceManifest(m *manifest) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(f.dir, manifestName), data)
}

// Where is the folder's path.
func (f *Folder) Where() string { return f.dir }

// Close does nothing: no file stays open.
func (f *Folder) Close() error { return nil }

// load is the manifest as it is now.
func (f *Folder) load() (*manifest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(filepath.Join(f.dir, manifestName))
	if err != nil {
		return nil, err
	}
	if f.info != nil && os.SameFile(info, f.info) && info.ModTime().Equal(f.info.ModTime()) && info.Size() == f.info.Size() {
		return f.manifest, nil
	}
	m, info, err := readManifest(f.dir)
	if err != nil {
		return nil, err
	}
	f.manifest, f.info = m, info
	return m, nil
}

// BusyError says that another process is changing the folder.
type BusyError struct {
	Path   string
	Holder string // what it says it is doing
	Waited time.Duration
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is being changed by another program (%s); waited %s; try again when it has ended", e.Path, e.Holder, e.Waited.Round(time.Second))
}

// lock makes the caller the only one who changes the folder, and says so to others.
func (f *Folder) lock(ctx context.Context, what string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(f.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (func(), error) { return nil, errors.Join(err, file.Close()) }
	late := time.After(f.options.Wait)
	for {
		got, err := tryLock(file, false)
		if err != nil {
			return fail(err)
		}
		if got {
			break
		}
		select {
		case <-late:
			holder := make([]byte, 200)
			n, _ := file.ReadAt(holder, 0) // it is for a message only
			return fail(&BusyError{Path: f.dir, Holder: strings.TrimSpace(string(holder[:n])), Waited: f.options.Wait})
		case <-ctx.Done():
			return fail(ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	host, _ := os.Hostname() // likewise
	note := fmt.Sprintf("process %d on %s: %s", os.Getpid(), host, what)
	if err := errors.Join(file.Truncate(0), writeAt(file, note)); err != nil && !errors.Is(err, syscallNoSpace) {
		return fail(err)
	}
	return func() { _ = file.Close() }, nil // closing gives the lock back
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// reading says that the caller reads parts, so that replaced ones stay until it has ended. Where nothing can be
// written, there is no change that would remove them.
func (f *Folder) reading() (done func()) {
	file, err := os.OpenFile(filepath.Join(f.dir, ".readers"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return func() {}
	}
	for {
		got, err := tryLock(file, true)
		if got || err != nil {
			return func() { _ = file.Close() } // closing gives the lock back
		}
		time.Sleep(time.Millisecond) // somebody is removing replaced parts
	}
}

// sweepOld removes replaced parts if nobody reads, or waits until nobody does.
func (f *Folder) sweepOld(ctx context.Context, wait bool) error {
	old := filepath.Join(f.dir, ".staging", "old")
	entries, err := os.ReadDir(old)
	if err != nil || len(entries) == 0 {
		return ignoreAbsent(err)
	}
	file, err := os.OpenFile(filepath.Join(f.dir, ".readers"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // closing gives the lock back
	for {
		got, err := tryLock(file, false)
		if err != nil {
			return err
		}
		if got {
			return os.RemoveAll(old)
		}
		if !wait {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// tidy finishes what was committed and sweeps up what was not, unless somebody is changing the folder right now.
func (f *Folder) tidy() error {
	file, err := os.OpenFile(filepath.Join(f.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscallReadOnly) {
		return nil // a folder that may only be read is read as it is
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // closing gives the lock back
	if got, err := tryLock(file, false); err != nil || !got {
		return err
	}
	m, err := f.load()
	if err != nil {
		return err
	}
	return f.settle(m)
}

// settle makes the folder hold what the manifest lists, and nothing that a change left behind. The caller has the lock.
func (f *Folder) settle(m *manifest) error {
	listed := map[string]bool{}
	for i := range m.Parts {
		p := &m.Parts[i]
		listed[p.Name] = true
		if _, err := os.Stat(filepath.Join(f.dir, p.path())); errors.Is(err, fs.ErrNotExist) {
			if err := f.place(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			// A part that is nowhere is missing; whoever reads it says so.
		}
	}
	days, err := os.ReadDir(filepath.Join(f.dir, "calls"))
	if err != nil {
		return ignoreAbsent(err)
	}
	for _, d := range days {
		dir := filepath.Join(f.dir, "calls", d.Name())
		files, err := os.ReadDir(dir)
		if err != nil {
			continue // not a folder: none of ours
		}
		for _, file := range files {
			if isPartName(file.Name()) && !listed[file.Name()] {
				if err := f.retire(filepath.Join(dir, file.Name())); err != nil {
					return err
				}
			}
		}
	}
	for _, sub := range []string{"imports", "deletions"} {
		if err := f.dropUncommitted(sub, m.Generation); err != nil {
			return err
		}
	}
	if err := f.sweepStaging(); err != nil {
		return err
	}
	return f.sweepOld(context.Background(), false)
}

// place moves a part from the staging folder of its change to its place.
func (f *Folder) place(p *part) error {
	to := filepath.Join(f.dir, p.path())
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Rename(filepath.Join(f.dir, ".staging", p.batch(), p.Name), to)
}

// retire moves a replaced part out of the way of tools that read all that lies under calls.
func (f *Folder) retire(path string) error {
	old := filepath.Join(f.dir, ".staging", "old")
	if err := os.MkdirAll(old, 0o700); err != nil {
		return err
	}
	return ignoreAbsent(os.Rename(path, filepath.Join(old, filepath.Base(path))))
}

// dropUncommitted removes receipts and the like of a change that was not committed.
func (f *Folder) dropUncommitted(sub string, generation int64) error {
	entries, err := os.ReadDir(filepath.Join(f.dir, sub))
	if err != nil {
		return ignoreAbsent(err)
	}
	for _, e := range entries {
		if g, ok := generationOf(e.Name()); ok && g > generation || strings.HasSuffix(e.Name(), ".new") {
			if err := os.Remove(filepath.Join(f.dir, sub, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// generationOf is the number that a file's name begins with.
func generationOf(name string) (int64, bool) {
	number, _, ok := strings.Cut(name, "-")
	g, err := strconv.ParseInt(number, 10, 64)
	return g, ok && err == nil && g > 0 && strings.HasSuffix(name, ".json")
}

// sweepStaging removes the staging folders of changes whose program has ended.
func (f *Folder) sweepStaging() error {
	staging := filepath.Join(f.dir, ".staging")
	entries, err := os.ReadDir(staging)
	if err != nil {
		return ignoreAbsent(err)
	}
	for _, e := range entries {
		if !isID(e.Name()) {
			continue
		}
		s := &stage{dir: filepath.Join(staging, e.Name())}
		if got, err := s.hold(); err != nil || !got {
			continue // it is in use
		}
		if err := s.remove(); err != nil {
			return err
		}
	}
	return nil
}

// stage is the staging folder of a change.
type stage struct {
	id, dir string
	lock    *os.File
}

// newStage makes a staging folder. The identifier follows from what the change is about, so that the same changes of the
// same folder have the same.
func (f *Folder) newStage(about ...any) (*stage, error) {
	m, err := f.load()
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %q", m.Generation, try, fmt.Sprint(about...)))
		id := hex.EncodeToString(sum[:])[:idLength]
		s := &stage{id: id, dir: filepath.Join(f.dir, ".staging", id)}
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			if errors.Is(err, fs.ErrExist) && try < 1000 {
				continue
			}
			return nil, err
		}
		// Another process may sweep the folder up before it is held.
		got, err := s.hold()
		if got {
			return s, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) || try >= 1000 {
			return nil, errors.Join(err, os.Remove(s.dir))
		}
	}
}

// hold marks the staging folder as in use by this process.
func (s *stage) hold() (bool, error) {
	file, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	got, err := tryLock(file, false)
	if err != nil || !got {
		return false, errors.Join(err, file.Close())
	}
	s.lock = file
	return true, nil
}

// remove removes the staging folder.
func (s *stage) remove() error {
	if s.lock == nil {
		return nil
	}
	err := os.RemoveAll(s.dir)
	s.release()
	return err
}

// release leaves the staging folder to whoever comes next.
func (s *stage) release() {
	if s.lock != nil {
		_ = s.lock.Close() // closing gives the lock back
		s.lock = nil
	}
}

// commit makes a change valid: parts of a stage come in, others go. The caller has the lock, and has written what else
// belongs to the generation that begins.
func (f *Folder) commit(s *stage, m *manifest, gone map[string]bool, added []written) error {
	if err := s.sync(added); err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return err
	}
	if err := syncDir(filepath.Join(f.dir, ".staging")); err != nil {
		return err
	}
	if err := f.replaceManifest(m.after(gone, added)); err != nil {
		return err
	}
	// From here on the change is valid, whatever fails: where something is left to do, the staging folder stays, and the
	// next change does it.
	if f.finish(m, gone, added) == nil {
		_ = s.remove() // the next change sweeps it up
	}
	s.release()
	return nil
}

// finish moves the parts of a change that is valid to their places.
func (f *Folder) finish(m *manifest, gone map[string]bool, added []written) error {
	for i := range m.Parts {
		if p := &m.Parts[i]; gone[p.Name] {
			if err := f.retire(filepath.Join(f.dir, p.path())); err != nil {
				return err
			}
		}
	}
	err := inParallel(syncsAtOnce, len(added), func() (func(int) error, error) {
		return func(i int) error { return f.place(&added[i].part) }, nil
	})
	if err != nil {
		return err
	}
	dirs := map[string]bool{"calls": true}
	for i := range added {
		dirs[added[i].part.dir()] = true
	}
	list := slices.Collect(maps.Keys(dirs))
	return inParallel(syncsAtOnce, len(list), func() (func(int) error, error) {
		return func(i int) error { return syncDir(filepath.Join(f.dir, list[i])) }, nil
	})
}

// Imports lists the logs that were taken in, the latest first.
func (f *Folder) Imports(ctx context.Context) ([]warehouse.Receipt, error) {
	m, err := f.load()
	if err != nil {
		return nil, err
	}
	list, err := committed(ctx, f, "imports", m.Generation, f.receipts)
	slices.Reverse(list)
	// Of what adds up many commits the latest counts; an earlier one may lie there where a program ended too early.
	seen := map[string]bool{}
	list = slices.DeleteFunc(list, func(r warehouse.Receipt) bool {
		twice := seen[r.ID]
		seen[r.ID] = true
		return twice
	})
	return list, err
}

// receiptOf is the latest receipt of an identifier; the zero value where there is none.
func (f *Folder) receiptOf(ctx context.Context, m *manifest, id string) (warehouse.Receipt, error) {
	list, err := committed(ctx, f, "imports", m.Generation, f.receipts)
	for _, r := range slices.Backward(list) {
		if r.ID == id {
			return r, err
		}
	}
	return warehouse.Receipt{}, err
}

// dropEarlier removes the receipts of an identifier that one of a later generation holds in its sums. What cannot be
// removed is passed over when they are listed.
func (f *Folder) dropEarlier(generation int64, id string) {
	entries, err := os.ReadDir(filepath.Join(f.dir, "imports"))
	if err != nil {
		return
	}
	for _, e := range entries {
		if g, ok := generationOf(e.Name()); ok && g < generation && strings.HasSuffix(e.Name(), "-"+id+".json") {
			f.mu.Lock()
			delete(f.receipts, e.Name())
			f.mu.Unlock()
			_ = os.Remove(filepath.Join(f.dir, "imports", e.Name()))
		}
	}
}

// committed reads the files of a folder that belong to generations up to one, in their order. What was read before is
// known.
func committed[T any](ctx context.Context, f *Folder, sub string, generation int64, known map[string]T) ([]T, error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, sub))
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	var list []T
	for _, e := range entries { // sorted by name, so by generation
		if g, ok := generationOf(e.Name()); !ok || g > generation {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.mu.Lock()
		v, ok := known[e.Name()]
		f.mu.Unlock()
		if !ok {
			path := filepath.Join(f.dir, sub, e.Name())
			data, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue // another one has taken it into its sums
			}
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(data, &v); err != nil {
				return nil, &warehouse.DamageError{Place: path, Problem: "the record is damaged", Hint: "restore the file from a backup of the folder", Err: err}
			}
			f.mu.Lock()
			known[e.Name()] = v
			f.mu.Unlock()
		}
		list = append(list, v)
	}
	return list, nil
}

// record writes a file of the generation that begins.
func (f *Folder) record(sub string, generation int64, name string, v any) error {
	data, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	path := filepath.Join(f.dir, sub, fmt.Sprintf("%010d-%s.json", generation, name))
	return replaceFile(path, append(data, '\n'))
}
