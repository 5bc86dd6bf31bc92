package usage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"
)

// session is one reading of one file.
type session struct {
	name   string
	opt    Options
	emit   func(*Call) error
	format *format
	sum    Summary

	rules   rules
	decided bool // the convention is fixed by the user, by the format or by proof
	// matters counts the calls handed on whose quantities depend on the convention.
	matters    int64
	firstProof [3]string // by convention: the first row's evidence
	proofs     [3]int64

	surveying    bool // looking at the head only: nothing is emitted, counted or kept
	clock        Clock
	unit         time.Duration
	relativeUnit time.Duration
	fractions    bool // a time has decimals
	hasTime      bool // the file has a time column
	zoneless     bool
	dateOnly     bool
	tick         TickMeter

	row    row
	counts counts
	call   Call
	walker walker
	words  map[string]string

	notes     []string
	noteRows  map[string]int64
	skipRows  map[string]int64
	skipOrder []string
}

func newSession(name string, o Options, emit func(*Call) error) *session {
	if o.MaxLine <= 0 {
		o.MaxLine = DefaultMaxLine
	}
	if o.MaxFaults <= 0 {
		o.MaxFaults = DefaultMaxFaults
	}
	if emit == nil {
		emit = func(*Call) error { return nil }
	}
	return &session{
		name: name, opt: o, emit: emit, sum: Summary{Name: name},
		words: map[string]string{}, noteRows: map[string]int64{}, skipRows: map[string]int64{},
	}
}

func (s *session) read(r io.Reader) error {
	src, err := open(s.name, r, s.opt.MaxLine)
	if err != nil {
		return err
	}
	content, err := inspect(src)
	if err != nil {
		return err
	}
	if err := s.choose(content); err != nil {
		return err
	}
	if err := s.agree(src, content); err != nil {
		return err
	}
	return s.format.read(s, src, content)
}

// choose finds the file's format.
func (s *session) choose(c *content) error {
	name := s.opt.Format
	if name == "" {
		f, why := recognise(c)
		if f.refuse != "" {
			return &FileError{File: s.name, Problem: "is " + f.title + ", which " + f.refuse, Hint: f.hint}
		}
		s.format, s.sum.Format, s.sum.FormatWhy = f, f.name, why
		return s.remap()
	}
	for _, f := range formats() {
		if f.name == name {
			if f.json != c.json && !f.both {
				return &FileError{File: s.name, Problem: fmt.Sprintf("is %s, and %s is not", c.what(), f.title)}
			}
			s.format, s.sum.Format, s.sum.FormatWhy = f, f.name, "it was named"
			return s.remap()
		}
	}
	names := make([]string, 0, len(formats()))
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return &FileError{File: s.name, Problem: fmt.Sprintf("format %q is not known", clip(name)), Hint: "the formats are " + strings.Join(names, ", ")}
}

// remap puts the user's mapping in the place of the format's own columns. The generic reader does it for itself.
func (s *session) remap() error {
	if len(s.opt.Mapping) == 0 || s.format.columns == nil {
		return nil
	}
	f := *s.format
	f.columns = maps.Clone(f.columns)
	for ours, name := range s.opt.Mapping {
		mapped, err := parseField(ours)
		if err != nil {
			return &FileError{File: s.name, Problem: "the mapping names an " + err.Error()}
		}
		maps.DeleteFunc(f.columns, func(_ string, b binding) bool { return b.f == mapped })
		if name != "" {
			f.columns[name] = binding{f: mapped}
		}
	}
	s.format = &f
	return nil
}

// agree settles the input convention before any row is handed on, as far as the head of the file allows.
func (s *session) agree(src *source, c *content) error {
	s.rules = s.format.rules
	fixed := s.format.rules.input
	if fixed != Detect {
		s.decided, s.sum.InputWhy = true, s.format.why
	} else if err := s.survey(src, c); err != nil {
		return err
	}
	if s.opt.Input == Detect {
		return nil
	}
	s.rules.input, s.decided, s.sum.InputWhy = s.opt.Input, true, "it was given"
	if fixed != Detect && fixed != s.opt.Input {
		s.sum.InputWhy += fmt.Sprintf(", against the format's own %q: %s", fixed, s.format.why)
	}
	return nil
}

// survey reads the head of the file for what it proves.
func (s *session) survey(src *source, c *content) error {
	head, err := src.head()
	if err != nil {
		return err
	}
	if len(head) == headSize { // what lies behind the last line break may be cut
		if i := bytes.LastIndexByte(head, '\n'); i > 0 {
			head = head[:i+1]
		}
	}
	probe := newSession(s.name, s.opt, nil)
	probe.surveying, probe.format, probe.rules = true, s.format, s.rules
	probe.rules.input = Includes
	headSource, err := open(s.name, bytes.NewReader(head), s.opt.MaxLine)
	if err != nil {
		return err
	}
	// The head of a document is no document: its faults are those of the cut, or will be met again.
	_ = s.format.read(probe, headSource, c)
	includes, excludes := probe.proofs[Includes], probe.proofs[Excludes]
	winner := max(s.format.expect, Includes)
	switch {
	case excludes > includes:
		winner = Excludes
	case includes > excludes:
		winner = Includes
	}
	s.rules.input, s.decided = winner, includes+excludes > 0
	s.sum.InputWhy = probe.firstProof[winner]
	if includes > 0 && excludes > 0 && s.opt.Input == Detect {
		s.note(fmt.Sprintf("the file's rows disagree on whether the input holds cached tokens (%d of the first ones say that it does, %d that it does not); rows that contradict %q are faults", includes, excludes, winner))
	}
	s.relativeUnit = relativeUnit(c, probe)
	return nil
}

