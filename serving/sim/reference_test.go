package sim

import (
	"math"
	"math/rand/v2"
	"slices"

	"breakeven/serving"
)

// reference is the same fleet, stepped: one global clock, every step, every block counted by walking over the
// sequences, and plain slices and maps for all else. It shares with the simulator only the configuration, the
// requests, the timer and the hash of the router.
type reference struct {
	c        Config
	out      []Outcome
	replicas []*refReplica
	stranded []*refSeq
	turn     int
	inside   int
	start    float64
	looks    int
	below    float64
}

type refSeq struct {
	Request
	index       int
	made        int64
	computed    int64
	hit         int64
	units       []*refUnit
	covered     int64
	seen        int64
	admitted    float64
	first       float64
	preemptions int
	retries     int
	whole       bool
	decoding    bool // its prompt has been read since it was admitted
	scheduled   int64
	replica     int
}

func (s *refSeq) length() int64 { return s.Input + s.made }

type refUnit struct {
	key    uint64
	blocks int64
	refs   int
	cached bool
}

type refReplica struct {
	id       int
	phase    phase
	change   float64
	random   *rand.Rand
	outages  []Outage
	running  []*refSeq
	waiting  []*refSeq
	inStep   bool
	end      float64
	free     []*refUnit // the queue, with hashes
	cache    map[uint64]*refUnit
	count    int64 // free blocks
	busy     float64
	stepTime float64
}

func refRun(c Config, requests []Request) *reference {
	f := &reference{c: c, out: make([]Outcome, len(requests)), below: math.Inf(1)}
	if f.c.Spill == 0 {
		f.c.Spill = 32
	}
	if len(requests) == 0 {
		return f
	}
	f.start = float64(requests[0].Arrival)
	for range c.Replicas {
		f.launch(f.start, 0)
	}
	next := 0
	for next < len(requests) || f.inside > 0 {
		// The earliest of a step's end, an event of a replica, a look, an arrival.
		t := math.Inf(1)
		for _, r := range f.replicas {
			if r.inStep {
				t = min(t, r.end)
			}
			t = min(t, r.change)
			if len(r.outages) > 0 {
				t = min(t, float64(r.outages[0].At))
			}
		}
		if c.Scale != nil {
			t = min(t, f.start+float64(f.looks)*float64(c.Scale.Every))
		}
		if next < len(requests) {
			t = min(t, float64(requests[next].Arrival))
		}
		for _, r := range f.replicas {
			if r.inStep && r.end <= t {
				f.finish(r)
			}
		}
		for _, r := range f.replicas {
			if (r.phase == starting || r.phase == down) && r.change <= t {
				f.ready(r, t)
			} else if (r.phase == ready || r.phase == draining) && r.change <= t {
				f.fail(r, t, float64(c.Failures.Repair))
			}
			for len(r.outages) > 0 && float64(r.outages[0].At) <= t {
				o := r.outages[0]
				r.outages = r.outages[1:]
				if r.phase == ready || r.phase == draining {
					f.fail(r, t, float64(o.For))
				}
			}
		}
		if c.Scale != nil && f.start+float64(f.looks)*float64(c.Scale.Every) <= t {
			f.rescale(t)
		}
		for next < len(requests) && float64(requests[next].Arrival) <= t {
			f.arrive(requests[next], next)
			next++
		}
		for _, r := range f.replicas {
			if !r.inStep && len(r.running)+len(r.waiting) > 0 {
				f.schedule(r, t)
			}
		}
	}
	return f
}

func (f *reference) launch(t, after float64) {
	for _, r := range f.replicas {
		if r.phase == off {
			f.reset(r)
			r.phase, r.change = starting, t+after
			r.outages = slices.DeleteFunc(r.outages, func(o Outage) bool { return float64(o.At) < t })
			return
		}
	}
	r := &refReplica{id: len(f.replicas), phase: starting, change: t + after}
	if f.c.Failures != nil {
		for _, o := range f.c.Failures.Outages {
			if o.Replica == r.id && float64(o.At) >= t {
				r.outages = append(r.outages, o)
			}
		}
		slices.SortStableFunc(r.outages, func(a, b Outage) int { return int(math.Copysign(1, float64(a.At-b.At))) })
		r.random = rand.New(rand.NewPCG(f.c.Seed, uint64(r.id)))
	}
	f.reset(r)
	f.replicas = append(f.replicas, r)
}

