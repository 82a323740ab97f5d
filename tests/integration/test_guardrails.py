"""Guardrails over HTTP: a fake of the cloud's service on a real socket, asked as contract graphql §9 says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from attrs import define, field

from agui_runtime import FunctionAgent, ModelRequest, RunInput, RuntimeContainer, ServerTool, Tool
from agui_runtime.adapters.remote.guardrail import HttpGuardrail
from agui_runtime.adapters.scripted import ScriptedModel, call, say
from agui_runtime.domain import events as e
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, Answer, chat, exchange, said, user
from tests.support.incremental import Payload
from tests.support.leaks import assert_leaks_nothing
from tests.support.processes import free_port
from tests.support.scripts import asked
from tests.support.servers import aiohttp_server
from tests.support.serving import runtime, serving

KEY = "ck_pub_123"
HEADERS = {**CLIENT_HEADERS, "x-copilotcloud-public-api-key": KEY}
RULES = {"guardrails": {"inputValidationRules": {"allowList": ["cats"], "denyList": ["dogs"]}}}
ALLOWED = {"status": "allowed"}
DENIED = {"status": "denied", "reason": "Dogs are off topic."}
FAULT = "guardrails service"


@define
class Service:
    """The fake: answers as it is told to, and keeps what it was asked."""

    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    asked: list[tuple[str, str, str, Any]] = field(factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("X-CopilotCloud-Public-API-Key", "")
        self.asked.append((request.method, request.path, key, await request.json()))
        return await self.answer(request)


def answering(
    value: Any, *, status: int = 200, seconds: float = 0.0, kind: str = "application/json", **headers: str
) -> Service:
    """A service that always says the same."""

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        text = value if isinstance(value, str) else json.dumps(value)
        return web.Response(status=status, text=text, content_type=kind, headers=headers)

    return Service(answer)


ran: list[str] = []


async def _double(arguments: dict[str, Any]) -> Any:
    ran.append("double")
    return arguments["n"] * 2


async def _model(request: ModelRequest) -> AsyncIterator[e.Event]:
    match asked(request):
        case "tool":
            for event in call("call-1", "double", ['{"n":21}']):
                yield event
        case "slow":
            yield e.TextMessageStart("m")
            for piece in ("one ", "two ", "three ", "four"):
                yield e.TextMessageContent("m", piece)
                await asyncio.sleep(0.05)
            yield e.TextMessageEnd("m")
        case "endless":
            yield e.TextMessageStart("m")
            yield e.TextMessageContent("m", "one ")
            await asyncio.Event().wait()
        case _:
            for event in say("m", ["fast ", "answer"]):
                yield event


async def _agent(run_input: RunInput) -> AsyncIterator[str]:
    yield f"re: {asked(run_input)}"


def judged(**bound: Any) -> RuntimeContainer:
    """A runtime that has something to say."""
    return runtime(
        model=ScriptedModel(_model),
        agents=(FunctionAgent(_agent, "talker"),),
        tools=(ServerTool(Tool("double"), _double),),
        **bound,
    )


def at(url: str, text: str = "dogs?") -> Answer:
    """The answer of a runtime whose setting says that its guardrails are at a URL; none for an empty one."""

    async def ask() -> Answer:
        async with serving(judged(environment={"AGUI_GUARDRAILS_URL": url} if url else {})) as runtime_url:
            return await exchange(runtime_url, chat(text, cloud=RULES), headers=HEADERS)

    return run(ask())


def with_service(
    service: Service, text: str = "dogs?", *, body: Payload | None = None, seconds: float = 10.0
) -> Answer:
    """The answer of a runtime that asks a service, which may take so long."""

    async def ask() -> Answer:
        async with (
            aiohttp_server(service.handle) as url,
            serving(judged(guardrail=HttpGuardrail(url, seconds))) as runtime_url,
        ):
            return await exchange(runtime_url, body or chat(text, cloud=RULES), headers=HEADERS)

    return run(ask())


def _texts(response: Payload) -> list[str]:
    return ["".join(message["content"]) for message in response["messages"] if "content" in message]


def test_the_service_is_asked_as_the_clouds_is() -> None:
    service = answering(ALLOWED)
    history = [user("hello", "u1"), said("hi", "a1"), user("about cats", "u2")]
    with_service(service, body=chat("", cloud=RULES, messages=history)).response()
    conversation = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]
    expected = {"input": "about cats", "validTopics": ["cats"], "invalidTopics": ["dogs"], "messages": conversation}
    assert service.asked == [("POST", "/guardrails/validate", KEY, expected)]


def test_only_text_of_users_and_assistants_is_sent() -> None:
    service = answering(ALLOWED)
    moment = {"createdAt": "2025-01-02T03:04:05.678Z"}
    messages = [
        {**moment, "id": "s1", "textMessage": {"role": "system", "content": "secret instructions"}},
        user("hello", "u1"),
        {**moment, "id": "c1", "actionExecutionMessage": {"name": "double", "arguments": "{}"}},
        {**moment, "id": "r1", "resultMessage": {"actionExecutionId": "c1", "actionName": "double", "result": "42"}},
        user("about cats", "u2"),
    ]
    with_service(service, body=chat("", cloud=RULES, messages=messages)).response()
    assert service.asked[0][3]["messages"] == [{"role": "user", "content": "hello"}]


def test_a_setting_says_where_the_service_is() -> None:
    service = answering(DENIED)

    async def story() -> Answer:
        async with aiohttp_server(service.handle) as url:
            container = runtime(model=ScriptedModel(_model), environment={"AGUI_GUARDRAILS_URL": url + "/v1/"})
            async with serving(container) as runtime_url:
                return await exchange(runtime_url, chat("dogs?", cloud=RULES), headers=HEADERS)

    assert run(story()).response()["status"]["code"] == "Failed"
    assert service.asked[0][1] == "/v1/guardrails/validate"


@pytest.mark.parametrize("text", ["cats?", "slow"])
@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_an_allowed_input_is_answered_in_full(text: str, seconds: float) -> None:
    response = with_service(answering(ALLOWED, seconds=seconds), text).response()
    assert response["status"]["code"] == "Success"
    assert _texts(response) == ["fast answer" if text == "cats?" else "one two three four"]
    assert response["messages"][0]["status"]["code"] == "Success"


@pytest.mark.parametrize("text", ["dogs?", "slow"])
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_a_denied_input_fails_the_response_with_the_reason(text: str, seconds: float) -> None:
    response = with_service(answering(DENIED, seconds=seconds), text).response()
    status = response["status"]
    assert (status["code"], status["reason"]) == ("Failed", "GUARDRAILS_VALIDATION_FAILED")
    assert status["details"] == {"guardrailsReason": "Dogs are off topic."}


def test_a_text_that_is_open_when_the_input_is_denied_is_cut_and_failed() -> None:
    response = with_service(answering(DENIED, seconds=0.12), "endless").response()
    (message,) = response["messages"]
    assert message["status"]["code"] == "Failed"
    assert (
        message["status"]["reason"] == "Interrupted due to Guardrails validation failure. Reason: Dogs are off topic."
    )
    assert message["content"] == ["one "]


def test_an_agent_is_judged_too() -> None:
    response = with_service(answering(DENIED), body=chat("dogs?", agent="talker", cloud=RULES)).response()
    assert response["status"]["reason"] == "GUARDRAILS_VALIDATION_FAILED"


INVALID: dict[str, Any] = {
    "no JSON": "allowed",
    "no object": [],
    "no status": {},
    "another status": {"status": "maybe"},
    "a status that is no text": {"status": ["allowed"]},
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("answer", INVALID.values(), ids=INVALID)
def test_an_answer_that_is_none_fails_the_response(answer: Any) -> None:
    _assert_unavailable(with_service(answering(answer)))


def test_an_answer_of_another_media_type_fails_the_response() -> None:
    _assert_unavailable(with_service(answering(ALLOWED, kind="text/html")))


@pytest.mark.parametrize("status", [204, 401, 404, 500, 503])
def test_an_answer_of_another_status_fails_the_response(status: int) -> None:
    response = _assert_unavailable(with_service(answering("" if status == 204 else ALLOWED, status=status)))
    assert f"status {status}" in response["status"]["details"]["description"]


def test_a_service_that_hangs_up_fails_the_response() -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    _assert_unavailable(with_service(Service(hang_up)))


def test_the_key_does_not_follow_a_redirect() -> None:
    stolen: list[str] = []

    async def thief(request: web.Request) -> web.StreamResponse:
        stolen.append(request.path)
        return web.json_response(ALLOWED)

    async def story() -> Answer:
        async with aiohttp_server(thief) as elsewhere:
            service = answering("", status=307, Location=f"{elsewhere}/guardrails/validate")
            async with aiohttp_server(service.handle) as url:
                container = runtime(model=ScriptedModel(_model), guardrail=HttpGuardrail(url))
                async with serving(container) as runtime_url:
                    return await exchange(runtime_url, chat("dogs?", cloud=RULES), headers=HEADERS)

    _assert_unavailable(run(story()))
    assert stolen == []


def test_a_service_that_is_not_there_fails_the_response() -> None:
    _assert_unavailable(at(f"http://127.0.0.1:{free_port()}"))


def test_a_service_that_does_not_answer_in_time_fails_the_response() -> None:
    _assert_unavailable(with_service(answering(ALLOWED, seconds=30), seconds=0.2))


def _assert_unavailable(answer: Answer) -> Payload:
    """The response has ended, failed, and says why without a word of the inside."""
    response = answer.response()
    status = response["status"]
    assert (status["code"], status["reason"]) == ("Failed", "UNKNOWN_ERROR")
    assert FAULT in status["details"]["description"]
    assert status["details"]["originalError"]["code"] == "NETWORK_ERROR"
    assert_leaks_nothing(answer)
    return response


@pytest.mark.parametrize(("verdict", "expected"), [(ALLOWED, ["double"]), (DENIED, [])], ids=["allowed", "denied"])
def test_a_server_tool_waits_for_the_verdict(verdict: dict[str, str], expected: list[str]) -> None:
    ran.clear()
    while_asked: list[list[str]] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.15)
        while_asked.append(list(ran))
        return web.json_response(verdict)

    response = with_service(Service(answer), "tool").response()
    assert (while_asked, ran) == ([[]], expected)
    results = [message["result"] for message in response["messages"] if message["__typename"] == "ResultMessageOutput"]
    assert results == (["42"] if expected else [])


def test_a_server_tool_does_not_run_when_the_service_is_not_there() -> None:
    ran.clear()
    response = at(f"http://127.0.0.1:{free_port()}", "tool").response()
    assert (response["status"]["code"], ran) == ("Failed", [])


def test_without_a_service_the_request_is_a_misuse_that_says_what_to_do() -> None:
    error = at("").error()
    assert error["extensions"]["code"] == "MISUSE"
    assert "Set AGUI_GUARDRAILS_URL or bind the Guardrail port" in error["message"]


def test_a_request_without_guardrails_is_not_judged() -> None:
    service = answering(DENIED)
    for cloud in ({}, {"cloud": None}, {"cloud": {"guardrails": None}}):
        assert with_service(service, body=chat("dogs?", **cloud)).response()["status"]["code"] == "Success"
    assert service.asked == []
