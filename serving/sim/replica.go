package sim

import (
	"math/rand/v2"

	"breakeven/serving"
)

// phase is where a replica is in its life.
type phase uint8

const (
	off phase = iota
	starting
	ready
	draining
	down // failed, being repaired
)

// replica is one engine: its batch as sums, so that a step costs the same whatever the batch.
type replica struct {
	f  *fleet
	id int32

	now  float64 // end of the last step; of an idle replica, no later than the next arrival
	step int64   // number of the next step to begin

	// What is under way: steps of run from now to end, none where steps is zero. They have not happened until
	// [replica.finish].
	steps int64
	grown int64 // of them, those whose blocks have been taken
	end   float64
	run   serving.Run
	work  serving.Prefill
	chunk int64   // of the prompt read in part
	ends  []int32 // jobs whose prompts end with the step

	// The sequences that decode: how many, the sum of their bases, and how many of them need a block at a step,
	// by the step's number modulo a block.
	decoding int
	bases    int64
	needs    [BlockTokens]int32
	finishes finishes

	part       int32 // the job whose prompt is read in part, -1 if none: always the last admitted
	head, tail int32 // jobs running, in the order of admission
	running    int
	admitted   uint32 // counts admissions
	waiting    queue
	pool       pool

	phase   phase
	since   float64 // when it was started
	change  float64 // when it will be ready, or fail by chance; infinity if never
	random  *rand.Rand
	outages []Outage // those to come

	stats ReplicaStats
	kv    float64 // integral of used blocks over time
}

// load is the requests in the replica.
func (r *replica) load() int { return r.running + r.waiting.len() }

// link appends a job to those running.
func (r *replica) link(i int32) {
	j := r.f.jobs.at(i)
	j.prev, j.next = r.tail, -1
	if r.tail >= 0 {
		r.f.jobs.at(r.tail).next = i
	} else {
		r.head = i
	}
	r.tail = i
	r.running++
	r.admitted++
	j.order = r.admitted
}

// unlink takes a job from those running.
func (r *replica) unlink(i int32) {
	j := r.f.jobs.at(i)
	if j.prev >= 0 {
		r.f.jobs.at(j.prev).next = j.next
	} else {
		r.head = j.next
	}
	if j.next >= 0 {
		r.f.jobs.at(j.next).prev = j.prev
	} else {
		r.tail = j.prev
	}
	r.running--
}

// decode lets a job whose prompt has been read generate.
func (r *replica) decode(i int32) {
	j := r.f.jobs.at(i)
	j.state = decoding
	j.base = r.step - j.length
	j.finish = r.step + j.output - j.made - 1
	r.decoding++
	r.bases += j.base
	r.needs[j.base&(BlockTokens-1)]++
	r.finishes.push(finish{j.finish, j.order, i})
}

// undecode takes a job from those that generate. The caller sees to its place in finishes.
func (r *replica) undecode(j *job) {
	r.decoding--
	r.bases -= j.base
	r.needs[j.base&(BlockTokens-1)]--
}

// context is the tokens of all that decode, at the next step.
func (r *replica) context() int64 { return int64(r.decoding)*r.step - r.bases }

// growth is the blocks that decoding takes in n steps from a step.
func (r *replica) growth(step, n int64) int64 {
	sum := n / BlockTokens * int64(r.decoding)
	for k := range n % BlockTokens {
		sum += int64(r.needs[(step+k)&(BlockTokens-1)])
	}
	return sum
}

// fitting is how many steps from a step decoding can do with the blocks that are free.
func (r *replica) fitting(step int64) int64 {
	d := int64(r.decoding)
	n := r.pool.free / d * BlockTokens
	left := r.pool.free % d
	// Fewer blocks are left than the sequences take in a round, so that this ends within one.
	for {
		need := int64(r.needs[(step+n)&(BlockTokens-1)])
		if need > left {
			return n
		}
		left -= need
		n++
	}
}

// finish is when a job makes its last token.
type finish struct {
	step  int64
	order uint32 // of admission; it may wrap round
	job   int32
}

// finishes is a heap: the first is the earliest, and among equals the first admitted.
type finishes []finish

func (a finish) before(b finish) bool {
	return a.step < b.step || a.step == b.step && int32(a.order-b.order) < 0
}

func (h *finishes) push(x finish) {
	*h = append(*h, x)
	s := *h
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !x.before(s[up]) {
			break
		}
		s[i] = s[up]
		i = up
	}
	s[i] = x
}

func (h *finishes) pop() finish {
	s := *h
	top := s[0]
	n := len(s) - 1
	x := s[n]
	*h = s[:n]
	if n > 0 {
		s[:n].sink(0, x)
	}
	return top
}

// sink puts x at i or below.
func (h finishes) sink(i int, x finish) {
	for {
		k := 2*i + 1
		if k >= len(h) {
			break
		}
		if k+1 < len(h) && h[k+1].before(h[k]) {
			k++
		}
		if !h[k].before(x) {
			break
		}
		h[i] = h[k]
		i = k
	}
	h[i] = x
}

// remove takes out a job. It searches, for preemptions are rare.
func (h *finishes) remove(job int32) {
	s := *h
	for i := range s {
		if s[i].job != job {
			continue
		}
		n := len(s) - 1
		x := s[n]
		*h = s[:n]
		if i == n {
			return
		}
		s = s[:n]
		for i > 0 && x.before(s[(i-1)/2]) {
			s[i] = s[(i-1)/2]
			i = (i - 1) / 2
		}
		s.sink(i, x)
		return
	}
}

// queue is a ring of jobs.
type queue struct {
	ring  []int32 // a power of two long
	first int
	n     int
}

func (q *queue) len() int { return q.n }

func (q *queue) front() int32 { return q.ring[q.first] }

func (q *queue) grow() {
	if q.n < len(q.ring) {
		return
	}
	ring := make([]int32, max(16, 2*len(q.ring)))
	k := copy(ring, q.ring[q.first:])
	copy(ring[k:], q.ring[:q.first])
	q.ring, q.first = ring, 0
}

func (q *queue) pushBack(i int32) {
	q.grow()
	q.ring[(q.first+q.n)&(len(q.ring)-1)] = i
	q.n++
}

func (q *queue) pushFront(i int32) {
	q.grow()
	q.first = (q.first - 1) & (len(q.ring) - 1)
	q.ring[q.first] = i
	q.n++
}

func (q *queue) pop() int32 {
	i := q.ring[q.first]
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.n--
	return i
}
