package usage

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// stamp is a time as a file writes it.
type stamp struct {
	t        time.Time
	numeric  bool // a number, to be scaled by the file's unit
	whole    int64
	nano     int64 // the fraction in billionths of the unit
	zoneless bool  // a date-time that names no zone; taken as UTC
	dateOnly bool  // a day, which stands for all of it
}

var (
	errNotTime   = errors.New("is no time")
	errAmbiguous = errors.New("is a date whose day and month cannot be told apart")
)

// parseStamp reads RFC 3339 and its relatives ("2026-08-19 01:14:08.162", "2026-08-19", "2026/08/19T01:14Z",
// "2026-08-19 01:14:08+00", "... UTC") and decimal numbers. It does not allocate.
func parseStamp(text []byte) (stamp, error) {
	if s, ok := parseUsual(text); ok {
		return s, nil
	}
	text = bytes.TrimSpace(text)
	if len(text) >= 8 && (text[4] == '-' || text[4] == '/') {
		return parseDate(text)
	}
	if s, ok := parseNumber(text); ok {
		return s, nil
	}
	if bytes.Count(text, []byte{'/'}) == 2 || bytes.Count(text, []byte{'.'}) == 2 {
		return stamp{}, errAmbiguous
	}
	return stamp{}, errNotTime
}

// parseUsual reads the commonest form of a time, 2026-08-19T01:14:08.162Z with up to nine decimals or none, and leaves
// all others, and every fault, to parseDate.
func parseUsual(text []byte) (stamp, bool) {
	const form = "dddd-dd-ddTdd:dd:dd"
	if len(text) <= len(form) || len(text) > len(form)+len(".123456789Z") || text[len(text)-1] != 'Z' {
		return stamp{}, false
	}
	var n [len(form)]int // the value of each digit
	for i, want := range []byte(form) {
		if want == 'd' {
			n[i] = int(text[i]) - '0'
			if !digit(text[i]) {
				return stamp{}, false
			}
		} else if text[i] != want {
			return stamp{}, false
		}
	}
	two := func(i int) int { return n[i]*10 + n[i+1] }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	nano := 0
	if rest := text[len(form) : len(text)-1]; len(rest) > 0 {
		if rest[0] != '.' || len(rest) == 1 {
			return stamp{}, false
		}
		scale := 100_000_000
		for _, c := range rest[1:] {
			if !digit(c) {
				return stamp{}, false
			}
			nano += int(c-'0') * scale
			scale /= 10
		}
	}
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return stamp{}, false
	}
	seconds := daysBefore(year, month, day)*86400 + int64(hour*3600+minute*60+second)
	return stamp{t: time.Unix(seconds, int64(nano)).UTC()}, true
}

// parseNumber reads a decimal number without an exponent. What lies beyond nine decimals is cut off: float
// noise of a time in seconds.
func parseNumber(text []byte) (stamp, bool) {
	s := stamp{numeric: true}
	negative := false
	i := 0
	if i < len(text) && text[i] == '-' {
		negative = true
		i++
	}
	begin := i
	for ; i < len(text) && digit(text[i]); i++ {
		if s.whole > (1<<63-10)/10 {
			return stamp{}, false
		}
		s.whole = s.whole*10 + int64(text[i]-'0')
	}
	digits := i - begin
	if i < len(text) && text[i] == '.' {
		i++
		scale := int64(100_000_000)
		for ; i < len(text) && digit(text[i]); i++ {
			s.nano += int64(text[i]-'0') * scale
			scale /= 10
			digits++
		}
	}
	if digits == 0 || i < len(text) {
		return stamp{}, false
	}
	if negative {
		s.whole, s.nano = -s.whole, -s.nano
	}
	return s, true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// parseDate reads a date that begins with its year, and what may follow it.
func parseDate(text []byte) (stamp, error) {
	c := cursor{text: text}
	year := c.number(4, 4)
	sep := c.one('-', '/')
	month := c.number(1, 2)
	if c.one(sep) == 0 {
		return stamp{}, errNotTime
	}
	day := c.number(1, 2)
	if c.bad || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return stamp{}, errNotTime
	}
	days := daysBefore(year, month, day)
	if len(c.text) == 0 {
		return stamp{t: time.Unix(days*86400, 0).UTC(), dateOnly: true, zoneless: true}, nil
	}
	if c.one('T', 't', ' ') == 0 {
		return stamp{}, errNotTime
	}
	for c.one(' ') != 0 {
	}
	hour := c.number(1, 2)
	if c.one(':') == 0 {
		return stamp{}, errNotTime
	}
	minute := c.number(2, 2)
	second, nano := 0, 0
	if c.one(':') != 0 {
		second = c.number(2, 2)
		if c.one('.', ',') != 0 {
			nano = c.fraction()
		}
	}
	if c.bad || hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute+second > 0) {
		return stamp{}, errNotTime
	}
	offset, zoneless, err := c.zone()
	if err != nil {
		return stamp{}, err
	}
	seconds := days*86400 + int64(hour*3600+minute*60+second-offset)
	return stamp{t: time.Unix(seconds, int64(nano)).UTC(), zoneless: zoneless}, nil
}

