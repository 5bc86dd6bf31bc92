-- The database itself refuses to rewrite the past. The triggers fire even where a session asks for none
-- (session_replication_role = replica).

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: %', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION change_follows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    last change%ROWTYPE;
BEGIN
    SELECT * INTO last FROM change ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(last.seq, 0) + 1 OR NEW.previous <> coalesce(last.hash, NEW.previous) THEN
        RAISE EXCEPTION 'append-only: a change follows the last one and holds its hash' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER snapshot_no_update BEFORE UPDATE ON snapshot
FOR EACH ROW EXECUTE FUNCTION append_only('a snapshot is never changed');
CREATE TRIGGER snapshot_no_delete BEFORE DELETE ON snapshot
FOR EACH ROW EXECUTE FUNCTION append_only('a snapshot is never deleted');
CREATE TRIGGER snapshot_no_truncate BEFORE TRUNCATE ON snapshot
FOR EACH STATEMENT EXECUTE FUNCTION append_only('a snapshot is never deleted');

CREATE TRIGGER change_no_update BEFORE UPDATE ON change
FOR EACH ROW EXECUTE FUNCTION append_only('a change is never changed');
CREATE TRIGGER change_no_delete BEFORE DELETE ON change
FOR EACH ROW EXECUTE FUNCTION append_only('a change is never deleted');
CREATE TRIGGER change_no_truncate BEFORE TRUNCATE ON change
FOR EACH STATEMENT EXECUTE FUNCTION append_only('a change is never deleted');
CREATE TRIGGER change_chain BEFORE INSERT ON change
FOR EACH ROW EXECUTE FUNCTION change_follows();

CREATE TRIGGER crawl_run_once BEFORE UPDATE ON crawl_run
FOR EACH ROW WHEN (OLD.outcome <> 'running' OR NEW.outcome = 'running')
EXECUTE FUNCTION append_only('a run finishes once');
CREATE TRIGGER crawl_run_fixed BEFORE UPDATE OF id, source, started ON crawl_run
FOR EACH ROW EXECUTE FUNCTION append_only('what a run began as stays');
CREATE TRIGGER crawl_run_no_delete BEFORE DELETE ON crawl_run
FOR EACH ROW EXECUTE FUNCTION append_only('a run is never deleted');
CREATE TRIGGER crawl_run_no_truncate BEFORE TRUNCATE ON crawl_run
FOR EACH STATEMENT EXECUTE FUNCTION append_only('a run is never deleted');

CREATE TRIGGER fact_close_once BEFORE UPDATE OF recorded_to ON fact
FOR EACH ROW WHEN (OLD.recorded_to IS NOT NULL OR NEW.recorded_to IS NULL)
EXECUTE FUNCTION append_only('a fact is closed once');
CREATE TRIGGER fact_fixed BEFORE UPDATE OF id, source, provider, model, route, tier, kind, above, inclusive, time_window,
    rate, effective_from, effective_to, url, recorded_from, snapshot ON fact
FOR EACH ROW EXECUTE FUNCTION append_only('a fact is never changed, only closed');
CREATE TRIGGER fact_no_delete BEFORE DELETE ON fact
FOR EACH ROW EXECUTE FUNCTION append_only('a fact is never deleted');
CREATE TRIGGER fact_no_truncate BEFORE TRUNCATE ON fact
FOR EACH STATEMENT EXECUTE FUNCTION append_only('a fact is never deleted');

DO $$
DECLARE
    guard record;
BEGIN
    FOR guard IN
        SELECT tgrelid::regclass AS guarded, tgname FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid IN ('snapshot'::regclass, 'change'::regclass, 'crawl_run'::regclass, 'fact'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', guard.guarded, guard.tgname);
    END LOOP;
END $$;
