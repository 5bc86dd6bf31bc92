package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/gpu"
	"breakeven/internal/app"
	"breakeven/ledger"
	"breakeven/llm"
)

type planCmd struct {
	Model     string        `help:"Open weights, as breakeven models lists them." required:"" placeholder:"MODEL" group:"Fleet"`
	GPU       []string      `help:"Accelerator to compare; may be given more than once. All that have an offer if left out." name:"gpu" placeholder:"GPU" group:"Fleet"`
	Precision []string      `help:"Precision of the weights to compare; may be given more than once. bf16 and fp8 if left out." placeholder:"NAME" enum:"bf16,fp8,int8,fp4,int4" group:"Fleet"`
	KV        string        `help:"Precision of the cached keys and values: bf16 or fp8." name:"kv-precision" enum:"bf16,fp8" default:"bf16" group:"Fleet"`
	Term      string        `help:"How machines are rented: on_demand, spot, reserved_1y or reserved_3y." enum:"on_demand,spot,reserved_1y,reserved_3y" default:"on_demand" group:"Fleet"`
	Vendor    []string      `help:"Who may rent them out; everybody but marketplaces if left out." placeholder:"NAME" group:"Fleet"`
	Router    string        `help:"How a request finds its replica: least_loaded, round_robin or prefix_affinity." enum:"least_loaded,round_robin,prefix_affinity" default:"least_loaded" group:"Fleet"`
	Engine    string        `help:"Engine family whose measurements the constants were fitted to." default:"vllm" group:"Fleet"`
	ColdStart time.Duration `help:"From asking for a machine to its first request." default:"180s" group:"Fleet"`
	All       bool          `help:"List every kind of engine that was compared." group:"Fleet"`
	targetFlags
	workloadFlags
}

func (c planCmd) Run(r run) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	logs, o, load, err := c.workload(r)
	if err != nil {
		return err
	}
	choice := app.FleetChoice{
		Model: c.Model, GPUs: c.GPU, KVPrecision: llm.Precision(c.KV), Term: gpu.Term(c.Term), Vendors: c.Vendor, Engine: c.Engine, Routing: c.Router, ColdStart: c.ColdStart.Seconds(),
	}
	for _, p := range c.Precision {
		choice.Precisions = append(choice.Precisions, llm.Precision(p))
	}
	a, err := r.app.Plan(r.ctx, app.PlanRequest{Choice: choice, Target: target, Logs: logs, Options: o, Load: load, Progress: r.progress()})
	if err != nil {
		return err
	}
	if err := r.print(a, func(w io.Writer) { printPlan(w, a, c.All) }); err != nil {
		return err
	}
	return r.badRows(a.Workload.Files, c.logFlags)
}

// maxRows is how many kinds of engine are listed where not all are asked for.
const maxRows = 12

func printPlan(w io.Writer, a app.PlanAnswer, all bool) {
	b := a.Best
	fmt.Fprintf(w, "%s\n%s\n\n%s\nTarget: %s.\n\n", a.Sentence, a.Proof, a.Workload.Sentence, targetText(a.Target))
	t := table{right: []bool{false, true, true, true}}
	t.row("fleet", "machines", "per hour", "per month")
	t.rule()
	t.row("Fixed", strconv.Itoa(b.Machines), dollars(*b.Hourly), dollars(*b.Monthly), b.Engine.Name+", "+shareText(b.Busy)+" busy")
	t.row("With one to spare", strconv.Itoa(a.Spare.Machines), dollars(a.Spare.Hourly), dollars(a.Spare.Monthly), a.Spare.Why)
	if e := a.Elastic; e != nil && e.Met {
		t.row("Growing and shrinking", "", "", "$"+ledger.Number(float64(int64(e.Monthly+0.5))), e.Why)
	} else if e != nil {
		t.row("Growing and shrinking", "", "", "-", e.Why)
	}
	t.write(w)
	fmt.Fprintln(w)
	rt := table{right: []bool{true, true}}
	rt.row("machines", "per month", "if")
	rt.rule()
	for _, x := range a.Range {
		if x.Monthly == nil {
			rt.row("none", "", x.Reading+": "+x.Why)
			continue
		}
		rt.row(strconv.Itoa(x.Machines), dollars(*x.Monthly), x.Reading)
	}
	rt.write(w)
	fmt.Fprintf(w, "\nCompared: %d fleets, %s on every machine that carries them; %s of %s requests in all.\n\n",
		a.Fleets, ledger.Count(a.Engines, "engine kind"), ledger.Count(a.Simulations, "simulation"), ledger.Number(float64(a.Simulated)))
	printCandidates(w, a, all)
	printNotes(w, a.Notes)
	printStamp(w, a.Stamp)
}

func printCandidates(w io.Writer, a app.PlanAnswer, all bool) {
	list := a.Candidates
	// The cheapest first, whatever was promised of the others.
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y app.PlanFleet) int { return rank(x) - rank(y) })
	more := 0
	if !all && len(list) > maxRows {
		list, more = list[:maxRows], len(list)-maxRows
	}
	t := table{right: []bool{false, false, true, true, false}}
	t.row("engine", "machine", "machines", "per hour", "")
	t.rule()
	for _, f := range list {
		machine, machines, hour := "", "", ""
		if f.Offer != nil {
			machine = f.Offer.Vendor + " " + f.Offer.Instance
		}
		switch {
		case f.Machines > 0:
			machines, hour = strconv.Itoa(f.Machines), dollars(*f.Hourly)
		case f.FloorCost != nil:
			hour = "≥ " + dollars(*f.FloorCost)
		}
		name := strings.TrimPrefix(f.Engine.Name, modelOf(a.Best.Engine.Name)+", ")
		if f.Engine.DP > 1 {
			name += ", experts divided"
		}
		t.row(name, machine, machines, hour, f.Status, f.Why)
	}
	t.write(w)
	if more > 0 {
		fmt.Fprintf(w, "and %d more; --all lists them\n", more)
	}
}

// modelOf is the model's part of an engine's name.
func modelOf(name string) string {
	model, _, _ := strings.Cut(name, ", ")
	return model
}

func rank(f app.PlanFleet) int {
	return slices.Index([]string{"cheapest", "holds", "dearer", "floor", "misses", "no_fit"}, f.Status)
}
