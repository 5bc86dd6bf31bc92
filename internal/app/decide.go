package app

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"breakeven/decide"
	"breakeven/fact"
	"breakeven/ledger"
	"breakeven/money"
	"breakeven/price"
	"breakeven/scenario"
	"breakeven/unit"
	"breakeven/usage"
	"breakeven/workload"
)

// DecideRequest asks for a decision: on a scenario, and on call logs where there are any.
type DecideRequest struct {
	Scenario scenario.Scenario
	Logs     []Source
	Options  usage.Options
	// Strict makes a missing price an error.
	Strict bool
}

// DecideAnswer is a decision with everything it was made from.
type DecideAnswer struct {
	Stamp    Stamp             `json:"stamp"`
	Scenario scenario.Scenario `json:"scenario"`
	// Quick is the answer where the scenario gives the parts; the rest is absent then.
	Quick    *QuickAnswer     `json:"quick,omitempty"`
	Workload *WorkloadAnswer  `json:"workload,omitempty"`
	Bill     *Bill            `json:"bill,omitempty" doc:"What the log's calls cost, exactly. Absent where there is no log."`
	Decision *decide.Decision `json:"decision,omitempty"`
	Fleets   []FleetFinding   `json:"fleets,omitempty" doc:"Each GPU plan that was tried, and why it was dropped where it was."`
	Notes    []string         `json:"notes" nullable:"false" doc:"What was assumed, extrapolated or left out."`
}

// WorkloadAnswer is the demand that was decided on, per month.
type WorkloadAnswer struct {
	Source           string            `json:"source" enum:"log,scenario"`
	Sentence         string            `json:"sentence"`
	Extrapolated     bool              `json:"extrapolated" doc:"The log does not span a month; its totals are scaled to one."`
	MonthFactor      float64           `json:"month_factor" doc:"What the log's totals are multiplied by for a month of 730 hours."`
	RequestsPerMonth *float64          `json:"requests_per_month,omitempty" doc:"Absent where the log does not count requests."`
	InputPerMonth    float64           `json:"input_tokens_per_month"`
	OutputPerMonth   float64           `json:"output_tokens_per_month"`
	MeanInput        float64           `json:"mean_input_tokens,omitempty"`
	MeanOutput       float64           `json:"mean_output_tokens,omitempty"`
	CachedShare      float64           `json:"cached_share"`
	PeakToMean       float64           `json:"peak_to_mean" doc:"The busiest bucket over the mean."`
	Bucket           string            `json:"bucket" doc:"The length of a bucket: hour, or minute for a short log."`
	Load             []float64         `json:"load" nullable:"false" doc:"Load over time relative to its mean, at most 400 buckets."`
	Profile          *workload.Profile `json:"profile,omitempty"`
	Files            []usage.Summary   `json:"files,omitempty"`
}

