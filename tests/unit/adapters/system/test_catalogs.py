"""Agents and tools of all kinds as one catalogue."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.adapters.system.catalogs import (
    CombinedAgentCatalog,
    CombinedToolCatalog,
    FactoryAgentCatalog,
    FixedAgentCatalog,
    FixedToolCatalog,
)
from agui_runtime.application.ports import Agent
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, NotFoundError, UnavailableError
from agui_runtime.domain.identity import AgentName, Caller, Principal, Scope
from agui_runtime.domain.json_value import JsonValue
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import ServerTool, Tool
from tests.support.aio import run

ANN = Caller(Principal("ann"), Scope("acme"), {"x-plan": "gold"})
BOB = Caller(Principal("bob"), Scope("other"))


def agent(name: str) -> Agent:
    async def speak(_: RunInput) -> AsyncGenerator[str, None]:
        yield name

    return FunctionAgent(speak, name=name)


def names(agents: Sequence[Agent]) -> list[str]:
    return [str(each.describe().name) for each in agents]


class Dead:
    async def list(self, caller: Caller) -> Sequence[Agent]:
        return ()

    async def get(self, name: AgentName, caller: Caller) -> Agent:
        raise UnavailableError("The endpoint is down.")


def per_tenant(caller: Caller) -> list[Agent]:
    return [agent(f"{caller.scope}-helper"), agent(caller.headers.get("x-plan", "none"))]


def test_a_factory_sees_who_calls_and_with_which_headers() -> None:
    catalog = FactoryAgentCatalog(per_tenant)
    assert names(run(catalog.list(ANN))) == ["acme-helper", "gold"]
    assert names(run(catalog.list(BOB))) == ["other-helper", "none"]


def test_a_factory_may_have_to_be_waited_for() -> None:
    async def factory(caller: Caller) -> list[Agent]:
        return per_tenant(caller)

    assert names(run(FactoryAgentCatalog(factory).list(ANN))) == ["acme-helper", "gold"]


def test_a_tenant_s_agent_does_not_exist_for_another() -> None:
    catalog = FactoryAgentCatalog(per_tenant)
    assert run(catalog.get(AgentName("acme-helper"), ANN)).describe().name == "acme-helper"
    with pytest.raises(NotFoundError) as caught:
        run(catalog.get(AgentName("acme-helper"), BOB))
    assert caught.value.details["available"] == ["other-helper", "none"]


def test_a_factory_that_gives_a_name_twice_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="'twin'"):
        run(FactoryAgentCatalog(lambda _: [agent("twin"), agent("twin")]).list(ANN))


def test_all_kinds_are_listed_the_first_of_a_name_winning() -> None:
    first, second = agent("same"), agent("same")
    catalog = CombinedAgentCatalog([FixedAgentCatalog([first]), FactoryAgentCatalog(lambda _: [second, agent("b")])])
    listed = run(catalog.list(ANN))
    assert names(listed) == ["same", "b"]
    assert listed[0] is first
    assert run(catalog.get(AgentName("same"), ANN)) is first
    assert run(catalog.get(AgentName("b"), ANN)).describe().name == "b"


def test_a_name_that_nobody_has_is_told_with_all_there_are() -> None:
    catalog = CombinedAgentCatalog([FixedAgentCatalog([agent("a")]), FixedAgentCatalog([agent("b")])])
    with pytest.raises(NotFoundError) as caught:
        run(catalog.get(AgentName("c"), ANN))
    assert caught.value.code is ErrorCode.AGENT_NOT_FOUND
    assert caught.value.message == "Agent 'c' was not found. Available agents are: a, b."


def test_a_dead_source_does_not_take_the_others_along() -> None:
    catalog = CombinedAgentCatalog([Dead(), FixedAgentCatalog([agent("a")])])
    assert names(run(catalog.list(ANN))) == ["a"]
    assert run(catalog.get(AgentName("a"), ANN)).describe().name == "a"


def test_an_agent_that_only_a_dead_source_may_have_is_not_said_to_be_missing() -> None:
    catalog = CombinedAgentCatalog([Dead(), FixedAgentCatalog([agent("a")])])
    with pytest.raises(UnavailableError, match="down"):
        run(catalog.get(AgentName("b"), ANN))


def test_tools_of_all_sources_are_listed_the_first_of_a_name_winning() -> None:
    async def handler(arguments: dict[str, JsonValue]) -> JsonValue:
        return None

    own, theirs, other = (ServerTool(Tool(name), handler) for name in ("same", "same", "other"))
    catalog = CombinedToolCatalog([FixedToolCatalog([own]), FixedToolCatalog([theirs, other])])
    assert run(catalog.list(ANN, {})) == (own, other)
