package warehouse

import (
	"fmt"
	"slices"
	"time"

	"breakeven/usage"
)

// Value is a call's value on a dimension: a name as the log has it, or the begin of its span of time in UTC. In a trace
// without dates that is the count of whole units since its start.
func Value(d Dimension, c *usage.Call) string {
	switch d {
	case Model:
		return c.Model
	case Provider:
		return c.Provider
	case Project:
		return c.Project
	case User:
		return c.User
	case Key:
		return c.APIKey
	case Tier:
		return c.Tier.String()
	case Hour, Day, Month, DimensionCount:
	}
	return Moment(d, c.Start)
}

// spans are the layouts of the timed dimensions, and their lengths in hours for traces.
var spans = [...]struct {
	layout string
	hours  int64
}{Hour: {"2006-01-02T15:00Z", 1}, Day: {time.DateOnly, 24}, Month: {"2006-01", 730}}

// Moment is the value of a timed dimension at an instant.
func Moment(d Dimension, at time.Time) string {
	if Dated(at) {
		return at.UTC().Format(spans[d].layout)
	}
	if at.IsZero() {
		return "no time"
	}
	return fmt.Sprintf("%s %d", d, floorDiv(floorDiv(at.Unix(), 3600), spans[d].hours))
}

// Dated reports whether a time is a date. A trace's offset counts from the Unix epoch, and nobody called a language
// model in its first decades.
func Dated(at time.Time) bool { return at.Year() >= 1990 }

// Epoch is how many epochs lie at or before an instant.
func (c *Cuts) Epoch(at time.Time) int {
	n, _ := slices.BinarySearchFunc(c.Epochs, at, func(epoch, at time.Time) int {
		if epoch.After(at) {
			return 1
		}
		return -1
	})
	return n
}

// Band is how many boundaries a prompt of n tokens reaches.
func (c *Cuts) Band(n int64) int {
	i := 0
	for i < len(c.Bands) && c.Bands[i] <= n {
		i++
	}
	return i
}

// Part is how many of the week's minutes of the cuts lie at or before an instant. The part before the first and that
// after the last are one: the week goes round.
func (c *Cuts) Part(at time.Time) int {
	if len(c.Minutes) == 0 {
		return 0
	}
	minute := MinuteOfWeek(at)
	i := 0
	for i < len(c.Minutes) && c.Minutes[i] <= minute {
		i++
	}
	return i % len(c.Minutes)
}

// MinuteOfWeek is the minutes since the last Monday 00:00 UTC.
func MinuteOfWeek(at time.Time) int {
	const week = 7 * 24 * 60
	// The Unix epoch was a Thursday.
	m := (floorDiv(at.Unix(), 60) + 3*24*60) % week
	return int((m + week) % week)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// One is the group of a single row.
func One(c *usage.Call, by []Dimension) Group {
	var g Group
	g.Set(c, by)
	return g
}

// Set makes the group that of a single row, in the memory of its key.
func (g *Group) Set(c *usage.Call, by []Dimension) {
	*g = Group{
		Key: g.Key[:0], Provider: c.Provider, Model: c.Model, Region: c.Region, Tier: c.Tier, ContextOver: c.ContextOver,
		Aggregate: c.Aggregate(), Start: c.Start, End: c.End, Reach: c.Reach(), Rows: 1, Quantities: c.Quantities,
	}
	for _, d := range by {
		g.Key = append(g.Key, Value(d, c))
	}
	if c.Requests.Known {
		g.Requests = c.Requests.N
	} else {
		g.Unknown = 1
	}
	if c.Failed {
		g.Failed = 1
	}
	if c.Reported.Known {
		g.Reported = c.Reported.USD
	} else {
		g.Unreported = 1
	}
}

// Lets reports whether a call is selected.
func (s *Selection) Lets(c *usage.Call) bool {
	if !s.From.IsZero() && c.Start.Before(s.From) || !s.To.IsZero() && !c.Start.Before(s.To) {
		return false
	}
	for _, f := range s.Only {
		if !slices.Contains(f.Values, Value(f.Dimension, c)) {
			return false
		}
	}
	return true
}
