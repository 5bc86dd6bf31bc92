package warehousetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/price"
	"breakeven/usage"
)

// at is when the suite's imports and deletions happen: after all of its calls.
var at = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Run tests that an engine does what package warehouse says. Open opens an empty place of its own for each call.
func Run(t *testing.T, open func(t *testing.T) warehouse.Engine) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e warehouse.Engine)
	}{
		{"nothing kept", nothing},
		{"questions", questions},
		{"selections", selections},
		{"scan", scan},
		{"imports", imports},
		{"a log twice", twice},
		{"a log that is known late", late},
		{"overlapping logs", overlapping},
		{"a bucket that grew", grown},
		{"a call stated twice", stated},
		{"abort", abort},
		{"delete", deletion},
		{"retention", retention},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := open(t)
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
			test.run(t, e)
		})
	}
}

// Import takes calls in as the log of a format, under a name that is its digest too.
func Import(t testing.TB, e warehouse.Engine, format, name string, calls []usage.Call) warehouse.Receipt {
	t.Helper()
	b, err := e.Import(t.Context(), warehouse.Origin{Name: name, Format: format, Digest: name, At: at})
	if err != nil {
		t.Fatal(err)
	}
	var one usage.Call // reused, as readers do
	for i := range calls {
		one = calls[i]
		if err := b.Add(&one); err != nil {
			t.Fatal(err)
		}
	}
	r, err := b.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Abort(); err != nil {
		t.Fatal("abort after commit:", err)
	}
	if r.Rows != int64(len(calls)) || r.Rows != r.Added+r.Same+r.Replaced+r.Withheld {
		t.Fatalf("%d calls, but the receipt says %+v", len(calls), r)
	}
	return r
}

// Ask asks an engine and sorts the answer.
func Ask(t testing.TB, e warehouse.Engine, q warehouse.Question) []*warehouse.Group {
	t.Helper()
	var got []*warehouse.Group
	if err := e.Ask(t.Context(), q, func(g *warehouse.Group) error {
		got = append(got, g)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	Sort(got)
	return got
}

// Check asks an engine and compares with the reference.
func Check(t testing.TB, e warehouse.Engine, calls []usage.Call, q warehouse.Question) {
	t.Helper()
	got, want := Ask(t, e, q), Want(calls, q)
	if len(got) != len(want) {
		t.Errorf("by %v: %d groups, want %d", q.By, len(got), len(want))
		return
	}
	for i := range got {
		got[i].Start, want[i].Start = got[i].Start.UTC(), want[i].Start.UTC()
		if !got[i].End.IsZero() {
			got[i].End, want[i].End = got[i].End.UTC(), want[i].End.UTC()
		}
		if len(got[i].Key) == 0 && len(want[i].Key) == 0 {
			got[i].Key, want[i].Key = nil, nil
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("by %v, group %d:\n got %+v\nwant %+v", q.By, i, *got[i], *want[i])
			return
		}
	}
}

// all is the question that tells the most apart.
func all() warehouse.Question {
	return warehouse.Question{By: []warehouse.Dimension{
		warehouse.Hour, warehouse.Project, warehouse.User, warehouse.Key,
	}, Cuts: cuts()}
}

func cuts() warehouse.Cuts {
	return warehouse.Cuts{
		Epochs:  []time.Time{First.Add(-time.Hour), First.Add(30 * time.Hour), First.Add(30*time.Hour + 17*time.Minute), First.Add(72 * time.Hour), First.Add(7 * 24 * time.Hour)},
		Bands:   []int64{1_000, 128_001, 200_001},
		Minutes: []int{30, 16*60 + 30, 3 * 24 * 60},
	}
}

func nothing(t *testing.T, e warehouse.Engine) {
	if e.Where() == "" {
		t.Error("an engine without a name")
	}
	contents, err := e.Contents(t.Context(), warehouse.Selection{})
	if err != nil || len(contents) != 0 {
		t.Errorf("contents %v, %v", contents, err)
	}
	if got := Ask(t, e, all()); len(got) != 0 {
		t.Errorf("%d groups of nothing", len(got))
	}
	if err := e.Scan(t.Context(), warehouse.Selection{}, func(*usage.Call) error { return errors.New("a call of nothing") }); err != nil {
		t.Error(err)
	}
	if list, err := e.Imports(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("imports %v, %v", list, err)
	}
	p, err := e.Delete(t.Context(), project("search"), at, false)
	if err != nil || p.Before != 0 || p.Matching != 0 || p.After != 0 || p.Left != 0 {
		t.Errorf("proof %+v, %v", p, err)
	}
}

func questions(t *testing.T, e warehouse.Engine) {
	calls := Calls(1, 3_000)
	if r := Import(t, e, "generic", "log", calls); r.Added != 3_000 {
		t.Errorf("receipt %+v", r)
	}
	var every []warehouse.Dimension
	for d := range warehouse.DimensionCount {
		every = append(every, d)
		Check(t, e, calls, warehouse.Question{By: []warehouse.Dimension{d}})
		Check(t, e, calls, warehouse.Question{By: []warehouse.Dimension{d}, Cuts: cuts()})
	}
	c := cuts()
	for _, q := range []warehouse.Question{
		{},
		{By: []warehouse.Dimension{warehouse.Day, warehouse.Model, warehouse.Project}},
		{By: []warehouse.Dimension{warehouse.Project, warehouse.Project, warehouse.Month}, Cuts: c},
		{By: every, Cuts: c},
		{Cuts: warehouse.Cuts{Epochs: c.Epochs}},
		{Cuts: warehouse.Cuts{Bands: c.Bands}},
		{Cuts: warehouse.Cuts{Minutes: c.Minutes}},
		{Cuts: warehouse.Cuts{Epochs: everyMinute(2_000)}},
	} {
		Check(t, e, calls, q)
	}
	stop := errors.New("enough")
	if err := e.Ask(t.Context(), all(), func(*warehouse.Group) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("emit's error: got %v", err)
	}
}

func everyMinute(n int) []time.Time {
	epochs := make([]time.Time, n)
	for i := range epochs {
		epochs[i] = First.Add(time.Duration(i) * time.Minute)
	}
	return epochs
}

func project(names ...string) warehouse.Selection {
	return warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.Project, Values: names}}}
}

