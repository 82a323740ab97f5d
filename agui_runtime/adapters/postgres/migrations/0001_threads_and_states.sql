-- Threads, and the states of their agents (docs/adr/0011-postgres-state-table.md has the reasons and the figures).
-- COLLATE "C" is the order of code points, the same on every server. Scope and thread come first in every key, so that
-- the tables can be distributed by scope.

CREATE TABLE agui_threads (
    scope      text COLLATE "C" NOT NULL,
    thread_id  text COLLATE "C" NOT NULL,
    created_at timestamptz      NOT NULL,
    updated_at timestamptz      NOT NULL,
    agent_name text COLLATE "C",                          -- whose first run or state made it
    name       text,
    archived   boolean          NOT NULL DEFAULT false,
    PRIMARY KEY (scope, thread_id)
) WITH (fillfactor = 80);                                 -- room in the page for the next updated_at (HOT)

CREATE TABLE agui_states (
    scope         text COLLATE "C" NOT NULL,
    thread_id     text COLLATE "C" NOT NULL,
    agent_name    text COLLATE "C" NOT NULL,
    version       bigint           NOT NULL CHECK (version > 0),
    bytes         integer          NOT NULL CHECK (bytes > 1),
    created_at    timestamptz      NOT NULL,
    updated_at    timestamptz      NOT NULL,
    expires_at    timestamptz,                            -- NULL: never
    run_scope     text COLLATE "C",                       -- the run that saved it; all three or none
    run_thread_id text COLLATE "C",
    run_number    bigint,
    state         json             NOT NULL,              -- json, not jsonb: the text comes back as it was
    PRIMARY KEY (scope, thread_id, agent_name),
    CHECK (num_nulls(run_scope, run_thread_id, run_number) IN (0, 3))
) WITH (fillfactor = 80);

CREATE INDEX agui_states_by_agent ON agui_states (scope, agent_name, thread_id);
CREATE INDEX agui_states_by_expiry ON agui_states (expires_at) WHERE expires_at IS NOT NULL;

DO $$
BEGIN
    EXECUTE 'ALTER TABLE agui_states ALTER COLUMN state SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    NULL;                                                 -- a server built without lz4 uses its own pglz
END
$$;
