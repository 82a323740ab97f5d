"""The plain answers to small ports."""

import re
from datetime import UTC

import pytest

from agui_runtime.adapters.scripted import ScriptedAgent, ScriptedModel
from agui_runtime.adapters.system.access import NoIdentity, OneScope
from agui_runtime.adapters.system.catalogs import FixedAgentCatalog, FixedToolCatalog, ModelByDefaultCatalog
from agui_runtime.adapters.system.clock import RandomIds, SystemClock
from agui_runtime.application import ports
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, InvalidError, NotFoundError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, Scope
from tests.support.aio import run

CALLER = Caller(ANONYMOUS, Scope("s"))
FACTS = RequestFacts("POST", "", {"authorization": "Bearer x"})


def agent(name: str) -> ScriptedAgent:
    async def play(_: object, __: object):  # type: ignore[no-untyped-def]
        return
        yield

    return ScriptedAgent(name, play)


async def silent(_: object):  # type: ignore[no-untyped-def]
    return
    yield


@pytest.mark.parametrize(
    ("adapter", "port"),
    [
        (SystemClock(), ports.Clock),
        (RandomIds(), ports.IdGenerator),
        (NoIdentity(), ports.Identity),
        (OneScope(), ports.AccessPolicy),
        (FixedAgentCatalog(()), ports.AgentCatalog),
        (ModelByDefaultCatalog(FixedAgentCatalog(()), ScriptedModel(silent)), ports.AgentCatalog),
        (FixedToolCatalog(()), ports.ToolCatalog),
    ],
)
def test_each_is_what_its_port_asks_for(adapter: object, port: type) -> None:
    assert isinstance(adapter, port)


def test_the_time_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_ids_have_copilotkits_form_and_are_never_the_same() -> None:
    ids = [RandomIds().new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(re.fullmatch(r"ck-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", each) for each in ids)


def test_run_ids_are_plain_uuids() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", RandomIds().new_run_id())


def test_everybody_is_the_same_and_in_one_scope() -> None:
    assert run(NoIdentity().identify(FACTS)) == ANONYMOUS
    assert OneScope("tenant").scope_of(ANONYMOUS) == Scope("tenant")
    with pytest.raises(InvalidError):
        OneScope("")


def test_agents_are_found_by_name_and_listed_in_order() -> None:
    b, a = agent("b"), agent("a")
    catalog = FixedAgentCatalog((b, a))
    assert run(catalog.list(CALLER)) == (b, a)
    assert run(catalog.get(AgentName("a"), CALLER)) is a


@pytest.mark.parametrize(
    ("names", "words"), [(["a", "b"], "Available agents are: a, b."), ([], "There are no agents.")]
)
def test_an_unknown_agent_is_told_which_there_are(names: list[str], words: str) -> None:
    with pytest.raises(NotFoundError, match=words) as caught:
        run(FixedAgentCatalog(map(agent, names)).get(AgentName("x"), CALLER))
    assert caught.value.code == ErrorCode.AGENT_NOT_FOUND
    assert caught.value.details == {"agent": "x", "available": names}


def test_two_agents_of_one_name_are_a_wrong_configuration() -> None:
    with pytest.raises(ConfigurationError, match="'a'"):
        FixedAgentCatalog((agent("a"), agent("a")))


def test_the_model_is_the_agent_default_which_is_found_but_not_listed() -> None:
    catalog = ModelByDefaultCatalog(FixedAgentCatalog([agent("writer")]), ScriptedModel(silent))

    async def main() -> None:
        assert (await catalog.get(AgentName("default"), CALLER)).describe().name == "default"
        assert [one.describe().name for one in await catalog.list(CALLER)] == ["writer"]
        assert (await catalog.get(AgentName("writer"), CALLER)).describe().name == "writer"
        with pytest.raises(NotFoundError):
            await catalog.get(AgentName("nobody"), CALLER)

    run(main())


def test_an_agent_of_the_hosts_own_is_default_before_the_model() -> None:
    own = agent("default")
    catalog = ModelByDefaultCatalog(FixedAgentCatalog([own]), ScriptedModel(silent))
    assert run(catalog.get(AgentName("default"), CALLER)) is own
