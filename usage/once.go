package usage

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
)

// In some formats a call has several rows: an answer while it streams and as it ended, or again where a subagent or a
// resumed session copies it. Of the versions the one with the most output counts, from the earliest time of all.

// Repeated is why a row of such a format is no call of its own, in [Summary.Skips].
const Repeated = "the row repeats an answer, which counts once"

// Answers tells which version of an answer counts, over all the files of one reading. Each file is gathered first,
// and then read with [Options.Answers]. What is kept of an answer is its hash, its output and where its best version
// stands: some 100 bytes, whatever the size of the files.
type Answers struct{ best map[[16]byte]version }

// version is the best row of an answer so far.
type version struct {
	output int64
	first  int64 // the earliest time of all versions, in nanoseconds since the Unix epoch; timed says if there is one
	row    int64 // the row's number in its file
	file   int32
	timed  bool
}

// errNotRepeated ends the gathering of a file in which a call has one row.
var errNotRepeated = errors.New("usage: a call has one row in this format")

// Gather looks at the answers of a file, which has a number of its own in the reading. A file whose format gives a call
// one row is left after its head. What is wrong with a file is an error here as it is of [Read].
func (a *Answers) Gather(file int, name string, r io.Reader, o Options) error {
	o.Answers, o.File = a, file
	s := newSession(name, o, nil)
	s.gathering = true
	err := s.read(r)
	if errors.Is(err, errNotRepeated) {
		return nil
	}
	return err
}

// key identifies an answer: its format and its identifier.
func (a *Answers) key(format, id string) [16]byte {
	sum := sha256.Sum256([]byte(format + "\x00" + id))
	return [16]byte(sum[:])
}

// gather takes in a version of an answer.
func (a *Answers) gather(key [16]byte, file int, row int64, call *Call) {
	if a.best == nil {
		a.best = map[[16]byte]version{}
	}
	v, known := a.best[key]
	if output := call.Quantities.OutputTokens(); !known || output > v.output {
		v.output, v.file, v.row = output, int32(file), row
	}
	if at := call.Start.UnixNano(); !call.Start.IsZero() && (!v.timed || at < v.first) {
		v.first, v.timed = at, true
	}
	a.best[key] = v
}

// counts reports whether a row is the version of its answer that counts. A call that does gets the answer's time.
func (a *Answers) counts(key [16]byte, file int, row int64, call *Call) bool {
	v, known := a.best[key]
	if !known { // the file has grown since it was gathered
		a.gather(key, file, row, call)
		return true
	}
	if v.row != row || int(v.file) != file {
		return false
	}
	if v.timed {
		call.Start = time.Unix(0, v.first).UTC()
	}
	return true
}

// maxHeld bounds the memory for calls that wait for the end of their file.
const maxHeld = 1 << 18

// held are the calls of a file in which a call has several rows, in the order of their first ones.
type held struct {
	calls []Call
	at    map[string]int // by identifier
}

// version takes in the session's call where a call may have several rows. Without [Options.Answers] it waits for the
// end of the file, because a later row may be a fuller version of it.
func (s *session) version() error {
	call, a := &s.call, s.opt.Answers
	if a != nil {
		if call.ID != "" {
			key := a.key(s.format.name, call.ID)
			if s.gathering {
				a.gather(key, s.opt.File, s.seen, call)
			} else if !a.counts(key, s.opt.File, s.seen, call) {
				s.skip(Repeated)
				return nil
			}
		}
		s.sum.Calls++
		return s.hand(call)
	}
	if i, again := s.held.at[call.ID]; again && call.ID != "" {
		s.skip(Repeated)
		old := &s.held.calls[i]
		start := old.Start
		if call.Start.Before(start) {
			start = call.Start
		}
		if call.Quantities.OutputTokens() > old.Quantities.OutputTokens() {
			*old = *call
		}
		old.Start = start
		return nil
	}
	if len(s.held.calls) >= maxHeld {
		s.sum.Rows-- // the row was not read
		return &FileError{
			File: s.name, Line: call.Line, Problem: fmt.Sprintf("holds more than %d answers, each of which may come again", maxHeld),
			Hint: "read each session's file as a log of its own",
		}
	}
	if s.held.at == nil {
		s.held.at = map[string]int{}
	}
	s.held.at[call.ID] = len(s.held.calls)
	s.held.calls = append(s.held.calls, *call)
	s.sum.Calls++
	return nil
}

// release hands on the calls that were held.
func (s *session) release() error {
	for i := range s.held.calls {
		if err := s.hand(&s.held.calls[i]); err != nil {
			return err
		}
	}
	return nil
}
