package cli

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/llm"
	"breakeven/serving/plan"
	"breakeven/unit"
)

// targetFlags are the latency that users must see. A percentile is named in the flag.
type targetFlags struct {
	TTFT99 time.Duration `help:"Time to first token that 99 % of requests must keep; 2s if no other is given." name:"ttft-p99" placeholder:"TIME" xor:"ttft" group:"Latency target"`
	TTFT95 time.Duration `help:"The same for 95 %." name:"ttft-p95" placeholder:"TIME" xor:"ttft" group:"Latency target"`
	TTFT90 time.Duration `help:"The same for 90 %." name:"ttft-p90" placeholder:"TIME" xor:"ttft" group:"Latency target"`
	TTFT50 time.Duration `help:"The same for half of them." name:"ttft-p50" placeholder:"TIME" xor:"ttft" group:"Latency target"`
	TPOT99 time.Duration `help:"Mean time between an answer's tokens that 99 % of answers must keep; 50ms if no other is given." name:"tpot-p99" placeholder:"TIME" xor:"tpot" group:"Latency target"`
	TPOT95 time.Duration `help:"The same for 95 %." name:"tpot-p95" placeholder:"TIME" xor:"tpot" group:"Latency target"`
	TPOT90 time.Duration `help:"The same for 90 %." name:"tpot-p90" placeholder:"TIME" xor:"tpot" group:"Latency target"`
	TPOT50 time.Duration `help:"The same for half of them." name:"tpot-p50" placeholder:"TIME" xor:"tpot" group:"Latency target"`
}

func (f targetFlags) target() (app.LatencyTarget, error) {
	var t app.LatencyTarget
	for _, v := range []struct {
		flag     string
		given    time.Duration
		share    float64
		at, with *float64
		seconds  float64
	}{
		{"ttft-p99", f.TTFT99, 0.99, &t.TTFT, &t.TTFTShare, 1}, {"ttft-p95", f.TTFT95, 0.95, &t.TTFT, &t.TTFTShare, 1},
		{"ttft-p90", f.TTFT90, 0.90, &t.TTFT, &t.TTFTShare, 1}, {"ttft-p50", f.TTFT50, 0.50, &t.TTFT, &t.TTFTShare, 1},
		{"tpot-p99", f.TPOT99, 0.99, &t.TPOT, &t.TPOTShare, 1e-3}, {"tpot-p95", f.TPOT95, 0.95, &t.TPOT, &t.TPOTShare, 1e-3},
		{"tpot-p90", f.TPOT90, 0.90, &t.TPOT, &t.TPOTShare, 1e-3}, {"tpot-p50", f.TPOT50, 0.50, &t.TPOT, &t.TPOTShare, 1e-3},
	} {
		switch {
		case v.given < 0:
			return t, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "--" + v.flag, Value: v.given.String(), Problem: "is not above zero"}}
		case v.given > 0:
			*v.at, *v.with = v.given.Seconds()/v.seconds, v.share
		}
	}
	return t, nil
}

// engineFlags are one serving engine.
type engineFlags struct {
	Model     string `help:"Open weights, as breakeven models lists them." required:"" placeholder:"MODEL" group:"Engine"`
	GPU       string `help:"Accelerator, as breakeven gpus lists them." name:"gpu" required:"" placeholder:"GPU" group:"Engine"`
	Precision string `help:"Of the weights: bf16, fp8, int8, fp4 or int4." enum:"bf16,fp8,int8,fp4,int4" default:"fp8" group:"Engine"`
	KV        string `help:"Precision of the cached keys and values: bf16 or fp8." name:"kv-precision" enum:"bf16,fp8" default:"bf16" group:"Engine"`
	TP        int    `help:"GPUs that share every layer; the fewest that fit if left out." name:"tp" placeholder:"N" group:"Engine"`
	DP        int    `help:"Groups of such GPUs that the experts are divided over." name:"dp" placeholder:"N" group:"Engine"`
	EP        bool   `help:"Keep experts whole rather than slice each one." name:"ep" group:"Engine"`
	Engine    string `help:"Engine family whose measurements the constants were fitted to." default:"vllm" group:"Engine"`
}

func (f engineFlags) choice() app.EngineChoice {
	return app.EngineChoice{Model: f.Model, GPU: f.GPU, Precision: llm.Precision(f.Precision), KVPrecision: llm.Precision(f.KV), TP: f.TP, DP: f.DP, EP: f.EP, Engine: f.Engine}
}

