package sim

import (
	"iter"
	"math"
	"math/rand/v2"

	"breakeven/unit"
)

// Synthetic is a stream made from means: Poisson arrivals, and log-normal lengths that know nothing of each other.
type Synthetic struct {
	Rate unit.RequestsPerSecond
	// Input and Output are mean lengths, and the CVs their standard deviations over the means: zero is all alike.
	// Lengths are rounded, and at least one.
	Input, Output     float64
	InputCV, OutputCV float64
	// MaxInput and MaxOutput cut lengths off; zero doesn't.
	MaxInput, MaxOutput int64
	Count               int64
	Seed                uint64
}

// Requests is the stream, the same whenever it is read.
func (s Synthetic) Requests() iter.Seq[Request] {
	return func(yield func(Request) bool) {
		random := rand.New(rand.NewPCG(s.Seed, 1))
		input, output := logNormal(s.Input, s.InputCV, s.MaxInput), logNormal(s.Output, s.OutputCV, s.MaxOutput)
		t := 0.0
		for range s.Count {
			t += random.ExpFloat64() / float64(s.Rate)
			if !yield(Request{Arrival: Seconds(t), Input: input.draw(random), Output: output.draw(random)}) {
				return
			}
		}
	}
}

// lengths draws log-normal lengths.
type lengths struct {
	mu, sigma float64
	most      float64
}

// logNormal has the mean m and the coefficient of variation cv: σ² = ln(1 + cv²), μ = ln m − σ²/2.
func logNormal(m, cv float64, most int64) lengths {
	v := math.Log1p(cv * cv)
	l := lengths{mu: math.Log(m) - v/2, sigma: math.Sqrt(v), most: maxTokens}
	if most > 0 {
		l.most = float64(most)
	}
	return l
}

func (l lengths) draw(random *rand.Rand) int64 {
	return int64(min(max(math.Round(math.Exp(l.mu+l.sigma*random.NormFloat64())), 1), l.most))
}
