package sim

import (
	"math"
	"math/rand/v2"
	"slices"

	"breakeven/serving"
)

// Failures take replicas down. What a replica was doing is lost, its cache too, and its requests go through the
// router again.
type Failures struct {
	// MeanTime is the mean of the exponential times that a replica is up between failures; zero is none by chance.
	MeanTime Seconds
	// Repair is how long a replica that failed by chance is down.
	Repair  Seconds
	Outages []Outage
	// Retries is how often a request is sent again. One more failure, and it has failed.
	Retries int
}

// Outage takes one replica down at a time, if it is up then. Replicas count from zero.
type Outage struct {
	Replica int
	At, For Seconds
}

// failure draws when a replica that is up from t will fail by chance.
func (f *fleet) failure(r *replica, t float64) float64 {
	if f.c.Failures == nil || f.c.Failures.MeanTime == 0 {
		return math.Inf(1)
	}
	if r.random == nil {
		r.random = rand.New(rand.NewPCG(f.c.Seed, uint64(r.id)))
	}
	return t + r.random.ExpFloat64()*float64(f.c.Failures.MeanTime)
}

// outages are a replica's own, in the order of their times.
func (f *fleet) outages(id int32) []Outage {
	if f.c.Failures == nil {
		return nil
	}
	var own []Outage
	for _, o := range f.c.Failures.Outages {
		if o.Replica == int(id) {
			own = append(own, o)
		}
	}
	slices.SortStableFunc(own, func(a, b Outage) int {
		if a.At < b.At {
			return -1
		} else if a.At > b.At {
			return 1
		}
		return 0
	})
	return own
}

// fail takes a replica down at a time to which it has advanced.
func (f *fleet) fail(r *replica, t, repair float64) {
	if r.steps > 0 {
		r.interrupt(t)
	}
	if r.load() > 0 {
		f.series.add(busyLevel, t, -1)
	}
	var jobs []int32
	for i := r.head; i >= 0; i = f.jobs.at(i).next {
		j := f.jobs.at(i)
		if j.state == decoding {
			j.made = j.output - (j.finish - r.step + 1)
		} else {
			f.sums.abandoned += j.computed
		}
		f.series.add(runningLevel, t, -1)
		f.series.add(waitingLevel, t, 1)
		jobs = append(jobs, i)
	}
	for r.waiting.len() > 0 {
		jobs = append(jobs, r.waiting.pop())
	}
	r.clear()
	r.stats.Failures++
	if r.phase == draining {
		f.stop(r, t)
	} else {
		r.phase, r.change = down, t+repair
		f.listUp()
	}
	for _, i := range jobs {
		j := f.jobs.at(i)
		f.sums.wasted += j.made
		j.reset()
		j.retries++
		if int(j.retries) > f.c.Failures.Retries {
			f.series.add(waitingLevel, t, -1)
			f.end(i, t, Failed)
		} else {
			f.route(i, t)
		}
	}
}

// interrupt counts the steps under way that end by a time, and the time lost in the next.
func (r *replica) interrupt(t float64) {
	n := int64(0)
	if r.steps > 1 {
		n = min(r.run.Within(Seconds(t-r.now)), r.steps-1)
		for n > 0 && r.now+float64(r.run.Time(n)) > t {
			n--
		}
		for n < r.steps-1 && r.now+float64(r.run.Time(n+1)) <= t {
			n++
		}
	}
	if n > 0 {
		r.settle(n, r.now+float64(r.run.Time(n)))
	}
	used := r.pool.total - r.pool.free
	d := t - r.now
	r.stats.Busy += Seconds(d)
	r.kv += d * float64(used)
	r.f.series.segment(r.now, t, used, used, 0)
	r.now, r.steps = t, 0
}

// clear empties a replica that has failed.
func (r *replica) clear() {
	r.work, r.chunk, r.ends = serving.Prefill{}, 0, r.ends[:0]
	r.decoding, r.bases, r.needs = 0, 0, [BlockTokens]int32{}
	r.finishes = r.finishes[:0]
	r.part, r.head, r.tail, r.running = -1, -1, -1, 0
	r.pool.reset()
}

// reset lets a job start over.
func (j *job) reset() {
	j.admitted, j.first = math.NaN(), math.NaN()
	j.length, j.computed, j.made, j.hit = j.input, 0, 0, 0
	j.units, j.seen, j.covered = j.units[:0], 0, 0
	j.state, j.whole = queued, false
}
