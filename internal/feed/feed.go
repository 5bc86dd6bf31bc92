// Package feed reads other people's price tables into one common shape, so that they can be compared with each
// other and with the catalog.
//
// Reading guide: source.go lists the tables, with the addresses where they live; fetch.go reads them over HTTP and
// file.go from files; facts.go turns what they say into the registry's facts; manual.go reads entries that a
// person wrote with evidence. Each table has a decoder in a file of its own: for tokens genai.go, litellm.go,
// modelsdev.go, portkey.go, openrouter.go, langfuse.go; for hours of rented machines, whose common part is machine.go,
// karpenteraws.go, karpenterazure.go, gcp.go, offers.go.
//
// A decoder turns a table into [Observation]s and decides nothing: which of several tables to believe is the
// business of package registry and of tools/catalog. Two rules hold for all of them. A number is read from its decimal text, scaled from
// the table's unit and rounded only below a pico-dollar per unit, where nothing but float noise can be. And a
// zero is a price while a missing field is none, except in the tables that write zero for "not set": there a
// zero says nothing and gives no observation.
package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// Table is what one price table says.
type Table struct {
	Source       Source
	Observations []Observation
	Machines     []Machine
	Models       []Model
	Multipliers  []Multiplier
	// Faults lists the fields that could not be read. They are no reason to distrust the rest.
	Faults []Fault
}

// Source names a table and its state.
type Source struct {
	ID    string // "litellm"
	Title string // "LiteLLM price map"
	URL   string // where the table itself lives
	Date  fact.Date
}

// Observation is one rate that a table holds.
type Observation struct {
	Provider, Model string // as the table names them
	Tier            price.Tier
	Kind            price.Kind
	// Above is the context boundary in tokens where the rate starts; zero for the base rate.
	Above int64
	// Inclusive says that a prompt of exactly Above tokens is already billed at the rate.
	Inclusive bool
	// From and To bound the time in which the vendor charges the rate; zero where the table says nothing.
	From, To time.Time
	Window   *Window
	Rate     money.Rate
	URL      string // the page that the table cites, if it cites one
}

// Window is a recurring span of time in UTC: "16:30" to "00:30". From is inclusive and To exclusive; a window whose
// ends are equal lasts the whole day.
type Window struct {
	Days     price.Days // zero for every day
	From, To string
	// Zone is whose calendar tells the days apart, where it is not that of UTC: "Asia/Shanghai".
	Zone string
}

// String is the window in words: "16:30-00:30 UTC", "sat,sun 00:00-00:00 UTC, days in Asia/Shanghai".
func (w Window) String() string {
	s := w.From + "-" + w.To + " UTC"
	if w.Days != 0 && w.Days != price.EveryDay {
		s = w.Days.String() + " " + s
		if w.Zone != "" && w.Zone != "UTC" {
			s += ", days in " + w.Zone
		}
	}
	return s
}

// Model is what a table says of a model besides rates.
type Model struct {
	Provider, ID, Name string
	ContextWindow      int64
	Inputs             []string // kinds of input: text, image, audio, video
	Retired            fact.Date
}

// Multiplier is a factor that a table holds in place of rates, for a region or a speed.
type Multiplier struct {
	Provider, Model string
	Name            string // "us", "eu", "fast"
	Times           money.Factor
}

// Fault is one field that could not be read. Where it concerns all of a model, or all of a provider, the rest is empty.
type Fault struct {
	Provider, Model, Field string
	Err                    error
}

func (f Fault) Error() string {
	s := f.Provider
	if f.Model != "" {
		s += "/" + f.Model
	}
	if f.Field != "" {
		s += ": " + f.Field
	}
	return s + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f Fault) Unwrap() error { return f.Err }

// FormatError says that a file is not the table that it was read as.
type FormatError struct {
	Table string
	Err   error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("not a %s table: %v", e.Table, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// clock reports whether text is a time of day such as "16:30".
func clock(text string) bool {
	t, err := time.Parse("15:04", text)
	return err == nil && t.Format("15:04") == text
}

func newTable(s registry.Source, date fact.Date) *Table {
	return &Table{Source: Source{ID: s.ID, Title: s.Title, URL: s.URL, Date: date}}
}

// unit is how a table writes one kind of rate: its number times 10^pow10 is dollars per million units.
type unit struct {
	kind  price.Kind
	pow10 int
}

// rate reads a number, or a decimal in quotes, in the given unit.
func rate(raw json.RawMessage, pow10 int) (money.Rate, error) {
	text := string(bytes.TrimSpace(raw))
	if len(text) > 1 && text[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return 0, err
		}
	}
	return money.ParseRateScaledRounded(text, pow10)
}

// add reads one rate and appends it, or appends the fault.
func (t *Table) add(o Observation, field string, raw json.RawMessage, u unit) {
	if absent(raw) {
		return
	}
	r, err := rate(raw, u.pow10)
	if err != nil {
		t.fault(o.Provider, o.Model, field, err)
		return
	}
	o.Kind, o.Rate = u.kind, r
	t.Observations = append(t.Observations, o)
}

func (t *Table) fault(provider, model, field string, err error) {
	t.Faults = append(t.Faults, Fault{provider, model, field, err})
}

// absent reports whether a field is missing or null.
func absent(raw json.RawMessage) bool {
	text := bytes.TrimSpace(raw)
	return len(text) == 0 || bytes.Equal(text, []byte("null"))
}

// zero reports whether a field is a number that equals zero.
func zero(raw json.RawMessage) bool {
	r, err := rate(raw, 0)
	return err == nil && r == 0 && strings.Trim(string(raw), "0.-\" \n\t") == ""
}

// object is a JSON object whose fields are read one by one.
type object map[string]json.RawMessage

// sub is the object in a field, and nil where the field is missing or something else.
func (o object) sub(field string) object {
	var v object
	if json.Unmarshal(o[field], &v) != nil {
		return nil
	}
	return v
}

// text is the string in a field, and empty where the field is missing or something else.
func (o object) text(field string) string {
	var v string
	if json.Unmarshal(o[field], &v) != nil {
		return ""
	}
	return v
}

// whole is the number in a field, and zero where the field is missing, something else, or out of range.
func (o object) whole(field string) int64 {
	var v float64
	if json.Unmarshal(o[field], &v) != nil || v < 0 || v > 1<<53 {
		return 0
	}
	return int64(v)
}

// day is the date in a field, and empty where there is none.
func (o object) day(field string) fact.Date {
	d, err := fact.ParseDate(o.text(field))
	if err != nil {
		return ""
	}
	return d
}

// keys lists an object's fields in a stable order.
func (o object) keys() []string { return slices.Sorted(maps.Keys(o)) }

// decode reads a whole file into v.
func decode(table string, data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return &FormatError{table, err}
	}
	return nil
}