// cursor reads the parts of a date from the left.
type cursor struct {
	text []byte
	bad  bool
}

// number reads a number of at least least and at most most digits.
func (c *cursor) number(least, most int) int {
	n, i := 0, 0
	for i < len(c.text) && i < most && digit(c.text[i]) {
		n = n*10 + int(c.text[i]-'0')
		i++
	}
	c.bad = c.bad || i < least
	c.text = c.text[i:]
	return n
}

// one reads one of the bytes and returns it, or zero.
func (c *cursor) one(list ...byte) byte {
	if len(c.text) == 0 || bytes.IndexByte(list, c.text[0]) < 0 {
		return 0
	}
	b := c.text[0]
	c.text = c.text[1:]
	return b
}

// fraction reads the decimals of a second as nanoseconds.
func (c *cursor) fraction() int {
	n, scale, i := 0, 100_000_000, 0
	for i < len(c.text) && digit(c.text[i]) {
		n += int(c.text[i]-'0') * scale
		scale /= 10
		i++
	}
	c.bad = c.bad || i == 0
	c.text = c.text[i:]
	return n
}

// zone reads "Z", "UTC", "GMT", "+02", "-0730", "+02:00" or nothing, as seconds east of UTC.
func (c *cursor) zone() (offset int, zoneless bool, err error) {
	for c.one(' ') != 0 {
	}
	switch {
	case len(c.text) == 0:
		return 0, true, nil
	case string(c.text) == "Z", string(c.text) == "z", string(c.text) == "UTC", string(c.text) == "GMT":
		return 0, false, nil
	}
	sign := c.one('+', '-')
	hours := c.number(2, 2)
	minutes := 0
	if len(c.text) > 0 {
		c.one(':')
		minutes = c.number(2, 2)
	}
	if tail := string(c.text); sign == 0 || c.bad || hours > 24 || minutes > 59 || (tail != "" && tail != " UTC") {
		return 0, false, errNotTime
	}
	offset = hours*3600 + minutes*60
	if sign == '-' {
		offset = -offset
	}
	return offset, false, nil
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysBefore counts the days from 1970-01-01 to a date of the Gregorian calendar: years begin in March, so
// that the leap day is the last of its year, and 153 days make five months.
func daysBefore(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day-1) - 719_468
}

// unixUnit is the unit of a number that counts from 1970, told by its size, and zero for a number too small
// to do so: as seconds, 1e8 is the year 1973 and 1e11 the year 5138, and each finer unit is a thousand times
// that.
func unixUnit(whole int64) time.Duration {
	switch {
	case whole < 1e8:
		return 0
	case whole < 1e11:
		return time.Second
	case whole < 1e14:
		return time.Millisecond
	case whole < 1e17:
		return time.Microsecond
	}
	return time.Nanosecond
}

// scaled is the time that a number means in a unit, counted from the Unix epoch.
func (s stamp) scaled(unit time.Duration) (time.Time, error) {
	perSecond := int64(time.Second / unit)
	if perSecond == 0 {
		return time.Time{}, fmt.Errorf("the unit %s is longer than a second", unit)
	}
	seconds, rest := s.whole/perSecond, s.whole%perSecond
	nano := rest*int64(unit) + s.nano*int64(unit)/int64(time.Second)
	const most = 1 << 37 // far beyond any date, and far below where time.Time wraps
	if seconds > most || seconds < -most {
		return time.Time{}, errNotTime
	}
	return time.Unix(seconds, nano).UTC(), nil
}
