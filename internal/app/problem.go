package app

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"breakeven/catalog"
	"breakeven/decide"
	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/ledger"
	"breakeven/llm"
	"breakeven/money"
	"breakeven/scenario"
	"breakeven/serving"
	"breakeven/unit"
)

// FleetFinding is one GPU plan that was tried.
type FleetFinding struct {
	Model       string `json:"model"`
	Accelerator string `json:"accelerator"`
	Machine     string `json:"machine,omitempty" doc:"Vendor, region and instance of the offer."`
	GPUs        int    `json:"gpus,omitempty" doc:"GPUs in one machine."`
	TP          int    `json:"tensor_parallel,omitempty"`
	Engines     int    `json:"engines,omitempty" doc:"Engines that one machine runs side by side."`
	// PerMachine is what one machine sustains at the latency target.
	PerMachine float64         `json:"requests_per_second,omitempty" doc:"What one machine sustains at the latency target."`
	Output     float64         `json:"output_tokens_per_second,omitempty"`
	TTFT       float64         `json:"ttft_seconds,omitempty"`
	TPOT       float64         `json:"tpot_ms,omitempty"`
	Limit      string          `json:"limit,omitempty" doc:"What bounds it."`
	GPUHour    float64         `json:"usd_per_gpu_hour,omitempty"`
	PerMillion float64         `json:"usd_per_million_output,omitempty" doc:"Rent over output at full load: a floor, since no fleet is always full."`
	Price      fact.Provenance `json:"price_provenance,omitzero"`
	// Low and High are factors of the capacity.
	Low     float64 `json:"low,omitempty" doc:"True capacity is plausibly at least this many times the estimate."`
	High    float64 `json:"high,omitempty" doc:"And at most this many times."`
	Trust   string  `json:"trust,omitempty" doc:"What the estimate was calibrated on, and what it extrapolates."`
	Dropped string  `json:"dropped,omitempty" doc:"Why the plan cannot serve the workload."`
	// Machines is how many keep the target together.
	Machines  int    `json:"machines,omitempty" doc:"Machines that keep the target together, where the log's calls were simulated on them."`
	Confirmed string `json:"confirmed,omitempty" doc:"What was simulated to be sure of that."`

	plan   string // its identifier among the problem's fleets
	engine *serving.Engine
	hourly money.USD // of the machine
}

// problem gathers what the decision is a function of.
func (a *App) problem(s scenario.Scenario, m measured) (decide.Problem, []FleetFinding, []string, error) {
	p := decide.Problem{Demand: m.demand, Constraints: s.Constraint, Costs: costs(s)}
	var notes []string
	var err error
	if p.Current, err = a.currentAPI(m); err != nil {
		return p, nil, nil, err
	}
	for _, h := range m.billers.hosts {
		api, err := a.hostedAPI(h, m)
		if err != nil {
			return p, nil, nil, err
		}
		p.Hosted = append(p.Hosted, api)
	}
	if !m.shape.known {
		return p, nil, notes, nil
	}
	var findings []FleetFinding
	for _, c := range s.Candidates {
		horizon, _ := scenario.Number("migration.over_months", s.Migration.Months)
		plans, found, err := a.plans(c, m.shape, target(s), horizon)
		if err != nil {
			return p, nil, nil, err
		}
		p.Fleets = append(p.Fleets, plans...)
		findings = append(findings, found...)
		if len(plans) == 0 {
			notes = append(notes, fmt.Sprintf("No GPU offer can serve %s at the target: %s", c.Model, firstDropped(found)))
		}
	}
	if len(p.Fleets) > 0 {
		notes = append(notes, "Capacities are a roofline; each fleet's finding says what it was calibrated on, and between which factors measured throughputs have lain. The confidence says whether that range changes the verdict.")
	}
	if m.shape.cached > 0 {
		notes = append(notes, fmt.Sprintf("The vendor's cache served %.0f %% of the input tokens; your own prefix cache is assumed to serve as many.", 100*m.shape.cached))
	}
	return p, findings, notes, nil
}

func firstDropped(found []FleetFinding) string {
	for _, f := range found {
		if f.Dropped != "" {
			return f.Accelerator + ": " + f.Dropped
		}
	}
	return "there is no offer for the accelerators that were named."
}

func missingNames(b Bill) []string {
	var names []string
	for _, m := range b.Missing {
		names = append(names, m.Name())
	}
	return names
}

