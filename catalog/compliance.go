package catalog

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"breakeven/datafile"
	"breakeven/fact"
)

// ComplianceSchema names the version of the compliance file format that this package reads.
const ComplianceSchema = "breakeven/compliance/v1"

// StaleAfter is the age from which a statement should be asked for again before anyone relies on it.
const StaleAfter = 180 * 24 * time.Hour

// ComplianceFile is the format of catalog/compliance. None of it is legal advice: each statement is what the
// named source said on the named date.
type ComplianceFile struct {
	Schema     string                     `json:"schema"`
	Sources    map[string]fact.Provenance `json:"sources"`
	Statements []Statement                `json:"statements"`
}

// Statement is one fact that a source states about a vendor.
type Statement struct {
	Provider  string `json:"provider"` // as the price book names it
	Vendor    string `json:"vendor"`
	Surface   string `json:"surface"`   // which of the vendor's products
	Attribute string `json:"attribute"` // soc2, iso, hipaa_baa, fedramp, residency, zdr, training_on_data, ...
	Value     string `json:"value"`
	Detail    string `json:"detail,omitempty"`
	// Answers says which questions the statement settles, and how: soc2, hipaa_baa, fedramp_high, eu_residency.
	Answers    map[string]bool `json:"answers,omitempty"`
	Stated     string          `json:"stated"` // when: a day, a month or a year, as exactly as the source says
	Confidence string          `json:"confidence"`
	Source     string          `json:"source"`

	Provenance fact.Provenance `json:"-"`
}

// Questions lists what a statement can settle.
func Questions() []string { return []string{"soc2", "hipaa_baa", "fedramp_high", "eu_residency"} }

// statedLayouts are the precisions in which a source dates its statements.
var statedLayouts = []string{time.DateOnly, "2006-01", "2006"}

// since is the first instant of the day, month or year on which the statement was made.
func (s *Statement) since() (time.Time, error) {
	for _, layout := range statedLayouts {
		if t, err := time.Parse(layout, s.Stated); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("date %q is not YYYY-MM-DD, YYYY-MM or YYYY", s.Stated)
}

// Stale reports whether the statement may be older than [StaleAfter] at an instant.
func (s *Statement) Stale(at time.Time) bool {
	t, err := s.since()
	return err != nil || at.Sub(t) > StaleAfter
}

// ComplianceBook is a set of statements that can be asked. It is immutable.
type ComplianceBook struct {
	statements []Statement
}

// All lists the statements by provider, surface and attribute.
func (b *ComplianceBook) All() []Statement { return slices.Clone(b.statements) }

// Provider lists what is stated about one provider of the price book.
func (b *ComplianceBook) Provider(name string) []Statement {
	var list []Statement
	for _, s := range b.statements {
		if s.Provider == name {
			list = append(list, s)
		}
	}
	return list
}

// Answer is the statement that settles a question about a provider, and whether it says yes. The last result
// is false where nothing is stated, which is neither yes nor no.
func (b *ComplianceBook) Answer(provider, question string) (s Statement, yes, known bool) {
	for _, s := range b.statements {
		if s.Provider != provider {
			continue
		}
		if yes, known := s.Answers[question]; known {
			return s, yes, true
		}
	}
	return Statement{}, false, false
}

// Compliance reads the embedded statements about vendors.
func Compliance() (*ComplianceBook, error) {
	files, err := folder("compliance")
	if err != nil {
		return nil, err
	}
	b := &ComplianceBook{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		statements, err := ParseCompliance(name, files[name])
		if err != nil {
			return nil, fmt.Errorf("embedded compliance: %w", err)
		}
		b.statements = append(b.statements, statements...)
	}
	return b, nil
}

// ParseCompliance reads a compliance file strictly. An error is a *[datafile.Error].
func ParseCompliance(name string, data []byte) ([]Statement, error) {
	fail := func(path, format string, args ...any) error {
		return &datafile.Error{File: name, Path: path, Err: fmt.Errorf(format, args...)}
	}
	var f ComplianceFile
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, err
	}
	if f.Schema != ComplianceSchema {
		return nil, fail("schema", "%q is not %q", f.Schema, ComplianceSchema)
	}
	for i := range f.Statements {
		s := &f.Statements[i]
		path := fmt.Sprintf("statements[%d]", i)
		for field, value := range map[string]string{
			"provider": s.Provider, "vendor": s.Vendor, "surface": s.Surface, "attribute": s.Attribute, "value": s.Value,
		} {
			if value == "" {
				return nil, fail(path+"."+field, "missing")
			}
		}
		source, ok := f.Sources[s.Source]
		if !ok || !source.Kind.Valid() || source.Source == "" {
			return nil, fail(path+".source", "%q is not one of the file's sources, or names nobody", s.Source)
		}
		if _, err := s.since(); err != nil {
			return nil, fail(path+".stated", "%w", err)
		}
		if !slices.Contains([]string{"high", "medium", "low"}, s.Confidence) {
			return nil, fail(path+".confidence", "%q is not high, medium or low", s.Confidence)
		}
		for _, question := range slices.Sorted(maps.Keys(s.Answers)) {
			if !slices.Contains(Questions(), question) {
				return nil, fail(path+".answers", "%q is not one of the questions", question)
			}
		}
		s.Provenance = source
		if day, err := fact.ParseDate(s.Stated); err == nil {
			s.Provenance.Date = day
		}
	}
	return f.Statements, nil
}
