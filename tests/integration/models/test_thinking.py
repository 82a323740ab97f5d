"""What a model thinks: shown to AG-UI frontends, kept from GraphQL ones, and given back to its provider."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.events import (
    ReasoningEncryptedValue,
    ReasoningEnd,
    ReasoningMessageContent,
    ReasoningMessageEnd,
    ReasoningMessageStart,
    ReasoningStart,
    TextMessageStart,
)
from agui_runtime.domain.messages import AssistantMessage, Message, ReasoningMessage, ToolCall, ToolMessage, UserMessage
from agui_runtime.domain.tools import ServerTool, Tool
from tests.integration.models import anthropic_wire, google_wire, openai_wire
from tests.support.agui_client import HEADERS, WireEvent, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, document, exchange
from tests.support.providers import Provider, asking, said, streaming
from tests.support.serving import runtime, serving

BUDGET: Any = {"type": "enabled", "budget_tokens": 2048}
ADAPTIVE: Any = {"type": "adaptive", "display": "summarized"}
ASKED = UserMessage(id="u", content="Weather?")
CALLED = AssistantMessage(id="msg_1", tool_calls=(ToolCall("c", "weather", "{}"),))
RESULT = ToolMessage(id="x", tool_call_id="c", content="sunny")
WEATHER = Tool("weather", "The weather")


def thinking(index: int, text: str, signature: str) -> bytes:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    return anthropic_wire.events(
        {"type": "content_block_start", "index": index, "content_block": block},
        {"type": "content_block_delta", "index": index, "delta": {"type": "thinking_delta", "thinking": text}},
        {"type": "content_block_delta", "index": index, "delta": {"type": "signature_delta", "signature": signature}},
        {"type": "content_block_stop", "index": index},
    )


def redacted(index: int, data: str) -> bytes:
    block = {"type": "redacted_thinking", "data": data}
    return anthropic_wire.events(
        {"type": "content_block_start", "index": index, "content_block": block},
        {"type": "content_block_stop", "index": index},
    )


CALLS = streaming(
    anthropic_wire.START,
    thinking(0, "Look it up.", "signed"),
    redacted(1, "hidden"),
    anthropic_wire.text(2, "Let me see."),
    anthropic_wire.stop(2),
    anthropic_wire.tool(3, "toolu_a", "weather", "{}"),
    anthropic_wire.end("tool_use"),
)
ANSWERS = streaming(*anthropic_wire.HELLO)
WHAT_IT_SAID = [
    {"type": "thinking", "thinking": "Look it up.", "signature": "signed"},
    {"type": "redacted_thinking", "data": "hidden"},
    {"type": "text", "text": "Let me see."},
    {"type": "tool_use", "id": "toolu_a", "name": "weather", "input": {}},
]


def sealed(**facts: Any) -> str:
    return json.dumps(facts)


def thought(text: str = "Look it up.", **facts: Any) -> ReasoningMessage:
    given = {"api": "anthropic", "answer": "msg_1", "place": 0, "signature": "signed", **facts}
    return ReasoningMessage(id=f"thought-{text}", content=text, encrypted_value=sealed(**given))


def asked_of_anthropic(*messages: Message, how: Any = BUDGET, **fields: Any) -> Any:
    """What the API is asked."""

    async def main() -> Any:
        async with anthropic_wire.model_before(ANSWERS, thinking=how) as (model, served):
            await said(model, asking(*messages, **fields))
            return served.bodies[0]

    return run(main())


async def weather(arguments: dict[str, Any]) -> str:
    return "sunny"


@asynccontextmanager
async def host(model: Any) -> AsyncIterator[str]:
    async with serving(runtime(model=model, tools=(ServerTool(WEATHER, weather),))) as url:
        yield url


async def play(url: str, text: str, **given: Any) -> list[WireEvent]:
    return events_of(await exchange(f"{url}/agent/default/run", run_input(text, **given), headers=HEADERS))


def test_a_thought_is_told_before_the_text_and_sealed_behind_its_end() -> None:
    async def main() -> None:
        answer = streaming(
            anthropic_wire.START,
            thinking(0, "Hm.", "signed"),
            anthropic_wire.text(1, "42"),
            anthropic_wire.stop(1),
            anthropic_wire.end(),
        )
        async with anthropic_wire.model_before(answer) as (model, _):
            events = await said(model)
        start, opened, content, closed, seal, end = events[:6]
        assert isinstance(start, ReasoningStart)
        thought_id = start.message_id
        assert (opened, content) == (ReasoningMessageStart(thought_id), ReasoningMessageContent(thought_id, "Hm."))
        assert (closed, end) == (ReasoningMessageEnd(thought_id), ReasoningEnd(thought_id))
        assert isinstance(seal, ReasoningEncryptedValue)
        assert (seal.subtype, seal.entity_id) == ("message", thought_id)
        assert events[6] == TextMessageStart("msg_1")

    run(main())


def test_anthropics_thoughts_go_back_with_a_server_tools_result_where_they_stood() -> None:
    async def main() -> Any:
        async with (
            anthropic_wire.model_before(CALLS, ANSWERS, thinking=BUDGET) as (model, served),
            host(model) as url,
        ):
            events = await play(url, "Weather?")
            assert types_of(events)[1:9] == [
                "REASONING_START",
                "REASONING_MESSAGE_START",
                "REASONING_MESSAGE_CONTENT",
                "REASONING_MESSAGE_END",
                "REASONING_ENCRYPTED_VALUE",
                "REASONING_END",
                "REASONING_START",
                "REASONING_MESSAGE_START",
            ]
            return served.bodies

    first, second = run(main())
    assert first["thinking"] == second["thinking"] == BUDGET
    assert second["messages"][1] == {"role": "assistant", "content": WHAT_IT_SAID}
    assert second["messages"][2]["content"][0]["tool_use_id"] == "toolu_a"


def test_anthropics_thoughts_go_back_with_a_frontend_tools_result() -> None:
    """As an AG-UI client keeps them: one reasoning message each, with its encrypted value."""

    async def main() -> Any:
        async with anthropic_wire.model_before(CALLS, ANSWERS, thinking=BUDGET) as (model, served):
            events = await said(model, asking(ASKED, tools=(WEATHER,)))
            seals = [event for event in events if isinstance(event, ReasoningEncryptedValue)]
            thoughts = [
                ReasoningMessage(id=seal.entity_id, content=text, encrypted_value=seal.encrypted_value)
                for seal, text in zip(seals, ("Look it up.", ""), strict=True)
            ]
            call = ToolCall("toolu_a", "weather", "{}")
            answer = AssistantMessage(id="msg_1", content="Let me see.", tool_calls=(call,))
            result = ToolMessage(id="x", tool_call_id="toolu_a", content="sunny")
            await said(model, asking(ASKED, *thoughts, answer, result, tools=(WEATHER,)))
            return served.bodies[1]

    body = run(main())
    assert body["messages"][1]["content"] == WHAT_IT_SAID
    assert body["thinking"] == BUDGET


def test_an_anthropic_model_is_not_asked_to_think_behind_a_call_whose_thoughts_are_lost() -> None:
    assert "thinking" not in asked_of_anthropic(ASKED, CALLED, RESULT, tools=(WEATHER,))
    assert asked_of_anthropic(ASKED, CALLED, RESULT, tools=(WEATHER,), how=ADAPTIVE)["thinking"] == ADAPTIVE
    assert asked_of_anthropic(ASKED, thought(), CALLED, RESULT, tools=(WEATHER,))["thinking"] == BUDGET


def test_an_anthropic_model_is_not_asked_to_think_where_its_call_is_forced() -> None:
    for choice in ({"toolChoice": "required"}, {"toolChoice": "function", "toolChoiceFunctionName": "weather"}):
        assert "thinking" not in asked_of_anthropic(ASKED, tools=(WEATHER,), forwarded_parameters=choice)
    body = asked_of_anthropic(ASKED, tools=(WEATHER,), forwarded_parameters={"toolChoice": "auto"})
    assert body["thinking"] == BUDGET


def test_anthropics_budget_comes_on_top_of_the_longest_answer() -> None:
    assert asked_of_anthropic(ASKED)["max_tokens"] == 4096 + 2048
    assert asked_of_anthropic(ASKED, forwarded_parameters={"maxTokens": 100})["max_tokens"] == 100 + 2048
    assert asked_of_anthropic(ASKED, how=ADAPTIVE)["max_tokens"] == 4096


def test_a_temperature_cannot_be_asked_of_an_anthropic_model_that_thinks() -> None:
    with pytest.raises(InvalidError, match="temperature cannot be used: the model of Anthropic is set to think"):
        asked_of_anthropic(ASKED, forwarded_parameters={"temperature": 0.2})
    assert asked_of_anthropic(ASKED, forwarded_parameters={"temperature": 1})["temperature"] == 1
    quiet = asked_of_anthropic(ASKED, how={"type": "disabled"}, forwarded_parameters={"temperature": 0})
    assert (quiet["temperature"], quiet["thinking"]) == (0, {"type": "disabled"})


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "not JSON",
        "[" * 100_000,
        "[]",
        sealed(api="openai", answer="msg_1", field="reasoning_content"),
        sealed(api="anthropic", answer=7, signature="s"),
        sealed(api="anthropic", answer="msg_1", place="first"),
        sealed(api="anthropic", signature="s"),
        sealed(api="anthropic", answer="another", signature="s"),
    ],
)
def test_a_thought_that_is_not_anthropics_own_is_left_out(value: str | None) -> None:
    foreign = ReasoningMessage(id="r", content="Hm.", encrypted_value=value)
    body = asked_of_anthropic(ASKED, foreign, CALLED, RESULT, tools=(WEATHER,), how=ADAPTIVE)
    assert body["messages"][1]["content"] == [{"type": "tool_use", "id": "c", "name": "weather", "input": {}}]


@pytest.mark.parametrize("place", [-5, 1, 99])
def test_no_answer_of_anthropic_ends_with_a_thought(place: int) -> None:
    body = asked_of_anthropic(ASKED, thought(place=place), CALLED, RESULT, tools=(WEATHER,))
    assert [block["type"] for block in body["messages"][1]["content"]] == ["thinking", "tool_use"]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_compatible_servers_thoughts_go_back_under_their_name_while_its_answer_is_not_complete(field: str) -> None:
    thinks = openai_wire.chunk({"content": None, field: "Look it up."})
    calls = (openai_wire.call(0, "call_a", "weather", "{}"), openai_wire.chunk({}, "tool_calls"))

    async def main() -> Any:
        answers = (streaming(thinks, *calls), streaming(*openai_wire.HELLO))
        async with openai_wire.model_before(*answers) as (model, served), host(model) as url:
            events = await play(url, "Weather?", thread="t")
            assert [event["delta"] for event in events if event["type"] == "REASONING_MESSAGE_CONTENT"] == [
                "Look it up."
            ]
            replayed = await exchange(f"{url}/agent/default/connect", run_input(thread="t"), headers=HEADERS)
            assert "REASONING_ENCRYPTED_VALUE" in replayed.text
            return served.bodies[1]

    body = run(main())
    assert body["messages"][1][field] == "Look it up."

    async def later() -> Any:
        seal = sealed(api="openai", answer="chatcmpl-1", place=0, field=field)
        called = AssistantMessage(id="chatcmpl-1", tool_calls=(ToolCall("call_a", "weather", "{}"),))
        result = ToolMessage(id="x", tool_call_id="call_a", content="sunny")
        kept = ReasoningMessage(id="r", content="Look it up.", encrypted_value=seal)
        async with openai_wire.model_before(streaming(*openai_wire.HELLO)) as (model, served):
            await said(model, asking(ASKED, kept, called, result, UserMessage(id="v", content="Thanks.")))
            return served.bodies[0]

    assert field not in run(later())["messages"][1]


def test_a_thought_that_comes_under_both_names_is_told_once() -> None:
    both = openai_wire.chunk({"reasoning_content": "Hm.", "reasoning": "Hm."})

    async def main() -> None:
        async with openai_wire.model_before(streaming(both, *openai_wire.HELLO)) as (model, _):
            deltas = [event.delta for event in await said(model) if isinstance(event, ReasoningMessageContent)]
            assert deltas == ["Hm."]

    run(main())


def test_openrouters_sealed_details_go_back_whole_within_the_answer() -> None:
    told = {"type": "reasoning.text", "text": "Look ", "format": None, "index": 0}
    more = {"type": "reasoning.text", "text": "it up.", "signature": "signed", "index": 0}
    hidden = {
        "type": "reasoning.encrypted",
        "data": "c2VhbGVk",
        "id": "call_a",
        "format": "google-v1",
        "index": 1,
    }
    answer = (
        openai_wire.chunk({"reasoning": "Look ", "reasoning_details": [told]}),
        openai_wire.chunk({"reasoning": "it up.", "reasoning_details": [more]}),
        openai_wire.call(0, "call_a", "weather", "{}"),
        openai_wire.chunk({"reasoning_details": [hidden]}),
        openai_wire.chunk({}, "tool_calls"),
    )

    async def main() -> Any:
        answers = (streaming(*answer), streaming(*openai_wire.HELLO))
        async with openai_wire.model_before(*answers) as (model, served), host(model) as url:
            assert (await play(url, "Weather?"))[-1]["type"] == "RUN_FINISHED"
            return served.bodies[1]["messages"][1]

    sent = run(main())
    assert sent["reasoning"] == "Look it up."
    assert sent["reasoning_details"] == [{**told, "text": "Look it up.", "signature": "signed"}, hidden]


def test_a_thought_that_is_sealed_only_goes_back_too() -> None:
    hidden = {"type": "reasoning.encrypted", "data": "c2VhbGVk", "format": "openai-responses-v1", "index": 0}
    answer = (
        openai_wire.chunk({"reasoning": None, "reasoning_details": [hidden]}),
        openai_wire.call(0, "call_a", "weather", "{}"),
        openai_wire.chunk({}, "tool_calls"),
    )

    async def main() -> Any:
        answers = (streaming(*answer), streaming(*openai_wire.HELLO))
        async with openai_wire.model_before(*answers) as (model, served), host(model) as url:
            await play(url, "Weather?")
            return served.bodies[1]["messages"][1]

    sent = run(main())
    assert sent["reasoning_details"] == [hidden]
    assert "reasoning" not in sent


@pytest.mark.parametrize("details", ["[", "7", '"text"', "[1, 2]", "[" * 100_000])
def test_details_that_are_not_the_servers_own_are_left_out(details: str) -> None:
    forged = sealed(api="openai", answer="a", place=0, details=details)
    kept = ReasoningMessage(id="r", content="Hm.", encrypted_value=forged)
    called = AssistantMessage(id="a", tool_calls=(ToolCall("c", "weather", "{}"),))

    async def main() -> Any:
        async with openai_wire.model_before(streaming(*openai_wire.HELLO)) as (model, served):
            await said(model, asking(ASKED, kept, called, RESULT))
            return served.bodies[0]["messages"][1]

    assert sorted(run(main())) == ["role", "tool_calls"]


def test_a_server_that_insists_on_lost_thoughts_gets_them_empty() -> None:
    called = AssistantMessage(id="a", tool_calls=(ToolCall("c", "weather", "{}"),))
    later = (AssistantMessage(id="b", content="Sunny."), UserMessage(id="v", content="Thanks."))

    async def main() -> Any:
        answer = streaming(*openai_wire.HELLO)
        async with openai_wire.model_before(answer, reasoning_field="reasoning_content") as (model, served):
            await said(model, asking(ASKED, called, RESULT))
            await said(model, asking(ASKED, called, RESULT, *later))
            return served.bodies

    within, behind = run(main())
    assert within["messages"][1]["reasoning_content"] == ""
    assert "reasoning_content" not in behind["messages"][1]


def test_a_client_cannot_name_a_field_of_the_request() -> None:
    forged = ReasoningMessage(
        id="r", content="admin", encrypted_value=sealed(api="openai", answer="a", place=0, field="role")
    )
    called = AssistantMessage(id="a", tool_calls=(ToolCall("c", "weather", "{}"),))

    async def main() -> Any:
        async with openai_wire.model_before(streaming(*openai_wire.HELLO)) as (model, served):
            await said(model, asking(ASKED, forged, called, RESULT))
            return served.bodies[0]

    assert run(main())["messages"][1]["role"] == "assistant"


def test_gemini_is_asked_for_its_thoughts() -> None:
    async def main() -> None:
        how = {"include_thoughts": True, "thinking_budget": 512}
        async with google_wire.model_before(streaming(*google_wire.HELLO), thinking=how) as (model, served):
            await said(model)
            body = google_wire.camel(served.bodies[0])
            assert body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": 512}

    run(main())


def test_geminis_signature_comes_back_from_the_conversation_to_another_process() -> None:
    signature = base64.b64encode(b"signed").decode()
    calls = (
        ToolCall("c", "weather", "{}", sealed(api="google", signature=signature)),
        ToolCall("d", "weather", "{}"),
    )
    answer = AssistantMessage(id="a", tool_calls=calls)
    forged = AssistantMessage(id="a", tool_calls=(ToolCall("c", "weather", "{}", sealed(api="google", signature="?")),))

    async def sent(called: AssistantMessage) -> list[str | None]:
        async with google_wire.model_before(streaming(*google_wire.HELLO), model="gemini-3-pro") as (model, served):
            await said(model, asking(ASKED, called, RESULT))
            contents = google_wire.camel(served.bodies[0])["contents"]
            return [part.get("thoughtSignature") for part in contents[1]["parts"]]

    assert run(sent(answer)) == [signature, None]
    (unknown,) = run(sent(forged))
    assert unknown is not None
    assert base64.urlsafe_b64decode(unknown) == b"skip_thought_signature_validator"


def test_a_graphql_frontend_goes_on_with_a_thread_that_has_thoughts_and_is_not_shown_them() -> None:
    async def main() -> None:
        async with (
            anthropic_wire.model_before(CALLS, ANSWERS, thinking=BUDGET) as (model, _),
            host(model) as url,
        ):
            await play(url, "Weather?", thread="t")
            variables = {"data": {"threadId": "t", "agentName": "default"}}
            loaded = await exchange(url, {"query": document("loadAgentState"), "variables": variables})
            found = loaded.json()["data"]["loadAgentState"]
            assert found["threadExists"] is True
            assert "Look it up" not in loaded.text
            assert "Hello" in found["messages"]
            answer = await exchange(url, chat("Thanks.", thread="t"))
            assert answer.response()["status"]["code"] == "Success"

    run(main())


def test_graphql_frontends_see_nothing_of_it() -> None:
    async def main() -> Provider:
        async with (
            anthropic_wire.model_before(CALLS, ANSWERS, thinking=BUDGET) as (model, served),
            host(model) as url,
        ):
            answer = await exchange(url, chat("Weather?"))
            kinds = [message["__typename"] for message in answer.response()["messages"]]
            assert kinds == ["TextMessageOutput", "ActionExecutionMessageOutput", "ResultMessageOutput"]
            assert "Look it up" not in answer.text
            return served

    assert len(run(main()).bodies) == 1
