package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/internal/app"
	"breakeven/internal/store"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// dataFolder is where a user's data is kept by convention: what XDG_DATA_HOME says, else the system's place.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support"), nil
	case "windows":
		return filepath.Join(home, "AppData", "Local"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}

// embedded is what to say for no database: only what comes with the program.
const embedded = "embedded"

// openRegistry opens the database that the command line names, or the one in its usual place: if it is there, or
// where it is to be made.
func (r run) openRegistry(dsn string, make bool) error {
	switch dsn {
	case "":
	case embedded:
		return nil
	default:
		if err := r.app.OpenRegistry(r.ctx, dsn); err != nil {
			return fmt.Errorf("--database: %w; give a file's path, or postgres://user@host/name", err)
		}
		return nil
	}
	dir, err := dataFolder()
	if err != nil {
		if make {
			return &app.KindError{Kind: app.BadUsage, Err: err, Hint: "say with --database where to keep the registry"}
		}
		return nil
	}
	path := filepath.Join(dir, "breakeven", "registry.db")
	if _, err := os.Stat(path); err != nil {
		if !make {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return &app.KindError{Kind: app.Unreachable, Err: err, Hint: "say with --database where to keep the registry"}
		}
	}
	return r.app.OpenRegistry(r.ctx, path)
}

type pricesSyncCmd struct {
	Source    []string          `help:"Only this source; may be repeated." placeholder:"NAME"`
	File      map[string]string `help:"Read a copy in place of a source's address: NAME=PATH." placeholder:"NAME=PATH"`
	Taken     time.Time         `help:"When the copies were made (RFC 3339); now if left out." placeholder:"TIME"`
	Evidence  []string          `help:"Record what a person read on a vendor's page, from this document (JSON or YAML)." placeholder:"FILE"`
	NoHistory bool              `help:"Start without the history that comes with the program."`
	Mirror    string            `help:"Read the sources from a server that has their paths." env:"BREAKEVEN_MIRROR" placeholder:"URL"`
}

func (c pricesSyncCmd) Run(r run) error {
	req := app.SyncRequest{Sources: c.Source, Files: c.File, Taken: c.Taken, Mirror: c.Mirror, NoHistory: c.NoHistory}
	for _, name := range c.Evidence {
		data, err := r.file(name)
		if err != nil {
			return err
		}
		req.Evidence = append(req.Evidence, app.Document{Name: name, Data: data})
	}
	a, err := r.app.Sync(r.ctx, req)
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printSync(w, a) }); err != nil {
		return err
	}
	if n := a.Failed(); n > 0 {
		kind := app.Incomplete
		if n == len(a.Sources) {
			kind = app.Unreachable
		}
		return &app.KindError{Kind: kind, Err: fmt.Errorf("%s could not be read", ledger.Count(n, "source")), Hint: "what they said before still counts"}
	}
	return nil
}

func printSync(w io.Writer, a app.SyncAnswer) {
	if !a.Led {
		fmt.Fprintln(w, "Another instance is reading the sources: nothing was done")
		return
	}
	if a.Backfilled > 0 {
		fmt.Fprintf(w, "Recorded %s from the history that comes with the program\n\n", ledger.Count(a.Backfilled, "snapshot"))
	}
	t := table{right: []bool{false, false, true, true, true, true}}
	t.row("source", "outcome", "rates", "new", "gone", "changes")
	t.rule()
	for _, s := range a.Sources {
		outcome := string(s.Outcome)
		if s.Baseline {
			outcome = "first reading"
		}
		remark := classes(s.Classes)
		if s.Error != "" {
			if remark = s.Error; !s.Kept.IsZero() {
				remark += "; what it said on " + s.Kept.UTC().Format(time.DateOnly) + " still counts"
			}
		}
		if s.Faults > 0 {
			remark = strings.TrimPrefix(remark+"; ", "; ") + fmt.Sprintf("%d left out, as ", s.Faults) + s.Fault
		}
		t.row(s.Source, outcome, count(s.Rates), count(s.Opened), count(s.Closed), count(s.Changes), remark)
	}
	t.write(w)
	fmt.Fprintf(w, "\nChain: %d:%s\n", a.Head.Seq, a.Head.Hash)
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return grouped(strconv.Itoa(n))
}

// classes tells how many changes there are of each class.
func classes(counts map[registry.Class]int) string {
	var parts []string
	for _, c := range registry.Classes() {
		if n := counts[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", words(c), n))
		}
	}
	return strings.Join(parts, ", ")
}

