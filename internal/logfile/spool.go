package logfile

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// spool is the temporary file that keeps logs which can be read only once, so that their size is bounded by the disk
// and not by memory. All of a set lie in one file, because a bucket may have more objects than a process may have open
// files.
type spool struct {
	max int64 // bytes in all

	mu   sync.Mutex
	f    *os.File
	path string // to remove at the end; empty where the file has lost its name already
	size int64
}

// part is a log in the spool.
type part struct {
	f        *os.File
	begin, n int64
	name     string
}

func (p *part) source(name string) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) {
		return Decode(name, io.NewSectionReader(p.f, p.begin, p.n), p.n)
	}}
}

// reserve makes room for n bytes of a log.
func (s *spool) reserve(name string, n int64) (*part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(name); err != nil {
		return nil, err
	}
	if s.size+n > s.max {
		return nil, s.full(name)
	}
	p := &part{f: s.f, begin: s.size, n: n, name: name}
	s.size += n
	return p, nil
}

func (s *spool) full(name string) error {
	return &Error{
		Kind: Unreachable, Name: name, Problem: fmt.Sprintf("is too large: with what was fetched before it, it has more than %d bytes", s.max),
		Hint: "fetch it yourself and pass it as a file, or pass a part of it",
	}
}

// ready makes the file.
func (s *spool) ready(name string) error {
	if s.f != nil {
		return nil
	}
	f, err := os.CreateTemp("", "breakeven-log-*")
	if err != nil {
		return noRoom(name, err)
	}
	s.f = f
	// Where the system allows it, the file loses its name at once: then nothing of it is left, however the program
	// ends. Elsewhere it is removed at the end.
	if os.Remove(f.Name()) != nil {
		s.path = f.Name()
	}
	return nil
}

func (s *spool) close() {
	if s.f == nil {
		return
	}
	_ = s.f.Close() // it was written to be read here, and that is over
	if s.path != "" {
		_ = os.Remove(s.path) // nothing is left to try
	}
	s.f = nil
}

// add keeps a log whose size is not known, at the end of the file.
func (s *spool) add(name string, in io.Reader) (*part, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(name); err != nil {
		return nil, err
	}
	disk := &watched{w: io.NewOffsetWriter(s.f, s.size)}
	n, err := io.Copy(disk, io.LimitReader(in, s.max-s.size+1))
	switch {
	case disk.err != nil:
		return nil, noRoom(name, disk.err)
	case err != nil:
		return nil, broken(name, err)
	case s.size+n > s.max:
		return nil, s.full(name)
	}
	p := &part{f: s.f, begin: s.size, n: n, name: name}
	s.size += n
	return p, nil
}

// fill keeps a log in the room that was made for it. Logs may be filled side by side.
func (p *part) fill(in io.Reader) error {
	disk := &watched{w: io.NewOffsetWriter(p.f, p.begin)}
	n, err := io.Copy(disk, io.LimitReader(in, p.n+1))
	switch {
	case disk.err != nil:
		return noRoom(p.name, disk.err)
	case err != nil:
		return broken(p.name, err)
	case n != p.n:
		return &Error{Kind: Unreachable, Name: p.name, Problem: fmt.Sprintf("has not the %d bytes that were announced", p.n), Hint: "it changed while it was read, or the transfer broke off: try again"}
	}
	return nil
}

func broken(name string, err error) error {
	return &Error{Kind: Unreachable, Name: name, Problem: "cannot be read to its end", Err: err, Hint: "try again, or fetch it yourself and pass it as a file"}
}

func noRoom(name string, err error) error {
	return &Error{
		Kind: NoRoom, Name: name, Problem: "cannot be kept in a temporary file", Err: err,
		Hint: "free space in " + os.TempDir() + ", name another folder in TMPDIR, or pass the log as a file",
	}
}

// watched remembers the error of a writer, to tell a disk that cannot take a log from a log that cannot be read.
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
