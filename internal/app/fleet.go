package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"breakeven/catalog"
	"breakeven/decide"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/serving/sim"
	"breakeven/unit"
)

// EngineChoice is one serving engine as a caller asks for it.
type EngineChoice struct {
	Model       string        `json:"model" doc:"Open weights, by the identifier that the list of models has." example:"llama-3.3-70b"`
	GPU         string        `json:"gpu" doc:"Accelerator, by the identifier that the list of GPUs has." example:"h100-sxm"`
	Precision   llm.Precision `json:"precision,omitempty" enum:"bf16,fp8,int8,fp4,int4" doc:"Of the weights; fp8 if left out."`
	KVPrecision llm.Precision `json:"kv_precision,omitempty" enum:"bf16,fp8" doc:"Of the cached keys and values; bf16 if left out."`
	TP          int           `json:"tensor_parallel,omitempty" minimum:"1" maximum:"8" doc:"GPUs that share every layer: 1, 2, 4 or 8; the fewest that fit if left out."`
	DP          int           `json:"data_parallel,omitempty" minimum:"1" maximum:"128" doc:"Groups of such GPUs that the experts are divided over, for models that have experts."`
	EP          bool          `json:"expert_parallel,omitempty" doc:"Experts are kept whole rather than each one sliced."`
	Engine      string        `json:"engine,omitempty" doc:"Engine family whose measurements the constants were fitted to; vllm if left out." example:"vllm"`
}

// LatencyTarget is the latency that users must see.
type LatencyTarget struct {
	TTFT      float64 `json:"ttft_seconds,omitempty" minimum:"0.01" maximum:"600" doc:"Time to the first token; 2 s if left out."`
	TTFTShare float64 `json:"ttft_share,omitempty" exclusiveMinimum:"0" exclusiveMaximum:"1" doc:"Of the requests that must keep it: 0.99 for p99, which is taken if left out."`
	TPOT      float64 `json:"tpot_ms,omitempty" minimum:"1" maximum:"10000" doc:"Time between later tokens, in the mean over an answer; 50 ms if left out."`
	TPOTShare float64 `json:"tpot_share,omitempty" exclusiveMinimum:"0" exclusiveMaximum:"1" doc:"Of the requests that must keep it; 0.99 if left out."`
}

// defaults fills in what is left out.
func (t LatencyTarget) defaults() LatencyTarget {
	for _, v := range []struct {
		at   *float64
		take float64
	}{{&t.TTFT, 2}, {&t.TTFTShare, 0.99}, {&t.TPOT, 50}, {&t.TPOTShare, 0.99}} {
		if *v.at == 0 {
			*v.at = v.take
		}
	}
	return t
}

func (t LatencyTarget) target() (plan.Target, error) {
	target := plan.Target{
		TTFT: plan.Goal{Within: serving.Seconds(t.TTFT), Share: unit.Share(t.TTFTShare)},
		TPOT: plan.Goal{Within: serving.Seconds(t.TPOT / 1000), Share: unit.Share(t.TPOTShare)},
	}
	return target, fleetFault(target.Check())
}

// EngineAnswer is the engine that an answer is about.
type EngineAnswer struct {
	Name        string        `json:"name"`
	Model       string        `json:"model"`
	GPU         string        `json:"gpu"`
	Precision   llm.Precision `json:"precision"`
	KVPrecision llm.Precision `json:"kv_precision"`
	TP          int           `json:"tensor_parallel"`
	DP          int           `json:"data_parallel"`
	EP          bool          `json:"expert_parallel"`
	GPUs        int           `json:"gpus" doc:"GPUs of one replica."`
	WeightsGB   float64       `json:"weights_gb" doc:"On each GPU."`
	CacheGB     float64       `json:"cache_gb" doc:"Left for cached keys and values on each GPU."`
	CacheTokens int64         `json:"cache_tokens" doc:"Tokens that the replica's cache holds."`
}