// someSelections are selections of [Calls].
func someSelections() []warehouse.Selection {
	noon := First.Add(60*time.Hour + 123*time.Microsecond)
	list := []warehouse.Selection{
		{},
		{From: noon},
		{To: noon},
		{From: noon, To: noon.Add(90 * time.Minute)},
		{From: noon, To: noon},
		{From: First.AddDate(1, 0, 0)},
		project("nobody"),
		project("search", "", "it's \"quoted\" \\ ünï"),
		{Only: []warehouse.Filter{{Dimension: warehouse.Project}}},
		{From: noon, Only: []warehouse.Filter{{Dimension: warehouse.Model, Values: []string{"model-1", "model-2"}}, {Dimension: warehouse.User, Values: []string{"ana", ""}}}},
	}
	for d, value := range map[warehouse.Dimension]string{
		warehouse.Model: "model-3", warehouse.Provider: "anthropic", warehouse.User: "bo", warehouse.Key: "key-a", warehouse.Tier: price.Batch.String(),
	} {
		list = append(list, warehouse.Selection{Only: []warehouse.Filter{{Dimension: d, Values: []string{value}}}})
	}
	return list
}

func selections(t *testing.T, e warehouse.Engine) {
	calls := Calls(2, 2_000)
	Import(t, e, "generic", "log", calls)
	for _, s := range someSelections() {
		Check(t, e, calls, warehouse.Question{Selection: s, By: []warehouse.Dimension{warehouse.Day, warehouse.User}, Cuts: cuts()})
		got, err := e.Contents(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		checkContents(t, got, calls, s)
	}
}

func checkContents(t *testing.T, got []warehouse.Content, calls []usage.Call, s warehouse.Selection) {
	t.Helper()
	want := map[string]warehouse.Content{}
	name := func(c warehouse.Content) string {
		return fmt.Sprintf("%q %q %q %d", c.Provider, c.Model, c.Region, c.Tier)
	}
	for i := range calls {
		c := &calls[i]
		if !s.Lets(c) {
			continue
		}
		one := warehouse.Content{Provider: c.Provider, Model: c.Model, Region: c.Region, Tier: c.Tier, First: c.Start, Last: c.Start}
		have, ok := want[name(one)]
		if !ok {
			have = one
		}
		have.Rows++
		if c.Start.Before(have.First) {
			have.First = c.Start
		}
		if c.Start.After(have.Last) {
			have.Last = c.Start
		}
		want[name(one)] = have
	}
	if len(got) != len(want) {
		t.Errorf("selection %+v: %d contents, want %d", s, len(got), len(want))
		return
	}
	for _, c := range got {
		w := want[name(c)]
		if c.Rows != w.Rows || !c.First.Equal(w.First) || !c.Last.Equal(w.Last) {
			t.Errorf("selection %+v: content %+v, want %+v", s, c, w)
			return
		}
	}
}

func scan(t *testing.T, e warehouse.Engine) {
	calls := Calls(3, 1_500)
	// Two imports, so that what is kept lies in two places.
	Import(t, e, "generic", "one", calls[:700])
	Import(t, e, "generic", "two", calls[700:])
	for _, s := range someSelections() {
		want := map[string]int{}
		rows := 0
		for i := range calls {
			if s.Lets(&calls[i]) {
				want[said(&calls[i])]++
				rows++
			}
		}
		last, ids := time.Time{}, map[string]bool{}
		err := e.Scan(t.Context(), s, func(c *usage.Call) error {
			if c.Start.Before(last) {
				t.Errorf("%v after %v", c.Start, last)
			}
			last = c.Start
			if len(c.ID) != 32 || ids[c.ID] {
				t.Errorf("the identifier %q is no row key of its own", c.ID)
			}
			ids[c.ID] = true
			if want[said(c)]--; want[said(c)] < 0 {
				t.Errorf("selection %+v: a call that was not added, or too often: %s", s, said(c))
			}
			rows--
			return nil
		})
		if err != nil || rows != 0 {
			t.Errorf("selection %+v: %d calls too few, %v", s, rows, err)
		}
	}
	stop := errors.New("enough")
	if err := e.Scan(t.Context(), warehouse.Selection{}, func(*usage.Call) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("emit's error: got %v", err)
	}
}

// said is all that a call says but its identifier.
func said(c *usage.Call) string {
	return fmt.Sprintf("%d %d %v %q %q %q %d %d %v %q %q %q %q %d %d %t %v %d", c.Start.UnixMicro(), c.End.UnixMicro(), c.Requests, c.Provider, c.Model, c.Region, c.Tier,
		c.ContextOver, [price.KindCount]int64(c.Quantities), c.Project, c.APIKey, c.User, c.Session, c.Latency, c.TTFT, c.Failed, c.Reported, c.Line)
}

func imports(t *testing.T, e warehouse.Engine) {
	calls := Calls(4, 500)
	first := Import(t, e, "generic", "first", calls[:300])
	second := Import(t, e, "litellm", "second", calls[300:])
	if first.ID == "" || first.ID == second.ID {
		t.Errorf("the imports are called %q and %q", first.ID, second.ID)
	}
	list, err := e.Imports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].ID != second.ID || list[1].ID != first.ID {
		t.Fatalf("imports %+v", list)
	}
	got := list[1]
	lo, hi := calls[0].Start, calls[0].Start
	for _, c := range calls[:300] {
		if c.Start.Before(lo) {
			lo = c.Start
		}
		if c.Start.After(hi) {
			hi = c.Start
		}
	}
	if got.Name != "first" || got.Format != "generic" || got.Digest != "first" || !got.At.Equal(at) || got.Rows != 300 || got.Added != 300 || !got.First.Equal(lo) || !got.Last.Equal(hi) {
		t.Errorf("receipt %+v", got)
	}
}

