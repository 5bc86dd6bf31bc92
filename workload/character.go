package workload

import (
	"math"
	"slices"
	"time"

	"breakeven/unit"
)

// Character is a [Profile] with what tells one workload from another: its rhythm, the shape of its lengths, what could
// wait, where it is going, and what the data can answer.
type Character struct {
	Profile Profile `json:"profile"`
	// Rates are absent where requests are unknown or the data does not resolve the window.
	Rates     []WindowRate `json:"rates" nullable:"false" doc:"Requests in a second, a minute and an hour."`
	Week      *Week        `json:"week,omitempty" doc:"The heat map; absent of a log without dates, and of buckets wider than an hour."`
	Input     *LogNormal   `json:"input_fit,omitempty"`
	NewInput  *LogNormal   `json:"new_input_fit,omitempty"`
	Output    *LogNormal   `json:"output_fit,omitempty"`
	Batchable *Batchable   `json:"batchable,omitempty" doc:"Absent where the log has no tokens."`
	Growth    *Growth      `json:"growth,omitempty" doc:"Absent of less than three whole weeks."`
	Reuse     *Reuse       `json:"reuse,omitempty" doc:"What a prefix cache could serve; absent where the log does not identify the blocks of its prompts."`
	Answers   []Answer     `json:"answers" nullable:"false" doc:"What can be asked of data of this resolution."`
}

// WindowRate is how many requests come in a length of time.
type WindowRate struct {
	Window Seconds `json:"window_seconds"`
	Mean   float64 `json:"mean"`
	Most   int64   `json:"most"`
}

// Week is the load by hour of the week, in UTC.
type Week struct {
	By    string     `json:"by" enum:"requests,tokens" doc:"What is counted: tokens where some row does not say how many calls it stands for."`
	Hours []WeekHour `json:"hours" nullable:"false" doc:"Of Monday to Sunday, those of which the log covers half an hour at least."`
}

// WeekHour is one of the 168 hours of a week.
type WeekHour struct {
	Day     int     `json:"day" minimum:"1" maximum:"7" doc:"1 is Monday, in UTC."`
	Hour    int     `json:"hour" minimum:"0" maximum:"23"`
	Seen    Hours   `json:"seen_hours" doc:"How long the log covers this hour, over all its weeks."`
	PerHour float64 `json:"per_hour" doc:"Requests or tokens in an hour, in the mean over its weeks."`
	ToMean  Ratio   `json:"to_mean" doc:"Over the mean hour of the log."`
}

// Growth is how the load of whole weeks changes.
type Growth struct {
	By    string `json:"by" enum:"requests,tokens"`
	Weeks int    `json:"weeks" doc:"Whole weeks of seven days that it rests on."`
	// PerMonth is exp(slope × 730/168) - 1, where slope is that of a line by least squares through the logarithms
	// of the weeks' totals; Low and High are its interval at 95 % by Student's t.
	PerMonth Ratio `json:"per_month" doc:"0.1 is a tenth more in each month of 730 hours; 999 at most."`
	Low      Ratio `json:"low" doc:"The 95 % interval of it, if weeks scatter about a constant growth independently."`
	High     Ratio `json:"high"`
}

// Batchable is the part of the tokens whose calls could wait for hours, as a batch endpoint makes them. A log does not say
// who waits, so it is a range.
type Batchable struct {
	Least   unit.Share `json:"least" doc:"On a batch or flex tier: these wait already."`
	Most    unit.Share `json:"most" doc:"All but the calls that show that somebody waits: a streamed first token, a session, a priority or fast tier."`
	Unknown unit.Share `json:"unknown" doc:"What shows neither: most less least."`
}

// LogNormal is a log-normal distribution fitted to lengths, of the calls of one token or more.
type LogNormal struct {
	N     int64   `json:"n"`
	Mu    float64 `json:"mu" doc:"Mean of the natural logarithm of the length."`
	Sigma float64 `json:"sigma" doc:"Standard deviation of the same: the fit of maximum likelihood."`
	P99   Tokens  `json:"p99" doc:"What the fit says: exp(mu + 2.326 sigma)."`
	// Moments is the 99th percentile of the log-normal with the measured mean and CV: what a report without single
	// calls would have to go by, if it knew the CV.
	Moments  Tokens `json:"p99_of_mean_and_cv"`
	Distance Ratio  `json:"distance" doc:"Largest difference between the shares of calls up to a length, measured and fitted (Kolmogorov and Smirnov)."`
}

