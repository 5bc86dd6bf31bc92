// Package plan finds the fleet that a stream of requests needs: how much one replica sustains, how many machines
// keep a latency target, and which kind of machine does so for the least money. Every size that it reports was
// confirmed by serving the whole stream on the whole fleet, behind its router, in package sim. A fleet is never sized
// by dividing a rate by the capacity of one replica: many small queues are worse than one large one, and bursts are
// worse than means.
//
// Reading guide: target.go is what is asked for; stream.go the requests; fleet.go one simulation, judged; floor.go
// what no fleet can do with less than; size.go the search for the smallest fleet; sustain.go the largest rate of one
// replica, and what limits it; scale.go a fleet that grows and shrinks; synthesize.go makes a stream from counts that
// have no single requests.
//
// # What is certain
//
// The search stands on two facts and not on a smooth curve: the fleet that it reports held the target, and one
// machine less did not, either because it was simulated and missed, or because a floor says that no schedule could
// hold it. Where the number of machines that hold a target had a gap, the search would report one of its lower edges.
//
// An evaluation of one candidate shares nothing with another, so that callers may run many at once.
package plan