func words(c registry.Class) string { return strings.ReplaceAll(string(c), "_", " ") }

type pricesSnapshotCmd struct {
	ID     string `arg:"" optional:"" help:"Show what this snapshot states."`
	Source string `help:"Only snapshots of this source." placeholder:"NAME"`
}

func (c pricesSnapshotCmd) Run(r run) error {
	if c.ID != "" {
		s, err := r.app.PriceSnapshotFacts(r.ctx, c.ID)
		if err != nil {
			return err
		}
		return r.print(s, func(w io.Writer) {
			t := table{right: []bool{false, false, true}}
			for i := range s.Facts {
				f := &s.Facts[i]
				t.row(modelName(f.Provider, f.Model), rateName(f.Key), perUnit(f.Kind, f.Rate))
			}
			t.write(w)
			fmt.Fprintf(w, "\n%s of %s, first read %s; the contents give the identity\n", ledger.Count(len(s.Facts), "rate"), s.Source.Title, instant(s.Taken))
		})
	}
	if list, err := r.app.PriceSnapshots(r.ctx, c.Source); err == nil {
		return r.print(list, func(w io.Writer) {
			t := table{right: []bool{false, false, true, false}}
			t.row("source", "first read", "rates", "identity")
			t.rule()
			for _, s := range list {
				t.row(s.Source, instant(s.Taken), count(int(s.Rates)), "", s.ID)
			}
			t.write(w)
		})
	} else if c.Source != "" || app.KindOf(err) != app.NotFound {
		return err
	}
	list, err := r.app.PriceSources(r.ctx)
	if err != nil {
		return err
	}
	return r.print(list, func(w io.Writer) {
		printSources(w, list)
		fmt.Fprintln(w, "\nThis is the history that comes with the program. breakeven prices sync takes snapshots of one's own")
	})
}

func printSources(w io.Writer, list []app.PriceSource) {
	t := table{right: []bool{false, true, false, false, false}}
	t.row("source", "rates", "from", "last checked", "last reading")
	t.rule()
	for _, s := range list {
		remark := ""
		if s.Error != "" {
			remark = s.Error
		}
		t.row(s.ID, count(int(s.Rates)), date(s.First), date(s.Checked), s.Outcome, remark)
	}
	t.write(w)
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.DateOnly)
}

type pricesChangesCmd struct {
	Text      string           `arg:"" optional:"" help:"Only models whose name contains this."`
	Since     string           `help:"Only changes since this day, or of the last so many days: 2026-08-01, 30d." placeholder:"WHEN"`
	Source    string           `help:"Only changes of this source." placeholder:"NAME"`
	Provider  string           `help:"Only this provider." placeholder:"NAME"`
	Class     []registry.Class `help:"Only changes of this class; may be repeated." placeholder:"CLASS"`
	All       bool             `help:"Also changes of models that the price book does not have."`
	KnownAsOf time.Time        `help:"Only what was known at this time (RFC 3339)." placeholder:"TIME"`
	Limit     int              `help:"How many to show." default:"50"`
}

func (c pricesChangesCmd) Run(r run) error {
	since, err := r.since(c.Since)
	if err != nil {
		return err
	}
	a, err := r.app.PriceChanges(r.ctx, app.ChangesRequest{
		Since: since, KnownAsOf: c.KnownAsOf, Source: c.Source, Classes: c.Class, Provider: c.Provider, Text: c.Text, Ours: !c.All, Limit: c.Limit,
	})
	if err != nil {
		return err
	}
	return r.print(a, func(w io.Writer) {
		printChanges(w, a.Changes)
		fmt.Fprintf(w, "\n%d of %s; of all chosen: %s\n", len(a.Changes), ledger.Count(a.Total, "change"), classes(a.Classes))
	})
}

func printChanges(w io.Writer, changes []app.PriceChange) {
	t := table{right: []bool{false, false, false, false, true, true, false}}
	t.row("recorded", "source", "model", "rate", "old", "new", "class")
	t.rule()
	for i := range changes {
		c := &changes[i]
		t.row(date(c.At), c.Source, modelName(c.Provider, c.Model), rateName(c.Key), maybe(c.Kind, c.From), maybe(c.Kind, c.To), words(c.Class), c.Why)
	}
	t.write(w)
}