// settle compares what a row proves about the convention with the one in use.
func (s *session) settle(r *row, c *counts) error {
	if s.opt.Input != Detect || s.format.rules.input != Detect {
		return nil
	}
	proven, why := s.rules.evidence(c)
	cached := c.get(fCacheRead)+c.get(fCacheWrite)+c.get(fCacheWrite5m)+c.get(fCacheWrite1h) > 0
	if s.surveying {
		if proven != Detect {
			if s.proofs[proven]++; s.proofs[proven] == 1 {
				s.firstProof[proven] = fmt.Sprintf("line %d: %s", r.line, why)
			}
		}
		return nil
	}
	switch {
	case proven == Detect:
	case proven == s.rules.input:
		if !s.decided {
			s.decided, s.sum.InputWhy = true, fmt.Sprintf("line %d: %s", r.line, why)
		}
	case s.decided:
		return s.fault(r, fInput, "contradicts the rest of the file: "+why, "split the file by the program that wrote its rows")
	case s.matters > 0:
		return &ConventionError{File: s.name, Line: r.line, Used: s.rules.input, Proven: proven, Why: why}
	default:
		s.rules.input, s.decided = proven, true
		s.sum.InputWhy = fmt.Sprintf("line %d: %s", r.line, why)
	}
	if cached && c.has(fInput) && !c.has(fUncached) {
		s.matters++
	}
	return nil
}

// take turns the session's row into a call and hands it on.
func (s *session) take() error {
	r := &s.row
	skip, err := s.makeCall(r)
	if s.surveying {
		if st, e := parseStamp(r.text[fTime]); e == nil && st.numeric && st.nano != 0 {
			s.fractions = true
		}
		return nil
	}
	s.sum.Rows++
	if err != nil {
		return s.keep(err)
	}
	if skip != "" {
		s.skip(skip)
		return nil
	}
	s.sum.Calls++
	call := &s.call
	if !call.Start.IsZero() {
		s.tick.Add(call.Start)
		if s.sum.FirstStart.IsZero() || call.Start.Before(s.sum.FirstStart) {
			s.sum.FirstStart = call.Start
		}
		if call.Start.After(s.sum.LastStart) {
			s.sum.LastStart = call.Start
		}
	}
	if call.Aggregate() {
		s.sum.Grain = PerBucket
		if !call.End.IsZero() {
			s.sum.Bucket = max(s.sum.Bucket, call.End.Sub(call.Start))
		}
	}
	return s.emit(call)
}

// bad counts a row that did not even become a row.
func (s *session) bad(line int, problem, hint string) error {
	if s.surveying {
		return nil
	}
	s.sum.Rows++
	return s.keep(&RowError{File: s.name, Line: line, Problem: problem, Hint: hint})
}

// keep counts the fault of a row, and passes on what is more than that.
func (s *session) keep(err error) error {
	e, ok := errors.AsType[*RowError](err)
	if !ok {
		s.sum.Rows-- // the row was not read
		return err
	}
	s.sum.Faulty++
	if len(s.sum.Faults) < s.opt.MaxFaults {
		s.sum.Faults = append(s.sum.Faults, *e)
	}
	if s.opt.Strict {
		return e
	}
	return nil
}

// skip counts a row that is no call.
func (s *session) skip(why string) {
	s.sum.Skipped++
	if s.skipRows[why]++; s.skipRows[why] == 1 {
		s.skipOrder = append(s.skipOrder, why)
	}
}

// maxNotes bounds the notes that quote the file, such as unknown tiers.
const maxNotes = 50

// note says something once, and counts how often it was said.
func (s *session) note(text string) {
	if _, known := s.noteRows[text]; !known {
		if len(s.notes) >= maxNotes {
			return
		}
		s.notes = append(s.notes, text)
	}
	s.noteRows[text]++
}

func (s *session) finish() Summary {
	for _, why := range s.skipOrder {
		s.sum.Skips = append(s.sum.Skips, Skip{Why: why, Rows: s.skipRows[why]})
	}
	s.sum.Clock = s.clock
	if s.sum.Grain == PerRequest {
		s.sum.Quantum = s.tick.Step()
	}
	if s.format != nil {
		s.sum.Input = s.rules.input
		if !s.decided && s.sum.InputWhy == "" {
			switch {
			case s.matters > 0 && s.format.why != "":
				s.sum.InputWhy = s.format.why
			case s.matters > 0:
				s.sum.InputWhy = "a guess: nothing in the file says, and most sources count cached tokens in"
				s.note("whether the input holds cached tokens is " + s.sum.InputWhy + "; give the input convention if you know it")
			default:
				s.sum.Input, s.sum.InputWhy = Detect, "no row has both an input and cached tokens, so it does not matter"
			}
		}
		if s.format.grain == PerBucket && s.sum.Calls > 0 {
			s.sum.Grain = PerBucket
		}
		if s.format.note != "" && s.sum.Calls > 0 {
			s.note(s.format.note)
		}
	}
	if s.clock == Relative && s.opt.TimeUnit == 0 && s.unit == time.Millisecond {
		s.note("times were taken as milliseconds: whole numbers beside the hashes of blocks, as Mooncake publishes them; give the unit if they are seconds")
	}
	if s.zoneless {
		s.note("times name no zone and were taken as UTC")
	}
	if s.dateOnly {
		s.note("times are days: each row was taken as a bucket of 24 hours in UTC")
	}
	if s.clock == NoClock && s.sum.Calls > 0 {
		s.note("the file has no times: it tells lengths, and neither rates nor prices in force")
	}
	for _, text := range s.notes {
		if n := s.noteRows[text]; n > 1 {
			text = fmt.Sprintf("%s (%d rows)", text, n)
		}
		s.sum.Notes = append(s.sum.Notes, text)
	}
	return s.sum
}
