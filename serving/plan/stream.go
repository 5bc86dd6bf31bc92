package plan

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"

	"breakeven/llm"
	"breakeven/serving"
	"breakeven/serving/sim"
	"breakeven/unit"
)

// Call is one request of a stream, in little memory.
type Call struct {
	At serving.Seconds // on any clock
	// Input is the whole prompt, Cached the part of it that a prefix cache serves, and Output the answer, all in
	// tokens.
	Input, Cached, Output int32
}

// MaxTokens is the longest prompt or answer that a [Call] holds.
const MaxTokens = 1 << 30

// uncached is how many tokens of the prompt must be read.
func (c *Call) uncached() int32 { return max(c.Input-c.Cached, min(c.Input, 1)) }

// Stream is requests in the order of their arrival, with what a search asks of them again and again worked out. It
// is immutable and safe for concurrent use.
type Stream struct {
	calls []Call
	// Moved is how many calls came before one that had been given earlier, and so were put in order.
	Moved int64

	answered, long int64 // calls with an output, and with one of two tokens at least
	// Sorted, the largest first: tokens to be read of those that are answered, prompts of those with two tokens or
	// more, tokens that are decoded, and the contexts that those are decoded over.
	reads, prompts, decodes []int32
	contexts                []float64
	totals                  []int32 // prompt and answer together, of those that are answered

	input, output, cached int64
	inputCV, outputCV     float64
	windows               []window
	busy                  []spell
}

// window is the most tokens that arrive to be read within a width of time.
type window struct {
	width  float64
	tokens int64
}

// spell is a stretch of time with its share of the stream's work over its share of the time.
type spell struct {
	load  float64
	calls int64
}

// StreamError is a call that cannot be part of a stream.
type StreamError struct {
	Index int
	Err   error
}

