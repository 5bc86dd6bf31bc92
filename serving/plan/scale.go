package plan

import (
	"math"

	"breakeven/serving"
	"breakeven/serving/sim"
)

// Elastic is how a fleet that grows and shrinks may do so.
type Elastic struct {
	// ColdStart is from asking for a machine to its first request, Every how often the autoscaler looks, and Hold how long
	// fewer must have been wanted before a machine stops.
	ColdStart, Every, Hold serving.Seconds
}

// Policies lists ways to scale a fleet of at most so many replicas, the one that rents least first: how many replicas
// always stay, and how much of what one held at the peak of the fixed fleet makes another one start.
func (e Elastic) Policies(engines int, held *Trial) []sim.Scale {
	peak := 1.0
	for _, p := range held.Result.Series.Points {
		peak = max(peak, p.Running+p.Waiting)
	}
	each := peak / float64(held.Replicas)
	var list []sim.Scale
	for _, stay := range []float64{0, 0.25, 0.5, 0.75} {
		low := max(engines, ceil(int(math.Ceil(stay*float64(held.Replicas))), engines)*engines)
		if n := len(list); low >= held.Replicas || n > 0 && list[n-1].Min == low {
			continue
		}
		for _, more := range []float64{1, 1.5} { // over the fixed fleet: to catch up takes more than to keep up
			for _, filled := range []float64{0.8, 0.4} {
				list = append(list, sim.Scale{
					Min: low, Max: int(math.Ceil(more * float64(held.Replicas))), PerReplica: max(1, filled*each), Every: e.Every, ColdStart: e.ColdStart, Hold: e.Hold,
				})
			}
		}
	}
	return list
}

// Scaled is the candidate's fleet under a policy of scaling.
func (c Candidate) Scaled(p sim.Scale) Fleet {
	f := c.fleet(1)
	f.Replicas, f.Scale = p.Min, &p
	return f
}

// MachineHours is how long machines were rented that run so many replicas each: those of the series are rounded up to
// whole machines in each of its buckets. With one replica to a machine it is exact.
func MachineHours(r *sim.Result, engines int) float64 {
	if engines == 1 {
		return float64(r.Rented) / 3600
	}
	var seconds float64
	left := float64(r.Span)
	for _, p := range r.Series.Points {
		width := min(float64(r.Series.Width), left)
		left -= width
		seconds += math.Ceil(p.Up/float64(engines)-1e-9) * width
	}
	return seconds / 3600
}
