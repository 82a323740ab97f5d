"""More runs than there may be: 429 on AG-UI before any stream, an error in a 200 on GraphQL; nobody else suffers."""

import asyncio
from typing import Any

import pytest

from tests.integration.access.agui_requests import run_input
from tests.integration.access.world import ENVIRONMENT, headers_of
from tests.support.aio import run
from tests.support.graphql_client import Answer, chat, exchange, new_thread, streaming
from tests.support.scripts import Paced
from tests.support.serving import runtime, serving

ONE = {"AGUI_MAX_RUNS": "1"}


async def _second(url: str, protocol: str, headers: Any = None) -> Answer:
    if protocol == "agui":
        return await exchange(f"{url}/agent/paced/run", run_input(new_thread()), headers=headers)
    return await exchange(url, chat("go", agent="paced"), headers=headers)


@pytest.mark.parametrize("protocol", ["agui", "graphql"])
def test_a_run_too_many_is_refused_with_what_to_do(protocol: str) -> None:
    async def test() -> None:
        paced = Paced(1)
        async with serving(runtime(environment=ONE, agents=(paced.agent(),))) as url:
            async with streaming(url, chat("go", agent="paced")) as first:
                await first.next()
                refused = await _second(url, protocol)
                assert "Please try again in a moment." in refused.text
                if protocol == "agui":
                    assert (refused.status, refused.headers["retry-after"]) == (429, "5")
                else:
                    assert refused.status == 200
                    assert refused.error()["extensions"]["code"] == "UNKNOWN"
                assert (await exchange(url, {"query": "{ hello }"})).status == 200
                for _ in range(2):
                    paced.allow()
                await first.rest()
            paced.allow()
            paced.allow()
            assert (await _second(url, protocol)).status == 200

    run(test())


def test_a_run_that_is_refused_for_another_reason_leaves_its_place() -> None:
    async def test() -> None:
        paced = Paced(0)
        async with serving(runtime(environment=ONE, agents=(paced.agent(),))) as url:
            for _ in range(3):
                assert "not found" in (await exchange(url, chat("go", agent="nobody"))).text
            paced.allow()
            paced.allow()
            assert (await exchange(url, chat("go", agent="paced"))).response()["status"]["code"] == "Success"

    run(test())


def test_one_callers_runs_leave_places_for_others() -> None:
    async def test() -> None:
        paced = Paced(0)
        environment = {**ENVIRONMENT, "AGUI_MAX_RUNS_PER_CALLER": "1"}
        async with serving(runtime(environment=environment, agents=(paced.agent(),))) as url:
            held = asyncio.create_task(_second(url, "graphql", headers_of("alice")))
            await asyncio.sleep(0.2)
            assert (await _second(url, "agui", headers_of("alice"))).status == 429
            other = asyncio.create_task(_second(url, "graphql", headers_of("bob")))
            await asyncio.sleep(0.1)
            for _ in range(8):
                paced.allow()
            assert (await other).response()["status"]["code"] == "Success"
            assert (await held).response()["status"]["code"] == "Success"

    run(test())
