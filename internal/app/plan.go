package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"breakeven/catalog"
	"breakeven/decide"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/ledger"
	"breakeven/llm"
	"breakeven/money"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/serving/sim"
	"breakeven/unit"
	"breakeven/usage"
)

// PlanRequest asks for the cheapest fleet that serves a workload within a target.
type PlanRequest struct {
	Choice  FleetChoice
	Target  LatencyTarget
	Logs    []Source
	Options usage.Options
	Load    *SyntheticLoad
	// Progress is told how far the work has come; nil tells nobody. It is called by one goroutine at a time.
	Progress func(Progress)
}

// FleetChoice is what a fleet may be made of.
type FleetChoice struct {
	Model       string          `json:"model" doc:"Open weights, by the identifier that the list of models has." example:"llama-3.3-70b"`
	GPUs        []string        `json:"gpus,omitempty" doc:"Accelerators to compare; all that have an offer if left out."`
	Precisions  []llm.Precision `json:"precisions,omitempty" enum:"bf16,fp8,int8,fp4,int4" doc:"Of the weights; bf16 and fp8 if left out. Lower ones may change what the model answers."`
	KVPrecision llm.Precision   `json:"kv_precision,omitempty" enum:"bf16,fp8" doc:"Of the cached keys and values; bf16 if left out."`
	Term        gpu.Term        `json:"term,omitempty" enum:"on_demand,spot,reserved_1y,reserved_3y" doc:"How machines are rented; on demand if left out."`
	Vendors     []string        `json:"vendors,omitempty" doc:"Who may rent them out; everybody but marketplaces if left out."`
	Engine      string          `json:"engine,omitempty" doc:"Engine family whose measurements the constants were fitted to; vllm if left out." example:"vllm"`
	Routing     string          `json:"routing,omitempty" enum:"least_loaded,round_robin,prefix_affinity" doc:"How requests find a replica; the least loaded one if left out."`
	ColdStart   float64         `json:"cold_start_seconds,omitempty" minimum:"1" maximum:"7200" doc:"From asking for a machine to its first request, for the fleet that grows and shrinks; 180 is assumed."`
}

// PlanAnswer is the cheapest fleet, and what it was compared with.
type PlanAnswer struct {
	Stamp    Stamp         `json:"stamp"`
	Target   LatencyTarget `json:"target"`
	Workload TraceAnswer   `json:"workload"`
	Sentence string        `json:"sentence"`
	Proof    string        `json:"proof" doc:"What was simulated to be sure of it."`

	Best PlanFleet `json:"best" doc:"The cheapest fleet that keeps the target."`
	// Spare keeps the target with any one machine down.
	Spare   PlanVariant  `json:"spare" doc:"One machine more: it keeps the target with any one of them down."`
	Elastic *PlanElastic `json:"elastic,omitempty" doc:"The fleet that grows and shrinks with the load; absent where one machine is enough."`
	Range   []PlanRange  `json:"range" nullable:"false" doc:"The same kind of machine under other readings: an engine as slow or as fast as measurements have been against predictions, and, where the log holds sums, calmer and burstier traffic."`

	Candidates  []PlanFleet     `json:"candidates" nullable:"false" doc:"Every kind of engine that was compared, the most promising first."`
	Fleets      int             `json:"fleets" doc:"Kinds of engine times kinds of machine that it runs on, all compared."`
	Engines     int             `json:"engines" doc:"Kinds of engine: accelerator, precision, parallelism."`
	Simulations int             `json:"simulations"`
	Simulated   int64           `json:"simulated_requests"`
	Notes       []string        `json:"notes" nullable:"false"`
	Provenance  fact.Provenance `json:"provenance" doc:"Of the best fleet's size."`
}

