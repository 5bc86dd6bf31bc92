package calibrate

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/serving"
	"breakeven/unit"
)

// Trial is a row that can be predicted: what ran, and under which load.
type Trial struct {
	Row     *Row
	Class   serving.Class
	Vendor  string
	Replica serving.Replica // with textbook efficiencies
	Copies  int             // replicas that shared the load
	Loop    serving.Loop
	Family  string // of the engine
	Held    bool   // never fitted
	fold    int    // that holds it out
	Static  bool   // one batch from the start to the end, nothing joins
	Offline bool   // no latency was measured
}

// Group is the unit that is fitted or held out as a whole: rows of one have the same faults.
func (t *Trial) Group() string { return t.Row.Source + " / " + t.Row.Model + " / " + t.Row.GPU }

// Catalog is where models and accelerators are looked up.
type Catalog struct {
	Models       *llm.Catalog
	Accelerators *gpu.Catalog
}

// ErrSkipped is the cause of every row that is not predicted.
var ErrSkipped = errors.New("not predicted")

func skip(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrSkipped}, args...)...)
}

// parts are the names of accelerators in the table.
var parts = map[string]string{
	"h100-sxm": "h100-sxm", "h100-pcie": "h100-pcie", "h100-nvl": "h100-nvl", "h200": "h200-sxm", "gh200": "gh200",
	"b200": "b200-sxm", "b300": "b300-sxm", "gb200": "gb200", "gb300": "gb300",
	"a100-80g": "a100-sxm-80", "a100-pcie-80g": "a100-pcie-80", "l40s": "l40s", "l4": "l4", "rtx-pro-6000": "rtx-pro-6000", "rtx-4090": "rtx-4090",
	"mi300x": "mi300x", "mi325x": "mi325x", "mi355x": "mi355x", "gaudi3": "gaudi3",
}

// precisions are the names of precisions in the table.
var precisions = map[string]llm.Precision{
	"bf16": llm.BF16, "fp16": llm.BF16, "fp8": llm.FP8, "int8": llm.INT8, "fp4": llm.FP4, "mxfp4": llm.FP4, "int4": llm.INT4, "uint4": llm.INT4,
}

// NewTrial says what a row measured. The error wraps [ErrSkipped].
func NewTrial(c Catalog, row *Row) (*Trial, error) {
	switch {
	case row.Disaggregated:
		return nil, skip("prompts and answers on different machines")
	case strings.Contains(row.Notes, "SUSPECT"):
		return nil, skip("the table marks the row as suspect")
	case strings.Contains(row.Source, "token_position"):
		return nil, skip("an experiment whose own source warns of it")
	case row.Engine == "":
		return nil, skip("engine unknown")
	case strings.HasPrefix(row.Source, "InferenceX") && row.Engine == "trtllm" && row.Model == "deepseek-r1":
		return nil, skip("speculative decoding suspected: the same architecture under the name deepseek-v3 takes 1.6 times as long")
	case row.Speculative != "" && row.Speculative != "none" && row.Speculative != "0":
		return nil, skip("speculative decoding")
	case !(row.Input >= 1) || !(row.Output >= 1):
		return nil, skip("lengths unknown")
	case !strings.Contains(row.Load, "closed-loop") && !strings.Contains(row.Load, "offline max") && !strings.Contains(row.Load, "static batch"):
		return nil, skip("load is neither a closed loop nor offline")
	}
	model, err := c.Models.Model(row.Model)
	if err != nil {
		return nil, skip("model not in the catalog")
	}
	name := strings.ToLower(row.GPU)
	if id, ok := parts[name]; ok {
		name = id
	}
	part, err := c.Accelerators.Accelerator(name)
	if err != nil {
		return nil, skip("accelerator not in the catalog")
	}
	h := harnessOf(row)
	precision, ok := precisions[strings.ToLower(row.Precision)]
	if !ok {
		return nil, skip("precision %q", row.Precision)
	}
	if h.servedNarrow && precision == llm.BF16 && part.Dense[gpu.FP8] > 0 {
		precision = llm.FP8
	}
	t := &Trial{Row: row, Vendor: part.Vendor, Family: family(row), Offline: strings.Contains(row.Load, "offline max"), Static: strings.Contains(row.Load, "static batch")}
	r := serving.NewReplica(model, part, precision)
	if row.KVPrecision == "fp8" || row.KVPrecision == "" && precision != llm.BF16 && h.narrowCache {
		r.KVPrecision = llm.FP8
	}
	r.TP, r.DP, r.PP, r.EP = max(1, row.TP), row.DP, row.PP, row.EP > 1
	if h.attentionDP && r.DP <= 1 {
		r.TP, r.DP, r.EP = 1, r.TP, true
	}
	if row.TP == 0 {
		if r, _, err = serving.SmallestTP(r, serving.UsefulKVTokens); err != nil {
			return nil, skip("%s", reason(err))
		}
	}
	t.Copies = 1
	if row.GPUs > r.GPUs() {
		t.Copies = row.GPUs / r.GPUs()
	}
	r.Limits.TokenBudget = h.budget * llm.Tokens(max(1, r.DP)*max(1, r.PP)) // each of them has one
	if math.IsNaN(row.Concurrency) && !t.Offline {
		return nil, skip("concurrency unknown")
	}
	t.Loop = serving.Loop{
		Input: llm.Tokens(row.Input), Output: llm.Tokens(row.Output), Spread: h.spread, Whole: h.whole, Apart: h.apart,
	}
	switch {
	case t.Static:
		n := int(row.Concurrency)
		t.Loop.Clients, t.Loop.Requests, r.Limits.MaxSequences = n, n, n
	case t.Offline:
		n := min(max(1, h.requests/t.Copies), offlineRequestsMost)
		t.Loop.Clients, t.Loop.Requests, r.Limits.MaxSequences = n, n, offlineSequences*max(1, r.DP)
	default:
		n := max(1, int(math.Round(row.Concurrency/float64(t.Copies))))
		t.Loop.Clients, t.Loop.Requests, t.Loop.Warmup = n, h.rounds*n, h.warmup*n
		r.Limits.MaxSequences = n
	}
	if _, err := r.Memory(); err != nil {
		return nil, skip("%s", reason(err))
	}
	t.Replica, t.Class = r, r.Class()
	return t, nil
}

