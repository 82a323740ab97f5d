"""A guardrail's verdict: beside the run, before its tools, and over its terminal event."""

import asyncio
from typing import Any

import pytest

from agui_runtime.adapters.scripted import call, say
from agui_runtime.application.generate_request import GuardrailTopics
from agui_runtime.application.values import GuardrailRequest, Verdict
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import GENERIC_MESSAGE, AgentError, ErrorCode, MisuseError, UnavailableError
from agui_runtime.domain.messages import AssistantMessage, ToolMessage, UserMessage
from agui_runtime.domain.runs import Denied
from tests.unit.application.world import (
    Hooks,
    Refusing,
    World,
    agent_that_says,
    model_that_says,
    only,
    scenario,
    server_tool,
    to_agent,
    to_model,
    user,
)

TOPICS = {"guardrail": GuardrailTopics(("cats",), ("dogs",), "key-1")}
TEXT = say("m", ["about dogs"])


class Judge:
    """Gives its verdict after a while."""

    def __init__(self, verdict: Verdict | Exception, seconds: float = 0.0) -> None:
        self.asked: list[GuardrailRequest] = []
        self._verdict, self._seconds = verdict, seconds

    async def check(self, request: GuardrailRequest) -> Verdict:
        self.asked.append(request)
        await asyncio.sleep(self._seconds)
        if isinstance(self._verdict, Exception):
            raise self._verdict
        return self._verdict


ALLOWED = Verdict(True)
DENIED = Verdict(False, "dogs are off topic")


def test_an_allowed_input_changes_nothing() -> None:
    judge = Judge(ALLOWED, 0.01)
    world = World(model=model_that_says(*TEXT), guardrail=judge)

    async def test() -> None:
        events = await world.complete(to_model(**TOPICS))
        assert events[1:4] == list(TEXT)
        assert events[-1].type == "RUN_FINISHED"
        (request,) = judge.asked
        assert (request.text, request.allow_list, request.deny_list, request.credentials) == (
            "Hello",
            ("cats",),
            ("dogs",),
            "key-1",
        )

    scenario(world, test)


@pytest.mark.parametrize("seconds", [0.0, 0.02], ids=["before the answer", "after the answer"])
def test_a_denied_input_ends_the_run_as_denied(seconds: float) -> None:
    hooks = Hooks()
    world = World(model=model_that_says(*TEXT), guardrail=Judge(DENIED, seconds), hooks=hooks)

    async def test() -> None:
        events = await world.complete(to_model(**TOPICS))
        assert events[-1] == e.RunError("dogs are off topic", ErrorCode.GUARDRAIL_DENIED)
        assert hooks.after[0].outcome == Denied("dogs are off topic")

    scenario(world, test)


def test_denied_text_stays_out_of_history_and_state() -> None:
    agent = agent_that_says(e.StateSnapshot({"n": 1}), *TEXT)
    world = World(agents=(agent,), guardrail=Judge(DENIED, 0.02))

    async def test() -> None:
        await world.complete(to_agent(**TOPICS))
        assert [message.content for message in await world.history()] == ["Hello"]
        assert await world.state() is None

    scenario(world, test)


def test_server_tools_wait_for_the_verdict() -> None:
    order: list[str] = []

    async def tool(_: dict[str, Any]) -> Any:
        order.append("tool")

    class Slow(Judge):
        async def check(self, request: GuardrailRequest) -> Verdict:
            verdict = await super().check(request)
            order.append("verdict")
            return verdict

    world = World(
        model=model_that_says(*call("c", "tool", ["{}"])),
        tools=(server_tool("tool", tool),),
        guardrail=Slow(ALLOWED, 0.02),
    )

    async def test() -> None:
        events = await world.complete(to_model(**TOPICS))
        assert order == ["verdict", "tool"]
        assert len(only(events, e.ToolCallResult)) == 1

    scenario(world, test)


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_denied_means_that_no_tool_runs(seconds: float) -> None:
    ran: list[int] = []

    async def tool(_: dict[str, Any]) -> Any:
        ran.append(1)

    world = World(
        model=model_that_says(*call("c", "tool", ["{}"])),
        tools=(server_tool("tool", tool),),
        guardrail=Judge(DENIED, seconds),
    )

    async def test() -> None:
        events = await world.complete(to_model(**TOPICS))
        assert events[-1] == e.RunError("dogs are off topic", ErrorCode.GUARDRAIL_DENIED)
        assert (ran, only(events, e.ToolCallResult)) == ([], [])

    scenario(world, test)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (RuntimeError("secret of the service"), GENERIC_MESSAGE),
        (UnavailableError("The guardrail is away."), "The guardrail is away."),
    ],
)
@pytest.mark.parametrize("with_tool", [False, True])
def test_a_guardrail_that_fails_fails_the_run(fault: Exception, message: str, with_tool: bool) -> None:
    async def tool(_: dict[str, Any]) -> Any:
        raise AssertionError

    world = World(
        model=model_that_says(*(call("c", "tool", ["{}"]) if with_tool else TEXT)),
        tools=(server_tool("tool", tool),),
        guardrail=Judge(fault, 0.01),
    )

    async def test() -> None:
        last = (await world.complete(to_model(**TOPICS)))[-1]
        assert isinstance(last, e.RunError)
        assert last.message == message

    scenario(world, test)


@pytest.mark.parametrize(
    "last", [AssistantMessage(id="a", content="hi"), ToolMessage(id="t", tool_call_id="c", content="done")]
)
def test_there_is_nothing_to_judge_when_the_user_did_not_speak_last(last: Any) -> None:
    judge = Judge(DENIED)
    world = World(model=model_that_says(*TEXT), guardrail=judge)

    async def test() -> None:
        assert (await world.complete(to_model(messages=(user(), last), **TOPICS)))[-1].type == "RUN_FINISHED"
        assert judge.asked == []

    scenario(world, test)


def test_without_messages_there_is_nothing_to_judge() -> None:
    world = World(model=model_that_says(*TEXT), guardrail=Judge(DENIED))

    async def test() -> None:
        assert (await world.complete(to_model(messages=(), **TOPICS)))[-1].type == "RUN_FINISHED"

    scenario(world, test)


def test_a_frontend_that_asks_for_no_guardrail_gets_none() -> None:
    judge = Judge(DENIED)
    world = World(model=model_that_says(*TEXT), guardrail=judge)

    async def test() -> None:
        await world.complete(to_model())
        assert judge.asked == []

    scenario(world, test)


def test_asking_for_a_guardrail_where_there_is_none_is_misuse() -> None:
    world = World(model=model_that_says(*TEXT))

    async def test() -> None:
        with pytest.raises(MisuseError, match="Guardrail"):
            await world.start(to_model(**TOPICS))
        assert world.database.statistics().threads == 0

    scenario(world, test)


def test_a_refused_run_leaves_no_judge_at_work() -> None:
    world = World(agents=(Refusing(AgentError("no")),), guardrail=Judge(ALLOWED, 3600))

    async def test() -> None:
        with pytest.raises(AgentError):
            await world.start(to_agent(**TOPICS))
        await asyncio.sleep(0)

    scenario(world, test)


def test_the_judge_is_given_the_text_of_a_message_with_parts() -> None:
    judge = Judge(ALLOWED)
    world = World(model=model_that_says(*TEXT), guardrail=judge)

    async def test() -> None:
        await world.complete(to_model(messages=(UserMessage(id="u", content="look here"),), **TOPICS))
        assert judge.asked[0].text == "look here"

    scenario(world, test)
