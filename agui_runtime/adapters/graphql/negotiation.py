"""Which form an answer takes (contract graphql §5 "Content negotiation")."""

from enum import Enum
from functools import lru_cache

from attrs import frozen

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
MULTIPART = "multipart/mixed"
EVENT_STREAM = "text/event-stream"

SINGLE_OFFERED = f"{EVENT_STREAM}; charset=utf-8, {MULTIPART}; charset=utf-8, {GRAPHQL_RESPONSE}; charset=utf-8, {JSON}"
INCREMENTAL_OFFERED = f"{EVENT_STREAM}; charset=utf-8, {MULTIPART}"


class Form(Enum):
    """The forms an answer can take."""

    GRAPHQL_RESPONSE = f"{GRAPHQL_RESPONSE}; charset=utf-8"
    JSON = f"{JSON}; charset=utf-8"
    MULTIPART = 'multipart/mixed; boundary="-"'
    EVENT_STREAM = EVENT_STREAM


@frozen
class Accepted:
    """The forms a client takes, ``None`` where there is none for that kind of result."""

    single: Form | None
    incremental: Form | None


# Clients of one kind send one header.
@lru_cache(maxsize=64)
def negotiate(accept: str | None) -> Accepted:
    """Read an ``Accept`` header: JSON beats multipart beats event stream; within JSON the type listed first."""
    types = [entry.partition(";")[0].strip().lower() for entry in (accept or "*/*").split(",")]
    streaming = _streaming(types)
    return Accepted(_json(types) or streaming, streaming)


def _json(types: list[str]) -> Form | None:
    for media_type in types:
        if media_type == GRAPHQL_RESPONSE:
            return Form.GRAPHQL_RESPONSE
        if media_type in {JSON, "application/*", "*/*"}:
            return Form.JSON
    return None


def _streaming(types: list[str]) -> Form | None:
    if {MULTIPART, "multipart/*", "*/*"} & set(types):
        return Form.MULTIPART
    if {EVENT_STREAM, "text/*"} & set(types):
        return Form.EVENT_STREAM
    return None
