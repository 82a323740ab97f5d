"""What every side of the AG-UI benchmark agrees on: a client's run, and the events of its stream."""

from typing import Any

import orjson

HEADERS = {"content-type": "application/json", "accept": "text/event-stream"}
TEXT = b'"TEXT_MESSAGE_CONTENT"'


def run_path(agent: str = "default") -> str:
    return f"/agent/{agent}/run"


def run_input(text: str, thread_id: str) -> bytes:
    """The body that @ag-ui/client 0.0.59 sends for one user message."""
    message = {"id": f"user-{thread_id}", "role": "user", "content": text}
    known: dict[str, Any] = {"threadId": thread_id, "runId": f"run-{thread_id}", "tools": [], "context": []}
    return orjson.dumps({**known, "forwardedProps": {}, "state": {}, "messages": [message]})


def count_texts(body: bytes) -> int:
    """How many pieces of text arrived.

    Raises:
        ValueError: the stream did not end well: its speed would mean nothing.
    """
    frames = [frame for frame in body.split(b"\n\n") if b"data: " in frame]
    events = [orjson.loads(frame[frame.index(b"data: ") + 6 :]) for frame in frames]
    if not events or events[-1]["type"] != "RUN_FINISHED":
        raise ValueError(f"The stream ended with {events[-1:]}.")
    return sum(event["type"] == "TEXT_MESSAGE_CONTENT" for event in events)
