package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"breakeven/datafile"
	"breakeven/internal/feed"
	"breakeven/internal/store"
	"breakeven/registry"
)

// SyncRequest says which sources to read, and where.
type SyncRequest struct {
	Sources []string          // all feeds, where none is named and no file is given
	Files   map[string]string // a copy to read in place of a feed's address, by source
	Taken   time.Time         // when the copies were made; zero for now
	// Evidence lists documents in which a person recorded what a vendor's page says.
	Evidence []Document
	// NoHistory leaves the history out that comes with the program.
	NoHistory bool
	// Mirror is a server that has the feeds' paths: "https://mirror.example".
	Mirror string
}

// Document is a named file's contents.
type Document struct {
	Name string
	Data []byte
}

// SyncAnswer is what came of reading the sources.
type SyncAnswer struct {
	Database   string       `json:"database"`
	Led        bool         `json:"led" doc:"False where another instance was reading the sources at the same time: then nothing was done."`
	Backfilled int          `json:"backfilled" doc:"Snapshots recorded from the history that comes with the program."`
	Sources    []SyncedFeed `json:"sources" nullable:"false"`
	Head       store.Head   `json:"head" doc:"The end of the chain of changes. Note it down elsewhere."`
	Seconds    float64      `json:"seconds"`
}

// Failed counts the sources that could not be read.
func (s *SyncAnswer) Failed() int {
	n := 0
	for _, f := range s.Sources {
		if f.Outcome == store.Failed {
			n++
		}
	}
	return n
}

// SyncedFeed is what came of reading one source.
type SyncedFeed struct {
	Source   string                 `json:"source"`
	Outcome  store.Outcome          `json:"outcome"`
	Baseline bool                   `json:"baseline,omitempty" doc:"It was read for the first time: nothing it says is a change."`
	Rates    int                    `json:"rates" doc:"How many rates it states; zero where it has not changed or failed."`
	Opened   int                    `json:"opened" doc:"Rates that it states and did not before."`
	Closed   int                    `json:"closed" doc:"Rates that it states no more."`
	Changes  int                    `json:"changes"`
	Classes  map[registry.Class]int `json:"classes,omitempty"`
	Faults   int                    `json:"faults" doc:"Entries that could not be read and were left out."`
	Fault    string                 `json:"first_fault,omitempty"`
	Error    string                 `json:"error,omitempty" doc:"Why it failed. What it said before still counts."`
	Kept     time.Time              `json:"kept,omitzero" doc:"Since when that is what it was last known to say."`
	Seconds  float64                `json:"seconds"`
}

// LeadName names the work that one of several instances does.
const LeadName = "prices sync"

// Sync reads price sources and records what they say in the registry database. A source that cannot be read keeps
// what it said before, and says so. The first time, the history that comes with the program goes first.
func (a *App) Sync(ctx context.Context, r SyncRequest) (SyncAnswer, error) {
	db := a.library.store
	if db == nil {
		return SyncAnswer{}, errNoDatabase
	}
	start := a.Now()
	answer := SyncAnswer{Database: db.Engine(), Sources: []SyncedFeed{}}
	feeds, err := r.feeds()
	if err != nil {
		return answer, err
	}
	evidence, err := r.evidence()
	if err != nil {
		return answer, err
	}
	release, led, err := db.Lead(ctx, LeadName)
	if err != nil {
		return answer, unreachable(err)
	}
	if !led {
		return answer, nil
	}
	defer release()
	answer.Led = true
	if !r.NoHistory {
		if answer.Backfilled, err = a.backfill(ctx, feeds); err != nil {
			return answer, err
		}
	}
	for _, e := range evidence {
		answer.Sources = append(answer.Sources, a.record(ctx, e.Source, func(context.Context, feed.Validators) (feed.Reading, error) {
			return e.Reading(a.Now()), nil
		}))
	}
	synced := make([]SyncedFeed, len(feeds))
	var wg sync.WaitGroup
	turns := make(chan struct{}, 3) // tables are large: a few at a time
	for i := range feeds {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			synced[i] = a.record(ctx, feeds[i].Source, r.reader(a, feeds[i]))
		})
	}
	wg.Wait()
	answer.Sources = append(answer.Sources, synced...)
	if err := ctx.Err(); err != nil {
		return answer, &KindError{Kind: Unreachable, Err: context.Cause(ctx), Hint: "the reading was stopped; what had been recorded stays"}
	}
	a.forget()
	answer.Seconds = a.Now().Sub(start).Seconds()
	answer.Head, err = db.Head(ctx)
	return answer, err
}

