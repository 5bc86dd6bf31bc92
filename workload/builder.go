package workload

import (
	"fmt"
	"math"
	"slices"
	"time"

	"breakeven/fact"
	"breakeven/price"
	"breakeven/unit"
	"breakeven/usage"
)

// Builder measures a [Profile] or a [Character] from calls, in one pass and in memory that does not grow with their
// number: it holds a few thousand arrivals to put them in order, histograms of a fixed number of bins, and one counter
// for each hour of the log. The zero value is ready. A Builder is not safe for concurrent use.
type Builder struct {
	// From is where the calls come from; it becomes the profile's provenance. Its kind is set to user where
	// it is empty.
	From fact.Provenance

	calls, failed, empty int64
	requests             int64 // of rows that know
	unknown              int64 // rows that do not say how many calls they are
	tokens               price.Quantities
	overflow             bool
	batch, all           int64 // tokens on a batch tier, and on any
	waits, waited        int64 // tokens of calls that can wait, and of those that somebody waits for

	singles                 int64 // rows that are one call
	input, newInput, output *histogram
	reuse                   reuse

	timed       int64 // arrivals with a time
	placed      int64 // requests of rows with a time
	relative    bool  // times count from the start of a trace
	strangers   int64 // rows on another clock than the first
	first, last int64 // nanoseconds, of rows that are load
	end         int64 // of buckets
	untimed     int64
	widest      time.Duration // of buckets
	unbounded   bool          // an aggregate that does not say how long its bucket is
	hours       map[int64]*hourLoad
	hour        *hourLoad // the one of the last row
	hourIndex   int64
	wide        bool                // a bucket spans more than an hour
	days        map[int64]*hourLoad // of those buckets
	coarser     bool                // a bucket spans more than a day
	order       arrivals
}

// hourLoad is what arrived in one clock hour, or in one day by buckets of more than an hour.
type hourLoad struct{ requests, input, output int64 }

// Add counts one row. It keeps nothing of the call.
func (b *Builder) Add(c *usage.Call) {
	b.calls++
	q := &c.Quantities
	in, out := q.InputTokens(), q.OutputTokens()
	if sum := b.tokens; sum.Add(q) == nil {
		b.tokens = sum
	} else {
		b.overflow = true
	}
	b.all += in + out
	if c.Tier == price.Batch {
		b.batch += in + out
	}
	switch {
	case c.Tier == price.Batch || c.Tier == price.Flex:
		b.waits += in + out
	case c.TTFT > 0 || c.Session != "" || c.Tier == price.Priority || c.Tier == price.Fast || c.Tier == price.UltraFast:
		b.waited += in + out
	}
	switch {
	case c.Failed:
		b.failed++
		return
	case in+out == 0:
		b.empty++
		return
	}
	n := int64(0)
	if c.Requests.Known {
		n = c.Requests.N
		b.requests += n
	} else {
		b.unknown++
	}
	aggregate := c.Aggregate()
	if !aggregate {
		b.lengths(q, in, out)
		b.reuse.add(c, in)
	}
	b.place(c, n, in, out, aggregate)
}

func (b *Builder) lengths(q *price.Quantities, in, out int64) {
	if b.input == nil {
		b.input, b.newInput, b.output = new(histogram), new(histogram), new(histogram)
	}
	b.singles++
	b.input.add(in)
	b.newInput.add(in - q[price.CacheRead] - q[price.AudioCacheRead] - q[price.ImageCacheRead])
	b.output.add(out)
}

// What UnixNano can hold.
var minTime, maxTime = time.Unix(0, math.MinInt64/2), time.Unix(0, math.MaxInt64/2)

// firstDate is 1990-01-01 in seconds since 1970. A trace without dates counts from 1970, and nobody called a
// language model in the decades behind it.
const firstDate = 631_152_000

