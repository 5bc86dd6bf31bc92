package workload

import (
	"math/bits"
	"slices"
	"time"

	"breakeven/unit"
	"breakeven/usage"
)

// Reuse is which part of the input tokens a prefix cache would serve: if it never forgot, if it forgot a block so long
// after its last use, and if it held so many tokens and dropped what was used least recently. It is measured where a trace
// identifies the blocks of its prompts, over all calls together. What a vendor's cache served of the same calls, which
// [Profile.CacheShare] tells, is another quantity.
type Reuse struct {
	Block     int64         `json:"block_tokens" doc:"Tokens of a block, as the trace cuts its prompts."`
	Calls     int64         `json:"calls" doc:"Calls whose blocks are known."`
	Unlimited unit.Share    `json:"unlimited" doc:"Part of their input tokens that a cache serves that never forgets."`
	ByAge     []ReuseByAge  `json:"by_age" nullable:"false" doc:"By a cache that forgets a block so long after its last use."`
	BySize    []ReuseBySize `json:"by_size" nullable:"false" doc:"By a cache of so many tokens that drops what was used least recently."`
	Partial   bool          `json:"partial,omitempty" doc:"The trace has more blocks than are followed: the calls after that are left out."`
}

// ReuseByAge is the share that a cache serves that forgets a block so long after its last use.
type ReuseByAge struct {
	Age   Seconds    `json:"seconds"`
	Share unit.Share `json:"share"`
}

// ReuseBySize is the share that a cache of a size serves.
type ReuseBySize struct {
	Tokens int64      `json:"tokens"`
	Share  unit.Share `json:"share"`
}

// The caches that are tried.
var (
	reuseAges  = [...]time.Duration{time.Minute, 5 * time.Minute, time.Hour}
	reuseSizes = [...]int{1000, 10_000, 30_000, 50_000} // blocks
)

// maxBlocks bounds the memory for blocks that were seen: some hundred megabytes.
const maxBlocks = 4_000_000

// reuse follows the blocks of calls. The zero value is ready.
type reuse struct {
	seen      map[uint64]int64 // the time of the last use, in nanoseconds
	recent    [len(reuseSizes)]recency
	calls     int64
	input     int64
	unlimited served
	age       [len(reuseAges)]served
	size      [len(reuseSizes)]served
	full      bool
	// low and high bound the tokens of a block: a prompt of n blocks has more than n-1 of them, and at most n.
	low, high int64
}

// served counts what a cache serves: whole blocks, and the tokens of prompts that it holds to their end, whose last
// block may be a part of one.
type served struct{ blocks, tokens int64 }

func (s *served) add(hit, blocks int, input int64) {
	if hit == blocks {
		s.tokens += input
		return
	}
	s.blocks += int64(hit)
}

// share is what was served of the input.
func (s *served) share(block, input int64) unit.Share {
	return unit.Share(float64(s.blocks*block+s.tokens) / float64(input))
}

// add follows a call whose blocks are known.
func (r *reuse) add(c *usage.Call, input int64) {
	n := len(c.Blocks)
	if n == 0 || input <= 0 || r.full {
		return
	}
	if r.seen == nil {
		r.seen, r.high = map[uint64]int64{}, input
		for i := range r.recent {
			r.recent[i].limit = reuseSizes[i]
		}
	}
	if len(r.seen)+n > maxBlocks {
		r.full = true
		return
	}
	r.calls++
	r.input += input
	r.low = max(r.low, (input+int64(n)-1)/int64(n))
	if n > 1 {
		r.high = min(r.high, (input-1)/int64(n-1))
	}
	now := c.Start.UnixNano()
	unlimited, age := 0, [len(reuseAges)]int{}
	aged := [len(reuseAges)]bool{}
	for _, b := range c.Blocks {
		last, known := r.seen[b]
		if !known {
			break
		}
		unlimited++
		for i, limit := range reuseAges {
			if aged[i] = aged[i] || now-last > int64(limit); !aged[i] {
				age[i]++
			}
		}
	}
	for _, b := range c.Blocks {
		r.seen[b] = now
	}
	r.unlimited.add(unlimited, n, input)
	for i := range age {
		r.age[i].add(age[i], n, input)
	}
	for i := range r.recent {
		r.size[i].add(r.recent[i].use(c.Blocks), n, input)
	}
}

// measured is the result, or nil where no call's blocks are known or the size of a block cannot be told.
func (r *reuse) measured() *Reuse {
	if r.calls == 0 || r.high < r.low {
		return nil
	}
	// Of the sizes that fit all prompts, caches use the powers of two.
	block := int64(1) << bits.Len64(uint64(r.low-1))
	if block > r.high {
		block = r.low
	}
	out := &Reuse{Block: block, Calls: r.calls, Unlimited: r.unlimited.share(block, r.input), Partial: r.full}
	for i, limit := range reuseAges {
		out.ByAge = append(out.ByAge, ReuseByAge{Seconds(limit.Seconds()), r.age[i].share(block, r.input)})
	}
	for i, blocks := range reuseSizes {
		out.BySize = append(out.BySize, ReuseBySize{int64(blocks) * block, r.size[i].share(block, r.input)})
	}
	return out
}

// recency holds the blocks that were used last, up to a limit, in a ring of slots that are linked from the latest to
// the oldest. Slot 0 is the ring's seam.
type recency struct {
	limit int
	at    map[uint64]int32
	slots []slot
}

type slot struct {
	block        uint64
	newer, older int32
}

// use looks a prompt up: how many of its first blocks are held. Then it holds all of them, the first one longest.
func (r *recency) use(blocks []uint64) (hit int) {
	if r.slots == nil {
		r.at, r.slots = make(map[uint64]int32), make([]slot, 1, 64)
	}
	for _, b := range blocks {
		if _, held := r.at[b]; !held {
			break
		}
		hit++
	}
	// A block is of no use without those before it, so those before it count as used later.
	for _, b := range slices.Backward(blocks) {
		r.touch(b)
	}
	return hit
}

// touch makes a block the latest one.
func (r *recency) touch(block uint64) {
	i, held := r.at[block]
	switch {
	case held:
		r.unlink(i)
	case len(r.at) < r.limit:
		i = int32(len(r.slots))
		r.slots = append(r.slots, slot{})
	default:
		i = r.slots[0].newer // the oldest: the ring goes round
		r.unlink(i)
		delete(r.at, r.slots[i].block)
	}
	r.at[block] = i
	latest := r.slots[0].older
	r.slots[i] = slot{block: block, newer: 0, older: latest}
	r.slots[latest].newer, r.slots[0].older = i, i // of an empty ring, the seam is the latest and the oldest
}

func (r *recency) unlink(i int32) {
	s := r.slots[i]
	r.slots[s.newer].older = s.older
	r.slots[s.older].newer = s.newer
}
