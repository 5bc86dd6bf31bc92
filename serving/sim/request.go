package sim

import (
	"fmt"
	"math"
)

// Request is one call.
type Request struct {
	Arrival Seconds
	// Input and Output are tokens. An output of zero is a prompt that is read and not answered.
	Input, Output int64
	// Cached is how much of the prompt is known to be in the cache, in a fleet without hashes. It is rounded down
	// to whole blocks, and the last token is always read.
	Cached int64
	// Prefix hashes the prompt from its start, a hash for each [Config.UnitTokens] tokens, each standing for all
	// that comes before it too. The simulator keeps the slice until the request ends.
	Prefix []uint64
	// Group names prompts that share their first GroupTokens tokens: shorter than a list of hashes, and an
	// alternative to it. Zero is none.
	Group       uint64
	GroupTokens int64
}

// Status is how a request ended.
type Status uint8

// The ways to end.
const (
	Completed Status = iota
	// NoInput is a prompt of no tokens, which engines refuse.
	NoInput
	// TooLong is a prompt and answer longer than the model's context.
	TooLong
	// NoMemory is a request that would not fit the cache even alone.
	NoMemory
	// Failed is a request whose replicas failed more often than it is tried again.
	Failed
	Statuses
)

var statusNames = [Statuses]string{
	"completed", "empty prompt", "longer than the model's context", "longer than the cache", "replica failed too often",
}

// String says it in words.
func (s Status) String() string {
	if s >= Statuses {
		return "unknown"
	}
	return statusNames[s]
}

// MarshalText writes the words.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Outcome is what became of a request.
type Outcome struct {
	Index         int64 // in the stream
	Status        Status
	Input, Output int64
	// Replica served it, counted from zero; -1 where none did.
	Replica int
	Arrival Seconds
	// Admitted is when it first began to be read, First the end of the step with its first token and End that of
	// its last one. First and End have the host's share added. A zero First is no token; all three are zero where
	// the request was refused.
	Admitted, First, End Seconds
	// Hit is how many tokens of the prompt were found in the cache.
	Hit int64
	// Preemptions is how often it was thrown out for want of memory, and Retries how often its replica failed.
	Preemptions, Retries int
}

// TTFT is from the arrival to the first token; zero where there was none.
func (o *Outcome) TTFT() Seconds {
	if o.First == 0 {
		return 0
	}
	return o.First - o.Arrival
}

// TPOT is the mean time between tokens, the first not counted; zero where there were fewer than two.
func (o *Outcome) TPOT() Seconds {
	if o.Output < 2 || o.Status != Completed {
		return 0
	}
	return (o.End - o.First) / Seconds(o.Output-1)
}

// RequestError is a request that cannot be part of a stream.
type RequestError struct {
	Index int64
	Err   error
}

func (e *RequestError) Error() string { return fmt.Sprintf("request %d: %v", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// check reports what no stream can hold, whatever the fleet.
func (q *Request) check(after float64) error {
	t := float64(q.Arrival)
	switch {
	case math.IsNaN(t) || math.Abs(t) > maxTime:
		return fmt.Errorf("arrival at %g s: give seconds from the start of the stream", t)
	case t < after:
		return fmt.Errorf("arrival at %g s comes after one at %g s: sort the stream by arrival", t, after)
	case q.Input < 0 || q.Output < 0 || q.Cached < 0 || q.GroupTokens < 0:
		return fmt.Errorf("%d input, %d output, %d cached, %d shared tokens: none can be negative", q.Input, q.Output, q.Cached, q.GroupTokens)
	}
	return nil
}

// state is where a request is within a replica.
type state uint8

const (
	queued state = iota
	reading
	decoding
)

// job is a request in the fleet. Times are without the host's share. It is recycled when the request ends.
type job struct {
	index   int64
	arrival float64
	// admitted and first are of the attempt that counts; NaN until they happen.
	admitted, first float64
	last            float64 // the end of the step of the last token before a preemption

	// While decoding, the context at step q is q − base, and the last token comes with step finish.
	base, finish int64

	prefix []uint64
	group  uint64
	shared int64 // tokens of the group's prefix
	known  int64 // tokens known to be cached

	input, output int64
	length        int64 // tokens to be read before the next one is made: the prompt, and what was made before a preemption
	computed      int64 // of them, those in the cache
	made          int64 // tokens made, up to date unless decoding
	hit           int64 // at the first admission

	units   []int32 // of the cache that it holds
	seen    int64   // of its hashes, those looked at
	covered int64   // blocks that are parts of those units and not its own

	order                uint32
	prev, next           int32 // among those running, in the order of admission
	preemptions, retries int32
	replica              int32
	state                state
	whole                bool // it holds no unit of which it uses only a part
}

// jobs is an arena of jobs, in pages so that it grows without moving them.
type jobs struct {
	pages []*[pageJobs]job
	used  int32
	spare int32 // first of those given back, by next; -1 if none
}

const pageJobs = 256

func (a *jobs) at(i int32) *job { return &a.pages[uint32(i)/pageJobs][uint32(i)%pageJobs] }

// take is the index of a job that is free.
func (a *jobs) take() int32 {
	if i := a.spare; i >= 0 {
		a.spare = a.at(i).next
		return i
	}
	i := a.used
	if i%pageJobs == 0 {
		a.pages = append(a.pages, new([pageJobs]job))
	}
	a.used++
	return i
}

// give frees a job.
func (a *jobs) give(i int32) {
	j := a.at(i)
	j.prefix = nil
	j.next, a.spare = a.spare, i
}
