package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// Four days of one table. What is known, what changed and what it means is told on every day, and about every day
// afterwards.
func TestRecord(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		s := open(t, dsn)

		// On the first day the source states three rates. None of them is a change: nothing was known before.
		first := rates(t, litellm, at("01-01"), "acme a input", "3", "acme a output", "15", "acme b input", "1")
		if r := record(t, s, first); !r.New || !r.Baseline || r.Opened != 3 || r.Closed != 0 || len(r.Changes) != 0 || r.Run.Outcome != OK {
			t.Errorf("first day: %+v", r)
		}
		// On the second, a is cheaper, b is gone and c is new.
		second := rates(t, litellm, at("01-02"), "acme a input", "2", "acme a output", "15", "acme c input", "5")
		r := record(t, s, second)
		if !r.New || r.Baseline || r.Opened != 2 || r.Closed != 2 || r.Run.Changes != 3 {
			t.Errorf("second day: %+v", r)
		}
		if got := words(r.Changes); !slices.Equal(got, []string{
			"1 acme/a input 3 -> 2 price_change", "2 acme/b input 1 -> nothing removal", "3 acme/c input nothing -> 5 addition",
		}) {
			t.Errorf("second day: %q", got)
		}
		// On the third it says the same, and gives itself a later date.
		third := rates(t, litellm, at("01-03"), "acme a input", "2", "acme a output", "15", "acme c input", "5")
		if r := record(t, s, third); r.New || r.Opened != 0 || len(r.Changes) != 0 || r.Run.Outcome != Unchanged {
			t.Errorf("third day: %+v", r)
		}
		// On the fourth it says what it said on the first. The content is known; that b is back is not a new
		// statement of an old row but a new row.
		fourth := rates(t, litellm, at("01-04"), "acme a input", "3", "acme a output", "15", "acme b input", "1")
		r = record(t, s, fourth)
		if r.New || r.Run.Outcome != OK || r.Opened != 2 || r.Closed != 2 {
			t.Errorf("fourth day: %+v", r)
		}
		if got := words(r.Changes); !slices.Equal(got, []string{
			"4 acme/a input 2 -> 3 revert", "5 acme/b input nothing -> 1 addition", "6 acme/c input 5 -> nothing removal",
		}) {
			t.Errorf("fourth day: %q", got)
		}

		for known, want := range map[time.Time][]string{
			{}:              {"a input 3", "a output 15", "b input 1"}, // now
			at("01-04", 12): {"a input 3", "a output 15", "b input 1"},
			at("01-03"):     {"a input 2", "a output 15", "c input 5"},
			at("01-02"):     {"a input 2", "a output 15", "c input 5"},
			at("01-01", 23): {"a input 3", "a output 15", "b input 1"},
			at("01-01", -1): nil,
		} {
			facts, err := s.Facts(ctx, FactFilter{Known: known})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range facts {
				got = append(got, fmt.Sprintf("%s %s %s", f.Model, f.Kind, f.Rate))
			}
			if !slices.Equal(got, want) {
				t.Errorf("known at %v: %q, want %q", known, got, want)
			}
		}

		// The history of a's input is three steps without a gap.
		steps, err := s.History(ctx, "acme", "a", "input", registry.Standard)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range steps {
			got = append(got, fmt.Sprintf("%s from %s to %s", f.Rate, f.Recorded.From.Format("01-02"), f.Recorded.To.Format("01-02")))
		}
		if !slices.Equal(got, []string{"3 from 01-01 to 01-02", "2 from 01-02 to 01-04", "3 from 01-04 to 01-01"}) { // the zero time prints as 01-01
			t.Errorf("history: %q", got)
		}

		sources, err := s.Sources(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(sources) != 1 || sources[0].Source != litellm || sources[0].Snapshot.ID != first.ID || !sources[0].Snapshot.Taken.Equal(at("01-01")) ||
			!sources[0].Success.Taken.Equal(at("01-04")) || sources[0].Success.Date != "2026-01-04" || sources[0].Last.ID != 4 {
			t.Errorf("sources: %+v", sources)
		}
		counts, err := s.Counts(ctx)
		if want := (Counts{Sources: 1, Snapshots: 2, Runs: 4, Facts: 7, OpenFacts: 3, Changes: 6}); err != nil || counts != want {
			t.Errorf("counts: %+v, %v; want %+v", counts, err, want)
		}
		if infos, err := s.Snapshots(ctx, "litellm"); err != nil || len(infos) != 2 || infos[0].ID != second.ID || infos[1].Facts != 3 {
			t.Errorf("snapshots: %+v, %v", infos, err)
		}
		back, err := s.Snapshot(ctx, second.ID)
		if err != nil || back.ID != second.ID || back.Source != litellm || !slices.Equal(back.Facts, second.Facts) || !back.Taken.Equal(second.Taken) {
			t.Errorf("read back: %+v, %v", back, err)
		}
		if latest, err := s.Latest(ctx, "litellm"); err != nil || latest.ID != first.ID || !latest.Taken.Equal(at("01-04")) || latest.Date != "2026-01-04" {
			t.Errorf("latest: %+v, %v", latest, err)
		}
		report := audit(t, s)
		if head, err := s.Head(ctx); err != nil || head != report.Head || head.Seq != 6 || head.Hash != r.Changes[2].Hash {
			t.Errorf("head %+v, %v; audit %+v", head, err, report)
		}
		if report.Runs != 4 || report.Snapshots != 2 || report.Facts != 7 {
			t.Errorf("audit: %+v", report)
		}
	})
}

