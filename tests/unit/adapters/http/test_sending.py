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
        self.has_read = asyncio.Event()
        self._left = reads

    async def write(self, piece: bytes) -> None:
        if self._left == 0:
            await asyncio.Event().wait()
        if self._left is not None:
            self._left -= 1
        self.read.append(piece)
        self.has_read.set()

    async def end(self, last: bytes) -> None:
        await self.write(last)
        self.is_ended = True


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece
        await asyncio.sleep(0)


async def at_once(*given: bytes) -> AsyncIterator[bytes]:
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


def sent(body: AsyncIterator[bytes]) -> list[bytes]:
    client = Client()
    run(send_body(body, client.write, client.end, keep_alive=None, write_seconds=60.0))
    assert client.is_ended
    return client.read


def test_what_is_there_at_once_is_one_piece_with_its_end() -> None:
    assert sent(at_once(b"a", b"b", b"c")) == [b"abc"]
    assert sent(at_once()) == [b""]


def test_what_comes_within_the_first_turns_is_there_at_once() -> None:
    async def test() -> list[bytes]:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"a"
            await begun.wait()
            yield b"b"

        client = Client()
        loop.call_soon(loop.call_soon, begun.set)
        await send_body(body(), client.write, client.end, keep_alive=None, write_seconds=60.0)
        return client.read

    assert run(test()) == [b"ab"]


def test_what_is_there_goes_out_before_the_rest_is_waited_for() -> None:
    async def test() -> None:
        client, said = Client(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"
            await said.wait()
            yield b"c"
            yield b"d"

        sending = asyncio.create_task(send_body(body(), client.write, client.end, keep_alive=None, write_seconds=60.0))
        await client.has_read.wait()
        assert client.read == [b"ab"]
        said.set()
        await sending
        assert client.read == [b"ab", b"c", b"d", b""]

    run(test())


def test_a_response_whose_body_is_late_has_its_head_at_once() -> None:
    async def test() -> None:
        client, said = Client(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            await said.wait()
            yield b"a"

        sending = asyncio.create_task(send_body(body(), client.write, client.end, keep_alive=None, write_seconds=60.0))
        await client.has_read.wait()
        said.set()
        await sending
        assert client.read == [b"", b"a", b""]

    run(test())


def test_no_more_than_a_slice_is_collected() -> None:
    piece = b"x" * (SLICE // 2)
    assert [len(each) for each in sent(at_once(piece, piece, b"y", piece, piece))] == [
        SLICE, 1, SLICE // 2, SLICE // 2, 0
    ]  # fmt: skip


def test_what_was_there_before_a_fault_is_sent() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise RuntimeError("broke")

    client = Client()
    with pytest.raises(RuntimeError, match="broke"):
        run(send_body(broken(), client.write, client.end, keep_alive=None, write_seconds=60.0))
    assert client.read == [b"a"]
    assert not client.is_ended


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
    assert client.read == [b"", b"a", b"b", b""]


def test_a_body_that_times_out_by_itself_is_no_slow_client() -> None:
    async def late() -> AsyncIterator[bytes]:
        yield b"a"
        raise TimeoutError("the log")

    client = Client()
    with pytest.raises(TimeoutError, match="the log"):
        run(send_body(late(), client.write, client.end, keep_alive=None, write_seconds=60.0))
