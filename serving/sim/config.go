package sim

import (
	"fmt"
	"math"

	"breakeven/serving"
	"breakeven/unit"
)

// Seconds is a time from the start of the stream, or a duration.
type Seconds = serving.Seconds

// Timer is how long the steps of an engine take. [serving.Engine] is one.
type Timer interface {
	// Chunk is the work of reading the next tokens of a prompt of which done are in the cache.
	Chunk(done, tokens int64, last bool) serving.Prefill
	// Time is a step with prompt work, beside sequences that decode over context tokens in all.
	Time(p serving.Prefill, sequences int, context int64) Seconds
	// Decode is a run of steps in which the sequences only decode, their contexts adding up to context at its
	// first step.
	Decode(sequences int, context int64) serving.Run
}

// BlockTokens is how many tokens a block of the cache holds.
const BlockTokens = 16

// Config is a fleet. Replicas are all alike.
type Config struct {
	Timer Timer
	// KVTokens is how many tokens the cache of one replica holds; it is rounded down to whole blocks.
	KVTokens int64
	// MaxSequences run at once on a replica, and a step processes at most TokenBudget tokens: one for each
	// sequence that decodes, the rest of prompts. The budget is at least MaxSequences.
	MaxSequences, TokenBudget int
	// MaxContext is the longest prompt and answer together that the model takes; zero asks nothing.
	MaxContext int64
	// Watermark is the share of the cache that an admission must leave free while others run.
	Watermark unit.Share
	// Host is added to every time to first token and to every end: reading, tokenising and answering.
	Host Seconds

	// UnitTokens is how many tokens one prefix hash of a request stands for, a multiple of [BlockTokens]. Zero is
	// a fleet without hashes: each request's own Cached tokens, or HitRate, then say what the cache holds.
	UnitTokens int64
	// HitRate is the share of a prompt found in the cache where the request itself doesn't say. It saves
	// work, not memory, which is counted as if no two requests shared any.
	HitRate unit.Share

	// Replicas is how many are ready at the start, and at all times without Scale.
	Replicas int
	Routing  Routing
	// Spill is by how many requests a replica may exceed the least loaded one before prefix affinity gives way.
	// Zero is 32.
	Spill    int
	Scale    *Scale
	Failures *Failures
	Users    *Users

	// Power is what one replica draws.
	Power Power
	// Target is what makes a request good.
	Target Target
	// Warmup leaves requests that arrive within it out of the distributions and of the goodput.
	Warmup Seconds
	// Bucket is the first width of the series' buckets, one second if zero. It doubles whenever there would be more than
	// [MaxBuckets] of them.
	Bucket Seconds
	// Seed is that of the failures.
	Seed uint64
}

// For is a fleet of n replicas of an engine, with its limits.
func For(e *serving.Engine, n int) Config {
	r := e.Replica()
	return Config{
		Timer: e, KVTokens: int64(e.Memory().KVTokens),
		MaxSequences: r.Limits.MaxSequences, TokenBudget: max(int(r.Limits.TokenBudget), r.Limits.MaxSequences),
		MaxContext: r.Model.MaxContext, Host: r.Efficiency.Host,
		Replicas: n, Routing: LeastLoaded,
	}
}

// Users make the stream a closed loop: each sends its next request when its last one has ended, and arrival times
// in the stream count for nothing.
type Users struct {
	Count int
	// Think is from the end of an answer to the user's next request.
	Think Seconds
}

// Power is the draw of one replica, in watts.
type Power struct{ Idle, Busy float64 }

// Target is the latency that makes a request good. A zero field asks nothing.
type Target struct{ TTFT, TPOT, End Seconds }

