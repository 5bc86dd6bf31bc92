package app

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"breakeven/decide"
	"breakeven/internal/warehouse"
	"breakeven/ledger"
	"breakeven/price"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/unit"
	"breakeven/usage"
	"breakeven/workload"
)

// SyntheticLoad is a workload described by its means, of which single requests are made.
type SyntheticLoad struct {
	Rate        float64  `json:"requests_per_second" exclusiveMinimum:"0" maximum:"1000000" doc:"Mean rate of arrivals."`
	Input       float64  `json:"input" minimum:"1" maximum:"10000000" doc:"Mean tokens of a whole prompt."`
	Output      float64  `json:"output" minimum:"1" maximum:"10000000" doc:"Mean tokens of an answer."`
	InputCV     *float64 `json:"input_cv,omitempty" minimum:"0" maximum:"10" doc:"How widely prompts spread: standard deviation over mean; 1 is assumed."`
	OutputCV    *float64 `json:"output_cv,omitempty" minimum:"0" maximum:"10" doc:"How widely answers spread; 1 is assumed."`
	CachedShare float64  `json:"cached_share,omitempty" minimum:"0" maximum:"1" doc:"Part of a prompt that the prefix cache serves."`
	Gaps        *float64 `json:"gap_cv,omitempty" minimum:"0" maximum:"20" doc:"How arrivals bunch: standard deviation of the times between them over the mean; 1, Poisson, is assumed."`
	Requests    int64    `json:"requests,omitempty" minimum:"100" maximum:"2000000" doc:"How many to simulate; 20,000 if left out."`
	Seed        uint64   `json:"seed,omitempty" doc:"The same seed makes the same requests."`
}

// TraceAnswer is the workload that was simulated.
type TraceAnswer struct {
	Source     string          `json:"source" enum:"log,synthetic"`
	Sentence   string          `json:"sentence"`
	Resolution *workload.Level `json:"resolution,omitempty" enum:"L0,L1,L2,L3" doc:"Of the log; from L1 on, single requests were made from its buckets. Absent where there is no log."`
	Requests   int64           `json:"requests"`
	Span       float64         `json:"span_seconds" doc:"From the first arrival to the last."`
	Rate       float64         `json:"requests_per_second" doc:"In the mean."`
	Input      float64         `json:"mean_input_tokens"`
	Output     float64         `json:"mean_output_tokens"`
	InputCV    float64         `json:"input_cv"`
	OutputCV   float64         `json:"output_cv"`
	Cached     float64         `json:"cached_share" doc:"Part of the prompts that the prefix cache serves."`
	Longest    int64           `json:"longest_tokens" doc:"Prompt and answer of the longest request."`
	// Whole is how many requests the log has, where only its busiest part was simulated.
	Whole int64           `json:"requests_in_log,omitempty" doc:"Requests of the whole log, where only its busiest part was simulated."`
	Files []usage.Summary `json:"files,omitempty"`
}

// trace is what a log or a description holds, ready to be made a stream of.
type trace struct {
	calls   []plan.Call
	buckets []plan.Bucket
	profile *workload.Profile // nil of a description
	files   []usage.Summary
	notes   []string
	given   *SyntheticLoad

	origin  time.Time
	started bool
	skipped int64 // calls without a time, or on another clock than the first
	unknown int64 // rows that do not say how many calls they are
	clipped int64 // longer than a request can be
}

// maxTrace is how many single calls are held.
const maxTrace = 20_000_000

// seedOf is the seed of what is drawn where a log says too little.
const seedOf = 1

