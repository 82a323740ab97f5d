"""The statements of the state store: one for each operation. What has expired is not there."""

_KEY = "scope = $1 AND thread_id = $2 AND agent_name = $3"
_SUMMARY = "thread_id, agent_name, version, bytes, created_at, updated_at, expires_at"

# A state's activity is its thread's. The state's row is locked first, by every statement that locks both.
_TOUCH = """
touched AS (
    INSERT INTO agui_threads AS thread (
        scope, thread_id, created_at, updated_at, touched_at, agent_name, first_agent
    )
    SELECT $1, $2, $6, $6, $6, $3, $3 FROM saved
    ON CONFLICT (scope, thread_id) DO UPDATE SET
        updated_at = greatest(thread.updated_at, excluded.updated_at),
        touched_at = greatest(thread.touched_at, excluded.touched_at)
)
SELECT version, created_at FROM saved
"""

# Whether the others of the thread are as many as it may have, as far as this statement can see: it does not see those
# that are being created at the same moment.
_FULL = """
    SELECT count(*) >= {maximum} FROM (
        SELECT 1 FROM agui_states
        WHERE scope = $1 AND thread_id = $2 AND agent_name <> $3 AND (expires_at IS NULL OR expires_at > {now})
        LIMIT {maximum}
    ) AS others
"""

# Who creates a state in a thread that is nearly full does it alone, so that the next one counts it. For one
# transaction, and before any row is locked.
CREATE_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($2, hashtextextended($1, 0)))"

IS_FULL = _FULL.format(now="$4", maximum="$5::bigint")

CREATE = f"""
WITH saved AS (
    INSERT INTO agui_states AS stored (
        scope, thread_id, agent_name, version, state, bytes, created_at, updated_at, expires_at,
        run_scope, run_thread_id, run_number
    )
    SELECT $1, $2, $3, 1, $4, $5, $6, $6, $7, $8, $9, $10
    WHERE NOT ({_FULL.format(now="$6", maximum="$11::bigint")})
    ON CONFLICT (scope, thread_id, agent_name) DO UPDATE SET
        version = 1, state = excluded.state, bytes = excluded.bytes, created_at = excluded.created_at,
        updated_at = excluded.updated_at, expires_at = excluded.expires_at, run_scope = excluded.run_scope,
        run_thread_id = excluded.run_thread_id, run_number = excluded.run_number
    WHERE stored.expires_at <= excluded.updated_at
    RETURNING version, created_at
), {_TOUCH}
"""

UPDATE = f"""
WITH saved AS (
    UPDATE agui_states SET
        version = version + 1, state = $4, bytes = $5, updated_at = $6, expires_at = $7,
        run_scope = $8, run_thread_id = $9, run_number = $10
    WHERE {_KEY} AND version = $11 AND (expires_at IS NULL OR expires_at > $6)
        AND (
            $10::bigint IS NULL
            OR (run_scope, run_thread_id, run_number) IS DISTINCT FROM ($8::text, $9::text, $10::bigint)
        )
    RETURNING version, created_at
), {_TOUCH}
"""

LOAD = f"""
SELECT version, state, created_at, updated_at, expires_at, run_scope, run_thread_id, run_number
FROM agui_states
WHERE {_KEY} AND (expires_at IS NULL OR expires_at > $4)
"""

DELETE = f"DELETE FROM agui_states WHERE {_KEY} RETURNING expires_at IS NULL OR expires_at > $4"

CLEAR = """
WITH removed AS (
    DELETE FROM agui_states WHERE scope = $1 AND thread_id = $2
    RETURNING expires_at IS NULL OR expires_at > $3 AS live
)
SELECT count(*) FILTER (WHERE live) FROM removed
"""

LIST_AGENTS = f"""
SELECT {_SUMMARY} FROM agui_states
WHERE scope = $1 AND thread_id = $2 AND (expires_at IS NULL OR expires_at > $3)
ORDER BY agent_name
"""

LIST_THREADS = f"""
SELECT {_SUMMARY} FROM agui_states
WHERE scope = $1 AND agent_name = $2 AND thread_id > $3 AND (expires_at IS NULL OR expires_at > $4)
ORDER BY thread_id LIMIT $5
"""

# In portions, and around rows that somebody is saving, so that sweeping keeps nobody waiting.
SWEEP = """
WITH due AS (
    SELECT scope, thread_id, agent_name FROM agui_states
    WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM agui_states USING due
    WHERE (agui_states.scope, agui_states.thread_id, agui_states.agent_name)
        = (due.scope, due.thread_id, due.agent_name)
    RETURNING 1
)
SELECT count(*) FROM removed
"""
