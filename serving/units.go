package serving

// Seconds is a duration, as an estimate.
type Seconds float64

// Milliseconds is the duration in milliseconds.
func (s Seconds) Milliseconds() float64 { return float64(s) * 1e3 }

// TokensPerSecond is a rate of tokens.
type TokensPerSecond float64
