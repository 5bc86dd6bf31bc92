package usage

import (
	"fmt"
	"strings"
	"time"
)

// Summary tells what was read and how it was understood. Rows = Calls + Skipped + Faulty, always.
type Summary struct {
	Name      string `json:"name"`
	Format    string `json:"format"`
	FormatWhy string `json:"format_why" doc:"The evidence for the format."`

	Rows    int64 `json:"rows" doc:"Rows seen."`
	Calls   int64 `json:"calls" doc:"Rows that became calls."`
	Skipped int64 `json:"skipped" doc:"Rows that are no calls to a vendor, by reason in skips."`
	Faulty  int64 `json:"faulty" doc:"Rows that could not be understood; the first ones are in faults."`

	Skips  []Skip     `json:"skips,omitempty"`
	Faults []RowError `json:"faults,omitempty"`

	Clock   Clock         `json:"clock" enum:"none,absolute,relative"`
	Quantum time.Duration `json:"quantum_ns,omitempty" doc:"The step of the file's clock: every time is a multiple of it. Zero where none was found."`

	Input    InputConvention `json:"input" enum:"detect,includes,excludes" doc:"The convention that was applied; detect where no row has both an input and a cached count."`
	InputWhy string          `json:"input_why,omitempty"`

	Grain  Grain         `json:"grain" enum:"request,bucket" doc:"Bucket as soon as one row adds several calls up, or may do so."`
	Bucket time.Duration `json:"bucket_ns,omitempty" doc:"The widest bucket of the file."`

	FirstStart time.Time `json:"first_start,omitzero" doc:"The earliest call; absent where the file has no dates."`
	LastStart  time.Time `json:"last_start,omitzero"`

	Columns []FieldName `json:"columns,omitempty" doc:"Which column each field was read from, where columns were matched by name."`
	Notes   []string    `json:"notes,omitempty" doc:"What the reader assumed, and what the file cannot tell."`
}

// Skip counts rows that are no calls, for one reason.
type Skip struct {
	Why  string `json:"why"`
	Rows int64  `json:"rows"`
}

// RowError is a row that could not be understood.
type RowError struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Field   string `json:"field,omitempty" doc:"The field as the file names it."`
	Value   string `json:"value,omitempty"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty" doc:"What to do about it."`
	// Row is the row as the file has it, for [Options.Aside].
	Row string `json:"-"`
}

// Error names the place, the value, the problem and the remedy.
func (e *RowError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, ": %s", e.Field)
	}
	if e.Value != "" {
		fmt.Fprintf(&b, " %q", e.Value)
	}
	fmt.Fprintf(&b, ": %s", e.Problem)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

// FileError is a file that cannot be read on: an unknown format, broken JSON, a line without end.
type FileError struct {
	File    string
	Line    int    // zero where the whole file is meant
	Problem string // what is wrong
	Hint    string // what to do; may be empty
	Err     error  // the cause, if another error is
	Foreign bool   // the file is no log at all, as far as can be told: another file of its folder may be one
}

// Error names the place, the problem and the remedy.
func (e *FileError) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	s += ": " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// ConventionError says that the rows of a file prove the input convention wrong that it was read with, after
// some were handed on. Drop them and read the file again with Options.Input set to Proven and Options.InputWhy to
// Why.
type ConventionError struct {
	File   string
	Line   int // the first row that proves it, or that seemed to prove the opposite
	Used   InputConvention
	Proven InputConvention
	Why    string // the evidence, with its counts
}

// Error names the row, its proof and the remedy.
func (e *ConventionError) Error() string {
	return fmt.Sprintf("%s:%d: the file's input %s cached tokens, but its rows were read as if it %s them: %s (read it again with the input convention %q)",
		e.File, e.Line, e.Proven, e.Used, e.Why, e.Proven)
}

// clip keeps an error message readable when the bad text is a whole file.
func clip(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
