"""How ``RemoteEndpoint`` finds what is offered, remembers it, and lives with endpoints that fail, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from attrs import define, field

from agui_runtime.adapters.remote import HttpAgent, RemoteClient, RemoteEndpoint, RemoteTimeouts
from agui_runtime.domain.errors import AgentError, AguiError, ConfigurationError, DeniedError, ErrorCode, NotFoundError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Principal, Scope
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run
from tests.support.remote import FINISHED, INPUT, ONCE, STARTED, context, forever, streaming
from tests.support.servers import aiohttp_server

CALLER = Caller(ANONYMOUS, Scope("s"))
OFFER = {"actions": [{"name": "act"}], "agents": [{"name": "crew", "description": "d", "type": "crewai"}]}
LINE = b'{"type":"TextMessageStart","messageId":"m"}\n'


@define
class Endpoint:
    """Answers as a test wants it to."""

    offer: Any = field(factory=lambda: dict(OFFER))
    status: int = 200
    seen: list[tuple[str, dict[str, str]]] = field(factory=list)
    lines: bytes = LINE
    content_type: str = "application/json"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((f"{request.method} {request.path}", {k.lower(): v for k, v in request.headers.items()}))
        if self.status != 200:
            return web.Response(status=self.status, text="secret details")
        if request.path == "/secret-base/info":
            return web.json_response(self.offer)
        return web.Response(body=self.lines, content_type=self.content_type)


class Watch:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@asynccontextmanager
async def before(endpoint: Any, **settings: Any) -> AsyncIterator[RemoteEndpoint]:
    client = RemoteClient(private_addresses=True, retries=ONCE)
    async with aiohttp_server(endpoint.handle) as base:
        try:
            yield RemoteEndpoint("far", f"{base}/secret-base", client=client, **settings)
        finally:
            await client.close()


def info_of_a_runtime(request: web.Request) -> web.Response:
    """One that serves AG-UI: its information is got, not posted."""
    return web.Response(status=405) if request.method == "POST" else web.json_response({"agents": {"a": {}}})


def names(agents: Any) -> list[str]:
    return [str(agent.describe().name) for agent in agents]


def test_its_answer_is_remembered_and_asked_for_again_after_a_while() -> None:
    async def main() -> None:
        endpoint, watch = Endpoint(), Watch()
        async with before(endpoint, now=watch, refresh_seconds=60) as remote:
            await remote.agents.list(CALLER)
            await remote.tools.list(CALLER, {})
            assert len(endpoint.seen) == 1
            endpoint.offer = {"agents": [{"name": "other", "type": "crewai"}]}
            watch.time = 61
            assert names(await remote.agents.list(CALLER)) == ["other"]
            assert len(endpoint.seen) == 2

    run(main())


def test_many_requests_at_once_ask_it_once() -> None:
    async def main() -> None:
        endpoint = Endpoint()
        async with before(endpoint) as remote:
            listed = await asyncio.gather(*(remote.agents.list(CALLER) for _ in range(20)))
        assert [names(each) for each in listed] == [["crew"]] * 20
        assert len(endpoint.seen) == 1

    run(main())


def test_what_was_known_is_offered_while_it_is_down() -> None:
    async def main() -> None:
        endpoint, watch = Endpoint(), Watch()
        async with before(endpoint, now=watch) as remote:
            await remote.agents.list(CALLER)
            endpoint.status, watch.time = 500, 100
            assert names(await remote.agents.list(CALLER)) == ["crew"]
            assert remote.status.error == "The remote endpoint 'far' answered with HTTP 500."
            assert remote.status.agents == 1

    run(main())


def test_one_that_never_answered_offers_nothing_and_says_why_when_an_agent_is_wanted() -> None:
    async def main() -> None:
        async with before(Endpoint(status=500)) as remote:
            assert await remote.agents.list(CALLER) == ()
            assert await remote.tools.list(CALLER, {}) == ()
            with pytest.raises(AgentError, match=r"^The remote endpoint 'far' answered with HTTP 500\.$"):
                await remote.agents.get(AgentName("crew"), CALLER)

    run(main())


def test_one_that_is_down_is_not_asked_at_every_request_and_is_found_when_it_is_back() -> None:
    async def main() -> None:
        endpoint, watch = Endpoint(status=500), Watch()
        async with before(endpoint, now=watch, retry_seconds=5) as remote:
            for _ in range(3):
                await remote.agents.list(CALLER)
            assert len(endpoint.seen) == 1
            endpoint.status, watch.time = 200, 6
            assert names(await remote.agents.list(CALLER)) == ["crew"]
            assert remote.status.error is None

    run(main())


def test_a_name_that_it_does_not_offer_is_not_found() -> None:
    async def main() -> None:
        async with before(Endpoint()) as remote:
            with pytest.raises(NotFoundError) as caught:
                await remote.agents.get(AgentName("nobody"), CALLER)
            assert caught.value.details["available"] == ["crew"]

    run(main())


def test_callers_with_headers_of_their_own_have_offers_of_their_own() -> None:
    class PerTenant(Endpoint):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            self.offer = {"agents": [{"name": request.headers.get("X-Tenant", "none"), "type": "crewai"}]}
            return await super().handle(request)

    async def main() -> None:
        endpoint = PerTenant()
        async with before(endpoint, forward_headers=["X-Tenant"]) as remote:
            for tenant in ("acme", "other", "acme"):
                caller = Caller(ANONYMOUS, Scope("s"), {"x-tenant": tenant, "cookie": "c"})
                assert names(await remote.agents.list(caller)) == [tenant]
        assert len(endpoint.seen) == 2
        assert all("cookie" not in headers for _, headers in endpoint.seen)

    run(main())


def test_an_offer_is_asked_for_with_the_properties_and_remembered_for_them() -> None:
    class PerPlan(Endpoint):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            body = await request.json()
            self.bodies = [*getattr(self, "bodies", []), body]
            self.offer = {"agents": [{"name": f"for-{body['properties'].get('plan', 'all')}", "type": "crewai"}]}
            return await super().handle(request)

    def caller(**fields: Any) -> Caller:
        return Caller(ANONYMOUS, Scope("s"), **fields)

    async def main() -> None:
        endpoint = PerPlan()
        async with before(endpoint, properties={"own": 1, "plan": "free"}) as remote:
            for plan in ("gold", "basic", "gold"):
                asking = caller(properties={"plan": plan, "token": "hush"}, frontend_url="http://page/")
                assert names(await remote.agents.list(asking)) == [f"for-{plan}"]
            assert names(await remote.agents.list(caller())) == ["for-free"]
            assert "hush" not in repr(vars(remote))
        assert endpoint.bodies == [
            {"properties": {"own": 1, "plan": "gold", "token": "hush"}, "frontendUrl": "http://page/"},
            {"properties": {"own": 1, "plan": "basic", "token": "hush"}, "frontendUrl": "http://page/"},
            {"properties": {"own": 1, "plan": "free"}},
        ]

    run(main())


def test_a_token_that_is_made_for_each_caller_makes_an_offer_for_each() -> None:
    async def main() -> None:
        endpoint = Endpoint()
        async with before(endpoint, token=lambda caller: f"{caller.principal.subject}-token") as remote:
            for subject in ("ann", "bob", "ann"):
                await remote.agents.list(Caller(Principal(subject), Scope("s")))
        assert [headers["authorization"] for _, headers in endpoint.seen] == ["Bearer ann-token", "Bearer bob-token"]

    run(main())


def test_a_runtime_that_serves_agui_is_found_by_its_own_info() -> None:
    class Runtime(Endpoint):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            self.seen.append((f"{request.method} {request.path}", {}))
            if request.method == "POST" and request.path.endswith("/info"):
                return web.Response(status=405)
            if request.path.endswith("/info"):
                given = {"description": "d", "capabilities": {"tools": {"x": 1}, "state": None}}
                return web.json_response({"agents": {"a b": given, "": {}, "c": None}})
            return await streaming(STARTED, FINISHED)(request)

    async def main() -> None:
        endpoint = Runtime()
        async with before(endpoint) as remote:
            agents = await remote.agents.list(CALLER)
            assert names(agents) == ["a b", "c"]
            assert isinstance(agents[0], HttpAgent)
            description = agents[0].describe()
            assert (description.description, description.capabilities) == ("d", ("tools",))
            assert [event async for event in (await agents[0].start(INPUT, context())).events]
        assert endpoint.seen[-1][0] == "POST /secret-base/agent/a b/run"

    run(main())


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_run_that_is_cut_is_stopped_at_the_runtime_that_would_go_on_with_it(status: int) -> None:
    class Runtime(Endpoint):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/info"):
                return (
                    web.Response(status=405) if request.method == "POST" else web.json_response({"agents": {"a": {}}})
                )
            if "/stop/" in request.path:
                self.seen.append((request.path, await request.json()))
                return web.json_response({}, status=status)
            return await streaming(STARTED, then=forever)(request)

    async def main() -> None:
        endpoint = Runtime()
        async with before(endpoint) as remote:
            agent = await remote.agents.get(AgentName("a"), CALLER)
            events: Any = (await agent.start(INPUT, context())).events
            await anext(events)
            await events.aclose()
            await events.aclose()
        assert endpoint.seen == [("/secret-base/agent/a/stop/t", {"runId": "r"})]

    run(main())


def test_a_run_that_is_over_is_not_stopped() -> None:
    class Runtime(Endpoint):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            self.seen.append((request.path, {}))
            if request.path.endswith("/info"):
                return (
                    web.Response(status=405) if request.method == "POST" else web.json_response({"agents": {"a": {}}})
                )
            return await streaming(STARTED, FINISHED)(request)

    async def main() -> None:
        endpoint = Runtime()
        async with before(endpoint) as remote:
            agent = await remote.agents.get(AgentName("a"), CALLER)
            events: Any = (await agent.start(INPUT, context())).events
            assert len([event async for event in events]) == 2
            await events.aclose()
        assert endpoint.seen[-1][0] == "/secret-base/agent/a/run"

    run(main())


@pytest.mark.parametrize(
    "offer", [[], "x", None, {"agents": "x"}, {"agents": 1}], ids=["list", "text", "null", "text in it", "number in it"]
)
def test_an_answer_that_is_none_is_an_error_of_this_endpoint(offer: Any) -> None:
    async def main() -> None:
        async with before(Endpoint(offer=offer)) as remote:
            assert await remote.agents.list(CALLER) == ()
            assert remote.status.error is not None
            assert remote.status.error.startswith("The remote endpoint 'far' gave an answer that ")

    run(main())


def test_entries_that_cannot_be_used_are_left_out() -> None:
    listed = [{"name": ""}, {"name": 1}, {}, "x", None, {"name": "good", "type": "crewai"}]

    async def main() -> None:
        offer = {"agents": listed, "actions": [{"name": 1}, "x", {"name": "act", "parameters": "x"}]}
        async with before(Endpoint(offer=offer)) as remote:
            assert names(await remote.agents.list(CALLER)) == ["good"]
            assert [tool.tool.name for tool in await remote.tools.list(CALLER, {})] == ["act"]

    run(main())


def start_of(endpoint: Endpoint, **settings: Any) -> AguiError:
    async def main() -> AguiError:
        async with before(endpoint, **settings) as remote:
            agent = await remote.agents.get(AgentName("crew"), CALLER)
            with pytest.raises(AguiError) as caught:
                async for _ in (await agent.start(INPUT, context())).events:
                    pass
            return caught.value

    error = run(main())
    assert "'crew'" in error.message
    assert "secret" not in error.message
    return error


def test_a_type_of_agent_that_we_do_not_know_says_so() -> None:
    offer = {"agents": [{"name": "crew", "type": "langgraph_agui"}]}
    error = start_of(Endpoint(offer=offer))
    assert type(error) is ConfigurationError
    assert "'langgraph_agui'" in error.message


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (b"{secret\n", "The agent 'crew' sent a line that is not valid JSON."),
        (b"[1]\n", "The agent 'crew' sent a line that is no JSON object."),
        (
            b'{"type":"TextMessageStart"}\n',
            "The agent 'crew' sent a line that does not fit. The field 'messageId' must",
        ),
        (LINE + b'{"type":"Te', "The stream of the agent 'crew' broke off within a line."),
    ],
)
def test_a_line_that_cannot_be_read_is_told_as_such(lines: bytes, text: str) -> None:
    assert start_of(Endpoint(lines=lines)).message.startswith(text)


def test_an_answer_that_is_no_lines_is_refused() -> None:
    assert start_of(Endpoint(content_type="text/html")).message == (
        "The agent 'crew' answered with something else than JSON lines."
    )


@pytest.mark.parametrize("lines", [b"x" * 9_000_000, b'{"type":"TextMessageStart","messageId":"' + b"x" * 9_000_000])
def test_a_line_that_does_not_end_is_cut(lines: bytes) -> None:
    assert start_of(Endpoint(lines=lines)).code is ErrorCode.LIMIT_EXCEEDED


def test_what_is_left_open_at_the_end_is_complete() -> None:
    lines = LINE + b'{"type":"ActionExecutionStart","actionExecutionId":"c","actionName":"f"}\n'

    async def main() -> list[str]:
        async with before(Endpoint(lines=lines)) as remote:
            agent = await remote.agents.get(AgentName("crew"), CALLER)
            return [event.type async for event in (await agent.start(INPUT, context())).events]

    assert run(main()) == ["TEXT_MESSAGE_START", "TOOL_CALL_START", "TEXT_MESSAGE_END", "TOOL_CALL_END", "RUN_FINISHED"]


def test_nothing_is_read_after_an_error_that_it_reports() -> None:
    lines = LINE + b'{"type":"RunError","message":"broke"}\n{secret\n'

    async def main() -> list[str]:
        async with before(Endpoint(lines=lines)) as remote:
            agent = await remote.agents.get(AgentName("crew"), CALLER)
            return [event.type async for event in (await agent.start(INPUT, context())).events]

    assert run(main()) == ["TEXT_MESSAGE_START", "RUN_ERROR"]


def test_a_slow_offer_is_not_waited_for_long() -> None:
    class Slow(Endpoint):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(60)
            return web.Response()

    async def main() -> None:
        quick = RemoteTimeouts(first_byte=0.1)
        async with before(Slow(), discovery_timeouts=quick) as remote:
            assert await remote.agents.list(CALLER) == ()
            assert remote.status.error == "The remote endpoint 'far' did not answer within 0.1 seconds."

    run(main())


def test_a_refused_key_is_told_as_such() -> None:
    async def main() -> None:
        async with before(Endpoint(status=401)) as remote:
            with pytest.raises(DeniedError):
                await remote.agents.get(AgentName("crew"), CALLER)

    run(main())


def test_the_run_s_own_headers_and_correlation_id_go_along() -> None:
    async def main() -> None:
        endpoint = Endpoint()
        async with before(endpoint, forward_headers=["x-tenant"], token="t") as remote:  # noqa: S106 - no real one
            agent = await remote.agents.get(AgentName("crew"), CALLER)
            run_input = RunInput(INPUT.thread_id, INPUT.run_id)
            headers = {"x-tenant": "acme", "cookie": "c", "authorization": "theirs"}
            started = await agent.start(run_input, context(headers=headers, correlation_id="abc"))
            assert [event.type async for event in started.events][-1] == "RUN_FINISHED"
        sent = endpoint.seen[-1][1]
        assert (sent["x-tenant"], sent["x-request-id"], sent["authorization"]) == ("acme", "abc", "Bearer t")
        assert "cookie" not in sent

    run(main())