// place counts the row at its time.
func (b *Builder) place(c *usage.Call, n, in, out int64, aggregate bool) {
	if c.Start.IsZero() || c.Start.Before(minTime) || c.Start.After(maxTime) || c.End.After(maxTime) {
		b.untimed++
		return
	}
	t, relative := c.Start.UnixNano(), c.Start.Unix() < firstDate
	if b.hours == nil {
		b.hours = map[int64]*hourLoad{}
		b.first, b.last, b.end, b.relative = t, t, math.MinInt64, relative
	}
	if relative != b.relative {
		b.strangers++
		return
	}
	b.placed += n
	b.first, b.last = min(b.first, t), max(b.last, t)
	if aggregate {
		if c.End.IsZero() {
			b.unbounded = true
		} else {
			width := c.End.Sub(c.Start)
			b.widest = max(b.widest, width)
			b.end = max(b.end, c.End.UnixNano())
			if width > time.Hour {
				b.wide = true
				b.wideDay(c, n, in, out, width)
				return
			}
		}
	}
	b.timed += n
	index := floorDiv(t, int64(time.Hour))
	if b.hour == nil || index != b.hourIndex {
		h, ok := b.hours[index]
		if !ok {
			h = new(hourLoad)
			b.hours[index] = h
		}
		b.hour, b.hourIndex = h, index
	}
	b.hour.requests += n
	b.hour.input += in
	b.hour.output += out
	if n > 0 {
		b.order.add(t, n)
	}
}

// wideDay counts a bucket of more than an hour on the day of its begin.
func (b *Builder) wideDay(c *usage.Call, n, in, out int64, width time.Duration) {
	if width > 24*time.Hour {
		b.coarser = true
		return
	}
	if b.days == nil {
		b.days = map[int64]*hourLoad{}
	}
	index := floorDiv(c.Start.UnixNano(), int64(24*time.Hour))
	d, ok := b.days[index]
	if !ok {
		d = new(hourLoad)
		b.days[index] = d
	}
	d.requests += n
	d.input += in
	d.output += out
}

// Profile is what the rows so far say. More may be added afterwards.
func (b *Builder) Profile() Profile {
	p := Profile{
		Calls: b.calls, Failed: b.failed + b.empty, Relative: b.relative, Tokens: b.tokens, Overflow: b.overflow, Provenance: b.From,
		Requests: usage.Count{N: b.requests, Known: b.unknown == 0 && b.calls > 0},
		Input:    b.input.lengths(), NewInput: b.newInput.lengths(), Output: b.output.lengths(),
	}
	if p.Provenance.Kind == "" {
		p.Provenance.Kind = fact.User
	}
	if !p.Requests.Known {
		p.Requests.N = 0
	}
	order := b.order
	order.held = slices.Clone(order.held)
	order.finish()
	if b.widest == 0 { // the step of buckets is their width
		p.Quantum = time.Duration(order.step)
	}
	b.shares(&p)
	b.resolve(&p)
	b.span(&p)
	b.rates(&p, &order)
	b.peak(&p)
	b.remarks(&p, &order)
	return p
}

func (b *Builder) shares(p *Profile) {
	if in := p.Tokens.InputTokens(); in > 0 {
		if read := p.Tokens[price.CacheRead] + p.Tokens[price.AudioCacheRead] + p.Tokens[price.ImageCacheRead]; read > 0 {
			share := unit.Share(float64(read) / float64(in))
			p.CacheShare = &share
		}
	}
	if b.batch > 0 {
		share := unit.Share(float64(b.batch) / float64(b.all))
		p.BatchShare = &share
	}
}

// coarse is the length of time inside which the log cannot tell two calls apart.
func (b *Builder) coarse(p *Profile) time.Duration {
	width := b.widest
	if p.Quantum >= time.Second {
		width = max(width, p.Quantum)
	}
	return width
}

func (b *Builder) resolve(p *Profile) {
	width := b.coarse(p)
	switch {
	case b.hours == nil, b.unbounded && width == 0:
		p.Resolution = L3
	case width > time.Hour:
		p.Resolution = L3
	case width > time.Minute:
		p.Resolution = L2
	case width == time.Minute, b.singles < b.calls-b.failed-b.empty:
		p.Resolution = L1
	default:
		p.Resolution = L0
	}
}

