package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"breakeven/internal/app"
)

// stdinName is standard input on a command line, and inputName in messages.
const (
	stdinName = "-"
	inputName = "standard input"
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

// logs opens call logs by name. What can be read only once, as standard input or a pipe, is kept in a temporary
// file, because a log may be read twice.
func (r run) logs(paths []string) ([]app.Source, error) {
	if err := r.twice(paths); err != nil {
		return nil, err
	}
	var list []app.Source
	for _, path := range paths {
		source, err := r.log(path)
		if err != nil {
			return nil, err
		}
		list = append(list, source)
	}
	return list, nil
}

func (r run) log(path string) (app.Source, error) {
	if path == stdinName {
		return r.spool(inputName, r.env.Stdin)
	}
	const seekable = 0 // of fs.ModeType: a regular file
	info, err := os.Stat(path)
	if err != nil || info.IsDir() || info.Mode().Type() == seekable {
		return app.FileSource(path), nil // an error shows where the log is read
	}
	f, err := os.Open(path)
	if err != nil {
		return app.Source{}, &app.KindError{Kind: app.Unreachable, Err: err}
	}
	defer f.Close()
	return r.spool(path, f)
}

// twice refuses a log that is given twice, whatever its names: its calls would count double.
func (r run) twice(paths []string) error {
	infos := make([]os.FileInfo, len(paths))
	for i, path := range paths {
		infos[i] = r.stat(path)
		for j, other := range paths[:i] {
			if filepath.Clean(path) == filepath.Clean(other) || infos[i] != nil && infos[j] != nil && os.SameFile(infos[i], infos[j]) {
				what := path
				if filepath.Clean(path) != filepath.Clean(other) {
					what = path + ", which is also " + other + ","
				}
				return &app.KindError{Kind: app.BadUsage, Err: fmt.Errorf("the log %s is given twice", what), Hint: "name it once: its calls would count double"}
			}
		}
	}
	return nil
}

// stat tells which file a log is; nil where nothing can be told.
func (r run) stat(path string) os.FileInfo {
	var info os.FileInfo
	var err error
	if path != stdinName {
		info, err = os.Stat(path)
	} else if f, ok := r.env.Stdin.(*os.File); ok {
		info, err = f.Stat()
	}
	if err != nil {
		return nil
	}
	return info
}

// spool copies a log that can be read only once to a temporary file, so that its size is bounded by the disk and
// not by memory.
func (r run) spool(name string, in io.Reader) (app.Source, error) {
	f, err := os.CreateTemp("", "breakeven-log-*")
	if err != nil {
		return app.Source{}, spoolError(name, err)
	}
	path := f.Name()
	// Where the system allows it, the file loses its name at once: then nothing of it is left, however the program
	// ends. Elsewhere it is removed at the end.
	named := os.Remove(path) != nil
	r.inputs.release = append(r.inputs.release, func() {
		f.Close()
		if named {
			_ = os.Remove(path) // nothing is left to try
		}
	})
	n, err := keep(name, in, f)
	if err != nil {
		return app.Source{}, err
	}
	return app.Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, n)), nil }}, nil
}

// keep copies a log, and tells a log that cannot be read from a disk that cannot take it.
func keep(name string, in io.Reader, to io.Writer) (int64, error) {
	disk := &watched{w: to}
	n, err := io.Copy(disk, in)
	switch {
	case disk.err != nil:
		return n, spoolError(name, disk.err)
	case err != nil:
		return n, &app.KindError{Kind: app.Unreachable, Err: fmt.Errorf("%s: %w", name, err)}
	}
	return n, nil
}

func spoolError(name string, err error) error {
	return &app.KindError{
		Kind: app.Internal, Err: fmt.Errorf("%s cannot be kept in a temporary file: %w", name, err),
		Hint: "free space in " + os.TempDir() + ", name another folder in TMPDIR, or pass the log as a file",
	}
}

// watched remembers the error of a writer.
type watched struct {
	w   io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}
