package cli

import (
	"errors"
	"fmt"
	"os"

	"breakeven/internal/app"
	"breakeven/internal/logfile"
)

// stdinName is standard input on a command line, and inputName in messages.
const (
	stdinName = logfile.Stdin
	inputName = logfile.StdinName
)

// called is what messages call an input.
func called(path string) string {
	if path == stdinName {
		return inputName
	}
	return path
}

// maxInput is the largest scenario, sheet or response body that is read.
const maxInput = 64 << 20

// inputs is what a command has taken from the world and must give back.
type inputs struct{ release []func() }

func (in *inputs) close() {
	for _, release := range in.release {
		release()
	}
}

// once refuses a command line that names standard input twice, because it can be read only once.
func once(paths ...string) error {
	seen := false
	for _, path := range paths {
		if path == stdinName && seen {
			return &app.KindError{Kind: app.BadUsage, Err: errors.New("standard input is given twice"), Hint: "it can be read only once: pass one of the two as a file"}
		}
		seen = seen || path == stdinName
	}
	return nil
}

// file reads a small file, or standard input for "-".
func (r run) file(path string) ([]byte, error) {
	if path == stdinName {
		return app.ReadAll(inputName, r.env.Stdin, maxInput)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &app.KindError{Kind: app.Unreachable, Err: err}
	}
	defer f.Close()
	return app.ReadAll(path, f, maxInput)
}

// logs opens call logs by name: files, folders, standard input, web addresses and buckets. What was passed over in a
// folder or a bucket is said.
func (r run) logs(names []string) ([]app.Source, error) {
	o := logfile.Opener{Stdin: r.env.Stdin, Client: r.env.Client}
	set, err := o.Open(r.ctx, names)
	r.inputs.release = append(r.inputs.release, set.Close)
	for _, p := range set.Passed {
		r.complain(p.String())
	}
	return app.Logs(set.Sources), openError(err)
}

// log opens one file.
func (r run) log(name string) (app.Source, error) {
	list, err := r.logs([]string{name})
	switch {
	case err != nil:
		return app.Source{}, err
	case len(list) != 1:
		return app.Source{}, &app.KindError{Kind: app.BadUsage, Err: fmt.Errorf("%s holds %d files", name, len(list)), Hint: "name one of them"}
	}
	return list[0], nil
}

// openKinds are the kinds of failure of package logfile.
var openKinds = map[logfile.Kind]app.ErrorKind{logfile.Unreachable: app.Unreachable, logfile.BadName: app.BadUsage, logfile.NoRoom: app.Internal}

func openError(err error) error {
	if e, ok := errors.AsType[*logfile.Error](err); ok {
		return &app.KindError{Kind: openKinds[e.Kind], Err: e, Hint: e.Hint}
	}
	return err
}