// PlanFleet is one kind of engine with the machines that it would take.
type PlanFleet struct {
	Engine EngineAnswer `json:"engine"`
	Trust  Trust        `json:"trust"`
	Status string       `json:"status" enum:"cheapest,holds,dearer,floor,misses,no_fit" doc:"Cheapest: it keeps the target for the least money. Holds: it keeps it, for more money. Dearer: all fleets of it that would cost less than the cheapest miss the target, as the largest of them was seen to. Floor: the fewest machines that could possibly do cost as much as the cheapest. Misses: no number of them keeps the target. No fit: the model does not fit."`
	Why    string       `json:"why" doc:"The status in words."`

	Offer     *Offer     `json:"offer,omitempty" doc:"The machine."`
	PerUnit   int        `json:"replicas_per_machine,omitempty"`
	Machines  int        `json:"machines,omitempty" doc:"The fewest that keep the target, where that was found."`
	Replicas  int        `json:"replicas,omitempty"`
	GPUs      int        `json:"gpus,omitempty"`
	Hourly    *money.USD `json:"usd_per_hour,omitempty" doc:"Of the whole fleet, exactly."`
	Monthly   *money.USD `json:"usd_per_month,omitempty" doc:"730 hours of it."`
	Million   float64    `json:"usd_per_million_output,omitempty" doc:"Rent while the workload lasted, over its output tokens."`
	TTFT      float64    `json:"ttft_seconds,omitempty" doc:"At the share of the target, simulated."`
	TPOT      float64    `json:"tpot_ms,omitempty" doc:"At the share of the target, simulated."`
	Busy      float64    `json:"busy_share,omitempty"`
	Floor     int        `json:"floor_replicas,omitempty" doc:"Fewer replicas could not keep the target, whatever the router."`
	FloorCost *money.USD `json:"floor_usd_per_hour,omitempty" doc:"What that floor costs."`
	Estimate  int        `json:"estimate_replicas,omitempty" doc:"What the closed form asks for: where the search begins, and no answer."`
}

// PlanVariant is a fleet of the same machines.
type PlanVariant struct {
	Machines int       `json:"machines"`
	Hourly   money.USD `json:"usd_per_hour"`
	Monthly  money.USD `json:"usd_per_month"`
	Why      string    `json:"why"`
}

// PlanElastic is a fleet that grows and shrinks.
type PlanElastic struct {
	Met        bool    `json:"met" doc:"Some way of scaling keeps the target. The rest is absent where none does."`
	Why        string  `json:"why"`
	ColdStart  float64 `json:"cold_start_seconds"`
	Least      int     `json:"least_replicas,omitempty" doc:"Replicas that always stay."`
	Most       int     `json:"most_replicas,omitempty" doc:"Most that were up at once."`
	PerReplica float64 `json:"requests_per_replica,omitempty" doc:"Requests in the fleet, waiting ones included, for each replica that is wanted."`
	Hours      float64 `json:"machine_hours,omitempty" doc:"Rented while the workload lasted."`
	Monthly    float64 `json:"usd_per_month,omitempty" doc:"An estimate: the same share of the fixed fleet's hours, all month long."`
	Saving     float64 `json:"saving_share,omitempty" doc:"Of the fixed fleet's rent; negative where it rents more."`
	TTFT       float64 `json:"ttft_seconds,omitempty"`
	TPOT       float64 `json:"tpot_ms,omitempty"`
	Tried      int     `json:"policies_tried"`
}

// PlanRange is the size under another reading.
type PlanRange struct {
	Reading  string     `json:"reading" doc:"What is taken to be otherwise."`
	Machines int        `json:"machines,omitempty" doc:"Absent where no fleet keeps the target."`
	Monthly  *money.USD `json:"usd_per_month,omitempty"`
	Why      string     `json:"why,omitempty"`
}

// The statuses of a [PlanFleet].
const (
	statusCheapest = "cheapest"
	statusHolds    = "holds"
	statusDearer   = "dearer"
	statusFloor    = "floor"
	statusMisses   = "misses"
	statusNoFit    = "no_fit"
)

// maxPlanned is how many requests a search serves again and again; of a longer log it takes the busiest part.
const maxPlanned = 2_000_000

// coldStart is the assumed time to fetch a machine, load the weights and warm up.
const coldStart = 180

// option is one kind of engine on the machines that it can run on.
type option struct {
	engine *serving.Engine
	trust  Trust
	name   string
	hosts  []hosting
	err    error // it does not fit, or no number of them keeps the target

	floor, estimate int // replicas
	limit           string
	sizing          plan.Sizing
	status          string
	cap             int // replicas that were tried at most; zero is no limit
}

// hosting is a machine with the replicas that it runs.
type hosting struct {
	offer   gpu.Offer
	engines int
}

func (h hosting) machines(replicas int) int { return (replicas + h.engines - 1) / h.engines }

