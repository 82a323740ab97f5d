"""A server that begins to exit is noticed; any other server is left alone."""

import asyncio
import signal
from types import FrameType, SimpleNamespace

import pytest

from agui_runtime.adapters.asgi.exit_watch import ExitWatch, server_of_this_process
from tests.support.aio import run


class Server:
    """As uvicorn's: a flag, and a handler that is a method."""

    should_exit = False

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(signal, "getsignal", lambda _: made.handle_exit)
    return made


def test_it_drains_when_the_server_begins_to_exit(server: Server) -> None:
    async def test() -> None:
        drained = asyncio.Event()

        async def drain() -> None:
            drained.set()

        ExitWatch(drain).ensure()
        await asyncio.sleep(0)
        assert not drained.is_set()
        server.should_exit = True
        async with asyncio.timeout(5):
            await drained.wait()

    run(test())


def test_it_leaves_nothing_behind(server: Server) -> None:
    async def test() -> None:
        async def drain() -> None:
            raise AssertionError

        watch = ExitWatch(drain)
        with watch.on():
            watch.ensure()
            assert len(asyncio.all_tasks()) == 2
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    run(test())


@pytest.mark.parametrize("handler", [None, signal.SIG_DFL, lambda *_: None, SimpleNamespace().__eq__])
def test_without_a_server_there_is_nothing_to_watch(handler: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _: handler)
    assert server_of_this_process() is None
