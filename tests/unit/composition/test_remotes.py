"""Agents elsewhere, as a host configures them: by the environment, in code, and per request."""

import pytest
from dependency_injector import providers

from agui_runtime.adapters.remote import RemoteEndpoint
from agui_runtime.adapters.scripted import ScriptedAgent, say
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConfigurationError, DeniedError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Principal, Scope
from agui_runtime.domain.runs import RunInput
from tests.support.aio import run
from tests.support.remote import INPUT, context

CALLER = Caller(ANONYMOUS, Scope("s"))


def container(environment: dict[str, str] | None = None, **bound: object) -> RuntimeContainer:
    given = {name: providers.Object(value) for name, value in bound.items()}
    return RuntimeContainer(settings=providers.Object(Settings.from_environment(environment or {})), **given)


def scripted(name: str) -> ScriptedAgent:
    return ScriptedAgent(name, lambda _: say("m", [name]))  # type: ignore[arg-type, return-value]


def names(made: RuntimeContainer, caller: Caller = CALLER) -> list[str]:
    return [str(agent.describe().name) for agent in run(made.agent_catalog().list(caller))]


def test_agents_of_the_environment_stand_beside_the_hosts_own() -> None:
    made = container({"AGUI_REMOTE_AGENTS": "far=http://x/run"}, agents=(scripted("near"),))
    assert names(made) == ["near", "far"]


def test_an_agent_of_the_environment_must_not_take_over_a_name() -> None:
    made = container({"AGUI_REMOTE_AGENTS": "near=http://x/run"}, agents=(scripted("near"),))
    with pytest.raises(ConfigurationError, match="'near'"):
        made.agent_catalog()


def test_agents_made_per_request_stand_beside_the_others() -> None:
    def factory(caller: Caller) -> list[ScriptedAgent]:
        return [scripted(f"{caller.principal.subject}-helper")]

    made = container(agents=(scripted("near"),), agent_factory=factory)
    assert names(made, Caller(Principal("ann"), Scope("s"))) == ["near", "ann-helper"]


def test_endpoints_of_the_environment_stand_beside_those_of_the_host() -> None:
    given = RemoteEndpoint("one", "http://127.0.0.1:1/")
    made = container({"AGUI_REMOTE_ENDPOINTS": "two=http://127.0.0.1:1/"}, remote_endpoints=(given,))
    assert [endpoint.status.name for endpoint in made.endpoints()] == ["one", "two"]
    assert made.endpoints()[0] is given


def test_a_token_for_a_name_that_there_is_not_is_named() -> None:
    made = container({"AGUI_REMOTE_AGENTS": "far=http://x/", "AGUI_REMOTE_TOKENS": "fra=secret"})
    with pytest.raises(ConfigurationError, match="'fra' is neither in AGUI_REMOTE_AGENTS nor") as caught:
        made.agent_catalog()
    assert "secret" not in str(caught.value)


def test_a_url_that_cannot_be_used_is_told_by_its_agent() -> None:
    made = container({"AGUI_REMOTE_AGENTS": "far=http://me:secret@x/"})
    with pytest.raises(ConfigurationError, match="The URL of the agent 'far' has a user") as caught:
        made.agent_catalog()
    assert "secret" not in str(caught.value)


def test_private_addresses_can_be_forbidden_for_all_of_the_environment() -> None:
    made = container(
        {"AGUI_REMOTE_AGENTS": "far=http://127.0.0.1:1/", "AGUI_REMOTE_PRIVATE_ADDRESSES": "no"},
    )

    async def main() -> None:
        agent = await made.agent_catalog().get(AgentName("far"), CALLER)
        with pytest.raises(DeniedError, match="has no public address"):
            await agent.start(RunInput(INPUT.thread_id, INPUT.run_id), context())

    run(main())
