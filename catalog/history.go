package catalog

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"breakeven/datafile"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// HistorySchema names the version of the history file format that this package reads.
const HistorySchema = "breakeven/history/v1"

// historyFS holds the logs, one file for each source. They are text with tabs: a head of names and values, then the
// revisions of the source in the order of time, each with what it states differently than the one before:
//
//	schema	breakeven/history/v1
//	source	litellm
//	title	LiteLLM price map
//
//	2023-09-06T23:31:44Z	https://example.com/commit/c5151aa573b7
//		openai	gpt-4	input=30	output=60	batch.output>200000@2026-03-13..=7.5
//		openai	gpt-4-0314	input=-
//
// A line of a revision is a provider and a model in the source's own words, and rates in dollars per million units,
// or a dash where the source states the rate no more. In front of a rate stand the tier, where it is not the
// standard one, the kind, the context boundary (">=" where it belongs to the rate), since when and until when the
// vendor charges it, and after "~" the hours of the day.
//
//go:embed history/*.tsv
var historyFS embed.FS

// History reads the embedded edits of the public price tables: a log for each table, in the order of their IDs. It
// does all of its work on every call. An error means that this build carries a broken catalog.
func History() ([]registry.Log, error) {
	names, err := fs.Glob(historyFS, "history/*.tsv")
	if err != nil {
		return nil, fmt.Errorf("embedded history: %w", err)
	}
	logs := make([]registry.Log, 0, len(names))
	for _, name := range names {
		data, err := historyFS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("embedded history: %w", err)
		}
		l, err := ParseHistory(path.Base(name), data)
		if err != nil {
			return nil, fmt.Errorf("embedded history: %w", err)
		}
		logs = append(logs, l)
	}
	slices.SortFunc(logs, func(a, b registry.Log) int { return cmp.Compare(a.Source.ID, b.Source.ID) })
	return logs, nil
}

// historyReader is what is known of a file up to a line.
type historyReader struct {
	log      registry.Log
	rates    []money.Rate // what the edits point at
	parts    map[string]historyRate
	at       time.Time
	evidence string
	// The last line of the revision: they are sorted.
	provider, model string
	lines           int
}

// historyRate is what a rate is for, apart from whose it is.
type historyRate struct {
	key       registry.Key
	effective price.Interval
}

func (r historyRate) compare(o historyRate) int {
	return cmp.Or(r.key.Compare(o.key), r.effective.From.Compare(o.effective.From))
}

// ParseHistory reads a history file strictly: everything in its order, and nothing twice. An error is a
// *[datafile.Error] that names the line.
func ParseHistory(name string, data []byte) (registry.Log, error) {
	text := string(data)
	n := strings.Count(text, "=")
	r := historyReader{rates: make([]money.Rate, 0, n), parts: map[string]historyRate{}}
	r.log.Edits = make([]registry.Edit, 0, n)
	number, head := 0, true
	for line := range strings.Lines(text) {
		number++
		line, ended := strings.CutSuffix(line, "\n")
		var err error
		switch {
		case !ended:
			err = errors.New("the last line is cut off")
		case strings.ContainsFunc(line, func(c rune) bool { return c != '\t' && unicode.IsControl(c) || c == unicode.ReplacementChar }):
			err = errors.New("a character that is no text")
		case head && line == "":
			head = false
			err = r.headed()
		case head:
			err = r.head(number, line)
		case strings.HasPrefix(line, "\t"):
			err = r.edits(line[1:])
		default:
			err = r.revision(line)
		}
		if err != nil {
			return registry.Log{}, &datafile.Error{File: name, Path: "line " + strconv.Itoa(number), Err: err}
		}
	}
	err := r.closed()
	if head {
		err = errors.New("no empty line ends the head")
	}
	if err != nil {
		return registry.Log{}, &datafile.Error{File: name, Path: "line " + strconv.Itoa(number), Err: err}
	}
	return r.log, nil
}

// historyHead are the lines of the head in their order; those after the title may be missing.
var historyHead = []string{"schema", "source", "title", "url", "group"}

func (r *historyReader) head(number int, line string) error {
	name, value, ok := strings.Cut(line, "\t")
	i := slices.Index(historyHead, name)
	switch {
	case !ok || i < 0:
		return fmt.Errorf("the head knows %s", strings.Join(historyHead, ", "))
	case value == "" || strings.Contains(value, "\t"):
		return fmt.Errorf("%s is not one value", name)
	case i < number-1 || i > number-1 && number <= 3:
		return fmt.Errorf("%s is not in its place", name)
	}
	s := &r.log.Source
	switch name {
	case "schema":
		if value != HistorySchema {
			return fmt.Errorf("schema %q is not %q", value, HistorySchema)
		}
	case "source":
		s.ID = value
	case "title":
		s.Title = value
	case "url":
		s.URL = value
	case "group":
		if s.Group != "" {
			return errors.New("group stands twice")
		}
		s.Group = value
	}
	return nil
}