// made is a workload from its means.
func made(l SyntheticLoad) (*trace, error) {
	bad := func(field, problem string) error {
		return &KindError{Kind: Invalid, Err: &decide.FieldError{Field: "workload." + field, Problem: problem}}
	}
	one := 1.0
	for _, v := range []**float64{&l.InputCV, &l.OutputCV, &l.Gaps} {
		if *v == nil {
			*v = &one
		}
	}
	if l.Requests == 0 {
		l.Requests = 20_000
	}
	switch {
	case !(l.Rate > 0 && l.Rate <= 1e6):
		return nil, bad("requests_per_second", "is not above 0 and at most 1,000,000")
	case !(l.Input >= 1 && l.Input <= 1e7):
		return nil, bad("input", "is not between 1 and 10,000,000 tokens")
	case !(l.Output >= 1 && l.Output <= 1e7):
		return nil, bad("output", "is not between 1 and 10,000,000 tokens")
	case !(*l.InputCV >= 0 && *l.InputCV <= 10):
		return nil, bad("input_cv", "is not between 0 and 10")
	case !(*l.OutputCV >= 0 && *l.OutputCV <= 10):
		return nil, bad("output_cv", "is not between 0 and 10")
	case !(*l.Gaps >= 0 && *l.Gaps <= 20):
		return nil, bad("gap_cv", "is not between 0 and 20")
	case !(l.CachedShare >= 0 && l.CachedShare <= 1):
		return nil, bad("cached_share", "is not between 0 and 1")
	case l.Requests < 100 || l.Requests > 2_000_000:
		return nil, bad("requests", "is not between 100 and 2,000,000")
	}
	t := &trace{given: &l}
	n := float64(l.Requests)
	t.buckets = []plan.Bucket{{
		Width: serving.Seconds(n / l.Rate), Calls: l.Requests, Input: int64(math.Round(n * l.Input)), Output: int64(math.Round(n * l.Output)),
		Cached: int64(n * l.Input * l.CachedShare),
	}}
	return t, nil
}

// readTrace reads logs for a simulation.
func (a *App) readTrace(logs []Source, o usage.Options) (*trace, error) {
	if o.Now.IsZero() {
		o.Now = a.Now()
	}
	type reading struct {
		trace
		builder workload.Builder
	}
	r, files, err := read(logs, o, func() *reading { return new(reading) }, func(r *reading, c *usage.Call) error {
		r.builder.Add(c)
		return r.add(c)
	})
	if err != nil {
		return nil, err
	}
	t := &r.trace
	p := r.builder.Profile()
	t.profile, t.files = &p, files
	t.notes = append(t.notes, fileNotes(files)...)
	t.notes = append(t.notes, p.Notes...)
	if t.unknown > 0 {
		return nil, &KindError{Kind: Invalid, Err: &decide.FieldError{
			Field: "files", Problem: ledger.Count(t.unknown, "row") + " of the log do not say how many calls they stand for, so that nothing can be simulated",
			Hint: "take a log of single calls, or describe the workload by its means",
		}}
	}
	if len(t.calls)+len(t.buckets) == 0 {
		return nil, &KindError{Kind: Invalid, Err: &decide.FieldError{Field: "files", Problem: "hold no call with a time", Hint: "take a log with times, or describe the workload by its means"}}
	}
	if t.skipped > 0 {
		t.notes = append(t.notes, fmt.Sprintf("Calls without a time, or on another clock than the first, are not simulated (%d).", t.skipped))
	}
	if t.clipped > 0 {
		t.notes = append(t.notes, fmt.Sprintf("Calls of more than %d tokens are taken as of so many (%d).", plan.MaxTokens, t.clipped))
	}
	t.spreadTicks()
	return t, nil
}

// add takes a row.
func (t *trace) add(c *usage.Call) error {
	input, output := c.Quantities.InputTokens(), c.Quantities.OutputTokens()
	if c.Failed || input+output == 0 {
		return nil // no load: the profile's notes say how many
	}
	if c.Start.IsZero() {
		t.skipped++
		return nil
	}
	if !t.started {
		t.started, t.origin = true, c.Start
	}
	at := c.Start.Sub(t.origin)
	if math.Abs(at.Seconds()) > 100*365*24*3600 || warehouse.Dated(c.Start) != warehouse.Dated(t.origin) {
		t.skipped++
		return nil
	}
	cached := min(c.Quantities[price.CacheRead]+c.Quantities[price.AudioCacheRead]+c.Quantities[price.ImageCacheRead], input)
	if c.Aggregate() {
		if !c.Requests.Known {
			t.unknown++
			return nil
		}
		t.bucket(at, c, input, cached, output)
		return nil
	}
	if len(t.calls) == maxTrace {
		return &KindError{Kind: Invalid, Err: &decide.FieldError{Field: "files", Problem: fmt.Sprintf("hold more than %d calls", maxTrace), Hint: "take a part of the log, such as its busiest week"}}
	}
	if max(input, output) > plan.MaxTokens {
		t.clipped++
	}
	clip := func(n int64) int32 { return int32(min(n, plan.MaxTokens)) }
	t.calls = append(t.calls, plan.Call{At: serving.Seconds(at.Seconds()), Input: clip(input), Cached: clip(cached), Output: clip(output)})
	return nil
}

