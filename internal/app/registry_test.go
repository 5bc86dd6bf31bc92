package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"breakeven/internal/app"
	"breakeven/internal/store"
	"breakeven/internal/store/pgtest"
	"breakeven/price"
	"breakeven/registry"
)

// server is started by the first test that needs it, and serves all.
var server = sync.OnceValues(func() (_ *pgtest.Server, err error) {
	serving, err = pgtest.Start(context.Background())
	return serving, err
})

// serving is the server, once it is started.
var serving *pgtest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	if err := serving.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "registry.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres(t)) })
}

func onPostgres(t *testing.T) string {
	t.Helper()
	s, err := server()
	if errors.Is(err, pgtest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

// world answers requests as the sources' servers would, and can be told what to say.
type world struct {
	mu     sync.Mutex
	tables map[string]string // what each address holds, by a part of it; none is a server that is down
	asked  int
}

func (w *world) say(address, table string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tables[address] = table
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	for address, table := range w.tables {
		if strings.Contains(r.URL.String(), address) && table != "" {
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(table)), Request: r,
			}, nil
		}
	}
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("gone")), Request: r}, nil
}

// litellm and modelsDev are two independent tables that hold one model of the book and one that it does not have.
func litellm(sonnet string) string {
	return `{"claude-sonnet-4-6": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": ` + sonnet + `e-06, "output_cost_per_token": 15e-06},
		"acme-1": {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06}}`
}

func modelsDev(sonnet string) string {
	return `{"anthropic": {"id": "anthropic", "models": {"claude-sonnet-4-6": {"id": "claude-sonnet-4-6", "name": "Claude Sonnet 4.6", "cost": {"input": ` + sonnet + `, "output": 15}}}}}`
}

// registered is an App on a registry of its own, whose clock and sources the test moves.
func registered(t *testing.T, dsn string) (*app.App, *world, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	w := &world{tables: map[string]string{}}
	a := app.New("test", func() time.Time { return now })
	a.HTTP = &http.Client{Transport: w}
	if err := a.OpenRegistry(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.CloseRegistry(); err != nil {
			t.Error(err)
		}
	})
	return a, w, &now
}

