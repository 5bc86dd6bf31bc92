// Package registry compares what price tables say over time and with each other: snapshots of a source, the
// changes between two of them with their class, which rate to believe, and what is verified.
//
// Reading guide: registry.go is a fact and a snapshot; unit.go is what a rate is for; change.go tells a price change from an edit of a table;
// resolve.go decides between sources that differ; verify.go counts who agrees.
package registry

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
	"breakeven/price"
)

// Key names one rate: what is sold, and which part of its price.
type Key struct {
	Provider string `json:"provider"`
	Route    string `json:"route,omitempty"`
	Model    string `json:"model"`
	Tier     Tier   `json:"tier"`
	Kind     Kind   `json:"kind"`
	// Above is the context boundary in tokens where the rate starts, zero for the base rate; Inclusive tells
	// that the boundary itself belongs to it.
	Above     int64  `json:"above,omitempty"`
	Inclusive bool   `json:"inclusive,omitempty"`
	Window    string `json:"window,omitempty"` // a recurring time of day, in words
}

// Compare orders keys by provider, model, and then their other parts.
func (k Key) Compare(o Key) int {
	inclusive := func(k Key) int {
		if k.Inclusive {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(k.Provider, o.Provider), cmp.Compare(k.Model, o.Model), cmp.Compare(k.Route, o.Route), cmp.Compare(k.Tier, o.Tier),
		cmp.Compare(k.Kind, o.Kind), cmp.Compare(k.Above, o.Above), cmp.Compare(inclusive(k), inclusive(o)), cmp.Compare(k.Window, o.Window),
	)
}

// String is the key in words: "anthropic/claude-sonnet-4-6 batch output above 200000".
func (k Key) String() string {
	s := k.Provider + "/" + k.Model
	if k.Route != "" {
		s += " " + k.Route
	}
	if k.Tier != Standard && k.Tier != Tier(gpu.OnDemand) {
		s += " " + k.Tier.String()
	}
	s += " " + k.Kind.Label()
	if k.Above > 0 {
		s += " above " + strconv.FormatInt(k.Above, 10)
	}
	if k.Window != "" {
		s += " in " + k.Window
	}
	return s
}

// Fact is one rate as one source states it.
type Fact struct {
	Key
	Rate      money.Rate     `json:"usd_per_million"`
	Effective price.Interval `json:"effective,omitzero"` // when the vendor charges it, as far as the source says
	URL       string         `json:"url,omitempty"`      // the page that the source cites
}

func compareFacts(a, b Fact) int {
	return cmp.Or(a.Key.Compare(b.Key), a.Effective.From.Compare(b.Effective.From), a.Effective.To.Compare(b.Effective.To),
		cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.URL, b.URL))
}

// Source is where facts are read.
type Source struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	// Group names sources that copy one another: together they count as one voice.
	Group string `json:"group,omitempty"`
	// Vendor marks a source that is the vendor's own word, read by a person with evidence.
	Vendor bool `json:"vendor,omitempty"`
}

// Voice is the source's group, or itself where it copies nobody.
func (s Source) Voice() string {
	if s.Group != "" {
		return s.Group
	}
	return s.ID
}

// Snapshot is all that a source states at a time. Its identity is a hash of its facts: a source that says the
// same tomorrow is the same snapshot.
type Snapshot struct {
	ID     string    `json:"id"`
	Source Source    `json:"source"`
	Taken  time.Time `json:"taken"`          // when it was read
	Date   fact.Date `json:"date,omitempty"` // the day that the source gives itself
	Facts  []Fact    `json:"facts"`
}

// NewSnapshot sorts facts, drops exact repetitions and gives the snapshot its identity.
func NewSnapshot(source Source, taken time.Time, date fact.Date, facts []Fact) Snapshot {
	sorted := slices.Clone(facts)
	slices.SortFunc(sorted, compareFacts)
	sorted = slices.CompactFunc(sorted, func(a, b Fact) bool { return compareFacts(a, b) == 0 })
	s := Snapshot{Source: source, Taken: taken.UTC(), Date: date, Facts: sorted}
	sum := sha256.Sum256(append([]byte(source.ID+"\n"), s.Encode()...))
	s.ID = hex.EncodeToString(sum[:])
	return s
}

// columns of the encoding, in order.
const encodedFields = 12

// Encode writes the facts in one canonical form, a line each: tab-separated provider, model, route, tier, kind,
// above, inclusive, window, rate, effective from, effective to, URL. Tabs, line ends and backslashes in names
// are escaped. [DecodeFacts] reads it back.
func (s Snapshot) Encode() []byte {
	var b bytes.Buffer
	for i := range s.Facts {
		f := &s.Facts[i]
		for j, field := range [encodedFields]string{
			f.Provider, f.Model, f.Route, f.Tier.String(), f.Kind.String(), strconv.FormatInt(f.Above, 10), strconv.FormatBool(f.Inclusive), f.Window,
			strconv.FormatInt(int64(f.Rate), 10), instant(f.Effective.From), instant(f.Effective.To), f.URL,
		} {
			if j > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(escape.Replace(field))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

var (
	escape   = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)
	unescape = strings.NewReplacer(`\\`, "\\", `\t`, "\t", `\n`, "\n", `\r`, "\r")
)

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// DecodeFacts reads what [Snapshot.Encode] writes. A fault names its line.
func DecodeFacts(data []byte) ([]Fact, error) {
	var facts []Fact
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		n++
		f, err := decodeFact(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		facts = append(facts, f)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return facts, nil
}

func decodeFact(line string) (Fact, error) {
	var f Fact
	fields := strings.Split(line, "\t")
	if len(fields) != encodedFields {
		return f, fmt.Errorf("%d fields, want %d", len(fields), encodedFields)
	}
	for i := range fields {
		fields[i] = unescape.Replace(fields[i])
	}
	f.Provider, f.Model, f.Route, f.Window, f.URL = fields[0], fields[1], fields[2], fields[7], fields[11]
	var err error
	if f.Tier, err = ParseTier(fields[3]); err != nil {
		return f, err
	}
	if f.Kind, err = ParseKind(fields[4]); err != nil {
		return f, err
	}
	if f.Above, err = strconv.ParseInt(fields[5], 10, 64); err != nil {
		return f, fmt.Errorf("above: %w", err)
	}
	if f.Inclusive, err = strconv.ParseBool(fields[6]); err != nil {
		return f, fmt.Errorf("inclusive: %w", err)
	}
	rate, err := strconv.ParseInt(fields[8], 10, 64)
	if err != nil || rate < 0 {
		return f, fmt.Errorf("rate %q is no price", fields[8])
	}
	f.Rate = money.Rate(rate)
	for _, end := range []struct {
		text string
		to   *time.Time
	}{{fields[9], &f.Effective.From}, {fields[10], &f.Effective.To}} {
		if end.text == "" {
			continue
		}
		if *end.to, err = time.Parse(time.RFC3339Nano, end.text); err != nil {
			return f, fmt.Errorf("effective: %w", err)
		}
	}
	return f, nil
}
