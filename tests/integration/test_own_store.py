"""A host's own store of states, bound with one argument: it keeps the contract, and the runtime uses no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dependency_injector import providers

from agui_runtime import RuntimeContainer, Settings
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.domain.policy import StateLimits
from examples.file_store import FileStateStore
from tests.contracts.state_store import StateStoreContract
from tests.contracts.world import STATE_LIMITS, Adapters, eventually
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.support.graphql_client import exchange
from tests.support.serving import serving

SAVE = "mutation($data: SaveAgentStateInput!) { saveAgentState(data: $data) { version errorCode } }"
LOAD = 'query { loadAgentState(data: { threadId: "t", agentName: "writer" }) { version stateData } }'


class CountedStore(FileStateStore):
    opened = closed = 0

    async def open(self) -> None:
        await super().open()
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1


class TestOwnStore(StateStoreContract):
    @asynccontextmanager
    async def adapters(self, clock: FakeClock) -> AsyncIterator[Adapters]:
        with TemporaryDirectory() as folder:
            yield Adapters(FileStateStore(Path(folder), clock, STATE_LIMITS))


async def ask(url: str, **body: object) -> object:
    return (await exchange(url, body)).json()["data"]


def data(text: str) -> dict[str, object]:
    return {"data": {"threadId": "t", "agentName": "writer", "stateData": text}}


def test_the_runtime_serves_opens_sweeps_and_closes_the_store_that_is_bound(tmp_path: Path) -> None:
    container = RuntimeContainer(
        settings=providers.Object(Settings(state_lifetime_seconds=5.0, state_sweep_seconds=0.05)),
        state_store=providers.Singleton(CountedStore, tmp_path / "states", SystemClock(), StateLimits()),
    )
    store: CountedStore = container.state_store()

    async def test() -> None:
        async with serving(container) as url:
            assert await ask(url, query=SAVE, variables=data('{"a": 1}')) == {
                "saveAgentState": {"version": 1, "errorCode": None}
            }
            assert await ask(url, query=LOAD) == {"loadAgentState": {"version": 1, "stateData": '{"a":1}'}}
            assert len(list((tmp_path / "states").iterdir())) == 1
            await eventually(lambda: not list((tmp_path / "states").iterdir()))
            assert (store.opened, store.closed) == (1, 0)
        assert store.closed == 1
        assert container.memory().statistics().states == 0

    run(test())


def test_a_damaged_file_of_the_store_is_an_error_and_not_an_empty_state(tmp_path: Path) -> None:
    container = RuntimeContainer(
        settings=providers.Object(Settings()),
        state_store=providers.Singleton(FileStateStore, tmp_path / "states", SystemClock(), StateLimits()),
    )

    async def test() -> None:
        async with serving(container) as url:
            await ask(url, query=SAVE, variables=data('{"a": 1}'))
            (path,) = (tmp_path / "states").iterdir()
            path.write_text("{")
            answer = await ask(url, query=SAVE, variables=data('{"b": 1}'))
            assert answer == {"saveAgentState": {"version": None, "errorCode": "CORRUPT"}}
            assert path.read_text() == "{"

    run(test())