// bucket takes a row that adds calls up. One of more than an hour is divided by the shape of a day.
func (t *trace) bucket(at time.Duration, c *usage.Call, input, cached, output int64) {
	if c.Requests.N == 0 {
		return
	}
	width := c.End.Sub(c.Start)
	if c.End.IsZero() || width <= 0 {
		width = time.Minute
	}
	b := plan.Bucket{Start: serving.Seconds(at.Seconds()), Width: serving.Seconds(width.Seconds()), Calls: c.Requests.N, Input: input, Cached: cached, Output: output}
	if width <= time.Hour {
		t.buckets = append(t.buckets, b)
		return
	}
	hours := int(width / time.Hour)
	curve := dayCurve(peakOfDay)
	total, before, left := 0.0, 0.0, b
	weight := func(h int) float64 { return curve[(h+24-peakHour)%24] }
	for h := range hours {
		total += weight(h)
	}
	for h := range hours {
		before += weight(h)
		share := func(whole, left int64) int64 { return int64(math.Round(float64(whole)*before/total)) - (whole - left) }
		part := plan.Bucket{
			Start: b.Start + serving.Seconds(h)*b.Width/serving.Seconds(hours), Width: b.Width / serving.Seconds(hours),
			Calls: share(b.Calls, left.Calls), Input: share(b.Input, left.Input), Output: share(b.Output, left.Output),
		}
		part.Cached = min(share(b.Cached, left.Cached), part.Input)
		left.Calls, left.Input, left.Output, left.Cached = left.Calls-part.Calls, left.Input-part.Input, left.Output-part.Output, left.Cached-part.Cached
		if part.Calls > 0 {
			t.buckets = append(t.buckets, part)
		}
	}
}

// The day that is assumed within buckets of more than an hour: its busiest hour over its mean, and which that is.
const (
	peakOfDay = 2.0
	peakHour  = 14
)

// spreadTicks spreads calls over the step of a clock that hides the times between them.
func (t *trace) spreadTicks() {
	p := t.profile
	if p.Quantum == 0 || p.Quantum < time.Second && p.IATCVTicks == nil {
		return
	}
	random := rand.New(rand.NewPCG(seedOf, 0))
	step := p.Quantum.Seconds()
	for i := range t.calls {
		t.calls[i].At += serving.Seconds(step * random.Float64())
	}
	// Within a step the log's own order says nothing: the sort is no finding.
	slices.SortStableFunc(t.calls, func(a, b plan.Call) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	})
	t.notes = append(t.notes, fmt.Sprintf(
		"The log's clock has a step of %s. Calls of one step are spread evenly at random inside it, so that the simulation can answer for queues that last longer than that, and not for bursts within it.", p.Quantum))
}

// guessed reports whether single calls must be made, so that the answer depends on assumptions.
func (t *trace) guessed() bool { return t.given == nil && len(t.buckets) > 0 }

// stream makes the stream, under an assumption where single calls must be made. No call of more than a context is made;
// calls of the log stay as they are.
func (t *trace) stream(a plan.Assumption, context int64) (*plan.Stream, error) {
	calls := t.calls
	seed := uint64(seedOf)
	if g := t.given; g != nil {
		a = plan.Assumption{Gaps: *g.Gaps, InputCV: *g.InputCV, OutputCV: *g.OutputCV}
		seed += g.Seed
	}
	if len(t.buckets) > 0 {
		more, err := plan.Synthesize(t.buckets, a, context, seed)
		if err != nil {
			return nil, fleetFault(err)
		}
		calls = more
		if len(t.calls) > 0 {
			calls = slices.Concat(t.calls, more)
			slices.SortStableFunc(calls, func(a, b plan.Call) int {
				switch {
				case a.At < b.At:
					return -1
				case a.At > b.At:
					return 1
				}
				return 0
			})
		}
	}
	if len(t.buckets) == 0 {
		calls = slices.Clone(calls) // the trace makes other streams as well
	}
	s, err := plan.NewStream(calls)
	return s, fleetFault(err)
}