// forget makes the next question ask the database whether something was recorded.
func (a *App) forget() {
	a.library.mu.Lock()
	defer a.library.mu.Unlock()
	a.library.looked = time.Time{}
}

// syncPause is how long whoever asks over the network has to wait after a reading: sources are others' servers.
const syncPause = time.Minute

// SyncNow is [App.Sync] for whoever asks over the network, not more often than once a minute.
func (a *App) SyncNow(ctx context.Context, r SyncRequest) (SyncAnswer, error) {
	if a.library.store == nil {
		return SyncAnswer{}, errNoDatabase
	}
	runs, err := a.library.store.Runs(ctx, store.RunFilter{Limit: 1})
	if err != nil {
		return SyncAnswer{}, unreachable(err)
	}
	if len(runs) > 0 {
		if wait := syncPause - a.Now().Sub(runs[0].Started); wait > 0 {
			err := fmt.Errorf("the sources were read %s ago", a.Now().Sub(runs[0].Started).Round(time.Second))
			return SyncAnswer{}, &KindError{Kind: Invalid, Err: err, Hint: fmt.Sprintf("ask again in %s", wait.Round(time.Second))}
		}
	}
	return a.Sync(ctx, r)
}

// feeds are the feeds that a request names.
func (r *SyncRequest) feeds() ([]feed.Feed, error) {
	all := feed.Feeds()
	known := make([]string, len(all))
	for i, f := range all {
		known[i] = f.ID
	}
	wanted := r.Sources
	for id := range r.Files {
		wanted = append(wanted, id)
	}
	for _, id := range wanted {
		if !slices.Contains(known, id) {
			return nil, &KindError{Kind: BadUsage, Err: fmt.Errorf("there is no source %q", id), Hint: "the sources are " + strings.Join(known, ", ")}
		}
	}
	if len(wanted) == 0 && len(r.Evidence) > 0 {
		return nil, nil
	}
	if len(wanted) > 0 {
		all = slices.DeleteFunc(all, func(f feed.Feed) bool { return !slices.Contains(wanted, f.ID) })
	}
	if r.Mirror != "" {
		for i := range all {
			all[i] = all[i].At(r.Mirror)
		}
	}
	return all, nil
}

// evidence reads the documents. The identifier of a feed is no name for one.
func (r *SyncRequest) evidence() ([]*feed.Evidence, error) {
	var all []*feed.Evidence
	for _, d := range r.Evidence {
		var e *feed.Evidence
		if err := readDocument(d.Name, d.Data, func(data []byte) (err error) {
			e, err = feed.ReadEvidence(d.Name, data)
			return err
		}); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(feed.Feeds(), func(f feed.Feed) bool { return f.ID == e.Source.ID }) {
			return nil, &datafile.Error{File: d.Name, Path: "source.id", Err: fmt.Errorf("%q is a feed: give the evidence another name", e.Source.ID)}
		}
		all = append(all, e)
	}
	return all, nil
}

// reader reads a feed from a copy or from its address.
func (r *SyncRequest) reader(a *App, f feed.Feed) func(context.Context, feed.Validators) (feed.Reading, error) {
	if path, ok := r.Files[f.ID]; ok {
		return func(context.Context, feed.Validators) (feed.Reading, error) {
			taken := r.Taken
			if taken.IsZero() {
				taken = a.Now()
			}
			dir, name := filepath.Split(filepath.Clean(path))
			return feed.ReadFile(f, os.DirFS(cmp.Or(dir, ".")), name, taken)
		}
	}
	client := feed.Client{HTTP: a.HTTP, Now: a.Now, Jitter: rand.Float64, UserAgent: feed.UserAgent(a.Version, a.Contact)}
	return func(ctx context.Context, v feed.Validators) (feed.Reading, error) { return client.Read(ctx, f, v) }
}

// record reads a source and records what came of it. What goes wrong is in the answer: other sources go on.
func (a *App) record(ctx context.Context, s registry.Source, read func(context.Context, feed.Validators) (feed.Reading, error)) SyncedFeed {
	start := a.Now()
	synced, err := a.recordRun(ctx, s, read)
	if err != nil {
		synced.Outcome, synced.Error = store.Failed, err.Error()
	}
	synced.Source, synced.Seconds = s.ID, a.Now().Sub(start).Seconds()
	return synced
}

