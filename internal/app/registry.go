package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"breakeven/catalog"
	"breakeven/fact"
	"breakeven/internal/store"
	"breakeven/price"
	"breakeven/registry"
)

// shelf is the registry as it was read at one time. It is immutable.
type shelf struct {
	stamp   RegistryStamp
	view    *registry.View
	sources []PriceSource
	changes []PriceChange // the newest first
	dated   []registry.Dated
	book    *price.Book // with what sources agree on since it was made
	updates []registry.Update
	board   boards
}

// RegistryStamp says which registry an answer was made from.
type RegistryStamp struct {
	Database string    `json:"database" enum:"embedded,sqlite,postgres" doc:"Where it is kept; embedded is the history that comes with the program."`
	Changes  int64     `json:"changes" doc:"How many changes it holds."`
	Hash     string    `json:"hash,omitempty" doc:"The end of the chain of changes."`
	Checked  time.Time `json:"checked,omitzero" doc:"The newest reading of a source."`
	Updates  int       `json:"book_updates" doc:"Rates of the price book that were replaced by what sources agree on since."`
}

// PriceSource is a source of the registry and how its reading goes.
type PriceSource struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	URL      string    `json:"url,omitempty"`
	Voice    string    `json:"voice" doc:"Sources that copy one another share one."`
	Vendor   bool      `json:"vendor,omitempty" doc:"The vendor's own word, read by a person."`
	Rates    int64     `json:"rates" doc:"How many rates it states now."`
	First    time.Time `json:"first,omitzero" doc:"The first thing that it is known to have stated."`
	Checked  time.Time `json:"checked,omitzero" doc:"When it was last known to say what it says."`
	Snapshot string    `json:"snapshot,omitempty" doc:"Identity of what it said then."`
	Outcome  string    `json:"outcome" enum:"embedded,ok,unchanged,failed,running" doc:"How the last reading ended."`
	Error    string    `json:"error,omitempty" doc:"Why the last reading failed: what it said before still counts."`
	Failed   time.Time `json:"failed,omitzero" doc:"When that was."`
}

// library keeps the registry open and the last shelf that was read from it.
type library struct {
	mu      sync.Mutex
	store   *store.Store
	version string // of the shelf
	shelf   *shelf
	looked  time.Time // when the database was last asked for its version
}

// settled is how long a shelf is good without asking the database whether something has been recorded since.
const settled = time.Second

// OpenRegistry makes the App answer from a registry database, which is created where there is none. Close it with
// [App.CloseRegistry].
func (a *App) OpenRegistry(ctx context.Context, dsn string) error {
	s, err := store.Open(ctx, dsn)
	if err != nil {
		return &KindError{Kind: Unreachable, Err: err}
	}
	a.library.store = s
	return nil
}

// CloseRegistry closes the registry database, if one is open.
func (a *App) CloseRegistry() error {
	if a.library.store == nil {
		return nil
	}
	return a.library.store.Close()
}

// shelf reads the registry, or takes what was read of it last where nothing has been recorded since. Without a
// database it is the history that comes with the program.
func (a *App) shelf(ctx context.Context) (*shelf, error) {
	l := a.library
	l.mu.Lock()
	defer l.mu.Unlock()
	now := a.Now()
	if age := now.Sub(l.looked); l.shelf != nil && age >= 0 && age < settled {
		return l.shelf, nil
	}
	version, err := l.identity(ctx)
	if err != nil {
		return nil, err
	}
	l.looked = now
	if l.shelf != nil && l.version == version {
		return l.shelf, nil
	}
	read := a.embedded
	if l.store != nil {
		read = a.stored
	}
	s, err := read(ctx)
	if err != nil {
		return nil, err
	}
	l.version, l.shelf = version, s
	return s, nil
}

// identity tells one state of the registry from another.
func (l *library) identity(ctx context.Context) (string, error) {
	if l.store == nil {
		return "embedded", nil
	}
	head, err := l.store.Head(ctx)
	if err != nil {
		return "", unreachable(err)
	}
	runs, err := l.store.Runs(ctx, store.RunFilter{Limit: 16}) // one that is under way may be followed by others that have ended
	if err != nil {
		return "", unreachable(err)
	}
	var b strings.Builder
	b.WriteString(head.Hash)
	for _, r := range runs {
		fmt.Fprintf(&b, " %d%s", r.ID, r.Outcome)
	}
	return b.String(), nil
}

func unreachable(err error) error {
	return &KindError{Kind: Unreachable, Err: fmt.Errorf("the registry database: %w", err)}
}

