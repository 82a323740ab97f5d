"""The calls of one remote endpoint."""

from collections.abc import Mapping

import aiohttp
from attrs import frozen

from agui_runtime.adapters.codec.json_text import from_json, to_json
from agui_runtime.adapters.remote.client import Outgoing, RemoteClient
from agui_runtime.adapters.remote.credentials import Credentials
from agui_runtime.adapters.remote.headers import JSON
from agui_runtime.adapters.remote.peer import Peer
from agui_runtime.adapters.remote.response import Deadline, ResponseReader
from agui_runtime.adapters.remote.timeouts import RemoteTimeouts
from agui_runtime.domain.errors import AgentError, InvalidError
from agui_runtime.domain.identity import Caller
from agui_runtime.domain.json_value import JsonObject, is_object

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""What an endpoint says of itself, an action's result, or a thread's state with its messages."""


@frozen
class EndpointApi:
    """How an endpoint is asked.

    Attributes:
        base: its URL, without a slash at the end.
        discovery_timeouts: for what many requests wait for.
    """

    base: str
    client: RemoteClient
    credentials: Credentials
    timeouts: RemoteTimeouts
    discovery_timeouts: RemoteTimeouts

    async def post(
        self,
        peer: Peer,
        path: str,
        body: JsonObject,
        caller: Caller,
        headers: Mapping[str, str],
        *,
        correlation_id: str = "",
    ) -> aiohttp.ClientResponse:
        """The response with status 200; the caller's to close.

        Raises:
            AguiError: as ``RemoteClient.send``.
        """
        made = await self.credentials.headers_for(
            caller, headers, correlation_id, seconds=self.timeouts.connect, accept=JSON
        )
        return await self.client.send(peer, Outgoing(f"{self.base}{path}", to_json(body), made), self.timeouts)

    async def ask(
        self, peer: Peer, path: str, body: JsonObject, caller: Caller, headers: Mapping[str, str]
    ) -> JsonObject:
        """The answer, a JSON object.

        Raises:
            AguiError: as ``RemoteClient.send``.
            AgentError: the answer is none.
        """
        deadline = Deadline(str(peer), _whole(self.timeouts))
        async with deadline.kept():
            response = await self.post(peer, path, body, caller, headers)
        return await self._object(peer, response, self.timeouts, deadline)

    async def discover(self, peer: Peer, body: JsonObject | None, caller: Caller) -> JsonObject:
        """What the endpoint says of itself: by POST (CopilotKit's), or by GET (an AG-UI runtime's) without a body.

        Raises:
            AguiError: as ``RemoteClient.send``. It is not asked again: many requests wait.
            AgentError: the answer is none.
        """
        timeouts = self.discovery_timeouts
        deadline = Deadline(str(peer), _whole(timeouts))
        made = await self.credentials.headers_for(caller, caller.headers, "", seconds=timeouts.connect, accept=JSON)
        outgoing = (
            Outgoing(f"{self.base}/info", None, made, "GET")
            if body is None
            else Outgoing(f"{self.base}/info", to_json(body), made)
        )
        async with deadline.kept():
            response = await self.client.send(peer, outgoing, timeouts, again=False)
        return await self._object(peer, response, timeouts, deadline)

    async def _object(
        self, peer: Peer, response: aiohttp.ClientResponse, timeouts: RemoteTimeouts, deadline: Deadline
    ) -> JsonObject:
        reader = ResponseReader(str(peer), response, idle=timeouts.idle, max_bytes=MAX_ANSWER_BYTES, deadline=deadline)
        try:
            value = from_json(await reader.whole())
        except InvalidError as error:
            raise AgentError(f"The {peer} gave an answer that is not valid JSON.") from error
        finally:
            reader.close()
        if not is_object(value):
            raise AgentError(f"The {peer} gave an answer that is no JSON object.")
        return value


def _whole(timeouts: RemoteTimeouts) -> float:
    """An answer is no run: it must be there soon after its first byte."""
    return timeouts.first_byte + timeouts.idle if timeouts.total is None else timeouts.total