// words tells changes in short.
func words(changes []Change) []string {
	rate := func(r *money.Rate) string {
		if r == nil {
			return "nothing"
		}
		return r.String()
	}
	var all []string
	for _, c := range changes {
		all = append(all, fmt.Sprintf("%d %s %s -> %s %s", c.Seq, c.Key, rate(c.From), rate(c.To), c.Class))
	}
	return all
}

// A source says in January that a price doubles in June. The vendor's time and ours are two axes: in May, asked for
// May and for July, the answers differ; asked for July as known in December before, there is none.
func TestEffectiveTime(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		k := key(t, "acme a input")
		record(t, s, registry.NewSnapshot(litellm, at("01-01"), "", []registry.Fact{
			{Key: k, Rate: usd(t, "1"), Effective: price.Interval{To: at("06-01")}},
			{Key: k, Rate: usd(t, "2"), Effective: price.Interval{From: at("06-01")}},
		}))
		// In March it takes that back.
		record(t, s, registry.NewSnapshot(litellm, at("03-01"), "", []registry.Fact{{Key: k, Rate: usd(t, "1")}}))
		for _, tt := range []struct {
			effective, known string
			want             string
		}{
			{"05-31", "02-01", "1"},
			{"06-01", "02-01", "2"},
			{"07-01", "02-01", "2"},
			{"07-01", "03-01", "1"},
			{"05-01", "04-01", "1"},
		} {
			facts, err := s.Facts(t.Context(), FactFilter{Provider: "acme", Model: "a", Effective: at(tt.effective), Known: at(tt.known)})
			if err != nil {
				t.Fatal(err)
			}
			if len(facts) != 1 || facts[0].Rate.String() != tt.want {
				t.Errorf("charged on %s as known on %s: %+v, want %s", tt.effective, tt.known, facts, tt.want)
			}
		}
		if facts, err := s.Facts(t.Context(), FactFilter{Effective: at("07-01"), Known: at("01-01", -1)}); err != nil || len(facts) != 0 {
			t.Errorf("known before it was read: %+v, %v", facts, err)
		}
		audit(t, s)
	})
}