// embedded is the registry without a database.
func (a *App) embedded(context.Context) (*shelf, error) {
	logs, err := a.history()
	if err != nil {
		return nil, err
	}
	var records []registry.Record
	var changes []PriceChange
	s := &shelf{stamp: RegistryStamp{Database: "embedded"}}
	for _, l := range logs {
		stated := registry.Stated(l.Edits)
		records = append(records, stated...)
		p := source(l.Source)
		p.Outcome, p.First, p.Checked = "embedded", l.Edits[0].At, l.Edits[len(l.Edits)-1].At
		for i := range stated {
			if stated[i].Recorded.To.IsZero() {
				p.Rates++
			}
		}
		s.sources = append(s.sources, p)
		for _, r := range registry.Changes(l.Edits) {
			changes = append(changes, PriceChange{Change: r.Change, Source: r.Source, Evidence: r.Evidence})
		}
	}
	slices.SortStableFunc(changes, func(a, b PriceChange) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Source, b.Source)) })
	return s, a.arrange(s, logs, records, changes)
}

func source(s registry.Source) PriceSource {
	return PriceSource{ID: s.ID, Title: s.Title, URL: s.URL, Voice: s.Voice(), Vendor: s.Vendor}
}

// stored is the registry in the database.
func (a *App) stored(ctx context.Context) (*shelf, error) {
	db := a.library.store
	states, err := db.Sources(ctx)
	if err != nil {
		return nil, unreachable(err)
	}
	head, err := db.Head(ctx)
	if err != nil {
		return nil, unreachable(err)
	}
	facts, err := db.Facts(ctx, store.FactFilter{Ever: true})
	if err != nil {
		return nil, unreachable(err)
	}
	logged, err := db.Changes(ctx, store.ChangeFilter{})
	if err != nil {
		return nil, unreachable(err)
	}
	revisions, err := a.revisions()
	if err != nil {
		return nil, err
	}
	s := &shelf{stamp: RegistryStamp{Database: db.Engine(), Hash: head.Hash}}
	var logs []registry.Log
	place := map[string]int{}
	for _, state := range states {
		p := source(state.Source)
		p.Outcome = string(state.Last.Outcome)
		if state.Last.Outcome == store.Failed {
			p.Error, p.Failed = state.Last.Error, state.Last.Finished
		}
		if state.Success != nil {
			p.Checked, p.Snapshot, p.Rates = state.Success.Taken, state.Success.Snapshot, state.Snapshot.Facts
		}
		place[p.ID] = len(s.sources)
		s.sources = append(s.sources, p)
		logs = append(logs, registry.Log{Source: state.Source})
	}
	records := make([]registry.Record, 0, len(facts))
	for i := range facts {
		f := &facts[i]
		if p := &s.sources[place[f.Source]]; p.First.IsZero() || f.Recorded.From.Before(p.First) {
			p.First = f.Recorded.From
		}
		records = append(records, registry.Record{Fact: f.Fact, Source: f.Source, Recorded: f.Recorded, Evidence: revisions.of(f.Source, f.Key, f.Recorded.From), Snapshot: f.Snapshot})
	}
	changes := hindsight(logged)
	for i := range changes {
		changes[i].Evidence = revisions.of(changes[i].Source, changes[i].Key, changes[i].At)
	}
	return s, a.arrange(s, logs, records, changes)
}

// revisions are the addresses of what the history that comes with the program was made from: of a rate of a source,
// on a day. A snapshot that was recorded from the history has no address of its own.
type revisions map[revision]string

type revision struct {
	source string
	key    registry.Key
	day    string
}

func (r revisions) of(source string, k registry.Key, at time.Time) string {
	return r[revision{source, k, day(at)}]
}

func (a *App) revisions() (revisions, error) {
	logs, err := a.history()
	if err != nil {
		return nil, err
	}
	all := revisions{}
	for _, l := range logs {
		for i := range l.Edits {
			e := &l.Edits[i]
			all[revision{e.Source, e.Key, day(e.At)}] = e.Evidence
		}
	}
	return all, nil
}

// hindsight makes the changelog's rows, which are the newest first, with the classes that later changes teach: a
// change that is taken back within a month was no price change.
func hindsight(logged []store.Change) []PriceChange {
	type rate struct {
		source string
		key    registry.Key
	}
	series := map[rate][]int{}
	for i, c := range slices.Backward(logged) {
		r := rate{c.Source, c.Key}
		series[r] = append(series[r], i)
	}
	for _, places := range series {
		changes := make([]registry.Change, len(places))
		for i, at := range places {
			changes[i] = logged[at].Change
		}
		registry.Hindsight(changes)
		for i, at := range places {
			logged[at].Change = changes[i]
		}
	}
	changes := make([]PriceChange, len(logged))
	for i := range logged {
		c := &logged[i]
		changes[i] = PriceChange{Change: c.Change, Source: c.Source, Seq: c.Seq, Hash: c.Hash, Snapshot: c.Snapshot}
	}
	return changes
}

