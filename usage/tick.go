package usage

import "time"

// steps are the clock steps that people and programs use, from the finest. A step is told from the gaps
// between times, so only plausible ones are tried: the greatest common divisor of all gaps would be undone by
// one time that is a millisecond off.
var steps = [...]time.Duration{
	time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond,
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
	20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

const (
	tickSample    = 4096 // gaps that are looked at
	tickLeast     = 16   // fewer gaps prove nothing
	tickTolerance = 200  // a gap fits a step if it lies within a 200th of it from a multiple: chance 1 %
)

// TickMeter finds the step of a clock: the largest plausible step of which nearly all gaps between successive
// different times are multiples. Times whose clock is finer than a microsecond have none. It looks at the
// first few thousand gaps and takes constant memory. The zero value is ready.
type TickMeter struct {
	last time.Time
	any  bool
	gaps int
	hits [len(steps)]int
}

// Add looks at the next time of a log. Order does not matter: gaps between multiples are multiples.
func (m *TickMeter) Add(t time.Time) {
	if m.gaps >= tickSample {
		return
	}
	if m.any {
		gap := t.Sub(m.last)
		if gap < 0 {
			gap = -gap
		}
		if gap == 0 {
			return
		}
		m.gaps++
		for i, step := range steps {
			rest := gap % step
			// A gap below half a step is no multiple of it, however near to zero it is.
			if gap > step/2 && min(rest, step-rest) <= step/tickTolerance {
				m.hits[i]++
			} else if gap <= step/2 {
				break // no larger step fits either
			}
		}
	}
	m.last, m.any = t, true
}

// Step is the clock's step, and zero where none was found or too few times were seen.
func (m *TickMeter) Step() time.Duration {
	if m.gaps < tickLeast {
		return 0
	}
	for i := len(steps) - 1; i >= 0; i-- {
		if m.hits[i]*100 >= m.gaps*98 {
			return steps[i]
		}
	}
	return 0
}