// normal99 is the 99th percentile of the standard normal distribution.
const normal99 = 2.3263478740408408

// logNormal fits the histogram. A bin stands for its middle, which is within 0.8 %.
func (h *histogram) logNormal(l *Lengths) *LogNormal {
	if h == nil || l == nil {
		return nil
	}
	n := h.n - h.bins[0]
	if n < 2 {
		return nil
	}
	var sum, squares float64
	for b, count := range h.bins {
		if b > 0 && count > 0 {
			sum += float64(count) * math.Log(middle(b))
		}
	}
	mu := sum / float64(n)
	for b, count := range h.bins {
		if b > 0 && count > 0 {
			d := math.Log(middle(b)) - mu
			squares += float64(count) * d * d
		}
	}
	f := &LogNormal{N: n, Mu: mu, Sigma: math.Sqrt(squares / float64(n))}
	f.P99 = Tokens(math.Exp(mu + normal99*f.Sigma))
	v := math.Log1p(float64(l.CV * l.CV))
	f.Moments = Tokens(math.Exp(math.Log(max(float64(l.Mean), 1e-9)) - v/2 + normal99*math.Sqrt(v)))
	if f.Sigma == 0 {
		return f
	}
	var below int64
	for b, count := range h.bins {
		if b == 0 || count == 0 {
			continue
		}
		// Lengths are whole: all of a bin lie below the begin of the next one, less a half.
		fitted := func(at float64) float64 {
			return 0.5 * math.Erfc(-(math.Log(at)-mu)/(f.Sigma*math.Sqrt2))
		}
		before := math.Abs(float64(below)/float64(n) - fitted(edge(b)))
		below += count
		f.Distance = Ratio(max(float64(f.Distance), before, math.Abs(float64(below)/float64(n)-fitted(edge(b+1)))))
	}
	return f
}

// edge is the boundary below a bin, halfway between its smallest number and the one before.
func edge(b int) float64 {
	if b < 1<<exactBits {
		return float64(b) - 0.5
	}
	b -= 1 << exactBits
	return float64(b&(1<<stepBits-1)+1<<stepBits)*math.Ldexp(1, b>>stepBits+1) - 0.5
}

// Character is what the rows so far say. More may be added afterwards.
func (b *Builder) Character() Character {
	p := b.Profile()
	c := Character{
		Profile: p, Rates: []WindowRate{}, Week: b.week(&p), Growth: b.growth(),
		Input: b.input.logNormal(p.Input), NewInput: b.newInput.logNormal(p.NewInput), Output: b.output.logNormal(p.Output),
	}
	if p.Rate != nil {
		for _, w := range []time.Duration{time.Second, time.Minute, time.Hour} {
			if most, ok := At(p.PeakToMean, w); ok {
				mean := float64(*p.Rate) * w.Seconds()
				c.Rates = append(c.Rates, WindowRate{Window: Seconds(w.Seconds()), Mean: mean, Most: int64(math.Round(float64(most) * mean))})
			}
		}
	}
	if b.all > 0 {
		all := float64(b.all)
		c.Batchable = &Batchable{
			Least: unit.Share(float64(b.waits) / all), Most: unit.Share(float64(b.all-b.waited) / all), Unknown: unit.Share(float64(b.all-b.waited-b.waits) / all),
		}
	}
	c.Reuse = b.reuse.measured()
	c.Answers = c.answers()
	return c
}

// by is what the load is counted in.
func (b *Builder) by() string {
	if b.unknown > 0 {
		return "tokens"
	}
	return "requests"
}