func twice(t *testing.T, e warehouse.Engine) {
	calls := Calls(5, 2_000)
	r := Import(t, e, "generic", "log", calls)
	_, err := e.Import(t.Context(), warehouse.Origin{Name: "other name", Format: "generic", Digest: "log", At: at})
	known := &warehouse.KnownError{}
	if !errors.As(err, &known) || known.Receipt.ID != r.ID {
		t.Errorf("the same digest: got %v, want a *KnownError of %s", err, r.ID)
	}
	// The same calls in another order, as another file.
	again := slices.Clone(calls)
	slices.Reverse(again)
	if r := Import(t, e, "generic", "log again", again); r.Same != 2_000 {
		t.Errorf("the same calls in another file: %+v", r)
	}
	Check(t, e, calls, all())
	// Another format's rows are other rows.
	if r := Import(t, e, "litellm", "other", calls); r.Added != 2_000 {
		t.Errorf("the same calls in another format: %+v", r)
	}
	Check(t, e, append(again, calls...), all())
}

// late takes logs in whose digest is known only while they are read.
func late(t *testing.T, e warehouse.Engine) {
	calls := Calls(6, 500)
	begin := func(name string) warehouse.Batch {
		t.Helper()
		b, err := e.Import(t.Context(), warehouse.Origin{Name: name, Format: "generic", At: at})
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
	refused := func(what string, err error, id string) {
		t.Helper()
		known := &warehouse.KnownError{}
		if !errors.As(err, &known) || known.Receipt.ID != id {
			t.Errorf("%s: got %v, want a *KnownError of %s", what, err, id)
		}
	}
	// Two programs read the same log at once. The one that commits later is refused.
	first, second := begin("first"), begin("second")
	for _, b := range []warehouse.Batch{first, second} {
		if err := b.Identify("log"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := first.Commit(t.Context())
	if err != nil || r.Digest != "log" || r.Added != 500 {
		t.Fatalf("receipt %+v, %v", r, err)
	}
	_, err = second.Commit(t.Context())
	refused("a commit after another of the same log", err, r.ID)
	// A third is refused as soon as it says what it reads.
	third := begin("third")
	refused("an import of a known log", third.Identify("log"), r.ID)
	if err := third.Abort(); err != nil {
		t.Fatal(err)
	}
	_, err = e.Import(t.Context(), warehouse.Origin{Name: "fourth", Format: "generic", Digest: "log", At: at})
	refused("an import that says so at once", err, r.ID)
	Check(t, e, calls, all())
}

func overlapping(t *testing.T, e warehouse.Engine) {
	// Calls that are equal stand beside one another, so that a cut between them would make them one; leave them out.
	var calls []usage.Call
	seen := map[warehouse.RowKey]bool{}
	for _, c := range Calls(6, 3_000) {
		key, _ := warehouse.KeyOf("generic", &c)
		if !seen[key] {
			calls = append(calls, c)
		}
		seen[key] = true
	}
	n := len(calls)
	Import(t, e, "generic", "one", calls[:2*n/3])
	r := Import(t, e, "generic", "two", calls[n/3:])
	if same := int64(2*n/3 - n/3); r.Same != same || r.Added != int64(n-n/3)-same {
		t.Errorf("overlap of %d: %+v", same, r)
	}
	Check(t, e, calls, all())
}

// bucket is an hour of a report.
func bucket(hour int, input, requests int64) usage.Call {
	c := usage.Call{
		Start: First.Add(time.Duration(hour) * time.Hour), End: First.Add(time.Duration(hour+1) * time.Hour), Requests: usage.Count{N: requests, Known: true},
		Provider: "openai", Model: "model-1", Project: "search",
	}
	c.Quantities[price.Input], c.Quantities[price.Request] = input, requests
	return c
}

func grown(t *testing.T, e warehouse.Engine) {
	Import(t, e, "openai_usage", "at noon", []usage.Call{bucket(10, 1_000, 5), bucket(11, 2_000, 7), bucket(12, 30, 1)})
	r := Import(t, e, "openai_usage", "at one", []usage.Call{bucket(10, 1_000, 5), bucket(11, 2_000, 7), bucket(12, 400, 3), bucket(13, 5, 1)})
	if r.Added != 1 || r.Same != 2 || r.Replaced != 1 {
		t.Errorf("receipt %+v", r)
	}
	Check(t, e, []usage.Call{bucket(10, 1_000, 5), bucket(11, 2_000, 7), bucket(12, 400, 3), bucket(13, 5, 1)}, all())
	// Two rows of one report that are about the same are two rows, as where it has a column that is not kept; a later
	// report replaces each of them.
	Import(t, e, "openai_usage", "split", []usage.Call{bucket(20, 1, 1), bucket(20, 2, 1)})
	Check(t, e, []usage.Call{bucket(10, 1_000, 5), bucket(11, 2_000, 7), bucket(12, 400, 3), bucket(13, 5, 1), bucket(20, 1, 1), bucket(20, 2, 1)}, all())
	if r := Import(t, e, "openai_usage", "split later", []usage.Call{bucket(20, 1, 1), bucket(20, 9, 4)}); r.Same != 1 || r.Replaced != 1 {
		t.Errorf("receipt %+v", r)
	}
}

func stated(t *testing.T, e warehouse.Engine) {
	call := func(id string, output int64) usage.Call {
		c := usage.Call{ID: id, Start: First, Requests: usage.Count{N: 1, Known: true}, Model: "model-1"}
		c.Quantities[price.Output], c.Quantities[price.Request] = output, 1
		return c
	}
	// a is stated twice by one log: the longer answer counts.
	r := Import(t, e, "claude_code", "one", []usage.Call{call("a", 5), call("b", 50), call("a", 20)})
	if r.Added != 2 || r.Same != 1 {
		t.Errorf("receipt %+v", r)
	}
	Check(t, e, []usage.Call{call("a", 20), call("b", 50)}, all())
	// Later b is stated with less, a with more.
	r = Import(t, e, "claude_code", "two", []usage.Call{call("a", 21), call("b", 1), call("c", 3)})
	if r.Added != 1 || r.Same != 1 || r.Replaced != 1 {
		t.Errorf("receipt %+v", r)
	}
	Check(t, e, []usage.Call{call("a", 21), call("b", 50), call("c", 3)}, all())
}

func abort(t *testing.T, e warehouse.Engine) {
	calls := Calls(7, 300)
	b, err := e.Import(t.Context(), warehouse.Origin{Name: "log", Format: "generic", Digest: "log", At: at})
	if err != nil {
		t.Fatal(err)
	}
	for i := range calls {
		if err := b.Add(&calls[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Add(&usage.Call{Model: "model-1"}); !errors.Is(err, warehouse.ErrNoTime) {
		t.Errorf("a call without a time: got %v", err)
	}
	if got := Ask(t, e, all()); len(got) != 0 {
		t.Errorf("%d groups before the commit", len(got))
	}
	if err := b.Abort(); err != nil {
		t.Fatal(err)
	}
	if got := Ask(t, e, all()); len(got) != 0 {
		t.Errorf("%d groups after the abort", len(got))
	}
	// What was dropped can be taken in.
	Import(t, e, "generic", "log", calls)
	Check(t, e, calls, all())
}

// without are the calls that a selection does not let through.
func without(calls []usage.Call, s warehouse.Selection) []usage.Call {
	return slices.DeleteFunc(slices.Clone(calls), func(c usage.Call) bool { return s.Lets(&c) })
}

func deletion(t *testing.T, e warehouse.Engine) {
	calls := Calls(8, 2_000)
	Import(t, e, "generic", "log", calls)
	s := project("search", "support")
	s.To = First.Add(100 * time.Hour)
	left := without(calls, s)
	gone := int64(len(calls) - len(left))

	p, err := e.Delete(t.Context(), s, at, true)
	if err != nil || !p.Dry || p.Matching != gone || p.Before != 2_000 || p.After != 2_000 {
		t.Fatalf("dry: %+v, %v", p, err)
	}
	Check(t, e, calls, all())

	p, err = e.Delete(t.Context(), s, at, false)
	if err != nil || p.Dry || p.Matching != gone || p.Before != 2_000 || p.After != int64(len(left)) || p.Left != 0 || !p.At.Equal(at) {
		t.Fatalf("%+v, %v", p, err)
	}
	removed := int64(0)
	for _, part := range p.Parts {
		removed += part.Removed
	}
	if removed != gone {
		t.Errorf("%d rows left the parts, %d were selected", removed, gone)
	}
	for _, name := range []string{"search", "support"} {
		if text := fmt.Sprintf("%+v", p); strings.Contains(text, name) {
			t.Errorf("the proof names %q: %s", name, text)
		}
	}
	Check(t, e, left, all())

	// Their log does not bring them back; a later call of the project is welcome.
	r := Import(t, e, "generic", "log again", calls)
	if r.Withheld != gone || r.Same != int64(len(left)) || r.Added != 0 {
		t.Errorf("receipt %+v, %d are deleted", r, gone)
	}
	Check(t, e, left, all())
	later := calls[0]
	later.ID, later.Project, later.Start, later.End = "later", "search", s.To, time.Time{}
	if r := Import(t, e, "generic", "later", []usage.Call{later}); r.Added != 1 {
		t.Errorf("receipt %+v", r)
	}
	Check(t, e, append(slices.Clone(left), later), all())

	// Without a bound of time, what began before the deletion is withheld.
	ana := warehouse.Selection{Only: []warehouse.Filter{{Dimension: warehouse.User, Values: []string{"ana"}}, {Dimension: warehouse.Model, Values: []string{"model-1", "model-2"}}}}
	if p, err = e.Delete(t.Context(), ana, at, false); err != nil || p.Left != 0 || p.Matching == 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	left = without(append(left, later), ana)
	Import(t, e, "generic", "log once more", calls)
	Check(t, e, left, all())
}

func retention(t *testing.T, e warehouse.Engine) {
	calls := Calls(9, 1_000)
	Import(t, e, "generic", "log", calls)
	s := warehouse.Selection{To: First.Add(3*24*time.Hour + time.Minute)}
	left := without(calls, s)
	p, err := e.Delete(t.Context(), s, at, false)
	if err != nil || p.Matching != int64(len(calls)-len(left)) || p.After != int64(len(left)) || p.Left != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	Check(t, e, left, all())
	// Old calls are not banned: who takes an old log in on purpose has it.
	Import(t, e, "generic", "log again", calls)
	Check(t, e, calls, all())
}