// Trust is how far the predictions behind an answer can be trusted: what they were fitted to, and how far off they were.
type Trust struct {
	Calibrated bool   `json:"calibrated" doc:"The constants were fitted to measurements of this engine. Otherwise they are textbook values."`
	Engine     string `json:"engine" doc:"Engine family."`
	Versions   string `json:"versions,omitempty" doc:"Versions that were measured."`
	Sentence   string `json:"sentence"`
	// Throughput, TTFT and TPOT are intervals of measured over predicted.
	Throughput TrustInterval   `json:"throughput"`
	TTFT       *TrustInterval  `json:"ttft,omitempty" doc:"Absent where nothing was fitted."`
	TPOT       *TrustInterval  `json:"tpot,omitempty" doc:"Absent where nothing was fitted."`
	Provenance fact.Provenance `json:"provenance" doc:"Of the constants."`
}

// TrustInterval is between what share and what multiple of a prediction the truth plausibly lies.
type TrustInterval struct {
	Low          float64         `json:"low"`
	High         float64         `json:"high"`
	Rows         int             `json:"rows,omitempty" doc:"Measurements that it rests on."`
	Extrapolates []string        `json:"extrapolates" nullable:"false" doc:"What nothing was measured on."`
	Provenance   fact.Provenance `json:"provenance"`
}

func interval(i serving.Interval) *TrustInterval {
	return &TrustInterval{i.Low, i.High, i.Rows, append([]string{}, i.Extrapolates...), i.Provenance}
}

// calibrated applies the constants that were fitted to an engine family on the vendor of a replica's accelerators.
func calibrated(all *serving.Calibrations, r serving.Replica, family string) (serving.Replica, Trust) {
	if family == "" {
		family = serving.DefaultEngine
	}
	c, err := all.Find(r.Accelerator.Vendor, family)
	if err != nil {
		d := r.Doubt()
		t := Trust{
			Engine: family, Throughput: TrustInterval{Low: d.Low, High: d.High, Extrapolates: []string{}, Provenance: d.Provenance},
			Provenance: r.Efficiency.Provenance,
		}
		if d.Extrapolated {
			t.Throughput.Extrapolates = append(t.Throughput.Extrapolates, r.Accelerator.String())
		}
		t.Sentence = fmt.Sprintf("Uncalibrated: textbook constants, no measurement of %s on %s accelerators was fitted; measured throughput has lain between %.2f and %.2f times such predictions.",
			family, r.Accelerator.Vendor, d.Low, d.High)
		return r, t
	}
	r = c.Apply(r)
	throughput := c.Interval(r, serving.Throughput)
	t := Trust{
		Calibrated: true, Engine: c.Engine, Versions: c.Versions, Throughput: *interval(throughput),
		TTFT: interval(c.Interval(r, serving.TTFT)), TPOT: interval(c.Interval(r, serving.TPOT)), Provenance: r.Efficiency.Provenance,
	}
	t.Sentence = fmt.Sprintf("Calibrated on %s %s, %s; measured throughput has lain between %.2f and %.2f times such predictions", c.Engine, c.Versions, c.Fitted, throughput.Low, throughput.High)
	if len(throughput.Extrapolates) > 0 {
		t.Sentence += ", and this extrapolates: nothing was measured on " + strings.Join(throughput.Extrapolates, ", ")
	}
	t.Sentence += "."
	return r, t
}

// engine looks a choice up and works it out.
func (a *App) engine(c EngineChoice) (*serving.Engine, Trust, error) {
	models, err := a.models()
	if err != nil {
		return nil, Trust{}, err
	}
	parts, err := a.accelerators()
	if err != nil {
		return nil, Trust{}, err
	}
	all, err := catalog.Calibrations()
	if err != nil {
		return nil, Trust{}, err
	}
	if c.Model == "" || c.GPU == "" {
		field, hint := "model", "name open weights"
		if c.Model != "" {
			field, hint = "gpu", "name an accelerator"
		}
		return nil, Trust{}, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: field, Problem: "is missing", Hint: hint}}
	}
	model, err := models.Model(c.Model)
	if err != nil {
		return nil, Trust{}, fleetFault(err)
	}
	part, err := parts.Accelerator(c.GPU)
	if err != nil {
		return nil, Trust{}, fleetFault(err)
	}
	r := serving.NewReplica(model, part, llm.FP8)
	if c.Precision != "" {
		r.Precision = c.Precision
	}
	if c.KVPrecision != "" {
		r.KVPrecision = c.KVPrecision
	}
	r.DP, r.EP = c.DP, c.EP
	var trust Trust
	r, trust = calibrated(all, r, c.Engine)
	if r.TP = c.TP; r.TP == 0 {
		if r, _, err = serving.SmallestTP(r, serving.UsefulKVTokens); err != nil {
			return nil, trust, fleetFault(err)
		}
	}
	e, err := r.Engine()
	return e, trust, fleetFault(err)
}

