package app

import (
	"context"
	"fmt"
	"math"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/unit"
)

// CapacityRequest asks how much one replica sustains.
type CapacityRequest struct {
	Engine EngineChoice
	Load   SyntheticLoad // its rate counts for nothing
	Target LatencyTarget
}

// CapacityAnswer is how much one replica sustains.
type CapacityAnswer struct {
	Stamp  Stamp         `json:"stamp"`
	Engine EngineAnswer  `json:"engine"`
	Trust  Trust         `json:"trust"`
	Target LatencyTarget `json:"target"`
	Load   SyntheticLoad `json:"workload"`

	Rate float64 `json:"requests_per_second" doc:"The largest rate at which one replica keeps the target, found by simulation to one hundredth."`
	Low  float64 `json:"requests_per_second_low" doc:"The rate at the low end of the interval of the throughput."`
	High float64 `json:"requests_per_second_high" doc:"And at its high end."`
	// Closed is what the closed form says, for comparison.
	Closed      *float64        `json:"closed_form_requests_per_second,omitempty" doc:"What the closed form says, for comparison; absent where it says that the target cannot be kept."`
	Input       float64         `json:"input_tokens_per_second"`
	Output      float64         `json:"output_tokens_per_second"`
	TTFT        Percentiles     `json:"ttft_seconds" doc:"At that rate."`
	TPOT        Percentiles     `json:"tpot_ms" doc:"At that rate."`
	Concurrency float64         `json:"concurrency" doc:"Requests in the replica in the mean, waiting ones included."`
	Limit       serving.Limit   `json:"limit" doc:"What keeps it from more."`
	Reason      string          `json:"reason" doc:"The limit in words, with its figures."`
	Curve       []CapacityPoint `json:"curve" nullable:"false" doc:"Latencies over the rate."`
	Offers      []CapacityPrice `json:"offers" nullable:"false" doc:"What that many GPUs cost at the cheapest offer of each term, and what a million output tokens cost at full load: a floor, since no fleet is always full."`
	Simulations int             `json:"simulations"`
	Simulated   int64           `json:"simulated_requests"`
	Notes       []string        `json:"notes" nullable:"false"`
	Provenance  fact.Provenance `json:"provenance" doc:"Of the rate."`
}

// CapacityPoint is one rate with its latencies.
type CapacityPoint struct {
	Rate float64     `json:"requests_per_second"`
	Met  bool        `json:"met" doc:"The target is kept."`
	TTFT Percentiles `json:"ttft_seconds"`
	TPOT Percentiles `json:"tpot_ms"`
	Busy float64     `json:"busy_share" doc:"Part of the time that the replica is in a step."`
	KV   float64     `json:"cache_share" doc:"Part of the cache in use, in the mean."`
}

// CapacityPrice is what the replica's GPUs cost.
type CapacityPrice struct {
	Offer
	PerMillion float64 `json:"usd_per_million_output"`
}

// curveAt are the rates of the curve as shares of the largest one that keeps the target.
var curveAt = []float64{0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1, 1.05, 1.1, 1.2}

// Capacity finds the largest rate at which one replica keeps a target, by simulation.
func (a *App) Capacity(ctx context.Context, r CapacityRequest) (CapacityAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return CapacityAnswer{}, err
	}
	answer := CapacityAnswer{Stamp: stamp, Target: r.Target.defaults(), Curve: []CapacityPoint{}, Offers: []CapacityPrice{}, Notes: []string{}}
	target, err := answer.Target.target()
	if err != nil {
		return answer, err
	}
	e, trust, err := a.engine(r.Engine)
	if err != nil {
		return answer, err
	}
	answer.Engine, answer.Trust = engineAnswer(e), trust
	r.Load.Rate = 1
	t, err := made(r.Load)
	if err != nil {
		return answer, err
	}
	answer.Load = *t.given
	if most := e.Replica().Model.MaxContext; r.Load.Input+r.Load.Output > float64(most) {
		return answer, &KindError{Kind: Invalid, Err: &decide.FieldError{
			Field: "workload.input", Problem: fmt.Sprintf("prompt and answer take %s tokens in the mean, and %s has a context of %s", ledger.Number(r.Load.Input+r.Load.Output), e.Replica().Model, ledger.Number(float64(most))),
			Hint: "shorten them, or take a model with a longer context",
		}}
	}
	s, err := t.stream(usual(), e.Replica().Model.MaxContext)
	if err != nil {
		return answer, err
	}
	w := newWork(ctx, nil)
	c, err := plan.Sustain(e, s, target, w.watch())
	if err != nil {
		return answer, w.fault(err)
	}
	answer.Rate = significant(float64(c.Rate))
	answer.Low, answer.High = significant(float64(c.Rate)*trust.Throughput.Low), significant(float64(c.Rate)*trust.Throughput.High)
	if c.Closed > 0 {
		closed := significant(float64(c.Closed))
		answer.Closed = &closed
	}
	answer.Limit, answer.Reason = c.Limit, c.Reason
	answer.TTFT, answer.TPOT = trialPercentiles(c.Held)
	shape := s.Shape()
	answer.Input, answer.Output = significant(answer.Rate*float64(shape.Input)), significant(answer.Rate*float64(shape.Output))
	answer.Concurrency = significant(c.Held.Result.Running + c.Held.Result.Waiting)
	curve := make([]CapacityPoint, len(curveAt))
	if err := w.each(len(curveAt), func(i int) error {
		rate := unit.RequestsPerSecond(curveAt[i]) * c.Rate
		trial, err := plan.ServeAt(e, s, target, rate, w.watch())
		if err != nil {
			return err
		}
		p := CapacityPoint{Rate: significant(float64(rate)), Met: trial.Met, Busy: significant(float64(trial.Result.Replicas[0].BusyShare())), KV: significant(float64(trial.Result.Replicas[0].KV))}
		p.TTFT, p.TPOT = trialPercentiles(trial)
		curve[i] = p
		return nil
	}); err != nil {
		return answer, err
	}
	answer.Curve = curve
	answer.Simulations, answer.Simulated = c.Trials+len(curve), w.calls.Load()
	offers, err := a.CheapestOffers(e.Replica().Accelerator.ID)
	if err != nil {
		return answer, err
	}
	for _, o := range offers {
		perHour := o.Hourly.Estimate() / float64(max(o.GPUs, 1)) * float64(e.Replica().GPUs())
		answer.Offers = append(answer.Offers, CapacityPrice{o, significant(perHour / (answer.Output * 3600) * 1e6)})
	}
	_, notes := t.describe(s, s.Len())
	answer.Notes = sentences(append(notes, trust.Sentence,
		"One replica's capacity does not size a fleet: bursts and many small queues need more than the rate over it. Simulate the fleet on the trace."))
	answer.Provenance = fact.Provenance{
		Kind: fact.Derived, Source: trust.Provenance.Source, Date: trust.Provenance.Date,
		Rule: fmt.Sprintf("largest rate at which a simulation of %s requests keeps %s", ledger.Number(float64(s.Len())), target),
	}
	return answer, nil
}

// trialPercentiles are a simulation's latencies, TTFT in seconds and TPOT in milliseconds.
func trialPercentiles(t *plan.Trial) (ttft, tpot Percentiles) {
	a, b := t.Means()
	return percentiles(a, t.TTFT, 1), percentiles(b, t.TPOT, 1e-3)
}

// ratio is a share of a whole, and zero of none.
func ratio(part, whole float64) float64 {
	if whole == 0 || math.IsNaN(whole) {
		return 0
	}
	return part / whole
}
