package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/serving/sim"
	"breakeven/unit"
	"breakeven/usage"
)

// SimulateRequest asks how a fleet serves a workload: that of call logs, or one described by its means.
type SimulateRequest struct {
	Engine   EngineChoice
	Replicas int
	Routing  string // least_loaded if empty
	Target   LatencyTarget
	Logs     []Source
	Options  usage.Options
	Load     *SyntheticLoad
	// Progress is told how far the work has come; nil tells nobody. It is called by one goroutine at a time.
	Progress func(Progress)
}

// SimulateAnswer is how a fleet served a workload.
type SimulateAnswer struct {
	Stamp    Stamp         `json:"stamp"`
	Engine   EngineAnswer  `json:"engine"`
	Trust    Trust         `json:"trust"`
	Replicas int           `json:"replicas"`
	GPUs     int           `json:"gpus" doc:"Of the whole fleet."`
	Routing  string        `json:"routing" enum:"least_loaded,round_robin,prefix_affinity"`
	Target   LatencyTarget `json:"target"`
	Workload TraceAnswer   `json:"workload"`

	Met      bool   `json:"met" doc:"The fleet keeps the target."`
	Sentence string `json:"sentence"`

	Ends    []EndCount  `json:"ends" nullable:"false" doc:"Requests by how they ended."`
	TTFT    Percentiles `json:"ttft_seconds" doc:"Time to the first token of the requests that were answered."`
	TPOT    Percentiles `json:"tpot_ms" doc:"Mean time between the tokens of an answer, over answers."`
	Gap     Percentiles `json:"inter_token_ms" doc:"Time between two tokens, over all tokens."`
	Total   Percentiles `json:"total_seconds" doc:"From arrival to the last token."`
	Late    LateCount   `json:"late"`
	Goodput float64     `json:"good_requests_per_second" doc:"Requests that kept both goals, per second."`
	Good    float64     `json:"good_share" doc:"Their share."`

	Input       int64   `json:"input_tokens" doc:"Of the requests that completed."`
	Output      int64   `json:"output_tokens"`
	Cached      float64 `json:"cached_share" doc:"Part of the prompts found in the prefix cache."`
	Preemptions int64   `json:"preemptions" doc:"How often a request was thrown out for want of memory."`

	Busy     float64         `json:"busy_share" doc:"Part of the time that replicas were in a step, in the mean."`
	KVPeak   float64         `json:"cache_peak_share" doc:"Most of a replica's cache in use."`
	Fleet    []ReplicaAnswer `json:"fleet" nullable:"false" doc:"Replicas, at most 64 of them."`
	GPUHours float64         `json:"gpu_hours" doc:"Rented while the workload lasted."`
	KWh      *float64        `json:"kwh,omitempty" doc:"What the GPUs drew, at their rated power in a step and a fifth of it otherwise; absent where no rated power is on record."`

	Series Series          `json:"series" doc:"The run over time."`
	Notes  []string        `json:"notes" nullable:"false"`
	Source fact.Provenance `json:"provenance" doc:"Of the latencies."`
}

// EndCount is how many requests ended in one way.
type EndCount struct {
	How      string `json:"how"`
	Requests int64  `json:"requests"`
}

// LateCount is how many requests were late, and how many may be.
type LateCount struct {
	TTFT    int64 `json:"ttft"`
	TTFTMay int64 `json:"ttft_allowed"`
	TPOT    int64 `json:"tpot"`
	TPOTMay int64 `json:"tpot_allowed"`
}

// ReplicaAnswer is what one replica did.
type ReplicaAnswer struct {
	Completed   int64   `json:"completed"`
	Busy        float64 `json:"busy_share"`
	KV          float64 `json:"cache_share"`
	KVPeak      float64 `json:"cache_peak_share"`
	PeakWaiting int     `json:"peak_waiting"`
	Preemptions int64   `json:"preemptions"`
}

// Series is a run over time, as columns: element i of each is of the i-th bucket. Latencies are those of the requests
// that arrived in it, and zero where there was none.
type Series struct {
	Width   float64   `json:"bucket_seconds"`
	Arrived []float64 `json:"arrived_per_second" nullable:"false"`
	Tokens  []float64 `json:"output_tokens_per_second" nullable:"false"`
	Waiting []float64 `json:"waiting" nullable:"false" doc:"Requests that wait, in the mean."`
	Running []float64 `json:"running" nullable:"false" doc:"Requests that run."`
	Busy    []float64 `json:"busy_share" nullable:"false" doc:"Part of the replicas in a step."`
	Up      []float64 `json:"replicas" nullable:"false" doc:"Replicas that are rented."`
	KV      []float64 `json:"cache_share" nullable:"false" doc:"Part of the cache in use."`
	TTFT50  []float64 `json:"ttft_p50_seconds" nullable:"false"`
	TTFT99  []float64 `json:"ttft_p99_seconds" nullable:"false"`
	TPOT50  []float64 `json:"tpot_p50_ms" nullable:"false"`
	TPOT99  []float64 `json:"tpot_p99_ms" nullable:"false"`
}

