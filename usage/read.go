package usage

import (
	"io"
	"time"
)

// Options say how to read a file where looking at it is not enough. The zero value detects everything.
type Options struct {
	// Format is a name from [Formats]; empty to detect it.
	Format string
	// Mapping names the file's columns for fields of this package, as in {"input": "Prompt tok."}; see
	// [FieldNames]. In JSON a column is the path of a value: "usage.prompt_tokens", and in spans the name of an
	// attribute. The other fields stay with the format's own columns; map a field to "" to leave it out.
	Mapping map[string]string
	// Input overrides the convention that the format fixes or the reader detects.
	Input InputConvention
	// InputWhy says where Input comes from, if not from a person: it goes into the summary. A program that reads a
	// file again after a [*ConventionError] puts the error's Why there.
	InputWhy string
	// Model and Provider are for rows that name no model; with Override they replace what rows name. A provider
	// without a model is for rows that name no provider.
	Model, Provider string
	Override        bool
	// TimeUnit is the unit of a numeric time column: time.Millisecond, for example. Zero tells Unix seconds,
	// milli-, micro- and nanoseconds apart by their size, and takes small numbers as seconds from the start.
	TimeUnit time.Duration
	// Now refuses rows that lie more than a day in its future; zero checks nothing.
	Now time.Time
	// MaxLine is the longest line, CSV record or JSON element in bytes; zero means [DefaultMaxLine].
	MaxLine int
	// MaxFaults is how many bad rows [Summary.Faults] keeps; zero means [DefaultMaxFaults].
	MaxFaults int
	// Aside is told of each bad row, also of those beyond MaxFaults, with [RowError.Row]. It may be nil.
	Aside func(*RowError)
	// Strict makes the first bad row an error.
	Strict bool
	// Answers tells which row of an answer counts, where it has several in the files of one reading; File is the
	// number that this file was gathered under. With nil an answer counts once in this file, whose answers are then
	// held in memory until its end.
	Answers *Answers
	File    int
}

// Defaults of [Options].
const (
	DefaultMaxLine   = 16 << 20
	DefaultMaxFaults = 20
)

// Read reads a usage export and hands each call to emit, in the file's order and in constant memory. The
// *Call is reused: copy what must outlive the function. A nil emit surveys the file. The name is for messages.
//
// Gzip is undone, a byte order mark is skipped and UTF-16 with one is converted. A row that cannot be
// understood is counted, the first ones are kept in the summary, and reading goes on, unless Options.Strict
// says otherwise. An error is a [*FileError], a [*ConventionError], a [*RowError] where Strict, or whatever
// emit returned; the summary then says how far reading got.
func Read(name string, r io.Reader, o Options, emit func(*Call) error) (Summary, error) {
	s := newSession(name, o, emit)
	err := s.read(r)
	return s.finish(), err
}

// FormatOf is the name of the format that [Read] would read a file as, from its head.
func FormatOf(name string, r io.Reader, o Options) (string, error) {
	s := newSession(name, o, nil)
	src, err := open(s.name, r, s.opt.MaxLine)
	if err != nil {
		return "", err
	}
	c, err := inspect(src)
	if err != nil {
		return "", err
	}
	err = s.choose(c)
	return s.sum.Format, err
}
