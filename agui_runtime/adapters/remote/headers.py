"""Which headers go to a remote agent: those the host configured, and those of the caller that it lists."""

import re
from collections.abc import Iterable, Mapping

from agui_runtime.domain.errors import ConfigurationError, InvalidError

CORRELATION_HEADER = "x-request-id"
EVENT_STREAM = "text/event-stream"
JSON = "application/json"

_TRANSPORT_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_headers(peer: str, configured: Mapping[str, str], forwarded: Iterable[str]) -> None:
    """Refuse what could break the request or speak for the connection.

    Raises:
        ConfigurationError: naming the peer and the header, never its value.
    """
    for name in (*configured, *forwarded):
        if _NAME.fullmatch(name) is None:
            raise ConfigurationError(f"The {peer} is configured with {name!r}, which is no header name.")
        if name.lower() in _TRANSPORT_HEADERS:
            raise ConfigurationError(f"The {peer} is configured with the header {name!r}, which is the client's.")
    for name, value in configured.items():
        if _UNSAFE.search(value):
            raise ConfigurationError(f"The header {name!r} of the {peer} has a control character.")


def request_headers(
    configured: Mapping[str, str],
    forwarded: Iterable[str],
    caller: Mapping[str, str],
    correlation_id: str,
    accept: str = EVENT_STREAM,
) -> dict[str, str]:
    """The headers of one request, in lower case. A configured one wins over the caller's of the same name.

    Raises:
        InvalidError: a header of the caller would break the request.
    """
    headers: dict[str, str] = {}
    if correlation_id:
        headers[CORRELATION_HEADER] = correlation_id
    given = _lower(caller)
    for name in forwarded:
        value = given.get(name.lower())
        if value is None:
            continue
        if _UNSAFE.search(value):
            raise InvalidError(f"The header {name!r} has a control character and cannot be passed on.")
        headers[name.lower()] = value
    headers |= _lower(configured)
    # Compressed, the events would wait in the sender's compressor.
    return headers | {
        "content-type": "application/json",
        "accept": accept,
        "accept-encoding": "identity",
    }


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
