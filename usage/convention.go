package usage

import (
	"cmp"
	"fmt"
)

// A file's own rows tell whether its input figure holds cached tokens, where its format does not fix it. One row
// is no proof: a wrong figure looks the same. So the proofs are counted, and a convention that is not the
// expected one needs a share of the rows that could have shown it.
const (
	proofPercent = 5  // of the informative rows, where there are fewRows or more
	fewRows      = 20 // with fewer, at least half of them
)

// evidence is what one row says about the convention of its file.
type evidence struct {
	informative          bool // it has an input and cached tokens, so that the convention matters to it
	proves               InputConvention
	more                 bool // it has more cached tokens than input: impossible unless the input excludes them
	cached, input, total int64
}

// String says why the row proves what it proves.
func (e evidence) String() string {
	switch {
	case e.more:
		return fmt.Sprintf("a row has more cached tokens (%d) than input (%d)", e.cached, e.input)
	case e.proves == Includes:
		return fmt.Sprintf("a row's total (%d) is its input and output alone, though tokens were cached", e.total)
	}
	return fmt.Sprintf("a row's total (%d) is its input, cached and output tokens added up", e.total)
}

// evidence is what one row says about the convention of its file.
func (r rules) evidence(c *counts) (e evidence) {
	if !c.has(fInput) || c.has(fUncached) {
		return e
	}
	writes, _, _, wrong := cacheWrites(c)
	reads := c.get(fCacheRead)
	if wrong != nil || reads < 0 || writes < 0 || reads+writes <= 0 {
		return e
	}
	e = evidence{informative: true, cached: reads + writes, input: c.get(fInput), total: c.get(fTotal)}
	output := c.get(fOutput)
	if r.reasoningApart {
		output += c.get(fReasoning)
	}
	switch {
	case r.writesMayBeApart && reads <= e.input && writes <= e.input:
	case e.cached > e.input:
		e.proves, e.more = Excludes, true
	case e.total > 0 && e.total == e.input+output:
		e.proves = Includes
	case e.total > 0 && e.total == e.input+e.cached+output:
		e.proves = Excludes
	}
	return e
}

// tally counts what the rows of a file say.
type tally struct {
	informative int64
	proofs      [3]int64 // by convention
	first       [3]struct {
		line int
		e    evidence
	}
}

func (t *tally) add(line int, e evidence) {
	if !e.informative {
		return
	}
	t.informative++
	if e.proves == Detect {
		return
	}
	if t.proofs[e.proves]++; t.proofs[e.proves] == 1 {
		t.first[e.proves].line, t.first[e.proves].e = line, e
	}
}

// opposite is the other of the two conventions.
func opposite(c InputConvention) InputConvention {
	if c == Includes {
		return Excludes
	}
	return Includes
}

// winner is the convention that the rows so far speak for, given the one that is expected of the format.
func (t *tally) winner(expected InputConvention) InputConvention {
	other := opposite(expected)
	n := t.proofs[other]
	enough := n*100 >= t.informative*proofPercent
	if t.informative < fewRows {
		enough = n*2 >= t.informative
	}
	if n > t.proofs[expected] && enough {
		return other
	}
	return expected
}

// why is the evidence for the convention that was used, with its counts.
func (t *tally) why(used InputConvention, f *format) (text string, guess bool) {
	switch {
	case t.proofs[used] > 0:
		text = "proven by " + t.proof(used)
	case f.why != "":
		text = fmt.Sprintf("%s; proven by none of %d rows with cached tokens", f.why, t.informative)
	default:
		guess = true
		text = fmt.Sprintf("a guess, as most sources count cached tokens in; proven by none of %d rows with cached tokens", t.informative)
	}
	if other := opposite(used); t.proofs[other] > 0 {
		text += "; the opposite is proven by " + t.proof(other) + ", too few to decide, which are faults"
	}
	return text, guess
}

// proof is how many rows prove a convention, and the first of them.
func (t *tally) proof(c InputConvention) string {
	return fmt.Sprintf("%d of %d rows with cached tokens (line %d: %s)", t.proofs[c], t.informative, t.first[c].line, t.first[c].e)
}

// expected is the convention that the format's rows are read with unless they prove otherwise.
func (f *format) expected() InputConvention { return max(f.expect, Includes) }

// readAs names the conventions in notes and hints.
var readAs = [...]string{Includes: "holding cached tokens", Excludes: "leaving cached tokens out"}

// hintOther is what to do about a row that contradicts the convention in use.
var hintOther = [...]string{
	Includes: `if the file's input figure leaves cached tokens out, say so with the input convention "excludes"`,
	Excludes: `if the file's input figure holds cached tokens, say so with the input convention "includes"`,
}

// settle compares what a row says about the convention with the one in use. Rows of the head were counted before
// the first one was handed on; the others are counted here.
func (s *session) settle(r *row, c *counts) error {
	if s.opt.Input != Detect {
		return nil
	}
	e := s.rules.evidence(c)
	if !e.informative {
		return nil
	}
	if s.format.rules.input == Detect && s.seen > s.surveyed {
		s.tally.add(r.line, e)
	}
	// More cached tokens than input is found again, and named better, when the buckets are made.
	if e.proves == Detect || e.proves == s.rules.input || e.more {
		return nil
	}
	return s.fault(r, fTotal, "contradicts the input convention "+quote(s.rules.input.String())+": "+e.String(), hintOther[s.rules.input])
}

// verdict is the error that the rows of the whole file speak for another convention than those of its head did.
// It waits for the end, because a few rows in a row prove as little as one does.
func (s *session) verdict() error {
	if s.opt.Input != Detect || s.format.rules.input != Detect {
		return nil
	}
	winner := s.tally.winner(s.format.expected())
	if winner == s.rules.input {
		return nil
	}
	shown, why := winner, "proven by "
	if s.tally.proofs[winner] == 0 { // the head's few proofs of the other are too few in the whole file
		shown, why = s.rules.input, "the opposite is proven only by "
	}
	return &ConventionError{
		File: s.name, Line: s.tally.first[shown].line, Used: s.rules.input, Proven: winner, Why: why + s.tally.proof(shown),
	}
}

// sayConvention writes the convention that was applied, and why, into the summary.
func (s *session) sayConvention() {
	s.sum.Input = s.rules.input
	fixed := s.format.rules.input
	switch {
	case s.opt.Input != Detect:
		s.sum.InputWhy = cmp.Or(s.opt.InputWhy, "it was given")
		if fixed != Detect && fixed != s.opt.Input {
			s.sum.InputWhy += fmt.Sprintf(", against the format's own %q: %s", fixed, s.format.why)
		}
		if s.opt.InputWhy != "" {
			s.note(fmt.Sprintf("The input figure was read as %s: %s.", readAs[s.sum.Input], s.sum.InputWhy))
		}
	case fixed != Detect:
		s.sum.InputWhy = s.format.why
	case s.tally.informative == 0:
		s.sum.Input, s.sum.InputWhy = Detect, "no row has both an input and cached tokens, so it does not matter"
	default:
		why, guess := s.tally.why(s.sum.Input, s.format)
		s.sum.InputWhy = why
		if guess {
			why += "; give the input convention if you know it"
		}
		s.note(fmt.Sprintf("The input figure was read as %s: %s.", readAs[s.sum.Input], why))
	}
}