func (f *reference) ready(r *refReplica, t float64) {
	r.phase, r.change = ready, math.Inf(1)
	if f.c.Failures != nil && f.c.Failures.MeanTime > 0 {
		r.change = t + r.random.ExpFloat64()*float64(f.c.Failures.MeanTime)
	}
	waiting := f.stranded
	f.stranded = nil
	for _, s := range waiting {
		f.route(s)
	}
}

func (f *reference) reset(r *refReplica) {
	r.running, r.waiting, r.inStep = nil, nil, false
	r.count = f.c.KVTokens / BlockTokens
	r.cache = map[uint64]*refUnit{}
	r.free = []*refUnit{{blocks: r.count}}
}

func (f *reference) fail(r *refReplica, t, repair float64) {
	all := append(slices.Clone(r.running), r.waiting...)
	f.reset(r)
	if r.phase == draining {
		r.phase, r.change = off, math.Inf(1)
	} else {
		r.phase, r.change = down, t+repair
	}
	for _, s := range all {
		s.retries++
		fresh := &refSeq{Request: s.Request, index: s.index, admitted: math.NaN(), first: math.NaN(), preemptions: s.preemptions, retries: s.retries, replica: s.replica}
		if s.retries > f.c.Failures.Retries {
			f.done(fresh, t, Failed)
		} else {
			f.route(fresh)
		}
	}
}

func (f *reference) rescale(t float64) {
	c := f.c.Scale
	f.looks++
	have := 0
	for _, r := range f.replicas {
		if r.phase == starting || r.phase == ready || r.phase == down {
			have++
		}
	}
	want := min(max(int(math.Ceil(float64(f.inside)/c.PerReplica)), c.Min), c.Max)
	if want >= have {
		f.below = math.Inf(1)
		for ; have < want; have++ {
			f.launch(t, float64(c.ColdStart))
			for _, r := range f.replicas {
				if r.phase == starting && r.change <= t {
					f.ready(r, t)
				}
			}
		}
		return
	}
	f.below = min(f.below, t)
	if t-f.below < float64(c.Hold) {
		return
	}
	f.below = math.Inf(1)
	for i := len(f.replicas) - 1; have > want; i-- {
		r := f.replicas[i]
		switch {
		case r.phase == off || r.phase == draining:
			continue
		case r.phase == ready && len(r.running)+len(r.waiting) > 0:
			r.phase = draining
		default:
			r.phase, r.change = off, math.Inf(1)
		}
		have--
	}
}

func (f *reference) arrive(q Request, index int) {
	s := &refSeq{Request: q, index: index, admitted: math.NaN(), first: math.NaN(), replica: -1}
	f.inside++
	switch {
	case q.Input == 0:
		f.done(s, float64(q.Arrival), NoInput)
	case f.c.MaxContext > 0 && q.Input+q.Output > f.c.MaxContext:
		f.done(s, float64(q.Arrival), TooLong)
	case (q.Input+max(1, q.Output)-1+BlockTokens-1)/BlockTokens > f.c.KVTokens/BlockTokens:
		f.done(s, float64(q.Arrival), NoMemory)
	default:
		f.route(s)
	}
}

func (f *reference) route(s *refSeq) {
	var up []*refReplica
	for _, r := range f.replicas {
		if r.phase == ready {
			up = append(up, r)
		}
	}
	if len(up) == 0 {
		s.replica = -1
		f.stranded = append(f.stranded, s)
		return
	}
	load := func(r *refReplica) int { return len(r.running) + len(r.waiting) }
	least := up[0]
	for _, r := range up {
		if load(r) < load(least) {
			least = r
		}
	}
	to := least
	key := s.Group
	if key == 0 && len(s.Prefix) > 0 {
		key = s.Prefix[0]
	}
	switch {
	case f.c.Routing == RoundRobin || len(up) == 1:
		f.turn %= max(len(up), f.turn) // it begins again when it is beyond those that are up
		if f.turn >= len(up) {
			f.turn = 0
		}
		to = up[f.turn]
		f.turn++
	case f.c.Routing == PrefixAffinity && f.c.UnitTokens > 0:
		best := 0
		for _, r := range up {
			units, _ := f.lookup(r, s)
			if n := len(units); n > best || n == best && n > 0 && load(r) < load(to) {
				best, to = n, r
			}
		}
		if load(to) > load(least)+f.c.Spill {
			to = least
		}
	case f.c.Routing == PrefixAffinity && key != 0:
		to = slices.MaxFunc(up, func(a, b *refReplica) int {
			if mix(key, uint64(a.id)) < mix(key, uint64(b.id)) {
				return -1
			}
			return 1
		})
		if load(to) > load(least)+f.c.Spill {
			to = least
		}
	}
	s.replica = to.id
	to.waiting = append(to.waiting, s)
}

