"""What people, orchestrators and Prometheus are told of agents elsewhere, without any user having asked for them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from attrs import define, field
from prometheus_client.parser import text_string_to_metric_families

from agui_runtime.adapters.remote import (
    BreakerPolicy,
    HttpAgent,
    RemoteClient,
    RemoteEndpoint,
    RetryPolicy,
    environment_token,
)
from agui_runtime.composition.doctor import Grade, diagnose
from agui_runtime.composition.settings import Settings
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange
from tests.support.remote import FINISHED, STARTED, streaming
from tests.support.servers import aiohttp_server
from tests.support.serving import runtime, serving

FAR, PYTHON = "agent 'far'", "remote endpoint 'python'"
NOT_REACHED = "The {} cannot be reached. Please check that it is running and that its address is right."
KEY_REFUSED = "The {} did not accept the runtime's credentials (HTTP {})."
NOT_FOUND = "The {} was not found at its address (HTTP 404)."
OFFER = {"agents": [{"name": "crew", "type": "crewai"}], "actions": [{"name": "act"}, {"name": "do"}]}


@define
class Elsewhere:
    """A program with an agent at ``/secret-path`` and an endpoint at ``/secret-base``, and what it was asked."""

    agent_status: int = 405
    options_status: int = 405
    info_status: int = 200
    seen: list[str] = field(factory=list)
    keys: list[str | None] = field(factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.path}")
        self.keys.append(request.headers.get("Authorization"))
        if request.path.startswith("/secret-base"):
            return web.json_response(OFFER, status=self.info_status)
        if request.method == "POST":
            return await streaming(STARTED, FINISHED)(request)
        return web.Response(status=self.options_status if request.method == "OPTIONS" else self.agent_status)


@asynccontextmanager
async def elsewhere(**given: int) -> AsyncIterator[tuple[Elsewhere, str]]:
    program = Elsewhere(**given)
    async with aiohttp_server(program.handle) as base:
        yield program, base


def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def settings_of(base: str) -> dict[str, str]:
    return {
        "AGUI_REMOTE_AGENTS": f"far={base}/secret-path",
        "AGUI_REMOTE_ENDPOINTS": f"python={base}/secret-base",
        "AGUI_REMOTE_TOKENS": "far=secret-1,python=secret-2",
    }


async def told(url: str, path: str = "/readyz") -> tuple[int, Any]:
    answer = await exchange(f"{url}{path}", method="GET", headers={})
    assert "secret" not in answer.text
    return answer.status, answer.json()


async def when(url: str, holds: Callable[[Any], bool], path: str = "/readyz") -> Any:
    """What is told of those elsewhere once it is so."""
    async with asyncio.timeout(20):
        while not holds((await told(url, path))[1]["upstreams"]):  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.1)
    return (await told(url, path))[1]["upstreams"]


def all_known(upstreams: Any) -> bool:
    return all(each["status"] != "unknown" for each in upstreams.values())


def test_who_answers_is_known_to_be_well_soon_after_the_start() -> None:
    async def test() -> None:
        async with elsewhere() as (program, base), serving(runtime(environment=settings_of(base))) as url:
            assert await when(url, all_known) == {
                FAR: {"status": "ok", "breaker": "closed"},
                PYTHON: {"status": "ok", "breaker": "closed", "agents": 1, "actions": 2},
            }
            assert (await told(url, "/health"))[1]["status"] == "ok"
            assert sorted(program.seen) == ["GET /secret-path", "POST /secret-base/info"]
            assert sorted(program.keys, key=str) == ["Bearer secret-1", "Bearer secret-2"]

    run(test())


@pytest.mark.parametrize(
    ("given", "far", "python"),
    [
        ({"agent_status": 401, "info_status": 401}, KEY_REFUSED.format(FAR, 401), KEY_REFUSED.format(PYTHON, 401)),
        ({"agent_status": 403}, KEY_REFUSED.format(FAR, 403), None),
        (
            {"agent_status": 404, "options_status": 404, "info_status": 404},
            NOT_FOUND.format(FAR),
            NOT_FOUND.format(PYTHON),
        ),
        ({"agent_status": 503}, f"The {FAR} answered with HTTP 503.", None),
        ({"agent_status": 404, "options_status": 204}, None, None),
        ({"agent_status": 200, "info_status": 500}, None, f"The {PYTHON} answered with HTTP 500."),
    ],
)
def test_a_wrong_address_or_key_is_told_and_the_runtime_is_ready_all_the_same(
    given: dict[str, int], far: str | None, python: str | None
) -> None:
    async def test() -> None:
        async with elsewhere(**given) as (_, base), serving(runtime(environment=settings_of(base))) as url:
            upstreams = await when(url, all_known)
            assert (upstreams[FAR].get("message"), upstreams[PYTHON].get("message")) == (far, python)
            assert (upstreams[FAR]["status"], upstreams[PYTHON]["status"]) == tuple(
                "failing" if problem else "ok" for problem in (far, python)
            )
            assert (await told(url))[0] == 200
            assert (await told(url, "/health"))[1]["status"] == ("degraded" if far or python else "ok")
            fault = chat("hi", agent="far")
            assert "errors" not in (await exchange(url, fault)).result()

    run(test())


def test_who_is_down_at_the_start_does_not_stop_the_rest() -> None:
    async def test() -> None:
        async with serving(runtime(environment=settings_of(nobody()))) as url:
            upstreams = await when(url, all_known)
            assert {each["message"] for each in upstreams.values()} == {
                NOT_REACHED.format(FAR),
                NOT_REACHED.format(PYTHON),
            }
            assert (await told(url))[1]["status"] == "ready"

    run(test())


def test_an_agent_that_keeps_failing_is_told_to_be_left_alone() -> None:
    async def test() -> None:
        client = RemoteClient(
            private_addresses=True, retries=RetryPolicy(attempts=1), breaker=BreakerPolicy(failures=2, seconds=3600)
        )
        agent = HttpAgent("far", f"{nobody()}/secret-path", client=client)
        async with serving(runtime(environment={"AGUI_METRICS": "1"}, agents=(agent,))) as url:
            for _ in range(2):
                assert "errors" in (await exchange(url, chat("hi", agent="far"))).result()
            (known,) = (await when(url, lambda upstreams: upstreams[FAR]["breaker"] == "open")).values()
            assert (known["status"], known["failures"], known["message"]) == ("failing", 2, NOT_REACHED.format(FAR))
            assert 0 < known["retryInSeconds"] <= 3600
            assert (await scraped(url))["agui_remote_up", (FAR,)] == 0
            assert await breaker_in(url, FAR) == {"open"}
        await client.close()

    run(test())


def test_who_is_well_again_is_known_to_be() -> None:
    async def test() -> None:
        async with elsewhere(agent_status=401) as (program, base):
            container = runtime(environment={**settings_of(base), "AGUI_METRICS": "1"})
            async with serving(container) as url:
                await when(url, all_known)
                assert (await scraped(url))["agui_remote_up", (FAR,)] == 0
                program.agent_status = 405
                assert await container.upstreams()() == 1
                assert (await when(url, lambda upstreams: upstreams[FAR]["status"] == "ok"))[FAR]["breaker"] == "closed"
                assert (await scraped(url))["agui_remote_up", (FAR,)] == 1
                assert await breaker_in(url, PYTHON) == {"closed"}
                assert await container.upstreams()() == 0

    run(test())


def test_agents_whose_credentials_are_a_callers_are_not_asked_for_nobody() -> None:
    async def test() -> None:
        async with elsewhere(agent_status=401) as (program, base):
            asked: list[object] = []

            def token(caller: object) -> str:
                asked.append(caller)
                return "secret-of-a-caller"

            own = HttpAgent("far", f"{base}/secret-path", token=token)
            endpoint = RemoteEndpoint("python", f"{base}/secret-base", token=token)
            container = runtime(agents=(own,), remote_endpoints=(endpoint,))
            async with serving(container) as url:
                upstreams = await when(url, lambda upstreams: upstreams[FAR]["status"] != "unknown")
                # It is there; what it says to somebody without a key tells nothing.
                assert upstreams[FAR]["status"] == "ok"
                assert upstreams[PYTHON]["status"] == "unknown"
                assert not asked
                assert program.seen == ["GET /secret-path"]
            await own.close()
            await endpoint.close()

    run(test())


def test_a_token_that_the_environment_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAR_TOKEN", raising=False)

    async def test() -> None:
        own = HttpAgent("far", f"{nobody()}/secret-path", token=environment_token("FAR_TOKEN"))
        async with serving(runtime(agents=(own,))) as url:
            upstreams = await when(url, all_known)
            assert upstreams[FAR]["message"].startswith("The environment variable FAR_TOKEN holds the token")
        await own.close()

    run(test())


def test_agents_that_are_made_for_a_request_are_nobody_elses_business() -> None:
    async def test() -> None:
        async with elsewhere() as (_, base):
            client = RemoteClient(private_addresses=True)
            container = runtime(
                environment={"AGUI_METRICS": "1"},
                agent_factory=lambda caller: [HttpAgent("acme-helper", f"{base}/secret-path", client=client)],
            )
            async with serving(container) as url:
                assert "errors" not in (await exchange(url, chat("hi", agent="acme-helper"))).result()
                assert (await told(url))[1] == {"status": "ready"}
                answer = await exchange(f"{url}/metrics", method="GET", headers={})
                assert "acme" not in answer.text
            await client.close()

    run(test())


def test_the_doctor_looks_at_each_of_them() -> None:
    async def test() -> None:
        async with elsewhere(agent_status=401) as (_, base):
            found = {each.subject: each async for each in diagnose(Settings.from_environment(settings_of(base)))}
            assert (found[FAR].grade, found[FAR].text) == (Grade.FAILED, KEY_REFUSED.format(FAR, 401))
            assert found[PYTHON].grade is Grade.OK
            assert found[PYTHON].text == "It answers, and offers 1 agents, 2 actions."
            assert "secret" not in " ".join(str(each) for each in found.values())

    run(test())


def test_the_doctor_names_an_agent_whose_address_cannot_be_used() -> None:
    async def test() -> None:
        settings = Settings.from_environment({"AGUI_REMOTE_AGENTS": "far=http://me:secret@x/"})
        found = {each.subject: each async for each in diagnose(settings)}
        assert found["agents elsewhere"].grade is Grade.FAILED
        assert "'far'" in found["agents elsewhere"].text
        assert "secret" not in str(found["agents elsewhere"])

    run(test())


async def scraped(url: str) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = await exchange(f"{url}/metrics", method="GET", headers={"accept": "text/plain;version=0.0.4"})
    assert "secret" not in answer.text
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def breaker_in(url: str, peer: str) -> set[str]:
    """The states that are told with a 1."""
    found = await scraped(url)
    return {
        labels[1]
        for (name, labels), value in found.items()
        if name == "agui_remote_breaker" and labels[0] == peer and value
    }
