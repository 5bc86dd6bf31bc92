package app

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"breakeven/internal/store"
)

// jitter is by which share of the interval a reading may come earlier or later, so that instances and installations
// do not all ask at the same second.
const jitter = 0.1

// KeepSynced reads the price sources every interval until the context ends: the first time at once, unless all of
// them were read within the interval. Where several instances share a database, one of them does. What fails is logged,
// and tried again at the next turn; the last good data stays.
func (a *App) KeepSynced(ctx context.Context, every time.Duration, r SyncRequest, log *slog.Logger) {
	wait := a.untilDue(ctx, every)
	for {
		wait = time.Duration(float64(wait) * (1 + jitter*(2*rand.Float64()-1)))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		a.syncOnce(ctx, r, log)
		wait = every
	}
}

// untilDue is how long the registry's last reading still is fresh.
func (a *App) untilDue(ctx context.Context, every time.Duration) time.Duration {
	runs, err := a.library.store.Runs(ctx, store.RunFilter{Outcomes: []store.Outcome{store.OK, store.Unchanged}, Limit: 1})
	if err != nil || len(runs) == 0 {
		return 0
	}
	return min(max(0, every-a.Now().Sub(runs[0].Finished)), every)
}

func (a *App) syncOnce(ctx context.Context, r SyncRequest, log *slog.Logger) {
	answer, err := a.Sync(ctx, r)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		log.Error("price sync failed; the last good data stays", "error", err)
		return
	case !answer.Led:
		log.Info("price sync: another instance reads the sources")
		return
	}
	for _, s := range answer.Sources {
		if s.Outcome == store.Failed {
			log.Warn("price source failed; what it said before still counts", "source", s.Source, "error", s.Error, "kept", s.Kept)
			continue
		}
		log.Info("price source read", "source", s.Source, "outcome", s.Outcome, "rates", s.Rates, "changes", s.Changes)
	}
	log.Info("price sync", "failed", answer.Failed(), "backfilled", answer.Backfilled, "seconds", answer.Seconds, "changes", answer.Head.Seq, "head", answer.Head.Hash)
}
