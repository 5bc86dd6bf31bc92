package serving

import (
	"errors"
	"fmt"

	"breakeven/llm"
)

// Memory is how an accelerator's memory is divided. All amounts are for one accelerator of the replica.
type Memory struct {
	Total   llm.Bytes // nominal
	Engine  llm.Bytes // what the engine may take
	Weights llm.Bytes
	Reserve llm.Bytes
	Pool    llm.Bytes // what is left for cached keys and values
	// KVTokens is how many tokens the replica's pool holds: the figure that engines print at start.
	KVTokens llm.Tokens
}

// UsefulKVTokens is the smallest pool that [SmallestTP] accepts: four conversations of 8,192 tokens. It is an
// assumption, not a limit of any engine.
const UsefulKVTokens llm.Tokens = 32_768

// DoesNotFitError says that the weights, or one sequence beside them, exceed an accelerator's memory.
type DoesNotFitError struct {
	Replica Replica
	Memory  Memory
	// Short is how much is missing on each accelerator.
	Short llm.Bytes
	// NeedsTP is the smallest parallelism that fits; zero where none does.
	NeedsTP int
}

func (e *DoesNotFitError) Error() string {
	s := fmt.Sprintf("%s does not fit: weights take %.1f GB and %.1f GB are kept back, %.1f GB more than the %.1f GB that the engine may take",
		e.Replica, e.Memory.Weights.GB(), e.Memory.Reserve.GB(), e.Short.GB(), e.Memory.Engine.GB())
	if e.NeedsTP > 0 {
		return s + fmt.Sprintf("; it needs at least %d accelerators", e.NeedsTP)
	}
	return s + "; more than 8 accelerators, or weights of a lower precision, are needed"
}

// Memory divides an accelerator's memory. The error is a *[DoesNotFitError] where nothing is left for the
// cache, and an *[InputError] where the replica itself is at fault.
//
//	pool = memory share × nominal × usable share − weights of one accelerator − reserve
//
// Attention, dense layers and tables are divided by TP, experts by TP·DP, and all but the tables by PP.
func (r Replica) Memory() (Memory, error) {
	if err := r.Check(); err != nil {
		return Memory{}, err
	}
	m := r.memory()
	if m.Pool > 0 {
		return m, nil
	}
	short := -m.Pool
	m.Pool = 0
	fault := &DoesNotFitError{Replica: r, Memory: m, Short: short}
	for _, tp := range Parallelisms() {
		wider := r
		wider.TP = tp
		if tp > r.TP && r.Model.Heads%tp == 0 && wider.memory().Pool > 0 {
			fault.NeedsTP = tp
			break
		}
	}
	return m, fault
}

func (r Replica) memory() Memory {
	m := Memory{
		Total:   llm.Bytes(r.Accelerator.Memory),
		Weights: r.weightBytes(),
		Reserve: llm.Bytes(r.Limits.Reserve),
	}
	m.Engine = m.Total * llm.Bytes(r.Limits.Usable) * llm.Bytes(r.Limits.Memory)
	m.Pool = m.Engine - m.Weights - m.Reserve
	if perToken := r.Model.KVBytesPerToken(r.KVPrecision) / llm.Bytes(r.kvParts()); perToken > 0 && m.Pool > 0 {
		m.KVTokens = llm.Tokens(m.Pool/perToken) * llm.Tokens(r.dp()*r.pp())
	}
	return m
}

// weightBytes is the weights on each accelerator.
func (r Replica) weightBytes() llm.Bytes {
	n := r.Model.Parameters()
	tables := float64(n.Embedding+n.Head) * llm.BF16.Bytes()
	experts := float64(n.Experts) * r.Precision.Bytes() / float64(r.dp())
	rest := float64(n.Attention+n.FFN+n.Shared+n.Router) * r.Precision.Bytes()
	return llm.Bytes((tables + (rest+experts)/float64(r.pp())) / float64(r.TP))
}

// kvParts is how many accelerators a sequence's cache is divided over: key-value heads are shared out, and
// kept twice where there are fewer of them than accelerators. A latent vector serves all heads, so every
// accelerator keeps all of it.
func (r Replica) kvParts() int {
	if r.Model.MLA != nil || r.Model.Compressed != nil {
		return 1
	}
	return min(r.TP, r.Model.KVHeads)
}

// sequenceBytes is what a sequence of n tokens takes on each accelerator.
func (r Replica) sequenceBytes(n llm.Tokens) llm.Bytes {
	state := r.Model.StateBytes()
	return (r.Model.KVBytes(n, r.KVPrecision)-state)/llm.Bytes(r.kvParts()) + state/llm.Bytes(r.TP)
}

// SmallestTP is the replica on the fewest accelerators whose pool holds at least the given tokens;
// [UsefulKVTokens] is a sensible least. The error is that of the widest replica.
func SmallestTP(r Replica, least llm.Tokens) (Replica, Memory, error) {
	var fault error
	for _, r.TP = range Parallelisms() {
		m, err := r.Memory()
		if err == nil && m.KVTokens >= least {
			return r, m, nil
		}
		if err == nil {
			err = &SmallPoolError{Replica: r, Memory: m, Least: least}
		}
		if _, input := errors.AsType[*InputError](err); !input || fault == nil {
			fault = err
		}
	}
	return r, Memory{}, fault
}

// SmallPoolError says that the weights fit but leave too little for the cache.
type SmallPoolError struct {
	Replica Replica
	Memory  Memory
	Least   llm.Tokens
}

func (e *SmallPoolError) Error() string {
	return fmt.Sprintf("%s leaves %.1f GB for the cache, which holds %.0f tokens: fewer than %.0f",
		e.Replica, e.Memory.Pool.GB(), float64(e.Memory.KVTokens), float64(e.Least))
}
