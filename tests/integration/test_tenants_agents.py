"""Agents that are made per request: one tenant's do not exist for another, whichever protocol its frontend speaks."""

from collections.abc import AsyncIterator

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.domain.identity import Caller
from agui_runtime.domain.runs import RunInput
from tests.support.agui_client import HEADERS, run_input
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, chat, exchange
from tests.support.serving import runtime, serving

ENVIRONMENT = {
    "AGUI_AUTH_TOKENS": "acme=acme-token-0123456789,other=other-token-0123456789",
    "AGUI_FORWARD_HEADERS": "x-plan",
}


def agents_of(caller: Caller) -> list[FunctionAgent]:
    """One of the tenant's own, and one more for those on a plan."""
    name = caller.principal.subject

    async def answer(_: RunInput) -> AsyncIterator[str]:
        yield f"I am {name}'s."

    made = [FunctionAgent(answer, f"{name}-helper")]
    return [*made, FunctionAgent(answer, f"{name}-gold")] if caller.headers.get("x-plan") == "gold" else made


async def asked(wire: str, url: str, tenant: str, agent: str, **headers: str) -> str:
    """The whole answer's text."""
    own = {"authorization": f"Bearer {tenant}-token-0123456789", **headers}
    if wire == "GraphQL":
        return (await exchange(url, chat("hi", agent=agent), headers={**CLIENT_HEADERS, **own})).text
    return (await exchange(f"{url}/agent/{agent}/run", run_input("hi"), headers={**HEADERS, **own})).text


@pytest.mark.parametrize("wire", ["GraphQL", "AG-UI"])
def test_a_tenants_agents_do_not_exist_for_another(wire: str) -> None:
    async def main() -> None:
        async with serving(runtime(environment=ENVIRONMENT, agent_factory=agents_of)) as url:
            assert "I am acme's." in await asked(wire, url, "acme", "acme-helper")
            refused = await asked(wire, url, "other", "acme-helper")
            assert "I am" not in refused
            assert "not found" in refused
            assert "acme-gold" not in refused
            assert "I am other's." in await asked(wire, url, "other", "other-helper")

    run(main())


@pytest.mark.parametrize("wire", ["GraphQL", "AG-UI"])
def test_a_header_decides_which_agents_there_are(wire: str) -> None:
    async def main() -> None:
        async with serving(runtime(environment=ENVIRONMENT, agent_factory=agents_of)) as url:
            assert "I am acme's." in await asked(wire, url, "acme", "acme-gold", **{"x-plan": "gold"})
            assert "I am" not in await asked(wire, url, "acme", "acme-gold")

    run(main())


def test_the_list_of_agents_is_the_tenants_own() -> None:
    async def main() -> None:
        async with serving(runtime(environment=ENVIRONMENT, agent_factory=agents_of)) as url:
            for tenant in ("acme", "other"):
                own = {**HEADERS, "authorization": f"Bearer {tenant}-token-0123456789"}
                told = (await exchange(f"{url}/info", method="GET", headers=own)).json()
                assert set(told["agents"]) - {"default"} == {f"{tenant}-helper"}

    run(main())
