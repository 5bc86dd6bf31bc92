package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/clickhouse"
	"breakeven/internal/warehouse/folder"
	"breakeven/price"
	"breakeven/usage"
)

// clickHouse is how an address of ClickHouse begins; any other place is a folder.
const clickHouse = "clickhouse://"

// OpenWarehouse opens where calls are kept: a data folder, or a ClickHouse database as clickhouse://user:password@host/name.
// With create a folder that is not there is made. Close [App.Calls] at the end.
func (a *App) OpenWarehouse(ctx context.Context, where string, create bool) error {
	if strings.HasPrefix(where, clickHouse) {
		w, err := clickhouse.Open(ctx, where, clickhouse.Options{})
		if err != nil {
			return unavailable(err)
		}
		a.Calls = w
		return nil
	}
	f, err := folder.Open(where, folder.Options{Create: create})
	if err != nil {
		return unavailable(err)
	}
	a.Calls = f
	return nil
}

// unavailable is the error of a place that cannot be opened.
func unavailable(err error) error {
	if KindOf(err) != Internal {
		return err
	}
	return &KindError{Kind: Unreachable, Err: err}
}

// calls is where calls are kept, or an error that says how to have such a place.
func (a *App) calls() (warehouse.Engine, error) {
	if a.Calls == nil {
		return nil, &KindError{
			Kind: NotFound, Err: errors.New("no calls are kept here"),
			Hint: "name a folder or a ClickHouse server with --warehouse, and take logs in with usage import",
		}
	}
	return a.Calls, nil
}

// mapped is an engine over tables that others may fill.
type mapped interface {
	// Mapped reports whether they do, so that nothing can be taken in or deleted.
	Mapped() bool
	// Aside counts selected rows that contradict themselves, and that no question counts.
	Aside(ctx context.Context, s warehouse.Selection) (int64, error)
}

// TakesCalls reports whether calls can be taken in.
func (a *App) TakesCalls() bool {
	m, ok := a.Calls.(mapped)
	return a.Calls != nil && !(ok && m.Mapped())
}

// keptSource is a selection of the calls that are kept, as a source of calls.
type keptSource struct {
	ctx       context.Context //nolint:containedctx // it stands for a file that is read while the request lasts
	engine    warehouse.Engine
	selection warehouse.Selection
}

// KeptSource is the calls that are kept, for every use case that takes logs.
func (a *App) KeptSource(ctx context.Context) (Source, error) {
	engine, err := a.calls()
	if err != nil {
		return Source{}, err
	}
	return Source{Name: engine.Where(), kept: &keptSource{ctx: ctx, engine: engine}}, nil
}

// summary is what is to be told of kept calls as of a log.
func (k *keptSource) summary() usage.Summary {
	return usage.Summary{Name: k.engine.Where(), Format: "kept", FormatWhy: "the calls are kept here", Clock: usage.Absolute}
}

// count adds rows to a summary.
func count(s *usage.Summary, rows int64, aggregate bool, start, end time.Time) {
	s.Rows += rows
	s.Calls += rows
	if aggregate {
		s.Grain = usage.PerBucket
		if !end.IsZero() {
			s.Bucket = max(s.Bucket, end.Sub(start))
		}
	}
	if s.FirstStart.IsZero() || start.Before(s.FirstStart) {
		s.FirstStart = start
	}
	if start.After(s.LastStart) {
		s.LastStart = start
	}
}

// scan hands the calls on in the order of their start.
func (k *keptSource) scan(emit func(*usage.Call) error) (usage.Summary, error) {
	s := k.summary()
	err := k.engine.Scan(k.ctx, k.selection, func(c *usage.Call) error {
		count(&s, 1, c.Aggregate(), c.Start, c.End)
		return emit(c)
	})
	return s, k.check(&s, err)
}

// ask groups the calls where they are kept, with the cuts that their prices need.
func (k *keptSource) ask(by []warehouse.Dimension, prices *pricer, emit func(*warehouse.Group) error) (usage.Summary, error) {
	s := k.summary()
	contents, err := k.engine.Contents(k.ctx, k.selection)
	if err != nil {
		return s, warehouseError(err)
	}
	q := warehouse.Question{Selection: k.selection, By: by, Cuts: prices.cuts(contents)}
	err = k.engine.Ask(k.ctx, q, func(g *warehouse.Group) error {
		count(&s, g.Rows, g.Aggregate, g.Start, g.Start)
		return emit(g)
	})
	return s, k.check(&s, err)
}

