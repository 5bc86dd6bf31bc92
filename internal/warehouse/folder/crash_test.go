//go:build unix

package folder_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/usage"
)

// A copy of the test binary imports logs for ever, or until its disk is full.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FOLDER_TEST_DIR"); dir != "" {
		if err := work(dir, os.Getenv("FOLDER_TEST_LIMIT")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const batchRows = 400

// batchCalls are the calls of the n-th log: all of one project, spread over many days.
func batchCalls(n int) []usage.Call {
	calls := warehousetest.Calls(uint64(n), batchRows)
	for i := range calls {
		calls[i].Project = "batch-" + strconv.Itoa(n)
	}
	return calls
}

// work imports logs one after another, each under its own name, and deletes every fifth again.
func work(dir, limit string) error {
	f, err := folder.Open(dir, folder.Options{Create: true, Memory: 30_000})
	if err != nil {
		return err
	}
	done, err := f.Imports(noContext)
	if err != nil {
		return err
	}
	if limit != "" {
		n, err := strconv.ParseUint(limit, 10, 64)
		if err != nil {
			return err
		}
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	for n := len(done); ; n++ {
		name := "batch-" + strconv.Itoa(n)
		b, err := f.Import(noContext, warehouse.Origin{Name: name, Format: "generic", Digest: name, At: time.Unix(int64(n), 0)})
		if err != nil {
			return err
		}
		for _, c := range batchCalls(n) {
			if err := b.Add(&c); err != nil {
				return errors.Join(err, b.Abort())
			}
		}
		if _, err := b.Commit(noContext); err != nil {
			return err
		}
		if n%5 == 4 {
			s := warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.Project, Values: []string{name}}}}
			if _, err := f.Delete(noContext, s, time.Now(), false); err != nil {
				return err
			}
		}
	}
}

// child starts the copy.
func child(t *testing.T, dir, limit string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), "FOLDER_TEST_DIR="+dir, "FOLDER_TEST_LIMIT="+limit)
	return c
}

// whole checks that every batch that has a receipt is there with all its rows, and no other rows are.
func whole(t *testing.T, dir string) (batches int) {
	t.Helper()
	f, err := folder.Open(dir, folder.Options{})
	must(t, err)
	must(t, f.Verify(t.Context()))
	list, err := f.Imports(t.Context())
	must(t, err)
	held := map[string]int64{}
	for _, g := range warehousetest.Ask(t, f, warehouse.Question{By: []warehouse.Dimension{warehouse.Project}}) {
		held[g.Key[0]] += g.Rows
	}
	for _, r := range list {
		n, err := strconv.Atoi(strings.TrimPrefix(r.Name, "batch-"))
		must(t, err)
		got := held[r.Name]
		delete(held, r.Name)
		// The deletion of a batch may be committed, or not.
		if got != r.Added || r.Rows != batchRows {
			if n%5 != 4 || got != 0 {
				t.Errorf("%s: %d rows are kept, %d were added", r.Name, got, r.Added)
			}
		}
	}
	if len(held) > 0 {
		t.Errorf("rows of imports without a receipt: %v", held)
	}
	// Nothing is left over: other tools read what lies under calls.
	sum := int64(0)
	for _, c := range must1(f.Contents(t.Context(), warehouse.Selection{}))(t) {
		sum += c.Rows
	}
	files := int64(0)
	for _, p := range parts(t, dir) {
		files += partRows(t, p)
	}
	if files != sum {
		t.Errorf("the parts that lie there have %d rows, the list of parts %d", files, sum)
	}
	return len(list)
}

func must1[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// A program that is killed at any moment leaves each import whole or absent.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, folder.Options{})
	r := rand.New(rand.NewPCG(1, 1))
	kills := 32
	if testing.Short() {
		kills = 5
	}
	batches := 0
	for range kills {
		c := child(t, dir, "")
		must(t, c.Start())
		time.Sleep(time.Duration(20+r.IntN(300)) * time.Millisecond)
		must(t, c.Process.Kill())
		_ = c.Wait() // it was killed
		batches = whole(t, dir)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d imports survived %d kills", batches, kills)
}

// A file that cannot grow, as on a full disk, ends the import, whichever file it is. What was there before stays.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, folder.Options{})
	warehousetest.Import(t, f, "generic", "batch-0", batchCalls(0))
	for _, limit := range []int{0, 10, 300, 1_000, 3_000, 6_000, 9_000, 20_000, 40_000, 100_000} {
		out, err := child(t, dir, strconv.Itoa(limit)).Output()
		if err == nil || !strings.Contains(string(out), "file too large") {
			t.Errorf("with files of %d bytes at most: %v, %s", limit, err, out)
		}
		n := whole(t, dir)
		t.Logf("files of %d bytes at most: %d imports", limit, n)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".staging", "*"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left in the staging folder: %v", left)
	}
}

// Whoever reads while others write sees every import whole or not at all, and no error.
func TestReadersAndWriters(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, folder.Options{})
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	const each = 6
	for w := range 2 {
		f := open(t, dir, folder.Options{Memory: 20_000}) // a folder of its own, as another process has
		writers.Go(func() {
			for i := range each {
				n := w*each + i
				warehousetest.Import(t, f, "generic", "batch-"+strconv.Itoa(n), batchCalls(n))
			}
		})
	}
	for range 2 {
		f := open(t, dir, folder.Options{})
		readers.Go(func() {
			for {
				n, err := rows(f)
				if err != nil || n%batchRows != 0 {
					t.Errorf("%d rows, %v", n, err)
				}
				scanned := 0
				if err := f.Scan(t.Context(), warehouse.Selection{}, func(*usage.Call) error { scanned++; return nil }); err != nil || scanned%batchRows != 0 {
					t.Errorf("%d rows, %v", scanned, err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if n := whole(t, dir); n != 2*each {
		t.Errorf("%d imports, want %d", n, 2*each)
	}
}