func (r *historyReader) headed() error {
	if r.log.Source.Title == "" {
		return errors.New("the head lacks a schema, a source or a title")
	}
	return nil
}

// revision reads an instant and an address.
func (r *historyReader) revision(line string) error {
	if err := r.closed(); err != nil {
		return err
	}
	stamp, evidence, ok := strings.Cut(line, "\t")
	at, err := time.Parse(time.RFC3339, stamp)
	switch {
	case !ok || err != nil || at.UTC().Format(time.RFC3339) != stamp:
		return errors.New("a revision is an instant in UTC, a tab and an address")
	case !strings.HasPrefix(evidence, "https://") || strings.ContainsAny(evidence, " \t"):
		return fmt.Errorf("%q is no address", evidence)
	case at.Before(r.at):
		return fmt.Errorf("earlier than the revision of %s above", r.at.Format(time.RFC3339))
	case at.Equal(r.at) && evidence == r.evidence:
		return errors.New("the revision stands twice")
	}
	r.at, r.evidence, r.provider, r.model, r.lines = at.UTC(), evidence, "", "", 0
	return nil
}

// closed reports a revision that changes nothing.
func (r *historyReader) closed() error {
	if r.evidence != "" && r.lines == 0 {
		return errors.New("the revision before changes nothing")
	}
	return nil
}

// edits reads what a revision changes of one model.
func (r *historyReader) edits(line string) error {
	provider, rest, _ := strings.Cut(line, "\t")
	model, rest, ok := strings.Cut(rest, "\t")
	switch {
	case r.evidence == "":
		return errors.New("no revision stands above")
	case !ok || model == "" || rest == "":
		return errors.New("a line is a provider, a model and its rates, with tabs between them")
	case r.lines > 0 && cmp.Or(cmp.Compare(provider, r.provider), cmp.Compare(model, r.model)) <= 0:
		return fmt.Errorf("%s/%s is not behind %s/%s", provider, model, r.provider, r.model)
	}
	r.provider, r.model = provider, model
	r.lines++
	var last historyRate
	for i := 0; rest != "" || i == 0; i++ {
		var cell string
		var more bool
		if cell, rest, more = strings.Cut(rest, "\t"); more && rest == "" {
			return errors.New("the line ends in a tab")
		}
		cut := strings.LastIndexByte(cell, '=')
		if cut < 0 || strings.HasSuffix(cell[:cut], ">") {
			return fmt.Errorf("%q is no rate", cell)
		}
		part, known := r.parts[cell[:cut]]
		if !known {
			var err error
			if part, err = parseHistoryRate(cell[:cut]); err != nil {
				return err
			}
			r.parts[cell[:cut]] = part
		}
		if i > 0 && part.compare(last) <= 0 {
			return fmt.Errorf("%s is not in its place", cell[:cut])
		}
		last = part
		e := registry.Edit{Source: r.log.Source.ID, At: r.at, Key: part.key, Effective: part.effective, Evidence: r.evidence}
		e.Provider, e.Model = provider, model
		if value := cell[cut+1:]; value != "-" {
			rate, err := money.ParseRate(value)
			if err != nil {
				return fmt.Errorf("%s: %w", cell[:cut], err)
			}
			r.rates = append(r.rates, rate)
			e.Rate = &r.rates[len(r.rates)-1]
		}
		r.log.Edits = append(r.log.Edits, e)
	}
	return nil
}

