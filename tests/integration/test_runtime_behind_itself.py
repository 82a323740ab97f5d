"""Our runtime in front of another one of ours: found by its address, run over AG-UI, stopped through both."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agui_runtime.adapters.remote import HttpAgent, RemoteEndpoint
from agui_runtime.adapters.scripted import FunctionAgent, call
from agui_runtime.application.ports import Agent
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import ANONYMOUS, Caller, Scope
from agui_runtime.domain.messages import last_user_text
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange, streaming
from tests.support.serving import runtime, serving

CALLER = Caller(ANONYMOUS, Scope("s"))


FIXED: dict[str, tuple[e.Event, ...]] = {
    "tool": call("c1", "weather", ['{"city":', '"Paris"}']),
    "state": (e.StateSnapshot({"n": 1}), e.StateDelta(({"op": "replace", "path": "/n", "value": 2},))),
    "interrupt": (e.Custom("on_interrupt", "approve?"),),
}


def inner_agents(stopped: asyncio.Event | None = None) -> tuple[Agent, ...]:
    async def parrot(run_input: RunInput) -> AsyncGenerator[Any, None]:
        """Repeats what you say."""
        text = last_user_text(run_input.messages) or ""
        for item in FIXED.get(text, [f"{word} " for word in text.split()]):
            yield item
        if text == "fail":
            raise RuntimeError("the parrot has left")

    async def talker(_: RunInput) -> AsyncGenerator[str, None]:
        """Never ends."""
        try:
            while True:
                yield "on and on "
                await asyncio.sleep(0.01)
        finally:
            if stopped is not None:
                stopped.set()

    return (FunctionAgent(parrot), FunctionAgent(talker))


@asynccontextmanager
async def in_front(stopped: asyncio.Event | None = None) -> AsyncIterator[str]:
    """The URL of the outer runtime, which knows the inner one by its address alone."""
    async with serving(runtime(agents=inner_agents(stopped))) as inner:
        endpoint = RemoteEndpoint("inner", inner)
        async with serving(runtime(remote_endpoints=(endpoint,))) as outer:
            yield outer


def asked(text: str) -> Answer:
    async def main() -> Answer:
        async with in_front() as url:
            return await exchange(url, chat(text, agent="parrot"))

    return run(main())


def test_the_inner_runtime_s_agents_are_found_with_their_descriptions() -> None:
    async def main() -> None:
        async with serving(runtime(agents=inner_agents())) as inner:
            endpoint = RemoteEndpoint("inner", inner)
            agents = {agent.describe().name: agent for agent in await endpoint.agents.list(CALLER)}
            await endpoint.close()
        assert isinstance(agents["parrot"], HttpAgent)  # type: ignore[index]
        assert agents["parrot"].describe().description == "Repeats what you say."  # type: ignore[index]

    run(main())


def test_text_comes_through_both() -> None:
    (message,) = asked("hello there").response()["messages"]
    assert "".join(message["content"]) == "hello there "


def test_a_call_comes_through_both() -> None:
    messages = asked("tool").response()["messages"]
    assert [(each["name"], "".join(each["arguments"])) for each in messages] == [("weather", '{"city":"Paris"}')]


def test_a_state_comes_through_both() -> None:
    assert asked("state").response()["messages"][-1]["state"] == '{"n":2}'


def test_a_question_comes_through_both_once() -> None:
    assert [(each["name"], each["value"]) for each in asked("interrupt").response()["metaEvents"]] == [
        ("LangGraphInterruptEvent", "approve?")
    ]


def test_a_failure_comes_through_both_with_what_was_said() -> None:
    response = asked("fail").response()
    assert response["status"]["details"]["description"] == "the parrot has left"
    assert "".join(response["messages"][0]["content"]) == "fail "


def test_hanging_up_in_front_stops_the_agent_behind() -> None:
    async def main() -> None:
        stopped = asyncio.Event()
        async with in_front(stopped) as url:
            async with streaming(url, chat("hi", agent="talker")) as stream:
                await stream.until("on and on")
            async with asyncio.timeout(10):
                await stopped.wait()

    run(main())