// stepsPerWindow is how many steps of a coarse clock a window must hold: with fewer, windows of the same width
// hold now one step more and now one less, and their peak is of the clock's making.
const stepsPerWindow = 4

// resolves reports whether counts in windows of a width mean something.
func (b *Builder) resolves(width, step time.Duration) bool {
	if b.unbounded || width < b.widest {
		return false
	}
	return step < time.Second || width == step || width >= stepsPerWindow*step
}

func (b *Builder) span(p *Profile) {
	if b.hours == nil {
		return
	}
	end := b.last
	if b.widest > 0 {
		end = max(end, b.end)
	}
	seconds := float64(end-b.first) / 1e9
	switch {
	case b.widest > 0: // buckets cover theirs whole
	case p.Quantum >= time.Second: // and so do the steps of a coarse clock
		seconds += p.Quantum.Seconds()
	case b.timed > 1:
		seconds *= float64(b.timed) / float64(b.timed-1)
	}
	if !b.relative {
		p.Start, p.End = time.Unix(0, b.first).UTC(), time.Unix(0, end).UTC()
	}
	if seconds <= 0 {
		p.Notes = append(p.Notes, "All calls have the same time, so the log has no span: nothing can be said per month.")
		return
	}
	span := Hours(seconds / 3600)
	factor := float64(unit.HoursPerMonth / span)
	p.Span, p.MonthFactor = &span, &factor
}

func (b *Builder) rates(p *Profile, order *arrivals) {
	if p.Span == nil || b.unknown > 0 || b.placed == 0 {
		return
	}
	perSecond := float64(b.placed) / (float64(*p.Span) * 3600)
	rate := unit.RequestsPerSecond(perSecond)
	p.Rate = &rate
	if b.wide || order.late*1000 > order.rows {
		return
	}
	for i := range order.windows {
		w := &order.windows[i]
		if !b.resolves(windowWidths[i], p.Quantum) {
			continue
		}
		seconds := windowWidths[i].Seconds()
		if float64(*p.Span)*3600 < 2*seconds {
			continue
		}
		p.PeakToMean = append(p.PeakToMean, AtWindow{Seconds(seconds), Ratio(float64(w.most) / (perSecond * seconds))})
		if iod, ok := w.iod(); ok {
			p.IoD = append(p.IoD, AtWindow{Seconds(seconds), iod})
		}
	}
	if b.widest > 0 || b.unbounded || b.singles < b.calls-b.failed-b.empty {
		return
	}
	cv, ok := order.gaps.cv()
	if !ok {
		return
	}
	// A step that is short beside the gaps changes nothing.
	if spread, ok := order.ticks.cv(); ok && p.Quantum.Seconds()*perSecond > 0.05 {
		face := cv
		p.IATCV, p.IATCVTicks = &spread, &face
		return
	}
	p.IATCV = &cv
}

func (b *Builder) peak(p *Profile) {
	if p.Span == nil || *p.Span < 2 || b.wide || b.unbounded || p.Resolution == L3 {
		return
	}
	byRequests := b.unknown == 0
	var best *hourLoad
	var at int64
	for index, h := range b.hours {
		more := best == nil || h.weight(byRequests) > best.weight(byRequests)
		if more || (h.weight(byRequests) == best.weight(byRequests) && index < at) {
			best, at = h, index
		}
	}
	var total int64
	for _, h := range b.hours {
		total += h.weight(byRequests)
	}
	mean := float64(total) / float64(*p.Span)
	if best == nil || mean <= 0 {
		return
	}
	p.Peak = &Peak{
		Requests: usage.Count{N: best.requests, Known: byRequests},
		Input:    best.input, Output: best.output, ToMean: Ratio(float64(best.weight(byRequests)) / mean),
	}
	if !b.relative {
		p.Peak.Hour = time.Unix(at*3600, 0).UTC()
	}
	if byRequests {
		p.PeakToMean = append(p.PeakToMean, AtWindow{3600, p.Peak.ToMean})
	} else {
		p.Peak.Requests.N = 0
	}
}

