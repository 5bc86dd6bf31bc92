package app

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"breakeven/internal/logfile"
	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/usage"
)

// Source is calls to look at: a log that can be opened more than once, or calls that are kept.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
	// Found marks a file of a folder or a bucket, which nobody named: it may be no log at all.
	Found bool
	kept  *keptSource // instead of a log
	only  warehouse.Selection
}

// Select is the source without the calls outside a selection.
func (s Source) Select(only warehouse.Selection) Source {
	if s.kept != nil {
		own := *s.kept
		own.selection = only
		s.kept = &own
	}
	s.only = only
	return s
}

// Logs are opened logs as sources.
func Logs(list []logfile.Source) []Source {
	sources := make([]Source, 0, len(list))
	for _, l := range list {
		sources = append(sources, Source{Name: l.Name, Open: l.Open, Found: l.Found})
	}
	return sources
}

// FileSource is a log in a file.
func FileSource(path string) Source { return Logs([]logfile.Source{logfile.File(path)})[0] }

// read streams every source into a fresh sink. Where a row proves the input convention of the rows before it
// wrong, everything is read again with the right one. An answer that stands in several rows, of one source or of
// several, counts once.
func read[S any](sources []Source, o usage.Options, fresh func() S, add func(S, *usage.Call) error) (S, []usage.Summary, error) {
	o.Answers = gather(sources, o)
	own := make([]usage.Options, len(sources)) // each source may have a convention of its own
	for i := range own {
		own[i] = o
		own[i].File = i
	}
	for {
		sink := fresh()
		var summaries []usage.Summary
		calls, again := int64(0), false
		none := noLogs{at: -1}
		for i, src := range sources {
			s, err := readSource(src, own[i], func(c *usage.Call) error { return add(sink, c) })
			if proof, ok := errors.AsType[*usage.ConventionError](err); ok && own[i].Input != proof.Proven {
				own[i].Input, own[i].InputWhy, again = proof.Proven, proof.Why, true
				break
			}
			if none.take(src, i, err) {
				err = nil
			}
			summaries = append(summaries, s)
			if err != nil {
				return sink, summaries, err
			}
			calls += s.Calls
		}
		switch {
		case again:
			continue
		case calls == 0 && len(sources) > 0:
			return sink, summaries, &usage.FileError{File: sources[0].Name, Problem: noCalls(summaries[0]), Hint: "name the format or the columns", Foreign: true}
		}
		if none.at >= 0 {
			summaries[none.at].Notes = append(summaries[none.at].Notes, none.note())
		}
		return sink, summaries, nil
	}
}

// noLogs are files that were found and are no logs.
type noLogs struct {
	at, files int // the first of them, and how many
	name, why string
}

// take reports whether the error of a source is that it was found, and not named, and is no log at all.
func (n *noLogs) take(src Source, i int, err error) bool {
	e, ok := foreign(src, err)
	if !ok {
		return false
	}
	if n.files++; n.files == 1 {
		n.at, n.name, n.why = i, src.Name, e.Problem
	}
	return true
}

func (n *noLogs) note() string {
	if n.files == 1 {
		return fmt.Sprintf("A file was found that is no log: %s: %s.", n.name, n.why)
	}
	return fmt.Sprintf("%d files were found that are no logs, such as %s: %s.", n.files, n.name, n.why)
}

// gather looks through the sources for answers that stand in several rows. What is wrong with a source is found again,
// and said, when it is read.
func gather(sources []Source, o usage.Options) *usage.Answers {
	o.Aside = nil
	a := new(usage.Answers)
	for i, src := range sources {
		if src.kept != nil {
			continue
		}
		in, err := src.Open()
		if err != nil {
			continue
		}
		_ = a.Gather(i, src.Name, in, o)
		_ = in.Close()
	}
	return a
}

func readSource(src Source, o usage.Options, emit func(*usage.Call) error) (usage.Summary, error) {
	if src.kept != nil {
		return src.kept.scan(emit)
	}
	in, err := src.Open()
	if err != nil {
		return usage.Summary{Name: src.Name}, unopened(src, err)
	}
	outside := int64(0)
	s, err := usage.Read(src.Name, in, o, func(c *usage.Call) error {
		if !src.only.Lets(c) {
			outside++
			return nil
		}
		return emit(c)
	})
	if outside > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("Rows outside the selection are left out (%s).", ledger.Count(outside, "row")))
	}
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err == nil && s.Calls > 0 && s.Faulty > s.Calls {
		err = &usage.FileError{File: src.Name, Line: s.Faults[0].Line, Problem: fmt.Sprintf("%d of %s could not be read; the first: %s", s.Faulty, ledger.Count(s.Rows, "row"), s.Faults[0].Error()), Hint: "name the format or the columns, or mend the export"}
	}
	// A found file may hold no calls, and one of answers may hold nothing but copies, which count in another.
	if err == nil && s.Calls == 0 && (s.Faulty > 0 || !src.Found && !repeats(s)) {
		err = &usage.FileError{File: src.Name, Problem: noCalls(s), Hint: "name the format or the columns"}
	}
	return s, err
}

// unopened is the error of a source that cannot be opened: a file that is damaged, or none.
func unopened(src Source, err error) error {
	if _, damaged := errors.AsType[*usage.FileError](err); damaged {
		return err
	}
	return &KindError{Kind: Unreachable, Err: usage.Unreadable(src.Name, err)}
}

// foreign reports whether a file that was found, and not named, is no log at all.
func foreign(src Source, err error) (*usage.FileError, bool) {
	e, ok := errors.AsType[*usage.FileError](err)
	return e, ok && e.Foreign && src.Found
}

// repeats reports whether rows of a log repeat answers that count elsewhere.
func repeats(s usage.Summary) bool {
	return slices.ContainsFunc(s.Skips, func(k usage.Skip) bool { return k.Why == usage.Repeated })
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