// maxFleetRows is how many replicas an answer lists.
const maxFleetRows = 64

// idleShare is what a GPU draws between steps, of its rated power. It is assumed.
const idleShare = 0.2

// Simulate serves a workload on a fleet.
func (a *App) Simulate(ctx context.Context, r SimulateRequest) (SimulateAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return SimulateAnswer{}, err
	}
	answer := SimulateAnswer{Stamp: stamp, Target: r.Target.defaults(), Replicas: r.Replicas, Routing: r.Routing, Notes: []string{}, Ends: []EndCount{}, Fleet: []ReplicaAnswer{}}
	if answer.Routing == "" {
		answer.Routing = routings[0].name
	}
	target, err := answer.Target.target()
	if err != nil {
		return answer, err
	}
	routing, err := parseRouting(r.Routing)
	if err != nil {
		return answer, err
	}
	if r.Replicas < 1 || r.Replicas > plan.MaxReplicas {
		return answer, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "replicas", Value: strconv.Itoa(r.Replicas), Problem: fmt.Sprintf("is not between 1 and %d", plan.MaxReplicas)}}
	}
	e, trust, err := a.engine(r.Engine)
	if err != nil {
		return answer, err
	}
	answer.Engine, answer.Trust, answer.GPUs = engineAnswer(e), trust, r.Replicas*e.Replica().GPUs()
	w := newWork(ctx, r.Progress)
	t, s, err := a.workloadOf(w, r.Logs, r.Options, r.Load, e.Replica().Model.MaxContext)
	if err != nil {
		return answer, err
	}
	var notes []string
	answer.Workload, notes = t.describe(s, s.Len())
	w.phase("serving every request", 1)
	trial, err := plan.Fleet{Engine: e, Replicas: r.Replicas, Routing: routing, Power: power(e.Replica())}.Serve(s, target, w.watch())
	if err != nil {
		return answer, w.fault(err)
	}
	w.step()
	answer.fill(e, target, s, trial)
	answer.Notes = sentences(append(append(notes, answer.refusals(e, s)...), trust.Sentence))
	answer.Source = fact.Provenance{
		Kind: fact.Derived, Source: trust.Provenance.Source, Date: trust.Provenance.Date,
		Rule: fmt.Sprintf("simulation of %s requests, one by one", ledger.Number(float64(s.Len()))),
	}
	return answer, nil
}

// workloadOf is the stream of logs or of means.
func (a *App) workloadOf(w *work, logs []Source, o usage.Options, load *SyntheticLoad, context int64) (*trace, *plan.Stream, error) {
	var t *trace
	var err error
	switch {
	case len(logs) > 0 && load != nil:
		return nil, nil, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "workload", Problem: "is given beside a log", Hint: "give one of them"}}
	case len(logs) > 0:
		w.phase("reading the log", 0)
		t, err = a.readTrace(logs, o)
	case load != nil:
		t, err = made(*load)
	default:
		return nil, nil, &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: "workload", Problem: "is missing", Hint: "give a log, or the means of a workload"}}
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := t.stream(usual(), context)
	return t, s, err
}

// power is the draw of one replica's accelerators; zero where no figure is on record.
func power(r serving.Replica) sim.Power {
	busy := float64(r.Accelerator.TDP) * float64(r.GPUs())
	return sim.Power{Idle: idleShare * busy, Busy: busy}
}

// fill reads an answer off a simulation.
func (a *SimulateAnswer) fill(e *serving.Engine, target plan.Target, s *plan.Stream, trial *plan.Trial) {
	r := trial.Result
	a.Met = trial.Met
	a.TTFT, a.TPOT = trialPercentiles(trial)
	a.Gap = percentiles(r.Gap.Mean(), quantileOf(r.Gap), 1e-3)
	a.Total = percentiles(r.End.Mean(), quantileOf(r.End), 1)
	a.Late = LateCount{trial.LateTTFT, trial.MayTTFT, trial.LateTPOT, trial.MayTPOT}
	for status := range sim.Statuses {
		if n := r.Statuses[status]; n > 0 {
			a.Ends = append(a.Ends, EndCount{status.String(), n})
		}
	}
	good := goodRequests(trial, target)
	a.Good = significant(ratio(float64(good), float64(s.Answered())))
	a.Goodput = significant(ratio(float64(good), float64(r.Span)))
	a.Input, a.Output, a.Cached, a.Preemptions = r.Input, r.Output, significant(float64(r.HitRate())), r.Preemptions
	var busy, up float64
	for i := range r.Replicas {
		p := &r.Replicas[i]
		busy += float64(p.Busy)
		up += float64(p.Up)
		a.KVPeak = max(a.KVPeak, significant(float64(p.PeakKV)))
		if i < maxFleetRows {
			a.Fleet = append(a.Fleet, ReplicaAnswer{
				p.Completed, significant(float64(p.BusyShare())), significant(float64(p.KV)), significant(float64(p.PeakKV)), p.PeakWaiting, p.Preemptions,
			})
		}
	}
	a.Busy = significant(min(1, ratio(busy, up)))
	a.GPUHours = significant(float64(r.Rented) / 3600 * float64(e.Replica().GPUs()))
	if e.Replica().Accelerator.TDP > 0 {
		kwh := significant(r.Joules / 3.6e6)
		a.KWh = &kwh
	}
	a.Series = seriesOf(trial)
	verb := map[bool]string{true: "keep", false: "miss"}[a.Met]
	if a.Replicas == 1 {
		verb = map[bool]string{true: "keeps", false: "misses"}[a.Met]
	}
	a.Sentence = fmt.Sprintf("%s of %s %s %s: %s TTFT %s, %s TPOT %s, over %s requests.",
		ledger.Count(a.Replicas, "replica"), a.Engine.Name, verb, target,
		plan.Percentile(target.TTFT.Share), plan.Latency(trial.TTFT(target.TTFT.Share)),
		plan.Percentile(target.TPOT.Share), plan.Latency(trial.TPOT(target.TPOT.Share)), ledger.Number(float64(r.Requests)))
}