func (h hosting) candidate(o *option, routing sim.Routing) plan.Candidate {
	return plan.Candidate{Engine: o.engine, Engines: h.engines, Hourly: h.offer.Hourly, Routing: routing}
}

// cheapest is the machine on which so many replicas cost least, and what they cost.
func (o *option) cheapest(replicas int) (hosting, money.USD, error) {
	var best hosting
	var least money.USD
	for i, h := range o.hosts {
		price, err := h.candidate(o, 0).Price(h.machines(replicas))
		if err != nil {
			return best, 0, err
		}
		if i == 0 || price < least {
			best, least = h, price
		}
	}
	return best, least, nil
}

// below is the most replicas that cost less than an amount.
func (o *option) below(hourly money.USD) int {
	most := 0
	for _, h := range o.hosts {
		most = max(most, h.engines*h.candidate(o, 0).Below(hourly))
	}
	return most
}

// Plan finds the cheapest fleet that keeps a target on a workload.
//
// Options are worked through from the one that the closed form promises most of, in groups whose sizes are fixed, so
// that the answer does not depend on the number of processors. Once a fleet is known to keep the target, others are
// tried only up to the number of replicas that would cost less.
func (a *App) Plan(ctx context.Context, r PlanRequest) (PlanAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return PlanAnswer{}, err
	}
	answer := PlanAnswer{Stamp: stamp, Target: r.Target.defaults(), Range: []PlanRange{}, Candidates: []PlanFleet{}, Notes: []string{}}
	target, err := answer.Target.target()
	if err != nil {
		return answer, err
	}
	routing, err := parseRouting(r.Choice.Routing)
	if err != nil {
		return answer, err
	}
	options, window, err := a.options(r.Choice)
	if err != nil {
		return answer, err
	}
	w := newWork(ctx, r.Progress)
	t, whole, err := a.workloadOf(w, r.Logs, r.Options, r.Load, window)
	if err != nil {
		return answer, err
	}
	s := whole.Busiest(maxPlanned)
	var notes []string
	answer.Workload, notes = t.describe(s, whole.Len())
	p := &planning{work: w, stream: s, target: target, routing: routing, options: options}
	if err := p.search(); err != nil {
		return answer, err
	}
	answer.Simulations, answer.Engines = p.trials, len(options)
	for i := range options {
		answer.Fleets += len(options[i].hosts)
	}
	if p.best == nil {
		return answer, p.none(answer.Engines)
	}
	if err := p.alternatives(); err != nil {
		return answer, err
	}
	if err := p.confirm(); err != nil {
		return answer, err
	}
	for _, o := range p.ranked {
		f, err := p.fleet(o)
		if err != nil {
			return answer, err
		}
		answer.Candidates = append(answer.Candidates, f)
		if o == p.best {
			answer.Best = f
		}
	}
	if err := p.variants(&answer, t, r.Choice, window); err != nil {
		return answer, err
	}
	answer.Simulations, answer.Simulated = p.trials, w.calls.Load()
	b := answer.Best
	answer.Sentence = fmt.Sprintf("%s, %s an hour: %s on %s.", ledger.Count(b.Machines, "machine"), "$"+b.Hourly.String(),
		ledger.Count(b.Replicas, "replica")+" of "+b.Engine.Name, machineName(b.Offer))
	answer.Proof = p.proof()
	answer.Notes = sentences(slices.Concat(notes, []string{b.Trust.Sentence}, termNotes(p.host.offer.Term, 0), []string{
		fmt.Sprintf("Only the workload given was simulated, over %s: what it does not show, such as a busier season, is not in the fleet.", spanOf(s)),
		"Loss of spot machines, of networks and of regions is not simulated.",
	}))
	answer.Provenance = fact.Provenance{Kind: fact.Derived, Source: b.Trust.Provenance.Source, Date: b.Trust.Provenance.Date, Rule: answer.Proof}
	return answer, nil
}

func machineName(o *Offer) string {
	return fmt.Sprintf("%s %s %s with %s", o.Vendor, o.Region, o.Instance, ledger.Count(o.GPUs, "GPU"))
}

