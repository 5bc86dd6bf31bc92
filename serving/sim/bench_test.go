package sim

import (
	"iter"
	"slices"
	"syscall"
	"testing"
	"time"

	"breakeven/unit"
)

// BenchmarkMillion serves a million requests of log-normal lengths on one replica of an 8B model at 70 % of the rate
// that it sustains, making the stream included. It reports requests a second of processor time, which says more than
// the clock where other work shares the machine.
func BenchmarkMillion(b *testing.B) {
	for _, shape := range []struct {
		name string
		s    Synthetic
	}{
		// Saturated, the replica serves 40.1 and 9.1 requests a second.
		{"chat", Synthetic{Input: 256, Output: 256, InputCV: 1, OutputCV: 1, Rate: 28.1}},
		{"documents", Synthetic{Input: 2048, Output: 256, InputCV: 1, OutputCV: 1, Rate: 6.4}},
	} {
		b.Run(shape.name, func(b *testing.B) {
			c := For(small(b), 1)
			shape.s.Count, shape.s.MaxInput, shape.s.MaxOutput = 1_000_000, 16_384, 4096
			measure(b, c, shape.s.Requests(), int(shape.s.Count))
		})
	}
}

// processor is the time that the process has had.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkShapes is what else a fleet may be: several replicas, too little memory, too much load, and a trace with
// prefix hashes.
func BenchmarkShapes(b *testing.B) {
	chat := Synthetic{Input: 256, Output: 256, InputCV: 1, OutputCV: 1, MaxInput: 16_384, MaxOutput: 4096, Count: 100_000}
	for _, shape := range []struct {
		name     string
		rate     float64
		replicas int
		kv       int64
		routing  Routing
	}{
		{"in turn to eight", 8 * 28, 8, 0, RoundRobin},
		{"least loaded of eight", 8 * 28, 8, 0, LeastLoaded},
		{"half the memory", 28, 1, 40_000, LeastLoaded},
		{"three times the load", 120, 1, 0, LeastLoaded},
		{"hardly any load", 1, 1, 0, LeastLoaded},
	} {
		b.Run(shape.name, func(b *testing.B) {
			c := For(small(b), shape.replicas)
			c.Routing = shape.routing
			if shape.kv > 0 {
				c.KVTokens = shape.kv
			}
			s := chat
			s.Rate = unit.RequestsPerSecond(shape.rate)
			measure(b, c, s.Requests(), int(s.Count))
		})
	}
	b.Run("trace with prefixes", func(b *testing.B) {
		requests, _ := trace(b, "mooncake_conversation")
		c := For(small(b), 4)
		c.UnitTokens, c.MaxContext, c.KVTokens, c.Routing = 512, 0, 3_000_000, PrefixAffinity
		measure(b, c, slices.Values(requests), len(requests))
	})
}

func measure(b *testing.B, c Config, requests iter.Seq[Request], count int) {
	b.ReportAllocs()
	before := processor()
	var r *Result
	for b.Loop() {
		var err error
		if r, err = Run(c, requests, nil); err != nil {
			b.Fatal(err)
		}
	}
	done := float64(count) * float64(b.N)
	b.ReportMetric(done/(processor()-before).Seconds(), "requests/cpu-s")
	b.ReportMetric(done/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(r.Running, "running")
	b.ReportMetric(float64(r.Preemptions), "preemptions")
	var steps int64
	for _, s := range r.Replicas {
		steps += s.Steps
	}
	b.ReportMetric(float64(steps), "steps")
}
