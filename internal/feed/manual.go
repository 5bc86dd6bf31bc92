package feed

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// EvidenceSchema names the version of the evidence format that this package reads.
const EvidenceSchema = "breakeven/evidence/v1"

// Evidence is rates that a person read, each with the page, the day and the words in which the page states it.
type Evidence struct {
	Source  registry.Source
	Entries []Entry

	size int64
}

// Entry is one rate with its evidence. Its names are those of the catalog.
type Entry struct {
	registry.Fact

	Date  fact.Date // when the page was read
	Quote string    // what the page prints, with the figure
	By    string    // who read it; may be empty
}

// evidenceFile is the document: {"schema": "breakeven/evidence/v1", "source": {"id": "acme-page", "title": "Acme's price
// page", "vendor": true}, "entries": [{"provider": "acme", "model": "m", "kind": "input", "usd_per_million": "3", "url":
// "https://acme.example/prices", "date": "2026-08-01", "quote": "$3 / 1M tokens"}]}.
type evidenceFile struct {
	Schema string `json:"schema"`
	Source struct {
		ID    string `json:"id"`
		Title string `json:"title"`
		URL   string `json:"url"`
		// Vendor says that all the pages are the vendor's own.
		Vendor bool `json:"vendor"`
	} `json:"source"`
	Entries []evidenceEntry `json:"entries"`
}

