package price

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"breakeven/datafile"
)

// Book is a set of price sheets that can be asked for the one in force. It is immutable and safe for
// concurrent use.
type Book struct {
	id        string
	providers map[string]*provider
	names     map[string]*provider // by any of their names
	order     []*provider
	tables    map[tableProvider][]*named // who is meant by a table's name for a provider
}

type provider struct {
	file   *File
	models map[string]ref       // by identifier and alias
	series map[seriesKey]Series // by model, route and tier
	byID   map[string]*Model
	// weights is the one model that serves open weights, by the weights' name; an empty one where there are several.
	weights map[string]ref
}

// ref is what an identifier stands for.
type ref struct{ model, route string }

type seriesKey struct {
	model, route string
	tier         Tier
}

// Series is the sheets of one model, route and tier through time.
type Series []*Sheet

// At is the sheet in force at an instant, as known at another; a zero knownAt means all that is known today.
// Of several, the last one recorded wins, and among those the one that took effect last.
func (s Series) At(at, knownAt time.Time) *Sheet {
	var best *Sheet
	for _, sheet := range s {
		if !sheet.Effective.Contains(at) {
			continue
		}
		if knownAt.IsZero() {
			if !sheet.Recorded.To.IsZero() {
				continue // superseded: what is known today says otherwise
			}
		} else if !sheet.Recorded.Contains(knownAt) {
			continue
		}
		if best == nil || sheet.Recorded.From.After(best.Recorded.From) ||
			(sheet.Recorded.From.Equal(best.Recorded.From) && !sheet.Effective.From.Before(best.Effective.From)) {
			best = sheet
		}
	}
	return best
}

// NewBook compiles price files into a book. Files are named by their provider; the book's identity is a hash
// of their contents in the order of the providers.
func NewBook(files map[string][]byte) (*Book, error) {
	b := &Book{providers: map[string]*provider{}, names: map[string]*provider{}, tables: map[tableProvider][]*named{}}
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s\x00%d\x00", name, len(files[name]))
		hash.Write(files[name])
		file, err := ParseFile(name, files[name])
		if err != nil {
			return nil, err
		}
		if err := b.add(name, file); err != nil {
			return nil, err
		}
	}
	b.id = hex.EncodeToString(hash.Sum(nil))[:12]
	return b, nil
}

func (b *Book) add(name string, file *File) error {
	sheets, err := file.Sheets(name)
	if err != nil {
		return err
	}
	p := &provider{file: file, models: map[string]ref{}, series: map[seriesKey]Series{}, byID: map[string]*Model{}, weights: map[string]ref{}}
	for _, s := range sheets {
		key := seriesKey{s.Model, s.Route, s.Tier}
		p.series[key] = append(p.series[key], s)
	}
	register := func(id string, r ref, path string) error {
		id = strings.ToLower(id)
		if other, taken := p.models[id]; taken && other != r {
			return &datafile.Error{File: name, Path: path, Err: fmt.Errorf("%q already names %s", id, other.model)}
		}
		p.models[id] = r
		return nil
	}
	for i := range file.Models {
		m := &file.Models[i]
		path := fmt.Sprintf("models[%d] (%s)", i, m.ID)
		if _, twice := p.byID[m.ID]; twice {
			return &datafile.Error{File: name, Path: path, Err: fmt.Errorf("model %q appears twice", m.ID)}
		}
		p.byID[m.ID] = m
		if m.Weights != "" && m.Retired == "" {
			if _, several := p.weights[m.Weights]; several {
				p.weights[m.Weights] = ref{}
			} else {
				p.weights[m.Weights] = ref{m.ID, ""}
			}
		}
		if err := register(m.ID, ref{m.ID, ""}, path+".id"); err != nil {
			return err
		}
		for _, alias := range m.Aliases {
			if err := register(alias, ref{m.ID, ""}, path+".aliases"); err != nil {
				return err
			}
		}
		for route, aliases := range m.RouteAliases {
			if _, ok := p.series[seriesKey{m.ID, route, Standard}]; !ok {
				return &datafile.Error{File: name, Path: path + ".route_aliases", Err: fmt.Errorf("the model has no route %q", route)}
			}
			for _, alias := range aliases {
				if err := register(alias, ref{m.ID, route}, path+".route_aliases"); err != nil {
					return err
				}
			}
		}
	}
	if _, twice := b.providers[file.Provider]; twice {
		return &datafile.Error{File: name, Path: "provider", Err: fmt.Errorf("%q has two files", file.Provider)}
	}
	b.providers[file.Provider] = p
	b.order = append(b.order, p)
	sort.Slice(b.order, func(i, j int) bool { return b.order[i].file.Provider < b.order[j].file.Provider })
	for _, alias := range append([]string{file.Provider}, file.Aliases...) {
		if other, taken := b.names[alias]; taken && other != p {
			return &datafile.Error{File: name, Path: "aliases", Err: fmt.Errorf("%q already names %s", alias, other.file.Provider)}
		}
		b.names[alias] = p
	}
	return b.index(p, name)
}

// ID is the identity of the book: the same contents, the same identity.
func (b *Book) ID() string { return b.id }