// keyOf is the hash of unit k.
func (s *refSeq) keyOf(k int64) uint64 {
	if s.Group != 0 {
		return mix(s.Group, uint64(k))
	}
	return s.Prefix[k]
}

func (f *reference) unitsOf(s *refSeq) int64 {
	if s.Group != 0 {
		return min(s.Input, s.GroupTokens) / f.c.UnitTokens
	}
	return min(s.Input/f.c.UnitTokens, int64(len(s.Prefix)))
}

// take uses free blocks, one by one.
func (f *reference) take(r *refReplica, n int64) {
	r.count -= n
	if f.c.UnitTokens == 0 {
		return
	}
	for range n {
		u := r.free[0]
		if u.cached {
			u.cached = false
			delete(r.cache, u.key)
		}
		if u.blocks--; u.blocks == 0 {
			r.free = r.free[1:]
		}
	}
}

// held is the blocks that a sequence holds by itself.
func (s *refSeq) held() int64 { return (s.computed+BlockTokens-1)/BlockTokens - s.covered }

func (f *reference) drop(r *refReplica, s *refSeq) {
	if n := s.held(); n > 0 {
		r.count += n
		r.free = append(r.free, &refUnit{blocks: n})
	}
	for _, u := range slices.Backward(s.units) {
		if u.refs--; u.refs == 0 {
			r.count += u.blocks
			r.free = append(r.free, u)
		}
	}
	s.units, s.covered, s.seen = nil, 0, 0
}

// lookup finds the leading units in the cache, and the tokens that spares.
func (f *reference) lookup(r *refReplica, s *refSeq) (units []*refUnit, hit int64) {
	if f.c.UnitTokens == 0 {
		known := min(s.Cached, s.Input)
		if known == 0 {
			known = int64(float64(f.c.HitRate) * float64(s.Input))
		}
		return nil, min(known, s.length()-1) / BlockTokens * BlockTokens
	}
	most := f.unitsOf(s)
	if s.whole {
		most = min(most, (s.length()-1)/f.c.UnitTokens)
	}
	for k := range most {
		u := r.cache[s.keyOf(k)]
		if u == nil {
			break
		}
		units = append(units, u)
	}
	return units, min(int64(len(units))*f.c.UnitTokens, (s.length()-1)/BlockTokens*BlockTokens)
}

// publish lets others find the units that the step completes.
func (f *reference) publish(r *refReplica, s *refSeq, tokens int64) {
	if f.c.UnitTokens == 0 {
		return
	}
	for ; s.seen < f.unitsOf(s) && (s.seen+1)*f.c.UnitTokens <= tokens; s.seen++ {
		key := s.keyOf(s.seen)
		if r.cache[key] == nil {
			u := &refUnit{key: key, blocks: f.c.UnitTokens / BlockTokens, refs: 1, cached: true}
			r.cache[key] = u
			s.units = append(s.units, u)
			s.covered += u.blocks
		}
	}
}