// parseHistoryRate reads what stands in front of a rate: "batch.output>200000@2026-03-13..2026-05-01~00:30-16:30 UTC".
func parseHistoryRate(text string) (r historyRate, err error) {
	what, window, hourly := strings.Cut(text, "~")
	what, span, dated := strings.Cut(what, "@")
	what, above, banded := strings.Cut(what, ">")
	if hourly && window == "" {
		return r, fmt.Errorf("%s: no hours", text)
	}
	r.key.Window = window
	if dated {
		from, to, ok := strings.Cut(span, "..")
		if !ok || from == "" && to == "" {
			return r, fmt.Errorf("%s: %q is no span of time", text, span)
		}
		if r.effective.From, err = parseHistoryInstant(from); err != nil {
			return r, fmt.Errorf("%s: %w", text, err)
		}
		if r.effective.To, err = parseHistoryInstant(to); err != nil {
			return r, fmt.Errorf("%s: %w", text, err)
		}
	}
	if banded {
		above, r.key.Inclusive = strings.CutPrefix(above, "=")
		if r.key.Above, err = strconv.ParseInt(above, 10, 64); err != nil || r.key.Above <= 0 || above != strconv.FormatInt(r.key.Above, 10) {
			return r, fmt.Errorf("%s: %q is no number of tokens", text, above)
		}
	}
	r.key.Tier = registry.Standard
	if tier, kind, ok := strings.Cut(what, "."); ok {
		if what = kind; tier == string(registry.Standard) {
			return r, fmt.Errorf("%s: the standard tier is not written", text)
		}
		if r.key.Tier, err = registry.ParseTier(tier); err != nil {
			return r, fmt.Errorf("%s: %w", text, err)
		}
	}
	if r.key.Kind, err = registry.ParseKind(what); err != nil {
		return r, fmt.Errorf("%s: %w", text, err)
	}
	return r, nil
}

// historyInstants are the layouts of an end of a span: a day where it is the day's first instant in UTC.
var historyInstants = []string{time.DateOnly, time.RFC3339}

func parseHistoryInstant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range historyInstants {
		if t, err := time.Parse(layout, text); err == nil && formatHistoryInstant(t) == text {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a day nor an instant in UTC", text)
}

func formatHistoryInstant(t time.Time) string {
	switch t = t.UTC(); {
	case t.IsZero():
		return ""
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// format is the reverse of parseHistoryRate.
func (r historyRate) format() string {
	var b strings.Builder
	if r.key.Tier != registry.Standard {
		b.WriteString(string(r.key.Tier) + ".")
	}
	b.WriteString(string(r.key.Kind))
	if r.key.Above > 0 {
		b.WriteByte('>')
		if r.key.Inclusive {
			b.WriteByte('=')
		}
		b.WriteString(strconv.FormatInt(r.key.Above, 10))
	}
	if from, to := formatHistoryInstant(r.effective.From), formatHistoryInstant(r.effective.To); from+to != "" {
		b.WriteString("@" + from + ".." + to)
	}
	if r.key.Window != "" {
		b.WriteString("~" + r.key.Window)
	}
	return b.String()
}

// FormatHistory writes a log as [ParseHistory] reads it. The edits are in the order of time; within a revision it
// sorts them. A log that would not be read back is an error.
func FormatHistory(l registry.Log) ([]byte, error) {
	var b strings.Builder
	for i, value := range []string{HistorySchema, l.Source.ID, l.Source.Title, l.Source.URL, l.Source.Group} {
		if value != "" {
			b.WriteString(historyHead[i] + "\t" + value + "\n")
		}
	}
	b.WriteByte('\n')
	part := func(e *registry.Edit) historyRate {
		k := e.Key
		k.Provider, k.Model, k.Route = "", "", ""
		return historyRate{k, e.Effective}
	}
	for edits := l.Edits; len(edits) > 0; {
		n := slices.IndexFunc(edits, func(e registry.Edit) bool { return !e.At.Equal(edits[0].At) || e.Evidence != edits[0].Evidence })
		if n < 0 {
			n = len(edits)
		}
		revision := slices.Clone(edits[:n])
		edits = edits[n:]
		slices.SortStableFunc(revision, func(x, y registry.Edit) int {
			return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Model, y.Model), part(&x).compare(part(&y)))
		})
		b.WriteString(revision[0].At.UTC().Format(time.RFC3339) + "\t" + revision[0].Evidence)
		for i := range revision {
			e := &revision[i]
			if e.Route != "" || e.Source != l.Source.ID {
				return nil, fmt.Errorf("%s of %s: a log holds one source's own names, without a route", e.Key, e.Source)
			}
			if i == 0 || e.Provider != revision[i-1].Provider || e.Model != revision[i-1].Model {
				b.WriteString("\n\t" + e.Provider + "\t" + e.Model)
			}
			rate := "-"
			if e.Rate != nil {
				rate = e.Rate.String()
			}
			b.WriteString("\t" + part(e).format() + "=" + rate)
		}
		b.WriteByte('\n')
	}
	data := []byte(b.String())
	if _, err := ParseHistory(l.Source.ID, data); err != nil {
		return nil, err
	}
	return data, nil
}
