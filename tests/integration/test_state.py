"""What a thread remembers: an agent's state and the messages of its runs (contract graphql §7, design §4)."""

import json
from collections.abc import AsyncIterator
from typing import Any

from agui_runtime.adapters.scripted import FunctionAgent, call, say
from agui_runtime.domain import events as e
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import ServerTool, Tool
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, document, exchange, new_thread, said, user
from tests.support.incremental import Payload
from tests.support.scripts import asked
from tests.support.serving import runtime, serving


async def _counter(run_input: RunInput) -> AsyncIterator[e.Event]:
    """Counts its runs; its words pick what else happens."""
    state = run_input.state if isinstance(run_input.state, dict) else {}
    count = int(str(state.get("count", 0))) + 1
    yield e.StateSnapshot({**state, "count": count})
    match asked(run_input):
        case "fail":
            raise RuntimeError("as told")
        case "tools":
            for event in (*call("call-1", "double", ['{"n":', "21}"]), *call("call-2", "paint", ['{"c":"red"}'])):
                yield event
        case _:
            for event in say(f"answer-{run_input.run_id}", [f"run {count}"]):
                yield event


async def _double(arguments: dict[str, Any]) -> Any:
    return {"twice": arguments["n"] * 2}


class Talk:
    """One conversation with the counter."""

    def __init__(self, url: str) -> None:
        self.thread = new_thread()
        self._url = url

    async def send(self, text: str = "count", **data: Any) -> Answer:
        return await exchange(self._url, chat(text, thread=self.thread, agent="counter", **data))

    async def load(self, agent: str = "counter") -> Payload:
        variables = {"data": {"threadId": self.thread, "agentName": agent}}
        answer = await exchange(self._url, {"query": document("loadAgentState"), "variables": variables})
        loaded: Payload = answer.result()["data"]["loadAgentState"]
        return loaded

    async def state(self) -> Any:
        return json.loads((await self.load())["state"])

    async def messages(self) -> Any:
        return json.loads((await self.load())["messages"])

    async def texts(self) -> list[str]:
        return [message["content"] for message in await self.messages() if "content" in message]


def _talk(scenario: Any, **bound: Any) -> None:
    async def talk() -> None:
        agents = (FunctionAgent(_counter, "counter"), FunctionAgent(_counter, "other"))
        async with serving(runtime(agents=agents, tools=(ServerTool(Tool("double"), _double),), **bound)) as url:
            await scenario(Talk(url))

    run(talk())


def _answer_id(answer: Answer) -> str:
    (found,) = [message["id"] for message in answer.response()["messages"] if "content" in message]
    message_id: str = found
    return message_id


def test_a_state_is_there_in_the_next_request_of_the_thread() -> None:
    async def scenario(talk: Talk) -> None:
        for count in range(1, 4):
            await talk.send()
            assert await talk.state() == {"count": count}

    _talk(scenario)


def test_threads_have_their_own_states() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        await talk.send()
        talk.thread = new_thread()
        await talk.send()
        assert await talk.state() == {"count": 1}

    _talk(scenario)


def test_agents_have_their_own_states() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        assert (await talk.load("other"))["state"] == "{}"

    _talk(scenario)


def test_the_clients_own_state_wins() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        await talk.send(agentStates=[{"agentName": "counter", "state": '{"count":41,"mine":true}'}])
        assert await talk.state() == {"count": 42, "mine": True}

    _talk(scenario)


def test_an_empty_state_of_the_client_is_none() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        for empty in ("{}", "null", ""):
            await talk.send(agentStates=[{"agentName": "counter", "state": empty}])
        assert await talk.state() == {"count": 4}

    _talk(scenario)


def test_another_agents_state_of_the_client_changes_nothing() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        await talk.send(agentStates=[{"agentName": "other", "state": '{"count":99}'}])
        assert await talk.state() == {"count": 2}

    _talk(scenario)


def test_a_failed_runs_state_is_not_kept() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        assert (await talk.send("fail")).response()["status"]["code"] == "Failed"
        assert await talk.state() == {"count": 1}
        await talk.send()
        assert await talk.state() == {"count": 2}

    _talk(scenario)


def test_a_thread_nobody_has_used_does_not_exist() -> None:
    async def scenario(talk: Talk) -> None:
        assert await talk.load() == {
            "threadId": talk.thread,
            "threadExists": False,
            "state": "{}",
            "messages": "[]",
            "__typename": "LoadAgentStateResponse",
        }

    _talk(scenario)


