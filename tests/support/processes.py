"""Servers as real processes: started, waited for by the line they print, and always stopped."""

import os
import queue
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def running(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    ready: str = "listening ",
    seconds: float = 30.0,
) -> Iterator[str]:
    """Run a server for as long as the block lasts.

    Yields:
        what follows ``ready`` in the first line of standard output that begins with it.

    Raises:
        RuntimeError: the server ended, or did not print the line in time; with what it said on standard error.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None
        lines: queue.Queue[str | None] = queue.Queue()
        # The thread also empties the pipe later, so that a talkative server never blocks on it.
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            yield _await_line(lines, ready, seconds, command, errors)
        finally:
            _stop(process)
            reader.join(5)
            process.stdout.close()


def _read(stream: IO[bytes], lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line.decode(errors="replace").rstrip())
    lines.put(None)


def _await_line(
    lines: "queue.Queue[str | None]", ready: str, seconds: float, command: Sequence[str], errors: IO[bytes]
) -> str:
    deadline = time.monotonic() + seconds
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise RuntimeError(f"{command} did not print {ready!r} within {seconds:g} s:\n{_said(errors)}") from None
        if line is None:
            raise RuntimeError(f"{command} ended before it was ready:\n{_said(errors)}")
        if line.startswith(ready):
            return line.removeprefix(ready)


def _said(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode(errors="replace")[-4000:]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Whether there is a process of that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
