package workload

import (
	"math"
	"slices"
	"time"

	"breakeven/usage"
)

// reorder is how many arrivals are held back to be put in order. Logs are written when calls end, so that
// their begins are out of order by a few calls; tracers batch them. Exports that begin with the newest call
// are read backwards, which changes no figure.
const reorder = 4096

// arrival is one instant with the calls that began then.
type arrival struct {
	t int64 // nanoseconds
	n int64
}

// arrivals measures how calls arrive: gaps, and counts in windows.
type arrivals struct {
	held    []arrival // in order of time once started, in order of the log before
	head    int       // the first that is still held
	started bool
	dir     int64 // 1, or -1 for a log that begins with its newest call
	ups     int   // how often time went forward, and backward, before the start
	downs   int
	last    int64 // of the last one measured, times dir
	any     bool
	late    int64 // came after a later one had been measured: left out
	rows    int64

	step    int64 // the clock's step, zero for none
	origin  int64
	gaps    exact // nanoseconds
	ticks   tickGaps
	windows [3]window
}

var windowWidths = [3]time.Duration{time.Second, 10 * time.Second, time.Minute}

func (a *arrivals) add(t, n int64) {
	a.rows++
	if !a.started {
		if len(a.held) == 0 {
			if a.held == nil {
				a.held = make([]arrival, 0, 2*reorder)
			}
		} else if before := a.held[len(a.held)-1].t; t > before {
			a.ups++
		} else if t < before {
			a.downs++
		}
		a.held = append(a.held, arrival{t, n})
		if len(a.held) == reorder {
			a.start()
		}
		return
	}
	t *= a.dir
	if t < a.last && a.any {
		a.late++
		return
	}
	if len(a.held) == cap(a.held) {
		n := copy(a.held, a.held[a.head:])
		a.held, a.head = a.held[:n], 0
	}
	a.held = append(a.held, arrival{t, n})
	for i := len(a.held) - 1; i > a.head && a.held[i-1].t > t; i-- {
		a.held[i-1], a.held[i] = a.held[i], a.held[i-1]
	}
	if len(a.held)-a.head > reorder {
		a.measure(a.held[a.head])
		a.head++
	}
}

// start fixes the direction and the clock's step, from what is held.
func (a *arrivals) start() {
	a.started, a.dir = true, 1
	if a.downs > a.ups {
		a.dir = -1
	}
	for i := range a.held {
		a.held[i].t *= a.dir
	}
	slices.SortStableFunc(a.held, func(x, y arrival) int {
		switch {
		case x.t < y.t:
			return -1
		case x.t > y.t:
			return 1
		}
		return 0
	})
	var meter usage.TickMeter
	for _, h := range a.held {
		meter.Add(time.Unix(0, h.t))
	}
	a.step = int64(meter.Step())
	if len(a.held) > 0 {
		a.origin = a.held[0].t
	}
	for i := range a.windows {
		a.windows[i].width = int64(windowWidths[i])
	}
}

// finish measures what is still held. It is called on a copy with its own held, so that more can be added to
// the original afterwards.
func (a *arrivals) finish() {
	if !a.started {
		a.start()
	}
	for _, h := range a.held[a.head:] {
		a.measure(h)
	}
	a.ticks.close(a.step)
}

// measure takes the next arrival in order.
func (a *arrivals) measure(h arrival) {
	if a.any {
		a.gaps.add(h.t - a.last)
	}
	a.any, a.last = true, h.t
	if a.step > 0 {
		a.ticks.add((h.t-a.origin+a.step/2)/a.step, a.step)
	}
	for i := range a.windows {
		a.windows[i].add(h.t-a.origin, h.n)
	}
}

// tickGaps is what the gaps between arrivals would be on average if the m arrivals of each step of the clock
// came at m independent uniform times inside it. Order statistics of m uniform times in a step of length q
// give, for a gap inside the step, for the rest behind the last arrival and for the wait before the first:
//
//	mean q/(m+1), mean square 2q²/((m+1)(m+2))
//
// and the gap over a step's end is such a rest, plus the steps without arrivals, plus such a wait, all
// independent.
type tickGaps struct {
	tick, count   int64 // the current step
	before, prior int64 // the one before, and its arrivals; prior is zero for none
	n             int64
	sum, squares  float64 // seconds, seconds squared
}

func (g *tickGaps) add(tick, step int64) {
	if g.count > 0 && tick > g.tick {
		g.close(step)
		g.before, g.prior, g.count = g.tick, g.count, 0
	}
	if g.count == 0 {
		g.tick = tick
	}
	g.count++
}

// close adds up the gaps that end in the current step.
func (g *tickGaps) close(step int64) {
	if g.count == 0 {
		return
	}
	q, m := float64(step)/1e9, float64(g.count)
	g.n += g.count - 1
	g.sum += (m - 1) * q / (m + 1)
	g.squares += (m - 1) * 2 * q * q / ((m + 1) * (m + 2))
	if g.prior == 0 {
		return
	}
	k := float64(g.prior)
	rest, wait, empty := q/(k+1), q/(m+1), float64(g.tick-g.before-1)*q
	g.n++
	g.sum += rest + wait + empty
	g.squares += 2*q*q/((k+1)*(k+2)) + 2*q*q/((m+1)*(m+2)) + empty*empty + 2*(rest*wait+rest*empty+wait*empty)
}

func (g *tickGaps) cv() (Ratio, bool) {
	if g.n < 2 || g.sum <= 0 {
		return 0, false
	}
	mean := g.sum / float64(g.n)
	return Ratio(math.Sqrt(max(g.squares/float64(g.n)-mean*mean, 0)) / mean), true
}

// window counts arrivals in windows of one width, the first of which begins at the first arrival. The last one
// is cut by the end of the log, so it counts for the peak and not for the variance.
type window struct {
	width   int64
	index   int64
	count   int64
	n       int64 // windows closed, empty ones between included
	sum     float64
	squares float64
	most    int64
}

// add counts n calls at a time since the first arrival, which never decreases.
func (w *window) add(since, n int64) {
	if index := since / w.width; index != w.index {
		c := float64(w.count)
		w.n += index - w.index
		w.sum += c
		w.squares += c * c
		w.index, w.count = index, 0
	}
	w.count += n
	w.most = max(w.most, w.count)
}

// iod is the variance over the mean of the counts.
func (w *window) iod() (Ratio, bool) {
	if w.n < 2 || w.sum <= 0 {
		return 0, false
	}
	mean := w.sum / float64(w.n)
	return Ratio((w.squares/float64(w.n) - mean*mean) / mean), true
}