def test_messages_of_earlier_runs_are_loaded_in_order() -> None:
    async def scenario(talk: Talk) -> None:
        first = await talk.send("count", messages=[user("hello", "u1")])
        history = [user("hello", "u1"), said("run 1", _answer_id(first))]
        second = await talk.send("count", messages=[*history, user("again", "u2")])
        one, two = _answer_id(first), _answer_id(second)
        loaded = await talk.load()
        assert loaded["threadExists"] is True
        assert json.loads(loaded["messages"]) == [
            {"role": "user", "content": "hello", "id": "u1"},
            {"role": "assistant", "content": "run 1", "id": one, "parentMessageId": one},
            {"role": "user", "content": "again", "id": "u2"},
            {"role": "assistant", "content": "run 2", "id": two, "parentMessageId": two},
        ]

    _talk(scenario)


def test_tool_calls_and_results_are_loaded_in_the_legacy_form() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send("tools", messages=[user("tools", "u1")])
        _, double, result, paint = await talk.messages()
        assert (double["id"], double["name"], double["arguments"]) == ("call-1", "double", {"n": 21})
        assert result == {
            "actionExecutionId": "call-1",
            "actionName": "double",
            "result": '{"twice":42}',
            "id": "result-call-1",
        }
        assert (paint["id"], paint["name"], paint["arguments"]) == ("call-2", "paint", {"c": "red"})

    _talk(scenario)


def test_a_result_of_the_frontend_is_loaded_behind_its_call() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send("tools", messages=[user("tools", "u1")])
        moment = {"createdAt": "2025-01-02T03:04:07.678Z"}
        painted = {"name": "paint", "arguments": '{"c":"red"}'}
        done = {"actionExecutionId": "call-2", "actionName": "paint", "result": "painted"}
        await talk.send(
            messages=[
                user("tools", "u1"),
                {**moment, "id": "call-2", "actionExecutionMessage": painted},
                {**moment, "id": "res-2", "resultMessage": done},
                user("thanks", "u2"),
            ]
        )
        loaded = await talk.messages()
        place = next(i for i, message in enumerate(loaded) if message["id"] == "call-2")
        assert loaded[place + 1]["result"] == "painted"

    _talk(scenario)


def test_a_regenerated_answer_replaces_the_one_before() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send(messages=[user("one", "u1")])
        first = await talk.texts()
        answer = (await talk.messages())[1]
        await talk.send(messages=[user("one", "u1"), said("run 1", answer["id"]), user("two", "u2")])
        await talk.send(messages=[user("one", "u1"), said("run 1", answer["id"]), user("two", "u2")])
        assert first == ["one", "run 1"]
        assert await talk.texts() == ["one", "run 1", "two", "run 3"]

    _talk(scenario)


def test_an_edit_of_an_early_message_drops_what_followed_it() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send(messages=[user("one", "u1")])
        answer = (await talk.messages())[1]
        await talk.send(messages=[user("one", "u1"), said("run 1", answer["id"]), user("two", "u2")])
        await talk.send(messages=[user("one", "u1"), said("run 1", answer["id"]), user("better", "u3")])
        assert await talk.texts() == ["one", "run 1", "better", "run 3"]

    _talk(scenario)


def test_a_page_that_was_reloaded_and_knows_nothing_drops_nothing() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send(messages=[user("one", "u1")])
        before = await talk.texts()
        assert await talk.texts() == before
        await talk.send(messages=[user("two", "u2")])
        assert await talk.texts() == [*before, "two", "run 2"]

    _talk(scenario)


def test_a_state_over_its_limit_fails_the_run_and_keeps_the_old_one() -> None:
    async def scenario(talk: Talk) -> None:
        await talk.send()
        huge = json.dumps({"count": 1, "text": "x" * 2000})
        answer = await talk.send(agentStates=[{"agentName": "counter", "state": huge}])
        status = answer.response()["status"]
        assert status["code"] == "Failed"
        assert "the limit is 1000" in status["details"]["description"]
        assert await talk.state() == {"count": 1}

    async def limited() -> None:
        agents = (FunctionAgent(_counter, "counter"),)
        async with serving(runtime(environment={"AGUI_MAX_STATE_BYTES": "1000"}, agents=agents)) as url:
            await scenario(Talk(url))

    run(limited())
