// Package serving estimates what one replica of a serving engine can do: whether a model fits, how long an
// engine step takes, and the largest load that holds a latency target.
//
// It is a closed form: a roofline for each group of operators, and a steady state between them. It is
// uncalibrated: the efficiencies are textbook values, and every result says so. It gives means, and where a
// target names a quantile a rough tail; bursts, preemption and routing need a simulation.
//
// Reading guide: replica.go is what is served on what; memory.go says whether it fits; efficiency.go holds the
// assumed constants; step.go is the time of one engine step by operator group; shape.go is what is asked for;
// point.go is a steady state; capacity.go finds the largest one within a target; doubt.go is how far to trust it.
//
// Two definitions, because tools differ. TTFT is from the request's arrival to its first token, the host's
// share included. TPOT is the mean time between the later tokens, the first not counted.
package serving
