"""Runs and suggestions: a RunAgentInput in, a stream of events out (contract agui §3, §7)."""

import logging

from agui_runtime.adapters.agui.agents import find_agent
from agui_runtime.adapters.agui.answers import agent_not_found, failed, invalid_body, unforeseen
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.agui.event_stream import EventStream, lone_error, stream_answer
from agui_runtime.adapters.agui.input import generate_request, read_run_input
from agui_runtime.adapters.agui.operations import Operations
from agui_runtime.adapters.agui.projection import Projection
from agui_runtime.adapters.http.exchange import Response
from agui_runtime.domain.actions import Action
from agui_runtime.domain.errors import AguiError, ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, Caller
from agui_runtime.domain.runs import RunInput

logger = logging.getLogger(__name__)


class Runs:
    """Starts runs. They go on without their request."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def run(self, call: Call) -> Response:
        """A run on the thread that the input names."""
        return await self._start(call, is_stateless=False)

    async def suggest(self, call: Call) -> Response:
        """A run that leaves nothing behind."""
        return await self._start(call, is_stateless=True)

    async def _start(self, call: Call, *, is_stateless: bool) -> Response:
        request = call.request
        caller = await self._operations.access.caller_of(request)
        agent = await find_agent(self._operations, caller, call.ids["agentId"])
        if agent is None:
            return agent_not_found(call.ids["agentId"])
        try:
            run_input = read_run_input(call.body())
        except InvalidError as error:
            return invalid_body(error.message)
        await self._operations.access.allow(request, Action.RUN, run_input.thread_id)
        body: bytes | EventStream
        try:
            body = await self._body(call, caller, agent.name, run_input, is_stateless=is_stateless)
        except AguiError as error:
            if error.code is ErrorCode.TOO_MANY_RUNS:
                # Whoever balances load, or retries, reads a status and no stream.
                raise
            # A refusal is told in a stream: its message is then shown to the user word for word (frontends.md).
            logger.info("Request %s was refused: %s", request.correlation_id, error.message)
            body = lone_error(error, request.correlation_id)
        except Exception:
            logger.exception("Request %s failed before its stream.", request.correlation_id)
            return failed(unforeseen(), "run agent", request.correlation_id)
        return stream_answer(body, self._operations.keep_alive_seconds)

    async def _body(
        self, call: Call, caller: Caller, agent_name: AgentName, run_input: RunInput, *, is_stateless: bool
    ) -> EventStream:
        operations, request = self._operations, call.request
        started = await operations.generate(
            generate_request(
                run_input,
                agent_name,
                operations.properties,
                caller=caller,
                headers=operations.forwarded(request),
                correlation_id=request.correlation_id,
                is_stateless=is_stateless,
            )
        )
        projection = Projection(hidden=operations.hidden, with_input=not is_stateless)
        return EventStream(started.live.follow(), projection, request.correlation_id, with_ids=not is_stateless)
