package sim

import (
	"slices"

	"breakeven/unit"
)

// Result is a run of the fleet. Tokens and latencies are of the requests that completed.
type Result struct {
	Requests int64
	// Statuses counts requests by how they ended, and Empty those of the completed that generated nothing.
	Statuses [Statuses]int64
	Empty    int64

	Input, Output int64 // tokens
	Hit           int64 // tokens of the prompts found in the cache
	// Read is what was read of prompts, Lost what preemptions threw out of the cache, and Wasted what was generated
	// for answers that a failure cut off, all in tokens.
	Read, Lost, Wasted int64
	Preemptions        int64

	// Start is the first arrival, and Span from there to the last end or arrival.
	Start, Span Seconds

	// TTFT, TPOT and End are of requests; Gap is the time between two tokens, over all tokens; Wait is from the
	// arrival to the first admission. Gaps of the warmup are in.
	TTFT, TPOT, Gap, End, Wait *Distribution
	// Measured is how many requests completed that arrived after the warmup, and Good those of them that held the
	// target.
	Measured, Good int64

	// Waiting and Running are mean numbers of requests.
	Waiting, Running float64
	Replicas         []ReplicaStats
	// Rented is the time of all replicas from start to stop, those that start or are being repaired included.
	Rented Seconds
	// Joules is what they drew: busy in a step, idle otherwise.
	Joules float64

	Series Series
}

// ReplicaStats is what one replica did.
type ReplicaStats struct {
	Completed, Steps, Preemptions, Failures int64
	Up, Busy                                Seconds
	PeakWaiting                             int
	PeakBlocks                              int64
	// KV is how much of its cache was in use in the mean over its time, and PeakKV at most. Within a run of steps
	// the blocks in use are taken as growing evenly.
	KV, PeakKV unit.Share
}

// BusyShare is the part of its time that a replica was in a step.
func (s *ReplicaStats) BusyShare() unit.Share {
	if s.Up <= 0 {
		return 0
	}
	return unit.Share(min(1, s.Busy/s.Up))
}

// HitRate is the part of the prompts' tokens that was found in the cache.
func (r *Result) HitRate() unit.Share {
	if r.Input == 0 {
		return 0
	}
	return unit.Share(float64(r.Hit) / float64(r.Input))
}

// Goodput is the rate of good requests, and its share of those measured.
func (r *Result) Goodput() (unit.RequestsPerSecond, unit.Share) {
	if r.Measured == 0 || r.Span <= 0 {
		return 0, 0
	}
	share := float64(r.Good) / float64(r.Measured)
	return unit.RequestsPerSecond(share * float64(r.Statuses[Completed]) / float64(r.Span)), unit.Share(share)
}

// result reads everything off at the end.
func (f *fleet) result() *Result {
	r := &Result{
		Requests: f.count, Statuses: f.statuses, Empty: f.sums.empty,
		Input: f.sums.input, Output: f.sums.output, Hit: f.sums.found,
		Read: f.sums.read, Lost: f.sums.lost, Wasted: f.sums.wasted,
		TTFT: &f.ttft, TPOT: &f.tpot, Gap: &f.gaps, End: &f.ends, Wait: &f.waits,
		Measured: f.sums.measured, Good: f.sums.good,
	}
	if f.series == nil {
		return r
	}
	end := max(f.finished, f.last)
	r.Start, r.Span = Seconds(f.start), Seconds(end-f.start)
	for _, p := range f.replicas {
		if p.phase != off {
			f.stop(p, end)
		}
		s := p.stats
		if room := float64(s.Up) * float64(p.pool.total); room > 0 {
			s.KV = unit.Share(min(1, p.kv/room))
		}
		s.PeakKV = unit.Share(float64(s.PeakBlocks) / float64(p.pool.total))
		r.Replicas = append(r.Replicas, s)
		r.Preemptions += s.Preemptions
		r.Rented += s.Up
		r.Joules += f.c.Power.Busy*float64(s.Busy) + f.c.Power.Idle*max(0, float64(s.Up-s.Busy))
	}
	if r.Span > 0 {
		r.Waiting = f.series.area(waitingLevel, end) / float64(r.Span)
		r.Running = f.series.area(runningLevel, end) / float64(r.Span)
	}
	r.Series = f.series.points(end, f.c.KVTokens/BlockTokens)
	r.Series.Points = slices.Clip(r.Series.Points)
	return r
}
