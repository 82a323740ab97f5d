"""The command line as a real process, to be read, signalled and waited for."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

SECONDS = 20.0


@define
class Command:
    """A process whose output is collected.

    Attributes:
        out: lines of standard output so far.
        err: lines of standard error so far.
    """

    process: "subprocess.Popen[str]"
    out: list[str] = field(factory=list)
    err: list[str] = field(factory=list)
    _changed: threading.Condition = field(factory=threading.Condition)
    _ended: int = 0

    def find(self, pattern: str) -> str:
        """The first group of a pattern in standard output, once it is there.

        Raises:
            AssertionError: it did not come; with what came.
        """
        compiled = re.compile(pattern)

        def found() -> bool:
            return compiled.search("\n".join(self.out)) is not None or self._ended > 0

        with self._changed:
            self._changed.wait_for(found, SECONDS)
        match = compiled.search("\n".join(self.out))
        assert match is not None, (self.out, self.err)
        return match[1]

    def terminate(self) -> None:
        """Ask it to end, as service managers do."""
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(SECONDS)

    def collect(self, stream: Iterator[str], into: list[str]) -> None:
        """Read a stream to its end."""
        for line in stream:
            with self._changed:
                into.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended += 1
            self._changed.notify_all()


@contextmanager
def command(*arguments: str, cwd: Path, environment: Mapping[str, str]) -> Iterator[Command]:
    """``agui-runtime`` with arguments, and no settings but those given; killed when the block ends."""
    words = [sys.executable, "-m", "agui_runtime.composition.cli", *arguments]
    with process(words, cwd=cwd, environment=environment) as running:
        yield running


@contextmanager
def process(words: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> Iterator[Command]:
    """Any program, with no settings but those given; killed when the block ends."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AGUI_")}
    root = str(Path(__file__).parents[2])
    started = subprocess.Popen(
        words,
        cwd=cwd,
        env={**inherited, "PYTHONPATH": root, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stderr is not None
    running = Command(started)
    readers = [
        threading.Thread(target=running.collect, args=(started.stdout, running.out), daemon=True),
        threading.Thread(target=running.collect, args=(started.stderr, running.err), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        yield running
    finally:
        if started.poll() is None:
            started.kill()
        started.wait(SECONDS)
        for reader in readers:
            reader.join(5)
        started.stdout.close()
        started.stderr.close()