func (a *App) recordRun(ctx context.Context, s registry.Source, read func(context.Context, feed.Validators) (feed.Reading, error)) (SyncedFeed, error) {
	db := a.library.store
	var synced SyncedFeed
	last, err := a.lastRun(ctx, s.ID)
	if err != nil {
		return synced, err
	}
	run, err := db.Begin(ctx, s.ID, a.Now())
	if err != nil {
		return synced, err
	}
	run.Program = a.Version
	fail := func(err error) (SyncedFeed, error) {
		run.Finished = a.later(run.Started)
		synced.Kept = last.Taken
		_, failing := db.Fail(context.WithoutCancel(ctx), run, err)
		return synced, errors.Join(err, failing)
	}
	var validators feed.Validators
	if last.Program == a.Version { // another version may read more of the same table
		validators = feed.Validators{ETag: last.HTTP.ETag, LastModified: last.HTTP.LastModified}
	}
	reading, err := read(ctx, validators)
	if failed, ok := errors.AsType[*feed.FetchError](err); ok {
		run.HTTP.Status = failed.Status
	}
	if err != nil {
		return fail(err)
	}
	run.HTTP = store.HTTP{Status: reading.Status, ETag: reading.Validators.ETag, LastModified: reading.Validators.LastModified}
	run.Finished = a.later(run.Started)
	if reading.Unchanged {
		run, err = db.Unchanged(ctx, run)
		if err != nil {
			return fail(err)
		}
		synced.Outcome = run.Outcome
		return synced, nil
	}
	if synced.Faults = len(reading.Faults); synced.Faults > 0 {
		synced.Fault = reading.Faults[0].Error()
	}
	if last.ID != 0 {
		before, err := db.Latest(ctx, s.ID)
		if err != nil {
			return fail(err)
		}
		if err := feed.Shrunk(before, reading.Snapshot); err != nil {
			return fail(err)
		}
	}
	if run.Wider, err = a.onlyHistory(last); err != nil {
		return fail(err)
	}
	if run.Finished.Before(reading.Snapshot.Taken) {
		run.Finished = reading.Snapshot.Taken
	}
	result, err := db.Record(ctx, run, reading.Snapshot)
	if err != nil {
		return fail(err)
	}
	synced.Outcome, synced.Baseline, synced.Rates = result.Run.Outcome, result.Baseline, len(reading.Snapshot.Facts)
	synced.Opened, synced.Closed, synced.Changes = result.Opened, result.Closed, len(result.Changes)
	for _, c := range result.Changes {
		if synced.Classes == nil {
			synced.Classes = map[registry.Class]int{}
		}
		synced.Classes[c.Class]++
	}
	return synced, nil
}

// later is now, or an instant that must not be after it.
func (a *App) later(than time.Time) time.Time {
	if now := a.Now(); now.After(than) {
		return now
	}
	return than
}

// lastRun is the last reading of a source that succeeded; a zero one where there is none.
func (a *App) lastRun(ctx context.Context, source string) (store.Run, error) {
	runs, err := a.library.store.Runs(ctx, store.RunFilter{Source: source, Outcomes: []store.Outcome{store.OK, store.Unchanged}, Limit: 1})
	if err != nil || len(runs) == 0 {
		return store.Run{}, err
	}
	return runs[0], nil
}

// onlyHistory tells whether the registry knows a source only from the history that comes with the program, which
// holds the models of the book and no others.
func (a *App) onlyHistory(last store.Run) (bool, error) {
	if last.ID == 0 {
		return false, nil
	}
	logs, err := a.history()
	if err != nil {
		return false, err
	}
	for _, l := range logs {
		if l.Source.ID == last.Source {
			return !last.Taken.After(l.Edits[len(l.Edits)-1].At), nil
		}
	}
	return false, nil
}

// backfill records the history that comes with the program, as far as the registry has nothing newer. One that was
// cut off goes on where it ended.
func (a *App) backfill(ctx context.Context, of []feed.Feed) (int, error) {
	logs, err := a.history()
	if err != nil {
		return 0, err
	}
	recorded := 0
	for _, l := range logs {
		if !slices.ContainsFunc(of, func(f feed.Feed) bool { return f.ID == l.Source.ID }) {
			continue
		}
		last, err := a.lastRun(ctx, l.Source.ID)
		if err != nil {
			return recorded, unreachable(err)
		}
		for snapshot := range registry.Replay(l.Source, l.Edits) {
			if !snapshot.Taken.After(last.Taken) || len(snapshot.Facts) == 0 {
				continue
			}
			if _, err := a.library.store.Record(ctx, store.Run{Started: snapshot.Taken, Finished: snapshot.Taken, Program: a.Version}, snapshot); err != nil {
				return recorded, unreachable(err)
			}
			recorded++
		}
	}
	return recorded, nil
}

// notFound makes what the registry does not hold an error of that kind.
func notFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return &KindError{Kind: NotFound, Err: err}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreachable(err)
	}
	return err
}
