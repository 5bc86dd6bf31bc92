-- The database itself refuses to rewrite the past. SQLite deletes the row that INSERT OR REPLACE replaces without
-- firing a trigger for the deletion, so that inserting over a row is refused as well.

CREATE TRIGGER snapshot_no_update BEFORE UPDATE ON snapshot
BEGIN SELECT RAISE(ABORT, 'append-only: a snapshot is never changed'); END;
CREATE TRIGGER snapshot_no_delete BEFORE DELETE ON snapshot
BEGIN SELECT RAISE(ABORT, 'append-only: a snapshot is never deleted'); END;
CREATE TRIGGER snapshot_no_replace BEFORE INSERT ON snapshot
WHEN EXISTS (SELECT 1 FROM snapshot WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: a snapshot is never replaced'); END;

CREATE TRIGGER change_no_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'append-only: a change is never changed'); END;
CREATE TRIGGER change_no_delete BEFORE DELETE ON change
BEGIN SELECT RAISE(ABORT, 'append-only: a change is never deleted'); END;
CREATE TRIGGER change_chain BEFORE INSERT ON change
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM change)
    OR NEW.seq > 1 AND NEW.previous IS NOT (SELECT hash FROM change WHERE seq = NEW.seq - 1)
BEGIN SELECT RAISE(ABORT, 'append-only: a change follows the last one and holds its hash'); END;

CREATE TRIGGER crawl_run_once BEFORE UPDATE ON crawl_run
WHEN OLD.outcome <> 'running' OR NEW.outcome = 'running'
BEGIN SELECT RAISE(ABORT, 'append-only: a run finishes once'); END;
CREATE TRIGGER crawl_run_fixed BEFORE UPDATE OF id, source, started ON crawl_run
BEGIN SELECT RAISE(ABORT, 'append-only: what a run began as stays'); END;
CREATE TRIGGER crawl_run_no_delete BEFORE DELETE ON crawl_run
BEGIN SELECT RAISE(ABORT, 'append-only: a run is never deleted'); END;
CREATE TRIGGER crawl_run_no_replace BEFORE INSERT ON crawl_run
WHEN EXISTS (SELECT 1 FROM crawl_run WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: a run is never replaced'); END;

CREATE TRIGGER fact_close_once BEFORE UPDATE OF recorded_to ON fact
WHEN OLD.recorded_to IS NOT NULL OR NEW.recorded_to IS NULL
BEGIN SELECT RAISE(ABORT, 'append-only: a fact is closed once'); END;
CREATE TRIGGER fact_fixed BEFORE UPDATE OF id, source, provider, model, route, tier, kind, above, inclusive, time_window,
    rate, effective_from, effective_to, url, recorded_from, snapshot ON fact
BEGIN SELECT RAISE(ABORT, 'append-only: a fact is never changed, only closed'); END;
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact
BEGIN SELECT RAISE(ABORT, 'append-only: a fact is never deleted'); END;
CREATE TRIGGER fact_no_replace BEFORE INSERT ON fact
WHEN EXISTS (SELECT 1 FROM fact WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'append-only: a fact is never replaced'); END;