// A source that fails keeps what it said, and its failure is on record.
func TestFailedRun(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		s := open(t, dsn)
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3"))

		run, err := s.Begin(ctx, "litellm", at("01-02"))
		if err != nil {
			t.Fatal(err)
		}
		run.Finished, run.HTTP = at("01-02", 1), HTTP{Status: 503}
		if run, err = s.Fail(ctx, run, errors.New("503 Service Unavailable")); err != nil || run.Outcome != Failed {
			t.Fatal(run, err)
		}
		sources, err := s.Sources(ctx)
		if err != nil {
			t.Fatal(err)
		}
		last, success := sources[0].Last, sources[0].Success
		if last.Error != "503 Service Unavailable" || last.HTTP.Status != 503 || !last.Finished.Equal(at("01-02", 1)) || success.ID != 1 || sources[0].Snapshot == nil {
			t.Errorf("after a failure: %+v", sources[0])
		}
		if facts, err := s.Facts(ctx, FactFilter{}); err != nil || len(facts) != 1 {
			t.Errorf("the last good data is gone: %+v, %v", facts, err)
		}

		// The server says that nothing changed, and how to ask the next time.
		run, err = s.Begin(ctx, "litellm", at("01-03"))
		if err != nil {
			t.Fatal(err)
		}
		run.Finished, run.HTTP = at("01-03", 1), HTTP{Status: 304, ETag: `"abc"`, LastModified: "Thu, 01 Jan 2026 00:00:00 GMT"}
		if run, err = s.Unchanged(ctx, run); err != nil || run.Outcome != Unchanged {
			t.Fatal(run, err)
		}
		runs, err := s.Runs(ctx, RunFilter{Source: "litellm", Outcomes: []Outcome{Unchanged}})
		if err != nil || len(runs) != 1 || runs[0].HTTP != run.HTTP || !runs[0].Taken.Equal(at("01-03", 1)) || runs[0].Snapshot == "" || runs[0].Date != "2026-01-01" {
			t.Errorf("unchanged: %+v, %v", runs, err)
		}
		if page, err := s.Runs(ctx, RunFilter{Before: 3, Limit: 1}); err != nil || len(page) != 1 || page[0].ID != 2 {
			t.Errorf("second page: %+v, %v", page, err)
		}

		// A source that was never read can fail, and cannot be unchanged.
		other, err := s.Begin(ctx, "portkey", at("01-03"))
		if err != nil {
			t.Fatal(err)
		}
		other.Finished = at("01-03", 1)
		if _, err := s.Unchanged(ctx, other); !errors.Is(err, ErrNotFound) {
			t.Errorf("unchanged without a snapshot: %v", err)
		}
		if _, err := s.Fail(ctx, other, errors.New("\xff broken \x00 text")); err != nil {
			t.Errorf("a message that no database takes as it is: %v", err)
		}
		if sources, err = s.Sources(ctx); err != nil || len(sources) != 2 || sources[1].Source.ID != "portkey" || sources[1].Success != nil {
			t.Errorf("sources: %+v, %v", sources, err)
		}
		audit(t, s)
	})
}

// A run ends once, as what it began as. One that was cut off is ended by the next one, an hour later.
func TestRunEndsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		s := open(t, dsn)
		run, err := s.Begin(ctx, "litellm", at("01-01"))
		if err != nil {
			t.Fatal(err)
		}
		other := registry.Source{ID: "portkey"}
		var invalid *InvalidError
		if _, err := s.Record(ctx, run, rates(t, other, at("01-01"), "acme a input", "3")); !errors.As(err, &invalid) {
			t.Errorf("a snapshot of another source: %v", err)
		}
		if _, err := s.Record(ctx, Run{ID: 99}, rates(t, litellm, at("01-01"), "acme a input", "3")); !errors.Is(err, ErrNotFound) {
			t.Errorf("a run that never began: %v", err)
		}
		early := run
		early.Finished = at("01-01", -1)
		if _, err := s.Record(ctx, early, rates(t, litellm, at("01-01"), "acme a input", "3")); !errors.As(err, &invalid) {
			t.Errorf("finished before it began: %v", err)
		}
		run.HTTP.ETag = `"v1"`
		if r, err := s.Record(ctx, run, rates(t, litellm, at("01-01", 1), "acme a input", "3")); err != nil || !r.Run.Finished.Equal(at("01-01", 1)) || r.Run.HTTP.ETag != `"v1"` {
			t.Fatal(r, err)
		}
		if _, err := s.Record(ctx, run, rates(t, litellm, at("01-02"), "acme a input", "4")); !errors.Is(err, ErrFinished) {
			t.Errorf("a second end: %v", err)
		}
		run.Finished = at("01-02")
		if _, err := s.Fail(ctx, run, errors.New("late")); !errors.Is(err, ErrFinished) {
			t.Errorf("a failure after the end: %v", err)
		}

		cut, err := s.Begin(ctx, "litellm", at("01-03"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Begin(ctx, "litellm", at("01-03").Add(RunLimit)); err != nil { // not yet older than the limit
			t.Fatal(err)
		}
		if runs, err := s.Runs(ctx, RunFilter{Outcomes: []Outcome{Running}}); err != nil || len(runs) != 2 {
			t.Errorf("running: %+v, %v", runs, err)
		}
		if _, err := s.Begin(ctx, "litellm", at("01-03", 1).Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		runs, err := s.Runs(ctx, RunFilter{Outcomes: []Outcome{Failed}})
		if err != nil || len(runs) != 1 || runs[0].ID != cut.ID || !strings.Contains(runs[0].Error, "cut off") {
			t.Errorf("cut off: %+v, %v", runs, err)
		}
		audit(t, s)
	})
}

