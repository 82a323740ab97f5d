"""One model behind the runtime, asked by frontends of both generations over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agui_runtime.application.model_agent import ModelAgent
from agui_runtime.domain.tools import ServerTool, Tool
from tests.integration.models.openai_wire import HELLO, call, chunk, error, model_before
from tests.support.agui_client import HEADERS, WireEvent, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, user
from tests.support.providers import Provider, refusing, streaming
from tests.support.serving import runtime, serving

CALLING = streaming(call(0, "call_a", "weather", '{"city":"Rome"}'), chunk({}, "tool_calls"))
SHOW_MAP = {"name": "show_map", "description": "", "parameters": {"type": "object", "properties": {}}}


async def weather(arguments: dict[str, Any]) -> str:
    return f"sunny in {arguments['city']}"


TOOLS = (ServerTool(Tool("weather", "The weather"), weather),)


@asynccontextmanager
async def host(*answers: Any, **bound: Any) -> AsyncIterator[tuple[str, Provider]]:
    async with model_before(*answers) as (model, served), serving(runtime(model=model, **bound)) as url:
        yield url, served


async def play(url: str, text: str, **given: Any) -> list[WireEvent]:
    return events_of(await exchange(f"{url}/agent/default/run", run_input(text, **given), headers=HEADERS))


def test_an_ag_ui_frontend_finds_the_model_as_the_agent_default() -> None:
    async def main() -> None:
        async with host(streaming(*HELLO)) as (url, _):
            info = (await exchange(f"{url}/info", method="GET", headers={})).json()
            assert list(info["agents"]) == ["default"]
            said = await play(url, "Hi")
            assert "".join(event["delta"] for event in said if "delta" in event) == "Hello"
            assert said[-1]["usage"][0]["inputTokens"] == 19

    run(main())


def test_a_graphql_frontend_asks_the_model_itself_which_is_no_agent_there() -> None:
    async def main() -> None:
        async with host(streaming(*HELLO), tools=TOOLS) as (url, served):
            answer = await exchange(url, chat("Hi"))
            (message,) = answer.response()["messages"]
            assert "".join(message["content"]) == "Hello"
            assert [tool["function"]["name"] for tool in served.bodies[0]["tools"]] == ["weather"]

    run(main())


def test_for_an_ag_ui_frontend_the_model_goes_on_with_a_server_tools_result() -> None:
    async def main() -> None:
        async with host(CALLING, streaming(*HELLO), tools=TOOLS) as (url, served):
            said = await play(url, "Weather?")
            assert [event["content"] for event in said if event["type"] == "TOOL_CALL_RESULT"] == ["sunny in Rome"]
            assert types_of(said)[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
            assert [message["role"] for message in served.bodies[1]["messages"]] == ["user", "assistant", "tool"]

    run(main())


def test_for_a_graphql_frontend_the_model_is_asked_once() -> None:
    async def main() -> None:
        async with host(CALLING, streaming(*HELLO), tools=TOOLS) as (url, served):
            answer = await exchange(url, chat("Weather?"))
            kinds = [message["__typename"] for message in answer.response()["messages"]]
            assert kinds == ["ActionExecutionMessageOutput", "ResultMessageOutput"]
            assert len(served.bodies) == 1

    run(main())


def test_a_frontend_tools_call_ends_the_run_and_its_result_starts_the_next() -> None:
    mapping = streaming(call(0, "call_m", "show_map", "{}"), chunk({}, "tool_calls"))

    async def main() -> None:
        async with host(mapping, streaming(*HELLO)) as (url, served):
            said = await play(url, "Map?", thread="t", tools=[SHOW_MAP])
            assert types_of(said)[-2:] == ["TOOL_CALL_END", "RUN_FINISHED"]
            made = {"id": "call_m", "type": "function", "function": {"name": "show_map", "arguments": "{}"}}
            history = [
                {"id": "u", "role": "user", "content": "Map?"},
                {"id": "a", "role": "assistant", "toolCalls": [made]},
                {"id": "x", "role": "tool", "toolCallId": "call_m", "content": "shown"},
            ]
            again = await play(url, "", thread="t", messages=history, tools=[SHOW_MAP])
            assert types_of(again)[-1] == "RUN_FINISHED"
            assert [message["role"] for message in served.bodies[1]["messages"]] == ["user", "assistant", "tool"]

    run(main())


def test_a_model_is_told_the_pages_context_and_its_state_and_changes_it() -> None:
    delta = '{"delta":[{"op":"replace","path":"/count","value":2}]}'
    counting = streaming(call(0, "call_s", "AGUISendStateDelta", delta), chunk({}, "tool_calls"))
    context = [{"description": "The user's name", "value": "Ada"}]

    async def main() -> None:
        async with model_before(counting, streaming(*HELLO)) as (model, served):
            agent = ModelAgent(model, "default", instructions="Be kind.", state="edit")
            async with serving(runtime(agents=(agent,))) as url:
                said = await play(url, "Count!", thread="t", context=context, state={"count": 1})
                (change,) = [event for event in said if event["type"] == "STATE_DELTA"]
                assert change["delta"] == [{"op": "replace", "path": "/count", "value": 2}]
                system, question = served.bodies[0]["messages"]
                assert (system["role"], question["content"]) == ("system", "Count!")
                assert "Be kind." in system["content"]
                assert "The user's name: Ada" in system["content"]
                assert '{"count":1}' in system["content"]
                replayed = events_of(
                    await exchange(f"{url}/agent/default/connect", run_input(thread="t"), headers=HEADERS)
                )
                snapshots = [event["snapshot"] for event in replayed if event["type"] == "STATE_SNAPSHOT"]
                assert snapshots[-1] == {"count": 2}

    run(main())


def test_a_graphql_frontends_agent_session_is_told_the_pages_context() -> None:
    async def main() -> None:
        async with model_before(streaming(*HELLO)) as (model, served):
            async with serving(runtime(agents=(ModelAgent(model, "poet"),))) as url:
                await exchange(url, chat("Hi", agent="poet", context=[{"description": "Mood", "value": "blue"}]))
            assert "Mood: blue" in served.bodies[0]["messages"][0]["content"]

    run(main())


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
LINKED = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"type": "image", "source": {"type": "data", "value": "QUJD", "mimeType": "image/png"}}, IMAGE),
        ({"type": "image", "source": {"type": "url", "value": "https://example.com/cat.png"}}, LINKED),
        ({"type": "image", "source": {"type": "url", "value": "data:image/png;base64,QUJD"}}, IMAGE),
        ({"type": "binary", "mimeType": "image/png", "data": "QUJD"}, IMAGE),
        ({"type": "binary", "mimeType": "image/png", "url": "https://example.com/cat.png"}, LINKED),
    ],
)
def test_an_ag_ui_frontends_image_reaches_the_model(part: Any, sent: Any) -> None:
    content = [{"type": "text", "text": "What is this?"}, part]

    async def main() -> None:
        async with host(streaming(*HELLO)) as (url, served):
            await play(url, "", messages=[{"id": "u", "role": "user", "content": content}])
            assert served.bodies[0]["messages"][0]["content"] == [{"type": "text", "text": "What is this?"}, sent]

    run(main())


def test_a_graphql_frontends_image_reaches_the_model() -> None:
    image = {
        "id": "i",
        "createdAt": "2026-01-01T00:00:00Z",
        "imageMessage": {"format": "png", "bytes": "QUJD", "role": "user"},
    }

    async def main() -> None:
        async with host(streaming(*HELLO)) as (url, served):
            answer = await exchange(url, chat("Hi", messages=[image, user("What is this?")]))
            assert answer.response()["status"]["code"] == "Success"
            assert served.bodies[0]["messages"][0]["content"] == [IMAGE]

    run(main())


ASKED_OF_IT = {"model": "gpt-4.1", "temperature": 0.5, "maxTokens": 64.0, "stop": ["END"], "toolChoice": "function"}
WHAT_IT_IS_SENT = {
    "model": "gpt-4.1",
    "temperature": 0.5,
    "max_completion_tokens": 64,
    "stop": ["END"],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
}


def test_what_a_frontend_asks_of_the_model_reaches_it_on_both_wires() -> None:
    asked = {**ASKED_OF_IT, "toolChoiceFunctionName": "weather"}

    async def main() -> None:
        async with host(streaming(*HELLO), tools=TOOLS) as (url, served):
            assert (await play(url, "Hi", forwardedProps=asked))[-1]["type"] == "RUN_FINISHED"
            answer = await exchange(url, chat("Hi", forwardedParameters=asked))
            assert answer.response()["status"]["code"] == "Success"
            for body in served.bodies:
                assert {key: body[key] for key in WHAT_IT_IS_SENT} == WHAT_IT_IS_SENT
            assert len(served.bodies) == 2

    run(main())


def test_a_refused_key_is_told_on_both_wires_without_the_key() -> None:
    async def main() -> None:
        refusal = refusing(401, error("invalid_api_key", "invalid_request_error"))
        async with host(refusal) as (url, _):
            (failed,) = [event for event in await play(url, "Hi") if event["type"] == "RUN_ERROR"]
            told = await exchange(url, chat("Hi"))
            assert "did not accept the API key" in failed["message"]
            assert told.error()["extensions"]["code"] == "AUTHENTICATION_ERROR"
            assert "did not accept the API key" in told.text
            assert "sk-secret" not in failed["message"] + told.text

    run(main())
