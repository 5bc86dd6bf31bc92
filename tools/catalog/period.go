package main

import (
	"slices"
	"time"

	"breakeven/fact"
)

// period is a span in which the tables hold one state of a model's rates.
type period struct{ from, to time.Time }

func instant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "ever"
	}
	return t.Format(time.DateOnly)
}

// periods are the spans that the first table with dates tells apart, oldest first.
func periods(hits []hit) []period {
	var spans []period
	for _, h := range hits {
		for _, o := range h.byModel[h.key] {
			if s := (period{o.From, o.To}); o.Window == nil && !slices.Contains(spans, s) {
				spans = append(spans, s)
			}
		}
		if len(spans) > 1 {
			break
		}
		spans = nil
	}
	if len(spans) == 0 {
		return []period{{}}
	}
	slices.SortFunc(spans, func(a, b period) int { return a.from.Compare(b.from) })
	return spans
}

// within is the part of a period between two instants, of which either may be open.
func (p period) within(since, until time.Time) (period, bool) {
	if !since.IsZero() && (p.from.IsZero() || p.from.Before(since)) {
		p.from = since
	}
	if !until.IsZero() && (p.to.IsZero() || p.to.After(until)) {
		p.to = until
	}
	return p, p.from.IsZero() || p.to.IsZero() || p.from.Before(p.to)
}

// holds reports whether a table of the given day tells of the period. One of the very day of a change may have
// been written before it.
func (p period) holds(d fact.Date) bool {
	t := d.Time()
	return (p.from.IsZero() || t.After(p.from)) && (p.to.IsZero() || t.Before(p.to))
}

func overlaps(a, b period) bool {
	return (a.from.IsZero() || b.to.IsZero() || a.from.Before(b.to)) && (b.from.IsZero() || a.to.IsZero() || b.from.Before(a.to))
}

func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
