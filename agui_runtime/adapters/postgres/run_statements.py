"""The statements of the run log.

Rows are locked in this order by all statements that lock several: states, runs, threads. A thread that is deleted is
locked before its runs, which is no contradiction: none of them is live, so nobody else locks them.
"""

_KEYS = "scope, thread_id, number"
_SAME_RUN = "(run.scope, run.thread_id, run.number)"

# Numbers go on from the tags of states, so that a state which somehow outlived its thread is never taken for another
# run's. $1 scope, $2 thread, $3 now, $4 agent, $5 run id, $6 token, $7 lease, $8 events
BEGIN = """
WITH tagged AS (
    SELECT coalesce(max(run_number), 0) + 1 AS number FROM agui_states
    WHERE scope = $1 AND thread_id = $2 AND run_scope = $1 AND run_thread_id = $2
), opened AS (
    INSERT INTO agui_threads AS thread (
        scope, thread_id, created_at, updated_at, touched_at, agent_name, first_agent, last_run, last_sequence, live_run
    )
    SELECT $1, $2, $3, $3, $3, $4, $4, tagged.number, 1, tagged.number FROM tagged
    ON CONFLICT (scope, thread_id) DO UPDATE SET
        updated_at = greatest(thread.updated_at, excluded.updated_at),
        agent_name = coalesce(excluded.agent_name, thread.agent_name),
        last_run = greatest(thread.last_run + 1, excluded.last_run),
        live_run = greatest(thread.last_run + 1, excluded.last_run),
        last_sequence = thread.last_sequence + 1
    WHERE thread.live_run IS NULL
    RETURNING last_run, last_sequence
), begun AS (
    INSERT INTO agui_runs (
        scope, thread_id, number, run_id, agent_name, token, lease_expires_at, began_at, first_sequence
    )
    SELECT $1, $2, last_run, $5, $4, $6, $7, $3, last_sequence FROM opened
), written AS (
    INSERT INTO agui_events (scope, thread_id, last_sequence, run_number, recorded_at, events)
    SELECT $1, $2, last_sequence, last_run, $3, $8::json FROM opened
)
SELECT last_run AS number, last_sequence AS first_sequence FROM opened
"""

LIVE = """
SELECT number, run_id, token, first_sequence FROM agui_runs WHERE scope = $1 AND thread_id = $2 AND ended_at IS NULL
"""

# Locking the run's row is the fence: whoever takes the run over has to wait, or has been waited for.
# One row for each run of the batch: $1 scopes, $2 threads, $3 numbers, $4 tokens, $5 last sequences, $6 events,
# $7 outcomes; $8 now
WRITE = f"""
WITH batch AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
        AS part ({_KEYS}, token, last_sequence, events, outcome)
), held AS MATERIALIZED (
    SELECT {_KEYS}, batch.last_sequence, batch.events, batch.outcome
    FROM batch JOIN agui_runs run USING ({_KEYS})
    WHERE run.token = batch.token AND run.ended_at IS NULL
    ORDER BY {_KEYS}
    FOR NO KEY UPDATE OF run
), written AS (
    INSERT INTO agui_events (scope, thread_id, last_sequence, run_number, recorded_at, events)
    SELECT scope, thread_id, last_sequence, number, $8, events::json FROM held WHERE events IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING scope, thread_id
), ended AS (
    UPDATE agui_runs run SET ended_at = $8, outcome = held.outcome, last_sequence = held.last_sequence
    FROM held WHERE {_SAME_RUN} = (held.scope, held.thread_id, held.number) AND held.outcome IS NOT NULL
), freed AS (
    UPDATE agui_threads thread SET
        live_run = NULL, last_sequence = held.last_sequence, updated_at = greatest(thread.updated_at, $8)
    FROM held
    WHERE (thread.scope, thread.thread_id) = (held.scope, held.thread_id) AND held.outcome IS NOT NULL
)
SELECT {_KEYS}, held.events IS NULL OR written.scope IS NOT NULL AS written
FROM held LEFT JOIN written USING (scope, thread_id)
"""

ENDED = "SELECT token FROM agui_runs WHERE scope = $1 AND thread_id = $2 AND number = $3 AND ended_at IS NOT NULL"

RENEW = """
UPDATE agui_runs SET lease_expires_at = $5
WHERE scope = $1 AND thread_id = $2 AND number = $3 AND token = $4 AND ended_at IS NULL
RETURNING true
"""

# Abandoning takes four statements in one transaction: each has to see what the locks of the one before waited for.
FORGET_RUN = """
DELETE FROM agui_runs
WHERE scope = $1 AND thread_id = $2 AND number = $3 AND token = $4 AND ended_at IS NULL
RETURNING first_sequence
"""

FORGET_EVENTS = """
WITH removed AS (
    DELETE FROM agui_events WHERE scope = $1 AND thread_id = $2 AND last_sequence >= $3
    RETURNING last_sequence
)
UPDATE agui_threads SET live_run = NULL, last_sequence = coalesce((SELECT max(last_sequence) FROM removed), $3)
WHERE scope = $1 AND thread_id = $2
"""