// evidenceEntry is an entry as it is written, so that a fault can name its field.
type evidenceEntry struct {
	Provider  string `json:"provider"`
	Model     string `json:"model"` // for a machine's hour, the instance
	Route     string `json:"route"` // for a machine's hour, the region
	Tier      string `json:"tier"`  // standard where it is missing; for a machine's hour, the term
	Kind      string `json:"kind"`
	Above     int64  `json:"above"`
	Inclusive bool   `json:"inclusive"`
	Rate      string `json:"usd_per_million"`
	Hourly    string `json:"usd_per_hour"` // in place of the rate, for a machine's hour
	Effective struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"effective"`
	URL   string `json:"url"`
	Date  string `json:"date"`
	Quote string `json:"quote"`
	By    string `json:"by"`
}

// ReadEvidence reads an evidence document strictly. A figure that its quote does not hold is a fault, and so are two
// entries that contradict each other. Every fault is a [*datafile.Error] that names the entry and the field.
func ReadEvidence(name string, data []byte) (*Evidence, error) {
	var file evidenceFile
	if err := datafile.Decode(name, data, &file); err != nil {
		return nil, err
	}
	e := &Evidence{size: int64(len(data))}
	e.Source = registry.Source{ID: file.Source.ID, Title: file.Source.Title, URL: file.Source.URL, Vendor: file.Source.Vendor}
	if fault := file.check(); fault != nil {
		return nil, fault.in(name, "")
	}
	for i := range file.Entries {
		place := fmt.Sprintf("entries[%d].", i)
		entry, fault := file.Entries[i].read()
		if fault != nil {
			return nil, fault.in(name, place)
		}
		for j := range e.Entries {
			first := &e.Entries[j]
			if clash := (*ConflictError)(nil); first.Key == entry.Key && errors.As(conflict(&first.Fact, &entry.Fact), &clash) {
				err := fmt.Errorf("%s contradicts entries[%d], which says %s for the same time", entry.Rate, j, first.Rate)
				return nil, (&entryFault{"usd_per_million", err, "say in effective when the earlier rate ends and the later begins"}).in(name, place)
			}
		}
		e.Entries = append(e.Entries, entry)
	}
	return e, nil
}

// Reading is the evidence in the form in which the tables are read. Its date is that of the newest entry. Of entries
// that say the same of one rate, the one that was read last counts.
func (e *Evidence) Reading(taken time.Time) Reading {
	newest := slices.Clone(e.Entries)
	slices.SortStableFunc(newest, func(a, b Entry) int { return strings.Compare(string(b.Date), string(a.Date)) })
	var date fact.Date
	var facts []registry.Fact
	for i := range newest {
		f := newest[i].Fact
		date = max(date, newest[i].Date)
		if !slices.ContainsFunc(facts, func(g registry.Fact) bool { return g.Key == f.Key && errors.Is(conflict(&g, &f), errRepeated) }) {
			facts = append(facts, f)
		}
	}
	return Reading{Snapshot: registry.NewSnapshot(e.Source, taken, date, facts), Bytes: e.size}
}

// entryFault is a fault of one field.
type entryFault struct {
	field string
	err   error
	hint  string
}

func (f *entryFault) in(name, place string) error {
	return &datafile.Error{File: name, Path: place + f.field, Err: f.err, Hint: f.hint}
}

var errMissing = errors.New("missing")

// sourceID is what identifies a source: lower case, without spaces.
var sourceID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// check reports the first fault outside the entries.
func (f *evidenceFile) check() *entryFault {
	isFeed := func(t Feed) bool { return t.ID == f.Source.ID }
	switch {
	case f.Schema != EvidenceSchema:
		return &entryFault{"schema", fmt.Errorf("%q is not %q", f.Schema, EvidenceSchema), ""}
	case !sourceID.MatchString(f.Source.ID):
		return &entryFault{"source.id", fmt.Errorf("%q is no identifier", f.Source.ID), "such as acme-price-page"}
	case slices.ContainsFunc(Feeds(), isFeed):
		return &entryFault{"source.id", fmt.Errorf("%q is a table that is read by itself", f.Source.ID), "evidence has a name of its own"}
	case f.Source.Title == "":
		return &entryFault{"source.title", errMissing, ""}
	case checkNames(f.Source.Title) != nil:
		return &entryFault{"source.title", checkNames(f.Source.Title), ""}
	case f.Source.URL != "" && !securePage(f.Source.URL):
		return &entryFault{"source.url", fmt.Errorf("%q is no https address", f.Source.URL), ""}
	case len(f.Entries) == 0:
		return &entryFault{"entries", errors.New("there is none"), ""}
	}
	return nil
}

func securePage(address string) bool {
	u, err := url.Parse(webPage(address))
	return err == nil && u.Scheme == "https"
}

// read checks an entry field by field.
func (w *evidenceEntry) read() (Entry, *entryFault) {
	e := Entry{Quote: w.Quote, By: w.By}
	e.Key = registry.Key{Provider: w.Provider, Route: w.Route, Model: w.Model, Tier: registry.Standard, Above: w.Above, Inclusive: w.Inclusive}
	e.URL = w.URL
	var err error
	for _, text := range []struct {
		field, value string
		required     bool
	}{
		{"provider", w.Provider, true}, {"model", w.Model, true}, {"route", w.Route, false}, {"kind", w.Kind, true}, {"url", w.URL, true},
		{"date", w.Date, true}, {"quote", w.Quote, true}, {"by", w.By, false},
	} {
		if text.required && strings.TrimSpace(text.value) == "" {
			return e, &entryFault{text.field, errMissing, ""}
		}
		if err := checkNames(text.value); err != nil {
			return e, &entryFault{text.field, err, ""}
		}
	}
	if e.Kind, err = registry.ParseKind(w.Kind); err != nil {
		return e, &entryFault{"kind", err, ""}
	}
	if w.Tier != "" {
		if e.Tier, err = registry.ParseTier(w.Tier); err != nil {
			return e, &entryFault{"tier", err, ""}
		}
	}
	if fault := w.unit(&e); fault != nil {
		return e, fault
	}
	if e.Effective, err = w.interval(); err != nil {
		return e, &entryFault{"effective", err, "write 2026-08-01T16:00:00Z, or 2026-08-01 for midnight in UTC"}
	}
	if !securePage(w.URL) {
		return e, &entryFault{"url", fmt.Errorf("%q is no https address", w.URL), ""}
	}
	if e.Date, err = fact.ParseDate(w.Date); err != nil {
		return e, &entryFault{"date", err, ""}
	}
	if !quoted(w.Quote, e.Rate, pageUnits(e.Kind)) {
		err := fmt.Errorf("%q does not hold the rate %s", w.Quote, e.Rate)
		return e, &entryFault{"quote", err, "quote the figure as the page prints it, and see whether the rate is in its unit"}
	}
	return e, nil
}

// unit reads the rate, and what only a machine's hour has or only a rate of tokens has.
func (w *evidenceEntry) unit(e *Entry) *entryFault {
	_, service := e.Tier.Priced()
	field, text, pow10 := "usd_per_million", w.Rate, 0
	if _, priced := e.Kind.Priced(); priced {
		switch {
		case !service:
			return &entryFault{"tier", fmt.Errorf("%q is the term of a rental", e.Tier), ""}
		case w.Hourly != "":
			return &entryFault{"usd_per_hour", fmt.Errorf("%s is not sold by the hour", e.Kind), "write usd_per_million"}
		}
	} else {
		switch {
		case service:
			return &entryFault{"tier", fmt.Errorf("a machine is rented for a term, one of %v", gpu.Terms()), ""}
		case w.Above != 0:
			return &entryFault{"above", errors.New("a machine's hour has no context"), ""}
		case w.Rate != "" && w.Hourly != "":
			return &entryFault{"usd_per_hour", errors.New("stands beside usd_per_million"), "keep one"}
		case w.Hourly != "":
			field, text, pow10 = "usd_per_hour", w.Hourly, 6
		}
	}
	if w.Above < 0 {
		return &entryFault{"above", fmt.Errorf("%d is no number of tokens", w.Above), ""}
	}
	if w.Inclusive && w.Above == 0 {
		return &entryFault{"inclusive", errors.New("there is no boundary"), "give above, or leave it out"}
	}
	if text == "" {
		return &entryFault{field, errMissing, "leave a rate that nobody states out; zero is a price"}
	}
	var err error
	if e.Rate, err = money.ParseRateScaled(text, pow10); err != nil {
		return &entryFault{field, err, ""}
	}
	return nil
}

func (w *evidenceEntry) interval() (i price.Interval, err error) {
	for _, end := range []struct {
		text string
		to   *time.Time
	}{{w.Effective.From, &i.From}, {w.Effective.To, &i.To}} {
		if end.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, end.text)
		if err != nil {
			t, err = time.Parse(time.DateOnly, end.text) // midnight in UTC
		}
		if err != nil {
			return i, fmt.Errorf("%q is no instant", end.text)
		}
		*end.to = t.UTC()
	}
	if !i.From.IsZero() && !i.To.IsZero() && !i.From.Before(i.To) {
		return i, fmt.Errorf("it ends %s, not after it starts %s", i.To.Format(time.RFC3339), i.From.Format(time.RFC3339))
	}
	return i, nil
}

// pageUnits are the powers of ten by which what pages print becomes dollars per million units: a rate per million, per
// thousand or for one. A machine is priced by the hour.
func pageUnits(k registry.Kind) []int {
	if _, priced := k.Priced(); !priced {
		return []int{6}
	}
	return []int{0, 3, 6}
}

// figure is a number in prose, with or without commas between thousands.
var figure = regexp.MustCompile(`\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?`)

// quoted reports whether a quote holds a rate's figure in one of the units.
func quoted(quote string, r money.Rate, pow10s []int) bool {
	if r == 0 && strings.Contains(strings.ToLower(quote), "free") {
		return true
	}
	for _, number := range figure.FindAllString(quote, -1) {
		for _, pow10 := range pow10s {
			if v, err := money.ParseRateScaled(strings.ReplaceAll(number, ",", ""), pow10); err == nil && v == r {
				return true
			}
		}
	}
	return false
}