func (e *StreamError) Error() string { return fmt.Sprintf("call %d: %v", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *StreamError) Unwrap() error { return e.Err }

// NewStream takes the calls over, and sorts them by their arrival where they are not. Calls of the same instant keep
// their order. The error is a *[StreamError].
func NewStream(calls []Call) (*Stream, error) {
	s := &Stream{calls: calls}
	last := serving.Seconds(math.Inf(-1))
	for i := range calls {
		c := &calls[i]
		if math.IsNaN(float64(c.At)) || math.Abs(float64(c.At)) > 1e9 {
			return nil, &StreamError{Index: i, Err: fmt.Errorf("a time of %g s is not within 10^9 s", float64(c.At))}
		}
		if c.Input < 0 || c.Output < 0 || c.Cached < 0 || c.Cached > c.Input || c.Input > MaxTokens || c.Output > MaxTokens {
			return nil, &StreamError{Index: i, Err: fmt.Errorf("%d input, %d cached, %d output tokens: want 0 <= cached <= input, and none above 2^30", c.Input, c.Cached, c.Output)}
		}
		if c.At < last {
			s.Moved++
		}
		last = max(last, c.At)
	}
	if s.Moved > 0 {
		slices.SortStableFunc(calls, func(a, b Call) int { return cmp.Compare(a.At, b.At) })
	}
	s.measure()
	return s, nil
}

// measure works out what the search asks.
func (s *Stream) measure() {
	var inputs, outputs moments
	for _, list := range []*[]int32{&s.reads, &s.prompts, &s.decodes, &s.totals} {
		*list = make([]int32, 0, len(s.calls))
	}
	s.contexts = make([]float64, 0, len(s.calls))
	for i := range s.calls {
		c := &s.calls[i]
		inputs.add(float64(c.Input))
		outputs.add(float64(c.Output))
		s.input += int64(c.Input)
		s.output += int64(c.Output)
		s.cached += int64(c.Cached)
		if c.Input == 0 || c.Output == 0 {
			continue
		}
		s.answered++
		s.reads = append(s.reads, c.uncached())
		s.totals = append(s.totals, int32(min(int64(c.Input)+int64(c.Output), math.MaxInt32)))
		if c.Output > 1 {
			s.long++
			s.prompts = append(s.prompts, c.Input)
			n := float64(c.Output - 1)
			s.decodes = append(s.decodes, c.Output-1)
			s.contexts = append(s.contexts, n*(float64(c.Input)+(n+1)/2))
		}
	}
	s.inputCV, s.outputCV = inputs.cv(), outputs.cv()
	// Sorting upwards and turning round is twice as fast as sorting by a comparison.
	for _, list := range [][]int32{s.reads, s.prompts, s.decodes, s.totals} {
		slices.Sort(list)
		slices.Reverse(list)
	}
	slices.Sort(s.contexts)
	slices.Reverse(s.contexts)
	span := float64(s.Span())
	for _, width := range []float64{10, 60, 600, 3600} {
		if width < span {
			s.windows = append(s.windows, s.window(width))
		}
	}
	s.windows = append(s.windows, s.window(math.Inf(1)))
	s.spells(10)
}

// window is the most tokens to be read that arrive within a width; all of them where it is infinite.
func (s *Stream) window(width float64) window {
	w := window{width: min(width, float64(s.Span()))}
	var sum int64
	first := 0
	for i := range s.calls {
		if s.calls[i].Output > 0 {
			sum += int64(s.calls[i].uncached())
		}
		for float64(s.calls[i].At-s.calls[first].At) > width {
			if s.calls[first].Output > 0 {
				sum -= int64(s.calls[first].uncached())
			}
			first++
		}
		w.tokens = max(w.tokens, sum)
	}
	return w
}

// spells divides the stream into stretches of a width. A call's work is the mean of its shares of all tokens that
// are read and of all that are generated.
func (s *Stream) spells(width float64) {
	if len(s.calls) == 0 {
		return
	}
	span := max(float64(s.Span()), width)
	reads, writes := float64(max(s.input-s.cached, 1)), float64(max(s.output, 1))
	n := max(1, int(span/width))
	n = min(n, 1<<20)
	width = span / float64(n)
	s.busy = make([]spell, n)
	start := float64(s.calls[0].At)
	for i := range s.calls {
		c := &s.calls[i]
		p := &s.busy[min(n-1, int((float64(c.At)-start)/width))]
		p.calls++
		p.load += (float64(c.uncached())/reads + float64(c.Output)/writes) / 2 * float64(n)
	}
	slices.SortFunc(s.busy, func(a, b spell) int { return cmp.Or(cmp.Compare(b.load, a.load), cmp.Compare(b.calls, a.calls)) })
}

// peak is the load relative to the mean of the stretch beyond which only so many calls lie.
func (s *Stream) peak(beyond int64) float64 {
	for i := range s.busy {
		if beyond -= s.busy[i].calls; beyond < 0 {
			return s.busy[i].load
		}
	}
	return 1
}

// Len is the number of calls.
func (s *Stream) Len() int { return len(s.calls) }

// Answered is how many of them have an output.
func (s *Stream) Answered() int64 { return s.answered }

// Span is from the first arrival to the last.
func (s *Stream) Span() serving.Seconds {
	if len(s.calls) == 0 {
		return 0
	}
	return s.calls[len(s.calls)-1].At - s.calls[0].At
}

// Rate is the mean rate of arrivals: N of them have N − 1 gaps. Zero where they have no span.
func (s *Stream) Rate() unit.RequestsPerSecond {
	if span := s.Span(); span > 0 {
		return unit.RequestsPerSecond(float64(len(s.calls)-1) / float64(span))
	}
	return 0
}

// Shape is the mean request.
func (s *Stream) Shape() serving.Shape {
	n := float64(max(len(s.calls), 1))
	shape := serving.Shape{
		Input: llm.Tokens(max(1, float64(s.input)/n)), Output: llm.Tokens(max(1, float64(s.output)/n)),
		InputCV: min(10, s.inputCV), OutputCV: min(10, s.outputCV),
	}
	if s.input > 0 {
		shape.CachedShare = unit.Share(float64(s.cached) / float64(s.input))
	}
	return shape
}

// Longest is the most tokens that one call takes, prompt and answer together.
func (s *Stream) Longest() int64 {
	var most int64
	for i := range s.calls {
		most = max(most, int64(s.calls[i].Input)+int64(s.calls[i].Output))
	}
	return most
}

// Longer is how many of the answered calls take more tokens than a context holds.
func (s *Stream) Longer(context int64) int64 { return s.longer(context) }

// Empty is how many calls have no prompt, and how many a prompt and no answer.
func (s *Stream) Empty() (prompts, answers int64) {
	for i := range s.calls {
		switch {
		case s.calls[i].Input == 0:
			prompts++
		case s.calls[i].Output == 0:
			answers++
		}
	}
	return prompts, answers
}

// Busiest is the part of so many calls that come in the least time, and the whole stream where it has no more.
func (s *Stream) Busiest(most int) *Stream {
	if len(s.calls) <= most {
		return s
	}
	best := 0
	for i := range len(s.calls) - most + 1 {
		if s.calls[i+most-1].At-s.calls[i].At < s.calls[best+most-1].At-s.calls[best].At {
			best = i
		}
	}
	part := &Stream{calls: s.calls[best : best+most]}
	part.measure()
	return part
}

// requests is the stream as the simulator takes it, its times from the first arrival and a factor shorter, until it
// is ended.
func (s *Stream) requests(factor float64, ended func() bool) iter.Seq[sim.Request] {
	return func(yield func(sim.Request) bool) {
		if len(s.calls) == 0 {
			return
		}
		start := s.calls[0].At
		for i := range s.calls {
			c := &s.calls[i]
			if ended() || !yield(sim.Request{
				Arrival: serving.Seconds(float64(c.At-start) / factor), Input: int64(c.Input), Output: int64(c.Output), Cached: int64(c.Cached),
			}) {
				return
			}
		}
	}
}

// moments are the sums that a coefficient of variation is made of.
type moments struct{ n, mean, squares float64 }

// add counts a number (Welford).
func (m *moments) add(v float64) {
	m.n++
	d := v - m.mean
	m.mean += d / m.n
	m.squares += d * (v - m.mean)
}

func (m *moments) cv() float64 {
	if m.n == 0 || m.mean == 0 {
		return 0
	}
	return math.Sqrt(m.squares/m.n) / m.mean
}