// What was read before cannot be recorded after: the recorded axis runs one way.
func TestReadingsInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		s := open(t, dsn)
		record(t, s, rates(t, litellm, at("01-02"), "acme a input", "3"))
		var order *OrderError
		for _, taken := range []time.Time{at("01-01"), at("01-02")} {
			if _, err := s.Record(ctx, Run{}, rates(t, litellm, taken, "acme a input", "4")); !errors.As(err, &order) || !order.Last.Equal(at("01-02")) {
				t.Errorf("other rates read at %s: %v", taken, err)
			}
		}
		if _, err := s.Record(ctx, Run{}, rates(t, litellm, at("01-01"), "acme a input", "3")); !errors.As(err, &order) {
			t.Errorf("the same rates read before: %v", err)
		}
		// The same at the same instant is harmless, and a source of its own has a time of its own.
		record(t, s, rates(t, litellm, at("01-02"), "acme a input", "3"))
		record(t, s, rates(t, registry.Source{ID: "portkey"}, at("01-01"), "acme a input", "3"))
		// A refused record leaves no run behind.
		if c, err := s.Counts(ctx); err != nil || c.Runs != 3 {
			t.Errorf("%+v, %v", c, err)
		}
		audit(t, s)
	})
}

func TestInvalidSnapshots(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		good := registry.Fact{Key: key(t, "acme a input"), Rate: usd(t, "3")}
		with := func(edit func(*registry.Fact)) []registry.Fact {
			f := good
			edit(&f)
			return []registry.Fact{f}
		}
		forged := registry.NewSnapshot(litellm, at("01-01"), "", []registry.Fact{good})
		forged.Facts = with(func(f *registry.Fact) { f.Rate = 4 })
		for name, snapshot := range map[string]registry.Snapshot{
			"nothing":               {},
			"no facts":              registry.NewSnapshot(litellm, at("01-01"), "", nil),
			"no source":             registry.NewSnapshot(registry.Source{}, at("01-01"), "", []registry.Fact{good}),
			"a source with lines":   registry.NewSnapshot(registry.Source{ID: "a\nb"}, at("01-01"), "", []registry.Fact{good}),
			"no instant":            registry.NewSnapshot(litellm, time.Time{}, "", []registry.Fact{good}),
			"a year out of range":   registry.NewSnapshot(litellm, at("01-01").AddDate(500, 0, 0), "", []registry.Fact{good}),
			"no date":               registry.NewSnapshot(litellm, at("01-01"), "yesterday", []registry.Fact{good}),
			"a zero byte":           registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.Model = "a\x00b" })),
			"no UTF-8":              registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.Model = "a\xff" })),
			"no UTF-8 in the title": registry.NewSnapshot(registry.Source{ID: "x", Title: "\xff"}, at("01-01"), "", []registry.Fact{good}),
			"a negative rate":       registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.Rate = -1 })),
			"an unknown kind":       registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.Kind = "minute" })),
			"an unknown tier":       registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.Tier = "99" })),
			"effective in no time":  registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.Effective.From = time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC) })),
			"a line beyond reading": registry.NewSnapshot(litellm, at("01-01"), "", with(func(f *registry.Fact) { f.URL = strings.Repeat("x", 2<<20) })),
			"facts of another hash": forged,
		} {
			var invalid *InvalidError
			if _, err := s.Record(t.Context(), Run{}, snapshot); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if c, err := s.Counts(t.Context()); err != nil || c != (Counts{}) {
			t.Errorf("something was recorded: %+v, %v", c, err)
		}
	})
}