// options lists the kinds of engine that a choice admits, with the longest context that the model takes.
func (a *App) options(c FleetChoice) ([]*option, int64, error) {
	bad := func(field, value, problem, hint string) error {
		return &KindError{Kind: BadUsage, Err: &decide.FieldError{Field: field, Value: value, Problem: problem, Hint: hint}}
	}
	models, err := a.models()
	if err != nil {
		return nil, 0, err
	}
	parts, err := a.accelerators()
	if err != nil {
		return nil, 0, err
	}
	market, err := a.market()
	if err != nil {
		return nil, 0, err
	}
	all, err := catalog.Calibrations()
	if err != nil {
		return nil, 0, err
	}
	if c.Model == "" {
		return nil, 0, bad("model", "", "is missing", "name open weights")
	}
	model, err := models.Model(c.Model)
	if err != nil {
		return nil, 0, fleetFault(err)
	}
	term := c.Term
	if term == "" {
		term = gpu.OnDemand
	}
	if _, err := gpu.ParseTerm(string(term)); err != nil {
		return nil, 0, bad("term", string(term), err.Error(), "")
	}
	ids := unique(c.GPUs)
	if len(ids) == 0 {
		ids = market.Accelerators()
	}
	precisions := unique(c.Precisions)
	if len(precisions) == 0 {
		precisions = []llm.Precision{llm.BF16, llm.FP8}
	}
	var list []*option
	for _, id := range ids {
		part, err := parts.Accelerator(id)
		if err != nil {
			if len(c.GPUs) == 0 {
				continue // an offer for a part without a data sheet
			}
			return nil, 0, fleetFault(err)
		}
		offers := cheapestBySize(market, part.ID, term, c.Vendors)
		if len(offers) == 0 {
			if len(c.GPUs) > 0 {
				return nil, 0, &KindError{Kind: NotFound, Err: &decide.FieldError{Field: "gpus", Value: id, Problem: "has no offer on those terms", Hint: "name another term or vendor"}}
			}
			continue
		}
		for _, precision := range precisions {
			r := serving.NewReplica(model, part, precision)
			if c.KVPrecision != "" {
				r.KVPrecision = c.KVPrecision
			}
			list = append(list, layouts(all, r, c.Engine, offers)...)
		}
	}
	if len(list) == 0 {
		return nil, 0, &KindError{Kind: NotFound, Err: &decide.FieldError{Field: "gpus", Problem: "no accelerator has an offer on those terms", Hint: "name another term or vendor"}}
	}
	return list, model.MaxContext, nil
}

// layouts lists the ways to spread a replica over the accelerators of a machine. Where none fits there is one option
// that says why.
func layouts(all *serving.Calibrations, r serving.Replica, family string, offers []gpu.Offer) []*option {
	most := 0
	for _, o := range offers {
		most = max(most, o.Count)
	}
	type layout struct {
		tp, dp int
		ep     bool
	}
	var ways []layout
	for _, tp := range serving.Parallelisms() {
		ways = append(ways, layout{tp, 1, false})
		if r.Model.MoE != nil && tp > 1 {
			ways = append(ways, layout{1, tp, true}) // attention whole on each, experts divided
		}
	}
	var list []*option
	var why *option
	for _, way := range ways {
		if way.tp*way.dp > most {
			continue
		}
		x := r
		x.TP, x.DP, x.EP = way.tp, way.dp, way.ep
		o := &option{}
		x, o.trust = calibrated(all, x, family)
		o.name = fmt.Sprintf("%s %s %d×%d", x.Accelerator.ID, x.Precision, way.tp, way.dp)
		if o.engine, o.err = x.Engine(); o.err != nil {
			o.status = statusNoFit
			o.engine = nil
			why = o
			continue
		}
		for _, offer := range offers {
			if n := offer.Count / x.GPUs(); n > 0 {
				o.hosts = append(o.hosts, hosting{offer, n})
			}
		}
		list = append(list, o)
	}
	if len(list) == 0 && why != nil {
		list = append(list, why)
	}
	return list
}

// planning is one search.
type planning struct {
	work    *work
	stream  *plan.Stream
	target  plan.Target
	routing sim.Routing
	options []*option

	ranked []*option
	best   *option
	price  money.USD // of the best, an hour
	host   hosting   // the best one's machine
	trials int
}

// groups are how many options are worked on at once: the first few alone, since what they find saves the others work.
var groups = []int{2, 4, 8}