func engineAnswer(e *serving.Engine) EngineAnswer {
	r, m := e.Replica(), e.Memory()
	return EngineAnswer{
		Name: r.String(), Model: r.Model.ID, GPU: r.Accelerator.ID, Precision: r.Precision, KVPrecision: r.KVPrecision,
		TP: r.TP, DP: max(1, r.DP), EP: r.EP, GPUs: r.GPUs(), WeightsGB: m.Weights.GB(), CacheGB: m.Pool.GB(), CacheTokens: int64(m.KVTokens),
	}
}

// faultError says which field of a request a failure of the serving model is about. It keeps the failure as its cause.
type faultError struct {
	field *decide.FieldError
	cause error
}

func (e *faultError) Error() string { return e.field.Error() }

func (e *faultError) Unwrap() []error { return []error{e.field, e.cause} }

// fleetFault turns an error of the serving packages into one that names a field and a remedy. Others stay as they are.
func fleetFault(err error) error {
	if err == nil {
		return nil
	}
	fault := func(kind ErrorKind, field, value, hint string) error {
		return &KindError{Kind: kind, Err: &faultError{&decide.FieldError{Field: field, Value: value, Problem: err.Error(), Hint: hint}, err}}
	}
	if e, ok := errors.AsType[*llm.UnknownModelError](err); ok {
		return fault(NotFound, "model", e.ID, "")
	}
	if e, ok := errors.AsType[*gpu.UnknownAcceleratorError](err); ok {
		return fault(NotFound, "gpu", e.ID, "")
	}
	if e, ok := errors.AsType[*serving.DoesNotFitError](err); ok {
		hint := "take weights of a lower precision, or accelerators with more memory"
		if e.NeedsTP > 0 {
			hint = fmt.Sprintf("take a tensor parallelism of %d", e.NeedsTP)
		}
		return fault(Invalid, "tensor_parallel", strconv.Itoa(e.Replica.TP), hint)
	}
	if is[*serving.SmallPoolError](err) {
		return fault(Invalid, "gpu", "", "take weights of a lower precision, or accelerators with more memory")
	}
	if e, ok := errors.AsType[*serving.InfeasibleError](err); ok {
		return fault(Invalid, limitField(e.Limit), "", "")
	}
	if e, ok := errors.AsType[*plan.InfeasibleError](err); ok {
		hint := "loosen the target, or take faster accelerators or more of them for a replica"
		if e.Limit == serving.LimitMemory {
			hint = "take more accelerators for a replica, a model with a longer context, or leave those requests out"
		}
		return fault(Invalid, limitField(e.Limit), "", hint)
	}
	if e, ok := errors.AsType[*plan.TargetError](err); ok {
		return fault(Invalid, "target."+e.Field, "", "")
	}
	if is[*plan.StreamError](err) || is[*sim.RequestError](err) {
		return fault(Invalid, "requests", "", "")
	}
	if e, ok := errors.AsType[*sim.ConfigError](err); ok {
		return fault(Invalid, e.Field, "", "")
	}
	if e, ok := errors.AsType[*serving.InputError](err); ok {
		fields := map[string]string{"tp": "tensor_parallel", "dp": "data_parallel"}
		hint := ""
		if e.Field == "tp" {
			hint = "take one of 1, 2, 4, 8 that divides the model's attention heads"
		}
		field := e.Field
		if name, ok := fields[field]; ok {
			field = name
		}
		return &KindError{Kind: Invalid, Err: &faultError{&decide.FieldError{Field: field, Problem: e.Err.Error(), Hint: hint}, err}}
	}
	return err
}

func limitField(l serving.Limit) string {
	switch l {
	case serving.LimitTPOT:
		return "target.tpot_ms"
	case serving.LimitMemory:
		return "requests"
	case serving.LimitTTFT, serving.LimitSequences, serving.LimitCompute:
	}
	return "target.ttft_seconds"
}

