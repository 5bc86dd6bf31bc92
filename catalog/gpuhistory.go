package catalog

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"breakeven/datafile"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/money"
)

// GPUHistorySchema names the version of the format of catalog/gpu-history that this package reads.
const GPUHistorySchema = "breakeven/gpu-history/v1"

// GPUHistoryFile is the format of catalog/gpu-history: what accelerators cost earlier.
type GPUHistoryFile struct {
	Schema  string                     `json:"schema"`
	Sources map[string]fact.Provenance `json:"sources"`
	Series  []GPUSeries                `json:"series"`
}

// GPUSeries is what one accelerator cost per hour over time, by one source and in one sense. There is no price of an
// accelerator as such: series of the same part differ by several times, so that a figure is shown with its title.
type GPUSeries struct {
	ID    string `json:"id"`    // "aws/us-east-1/p5.48xlarge"
	Title string `json:"title"` // what is priced, in words
	// Accelerator is the part's ID; empty where the source does not say which form of it is meant.
	Accelerator string   `json:"accelerator,omitempty"`
	Term        gpu.Term `json:"term"`
	// Vendor, Region and Instance name the machine, where the series is the list price of one.
	Vendor   string `json:"vendor,omitempty"`
	Region   string `json:"region,omitempty"`
	Instance string `json:"instance,omitempty"`
	// Hourly is the price of one accelerator for an hour, by month: "2026-09". Between two months the series says
	// nothing.
	Hourly map[string]money.USD `json:"usd_per_gpu_hour"`
	Source string               `json:"source"`

	Provenance fact.Provenance `json:"-"`
}

// GPUPoint is one figure of a series.
type GPUPoint struct {
	Month  string // "2026-09"
	Hourly money.USD
}

// Points lists the series in the order of time.
func (s *GPUSeries) Points() []GPUPoint {
	points := make([]GPUPoint, 0, len(s.Hourly))
	for _, month := range slices.Sorted(maps.Keys(s.Hourly)) {
		points = append(points, GPUPoint{month, s.Hourly[month]})
	}
	return points
}

// GPUHistory reads the embedded history of what accelerators cost, by the identifiers of the series.
func GPUHistory() ([]GPUSeries, error) {
	files, err := folder("gpu-history")
	if err != nil {
		return nil, err
	}
	var all []GPUSeries
	for _, name := range slices.Sorted(maps.Keys(files)) {
		series, err := ParseGPUHistory(path.Base(name), files[name])
		if err != nil {
			return nil, fmt.Errorf("embedded history of accelerators: %w", err)
		}
		all = append(all, series...)
	}
	return all, nil
}

// ParseGPUHistory reads a file strictly: an unknown field, a source that is not listed, a month that is none or a price
// that is not above zero is a [*datafile.Error].
func ParseGPUHistory(name string, data []byte) ([]GPUSeries, error) {
	var f GPUHistoryFile
	if err := datafile.Decode(name, data, &f); err != nil {
		return nil, err
	}
	fail := func(path, format string, args ...any) error {
		return &datafile.Error{File: name, Path: path, Err: fmt.Errorf(format, args...)}
	}
	if f.Schema != GPUHistorySchema {
		return nil, fail("schema", "%q is not %q", f.Schema, GPUHistorySchema)
	}
	if path, err := datafile.CheckSources(f.Sources); err != nil {
		return nil, fail(path, "%w", err)
	}
	seen := map[string]bool{}
	for i := range f.Series {
		s := &f.Series[i]
		place := fmt.Sprintf("series[%d] (%s)", i, s.ID)
		if seen[s.ID] {
			return nil, fail(place+".id", "appears twice")
		}
		seen[s.ID] = true
		if field, err := s.check(); err != nil {
			return nil, fail(place+"."+field, "%w", err)
		}
		var ok bool
		if s.Provenance, ok = f.Sources[s.Source]; !ok {
			return nil, fail(place+".source", "%q is not one of the file's sources", s.Source)
		}
	}
	return f.Series, nil
}

// check reports the first field that no series can have.
func (s *GPUSeries) check() (field string, err error) {
	if s.ID == "" {
		return "id", errors.New("missing")
	}
	if s.Title == "" {
		return "title", errors.New("missing")
	}
	if _, err := gpu.ParseTerm(string(s.Term)); err != nil {
		return "term", err
	}
	if len(s.Hourly) == 0 {
		return "usd_per_gpu_hour", errors.New("empty")
	}
	for _, p := range s.Points() {
		field := "usd_per_gpu_hour." + p.Month
		if _, err := time.Parse(monthLayout, p.Month); err != nil {
			return field, fmt.Errorf("%q is not YYYY-MM", p.Month)
		}
		if p.Hourly <= 0 {
			return field, fmt.Errorf("%s is not above zero", p.Hourly)
		}
	}
	return "", nil
}

const monthLayout = "2006-01"