DROP_EMPTY_THREAD = """
DELETE FROM agui_threads WHERE scope = $1 AND thread_id = $2
    AND NOT EXISTS (SELECT 1 FROM agui_runs WHERE scope = $1 AND thread_id = $2)
    AND NOT EXISTS (SELECT 1 FROM agui_states WHERE scope = $1 AND thread_id = $2)
"""

RESTORE_THREAD = """
UPDATE agui_threads SET
    updated_at = greatest(touched_at, (
        SELECT coalesce(ended_at, began_at) FROM agui_runs WHERE scope = $1 AND thread_id = $2
        ORDER BY number DESC LIMIT 1
    )),
    agent_name = coalesce((
        SELECT agent_name FROM agui_runs WHERE scope = $1 AND thread_id = $2 AND agent_name IS NOT NULL
        ORDER BY number DESC LIMIT 1
    ), first_agent)
WHERE scope = $1 AND thread_id = $2
"""

# $1 now, $2 the new lease's end, $3 how many. Runs that somebody writes or takes over at this moment are passed over.
TAKE_OVER = f"""
WITH due AS (
    SELECT {_KEYS} FROM agui_runs
    WHERE ended_at IS NULL AND lease_expires_at <= $1
    ORDER BY lease_expires_at LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE agui_runs run SET token = token + 1, lease_expires_at = $2
FROM due WHERE {_SAME_RUN} = (due.scope, due.thread_id, due.number)
RETURNING run.scope, run.thread_id, run.number, run.token, run.run_id
"""

# After TAKE_OVER, in the same transaction and with a snapshot of its own: the old holder's last commit is in it.
LAST_SEQUENCE = "SELECT max(last_sequence) FROM agui_events WHERE scope = $1 AND thread_id = $2"

REQUEST_STOP = """
UPDATE agui_runs SET stop_requested = true
WHERE scope = $1 AND thread_id = $2 AND ended_at IS NULL AND ($3::text IS NULL OR run_id = $3)
RETURNING number
"""

ANNOUNCE_STOP = """
UPDATE agui_runs SET stop_requested = true
WHERE scope = $1 AND thread_id = $2 AND number = $3 AND token = $4 AND ended_at IS NULL
RETURNING true
"""

GOING_ON = """
SELECT true FROM agui_runs
WHERE scope = $1 AND thread_id = $2 AND number = $3 AND ended_at IS NULL AND NOT stop_requested
"""

STOPPING = f"SELECT {_KEYS} FROM agui_runs WHERE stop_requested AND ended_at IS NULL"

READ = """
SELECT run_number, last_sequence, recorded_at, compacted, events FROM agui_events
WHERE scope = $1 AND thread_id = $2 AND last_sequence > $3
ORDER BY last_sequence
"""

RUN = """
SELECT ended_at IS NOT NULL AS ended, coalesce(last_sequence, (
    SELECT max(last_sequence) FROM agui_events WHERE scope = $1 AND thread_id = $2
)) AS last_sequence
FROM agui_runs WHERE scope = $1 AND thread_id = $2 AND number = $3
"""

_OF_THE_RUN = """
    event.scope = run.scope AND event.thread_id = run.thread_id
    AND event.last_sequence >= run.first_sequence
    AND (run.last_sequence IS NULL OR event.last_sequence <= run.last_sequence)
"""

READ_RUN = f"""
SELECT run.number AS run_number, event.last_sequence, recorded_at, event.compacted, events
FROM agui_runs run JOIN agui_events event ON {_OF_THE_RUN}
WHERE run.scope = $1 AND run.thread_id = $2 AND run.number = $3 AND event.last_sequence > $4
ORDER BY event.last_sequence
"""

# For all followed runs at once: $1 scopes, $2 threads, $3 numbers, $4 behind which sequence number. A run without news
# is one row without events; a run that is gone has no first_sequence.
FOLLOW = f"""
SELECT place, run.first_sequence, run.ended_at IS NOT NULL AS ended, run.number AS run_number,
    event.last_sequence, event.recorded_at, event.compacted, event.events
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS followed ({_KEYS}, seen, place)
LEFT JOIN agui_runs run USING ({_KEYS})
LEFT JOIN agui_events event ON {_OF_THE_RUN} AND event.last_sequence > followed.seen
ORDER BY place, event.last_sequence
"""

COMPACTABLE = f"""
SELECT {_KEYS} FROM agui_runs
WHERE ended_at IS NOT NULL AND NOT compacted AND ended_at < $1
ORDER BY ended_at, {_KEYS} LIMIT $2
"""

_RAW = "scope = $1 AND thread_id = $2 AND number = $3 AND ended_at IS NOT NULL AND NOT compacted"
RAW = f"SELECT first_sequence, last_sequence FROM agui_runs WHERE {_RAW}"
MARK_COMPACTED = f"UPDATE agui_runs SET compacted = true WHERE {_RAW} RETURNING true"

REMOVE_EVENTS = """
DELETE FROM agui_events WHERE scope = $1 AND thread_id = $2 AND last_sequence BETWEEN $3 AND $4
"""

INSERT_COMPACTED = """
INSERT INTO agui_events (scope, thread_id, run_number, compacted, last_sequence, recorded_at, events)
SELECT $1, $2, $3, true, entry.last_sequence, entry.recorded_at, entry.events::json
FROM unnest($4::bigint[], $5::timestamptz[], $6::text[]) AS entry (last_sequence, recorded_at, events)
"""
