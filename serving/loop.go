package serving

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"breakeven/llm"
	"breakeven/unit"
)

// Loop is a benchmark with a fixed number of clients: each sends its next request as soon as its last one is
// answered. All send their first at once, so that a short run is partly its own start. Where there are as many
// clients as requests it is an offline run: everything is there from the start.
type Loop struct {
	Clients  int
	Requests int // that are measured
	Warmup   int // that come before and are not
	// Input and Output are the longest lengths, and Spread how far below them lengths lie, evenly: 0.2 is from 0.8
	// to 1 of the longest.
	Input, Output llm.Tokens
	Spread        unit.Share
	// Whole tells that the engine reads a prompt at once or not at all, and Apart that it decodes nothing
	// meanwhile. Engines that do neither cut prompts into chunks and let them ride with the decoding sequences.
	Whole, Apart bool
	// Means leaves quantiles out, which need sorting.
	Means bool
}

// LoopResult is how a loop went.
type LoopResult struct {
	Requests unit.RequestsPerSecond
	Output   TokensPerSecond
	// Wait is from sending a request to when the engine starts on its prompt, Prefill from there to its first
	// token, and TTFT what a client sees of both:
	//
	//	host + wait + prompt·prefill + queue·step that only decodes
	Wait, Prefill, TTFT Spread
	TPOT                Spread // empty where answers are one token
	Total               Spread // from sending to the last token
	// DecodeStep is the mean time of the steps that only decode.
	DecodeStep Seconds
	Steps      int64
}

// Spread is the mean and two quantiles of a time.
type Spread struct{ Mean, P50, P99 Seconds }

// spread sorts the times, unless only their mean is asked for.
func (l Loop) spreadOf(times []float64) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	var sum float64
	for _, t := range times {
		sum += t
	}
	mean := Seconds(sum / float64(len(times)))
	if l.Means {
		return Spread{Mean: mean}
	}
	slices.Sort(times)
	return Spread{mean, quantile(times, 0.50), quantile(times, 0.99)}
}

func quantile(sorted []float64, q float64) Seconds {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return Seconds(sorted[i])
	}
	return Seconds(sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i]))
}

// looped is a request of a loop.
type looped struct {
	input, output              int64
	sent, arrived, begun, seen float64 // by the client, at the engine, to the engine, by the engine
	done                       int64   // prompt tokens in the cache
	ends                       int64   // number of the decode step after which it is answered
	reserved                   float64
}

// Loop runs a benchmark on the engine, step by step where prompts are read and in closed form between. It admits a
// request when its prompt and half of its answer fit beside what runs. The error is an *[InputError], or an
// *[InfeasibleError] where one request does not fit.
func (e *Engine) Loop(l Loop) (LoopResult, error) {
	if err := l.check(e.replica.Model); err != nil {
		return LoopResult{}, err
	}
	whole := l.Input + l.Output
	if need := e.replica.sequenceBytes(whole); need > e.memory.Pool {
		return LoopResult{}, &InfeasibleError{Replica: e.replica, Limit: LimitMemory, Want: float64(whole), Have: float64(whole) * float64(e.memory.Pool/need)}
	}
	s := loopState{e: e, l: l, host: float64(e.replica.Efficiency.Host), gap: float64(e.replica.Efficiency.Request), most: e.replica.Limits.MaxSequences, pool: float64(e.memory.Pool) * e.ranks}
	s.requests = make([]looped, l.Requests+l.Warmup)
	s.waits, s.prefills = make([]float64, 0, l.Requests), make([]float64, 0, l.Requests)
	s.tpots, s.totals = make([]float64, 0, l.Requests), make([]float64, 0, l.Requests)
	for range min(l.Clients, len(s.requests)) {
		s.send(0)
	}
	for s.answered < len(s.requests) {
		s.step()
	}
	span := s.now - s.start
	r := LoopResult{Requests: unit.RequestsPerSecond(float64(l.Requests) / span), Output: TokensPerSecond(s.tokens / span), Steps: s.steps}
	if s.decodeSteps > 0 {
		r.DecodeStep = Seconds(s.decodeTime / float64(s.decodeSteps))
	}
	eff := &e.replica.Efficiency
	seen := make([]float64, len(s.waits))
	for i := range seen {
		seen[i] = s.host + s.waits[i] + eff.Prompt*s.prefills[i] + eff.Queue*float64(r.DecodeStep)
		s.totals[i] += seen[i] - s.waits[i] - s.prefills[i]
	}
	r.Wait, r.Prefill, r.TTFT, r.TPOT, r.Total = l.spreadOf(s.waits), l.spreadOf(s.prefills), l.spreadOf(seen), l.spreadOf(s.tpots), l.spreadOf(s.totals)
	return r, nil
}

