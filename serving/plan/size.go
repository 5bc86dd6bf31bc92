package plan

import (
	"fmt"
	"math"
	"math/bits"

	"breakeven/money"
	"breakeven/serving"
	"breakeven/serving/sim"
)

// Candidate is a kind of machine that a fleet may be made of.
type Candidate struct {
	Engine *serving.Engine
	// Engines is how many replicas a machine runs side by side, and Hourly what the whole machine costs.
	Engines int
	Hourly  money.USD
	Routing sim.Routing
	// Slow is how many times as long as predicted every step takes, to ask what an error of the prediction changes;
	// zero is once.
	Slow float64
}

// MaxReplicas is the largest fleet that is tried.
const MaxReplicas = 4096

// Sizing is the smallest fleet of a candidate that keeps a target, or why there is none within the limit.
type Sizing struct {
	// Machines is the fleet; zero where none up to the limit was found.
	Machines int
	// Floor is the machines below which nothing was tried, because nothing can keep the target there.
	Floor int
	// Held is the simulation of the fleet, and Missed that of one machine less: nil where the floor says that it
	// misses.
	Held, Missed *Trial
	// Trials is how many simulations it took, and Calls how many requests they served.
	Trials int
	Calls  int64
}

// fleet is so many machines.
func (c Candidate) fleet(machines int) Fleet {
	return Fleet{Engine: c.Engine, Replicas: machines * c.Engines, Routing: c.Routing, Slow: c.Slow}
}

// Price is what so many machines cost an hour, exactly; [money.ErrOverflow] where that is more than can be counted.
func (c Candidate) Price(machines int) (money.USD, error) {
	hi, lo := bits.Mul64(uint64(c.Hourly), uint64(machines))
	if c.Hourly < 0 || machines < 0 || hi != 0 || lo > math.MaxInt64 {
		return 0, fmt.Errorf("%d machines: %w", machines, money.ErrOverflow)
	}
	return money.USD(lo), nil
}

// Below is the most machines that cost less than an amount an hour.
func (c Candidate) Below(hourly money.USD) int {
	if c.Hourly <= 0 || hourly <= 0 {
		return 0
	}
	return int((hourly - 1) / c.Hourly)
}

// Floor is the machines below which no fleet of the candidate keeps the target.
func (c Candidate) Floor(s *Stream, t Target) int {
	return ceil(Floor(c.Engine, s, t, c.slow()), c.Engines)
}

func (c Candidate) slow() float64 {
	if c.Slow == 0 {
		return 1
	}
	return c.Slow
}

// Estimate is how many machines the closed form asks for, with the capacity of one replica behind it. The error is that of
// [serving.Engine.Capacity].
func (c Candidate) Estimate(s *Stream, t Target) (int, serving.Capacity, error) {
	n, capacity, err := Estimate(c.Engine, s, t)
	return ceil(int(math.Ceil(float64(n)*c.slow())), c.Engines), capacity, err
}

func ceil(n, by int) int { return (n + by - 1) / by }

// Size finds the smallest fleet of at most so many machines that keeps the target; a most of zero is [MaxReplicas].
// The error is a *[TargetError], an *[InfeasibleError], that of [sim.Run], or [ErrStopped].
//
// It begins with first machines, or where the closed form points if that is zero, walks from there in steps that double until one fleet holds the target and a
// smaller one misses it, and halves what lies between. A fleet below the floor is not tried.
func (c Candidate) Size(s *Stream, t Target, first, most int, w Watch) (Sizing, error) {
	var z Sizing
	if err := t.Check(); err != nil {
		return z, err
	}
	if err := Alone(c.Engine, s, t, c.slow()); err != nil {
		return z, err
	}
	if limit := MaxReplicas / c.Engines; most == 0 || most > limit {
		most = max(1, limit)
	}
	z.Floor = c.Floor(s, t)
	if z.Floor > most {
		return z, nil
	}
	if first == 0 {
		first, _, _ = c.Estimate(s, t) // zero where the mean request misses the target; yet enough of the requests may keep it
	}
	low, high := z.Floor-1, most+1 // low misses; high holds, or is beyond the limit
	try := func(n int) error {
		trial, err := c.fleet(n).Try(s, t, w)
		if err != nil {
			return err
		}
		z.Trials++
		z.Calls += trial.Result.Requests
		if trial.Met {
			high, z.Held = n, trial
		} else {
			low, z.Missed = n, trial
		}
		return nil
	}
	next := min(max(first, z.Floor), most)
	for step := 1; low+1 < high; step *= 2 {
		if err := try(next); err != nil {
			return z, err
		}
		if low > z.Floor-1 && high <= most {
			break
		}
		if z.Held != nil {
			next = max(high-step, low+1)
		} else {
			next = min(low+step, most)
		}
	}
	for low+1 < high {
		if err := try(low + (high-low)/2); err != nil {
			return z, err
		}
	}
	if high <= most {
		z.Machines = high
	}
	if low < z.Floor {
		z.Missed = nil
	}
	return z, nil
}

// Headroom is how many times as fast the stream may come before a fleet that keeps the target misses it, to three
// hundredths and at most so much. The error is that of [sim.Run], or [ErrStopped].
func (c Candidate) Headroom(s *Stream, t Target, machines int, most float64, w Watch) (float64, error) {
	holds, misses := 1.0, math.Inf(1)
	for next := min(1.25, most); holds < most && misses > 1.03*holds; {
		trial, err := c.fleet(machines).try(s, next, t, w, true)
		if err != nil {
			return 0, err
		}
		if trial.Met {
			holds = next
		} else {
			misses = next
		}
		if next = (holds + misses) / 2; math.IsInf(misses, 1) {
			next = min(holds*1.5, most)
		}
	}
	return holds, nil
}
