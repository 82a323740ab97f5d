"""Metrics of a real server as a real scraper reads them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.domain.runs import RunInput
from tests.integration.access.agui_requests import run_input
from tests.integration.access.world import ENVIRONMENT
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, new_thread, streaming
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

METRICS = {"AGUI_METRICS": "1"}
SAVE = "mutation($data: SaveAgentStateInput!) { saveAgentState(data: $data) { version } }"
Samples = dict[tuple[str, tuple[str, ...]], float]
GRAPHQL_RUNS, AGUI_RUNS, SAVES = 12, 8, 10
EXPECTED: Samples = {
    ("agui_runs_total", ("finished",)): GRAPHQL_RUNS + AGUI_RUNS,
    ("agui_run_seconds_count", ("finished",)): GRAPHQL_RUNS + AGUI_RUNS,
    ("agui_first_chunk_seconds_count", ()): GRAPHQL_RUNS + AGUI_RUNS,
    ("agui_chunks_total", ()): 2 * (GRAPHQL_RUNS + AGUI_RUNS),
    ("agui_request_seconds_count", ("POST", "/", "200")): GRAPHQL_RUNS + SAVES,
    ("agui_request_seconds_count", ("POST", "agent/run", "200")): AGUI_RUNS,
    ("agui_state_operation_seconds_count", ("save", "ok")): SAVES,
    ("agui_live_runs", ()): 0,
    ("agui_leases", ()): 0,
}
"""What ``under_load`` leaves behind."""


def samples(text: str) -> Samples:
    """Values by name and the values of the labels, in the order of their names."""
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(url: str) -> Samples:
    answer = await exchange(f"{url}/metrics", method="GET", headers={"accept": "text/plain;version=0.0.4"})
    assert (answer.status, answer.content_type) == (200, "text/plain")
    return samples(answer.text)


async def twice(run_input: RunInput) -> AsyncIterator[str]:
    """Says two things."""
    yield "one "
    await asyncio.sleep(0.01)
    yield "two "


async def under_load(url: str) -> None:
    """Runs of both protocols and saved states, all at once."""
    asked = [exchange(url, chat("go", agent="twice")) for _ in range(GRAPHQL_RUNS)]
    asked += [exchange(f"{url}/agent/twice/run", run_input(new_thread())) for _ in range(AGUI_RUNS)]
    for number in range(SAVES):
        data = {"threadId": "t", "agentName": f"agent-{number}", "stateData": "{}"}
        asked.append(exchange(url, {"query": SAVE, "variables": {"data": data}}))
    assert {answer.status for answer in await asyncio.gather(*asked)} == {200}


def counted(found: Samples) -> Samples:
    """What there is of that which is expected."""
    return {name: found.get(name, 0) for name in EXPECTED}


def test_under_load_all_is_counted_once() -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS, agents=(FunctionAgent(twice),))) as url:
            await under_load(url)
            assert counted(await scraped(url)) == EXPECTED

    run(test())


@pytest.mark.parametrize("environment", [{}, ENVIRONMENT], ids=["open", "closed"])
def test_metrics_are_at_the_root_and_below_the_base_path(environment: dict[str, str]) -> None:
    async def test() -> None:
        async with serving(runtime(environment={**METRICS, **environment})) as url:
            for place in (url, url.removesuffix("/api/copilotkit")):
                assert (await scraped(place))["agui_live_runs", ()] == 0

    run(test())


def test_nobody_gets_metrics_that_nobody_wanted() -> None:
    async def test() -> None:
        async with serving(runtime()) as url:
            for place in (url, url.removesuffix("/api/copilotkit")):
                answer = await exchange(f"{place}/metrics", method="GET", headers={})
                assert answer.status == 404

    run(test())


def test_metrics_are_read_and_never_written() -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            assert (await exchange(f"{url}/metrics", b"", headers={})).status == 405

    run(test())


def test_a_run_is_counted_with_its_chunks_and_its_state() -> None:
    async def test() -> None:
        paced = Paced(2)
        async with serving(runtime(environment=METRICS, agents=(paced.agent(),))) as url:
            async with streaming(url, chat("go", agent="paced")) as response:
                await response.next()
                live = await scraped(url)
                assert (live["agui_live_runs", ()], live["agui_leases", ()]) == (1, 1)
                assert ("agui_runs_total", ("finished",)) not in live
                for _ in range(3):
                    paced.allow()
                await response.rest()
            found = await scraped(url)
            assert found["agui_live_runs", ()] == 0
            assert found["agui_runs_total", ("finished",)] == 1
            assert found["agui_chunks_total", ()] == 2
            assert found["agui_first_chunk_seconds_count", ()] == 1
            assert found["agui_run_seconds_count", ("finished",)] == 1
            assert found["agui_state_operation_seconds_count", ("load", "ok")] == 1

    run(test())


def test_requests_are_counted_by_what_this_server_knows_alone() -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            await exchange(url, {"query": "{ hello }"})
            refused = await exchange(f"{url}/{new_thread()}", method="PROPFIND", headers={})
            found = await scraped(url)
            assert found["agui_request_seconds_count", ("POST", "/", "200")] == 1
            assert found["agui_request_seconds_count", ("other", "other", str(refused.status))] == 1
            assert not any("thread-" in value for _, labels in found for value in labels)

    run(test())


def test_operations_of_agui_are_told_apart_without_their_ids() -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as url:
            await exchange(f"{url}/threads/thread-7/messages", method="GET", headers={})
            await exchange(f"{url}/info", method="GET", headers={})
            await exchange(f"{url}/thread-8", method="GET", headers={})
            found = await scraped(url)
            for route, status in (("threads/messages", "200"), ("info", "200"), ("other", "404")):
                assert found["agui_request_seconds_count", ("GET", route, status)] == 1

    run(test())


def test_a_saved_state_is_measured_with_its_outcome() -> None:
    async def test() -> None:
        state = {"threadId": "t", "agentName": "a", "stateData": "{}"}
        async with serving(runtime(environment=METRICS)) as url:
            await exchange(url, {"query": SAVE, "variables": {"data": state}})
            found = await scraped(url)
            assert found["agui_state_operation_seconds_count", ("save", "ok")] == 1

    run(test())


def test_two_runtimes_of_one_process_count_by_themselves() -> None:
    async def test() -> None:
        async with serving(runtime(environment=METRICS)) as first, serving(runtime(environment=METRICS)) as second:
            await exchange(first, {"query": "{ hello }"})
            requests = "agui_request_seconds_count", ("POST", "/", "200")
            assert (await scraped(first))[requests] == 1
            assert requests not in await scraped(second)

    run(test())