func read(t *testing.T, a *app.App) app.SyncAnswer {
	t.Helper()
	s, err := a.Sync(t.Context(), app.SyncRequest{Sources: []string{"litellm", "models.dev"}, NoHistory: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inputOf is what a million input tokens of Claude Sonnet 4.6 cost at an instant, by the book.
func inputOf(t *testing.T, a *app.App, at time.Time) string {
	t.Helper()
	q, err := a.Quote(app.QuoteRequest{Provider: "anthropic", Model: "claude-sonnet-4-6", At: at, Quantities: &price.Quantities{price.Input: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	return q.Total.String()
}

// On the 20th both tables say 3, as the book does. On the 21st LiteLLM says 2, which is one voice against another; on
// the 22nd models.dev follows, and so does the book: from the 21st on, as is known from the 22nd on.
func TestTheBookFollowsTwoSources(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a, w, now := registered(t, dsn)
		day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
		steps := []struct {
			litellm, modelsDev string
			outcome            registry.Outcome
			rate               string
		}{
			{"3", "3", registry.ByMajority, "3"},
			{"2", "3", registry.Undecided, "3"},
			{"2", "2", registry.ByMajority, "2"},
		}
		for i, s := range steps {
			*now = day(20 + i)
			w.say("litellm", litellm(s.litellm))
			w.say("models.dev", modelsDev(s.modelsDev))
			if answer := read(t, a); answer.Failed() > 0 || len(answer.Sources) != 2 {
				t.Fatalf("%+v", answer)
			}
			v, err := a.Verify(t.Context(), app.VerifyRequest{Provider: "anthropic", Model: "claude-sonnet-4-6"})
			if err != nil {
				t.Fatal(err)
			}
			input := slices.IndexFunc(v.Rates, func(r registry.Row) bool { return r.Kind == "input" && r.Tier == registry.Standard && r.Above == 0 })
			if d := v.Rates[input].Decision; d.Outcome != s.outcome {
				t.Errorf("day %d: %s (%s), want %s", 20+i, d.Outcome, d.Why, s.outcome)
			}
			if got := inputOf(t, a, *now); got != s.rate {
				t.Errorf("day %d: the book says %s, want %s", 20+i, got, s.rate)
			}
		}
		for at, want := range map[int]string{20: "3", 21: "2"} {
			if got := inputOf(t, a, day(at).Add(time.Hour)); got != want {
				t.Errorf("on the %dth the vendor charged %s, want %s", at, got, want)
			}
		}
		changes, err := a.PriceChanges(t.Context(), app.ChangesRequest{Classes: []registry.Class{registry.PriceChange}})
		if err != nil || changes.Total != 2 || changes.Changes[0].Source != "models.dev" {
			t.Errorf("%+v, %v", changes, err)
		}
		audit, err := a.Audit(t.Context(), nil)
		if err != nil || !audit.Sound || audit.Head.Seq != 2 {
			t.Errorf("%+v, %v", audit, err)
		}
	})
}

// A server that is down, and a table from which most has vanished, leave what was known before.
func TestFailedSourceKeepsWhatItSaid(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a, w, now := registered(t, dsn)
		w.say("litellm", litellm("3"))
		w.say("models.dev", modelsDev("3"))
		read(t, a)
		*now = now.Add(24 * time.Hour)
		w.say("litellm", "")
		w.say("models.dev", `{"acme": {"id": "acme", "models": {"m": {"id": "m", "cost": {"input": 1, "output": 2}}}}}`)
		s := read(t, a)
		if s.Failed() != 2 || !strings.Contains(s.Sources[0].Error+s.Sources[1].Error, "404") || !strings.Contains(s.Sources[0].Error+s.Sources[1].Error, "2 of its 2 prices are gone") {
			t.Errorf("%+v", s)
		}
		v, err := a.Verify(t.Context(), app.VerifyRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range v.Sources {
			if source.Outcome != string(store.Failed) || source.Error == "" || !source.Checked.Equal(now.Add(-24*time.Hour)) {
				t.Errorf("%+v", source)
			}
		}
		if got := inputOf(t, a, *now); got != "3" {
			t.Errorf("the book says %s", got)
		}
	})
}

// Of two instances on one database one reads the sources; the other does nothing and says so.
func TestOneInstanceReads(t *testing.T) {
	dsn := onPostgres(t)
	leader, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = leader.Close() }() // it has done its work
	release, led, err := leader.Lead(t.Context(), app.LeadName)
	if err != nil || !led {
		t.Fatal(led, err)
	}
	a, w, _ := registered(t, dsn)
	w.say("litellm", litellm("3"))
	if s := read(t, a); s.Led || len(s.Sources) != 0 || w.asked != 0 {
		t.Errorf("%+v, asked %d times", s, w.asked)
	}
	release()
	if s := read(t, a); !s.Led || len(s.Sources) != 2 {
		t.Errorf("%+v", s)
	}
}

// The daemon reads at once where nothing was read yet, and waits where the last reading is fresh.
func TestKeepSynced(t *testing.T) {
	a, w, now := registered(t, filepath.Join(t.TempDir(), "registry.db"))
	a.Sync(t.Context(), app.SyncRequest{Sources: []string{"litellm"}, NoHistory: true}) //nolint:errcheck // the server is down: that is a reading that failed, and none that succeeded
	w.say("litellm", litellm("3"))
	var log strings.Builder
	var mu sync.Mutex
	logger := slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}), nil))
	keep := func(enough func(string) bool, patience time.Duration) string {
		ctx, stop := context.WithTimeout(t.Context(), patience)
		defer stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.KeepSynced(ctx, 24*time.Hour, app.SyncRequest{Sources: []string{"litellm"}, NoHistory: true}, logger)
		}()
		for ctx.Err() == nil {
			mu.Lock()
			text := log.String()
			mu.Unlock()
			if enough(text) {
				stop()
			}
			time.Sleep(10 * time.Millisecond)
		}
		<-done
		return log.String()
	}
	first := keep(func(s string) bool { return strings.Contains(s, `msg="price sync"`) }, 30*time.Second)
	if !strings.Contains(first, `msg="price source read" source=litellm outcome=ok`) {
		t.Fatalf("log: %s", first)
	}
	*now = now.Add(time.Hour)
	if second := keep(func(string) bool { return false }, 300*time.Millisecond); second != first {
		t.Errorf("a fresh registry was read again: %s", second)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
