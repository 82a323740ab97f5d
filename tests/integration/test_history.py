"""A thread's history as typed values: each member of ``MessageUnion``, in the order of the conversation."""

from collections.abc import AsyncIterator
from typing import Any

from agui_runtime import FunctionAgent, RunInput, ServerTool, Tool
from agui_runtime.adapters.scripted import ScriptedModel, call, say
from agui_runtime.application.values import GuardrailRequest, ModelRequest, Verdict
from agui_runtime.domain import events as e
from tests.support.graphql_client import CLIENT_HEADERS, chat, exchange, said, user
from tests.support.incremental import Payload
from tests.support.scripts import asked
from tests.support.state_api import StateApi, told

MOMENT = {"createdAt": "2025-01-02T03:04:05.678Z"}
IMAGE = {**MOMENT, "id": "image-1", "imageMessage": {"role": "user", "format": "png", "bytes": "iVBORw0KGgo="}}


async def _artist(run_input: RunInput) -> AsyncIterator[e.Event]:
    yield e.StepStarted("think")
    yield e.StateSnapshot({"step": len(run_input.messages)})
    for event in (
        *say(f"text-{run_input.run_id}", ["Let me ", "see."]),
        *call(f"double-{run_input.run_id}", "double", ['{"n":', "21}"]),
        *call(f"paint-{run_input.run_id}", "paint", ['{"colour":"red"}']),
    ):
        yield event
    yield e.StepFinished("think")


async def _talker(run_input: RunInput) -> AsyncIterator[e.Event]:
    yield e.StateSnapshot({"words": asked(run_input)})
    for event in say(f"answer-{run_input.run_id}", [f"re: {asked(run_input)}"]):
        yield event


async def _broken(run_input: RunInput) -> AsyncIterator[e.Event]:
    yield e.TextMessageStart("half")
    yield e.TextMessageContent("half", "half a sen")
    yield e.ToolCallStart("call-half", "paint")
    yield e.ToolCallArgs("call-half", '{"colour":')
    raise RuntimeError("as told")


async def _model(request: ModelRequest) -> AsyncIterator[e.Event]:
    for event in say("seen", ["A picture."]):
        yield event


async def _double(arguments: dict[str, Any]) -> Any:
    return {"twice": arguments["n"] * 2}


class Refusal:
    async def check(self, request: GuardrailRequest) -> Verdict:
        return Verdict(allowed=False, reason="no")


RUNTIME: dict[str, Any] = {
    "agents": (FunctionAgent(_artist, "artist"), FunctionAgent(_talker, "talker"), FunctionAgent(_broken, "broken")),
    "tools": (ServerTool(Tool("double"), _double),),
    "model": ScriptedModel(_model),
}


async def _chat(api: StateApi, text: str, agent: str | None = None, **data: Any) -> Payload:
    return (await exchange(api.url, chat(text, thread=api.thread, agent=agent, **data))).response()


def _kinds(history: list[Payload]) -> list[str]:
    return [message["__typename"] for message in history]


def test_text_calls_results_and_state_have_their_own_types() -> None:
    async def story(api: StateApi) -> None:
        await _chat(api, "paint", "artist")
        history = await api.history("artist")
        assert _kinds(history) == ["Message", "AgentStateMessage", "Message", "ActionMessage", "ActionExecutionMessage"]
        question, state, text, done, waiting = history
        assert all(message["status"] == {"code": "Success"} for message in history)
        assert all(message["id"] and message["createdAt"].endswith("Z") for message in history)
        assert (question["role"], question["content"]) == ("user", "paint")
        assert (text["role"], text["content"]) == ("assistant", "Let me see.")
        assert (state["agentName"], state["nodeName"], state["state"]) == ("artist", "think", '{"step":1}')
        assert (state["threadId"], state["running"], state["active"]) == (api.thread, False, False)
        assert state["runId"]
        assert (done["actionName"], done["actionInput"], done["actionOutput"]) == ("double", {"n": 21}, {"twice": 42})
        assert (waiting["name"], waiting["arguments"]) == ("paint", {"colour": "red"})

    told(story, **RUNTIME)