// check refuses an answer from nothing, and counts what the engine leaves out: it has a cost, and nobody knows it.
func (k *keptSource) check(s *usage.Summary, err error) error {
	if m, ok := k.engine.(mapped); ok && err == nil && m.Mapped() {
		var aside int64
		if aside, err = m.Aside(k.ctx, k.selection); aside > 0 {
			s.Rows += aside
			s.Faulty = aside
			s.Faults = []usage.RowError{{
				File: s.Name, Problem: "the row contradicts itself, as by more cached tokens than its whole prompt has", Hint: "look at how the table is filled, or give a mapping of your own",
			}}
		}
	}
	if err == nil && s.Rows == 0 {
		return &KindError{Kind: Invalid, Err: fmt.Errorf("%s keeps no such calls", k.engine.Where()), Hint: "widen the selection, or take logs in with usage import"}
	}
	return warehouseError(err)
}

// warehouseError says what kind of failure it is that calls cannot be kept or asked.
func warehouseError(err error) error {
	if err == nil || KindOf(err) != Internal {
		return err
	}
	if _, known := errors.AsType[*warehouse.KnownError](err); known {
		return &KindError{Kind: Invalid, Err: err}
	}
	if _, damaged := errors.AsType[*warehouse.DamageError](err); damaged {
		return &KindError{Kind: Unreachable, Err: err}
	}
	return err
}

// cuts are the boundaries at which the price of some of the contents may change.
func (p *pricer) cuts(contents []warehouse.Content) warehouse.Cuts {
	var c warehouse.Cuts
	for _, content := range contents {
		m, err := p.match(content.Provider, content.Model, content.Region, content.Tier)
		if err != nil {
			continue // it has no price: addGroup says so
		}
		for _, sheet := range m.Series {
			// The rows of a trace without dates are priced as of now.
			if e := sheet.Effective; warehouse.Dated(content.First) && (!e.From.IsZero() && e.From.After(content.Last.Add(longestBucket)) || !e.To.IsZero() && !e.To.After(content.First)) {
				continue // in force at none of the calls' times
			}
			for _, at := range []time.Time{sheet.Effective.From, sheet.Effective.To} {
				if !at.IsZero() {
					c.Epochs = append(c.Epochs, at.UTC())
				}
			}
			c.Bands = append(c.Bands, thresholds(sheet.Bands())...)
			for _, w := range sheet.Windows() {
				c.Bands = append(c.Bands, thresholds(w.Bands)...)
				c.Minutes = append(c.Minutes, w.Window.Minutes()...)
			}
		}
	}
	slices.SortFunc(c.Epochs, time.Time.Compare)
	c.Epochs = slices.CompactFunc(c.Epochs, time.Time.Equal)
	slices.Sort(c.Bands)
	c.Bands = slices.Compact(c.Bands)
	slices.Sort(c.Minutes)
	c.Minutes = slices.Compact(c.Minutes)
	return c
}

// longestBucket is how far the end of a report's row may lie behind its start: a year of a vendor's report.
const longestBucket = 366 * 24 * time.Hour

// thresholds are the boundaries between context bands.
func thresholds(bands []price.Band) []int64 {
	var list []int64
	for _, b := range bands {
		if b.AtLeast > 0 {
			list = append(list, b.AtLeast)
		}
	}
	return list
}

// Kept is what calls are kept.
type Kept struct {
	Where    string              `json:"where" doc:"The data folder, or the server without its password; empty where no calls are kept."`
	Rows     int64               `json:"rows"`
	First    time.Time           `json:"first_start,omitzero"`
	Last     time.Time           `json:"last_start,omitzero"`
	Contents []KeptContent       `json:"contents" nullable:"false" doc:"Each thing that has a price of its own."`
	Imports  []warehouse.Receipt `json:"imports" nullable:"false" doc:"The logs that were taken in, the latest first; at most 100."`
}

// KeptContent is what is kept of one model, as its logs name it.
type KeptContent struct {
	Provider string     `json:"provider,omitempty"`
	Model    string     `json:"model"`
	Region   string     `json:"region,omitempty"`
	Tier     price.Tier `json:"tier"`
	Rows     int64      `json:"rows"`
	First    time.Time  `json:"first_start"`
	Last     time.Time  `json:"last_start"`
}

