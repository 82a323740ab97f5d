"""Silence is filled, and nothing else is changed."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

import pytest

from agui_runtime.adapters.http.keep_alive import KeepAlive
from agui_runtime.adapters.http.sending import Write, send_body
from tests.support.aio import run
from tests.support.virtual_time import VirtualTimeLoop, run_in_virtual_time

SOON = KeepAlive(b".", 0.01)
LATE = KeepAlive(b".", 600.0)


async def send_kept_alive(pieces: AsyncIterable[bytes], write: Write, keep_alive: KeepAlive | None) -> None:
    async def end(last: bytes) -> None:
        if last:
            await write(last)

    await send_body(pieces, write, end, keep_alive=keep_alive, write_seconds=0)


class Wire:
    """What was written; a piece may wait for something first."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.busy = False
        self.filled = asyncio.Event()

    async def write(self, data: bytes) -> None:
        assert not self.busy, "two writes at once"
        self.busy = True
        await asyncio.sleep(0)
        self.busy = False
        self.written.append(data)
        if data == b".":
            self.filled.set()


async def pieces(wire: Wire, *, silences: int = 0) -> AsyncIterator[bytes]:
    yield b"a"
    await asyncio.sleep(0)
    for _ in range(silences):
        wire.filled.clear()
        await wire.filled.wait()
    yield b"b"


def written(keep_alive: KeepAlive | None, *, silences: int = 0) -> list[bytes]:
    async def test() -> list[bytes]:
        wire = Wire()
        await send_kept_alive(pieces(wire, silences=silences), wire.write, keep_alive)
        assert len(asyncio.all_tasks()) == 1, "a task was left behind"
        return wire.written

    return run(test())


@pytest.mark.parametrize("keep_alive", [None, LATE], ids=["off", "on"])
def test_a_stream_that_is_not_silent_is_left_as_it_is(keep_alive: KeepAlive | None) -> None:
    assert written(keep_alive) == [b"a", b"b"]


def test_silence_is_filled_for_as_long_as_it_lasts() -> None:
    data = written(SOON, silences=3)
    assert (data[0], data[-1]) == (b"a", b"b")
    assert data[1:-1].count(b".") >= 3


def test_the_beginning_may_be_silent_too() -> None:
    async def test() -> list[bytes]:
        wire = Wire()

        async def late() -> AsyncIterator[bytes]:
            await wire.filled.wait()
            yield b"a"

        await send_kept_alive(late(), wire.write, SOON)
        return wire.written

    data = run(test())
    # The head goes out first.
    assert data[:2] == [b"", b"."]
    assert data[-1] == b"a"


def test_what_the_pieces_raise_is_raised() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise RuntimeError("broke")

    async def test() -> None:
        wire = Wire()
        with pytest.raises(RuntimeError, match="broke"):
            await send_kept_alive(broken(), wire.write, LATE)
        assert wire.written == [b"a"]
        assert len(asyncio.all_tasks()) == 1

    run(test())


def test_a_client_that_left_during_silence_is_found_out_with_the_next_piece() -> None:
    async def test() -> None:
        gone = asyncio.Event()

        async def write(data: bytes) -> None:
            if data != b"a":
                gone.set()
                raise ConnectionResetError

        async def late() -> AsyncIterator[bytes]:
            yield b"a"
            await gone.wait()
            yield b"b"

        with pytest.raises(ConnectionResetError):
            await send_kept_alive(late(), write, SOON)

    run(test())


def test_a_piece_waits_for_a_filler_that_is_being_written() -> None:
    async def test() -> list[bytes]:
        begun, go_on = asyncio.Event(), asyncio.Event()
        written: list[bytes] = []

        async def write(data: bytes) -> None:
            if data == b"." and not begun.is_set():
                begun.set()
                await go_on.wait()
            written.append(data)

        async def late() -> AsyncIterator[bytes]:
            await begun.wait()
            asyncio.get_running_loop().call_soon(go_on.set)
            yield b"a"

        await send_kept_alive(late(), write, SOON)
        return written

    assert run(test()) == [b"", b".", b"a"]


def test_a_write_that_waits_for_its_client_is_no_silence() -> None:
    async def test(loop: VirtualTimeLoop) -> list[bytes]:
        written: list[bytes] = []

        async def write(data: bytes) -> None:
            if data == b"a":
                await asyncio.sleep(20 * SOON.seconds)
            written.append(data)

        async def one() -> AsyncIterator[bytes]:
            yield b"a"

        await send_kept_alive(one(), write, SOON)
        return written

    assert run_in_virtual_time(test) == [b"a"]


def test_a_stream_that_is_left_during_a_filler_leaves_nothing_behind() -> None:
    async def test() -> None:
        begun = asyncio.Event()

        async def write(data: bytes) -> None:
            begun.set()
            await asyncio.Event().wait()

        async def never() -> AsyncIterator[bytes]:
            await asyncio.Event().wait()
            yield b""

        sending = asyncio.create_task(send_kept_alive(never(), write, SOON))
        await begun.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert len(asyncio.all_tasks()) == 1

    run(test())
