"""``HttpAgent``: the port ``Agent`` over AG-UI's HTTP transport (contract agui §1, §4, §5)."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import quote
from uuid import uuid4

from attrs import evolve

from agui_runtime.adapters.codec.json_text import to_json
from agui_runtime.adapters.codec.runs import encode_run_input
from agui_runtime.adapters.remote.client import Outgoing, RemoteClient
from agui_runtime.adapters.remote.credentials import NOBODY, Credentials, HeaderSource, TokenSource
from agui_runtime.adapters.remote.event_stream import EventStream
from agui_runtime.adapters.remote.headers import EVENT_STREAM
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.adapters.remote.response import MAX_EVENT_BYTES, MAX_STREAM_BYTES, Deadline, ResponseReader
from agui_runtime.adapters.remote.timeouts import RemoteTimeouts
from agui_runtime.application.values import AgentDescription, AgentRun, RunContext, UpstreamHealth
from agui_runtime.domain.errors import AgentError, AguiError
from agui_runtime.domain.history_repair import repair_history
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.messages import ActivityMessage
from agui_runtime.domain.runs import RunInput

logger = logging.getLogger(__name__)

STOPPING = RemoteTimeouts(connect=2.0, first_byte=2.0)
"""A run that is stopped here is waited for."""


def new_id() -> str:
    """An id in CopilotKit's form."""
    return f"ck-{uuid4()}"


class HttpAgent:
    """An agent behind a URL that speaks AG-UI: a run input is posted, server-sent events come back.

    Nothing of a request is kept on it; one instance serves all callers. Its errors name the agent, never its URL or
    headers. Redirects are not followed: they would carry the headers elsewhere. A request is sent again only before
    the first byte of an answer, as its client's ``RetryPolicy`` says.

    Args:
        name: as frontends address it.
        url: absolute, http or https.
        description: what clients are told of it.
        headers: go out with every request; or a function of the caller that gives them, a coroutine function too.
        token: goes out as ``Authorization: Bearer``; likewise.
        forward_headers: names of the caller's headers that may go out too, where the host hands them over.
        timeouts: how long to wait.
        max_event_bytes: how large one event may be.
        max_stream_bytes: how large a response may be, keep-alive comments included.
        client: what many agents share, and what agents made per request must be given, since nobody closes those. By
            default the agent has its own, which reaches private addresses too: the URL is the host's.
        capabilities: what clients are told that it can do.
        credentials: instead of ``headers``, ``token`` and ``forward_headers``, where many agents share them.
        stop_url: of a runtime, whose runs outlive their connection: a run that is cut here is stopped there by a POST
            to this URL with the thread's id behind it (contract agui §1).
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
        headers: HeaderSource | None = None,
        token: TokenSource | None = None,
        forward_headers: Iterable[str] = (),
        timeouts: RemoteTimeouts | None = None,
        max_event_bytes: int = MAX_EVENT_BYTES,
        max_stream_bytes: int = MAX_STREAM_BYTES,
        client: RemoteClient | None = None,
        capabilities: Iterable[str] = (),
        credentials: Credentials | None = None,
        stop_url: str | None = None,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self._description = AgentDescription(AgentName(name), description, capabilities=tuple(capabilities))
        self._peer = Peer("agent", name, url)
        self._credentials = credentials or Credentials(str(self._peer), headers, token, forward_headers)
        self._timeouts = timeouts or RemoteTimeouts()
        self._max_event_bytes = max_event_bytes
        self._max_stream_bytes = max_stream_bytes
        self._owned = RemoteClient(private_addresses=True) if client is None else None
        self._client = client or self._owned or RemoteClient()
        self._stop_url = stop_url
        self._new_id = new_id

    def __repr__(self) -> str:
        return f"HttpAgent({self._peer.name!r})"

    def describe(self) -> AgentDescription:
        """What clients are told of it."""
        return self._description

    async def close(self) -> None:
        """Close its own client with all connections; a run still going on fails. A shared client stays as it is."""
        if self._owned is not None:
            await self._owned.close()

    def health(self) -> UpstreamHealth:
        """What is known of it."""
        return self._client.health_of(self._peer)

    async def probe(self) -> None:
        """Look whether it is there and takes our key, with a GET, which starts no run."""
        credentials = self._credentials
        with_key = not credentials.need_caller

        async def headers() -> Mapping[str, str]:
            if not with_key:
                return {}
            return await credentials.headers_for(NOBODY, {}, "", seconds=self._timeouts.connect)

        await self._client.probe(self._peer, headers, with_key=with_key)

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Post the run input and wait for the response's headers.

        Raises:
            UnavailableError: the agent cannot be reached, or is left alone because it kept failing.
            TimedOutError: it does not answer in time.
            DeniedError: it does not accept our key (``UNAUTHENTICATED``), or its address is not allowed.
            AgentError: it answers with something else than an event stream.
        """
        timeouts, deadline = self._timeouts, Deadline(str(self._peer), self._timeouts.total)
        headers = await self._credentials.headers_for(
            context.caller, context.headers, context.correlation_id, seconds=timeouts.connect
        )
        outgoing = Outgoing(self._peer.url, _body(run_input), headers)
        async with deadline.kept():
            response = await self._client.send(self._peer, outgoing, timeouts)
        if response.content_type != EVENT_STREAM:
            response.close()
            raise AgentError(f"The {self._peer} answered with something else than an event stream.")
        reader = ResponseReader(
            str(self._peer), response, idle=timeouts.idle, max_bytes=self._max_stream_bytes, deadline=deadline
        )
        on_cut = partial(self._stop, run_input, headers) if self._stop_url is not None else None
        return AgentRun(EventStream(reader, self._max_event_bytes, timeouts.linger, self._new_id, on_cut))

    async def _stop(self, run_input: RunInput, headers: Mapping[str, str]) -> None:
        """Ask for it; a runtime that does not hear it ends the run by its own limits."""
        url = f"{self._stop_url}/{quote(run_input.thread_id, safe='')}"
        outgoing = Outgoing(url, to_json({"runId": run_input.run_id}), headers)
        try:
            (await self._client.send(self._peer, outgoing, STOPPING, again=False)).close()
        except AguiError as error:
            logger.warning("A run of the %s could not be stopped there: %s", self._peer, error.message)


def _body(run_input: RunInput) -> bytes:
    # AG-UI's own client keeps activities to itself (contract agui §4); agents do not expect them back.
    messages = tuple(message for message in run_input.messages if not isinstance(message, ActivityMessage))
    # A call that waits for the user at the end is the agent's to close.
    repaired = repair_history(messages, keep_open=True)
    return to_json(encode_run_input(evolve(run_input, messages=repaired)))
