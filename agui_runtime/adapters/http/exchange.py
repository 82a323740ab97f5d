"""An HTTP exchange as values: hosts translate to and from these, protocols answer them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import Factory, field, frozen

from agui_runtime.adapters.http.keep_alive import KeepAlive

Headers = Sequence[tuple[str, str]]


@frozen
class Request:
    """A request whose body has been read within the limit.

    Attributes:
        path: the path below the router's base path, as the wire has it (percent-encoded), ``""`` for the base itself.
        query: the raw query string, without the question mark.
        headers: by lower-case name; repeated ones joined with a comma.
        peer: the address of the other side, where the host knows it.
        correlation_id: goes along in every log line, error and response of this exchange.
        base: the path that leads to the router, as this server sees it, without a slash at its end.
        memo: what was found out about the request already, so that it is not found out again.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = Factory(dict[str, str])
    body: bytes = b""
    peer: str | None = None
    correlation_id: str = ""
    base: str = ""
    memo: dict[str, Any] = field(factory=dict[str, Any], eq=False, repr=False)

    def header(self, name: str) -> str | None:
        """A header's value; ``name`` in lower case."""
        return self.headers.get(name)


@frozen
class IncomingRequest:
    """A request as a host hands it over: the path percent-encoded, the body as far as it has come.

    Attributes:
        body: whole where it came with the head, else its pieces as they come.
        base: the part of ``path`` that leads to the router; ``None`` for the router's own base path.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes]
    peer: str | None = None
    base: str | None = None


class StreamedBody(Protocol):
    """A body that is sent piece by piece, as it comes."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it was read to its end, and has given back all that it had."""
        ...

    async def aclose(self) -> None:
        """Called by the host exactly once unless it is over: when the client is gone, even if nothing was read."""
        ...


@frozen
class Response:
    """An answer, whole or streamed.

    Attributes:
        keep_alive: what a streamed body sends into silence; nothing by default.
    """

    status: int
    headers: Headers = ()
    body: bytes | StreamedBody = b""
    keep_alive: KeepAlive | None = None


Handler = Callable[[Request], Awaitable[Response]]