// currentAPI is today's bill, a month long. Where prices changed since the calls were made, one line says by
// how much, so that the total is what the same calls cost now.
func (a *App) currentAPI(m measured) (decide.API, error) {
	bill, err := m.billers.current.bill()
	if err != nil {
		return decide.API{}, err
	}
	today, err := m.billers.today.bill()
	if err != nil {
		return decide.API{}, err
	}
	factorName := "the log's span to a month"
	if m.workload.Source == "scenario" {
		factorName = "sampled calls to a month's"
	}
	api := decide.API{ID: "current", Name: "Today's API", Missing: missingNames(today)}
	if api.Lines, err = apiLines(bill, m.factor, factorName); err != nil {
		return api, err
	}
	if difference := dollars(today.Total) - dollars(bill.Total); difference != 0 {
		line, err := ledger.NewLine("price_changes", "Price changes since the calls", []ledger.Term{
			{Name: "today's price minus that in force", Value: difference, Unit: "USD", Provenance: fact.Derive("the same tokens at today's sheets")},
			{Name: factorName, Value: m.factor, Unit: "x", Provenance: fact.Derive(factorName)},
		}, nil)
		if err != nil {
			return api, err
		}
		api.Lines = append(api.Lines, line)
	}
	if provider, model, ok := largest(bill); ok {
		api.ID, api.Name = provider+"/"+model, a.modelName(provider, model)
		if only(bill) {
			api.Weights = a.weights(provider, model)
		} else {
			api.Name = "Today's APIs (mostly " + api.Name + ")"
		}
	}
	// Every vendor that a log's calls went to sees data, however small its part of the bill.
	var seen []string
	for _, l := range bill.Lines {
		if slices.Contains(seen, l.Provider) {
			continue
		}
		seen = append(seen, l.Provider)
		v, err := a.vendor(l.Provider)
		if err != nil {
			return api, err
		}
		api.Vendors = append(api.Vendors, v)
	}
	return api, nil
}

// largest is the model that most of a bill is for.
func largest(b Bill) (provider, model string, ok bool) {
	best := -1.0
	totals := map[string]float64{}
	for _, l := range b.Lines {
		key := l.Provider + "/" + l.Model
		totals[key] += dollars(l.Amount)
		if totals[key] > best {
			best, provider, model, ok = totals[key], l.Provider, l.Model, true
		}
	}
	return provider, model, ok
}

// only reports whether a bill is for one model.
func only(b Bill) bool {
	return !slices.ContainsFunc(b.Lines, func(l BillLine) bool { return l.Provider != b.Lines[0].Provider || l.Model != b.Lines[0].Model })
}

func (a *App) modelName(provider, model string) string {
	book, err := a.book()
	if err != nil {
		return model
	}
	if m, ok := book.Model(provider, model); ok && m.Name != "" {
		return m.Name
	}
	return model
}

func (a *App) weights(provider, model string) string {
	book, err := a.book()
	if err != nil {
		return ""
	}
	if m, ok := book.Model(provider, model); ok {
		return m.Weights
	}
	return ""
}

func (a *App) hostedAPI(h *host, m measured) (decide.API, error) {
	api := decide.API{ID: h.match.Provider + "/" + h.match.Model, Name: h.name, Weights: h.candidate.Model}
	bill, err := h.prices.bill()
	if err != nil {
		return api, err
	}
	api.Missing, api.Notes = missingNames(bill), bill.Notes
	factorName := "the log's span to a month"
	if m.workload.Source == "scenario" {
		factorName = "sampled calls to a month's"
	}
	if api.Lines, err = apiLines(bill, m.factor, factorName); err != nil {
		return api, err
	}
	vendor, err := a.vendor(h.match.Provider)
	if err != nil {
		return api, err
	}
	api.Vendors = []decide.Vendor{vendor}
	if need := m.shape.input + m.shape.output; h.context > 0 && need > float64(h.context) {
		api.Unfit = []decide.Reason{{
			Constraint: "context", Why: fmt.Sprintf("a mean call takes %s tokens, and its context window is %s", ledger.Number(math.Round(need)), ledger.Number(float64(h.context))),
		}}
	} else if h.context > 0 && m.longest > h.context {
		api.Notes = append(api.Notes, fmt.Sprintf("The longest calls take %s tokens, more than its context window of %s: those would fail.", ledger.Number(float64(m.longest)), ledger.Number(float64(h.context))))
	}
	return api, nil
}

// term is a figure of the scenario, or its default.
func term(name, field, unit string, given *float64) ledger.Term {
	v, p := scenario.Number(field, given)
	return ledger.Term{Name: name, Value: v, Unit: unit, Provenance: p}
}

