package sim

import (
	"fmt"
	"math"
)

// BalanceError says that the simulation lost or invented something. It is a fault of this package.
type BalanceError struct {
	What      string
	Got, Want float64
}

func (e *BalanceError) Error() string {
	return fmt.Sprintf("simulation does not balance: %s is %g and should be %g; please report it", e.What, e.Got, e.Want)
}

// check holds the run to what must balance: every request has ended, every prompt was read or found, every token
// was delivered or wasted, memory is given back, and the time that requests spent is that of the queues they spent
// it in (Little).
func (f *fleet) check(r *Result) error {
	var ended int64
	for _, n := range r.Statuses {
		ended += n
	}
	type balance struct {
		what      string
		got, want int64
	}
	s := &f.sums
	all := []balance{
		{"requests that ended", ended, r.Requests},
		{"requests left", f.inside, 0},
		{"prompt tokens read and found", s.read + s.hit, s.ended + s.abandoned},
		{"tokens generated", s.made, s.output + s.wasted},
	}
	for _, p := range f.replicas {
		all = append(all,
			balance{fmt.Sprintf("free blocks of replica %d", p.id), p.pool.free, p.pool.total},
			balance{fmt.Sprintf("sequences left on replica %d", p.id), int64(p.decoding + p.load()), 0},
			balance{fmt.Sprintf("contexts left on replica %d", p.id), p.bases, 0},
		)
	}
	for _, b := range all {
		if b.got != b.want {
			return &BalanceError{What: b.what, Got: float64(b.got), Want: float64(b.want)}
		}
	}
	if in := (r.Waiting + r.Running) * float64(r.Span); math.Abs(in-s.sojourn) > 1e-6*max(1, in) {
		return &BalanceError{What: "time that requests spent", Got: in, Want: s.sojourn}
	}
	return nil
}
