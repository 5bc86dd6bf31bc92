package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/price"
	"breakeven/usage"
)

var later = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// total sums all that is kept.
func total(t testing.TB, w *Warehouse) (rows int64) {
	t.Helper()
	rows, _, _, _, _, _, _ = warehousetest.Sum(warehousetest.Ask(t, w, warehouse.Question{}))
	return rows
}

// begin begins an import and adds calls to it.
func begin(t testing.TB, w *Warehouse, name string, calls []usage.Call) warehouse.Batch {
	t.Helper()
	b, err := w.Import(t.Context(), warehouse.Origin{Name: name, Format: "generic", Digest: name, At: later})
	if err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		if err := b.Add(&calls[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestShardThatIsDownIsAnErrorAndNoSmallerSum(t *testing.T) {
	c := cluster(t, 2)
	w := on(t, c)
	calls := warehousetest.Calls(1, 500)
	warehousetest.Import(t, w, "generic", "log", calls)
	warehousetest.Check(t, w, calls, warehouse.Question{By: []warehouse.Dimension{warehouse.Day}})
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	sees := func(err error) {
		t.Helper()
		damage := &warehouse.DamageError{}
		if !errors.As(err, &damage) || damage.Place != c.Address(1) {
			t.Errorf("got %v, want a *DamageError of %s", err, c.Address(1))
		}
	}
	sees(w.Ask(t.Context(), warehouse.Question{}, func(*warehouse.Group) error { return nil }))
	_, err := w.Contents(t.Context(), warehouse.Selection{})
	sees(err)
	sees(w.Scan(t.Context(), warehouse.Selection{}, func(*usage.Call) error { return nil }))
	_, err = w.Delete(t.Context(), warehouse.Selection{}, later, true)
	sees(err)
	_, err = w.Import(t.Context(), warehouse.Origin{Name: "more", At: later})
	sees(err)
}

func TestImportThatLosesAShardIsAbsent(t *testing.T) {
	c := cluster(t, 2)
	w := on(t, c)
	b := begin(t, w, "log", warehousetest.Calls(1, 500))
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	_, err := b.Commit(t.Context())
	damage := &warehouse.DamageError{}
	if !errors.As(err, &damage) || damage.Place != c.Address(1) {
		t.Errorf("got %v, want a *DamageError of %s", err, c.Address(1))
	}
	if n := c.Count(t, 0, w.place.database, "SELECT count() FROM calls_journal_local WHERE kind = 'committed'"); n != 0 {
		t.Error("it was committed")
	}
}

func TestServerThatIsDownIsNamed(t *testing.T) {
	_, err := Open(t.Context(), "clickhouse://default@127.0.0.1:1/default", Options{})
	damage := &warehouse.DamageError{}
	if !errors.As(err, &damage) || damage.Place != "127.0.0.1:1" {
		t.Errorf("got %v", err)
	}
}

func TestSumsThatDoNotFitAreAnError(t *testing.T) {
	w := on(t, cluster(t, 1))
	call := func(id string, output int64) usage.Call {
		u := usage.Call{ID: id, Start: warehousetest.First, Model: "m", Requests: usage.Count{N: 1, Known: true}}
		u.Quantities[price.Output], u.Quantities[price.Request] = output, 1
		return u
	}
	calls := []usage.Call{call("a", math.MaxInt64-5), call("b", 5)}
	warehousetest.Import(t, w, "generic", "fits", calls)
	warehousetest.Check(t, w, calls, warehouse.Question{}) // exactly 2⁶³-1
	warehousetest.Import(t, w, "generic", "one more", []usage.Call{call("c", 1)})
	err := w.Ask(t.Context(), warehouse.Question{}, func(g *warehouse.Group) error {
		t.Errorf("a group with %d", g.Quantities[price.Output])
		return nil
	})
	if !errors.Is(err, warehouse.ErrOverflow) {
		t.Errorf("got %v", err)
	}
}

func TestNamesCannotBreakOutOfAQuery(t *testing.T) {
	w := on(t, cluster(t, 1))
	names := []string{
		`'`, `\`, `\'`, `'; DROP TABLE calls; --`, "`", "\x00", "\n", `\x27`, "{x:String}", "?", "$1", `') OR 1 = 1 --`, "ünï", "\xff\xfe", "'/*", strings.Repeat("'", 3000),
	}
	var calls []usage.Call
	for i, name := range names {
		u := usage.Call{ID: fmt.Sprint(i, name), Start: warehousetest.First, Model: name, Project: name, User: name, Requests: usage.Count{N: 1, Known: true}}
		u.Quantities[price.Request] = 1
		calls = append(calls, u)
	}
	warehousetest.Import(t, w, "generic", names[3], calls)
	for i, name := range names {
		s := warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.Project, Values: []string{name}}, {Dimension: warehouse.Model, Values: []string{name, names[3]}}}}
		warehousetest.Check(t, w, calls, warehouse.Question{Selection: s, By: []warehouse.Dimension{warehouse.User}})
		if p, err := w.Delete(t.Context(), s, later, true); err != nil || p.Matching != 1 {
			t.Errorf("%q: %d rows match, %v", name, p.Matching, err)
		}
		if i == 3 {
			if p, err := w.Delete(t.Context(), s, later, false); err != nil || p.Left != 0 || p.After != int64(len(names)-1) {
				t.Errorf("%q: %+v, %v", name, p, err)
			}
			calls[i].Project = "gone, so that the selection of the reference does not find it"
		}
	}
	for _, name := range names {
		var got proto.ColStr
		if err := w.rows(t.Context(), "SELECT "+literal(name), proto.Results{{Data: &got}}, func(int) error { return nil }); err != nil || got.Rows() > 0 && got.Row(0) != name {
			t.Errorf("%q: got %q, %v", name, got.Buf, err)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add("it's \\ a `name`\x00")
	f.Fuzz(func(t *testing.T, s string) {
		inside := strings.TrimSuffix(strings.TrimPrefix(literal(s), "'"), "'")
		if strings.ContainsAny(strings.ReplaceAll(inside, `\x`, ""), "'\\`\x00\n") {
			t.Errorf("%q is written as %s", s, literal(s))
		}
	})
}

func TestPasswordNeverShows(t *testing.T) {
	c := cluster(t, 1)
	const secret = "hunter2%25!"
	for _, address := range []string{
		"clickhouse://ana:" + secret + "@" + c.Address(0) + "/default",
		"clickhouse://ana:" + secret + "@127.0.0.1:1/default",
		"clickhouse://ana:" + secret + "@:9000/%zz",
		"clickhouse://ana:" + secret + "@" + c.Address(0) + "/default?sequre=true",
		"clickhouse://ana:" + secret + "@" + c.Address(0) + "/default?table=a.b",
		"clickhouse://ana:" + secret + "@" + c.Address(0) + "/default?secure=perhaps",
		"http://ana:" + secret + "@" + c.Address(0),
	} {
		_, err := Open(t.Context(), address, Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", address, err)
		}
	}
	p, err := parse("clickhouse://ana:hunter2@ch.example/costs?secure=true")
	if err != nil || p.password != "hunter2" || p.address != "ch.example:9440" || p.database != "costs" || p.table != "calls" {
		t.Errorf("%+v, %v", p, err)
	}
	if where := (&Warehouse{place: p}).Where(); where != "clickhouse://ana@ch.example:9440/costs, table calls" {
		t.Error(where)
	}
}

func TestEndOfAContextEndsTheQuery(t *testing.T) {
	c := cluster(t, 1)
	w := on(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	err := w.exec(ctx, "SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1")
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	for c.Count(t, 0, "default", "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(1)%' AND query NOT LIKE '%processes%'") > 0 {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("the server is still at it")
		}
		time.Sleep(50 * time.Millisecond)
	}
	// A new context works.
	if n := total(t, w); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// What a process leaves that dies in the middle is seen by nobody, and is removed once it counts as gone.
func TestCrashedImportIsAbsent(t *testing.T) {
	c := cluster(t, 1)
	db := c.Database(t)
	open := func(patience time.Duration) *Warehouse {
		w, err := Open(t.Context(), c.URL(db), Options{Patience: patience})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.Close() })
		return w
	}
	w := open(0)
	calls := warehousetest.Calls(2, 400)
	warehousetest.Import(t, w, "generic", "whole", calls[:100])

	// It has sent its rows and listed what they replace, and then dies.
	dying := begin(t, w, "torn", calls).(*batch)
	if err := dying.flush(); err != nil {
		t.Fatal(err)
	}
	close(dying.full)
	<-dying.sent
	dying.full = nil
	if err := dying.retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	dying.stop()
	if n := c.Count(t, 0, db, "SELECT count() FROM calls"); n != 500 {
		t.Fatalf("%d rows are stored, want 500", n)
	}
	warehousetest.Check(t, w, calls[:100], warehouse.Question{})

	// Others go on beside it.
	warehousetest.Import(t, w, "generic", "next", calls[100:200])
	warehousetest.Check(t, w, calls[:200], warehouse.Question{})

	time.Sleep(20 * time.Millisecond)
	swept := open(10 * time.Millisecond)
	if n := c.Count(t, 0, db, "SELECT count() FROM calls"); n != 200 {
		t.Errorf("%d rows are stored after the sweep, want 200", n)
	}
	warehousetest.Check(t, swept, calls[:200], warehouse.Question{})

	// It was not dead: its commit fails, and nothing changes.
	dying.stop = func() {}
	if err := w.locked(t.Context(), func(l *lock) error { return dying.commit(t.Context(), l) }); err == nil {
		t.Error("a batch that was swept was committed")
	}
	warehousetest.Check(t, w, calls[:200], warehouse.Question{})
	if r := warehousetest.Import(t, w, "generic", "torn", calls); r.Same != 200 || r.Added != 200 {
		t.Errorf("receipt %+v", r)
	}
}

// Two that read the same calls at the same time keep them once.
func TestImportsAtTheSameTime(t *testing.T) {
	c := cluster(t, 1)
	db := c.Database(t)
	calls := warehousetest.Calls(3, 300)
	var group sync.WaitGroup
	receipts := make([]warehouse.Receipt, 4)
	for i := range receipts {
		w, err := Open(t.Context(), c.URL(db), Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.Close() })
		group.Go(func() { receipts[i] = warehousetest.Import(t, w, "generic", fmt.Sprint("log ", i), calls) })
	}
	group.Wait()
	added := int64(0)
	for _, r := range receipts {
		added += r.Added
	}
	if added != 300 {
		t.Errorf("%d calls were added, want 300: %+v", added, receipts)
	}
	w, err := Open(t.Context(), c.URL(db), Options{})
	if err != nil {
		t.Fatal(err)
	}
	warehousetest.Check(t, w, calls, warehouse.Question{By: []warehouse.Dimension{warehouse.Project}})
}