// ConfigError is a field that no fleet can have.
type ConfigError struct {
	Field string
	Err   error
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// The largest sizes that are simulated.
const (
	maxReplicas = 1 << 14
	maxTokens   = 1 << 30
	maxTime     = 1e9 // seconds, thirty years
)

// Check reports the first field that no fleet can have.
func (c *Config) Check() error {
	fail := func(field, format string, args ...any) error {
		return &ConfigError{Field: field, Err: fmt.Errorf(format, args...)}
	}
	span := func(field string, s Seconds, least float64) error {
		if !(float64(s) >= least && float64(s) <= maxTime) {
			return fail(field, "%g s is not between %g and %g", float64(s), least, float64(maxTime))
		}
		return nil
	}
	switch {
	case c.Timer == nil:
		return fail("timer", "missing: give an engine")
	case c.KVTokens < BlockTokens || c.KVTokens > 1<<50:
		return fail("kv_tokens", "%d is not between one block of %d and 2^50", c.KVTokens, BlockTokens)
	case c.MaxSequences < 1 || c.MaxSequences > 1<<24:
		return fail("max_sequences", "%d is not between 1 and 16,777,216", c.MaxSequences)
	case c.TokenBudget < c.MaxSequences || c.TokenBudget > maxTokens:
		return fail("token_budget", "%d is not between max_sequences, %d, and 2^30: every sequence that runs needs one token of it", c.TokenBudget, c.MaxSequences)
	case c.MaxContext < 0:
		return fail("max_context", "%d is negative", c.MaxContext)
	case !(c.Watermark >= 0 && c.Watermark < 1):
		return fail("watermark", "%g is not at least 0 and below 1", float64(c.Watermark))
	case c.UnitTokens < 0 || c.UnitTokens%BlockTokens != 0 || c.UnitTokens > maxTokens:
		return fail("unit_tokens", "%d is not a multiple of %d", c.UnitTokens, BlockTokens)
	case !(c.HitRate >= 0 && c.HitRate <= 1):
		return fail("hit_rate", "%g is not between 0 and 1", float64(c.HitRate))
	case c.Replicas < 0 || c.Replicas > maxReplicas:
		return fail("replicas", "%d is not between 0 and %d", c.Replicas, maxReplicas)
	case c.Replicas == 0 && c.Scale == nil:
		return fail("replicas", "none, and no autoscaling that could start one")
	case c.Routing >= routings:
		return fail("routing", "%d is not a routing", c.Routing)
	case c.Spill < 0:
		return fail("spill", "%d is negative", c.Spill)
	case !(c.Power.Idle >= 0 && c.Power.Busy >= 0) || math.IsInf(c.Power.Idle+c.Power.Busy, 1):
		return fail("power", "%g and %g W are not both at least 0", c.Power.Idle, c.Power.Busy)
	}
	for _, s := range []struct {
		field string
		value Seconds
	}{
		{"host", c.Host}, {"target.ttft", c.Target.TTFT}, {"target.tpot", c.Target.TPOT}, {"target.end", c.Target.End},
		{"warmup", c.Warmup}, {"bucket", c.Bucket},
	} {
		if err := span(s.field, s.value, 0); err != nil {
			return err
		}
	}
	if u := c.Users; u != nil {
		if u.Count < 1 || u.Count > 1<<24 {
			return fail("users.count", "%d is not between 1 and 16,777,216", u.Count)
		}
		if err := span("users.think", u.Think, 0); err != nil {
			return err
		}
	}
	if s := c.Scale; s != nil {
		switch {
		case s.Min < 0 || s.Max < 1 || s.Min > s.Max || s.Max > maxReplicas:
			return fail("scale", "between %d and %d replicas: want 0 <= min <= max <= %d, and max at least 1", s.Min, s.Max, maxReplicas)
		case c.Replicas < s.Min || c.Replicas > s.Max:
			return fail("replicas", "%d is not between the scale's %d and %d", c.Replicas, s.Min, s.Max)
		case !(s.PerReplica > 0 && s.PerReplica <= 1e9):
			return fail("scale.per_replica", "%g requests is not above 0", s.PerReplica)
		}
		for _, v := range []struct {
			field string
			value Seconds
			least float64
		}{{"scale.every", s.Every, 0.1}, {"scale.cold_start", s.ColdStart, 0}, {"scale.hold", s.Hold, 0}} {
			if err := span(v.field, v.value, v.least); err != nil {
				return err
			}
		}
	}
	if x := c.Failures; x != nil {
		if x.Retries < 0 {
			return fail("failures.retries", "%d is negative", x.Retries)
		}
		if x.MeanTime != 0 {
			if err := span("failures.mean_time", x.MeanTime, 10); err != nil {
				return err
			}
		}
		if err := span("failures.repair", x.Repair, 0); err != nil {
			return err
		}
		for i, o := range x.Outages {
			if o.Replica < 0 || o.Replica >= maxReplicas || !(o.At >= 0 && o.At <= maxTime) || !(o.For >= 0 && o.For <= maxTime) {
				return fail(fmt.Sprintf("failures.outages[%d]", i), "replica %d at %g s for %g s: want none of them negative", o.Replica, float64(o.At), float64(o.For))
			}
		}
	}
	return nil
}