// Files lists the providers' price files in the order of their names. They must not be changed.
func (b *Book) Files() []*File {
	files := make([]*File, 0, len(b.order))
	for _, p := range b.order {
		files = append(files, p.file)
	}
	return files
}

// Provider is the price file of a provider by any of its names, and an [*UnknownProviderError] where there is none.
func (b *Book) Provider(name string) (*File, error) {
	p, err := b.provider(name)
	if err != nil {
		return nil, err
	}
	return p.file, nil
}

func (b *Book) provider(name string) (*provider, error) {
	p, ok := b.names[strings.ToLower(name)]
	if !ok {
		return nil, &UnknownProviderError{Provider: name, Known: slices.Sorted(maps.Keys(b.providers))}
	}
	return p, nil
}

// Query asks for a price.
type Query struct {
	Provider string // any name of the provider; empty to look the model up at all of them
	Model    string
	Route    string // empty for the default route, or the one that the model identifier names
	Region   string // mapped to a route where Route is empty
	Tier     Tier
}

// Match is what a query found.
type Match struct {
	Provider, Model, Route string
	Tier                   Tier // Standard where the model has no sheet for the tier that was asked
	Series                 Series
	// Loose tells that a date or a version was dropped from the identifier to find the model.
	Loose bool
}

// UnknownModelError says that the book has no such model. It is an error, never a price of zero.
type UnknownModelError struct {
	Provider, Model string
	Near            []string // identifiers that look alike
}

func (e *UnknownModelError) Error() string {
	s := fmt.Sprintf("the price book has no model %q", e.Model)
	if e.Provider != "" {
		s += fmt.Sprintf(" of provider %q", e.Provider)
	}
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return s
}

// UnknownProviderError says that the book has no such provider.
type UnknownProviderError struct {
	Provider string
	Known    []string
}

func (e *UnknownProviderError) Error() string {
	return fmt.Sprintf("the price book has no provider %q; it has %s", e.Provider, strings.Join(e.Known, ", "))
}

// AmbiguousModelError says that several providers sell the model and the query names none.
type AmbiguousModelError struct {
	Model     string
	Providers []string
}

func (e *AmbiguousModelError) Error() string {
	return fmt.Sprintf("model %q is sold by %s; say which, as in %s/%s", e.Model, strings.Join(e.Providers, ", "), e.Providers[0], e.Model)
}

// NoPriceError says that the model is known but has no price at the instant.
type NoPriceError struct {
	Provider, Model string
	At              time.Time
}

func (e *NoPriceError) Error() string {
	return fmt.Sprintf("%s/%s has no recorded price at %s", e.Provider, e.Model, e.At.UTC().Format(time.RFC3339))
}

// Find looks a query up.
func (b *Book) Find(q Query) (Match, error) {
	if q.Provider == "" {
		return b.locate(q)
	}
	p, err := b.provider(q.Provider)
	if err != nil {
		return Match{}, err
	}
	m, ok := p.find(q)
	if !ok {
		return Match{}, &UnknownModelError{Provider: p.file.Provider, Model: q.Model, Near: p.near(q.Model)}
	}
	return m, nil
}

// Sheet finds the sheet in force.
func (b *Book) Sheet(q Query, at, knownAt time.Time) (*Sheet, Match, error) {
	m, err := b.Find(q)
	if err != nil {
		return nil, m, err
	}
	s := m.Series.At(at, knownAt)
	if s == nil {
		return nil, m, &NoPriceError{Provider: m.Provider, Model: m.Model, At: at}
	}
	return s, m, nil
}

// Model is the catalog's entry of a model, and false where there is none.
func (b *Book) Model(providerName, id string) (*Model, bool) {
	p, ok := b.names[strings.ToLower(providerName)]
	if !ok {
		return nil, false
	}
	m, ok := p.byID[id]
	return m, ok
}

// locate finds a model whose provider the query does not name.
//
// "vendor/model" is that vendor's model, and if the vendor does not sell it, whoever sells something under the whole
// of that name: hosts sell "openai/gpt-oss-120b". Any other path in front says that the model is served by
// something that the book does not know ("hosted_vllm/..."), and finds nothing.
func (b *Book) locate(q Query) (Match, error) {
	if vendor, model, ok := strings.Cut(q.Model, "/"); ok && !neutral[strings.ToLower(vendor)] {
		p, known := b.names[strings.ToLower(vendor)]
		if known {
			named := q
			named.Model = model
			if m, found := p.find(named); found {
				return m, nil
			}
		}
		m, err := b.sold(q, (*provider).findWhole)
		if _, unknown := errors.AsType[*UnknownModelError](err); unknown && known {
			return Match{}, &UnknownModelError{Provider: p.file.Provider, Model: model, Near: p.near(model)}
		}
		return m, err
	}
	return b.sold(q, (*provider).find)
}

// neutral are first parts of an identifier that name no vendor.
var neutral = map[string]bool{"models": true, "publishers": true, "accounts": true}