// Whatever a table says, over any number of readings, comes back and passes the audit.
func TestRecordAnything(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		sources := 0
		text := rapid.StringN(0, 12, -1).Filter(func(s string) bool { return checkText("", s) == nil })
		rapid.Check(t, func(rt *rapid.T) {
			sources++
			source := registry.Source{
				ID: fmt.Sprintf("source %d", sources), Title: text.Draw(rt, "title"), URL: text.Draw(rt, "url"), Group: text.Draw(rt, "group"), Vendor: rapid.Bool().Draw(rt, "vendor"),
			}
			taken := at("01-01")
			for range rapid.IntRange(1, 4).Draw(rt, "readings") {
				taken = taken.Add(time.Duration(rapid.Int64Range(1, 1e15).Draw(rt, "after")))
				var facts []registry.Fact
				for range rapid.IntRange(1, 6).Draw(rt, "facts") {
					f := registry.Fact{Key: registry.Key{
						Provider: rapid.SampledFrom([]string{"acme", "ACME", "", "ü"}).Draw(rt, "provider"), Model: rapid.OneOf(rapid.SampledFrom([]string{"a", "b"}), text).Draw(rt, "model"),
						Route: text.Draw(rt, "route"), Tier: rapid.SampledFrom([]registry.Tier{"standard", "batch", "reserved_1y"}).Draw(rt, "tier"), Kind: rapid.SampledFrom([]registry.Kind{"input", "output", registry.MachineHour}).Draw(rt, "kind"),
						Above: rapid.Int64().Draw(rt, "above"), Inclusive: rapid.Bool().Draw(rt, "inclusive"), Window: text.Draw(rt, "window"),
					}, Rate: money.Rate(rapid.Int64Min(0).Draw(rt, "rate")), URL: text.Draw(rt, "page")}
					if rapid.Bool().Draw(rt, "dated") {
						f.Effective.From = time.Unix(rapid.Int64Range(-9e9, 9e9).Draw(rt, "from"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanos")).In(time.FixedZone("", 3600))
					}
					if rapid.Bool().Draw(rt, "ends") {
						f.Effective.To = time.Unix(rapid.Int64Range(-9e9, 9e9).Draw(rt, "to"), 0)
					}
					facts = append(facts, f)
				}
				snapshot := registry.NewSnapshot(source, taken, fact.Date("2026-01-01"), facts)
				if _, err := s.Record(t.Context(), Run{}, snapshot); err != nil {
					rt.Fatal(err)
				}
				back, err := s.Latest(t.Context(), source.ID)
				if err != nil || back.ID != snapshot.ID || !back.Taken.Equal(taken) {
					rt.Fatalf("came back as %+v, %v", back, err)
				}
				open, err := s.Facts(t.Context(), FactFilter{Source: source.ID})
				if err != nil {
					rt.Fatal(err)
				}
				again := make([]registry.Fact, len(open))
				for i := range open {
					again[i] = open[i].Fact
				}
				if rows := registry.NewSnapshot(source, taken, "", again); rows.ID != snapshot.ID {
					rt.Fatalf("the rows are %+v", again)
				}
			}
		})
		audit(t, s)
	})
}