// offlineSequences is how many sequences each engine of the offline runs held at most: the default of their tool.
const offlineSequences = 2048

// offlineRequestsMost bounds what is simulated of a long offline run: its start and end no longer matter.
const offlineRequestsMost = 4096

// family is the engine's name, and its generation where an old one is another engine: vLLM of 2023, and TensorRT-LLM
// before 1.1, where steps wait for the host. Rows without a version are of 2025-12 or later.
func family(row *Row) string {
	old := strings.HasPrefix(row.Version, "0.") || strings.HasPrefix(row.Version, "1.0") || strings.HasPrefix(row.Source, "MLPerf")
	switch {
	case row.Engine == "trtllm" && old:
		return "trtllm-1.0"
	case row.Engine == "vllm" && strings.HasPrefix(row.Version, "~0.2"):
		return "vllm-0.2"
	}
	return row.Engine
}

// harness is how a source measured, as its own scripts say.
type harness struct {
	rounds, warmup int // requests of each client, measured and before
	spread         unit.Share
	requests       int // of an offline run
	budget         llm.Tokens
	whole, apart   bool
	narrowCache    bool // weights of eight or four bits go with a cache of eight
	attentionDP    bool // what the table calls tensor parallel had attention in parallel over data
	servedNarrow   bool // weights that the table gives at 16 bits ran at eight
}

// harnessOf says how a row was measured. InferenceX's scripts send ten requests for each client, with lengths from
// 0.8 to 1 of the nominal ones, without a warm-up, and cache keys and values in eight bits; vLLM and SGLang are
// given budgets of 8,192 and 32,768 tokens, and TensorRT-LLM reads prompts whole. NVIDIA's aiperf runs are preceded
// by one request for each client. TensorRT-LLM's tables come from runs of 1,000 to 30,000 requests that are all
// there at the start. MLPerf's tables give the precision of the checkpoint, while what ran was quantised.
func harnessOf(row *Row) harness {
	h := harness{rounds: 10, budget: 8192, requests: offlineRequests(row.Input, row.Output)}
	h.attentionDP = strings.Contains(row.Notes, "enable_attention_dp")
	switch row.Engine {
	case "trtllm":
		h.whole, h.narrowCache = true, true
		h.budget = max(h.budget, llm.Tokens(row.Input)) // a prompt that is read whole must fit
	case "sglang":
		h.apart = true
	}
	if strings.HasPrefix(row.Lengths, "uniform[0.8x") {
		h.spread = 0.2
	}
	switch {
	case strings.HasPrefix(row.Source, "InferenceX"):
		h.narrowCache = row.Precision != "int4"
		switch row.Engine {
		case "trtllm":
			h.budget = max(8192, llm.Tokens(row.Input+row.Concurrency))
		case "sglang":
			h.budget = 32768
		}
	case strings.HasPrefix(row.Source, "NVIDIA aiperf"):
	case strings.HasPrefix(row.Source, "MLPerf"):
		h.servedNarrow, h.narrowCache = true, true
	}
	return h
}

// offlineRequests is the length of TensorRT-LLM's offline runs by shape, as its tables state it.
func offlineRequests(input, output float64) int {
	switch {
	case input <= 128 && output <= 128:
		return 30_000
	case output <= 1000 && input <= 5000 && input != output || input == 1000 && output == 1000 || input <= 500 && output <= 2048:
		return 3000
	case input >= 20_000:
		return 1000
	}
	return 1500
}

// Prediction is what the model says of a trial. A figure that it does not give is zero.
type Prediction struct {
	OutputRate float64 // tokens/s
	serving.LoopResult
}

// Predict runs a trial with the constants of an engine. The error is that of [serving.Engine.Loop].
func (t *Trial) Predict(eff serving.Efficiency) (Prediction, error) { return t.predict(eff, false) }

func (t *Trial) predict(eff serving.Efficiency, means bool) (Prediction, error) {
	r := t.Replica
	r.Efficiency = eff
	if t.Offline || t.Static {
		r.Efficiency.Host, r.Efficiency.Request = 0, 0 // no client, no network
	}
	e, err := r.Engine()
	if err != nil {
		return Prediction{}, err
	}
	loop := t.Loop
	loop.Means = means
	result, err := e.Loop(loop)
	if err != nil {
		return Prediction{}, err
	}
	p := Prediction{OutputRate: float64(result.Output) * float64(t.Copies), LoopResult: result}
	if strings.Contains(t.Row.Derived, "(Little)") {
		// The table works the rate out of the times, with the nominal length: so does the prediction.
		osl := t.Row.Output
		p.OutputRate = t.Row.Concurrency * osl / (float64(p.TTFT.Mean) + float64(p.TPOT.Mean)*(osl-1))
	}
	return p, nil
}