// Decide answers a scenario. With parts it is the quick formula; otherwise the parts are derived: the bill from
// the price book, the fleet from the workload's peak and the latency target.
func (a *App) Decide(r DecideRequest) (DecideAnswer, error) {
	stamp, err := a.Stamp()
	if err != nil {
		return DecideAnswer{}, err
	}
	s := r.Scenario
	if s.Version == 0 {
		s.Version = scenario.Version
	}
	answer := DecideAnswer{Stamp: stamp, Scenario: s, Notes: []string{}}
	faults, err := a.checkNames(s)
	if err != nil {
		return answer, err
	}
	if len(faults) > 0 {
		return answer, faults
	}
	if s.Parts != nil {
		if len(r.Logs) > 0 {
			return answer, &decide.FieldError{Field: "parts", Problem: "are given beside a call log", Hint: "remove parts from the scenario, so that the log is decided on"}
		}
		quick, err := a.Quick(QuickRequest{Quick: s.Parts.Quick(), Constraints: s.Constraint, Model: s.Current.Model, Sweeps: true})
		answer.Quick = &quick
		return answer, err
	}
	if s.Workload == nil && len(r.Logs) == 0 {
		return answer, &decide.FieldError{Field: "workload", Problem: "is missing", Hint: "give a workload or parts in the scenario, or a call log"}
	}
	if len(s.Candidates) == 0 {
		s.Candidates = []scenario.Candidate{{Model: scenario.DefaultCandidate}}
		answer.Notes = append(answer.Notes, fmt.Sprintf("No candidate is named, so %s is compared. It is not claimed to match today's model: name those that pass your evaluation.", scenario.DefaultCandidate))
	}
	bills, err := a.billers(s)
	if err != nil {
		return answer, err
	}
	var m measured
	if len(r.Logs) > 0 {
		m, err = a.measure(r, s, bills)
	} else {
		m, err = given(s, bills)
	}
	if err != nil {
		return answer, err
	}
	answer.Workload, answer.Bill = m.workload, m.bill
	answer.Notes = append(answer.Notes, m.notes...)
	problem, fleets, notes, err := a.problem(s, m)
	if err != nil {
		return answer, err
	}
	answer.Fleets = fleets
	answer.Notes = append(answer.Notes, notes...)
	if r.Strict && len(problem.Current.Missing) > 0 {
		return answer, &KindError{Kind: Incomplete, Err: fmt.Errorf("there is no price for %s", strings.Join(problem.Current.Missing, ", "))}
	}
	problem.Caps = append(problem.Caps, m.caps...)
	if len(r.Scenario.Candidates) == 0 {
		problem.Caps = append(problem.Caps, decide.Cap{Most: decide.Medium, Why: "Nobody has said that the open model would do."})
	}
	decision, notes, err := confirm(&problem, fleets, m, target(s))
	if err != nil {
		return answer, err
	}
	answer.Decision = &decision
	answer.Notes = append(answer.Notes, notes...)
	answer.Notes = sentences(answer.Notes)
	return answer, nil
}

