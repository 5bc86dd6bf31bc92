package plan

import (
	"fmt"
	"math"
	"math/rand/v2"

	"breakeven/serving"
)

// Bucket is a number of calls within a stretch of time, of which no more is known than their tokens in all.
type Bucket struct {
	Start, Width          serving.Seconds
	Calls                 int64
	Input, Cached, Output int64
}

// Assumption is what a stream made from buckets takes for granted: how arrivals bunch within a bucket, and how widely
// lengths spread. All are standard deviations over means.
type Assumption struct {
	Name              string
	Gaps              float64 // of the times between arrivals; 1 is Poisson, 0 evenly spaced
	InputCV, OutputCV float64
}

// Assumptions are a calm, a usual and a bursty reading. Public traces of chat have gaps of 1.0 to 1.1, one client among
// those of a large vendor 1.0 to 2.0 in the median and 5 to 27 in the ninetieth percentile; prompts spread by 0.4 to
// 3.1 and answers by 0.7 to 3.3.
func Assumptions() []Assumption {
	return []Assumption{
		{Name: "calm", Gaps: 1, InputCV: 0.5, OutputCV: 0.75},
		{Name: "usual", Gaps: 2, InputCV: 1, OutputCV: 1},
		{Name: "bursty", Gaps: 6, InputCV: 2, OutputCV: 1.5},
	}
}

// maxMade is how many calls are made at most.
const maxMade = 50_000_000

// Synthesize makes calls, as many in each bucket as are counted. Gaps are those of a Gamma renewal process,
// scaled to fill the bucket, and lengths are log-normal about the bucket's means. The same buckets, assumption and seed
// give the same calls. No prompt and answer together exceed a context, unless it is zero. The error is a
// *[StreamError] with the bucket's index.
func Synthesize(buckets []Bucket, a Assumption, context int64, seed uint64) ([]Call, error) {
	random := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	var total int64
	for i, b := range buckets {
		if b.Calls < 0 || b.Input < 0 || b.Output < 0 || b.Cached < 0 || b.Cached > b.Input || !(b.Width >= 0) {
			return nil, &StreamError{Index: i, Err: fmt.Errorf("a bucket of %d calls with %d input, %d cached and %d output tokens in %g s", b.Calls, b.Input, b.Cached, b.Output, float64(b.Width))}
		}
		if total += b.Calls; total > maxMade {
			return nil, &StreamError{Index: i, Err: fmt.Errorf("more than %d calls", maxMade)}
		}
	}
	calls := make([]Call, 0, total)
	for _, b := range buckets {
		calls = b.calls(calls, a, context, random)
	}
	return calls, nil
}

// calls appends the bucket's calls.
func (b Bucket) calls(calls []Call, a Assumption, context int64, random *rand.Rand) []Call {
	if b.Calls == 0 {
		return calls
	}
	n := float64(b.Calls)
	input, output := newLength(float64(b.Input)/n, a.InputCV), newLength(float64(b.Output)/n, a.OutputCV)
	cached := 0.0
	if b.Input > 0 {
		cached = float64(b.Cached) / float64(b.Input)
	}
	begin := len(calls)
	at := 0.0
	for range b.Calls {
		at += gap(random, a.Gaps)
		q := Call{At: serving.Seconds(at), Input: input.draw(random), Output: output.draw(random)}
		if context > 0 {
			q.Input = int32(min(int64(q.Input), max(1, context-1)))
			q.Output = int32(min(int64(q.Output), context-int64(q.Input)))
		}
		q.Cached = int32(cached * float64(q.Input))
		calls = append(calls, q)
	}
	at += gap(random, a.Gaps) // from the last one to the bucket's end
	for i := begin; i < len(calls); i++ {
		calls[i].At = b.Start + b.Width*calls[i].At/serving.Seconds(at)
	}
	return calls
}

// gap draws a time with mean one and a coefficient of variation: Gamma with shape 1/cv² (Marsaglia and Tsang, 2000).
func gap(random *rand.Rand, cv float64) float64 {
	if cv <= 0 {
		return 1
	}
	shape := 1 / (cv * cv)
	boost := 1.0
	k := shape
	if k < 1 {
		boost = math.Pow(1-random.Float64(), 1/k)
		k++
	}
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v * boost / shape
		}
	}
}

// length draws log-normal lengths.
type length struct{ mu, sigma float64 }

func newLength(mean, cv float64) length {
	v := math.Log1p(cv * cv)
	return length{mu: math.Log(max(mean, 1e-9)) - v/2, sigma: math.Sqrt(v)}
}

func (l length) draw(random *rand.Rand) int32 {
	return int32(min(max(math.Round(math.Exp(l.mu+l.sigma*random.NormFloat64())), 1), MaxTokens))
}
