package usage

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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

	rules    rules
	needs    []needed // counts that every row must have
	tally    tally    // what the rows say about the convention
	seen     int64    // rows that were looked at
	surveyed int64    // those that the survey of the head looked at

	surveying    bool    // looking at the head only: nothing is emitted, counted or kept
	gathering    bool    // looking at answers only, for [Answers.Gather]
	lines        *source // the file, where it is read line by line
	votes        clockVotes
	clock        Clock
	unit         time.Duration
	relativeUnit time.Duration
	hasTime      bool // the file has a time column
	zoneless     bool
	dateOnly     bool
	tick         TickMeter

	row    row
	counts counts
	call   Call
	held   held
	meters map[string]meter // by name
	walker walker
	cells  [][]byte // of the last record of a table
	words  map[string]string
	recent [1 << recentBits]string // some of words, each of which is its own clean text

	finished  bool
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
	if s.gathering && !s.format.once {
		return errNotRepeated
	}
	if err := s.agree(src, content); err != nil {
		return err
	}
	if err := s.format.read(s, src, content); err != nil {
		return err
	}
	if err := s.verdict(); err != nil {
		return err
	}
	return s.release()
}

// choose finds the file's format.
func (s *session) choose(c *content) error {
	name := s.opt.Format
	if name == "" {
		f, why := recognise(c)
		if f.refuse != "" {
			return &FileError{File: s.name, Problem: "is " + f.title + ", which " + f.refuse, Hint: f.hint, Foreign: true}
		}
		s.format, s.sum.Format, s.sum.FormatWhy = f.fitted(c), f.name, why
		return s.remap()
	}
	for _, f := range formats() {
		if f.name == name {
			if f.json != c.json && !f.both {
				return &FileError{File: s.name, Problem: fmt.Sprintf("is %s, and %s is not", c.what(), f.title)}
			}
			s.format, s.sum.Format, s.sum.FormatWhy = f.fitted(c), f.name, "it was named"
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
	taken := map[string]string{}
	for _, ours := range slices.Sorted(maps.Keys(s.opt.Mapping)) {
		name := s.opt.Mapping[ours]
		if other := taken[name]; name != "" && other != "" {
			return &FileError{
				File: s.name, Problem: fmt.Sprintf("the mapping gives the column %q to both %s and %s", clip(name), other, ours),
				Hint: "a column fills one field",
			}
		}
		taken[name] = ours
	}
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

// agree settles the clock and the input convention before any row is handed on, as far as the head of the file
// allows.
func (s *session) agree(src *source, c *content) error {
	s.rules = s.format.rules
	if err := s.survey(src, c); err != nil {
		return err
	}
	if s.opt.Input != Detect {
		s.rules.input = s.opt.Input
	} else if s.rules.input == Detect {
		s.rules.input = s.tally.winner(s.format.expected())
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
	headSource, err := open(s.name, bytes.NewReader(head), s.opt.MaxLine)
	if err != nil {
		return err
	}
	// The head of a document is no document: its faults are those of the cut, or will be met again.
	_ = s.format.read(probe, headSource, c)
	s.tally, s.surveyed = probe.tally, probe.seen
	s.relativeUnit = relativeUnit(c, &probe.votes)
	s.setClock(&probe.votes)
	return nil
}

// look takes from a row of the head what it says about the file.
func (s *session) look(r *row) {
	if text := r.text[fTime]; text != nil {
		s.votes.add(text, s.opt.TimeUnit)
	}
	if skip, err := s.tokenCounts(r); skip == "" && err == nil {
		s.tally.add(r.line, s.rules.evidence(&s.counts))
	}
}

// take turns the session's row into a call and hands it on.
func (s *session) take() error {
	r := &s.row
	s.seen++
	if s.surveying {
		s.look(r)
		return nil
	}
	skip, err := s.makeCall(r)
	s.sum.Rows++
	if err != nil {
		return s.keep(err)
	}
	if skip != "" {
		s.skip(skip)
		return nil
	}
	if s.format.once {
		return s.version()
	}
	s.sum.Calls++
	return s.hand(&s.call)
}

// hand hands a call on.
func (s *session) hand(call *Call) error {
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
	if s.opt.Aside != nil && !s.gathering {
		e.Row = s.raw()
		s.opt.Aside(e)
	}
	if s.opt.Strict {
		return e
	}
	return nil
}

// raw is the last row as the file has it: the record of a table, or the JSON value.
func (s *session) raw() string {
	if s.cells == nil {
		return clean(s.walker.data)
	}
	var b strings.Builder
	record := make([]string, len(s.cells))
	for i, cell := range s.cells {
		record[i] = clean(cell)
	}
	w := csv.NewWriter(&b)
	_ = w.Write(record) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
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
		if len(s.notes) >= maxNotes && !s.finished {
			return
		}
		s.notes = append(s.notes, text)
	}
	s.noteRows[text]++
}

func (s *session) finish() Summary {
	s.finished = true // what follows is said once, and is worth more than the fiftieth unknown tier
	for _, why := range s.skipOrder {
		s.sum.Skips = append(s.sum.Skips, Skip{Why: why, Rows: s.skipRows[why]})
	}
	s.sum.Clock = s.clock
	if s.clock == Relative { // a trace has no dates
		s.sum.FirstStart, s.sum.LastStart = time.Time{}, time.Time{}
	}
	if s.sum.Grain == PerRequest {
		s.sum.Quantum = s.tick.Step()
	}
	if s.format != nil {
		s.sayConvention()
		if s.format.grain == PerBucket && s.sum.Calls > 0 {
			s.sum.Grain = PerBucket
		}
		if s.format.note != "" && s.sum.Calls > 0 {
			s.note(s.format.note)
		}
	}
	if s.clock == Relative && s.opt.TimeUnit == 0 && s.unit == time.Millisecond {
		s.note("Times were taken as milliseconds: whole numbers beside the hashes of blocks, as Mooncake publishes them; give the unit if they are seconds.")
	}
	if s.zoneless {
		s.note("Times name no zone and were taken as UTC.")
	}
	if s.dateOnly {
		s.note("Times are days: each row was taken as a bucket of 24 hours in UTC.")
	}
	if s.clock == NoClock && s.sum.Calls > 0 {
		s.note("The file has no times: it tells lengths, and neither rates nor prices in force.")
	}
	for _, text := range s.notes {
		if n := s.noteRows[text]; n > 1 {
			text = fmt.Sprintf("%s (%d rows).", strings.TrimSuffix(text, "."), n)
		}
		s.sum.Notes = append(s.sum.Notes, text)
	}
	return s.sum
}