// sentences makes notes from every layer read alike, and says each thing once.
func sentences(notes []string) []string {
	out := []string{}
	for _, n := range notes {
		first, size := utf8.DecodeRuneInString(n)
		if size == 0 {
			continue
		}
		n = string(unicode.ToUpper(first)) + n[size:]
		if !strings.HasSuffix(n, ".") {
			n += "."
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// billers price one workload in every way that a decision compares, in one pass.
type billers struct {
	current *pricer // at the price in force at each call's time
	today   *pricer // at today's
	hosts   []*host
}

// host is one vendor of a candidate's weights.
type host struct {
	candidate scenario.Candidate
	match     price.Match
	name      string
	context   int64 // its context window in tokens, zero where unknown
	prices    *pricer
}

func (a *App) billers(s scenario.Scenario) (func() *billers, error) {
	book, err := a.book()
	if err != nil {
		return nil, err
	}
	now := a.Now()
	type seller struct {
		candidate scenario.Candidate
		match     price.Match
		name      string
		context   int64
	}
	var sellers []seller
	for _, c := range s.Candidates {
		wanted := map[string]bool{}
		for _, h := range c.Hosts {
			file, err := book.Provider(h)
			if err != nil {
				return nil, err
			}
			wanted[file.Provider] = true
		}
		for _, file := range book.Files() {
			if len(wanted) > 0 && !wanted[file.Provider] {
				continue
			}
			for j := range file.Models {
				model := &file.Models[j]
				if model.Weights != c.Model || model.Retired != "" {
					continue
				}
				match, err := book.Find(price.Query{Provider: file.Provider, Model: model.ID})
				if err != nil || match.Series.At(now, time.Time{}) == nil {
					continue
				}
				name := model.Name
				if name == "" {
					name = model.ID
				}
				sellers = append(sellers, seller{c, match, name + " at " + file.Name, model.ContextWindow})
			}
		}
	}
	return func() *billers {
		b := &billers{current: newPricer(book, now), today: newPricer(book, now)}
		b.today.today = true
		for _, s := range sellers {
			h := &host{candidate: s.candidate, match: s.match, name: s.name, context: s.context, prices: newPricer(book, now)}
			h.prices.today = true
			b.hosts = append(b.hosts, h)
		}
		return b
	}, nil
}

// add prices one call in every way.
func (b *billers) add(c *usage.Call) error {
	if _, _, err := b.current.add(c); err != nil {
		return err
	}
	if _, _, err := b.today.add(c); err != nil {
		return err
	}
	provider, model, region := c.Provider, c.Model, c.Region
	defer func() { c.Provider, c.Model, c.Region = provider, model, region }()
	for _, h := range b.hosts {
		c.Provider, c.Model, c.Region = h.match.Provider, h.match.Model, ""
		if _, _, err := h.prices.add(c); err != nil {
			return err
		}
	}
	return nil
}

// measured is a workload with its bills.
type measured struct {
	workload *WorkloadAnswer
	bill     *Bill // of the log, at the price in force
	billers  *billers
	factor   float64 // from the bills' totals to a month
	demand   decide.Demand
	shape    shape
	caps     []decide.Cap
	longest  int64 // tokens of the longest call, input and output apart; zero where unknown
	notes    []string
	held     *held // the log's calls
}

// shape is what a mean request looks like; nil lengths where the log does not count requests.
type shape struct {
	input, output     float64
	inputCV, outputCV float64
	cached            float64
	known             bool
}

// sink is where a log's calls go in one pass.
type sink struct {
	bills   *billers
	profile workload.Builder
	load    *loadCurve
	held    held
}

func (a *App) measure(r DecideRequest, s scenario.Scenario, fresh func() *billers) (measured, error) {
	o := r.Options
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	current := s.Current.Model
	sk, summaries, err := read(r.Logs, o,
		func() *sink { return &sink{bills: fresh(), load: newLoadCurve()} },
		func(sk *sink, c *usage.Call) error {
			if c.Model == "" && current != "" {
				c.Model = current
			}
			sk.profile.Add(c)
			sk.load.add(c)
			sk.held.add(c)
			return sk.bills.add(c)
		})
	if err != nil {
		return measured{}, err
	}
	p := sk.profile.Profile()
	m := measured{billers: sk.bills, held: &sk.held}
	sk.bills.current.leaveOut(summaries)
	sk.bills.today.leaveOut(summaries)
	if s.Workload != nil {
		m.notes = append(m.notes, "The log takes the place of the scenario's workload; of that, only the peak to mean and the mean input are used where the log cannot tell them.")
	}
	bill, err := sk.bills.current.bill()
	if err != nil {
		return m, err
	}
	m.bill = &bill
	m.notes = append(m.notes, bill.Notes...)
	if p.Span == nil || *p.Span <= 0 {
		return m, &decide.FieldError{Field: "usage", Problem: "spans no time, so a month cannot be told from it", Hint: "give a log with times, or describe the workload in a scenario"}
	}
	m.factor = float64(unit.HoursPerMonth) / float64(*p.Span)
	peakDefault, assumed := scenario.Number("workload.peak_to_mean", nil)
	if s.Workload != nil {
		peakDefault, assumed = scenario.Number("workload.peak_to_mean", s.Workload.PeakToMean)
	}
	load, bucket, loadProvenance, note := sk.load.load(duration(float64(*p.Span)), peakDefault, assumed)
	if note != "" {
		m.notes = append(m.notes, note)
	}
	w := &WorkloadAnswer{
		Source: "log", MonthFactor: m.factor, Extrapolated: math.Abs(m.factor-1) > 0.02, Profile: &p, Files: summaries,
		InputPerMonth: float64(p.Tokens.InputTokens()) * m.factor, OutputPerMonth: float64(p.Tokens.OutputTokens()) * m.factor, Bucket: bucket,
	}
	if p.CacheShare != nil {
		w.CachedShare = float64(*p.CacheShare)
	}
	m.shape = shape{cached: w.CachedShare}
	var mean unit.RequestsPerSecond
	if p.Requests.Known && p.Requests.N > 0 {
		perMonth := float64(p.Requests.N) * m.factor
		w.RequestsPerMonth = &perMonth
		mean = unit.PerMonth(perMonth).Rate()
		w.MeanInput, w.MeanOutput = float64(p.Tokens.InputTokens())/float64(p.Requests.N), float64(p.Tokens.OutputTokens())/float64(p.Requests.N)
		m.shape.input, m.shape.output, m.shape.known = w.MeanInput, w.MeanOutput, w.MeanOutput > 0
		if p.Input != nil && p.Output != nil {
			m.shape.inputCV, m.shape.outputCV = float64(p.Input.CV), float64(p.Output.CV)
			m.longest = p.Input.Max
		}
	} else if s.Workload != nil {
		// The log counts no requests; the scenario's mean call says how many its tokens make.
		perMonth := w.InputPerMonth / s.Workload.Input
		mean = unit.PerMonth(perMonth).Rate()
		m.shape.input, m.shape.output, m.shape.known = s.Workload.Input, w.OutputPerMonth/perMonth, true
		m.notes = append(m.notes, "The log does not count requests; the scenario's mean input says how many there are.")
	} else {
		mean = 1 // any rate: no fleet is sized by it
		m.notes = append(m.notes, "The log does not count requests, so no fleet can be sized from it. Give workload.input in a scenario, the mean input tokens of a call.")
	}
	m.demand = decide.Demand{Mean: mean, Load: load, Bucket: bucket, Provenance: loadProvenance}
	w.PeakToMean = m.demand.Peak()
	w.Load = thin(load, maxLoad)
	w.Sentence = logSentence(w, &p)
	switch hours := float64(*p.Span); {
	case hours < hoursOfADay:
		m.caps = append(m.caps, decide.Cap{Most: decide.Low, Why: fmt.Sprintf("The log spans %s: not even a day's rhythm is in it.", duration(hours))})
	case hours < hoursOfAWeek:
		m.caps = append(m.caps, decide.Cap{Most: decide.Medium, Why: fmt.Sprintf("The log spans %s: a week's rhythm is not in it.", duration(hours))})
	}
	m.workload = w
	m.notes = append(m.notes, p.Notes...)
	for _, f := range summaries {
		m.notes = append(m.notes, f.Notes...)
		if f.Faulty > 0 {
			m.notes = append(m.notes, unreadRows(f))
		}
	}
	return m, nil
}

// Spans that show a rhythm, with some tolerance at their ends.
const (
	hoursOfADay  = 20
	hoursOfAWeek = 6.5 * 24
)

func logSentence(w *WorkloadAnswer, p *workload.Profile) string {
	span := duration(float64(*p.Span))
	text := "The log spans " + span
	if w.RequestsPerMonth != nil {
		text += fmt.Sprintf(" and %s calls", ledger.Number(float64(p.Requests.N)))
	}
	if w.Extrapolated {
		text += fmt.Sprintf("; its totals are multiplied by %s for a month of 730 hours", ledger.Number(math.Round(w.MonthFactor*100)/100))
	}
	return text + "."
}

func duration(hours float64) string {
	switch {
	case hours >= 48:
		return ledger.Number(math.Round(hours/24*10)/10) + " days"
	case hours >= 2:
		return ledger.Number(math.Round(hours*10)/10) + " hours"
	}
	return ledger.Number(math.Round(hours*60)) + " minutes"
}

// maxLoad is how many buckets of load an answer carries.
const maxLoad = 400

// thin keeps the largest of each group of neighbours, so that peaks stay.
func thin(load []float64, most int) []float64 {
	if len(load) <= most {
		return load
	}
	out := make([]float64, most)
	for i, l := range load {
		j := i * most / len(load)
		out[j] = max(out[j], l)
	}
	return out
}

// sample is how many calls stand for a month's where a workload is given by its mean call: enough for a
// batch share in tenths of a per mille.
const sample = 10000

// given makes a month out of a mean call. It is priced as a sample of equal calls, so that shares of them on
// another tier stay whole numbers of calls.
func given(s scenario.Scenario, fresh func() *billers) (measured, error) {
	w := *s.Workload
	m := measured{billers: fresh()}
	model := s.Current.Model
	if model == "" {
		model = scenario.DefaultModel
	}
	tier, err := price.ParseTier(s.Current.Tier)
	if err != nil {
		return m, err
	}
	cached := w.CachedShare
	q := callQuantities(w.Input, w.Output, cached)
	batch := int64(math.Round(sample * w.BatchShare))
	for _, part := range []struct {
		tier price.Tier
		n    int64
	}{{tier, sample - batch}, {price.Batch, batch}} {
		if part.n == 0 {
			continue
		}
		// One call stands for all of its kind: its band is that of a single call.
		c := usage.Call{Start: m.billers.current.now, Model: model, Tier: part.tier, Requests: usage.Count{N: 1, Known: true}, Quantities: q}
		if err := m.billers.addTimes(&c, part.n); err != nil {
			return m, err
		}
	}
	bill, err := m.billers.today.bill()
	if err != nil {
		return m, err
	}
	m.billers.current = m.billers.today
	m.notes = append(m.notes, bill.Notes...)
	perMonth := 0.0
	if w.CallsPerDay != nil {
		perMonth = *w.CallsPerDay * unit.HoursPerMonth / 24
	} else {
		if !bill.Complete || bill.Total.IsZero() {
			return m, &decide.FieldError{Field: "workload.spend", Problem: "cannot be turned into calls, because " + model + " has no complete price", Hint: "give calls_per_day"}
		}
		dollars, err := bill.Total.USD()
		if err != nil {
			return m, err
		}
		perMonth = *w.Spend / (dollars.Estimate() / sample)
	}
	m.factor = perMonth / sample
	peak, assumed := scenario.Number("workload.peak_to_mean", w.PeakToMean)
	load := dayCurve(peak)
	mean := unit.PerMonth(perMonth).Rate()
	m.demand = decide.Demand{Mean: mean, Load: load, Bucket: "hour", Provenance: assumed}
	m.shape = shape{input: w.Input, output: w.Output, cached: cached, known: true}
	m.workload = &WorkloadAnswer{
		Source: "scenario", MonthFactor: 1, RequestsPerMonth: &perMonth, InputPerMonth: w.Input * perMonth, OutputPerMonth: w.Output * perMonth,
		MeanInput: w.Input, MeanOutput: w.Output, CachedShare: cached, PeakToMean: m.demand.Peak(), Bucket: "hour", Load: load,
		Sentence: fmt.Sprintf("%s calls a month of %s input and %s output tokens.", ledger.Number(math.Round(perMonth)), ledger.Number(w.Input), ledger.Number(w.Output)),
	}
	return m, nil
}

// callQuantities splits a mean call into disjoint buckets of whole tokens.
func callQuantities(input, output, cachedShare float64) price.Quantities {
	whole := int64(math.Round(input))
	cached := int64(math.Round(input * cachedShare))
	return price.Quantities{price.Input: whole - cached, price.CacheRead: cached, price.Output: int64(math.Round(output)), price.Request: 1}
}

// addTimes prices n equal calls.
func (b *billers) addTimes(c *usage.Call, n int64) error {
	if err := b.today.addTimes(c, n); err != nil {
		return err
	}
	model := c.Model
	defer func() { c.Model, c.Provider = model, "" }()
	for _, h := range b.hosts {
		c.Provider, c.Model = h.match.Provider, h.match.Model
		if err := h.prices.addTimes(c, n); err != nil {
			return err
		}
	}
	return nil
}

// addTimes prices n equal calls, each in the context band of one.
func (p *pricer) addTimes(c *usage.Call, n int64) error {
	ref, ok, err := p.add(c)
	if err != nil || !ok {
		return err
	}
	rest := c.Quantities
	for k := range rest {
		if rest[k] > math.MaxInt64/max(n, 1) {
			return fmt.Errorf("%s: %w", price.Kind(k), money.ErrOverflow)
		}
		rest[k] *= n - 1
	}
	return p.sums[ref].Add(&rest)
}

// maxLines is how many lines of an API bill a ledger shows; the rest is added up in one.
const maxLines = 14

// apiLines turns an exact bill into a ledger's lines, a month long.
func apiLines(b Bill, factor float64, factorName string) ([]ledger.Line, error) {
	type key struct {
		provider, model string
		tier            price.Tier
		kind, as        price.Kind
		rate            money.Rate
	}
	quantities := map[key]int64{}
	provenance := map[key]fact.Provenance{}
	sums := map[key]*money.Sum{}
	models := map[string]bool{}
	atRates := map[key]int{} // how many rates a kind of a model was billed at
	for _, l := range b.Lines {
		k := key{l.Provider, l.Model, l.Tier, l.Kind, l.As, l.Rate}
		if _, known := quantities[k]; !known {
			atRates[key{l.Provider, l.Model, l.Tier, l.Kind, l.Kind, 0}]++
		}
		quantities[k] += l.Quantity
		provenance[k] = l.Provenance
		if sums[k] == nil {
			sums[k] = new(money.Sum)
		}
		if err := sums[k].AddSum(l.Amount); err != nil {
			return nil, err
		}
		models[l.Provider+"/"+l.Model] = true
	}
	keys := slices.SortedFunc(maps.Keys(quantities), func(x, y key) int {
		a, c := dollars(*sums[x]), dollars(*sums[y])
		switch {
		case a > c:
			return -1
		case a < c:
			return 1
		}
		return strings.Compare(fmt.Sprint(x), fmt.Sprint(y))
	})
	month := ledger.Term{Name: factorName, Value: factor, Unit: "x", Provenance: fact.Derive(factorName)}
	million := ledger.Term{Name: "tokens in a million", Value: 1e6, Provenance: fact.Derive("the unit of the price")}
	thousand := ledger.Term{Name: "calls in a thousand", Value: 1000, Provenance: fact.Derive("the unit of the price")}
	var lines []ledger.Line
	var rest money.Sum
	for i, k := range keys {
		if i >= maxLines {
			if err := rest.AddSum(*sums[k]); err != nil {
				return nil, err
			}
			continue
		}
		label := strings.ToUpper(k.kind.Label()[:1]) + k.kind.Label()[1:]
		unitName, per := "tokens", million
		rate := ledger.Term{Name: "price per million", Value: k.rate.Estimate(), Unit: "USD", Provenance: provenance[k]}
		if k.kind.Side() == price.FeeSide { // vendors print these by the thousand
			unitName, per = k.kind.Label(), thousand
			rate.Name, rate.Value = "price per thousand", rate.Value/1000
		}
		if k.as != k.kind {
			label += ", billed as " + k.as.Label()
		}
		if len(models) > 1 {
			label += ", " + k.model
		}
		if k.tier != price.Standard {
			label += ", " + k.tier.String()
		}
		if atRates[key{k.provider, k.model, k.tier, k.kind, k.kind, 0}] > 1 {
			label += ", at $" + k.rate.String()
		}
		line, err := ledger.NewLine("api", label, []ledger.Term{
			{Name: k.kind.Label(), Value: float64(quantities[k]), Unit: unitName, Provenance: fact.ByUser("the workload")},
			rate, month,
		}, []ledger.Term{per})
		if err != nil {
			return nil, err
		}
		line.Provenance = provenance[k]
		lines = append(lines, line)
	}
	if !rest.IsZero() {
		line, err := ledger.NewLine("api", fmt.Sprintf("%d smaller items", len(keys)-maxLines), []ledger.Term{
			{Name: "the rest of the bill", Value: dollars(rest), Unit: "USD", Provenance: fact.Derive("the exact sum of the smaller items")}, month,
		}, nil)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// dollars is an exact sum as an estimate; beyond what USD holds it is as large as that.
func dollars(s money.Sum) float64 {
	usd, err := s.USD()
	if err != nil {
		return math.MaxInt64 / 1e9
	}
	return usd.Estimate()
}