// schedule is one call of the engine's scheduler, as vLLM writes it.
func (f *reference) schedule(r *refReplica, t float64) {
	budget := int64(f.c.TokenBudget)
	preempted := false
	for _, s := range r.running {
		s.scheduled = 0
	}
	for i := 0; i < len(r.running) && budget > 0; i++ {
		s := r.running[i]
		n := min(s.length()-s.computed, budget)
		need := (s.computed+n+BlockTokens-1)/BlockTokens - (s.computed+BlockTokens-1)/BlockTokens
		for need > r.count {
			last := r.running[len(r.running)-1]
			r.running = r.running[:len(r.running)-1]
			f.drop(r, last)
			last.computed, last.scheduled, last.decoding = 0, 0, false
			last.preemptions++
			r.waiting = append([]*refSeq{last}, r.waiting...)
			preempted = true
			if last == s {
				s.whole = len(r.running) == 0
				n = 0
				break
			}
		}
		if n == 0 {
			break
		}
		f.take(r, need)
		s.scheduled = n
		budget -= n
		f.publish(r, s, s.computed+n)
	}
	for (!preempted || len(r.running) == 0) && len(r.waiting) > 0 && budget > 0 && len(r.running) < f.c.MaxSequences {
		s := r.waiting[0]
		units, hit := f.lookup(r, s)
		fits := func() bool {
			var idle, spared int64
			for _, u := range units {
				if u.refs == 0 {
					idle += u.blocks
				}
			}
			if f.c.UnitTokens > 0 {
				spared = hit / BlockTokens
			}
			need := (s.length()+BlockTokens-1)/BlockTokens - spared + idle
			if len(r.running) > 0 {
				need += int64(float64(f.c.Watermark) * float64(f.c.KVTokens/BlockTokens))
			}
			return need <= r.count
		}
		if !fits() {
			if len(r.running) > 0 {
				break
			}
			s.whole = true
			units, hit = f.lookup(r, s)
		}
		r.waiting = r.waiting[1:]
		for _, u := range units {
			if u.refs == 0 {
				r.free = slices.DeleteFunc(r.free, func(x *refUnit) bool { return x == u })
				r.count -= u.blocks
			}
			u.refs++
		}
		s.units, s.seen, s.computed = units, int64(len(units)), hit
		if f.c.UnitTokens > 0 {
			s.covered = hit / BlockTokens
		}
		n := min(s.length()-hit, budget)
		f.take(r, (hit+n+BlockTokens-1)/BlockTokens-s.covered)
		if math.IsNaN(s.admitted) {
			s.admitted, s.hit = t, hit
		}
		s.scheduled = n
		budget -= n
		r.running = append(r.running, s)
		f.publish(r, s, hit+n)
	}

	var work serving.Prefill
	var sequences int
	var context int64
	for _, s := range r.running {
		switch {
		case s.scheduled == 0:
		case s.decoding:
			sequences++
			context += s.computed
		default:
			work = work.Plus(f.c.Timer.Chunk(s.computed, s.scheduled, s.computed+s.scheduled == s.length()))
		}
	}
	if work.Tokens > 0 {
		r.stepTime = float64(f.c.Timer.Time(work, sequences, context))
	} else {
		r.stepTime = float64(f.c.Timer.Decode(sequences, context).First)
	}
	r.inStep, r.end = true, t+r.stepTime
}

func (f *reference) finish(r *refReplica) {
	r.inStep = false
	r.busy += r.stepTime
	for _, s := range slices.Clone(r.running) {
		s.computed += s.scheduled
		if s.computed < s.length() {
			continue
		}
		s.decoding = true
		if s.Output > 0 {
			if s.made == 0 {
				s.first = r.end
			}
			s.made++
		}
		if s.made >= s.Output {
			f.drop(r, s)
			r.running = slices.DeleteFunc(r.running, func(x *refSeq) bool { return x == s })
			f.done(s, r.end, Completed)
		}
	}
	if r.phase == draining && len(r.running)+len(r.waiting) == 0 {
		r.phase, r.change = off, math.Inf(1)
	}
}

func (f *reference) done(s *refSeq, t float64, status Status) {
	f.inside--
	o := Outcome{Index: int64(s.index), Status: status, Input: s.Input, Output: s.Output, Replica: s.replica, Arrival: s.Arrival, Preemptions: s.preemptions, Retries: s.retries}
	if status == Completed {
		o.Admitted, o.End, o.Hit = Seconds(s.admitted), Seconds(t)+f.c.Host, s.hit
		if s.Output > 0 {
			o.First = Seconds(s.first) + f.c.Host
		}
	}
	f.out[s.index] = o
}
