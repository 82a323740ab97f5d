"""``RemoteEndpoint``: all agents and actions that one URL offers, found by asking it."""

import asyncio
import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any

from attrs import Factory, define, evolve, frozen

from agui_runtime.adapters.remote.client import RemoteClient
from agui_runtime.adapters.remote.copilotkit import EndpointApi, remote_tools
from agui_runtime.adapters.remote.credentials import NOBODY, Credentials, HeaderSource, TokenSource
from agui_runtime.adapters.remote.discovery import Offer, discover
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.adapters.remote.timeouts import RemoteTimeouts
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import UpstreamHealth
from agui_runtime.domain.errors import AguiError, ErrorCode, NotFoundError, UnavailableError
from agui_runtime.domain.identity import AgentName, Caller
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.tools import ServerTool

logger = logging.getLogger(__name__)

MAX_OFFERS = 256
"""An offer may depend on what a caller's request carries; so many are remembered."""

DISCOVERY = RemoteTimeouts(connect=5.0, first_byte=5.0, idle=5.0, total=10.0)
"""Requests wait for it."""


@frozen
class EndpointStatus:
    """How the last discovery of an endpoint went, for health checks.

    Attributes:
        error: why it failed; ``None`` where it did not, or was not tried yet.
        agents: how many it offers, as far as known.
        actions: likewise.
    """

    name: str
    asked: bool
    error: str | None
    agents: int
    actions: int


@define
class _Known:
    """What is known of the offer to one caller."""

    offer: Offer | None = None
    error: AguiError | None = None
    fresh_until: float = 0.0
    lock: asyncio.Lock = Factory(asyncio.Lock)