func (h *hourLoad) weight(byRequests bool) int64 {
	if byRequests {
		return h.requests
	}
	return h.input + h.output
}

// remarks says what was extrapolated, and what cannot be answered.
func (b *Builder) remarks(p *Profile, order *arrivals) {
	say := func(format string, args ...any) { p.Notes = append(p.Notes, fmt.Sprintf(format, args...)) }
	if b.failed > 0 {
		say("Failed calls are left out of arrivals and lengths (%s).", rows(b.failed))
	}
	if b.empty > 0 {
		say("Rows without a token are left out of arrivals and lengths (%s).", rows(b.empty))
	}
	if b.untimed > 0 {
		say("Rows with no usable time are left out of rates and spans (%s).", rows(b.untimed))
	}
	if b.strangers > 0 {
		mine, other := "dates", "times since a trace's start"
		if b.relative {
			mine, other = other, mine
		}
		say("The first rows have %s; rows with %s are left out of rates and spans (%s).", mine, other, rows(b.strangers))
	}
	if b.overflow {
		say("The token totals exceed what can be counted; they leave out what came after.")
	}
	if p.CacheShare == nil && p.Tokens.InputTokens() > 0 {
		say("The log shows no cached tokens: either none were cached, or it does not tell.")
	}
	if p.Span != nil {
		switch {
		case *p.Span < 24*7:
			say("The span is %s: a month is %s times that, which assumes that the rest of the month looks the same; daily and weekly rhythm are not in it.", spanText(*p.Span), times(*p.MonthFactor))
		case math.Abs(float64(*p.Span-unit.HoursPerMonth)) > 1:
			say("The span is %s: a month is %s times that.", spanText(*p.Span), times(*p.MonthFactor))
		}
		if *p.Span < 2 {
			say("A span under two hours cannot show a peak hour.")
		}
	}
	if b.unknown > 0 {
		say("Some rows do not say how many calls they stand for: rates and lengths per call are unknown (%s).", rows(b.unknown))
	} else if b.singles < b.calls-b.failed-b.empty {
		say("Some rows add several calls up: lengths per call are known only of the others (%s).", rows(b.singles))
	}
	if p.Resolution != L0 && b.hours != nil {
		say("The resolution is %s (%s): how calls bunch inside it cannot be seen, and bursty traffic needs several times the capacity that it suggests.", p.Resolution, p.Resolution.Text())
	}
	if p.IATCVTicks != nil {
		say("The clock has a step of %s, which is long beside the times between calls, so windows shorter than a few steps are left out: the calls of a step count as spread evenly at random inside it; taken at face value their gaps would vary %.2f times their mean, which is an artefact, not %.2f.", p.Quantum, *p.IATCVTicks, *p.IATCV)
	}
	switch {
	case order.late == 0:
	case order.late*1000 > order.rows:
		say("Some rows are out of order by more than %d calls: peaks in short windows and gaps between calls are unknown; sort the log by time (%s).", reorder, rows(order.late))
	default:
		say("Rows that are out of order by more than %d calls are left out of windows and gaps (%s).", reorder, rows(order.late))
	}
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// times is a factor with four digits, and without an exponent.
func times(factor float64) string {
	if factor >= 1000 {
		return fmt.Sprintf("%.0f", factor)
	}
	return fmt.Sprintf("%.4g", factor)
}

// spanText is a length of time as people say it.
func spanText(h Hours) string {
	switch {
	case h < 2:
		return fmt.Sprintf("%.3g minutes", float64(h)*60)
	case h < 48:
		return fmt.Sprintf("%.3g hours", float64(h))
	}
	return fmt.Sprintf("%.3g days", float64(h)/24)
}
