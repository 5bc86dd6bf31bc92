// Package logfile opens call logs wherever they are, as something that can be read more than once: files, folders of
// them, standard input and pipes, web addresses and S3 buckets. What package usage cannot read as text it turns into
// text: zstd is undone, and Parquet becomes JSON lines.
//
// Reading guide: logfile.go is what a log is and the table of places; folder.go, web.go and s3.go are the places;
// spool.go keeps what can be read only once; decode.go and parquet.go turn bytes into text.
package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"breakeven/usage"
)

// Source is a call log that can be opened more than once.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
	// Found marks a file of a folder or a bucket, which nobody named: it may be no log at all.
	Found bool
}

// File is a log in a file.
func File(path string) Source {
	return Source{Name: path, Open: func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		text, err := Decode(path, f, info.Size())
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return both{text, f}, nil
	}}
}

// both closes a decoder and then what it reads.
type both struct {
	io.ReadCloser
	under io.Closer
}

func (b both) Close() error { return errors.Join(b.ReadCloser.Close(), b.under.Close()) }

// Kind is what kind of failure an [Error] is.
type Kind uint8

// The kinds of failure.
const (
	Unreachable Kind = iota // the log cannot be fetched or read
	BadName                 // what was asked for is no log, or is asked for twice
	NoRoom                  // the temporary file cannot take the log
)

// Error is a log that cannot be opened.
type Error struct {
	Kind    Kind
	Name    string // without what a web address keeps secret
	Problem string
	Err     error // the cause, if another error is
	Hint    string
}

// Error names the log, the problem and its cause. The remedy is in Hint.
func (e *Error) Error() string {
	s := e.Name + " " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Stdin names standard input, and StdinName is what messages call it.
const (
	Stdin     = "-"
	StdinName = "standard input"
)

// DefaultMaxFetch is how many bytes of logs are fetched and kept, if nothing else is said: 64 GiB.
const DefaultMaxFetch = 64 << 30

// Opener opens logs by name. The zero value reads files, folders, addresses and buckets, and no standard input.
type Opener struct {
	Stdin io.Reader
	// Client fetches web addresses; nil means one with time limits, which follows no redirect to an address that is not
	// encrypted.
	Client *http.Client
	// MaxFetch is how many bytes are fetched and kept in the temporary file; zero means [DefaultMaxFetch].
	MaxFetch int64
}

// Set is what names stand for.
type Set struct {
	Sources []Source
	// Passed are files of folders and objects of buckets that were passed over.
	Passed []Passed

	spool spool
	met   met
}

// Passed counts what was passed over for one reason.
type Passed struct {
	Where string // the folder or bucket
	Why   string
	Files int
	First string // the first of them, below Where
}

// String says what was passed over, and why.
func (p Passed) String() string {
	if p.Files == 1 {
		return fmt.Sprintf("%s: passed over %s: %s", p.Where, p.First, p.Why)
	}
	return fmt.Sprintf("%s: passed over %d files, such as %s: %s", p.Where, p.Files, p.First, p.Why)
}

// Close removes what was kept of logs that can be read only once.
func (s *Set) Close() { s.spool.close() }

// places are the kinds of names other than files and folders, by how they begin.
var places = []struct {
	begin string
	open  func(*Opener, context.Context, *Set, string) error
}{
	{"https://", (*Opener).web},
	{"http://", (*Opener).web},
	{"s3://", (*Opener).bucket},
}

// Open opens logs by name: files, folders, "-" for standard input, https:// addresses, s3://bucket/key and
// s3://bucket/prefix/. The set must be closed; it is usable as far as it got where there is an error.
func (o *Opener) Open(ctx context.Context, names []string) (*Set, error) {
	s := &Set{}
	s.spool.max = o.MaxFetch
	if s.spool.max <= 0 {
		s.spool.max = DefaultMaxFetch
	}
	for i, name := range names {
		if slices.ContainsFunc(names[:i], func(other string) bool { return same(name, other) }) {
			return s, twice(name)
		}
		if err := o.one(ctx, s, name); err != nil {
			return s, err
		}
	}
	return s, nil
}

// same reports whether two names are the same text, apart from how a path is written.
func same(a, b string) bool {
	return a == b || !strings.Contains(a, "://") && !strings.Contains(b, "://") && filepath.Clean(a) == filepath.Clean(b)
}

func twice(what string) error {
	return &Error{Kind: BadName, Name: "the log " + what, Problem: "is given twice", Hint: "name it once: its calls would count double"}
}

func (o *Opener) one(ctx context.Context, s *Set, name string) error {
	for _, p := range places {
		if strings.HasPrefix(strings.ToLower(name), p.begin) {
			return p.open(o, ctx, s, name)
		}
	}
	if scheme, _, ok := strings.Cut(name, "://"); ok && !strings.ContainsAny(scheme, `/\.`) {
		return &Error{Kind: BadName, Name: scheme + "://", Problem: "is no place that logs are read from", Hint: "name a file, a folder, an https:// address or s3://BUCKET/PREFIX"}
	}
	if name == Stdin {
		if f, ok := o.Stdin.(*os.File); ok {
			if info, err := f.Stat(); err == nil {
				if err := s.met.add(name, info); err != nil {
					return err
				}
			}
		}
		if o.Stdin == nil {
			return &Error{Kind: BadName, Name: StdinName, Problem: "is not there to be read", Hint: "pass the log as a file"}
		}
		return s.keep(StdinName, o.Stdin)
	}
	info, err := os.Stat(name)
	if err != nil {
		s.Sources = append(s.Sources, File(name)) // the error shows where the log is read
		return nil
	}
	if info.IsDir() {
		return s.folder(name)
	}
	if err := s.met.add(name, info); err != nil {
		return err
	}
	if info.Mode().IsRegular() {
		s.Sources = append(s.Sources, File(name))
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return &Error{Kind: Unreachable, Name: name, Problem: "cannot be opened", Err: err, Hint: usage.Unreadable(name, err).Hint}
	}
	defer f.Close()
	return s.keep(name, f)
}

// keep makes a source of what can be read only once.
func (s *Set) keep(name string, in io.Reader) error {
	part, err := s.spool.add(name, in)
	if err == nil {
		s.Sources = append(s.Sources, part.source(name))
	}
	return err
}

// met tells a log that is met twice, whatever its names. Files are the same where the system says so; only those of
// the same size and time are asked about.
type met struct{ files map[metKey][]metFile }

type metKey struct{ size, modified int64 }

type metFile struct {
	name string
	info os.FileInfo
}

// find is the name under which a file was met before.
func (m *met) find(info os.FileInfo) (string, bool) {
	for _, f := range m.files[metKey{info.Size(), info.ModTime().UnixNano()}] {
		if os.SameFile(f.info, info) {
			return f.name, true
		}
	}
	return "", false
}

// add takes in a file, and refuses one that was met before.
func (m *met) add(name string, info os.FileInfo) error {
	if other, again := m.find(info); again {
		if same(name, other) {
			return twice(name)
		}
		return twice(name + ", which is also " + other + ",")
	}
	if m.files == nil {
		m.files = map[metKey][]metFile{}
	}
	key := metKey{info.Size(), info.ModTime().UnixNano()}
	m.files[key] = append(m.files[key], metFile{name, info})
	return nil
}
