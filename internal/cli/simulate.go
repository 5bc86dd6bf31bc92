package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/decide"
	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/usage"
)

// workloadFlags are a workload: logs, or means.
type workloadFlags struct {
	Trace []string `help:"Call log or trace to serve; may be given more than once." placeholder:"FILE" sep:"none" group:"Workload"`
	Rate  float64  `help:"Requests a second, of a workload given by its means." placeholder:"X" group:"Workload"`
	shapeFlags
	logFlags
}

// workload is what the flags name.
func (f workloadFlags) workload(r run) ([]app.Source, usage.Options, *app.SyntheticLoad, error) {
	o, err := f.options()
	if err != nil {
		return nil, o, nil, err
	}
	means := f.Rate != 0 || f.ISL != 0 || f.OSL != 0
	switch {
	case (len(f.Trace) > 0 || f.Kept) && means:
		return nil, o, nil, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "--trace", Problem: "is given beside --rate, --isl or --osl", Hint: "give a log, or the means of a workload"}}
	case len(f.Trace) == 0 && !f.Kept && !means:
		return nil, o, nil, &app.KindError{Kind: app.BadUsage, Err: &decide.FieldError{Field: "--trace", Problem: "is missing", Hint: "give a log, or the means of a workload with --rate, --isl and --osl"}}
	case means:
		load := f.load(f.Rate)
		return nil, o, &load, nil
	}
	if err := once(slices.Concat(f.Trace, f.Sheet)...); err != nil {
		return nil, o, nil, err
	}
	logs, err := r.calls(f.Trace, f.logFlags)
	return logs, o, nil, err
}

type simulateCmd struct {
	engineFlags
	Replicas int    `help:"Replicas of the engine." required:"" placeholder:"N" group:"Engine"`
	Router   string `help:"How a request finds its replica: least_loaded, round_robin or prefix_affinity." enum:"least_loaded,round_robin,prefix_affinity" default:"least_loaded" group:"Engine"`
	targetFlags
	workloadFlags
}

func (c simulateCmd) Run(r run) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	logs, o, load, err := c.workload(r)
	if err != nil {
		return err
	}
	a, err := r.app.Simulate(r.ctx, app.SimulateRequest{
		Engine: c.choice(), Replicas: c.Replicas, Routing: c.Router, Target: target, Logs: logs, Options: o, Load: load, Progress: r.progress(),
	})
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printSimulation(w, a) }); err != nil {
		return err
	}
	return r.badRows(a.Workload.Files, c.logFlags)
}

// progress tells on standard error how long work goes, where a person looks at it and not too often.
func (r run) progress() func(app.Progress) {
	if r.json {
		return nil
	}
	begun := r.env.Now()
	last, phase := begun, ""
	return func(p app.Progress) {
		now := r.env.Now()
		if now.Sub(begun) < 2*time.Second || now.Sub(last) < time.Second && p.Phase == phase {
			return
		}
		last, phase = now, p.Phase
		text := p.Phase
		if p.Of > 0 {
			text += fmt.Sprintf(", %d of %d", p.Done, p.Of)
		}
		text += ", " + ledger.Number(float64(p.Calls)) + " requests simulated"
		if p.Best != "" {
			text += "; so far " + p.Best
		}
		r.complain(text)
	}
}

func printSimulation(w io.Writer, a app.SimulateAnswer) {
	verdict := "Keeps the target"
	if !a.Met {
		verdict = "Misses the target"
	}
	fmt.Fprintf(w, "%s\n%s\n\n%s\n\n", verdict, a.Sentence, a.Workload.Sentence)
	t := table{right: []bool{false, true, true, true, true, true, true}}
	t.row("", "mean", "p50", "p90", "p95", "p99", "most")
	t.rule()
	for _, l := range []struct {
		name string
		p    app.Percentiles
		unit float64
	}{
		{"time to first token", a.TTFT, 1}, {"time between tokens of an answer (mean)", a.TPOT, 1e-3}, {"time between two tokens", a.Gap, 1e-3}, {"whole answer", a.Total, 1},
	} {
		t.row(l.name, seconds(l.p.Mean*l.unit), seconds(l.p.P50*l.unit), seconds(l.p.P90*l.unit), seconds(l.p.P95*l.unit), seconds(l.p.P99*l.unit), seconds(l.p.Max*l.unit))
	}
	t.write(w)
	fmt.Fprintf(w, "\nLate: %s of the first tokens, where %s may be; %s of the answers between tokens, where %s may be.\n",
		whole(a.Late.TTFT), whole(a.Late.TTFTMay), whole(a.Late.TPOT), whole(a.Late.TPOTMay))
	fmt.Fprintf(w, "Good requests, in time on both: %s, %s a second.\n", shareText(a.Good), figure(a.Goodput))
	var ends []string
	for _, e := range a.Ends {
		ends = append(ends, whole(e.Requests)+" "+e.How)
	}
	fmt.Fprintf(w, "Requests: %s.\n", strings.Join(ends, ", "))
	fmt.Fprintf(w, "Replicas are %s busy in the mean; the cache is at most %s full; %s thrown out for want of memory.\n", shareText(a.Busy), shareText(a.KVPeak), ledger.Count(a.Preemptions, "request"))
	fmt.Fprintf(w, "%s GPU-hours", figure(a.GPUHours))
	if a.KWh != nil {
		fmt.Fprintf(w, ", about %s kWh", figure(*a.KWh))
	}
	fmt.Fprintln(w, ".")
	rt := table{right: []bool{true, true, true, true, true, true}}
	rt.row("replica", "completed", "busy", "cache", "cache peak", "peak waiting")
	rt.rule()
	for i, f := range a.Fleet {
		rt.row(strconv.Itoa(i+1), whole(f.Completed), shareText(f.Busy), shareText(f.KV), shareText(f.KVPeak), strconv.Itoa(f.PeakWaiting))
	}
	fmt.Fprintln(w)
	rt.write(w)
	if more := a.Replicas - len(a.Fleet); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	printNotes(w, a.Notes)
	printStamp(w, a.Stamp)
}

func whole(n int64) string { return grouped(strconv.FormatInt(n, 10)) }