// week is the heat map.
func (b *Builder) week(p *Profile) *Week {
	if p.Span == nil || b.relative || b.wide || b.unbounded || len(b.hours) == 0 || b.strangers > 0 {
		return nil
	}
	const hour = int64(time.Hour)
	end := max(b.last, b.end)
	var load [168]int64
	var seen [168]float64
	var total int64
	cell := func(index int64) int { return int(((index+3*24)%168 + 168) % 168) } // 1 January 1970 was a Thursday
	for index, h := range b.hours {
		load[cell(index)] += h.weight(b.unknown == 0)
		total += h.weight(b.unknown == 0)
	}
	for index := b.first / hour; index*hour < end || index == b.first/hour; index++ {
		covered := min(end, (index+1)*hour) - max(b.first, index*hour)
		seen[cell(index)] += float64(covered) / float64(hour)
	}
	// A few calls at the log's edge are no rate of a whole hour.
	const least = 0.5
	w := &Week{By: b.by(), Hours: []WeekHour{}}
	mean := float64(total) / float64(*p.Span)
	for i := range load {
		if seen[i] < least || mean <= 0 {
			continue
		}
		perHour := float64(load[i]) / seen[i]
		w.Hours = append(w.Hours, WeekHour{Day: i/24 + 1, Hour: i % 24, Seen: Hours(seen[i]), PerHour: perHour, ToMean: Ratio(perHour / mean)})
	}
	if len(w.Hours) == 0 {
		return nil
	}
	return w
}

// leastWeeks is how many whole weeks a growth rests on at least: a line through two has no scatter.
const leastWeeks = 3

// growth compares whole weeks of seven days.
func (b *Builder) growth() *Growth {
	if len(b.hours)+len(b.days) == 0 || b.coarser || b.unbounded || b.strangers > 0 {
		return nil
	}
	const day, hour = int64(24 * time.Hour), int64(time.Hour)
	end := max(b.last, b.end)
	first, last := floorDiv(b.first+day-1-hour, day), floorDiv(end+hour, day) // a day that lacks an hour is whole
	weeks := int((last - first) / 7)
	if weeks < leastWeeks {
		return nil
	}
	totals := make([]float64, weeks)
	add := func(at int64, h *hourLoad) {
		if at >= first && at < first+int64(7*weeks) {
			totals[(at-first)/7] += float64(h.weight(b.unknown == 0)) // whole numbers: their order changes nothing
		}
	}
	for index, h := range b.hours {
		add(floorDiv(index, 24), h)
	}
	for index, h := range b.days {
		add(index, h)
	}
	if slices.Contains(totals, 0) {
		return nil // its logarithm would be the whole answer
	}
	slope, deviation := line(totals)
	const weeksPerMonth = float64(unit.HoursPerMonth) / 168
	grown := func(slope float64) Ratio {
		return Ratio(math.Expm1(min(slope*weeksPerMonth, math.Log(1000))))
	}
	reach := student(weeks-2) * deviation
	return &Growth{By: b.by(), Weeks: weeks, PerMonth: grown(slope), Low: grown(slope - reach), High: grown(slope + reach)}
}

// line is the slope of the line by least squares through the logarithms of positive values at 0, 1, 2 and so on, and the
// slope's standard deviation:
//
//	slope = Σ(x - x̄)(y - ȳ) / Σ(x - x̄)²    deviation² = Σ(residual²) / (n - 2) / Σ(x - x̄)²
func line(values []float64) (slope, deviation float64) {
	n := float64(len(values))
	middle, mean := (n-1)/2, 0.0
	for _, v := range values {
		mean += math.Log(v) / n
	}
	var xy, xx, rest float64
	for i, v := range values {
		x := float64(i) - middle
		xy += x * (math.Log(v) - mean)
		xx += x * x
	}
	slope = xy / xx
	for i, v := range values {
		r := math.Log(v) - mean - slope*(float64(i)-middle)
		rest += r * r
	}
	return slope, math.Sqrt(rest / (n - 2) / xx)
}

// student is the 97.5th percentile of Student's t with so many degrees of freedom; beyond the table, that of the last
// entry, which is larger by less than 4 %.
func student(freedom int) float64 {
	table := [...]float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042}
	return table[min(freedom, len(table))-1]
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
