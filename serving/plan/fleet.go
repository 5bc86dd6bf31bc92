package plan

import (
	"errors"
	"math"
	"slices"

	"breakeven/serving"
	"breakeven/serving/sim"
	"breakeven/unit"
)

// Fleet is replicas of one engine behind a router.
type Fleet struct {
	Engine   *serving.Engine
	Replicas int // at the start; at all times without Scale
	Routing  sim.Routing
	Scale    *sim.Scale
	Power    sim.Power
	// Slow is how many times as long as predicted every step takes; zero is once.
	Slow float64
}

// Watch is how a caller follows work and ends it. The zero value does neither.
type Watch struct {
	// Stop is asked now and then; once it says so, the work ends with [ErrStopped].
	Stop func() bool
	// Seen is told how many more requests have been handed to a simulation.
	Seen func(calls int)
}

// ErrStopped says that the caller ended the work.
var ErrStopped = errors.New("stopped")

// watchEvery is after how many requests a watch is asked.
const watchEvery = 4096

// Trial is one simulation, judged by a target.
type Trial struct {
	Replicas int
	// Met tells that the target was held. Cut tells that it was missed so far beyond repair that the rest of the
	// stream was left out: the figures are then of the part that was served.
	Met, Cut bool
	// LateTTFT and LateTPOT are how many requests were late, and Refused how many could not be served at all:
	// longer than the model's context or than the cache. Those count as late.
	LateTTFT, LateTPOT, Refused int64
	// MayTTFT and MayTPOT are how many may be late.
	MayTTFT, MayTPOT int64
	Result           *sim.Result

	// Times are of the requests that were answered, in the order in which they ended.
	Times []Times

	ttft, tpot []float64 // sorted
}

// Times is what one request saw.
type Times struct {
	Arrival    serving.Seconds // from the first arrival on
	TTFT, TPOT float32         // in seconds; TPOT is zero where the answer was one token
}

// Try serves a stream on the fleet, until it is clear that the target is missed. The error is that of [sim.Run], or
// [ErrStopped].
func (f Fleet) Try(s *Stream, t Target, w Watch) (*Trial, error) { return f.try(s, 1, t, w, true) }

// Serve serves all of a stream on the fleet, target missed or not.
func (f Fleet) Serve(s *Stream, t Target, w Watch) (*Trial, error) { return f.try(s, 1, t, w, false) }

func (f Fleet) try(s *Stream, factor float64, t Target, w Watch, cut bool) (*Trial, error) {
	trial := &Trial{Replicas: f.Replicas, MayTTFT: t.TTFT.allowed(s.answered), MayTPOT: t.TPOT.allowed(s.long)}
	config := sim.For(f.Engine, f.Replicas)
	config.Routing, config.Scale, config.Power = f.Routing, f.Scale, f.Power
	if f.Slow > 0 {
		config.Timer = slowed{f.Engine, serving.Seconds(f.Slow)}
	}
	config.Target = sim.Target{TTFT: t.TTFT.Within, TPOT: t.TPOT.Within}
	j := judge{trial: trial, target: t, host: config.Host, prompt: f.Engine.Replica().Efficiency.Prompt, queue: f.Engine.Replica().Efficiency.Queue}
	if j.queue > 0 {
		j.alone = f.Engine.Decode(1, 1).First
	}
	n, stopped := 0, false
	ended := func() bool {
		if n++; n%watchEvery == 0 {
			stopped = w.stop()
			w.seen(watchEvery)
		}
		if cut && !trial.Cut && j.hopeless() {
			trial.Cut = true
		}
		return trial.Cut || stopped
	}
	var err error
	trial.Result, err = sim.Run(config, s.requests(factor, ended), j.see)
	w.seen(n % watchEvery)
	switch {
	case err != nil:
		return nil, err
	case stopped:
		return nil, ErrStopped
	}
	trial.Met = !trial.Cut && !j.hopeless()
	return trial, nil
}

func (w Watch) stop() bool { return w.Stop != nil && w.Stop() }

