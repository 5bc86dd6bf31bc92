package sim

import (
	"math"

	"breakeven/unit"
)

// MaxBuckets is how many buckets a series has at most.
const MaxBuckets = 512

// level is something that is counted over time.
type level uint8

const (
	waitingLevel level = iota
	runningLevel
	busyLevel
	upLevel
	levels
)

// series measures the run over time. A level is held by its changes: the integral over a bucket is what the level
// was at its start, times its width, plus what each change within it adds until its end. So an event costs the
// same however long what it begins will last, and events may come in any order of time.
type series struct {
	start, width, perWidth float64
	buckets                []bucket

	// The bucket that was asked for last: most events come in the one of the event before.
	low, high float64
	index     int
}

type bucket struct {
	area, delta             [levels]float64
	kv                      float64 // integral of used blocks
	arrived, ended, refused int64
	made                    float64 // tokens
	ttft, tpot              sketch
}

func newSeries(start, width float64) *series {
	return &series{start: start, width: width, perWidth: 1 / width}
}

// at is the index of a time's bucket, which exists from then on.
func (s *series) at(t float64) int {
	if t >= s.low && t < s.high {
		return s.index
	}
	return s.find(t)
}

func (s *series) find(t float64) int {
	x := (t - s.start) * s.perWidth
	if x >= float64(len(s.buckets)) {
		s.extend(t)
		x = (t - s.start) * s.perWidth
	}
	s.index = max(0, int(x))
	s.low, s.high = s.start+float64(s.index)*s.width, s.start+float64(s.index+1)*s.width
	return s.index
}

// extend makes the bucket of a time.
func (s *series) extend(t float64) {
	for (t-s.start)*s.perWidth >= MaxBuckets {
		s.double()
	}
	b := max(0, int((t-s.start)*s.perWidth))
	for len(s.buckets) <= b {
		s.buckets = append(s.buckets, bucket{})
	}
}

// double makes buckets twice as wide.
func (s *series) double() {
	half := (len(s.buckets) + 1) / 2
	for i := range half {
		a := s.buckets[2*i]
		var b bucket
		if 2*i+1 < len(s.buckets) {
			b = s.buckets[2*i+1]
		}
		for l := range levels {
			a.area[l] += a.delta[l]*s.width + b.area[l]
			a.delta[l] += b.delta[l]
		}
		a.kv += b.kv
		a.made += b.made
		a.arrived += b.arrived
		a.ended += b.ended
		a.refused += b.refused
		a.ttft.plus(&b.ttft)
		a.tpot.plus(&b.tpot)
		s.buckets[i] = a
	}
	s.buckets = s.buckets[:half]
	s.width *= 2
	s.low, s.high = 0, 0
	s.perWidth = 1 / s.width
}

// add changes a level at a time.
func (s *series) add(l level, t, d float64) {
	i := s.at(t)
	b := &s.buckets[i]
	b.delta[l] += d
	b.area[l] += d * (s.start + float64(i+1)*s.width - t)
}

// segment spreads the blocks in use and the tokens made over a stretch of time.
func (s *series) segment(from, to float64, before, after, tokens int64) {
	j := s.at(to) // first, for it may make the buckets wider
	i := s.at(from)
	if i == j {
		b := &s.buckets[i]
		b.kv += (to - from) * float64(before+after) / 2
		b.made += float64(tokens)
		return
	}
	d := to - from
	at := func(t float64) float64 { return float64(before) + float64(after-before)*(t-from)/d }
	for ; i <= j; i++ {
		low := max(from, s.start+float64(i)*s.width)
		high := min(to, s.start+float64(i+1)*s.width)
		if i == j {
			high = to
		}
		b := &s.buckets[i]
		b.kv += (high - low) * (at(low) + at(high)) / 2
		b.made += float64(tokens) * (high - low) / d
	}
}

// Series is the run over time.
type Series struct {
	Start, Width Seconds
	Points       []Point
}

// Point is one bucket of a series. Counts are of events within it, Refused those of requests that did not complete;
// levels are means over it, and latencies those of the requests that arrived in it, within 6 %, zero where there was none.
type Point struct {
	Arrived, Ended, Refused int64
	Tokens                  float64 // generated
	Waiting, Running        float64 // requests
	Busy, Up                float64 // replicas
	KV                      unit.Share
	TTFT50, TTFT99          Seconds
	TPOT50, TPOT99          Seconds
}

// points reads the series off, up to an end, for replicas of so many blocks.
func (s *series) points(end float64, blocks int64) Series {
	out := Series{Start: Seconds(s.start), Width: Seconds(s.width), Points: make([]Point, len(s.buckets))}
	var held [levels]float64
	for i := range s.buckets {
		b := &s.buckets[i]
		from, to := s.start+float64(i)*s.width, s.start+float64(i+1)*s.width
		late := max(0, to-max(end, from)) // of the last bucket, what lies beyond the end
		var mean [levels]float64
		for l := range levels {
			area := held[l]*s.width + b.area[l]
			held[l] += b.delta[l]
			if span := s.width - late; span > 0 {
				mean[l] = (area - held[l]*late) / span
			}
		}
		p := &out.Points[i]
		p.Arrived, p.Ended, p.Refused, p.Tokens = b.arrived, b.ended, b.refused, b.made
		p.Waiting, p.Running, p.Busy, p.Up = zero(mean[waitingLevel]), zero(mean[runningLevel]), zero(mean[busyLevel]), zero(mean[upLevel])
		if room := p.Up * (s.width - late) * float64(blocks); room > 0 {
			p.KV = unit.Share(min(1, b.kv/room))
		}
		p.TTFT50, p.TTFT99 = b.ttft.quantile(0.5), b.ttft.quantile(0.99)
		p.TPOT50, p.TPOT99 = b.tpot.quantile(0.5), b.tpot.quantile(0.99)
	}
	return out
}

// zero takes away what rounding leaves of a level that is zero.
func zero(v float64) float64 {
	if v < 1e-9 {
		return 0
	}
	return v
}

// area is the integral of a level up to an end.
func (s *series) area(l level, end float64) float64 {
	var sum, held float64
	for i := range s.buckets {
		b := &s.buckets[i]
		sum += held*s.width + b.area[l]
		held += b.delta[l]
	}
	return sum - held*(s.start+float64(len(s.buckets))*s.width-end)
}

// sketch is a small distribution: eight parts to an octave, so that a bin's middle is within 6 % of what is in it.
type sketch struct{ bins [32 << 3]uint32 }

const sketchOffset = (1023 - 14) << 3

func (h *sketch) add(v float64) {
	h.bins[min(max(int(math.Float64bits(v)>>49)-sketchOffset, 0), len(h.bins)-1)]++
}

func (h *sketch) plus(o *sketch) {
	for i, n := range o.bins {
		h.bins[i] += n
	}
}

func (h *sketch) quantile(p float64) Seconds {
	var count, sum int64
	for _, n := range h.bins {
		count += int64(n)
	}
	if count == 0 {
		return 0
	}
	rank := int64(math.Ceil(p * float64(count)))
	for i, n := range h.bins {
		if sum += int64(n); sum >= rank {
			low := math.Float64frombits(uint64(i+sketchOffset) << 49)
			high := math.Float64frombits(uint64(i+1+sketchOffset) << 49)
			return Seconds((low + high) / 2)
		}
	}
	return 0
}