// sold finds a model at whoever sells it under that name: the vendors that make what they sell first.
func (b *Book) sold(q Query, find func(*provider, Query) (Match, bool)) (Match, error) {
	for _, firstParty := range []bool{true, false} {
		var matches []Match
		var sellers []string
		for _, p := range b.order {
			if p.file.FirstParty != firstParty {
				continue
			}
			if m, found := find(p, q); found {
				matches = append(matches, m)
				sellers = append(sellers, p.file.Provider)
			}
		}
		switch len(matches) {
		case 0:
		case 1:
			return matches[0], nil
		default:
			return Match{}, &AmbiguousModelError{Model: q.Model, Providers: sellers}
		}
	}
	var near []string
	for _, firstParty := range []bool{true, false} { // a vendor's own name for it says more than a host's
		for _, p := range b.order {
			if p.file.FirstParty != firstParty {
				continue
			}
			for _, n := range p.near(q.Model) {
				near = append(near, p.file.Provider+"/"+n)
			}
		}
	}
	return Match{}, &UnknownModelError{Model: q.Model, Near: near[:min(len(near), 5)]}
}

// versionSuffix is a date or a version that vendors append to an identifier.
var versionSuffix = regexp.MustCompile(`([-@](\d{8}|\d{4}-\d{2}-\d{2})|-v\d+(:\d+)?|:\d+)$`)

// find resolves an identifier: as it is, then without a path in front, then without dates and versions at its
// end. It never matches by prefix: "opus-4.7-fast" is not "opus-4.7".
func (p *provider) find(q Query) (Match, bool) {
	if m, found := p.findWhole(q); found {
		return m, true
	}
	id := strings.ToLower(strings.TrimSpace(q.Model))
	candidates := []string{id}
	if _, after, ok := strings.Cut(id, "/"); ok {
		candidates = append(candidates, after, id[strings.LastIndexByte(id, '/')+1:])
	}
	for _, c := range candidates {
		if r, ok := p.models[c]; ok {
			return p.match(r, q, false)
		}
	}
	// The weights' own name stands for the one model of the provider that serves them.
	if r, ok := p.weights[id]; ok && r.model != "" {
		return p.match(r, q, true)
	}
	for _, c := range candidates {
		for {
			cut := versionSuffix.FindStringIndex(c)
			if cut == nil {
				break
			}
			c = c[:cut[0]]
			if r, ok := p.models[c]; ok {
				return p.match(r, q, true)
			}
		}
	}
	return Match{}, false
}

// findWhole resolves an identifier exactly as it is.
func (p *provider) findWhole(q Query) (Match, bool) {
	if r, ok := p.models[strings.ToLower(strings.TrimSpace(q.Model))]; ok {
		return p.match(r, q, false)
	}
	return Match{}, false
}

func (p *provider) match(r ref, q Query, loose bool) (Match, bool) {
	route := q.Route
	if route == "" {
		route = r.route
	}
	if route == "" && q.Region != "" {
		var named bool
		if route, named = p.file.Regions[strings.ToLower(q.Region)]; !named {
			route = p.file.Regions["*"]
		}
	}
	m := Match{Provider: p.file.Provider, Model: r.model, Route: route, Tier: q.Tier, Loose: loose}
	if m.Series = p.series[seriesKey{r.model, route, q.Tier}]; m.Series != nil {
		return m, true
	}
	if m.Series = p.series[seriesKey{r.model, route, Standard}]; m.Series != nil {
		m.Tier = Standard
		return m, true
	}
	// A region's route that the model does not have is billed like the default route.
	if q.Route == "" && r.route == "" {
		m.Route = ""
		if m.Series = p.series[seriesKey{r.model, "", q.Tier}]; m.Series != nil {
			return m, true
		}
		m.Series, m.Tier = p.series[seriesKey{r.model, "", Standard}], Standard
		return m, m.Series != nil
	}
	return m, false
}

// near lists identifiers that share the longest beginning with the one asked for.
func (p *provider) near(id string) []string {
	id = strings.ToLower(id[strings.LastIndexByte(id, '/')+1:])
	best, longest := []string(nil), 3
	for _, m := range p.file.Models {
		n := 0
		for n < len(id) && n < len(m.ID) && id[n] == m.ID[n] {
			n++
		}
		switch {
		case n > longest:
			best, longest = []string{m.ID}, n
		case n == longest && len(best) > 0:
			best = append(best, m.ID)
		}
	}
	return best[:min(len(best), 3)]
}

// Series lists every sheet of a model: all routes, all tiers, all intervals, in a stable order.
func (b *Book) Series(providerName, model string) []*Sheet {
	p, ok := b.names[strings.ToLower(providerName)]
	if !ok {
		return nil
	}
	var all []*Sheet
	for key, s := range p.series {
		if key.model == model {
			all = append(all, s...)
		}
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, c := all[i], all[j]
		switch {
		case a.Route != c.Route:
			return a.Route < c.Route
		case a.Tier != c.Tier:
			return a.Tier < c.Tier
		case !a.Effective.From.Equal(c.Effective.From):
			return a.Effective.From.Before(c.Effective.From)
		}
		return a.Recorded.From.Before(c.Recorded.From)
	})
	return all
}