// search sizes the options.
func (p *planning) search() error {
	p.work.phase("working out what each engine can do at most", len(p.options))
	err := p.work.each(len(p.options), func(i int) error {
		o := p.options[i]
		defer p.work.step()
		if o.engine == nil {
			return nil
		}
		if o.err = plan.Alone(o.engine, p.stream, p.target, 1); o.err != nil {
			o.status = statusMisses
			return nil
		}
		o.floor = plan.Floor(o.engine, p.stream, p.target, 1)
		n, c, err := plan.Estimate(o.engine, p.stream, p.target)
		if err == nil {
			o.estimate, o.limit = max(n, o.floor), c.Reason
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.rank(); err != nil {
		return err
	}
	p.work.phase("serving the workload on one fleet after the other", len(p.ranked))
	for from, group := 0, 0; from < len(p.ranked); group++ {
		batch := p.ranked[from:min(from+groups[min(group, len(groups)-1)], len(p.ranked))]
		from += len(batch)
		if err := p.work.each(len(batch), func(i int) error { return p.size(batch[i]) }); err != nil {
			return err
		}
		for _, o := range batch {
			if err := p.compare(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// rank puts the options in the order of what the closed form says they cost; where it says nothing, of three times
// their floor. Those that cannot do it come last.
func (p *planning) rank() error {
	promise := map[*option]money.USD{}
	p.ranked = slices.Clone(p.options)
	for _, o := range p.options {
		promise[o] = math.MaxInt64
		if o.err != nil {
			continue
		}
		n := o.estimate
		if n == 0 {
			n = 3 * o.floor
		}
		_, price, err := o.cheapest(n)
		if err != nil && !errors.Is(err, money.ErrOverflow) {
			return err
		}
		if err == nil {
			promise[o] = price
		}
	}
	slices.SortStableFunc(p.ranked, func(x, y *option) int {
		return cmp.Or(cmp.Compare(promise[x], promise[y]), cmp.Compare(x.name, y.name))
	})
	return nil
}

// size finds the smallest fleet of an option that costs less than the best one so far.
func (p *planning) size(o *option) error {
	defer p.work.step()
	if o.err != nil {
		return nil
	}
	if p.best != nil {
		if o.cap = o.below(p.price); o.cap < o.floor {
			o.status = statusFloor
			return nil
		}
	}
	c := plan.Candidate{Engine: o.engine, Engines: 1, Routing: p.routing}
	var err error
	o.sizing, err = c.Size(p.stream, p.target, o.estimate, o.cap, p.work.watch())
	if o.sizing.Missed != nil {
		o.sizing.Missed.Times, o.sizing.Missed.Result = nil, nil // only that it missed is asked of it again
	}
	return err
}

// compare takes an option that was sized into account.
func (p *planning) compare(o *option) error {
	p.trials += o.sizing.Trials
	switch {
	case o.status != "":
		return nil
	case o.sizing.Machines == 0:
		o.status = statusDearer
		if o.cap == 0 {
			o.status = statusMisses
			o.err = fmt.Errorf("%d replicas, the most that are tried, miss the target", plan.MaxReplicas)
		}
		return nil
	}
	host, price, err := o.cheapest(o.sizing.Machines)
	if err != nil {
		return err
	}
	o.status = statusHolds
	if p.best == nil || price < p.price {
		p.best, p.price, p.host = o, price, host
		p.work.tell(func(now *Progress) {
			now.Best = fmt.Sprintf("%s on %d × %s, $%s an hour", ledger.Count(o.sizing.Machines, "replica"), host.machines(o.sizing.Machines), host.offer.Machine(), price)
		})
	}
	return nil
}

// How many other accelerators are sized though they cost more, and up to how many times as much.
const (
	maxAlternatives = 6
	maxTimesDearer  = 4
)

// alternatives sizes the most promising engine on each of some other accelerators, so that the best fleet stands beside
// what the next ones cost.
func (p *planning) alternatives() error {
	seen := map[string]bool{}
	for _, o := range p.ranked {
		if o.sizing.Machines > 0 {
			seen[o.engine.Replica().Accelerator.ID] = true
		}
	}
	var list []*option
	for _, o := range p.ranked {
		if o.err != nil || len(list) == maxAlternatives {
			continue
		}
		if id := o.engine.Replica().Accelerator.ID; !seen[id] {
			seen[id] = true
			list = append(list, o)
		}
	}
	most := p.price
	if most < math.MaxInt64/maxTimesDearer {
		most *= maxTimesDearer
	}
	p.work.phase("what other accelerators would cost", len(list))
	sizings := make([]plan.Sizing, len(list))
	err := p.work.each(len(list), func(i int) error {
		defer p.work.step()
		o := list[i]
		limit := o.below(most)
		if limit < o.floor {
			return nil
		}
		c := plan.Candidate{Engine: o.engine, Engines: 1, Routing: p.routing}
		var err error
		sizings[i], err = c.Size(p.stream, p.target, max(o.estimate, o.cap+1), limit, p.work.watch())
		return err
	})
	for i, z := range sizings {
		p.trials += z.Trials
		if z.Machines > 0 {
			list[i].sizing, list[i].status = z, statusHolds
		}
	}
	return err
}

// none says that no fleet keeps the target, and what comes nearest.
func (p *planning) none(engines int) error {
	var nearest *plan.InfeasibleError
	field, last := "gpus", error(nil)
	for _, o := range p.options {
		if o.err == nil {
			continue
		}
		e, ok := errors.AsType[*plan.InfeasibleError](o.err)
		if !ok {
			if last == nil || nearest == nil {
				last = o.err
			}
			continue
		}
		if nearest == nil || e.MissBy() < nearest.MissBy() {
			nearest, last, field = e, o.err, limitField(e.Limit)
		}
	}
	hint := "loosen the target, admit other accelerators or a lower precision, or take another model"
	if nearest != nil && nearest.Limit == serving.LimitMemory {
		hint = "leave the long requests out, or take a model with a longer context or accelerators with more memory"
	}
	return &KindError{Kind: Invalid, Err: &faultError{&decide.FieldError{
		Field: field, Problem: fmt.Sprintf("no fleet of %s keeps %s; the nearest: %v", ledger.Count(engines, "engine kind"), p.target, last),
		Hint: hint,
	}, last}}
}

// confirm serves the workload on the best fleet as it is rented, in whole machines, and on one machine less.
func (p *planning) confirm() error {
	p.best.status = statusCheapest
	if p.host.engines == 1 {
		return nil
	}
	p.work.phase("serving the workload on whole machines", 1)
	machines := p.host.machines(p.best.sizing.Machines)
	z, err := p.host.candidate(p.best, p.routing).Size(p.stream, p.target, machines, 0, p.work.watch())
	if err != nil {
		return p.work.fault(err)
	}
	p.trials += z.Trials
	p.best.sizing = z
	p.best.sizing.Machines *= p.host.engines // replicas, as those of the others
	p.price, err = p.host.candidate(p.best, p.routing).Price(z.Machines)
	return err
}

// fleet describes an option.
func (p *planning) fleet(o *option) (PlanFleet, error) {
	f := PlanFleet{Trust: o.trust, Status: o.status, Floor: o.floor, Estimate: o.estimate}
	if o.engine == nil {
		f.Why = o.err.Error()
		f.Engine = unfit(o)
		return f, nil
	}
	f.Engine = engineAnswer(o.engine)
	if o.err != nil {
		f.Why = o.err.Error()
		return f, nil //nolint:nilerr // why it cannot serve is an answer and no failure
	}
	_, floorCost, err := o.cheapest(o.floor)
	if err != nil {
		return f, err
	}
	f.FloorCost = &floorCost
	n := o.sizing.Machines
	host, price, err := o.cheapest(max(n, o.floor))
	if err != nil {
		return f, err
	}
	if o == p.best {
		host, price = p.host, p.price
	}
	priced := offer(host.offer)
	f.Offer, f.PerUnit = &priced, host.engines
	switch o.status {
	case statusFloor:
		f.Why = fmt.Sprintf("%s could not do it for less: the work alone takes %s, at $%s an hour", o.engine.Replica(), ledger.Count(o.floor, "replica"), floorCost)
		return f, nil
	case statusDearer:
		f.Why = ledger.Count(o.cap, "replica") + ", the most that cost less than the cheapest fleet, miss the target"
		if o.cap == 1 {
			f.Why = "one replica, the most that costs less than the cheapest fleet, misses the target"
		}
		return f, nil
	}
	f.Machines = host.machines(n)
	f.Replicas = f.Machines * host.engines
	f.GPUs = f.Machines * host.offer.Count
	f.Hourly = &price
	monthly, err := monthOf(host, f.Machines)
	if err != nil {
		return f, err
	}
	f.Monthly = &monthly
	held := o.sizing.Held
	f.TTFT, f.TPOT = significant(float64(held.TTFT(p.target.TTFT.Share))), significant(1000*float64(held.TPOT(p.target.TPOT.Share)))
	var busy, up float64
	for i := range held.Result.Replicas {
		busy += float64(held.Result.Replicas[i].Busy)
		up += float64(held.Result.Replicas[i].Up)
	}
	f.Busy = significant(min(1, ratio(busy, up)))
	f.Million = significant(ratio(price.Estimate()*float64(held.Result.Span)/3600, float64(held.Result.Output)) * 1e6)
	f.Why = fmt.Sprintf("%s; a replica is bound by %s", holds(n), cmp.Or(o.limit, "the target"))
	return f, nil
}

// holds says how many replicas keep the target.
func holds(n int) string {
	if n == 1 {
		return "one replica keeps the target"
	}
	return fmt.Sprintf("%d replicas keep the target", n)
}

// unfit describes an engine that does not fit.
func unfit(o *option) EngineAnswer {
	a := EngineAnswer{Name: o.name}
	if e, ok := errors.AsType[*serving.DoesNotFitError](o.err); ok {
		r := e.Replica
		a = EngineAnswer{
			Name: r.String(), Model: r.Model.ID, GPU: r.Accelerator.ID, Precision: r.Precision, KVPrecision: r.KVPrecision,
			TP: r.TP, DP: max(1, r.DP), EP: r.EP, GPUs: r.GPUs(), WeightsGB: e.Memory.Weights.GB(),
		}
	}
	return a
}

// monthOf is what machines cost in a month, exactly.
func monthOf(h hosting, machines int) (money.USD, error) {
	each, err := h.offer.Monthly()
	if err != nil {
		return 0, err
	}
	return plan.Candidate{Hourly: each}.Price(machines)
}

// proof says what was simulated.
func (p *planning) proof() string {
	b := p.best
	held := b.sizing.Held
	machines := p.host.machines(b.sizing.Machines)
	text := fmt.Sprintf("Confirmed by simulating %s calls: %s TTFT %s", ledger.Number(float64(held.Result.Requests)), plan.Percentile(p.target.TTFT.Share), plan.Latency(held.TTFT(p.target.TTFT.Share)))
	if p.target.TPOT.Within > 0 {
		text += fmt.Sprintf(", %s TPOT %s", plan.Percentile(p.target.TPOT.Share), plan.Latency(held.TPOT(p.target.TPOT.Share)))
	}
	switch {
	case machines == 1:
		return text + "; there is no smaller fleet."
	case b.sizing.Missed != nil:
		return text + fmt.Sprintf("; %s, simulated as well, would miss.", ledger.Count(machines-1, "machine"))
	}
	return text + fmt.Sprintf("; %s could not keep up with the work, whatever the router.", ledger.Count(machines-1, "machine"))
}

// reading is a question about the best fleet under other circumstances.
type reading struct {
	name   string
	slow   float64
	stream *plan.Stream
}

// variants prices the fleets beside the best one.
func (p *planning) variants(answer *PlanAnswer, t *trace, choice FleetChoice, window int64) error {
	b := answer.Best
	var err error
	c := p.host.candidate(p.best, p.routing)
	answer.Spare = PlanVariant{Machines: b.Machines + 1, Why: fmt.Sprintf("With any one machine down, the %d that are left keep the target, as simulated.", b.Machines)}
	if b.Machines == 1 {
		answer.Spare.Why = "With either machine down, the one that is left keeps the target, as simulated."
	}
	if answer.Spare.Hourly, err = c.Price(b.Machines + 1); err != nil {
		return err
	}
	if answer.Spare.Monthly, err = monthOf(p.host, b.Machines+1); err != nil {
		return err
	}
	band := p.best.trust.Throughput
	readings := []reading{
		{fmt.Sprintf("the engine does %.2f times what is predicted, as the slowest tenth of measurements", band.Low), 1 / band.Low, p.stream},
		{fmt.Sprintf("the engine does %.2f times what is predicted, as the fastest tenth of measurements", band.High), 1 / band.High, p.stream},
	}
	if t.guessed() {
		for _, x := range plan.Assumptions() {
			if x.Name == usual().Name {
				continue
			}
			s, err := t.stream(x, window)
			if err != nil {
				return err
			}
			readings = append(readings, reading{x.Name + " traffic: gaps spread by " + strconv.FormatFloat(x.Gaps, 'g', 3, 64) + " times their mean", 1, s.Busiest(maxPlanned)})
		}
	}
	elastic := plan.Elastic{ColdStart: serving.Seconds(cmp.Or(choice.ColdStart, coldStart)), Every: 15, Hold: 300}
	var policies []sim.Scale
	if b.Machines > 1 {
		policies = elastic.Policies(p.host.engines, p.best.sizing.Held)
	}
	p.work.phase("other readings, and fleets that grow and shrink", len(readings)+len(policies))
	ranges := make([]PlanRange, len(readings))
	tries := make([]*plan.Trial, len(policies))
	trials := make([]int, len(readings))
	err = p.work.each(len(readings)+len(policies), func(i int) error {
		defer p.work.step()
		if i >= len(readings) {
			i -= len(readings)
			trial, err := c.Scaled(policies[i]).Try(p.stream, p.target, p.work.watch())
			tries[i] = trial
			return err
		}
		var err error
		ranges[i], trials[i], err = p.reread(c, readings[i], b.Machines)
		return err
	})
	if err != nil {
		return err
	}
	p.trials += len(policies)
	for _, n := range trials {
		p.trials += n
	}
	answer.Range = ranges
	if len(policies) > 0 {
		answer.Elastic = p.elastic(b, elastic, policies, tries)
	}
	return nil
}

// reread sizes the best fleet under another reading.
func (p *planning) reread(c plan.Candidate, r reading, machines int) (PlanRange, int, error) {
	c.Slow = r.slow
	out := PlanRange{Reading: r.name}
	z, err := c.Size(r.stream, p.target, max(1, int(math.Ceil(float64(machines)*r.slow))), 0, p.work.watch())
	if e, ok := errors.AsType[*plan.InfeasibleError](err); ok {
		out.Why = e.Error()
		return out, z.Trials, nil
	}
	if err != nil {
		return out, z.Trials, err
	}
	if z.Machines == 0 {
		out.Why = fmt.Sprintf("%d replicas, the most that are tried, miss the target", plan.MaxReplicas)
		return out, z.Trials, nil
	}
	monthly, err := monthOf(p.host, z.Machines)
	out.Machines, out.Monthly = z.Machines, &monthly
	return out, z.Trials, err
}

// elastic is the cheapest way of scaling that keeps the target.
func (p *planning) elastic(b PlanFleet, e plan.Elastic, policies []sim.Scale, tries []*plan.Trial) *PlanElastic {
	out := &PlanElastic{ColdStart: float64(e.ColdStart), Tried: len(policies)}
	best, least := -1, 0.0
	for i, trial := range tries {
		if !trial.Met {
			continue
		}
		if hours := plan.MachineHours(trial.Result, p.host.engines); best < 0 || hours < least {
			best, least = i, hours
		}
	}
	if best < 0 {
		out.Why = fmt.Sprintf("No way of scaling that was tried keeps the target: machines that take %s to start come too late for the load's rises.", plan.Latency(e.ColdStart))
		return out
	}
	trial := tries[best]
	fixed := float64(b.Machines) * float64(trial.Result.Span) / unit.SecondsPerHour
	out.Met, out.Least, out.PerReplica, out.Hours = true, policies[best].Min, significant(policies[best].PerReplica), significant(least)
	for _, x := range trial.Result.Series.Points {
		out.Most = max(out.Most, int(math.Ceil(x.Up-1e-9)))
	}
	share := ratio(least, fixed)
	out.Saving = significant(1 - share)
	out.Monthly = significant(share * b.Monthly.Estimate())
	out.TTFT, out.TPOT = significant(float64(trial.TTFT(p.target.TTFT.Share))), significant(1000*float64(trial.TPOT(p.target.TPOT.Share)))
	out.Why = fmt.Sprintf("Between %d and %d replicas, which take %s to start: %.0f %% less rent than the fixed fleet over the workload.",
		out.Least, out.Most, plan.Latency(e.ColdStart), 100*out.Saving)
	if out.Saving <= 0 {
		out.Why = fmt.Sprintf("Nothing is saved: what keeps the target with a start of %s rents %.0f %% more than the fixed fleet over the workload.", plan.Latency(e.ColdStart), -100*out.Saving)
	}
	return out
}