// maxImports is how many imports an answer lists.
const maxImports = 100

// KeptCalls says what calls are kept; where none can be, the place is empty.
func (a *App) KeptCalls(ctx context.Context) (Kept, error) {
	k := Kept{Contents: []KeptContent{}, Imports: []warehouse.Receipt{}}
	if a.Calls == nil {
		return k, nil
	}
	engine := a.Calls
	k.Where = engine.Where()
	contents, err := engine.Contents(ctx, warehouse.Selection{})
	if err != nil {
		return k, warehouseError(err)
	}
	for _, c := range contents {
		k.Rows += c.Rows
		if k.First.IsZero() || c.First.Before(k.First) {
			k.First = c.First
		}
		if c.Last.After(k.Last) {
			k.Last = c.Last
		}
		k.Contents = append(k.Contents, KeptContent{c.Provider, c.Model, c.Region, c.Tier, c.Rows, c.First, c.Last})
	}
	imports, err := engine.Imports(ctx)
	if err != nil {
		return k, warehouseError(err)
	}
	k.Imports = append(k.Imports, imports[:min(len(imports), maxImports)]...)
	return k, nil
}

// DeleteCalls deletes kept calls and proves it. An empty selection is refused: it would be everything.
func (a *App) DeleteCalls(ctx context.Context, s warehouse.Selection, dry bool) (warehouse.Proof, error) {
	engine, err := a.calls()
	if err != nil {
		return warehouse.Proof{}, err
	}
	if s.From.IsZero() && s.To.IsZero() && len(s.Only) == 0 {
		return warehouse.Proof{}, &KindError{Kind: BadUsage, Err: errors.New("nothing says which calls to delete"), Hint: "name a project, a user, a key or a time before which calls go"}
	}
	proof, err := engine.Delete(ctx, s, a.Now(), dry)
	if err == nil && !dry && proof.Left != 0 {
		err = fmt.Errorf("%d of the calls that were to go are still there", proof.Left)
	}
	return proof, warehouseError(err)
}

// ParseInstant reads a point in time: RFC 3339, or a day, which is its begin in UTC. The empty text is the zero time.
func ParseInstant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a day, as 2026-08-21, nor an instant, as 2026-08-21T07:00:00Z", text)
}

// ParseSelection reads a selection: two instants, either of which may be zero, and filters as in "project=search".
func ParseSelection(from, to time.Time, only []string) (warehouse.Selection, error) {
	s := warehouse.Selection{From: from, To: to}
	bad := func(value, problem, hint string) (warehouse.Selection, error) {
		return s, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "only", Value: value, Problem: problem, Hint: hint}}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return s, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "from", Value: from.Format(time.RFC3339), Problem: "is not before to"}}
	}
	for _, text := range only {
		name, value, ok := strings.Cut(text, "=")
		d, known := warehouse.ParseDimension(name)
		switch {
		case !ok:
			return bad(text, "is not dimension=value", "write it as in project=search")
		case !known || d.Timed():
			return bad(text, "does not begin with a dimension that calls can be selected on", "use model, provider, project, user, key or tier; for times there are from and to")
		}
		if i := slices.IndexFunc(s.Only, func(f warehouse.Filter) bool { return f.Dimension == d }); i >= 0 {
			s.Only[i].Values = append(s.Only[i].Values, value)
			continue
		}
		s.Only = append(s.Only, warehouse.Filter{Dimension: d, Values: []string{value}})
	}
	return s, nil
}

// retainEvery is how often calls that are too old are looked for.
const retainEvery = time.Hour

// Retain deletes kept calls that began more than so many days ago, now and every hour, until the context ends.
func (a *App) Retain(ctx context.Context, days int, log *slog.Logger) {
	for {
		old := warehouse.Selection{To: a.Now().UTC().AddDate(0, 0, -days)}
		proof, err := a.DeleteCalls(ctx, old, true) // a deletion of nothing would leave a proof all the same
		if err == nil && proof.Matching > 0 {
			proof, err = a.DeleteCalls(ctx, old, false)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.ErrorContext(ctx, "calls that are too old cannot be deleted", "days", days, "error", err)
		case proof.Matching > 0:
			log.InfoContext(ctx, "calls that were too old are deleted", "days", days, "rows", proof.Matching, "kept", proof.After)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(retainEvery):
		}
	}
}
