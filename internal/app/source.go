package app

import (
	"errors"
	"fmt"
	"io"
	"os"

	"breakeven/ledger"
	"breakeven/usage"
)

// Source is a call log that can be opened more than once.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// FileSource is a log in a file.
func FileSource(path string) Source {
	return Source{Name: path, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// read streams every source into a fresh sink. Where a row proves the input convention of the rows before it
// wrong, everything is read again with the right one.
func read[S any](sources []Source, o usage.Options, fresh func() S, add func(S, *usage.Call) error) (S, []usage.Summary, error) {
	own := make([]usage.Options, len(sources)) // each source may have a convention of its own
	for i := range own {
		own[i] = o
	}
	for {
		sink := fresh()
		var summaries []usage.Summary
		again := false
		for i, src := range sources {
			s, err := readSource(src, own[i], func(c *usage.Call) error { return add(sink, c) })
			if proof, ok := errors.AsType[*usage.ConventionError](err); ok && own[i].Input != proof.Proven {
				own[i].Input, own[i].InputWhy, again = proof.Proven, proof.Why, true
				break
			}
			summaries = append(summaries, s)
			if err != nil {
				return sink, summaries, err
			}
		}
		if !again {
			return sink, summaries, nil
		}
	}
}

func readSource(src Source, o usage.Options, emit func(*usage.Call) error) (usage.Summary, error) {
	in, err := src.Open()
	if err != nil {
		return usage.Summary{Name: src.Name}, &KindError{Kind: Unreachable, Err: usage.Unreadable(src.Name, err)}
	}
	s, err := usage.Read(src.Name, in, o, emit)
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err == nil && s.Calls > 0 && s.Faulty > s.Calls {
		err = &usage.FileError{File: src.Name, Line: s.Faults[0].Line, Problem: fmt.Sprintf("%d of %s could not be read; the first: %s", s.Faulty, ledger.Count(s.Rows, "row"), s.Faults[0].Error()), Hint: "name the format or the columns, or mend the export"}
	}
	if err == nil && s.Calls == 0 {
		err = &usage.FileError{File: src.Name, Problem: noCalls(s), Hint: "name the format or the columns"}
	}
	return s, err
}

func noCalls(s usage.Summary) string {
	if s.Faulty > 0 && len(s.Faults) > 0 {
		return fmt.Sprintf("holds no call that could be read; %s failed, the first: %s", ledger.Count(s.Faulty, "row"), s.Faults[0].Error())
	}
	return fmt.Sprintf("holds no calls (%s seen)", ledger.Count(s.Rows, "row"))
}

// unreadRows says how many rows of a log are left out.
func unreadRows(s usage.Summary) string {
	return fmt.Sprintf("%d of %s of %s cannot be read and are left out; the first: %s", s.Faulty, ledger.Count(s.Rows, "row"), s.Name, s.Faults[0].Error())
}

// dated reports whether a call's time is a date. A trace's offset counts from the Unix epoch, and nobody called
// a language model in its first decades.
func dated(c *usage.Call) bool { return c.Start.Year() >= 1990 }
