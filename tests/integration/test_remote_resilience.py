"""What ``RemoteClient`` asks again, what it leaves alone, and where it does not go, over real sockets."""

import asyncio
import socket
from contextlib import AbstractContextManager, nullcontext

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from agui_runtime.adapters.remote import (
    BreakerPolicy,
    BreakerState,
    HttpAgent,
    RemoteClient,
    RemoteTimeouts,
    RetryPolicy,
)
from agui_runtime.domain.errors import AgentError, AguiError, DeniedError, ErrorCode, TimedOutError, UnavailableError
from agui_runtime.domain.lifecycle import outcome_of
from agui_runtime.domain.runs import Finished
from tests.support.aio import run
from tests.support.remote import (
    FINISHED,
    INPUT,
    ONCE,
    STARTED,
    STEP,
    STEP_END,
    agent_before,
    context,
    failure,
    forever,
    read,
    streaming,
)
from tests.support.servers import Handler

FAST = RetryPolicy(attempts=3, base=0.001, longest=1)


class Counting:
    """Telemetry that adds up."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def count(self, name: str, value: int = 1, **attributes: str) -> None:
        key = (name, attributes["peer"])
        self.counts[key] = self.counts.get(key, 0) + value

    def span(self, name: str, **attributes: str) -> AbstractContextManager[None]:
        return nullcontext()


class Flaky:
    """Answers with the given statuses, then with a run. ``0`` hangs up without an answer."""

    def __init__(self, *statuses: int, retry_after: str = "") -> None:
        self.asked = 0
        self._statuses = list(statuses)
        self._headers = {"Retry-After": retry_after} if retry_after else {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if not self._statuses:
            return await streaming(STARTED, FINISHED)(request)
        status = self._statuses.pop(0)
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=status, headers=self._headers)


def client(retries: RetryPolicy = FAST, **settings: object) -> RemoteClient:
    return RemoteClient(private_addresses=True, retries=retries, **settings)  # type: ignore[arg-type]


def one_run(handler: Handler, shared: RemoteClient) -> None:
    async def main() -> None:
        async with agent_before(handler, client=shared) as agent:
            assert outcome_of((await read(agent)).ending) == Finished()

    run(main())


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, 0])
def test_a_passing_fault_before_the_first_byte_is_not_seen(status: int) -> None:
    flaky, telemetry = Flaky(status, status), Counting()
    one_run(flaky.handle, client(telemetry=telemetry))
    assert flaky.asked == 3
    assert telemetry.counts == {("remote.retries", "agent 'far'"): 2}


def test_a_fault_that_stays_is_told_after_the_last_attempt() -> None:
    flaky = Flaky(*[503] * 9)
    assert failure(flaky.handle, client=client()).message == "The agent 'far' answered with HTTP 503."
    assert flaky.asked == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 501])
def test_other_statuses_are_not_asked_again(status: int) -> None:
    flaky = Flaky(status)
    failure(flaky.handle, client=client())
    assert flaky.asked == 1


def test_what_breaks_after_the_first_byte_is_not_asked_again() -> None:
    asked: list[int] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(1)
        response = await streaming(STARTED, STEP)(request)
        assert request.transport is not None
        await asyncio.sleep(0.1)
        request.transport.abort()
        return response

    assert failure(handler, client=client()).message == "The stream of the agent 'far' broke off."
    assert asked == [1]


def test_an_agent_that_does_not_answer_in_time_is_not_asked_again() -> None:
    asked: list[int] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(1)
        await forever()
        return web.Response()

    assert type(failure(handler, client=client(), timeouts=RemoteTimeouts(first_byte=0.2))) is TimedOutError
    assert asked == [1]


def test_a_short_retry_after_is_honoured() -> None:
    moments: list[float] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return await streaming(STARTED, FINISHED)(request)

    one_run(handler, client())
    assert moments[1] - moments[0] >= 1


def test_a_longer_retry_after_than_we_wait_is_an_error_at_once() -> None:
    flaky = Flaky(429, retry_after="3600")
    assert failure(flaky.handle, client=client()).message == "The agent 'far' answered with HTTP 429."
    assert flaky.asked == 1


def test_an_endpoint_that_keeps_failing_is_left_alone_and_asked_again_later() -> None:
    flaky = Flaky(500, 500)
    telemetry = Counting()
    shared = client(ONCE, breaker=BreakerPolicy(failures=2, seconds=0.2), telemetry=telemetry)

    async def main() -> None:
        async with agent_before(flaky.handle, client=shared) as agent:
            for _ in range(2):
                with pytest.raises(AgentError):
                    await agent.start(INPUT, context())
            with pytest.raises(
                UnavailableError, match=r"^The agent 'far' has failed 2 times in a row and is not asked"
            ):
                await agent.start(INPUT, context())
            assert [(each.peer, each.state) for each in shared.health()] == [("agent 'far'", BreakerState.OPEN)]
            assert flaky.asked == 2
            await asyncio.sleep(0.3)
            assert shared.health()[0].state is BreakerState.HALF_OPEN
            await read(agent)
            assert shared.health()[0].state is BreakerState.CLOSED

    run(main())
    assert telemetry.counts == {("remote.refused", "agent 'far'"): 1}


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_an_endpoint_that_refuses_is_not_a_failing_one(status: int) -> None:
    shared = client(ONCE, breaker=BreakerPolicy(failures=1))
    failure(Flaky(status).handle, client=shared)
    assert shared.health()[0].state is BreakerState.CLOSED


def test_a_start_that_is_cancelled_says_nothing_of_the_endpoint() -> None:
    shared = client(ONCE, breaker=BreakerPolicy(failures=1))

    async def handler(request: web.Request) -> web.StreamResponse:
        await forever()
        return web.Response()

    async def main() -> None:
        async with agent_before(handler, client=shared) as agent:
            starting = asyncio.create_task(agent.start(INPUT, context()))
            await asyncio.sleep(0.1)
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting

    run(main())
    assert shared.health()[0].state is BreakerState.CLOSED


def test_a_run_that_takes_too_long_as_a_whole_is_cut_though_it_never_is_silent() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streaming(STARTED)(request)
        while True:
            await response.write(STEP + STEP_END)
            await asyncio.sleep(0.01)

    error = failure(handler, timeouts=RemoteTimeouts(total=0.3))
    assert type(error) is TimedOutError
    assert error.message == "The agent 'far' did not finish within 0.3 seconds."


def test_the_whole_time_counts_the_wait_for_the_answer() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        await forever()
        return web.Response()

    error = failure(handler, timeouts=RemoteTimeouts(total=0.2))
    assert error.message == "The agent 'far' did not finish within 0.2 seconds."


def test_a_response_too_large_is_cut_though_each_event_is_small() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streaming(STARTED)(request)
        while True:
            await response.write(b": keep-alive\n\n")

    error = failure(handler, max_stream_bytes=100_000)
    assert error.code is ErrorCode.LIMIT_EXCEEDED
    assert error.message == "The agent 'far' sent a response of more than 100000 bytes."


def refused(url: str, **settings: object) -> AguiError:
    async def main() -> AguiError:
        guarded = RemoteClient(retries=ONCE, **settings)  # type: ignore[arg-type]
        try:
            with pytest.raises(AguiError) as caught:
                await HttpAgent("far", url, client=guarded).start(INPUT, context())
            return caught.value
        finally:
            await guarded.close()

    return run(main())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "169.254.169.254"])
def test_a_guarded_client_does_not_go_to_private_addresses(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        error = refused(f"http://{host}:{server.getsockname()[1]}/")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert type(error) is DeniedError
    assert error.message == "The agent 'far' has no public address, and others are not allowed here."


@pytest.mark.parametrize("host", ["2130706433", "127.1"])
def test_odd_spellings_of_an_address_are_none(host: str) -> None:
    assert refused(f"http://{host}/").message == "The agent 'far' cannot be reached: its address is not valid."


class Rebinding(AbstractResolver):
    """Gives a public address first and the loopback one afterwards, as an attacker's name server would."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = "192.0.2.1" if self.asked == 1 else "127.0.0.1"
        return [ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        return


def test_a_name_is_resolved_once_and_connected_to_as_checked() -> None:
    resolver = Rebinding()
    assert type(refused("http://rebinding.example/", resolver=resolver)) is DeniedError
    assert resolver.asked == 1


def test_a_shared_client_stays_open_when_an_agent_closes() -> None:
    shared = client()

    async def main() -> None:
        async with agent_before(streaming(STARTED, FINISHED), client=shared) as agent:
            await read(agent)
            await agent.close()
            await read(agent)

    run(main())
