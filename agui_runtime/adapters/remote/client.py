"""How remote agents and endpoints are reached: one pool, guarded addresses, retries, a circuit breaker for each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from time import monotonic

import aiohttp
from aiohttp.abc import AbstractResolver
from attrs import frozen

from agui_runtime.adapters.remote.addresses import PrivateAddressError, PublicResolver, refuse_private_literal
from agui_runtime.adapters.remote.breaker import Breaker, BreakerPolicy, Breakers, EndpointHealth
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.adapters.remote.retries import (
    RETRIED_STATUSES,
    AttemptFailedError,
    RetryPolicy,
    retrying,
    seconds_of,
)
from agui_runtime.adapters.remote.timeouts import RemoteTimeouts
from agui_runtime.application.ports import Telemetry
from agui_runtime.application.values import UpstreamHealth
from agui_runtime.domain.errors import (
    AgentError,
    AguiError,
    DeniedError,
    ErrorCode,
    TimedOutError,
    UnavailableError,
)

logger = logging.getLogger(__name__)

ONCE = RetryPolicy(attempts=1)
PROBING = RemoteTimeouts(connect=2.0, first_byte=5.0)

_DOWN = frozenset({500, 502, 503, 504})
"""Statuses that say something of the endpoint, not of the request."""
_GATEWAY = frozenset({502, 503, 504})
_KEY_REFUSED = frozenset({401, 403})


@frozen
class Outgoing:
    """One request."""

    url: str
    body: bytes | None
    headers: Mapping[str, str]
    method: str = "POST"


class RemoteClient:
    """What all remote agents of a runtime can share. It keeps no cookies and follows no redirects.

    Args:
        private_addresses: whether agents may be on this machine or in a private network. Say no where users supply
            URLs; a host's name is then resolved once, checked, and connected to as checked.
        retries: how often and how soon a request is sent again.
        breaker: when an endpoint is left alone.
        telemetry: counts ``remote.retries`` and ``remote.refused``; a span ``remote.call``, to the answer's head.
        resolver: finds hosts' addresses; the operating system by default.
    """

    def __init__(
        self,
        *,
        private_addresses: bool = False,
        retries: RetryPolicy | None = None,
        breaker: BreakerPolicy | None = None,
        telemetry: Telemetry | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._private_addresses = private_addresses
        self._retries = retries or RetryPolicy()
        self._breakers = Breakers(breaker or BreakerPolicy(), monotonic)
        self._telemetry = telemetry
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections; runs still going on fail. The next request makes a new pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def health(self) -> tuple[EndpointHealth, ...]:
        """What is known of each endpoint that was asked, by name."""
        return self._breakers.health()

    def health_of(self, peer: Peer) -> UpstreamHealth:
        """What is known of one of them."""
        known = self._breakers.of(peer.url, str(peer)).health
        return UpstreamHealth(str(peer), known.asked, known.problem, known.state, known.failures, known.retry_in)

    async def probe(
        self, peer: Peer, make_headers: Callable[[], Awaitable[Mapping[str, str]]], *, with_key: bool = True
    ) -> None:
        """Look whether somebody is there who takes our key; what was found is in ``health_of``.

        A GET starts no run. Servers that know the path for POST alone answer it with 405, some with 404, which they
        do not give to OPTIONS then. The breaker does not count it: its business is what users ask for.

        Args:
            peer: who is looked for.
            make_headers: makes them as a run would have them.
            with_key: whether they have all that the peer wants; without that a refusal says nothing.
        """
        breaker = self._breakers.of(peer.url, str(peer))
        try:
            headers = await make_headers()
            status = await self._status(peer, Outgoing(peer.url, None, headers, "GET"))
            if status == 404:
                status = await self._status(peer, Outgoing(peer.url, None, headers, "OPTIONS"))
        except AttemptFailedError as error:
            breaker.noted(error.failure.message)
        except AguiError as error:
            breaker.noted(error.message)
        else:
            is_problem = status in _GATEWAY or status == 404 or (with_key and status in _KEY_REFUSED)
            breaker.noted(_refusal(peer, status).message if is_problem else "")

    async def _status(self, peer: Peer, outgoing: Outgoing) -> int:
        response = await self._request(peer, outgoing, PROBING)
        response.close()
        return response.status

    async def send(
        self, peer: Peer, outgoing: Outgoing, timeouts: RemoteTimeouts, *, again: bool = True
    ) -> aiohttp.ClientResponse:
        """The response, with status 200, once its headers are there. It is the caller's to close.

        Args:
            peer: whom it goes to.
            outgoing: what is sent.
            timeouts: how long to wait.
            again: whether it is sent again after a passing fault.

        Raises:
            UnavailableError: the peer cannot be reached, or was left alone because it kept failing.
            TimedOutError: it does not answer in time.
            DeniedError: it does not accept our key (``UNAUTHENTICATED``), or its address is not allowed (``DENIED``).
            AgentError: it answers with another status; ``API_NOT_FOUND`` for 404.
        """
        with nullcontext() if self._telemetry is None else self._telemetry.span("remote.call", peer=str(peer)):
            return await self._send(peer, outgoing, timeouts, again=again)

    async def _send(
        self, peer: Peer, outgoing: Outgoing, timeouts: RemoteTimeouts, *, again: bool
    ) -> aiohttp.ClientResponse:
        breaker = self._breakers.of(peer.url, str(peer))
        if not breaker.admit():
            self._count("remote.refused", peer)
            raise UnavailableError(
                f"The {peer} has failed {breaker.health.failures} times in a row and is not asked now; "
                f"the next try is in {breaker.health.retry_in:.0f} seconds."
            )
        try:
            response = await self._attempts(peer, outgoing, timeouts, self._retries if again else ONCE)
        except AguiError as error:
            _note(breaker, error)
            raise
        except BaseException:
            breaker.gave_up()
            raise
        breaker.succeeded()
        return response

    async def _attempts(
        self, peer: Peer, outgoing: Outgoing, timeouts: RemoteTimeouts, retries: RetryPolicy
    ) -> aiohttp.ClientResponse:
        try:
            async for attempt in retrying(retries):
                with attempt:
                    number = attempt.retry_state.attempt_number
                    if number > 1:
                        self._count("remote.retries", peer)
                        logger.info("The %s is asked again, attempt %d.", peer, number)
                    return await self._attempt(peer, outgoing, timeouts)
        except AttemptFailedError as error:
            raise error.failure from error
        raise AssertionError("an attempt returns or raises")

    async def _attempt(self, peer: Peer, outgoing: Outgoing, timeouts: RemoteTimeouts) -> aiohttp.ClientResponse:
        response = await self._request(peer, outgoing, timeouts)
        if response.status == 200:
            return response
        response.close()
        error = _refusal(peer, response.status)
        if response.status in RETRIED_STATUSES:
            raise AttemptFailedError(error, seconds_of(response.headers.get("Retry-After")))
        raise error

    async def _request(self, peer: Peer, outgoing: Outgoing, timeouts: RemoteTimeouts) -> aiohttp.ClientResponse:
        try:
            if not self._private_addresses:
                refuse_private_literal(outgoing.url)
            async with asyncio.timeout(timeouts.first_byte):
                return await self._open_session().request(
                    outgoing.method,
                    outgoing.url,
                    data=outgoing.body,
                    headers=outgoing.headers,
                    # They would carry the headers elsewhere, and past the check of the address.
                    allow_redirects=False,
                    # A read timeout of aiohttp's would count for the whole response: it has its own, the idle time.
                    timeout=aiohttp.ClientTimeout(total=None, connect=timeouts.connect),
                )
        except aiohttp.ConnectionTimeoutError as error:
            text = f"The {peer} cannot be reached: no connection within {timeouts.connect:g} seconds."
            raise AttemptFailedError(UnavailableError(text)) from error
        except TimeoutError as error:
            # Not again: it may be at work on the request.
            raise TimedOutError(f"The {peer} did not answer within {timeouts.first_byte:g} seconds.") from error
        except aiohttp.InvalidURL as error:
            raise UnavailableError(f"The {peer} cannot be reached: its address is not valid.") from error
        except (aiohttp.ClientError, OSError) as error:
            if _is_private(error):
                raise DeniedError(f"The {peer} has no public address, and others are not allowed here.") from error
            text = f"The {peer} cannot be reached. Please check that it is running and that its address is right."
            raise AttemptFailedError(UnavailableError(text)) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = self._resolver or aiohttp.ThreadedResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    # A kept connection that the agent closes just now would fail a POST, which may have been heard.
                    force_close=True,
                    resolver=resolver if self._private_addresses else PublicResolver(resolver),
                ),
                # Cookies of one caller must not go out with another's request.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _count(self, name: str, peer: Peer) -> None:
        if self._telemetry is not None:
            self._telemetry.count(name, peer=str(peer))


def _refusal(peer: Peer, status: int) -> AguiError:
    if status in _KEY_REFUSED:
        text = f"The {peer} did not accept the runtime's credentials (HTTP {status})."
        return DeniedError(text, code=ErrorCode.UNAUTHENTICATED)
    if status == 404:
        return AgentError(f"The {peer} was not found at its address (HTTP 404).", code=ErrorCode.API_NOT_FOUND)
    return AgentError(f"The {peer} answered with HTTP {status}.", details={"status": status})


def _note(breaker: Breaker, error: AguiError) -> None:
    if isinstance(error, UnavailableError | TimedOutError) or error.details.get("status") in _DOWN:
        breaker.failed(error.message)
    elif isinstance(error, DeniedError) or error.code == ErrorCode.API_NOT_FOUND:
        breaker.succeeded(error.message)
    else:
        breaker.succeeded()


def _is_private(error: BaseException) -> bool:
    return isinstance(error, PrivateAddressError) or (
        isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PrivateAddressError)
    )
