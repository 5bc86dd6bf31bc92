package sim

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shared opens a table that stays outside the repository, or skips the test.
func shared(t testing.TB, name string) *os.File {
	t.Helper()
	folder := os.Getenv("BREAKEVEN_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Skipf("the table %s is not here: %v", name, err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// trace reads a public trace of the shared data: seconds, input and output tokens, and where the trace has them
// what an unlimited cache would find, and the hashes of 512 tokens each.
func trace(t testing.TB, name string) (requests []Request, cached []int64) {
	t.Helper()
	f := shared(t, "traces/"+name+".csv.gz")
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(z)
	if _, err := rows.Read(); err != nil {
		t.Fatal(err)
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return requests, cached
		}
		if err != nil {
			t.Fatal(err)
		}
		q := Request{Arrival: Seconds(number(row[0])), Input: int64(number(row[1])), Output: int64(number(row[2]))}
		if len(row) > 4 {
			cached = append(cached, int64(number(row[3])))
			for h := range strings.FieldsSeq(row[4]) {
				q.Prefix = append(q.Prefix, uint64(number(h)))
			}
		}
		requests = append(requests, q)
	}
}

// TestTraceHits replays a trace with prefix hashes. An unlimited cache finds for each request what the trace says,
// but for a prompt that is known to its last token, of which the last block is read again. Smaller ones find what
// a least-recently-used cache does.
func TestTraceHits(t *testing.T) {
	requests, cached := trace(t, "mooncake_conversation")
	c := Config{Timer: line{base: 1e-3, prompt: 1e-6}, KVTokens: 1 << 34, MaxSequences: 1 << 16, TokenBudget: 1 << 20, UnitTokens: 512, Replicas: 1}
	out, r, err := collect(c, requests)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range out {
		// The trace counts a last hash that stands for less than 512 tokens, which no engine finds in whole blocks.
		if want := min(cached[i], (o.Input-1)/512*512, (o.Input-1)/BlockTokens*BlockTokens); o.Hit < want || o.Hit > cached[i] {
			t.Fatalf("request %d of %d tokens found %d, and the trace says %d", i, o.Input, o.Hit, cached[i])
		}
	}
	if rate := float64(r.HitRate()); rate < 0.36 || rate > 0.38 {
		t.Errorf("an unlimited cache finds %.4f of all tokens, and the trace's notes say 0.374", rate)
	}
	// What a least-recently-used cache of a size finds was measured apart from this package.
	for _, lru := range []struct {
		tokens int64
		found  float64
	}{{25_600_000, 0.362}, {15_400_000, 0.332}, {5_100_000, 0.215}} {
		c.KVTokens = lru.tokens
		_, r, err := collect(c, requests)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(r.HitRate()); math.Abs(got-lru.found) > 0.005 {
			t.Errorf("a cache of %d tokens finds %.3f of the prompts, want %.3f", lru.tokens, got, lru.found)
		}
	}
}

// TestTraceAffinity: sent by their prefix, the requests of a trace find more in the caches of four replicas than in
// turn.
func TestTraceAffinity(t *testing.T) {
	requests, _ := trace(t, "mooncake_conversation")
	c := For(small(t), 4)
	c.UnitTokens, c.MaxContext, c.KVTokens, c.Spill = 512, 0, 3_000_000, 64
	rates := map[Routing]float64{}
	for _, c.Routing = range []Routing{RoundRobin, LeastLoaded, PrefixAffinity} {
		r, err := Run(c, slices.Values(requests), nil)
		if err != nil {
			t.Fatal(err)
		}
		rates[c.Routing] = float64(r.HitRate())
		t.Logf("%s: %.3f found, TTFT p50 %.2f s, p99 %.2f s, %d preemptions", c.Routing, float64(r.HitRate()), float64(r.TTFT.Quantile(0.5)), float64(r.TTFT.Quantile(0.99)), r.Preemptions)
	}
	if rates[PrefixAffinity] <= rates[RoundRobin] {
		t.Errorf("affinity finds %.3f, round robin %.3f", rates[PrefixAffinity], rates[RoundRobin])
	}
}

// TestTraceSameAsStepped holds the simulator to the reference on the first requests of real traces, on a model and a
// machine that are hardly enough for them.
func TestTraceSameAsStepped(t *testing.T) {
	for _, test := range []struct {
		name  string
		count int
		kv    int64
	}{{"azure2023_conv", 1500, 9_000}, {"azure2023_code", 1500, 9_000}, {"mooncake_conversation", 400, 300_000}} {
		t.Run(test.name, func(t *testing.T) {
			requests, _ := trace(t, test.name)
			requests = requests[:test.count]
			c := For(small(t), 2)
			c.KVTokens, c.MaxContext = test.kv, 0
			if requests[0].Prefix != nil {
				c.UnitTokens = 512
			}
			got, r, err := collect(c, requests)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range refRun(c, requests).out {
				g := got[i]
				if !near(g.First, w.First) || !near(g.End, w.End) || g.Preemptions != w.Preemptions || g.Hit != w.Hit || g.Replica != w.Replica {
					t.Fatalf("request %d:\ngot  %+v\nwant %+v", i, g, w)
				}
			}
			t.Logf("%d preemptions, %.3f found, TTFT p99 %.2f s", r.Preemptions, float64(r.HitRate()), float64(r.TTFT.Quantile(0.99)))
		})
	}
}
