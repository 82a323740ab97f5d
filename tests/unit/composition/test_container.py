"""Where ports meet adapters: what a host gives in one argument takes the place of ours everywhere."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from dependency_injector import providers

from agui_runtime.adapters.http.exchange import IncomingRequest
from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.application import ports
from agui_runtime.application.values import StateSummary
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConflictError
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.state import AgentState
from tests.support.aio import run
from tests.support.clock import START


class OwnStore:
    """A host's own store: a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[StateKey, AgentState] = {}

    async def load(self, key: StateKey) -> AgentState | None:
        return self.kept.get(key)

    async def save(
        self, key: StateKey, values: JsonObject, *, expected_version: int, expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:  # fmt: skip
        stored = self.kept.get(key)
        if expected_version != (stored.version if stored else 0):
            raise ConflictError("somebody else saved")
        self.kept[key] = AgentState(key, values, expected_version + 1, START, START, expires_at, run)
        return self.kept[key]

    async def delete(self, key: StateKey) -> bool:
        return self.kept.pop(key, None) is not None

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        return ()

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        return ()

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        return 0


async def writer(run_input: RunInput) -> AsyncIterator[str]:
    yield "hi"


async def nothing() -> AsyncIterator[bytes]:
    yield b""


def container(**bound: Any) -> RuntimeContainer:
    return RuntimeContainer(settings=providers.Object(Settings()), **bound)


def test_a_store_of_the_hosts_own_is_one_argument() -> None:
    runtime = container(state_store=providers.Singleton(OwnStore))
    caller = Caller(ANONYMOUS, Scope("default"))

    async def test() -> None:
        await runtime.save_state()(caller, ThreadId("t"), AgentName("a"), {"n": 1})
        loaded = await runtime.load_state()(caller, ThreadId("t"), AgentName("a"))
        assert loaded.values == {"n": 1}

    run(test())
    assert isinstance(runtime.state_store(), ports.StateStore)
    assert [state.values for state in runtime.state_store().kept.values()] == [{"n": 1}]


def test_what_is_bound_to_one_container_is_not_bound_to_another() -> None:
    assert isinstance(container(state_store=providers.Singleton(OwnStore)).state_store(), OwnStore)
    assert not isinstance(container().state_store(), OwnStore)


def test_two_containers_share_nothing() -> None:
    first, second = container(), container()
    for name in ("memory", "state_store", "run_log", "supervisor", "router", "graphql_endpoint"):
        assert getattr(first, name)() is not getattr(second, name)()
        assert getattr(first, name)() is getattr(first, name)()


def test_every_adapter_is_what_its_port_asks_for() -> None:
    runtime = container()
    bound = {
        "clock": ports.Clock,
        "ids": ports.IdGenerator,
        "telemetry": ports.Telemetry,
        "identity": ports.Identity,
        "access_policy": ports.AccessPolicy,
        "agent_catalog": ports.AgentCatalog,
        "tool_catalog": ports.ToolCatalog,
        "state_store": ports.StateStore,
        "run_log": ports.RunLog,
        "thread_directory": ports.ThreadDirectory,
    }
    for name, port in bound.items():
        assert isinstance(getattr(runtime, name)(), port), name


def test_agents_that_are_given_are_offered() -> None:
    runtime = container(agents=providers.Object((FunctionAgent(writer),)))
    agents = run(runtime.list_agents()(Caller(ANONYMOUS, Scope("default"))))
    assert [agent.name for agent in agents] == ["writer"]


def test_the_settings_reach_the_router() -> None:
    runtime = RuntimeContainer(settings=providers.Object(Settings(base_path="/copilot", max_body_bytes=5)))
    router = runtime.router()
    assert router.base_path == "/copilot"

    async def chunks() -> AsyncIterator[bytes]:
        yield b"123456"

    answer = run(router.handle(IncomingRequest("POST", "/copilot", "", {}, chunks())))
    assert answer.status == 413


def test_the_runtime_answers_as_it_is_composed() -> None:
    request = IncomingRequest("GET", "/api/copilotkit", "query={hello}", {"accept": "application/json"}, nothing())
    answer = run(container().router().handle(request))
    assert answer.status == 200
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"data": {"hello": "Hello World"}}


def test_settings_come_from_the_environment(monkeypatch: Any) -> None:
    monkeypatch.setenv("AGUI_BASE_PATH", "/from/environment")
    assert RuntimeContainer().router().base_path == "/from/environment"
