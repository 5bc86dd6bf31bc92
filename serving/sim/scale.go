package sim

import "math"

// Scale starts and stops replicas with the number of requests in the fleet, as autoscalers of concurrency do.
type Scale struct {
	Min, Max int
	// PerReplica is how many requests, waiting ones included, a replica should have: the fleet wants as many
	// replicas as that makes, rounded up. Those being started or repaired count.
	PerReplica float64
	// Every is how often it looks. Starting is immediate, and takes ColdStart until the replica is ready. Stopping
	// waits until fewer were wanted for all of Hold; a replica that stops first finishes what it has.
	Every, ColdStart, Hold Seconds
}

// scaler is the state of the autoscaler. It looks at whole multiples of its period from the start.
type scaler struct {
	looks int64 // the number of the next look, and its time
	next  float64
	least int64   // no look before this one, for they have been
	below float64 // since when fewer were wanted; infinity if they are not
	quiet bool    // nothing changes before the next arrival or event of a replica, so that looks before next are left out
}

// lookFrom sets the next look to the first one from a time on.
func (f *fleet) lookFrom(t float64) {
	every := float64(f.c.Scale.Every)
	n := int64(math.Ceil((t - f.start) / every))
	if f.start+float64(n-1)*every >= t {
		n-- // the quotient was rounded up
	}
	f.scaler.looks = max(f.scaler.least, n)
	f.scaler.next = f.start + float64(f.scaler.looks)*every
}

// wake takes the autoscaler back to its period.
func (f *fleet) wake(t float64) {
	if !f.scaler.quiet {
		return
	}
	f.scaler.quiet = false
	f.lookFrom(t)
	f.next = min(f.next, f.scaler.next)
}

// rescale is one look of the autoscaler.
func (f *fleet) rescale(t float64) {
	c, s := f.c.Scale, &f.scaler
	s.quiet = false
	s.looks++
	s.least = s.looks
	s.next = f.start + float64(s.looks)*float64(c.Every)

	have := 0
	for _, r := range f.replicas {
		if r.phase != off && r.phase != draining {
			have++
		}
	}
	idle := f.inside == int64(f.stranded.len())
	want := min(max(int(math.Ceil(float64(f.inside)/c.PerReplica)), c.Min), c.Max)
	switch {
	case want > have:
		for range want - have {
			f.launch(t, float64(c.ColdStart))
		}
	case want < have:
		s.below = min(s.below, t)
		if t-s.below < float64(c.Hold) {
			if until := s.below + float64(c.Hold); idle && until > s.next {
				s.quiet = true
				f.lookFrom(until)
			}
			return
		}
		for i := len(f.replicas) - 1; i >= 0 && want < have; i-- {
			if f.retire(f.replicas[i], t) {
				have--
			}
		}
	}
	s.below = math.Inf(1)
	if want == have && idle {
		s.quiet, s.next = true, math.Inf(1)
	}
}

// launch starts a replica that will be ready after a time: one that was stopped, or a new one.
func (f *fleet) launch(t, after float64) {
	var r *replica
	for _, x := range f.replicas {
		if x.phase == off {
			r = x
			break
		}
	}
	if r == nil {
		r = f.add()
	}
	r.pool.reset()
	r.phase, r.since, r.now = starting, t, t
	r.change = t + after
	f.series.add(upLevel, t, 1)
	for len(r.outages) > 0 && float64(r.outages[0].At) < t {
		r.outages = r.outages[1:]
	}
	if r.change <= t {
		f.ready(r, t)
	}
}

// ready lets a replica serve.
func (f *fleet) ready(r *replica, t float64) {
	r.phase, r.now = ready, max(r.now, t)
	r.change = f.failure(r, t)
	f.listUp()
	for f.stranded.len() > 0 {
		f.route(f.stranded.pop(), t)
	}
}

// retire stops a replica, once it has finished what it has, and tells whether it did anything.
func (f *fleet) retire(r *replica, t float64) bool {
	switch r.phase {
	case off, draining:
		return false
	case ready:
		if r.load() > 0 {
			r.phase = draining
			f.listUp()
			return true
		}
	case starting, down:
	}
	f.stop(r, t)
	return true
}

// stop ends a replica's rent.
func (f *fleet) stop(r *replica, t float64) {
	r.phase = off
	r.change = math.Inf(1)
	r.stats.Up += Seconds(t - r.since)
	f.series.add(upLevel, t, -1)
	f.listUp()
}

// listUp lists the replicas that take requests.
func (f *fleet) listUp() {
	f.up = f.up[:0]
	for _, r := range f.replicas {
		if r.phase == ready {
			f.up = append(f.up, r.id)
		}
	}
}