// Writers of several processes and goroutines take turns: nothing is lost, and the chain is whole.
func TestWritersTakeTurns(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const writers, readings = 4, 8
		stores := []*Store{open(t, dsn), open(t, dsn)}
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				s := stores[w%len(stores)]
				source := registry.Source{ID: fmt.Sprintf("source %d", w)}
				for i := range readings {
					run, err := s.Begin(t.Context(), source.ID, at("01-01", i))
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := s.Record(t.Context(), run, rates(t, source, at("01-01", i), "acme a input", fmt.Sprint(i+1), "acme b input", fmt.Sprint(2*i+1))); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		// The first reading of each is its baseline; each later one changes two rates.
		if report := audit(t, stores[0]); report.Head.Seq != writers*(readings-1)*2 || report.Runs != writers*readings {
			t.Errorf("%+v", report)
		}
	})
}

// A writer that waits for another one's transaction gives up when its context does.
func TestContext(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Facts(cancelled, FactFilter{}); !errors.Is(err, context.Canceled) {
			t.Errorf("a query: %v", err)
		}
		if _, err := s.Record(cancelled, Run{}, rates(t, litellm, at("01-01"), "acme a input", "3")); !errors.Is(err, context.Canceled) {
			t.Errorf("a record: %v", err)
		}

		other := open(t, dsn)
		held, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			<-held
			short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			begun := time.Now()
			if _, err := s.Begin(short, "litellm", at("01-01")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a writer that waits: %v", err)
			}
			if waited := time.Since(begun); waited > 5*time.Second {
				t.Errorf("it waited for %s", waited)
			}
		}()
		if err := other.update(t.Context(), "hold", func(*sql.Tx) error {
			close(held)
			<-done
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "3"))
		audit(t, s)
	})
}

func TestClosed(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		for name, call := range map[string]func() error{
			"Begin":     func() error { _, err := s.Begin(ctx, "litellm", at("01-01")); return err },
			"Record":    func() error { _, err := s.Record(ctx, Run{}, registry.Snapshot{}); return err },
			"Fail":      func() error { _, err := s.Fail(ctx, Run{}, nil); return err },
			"Unchanged": func() error { _, err := s.Unchanged(ctx, Run{}); return err },
			"Facts":     func() error { _, err := s.Facts(ctx, FactFilter{}); return err },
			"History":   func() error { _, err := s.History(ctx, "", "", "input", registry.Standard); return err },
			"Changes":   func() error { _, err := s.Changes(ctx, ChangeFilter{}); return err },
			"Sources":   func() error { _, err := s.Sources(ctx); return err },
			"Snapshots": func() error { _, err := s.Snapshots(ctx, ""); return err },
			"Snapshot":  func() error { _, err := s.Snapshot(ctx, ""); return err },
			"Latest":    func() error { _, err := s.Latest(ctx, ""); return err },
			"Runs":      func() error { _, err := s.Runs(ctx, RunFilter{}); return err },
			"Counts":    func() error { _, err := s.Counts(ctx); return err },
			"Head":      func() error { _, err := s.Head(ctx); return err },
			"Audit":     func() error { _, err := s.Audit(ctx); return err },
			"Lead":      func() error { _, _, err := s.Lead(ctx, ""); return err },
		} {
			if err := call(); !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// The registry knows what a source said of a from elsewhere. When it first reads the whole of the source, what that
// says of b, and of a's output, is no news; that a's input has become dearer is.
func TestReadingMoreOfASource(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s, ctx := open(t, dsn), t.Context()
		record(t, s, rates(t, litellm, at("01-01"), "acme a input", "1"))
		r, err := s.Record(ctx, Run{Wider: true}, rates(t, litellm, at("01-02"), "acme a input", "2", "acme a output", "9", "acme b input", "5"))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Changes) != 1 || r.Changes[0].Model != "a" || r.Opened != 3 {
			t.Errorf("%+v", r)
		}
		if _, err := s.Audit(ctx); err != nil {
			t.Error(err)
		}
		ever, err := s.Facts(ctx, FactFilter{Ever: true})
		if err != nil || len(ever) != 4 {
			t.Errorf("%d facts were ever stated, want 4: %v", len(ever), err)
		}
	})
}
