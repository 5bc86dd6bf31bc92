package sim

import "math"

// Routing is how a router picks a replica for a request.
type Routing uint8

// The routings.
const (
	// RoundRobin takes the replicas that are up in turn.
	RoundRobin Routing = iota
	// LeastLoaded takes the replica with the fewest requests, waiting ones included, and of equals the first.
	LeastLoaded
	// PrefixAffinity takes the replica whose cache holds most of the prompt, as long as that one has no more than
	// [Config.Spill] requests more than the least loaded; others go to the least loaded. In a fleet without hashes
	// it is a replica of the group's own, or of the first hash's.
	PrefixAffinity
	routings
)

var routingNames = [routings]string{"round robin", "least loaded", "prefix affinity"}

// String names the routing.
func (r Routing) String() string {
	if r >= routings {
		return "unknown"
	}
	return routingNames[r]
}

// MarshalText writes the name.
func (r Routing) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// pick is the replica for a job that comes at a time, having advanced it to then. There is one that is up.
func (f *fleet) pick(j *job, t float64) *replica {
	if len(f.up) == 1 || f.c.Routing == RoundRobin {
		if f.turn >= len(f.up) {
			f.turn = 0
		}
		r := f.replicas[f.up[f.turn]]
		f.turn++
		r.advance(t)
		return r
	}
	var least *replica
	low := math.MaxInt
	for _, i := range f.up {
		r := f.replicas[i]
		r.advance(t)
		if n := r.load(); n < low {
			low, least = n, r
		}
	}
	if f.c.Routing == LeastLoaded {
		return least
	}
	home := f.home(j, t)
	if home == nil {
		return least
	}
	if home.load() > low+f.spill {
		return least
	}
	return home
}

// home is the replica that knows a job best; none where all are alike to it.
func (f *fleet) home(j *job, t float64) *replica {
	var home *replica
	if f.c.UnitTokens > 0 {
		var most int64
		for _, i := range f.up {
			r := f.replicas[i]
			r.grow(t)
			n, _, _ := r.pool.found(j)
			if n > most || n == most && n > 0 && r.load() < home.load() {
				home, most = r, n
			}
		}
		return home
	}
	key := j.group
	if key == 0 {
		if len(j.prefix) == 0 {
			return nil
		}
		key = j.prefix[0]
	}
	// The highest of a hash of request and replica (rendezvous hashing): one replica more or less moves only its
	// own share of the keys.
	var best uint64
	for _, i := range f.up {
		if h := mix(key, uint64(i)); home == nil || h > best {
			home, best = f.replicas[i], h
		}
	}
	return home
}
