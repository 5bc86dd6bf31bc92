package price

import (
	"time"

	"breakeven/fact"
	"breakeven/money"
)

// Interval is a span of time: From inclusive, To exclusive. A zero end is open.
type Interval struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Contains reports whether t lies in the interval.
func (i Interval) Contains(t time.Time) bool {
	return (i.From.IsZero() || !t.Before(i.From)) && (i.To.IsZero() || t.Before(i.To))
}

// Sheet is the rates of one (provider, route, model, tier), valid in one interval. It is immutable and ready
// to quote: rules are applied, fallbacks are resolved, bands are sorted.
type Sheet struct {
	Provider string
	Model    string
	Route    string // "" is the vendor's default route
	Tier     Tier
	// Effective is when the vendor charges these rates; Recorded is when this book knew so.
	Effective Interval
	Recorded  Interval
	Note      string

	bands   []band // the first is the base, with threshold 0; ascending
	windows []window
}

// band is the rates of one context band with every fallback resolved.
type band struct {
	threshold int64 // the smallest whole prompt, in tokens, that belongs to the band
	cells     [KindCount]cell
}

// cell is the rate of one kind. A nil provenance marks a kind without a rate.
type cell struct {
	rate money.Rate
	as   Kind // the kind whose rate it is: another one where a fallback applied
	from *fact.Provenance
}

// Cell is one rate of a sheet with its evidence.
type Cell struct {
	Kind       Kind            `json:"kind"`
	Rate       money.Rate      `json:"usd_per_million"`
	Provenance fact.Provenance `json:"provenance"`
}

// Band describes one context band of a sheet.
type Band struct {
	// AtLeast is the smallest whole prompt in tokens that is billed in the band.
	AtLeast int64  `json:"at_least_input_tokens"`
	Rates   []Cell `json:"rates"`
}

// WindowBands describes the rates inside a time-of-day window.
type WindowBands struct {
	Window Window `json:"window"`
	Bands  []Band `json:"bands"`
}

// Bands lists the sheet's context bands outside any window, base first, without fallbacks.
func (s *Sheet) Bands() []Band { return describe(s.bands) }

// Windows lists the sheet's time-of-day windows with their bands.
func (s *Sheet) Windows() []WindowBands {
	list := make([]WindowBands, 0, len(s.windows))
	for i := range s.windows {
		list = append(list, WindowBands{Window: s.windows[i].Window, Bands: describe(s.windows[i].bands)})
	}
	return list
}

func describe(bands []band) []Band {
	list := make([]Band, 0, len(bands))
	for i := range bands {
		b := Band{AtLeast: bands[i].threshold}
		for k := range KindCount {
			if c := bands[i].cells[k]; c.from != nil && c.as == k {
				b.Rates = append(b.Rates, Cell{Kind: k, Rate: c.rate, Provenance: *c.from})
			}
		}
		list = append(list, b)
	}
	return list
}

// Rate is the base rate of a kind outside any window, and false where the sheet has none.
func (s *Sheet) Rate(k Kind) (Cell, bool) {
	c := s.bands[0].cells[k]
	if c.from == nil {
		return Cell{}, false
	}
	return Cell{Kind: c.as, Rate: c.rate, Provenance: *c.from}, true
}

// ID names the sheet: "anthropic/claude-sonnet-4-6 batch @2026-03-13".
func (s *Sheet) ID() string {
	id := s.Provider + "/" + s.Model
	if s.Route != "" {
		id += " " + s.Route
	}
	if s.Tier != Standard {
		id += " " + s.Tier.String()
	}
	if !s.Effective.From.IsZero() {
		id += " @" + s.Effective.From.UTC().Format(time.DateOnly)
	}
	return id
}

// bandsAt returns the bands in force at an instant: those of the first window that holds it, else the sheet's.
func (s *Sheet) bandsAt(at time.Time) (bands []band, window int) {
	for i := range s.windows {
		if s.windows[i].Contains(at) {
			return s.windows[i].bands, i
		}
	}
	return s.bands, -1
}

// pick is the index of the band that a prompt of n tokens falls in.
func pick(bands []band, n int64) int {
	i := len(bands) - 1
	for i > 0 && n < bands[i].threshold {
		i--
	}
	return i
}

// Ref names the rates that a call is billed at: a sheet, one of its windows, one of its context bands. Calls
// with the same Ref can be added up before they are priced.
type Ref struct {
	Sheet  *Sheet
	window int16 // -1 outside any window
	band   int16
}

// Ref finds the rates for a call with a whole prompt of n input tokens at an instant.
func (s *Sheet) Ref(inputTokens int64, at time.Time) Ref {
	bands, w := s.bandsAt(at)
	return Ref{Sheet: s, window: int16(w), band: int16(pick(bands, inputTokens))}
}

func (r Ref) cells() *[KindCount]cell {
	if r.window >= 0 {
		return &r.Sheet.windows[r.window].bands[r.band].cells
	}
	return &r.Sheet.bands[r.band].cells
}

// AtLeast is the smallest whole prompt of the ref's context band.
func (r Ref) AtLeast() int64 {
	if r.window >= 0 {
		return r.Sheet.windows[r.window].bands[r.band].threshold
	}
	return r.Sheet.bands[r.band].threshold
}

// Window is the time-of-day window that applies, and false where none does.
func (r Ref) Window() (Window, bool) {
	if r.window < 0 {
		return Window{}, false
	}
	return r.Sheet.windows[r.window].Window, true
}

// Banded reports whether the sheet has context bands beyond the base, so that a sum over several calls
// cannot tell which band each call fell in.
func (s *Sheet) Banded() bool {
	if len(s.bands) > 1 {
		return true
	}
	for i := range s.windows {
		if len(s.windows[i].bands) > 1 {
			return true
		}
	}
	return false
}
