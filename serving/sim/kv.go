package sim

import "slices"

// pool is the cache's memory: a count of free blocks, and with hashes also what they still hold.
//
// With hashes, free blocks stand in a queue in the order in which they were let go, and are reused from its front. A
// unit, the blocks that one hash stands for, keeps its content in the queue and is found there until it is reused,
// as a whole. A sequence lets its blocks go from its end to its start, so that the start of a prompt is found longest.
// That is vLLM's queue at the grain of the hashes. Two requests that read the same prefix at once both hold blocks of
// their own for it, and only the first one's can be found.
type pool struct {
	total, free int64 // blocks

	width int64 // blocks of a unit; zero is a pool without hashes
	index map[uint64]int32
	units []stretch
	spare int32 // first of the unused, by next
	head  int32 // of the queue
	tail  int32
}

// stretch is blocks that stand in the queue together: those of a hash, or free ones that hold nothing that can be found.
type stretch struct {
	key        uint64
	blocks     int64
	refs       int32
	prev, next int32
	hashed     bool
}

func newPool(tokens, unitTokens int64) pool {
	p := pool{total: tokens / BlockTokens, width: unitTokens / BlockTokens}
	p.reset()
	return p
}

// reset empties the cache.
func (p *pool) reset() {
	p.free = p.total
	if p.width == 0 {
		return
	}
	p.index = map[uint64]int32{}
	p.units = p.units[:0]
	p.spare, p.head, p.tail = -1, -1, -1
	p.push(p.stretch(stretch{blocks: p.total}))
}

// blocks is how many blocks tokens take.
func blocks(tokens int64) int64 { return (tokens + BlockTokens - 1) / BlockTokens }

func (p *pool) stretch(u stretch) int32 {
	if i := p.spare; i >= 0 {
		p.spare = p.units[i].next
		p.units[i] = u
		return i
	}
	p.units = append(p.units, u)
	return int32(len(p.units) - 1)
}

// push appends a unit to the queue.
func (p *pool) push(i int32) {
	u := &p.units[i]
	u.prev, u.next = p.tail, -1
	if p.tail >= 0 {
		p.units[p.tail].next = i
	} else {
		p.head = i
	}
	p.tail = i
}

// remove takes a unit out of the queue.
func (p *pool) remove(i int32) {
	u := &p.units[i]
	if u.prev >= 0 {
		p.units[u.prev].next = u.next
	} else {
		p.head = u.next
	}
	if u.next >= 0 {
		p.units[u.next].prev = u.prev
	} else {
		p.tail = u.prev
	}
}

// take uses n free blocks, which the caller knows to be there.
func (p *pool) take(n int64) {
	p.free -= n
	if p.width == 0 {
		return
	}
	for n > 0 {
		i := p.head
		u := &p.units[i]
		if u.hashed {
			delete(p.index, u.key)
			u.hashed = false
		}
		m := min(n, u.blocks)
		u.blocks -= m
		n -= m
		if u.blocks == 0 {
			p.remove(i)
			u.next, p.spare = p.spare, i
		}
	}
}

// found counts the leading hashes of a request that are in the cache, how many of its tokens that spares, and how
// many free blocks holding them would take.
func (p *pool) found(j *job) (n, tokens, idle int64) {
	if p.width == 0 {
		return 0, min(j.known, j.length-1) / BlockTokens * BlockTokens, 0
	}
	most := p.hashes(j)
	if j.whole {
		most = min(most, (j.length-1)/(p.width*BlockTokens))
	}
	for ; n < most; n++ {
		i, ok := p.index[j.key(n)]
		if !ok {
			break
		}
		if u := &p.units[i]; u.refs == 0 {
			idle += u.blocks
		}
	}
	return n, min(n*p.width, (j.length-1)/BlockTokens) * BlockTokens, idle
}

// hashes is how many units the prompt fills.
func (p *pool) hashes(j *job) int64 {
	whole := j.input / (p.width * BlockTokens)
	if j.group != 0 {
		return min(whole, j.shared/(p.width*BlockTokens))
	}
	return min(whole, int64(len(j.prefix)))
}

// key is the request's hash of unit n.
func (j *job) key(n int64) uint64 {
	if j.group != 0 {
		return mix(j.group, uint64(n))
	}
	return j.prefix[n]
}

// mix spreads two numbers over 64 bits (the finaliser of SplitMix64).
func mix(a, b uint64) uint64 {
	x := a + (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hold keeps the first n units of a request for it.
func (p *pool) hold(j *job, n, tokens int64) {
	for k := range n {
		i := p.index[j.key(k)]
		u := &p.units[i]
		if u.refs == 0 {
			p.remove(i)
			p.free -= u.blocks
		}
		u.refs++
		j.units = append(j.units, i)
	}
	j.seen = n
	j.covered = 0
	if p.width > 0 {
		j.covered = tokens / BlockTokens
	}
}

// publish lets others find what the request has read, or reads in the coming step: its first tokens.
func (p *pool) publish(j *job, tokens int64) {
	if p.width == 0 {
		return
	}
	for most := min(p.hashes(j), tokens/(p.width*BlockTokens)); j.seen < most; j.seen++ {
		key := j.key(j.seen)
		if _, ok := p.index[key]; ok {
			continue
		}
		i := p.stretch(stretch{key: key, blocks: p.width, refs: 1, hashed: true})
		p.index[key] = i
		j.units = append(j.units, i)
		j.covered += p.width
	}
}

// drop lets go of all that a request of so many cached tokens holds.
func (p *pool) drop(j *job, tokens int64) {
	own := blocks(tokens) - j.covered
	p.free += own
	if p.width == 0 {
		return
	}
	if own > 0 {
		p.push(p.stretch(stretch{blocks: own}))
	}
	for _, i := range slices.Backward(j.units) {
		u := &p.units[i]
		if u.refs--; u.refs == 0 {
			p.push(i)
			p.free += u.blocks
		}
	}
	j.units, j.covered, j.seen = j.units[:0], 0, 0
}