class RemoteEndpoint:
    """A CopilotKit remote endpoint, or another runtime that serves AG-UI (contract agui §2): its answer tells which.

    What it offers is asked when it is needed, remembered, and asked again after a while. When it cannot be reached,
    what was known is offered still, and other endpoints are not disturbed. It is asked with the request's properties
    and its page's URL, and what it offers is remembered for each of these.

    Args:
        name: as errors, logs and health checks call it.
        url: absolute, http or https, without the ``/info`` at the end.
        headers: go out with every request; or a function of the caller that gives them, a coroutine function too.
        token: goes out as ``Authorization: Bearer``; likewise.
        forward_headers: names of the caller's headers that may go out too, where the host hands them over.
        properties: sent with every request, under the frontend's own.
        timeouts: how long to wait for runs, actions and states.
        discovery_timeouts: how long to wait for what it offers.
        refresh_seconds: how long its answer holds.
        retry_seconds: how long it is not asked again after it failed to answer.
        client: what many endpoints share. By default it has its own, which reaches private addresses too.

    Raises:
        ConfigurationError: the URL or a header cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        headers: HeaderSource | None = None,
        token: TokenSource | None = None,
        forward_headers: Iterable[str] = (),
        properties: JsonObject | None = None,
        timeouts: RemoteTimeouts | None = None,
        discovery_timeouts: RemoteTimeouts = DISCOVERY,
        refresh_seconds: float = 60.0,
        retry_seconds: float = 5.0,
        client: RemoteClient | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._peer = Peer("remote endpoint", name, url.rstrip("/"))
        self._owned = RemoteClient(private_addresses=True) if client is None else None
        self._api = EndpointApi(
            base=self._peer.url,
            client=client or self._owned or RemoteClient(),
            credentials=Credentials(str(self._peer), headers, token, forward_headers),
            timeouts=timeouts or RemoteTimeouts(),
            discovery_timeouts=discovery_timeouts,
        )
        self._properties = dict(properties or {})
        self._refresh_seconds = refresh_seconds
        self._retry_seconds = retry_seconds
        self._now = now
        self._known: OrderedDict[Any, _Known] = OrderedDict()
        self.agents = RemoteAgents(self)
        self.tools = RemoteTools(self)

    def __repr__(self) -> str:
        return f"RemoteEndpoint({self._peer.name!r})"

    async def close(self) -> None:
        """Close its own client; a shared one stays as it is."""
        if self._owned is not None:
            await self._owned.close()

    @property
    def status(self) -> EndpointStatus:
        """How the last discovery went."""
        known = next(reversed(self._known.values()), _Known())
        offer = known.offer or Offer()
        asked = known.offer is not None or known.error is not None
        error = None if known.error is None else known.error.message
        return EndpointStatus(self._peer.name, asked, error, len(offer.agents), len(offer.actions))

    def health(self) -> UpstreamHealth:
        """What is known of it: the last discovery, or a call since."""
        known, status = self._api.client.health_of(self._peer), self.status
        offers = {"agents": status.agents, "actions": status.actions} if status.asked else {}
        return evolve(known, problem=known.problem or status.error or "", offers=offers)

    async def probe(self) -> None:
        """Ask what it offers, where that is not known."""
        if not self._api.credentials.need_caller:
            await self.offer_if_known(NOBODY)

    async def offer(self, caller: Caller) -> Offer:
        """What it offers to a caller; the last known while it cannot be reached.

        Raises:
            AguiError: it cannot be reached and never could.
        """
        known = self._remembered(caller)
        if self._now() >= known.fresh_until:
            async with known.lock:
                # Whoever held the lock has asked meanwhile.
                if self._now() >= known.fresh_until:
                    await self._refresh(known, caller)
        if known.offer is not None:
            return known.offer
        raise known.error or UnavailableError(f"The {self._peer} has not answered yet.")

    async def offer_if_known(self, caller: Caller) -> Offer:
        """The same, with nothing in it while nothing is known: one dead endpoint must not take the others along."""
        try:
            return await self.offer(caller)
        except AguiError:
            return Offer()

    def tools_of(self, offer: Offer, caller: Caller, properties: JsonObject) -> Sequence[ServerTool]:
        """Its actions, ready to be called for one request."""
        return remote_tools(self._api, self._peer, offer.actions, caller, {**self._properties, **properties})

    async def _refresh(self, known: _Known, caller: Caller) -> None:
        try:
            known.offer = await discover(self._api, self._peer, caller, self._properties)
        except AguiError as error:
            if known.error is None:
                logger.warning("The %s cannot be asked what it offers: %s", self._peer, error.message)
            known.error = error
            known.fresh_until = self._now() + self._retry_seconds
        else:
            if known.error is not None:
                logger.info("The %s answers again.", self._peer)
            known.error = None
            known.fresh_until = self._now() + self._refresh_seconds

    def _remembered(self, caller: Caller) -> _Known:
        """By what its answer may depend on: the headers sent along, or whoever they are made for, and the body."""
        own = (caller.scope, caller.principal.subject) if self._api.credentials.are_per_caller else None
        sent = tuple(caller.headers.get(name.lower()) for name in self._api.credentials.forward_headers)
        key = (own, sent, _digest({"properties": dict(caller.properties), "page": caller.frontend_url}))
        known = self._known.setdefault(key, _Known())
        self._known.move_to_end(key)
        if len(self._known) > MAX_OFFERS:
            self._known.popitem(last=False)
        return known


def _digest(value: JsonObject) -> bytes:
    """Stands for a value that may be large, or hold what should not be kept."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode("utf-8", "surrogatepass")).digest()


class RemoteAgents:
    """The agents of an endpoint, as a catalogue."""

    def __init__(self, endpoint: RemoteEndpoint) -> None:
        self._endpoint = endpoint

    async def list(self, caller: Caller) -> Sequence[Agent]:
        """All of them, as far as known."""
        return tuple((await self._endpoint.offer_if_known(caller)).agents.values())

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        """The agent of that name.

        Raises:
            NotFoundError: with ``AGENT_NOT_FOUND``.
            AguiError: the endpoint cannot be reached and never could: it may have the agent.
        """
        agents = (await self._endpoint.offer(caller)).agents
        if name not in agents:
            available = [str(known) for known in agents]
            raise NotFoundError(
                f"Agent {name!r} was not found.",
                code=ErrorCode.AGENT_NOT_FOUND,
                details={"agent": str(name), "available": available},
            )
        return agents[name]


class RemoteTools:
    """The actions of an endpoint, as a catalogue of server-side tools."""

    def __init__(self, endpoint: RemoteEndpoint) -> None:
        self._endpoint = endpoint

    async def list(self, caller: Caller, properties: JsonObject) -> Sequence[ServerTool]:
        """All of them, as far as known."""
        offer = await self._endpoint.offer_if_known(caller)
        return self._endpoint.tools_of(offer, caller, properties)
