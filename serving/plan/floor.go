package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"breakeven/llm"
	"breakeven/serving"
	"breakeven/serving/sim"
)

// InfeasibleError says that no number of replicas keeps a target, because too many requests miss it even on a
// replica of their own.
type InfeasibleError struct {
	Replica serving.Replica
	Limit   serving.Limit
	// Have is what the request at the share of the target gets alone, and Want the target, both in seconds.
	Want, Have serving.Seconds
	Goal       Goal
	Tokens     int64 // of that request's prompt, those that must be read
	// Late is for a limit of memory: how many requests no replica takes, of how many. Room is the tokens that one of
	// them may have, prompt and answer together, and Context tells that the model sets it and not the memory.
	Late, Of, Room int64
	Context        bool
}

func (e *InfeasibleError) Error() string {
	switch e.Limit {
	case serving.LimitMemory:
		what := "its cache holds"
		if e.Context {
			what = "the model's context holds"
		}
		return fmt.Sprintf("%s: %d of %d requests are longer than the %d tokens that %s", e.Replica, e.Late, e.Of, e.Room, what)
	case serving.LimitTPOT:
		return fmt.Sprintf("%s: even alone, a request of %d prompt tokens gets %s between tokens, and %s within %s is asked",
			e.Replica, e.Tokens, Latency(e.Have), Percentile(e.Goal.Share), Latency(e.Want))
	case serving.LimitTTFT, serving.LimitSequences, serving.LimitCompute:
	}
	return fmt.Sprintf("%s: even alone, a prompt of %d tokens to read takes %s to its first token, and %s within %s is asked",
		e.Replica, e.Tokens, Latency(e.Have), Percentile(e.Goal.Share), Latency(e.Want))
}

// MissBy is how many times the target the best is that could be had; more than any latency where requests are refused.
func (e *InfeasibleError) MissBy() float64 {
	if e.Limit == serving.LimitMemory {
		return 1e9 + float64(e.Late)
	}
	return float64(e.Have / e.Want)
}

// Alone reports why no number of replicas keeps a target, if none does: of two goals that are missed, the one missed by
// more. The error is an *[InfeasibleError].
//
// A request's times are least on a replica of its own, and grow with its prompt. So if the longest prompt but as many
// as may be late is late when alone, too many are, whatever the fleet. Slow is how many times as long as predicted
// everything in the engine takes.
func Alone(e *serving.Engine, s *Stream, t Target, slow float64) error {
	r := e.Replica()
	room, context := room(e)
	if late, may := s.longer(room), t.TTFT.allowed(s.answered); late > may {
		return &InfeasibleError{Replica: r, Limit: serving.LimitMemory, Late: late, Of: s.answered, Room: room, Context: context}
	}
	var worst *InfeasibleError
	if may := t.TTFT.allowed(s.answered); may < int64(len(s.reads)) && t.TTFT.Within > 0 {
		tokens := int64(s.reads[may])
		if have := first(e, tokens, slow); have > t.TTFT.Within {
			worst = &InfeasibleError{Replica: r, Limit: serving.LimitTTFT, Want: t.TTFT.Within, Have: have, Goal: t.TTFT, Tokens: tokens}
		}
	}
	if may := t.TPOT.allowed(s.long); may < int64(len(s.prompts)) && t.TPOT.Within > 0 {
		tokens := int64(s.prompts[may])
		have := serving.Seconds(slow) * e.Decode(1, tokens).First
		if have > t.TPOT.Within && (worst == nil || float64(have/t.TPOT.Within) > worst.MissBy()) {
			worst = &InfeasibleError{Replica: r, Limit: serving.LimitTPOT, Want: t.TPOT.Within, Have: have, Goal: t.TPOT, Tokens: tokens}
		}
	}
	if worst != nil {
		return worst
	}
	return nil
}

// room is the tokens that a request may have, prompt and answer together, and whether it is the model that says so.
func room(e *serving.Engine) (tokens int64, context bool) {
	c := sim.For(e, 1)
	held := c.KVTokens/sim.BlockTokens*sim.BlockTokens + 1 // the last token of an answer takes no room
	if c.MaxContext > 0 && c.MaxContext <= held {
		return c.MaxContext, true
	}
	return held, false
}

