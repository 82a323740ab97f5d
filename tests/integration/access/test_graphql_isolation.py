"""Each operation of GraphQL: a stranger is told to sign in, and another caller finds nothing of what is not theirs."""

from typing import Any

import pytest
from graphql import build_schema

from agui_runtime.adapters.graphql.schema import sdl
from tests.integration.access.graphql_requests import OPERATIONS
from tests.integration.access.world import HIDDEN, world
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, exchange
from tests.support.leaks import assert_leaks_nothing

READING: dict[str, Any] = {
    "loadAgentState": {"threadExists": False, "state": "{}", "messages": "[]", "stateFound": False},
    "agentStates": [],
    "metaEvents": [],
    "deleteAgentState": {"success": True, "existed": False, "errorCode": None},
    "saveAgentState": {"success": True, "version": 1, "errorCode": None},
}
RUNNING = ("generateCopilotResponse", "executeAgent")
"""Asking an agent is everybody's right; the thread is each caller's own."""
OF_NO_THREAD = ("hello", "availableAgents", "runtimeInfo")
LOAD = OPERATIONS["loadAgentState"]


def test_these_are_all_operations_there_are() -> None:
    schema = build_schema(sdl())
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    assert {name for root in roots if root for name in root.fields} == set(OPERATIONS)
    assert {*READING, *RUNNING, *OF_NO_THREAD} == set(OPERATIONS)


@pytest.mark.parametrize("operation", [*OPERATIONS, "introspection"])
def test_a_stranger_is_told_to_sign_in(operation: str) -> None:
    body = OPERATIONS.get(operation, {"query": "{ __schema { queryType { name } } }"})

    async def test() -> None:
        async with world() as made:
            answer = await made.ask(body, None)
            assert answer.status == 200
            assert answer.error()["message"] == "Please sign in."
            assert answer.error()["extensions"]["code"] == "AUTHENTICATION_ERROR"
            assert_leaks_nothing(answer)
            assert HIDDEN in (await made.ask(LOAD, "alice")).text

    run(test())


@pytest.mark.parametrize("operation", READING)
def test_another_caller_finds_nothing(operation: str) -> None:
    async def test() -> None:
        async with world() as made:
            answer = await made.ask(OPERATIONS[operation], "bob")
            assert answer.result()["data"][operation] == READING[operation]
            assert HIDDEN not in answer.text

    run(test())


@pytest.mark.parametrize("operation", ["generateCopilotResponse", "saveAgentState", "deleteAgentState", "executeAgent"])
def test_what_another_caller_does_changes_nothing(operation: str) -> None:
    async def test() -> None:
        async with world() as made:
            before = (await made.ask(LOAD, "alice")).json()
            assert (await made.ask(OPERATIONS[operation], "bob")).status == 200
            assert (await made.ask(LOAD, "alice")).json() == before

    run(test())


@pytest.mark.parametrize(
    "header", ["Bearer wrong-token-but-long", "Bearer", "Basic YWxpY2U6eA==", "Bearer alices-long-secre"]
)
def test_a_bad_token_is_no_token_and_only_the_log_says_why(header: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with world() as made:
            headers = {**CLIENT_HEADERS, "authorization": header, "x-request-id": "request-7"}
            answer = await exchange(made.url, OPERATIONS["hello"], headers=headers)
            assert answer.error()["message"] == "Please sign in."
            assert "configured" not in answer.text
            assert "bearer" not in answer.text.lower()

    run(test())
    assert "Request request-7 was refused: The " in caplog.text
    assert "secre" not in caplog.text