func TestLockOfADeadProcessIsTaken(t *testing.T) {
	c := cluster(t, 1)
	db := c.Database(t)
	dead, err := Open(t.Context(), c.URL(db), Options{Patience: 40 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	l, err := dead.hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.stop()
	w, err := Open(t.Context(), c.URL(db), Options{Patience: 40 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	warehousetest.Import(t, w, "generic", "log", warehousetest.Calls(4, 50))
	if err := l.mine(t.Context()); err == nil {
		t.Error("the dead process still has the lock")
	}
	// One that lives is waited for.
	alive, err := w.hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	patient, err := Open(t.Context(), c.URL(db), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := patient.take(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("got %v", err)
	}
	if err := alive.release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDeletionWhileALogIsRead(t *testing.T) {
	w := on(t, cluster(t, 1))
	calls := warehousetest.Calls(5, 200)
	b := begin(t, w, "log", calls)
	s := warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.User, Values: []string{"ana"}}}}
	if _, err := w.Delete(t.Context(), s, later, false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "import it again") {
		t.Errorf("got %v", err)
	}
	if n := total(t, w); n != 0 {
		t.Errorf("%d rows", n)
	}
	r := warehousetest.Import(t, w, "generic", "log", calls)
	if r.Withheld == 0 || r.Added+r.Withheld != 200 {
		t.Errorf("receipt %+v", r)
	}
}

func TestTableOfOthersIsNotTaken(t *testing.T) {
	c := cluster(t, 1)
	db := c.Database(t)
	c.Exec(t, 0, db, "CREATE TABLE calls (x UInt64) ENGINE = MergeTree ORDER BY x")
	if _, err := Open(t.Context(), c.URL(db), Options{}); err == nil || !strings.Contains(err.Error(), "no table of this program") {
		t.Errorf("got %v", err)
	}
	w, err := Open(t.Context(), c.URL(db)+"?table=mine", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.Context(), c.URL(db)+"?cluster=nowhere", Options{}); err == nil || !strings.Contains(err.Error(), `no cluster "nowhere"`) {
		t.Errorf("got %v", err)
	}
	// A node would die of a database that it does not have.
	absent := (&pool{}).problem(t.Context(), &ch.Exception{Code: proto.ErrUnknownDatabase})
	if !strings.Contains(absent.Error(), "CREATE DATABASE") {
		t.Errorf("got %v", absent)
	}
}

// A call lies on the side of an epoch that its microsecond is on, and the engine's Go code agrees.
func TestTimesAreExactToTheMicrosecond(t *testing.T) {
	w := on(t, cluster(t, 1))
	epoch := time.Date(2026, 7, 30, 12, 0, 0, 0, time.UTC)
	var calls []usage.Call
	for i, at := range []time.Time{
		epoch.Add(-time.Microsecond), epoch, epoch.Add(time.Microsecond), time.Date(1971, 3, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(1989, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		u := usage.Call{ID: fmt.Sprint(i), Start: at, Model: "m", Requests: usage.Count{N: 1, Known: true}}
		u.Quantities[price.Request] = 1
		calls = append(calls, u)
	}
	warehousetest.Import(t, w, "generic", "log", calls)
	for d := warehouse.Hour; d <= warehouse.Month; d++ {
		warehousetest.Check(t, w, calls, warehouse.Question{By: []warehouse.Dimension{d}, Cuts: warehouse.Cuts{Epochs: []time.Time{epoch}, Minutes: []int{0, 720, 10_079}}})
	}
	for _, bound := range []time.Time{epoch, epoch.Add(1), epoch.Add(-1), epoch.Add(time.Microsecond)} {
		warehousetest.Check(t, w, calls, warehouse.Question{Selection: warehouse.Selection{From: bound}})
		warehousetest.Check(t, w, calls, warehouse.Question{Selection: warehouse.Selection{To: bound}})
		warehousetest.Check(t, w, calls, warehouse.Question{Cuts: warehouse.Cuts{Epochs: []time.Time{bound}}})
	}
}

// Rows that were there already take no space for ever.
func TestRowsThatNeverCountedAreRemoved(t *testing.T) {
	c := cluster(t, 1)
	w := on(t, c)
	calls := warehousetest.Calls(6, 300)
	warehousetest.Import(t, w, "generic", "log", calls)
	warehousetest.Import(t, w, "generic", "again", calls)
	if n := c.Count(t, 0, w.place.database, "SELECT count() FROM calls"); n != 600 {
		t.Fatalf("%d rows are stored, want 600", n)
	}
	if err := w.tidy(t.Context(), 2, many); err != nil {
		t.Fatal(err)
	}
	if n := c.Count(t, 0, w.place.database, "SELECT count() FROM calls"); n != 300 {
		t.Errorf("%d rows are stored, want 300", n)
	}
	warehousetest.Check(t, w, calls, warehouse.Question{By: []warehouse.Dimension{warehouse.User}})
}
