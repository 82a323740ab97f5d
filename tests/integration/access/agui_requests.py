"""A request for every operation of AG-UI there is, by every way that leads to it."""

from typing import Any

from agui_runtime.adapters.agui.envelope import _PARAMETERS
from agui_runtime.composition.container import RuntimeContainer
from tests.integration.access.world import THREAD, World
from tests.support.graphql_client import Answer


def run_input(thread: str = THREAD, text: str | None = "hello") -> dict[str, Any]:
    messages = [] if text is None else [{"id": "m-2", "role": "user", "content": text}]
    common = {"tools": [], "context": [], "forwardedProps": {}, "state": {}}
    return {"threadId": thread, "runId": "run-2", "messages": messages, **common}


AGENT = {"agentId": "notes"}
NAMED = {"agentId": "notes", "name": "mine"}
DELETED = "threads/update by DELETE"
# Method, path below the base, body.
REST: dict[str, tuple[str, str, Any]] = {
    "info": ("GET", "/info", None),
    "agent/run": ("POST", "/agent/notes/run", run_input()),
    "agent/suggest": ("POST", "/agent/notes/suggest", run_input()),
    "agent/connect": ("POST", "/agent/notes/connect", run_input(text=None)),
    "agent/stop": ("POST", f"/agent/notes/stop/{THREAD}", {}),
    "threads/list": ("GET", "/threads?agentId=notes", None),
    "threads/messages": ("GET", f"/threads/{THREAD}/messages?agentId=notes", None),
    "threads/events": ("GET", f"/threads/{THREAD}/events?agentId=notes", None),
    "threads/state": ("GET", f"/threads/{THREAD}/state?agentId=notes", None),
    "threads/update": ("PATCH", f"/threads/{THREAD}", NAMED),
    DELETED: ("DELETE", f"/threads/{THREAD}", AGENT),
    "threads/archive": ("POST", f"/threads/{THREAD}/archive", AGENT),
    "threads/clear": ("POST", "/threads/clear", AGENT),
    "threads/subscribe": ("POST", "/threads/subscribe", AGENT),
    "transcribe": ("POST", "/transcribe", {}),
    "annotate": ("POST", "/annotate", {}),
    "memories": ("GET", "/memories", None),
    "inspector/metadata": ("GET", "/inspector-metadata", None),
    "inspector/learning": ("GET", "/inspector-learning", None),
    "debug-events": ("GET", "/cpk-debug-events", None),
}
SERVED = frozenset(RuntimeContainer().agui_endpoint()._operations)
"""What the endpoint really has."""
ENVELOPES = frozenset(_PARAMETERS)
RESOURCES = frozenset(name for name in REST if name.startswith(("threads/", "memories", "annotate")))
WAYS = sorted(
    [(name, "rest") for name in REST]
    + [(name, "envelope") for name in ENVELOPES]
    + [(name, "resource") for name in RESOURCES]
)


async def ask(made: World, operation: str, way: str, name: str | None, *, thread: str = THREAD) -> Answer:
    """Somebody's request, about a thread of that name."""
    method, path, body = REST[operation]
    path = path.replace(THREAD, thread)
    if isinstance(body, dict) and "threadId" in body:
        body = {**body, "threadId": thread}
    if way == "rest":
        return await made.ask(body, name, path=path, method=method)
    if way == "envelope":
        params = {"agentId": "notes", "threadId": thread}
        return await made.ask({"method": operation, "params": params, "body": body}, name)
    params = {"path": path, "httpMethod": method}
    return await made.ask({"method": "resource/request", "params": params, "body": body}, name)