def test_a_call_that_the_frontend_answered_is_an_action() -> None:
    async def story(api: StateApi) -> None:
        await _chat(api, "paint", "artist")
        call_id = (await api.history("artist"))[-1]["id"]
        result = {"actionExecutionId": call_id, "actionName": "paint", "result": "painted, not JSON"}
        answered = {**MOMENT, "id": "res-1", "resultMessage": result}
        call_sent = {
            **MOMENT,
            "id": call_id,
            "actionExecutionMessage": {"name": "paint", "arguments": '{"colour":"red"}'},
        }
        await _chat(api, "", "talker", messages=[user("paint"), call_sent, answered, user("thanks", "user-2")])
        (painted,) = [message for message in await api.history("talker") if message["id"] == call_id]
        assert (painted["__typename"], painted["actionOutput"]) == ("ActionMessage", "painted, not JSON")

    told(story, **RUNTIME)


def test_a_result_whose_call_is_not_known_stands_alone() -> None:
    async def story(api: StateApi) -> None:
        result = {"actionExecutionId": "lost", "actionName": "paint", "result": "red"}
        await _chat(api, "", "talker", messages=[user("hi"), {**MOMENT, "id": "res-1", "resultMessage": result}])
        (found,) = [m for m in await api.history("talker") if m["__typename"] == "ResultMessage"]
        assert (found["id"], found["role"], found["result"]) == ("res-1", "tool", "red")
        assert (found["actionExecutionId"], found["actionName"]) == ("lost", "paint")

    told(story, **RUNTIME)


def test_an_image_has_its_format_and_bytes() -> None:
    async def story(api: StateApi) -> None:
        await _chat(api, "", messages=[user("what is this?"), IMAGE])
        image = (await api.history("talker"))[1]
        assert image == {
            "__typename": "ImageMessage",
            "id": "image-1",
            "role": "user",
            "createdAt": "2025-01-02T03:04:05.678Z",
            "status": {"code": "Success"},
            "format": "png",
            "bytes": "iVBORw0KGgo=",
            "parentMessageId": None,
        }

    told(story, **RUNTIME)


def test_what_a_run_did_not_finish_is_failed() -> None:
    async def story(api: StateApi) -> None:
        await _chat(api, "go", "broken")
        _, text, unfinished = await api.history("broken")
        assert (text["content"], text["status"]["code"]) == ("half a sen", "Failed")
        # Arguments that are no JSON stay as they came.
        assert (unfinished["actionName"], unfinished["actionInput"]) == ("paint", '{"colour":')
        assert (unfinished["status"]["code"], unfinished["status"]["reason"]) == (
            "Failed",
            "The run ended before this message was complete.",
        )

    told(story, **RUNTIME)


def test_a_clients_clock_does_not_change_the_order() -> None:
    async def story(api: StateApi) -> None:
        ahead = {**user("one", "u1"), "createdAt": "2099-01-01T00:00:00.000Z"}
        await _chat(api, "", "talker", messages=[ahead])
        answer_id = next(m["id"] for m in await api.history("talker") if m.get("content") == "re: one")
        behind = {**user("two", "u2"), "createdAt": "1999-01-01T00:00:00.000Z"}
        await _chat(api, "", "talker", messages=[ahead, said("re: one", answer_id), behind])
        history = await api.history("talker")
        texts = [message.get("content") or message["state"] for message in history]
        assert texts == ["one", '{"words":"one"}', "re: one", "two", '{"words":"two"}', "re: two"]
        assert [m["createdAt"][:4] for m in history if m["role"] == "user"] == ["2099", "1999"]

    told(story, **RUNTIME)


def test_nothing_that_a_denied_run_said_or_reported_is_told() -> None:
    async def story(api: StateApi) -> None:
        rules = {"guardrails": {"inputValidationRules": {"allowList": [], "denyList": ["all"]}}}
        headers = {**CLIENT_HEADERS, "x-copilotcloud-public-api-key": "key"}
        body = chat("hello", thread=api.thread, agent="talker", cloud=rules)
        answer = (await exchange(api.url, body, headers=headers)).response()
        assert answer["status"]["reason"] == "GUARDRAILS_VALIDATION_FAILED"
        assert [message["content"] for message in await api.history("talker")] == ["hello"]

    told(story, guardrail=Refusal(), **RUNTIME)


def test_a_thread_nobody_has_used_has_an_empty_history() -> None:
    async def story(api: StateApi) -> None:
        assert await api.history("talker") == []
        assert (await api.load("talker", includeHistory=False))["history"] is None

    told(story, **RUNTIME)
