package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"breakeven/internal/app"
	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/usage"
)

// importName is the command that makes the data folder.
const importName = "usage import"

// openWarehouse opens where calls are kept: the place that the command line names, or the one in the user's data folder
// if it is there, or where it is to be made.
func (r run) openWarehouse(where, command string) error {
	makes, named := strings.HasPrefix(command, importName), where != ""
	if !named {
		dir, err := dataFolder()
		if err != nil {
			if !makes {
				return nil
			}
			return &app.KindError{Kind: app.BadUsage, Err: err, Hint: "say with --warehouse where to keep calls"}
		}
		where = filepath.Join(dir, "breakeven", "calls")
		if _, err := os.Stat(where); err != nil && !makes {
			return nil
		}
	}
	// A server makes the folder that it is told to use, because calls may arrive over the network.
	if err := r.app.OpenWarehouse(r.ctx, where, makes || named && command == serveName); err != nil {
		return fmt.Errorf("--warehouse: %w", err)
	}
	return nil
}

type usageImportCmd struct {
	Files []string `arg:"" help:"Call logs: files, folders, https:// and s3:// addresses, - for standard input." placeholder:"LOG"`
	Aside string   `help:"File for the rows that cannot be read, one JSON object a line, to mend and import later." placeholder:"FILE"`
	logFlags
}

func (c usageImportCmd) Run(r run) error {
	if c.Kept || len(c.Sheet) > 0 {
		return &app.KindError{Kind: app.BadUsage, Err: errors.New("--kept and --sheet say nothing to an import"), Hint: "leave them out"}
	}
	_, logs, o, err := r.open(c.Files, c.logFlags)
	if err != nil {
		return err
	}
	request := app.ImportRequest{Logs: logs, Options: o}
	if c.Aside != "" {
		aside := &asideFile{path: c.Aside}
		defer aside.close()
		request.Aside = aside.write
	}
	a, err := r.app.UsageImport(r.ctx, request)
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printImport(w, a) }); err != nil {
		return err
	}
	return r.badRows(a.Files, c.logFlags)
}

// asideFile keeps rows that cannot be read. It is made when there is one.
type asideFile struct {
	path string
	file *os.File
}

func (a *asideFile) write(e *usage.RowError) error {
	var err error
	if a.file == nil {
		if a.file, err = os.Create(a.path); err != nil {
			return &app.KindError{Kind: app.Unreachable, Err: err, Hint: "name another file with --aside"}
		}
	}
	data, err := json.Marshal(struct {
		*usage.RowError
		Row string `json:"row"`
	}{e, e.Row})
	if err != nil {
		return err
	}
	if _, err := a.file.Write(append(data, '\n')); err != nil {
		return &app.KindError{Kind: app.Unreachable, Err: err, Hint: "free space, or name another file with --aside"}
	}
	return nil
}

func (a *asideFile) close() {
	if a.file != nil {
		_ = a.file.Close() // each row was written
	}
}

func printImport(w io.Writer, a app.ImportAnswer) {
	fmt.Fprintf(w, "Kept in %s\n\n", line(a.Where))
	t := table{right: []bool{false, true, true, true, true, true}}
	t.row("log", "calls", "new", "there already", "replaced", "withheld")
	t.rule()
	for _, l := range a.Logs {
		remark := ""
		if l.Known {
			remark = "taken in before, on " + l.At.UTC().Format(time.DateOnly)
			l.Same, l.Added, l.Replaced = l.Rows-l.Withheld, 0, 0
		}
		t.row(l.Name, whole(l.Rows), whole(l.Added), whole(l.Same), whole(l.Replaced), whole(l.Withheld), remark)
	}
	t.write(w)
	printNotes(w, a.Notes)
}

type usageKeptCmd struct{}

func (usageKeptCmd) Run(r run) error {
	if _, err := r.app.KeptSource(r.ctx); err != nil {
		return err
	}
	k, err := r.app.KeptCalls(r.ctx)
	if err != nil {
		return err
	}
	return r.print(k, func(w io.Writer) {
		fmt.Fprintf(w, "%s keeps %s", line(k.Where), ledger.Count(k.Rows, "row"))
		if k.Rows > 0 {
			fmt.Fprintf(w, ", from %s to %s", k.First.UTC().Format(time.DateTime), k.Last.UTC().Format(time.DateTime))
		}
		fmt.Fprint(w, ".\n\n")
		t := table{right: []bool{false, false, false, true, false, false}}
		t.row("provider", "model", "tier", "rows", "first", "last")
		t.rule()
		for _, c := range k.Contents {
			t.row(c.Provider, c.Model, c.Tier.String(), whole(c.Rows), c.First.UTC().Format(time.DateOnly), c.Last.UTC().Format(time.DateOnly))
		}
		t.write(w)
		if len(k.Imports) == 0 {
			return
		}
		fmt.Fprintln(w)
		t = table{right: []bool{false, false, false, true, false}}
		t.row("import", "taken in", "format", "rows", "log")
		t.rule()
		for _, i := range k.Imports {
			t.row(i.ID, i.At.UTC().Format(time.DateTime), i.Format, whole(i.Rows), i.Name)
		}
		t.write(w)
	})
}

type usageDeleteCmd struct {
	selectionFlags
	OlderThanDays int    `help:"Calls that began more than so many days ago." placeholder:"N"`
	DryRun        bool   `help:"Only count what would go."`
	Proof         string `help:"File for the proof, in JSON." placeholder:"FILE"`
}

func (c usageDeleteCmd) Run(r run) error {
	if c.OlderThanDays < 0 || c.OlderThanDays > 0 && !c.To.IsZero() {
		return &app.KindError{Kind: app.BadUsage, Err: errors.New("--older-than-days is a number of days, and is not given beside --to")}
	}
	if c.OlderThanDays > 0 {
		c.To.Time = r.app.Now().UTC().AddDate(0, 0, -c.OlderThanDays)
	}
	s, err := c.selection()
	if err != nil {
		return err
	}
	p, err := r.app.DeleteCalls(r.ctx, s, c.DryRun)
	if err != nil {
		return err
	}
	if c.Proof != "" {
		data, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.Proof, append(data, '\n'), 0o600); err != nil {
			return &app.KindError{Kind: app.Unreachable, Err: err, Hint: "the calls are deleted; ask for their proof again with another --proof"}
		}
	}
	return r.print(p, func(w io.Writer) { printProof(w, p) })
}

func printProof(w io.Writer, p warehouse.Proof) {
	if p.Dry {
		fmt.Fprintf(w, "Of %s, %s would go. Nothing was deleted.\n", ledger.Count(p.Before, "row"), whole(p.Matching))
		return
	}
	fmt.Fprintf(w, "%s deleted of %s. A second search finds %s; %s are kept, counted again.\n", ledger.Count(p.Matching, "row"), whole(p.Before), whole(p.Left), whole(p.After))
	if len(p.Parts) > 0 {
		fmt.Fprintf(w, "%s rewritten:\n", ledger.Count(len(p.Parts), "part"))
		for _, part := range p.Parts {
			after := part.After
			if after == "" {
				after = "nothing"
			}
			fmt.Fprintf(w, "  %s: %s gone, %.12s is now %.12s\n", part.Name, ledger.Count(part.Removed, "row"), part.Before, after)
		}
	}
}
