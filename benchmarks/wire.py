"""What every side of the benchmark agrees on: the client's operation, and reading a multipart body back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]
OPERATION = ROOT / "tests/data/graphql/operations/1.10.6/generateCopilotResponse.graphql"
HEADERS = {
    "content-type": "application/json",
    "accept": "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, "
    "multipart/mixed",
    "x-copilotkit-runtime-client-gql-version": "1.10.6",
}
HELLO = orjson.dumps({"query": "{ hello }"})


def chat(text: str, thread_id: str, messages: int = 1) -> bytes:
    """The body that a 1.10.6 client sends for a conversation of so many messages, the last one with this text."""
    said = ["What a user or an assistant says in a conversation, of the usual length."] * (messages - 1) + [text]
    sent = [
        {
            "id": f"message-{number}",
            "createdAt": "2026-01-02T03:04:05.678Z",
            "textMessage": {"content": content, "role": "user" if (messages - number) % 2 == 0 else "assistant"},
        }
        for number, content in enumerate(said, 1)
    ]
    data = {
        "threadId": thread_id,
        "metadata": {"requestType": "Chat"},
        "frontend": {"actions": [], "url": "http://localhost:3000/"},
        "messages": sent,
    }
    return orjson.dumps(
        {
            "operationName": "generateCopilotResponse",
            "query": OPERATION.read_text(encoding="utf-8"),
            "variables": {"data": data, "properties": {}},
        }
    )


def parts(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON parts of a multipart body (contract graphql §5). JSON escapes line ends, so the delimiter is safe."""
    for piece in body.split(b"\r\n---"):
        _, found, payload = piece.partition(b"\r\n\r\n")
        if found:
            yield orjson.loads(payload)


def count_chunks(body: bytes) -> int:
    """How many chunks of text arrived.

    Raises:
        ValueError: the response did not end, or did not end well: its speed would mean nothing.
    """
    chunks, status, last = 0, "", {}
    for last in parts(body):
        if last.get("errors"):
            raise ValueError(f"The server answered {last['errors']}")
        for entry in last.get("incremental", []):
            if "items" in entry and "content" in entry["path"]:
                chunks += len(entry["items"])
            if entry["path"] == ["generateCopilotResponse"]:
                status = entry["data"]["status"]["code"]
    if last.get("hasNext") is not False or status != "Success":
        raise ValueError(f"The response ended with hasNext {last.get('hasNext')} and the status {status!r}.")
    return chunks
