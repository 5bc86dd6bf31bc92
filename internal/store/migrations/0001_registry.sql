-- The registry: what price tables said, when they were read, and what changed.
--
-- The text runs on SQLite and on PostgreSQL. Instants are nanoseconds since 1970 in UTC; rates are pico-dollars
-- per unit, which are micro-dollars per million units; hashes are SHA-256 in hex. Text that is not known is
-- empty; a number that is not known is NULL, and never zero.

-- Contents, once each. The identity is the hash of the source and of the facts in their canonical form.
CREATE TABLE snapshot (
    id           TEXT    NOT NULL PRIMARY KEY,
    source       TEXT    NOT NULL CHECK (source <> ''),
    title        TEXT    NOT NULL,
    url          TEXT    NOT NULL,
    source_group TEXT    NOT NULL, -- sources that copy one another
    vendor       BOOLEAN NOT NULL, -- the vendor's own word
    taken        BIGINT  NOT NULL, -- when the content was first read
    table_date   TEXT    NOT NULL, -- the day that the source gave itself then
    fact_count   BIGINT  NOT NULL CHECK (fact_count > 0),
    facts        BYTEA   NOT NULL, -- the canonical form, deflated
    seal         TEXT    NOT NULL  -- hash of the other columns but facts, which the identity covers
);

-- Readings of a source, the failed ones too.
CREATE TABLE crawl_run (
    id            BIGINT NOT NULL PRIMARY KEY CHECK (id > 0),
    source        TEXT   NOT NULL CHECK (source <> ''),
    started       BIGINT NOT NULL,
    finished      BIGINT,
    outcome       TEXT   NOT NULL CHECK (outcome IN ('running', 'ok', 'unchanged', 'failed')),
    snapshot      TEXT   REFERENCES snapshot (id), -- what the source said, where the reading succeeded
    taken         BIGINT,                          -- when it said so
    table_date    TEXT   NOT NULL,
    change_count  BIGINT NOT NULL,
    error         TEXT   NOT NULL,
    http_status   BIGINT, -- NULL where the source was not read over HTTP
    etag          TEXT   NOT NULL,
    last_modified TEXT   NOT NULL,
    program       TEXT   NOT NULL, -- the version of the program that read the source
    CHECK ((outcome = 'running') = (finished IS NULL)),
    CHECK ((outcome IN ('ok', 'unchanged')) = (snapshot IS NOT NULL)),
    CHECK ((outcome IN ('ok', 'unchanged')) = (taken IS NOT NULL)),
    CHECK ((outcome = 'failed') = (error <> ''))
);
CREATE INDEX crawl_run_source ON crawl_run (source, taken);

-- Rates on two time axes: effective is when the vendor charges them, recorded is when the source was known to
-- state them. A row is closed when the source states it no more.
CREATE TABLE fact (
    id             BIGINT  NOT NULL PRIMARY KEY CHECK (id > 0),
    source         TEXT    NOT NULL,
    provider       TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    route          TEXT    NOT NULL,
    tier           TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    above          BIGINT  NOT NULL,
    inclusive      BOOLEAN NOT NULL,
    time_window    TEXT    NOT NULL,
    rate           BIGINT  NOT NULL CHECK (rate >= 0),
    effective_from BIGINT,
    effective_to   BIGINT,
    url            TEXT    NOT NULL,
    recorded_from  BIGINT  NOT NULL,
    recorded_to    BIGINT,
    snapshot       TEXT    NOT NULL REFERENCES snapshot (id), -- the first that states it
    CHECK (recorded_to > recorded_from)
);
CREATE INDEX fact_provider ON fact (provider, model);
CREATE INDEX fact_model ON fact (model);
CREATE INDEX fact_open ON fact (source, model) WHERE recorded_to IS NULL;

-- The changelog. Each row holds the hash of the row before it and its own, which covers that one and every
-- other column: a row that is edited, removed or moved breaks the chain.
CREATE TABLE change (
    seq         BIGINT  NOT NULL PRIMARY KEY CHECK (seq > 0),
    at          BIGINT  NOT NULL,
    source      TEXT    NOT NULL,
    provider    TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    route       TEXT    NOT NULL,
    tier        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    above       BIGINT  NOT NULL,
    inclusive   BOOLEAN NOT NULL,
    time_window TEXT    NOT NULL,
    old_rate    BIGINT CHECK (old_rate >= 0), -- NULL where the source did not state the rate before
    new_rate    BIGINT CHECK (new_rate >= 0), -- NULL where it states it no more
    class       TEXT    NOT NULL,
    why         TEXT    NOT NULL,
    run         BIGINT  NOT NULL REFERENCES crawl_run (id),
    base        TEXT    NOT NULL REFERENCES snapshot (id), -- what the source said before
    snapshot    TEXT    NOT NULL REFERENCES snapshot (id),
    previous    TEXT    NOT NULL,
    hash        TEXT    NOT NULL
);
CREATE INDEX change_at ON change (at, seq);
CREATE INDEX change_provider ON change (provider, model);
CREATE INDEX change_model ON change (model);
CREATE INDEX change_run ON change (run);
