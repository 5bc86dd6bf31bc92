package sim

import (
	"fmt"
	"math"

	"breakeven/serving"
)

// advance does what the replica does until a time: every step that ends by then, and the beginning of the one that
// is under way. A step that would begin at that very time does not begin, so that it sees what arrives then.
func (r *replica) advance(until float64) {
	for r.f.err == nil {
		if r.steps > 0 {
			if r.end > until {
				return
			}
			r.finish()
		}
		if r.now >= until || r.load() == 0 {
			return
		}
		r.begin()
	}
}

// enqueue adds a job at a time to which the replica has advanced.
func (r *replica) enqueue(i int32, t float64) {
	f := r.f
	f.jobs.at(i).replica = r.id
	if r.load() == 0 {
		r.now = max(r.now, t)
		f.series.add(busyLevel, r.now, 1)
	}
	r.waiting.pushBack(i)
	r.stats.PeakWaiting = max(r.stats.PeakWaiting, r.waiting.len())
	// Behind another that waits for a completion, nothing changes. The first in the queue gets its chance at the
	// end of the step under way.
	if r.steps > 1 && r.waiting.len() == 1 {
		r.cut(t)
	}
}

// cut ends the run under way with the first step that ends at a time or later.
func (r *replica) cut(t float64) {
	if n := r.begun(t); n < r.steps {
		r.steps, r.end = n, r.now+float64(r.run.Time(n))
	}
}

// begun is how many of the steps under way begin before a time: at least one, and all but the last of them end
// before it.
func (r *replica) begun(t float64) int64 {
	n := min(max(1, r.run.Within(Seconds(t-r.now))), r.steps)
	for n > 1 && r.now+float64(r.run.Time(n-1)) >= t {
		n--
	}
	for n < r.steps && r.now+float64(r.run.Time(n)) < t {
		n++
	}
	return n
}

// grow takes the blocks of the steps that have begun before a time, so that the cache is as it then is.
func (r *replica) grow(t float64) {
	if r.steps <= r.grown {
		return
	}
	if n := r.begun(t); n > r.grown {
		r.pool.take(r.growth(r.step+r.grown, n-r.grown))
		r.grown = n
	}
}

// begin schedules the next step: first the sequences that run, in the order of their admission, then the queue. If
// the step only decodes, it is the first of a run that lasts until something changes.
func (r *replica) begin() {
	f := r.f
	q := r.step
	r.work, r.chunk = serving.Prefill{}, 0
	left := int64(f.budget - r.decoding)

	need := int64(r.needs[q&(BlockTokens-1)])
	room := true
	if r.part >= 0 {
		j := f.jobs.at(r.part)
		r.chunk = min(j.length-j.computed, left)
		need += blocks(j.computed+r.chunk) - blocks(j.computed)
	}
	if need <= r.pool.free {
		r.pool.take(need)
	} else {
		room = false
		r.squeeze()
	}
	if r.part >= 0 {
		j := f.jobs.at(r.part)
		left -= r.chunk
		r.read(r.part, j, r.chunk)
	}
	if (room || r.running == 0) && r.waiting.len() > 0 {
		r.admit(left)
	}

	if r.work.Tokens > 0 {
		r.run = serving.Run{First: f.timer.Time(r.work, r.decoding, r.context()), Steps: 1}
		r.steps = 1
	} else {
		r.run = f.timer.Decode(r.decoding, r.context())
		r.steps = 1
		// After a preemption the queue has its chance at the next step.
		if room {
			r.steps = min(r.run.Steps, r.finishes[0].step-q+1)
			if (r.steps+BlockTokens-1)/BlockTokens*int64(r.decoding) > r.pool.free {
				r.steps = min(r.steps, 1+r.fitting(q+1))
			}
		}
	}
	r.grown = 1
	d := float64(r.run.Time(r.steps))
	r.end = r.now + d
	if !(r.run.First > 0 && d > 0 && r.steps > 0) || math.IsInf(r.end, 1) {
		f.err = &TimerError{Work: r.work, Sequences: r.decoding, Context: r.context(), Run: r.run}
	}
}

// TimerError is a step that takes no time, or has no end.
type TimerError struct {
	Work      serving.Prefill
	Sequences int
	Context   int64
	Run       serving.Run
}

func (e *TimerError) Error() string {
	return fmt.Sprintf("a step with %d prompt tokens and %d sequences over %d tokens takes %g s, and each of %d further ones %g s more: the engine's times must be above zero",
		e.Work.Tokens, e.Sequences, e.Context, float64(e.Run.First), e.Run.Steps, float64(e.Run.Slope))
}

// squeeze gives the running sequences their blocks one by one, where there are too few for all: whoever finds none
// throws out the last admitted, itself at worst.
func (r *replica) squeeze() {
	f := r.f
	for i := r.head; i >= 0; {
		j := f.jobs.at(i)
		var n int64
		switch {
		case j.state == reading:
			n = blocks(j.computed+r.chunk) - blocks(j.computed)
		case (r.step-j.base)&(BlockTokens-1) == 0:
			n = 1
		}
		for n > r.pool.free {
			last := r.tail
			r.preempt(last)
			if last == i {
				// Alone it fits, but not beside a unit of which it uses a part.
				j.whole = r.running == 0
				return
			}
		}
		r.pool.take(n)
		i = j.next
	}
}

