package plan

import (
	"errors"
	"fmt"

	"breakeven/llm"
	"breakeven/serving"
	"breakeven/serving/sim"
	"breakeven/unit"
)

// Capacity is the largest rate at which one replica keeps a target.
type Capacity struct {
	Rate unit.RequestsPerSecond
	// Held is the simulation at that rate, and Missed the one at the next rate that was tried, at most a hundredth above.
	Held, Missed *Trial
	// Limit is what keeps it from more, and Reason the same in words with its figures.
	Limit  serving.Limit
	Reason string
	// Closed is what the closed form says; zero where it says that nothing keeps the target.
	Closed unit.RequestsPerSecond
	Trials int
	Calls  int64
}

// step is how close the search comes: the rate that missed over the one that held.
const step = 1.01

// Sustain finds the largest rate at which one replica keeps a target, the stream's own requests arriving in the rhythm
// of the stream, so many times as fast. The error is a *[TargetError], an *[InfeasibleError], that of [sim.Run], or
// [ErrStopped].
//
// The same requests come in the same order at each rate, so that what differs from one to the next is the rate alone.
func Sustain(e *serving.Engine, s *Stream, t Target, w Watch) (Capacity, error) {
	var c Capacity
	if err := t.Check(); err != nil {
		return c, err
	}
	if err := Alone(e, s, t, 1); err != nil {
		return c, err
	}
	own := float64(s.Rate())
	if own <= 0 {
		return c, &StreamError{Index: 0, Err: errors.New("the stream spans no time, so that it has no rate")}
	}
	start := own
	if closed, err := e.Capacity(s.Shape(), t.closed()); err == nil {
		c.Closed = closed.Requests
		start = float64(closed.Requests)
	}
	var low, high float64 // held, missed; zero is not known yet
	try := func(rate float64) error {
		trial, err := At(e, s, t, unit.RequestsPerSecond(rate), w)
		if err != nil {
			return err
		}
		c.Trials++
		c.Calls += trial.Result.Requests
		if trial.Met {
			low, c.Held, c.Rate = rate, trial, unit.RequestsPerSecond(rate)
		} else {
			high, c.Missed = rate, trial
		}
		return nil
	}
	rate, wide := start, 1.1
	for low == 0 || high == 0 {
		if rate < start*1e-6 || rate > start*1e6 {
			return c, c.endless(e, t, low)
		}
		if err := try(rate); err != nil {
			return c, err
		}
		switch {
		case high == 0:
			rate = low * wide
		case low == 0:
			rate = high / wide
		}
		wide *= wide
	}
	for high > low*step {
		if err := try((low + high) / 2); err != nil {
			return c, err
		}
	}
	c.Limit, c.Reason = limit(e, t, c.Missed)
	return c, nil
}

// endless says that no rate was found to miss, or none to hold.
func (c *Capacity) endless(e *serving.Engine, t Target, low float64) error {
	if low > 0 {
		return &StreamError{Index: 0, Err: errors.New("the stream is too short: all of its requests at once keep the target")}
	}
	return &InfeasibleError{Replica: e.Replica(), Limit: serving.LimitTTFT, Want: t.TTFT.Within, Have: c.Missed.TTFT(t.TTFT.Share), Goal: t.TTFT}
}

// At serves a stream on one replica at another rate than its own, until it is clear that the target is missed.
func At(e *serving.Engine, s *Stream, t Target, rate unit.RequestsPerSecond, w Watch) (*Trial, error) {
	return Fleet{Engine: e, Replicas: 1}.try(s, float64(rate)/float64(s.Rate()), t, w, true)
}

// ServeAt is [At] to the end of the stream.
func ServeAt(e *serving.Engine, s *Stream, t Target, rate unit.RequestsPerSecond, w Watch) (*Trial, error) {
	return Fleet{Engine: e, Replicas: 1}.try(s, float64(rate)/float64(s.Rate()), t, w, false)
}

// full is the share of a resource from which it counts as used up.
const full = 0.95

// limit reads off a simulation that missed the target what was used up.
func limit(e *serving.Engine, t Target, missed *Trial) (serving.Limit, string) {
	r := e.Replica()
	// The busiest stretch: where the target was missed.
	var worst sim.Point
	for _, p := range missed.Result.Series.Points {
		if p.Running+p.Waiting > worst.Running+worst.Waiting {
			worst = p
		}
	}
	if missed.LateTPOT > missed.MayTPOT {
		mean := 1.0
		if q := missed.Result; q.Statuses[sim.Completed] > 0 {
			mean = float64(q.Input+q.Output/2) / float64(q.Statuses[sim.Completed])
		}
		n := max(1, worst.Running)
		took := e.Step(serving.Batch{Decoding: n, Context: llm.Tokens(mean)})
		return serving.LimitTPOT, fmt.Sprintf("TPOT target: with %.0f sequences a step that only decodes takes %s, most of it %s, and prompts that are read meanwhile take the rest",
			n, Latency(took.Time), took.Largest().Op)
	}
	var peak unit.Share
	for i := range missed.Result.Replicas {
		peak = max(peak, missed.Result.Replicas[i].PeakKV)
	}
	memory := e.Memory()
	switch {
	case worst.Running >= full*float64(r.Limits.MaxSequences):
		return serving.LimitSequences, fmt.Sprintf("engine's limit on sequences: it runs %d at once, and others wait", r.Limits.MaxSequences)
	case peak >= full && worst.Waiting >= 1:
		return serving.LimitMemory, fmt.Sprintf("KV memory: the cache of %.0f tokens (%.1f GB on each accelerator) is full with %.0f sequences, and others wait",
			float64(memory.KVTokens), memory.Pool.GB(), worst.Running)
	}
	return serving.LimitTTFT, fmt.Sprintf("TTFT target: prompts come faster than the engine reads them beside %.0f sequences, and %s is not kept", worst.Running, Percentile(t.TTFT.Share)+" TTFT "+Latency(t.TTFT.Within))
}
