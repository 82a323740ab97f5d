"""Requests share nothing but what they are meant to share: threads within a scope, and the lease on each."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import DeniedError, ErrorCode
from agui_runtime.domain.identity import Principal, Scope
from agui_runtime.domain.runs import RunInput
from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, Answer, ask, chat, document, exchange, new_thread, streaming
from tests.support.incremental import Payload
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving


def _texts(answer: Answer) -> list[list[str]]:
    return [message["content"] for message in answer.response()["messages"] if "content" in message]


def test_twenty_requests_at_once_get_their_own_answers(host: Host) -> None:
    async def scenario() -> list[Answer]:
        bodies = [chat(f"slow:{3 + index}:5", agent=(None, "echo", "stateful")[index % 3]) for index in range(20)]
        return await asyncio.gather(*(exchange(host.url, body) for body in bodies))

    for index, answer in enumerate(run(scenario())):
        assert _texts(answer) == [[f"chunk{number} " for number in range(3 + index)]]


def test_twenty_requests_at_once_get_their_own_thread_ids(host: Host) -> None:
    threads = [new_thread() for _ in range(20)]

    async def scenario() -> list[Answer]:
        return await asyncio.gather(*(exchange(host.url, chat("text:2", thread=thread)) for thread in threads))

    assert [answer.response()["threadId"] for answer in run(scenario())] == threads


def test_an_unknown_agent_breaks_no_later_request(host: Host) -> None:
    url = host.at("/api/shared")
    refused = ask(url, chat("text:1", agent="nobody"))
    assert refused.error()["extensions"]["code"] == "AGENT_NOT_FOUND"
    for agent in ("echo", "stateful", None, "echo"):
        assert _texts(ask(url, chat("text:1", agent=agent))) == [["chunk0 "]]


def test_one_agents_request_does_not_narrow_the_runtime_to_it(host: Host) -> None:
    url = host.at("/api/shared")
    ask(url, chat("text:1", agent="echo"))
    listed = ask(url, {"query": document("availableAgents")}).result()["data"]["availableAgents"]["agents"]
    assert [agent["name"] for agent in listed] == ["echo", "stateful"]


class TenantHeader:
    """Who calls is whoever the header names: enough for a test."""

    async def identify(self, facts: RequestFacts) -> Principal:
        tenant = facts.headers.get("x-tenant")
        if not tenant:
            raise DeniedError("Please sign in.", code=ErrorCode.UNAUTHENTICATED)
        return Principal("somebody", {"tenant": tenant})


class TenantScope:
    def scope_of(self, principal: Principal) -> Scope:
        return Scope(str(principal.claims["tenant"]))


async def _notes(run_input: RunInput) -> AsyncIterator[e.Event | str]:
    known = run_input.state.get("notes", []) if isinstance(run_input.state, dict) else []
    yield e.StateSnapshot({"notes": [*known, f"note {len(known) + 1}"]})
    yield "noted"


async def _load(url: str, thread: str, tenant: str) -> Payload:
    body = {"query": document("loadAgentState"), "variables": {"data": {"threadId": thread, "agentName": "notes"}}}
    answer = await exchange(url, body, headers={**CLIENT_HEADERS, "x-tenant": tenant})
    loaded: Payload = answer.result()["data"]["loadAgentState"]
    return loaded


def test_two_tenants_never_see_each_others_threads_or_state() -> None:
    async def scenario() -> None:
        container = runtime(
            identity=TenantHeader(), access_policy=TenantScope(), agents=(FunctionAgent(_notes, "notes"),)
        )
        async with serving(container) as url:
            body = chat("note", thread="shared-name", agent="notes")
            for tenant in ("one", "one", "two"):
                await exchange(url, body, headers={**CLIENT_HEADERS, "x-tenant": tenant})
            states = [json.loads((await _load(url, "shared-name", tenant))["state"]) for tenant in ("one", "two")]
            assert states == [{"notes": ["note 1", "note 2"]}, {"notes": ["note 1"]}]
            third = await _load(url, "shared-name", "three")
            assert (third["threadExists"], third["state"], third["messages"]) == (False, "{}", "[]")

    run(scenario())


def test_a_live_run_of_one_tenant_keeps_no_other_waiting() -> None:
    async def scenario() -> None:
        paced = Paced(1)
        container = runtime(
            environment={"AGUI_BUSY_SECONDS": "0.2"},
            identity=TenantHeader(),
            access_policy=TenantScope(),
            agents=(paced.agent(), FunctionAgent(_notes, "notes")),
        )
        async with serving(container) as url:
            held = asyncio.create_task(
                exchange(url, chat("go", thread="same", agent="paced"), headers={**CLIENT_HEADERS, "x-tenant": "one"})
            )
            await asyncio.sleep(0.1)
            other = await exchange(
                url, chat("go", thread="same", agent="notes"), headers={**CLIENT_HEADERS, "x-tenant": "two"}
            )
            assert other.response()["status"]["code"] == "Success"
            for _ in range(3):
                paced.allow()
            assert (await held).response()["status"]["code"] == "Success"

    run(scenario())


@pytest.mark.parametrize("agent", ["notes", None], ids=["agent", "model"])
def test_a_caller_nobody_knows_is_told_to_authenticate(agent: str | None) -> None:
    async def scenario() -> Answer:
        container = runtime(
            identity=TenantHeader(), access_policy=TenantScope(), agents=(FunctionAgent(_notes, "notes"),)
        )
        async with serving(container) as url:
            return await exchange(url, chat("note", agent=agent))

    answer = run(scenario())
    assert answer.status == 200
    assert answer.error()["message"] == "Please sign in."
    assert answer.error()["extensions"]["code"] == "AUTHENTICATION_ERROR"


def test_a_second_run_on_a_busy_thread_waits_and_then_fails_visibly() -> None:
    async def scenario() -> tuple[Answer, float]:
        paced, thread = Paced(2), new_thread()
        async with (
            serving(runtime(environment={"AGUI_BUSY_SECONDS": "0.3"}, model=paced.model())) as url,
            streaming(url, chat("go", thread=thread)) as first,
        ):
            paced.allow()
            await first.until("chunk0")
            before = asyncio.get_running_loop().time()
            second = await exchange(url, chat("go", thread=thread))
            waited = asyncio.get_running_loop().time() - before
            for _ in range(2):
                paced.allow()
            await first.rest()
            assert "chunk1" in first.raw.decode()
        return second, waited

    answer, waited = run(scenario())
    assert waited >= 0.3
    assert answer.status == 200
    assert answer.error()["extensions"]["code"] == "UNKNOWN"
    assert "still being answered" in answer.error()["message"]


def test_a_second_run_on_a_busy_thread_begins_when_the_first_one_ends(host: Host) -> None:
    thread = new_thread()

    async def scenario() -> list[Answer]:
        bodies = [chat("slow:5:30", thread=thread), chat("slow:2:1", thread=thread)]
        return await asyncio.gather(*(exchange(host.url, body) for body in bodies))

    assert [len(_texts(answer)[0]) for answer in run(scenario())] == [5, 2]


def test_tasks_and_suggestions_wait_for_no_run_and_store_nothing() -> None:
    async def scenario() -> None:
        paced, thread = Paced(1), new_thread()
        agents = (FunctionAgent(_notes, "notes"),)
        async with (
            serving(runtime(environment={"AGUI_BUSY_SECONDS": "0.2"}, model=paced.model(), agents=agents)) as url,
            streaming(url, chat("go", thread=thread)) as first,
        ):
            await first.next()
            task = chat("note", thread=thread, agent="notes", metadata={"requestType": "Task"})
            answer = await exchange(url, task)
            assert answer.response()["status"]["code"] == "Success"
            body = {
                "query": document("loadAgentState"),
                "variables": {"data": {"threadId": thread, "agentName": "notes"}},
            }
            loaded = (await exchange(url, body)).result()["data"]["loadAgentState"]
            assert loaded["state"] == "{}"
            assert "noted" not in loaded["messages"]

    run(scenario())