// since reads a day, an instant, or a number of days before now.
func (r run) since(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	var days int
	if _, err := fmt.Sscanf(text+"\n", "%dd\n", &days); err == nil && days >= 0 {
		return r.app.Now().AddDate(0, 0, -days), nil
	}
	return time.Time{}, &app.KindError{Kind: app.BadUsage, Err: fmt.Errorf("--since %q is no day", text), Hint: "write 2026-08-01 or 30d"}
}

func modelName(provider, model string) string {
	if provider == "" {
		return model
	}
	return provider + "/" + model
}

// rateName is what of a model's price a key is: "batch output above 200,000".
func rateName(k registry.Key) string {
	var parts []string
	if k.Route != "" {
		parts = append(parts, k.Route)
	}
	if k.Tier != registry.Standard && k.Kind != registry.MachineHour {
		parts = append(parts, string(k.Tier))
	}
	if k.Kind == registry.MachineHour {
		parts = append(parts, strings.ReplaceAll(string(k.Tier), "_", " "))
	} else {
		parts = append(parts, k.Kind.Label())
	}
	if k.Above > 0 {
		word := "above "
		if k.Inclusive {
			word = "from "
		}
		parts = append(parts, word+grouped(strconv.FormatInt(k.Above, 10)))
	}
	if k.Window != "" {
		parts = append(parts, k.Window)
	}
	return strings.Join(parts, " ")
}

// perUnit is a rate as people quote it: a million tokens, a thousand requests, an hour.
func perUnit(k registry.Kind, r money.Rate) string {
	p, ok := k.Priced()
	if !ok {
		return dollars(r.Each()) + "/h"
	}
	if p.Side() == price.FeeSide {
		return dollars(money.USD(r)) + "/1,000"
	}
	return dollars(r)
}

func maybe(k registry.Kind, r *money.Rate) string {
	if r == nil {
		return "-"
	}
	return perUnit(k, *r)
}

type pricesHistoryCmd struct {
	Model     string    `arg:"" help:"Provider and model, as in anthropic/claude-sonnet-4-6; or vendor and machine, as in aws/p5.48xlarge."`
	Kind      string    `help:"Only this kind of rate; input and output if left out, all for every kind." placeholder:"KIND"`
	Tier      string    `help:"Only this service tier or, for a machine, this term; the standard tier and all terms if left out, all for every tier." placeholder:"TIER"`
	KnownAsOf time.Time `help:"As was known at this time (RFC 3339)." placeholder:"TIME"`
}

func (c pricesHistoryCmd) Run(r run) error {
	req := app.HistoryRequest{KnownAsOf: c.KnownAsOf, Kind: c.Kind, Tier: c.Tier}
	if c.Kind == "all" {
		req.Kind = ""
	}
	if c.Tier == "all" {
		req.Tier = ""
	}
	req.Provider, req.Model = app.SplitModel(c.Model)
	h, err := r.app.PriceHistory(r.ctx, req)
	if err != nil {
		return err
	}
	if c.Tier == "" {
		h.Rates = slices.DeleteFunc(h.Rates, func(h app.RateHistory) bool { return h.Kind != registry.MachineHour && h.Tier != registry.Standard })
	}
	return r.print(h, func(w io.Writer) { printHistory(w, h, c.Kind == "") })
}

func printHistory(w io.Writer, h app.PriceHistory, short bool) {
	fmt.Fprintf(w, "%s/%s", h.Provider, h.Model)
	if h.Name != "" {
		fmt.Fprintf(w, " (%s)", h.Name)
	}
	if !h.Since.IsZero() {
		fmt.Fprintf(w, ", known since %s", date(h.Since))
	}
	fmt.Fprintln(w)
	left := 0
	for i := range h.Rates {
		rate := &h.Rates[i]
		if short && rate.Kind != registry.MachineHour && rate.Kind != registry.KindOf(price.Input) && rate.Kind != registry.KindOf(price.Output) {
			left++
			continue
		}
		fmt.Fprintf(w, "\n%s\n", rateName(rate.Key))
		t := table{right: []bool{false, false, false, true}}
		for _, b := range rate.Book {
			note := "in force"
			if !b.InForce {
				note = ""
			}
			t.row("  vendor", date(b.Effective.From), until(b.Effective.To), perUnit(rate.Kind, b.Rate), note)
		}
		for _, s := range rate.Sources {
			for _, step := range s.Steps {
				remark := step.Named
				if step.InForce != nil {
					remark += ", in force since " + date(step.InForce.At)
				}
				t.row("  "+s.Source, date(step.Recorded.From), until(step.Recorded.To), perUnit(rate.Kind, step.Rate), remark)
			}
		}
		t.write(w)
		fmt.Fprintf(w, "  now: %s\n", decision(rate.Kind, &rate.Decision))
	}
	if left > 0 {
		fmt.Fprintf(w, "\n%s of other kinds: --kind all\n", ledger.Count(left, "rate"))
	}
}