// Progress is how far long work has come.
type Progress struct {
	Phase string `json:"phase" doc:"What is being done, in words."`
	Done  int    `json:"done" doc:"Steps of the phase that are done."`
	Of    int    `json:"of" doc:"Steps that the phase has; zero where that is not known."`
	Calls int64  `json:"calls" doc:"Requests that have been simulated so far, in all phases."`
	Best  string `json:"best,omitempty" doc:"The cheapest fleet that holds the target, so far."`
}

// work is long work that can be followed and ended.
type work struct {
	ctx    context.Context
	report func(Progress)
	calls  atomic.Int64

	mu  sync.Mutex
	now Progress
}

// reportEvery is after how many requests the progress is told.
const reportEvery = 50_000

func newWork(ctx context.Context, report func(Progress)) *work {
	return &work{ctx: ctx, report: report}
}

// phase begins a phase of so many steps.
func (w *work) phase(name string, of int) {
	w.tell(func(p *Progress) { p.Phase, p.Done, p.Of = name, 0, of })
}

// step is one step done.
func (w *work) step() { w.tell(func(p *Progress) { p.Done++ }) }

func (w *work) tell(change func(*Progress)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.now)
	w.now.Calls = w.calls.Load()
	if w.report != nil {
		w.report(w.now)
	}
}

// watch is how the pure packages see the work.
func (w *work) watch() plan.Watch {
	return plan.Watch{
		Stop: func() bool { return w.ctx.Err() != nil },
		Seen: func(n int) {
			if after := w.calls.Add(int64(n)); after/reportEvery != (after-int64(n))/reportEvery {
				w.tell(func(*Progress) {})
			}
		},
	}
}

// fault is an error of the work: the context's own where that has ended it.
func (w *work) fault(err error) error {
	if errors.Is(err, plan.ErrStopped) && w.ctx.Err() != nil {
		return &KindError{Kind: Unreachable, Err: fmt.Errorf("the caller is gone: %w", w.ctx.Err())}
	}
	return fleetFault(err)
}

// each does n things, on as many processors as there are. The first error in the order of the things is returned.
func (w *work) each(n int, do func(i int) error) error {
	workers := min(n, runtime.GOMAXPROCS(0))
	faults := make([]error, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || w.ctx.Err() != nil {
					return
				}
				faults[i] = guarded(do, i)
			}
		})
	}
	wait.Wait()
	for _, err := range faults {
		if err != nil {
			return w.fault(err)
		}
	}
	if w.ctx.Err() != nil {
		return w.fault(plan.ErrStopped)
	}
	return nil
}

// guarded turns a fault of the program into an error: in a goroutine of its own it would end the process.
func guarded(do func(int) error, i int) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the program: %v\n%s", fault, debug.Stack())
		}
	}()
	return do(i)
}

// Percentiles is a spread of latencies.
type Percentiles struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// percentiles reads a spread off quantiles, in units of so many seconds.
func percentiles(mean serving.Seconds, quantile func(unit.Share) serving.Seconds, unitSeconds float64) Percentiles {
	at := func(s serving.Seconds) float64 { return significant(float64(s) / unitSeconds) }
	return Percentiles{
		Mean: at(mean), P50: at(quantile(0.50)), P90: at(quantile(0.90)), P95: at(quantile(0.95)), P99: at(quantile(0.99)), Max: at(quantile(1)),
	}
}

// significant keeps six digits of an estimate: more would be noise.
func significant(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	scale := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(v))))
	if math.IsInf(scale, 0) {
		return v
	}
	return math.Round(v*scale) / scale
}

// routings are the names by which a router is asked for.
var routings = []struct {
	name    string
	routing sim.Routing
}{
	{"least_loaded", sim.LeastLoaded}, {"round_robin", sim.RoundRobin}, {"prefix_affinity", sim.PrefixAffinity},
}

func parseRouting(text string) (sim.Routing, error) {
	if text == "" {
		return sim.LeastLoaded, nil
	}
	var names []string
	for _, r := range routings {
		if r.name == text {
			return r.routing, nil
		}
		names = append(names, r.name)
	}
	return 0, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "routing", Value: text, Problem: "is not a router", Hint: "use " + strings.Join(names, ", ")}}
}

// unique is a list without what is there twice, in its order.
func unique[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