// refusals says which requests the engine does not take.
func (a *SimulateAnswer) refusals(e *serving.Engine, s *plan.Stream) (notes []string) {
	if a.Late.TTFT == 0 {
		return nil
	}
	context := e.Replica().Model.MaxContext
	if n := s.Longer(context); n > 0 {
		notes = append(notes, fmt.Sprintf("Requests longer than the model's context of %s tokens are refused, and count as late (%d).", ledger.Number(float64(context)), n))
	}
	for _, end := range a.Ends {
		if end.How == sim.NoMemory.String() {
			notes = append(notes, fmt.Sprintf("Requests longer than a replica's cache of %s tokens are refused, and count as late (%d): more GPUs for a replica, or weights of a lower precision, make room.", ledger.Number(float64(a.Engine.CacheTokens)), end.Requests))
		}
	}
	return notes
}

func quantileOf(d *sim.Distribution) func(unit.Share) serving.Seconds {
	return func(p unit.Share) serving.Seconds { return d.Quantile(p) }
}

// goodRequests is how many answered requests kept both goals.
func goodRequests(t *plan.Trial, target plan.Target) (n int64) {
	for i := range t.Times {
		x := &t.Times[i]
		if serving.Seconds(x.TTFT) <= target.TTFT.Within && (target.TPOT.Within == 0 || serving.Seconds(x.TPOT) <= target.TPOT.Within) {
			n++
		}
	}
	return n
}

// seriesOf is a run over time, at most [sim.MaxBuckets] buckets of it.
func seriesOf(t *plan.Trial) Series {
	in := t.Result.Series
	n := len(in.Points)
	column := func() []float64 { return make([]float64, n) }
	out := Series{
		Width: float64(in.Width), Arrived: column(), Tokens: column(), Waiting: column(), Running: column(), Busy: column(), Up: column(), KV: column(),
		TTFT50: column(), TTFT99: column(), TPOT50: column(), TPOT99: column(),
	}
	if n == 0 {
		return out
	}
	for i, p := range in.Points {
		out.Arrived[i], out.Tokens[i] = significant(float64(p.Arrived)/float64(in.Width)), significant(p.Tokens/float64(in.Width))
		out.Waiting[i], out.Running[i] = significant(p.Waiting), significant(p.Running)
		out.Busy[i], out.Up[i], out.KV[i] = significant(min(1, ratio(p.Busy, p.Up))), significant(p.Up), significant(float64(p.KV))
	}
	// The series of the simulator knows the engine's part of a latency alone; the times are what clients see.
	type seen struct{ ttft, tpot []float64 }
	buckets := make([]seen, n)
	for _, x := range t.Times {
		b := &buckets[min(max(int((x.Arrival-in.Start)/in.Width), 0), n-1)]
		b.ttft = append(b.ttft, float64(x.TTFT))
		if x.TPOT > 0 {
			b.tpot = append(b.tpot, 1000*float64(x.TPOT))
		}
	}
	at := func(list []float64, share float64) float64 {
		if len(list) == 0 {
			return 0
		}
		return significant(list[max(0, int(math.Ceil(share*float64(len(list))-1e-6))-1)])
	}
	for i := range buckets {
		b := &buckets[i]
		slices.Sort(b.ttft)
		slices.Sort(b.tpot)
		out.TTFT50[i], out.TTFT99[i] = at(b.ttft, 0.5), at(b.ttft, 0.99)
		out.TPOT50[i], out.TPOT99[i] = at(b.tpot, 0.5), at(b.tpot, 0.99)
	}
	return out
}