func until(t time.Time) string {
	if t.IsZero() {
		return "until now"
	}
	return "until " + date(t)
}

// decision is which rate to believe, and why.
func decision(k registry.Kind, d *registry.Resolution) string {
	switch {
	case d.Outcome == registry.Unknown:
		return d.Why
	case d.Rate == nil:
		return "undecided: " + d.Why
	}
	return perUnit(k, *d.Rate) + ": " + d.Why
}

type pricesVerifyCmd struct {
	What       string    `arg:"" optional:"" help:"A vendor, or a provider and model: every rate with who agrees and who differs."`
	MaxAgeDays int       `help:"An older reading verifies nothing." default:"7"`
	KnownAsOf  time.Time `help:"As was known at this time (RFC 3339)." placeholder:"TIME"`
	Strict     bool      `help:"Fail unless every vendor is verified (exit code 4)."`
}

func (c pricesVerifyCmd) Run(r run) error {
	if c.MaxAgeDays < 1 {
		return &app.KindError{Kind: app.BadUsage, Err: fmt.Errorf("--max-age-days %d is less than a day", c.MaxAgeDays)}
	}
	req := app.VerifyRequest{Provider: c.What, KnownAsOf: c.KnownAsOf, MaxAge: time.Duration(c.MaxAgeDays) * 24 * time.Hour}
	if provider, model := app.SplitModel(c.What); strings.Contains(c.What, "/") {
		req.Provider, req.Model = provider, model
	}
	a, err := r.app.Verify(r.ctx, req)
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printVerification(w, a) }); err != nil {
		return err
	}
	if c.Strict && a.Verified < a.Of {
		return &app.KindError{Kind: app.Incomplete, Err: fmt.Errorf("%d of %d vendors are verified", a.Verified, a.Of), Hint: "breakeven prices sync reads the sources"}
	}
	return nil
}

func printVerification(w io.Writer, a app.VerifyAnswer) {
	if len(a.Rates) == 0 {
		printVendors(w, "vendor", a.Vendors)
		fmt.Fprintln(w)
		stated := slices.DeleteFunc(slices.Clone(a.Machines), func(v registry.Verification) bool { return v.Rates == 0 })
		if len(stated) > 0 {
			printVendors(w, "machines of", stated)
		}
		if n := len(a.Machines) - len(stated); n > 0 {
			fmt.Fprintf(w, "%s of machines have no rate that a source states\n", ledger.Count(n, "vendor"))
		}
		fmt.Fprintln(w)
		printSources(w, a.Sources)
		if n := a.Registry.Updates; n > 0 {
			fmt.Fprintf(w, "\n%s of the book replaced by what sources agree on since the book was made\n", ledger.Count(n, "rate"))
		}
		fmt.Fprintf(w, "\n%d of %d vendors are verified: more than half of their rates that are stated at all agree between two independent sources, read within %s\n",
			a.Verified, a.Of, ledger.Count(a.MaxAgeDays, "day"))
		return
	}
	t := table{right: []bool{false, false, true, false}}
	t.row("model", "rate", "book", "sources")
	t.rule()
	unstated := 0
	for i := range a.Rates {
		row := &a.Rates[i]
		if row.Decision.Outcome == registry.Unknown || row.Decision.Outcome == registry.ByRule {
			unstated++
			continue
		}
		verdict := "verified"
		switch {
		case row.Review():
			verdict = "REVIEW"
		case row.Differs:
			verdict = "differs"
		case !row.Decision.Verified:
			verdict = "single"
		}
		t.row(modelName(row.Provider, row.Model), rateName(row.Key), perUnit(row.Kind, row.Rate), verdict, voices(row))
	}
	t.write(w)
	if unstated > 0 {
		fmt.Fprintf(w, "\n%s of the book more that no source states: rules give them, or a curated entry\n", ledger.Count(unstated, "rate"))
	}
	for _, v := range slices.Concat(a.Vendors, a.Machines) {
		fmt.Fprintf(w, "%s: %d of %s verified, %d disputed, last checked %s\n", v.Provider, v.Verified, ledger.Count(v.Rates, "stated rate"), v.Disputed, date(v.Last))
	}
}

