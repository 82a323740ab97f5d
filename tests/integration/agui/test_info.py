"""``/info``, and the agent that a page means when it names none: contract agui §2."""

from typing import Any

import pytest

from agui_runtime import FunctionAgent, __version__
from tests.integration.host import Host
from tests.support.agui_client import run_input, send
from tests.support.aio import run
from tests.support.graphql_client import exchange
from tests.support.serving import runtime, serving

CLOUD = {"intelligence", "licenseStatus", "runtimeEntitlements", "inspectorMetadata"}


async def parrot(run_input: Any) -> Any:
    """Repeats."""
    yield "hello"


async def other(run_input: Any) -> Any:
    yield "hello"


def info(host: Host) -> Any:
    return send(f"{host.url}/info", method="GET").json()


def test_info_names_the_agents_and_nothing_of_the_cloud(host: Host) -> None:
    told = info(host)
    assert list(told["agents"]) == ["default", "other"]
    assert (told["version"], told["mode"], told["suggestions"]) == (__version__, "sse", True)
    assert not CLOUD & told.keys()


def test_flags_say_what_is_served(host: Host) -> None:
    served = {"list": True, "inspect": True, "mutations": True, "realtimeMetadata": False}
    assert info(host)["threadEndpoints"] == served
    single = send(host.at("/api/copilotkit-single"), {"method": "info"}).json()
    assert single["singleRoute"] == {"resourceOperations": True, "threadEndpoints": served}
    assert not any(single["threadEndpoints"].values())


def asked(*agents: Any) -> tuple[Any, int, str]:
    async def ask() -> tuple[Any, int, str]:
        async with serving(runtime(agents=[FunctionAgent(agent) for agent in agents])) as url:
            told = (await exchange(f"{url}/info", method="GET")).json()
            answer = await exchange(f"{url}/agent/default/run", run_input("hi", thread="t"))
            threads = (await exchange(f"{url}/threads?agentId=default", method="GET")).json()["threads"]
            return told["agents"], answer.status, threads[0]["agentId"] if threads else ""

    return run(ask())


def test_the_only_agent_is_the_default_one_under_its_own_name() -> None:
    agents, status, agent_id = asked(parrot)
    assert list(agents) == ["parrot", "default"]
    assert agents["default"]["name"] == "parrot"
    assert (status, agent_id) == (200, "parrot")


@pytest.mark.parametrize("agents", [(), (parrot, other)])
def test_where_there_is_no_only_agent_a_page_has_to_say_which(agents: tuple[Any, ...]) -> None:
    told, status, _ = asked(*agents)
    assert "default" not in told
    assert status == 404


def test_a_page_of_another_origin_gets_its_cors_headers_without_a_preflight(host: Host) -> None:
    headers = {"origin": "http://localhost:3000"}
    answer = send(f"{host.url}/info", method="GET", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