// preempt throws out a job. It will be read again from its start, with what it has made so far.
func (r *replica) preempt(i int32) {
	f := r.f
	j := f.jobs.at(i)
	if j.state == decoding {
		r.finishes.remove(i)
		r.undecode(j)
		j.made = j.output - (j.finish - r.step + 1)
		j.last = r.now
		j.computed = r.step - j.base
	} else {
		r.part = -1
		f.sums.abandoned += j.computed
	}
	f.sums.lost += j.computed
	r.pool.drop(j, j.computed)
	r.unlink(i)
	j.state, j.computed = queued, 0
	j.length = j.input + j.made
	j.preemptions++
	r.waiting.pushFront(i)
	r.stats.Preemptions++
	f.series.add(runningLevel, r.now, -1)
	f.series.add(waitingLevel, r.now, 1)
}

// admit lets jobs from the queue run, in their order, while there is room for them.
func (r *replica) admit(left int64) {
	f := r.f
	for left > 0 && r.waiting.len() > 0 && r.running < f.sequences {
		i := r.waiting.front()
		j := f.jobs.at(i)
		units, hit, idle := r.pool.found(j)
		keep := int64(0)
		if r.running > 0 {
			keep = f.watermark
		}
		// All that must be read has to fit, not only the first chunk.
		if blocks(j.length)-r.spared(hit)+idle+keep > r.pool.free {
			if r.running > 0 {
				return
			}
			// Alone it fits, but not beside a unit of which it would use a part.
			j.whole = true
			units, hit, _ = r.pool.found(j)
		}
		r.waiting.pop()
		r.pool.hold(j, units, hit)
		n := min(j.length-hit, left)
		r.pool.take(blocks(hit+n) - r.spared(hit))
		left -= n
		j.computed = hit
		j.state = reading
		f.sums.hit += hit
		if math.IsNaN(j.admitted) {
			j.admitted, j.hit = r.now, hit
		}
		r.link(i)
		f.series.add(waitingLevel, r.now, -1)
		f.series.add(runningLevel, r.now, 1)
		if n < j.length-hit {
			r.part, r.chunk = i, n
		}
		r.read(i, j, n)
	}
}

// spared is how many blocks a prefix found in the cache saves: none where it is known only by its length.
func (r *replica) spared(hit int64) int64 {
	if r.pool.width == 0 {
		return 0
	}
	return hit / BlockTokens
}

// read puts the next tokens of a prompt into the step.
func (r *replica) read(i int32, j *job, n int64) {
	last := j.computed+n == j.length
	r.work = r.work.Plus(r.f.timer.Chunk(j.computed, n, last))
	r.pool.publish(j, j.computed+n)
	if last {
		r.ends = append(r.ends, i)
		if r.part == i {
			r.part, r.chunk = -1, 0
		}
	}
}

// finish lets the steps under way have happened.
func (r *replica) finish() {
	f := r.f
	r.settle(r.steps, r.end)
	f.sums.read += r.work.Tokens
	if r.part >= 0 {
		f.jobs.at(r.part).computed += r.chunk
	}
	for len(r.finishes) > 0 && r.finishes[0].step < r.step {
		i := r.finishes.pop().job
		j := f.jobs.at(i)
		r.undecode(j)
		j.made = j.output
		r.complete(i, r.step-j.base)
	}
	for _, i := range r.ends {
		r.answer(i)
	}
	r.ends = r.ends[:0]
	if r.load() == 0 {
		f.series.add(busyLevel, r.now, -1)
	}
}

// settle counts the first n of the steps under way, which end at a time.
func (r *replica) settle(n int64, end float64) {
	f := r.f
	before := r.pool.total - r.pool.free
	if n > r.grown {
		r.pool.take(r.growth(r.step+r.grown, n-r.grown))
	}
	after := r.pool.total - r.pool.free
	r.stats.PeakBlocks = max(r.stats.PeakBlocks, after)
	d := end - r.now
	r.kv += d * float64(before+after) / 2
	r.stats.Busy += Seconds(d)
	r.stats.Steps += n
	tokens := int64(r.decoding) * n
	f.sums.made += tokens
	f.series.segment(r.now, end, before, after, tokens)
	if r.decoding > 0 {
		f.gaps.addRun(r.run, n, int64(r.decoding))
	}
	r.step += n
	r.now = end
	r.steps = 0
}

// answer is the end of a prompt: its first token, or after a preemption the next one.
func (r *replica) answer(i int32) {
	f := r.f
	j := f.jobs.at(i)
	f.sums.ended += j.length
	j.computed = j.length
	if j.output > 0 {
		if j.made == 0 {
			j.first = r.now
		} else {
			f.gaps.add(r.now - j.last)
		}
		j.made++
		f.sums.made++
		f.series.buckets[f.series.at(r.now)].made++
	}
	if j.made >= j.output {
		r.complete(i, j.length)
		return
	}
	r.decode(i)
}

// complete ends a job of so many cached tokens.
func (r *replica) complete(i int32, tokens int64) {
	f := r.f
	j := f.jobs.at(i)
	r.pool.drop(j, tokens)
	r.unlink(i)
	r.stats.Completed++
	f.series.add(runningLevel, r.now, -1)
	f.completed(i, r.now)
	if r.phase == draining && r.load() == 0 {
		f.stop(r, r.now)
	}
}
