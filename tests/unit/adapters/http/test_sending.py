"""A body is sent whole to whoever reads, and no further to who does not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agui_runtime.adapters.http.keep_alive import KeepAlive
from agui_runtime.adapters.http.sending import SLICE, SlowReaderError, send_body
from tests.support.aio import run

OFTEN = KeepAlive(b".", 0.005)


class Client:
    """Reads until it stops."""

    def __init__(self, *, reads: int | None = None) -> None:
        self.read: list[bytes] = []
        self.is_ended = False
        self._left = reads

    async def write(self, piece: bytes) -> None:
        if self._left == 0:
            await asyncio.Event().wait()
        if self._left is not None:
            self._left -= 1
        self.read.append(piece)

    async def end(self) -> None:
        await self.write(b"")
        self.is_ended = True


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


def send(client: Client, *given: bytes, seconds: float, keep_alive: KeepAlive | None = None) -> None:
    async def test() -> None:
        try:
            async with asyncio.timeout(5):
                body = pieces(*given)
                await send_body(body, client.write, client.end, keep_alive=keep_alive, write_seconds=seconds)
        finally:
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())


@pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["no limit", "a limit"])
def test_a_body_is_sent_and_ended(seconds: float) -> None:
    client = Client()
    send(client, b"a", b"b", seconds=seconds)
    assert client.read == [b"a", b"b", b""]
    assert client.is_ended


def test_a_large_piece_goes_out_in_slices() -> None:
    client = Client()
    send(client, b"x" * (2 * SLICE + 1), seconds=60.0)
    assert [len(piece) for piece in client.read] == [SLICE, SLICE, 1, 0]


@pytest.mark.parametrize("keep_alive", [None, OFTEN], ids=["silent", "kept alive"])
@pytest.mark.parametrize("reads", [0, 1, 2], ids=["the first piece", "the second piece", "the end"])
def test_a_client_that_does_not_read_is_given_up(reads: int, keep_alive: KeepAlive | None) -> None:
    client = Client(reads=reads)
    with pytest.raises(SlowReaderError, match=r"did not read for 0\.05 seconds"):
        send(client, b"a", b"b", seconds=0.05, keep_alive=keep_alive)
    assert client.read == [b"a", b"b"][:reads]
    assert not client.is_ended


def test_a_client_that_does_not_even_read_what_fills_the_silence_is_given_up() -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(3600)

    async def test() -> None:
        client = Client(reads=1)
        with pytest.raises(SlowReaderError):
            await send_body(silent(), client.write, client.end, keep_alive=OFTEN, write_seconds=0.05)

    run(test())


def test_a_pause_of_the_body_is_not_the_clients() -> None:
    async def slow() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b"):
            await asyncio.sleep(0.1)
            yield piece

    client = Client()
    run(send_body(slow(), client.write, client.end, keep_alive=None, write_seconds=0.03))
    assert client.read == [b"a", b"b", b""]


def test_a_body_that_times_out_by_itself_is_no_slow_client() -> None:
    async def late() -> AsyncIterator[bytes]:
        yield b"a"
        raise TimeoutError("the log")

    client = Client()
    with pytest.raises(TimeoutError, match="the log"):
        run(send_body(late(), client.write, client.end, keep_alive=None, write_seconds=60.0))
