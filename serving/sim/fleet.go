package sim

import (
	"iter"
	"math"
)

// fleet runs the replicas in the order of time. A replica advances only when somebody must know its state, or ask
// something of it: between arrivals that go elsewhere it costs nothing.
type fleet struct {
	c         *Config
	timer     Timer
	budget    int
	sequences int
	watermark int64 // blocks
	spill     int
	sink      func(*Outcome)
	outcome   Outcome
	err       error

	jobs     jobs
	replicas []*replica
	up       []int32 // those that take requests
	turn     int
	stranded queue // jobs that came when none was up
	inside   int64 // requests that have arrived and not ended
	users    turns

	start    float64 // of the stream
	last     float64 // latest arrival
	finished float64 // latest end
	next     float64 // of what is not an arrival: readiness, failure, repair, a look of the autoscaler
	scaler   scaler

	count                   int64
	statuses                [Statuses]int64
	sums                    sums
	ttft, tpot, ends, waits Distribution
	gaps                    Distribution
	series                  *series
}

// Run serves a stream on a fleet. The sink, if there is one, is called with each request as it ends: those of a
// replica in the order of their ends, but those of different replicas in no order of time. The outcome it is given is
// reused. To stop early, end the stream: what has arrived is then served to its end.
//
// The error is a *[ConfigError], a *[RequestError] with the index of the first request that cannot be part of a
// stream, a *[TimerError], or a *[BalanceError].
func Run(c Config, requests iter.Seq[Request], sink func(*Outcome)) (*Result, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	f := newFleet(&c, sink)
	for q := range requests {
		if c.Users != nil {
			q.Arrival = Seconds(f.turnOf())
		}
		if f.err == nil {
			f.offer(&q)
		}
		if f.err != nil {
			return nil, f.err
		}
	}
	f.drain()
	if f.err != nil {
		return nil, f.err
	}
	r := f.result()
	if err := f.check(r); err != nil {
		return nil, err
	}
	return r, nil
}

func newFleet(c *Config, sink func(*Outcome)) *fleet {
	f := &fleet{
		c: c, timer: c.Timer, budget: c.TokenBudget, sequences: c.MaxSequences, spill: c.Spill, sink: sink,
		watermark: int64(float64(c.Watermark) * float64(c.KVTokens/BlockTokens)),
		jobs:      jobs{spare: -1}, next: math.Inf(1),
		last: math.Inf(-1), finished: math.Inf(-1),
	}
	if f.spill == 0 {
		f.spill = 32
	}
	if c.Users != nil {
		f.begin(0)
		for range c.Users.Count {
			f.users.push(0)
		}
	}
	return f
}

// begin starts the clock: at the first arrival, or at zero in a closed loop.
func (f *fleet) begin(t float64) {
	f.start = t
	width := float64(f.c.Bucket)
	if width == 0 {
		width = 1
	}
	f.series = newSeries(t, width)
	f.scaler = scaler{next: math.Inf(1), below: math.Inf(1), quiet: f.c.Scale != nil}
	for range f.c.Replicas {
		f.launch(t, 0)
	}
	f.wake(t)
	f.plan()
}

// add is a new replica.
func (f *fleet) add() *replica {
	r := &replica{f: f, id: int32(len(f.replicas)), part: -1, head: -1, tail: -1, pool: newPool(f.c.KVTokens, f.c.UnitTokens), change: math.Inf(1)}
	r.outages = f.outages(r.id)
	f.replicas = append(f.replicas, r)
	return r
}

// offer takes a request in, or refuses it.
func (f *fleet) offer(q *Request) {
	if err := q.check(f.last); err != nil {
		f.err = &RequestError{Index: f.count, Err: err}
		return
	}
	t := float64(q.Arrival)
	if f.series == nil {
		f.begin(t)
	}
	for f.next <= t {
		f.control(f.next)
	}
	f.last = t
	i := f.job(q, t)
	f.count++
	f.inside++
	f.series.buckets[f.series.at(t)].arrived++
	if s := f.admissible(q); s != Completed {
		f.end(i, t, s)
		return
	}
	f.wake(t)
	f.series.add(waitingLevel, t, 1)
	f.route(i, t)
}

