"""The JSON payloads of a response in parts, whoever executes its operation: graphql-core or the compiled plan."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLError, get_argument_values, located_error
from graphql.execution.values import VariableValues

from agui_runtime.adapters.graphql.context import OperationContext
from agui_runtime.adapters.graphql.delivery import Delivery, deliver
from agui_runtime.adapters.graphql.json_bytes import json_bytes
from agui_runtime.adapters.graphql.resolvers import open_response
from agui_runtime.adapters.graphql.stream_encoder import FormatError, StreamEncoder
from agui_runtime.adapters.graphql.stream_plan import StreamPlan


class Payloads(Protocol):
    """JSON documents, each as soon as it is ready."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The documents."""
        ...

    async def aclose(self) -> None:
        """Called once, at the end or when nobody reads any more, even if nothing was read."""
        ...


class InterpretedPayloads:
    """What graphql-core's incremental execution gives, in the format of 2022."""

    def __init__(self, result: Any, format_error: FormatError) -> None:
        self._result = result
        self._documents = self._write(Delivery(format_error))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._documents

    async def aclose(self) -> None:
        """Let graphql-core end what it has begun."""
        await self._documents.aclose()
        await self._result.subsequent_results.aclose()

    async def _write(self, delivery: Delivery) -> AsyncGenerator[bytes, None]:
        async for payload in deliver(self._result, delivery):
            yield json_bytes(payload)


class PlannedPayloads:
    """What the compiled plan writes: no task, one payload for all that is ready."""

    def __init__(self, initial: dict[str, Any], encoder: StreamEncoder, growth: AsyncGenerator[None, None]) -> None:
        self._growth = growth
        self._documents = self._write(initial, encoder)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._documents

    async def aclose(self) -> None:
        """Stop reading the run."""
        await self._documents.aclose()
        await self._growth.aclose()

    async def _write(self, initial: dict[str, Any], encoder: StreamEncoder) -> AsyncGenerator[bytes, None]:
        yield json_bytes(initial)
        while True:
            payload = encoder.advance()
            if payload is not None:
                yield payload
            if encoder.is_over:
                return
            await anext(self._growth, None)


async def execute_plan(
    plan: StreamPlan, values: VariableValues, context: OperationContext, format_error: FormatError
) -> ExecutionResult | PlannedPayloads:
    """Execute an operation by its plan, to the point where its first payload is known.

    The result is whole where nothing follows, because of an error or because nothing more was asked for.
    """
    try:
        arguments = get_argument_values(plan.definition, plan.nodes[0], values)
        opened = await open_response(context, **arguments)
    except Exception as error:  # noqa: BLE001 - whatever a resolver raises is the field's error
        return ExecutionResult(None, [located_error(error, plan.nodes, [plan.key])])
    encoder = StreamEncoder(plan, opened.source, format_error)
    growth = opened.live.growth(opened.run.follow())
    try:
        while encoder.waits():
            await anext(growth, None)
        data = encoder.initial()
    except BaseException:
        await growth.aclose()
        raise
    if data is None or encoder.is_over:
        await growth.aclose()
        return ExecutionResult(data, encoder.errors or None)
    return PlannedPayloads(_initial(data, encoder.errors, format_error), encoder, growth)


def _initial(data: dict[str, Any], errors: list[GraphQLError], format_error: FormatError) -> dict[str, Any]:
    payload: dict[str, Any] = {"data": data}
    if errors:
        payload["errors"] = [format_error(error) for error in errors]
    return {**payload, "hasNext": True}
