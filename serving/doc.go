// Package serving estimates what one replica of a serving engine can do: whether a model fits, how long an
// engine step takes, and the largest load that holds a latency target.
//
// It is a roofline for each group of operators, with constants that are textbook values until a calibration
// replaces them, and every result says which. On it stand a steady state in closed form, which gives means and
// where a target names a quantile a rough tail, and a stepper of closed loops. Arrivals, preemption and routing
// need the simulator in package sim.
//
// Reading guide: replica.go is what is served on what; memory.go says whether it fits; efficiency.go holds the
// constants; step.go is the time of one engine step by operator group, and run.go the same for simulators: fast,
// with runs of steps in closed form; loop.go runs a benchmark; calibration.go is constants fitted to measurements,
// which package calibrate makes; shape.go is what is asked for; point.go is a steady state; capacity.go finds the
// largest one within a target; doubt.go is how far to trust it.
//
// Two definitions, because tools differ. TTFT is from the request's arrival to its first token, the host's
// share included. TPOT is the mean time between the later tokens, the first not counted.
package serving
