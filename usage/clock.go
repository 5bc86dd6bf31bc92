package usage

import (
	"fmt"
	"time"
)

// A file has one clock: its times are dates, written out or as numbers that count from 1970, or they count from
// the file's own start. The times of the head decide which by majority, and a row of the other kind is a fault.

// firstDate is the earliest time that is believed of a call: before it no vendor sold a language model by the
// token.
var firstDate = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// minEpoch is the smallest time, in seconds since 1970, at which a number in a given unit counts as a date
// rather than as a distance from a trace's start: the year 1973, or a trace of three years.
const minEpoch = 1e8

// unixUnits are the units of Unix times, in the order of clockVotes.units.
var unixUnits = [...]time.Duration{time.Second, time.Millisecond, time.Microsecond, time.Nanosecond}

// clockVotes counts what the times of the head look like.
type clockVotes struct {
	dates     int64                 // written out
	units     [len(unixUnits)]int64 // numbers that count from 1970, by the unit that their size tells
	given     int64                 // numbers that do so in the unit that the user gave
	small     int64                 // numbers too small for that
	first     Clock
	fractions bool // a number has decimals
}

func (v *clockVotes) add(text []byte, given time.Duration) {
	st, err := parseStamp(text)
	if err != nil {
		return
	}
	clock := Absolute
	switch unit := unixUnit(st.whole); {
	case !st.numeric:
		v.dates++
	case given != 0 && st.epochIn(given):
		v.given++
	case given != 0 || unit == 0:
		v.small++
		clock = Relative
	default:
		for i, u := range unixUnits {
			if u == unit {
				v.units[i]++
			}
		}
	}
	v.fractions = v.fractions || st.numeric && st.nano != 0
	if v.first == NoClock {
		v.first = clock
	}
}

// epochIn reports whether a number in a unit counts from 1970.
func (s stamp) epochIn(unit time.Duration) bool {
	t, err := s.scaled(unit)
	return err == nil && t.Unix() >= minEpoch
}

// clock is what most times are, the first one in doubt, and the commonest unit of those that are Unix times.
func (v *clockVotes) clock() (c Clock, unit time.Duration) {
	absolute := v.dates + v.given
	var most int64
	for i, n := range v.units {
		absolute += n
		if n > most {
			most, unit = n, unixUnits[i]
		}
	}
	switch {
	case absolute == v.small:
		c = v.first
	case absolute > v.small:
		c = Absolute
	default:
		c = Relative
	}
	return c, unit
}

// setClock fixes the file's clock and the unit of its numbers. A clock that the format fixes stays.
func (s *session) setClock(v *clockVotes) {
	if s.clock != NoClock {
		return
	}
	clock, unit := v.clock()
	switch {
	case clock == NoClock:
		return
	case s.opt.TimeUnit != 0:
		unit = s.opt.TimeUnit
	case clock == Relative:
		unit = max(s.relativeUnit, 0)
		if unit == 0 {
			unit = time.Second
		}
	}
	s.clock, s.unit = clock, unit
}

const oneClock = "give all rows the same kind of time"

// instant is a time of the row, read by the file's clock.
func (s *session) instant(r *row, f field) (time.Time, stamp, error) {
	st, err := parseStamp(r.text[f])
	if err != nil {
		return time.Time{}, st, s.fault(r, f, err.Error(), "write times as 2026-08-19T01:14:08Z or as a Unix time")
	}
	if s.clock == NoClock { // no time of the head could be read
		var v clockVotes
		v.add(r.text[f], s.opt.TimeUnit)
		s.setClock(&v)
	}
	t := st.t
	if st.numeric {
		if t, err = s.number(r, f, st); err != nil {
			return time.Time{}, st, err
		}
	} else {
		if s.clock == Relative {
			return time.Time{}, st, s.fault(r, f, "is a date in a file whose times count from its start", oneClock)
		}
		s.zoneless = s.zoneless || st.zoneless && !st.dateOnly
	}
	if f == fTime && s.clock == Absolute && t.Before(firstDate) {
		return time.Time{}, st, s.fault(r, f, "is before 2020, when no language model was sold by the token", "check the unit and the zone of the time column")
	}
	return t, st, nil
}

// number is a time that is written as a number.
func (s *session) number(r *row, f field, st stamp) (time.Time, error) {
	if st.whole < 0 || st.nano < 0 {
		return time.Time{}, s.fault(r, f, "is before the clock's start", "times count from zero or from 1970")
	}
	unit := s.unit
	if s.clock == Absolute && s.opt.TimeUnit == 0 {
		switch own := unixUnit(st.whole); {
		case own == 0:
			return time.Time{}, s.fault(r, f, "is a bare number, too small for a Unix time, in a file whose times are dates", oneClock)
		case unit == 0 || f != fTime: // another column may have a unit of its own
			unit = own
		case own != unit:
			return time.Time{}, s.fault(r, f, fmt.Sprintf("is a Unix time in another unit than the file's others, which count steps of %s", unit), "use one unit in the whole file")
		}
	}
	t, err := st.scaled(unit)
	switch {
	case err != nil:
		return time.Time{}, s.fault(r, f, err.Error(), "give the unit of the time column: a second or shorter")
	case s.clock == Relative && t.Unix() >= 1e9:
		return time.Time{}, s.fault(r, f, "is too large for a time that counts from the file's start", oneClock)
	}
	return t, nil
}