// shapeFlags are the means of a request.
type shapeFlags struct {
	ISL    float64  `help:"Mean prompt, in tokens." name:"isl" placeholder:"N" group:"Workload"`
	OSL    float64  `help:"Mean answer, in tokens." name:"osl" placeholder:"N" group:"Workload"`
	ISLCV  *float64 `help:"How widely prompts spread, standard deviation over mean; 1 is assumed, 0 is all alike." name:"isl-cv" placeholder:"X" group:"Workload"`
	OSLCV  *float64 `help:"How widely answers spread; 1 is assumed." name:"osl-cv" placeholder:"X" group:"Workload"`
	Cached float64  `help:"Part of a prompt that the prefix cache serves, 0 to 1." placeholder:"X" group:"Workload"`
	GapCV  *float64 `help:"How arrivals bunch: spread of the times between them; 1, Poisson, is assumed." name:"gap-cv" placeholder:"X" group:"Workload"`
	Count  int64    `help:"Requests to simulate; 20,000 if left out." name:"requests" placeholder:"N" group:"Workload"`
	Seed   uint64   `help:"The same seed makes the same requests." placeholder:"N" group:"Workload"`
}

func (f shapeFlags) load(rate float64) app.SyntheticLoad {
	return app.SyntheticLoad{
		Rate: rate, Input: f.ISL, Output: f.OSL, InputCV: f.ISLCV, OutputCV: f.OSLCV, CachedShare: f.Cached, Gaps: f.GapCV, Requests: f.Count, Seed: f.Seed,
	}
}

type capacityCmd struct {
	engineFlags
	shapeFlags
	targetFlags
}

func (c capacityCmd) Run(r run) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	a, err := r.app.Capacity(r.ctx, app.CapacityRequest{Engine: c.choice(), Load: c.load(1), Target: target})
	if err != nil {
		return err
	}
	return r.print(a, func(w io.Writer) { printCapacity(w, a) })
}

func printCapacity(w io.Writer, a app.CapacityAnswer) {
	fmt.Fprintf(w, "%s sustains %s requests a second at %s\n", a.Engine.Name, figure(a.Rate), targetText(a.Target))
	fmt.Fprintf(w, "Between %s and %s, by how far predictions have been off. %s input and %s output tokens a second, %s requests at once.\n",
		figure(a.Low), figure(a.High), figure(a.Input), figure(a.Output), figure(a.Concurrency))
	fmt.Fprintf(w, "Bound by %s.\n\n", a.Reason)
	t := table{right: []bool{true, true, true, true, true, true, true}}
	t.row("requests/s", "TTFT p50", "p99", "TPOT p50", "p99", "busy", "cache")
	t.rule()
	for _, p := range a.Curve {
		remark := ""
		if !p.Met {
			remark = "misses"
		}
		t.row(figure(p.Rate), seconds(p.TTFT.P50), seconds(p.TTFT.P99), seconds(p.TPOT.P50/1000), seconds(p.TPOT.P99/1000), shareText(p.Busy), shareText(p.KV), remark)
	}
	t.write(w)
	if a.Closed != nil {
		fmt.Fprintf(w, "\nThe closed form says %s requests a second. ", figure(*a.Closed))
	} else {
		fmt.Fprint(w, "\nThe closed form says that the target cannot be kept. ")
	}
	fmt.Fprintf(w, "%s of %s requests in all.\n", ledger.Count(a.Simulations, "simulation"), ledger.Number(float64(a.Simulated)))
	fmt.Fprintf(w, "Weights take %s GB on each GPU; the cache holds %s tokens.\n", figure(a.Engine.WeightsGB), ledger.Number(float64(a.Engine.CacheTokens)))
	if len(a.Offers) > 0 {
		fmt.Fprintln(w, "\nA million output tokens at full load, a floor since no fleet is always full")
		ot := table{right: []bool{false, true}}
		for _, o := range a.Offers {
			ot.row("  "+strings.ReplaceAll(string(o.Term), "_", " "), "$"+figure(o.PerMillion), "at "+hourly(o.Offer)+" per GPU-hour, "+o.Vendor+" "+o.Region+", "+evidence(o.Provenance))
		}
		ot.write(w)
	}
	printNotes(w, a.Notes)
	printStamp(w, a.Stamp)
}

func printStamp(w io.Writer, s app.Stamp) {
	fmt.Fprintf(w, "\nbreakeven %s, price book %s, as of %s\n", s.Version, s.Snapshot, s.AsOf)
}

func targetText(t app.LatencyTarget) string {
	return plan.Percentile(unit.Share(t.TTFTShare)) + " TTFT " + seconds(t.TTFT) + ", " + plan.Percentile(unit.Share(t.TPOTShare)) + " TPOT " + seconds(t.TPOT/1000)
}

// figure is an estimate with three digits, thousands separated.
func figure(v float64) string {
	if math.Abs(v) >= 1000 {
		return ledger.Number(math.Round(v))
	}
	return strconv.FormatFloat(mathRound(v), 'f', -1, 64)
}

// mathRound keeps three digits.
func mathRound(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// seconds is a latency with three digits.
func seconds(s float64) string {
	if s < 1 {
		return figure(1000*s) + " ms"
	}
	return figure(s) + " s"
}

func shareText(share float64) string { return figure(100*share) + " %" }
