"""``HttpAgent``: the port ``Agent`` over AG-UI's HTTP transport (contract agui §1, §4, §5)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from attrs import Attribute, evolve, field, frozen

from agui_runtime.adapters.codec.json_text import to_json
from agui_runtime.adapters.codec.runs import encode_run_input
from agui_runtime.adapters.remote.event_stream import EventStream, StreamLimits
from agui_runtime.adapters.remote.headers import check_headers, request_headers
from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.domain.errors import (
    AgentError,
    ConfigurationError,
    DeniedError,
    ErrorCode,
    TimedOutError,
    UnavailableError,
)
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.messages import ActivityMessage
from agui_runtime.domain.runs import RunInput

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""A state at its limit with every character escaped, or a conversation with a few images; half of a run's limit."""


def _positive(_: object, attribute: "Attribute[float]", seconds: float) -> None:
    if not seconds > 0:
        raise ConfigurationError(f"The timeout {attribute.name!r} must be more than 0 seconds.")


@frozen
class RemoteTimeouts:
    """How long to wait for a remote agent, in seconds.

    Attributes:
        connect: until the connection stands, TLS included.
        first_byte: until the response's headers are there, connecting included.
        idle: the longest silence within the response; keep-alive comments count as a sign of life.
        linger: how long the response may stay open after the run's last event. The agent may still tidy up behind it,
            and a connection cut then would cancel that.
    """

    connect: float = field(default=10.0, validator=_positive)
    first_byte: float = field(default=60.0, validator=_positive)
    idle: float = field(default=120.0, validator=_positive)
    linger: float = field(default=2.0, validator=_positive)


def _new_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # A kept connection that the agent closes just now would fail a POST, which cannot be repeated safely.
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        # Cookies of one caller must not go out with another's request.
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _new_id() -> str:
    return f"ck-{uuid4()}"


class HttpAgent:
    """An agent behind a URL that speaks AG-UI: a run input is posted, server-sent events come back.

    Nothing of a request is kept on it; one instance serves all callers. Its errors name the agent, never its URL or
    headers. There are no retries, and redirects are not followed: they would carry the headers elsewhere.

    Args:
        name: as frontends address it.
        url: absolute, http or https.
        description: what clients are told of it.
        headers: go out with every request.
        forward_headers: names of the caller's headers that may go out too, where the host hands them over.
        timeouts: how long to wait.
        max_event_bytes: how large one event may be.
        session_factory: makes the aiohttp session, which this agent then owns; called once per ``open``, in its loop.
        new_id: makes ids for what old agents send without one.

    Raises:
        ConfigurationError: the URL or a header cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        description: str = "",
        headers: Mapping[str, str] | None = None,
        forward_headers: Iterable[str] = (),
        timeouts: RemoteTimeouts | None = None,
        max_event_bytes: int = MAX_EVENT_BYTES,
        session_factory: Callable[[], aiohttp.ClientSession] = _new_session,
        new_id: Callable[[], str] = _new_id,
    ) -> None:
        self._name = AgentName(name)
        self._url = _checked_url(name, url)
        self._description = description
        self._headers = dict(headers or {})
        self._forward_headers = tuple(forward_headers)
        check_headers(name, self._headers, self._forward_headers)
        self._timeouts = timeouts or RemoteTimeouts()
        self._limits = StreamLimits(max_event_bytes, self._timeouts.idle, self._timeouts.linger)
        self._session_factory = session_factory
        self._new_id = new_id
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"HttpAgent({str(self._name)!r})"

    def describe(self) -> AgentDescription:
        """What clients are told of it."""
        return AgentDescription(self._name, self._description)

    async def open(self) -> None:
        """Make the session now rather than with the first run."""
        self._open_session()

    async def close(self) -> None:
        """Close the session with all its connections; a run still going on fails."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Post the run input and wait for the response's headers.

        Raises:
            UnavailableError: the agent cannot be reached.
            TimedOutError: it does not answer in time.
            DeniedError: it does not accept our key (``UNAUTHENTICATED``).
            AgentError: it answers with something else than an event stream.
        """
        response = await self._post(run_input, context)
        try:
            self._check(response)
        except BaseException:
            response.close()
            raise
        return AgentRun(EventStream(str(self._name), response, self._limits, self._new_id))

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._session_factory()
        return self._session

    async def _post(self, run_input: RunInput, context: RunContext) -> aiohttp.ClientResponse:
        headers = request_headers(self._headers, self._forward_headers, context.headers, context.correlation_id)
        # AG-UI's own client keeps activities to itself (contract agui §4); agents do not expect them back.
        messages = tuple(message for message in run_input.messages if not isinstance(message, ActivityMessage))
        body = to_json(encode_run_input(evolve(run_input, messages=messages)))
        connect = self._timeouts.connect
        try:
            async with asyncio.timeout(self._timeouts.first_byte):
                return await self._open_session().post(
                    self._url,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                    # A read timeout of aiohttp's would count for the whole response: it has its own, the idle time.
                    timeout=aiohttp.ClientTimeout(total=None, connect=connect),
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise UnavailableError(
                f"The agent {str(self._name)!r} cannot be reached: no connection within {connect:g} seconds."
            ) from error
        except TimeoutError as error:
            raise TimedOutError(
                f"The agent {str(self._name)!r} did not answer within {self._timeouts.first_byte:g} seconds."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise UnavailableError(
                f"The agent {str(self._name)!r} cannot be reached. "
                "Please check that it is running and that its address is right."
            ) from error

    def _check(self, response: aiohttp.ClientResponse) -> None:
        name, status = str(self._name), response.status
        if status in {401, 403}:
            raise DeniedError(
                f"The agent {name!r} did not accept the runtime's credentials (HTTP {status}).",
                code=ErrorCode.UNAUTHENTICATED,
            )
        if status == 404:
            raise AgentError(f"The agent {name!r} was not found at its address (HTTP 404).")
        if status != 200:
            raise AgentError(f"The agent {name!r} answered with HTTP {status}.")
        if response.content_type != "text/event-stream":
            raise AgentError(f"The agent {name!r} answered with something else than an event stream.")


def _checked_url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        has_user = parts.username is not None or parts.password is not None
    except ValueError:
        usable = has_user = False
    if not usable:
        raise ConfigurationError(f"The URL of the agent {name!r} must be absolute, with http or https.")
    if has_user:
        raise ConfigurationError(f"The URL of the agent {name!r} has a user or a password; configure a header instead.")
    return url