func (w Watch) seen(n int) {
	if w.Seen != nil && n > 0 {
		w.Seen(n)
	}
}

// slowed is an engine all of whose steps take a factor longer.
type slowed struct {
	*serving.Engine
	by serving.Seconds
}

func (s slowed) Time(p serving.Prefill, sequences int, context int64) serving.Seconds {
	return s.by * s.Engine.Time(p, sequences, context)
}

func (s slowed) Decode(sequences int, context int64) serving.Run {
	r := s.Engine.Decode(sequences, context)
	r.First, r.Slope = s.by*r.First, s.by*r.Slope
	return r
}

// judge counts the requests that are late.
type judge struct {
	trial  *Trial
	target Target
	host   serving.Seconds
	// A prompt takes so many times its time in the engine as seen from outside, and begins so many decode steps late;
	// alone is such a step where the request itself has none.
	prompt, queue float64
	alone         serving.Seconds
}

func (j *judge) hopeless() bool {
	return j.trial.LateTTFT > j.trial.MayTTFT || j.trial.LateTPOT > j.trial.MayTPOT
}

func (j *judge) see(o *sim.Outcome) {
	t := j.trial
	switch {
	case o.Status == sim.NoInput || o.Output == 0:
		return
	case o.Status != sim.Completed:
		t.Refused++
		t.LateTTFT++
		if o.Output > 1 {
			t.LateTPOT++
		}
		return
	}
	tpot := o.TPOT()
	ttft := j.seen(o, tpot)
	if j.target.TTFT.Within > 0 && ttft > j.target.TTFT.Within {
		t.LateTTFT++
	}
	if o.Output > 1 && j.target.TPOT.Within > 0 && tpot > j.target.TPOT.Within {
		t.LateTPOT++
	}
	t.Times = append(t.Times, Times{Arrival: o.Arrival, TTFT: float32(ttft), TPOT: float32(tpot)})
}

// seen is the time to first token as a client sees it:
//
//	host + wait + prompt·prefill + queue·step that only decodes
func (j *judge) seen(o *sim.Outcome, tpot serving.Seconds) serving.Seconds {
	ttft := o.TTFT()
	if j.prompt > 1 {
		ttft += serving.Seconds(j.prompt-1) * (o.First - j.host - o.Admitted)
	}
	if j.queue > 0 {
		step := tpot
		if step == 0 {
			step = j.alone
		}
		ttft += serving.Seconds(j.queue) * step
	}
	return ttft
}

// TTFT is the time to first token that a share of the answered requests kept; zero of none.
func (t *Trial) TTFT(share unit.Share) serving.Seconds {
	t.sort()
	return quantile(t.ttft, share)
}

// TPOT is the time between tokens that a share of the requests with two tokens or more kept; zero of none.
func (t *Trial) TPOT(share unit.Share) serving.Seconds {
	t.sort()
	return quantile(t.tpot, share)
}

// Means are the mean time to first token, and the mean time between tokens over the requests with two or more.
func (t *Trial) Means() (ttft, tpot serving.Seconds) {
	t.sort()
	return mean(t.ttft), mean(t.tpot)
}

func (t *Trial) sort() {
	if t.ttft != nil || len(t.Times) == 0 {
		return
	}
	t.ttft = make([]float64, 0, len(t.Times))
	for i := range t.Times {
		t.ttft = append(t.ttft, float64(t.Times[i].TTFT))
		if t.Times[i].TPOT > 0 {
			t.tpot = append(t.tpot, float64(t.Times[i].TPOT))
		}
	}
	slices.Sort(t.ttft)
	slices.Sort(t.tpot)
}

// quantile is at the nearest rank.
func quantile(sorted []float64, share unit.Share) serving.Seconds {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(float64(share)*float64(len(sorted)) - 1e-6))
	return serving.Seconds(sorted[min(max(rank, 1), len(sorted))-1])
}

func mean(list []float64) serving.Seconds {
	if len(list) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return serving.Seconds(sum / float64(len(list)))
}
