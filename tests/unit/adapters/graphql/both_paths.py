"""Runs an operation over a run that a history has written down, by the compiled plan or by graphql-core."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import cache
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from graphql import ExecutionResult

from agui_runtime.adapters.graphql import live_response
from agui_runtime.adapters.graphql.context import OperationContext
from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.graphql.documents import Document, Documents, operation_of
from agui_runtime.adapters.graphql.execution import OperationExecutor
from agui_runtime.adapters.graphql.resolvers import bind_resolvers
from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.application.generate_request import GeneratedResponse
from agui_runtime.application.values import LogEntry
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, RunId, RunKey, Scope, ThreadId
from tests.support.aio import run
from tests.support.clock import START
from tests.unit.adapters.graphql.random_documents import RandomDocument
from tests.unit.adapters.graphql.random_histories import RandomHistory
from tests.unit.adapters.graphql.wire import operation, variables

CLIENTS = tuple(RandomDocument(operation(version), {}) for version in ("1.3.0", "1.5.11", "1.10.6"))


class FakeRun:
    """A run that says what a history has."""

    run_id = RunId("run")

    def __init__(self, history: RandomHistory) -> None:
        self._history = history

    async def follow(self) -> AsyncIterator[Sequence[LogEntry]]:
        key = RunKey(Scope("s"), ThreadId("t"), 1)
        sequence = count(1)
        for batch in self._history.batches:
            await asyncio.sleep(0)
            yield [LogEntry(next(sequence), key, each, START) for each in batch]
        if self._history.breaks:
            raise ConnectionError("the log is away")

    def stop(self) -> None:
        """A response that is not complete stops its run."""


class CountingTelemetry:
    def __init__(self) -> None:
        self.fallbacks: Counter[str] = Counter()

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        self.fallbacks[attributes["reason"]] += value


def operations(history: RandomHistory) -> Any:
    async def generate(_: Any) -> GeneratedResponse:
        name = None if history.agent_name is None else AgentName(history.agent_name)
        live: Any = FakeRun(history)
        return GeneratedResponse(ThreadId("t"), history.run_id, history.extensions, name, {}, live)

    async def caller_of(_: Any) -> Caller:
        return Caller(ANONYMOUS, Scope("s"))

    async def allow(request: Any, *_: Any) -> Caller:
        return await caller_of(request)

    access = SimpleNamespace(caller_of=caller_of, allow=allow)
    return SimpleNamespace(generate=generate, access=access, properties={}, forward_headers=frozenset())


@cache
def known_documents() -> Documents:
    return Documents(bind_resolvers(load_schema()), DocumentLimits(max_fields=5000, max_aliases=1000, max_depth=100))


async def payloads_of(
    question: RandomDocument, history: RandomHistory, telemetry: Any, *, compiles: bool
) -> list[dict[str, Any]]:
    """All payloads, or the only one."""
    document = known_documents().get(question.text)
    assert isinstance(document, Document), document
    given_variables = {**question.variables, "data": dict(variables("1.10.6")["data"], streaming=history.streaming)}
    context = OperationContext(Request("POST", "", correlation_id="c"), operations(history))
    executor = OperationExecutor(load_schema(), telemetry, compiles=compiles)
    found = operation_of(document.operations, None)
    assert found is not None
    try:
        result = await executor.execute(context, document, found, given_variables)
        if isinstance(result, ExecutionResult):
            errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
            return [json.loads(json.dumps({"data": result.data, **errors}))]
        payloads = [json.loads(payload) async for payload in result]
        await result.aclose()
        return payloads
    finally:
        await context.close()


def answer(question: RandomDocument, history: RandomHistory, telemetry: Any, *, compiles: bool) -> list[dict[str, Any]]:
    ids = (f"id-{number}" for number in count())
    with patch.object(live_response, "uuid4", lambda: next(ids)):
        return run(payloads_of(question, history, telemetry, compiles=compiles))


class FellBackError(Exception):
    """The plan does not handle the document."""


def by_plan(question: RandomDocument, history: RandomHistory) -> list[dict[str, Any]]:
    """The payloads of the compiled plan.

    Raises:
        FellBackError: there is none.
    """
    telemetry = CountingTelemetry()
    payloads = answer(question, history, telemetry, compiles=True)
    if telemetry.fallbacks:
        raise FellBackError(next(iter(telemetry.fallbacks)))
    return payloads


def by_graphql_core(question: RandomDocument, history: RandomHistory) -> list[dict[str, Any]]:
    """The payloads of graphql-core's incremental execution, in the format of 2022."""
    return answer(question, history, CountingTelemetry(), compiles=False)
