package sim

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// collect runs the simulator and puts the outcomes in the order of the stream.
func collect(c Config, requests []Request) ([]Outcome, *Result, error) {
	out := make([]Outcome, len(requests))
	r, err := Run(c, slices.Values(requests), func(o *Outcome) { out[o.Index] = *o })
	return out, r, err
}

// near tells whether two times are the same to 1e-9 relative.
func near(a, b Seconds) bool {
	return math.Abs(float64(a-b)) <= 1e-9*max(1, math.Abs(float64(a)), math.Abs(float64(b)))
}

// fleets draws small configurations with everything in them, and streams that press on their memory.
func fleets(t *rapid.T) (Config, []Request) {
	timer := line{base: 0.01, each: 1e-4, prompt: 3e-5, context: 2e-6}
	if rapid.Bool().Draw(t, "bend") {
		timer.window = 64
	}
	c := Config{
		Timer:        timer,
		KVTokens:     rapid.Int64Range(4, 120).Draw(t, "blocks") * BlockTokens,
		MaxSequences: rapid.IntRange(1, 12).Draw(t, "sequences"),
		Replicas:     rapid.IntRange(1, 3).Draw(t, "replicas"),
		Routing:      rapid.SampledFrom([]Routing{RoundRobin, LeastLoaded, PrefixAffinity}).Draw(t, "routing"),
		Spill:        rapid.IntRange(0, 4).Draw(t, "spill"),
		Host:         0.003,
		Seed:         rapid.Uint64Max(9).Draw(t, "seed"),
		Bucket:       Seconds(rapid.Float64Range(0.01, 5).Draw(t, "bucket")),
	}
	c.TokenBudget = c.MaxSequences + rapid.IntRange(0, 300).Draw(t, "budget")
	if rapid.IntRange(0, 3).Draw(t, "marked") == 0 {
		c.Watermark = 0.1
	}
	if rapid.IntRange(0, 3).Draw(t, "limited") == 0 {
		c.MaxContext = 700
	}
	hashed := rapid.Bool().Draw(t, "hashed")
	if hashed {
		c.UnitTokens = rapid.SampledFrom([]int64{16, 32, 64}).Draw(t, "unit")
	} else if rapid.Bool().Draw(t, "hits") {
		c.HitRate = 0.4
	}
	if rapid.IntRange(0, 2).Draw(t, "scaled") == 0 {
		c.Scale = &Scale{
			Min: rapid.IntRange(0, c.Replicas).Draw(t, "min"), Max: rapid.IntRange(c.Replicas, 4).Draw(t, "max"), PerReplica: rapid.Float64Range(0.7, 6).Draw(t, "per replica"),
			Every: Seconds(rapid.Float64Range(0.1, 2).Draw(t, "every")), ColdStart: Seconds(rapid.Float64Range(0, 3).Draw(t, "cold")), Hold: Seconds(rapid.Float64Range(0, 5).Draw(t, "hold")),
		}
		c.Replicas = rapid.IntRange(c.Scale.Min, c.Scale.Max).Draw(t, "at first")
	}
	if rapid.IntRange(0, 2).Draw(t, "failing") == 0 {
		c.Failures = &Failures{Retries: rapid.IntRange(0, 3).Draw(t, "retries"), Repair: Seconds(rapid.Float64Range(0, 2).Draw(t, "repair"))}
		if rapid.Bool().Draw(t, "by chance") {
			c.Failures.MeanTime = 10
		}
		for range rapid.IntRange(0, 3).Draw(t, "outages") {
			c.Failures.Outages = append(c.Failures.Outages, Outage{
				Replica: rapid.IntRange(0, 3).Draw(t, "which"), At: Seconds(rapid.Float64Range(0, 10).Draw(t, "at")), For: Seconds(rapid.Float64Range(0, 3).Draw(t, "for")),
			})
		}
	}
	rate := rapid.Float64Range(0.5, 200).Draw(t, "rate")
	// About five requests fill the cache, and one in twenty is too long for it.
	room := float64(c.KVTokens)
	stream := Synthetic{Rate: 1, Input: max(4, room/9), Output: max(2, room/7), InputCV: 1.2, OutputCV: 1, Count: rapid.Int64Range(1, 80).Draw(t, "count"), Seed: rapid.Uint64().Draw(t, "stream")}
	var requests []Request
	for q := range stream.Requests() {
		q.Arrival /= Seconds(rate)
		n := uint64(len(requests))
		draw := mix(stream.Seed, n)
		if draw%10 == 0 {
			q.Output = 0
		}
		if draw%37 == 1 {
			q.Input = 0
		}
		// One in eight comes with the one before.
		if n > 0 && draw>>8%8 == 0 {
			q.Arrival = requests[n-1].Arrival
		}
		switch {
		case hashed && draw>>16%3 == 0:
			q.Group, q.GroupTokens = 1+draw>>24%3, int64(draw>>32%uint64(room/4))
		case hashed:
			// A chain: what it hashes to depends on everything before.
			for k := range draw >> 24 % 9 {
				last := uint64(7)
				if k > 0 {
					last = q.Prefix[k-1]
				}
				q.Prefix = append(q.Prefix, mix(last, draw>>(32+2*k)%2))
			}
		case draw>>16%4 == 0:
			q.Cached = int64(draw >> 24 % uint64(room/4))
		}
		requests = append(requests, q)
	}
	return c, requests
}

// TestSameAsStepped holds the event-compressed simulator to the reference, on every request.
func TestSameAsStepped(t *testing.T) {
	var seen struct{ preemptions, chunks, hits, retries, refusals int }
	rapid.Check(t, func(t *rapid.T) {
		c, requests := fleets(t)
		want := refRun(c, requests)
		got, result, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			w := want.out[i]
			if !near(g.First, w.First) || !near(g.End, w.End) || !near(g.Admitted, w.Admitted) {
				t.Fatalf("request %d:\ngot  %+v\nwant %+v", i, g, w)
			}
			g.First, g.End, g.Admitted = w.First, w.End, w.Admitted
			if g != w {
				t.Fatalf("request %d:\ngot  %+v\nwant %+v", i, g, w)
			}
			seen.preemptions += g.Preemptions
			seen.hits += int(min(g.Hit, 1))
			seen.retries += g.Retries
			if g.Status != Completed {
				seen.refusals++
			}
			if g.Input > int64(c.TokenBudget) {
				seen.chunks++
			}
		}
		for i, r := range want.replicas {
			if c.Failures == nil && !near(result.Replicas[i].Busy, Seconds(r.busy)) {
				t.Fatalf("replica %d was busy for %g s, want %g", i, result.Replicas[i].Busy, r.busy)
			}
		}
	})
	t.Logf("seen: %+v", seen)
	if min(seen.preemptions, seen.chunks, seen.hits, seen.retries, seen.refusals) == 0 {
		t.Error("the fleets drawn leave something out")
	}
}