func costs(s scenario.Scenario) decide.Costs {
	var spare *float64
	if s.Fleet.Spare != nil {
		v := float64(*s.Fleet.Spare)
		spare = &v
	}
	return decide.Costs{
		FTE:           term("people", "people.fte", "FTE", s.People.FTE),
		Loaded:        term("loaded cost of one", "people.loaded_monthly", "USD/month", s.People.Loaded),
		Tooling:       term("tooling", "tooling", "USD/month", s.Tooling),
		Migration:     term("migration, once", "migration.one_off", "USD", s.Migration.OneOff),
		Horizon:       term("horizon", "migration.over_months", "months", s.Migration.Months),
		NonProduction: term("staging and evaluation", "fleet.non_production", "share", s.Fleet.NonProduction),
		Busy:          term("busy at peak", "fleet.busy_at_peak", "share", s.Fleet.Busy),
		Spare:         term("spare replicas", "fleet.spare_replicas", "replicas", spare),
	}
}

func target(s scenario.Scenario) serving.Target {
	ttft, _ := scenario.Number("target.ttft_seconds", s.Target.TTFT)
	tpot, _ := scenario.Number("target.tpot_ms", s.Target.TPOT)
	return serving.Target{TTFT: serving.Seconds(ttft), TPOT: serving.Seconds(tpot / 1000)}
}

// plans finds the ways to serve a candidate on rented machines: for each accelerator and size of machine, the
// cheapest offer, with as many engines side by side as carry most. A plan's replica is a whole machine, because
// that is what is rented.
func (a *App) plans(c scenario.Candidate, sh shape, t serving.Target, horizon float64) ([]decide.FleetPlan, []FleetFinding, error) {
	models, err := a.models()
	if err != nil {
		return nil, nil, err
	}
	model, err := models.Model(c.Model)
	if err != nil {
		return nil, nil, err
	}
	parts, err := a.accelerators()
	if err != nil {
		return nil, nil, err
	}
	market, err := a.market()
	if err != nil {
		return nil, nil, err
	}
	all, err := catalog.Calibrations()
	if err != nil {
		return nil, nil, err
	}
	precision := llm.Precision(c.Precision)
	if precision == "" {
		precision = llm.FP8
	}
	rental := gpu.Term(c.Term)
	if rental == "" {
		rental = gpu.OnDemand
	}
	ids := c.GPUs
	if len(ids) == 0 {
		ids = market.Accelerators()
	}
	var plans []decide.FleetPlan
	var findings []FleetFinding
	for _, id := range ids {
		part, err := parts.Accelerator(id)
		if err != nil {
			if len(c.GPUs) == 0 {
				continue // an offer for a part without a data sheet
			}
			return nil, nil, err
		}
		engines := engineSizes(all, model, part, precision, sh, t)
		for _, offer := range cheapestBySize(market, id, rental, c.Vendors) {
			plan, finding := machine(model, part, offer, engines)
			findings = append(findings, finding)
			if finding.Dropped == "" {
				plan.Notes = append(plan.Notes, termNotes(rental, horizon)...)
				plans = append(plans, plan)
			}
		}
	}
	return plans, findings, nil
}

// terms says what a rental term means beyond its price.
var terms = map[gpu.Term]struct {
	months float64
	note   string
}{
	gpu.Spot:       {0, "Spot machines can be taken away at any time; no spare capacity for that is counted."},
	gpu.Reserved1y: {12, "The price holds for a reservation of 12 months, paid whether it is used or not."},
	gpu.Reserved3y: {36, "The price holds for a reservation of 36 months, paid whether it is used or not."},
}

func termNotes(rental gpu.Term, horizon float64) []string {
	t, special := terms[rental]
	if !special {
		return nil
	}
	notes := []string{t.note}
	if t.months > horizon {
		notes = append(notes, fmt.Sprintf("That is longer than the horizon of %s months.", ledger.Number(horizon)))
	}
	return notes
}

// cheapestBySize is the cheapest offer for each number of accelerators in a machine. A marketplace's machines
// belong to strangers, and at a vendor's average nothing need be for rent: they are compared only where the scenario
// names the vendor, and an average only where it lists no price.
func cheapestBySize(market *gpu.Market, accelerator string, rental gpu.Term, vendors []string) []gpu.Offer {
	filters := []gpu.Filter{{Term: rental, Dedicated: true, Listed: true}}
	for i, v := range vendors {
		f := gpu.Filter{Vendor: v, Term: rental, Listed: true}
		if _, listed := market.Cheapest(accelerator, f); !listed {
			f.Listed = false
		}
		filters = append(filters[:i], f)
	}
	best := map[int]gpu.Offer{}
	for _, f := range filters {
		for _, o := range market.Offers(accelerator, f) {
			if b, known := best[o.Count]; !known || o.Compare(b) < 0 {
				best[o.Count] = o
			}
		}
	}
	offers := make([]gpu.Offer, 0, len(best))
	for _, size := range slices.Sorted(maps.Keys(best)) {
		offers = append(offers, best[size])
	}
	return offers
}