// admissible tells whether a replica could ever serve a request.
func (f *fleet) admissible(q *Request) Status {
	switch {
	case q.Input == 0:
		return NoInput
	case q.Input > maxTokens || q.Output > maxTokens || f.c.MaxContext > 0 && q.Input+q.Output > f.c.MaxContext:
		return TooLong
	case blocks(q.Input+max(q.Output, 1)-1) > f.c.KVTokens/BlockTokens:
		// The last token of an answer is not read again, so that it takes no room.
		return NoMemory
	}
	return Completed
}

// job takes a request into the arena.
func (f *fleet) job(q *Request, t float64) int32 {
	i := f.jobs.take()
	j := f.jobs.at(i)
	known := min(q.Cached, q.Input)
	if known == 0 && f.c.HitRate > 0 {
		known = int64(float64(f.c.HitRate) * float64(q.Input))
	}
	*j = job{
		index: f.count, arrival: t, admitted: math.NaN(), first: math.NaN(),
		prefix: q.Prefix, group: q.Group, shared: q.GroupTokens, known: known,
		input: q.Input, output: q.Output, length: q.Input,
		units: j.units[:0], prev: -1, next: -1, replica: -1,
	}
	return i
}

// route sends a job to a replica, or lets it wait for one to be up.
func (f *fleet) route(i int32, t float64) {
	if len(f.up) == 0 {
		f.jobs.at(i).replica = -1
		f.stranded.pushBack(i)
		return
	}
	f.pick(f.jobs.at(i), t).enqueue(i, t)
}

// completed ends a job that a replica has finished.
func (f *fleet) completed(i int32, t float64) {
	j := f.jobs.at(i)
	s := &f.sums
	s.input += j.input
	s.output += j.output
	s.found += j.hit
	if j.output == 0 {
		s.empty++
	}
	if j.arrival-f.start >= float64(f.c.Warmup) {
		host := float64(f.c.Host)
		ttft, end := t-j.arrival+host, t-j.arrival+host
		tpot := 0.0
		if j.output > 0 {
			ttft = j.first - j.arrival + host
			f.ttft.add(ttft)
		}
		b := &f.series.buckets[f.series.at(j.arrival)]
		b.ttft.add(ttft)
		if j.output > 1 {
			tpot = (t - j.first) / float64(j.output-1)
			f.tpot.add(tpot)
			b.tpot.add(tpot)
		}
		f.ends.add(end)
		f.waits.add(j.admitted - j.arrival)
		s.measured++
		if f.c.Target.holds(ttft, tpot, end) {
			s.good++
		}
	}
	f.end(i, t, Completed)
}

// holds tells whether a request was good.
func (g *Target) holds(ttft, tpot, end float64) bool {
	within := func(v float64, limit Seconds) bool { return limit == 0 || v <= float64(limit) }
	return within(ttft, g.TTFT) && within(tpot, g.TPOT) && within(end, g.End)
}

// end is a job's end, for better or worse.
func (f *fleet) end(i int32, t float64, status Status) {
	j := f.jobs.at(i)
	f.statuses[status]++
	f.inside--
	f.sums.sojourn += t - j.arrival
	f.finished = max(f.finished, t)
	b := &f.series.buckets[f.series.at(t)]
	if status == Completed {
		b.ended++
	} else {
		b.refused++
	}
	if f.sink != nil {
		f.tell(j, t, status)
	}
	if f.c.Users != nil {
		f.users.push(t + float64(f.c.Host) + float64(f.c.Users.Think))
	}
	f.jobs.give(i)
}

