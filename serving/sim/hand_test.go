package sim

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// clock is an engine whose every step takes a second.
var clock = line{base: 1}

// one is a replica with the clock, room for four blocks, two sequences, and 32 tokens a step.
func one() Config {
	return Config{Timer: clock, KVTokens: 4 * BlockTokens, MaxSequences: 2, TokenBudget: 32, Replicas: 1}
}

// story tells a stream's outcomes, one a line: replica, admission, first token, end, and what else happened.
func story(t *testing.T, c Config, requests ...Request) string {
	t.Helper()
	out, _, err := collect(c, requests)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range out {
		if o.Status != Completed {
			fmt.Fprintf(&b, "%d %s", o.Index, o.Status)
		} else {
			fmt.Fprintf(&b, "%d on %d: %g %g %g", o.Index, o.Replica, float64(o.Admitted), float64(o.First), float64(o.End))
		}
		for _, extra := range []struct {
			name  string
			count int
		}{{"hit", int(o.Hit)}, {"preempted", o.Preemptions}, {"retried", o.Retries}} {
			if extra.count > 0 {
				fmt.Fprintf(&b, ", %s %d", extra.name, extra.count)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestByHand(t *testing.T) {
	at := func(t Seconds, input, output int64) Request { return Request{Arrival: t, Input: input, Output: output} }
	for _, test := range []struct {
		name, why string
		change    func(*Config)
		stream    []Request
		want      string
	}{
		{
			name:   "alone",
			why:    "the prompt's step makes the first token, and two more steps the others",
			stream: []Request{at(5, 20, 3)},
			want:   "0 on 0: 5 6 8\n",
		}, {
			name:   "chunks",
			why:    "40 tokens are more than a step's 32, so that the first token comes with the second step",
			stream: []Request{at(0, 40, 1)},
			want:   "0 on 0: 0 2 2\n",
		}, {
			name:   "beside",
			why:    "what comes within a step begins with the next one, beside the first request's tokens",
			stream: []Request{at(0, 16, 4), at(0.5, 16, 2)},
			want:   "0 on 0: 0 1 4\n1 on 0: 1 2 3\n",
		}, {
			name:   "at the end of a step",
			why:    "what comes with the end of a step begins at once",
			stream: []Request{at(0, 16, 4), at(1, 16, 2)},
			want:   "0 on 0: 0 1 4\n1 on 0: 1 2 3\n",
		}, {
			name:   "rest of the budget",
			why:    "the second prompt gets 32 - 20 = 12 tokens of the first step, and its last 4 beside a decoding sequence",
			stream: []Request{at(0, 20, 2), at(0, 16, 1)},
			want:   "0 on 0: 0 1 2\n1 on 0: 0 2 2\n",
		}, {
			name:   "sequences",
			why:    "a third sequence waits until one of two has ended",
			stream: []Request{at(0, 8, 5), at(0, 8, 3), at(0, 8, 1)},
			want:   "0 on 0: 0 1 5\n1 on 0: 0 1 3\n2 on 0: 3 4 4\n",
		}, {
			name:   "memory",
			why:    "three of four blocks are taken, and a prompt of two blocks waits for them, and one of one block behind it",
			change: func(c *Config) { c.MaxSequences, c.TokenBudget = 4, 100 },
			stream: []Request{at(0, 48, 3), at(0, 20, 1), at(0, 4, 1)},
			want:   "0 on 0: 0 1 3\n1 on 0: 3 4 4\n2 on 0: 3 4 4\n",
		}, {
			// Both read two blocks in the step until 1 and fill the cache. At 1 each needs a third block: the
			// first one finds none and throws out the second, which has made one token. The first makes its
			// second and third until 3. Then the second reads 32 + 1 tokens, 32 and one, until 5, which makes its
			// second token, and its third comes at 6.
			name:   "preemption",
			why:    "the last admitted gives way, starts over and keeps what it has made",
			change: func(c *Config) { c.TokenBudget = 64 },
			stream: []Request{at(0, 32, 3), at(0, 32, 3)},
			want:   "0 on 0: 0 1 3\n1 on 0: 0 1 5, preempted 1\n",
		}, {
			name:   "no answer",
			why:    "a request without an answer ends with its prompt",
			stream: []Request{at(0, 16, 0)},
			want:   "0 on 0: 0 0 1\n",
		}, {
			name:   "refused",
			why:    "48 + 18 tokens, of which the last is not kept, take five blocks of four; 17 just fit",
			change: func(c *Config) { c.MaxContext = 100 },
			stream: []Request{at(0, 0, 1), at(0, 90, 11), at(0, 48, 18), at(0, 48, 17)},
			want:   "0 empty prompt\n1 longer than the model's context\n2 longer than the cache\n3 on 0: 0 2 18\n",
		}, {
			name:   "known to be cached",
			why:    "of 40 tokens 33 are cached, in whole blocks 32, so that one step reads the rest",
			stream: []Request{{Input: 40, Output: 1, Cached: 33}},
			want:   "0 on 0: 0 1 1, hit 32\n",
		}, {
			name:   "all cached",
			why:    "the last token is always read, and with it its block",
			stream: []Request{{Input: 32, Output: 1, Cached: 32}},
			want:   "0 on 0: 0 1 1, hit 16\n",
		}, {
			name:   "hit rate",
			why:    "half of 64 tokens are found, so that one step is enough",
			change: func(c *Config) { c.HitRate = 0.5 },
			stream: []Request{at(0, 64, 1)},
			want:   "0 on 0: 0 1 1, hit 32\n",
		}, {
			// The first leaves two units, a and b, in the queue with their ends first: 2 free, b, a. The second
			// finds both. The third takes the two free blocks, b and a. So the fourth finds nothing.
			name:   "prefix cache",
			why:    "blocks that nobody holds are found until they are needed for something else",
			change: func(c *Config) { c.UnitTokens, c.TokenBudget = 16, 64 },
			stream: []Request{
				{Arrival: 0, Input: 40, Output: 1, Prefix: []uint64{'a', 'b'}},
				{Arrival: 2, Input: 40, Output: 1, Prefix: []uint64{'a', 'b'}},
				{Arrival: 4, Input: 60, Output: 1},
				{Arrival: 6, Input: 40, Output: 1, Prefix: []uint64{'a', 'b'}},
			},
			want: "0 on 0: 0 1 1\n1 on 0: 2 3 3, hit 32\n2 on 0: 4 5 5\n3 on 0: 6 7 7\n",
		}, {
			name:   "least recently used",
			why:    "a is used again before c comes, which takes b's place",
			change: func(c *Config) { c.UnitTokens, c.TokenBudget, c.KVTokens = 16, 64, 3*BlockTokens },
			stream: []Request{
				{Arrival: 0, Input: 16, Output: 1, Prefix: []uint64{'a'}},
				{Arrival: 2, Input: 16, Output: 1, Prefix: []uint64{'b'}},
				{Arrival: 4, Input: 20, Output: 1, Prefix: []uint64{'a'}},
				{Arrival: 6, Input: 20, Output: 1, Prefix: []uint64{'c'}},
				{Arrival: 8, Input: 20, Output: 1, Prefix: []uint64{'a'}},
				{Arrival: 10, Input: 20, Output: 1, Prefix: []uint64{'b'}},
			},
			want: "0 on 0: 0 1 1\n1 on 0: 2 3 3\n2 on 0: 4 5 5, hit 16\n3 on 0: 6 7 7\n4 on 0: 8 9 9, hit 16\n5 on 0: 10 11 11\n",
		}, {
			name:   "group",
			why:    "32 of the first 40 tokens are whole blocks, and the group's",
			change: func(c *Config) { c.UnitTokens, c.TokenBudget = 16, 64 },
			stream: []Request{{Input: 60, Output: 1, Group: 9, GroupTokens: 40}, {Arrival: 3, Input: 50, Output: 1, Group: 9, GroupTokens: 40}},
			want:   "0 on 0: 0 1 1\n1 on 0: 3 4 4, hit 32\n",
		}, {
			name:   "round robin",
			why:    "the first replica is busy, and gets the third request all the same",
			change: func(c *Config) { c.Replicas, c.MaxSequences = 2, 1 },
			stream: []Request{at(0, 8, 9), at(1, 8, 1), at(4, 8, 1)},
			want:   "0 on 0: 0 1 9\n1 on 1: 1 2 2\n2 on 0: 9 10 10\n",
		}, {
			name:   "least loaded",
			why:    "the second replica is free again when the third request comes",
			change: func(c *Config) { c.Replicas, c.MaxSequences, c.Routing = 2, 1, LeastLoaded },
			stream: []Request{at(0, 8, 9), at(1, 8, 1), at(4, 8, 1)},
			want:   "0 on 0: 0 1 9\n1 on 1: 1 2 2\n2 on 1: 4 5 5\n",
		}, {
			name:   "affinity",
			why:    "a group stays where it is until its replica has more than two requests more than the other",
			change: func(c *Config) { c.Replicas, c.MaxSequences, c.Routing, c.Spill = 2, 1, PrefixAffinity, 2 },
			stream: []Request{
				{Input: 8, Output: 9, Group: 7}, {Input: 8, Output: 9, Group: 7}, {Input: 8, Output: 9, Group: 7}, {Input: 8, Output: 9, Group: 7},
			},
			want: "0 on 0: 0 1 9\n1 on 0: 9 10 18\n2 on 0: 18 19 27\n3 on 1: 0 1 9\n",
		}, {
			name: "longest prefix",
			why:  "the second replica knows x, and gets the third request, though both have one",
			change: func(c *Config) {
				c.Replicas, c.Routing, c.UnitTokens, c.TokenBudget, c.KVTokens = 2, PrefixAffinity, 16, 64, 160
			},
			stream: []Request{
				{Arrival: 0, Input: 20, Output: 9, Prefix: []uint64{'a'}},
				{Arrival: 2, Input: 40, Output: 9, Prefix: []uint64{'x', 'y'}},
				{Arrival: 3, Input: 40, Output: 1, Prefix: []uint64{'x', 'z'}},
			},
			want: "0 on 0: 0 1 9\n1 on 1: 2 3 11\n2 on 1: 3 4 4, hit 16\n",
		}, {
			// The outage loses the two tokens of the first, which starts over behind nobody on the other
			// replica; the second waits for the first to end there.
			name: "outage",
			why:  "what a replica was doing is lost, and done again elsewhere",
			change: func(c *Config) {
				c.Replicas, c.MaxSequences = 2, 1
				c.Failures = &Failures{Retries: 1, Outages: []Outage{{Replica: 0, At: 2.5, For: 10}}}
			},
			stream: []Request{at(0, 8, 9), at(3, 8, 1)},
			want:   "0 on 1: 2.5 3.5 11.5, retried 1\n1 on 1: 11.5 12.5 12.5\n",
		}, {
			name:   "nothing up",
			why:    "requests wait for a replica, the one that was cut off first",
			change: func(c *Config) { c.Failures = &Failures{Retries: 1, Outages: []Outage{{At: 0.5, For: 10}}} },
			stream: []Request{at(0, 8, 1), at(3, 8, 1)},
			want:   "0 on 0: 10.5 11.5 11.5, retried 1\n1 on 0: 10.5 11.5 11.5\n",
		}, {
			name:   "failed for good",
			why:    "no retries are allowed",
			change: func(c *Config) { c.Failures = &Failures{Outages: []Outage{{At: 0.5, For: 10}}} },
			stream: []Request{at(0, 8, 1)},
			want:   "0 replica failed too often, retried 1\n",
		}, {
			// At 1 the autoscaler sees two requests and wants two replicas. The second is ready at 4 and takes
			// the third request.
			name: "cold start",
			why:  "a new replica serves what comes when it is ready",
			change: func(c *Config) {
				c.MaxSequences, c.Routing = 1, LeastLoaded
				c.Scale = &Scale{Min: 1, Max: 2, PerReplica: 1, Every: 1, ColdStart: 3, Hold: 100}
			},
			stream: []Request{at(0.5, 8, 20), at(0.75, 8, 1), at(5, 8, 1)},
			want:   "0 on 0: 0.5 1.5 20.5\n1 on 0: 20.5 21.5 21.5\n2 on 1: 5 6 6\n",
		}, {
			name: "from zero",
			why:  "nothing runs: the request waits for the next look, at 1.5, and the cold start",
			change: func(c *Config) {
				c.Replicas = 0
				c.Scale = &Scale{Min: 0, Max: 2, PerReplica: 1, Every: 1, ColdStart: 3}
			},
			stream: []Request{at(0.5, 8, 1)},
			want:   "0 on 0: 4.5 5.5 5.5\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := one()
			if test.change != nil {
				test.change(&c)
			}
			if got := story(t, c, test.stream...); got != test.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", test.why, got, test.want)
			}
		})
	}
}

// TestClosedLoop: two users on a replica that takes one sequence. Each answer takes a second, the host another half,
// and a user thinks for three: the first request of user 2 waits for that of user 1, and from then on they alternate.
func TestClosedLoop(t *testing.T) {
	c := one()
	c.MaxSequences, c.Host = 1, 0.5
	c.Users = &Users{Count: 2, Think: 3}
	out, r, err := collect(c, slices.Repeat([]Request{{Input: 8, Output: 1}}, 6))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range out {
		got = append(got, fmt.Sprintf("%g-%g", float64(o.Arrival), float64(o.End)))
	}
	want := "0-1.5 0-2.5 4.5-6 5.5-7 9-10.5 10-11.5"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("requests from arrival to end: %s, want %s", s, want)
	}
	if r.Replicas[0].Completed != 6 {
		t.Errorf("%d completed", r.Replicas[0].Completed)
	}
}

// TestReplicaTime: one replica is up for ten seconds, of which it is busy for five, at 100 W and 300 W.
func TestReplicaTime(t *testing.T) {
	c := one()
	c.Power = Power{Idle: 100, Busy: 300}
	c.Target = Target{TTFT: 1.5, TPOT: 2}
	_, r, err := collect(c, []Request{{Arrival: 0, Input: 16, Output: 3}, {Arrival: 8, Input: 40, Output: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Joules != 5*300+5*100 || r.Rented != 10 || r.Replicas[0].BusyShare() != 0.5 {
		t.Errorf("%g J over %g s, busy %g of it", r.Joules, float64(r.Rented), float64(r.Replicas[0].BusyShare()))
	}
	// The second request has its first token after two seconds, half a second too late.
	if rate, share := r.Goodput(); rate != 0.1 || share != 0.5 {
		t.Errorf("goodput %g requests/s, %g of all", float64(rate), float64(share))
	}
	if r.Input != 56 || r.Output != 4 || r.Read != 56 {
		t.Errorf("%d tokens in, %d read, %d out", r.Input, r.Read, r.Output)
	}
	// Blocks: one for a second, then two for two seconds; then two and three for a second each.
	if kv := float64(r.Replicas[0].KV); math.Abs(kv-(1+2*2+2+3)/40.0) > 0.03 || r.Replicas[0].PeakKV != 0.75 {
		t.Errorf("cache %g full in the mean and %g at most", kv, float64(r.Replicas[0].PeakKV))
	}
}

// TestSeries: the same run in buckets of two seconds.
func TestSeries(t *testing.T) {
	c := one()
	c.MaxSequences, c.Bucket = 1, 2
	_, r, err := collect(c, []Request{{Arrival: 0, Input: 16, Output: 3}, {Arrival: 1, Input: 16, Output: 1}, {Arrival: 5, Input: 0}})
	if err != nil {
		t.Fatal(err)
	}
	type point struct {
		arrived, ended, refused int64
		tokens, waiting, busy   float64
	}
	want := []point{
		{arrived: 2, tokens: 2, waiting: 0.5, busy: 1}, // the second waits from 1 to 3
		{ended: 1, tokens: 1, waiting: 0.5, busy: 1},
		{arrived: 1, ended: 1, tokens: 1, refused: 1}, // what happens at 4 is of the bucket that begins then
	}
	if len(r.Series.Points) != len(want) || r.Series.Width != 2 {
		t.Fatalf("%d buckets of %g s", len(r.Series.Points), float64(r.Series.Width))
	}
	for i, p := range r.Series.Points {
		if got := (point{p.Arrived, p.Ended, p.Refused, p.Tokens, p.Waiting, p.Busy}); got != want[i] {
			t.Errorf("bucket %d: %+v, want %+v", i, got, want[i])
		}
		if p.Up != 1 {
			t.Errorf("bucket %d: %g replicas up", i, p.Up)
		}
	}
}

func TestBadInput(t *testing.T) {
	for _, test := range []struct {
		change func(*Config)
		field  string
	}{
		{func(c *Config) { c.Timer = nil }, "timer"},
		{func(c *Config) { c.KVTokens = 15 }, "kv_tokens"},
		{func(c *Config) { c.MaxSequences = 0 }, "max_sequences"},
		{func(c *Config) { c.TokenBudget = 1 }, "token_budget"},
		{func(c *Config) { c.UnitTokens = 24 }, "unit_tokens"},
		{func(c *Config) { c.HitRate = 1.5 }, "hit_rate"},
		{func(c *Config) { c.Replicas = 0 }, "replicas"},
		{func(c *Config) { c.Routing = 9 }, "routing"},
		{func(c *Config) { c.Host = Seconds(math.NaN()) }, "host"},
		{func(c *Config) { c.Users = &Users{} }, "users.count"},
		{func(c *Config) { c.Scale = &Scale{Min: 3, Max: 2} }, "scale"},
		{func(c *Config) { c.Scale = &Scale{Max: 2, PerReplica: 1} }, "scale.every"},
		{func(c *Config) { c.Failures = &Failures{MeanTime: 1} }, "failures.mean_time"},
		{func(c *Config) { c.Failures = &Failures{Outages: []Outage{{At: -1}}} }, "failures.outages[0]"},
	} {
		c := one()
		test.change(&c)
		_, _, err := collect(c, nil)
		if e, ok := errors.AsType[*ConfigError](err); !ok || e.Field != test.field {
			t.Errorf("%s: %v", test.field, err)
		}
	}

	for _, test := range []struct {
		second Request
		says   string
	}{
		{Request{Arrival: 4, Input: 1, Output: 1}, "request 1: arrival at 4 s comes after one at 5 s: sort the stream by arrival"},
		{Request{Arrival: Seconds(math.NaN()), Input: 1}, "request 1: arrival at NaN s: give seconds from the start of the stream"},
		{Request{Arrival: 6, Input: -1}, "request 1: -1 input, 0 output, 0 cached, 0 shared tokens: none can be negative"},
	} {
		_, _, err := collect(one(), []Request{{Arrival: 5, Input: 1, Output: 1}, test.second})
		if e, ok := errors.AsType[*RequestError](err); !ok || e.Index != 1 || err.Error() != test.says {
			t.Errorf("got %q, want %q", err, test.says)
		}
	}

	c := one()
	c.Timer = line{}
	_, _, err := collect(c, []Request{{Input: 1, Output: 1}})
	if _, ok := errors.AsType[*TimerError](err); !ok {
		t.Errorf("steps that take no time: %v", err)
	}
}

// TestNothing: an empty stream is an empty result.
func TestNothing(t *testing.T) {
	_, r, err := collect(one(), nil)
	if err != nil || r.Requests != 0 || r.TTFT.Quantile(0.99) != 0 || r.HitRate() != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
