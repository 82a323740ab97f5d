"""Server-sent events framing."""

CONTENT_TYPE = "text/event-stream"
OPENING = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: every client ignores it."""


def event(document: bytes, event_id: str | None = None) -> bytes:
    """One JSON document, with the id that a client may resume after. Clients split at two LF only, never at CRLF."""
    if event_id is None:
        return b"data: %b\n\n" % document
    return b"id: %b\ndata: %b\n\n" % (event_id.encode(), document)


def next_event(document: bytes) -> bytes:
    """One JSON document as GraphQL-over-SSE's ``next`` event (contract graphql §5)."""
    return b"event: next\ndata: %b\n\n" % document
