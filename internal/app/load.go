package app

import (
	"fmt"
	"math"
	"time"

	"breakeven/fact"
	"breakeven/usage"
)

// loadCurve counts arrivals by the minute, from which the load in hours (or minutes, for a short log) follows.
type loadCurve struct {
	minutes map[int64]float64
	widest  time.Duration // of the rows' buckets
	counted bool          // every row says how many requests it stands for
	n       float64
}

func newLoadCurve() *loadCurve { return &loadCurve{minutes: map[int64]float64{}, counted: true} }

// add counts a call. Rows that do not say how many requests they stand for weigh as many as they have tokens,
// which is in proportion.
func (l *loadCurve) add(c *usage.Call) {
	if c.Failed {
		return
	}
	weight := float64(c.Requests.N)
	if !c.Requests.Known {
		l.counted = false
		weight = float64(c.Quantities.InputTokens() + c.Quantities.OutputTokens())
	}
	l.n += weight
	first := floorDiv(c.Start.Unix(), 60)
	if c.End.IsZero() || !c.End.After(c.Start) {
		l.minutes[first] += weight
		return
	}
	// A bucket's requests are spread evenly over it.
	l.widest = max(l.widest, c.End.Sub(c.Start))
	last := max(first+1, floorDiv(c.End.Unix()+59, 60))
	if last-first > 60*24*366 {
		last = first + 60*24*366
	}
	for m := first; m < last; m++ {
		l.minutes[m] += weight / float64(last-first)
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

// load is the demand's shape relative to its mean.
func (l *loadCurve) load(peakToMean float64, assumed fact.Provenance) (load []float64, bucket string, p fact.Provenance, note string) {
	if len(l.minutes) == 0 {
		return dayCurve(peakToMean), "hour", assumed, ""
	}
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for m := range l.minutes {
		low, high = min(low, m), max(high, m)
	}
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
		note = fmt.Sprintf("The log spans %d minutes, too short to show a busiest hour: its busiest minute sizes the fleet instead.", span)
	default:
		return dayCurve(peakToMean), "hour", assumed,
			fmt.Sprintf("The log spans %d minutes, too short to show a peak: %.3g times the mean is assumed.", span, peakToMean)
	}
	// Buckets of equal length, as near to the width as the span allows, so that the last one is not cut short.
	n := max(1, int(math.Round(float64(span)/float64(width))))
	load = make([]float64, n)
	for m, w := range l.minutes {
		load[min(n-1, int(float64(m-low)/float64(span)*float64(n)))] += w
	}
	mean := l.n / float64(n)
	for i := range load {
		load[i] /= mean
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