func (l Loop) check(m *llm.Model) error {
	fail := func(field, format string, args ...any) error {
		return &InputError{Field: field, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case l.Clients < 1 || l.Clients > 1<<20:
		return fail("clients", "%d is not between 1 and 1,048,576", l.Clients)
	case l.Requests < 1 || l.Warmup < 0 || l.Requests+l.Warmup > 1<<22:
		return fail("requests", "%d, and %d before, are not between 1 and 4,194,304", l.Requests, l.Warmup)
	case !(l.Spread >= 0 && l.Spread < 1):
		return fail("spread", "%g is not at least 0 and below 1", float64(l.Spread))
	}
	return Shape{Input: l.Input, Output: l.Output}.Check(m)
}

type loopState struct {
	e    *Engine
	l    Loop
	host float64
	most int
	pool float64 // bytes of cache, of all groups of accelerators

	now      float64
	gap      float64 // that the host puts between requests
	line     float64 // when it is done with the last one
	requests []looped
	sent     int
	waiting  []int // sent and not begun, in order
	reading  []int // begun and not seen
	running  []int // heap by the step after which they are answered
	context  int64
	used     float64
	clock    int64 // steps in which the running sequences have generated

	answered    int
	start       float64 // of the measurement
	tokens      float64
	decodeTime  float64
	decodeSteps int64
	steps       int64

	waits, prefills, tpots, totals []float64
}

// golden spreads lengths evenly whatever the number of requests.
const golden = 0.6180339887498949

func (s *loopState) send(at float64) {
	if s.sent == len(s.requests) {
		return
	}
	i := s.sent
	s.sent++
	// Inputs and outputs take different sequences, so that they are not correlated.
	_, u := math.Modf(float64(i+1) * golden)
	_, v := math.Modf(float64(i+1) * math.Sqrt2)
	length := func(longest llm.Tokens, u float64) int64 {
		return max(1, int64(math.Round(float64(longest)*(1-float64(s.l.Spread)*u))))
	}
	r := &s.requests[i]
	r.input, r.output, r.sent = length(s.l.Input, u), length(s.l.Output, v), at
	s.line = max(s.line, at) + s.gap
	r.arrived = s.line
	r.reserved = float64(s.e.replica.sequenceBytes(llm.Tokens(r.input + r.output/2)))
	if i == s.l.Warmup {
		s.start = at
	}
	s.waiting = append(s.waiting, i)
}

// admit begins requests while there is room.
func (s *loopState) admit() {
	for len(s.waiting) > 0 && len(s.running)+len(s.reading) < s.most {
		r := &s.requests[s.waiting[0]]
		if r.arrived > s.now {
			return
		}
		if busy := len(s.running)+len(s.reading) > 0; busy && s.used+r.reserved > s.pool {
			return
		}
		s.used += r.reserved
		r.begun = s.now
		s.reading = append(s.reading, s.waiting[0])
		s.waiting = s.waiting[1:]
	}
}

func (s *loopState) step() {
	s.admit()
	if len(s.reading) > 0 {
		s.mixed()
		return
	}
	if len(s.running) == 0 {
		s.now = max(s.now, s.requests[s.waiting[0]].arrived)
		return
	}
	n := len(s.running)
	run := s.e.Decode(n, s.context)
	k := min(run.Steps, s.requests[s.running[0]].ends-s.clock)
	if len(s.waiting) > 0 && n < s.most {
		// The step that is running when a request comes is finished first.
		if at := s.requests[s.waiting[0]].arrived; at > s.now {
			k = min(k, run.Within(Seconds(at-s.now))+1)
		}
	}
	t := float64(run.Time(k))
	s.now += t
	s.decodeTime += t
	s.decodeSteps += k
	s.generate(k)
}

// generate lets every running sequence grow by k tokens, and answers those that end.
func (s *loopState) generate(k int64) {
	s.steps += k
	s.clock += k
	s.context += k * int64(len(s.running))
	for len(s.running) > 0 && s.requests[s.running[0]].ends <= s.clock {
		i := s.pop()
		s.context -= s.requests[i].input + s.requests[i].output
		s.answer(i)
	}
}

// mixed is a step that reads prompts.
func (s *loopState) mixed() {
	room := int64(s.e.replica.Limits.TokenBudget)
	decoding := len(s.running)
	if s.l.Apart {
		decoding = 0
	}
	room -= int64(decoding)
	var p Prefill
	finished := 0
	for _, i := range s.reading {
		r := &s.requests[i]
		left := r.input - r.done
		chunk := min(left, max(room, 1))
		if s.l.Whole && chunk < left {
			if finished > 0 {
				break
			}
			chunk = left // a prompt that is longer than a step may be is read alone
		}
		p = p.Plus(s.e.Chunk(r.done, chunk, chunk == left))
		r.done += chunk
		room -= chunk
		if chunk == left {
			finished++
		}
		if room <= 0 {
			break
		}
	}
	s.now += float64(s.e.Time(p, decoding, s.context))
	if decoding > 0 {
		s.generate(1)
	} else {
		s.steps++
	}
	for _, i := range s.reading[:finished] {
		r := &s.requests[i]
		r.seen = s.now
		if r.output == 1 {
			s.answer(i)
			continue
		}
		r.ends = s.clock + r.output - 1
		s.context += r.input + 1
		s.push(i)
	}
	s.reading = s.reading[finished:]
}

func (s *loopState) answer(i int) {
	r := &s.requests[i]
	s.used -= r.reserved
	s.answered++
	if i >= s.l.Warmup {
		s.waits = append(s.waits, r.begun-r.sent)
		s.prefills = append(s.prefills, r.seen-r.begun)
		s.totals = append(s.totals, s.now-r.sent)
		if r.output > 1 {
			s.tpots = append(s.tpots, (s.now-r.seen)/float64(r.output-1))
		}
		s.tokens += float64(r.output)
	}
	s.send(s.now + s.host)
}

func (s *loopState) push(i int) {
	h := append(s.running, i)
	j := len(h) - 1
	for j > 0 {
		up := (j - 1) / 2
		if cmp.Compare(s.requests[h[up]].ends, s.requests[h[j]].ends) <= 0 {
			break
		}
		h[up], h[j] = h[j], h[up]
		j = up
	}
	s.running = h
}

func (s *loopState) pop() int {
	h := s.running
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for j := 0; ; {
		c := 2*j + 1
		if c >= last {
			break
		}
		if c+1 < last && s.requests[h[c+1]].ends < s.requests[h[c]].ends {
			c++
		}
		if s.requests[h[j]].ends <= s.requests[h[c]].ends {
			break
		}
		h[j], h[c] = h[c], h[j]
		j = c
	}
	s.running = h
	return top
}
