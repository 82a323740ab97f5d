"""What resolvers are given: the use cases, and one request's context."""

import asyncio
from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, frozen
from graphql import GraphQLResolveInfo

from agui_runtime.adapters.graphql.live_response import LiveResponse
from agui_runtime.adapters.http.access import Access
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.application.delete_state import DeleteState
from agui_runtime.application.describe_runtime import DescribeRuntime
from agui_runtime.application.execute_agent import ExecuteAgent
from agui_runtime.application.generate_response import GenerateResponse
from agui_runtime.application.list_agents import FindAgent, ListAgents
from agui_runtime.application.list_states import ListStates
from agui_runtime.application.live_run import LiveRun
from agui_runtime.application.load_state import LoadState
from agui_runtime.application.open_interrupts import OpenInterrupts
from agui_runtime.application.ports import IdGenerator
from agui_runtime.application.read_history import ReadHistory
from agui_runtime.application.save_state import SaveState
from agui_runtime.domain.actions import Action
from agui_runtime.domain.identity import Caller, ThreadId
from agui_runtime.domain.json_value import JsonObject


@frozen(kw_only=True)
class Operations:
    """The use cases behind the schema.

    Attributes:
        properties: the endpoint's own, under the client's (contract graphql §3).
        forward_headers: lower-case names of the callers' headers that go to agents; none by default.
        keep_alive_seconds: how long a stream may be silent; 0 for ever.
    """

    generate: GenerateResponse
    execute_agent: ExecuteAgent
    load_state: LoadState
    save_state: SaveState
    delete_state: DeleteState
    list_states: ListStates
    list_agents: ListAgents
    find_agent: FindAgent
    read_history: ReadHistory
    open_interrupts: OpenInterrupts
    describe_runtime: DescribeRuntime
    access: Access
    ids: IdGenerator
    properties: JsonObject = Factory(dict[str, Any])
    forward_headers: frozenset[str] = frozenset()
    keep_alive_seconds: float = 15.0


@define
class OperationContext:
    """One request's context: what resolvers read, and what the endpoint must look after when it is over."""

    request: Request
    operations: Operations
    _runs: list[tuple[LiveRun, LiveResponse]] = Factory(list[Any])
    _pumps: "list[asyncio.Task[None]]" = Factory(list[Any])

    async def caller(self) -> Caller:
        """Who calls.

        Raises:
            DeniedError: not known, or not welcome.
            UnavailableError: whether they are known cannot be found out now.
        """
        return await self.operations.access.caller_of(self.request)

    async def allow(self, action: Action, thread_id: ThreadId | None = None) -> Caller:
        """The caller for whom an action is to be done; one who finds nothing, where it must not know of the thread.

        Raises:
            DeniedError: not permitted.
        """
        return await self.operations.access.allow(self.request, action, thread_id)

    def header(self, name: str) -> str | None:
        """A request header."""
        return self.request.header(name)

    def forwarded_headers(self) -> Mapping[str, str]:
        """The headers that may go to agents."""
        allowed = self.operations.forward_headers
        return {name: self.request.headers[name] for name in allowed if name in self.request.headers}

    def look_after(self, run: LiveRun, response: LiveResponse) -> None:
        """Stop the run when the request is over, should the response not be complete by then."""
        self._runs.append((run, response))

    def pump(self, run: LiveRun, response: LiveResponse) -> None:
        """Read the run into the response until the request is over."""
        self._pumps.append(asyncio.create_task(response.pump(run.follow()), name="graphql response"))

    async def close(self) -> None:
        """The request is over: a run that has not told its end is stopped; that is the protocol's only stop."""
        for run, response in self._runs:
            if not response.is_complete:
                run.stop()
        if self._pumps:
            for pump in self._pumps:
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)


Info = GraphQLResolveInfo[OperationContext]
