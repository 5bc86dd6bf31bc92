package serving

import (
	"errors"
	"fmt"
	"slices"

	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/unit"
)

// Replica is one serving engine: a model on one or more accelerators of a kind, with its limits.
type Replica struct {
	Model       *llm.Model
	Accelerator *gpu.Accelerator
	Precision   llm.Precision // of the weights; tables stay in 16 bits
	KVPrecision llm.Precision // of the cached keys and values
	TP          int           // accelerators that share every layer (tensor parallelism)
	// DP is the groups of TP accelerators that each hold attention whole and serve sequences of their own, while
	// the experts are divided over all of them (data-parallel attention); PP the stages that the layers are
	// divided into; EP whether experts are kept whole rather than each one sliced. Zero DP and PP are one.
	DP, PP     int
	EP         bool
	Limits     Limits
	Efficiency Efficiency
	// Calibration is where the efficiency comes from; nil for textbook values. [Calibration.Apply] sets both.
	Calibration *Calibration
}

// Limits are the settings of the engine.
type Limits struct {
	MaxSequences int        // sequences that run at once
	TokenBudget  llm.Tokens // tokens that one step processes at most: one for each decoding sequence, the rest prefill
	// Memory is the share of an accelerator's memory that the engine may take, and Usable the share of its
	// nominal memory that the driver leaves.
	Memory, Usable unit.Share
	// Reserve is kept on each accelerator for activations, graphs and communication.
	Reserve gpu.Bytes
}

// DefaultLimits are those of a common engine on data-centre parts: 256 sequences, 8,192 tokens a step, 90 % of
// memory, and 4.92 GB kept back.
func DefaultLimits() Limits {
	return Limits{MaxSequences: 256, TokenBudget: 8192, Memory: 0.90, Usable: 0.995, Reserve: 4_920_000_000}
}

// NewReplica is a replica on one accelerator with default limits, textbook efficiencies and a 16-bit cache.
func NewReplica(m *llm.Model, a *gpu.Accelerator, p llm.Precision) Replica {
	return Replica{
		Model: m, Accelerator: a, Precision: p, KVPrecision: llm.BF16, TP: 1,
		Limits: DefaultLimits(), Efficiency: Textbook(),
	}
}

// Parallelisms lists the numbers of accelerators that a replica may be spread over.
func Parallelisms() []int { return []int{1, 2, 4, 8} }

// Check reports the first field that no replica can have. It does not ask whether the model fits.
func (r Replica) Check() error {
	fail := func(field, format string, args ...any) error {
		return &InputError{Field: field, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case r.Model == nil:
		return &InputError{Field: "model", Err: errors.New("missing")}
	case r.Accelerator == nil:
		return &InputError{Field: "accelerator", Err: errors.New("missing")}
	case !r.Precision.Valid():
		return fail("precision", "%q is not a precision", r.Precision)
	case !slices.Contains(llm.CachePrecisions(), r.KVPrecision):
		return fail("kv_precision", "%q is not one of bf16, fp8", r.KVPrecision)
	case !slices.Contains(Parallelisms(), r.TP):
		return fail("tp", "%d is not one of 1, 2, 4, 8", r.TP)
	case r.Model.Heads%r.TP != 0:
		return fail("tp", "%d attention heads cannot be shared by %d accelerators", r.Model.Heads, r.TP)
	case r.DP < 0 || r.DP > 128:
		return fail("dp", "%d is not between 1 and 128", r.DP)
	case r.DP > 1 && r.Model.MoE == nil:
		return fail("dp", "%s has no experts to divide: use more replicas instead", r.Model)
	case r.PP < 0 || r.PP > r.Model.Layers:
		return fail("pp", "%d stages for %d layers", r.PP, r.Model.Layers)
	case r.Limits.MaxSequences < 1:
		return fail("limits.max_sequences", "%d is below 1", r.Limits.MaxSequences)
	case !(r.Limits.TokenBudget >= 16 && r.Limits.TokenBudget <= 1<<24):
		return fail("limits.token_budget", "%g is not between 16 and 16,777,216", float64(r.Limits.TokenBudget))
	case !(r.Limits.Memory > 0 && r.Limits.Memory <= 1):
		return fail("limits.memory", "%g is not above 0 and at most 1", float64(r.Limits.Memory))
	case !(r.Limits.Usable > 0 && r.Limits.Usable <= 1):
		return fail("limits.usable", "%g is not above 0 and at most 1", float64(r.Limits.Usable))
	case r.Limits.Reserve < 0:
		return fail("limits.reserve", "%d is negative", r.Limits.Reserve)
	}
	if path, err := r.Model.Check(); err != nil {
		return &InputError{Field: "model." + path, Err: err}
	}
	return r.Efficiency.Check()
}

// dp and pp are the degrees as factors.
func (r Replica) dp() int { return max(1, r.DP) }
func (r Replica) pp() int { return max(1, r.PP) }

// GPUs is how many accelerators the replica runs on.
func (r Replica) GPUs() int { return r.TP * r.dp() * r.pp() }

// String names the replica: "Qwen3 8B, bf16 on 1 × H100 SXM".
func (r Replica) String() string {
	return fmt.Sprintf("%s, %s on %d × %s", r.Model, r.Precision, r.GPUs(), r.Accelerator)
}
