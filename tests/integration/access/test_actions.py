"""What a policy is asked for each operation of either protocol, and what becomes of those it refuses."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agui_runtime.adapters.auth import TenantScope
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.actions import MAKES_THREADS, Action
from agui_runtime.domain.errors import DeniedError, ErrorCode
from agui_runtime.domain.identity import Caller, Principal, ThreadId
from tests.integration.access.agui_requests import DELETED, REST, WAYS, ask
from tests.integration.access.graphql_requests import OPERATIONS
from tests.integration.access.world import HIDDEN, THREAD, TOKENS, World, world
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat

ELSEWHERE = "never-was-one"
CLEARS = {"AGUI_CLEAR_THREADS": "1"}
A = Action
AGUI_ASKS: Mapping[str, frozenset[Action]] = {
    "agent/run": frozenset({A.RUN}),
    "agent/suggest": frozenset({A.RUN}),
    "agent/connect": frozenset({A.READ}),
    "agent/stop": frozenset({A.STOP}),
    "threads/list": frozenset({A.LIST, A.READ}),
    "threads/messages": frozenset({A.READ}),
    "threads/events": frozenset({A.READ}),
    "threads/state": frozenset({A.READ}),
    "threads/update": frozenset({A.RENAME}),
    DELETED: frozenset({A.DELETE}),
    "threads/archive": frozenset({A.ARCHIVE}),
    "threads/clear": frozenset({A.DELETE}),
}
GRAPHQL_ASKS: Mapping[str, frozenset[Action]] = {
    "loadAgentState": frozenset({A.READ}),
    "agentStates": frozenset({A.READ}),
    "metaEvents": frozenset({A.READ}),
    "generateCopilotResponse": frozenset({A.RUN}),
    "executeAgent": frozenset({A.RUN}),
    "saveAgentState": frozenset({A.SAVE_STATE}),
    "deleteAgentState": frozenset({A.DELETE_STATE}),
}
ASK_NOTHING = {
    *("info", "transcribe", "annotate", "memories", "threads/subscribe"),
    *("inspector/metadata", "inspector/learning", "debug-events"),
    *("hello", "availableAgents", "runtimeInfo"),
}
"""They are about no thread."""

Rule = Callable[[Action, ThreadId | None], bool]


class Team:
    """Knows callers by their tokens; all of them are of one tenant."""

    async def identify(self, facts: RequestFacts) -> Principal:
        for name, token in TOKENS.items():
            if facts.headers.get("authorization") == f"Bearer {token}":
                return Principal(name, {"tenant": "acme"})
        raise DeniedError("Please sign in.", code=ErrorCode.UNAUTHENTICATED)


class Roles(TenantScope):
    """Alice may do everything; a rule says what Bob may do.

    Attributes:
        asked: what Bob wanted.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self._rule = rule
        self.asked: list[tuple[Action, ThreadId | None]] = []

    async def permits(self, caller: Caller, action: Action, thread_id: ThreadId | None) -> bool:
        if caller.principal.subject == "alice":
            return True
        self.asked.append((action, thread_id))
        return self._rule(action, thread_id)


def everything(action: Action, thread_id: ThreadId | None) -> bool:
    return True


def viewing(action: Action, thread_id: ThreadId | None) -> bool:
    return action in {Action.READ, Action.LIST}


def all_but_hers(action: Action, thread_id: ThreadId | None) -> bool:
    return thread_id != THREAD


def team(rule: Rule) -> tuple[Roles, Any]:
    roles = Roles(rule)
    return roles, world(environment=CLEARS, identity=Team(), access_policy=roles)


async def seen_by_alice(made: World) -> list[Any]:
    kept = [(await ask(made, name, "rest", "alice")).json() for name in ("threads/list", "threads/events")]
    return [*kept, (await made.ask(OPERATIONS["loadAgentState"], "alice")).json()]


def denied(answer: Answer) -> bool:
    """Whether an answer of GraphQL's says so, in one of its forms."""
    result = answer.result()
    if result.get("errors"):
        words = result["errors"][0]["message"].startswith("You are not permitted to ")
        return bool(words and result["errors"][0]["extensions"]["code"] == "UNKNOWN" and result["data"] is None)
    (said,) = result["data"].values()
    return isinstance(said, dict) and said.get("errorCode") == "DENIED" and said["success"] is False


def as_if_elsewhere(answer: Answer) -> str:
    text = answer.text.replace(ELSEWHERE, THREAD)
    return text.replace(answer.headers["x-request-id"], "an id of ours")


def graphql_elsewhere(operation: str) -> Any:
    return json.loads(json.dumps(OPERATIONS[operation]).replace(THREAD, ELSEWHERE))


THREADS_OF_AGUI = [(name, way) for name, way in WAYS if name in AGUI_ASKS]


def test_it_is_written_here_what_each_operation_asks() -> None:
    assert {*AGUI_ASKS, *GRAPHQL_ASKS, *ASK_NOTHING} == {*REST, *OPERATIONS}