// usual is the assumption that an answer rests on where it must rest on one.
func usual() plan.Assumption { return plan.Assumptions()[1] }

// describe says what was simulated, of a log of so many requests.
func (t *trace) describe(s *plan.Stream, whole int) (TraceAnswer, []string) {
	shape := s.Shape()
	a := TraceAnswer{
		Source: "synthetic", Requests: int64(s.Len()), Span: significant(float64(s.Span())), Rate: significant(float64(s.Rate())),
		Input: significant(float64(shape.Input)), Output: significant(float64(shape.Output)),
		InputCV: significant(shape.InputCV), OutputCV: significant(shape.OutputCV), Cached: significant(float64(shape.CachedShare)), Longest: s.Longest(), Files: t.files,
	}
	notes := slices.Clone(t.notes)
	span := spanOf(s)
	a.Sentence = fmt.Sprintf("%s requests in %s, %s a second in the mean; a mean request has %s input and %s output tokens.",
		ledger.Number(float64(a.Requests)), span, ledger.Number(math.Round(a.Rate*100)/100), ledger.Number(math.Round(a.Input)), ledger.Number(math.Round(a.Output)))
	if t.profile != nil {
		a.Source, a.Resolution = "log", &t.profile.Resolution
	}
	if s.Len() < whole {
		a.Whole = int64(whole)
		notes = append(notes, fmt.Sprintf("Only the busiest %s of the log's %s calls were simulated, which came within %s.", ledger.Number(float64(s.Len())), ledger.Number(float64(whole)), span))
	}
	if s.Moved > 0 {
		notes = append(notes, fmt.Sprintf("The log is not in the order of time: it was sorted, which moved %s.", ledger.Count(s.Moved, "call")))
	}
	prompts, answers := s.Empty()
	if prompts > 0 {
		notes = append(notes, fmt.Sprintf("Calls without a prompt are refused, as engines do, and judged by no target (%d).", prompts))
	}
	if answers > 0 {
		notes = append(notes, fmt.Sprintf("Calls without an output are prompts that are read and not answered: they take time, and have no first token to be late (%d).", answers))
	}
	if a.Cached > 0 && t.given == nil {
		notes = append(notes, fmt.Sprintf("The vendor's cache served %.0f %% of the input tokens; your own prefix cache is assumed to serve as many.", 100*a.Cached))
	}
	if t.guessed() {
		notes = append(notes, fmt.Sprintf("The log holds sums (%s) and no single calls for a part: these were made, %d in number, with the gaps and lengths of a usual reading. The range says what a calm and a bursty one change.", t.profile.Resolution.Text(), madeCalls(t.buckets)))
		if slices.ContainsFunc(t.files, func(f usage.Summary) bool { return f.Bucket > time.Hour }) {
			notes = append(notes, fmt.Sprintf("Rows of more than an hour are divided by an assumed day whose busiest hour has %.3g times the mean.", peakOfDay))
		}
	}
	if g := t.given; g != nil {
		notes = append(notes, fmt.Sprintf("Requests are synthetic, from the means given: lengths spread by %.3g and %.3g times their mean, and the times between arrivals by %.3g.", *g.InputCV, *g.OutputCV, *g.Gaps))
	}
	return a, notes
}

// spanOf is how long a stream lasts, in words.
func spanOf(s *plan.Stream) string {
	if s.Span() < 120 {
		return ledger.Number(math.Round(float64(s.Span()))) + " seconds"
	}
	return duration(float64(s.Span()) / unit.SecondsPerHour)
}

func madeCalls(buckets []plan.Bucket) (n int64) {
	for _, b := range buckets {
		n += b.Calls
	}
	return n
}
