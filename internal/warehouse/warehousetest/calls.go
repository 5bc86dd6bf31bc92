// Package warehousetest holds what every engine is tested with: calls, a plain reference that groups them one by one,
// and a suite.
//
// Reading guide: calls.go makes the calls; want.go is the reference; suite.go is what an engine must do.
package warehousetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// First is the first moment of [Calls], Days before a new month how many days of them lie in the old one.
var First = time.Date(2026, 7, 27, 0, 0, 0, 0, time.UTC)

// Days is how many days [Calls] span.
const Days = 9

// Calls makes calls of every sort, in no order: single ones and rows of reports, with and without an identifier, a
// count of requests, a reported cost; failed ones; every tier, context boundaries, every kind of token. Each is a row of its own,
// also the few that are equal in all they say. Times are whole microseconds.
func Calls(seed uint64, n int) []usage.Call {
	r := rand.New(rand.NewPCG(seed, 0))
	calls := make([]usage.Call, 0, n)
	for i := range n {
		c := usage.Call{
			Start:    First.Add(time.Duration(r.Int64N(Days*24*int64(time.Hour))) / time.Microsecond * time.Microsecond),
			Requests: usage.Count{N: 1, Known: true},
			Provider: pick(r, "openai", "anthropic", "google", ""),
			Model:    fmt.Sprintf("model-%d", r.IntN(6)),
			Project:  pick(r, "search", "support", "it's \"quoted\" \\ ünï", ""),
			APIKey:   pick(r, "", "key-a", "key-b"),
			User:     pick(r, "", "ana", "bo", "cy"),
			Session:  pick(r, "", fmt.Sprintf("session-%d", r.IntN(50))),
			Line:     i + 1,
		}
		if r.IntN(3) == 0 {
			c.Region = pick(r, "us", "eu-west-1")
		}
		if r.IntN(4) == 0 {
			c.Tier = price.Tiers()[r.IntN(len(price.Tiers()))]
		}
		c.Quantities[price.Input] = r.Int64N(3_000)
		c.Quantities[price.Output] = r.Int64N(900)
		if r.IntN(5) == 0 {
			c.Quantities[price.Input] += 199_000
		}
		for _, k := range price.Kinds() {
			if k != price.Request && r.IntN(6) == 0 {
				c.Quantities[k] += r.Int64N(2_000)
			}
		}
		switch r.IntN(8) {
		case 0: // an hour or a day of a report
			span := time.Hour
			if r.IntN(2) == 0 {
				span = 24 * time.Hour
			}
			c.Start = c.Start.Truncate(span)
			c.End = c.Start.Add(span)
			c.Requests.N = 1 + r.Int64N(40)
			if r.IntN(2) == 0 {
				c.Requests = usage.Count{}
			}
			if r.IntN(3) == 0 {
				c.ContextOver = 200_000
			}
			c.User = fmt.Sprintf("reported-%d", i) // what the row is about is its own
		case 1: // a sum without an end
			c.Requests = usage.Count{}
		case 2, 3:
			c.ID = fmt.Sprintf("call-%d-%d", seed, i)
		}
		if c.End.IsZero() {
			c.Latency = time.Duration(r.IntN(20_000_000)) * time.Microsecond
			c.TTFT = c.Latency / 4 / time.Microsecond * time.Microsecond
			c.Failed = r.IntN(20) == 0
		}
		if r.IntN(2) == 0 {
			c.Reported = usage.Cost{USD: money.USD(r.Int64N(2_000_000_000)), Known: true}
		}
		if c.Requests.Known {
			c.Quantities[price.Request] = c.Requests.N
		}
		calls = append(calls, c)
		// Two calls that say the same are two calls.
		if c.ID == "" && c.End.IsZero() && r.IntN(40) == 0 && len(calls) < n {
			c.Line++
			calls = append(calls, c)
		}
		if len(calls) >= n {
			break
		}
	}
	return calls
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }
