// Package reconcile holds what was billed against what the usage costs, and finds the cause of each difference.
//
// A cause is a hypothesis about how the bill was made: the price of another day, another tier, cached tokens taken for
// plain ones. It is tried by pricing the same tokens that way, in integers, and it holds only where that reproduces the
// billed amount to within the rounding of the bill's own source. Nothing is ever scaled to fit: what no hypothesis
// reproduces is unexplained, with its amount.
//
// Reading guide: result.go is the answer; variant.go is the table of hypotheses; reported.go holds a log's own costs
// against the computed ones, row by row; billed.go holds a bill against a log, at the grain that plan.go finds and with the
// lines that match.go makes; family.go explains lines that belong together, split.go those whose tokens the bill counts
// otherwise; whole.go tries what concerns all lines of a provider, and adds up; remark.go says what would help with the rest.
package reconcile
