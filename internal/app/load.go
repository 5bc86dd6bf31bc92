package app

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"breakeven/fact"
	"breakeven/usage"
)

// loadCurve counts arrivals by the minute, from which the load in hours (or minutes, for a short log) follows.
type loadCurve struct {
	minutes map[int64]minute
	widest  time.Duration // of the rows' buckets
	counted bool          // every row says how many requests it stands for
}

// minute is the load of one minute in both measures: requests, and tokens for a log that does not count requests
// in every row. The two are never added.
type minute struct{ requests, tokens float64 }

func newLoadCurve() *loadCurve { return &loadCurve{minutes: map[int64]minute{}, counted: true} }

// add counts a call.
func (l *loadCurve) add(c *usage.Call) {
	if c.Failed {
		return
	}
	l.counted = l.counted && c.Requests.Known
	requests, tokens := float64(c.Requests.N), float64(c.Quantities.InputTokens()+c.Quantities.OutputTokens())
	put := func(at int64, share float64) {
		m := l.minutes[at]
		m.requests += requests * share
		m.tokens += tokens * share
		l.minutes[at] = m
	}
	first := floorDiv(c.Start.Unix(), 60)
	if c.End.IsZero() || !c.End.After(c.Start) {
		put(first, 1)
		return
	}
	// A bucket's requests are spread evenly over it.
	l.widest = max(l.widest, c.End.Sub(c.Start))
	last := max(first+1, floorDiv(c.End.Unix()+59, 60))
	if last-first > 60*24*366 {
		last = first + 60*24*366
	}
	for m := first; m < last; m++ {
		put(m, 1/float64(last-first))
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// Shortest logs that show a busiest hour, and a busiest minute.
const (
	hoursForHours     = 6
	minutesForMinutes = 10
)

// load is the demand's shape relative to its mean. The span in words is for notes.
func (l *loadCurve) load(spans string, peakToMean float64, assumed fact.Provenance) (load []float64, bucket string, p fact.Provenance, note string) {
	if len(l.minutes) == 0 {
		return dayCurve(peakToMean), "hour", assumed, ""
	}
	// In order, so that sums of parts come out the same every time.
	times := slices.Sorted(maps.Keys(l.minutes))
	low, high := times[0], times[len(times)-1]
	span := high - low + 1
	width := int64(60)
	bucket = "hour"
	switch {
	case l.widest > time.Hour:
		return dayCurve(peakToMean), "hour", assumed,
			fmt.Sprintf("The log's rows cover %s each, so it cannot show a busiest hour: %.3g times the mean is assumed.", l.widest, peakToMean)
	case span >= hoursForHours*60:
	case span >= minutesForMinutes && l.widest <= time.Minute:
		width, bucket = 1, "minute"
		note = fmt.Sprintf("The log spans %s, too short to show a busiest hour: its busiest minute sizes the fleet instead.", spans)
	default:
		return dayCurve(peakToMean), "hour", assumed,
			fmt.Sprintf("The log spans %s, too short to show a peak: %.3g times the mean is assumed.", spans, peakToMean)
	}
	// Buckets of equal length, as near to the width as the span allows, so that the last one is not cut short.
	n := max(1, int(math.Round(float64(span)/float64(width))))
	load = make([]float64, n)
	total := 0.0
	for _, m := range times {
		w := l.minutes[m].requests
		if !l.counted {
			w = l.minutes[m].tokens
		}
		load[min(n-1, int(float64(m-low)/float64(span)*float64(n)))] += w
		total += w
	}
	if total == 0 {
		return dayCurve(peakToMean), "hour", assumed, "The log shows no load over time: its peak is assumed."
	}
	for i := range load {
		load[i] *= float64(n) / total
	}
	return load, bucket, fact.Provenance{Kind: fact.User, Source: "the call log"}, note
}

// dayCurve is a day of 24 hours whose busiest hour is peak times the mean: exp(k cos t), the shape of a daily
// cycle, with k found by bisection.
func dayCurve(peak float64) []float64 {
	const hours = 24
	curve := func(k float64) []float64 {
		load, sum := make([]float64, hours), 0.0
		for h := range load {
			load[h] = math.Exp(k * (math.Cos(2*math.Pi*float64(h)/hours) - 1))
			sum += load[h]
		}
		for h := range load {
			load[h] *= hours / sum
		}
		return load
	}
	low, high := 0.0, 500.0
	for range 100 {
		mid := (low + high) / 2
		if curve(mid)[0] < peak {
			low = mid
		} else {
			high = mid
		}
	}
	return curve(low)
}