// engine is what one engine of a parallelism sustains, or why it does not.
type engine struct {
	tp       int
	capacity serving.Capacity
	running  *serving.Engine
	trust    Trust
	err      error
}

func engineSizes(all *serving.Calibrations, model *llm.Model, part *gpu.Accelerator, precision llm.Precision, sh shape, t serving.Target) []engine {
	var sizes []engine
	for _, tp := range serving.Parallelisms() {
		r := serving.NewReplica(model, part, precision)
		r.TP = tp
		e := engine{tp: tp}
		r, e.trust = calibrated(all, r, serving.DefaultEngine)
		running, err := r.Engine()
		e.running = running
		if err == nil {
			e.capacity, err = running.Capacity(serving.Shape{
				Input: llm.Tokens(sh.input), Output: llm.Tokens(max(1, sh.output)), InputCV: min(10, sh.inputCV), OutputCV: min(10, sh.outputCV),
				CachedShare: unit.Share(sh.cached),
			}, t)
		}
		e.err = err
		sizes = append(sizes, e)
	}
	return sizes
}

// machine is the plan that rents whole machines of one offer.
func machine(model *llm.Model, part *gpu.Accelerator, offer gpu.Offer, engines []engine) (decide.FleetPlan, FleetFinding) {
	f := FleetFinding{
		Model: model.ID, Accelerator: part.ID, Machine: offer.Vendor + " " + offer.Region + " " + offer.Instance, GPUs: offer.Count,
		GPUHour: float64(offer.PerGPU()), Price: offer.Provenance,
	}
	var best *engine
	var why error
	for i := range engines {
		e := &engines[i]
		if e.tp > offer.Count {
			break
		}
		if e.err != nil {
			why = e.err
			continue
		}
		if best == nil || float64(offer.Count/e.tp)*float64(e.capacity.Requests) > float64(offer.Count/best.tp)*float64(best.capacity.Requests) {
			best = e
		}
	}
	if best == nil {
		f.Dropped = "it has no accelerators"
		if why != nil {
			f.Dropped = why.Error()
		}
		return decide.FleetPlan{}, f
	}
	n := offer.Count / best.tp
	f.TP, f.Engines = best.tp, n
	f.PerMachine = float64(n) * float64(best.capacity.Requests)
	f.Output = float64(n) * float64(best.capacity.Output)
	f.TTFT, f.TPOT = float64(best.capacity.TTFT), 1000*float64(best.capacity.TPOT)
	f.Limit = best.capacity.Reason
	f.Low, f.High = best.trust.Throughput.Low, best.trust.Throughput.High
	f.Trust = best.trust.Sentence
	f.PerMillion = f.GPUHour * float64(offer.Count) / (f.Output * 3600) * 1e6
	date := string(offer.Provenance.Date)
	if date == "" {
		date = "undated"
	}
	name := fmt.Sprintf("%s on %d × %s, %s", model, offer.Count, part.Name, offer.Vendor)
	if offer.Term != gpu.OnDemand {
		name += " " + strings.ReplaceAll(string(offer.Term), "_", " ")
	}
	f.plan = fmt.Sprintf("%s on %d %s, %s %s %s", model.ID, offer.Count, part.ID, offer.Vendor, offer.Region, offer.Instance)
	f.engine, f.hourly = best.running, offer.Hourly
	return decide.FleetPlan{
		ID: f.plan, Name: name,
		Weights: model.ID, Vendor: decide.Vendor{ID: offer.Vendor, Name: offer.Vendor}, Unit: "machines",
		Capacity: ledger.Term{Name: "capacity of a machine", Value: f.PerMachine, Unit: "req/s", Provenance: best.capacity.Provenance},
		GPUs:     ledger.Term{Name: "GPUs per machine", Value: float64(offer.Count), Unit: "GPUs", Provenance: offer.Provenance},
		GPUHour:  ledger.Term{Name: "price per GPU-hour, " + offer.Vendor + " " + date, Value: f.GPUHour, Unit: "USD/GPU-hour", Provenance: offer.Provenance},
		Limit:    f.Limit, Low: best.trust.Throughput.Low, High: best.trust.Throughput.High,
		Notes: []string{fmt.Sprintf("%d engines of %d GPUs in a machine; at its limit TTFT is %s s and TPOT %s ms, bound by %s.",
			n, best.tp, ledger.Number(math.Round(f.TTFT*1000)/1000), ledger.Number(math.Round(f.TPOT*10)/10), best.capacity.Limit)},
	}, f
}