// voices tells who agrees and who differs.
func voices(row *registry.Row) string {
	var parts []string
	for _, s := range row.Decision.Agree {
		parts = append(parts, s.Source.ID)
	}
	text := strings.Join(parts, ", ")
	parts = nil
	for _, s := range row.Decision.Differ {
		parts = append(parts, s.Source.ID+" "+perUnit(row.Kind, s.Rate))
	}
	if len(parts) > 0 {
		text = strings.TrimPrefix(text+"; but "+strings.Join(parts, ", "), "; ")
	}
	return text
}

func printVendors(w io.Writer, title string, list []registry.Verification) {
	t := table{right: []bool{false, false, true, true, true, true, true, false}}
	t.row(title, "verified", "rates", "agree", "single", "dispute", "review", "last checked")
	t.rule()
	for _, v := range list {
		is := "no"
		if v.OK {
			is = "yes"
		}
		t.row(v.Provider, is, count(v.Rates), count(v.Verified), count(v.Single), count(v.Disputed), count(v.Review), date(v.Last))
	}
	t.write(w)
}

type pricesReviewCmd struct {
	Provider  string    `arg:"" optional:"" help:"Only this vendor."`
	KnownAsOf time.Time `help:"As was known at this time (RFC 3339)." placeholder:"TIME"`
}

func (c pricesReviewCmd) Run(r run) error {
	a, err := r.app.Review(r.ctx, c.Provider, c.KnownAsOf)
	if err != nil {
		return err
	}
	return r.print(a, func(w io.Writer) {
		t := table{right: []bool{false, false, false, true}}
		t.row("reason", "model", "rate", "book", "sources")
		t.rule()
		for i := range a.Queue {
			q := &a.Queue[i]
			t.row(q.Reason, modelName(q.Provider, q.Model), rateName(q.Key), perUnit(q.Kind, q.Rate), voices(&q.Row))
		}
		t.write(w)
		var parts []string
		for _, reason := range slices.Sorted(maps.Keys(a.Counts)) {
			parts = append(parts, fmt.Sprintf("%s %d", reason, a.Counts[reason]))
		}
		fmt.Fprintf(w, "\n%s for a person to look at (%s); no value in question is used, the book's stay\n", ledger.Count(len(a.Queue), "rate"), strings.Join(parts, ", "))
	})
}

type pricesAuditCmd struct {
	Head []string `help:"A head that was noted down earlier, NUMBER:HASH; it must still be in the chain. May be repeated." placeholder:"HEAD"`
}

func (c pricesAuditCmd) Run(r run) error {
	var known []store.Head
	for _, text := range c.Head {
		h, err := app.ParseHead(text)
		if err != nil {
			return err
		}
		known = append(known, h)
	}
	a, err := r.app.Audit(r.ctx, known)
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) {
		if !a.Sound {
			fmt.Fprintf(w, "NOT SOUND: %s\n", a.Broken)
			return
		}
		fmt.Fprintf(w, "Sound: %s in one chain, %s, %s, %s (%s)\nHead: %d:%s\nNote the head down elsewhere: --head proves later that nothing before it was rewritten\n",
			ledger.Count(int(a.Head.Seq), "change"), ledger.Count(int(a.Snapshots), "snapshot"), ledger.Count(int(a.Runs), "reading"), ledger.Count(int(a.Facts), "fact"), a.Database, a.Head.Seq, a.Head.Hash)
	}); err != nil {
		return err
	}
	if !a.Sound {
		return &app.KindError{Kind: app.Invalid, Err: errors.New("the registry is not sound"), Hint: "restore it from a copy that passes the audit"}
	}
	return nil
}

type pricesExportCmd struct {
	Format    string    `help:"csv or json." enum:"csv,json" default:"csv"`
	At        time.Time `help:"Rates in force at this time (RFC 3339); now if left out." placeholder:"TIME"`
	KnownAsOf time.Time `help:"As was known at this time (RFC 3339)." placeholder:"TIME"`
}

func (c pricesExportCmd) Run(r run) error {
	rows, err := r.app.Export(r.ctx, c.At, c.KnownAsOf)
	if err != nil {
		return err
	}
	if c.Format == "json" || r.json {
		r.json = true
		return r.print(rows, nil)
	}
	var b bytes.Buffer
	if err := app.WriteCSV(&b, rows); err != nil {
		return err
	}
	return r.write(b.Bytes())
}