// longer is how many of the requests that want an answer have more tokens.
func (s *Stream) longer(tokens int64) int64 {
	n, _ := slices.BinarySearchFunc(s.totals, tokens, func(total int32, tokens int64) int { return cmp.Compare(tokens, int64(total)) })
	return int64(n)
}

// first is the time to first token of a prompt alone on a replica.
func first(e *serving.Engine, tokens int64, slow float64) serving.Seconds {
	c := e.Replica().Efficiency
	budget := int64(e.Replica().Limits.TokenBudget)
	var t serving.Seconds
	for done := int64(0); done < tokens; done += budget {
		n := min(budget, tokens-done)
		t += e.Time(e.Chunk(done, n, done+n == tokens), 0, 0)
	}
	return c.Host + serving.Seconds(slow*max(1, c.Prompt))*t
}

// Floor is a number of replicas below which no fleet of the engine keeps the target, whatever its router and its luck:
// at least one. Let a requests be allowed to be late.
//
//	prompts  for each window of w seconds: tokens to be read that arrive in it, the a longest prompts left out,
//	         over (w + TTFT) · tokens of the fullest step over its time
//	answers  tokens to be decoded, the a longest answers left out, over the time from the first arrival to when a
//	         request in time ends at the latest: each at least its part of the fullest step, and each step at least its own overhead
//	         for the contexts that the cache holds at once
//
// Both are works that a replica does in its steps, one after the other, and neither leaves anything of the other out:
// the floor is the larger.
func Floor(e *serving.Engine, s *Stream, t Target, slow float64) int {
	floor := s.promptFloor(e, t)
	if t.TPOT.Within > 0 && t.TTFT.Within > 0 {
		floor = max(floor, s.answerFloor(e, t))
	}
	return max(1, int(math.Ceil(slow*floor-1e-9)))
}

func (s *Stream) promptFloor(e *serving.Engine, t Target) float64 {
	if t.TTFT.Within <= 0 {
		return 0
	}
	budget := e.Replica().Limits.TokenBudget
	// No attention, and the whole step for prompts: faster than any step that an engine does.
	step := e.Time(serving.Prefill{Tokens: int64(budget)}, 0, 0)
	perSecond := float64(budget) / float64(step)
	late := sum(s.reads, t.TTFT.allowed(s.answered))
	var most float64
	for _, w := range s.windows {
		most = max(most, (float64(w.tokens)-late)/((w.width+float64(t.TTFT.Within))*perSecond))
	}
	return most
}

func (s *Stream) answerFloor(e *serving.Engine, t Target) float64 {
	if len(s.decodes) == 0 {
		return 0
	}
	end := float64(s.Span()+t.TTFT.Within) + float64(t.TPOT.Within)*float64(s.decodes[0])
	late := t.TTFT.allowed(s.answered) + t.TPOT.allowed(s.long)
	r := e.Replica()
	tokens := sum(s.decodes, s.long) - sum(s.decodes, late)
	full := e.Decode(r.Limits.MaxSequences, int64(r.Limits.MaxSequences)).First
	work := tokens * float64(full) / float64(r.Limits.MaxSequences)
	// Every step reads the weights, and serves no more context than the cache holds.
	if held := float64(e.Memory().KVTokens); held > 0 {
		contexts := sum(s.contexts, s.long) - sum(s.contexts, late)
		work = max(work, contexts/held*float64(e.Decode(1, 1).First))
	}
	return work / end
}

// sum adds up the first n of a list.
func sum[T int32 | float64](list []T, n int64) (total float64) {
	for _, v := range list[:min(max(n, 0), int64(len(list)))] {
		total += float64(v)
	}
	return total
}

// Estimate is how many replicas the closed form asks for: the load of the stretch that all but the allowed requests
// keep below, over what one replica sustains. It is where the search begins, and no answer. The error is that of
// [serving.Engine.Capacity].
func Estimate(e *serving.Engine, s *Stream, t Target) (int, serving.Capacity, error) {
	shape := s.Shape()
	if most := llm.Tokens(e.Replica().Model.MaxContext); shape.Input+shape.Output > most {
		shape.Input = max(1, most-shape.Output)
	}
	c, err := e.Capacity(shape, t.closed())
	if err != nil {
		return 0, c, err
	}
	peak := float64(s.Rate()) * max(1, s.peak(t.TTFT.allowed(int64(s.Len()))))
	return max(1, int(math.Ceil(peak/float64(c.Requests)))), c, nil
}
