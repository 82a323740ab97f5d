"""Which headers go to a remote agent: those the host configured, and those of the caller that it lists."""

import re
from collections.abc import Iterable, Mapping

from multidict import CIMultiDict

from agui_runtime.domain.errors import ConfigurationError, InvalidError

CORRELATION_HEADER = "X-Request-ID"

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


def check_headers(agent: str, configured: Mapping[str, str], forwarded: Iterable[str]) -> None:
    """Refuse what could break the request or speak for the connection.

    Raises:
        ConfigurationError: naming the agent and the header, never its value.
    """
    for name in (*configured, *forwarded):
        if _NAME.fullmatch(name) is None:
            raise ConfigurationError(f"The agent {agent!r} is configured with {name!r}, which is no header name.")
        if name.lower() in _TRANSPORT_HEADERS:
            raise ConfigurationError(
                f"The agent {agent!r} is configured with the header {name!r}, which is the client's."
            )
    for name, value in configured.items():
        if _UNSAFE.search(value):
            raise ConfigurationError(f"The header {name!r} of the agent {agent!r} has a control character.")


def request_headers(
    configured: Mapping[str, str], forwarded: Iterable[str], caller: Mapping[str, str], correlation_id: str
) -> CIMultiDict[str]:
    """The headers of one request. A configured one wins over the caller's of the same name, in any case.

    Raises:
        InvalidError: a header of the caller would break the request.
    """
    headers: CIMultiDict[str] = CIMultiDict()
    if correlation_id:
        headers[CORRELATION_HEADER] = correlation_id
    given = CIMultiDict(caller)
    for name in forwarded:
        if name not in given:
            continue
        if _UNSAFE.search(given[name]):
            raise InvalidError(f"The header {name!r} has a control character and cannot be passed on.")
        headers[name] = given[name]
    headers.update(configured)
    # Compressed, the events would wait in the sender's compressor.
    headers.update({"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity"})
    return headers
