"""What real servers sent, replayed (tests/data/models/README.md)."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from agui_runtime.application.ports import LanguageModel
from agui_runtime.domain.errors import AguiError, ErrorCode
from agui_runtime.domain.events import (
    Event,
    ReasoningEncryptedValue,
    ReasoningMessageContent,
    RunFinished,
    TextMessageContent,
    ToolCallArgs,
    ToolCallStart,
)
from tests.integration.models import anthropic_wire, google_wire, openai_wire
from tests.support.aio import run
from tests.support.providers import Provider, hear, refusing, said, streaming

RECORDED = Path(__file__).parents[2] / "data" / "models"
ERRORS = json.loads((RECORDED / "errors.json").read_text())
PIECE = 61
"""Bytes of an answer that come at once: no piece of the wire begins where an event does."""


def before(provider: str, answer: Any) -> AbstractAsyncContextManager[tuple[LanguageModel, Provider]]:
    match provider:
        case "anthropic":
            return anthropic_wire.model_before(answer)
        case "google":
            return google_wire.model_before(answer)
        case _:
            return openai_wire.model_before(answer)


def replaying(name: str) -> Any:
    body = (RECORDED / name).read_bytes()
    return streaming(*(body[start : start + PIECE] for start in range(0, len(body), PIECE)))


def heard(name: str) -> list[Event]:
    async def main() -> list[Event]:
        async with before(name.partition("-")[0], replaying(name)) as (model, _):
            return await said(model)

    return run(main())


def text_of(events: list[Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, TextMessageContent))


def thoughts_of(events: list[Event]) -> str:
    return "".join(event.delta for event in events if isinstance(event, ReasoningMessageContent))


def seals_of(events: list[Event]) -> list[dict[str, Any]]:
    return [json.loads(event.encrypted_value) for event in events if isinstance(event, ReasoningEncryptedValue)]


def calls_of(events: list[Event]) -> list[tuple[str, str, str]]:
    calls = [event for event in events if isinstance(event, ToolCallStart)]
    return [
        (
            call.tool_call_id,
            call.tool_call_name,
            "".join(
                event.delta
                for event in events
                if isinstance(event, ToolCallArgs) and event.tool_call_id == call.tool_call_id
            ),
        )
        for call in calls
    ]


def tokens_of(events: list[Event]) -> tuple[Any, Any]:
    end = events[-1]
    assert isinstance(end, RunFinished)
    return end.usage[0]["inputTokens"], end.usage[0]["outputTokens"]


def test_anthropics_thoughts_come_with_their_signature() -> None:
    events = heard("anthropic-thinking.sse")
    assert thoughts_of(events) == "This is a straight"
    assert text_of(events) == "Here's how to cross the"
    (seal,) = seals_of(events)
    assert seal["signature"].startswith("Eu4CCkYICxgCKkCptg1Gj6hlyXcXwEx")
    assert (seal["answer"], seal["place"]) == ("msg_01A6gwM9ZYySVuWAZxJ5Keko", 0)
    assert tokens_of(events) == (43, 282)


def test_anthropics_redacted_thoughts_are_kept_sealed() -> None:
    events = heard("anthropic-redacted-thinking.sse")
    assert thoughts_of(events) == ""
    assert [(seal["redacted"][:6], seal["place"]) for seal in seals_of(events)] == [("EqkECk", 0), ("EtgBCk", 1)]
    assert text_of(events) == "I notice that you've sent what appears to be some"


def test_anthropics_parallel_calls_without_arguments() -> None:
    events = heard("anthropic-parallel-tools.sse")
    assert text_of(events) == "I'll help"
    assert calls_of(events) == [
        ("toolu_017ngBid8gmdReTeroVSZf7r", "pelican_name_generator", ""),
        ("toolu_01FJrHJrmnfEqR6NxkQ3yhpu", "pelican_name_generator", ""),
    ]
    assert tokens_of(events) == (310, 82)


def test_an_answer_behind_thoughts_that_anthropic_dropped() -> None:
    events = heard("anthropic-thinking-dropped.sse")
    assert text_of(events) == "391 \u00d7 2 = **782**."
    assert tokens_of(events) == (95, 13)
    assert events[-1].usage[0]["reasoningTokens"] == 0  # type: ignore[attr-defined]


def test_googles_call_comes_with_its_signature() -> None:
    events = heard("google-call-signature.sse")
    ((call_id, name, arguments),) = calls_of(events)
    assert (name, arguments) == ("get_country", "{}")
    (sealed,) = [event for event in events if isinstance(event, ReasoningEncryptedValue)]
    assert (sealed.subtype, sealed.entity_id) == ("tool-call", call_id)
    assert json.loads(sealed.encrypted_value)["signature"].startswith("Et8ECtwEAXLI2nyCB1jKZUE4ZxdH07Xh")
    assert tokens_of(events) == (29, 120)


def test_googles_text() -> None:
    events = heard("google-text.sse")
    assert text_of(events) == "The capital of Mexico is Mexico City."
    assert tokens_of(events) == (165, 8)


def test_googles_thoughts_come_before_its_text() -> None:
    events = heard("google-thoughts.sse")
    assert thoughts_of(events).startswith("**Defining the Goal**")
    assert "**Refining the Steps**" in thoughts_of(events)
    assert text_of(events).endswith("1. Find a Safe Place to Cross\n")


def test_openais_text() -> None:
    events = heard("openai-text.sse")
    assert text_of(events) == "The capital"
    assert tokens_of(events) == (78, 9)


def test_openais_call_in_pieces() -> None:
    assert calls_of(heard("openai-tool.sse")) == [("call_ZR5UUuTt3pf61kjwAJIYdVMj", "get_capital", '{"country":"UK"}')]


def test_deepseeks_thoughts() -> None:
    events = heard("deepseek-reasoning.sse")
    assert (thoughts_of(events), text_of(events)) == ("Hmm,", "Hello")
    (seal,) = seals_of(events)
    assert (seal["field"], seal["answer"]) == ("reasoning_content", "33be18fc-3842-486c-8c29-dd8e578f7f20")


def test_openrouters_signed_thoughts_are_sealed_whole_behind_the_text() -> None:
    events = heard("openrouter-reasoning-details.sse")
    assert (thoughts_of(events), text_of(events)) == ("This is a simple arithmetic question. ", "2 + 2 = 4")
    first, whole = seals_of(events)
    assert (first["field"], "details" in first) == ("reasoning", False)
    (detail,) = json.loads(whole["details"])
    assert detail == {
        "type": "reasoning.text",
        "text": "This is a simple arithmetic question. ",
        "signature": "Et0BCkgIChACGAIqQA2s7h7tA7IG35fbwVkou9PM2hANVJNUwcEM4q12fTRDK6y3v6YoEvJ+7bko",
        "format": "anthropic-v1",
        "index": 0,
    }
    assert len({event.entity_id for event in events if isinstance(event, ReasoningEncryptedValue)}) == 1


def test_a_server_without_ids_whose_last_event_has_no_choices() -> None:
    events = heard("glm-reasoning-tool.sse")
    assert thoughts_of(events) == "The user wants 2 + 3."
    assert calls_of(events) == [("call_538", "add", '{"a": 2, "b": 3}')]
    assert tokens_of(events) == (175, 17)


def test_a_server_that_gives_no_reason_for_its_end() -> None:
    events = heard("kimi-tool-without-reason.sse")
    assert calls_of(events) == [("0", "llm_version", "{}")]


def test_an_error_behind_thoughts_within_an_answer() -> None:
    seen: list[Event] = []

    async def main() -> AguiError:
        async with before("openai", replaying("openrouter-reasoning-then-error.sse")) as (model, _):
            with pytest.raises(AguiError) as caught:
                await hear(model, seen)
            return caught.value

    fault = run(main())
    assert thoughts_of(seen) == "We need to respond to a greeting. The user"
    assert fault.code == ErrorCode.AGENT_FAILED
    assert fault.message == "The model provider OpenAI refused the request. The log has the reason."


@pytest.mark.parametrize("recorded", ERRORS, ids=lambda one: f"{one['provider']}-{one['status']}-{one['code']}")
def test_an_error_before_the_answer(recorded: dict[str, Any]) -> None:
    async def main() -> AguiError:
        async with before(recorded["provider"], refusing(recorded["status"], recorded["body"])) as (model, _):
            with pytest.raises(AguiError) as caught:
                await said(model)
            return caught.value

    fault = run(main())
    assert fault.code == recorded["code"]
    assert "wxyz" not in fault.message
