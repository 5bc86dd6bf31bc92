package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"breakeven/internal/app"
	"breakeven/usage"
)

// logFlags say how call logs are to be read.
type logFlags struct {
	Format       string            `help:"The log's format; detected if left out." placeholder:"NAME" group:"Reading logs"`
	Map          map[string]string `help:"A column of the log for one of our fields, as in --map input=prompt_tok." placeholder:"FIELD=COLUMN" group:"Reading logs" mapsep:","`
	Input        string            `help:"Whether the input figure holds cached tokens: detect, includes or excludes." enum:"detect,includes,excludes" default:"detect" group:"Reading logs"`
	As           string            `help:"Provider and model of calls that name none, as in anthropic/claude-sonnet-4-6." placeholder:"MODEL" group:"Reading logs"`
	ReplaceModel bool              `help:"Take --as for every call, whatever the log names." group:"Reading logs"`
	sheetFlag
	Strict bool `help:"Stop at the first bad row, and fail if a price is missing (exit code 4)."`
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
	o := usage.Options{Format: f.Format, Mapping: f.Map, Strict: f.Strict, Override: f.ReplaceModel}
	var err error
	if o.Input, err = usage.ParseInputConvention(f.Input); err != nil {
		return o, &app.KindError{Kind: app.BadUsage, Err: err}
	}
	if f.As != "" {
		o.Provider, o.Model = splitModel(f.As)
	}
	if f.ReplaceModel && f.As == "" {
		return o, &app.KindError{Kind: app.BadUsage, Err: errors.New("--replace-model needs --as")}
	}
	return o, nil
}

// splitModel splits "provider/model". Without a provider the price book finds it.
func splitModel(text string) (provider, model string) {
	if provider, model, ok := strings.Cut(text, "/"); ok {
		return provider, model
	}
	return "", text
}

// sources opens logs by name; "-" is standard input, which is kept in memory because it may be read twice.
func (r run) sources(paths []string) ([]app.Source, error) {
	var list []app.Source
	for _, path := range paths {
		if path != "-" {
			list = append(list, app.FileSource(path))
			continue
		}
		data, err := app.ReadAll("standard input", r.env.Stdin, maxStdin)
		if err != nil {
			return nil, err
		}
		list = append(list, app.Source{Name: "standard input", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }})
	}
	return list, nil
}

// maxStdin is the largest log that is read from standard input; a larger one is read from a file.
const maxStdin = 1 << 30
