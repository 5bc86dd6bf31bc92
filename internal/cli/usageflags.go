package cli

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/usage"
)

// logFlags say how call logs are to be read.
type logFlags struct {
	Format       string            `help:"The log's format; detected if left out." placeholder:"NAME" group:"Reading logs"`
	Map          map[string]string `help:"A column of the log for one of our fields, as in --map input=prompt_tok." placeholder:"FIELD=COLUMN" group:"Reading logs" mapsep:","`
	Input        string            `help:"Whether the input figure holds cached tokens: detect, includes or excludes." enum:"detect,includes,excludes" default:"detect" group:"Reading logs"`
	As           string            `help:"Provider and model of calls that name none, as in anthropic/claude-sonnet-4-6." placeholder:"MODEL" group:"Reading logs"`
	ReplaceModel bool              `help:"Take --as for every call, whatever the log names." group:"Reading logs"`
	KeepGoing    bool              `help:"Accept that rows which cannot be read are left out, and exit with 0." xor:"rows" group:"Reading logs"`
	Kept         bool              `help:"Take the calls that are kept, as by usage import, in place of files." group:"Reading logs"`
	selectionFlags
	sheetFlag
	Strict bool `help:"Stop at the first bad row, and fail if a price is missing (exit code 4)." xor:"rows"`
}

// selectionFlags say which calls are meant.
type selectionFlags struct {
	From moment   `help:"Only calls that begin at this instant or later: RFC 3339, or a day." placeholder:"TIME" group:"Selecting calls"`
	To   moment   `help:"Only calls that begin before this instant." placeholder:"TIME" group:"Selecting calls"`
	Only []string `help:"Only calls with this model, provider, project, user, key or tier, as in project=search; may be repeated." placeholder:"DIMENSION=VALUE" group:"Selecting calls" sep:"none"`
}

func (f selectionFlags) selection() (warehouse.Selection, error) {
	return app.ParseSelection(f.From.Time, f.To.Time, f.Only)
}

// moment is a point in time on the command line: RFC 3339, or a day, which is its begin in UTC.
type moment struct{ time.Time }

// UnmarshalText reads an instant.
func (i *moment) UnmarshalText(text []byte) (err error) {
	i.Time, err = app.ParseInstant(string(text))
	return err
}

// sheetFlag adds price files to the book.
type sheetFlag struct {
	Sheet []string `help:"Price file to add to the book (JSON or YAML); it replaces a provider of the same name." placeholder:"FILE" sep:"none"`
}

// priced is the app with the sheets in its book.
func (r run) priced(f sheetFlag) (*app.App, error) {
	if len(f.Sheet) == 0 {
		return r.app, nil
	}
	files := map[string][]byte{}
	for _, path := range f.Sheet {
		data, err := r.file(path)
		if err != nil {
			return nil, err
		}
		files[path] = data
	}
	return r.app.WithPrices(files), nil
}

func (f logFlags) options() (usage.Options, error) {
	return app.LogOptions{Format: f.Format, Input: f.Input, As: f.As, ReplaceModel: f.ReplaceModel, Map: f.Map, Strict: f.Strict}.Usage()
}

// maxFaults is how many bad rows of a log are shown.
const maxFaults = 10

// badRows says which rows of the logs could not be read. The answer leaves them out, so they are an error unless the
// caller accepts that.
func (r run) badRows(files []usage.Summary, f logFlags) error {
	if f.KeepGoing {
		return nil
	}
	var faulty, rows int64
	for _, file := range files {
		faulty += file.Faulty
		rows += file.Rows
		for i, fault := range file.Faults {
			if i == maxFaults {
				break
			}
			r.complain(fault.Error())
		}
		if more := file.Faulty - int64(min(maxFaults, len(file.Faults))); more > 0 {
			r.complain(fmt.Sprintf("%s: and %s", file.Name, ledger.Count(more, "more such row")))
		}
	}
	if faulty == 0 {
		return nil
	}
	return &app.KindError{
		Kind: app.Invalid, Err: fmt.Errorf("the answer leaves out %s of %s that could not be read", grouped(strconv.FormatInt(faulty, 10)), ledger.Count(rows, "row")),
		Hint: "mend them, or accept that with --keep-going",
	}
}

// calls opens call logs, or the calls that are kept where the flags say so.
func (r run) calls(files []string, f logFlags) ([]app.Source, error) {
	only, err := f.selection()
	if err != nil {
		return nil, err
	}
	if f.Kept && len(files) > 0 {
		return nil, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "--kept", Problem: "is given beside files", Hint: "name files, or take the calls that are kept"}}
	}
	var list []app.Source
	if f.Kept {
		kept, err := r.app.KeptSource(r.ctx)
		if err != nil {
			return nil, err
		}
		list = []app.Source{kept}
	} else if list, err = r.logs(files); err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = list[i].Select(only)
	}
	return list, nil
}

// open opens call logs, and the price book with the sheets of the flags, with how the logs are to be read.
func (r run) open(files []string, f logFlags) (*app.App, []app.Source, usage.Options, error) {
	f.Kept = f.Kept || len(files) == 0
	fail := func(err error) (*app.App, []app.Source, usage.Options, error) { return nil, nil, usage.Options{}, err }
	if err := once(slices.Concat(files, f.Sheet)...); err != nil {
		return fail(err)
	}
	o, err := f.options()
	if err != nil {
		return fail(err)
	}
	logs, err := r.calls(files, f)
	if err != nil {
		return fail(err)
	}
	priced, err := r.priced(f.sheetFlag)
	if err != nil {
		return fail(err)
	}
	return priced, logs, o, nil
}
