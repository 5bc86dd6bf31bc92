// Package sim serves every request of a stream on a fleet of simulated engines: continuous batching with chunked
// prompts, a paged cache with shared prefixes, preemption, a router, autoscaling and failures. Same stream, same
// configuration, same bytes.
//
// The scheduler is that of vLLM V1 (vllm/v1/core/sched/scheduler.py, kv_cache_manager.py, block_pool.py), first come
// first served: a step gives each running sequence a token, then the rest of the token budget to prompts, each
// prompt taking what is left of it; a prompt is admitted only if all of it fits the cache; a sequence that finds no
// block throws out the one admitted last, which starts over from the head of the queue. Left out: speculative
// decoding, several prompts read in part at once, priorities, disaggregation, and the overlap of scheduling with the
// step before.
//
// Between two changes of a batch nothing is stepped. The time of a step that only decodes is affine in its number,
// so a run of them is a closed form ([serving.Run]): the next completion, the step at which memory runs out and the
// step at whose end an arrival is seen are all solved for. Steps that read prompts are simulated one by one. The
// package's tests hold this to a reference that simulates every step and every block.
//
// # Reading guide
//
// config.go is what is simulated; request.go what goes in and what comes out of each request. replica.go is one
// engine's state, schedule.go its scheduler (read this first), kv.go its cache. fleet.go is the order of events;
// router.go, scale.go and fail.go are who serves what, and when. stats.go, series.go and result.go are what is
// measured; check.go is what must balance; synthetic.go makes streams.
//
// # Definitions
//
// TTFT is from a request's arrival to the end of the step that makes its first token, the host's share added. TPOT
// is the mean time between the later tokens, the first not counted; a gap is the time between two of them. A
// request that generates nothing is a prompt that is read: it has an end, and no first token. An answer cut off by
// a failure starts over, so that its times are those of the attempt that was completed, counted from the arrival.
package sim
