"""Health of a real server: at the root and below the base path, for strangers too."""

import asyncio

import pytest

from agui_runtime.composition.runtime import CopilotRuntime
from agui_runtime.composition.settings import Settings
from tests.integration.access.world import ENVIRONMENT
from tests.support.aio import run
from tests.support.graphql_client import exchange
from tests.support.serving import runtime, serving

PATHS = ("/livez", "/readyz", "/health")


@pytest.mark.parametrize("environment", [{}, ENVIRONMENT, {"AGUI_BASE_PATH": "/"}], ids=["open", "closed", "root"])
def test_health_is_at_the_root_and_below_the_base_path(environment: dict[str, str]) -> None:
    async def test() -> None:
        container = runtime(environment=environment)
        base = container.settings().base_path
        async with serving(container) as url:
            server = url.removesuffix("/api/copilotkit")
            for path in PATHS:
                for prefix in {"", base}:
                    answer = await exchange(server + prefix + path, method="GET", headers={})
                    assert (answer.status, answer.content_type) == (200, "application/json")

    run(test())


def test_a_server_that_drains_is_not_ready_but_live() -> None:
    async def test() -> None:
        container = runtime()
        async with serving(container) as url:
            await container.supervisor().drain(0.1)
            ready = await exchange(f"{url}/readyz", method="GET", headers={})
            assert ready.status == 503
            assert ready.json()["reasons"] == ["runs: The server is shutting down. Please try again in a moment."]
            assert (await exchange(f"{url}/livez", method="GET", headers={})).status == 200
            assert (await exchange(f"{url}/health", method="GET", headers={})).json()["status"] == "failing"

    run(test())


def test_a_check_of_a_hosts_own_can_be_added() -> None:
    async def test() -> None:
        face = CopilotRuntime(settings=Settings())
        asked: list[int] = []

        async def queue_is_there() -> None:
            asked.append(1)

        face.container.check_health().add("queue", queue_is_there)
        async with serving(face.container) as url:
            answers = await asyncio.gather(*(exchange(f"{url}/health", method="GET", headers={}) for _ in range(20)))
            assert all(answer.json()["checks"]["queue"]["status"] == "ok" for answer in answers)
            assert len(asked) == 1

    run(test())
