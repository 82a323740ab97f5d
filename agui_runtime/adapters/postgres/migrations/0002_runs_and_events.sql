-- Runs and their events (docs/adr has the reasons). As in 0001: COLLATE "C", and scope and thread first in every key.

ALTER TABLE agui_threads
    ADD COLUMN touched_at    timestamptz,                 -- newest activity that is no run's
    ADD COLUMN first_agent   text COLLATE "C",            -- whose first run or state made it
    ADD COLUMN last_run      bigint NOT NULL DEFAULT 0,   -- the highest number that a run has had
    ADD COLUMN last_sequence bigint NOT NULL DEFAULT 0,   -- the highest number that an event of an ended run has had
    ADD COLUMN live_run      bigint;                      -- NULL: none
UPDATE agui_threads SET touched_at = updated_at, first_agent = agent_name;
ALTER TABLE agui_threads ALTER COLUMN touched_at SET NOT NULL;

CREATE INDEX agui_threads_by_activity ON agui_threads (scope, updated_at, thread_id);

CREATE TABLE agui_runs (
    scope            text COLLATE "C" NOT NULL,
    thread_id        text COLLATE "C" NOT NULL,
    number           bigint           NOT NULL,
    run_id           text COLLATE "C" NOT NULL,           -- the client's; it may repeat
    agent_name       text COLLATE "C",
    token            bigint           NOT NULL,           -- of the lease that may write; it grows with each holder
    lease_expires_at timestamptz      NOT NULL,
    stop_requested   boolean          NOT NULL DEFAULT false,
    began_at         timestamptz      NOT NULL,
    ended_at         timestamptz,                         -- NULL: live
    outcome          text,
    first_sequence   bigint           NOT NULL,
    last_sequence    bigint,                              -- NULL: live
    compacted        boolean          NOT NULL DEFAULT false,
    PRIMARY KEY (scope, thread_id, number),
    CHECK (num_nulls(ended_at, outcome, last_sequence) IN (0, 3))
) WITH (fillfactor = 80);                                 -- room in the page for renewed leases (HOT)

CREATE UNIQUE INDEX agui_runs_live ON agui_runs (scope, thread_id) WHERE ended_at IS NULL;
CREATE INDEX agui_runs_stopping ON agui_runs (scope, thread_id) WHERE stop_requested AND ended_at IS NULL;
CREATE INDEX agui_runs_to_compact ON agui_runs (ended_at) WHERE ended_at IS NOT NULL AND NOT compacted;

-- One row for what one commit wrote of one run: an array of events with consecutive numbers up to last_sequence.
CREATE TABLE agui_events (
    scope         text COLLATE "C" NOT NULL,
    thread_id     text COLLATE "C" NOT NULL,
    last_sequence bigint           NOT NULL,
    run_number    bigint           NOT NULL,
    recorded_at   timestamptz      NOT NULL,
    compacted     boolean          NOT NULL DEFAULT false,
    events        json             NOT NULL,
    PRIMARY KEY (scope, thread_id, last_sequence)
);

DO $$
BEGIN
    EXECUTE 'ALTER TABLE agui_events ALTER COLUMN events SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    NULL;                                                 -- a server built without lz4 uses its own pglz
END
$$;