// tell gives the sink an outcome.
func (f *fleet) tell(j *job, t float64, status Status) {
	o := &f.outcome
	*o = Outcome{
		Index: j.index, Status: status, Input: j.input, Output: j.output, Replica: int(j.replica), Arrival: Seconds(j.arrival),
		Preemptions: int(j.preemptions), Retries: int(j.retries),
	}
	if status == Completed {
		o.Admitted, o.End, o.Hit = Seconds(j.admitted), Seconds(t)+f.c.Host, j.hit
		if j.output > 0 {
			o.First = Seconds(j.first) + f.c.Host
		}
	}
	f.sink(o)
}

// drain finishes all that has arrived.
func (f *fleet) drain() {
	for f.inside > 0 && f.err == nil {
		t := f.next
		f.advance(t)
		if f.inside > 0 && f.err == nil {
			f.control(t)
		}
	}
}

// advance brings all replicas to a time.
func (f *fleet) advance(t float64) {
	for _, r := range f.replicas {
		if r.load() > 0 {
			r.advance(t)
		}
	}
}

// control does what is due at a time and is not an arrival: replicas first, in their order, then the autoscaler.
func (f *fleet) control(t float64) {
	f.advance(t)
	for _, r := range f.replicas {
		switch r.phase {
		case starting, down:
			if r.change <= t {
				f.ready(r, t)
			}
		case ready, draining:
			if r.change <= t {
				f.fail(r, t, float64(f.c.Failures.Repair))
			}
		case off:
		}
		for len(r.outages) > 0 && float64(r.outages[0].At) <= t {
			o := r.outages[0]
			r.outages = r.outages[1:]
			if r.phase == ready || r.phase == draining {
				f.fail(r, t, float64(o.For))
			}
		}
	}
	f.wake(t)
	if f.scaler.next <= t {
		f.rescale(t)
	}
	f.plan()
}

// plan finds what is due next.
func (f *fleet) plan() {
	f.next = f.scaler.next
	for _, r := range f.replicas {
		f.next = min(f.next, r.change)
		if len(r.outages) > 0 {
			f.next = min(f.next, float64(r.outages[0].At))
		}
	}
}

// turnOf is when the next request of a closed loop arrives: the fleet goes on until a user is free.
func (f *fleet) turnOf() float64 {
	for f.err == nil {
		free := f.users.front()
		var first *replica
		due := math.Inf(1)
		for _, r := range f.replicas {
			at := math.Inf(1)
			switch {
			case r.steps > 0:
				at = r.end
			case r.load() > 0:
				at = r.now
			}
			if at < due {
				due, first = at, r
			}
		}
		switch {
		// Whoever is free by then is seen by a step that begins then.
		case free < due && free < f.next, free == due && first.steps == 0 && free < f.next:
			f.users.pop()
			return free
		case f.next <= due:
			f.control(f.next)
		case first.steps > 0:
			first.finish()
		default:
			first.begin()
		}
	}
	return 0
}

// turns are when the users of a closed loop are free, in order. Most come in order; those of replicas that are brought
// to an event one after the other may not.
type turns struct {
	ring  []float64 // a power of two long
	first int
	n     int
}

func (q *turns) at(k int) *float64 { return &q.ring[(q.first+k)&(len(q.ring)-1)] }

// front is the earliest; infinity of none.
func (q *turns) front() float64 {
	if q.n == 0 {
		return math.Inf(1)
	}
	return *q.at(0)
}

func (q *turns) pop() {
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.n--
}

func (q *turns) push(t float64) {
	if q.n == len(q.ring) {
		ring := make([]float64, max(16, 2*q.n))
		for k := range q.n {
			ring[k] = *q.at(k)
		}
		q.ring, q.first = ring, 0
	}
	k := q.n
	q.n++
	for ; k > 0 && *q.at(k - 1) > t; k-- {
		*q.at(k) = *q.at(k - 1)
	}
	*q.at(k) = t
}
