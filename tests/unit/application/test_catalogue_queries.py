"""What a caller is told of the runtime and its agents."""

from agui_runtime.adapters.system.catalogs import FixedAgentCatalog
from agui_runtime.application.describe_runtime import DescribeRuntime, RuntimeDescription
from agui_runtime.application.list_agents import ListAgents
from tests.support.aio import run
from tests.unit.application.world import CALLER, agent_that_says, model_that_says

AGENTS = FixedAgentCatalog((agent_that_says(name="b"), agent_that_says(name="a")))


def test_agents_are_listed_in_the_order_they_were_given() -> None:
    assert [agent.name for agent in run(ListAgents(AGENTS)(CALLER))] == ["b", "a"]


def test_no_agents_are_an_empty_list() -> None:
    assert run(ListAgents(FixedAgentCatalog(()))(CALLER)) == []


def test_the_runtime_is_described_with_its_model() -> None:
    describe = DescribeRuntime(AGENTS, model_that_says(provider="acme"), version="1.2.3", protocols=("graphql",))
    assert run(describe(CALLER)) == RuntimeDescription("1.2.3", ("acme",), 2, ("graphql",))


def test_a_runtime_without_a_model_names_no_provider() -> None:
    describe = DescribeRuntime(AGENTS, None, version="1.2.3", protocols=("graphql", "ag-ui"))
    assert run(describe(CALLER)) == RuntimeDescription("1.2.3", (), 2, ("graphql", "ag-ui"))
