// Package decide compares the ways to serve a workload and names the cheapest feasible one.
//
// Reading guide: problem.go is what a decision depends on, with every price and capacity already looked up;
// option.go costs each way to serve it at a scale of today's workload; constraint.go says which ways a
// constraint forbids; decide.go draws the verdict, with breakeven.go for the point where it flips. quick.go is
// the same decision with its parts given.
//
// For a scale s of today's workload:
//
//	api(s)  = today's bill × s
//	self(s) = GPUs + non-production + people + tooling + migration / horizon
//	GPUs    = (max(1, ceil(peak × s / (capacity × busy))) + spare) × GPUs per replica × price × 730 h
//	hybrid  = the same with n replicas and no spare, plus the API for what n replicas cannot take
//
// capacity is what one replica sustains at the latency target, peak the workload's busiest hour, and busy the
// share of capacity that the fleet may use in that hour.
package decide
