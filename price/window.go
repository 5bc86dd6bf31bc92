package price

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Window is a recurring time of day, such as a vendor's peak hours. From is inclusive and To exclusive, in
// minutes after midnight in the window's zone; a window whose To is not after its From runs past midnight,
// and one whose ends are equal lasts the whole day. Days are those of the instant itself in that zone.
type Window struct {
	Days   Days
	From   int // minute of the day
	To     int
	Offset int // minutes east of UTC: vendors publish windows in zones without daylight saving
}

// window is a Window with the rates that apply inside it.
type window struct {
	Window
	bands []band
}

// Contains reports whether an instant lies in the window.
func (w Window) Contains(at time.Time) bool {
	const day, week = 24 * 60, 7 * 24 * 60
	// Minutes since the Unix epoch, which was a Thursday at midnight UTC.
	minute := floorDiv(at.Unix(), 60) + int64(w.Offset)
	inWeek := int(((minute % week) + week) % week)
	weekday := (inWeek/day + int(time.Thursday)) % 7
	if w.Days&(1<<weekday) == 0 {
		return false
	}
	m := inWeek % day
	switch {
	case w.From == w.To:
		return true
	case w.From < w.To:
		return w.From <= m && m < w.To
	default:
		return m >= w.From || m < w.To
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// String is the window in words: "mon-fri 09:00-12:00 +08:00".
func (w Window) String() string {
	return fmt.Sprintf("%s %s-%s %s", w.Days, clock(w.From), clock(w.To), zone(w.Offset))
}

// MarshalText writes the window in words.
func (w Window) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func zone(offset int) string {
	if offset == 0 {
		return "UTC"
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%c%s", sign, clock(offset))
}

// Days is a set of weekdays, bit 0 for Sunday as in [time.Weekday].
type Days uint8

// EveryDay is all seven days.
const EveryDay Days = 1<<7 - 1

var dayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// String lists the days: "every day", "mon,tue".
func (d Days) String() string {
	if d == EveryDay {
		return "every day"
	}
	var names []string
	for i := range 7 {
		day := (i + 1) % 7 // a week starts on Monday in print
		if d&(1<<day) != 0 {
			names = append(names, dayNames[day])
		}
	}
	return strings.Join(names, ",")
}

// parseWindow reads a window's parts as a price file writes them.
func parseWindow(days []string, from, to, zoneText string) (Window, error) {
	w := Window{Days: EveryDay}
	var err error
	if w.From, err = parseClock(from); err != nil {
		return w, err
	}
	if w.To, err = parseClock(to); err != nil {
		return w, err
	}
	if zoneText != "" && zoneText != "UTC" {
		t, err := time.Parse("-07:00", zoneText)
		if err != nil {
			return w, fmt.Errorf("zone %q is neither UTC nor an offset such as +08:00", zoneText)
		}
		_, seconds := t.Zone()
		w.Offset = seconds / 60
	}
	if len(days) == 0 {
		return w, nil
	}
	w.Days = 0
	for _, name := range days {
		i := 0
		for i < 7 && dayNames[i] != name {
			i++
		}
		if i == 7 {
			return w, fmt.Errorf("day %q is not one of %s", name, strings.Join(dayNames[:], ", "))
		}
		w.Days |= 1 << i
	}
	return w, nil
}

func parseClock(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("time of day %q is not HH:MM", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Minutes are the minutes of the week, after Monday 00:00 UTC, at which the window begins or ends.
func (w Window) Minutes() []int {
	const day, week = 24 * 60, 7 * 24 * 60
	var list []int
	at := func(minute int) { list = append(list, ((minute-w.Offset)%week+week)%week) }
	for d := range 7 { // from Monday
		begin := d * day
		at(begin) // the days of a window are those of the instant itself, so midnight bounds it
		at(begin + w.From)
		at(begin + w.To)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
