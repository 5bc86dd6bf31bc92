package sim

import (
	"math"

	"breakeven/serving"
	"breakeven/unit"
)

// A distribution's buckets divide every octave into 256 equal parts, so that a bucket is at most 0.4 % wide and its
// middle at most 0.2 % from any value in it.
const (
	subBits   = 8
	firstExp  = -20 // the first octave begins at a microsecond
	octaves   = 44  // the last one ends at half a year
	bins      = octaves << subBits
	binShift  = 52 - subBits
	binOffset = (1023 + firstExp) << subBits
)

// Distribution holds the spread of durations, in memory that does not grow with their number. Quantiles are within
// 0.2 %; count, mean, least and most are exact.
type Distribution struct {
	count     int64
	sum       float64
	low, high float64
	bins      [bins]int64
}

func bin(v float64) int {
	return min(max(int(math.Float64bits(v)>>binShift)-binOffset, 0), bins-1)
}

// edge is the lower end of a bin.
func edge(b int) float64 { return math.Float64frombits(uint64(b+binOffset) << binShift) }

// add counts a duration, which is not negative.
func (d *Distribution) add(v float64) {
	if d.count == 0 || v < d.low {
		d.low = v
	}
	d.high = max(d.high, v)
	d.count++
	d.sum += v
	d.bins[bin(v)]++
}

// addRun counts the times of the first steps of a run, each n times.
func (d *Distribution) addRun(r serving.Run, steps, n int64) {
	first, slope := float64(r.First), float64(r.Slope)
	last := first + slope*float64(steps-1)
	from, to := bin(first), bin(last)
	if from == to {
		d.bins[from] += steps * n
	} else {
		for k := int64(0); k < steps; {
			v := first + slope*float64(k)
			b := bin(v)
			// The first step beyond the bin, on whichever side.
			border := edge(b + 1)
			if slope < 0 {
				border = edge(b)
			}
			m := min(max(int64(math.Ceil((border-first)/slope)), k+1), steps)
			d.bins[b] += (m - k) * n
			k = m
		}
	}
	if d.count == 0 {
		d.low = first
	}
	d.low = min(d.low, first, last)
	d.high = max(d.high, first, last)
	d.count += steps * n
	d.sum += float64(r.Time(steps)) * float64(n)
}

// Count is how many durations there are.
func (d *Distribution) Count() int64 { return d.count }

// Mean is their mean; zero of none.
func (d *Distribution) Mean() Seconds {
	if d.count == 0 {
		return 0
	}
	return Seconds(d.sum / float64(d.count))
}

// Min is the least; zero of none.
func (d *Distribution) Min() Seconds { return Seconds(d.low) }

// Max is the most; zero of none.
func (d *Distribution) Max() Seconds { return Seconds(d.high) }

// Quantile is the least duration that a share p of all does not exceed, within 0.2 %; zero of none.
func (d *Distribution) Quantile(p unit.Share) Seconds {
	if d.count == 0 {
		return 0
	}
	rank := min(max(int64(math.Ceil(float64(p)*float64(d.count))), 1), d.count)
	var sum int64
	for b, n := range d.bins {
		if sum += n; sum >= rank {
			return Seconds(min(max((edge(b)+edge(b+1))/2, d.low), d.high))
		}
	}
	return Seconds(d.high)
}

// Within is the share of durations that do not exceed a limit: exact but for those in the limit's own bin, which it
// leaves out. One of none.
func (d *Distribution) Within(limit Seconds) unit.Share {
	if d.count == 0 || float64(limit) >= d.high {
		return 1
	}
	var sum int64
	for _, n := range d.bins[:bin(max(0, float64(limit)))] {
		sum += n
	}
	return unit.Share(float64(sum) / float64(d.count))
}

// sums are totals over all replicas, of which check makes its balances.
type sums struct {
	read      int64 // prompt tokens read, again after preemptions too
	hit       int64 // prompt tokens found in the cache, at every admission
	ended     int64 // lengths of all prompts that came to their end
	abandoned int64 // read or found for prompts that did not
	lost      int64 // in the cache of jobs thrown out
	made      int64 // tokens generated
	wasted    int64 // of answers cut off by a failure

	input, output, found int64 // of requests that completed
	empty                int64
	good, measured       int64
	sojourn              float64 // seconds in the fleet of all that ended, the host's share left out
}