// arrange brings what was read under our names.
func (a *App) arrange(s *shelf, logs []registry.Log, records []registry.Record, changes []PriceChange) error {
	book, err := a.base()
	if err != nil {
		return err
	}
	market, err := a.market()
	if err != nil {
		return err
	}
	if s.dated, err = catalog.Effective(book); err != nil {
		return err
	}
	meanings := registry.NewMeanings(book, market)
	seen := make([]registry.Seen, len(logs))
	for i, l := range logs {
		seen[i] = registry.Seen{Source: l.Source, Checked: s.sources[i].Checked}
		if s.sources[i].Checked.After(s.stamp.Checked) {
			s.stamp.Checked = s.sources[i].Checked
		}
	}
	s.view = registry.NewView(seen, records, meanings.Of)
	s.changes, s.stamp.Changes = changes, int64(len(changes))
	for i := range changes {
		changes[i].Ours = ours(meanings, changes[i].Source, changes[i].Key)
	}
	return a.update(s, book)
}

// update brings the price book up to what sources agree on. It stays as it is where there is no database: the history
// that comes with the program is older than the book.
func (a *App) update(s *shelf, book *price.Book) error {
	s.book = book
	if a.library.store == nil {
		return nil
	}
	at := s.stamp.Checked
	s.updates = registry.Updates(registry.Board(registry.BookRates(book, at, time.Time{}), s.view, at, time.Time{}))
	if s.stamp.Updates = len(s.updates); s.stamp.Updates == 0 {
		return nil
	}
	files, err := a.files()
	if err != nil {
		return err
	}
	if files, err = registry.Apply(files, s.updates); err != nil {
		return err
	}
	s.book, err = price.NewBook(files)
	return err
}

// book is the price book that answers are made from.
func (a *App) book() (*price.Book, error) {
	if a.library.store == nil {
		return a.base()
	}
	s, err := a.shelf(context.Background())
	if err != nil {
		return nil, err
	}
	return s.book, nil
}

// ours lists the models that a source's key stands for.
func ours(m *registry.Meanings, source string, k registry.Key) []OurModel {
	all := []OurModel{}
	for _, meaning := range m.Of(source, k) {
		all = append(all, OurModel{meaning.Provider, meaning.Model, meaning.Route})
	}
	return all
}

// OurModel is a model of the price book, or a machine of the offers, on a route.
type OurModel struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Route    string `json:"route,omitempty"`
}

// PriceSources lists the registry's sources and how their reading goes.
func (a *App) PriceSources(ctx context.Context) ([]PriceSource, error) {
	s, err := a.shelf(ctx)
	if err != nil {
		return nil, err
	}
	return s.sources, nil
}

// PriceSnapshot is one content of a source.
type PriceSnapshot struct {
	ID     string    `json:"id" doc:"The hash of the source and of what it states."`
	Source string    `json:"source"`
	Taken  time.Time `json:"taken" doc:"When it was first read."`
	Date   fact.Date `json:"date,omitempty" doc:"The day that the source gave itself."`
	Rates  int64     `json:"rates"`
}

// ErrNoRegistry says that only a registry database can tell.
var ErrNoRegistry = errors.New("there is no registry database, and the history that comes with the program has no snapshots of its own")

// errNoDatabase is [ErrNoRegistry] with its kind.
var errNoDatabase = &KindError{Kind: NotFound, Err: ErrNoRegistry}

// PriceSnapshots lists the contents of a source, or of all, the newest first.
func (a *App) PriceSnapshots(ctx context.Context, source string) ([]PriceSnapshot, error) {
	if a.library.store == nil {
		return nil, errNoDatabase
	}
	infos, err := a.library.store.Snapshots(ctx, source)
	if err != nil {
		return nil, unreachable(err)
	}
	all := []PriceSnapshot{}
	for _, i := range infos {
		all = append(all, PriceSnapshot{i.ID, i.Source.ID, i.Taken, i.Date, i.Facts})
	}
	return all, nil
}

// PriceSnapshotFacts reads a snapshot back, verified against its identity.
func (a *App) PriceSnapshotFacts(ctx context.Context, id string) (registry.Snapshot, error) {
	if a.library.store == nil {
		return registry.Snapshot{}, errNoDatabase
	}
	s, err := a.library.store.Snapshot(ctx, id)
	return s, notFound(err)
}
