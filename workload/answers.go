package workload

import "time"

// Answer is whether the data can answer a question.
type Answer struct {
	Question string `json:"question"`
	Can      string `json:"can" enum:"yes,range,no" doc:"A range is an answer that rests on an assumption, whose bounds are shown."`
	Why      string `json:"why"`
}

// answers is the ladder of resolution, as far as this data is up it. The errors of sums are those of section 3 of METHOD.md,
// which a test of internal/app measures.
func (c *Character) answers() []Answer {
	p := &c.Profile
	level := p.Resolution
	counted := p.Requests.Known
	var list []Answer
	// say takes the first verdict whose condition holds; the last one's always does.
	say := func(question string, verdicts ...verdict) {
		for _, v := range verdicts {
			if v.when {
				list = append(list, Answer{question, v.can, v.why})
				return
			}
		}
	}
	const yes, band, no = "yes", "range", "no"
	say("What it costs at list prices",
		verdict{level != L0 && p.Input == nil, yes, "Tokens are all that a price needs, but of a model with context bands, whose band sums do not show."},
		verdict{true, yes, "Every call has its tokens, and so its context band."})
	say("How many requests come in the mean",
		verdict{!counted, no, "Some rows do not say how many calls they stand for: give a mean request, or a log of single calls."},
		verdict{p.Rate == nil, no, "The rows have no times that span anything."},
		verdict{true, yes, "Requests and their span are known."})
	say("The busiest hour",
		verdict{p.Peak != nil, yes, "Calls are placed in their hours."},
		verdict{level == L3, no, "Rows of more than an hour, or without times, show no hour: an assumed day takes its place."},
		verdict{true, no, "The log spans less than two hours."})
	say("The rhythm of day and week",
		verdict{c.Week == nil, no, "That takes dates, and buckets of an hour at most."},
		verdict{len(c.Week.hours()) == 168, yes, "The log covers every hour of a week."},
		verdict{len(c.Week.hours()) >= 24, band, "The log covers a part of the week: the rest is assumed to be like it."},
		verdict{true, no, "The log covers less than a day."})
	_, seconds := At(p.PeakToMean, time.Second)
	_, tens := At(p.PeakToMean, 10*time.Second)
	say("Bursts within a minute",
		verdict{level != L0, no, "Rows add calls up: how those bunch inside is assumed."},
		verdict{seconds, yes, "Single calls with a clock that is fine enough."},
		verdict{tens, band, "The clock's step hides what is shorter than a few seconds."},
		verdict{true, no, "The clock's step is too long for that, or calls are out of order."})
	say("How long the longest calls are",
		verdict{level == L0 || p.Input != nil && p.Input.N == p.Requests.N, yes, "Each call has its lengths."},
		verdict{p.Input != nil, band, "Only a part of the calls is single: the others' lengths are taken as alike."},
		verdict{counted, band, "Means are known and spreads are not: log-normal lengths are assumed, with a band for the spread."},
		verdict{true, no, "Without a number of requests there is no mean length."})
	say("Machines for a latency target",
		verdict{!counted || p.Rate == nil, no, "That takes arrivals and lengths."},
		verdict{level == L0 && p.Quantum >= time.Second, band, "Every call can be simulated, spread at random inside the clock's step: bursts within that are assumed away."},
		verdict{level == L0, yes, "Every call can be simulated as it came."},
		verdict{level == L1, band, "Minutes fix the load; bunching and lengths are assumed. On public traces the usual reading was off by -24 to +12 % for chat, and by -61 % for code completion, whose calls come in bursts."},
		verdict{level == L2, band, "Hours fix the load; minutes and lengths are assumed. On public traces the usual reading was off by -29 to -12 % for chat, and by -79 % for code completion, whose calls come in bursts."},
		verdict{true, band, "A day, bunching and lengths are assumed: a first idea, not an order. On public traces the usual reading was off by -29 to -25 % for chat, and by -79 % for code completion."})
	say("Growth",
		verdict{c.Growth == nil, no, "That takes three whole weeks, in rows of a day at most."},
		verdict{c.Growth != nil && c.Growth.Low*c.Growth.High < 0, band, "Weeks scatter more than they grow."},
		verdict{true, yes, "Weeks grow or shrink beyond their scatter."})
	return list
}

// verdict is an answer under a condition.
type verdict struct {
	when     bool
	can, why string
}

func (w *Week) hours() []WeekHour {
	if w == nil {
		return nil
	}
	return w.Hours
}