@pytest.mark.parametrize(("operation", "way"), WAYS)
def test_an_operation_of_agui_asks_for_its_action_on_its_thread(operation: str, way: str) -> None:
    async def test() -> None:
        roles, made_of = team(everything)
        async with made_of as made:
            await ask(made, operation, way, "bob")
        assert {action for action, _ in roles.asked} == AGUI_ASKS.get(operation, frozenset())
        assert {str(thread) for _, thread in roles.asked} <= {THREAD, "None"}
        if operation not in {"threads/list", "threads/clear"}:
            assert {thread for _, thread in roles.asked} <= {THREAD}

    run(test())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_of_graphql_asks_for_its_action_on_its_thread(operation: str) -> None:
    async def test() -> None:
        roles, made_of = team(everything)
        async with made_of as made:
            await made.ask(OPERATIONS[operation], "bob")
        assert roles.asked == [(action, THREAD) for action in GRAPHQL_ASKS.get(operation, ())]

    run(test())


def test_a_run_that_makes_its_thread_is_asked_for_without_one() -> None:
    async def test() -> None:
        roles, made_of = team(viewing)
        async with made_of as made:
            body = chat("go", agent="notes")
            del body["variables"]["data"]["threadId"]
            assert denied(await made.ask(body, "bob"))
            text = OPERATIONS["executeAgent"]["query"].replace(f'threadId: "{THREAD}", ', "")
            assert denied(await made.ask({"query": text}, "bob"))
        assert roles.asked == [(Action.RUN, None)] * 2

    run(test())


@pytest.mark.parametrize(("operation", "way"), THREADS_OF_AGUI)
def test_viewers_read_on_agui_and_everything_else_is_forbidden(operation: str, way: str) -> None:
    async def test() -> None:
        _, made_of = team(viewing)
        async with made_of as made:
            before = await seen_by_alice(made)
            answer = await ask(made, operation, way, "bob")
            if AGUI_ASKS[operation] <= {Action.READ, Action.LIST}:
                assert answer.status == 200
                assert (HIDDEN in answer.text) is (operation != "threads/list")
            else:
                assert (answer.status, answer.json()["code"]) == (403, "DENIED")
                assert answer.json()["message"].startswith("You are not permitted to ")
                assert answer.json()["correlationId"] == answer.headers["x-request-id"]
            assert await seen_by_alice(made) == before

    run(test())


@pytest.mark.parametrize("operation", GRAPHQL_ASKS)
def test_viewers_read_on_graphql_and_everything_else_is_denied(operation: str) -> None:
    async def test() -> None:
        _, made_of = team(viewing)
        async with made_of as made:
            before = await seen_by_alice(made)
            answer = await made.ask(OPERATIONS[operation], "bob")
            assert answer.status == 200
            assert denied(answer) is (GRAPHQL_ASKS[operation] != {Action.READ})
            assert await seen_by_alice(made) == before

    run(test())


@pytest.mark.parametrize(("operation", "way"), THREADS_OF_AGUI)
def test_a_thread_that_may_not_be_read_does_not_exist_on_agui(operation: str, way: str) -> None:
    async def test() -> None:
        _, made_of = team(all_but_hers)
        async with made_of as made:
            before = await seen_by_alice(made)
            answer = await ask(made, operation, way, "bob")
            assert HIDDEN not in answer.text
            if AGUI_ASKS[operation] & MAKES_THREADS:
                # That it is forbidden says nothing of whether it is there.
                assert answer.status == 403
            else:
                missing = await ask(made, operation, way, "bob", thread=ELSEWHERE)
                assert answer.status == missing.status
                assert as_if_elsewhere(answer) == as_if_elsewhere(missing)
            if operation == "threads/list":
                assert answer.json()["threads"] == []
            assert await seen_by_alice(made) == before

    run(test())


@pytest.mark.parametrize("operation", GRAPHQL_ASKS)
def test_a_thread_that_may_not_be_read_does_not_exist_on_graphql(operation: str) -> None:
    async def test() -> None:
        _, made_of = team(all_but_hers)
        async with made_of as made:
            before = await seen_by_alice(made)
            answer = await made.ask(OPERATIONS[operation], "bob")
            assert HIDDEN not in answer.text
            if GRAPHQL_ASKS[operation] & MAKES_THREADS:
                assert denied(answer)
            else:
                missing = await made.ask(graphql_elsewhere(operation), "bob")
                assert as_if_elsewhere(answer) == as_if_elsewhere(missing)
            assert await seen_by_alice(made) == before

    run(test())


def test_a_change_of_a_thread_is_permitted_as_a_whole_or_not_done() -> None:
    def renaming(action: Action, thread_id: ThreadId | None) -> bool:
        return action in {Action.READ, Action.RENAME}

    async def test() -> None:
        roles, made_of = team(renaming)
        async with made_of as made:
            before = await seen_by_alice(made)
            both = {"name": "new", "archived": True}
            assert (await made.ask(both, "bob", path=f"/threads/{THREAD}", method="PATCH")).status == 403
            assert await seen_by_alice(made) == before
            alone = await made.ask({"name": "new"}, "bob", path=f"/threads/{THREAD}", method="PATCH")
            assert (alone.status, alone.json()["name"]) == (200, "new")
        assert (Action.ARCHIVE, THREAD) in roles.asked

    run(test())


def test_clearing_leaves_the_threads_that_may_not_be_deleted() -> None:
    async def test() -> None:
        _, made_of = team(all_but_hers)
        async with made_of as made:
            assert (await ask(made, "agent/run", "rest", "alice", thread="another")).status == 200
            assert (await ask(made, "threads/clear", "rest", "bob")).status == 204
            left = (await ask(made, "threads/list", "rest", "alice")).json()["threads"]
            assert [thread["id"] for thread in left] == [THREAD]

    run(test())
