package usage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// InputConvention says whether a file's input figure holds the cached tokens. Half of all formats count them
// in and half leave them out; taking one for the other counts cached tokens twice or not at all.
type InputConvention uint8

// The conventions.
const (
	Detect   InputConvention = iota // decide from the file
	Includes                        // the input is the whole prompt, tokens read from and written to a cache included
	Excludes                        // the input is only what no cache served or stored
)

var conventionNames = [...]string{Detect: "detect", Includes: "includes", Excludes: "excludes"}

// ParseInputConvention reads a convention's name; the empty text is [Detect].
func ParseInputConvention(text string) (InputConvention, error) {
	if text == "" {
		return Detect, nil
	}
	for c, name := range conventionNames {
		if strings.EqualFold(name, text) {
			return InputConvention(c), nil
		}
	}
	return 0, fmt.Errorf("usage: input convention %q is not one of %s", clip(text), strings.Join(conventionNames[:], ", "))
}

// String is the convention's name.
func (c InputConvention) String() string { return enumName(conventionNames[:], c) }

// MarshalText writes the convention's name.
func (c InputConvention) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a convention's name.
func (c *InputConvention) UnmarshalText(text []byte) error {
	v, err := ParseInputConvention(string(text))
	if err == nil {
		*c = v
	}
	return err
}

// Grain is what one row of a format stands for.
type Grain uint8

// The grains.
const (
	PerRequest Grain = iota // one call
	PerBucket               // all calls of a span of time with the same model, key and so on
)

var grainNames = [...]string{PerRequest: "request", PerBucket: "bucket"}

// String is the grain's name.
func (g Grain) String() string { return enumName(grainNames[:], g) }

// MarshalText writes the grain's name.
func (g Grain) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads a grain's name.
func (g *Grain) UnmarshalText(text []byte) error {
	for i, name := range grainNames {
		if name == string(text) {
			*g = Grain(i)
			return nil
		}
	}
	return fmt.Errorf("usage: grain %q is not one of %s", clip(string(text)), strings.Join(grainNames[:], ", "))
}

// Clock is what a file's times count from.
type Clock uint8

// The clocks.
const (
	NoClock  Clock = iota // the file has no times: lengths only
	Absolute              // dates
	Relative              // an offset from the file's own start, such as a trace's seconds
)

var clockNames = [...]string{NoClock: "none", Absolute: "absolute", Relative: "relative"}

// String is the clock's name.
func (c Clock) String() string { return enumName(clockNames[:], c) }

// MarshalText writes the clock's name.
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a clock's name.
func (c *Clock) UnmarshalText(text []byte) error {
	for i, name := range clockNames {
		if name == string(text) {
			*c = Clock(i)
			return nil
		}
	}
	return fmt.Errorf("usage: clock %q is not one of %s", clip(string(text)), strings.Join(clockNames[:], ", "))
}

func enumName[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%T(%d)", v, uint8(v))
}

// Format describes one export format: for help texts, for the API and for the docs.
type Format struct {
	Name   string          `json:"name" doc:"What Options.Format calls it."`
	Title  string          `json:"title" doc:"What people call it."`
	Detect string          `json:"detect" doc:"How a file of this format is recognised."`
	Grain  Grain           `json:"grain" enum:"request,bucket" doc:"What one row stands for."`
	Input  InputConvention `json:"input" enum:"detect,includes,excludes" doc:"Whether the input figure holds cached tokens; detect where no primary source says so."`
	Why    string          `json:"input_why" doc:"The evidence for that convention."`
	Fields []FieldName     `json:"fields" doc:"What the file calls things."`
}

// FieldName pairs a field of this package with a format's own name for it.
type FieldName struct {
	Field string `json:"field"`
	Name  string `json:"name"`
}

// format is a [Format] with its reader. Adding one is adding one file, and one line in formats.
type format struct {
	name, title  string
	json         bool     // JSON, else delimited text
	both         bool     // either
	signs        []string // column names or paths, all of which must be there; of a|b either
	anyCase      bool     // columns and signs, in lower case here, are written in any case
	how          string   // how it is recognised, where signs do not say it
	grain        Grain
	rules        rules
	expect       InputConvention // where rules.input leaves it to the rows: what is likely; Detect means Includes
	why          string          // the evidence for rules.input, or for expect
	costExponent int             // the cost is in dollars times ten to minus this: -2 for cents
	note         string          // what holds for every file of the format
	once         bool            // rows with the same identifier are versions of one call, over all files of a reading
	grows        bool            // the file may be read while it is written, so that its last line may be cut
	days         bool            // a time is the day that the row adds up, whatever clock time it shows

	columns map[string]binding // from a column's name or a value's path
	nested  []string           // columns whose text is itself JSON
	// adjust finishes a row before it becomes a call, and says why the row is none.
	adjust func(s *session, r *row) (skip string)
	read   func(s *session, src *source, c *content) error

	// refuse marks a format that is known and holds no usage: why, and what to do instead.
	refuse, hint string
}

func (f *format) describe() Format {
	d := Format{Name: f.name, Title: f.title, Detect: f.how, Grain: f.grain, Input: f.rules.input, Why: f.why}
	if d.Detect == "" {
		d.Detect = "it has " + f.shown()
	}
	for name, b := range f.columns {
		d.Fields = append(d.Fields, FieldName{Field: b.f.String(), Name: name})
	}
	slices.SortFunc(d.Fields, func(a, b FieldName) int {
		x, y := f.columns[a.Name], f.columns[b.Name]
		return cmp.Or(cmp.Compare(x.f, y.f), cmp.Compare(x.rank, y.rank), strings.Compare(a.Name, b.Name))
	})
	return d
}

// shown is the signs for people.
func (f *format) shown() string { return strings.ReplaceAll(strings.Join(f.signs, ", "), "|", " or ") }

// fitted is the format with its columns as a file writes them, where their case does not count.
func (f *format) fitted(c *content) *format {
	if !f.anyCase {
		return f
	}
	own := *f
	own.columns = make(map[string]binding, len(f.columns))
	for _, name := range c.names {
		if b, ok := f.columns[strings.ToLower(name)]; ok {
			own.columns[name] = b
		}
	}
	return &own
}

// formats is the table of all formats, the most specific first.
func formats() []*format {
	return []*format{
		&litellmSpend, &litellmDaily,
		&openaiCosts, &openaiUsage, &openaiDashboard,
		&anthropicUsage, &anthropicConsole,
		&openrouterActivity, &openrouterDaily,
		&otlp,
		&langfuse, &langsmith, &helicone, &portkey, &bifrost,
		&bedrockLog,
		&claudeCode, &codex, &ccusage,
		&awsCUR, &azureCosts, &googleBilling, &focus,
		&burstGPT,
		&generic,
	}
}

// refusals are exports that people try, and that are refused because they hold no usage.
func refusals() []*format {
	return []*format{
		&openaiDashboardCosts, &anthropicCosts, &anthropicConsoleCosts,
	}
}

// Formats lists the formats that [Read] knows, the most specific first; the generic ones are last.
func Formats() []Format {
	list := make([]Format, 0, len(formats()))
	for _, f := range formats() {
		list = append(list, f.describe())
	}
	return list
}
