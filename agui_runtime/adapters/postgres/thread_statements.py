"""The statements of the thread directory."""

_THREAD = "thread_id, created_at, updated_at, name, agent_name, archived, live_run IS NOT NULL AS live"

# $1 scope, $2 with archived ones, $3 agent or NULL, $4 how many
_LIST = f"""
SELECT {_THREAD} FROM agui_threads
WHERE scope = $1 AND ($2 OR NOT archived) AND ($3::text IS NULL OR agent_name = $3)
"""
_NEWEST = "ORDER BY updated_at DESC, thread_id DESC LIMIT $4"
LIST = f"{_LIST} {_NEWEST}"
LIST_BEHIND = f"{_LIST} AND (updated_at, thread_id) < ($5, $6) {_NEWEST}"

GET = f"SELECT {_THREAD} FROM agui_threads WHERE scope = $1 AND thread_id = $2"

_ACTIVE = "updated_at = greatest(updated_at, $4), touched_at = greatest(touched_at, $4)"
RENAME = f"UPDATE agui_threads SET name = $3, {_ACTIVE} WHERE scope = $1 AND thread_id = $2 RETURNING {_THREAD}"
ARCHIVE = f"UPDATE agui_threads SET archived = $3, {_ACTIVE} WHERE scope = $1 AND thread_id = $2 RETURNING {_THREAD}"

# Deleting, in one transaction. States are locked first, as by every statement that locks both (statements.py).
LOCK_STATES = "SELECT 1 FROM agui_states WHERE scope = $1 AND thread_id = $2 ORDER BY agent_name FOR UPDATE"
DELETE = """
DELETE FROM agui_threads
WHERE scope = $1 AND thread_id = $2 AND live_run IS NULL AND ($3::timestamptz IS NULL OR updated_at < $3)
RETURNING true
"""
DELETE_CONTENT = (
    "DELETE FROM agui_runs WHERE scope = $1 AND thread_id = $2",
    "DELETE FROM agui_events WHERE scope = $1 AND thread_id = $2",
    "DELETE FROM agui_states WHERE scope = $1 AND thread_id = $2",
)

# The idlest of each scope, found by the index that lists use: one probe for each scope, and no index for this alone.
IDLE = """
WITH RECURSIVE scopes AS (
    (SELECT scope FROM agui_threads ORDER BY scope LIMIT 1)
    UNION ALL
    SELECT (SELECT scope FROM agui_threads WHERE scope > scopes.scope ORDER BY scope LIMIT 1)
    FROM scopes WHERE scopes.scope IS NOT NULL
)
SELECT idle.scope, idle.thread_id FROM scopes CROSS JOIN LATERAL (
    SELECT scope, thread_id, updated_at FROM agui_threads
    WHERE scope = scopes.scope AND updated_at < $1 AND live_run IS NULL
    ORDER BY updated_at, thread_id LIMIT $2
) AS idle
ORDER BY idle.updated_at, idle.thread_id LIMIT $2
"""
