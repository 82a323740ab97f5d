"""Server-sent events framing."""

CONTENT_TYPE = "text/event-stream"
OPENING = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"


def next_event(document: bytes) -> bytes:
    """One JSON document as GraphQL-over-SSE's ``next`` event (contract graphql §5)."""
    return b"event: next\ndata: %b\n\n" % document
