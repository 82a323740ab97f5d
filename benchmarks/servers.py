"""Starts the servers that are compared, each a process of its own, and reads the CPU time they have used (Linux)."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, frozen

from benchmarks.wire import ROOT

OURS = "agui-runtime"
WITH_UVLOOP = "agui-runtime, uvloop"
TYPESCRIPT = "TypeScript 1.10.6"
RAW = "raw aiohttp"


@frozen
class Server:
    """A server that listens."""

    name: str
    url: str
    pid: int

    def resident_bytes(self) -> int:
        """Memory that it has now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far: clock_getcpuclockid(3), since /proc/<pid>/stat counts in 10 ms."""
        return time.clock_gettime((~self.pid << 3) | 2)


@contextmanager
def started(
    name: str, command: Sequence[str], *, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start it, wait for its line ``listening URL``, and stop it afterwards."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=output, stderr=subprocess.STDOUT
        )
        # A server that never rests must not be moved about, nor share its core with the client.
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        try:
            yield Server(name, _listening_at(name, process, output.fileno()), process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listening_at(name: str, process: "subprocess.Popen[bytes]", output: int) -> str:
    deadline = time.monotonic() + 60
    while True:
        text = os.pread(output, 1 << 20, 0).decode(errors="replace")
        for line in text.splitlines(keepends=True):
            if line.startswith("listening ") and line.endswith("\n"):
                return line.split()[1]
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{name} does not listen (exit code {process.returncode}). It said:\n{text}")
        time.sleep(0.05)


@contextmanager
def ours(
    *, uvloop: bool = False, name: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """This project, as the conformance tests run it; on Python's own loop, or on uvloop's."""
    program = "import runpy, sys; " + ("" if uvloop else "sys.modules['uvloop'] = None; ")
    command = [sys.executable, "-c", f"{program}runpy.run_module('tests.conformance_host', run_name='__main__')"]
    name = name or (WITH_UVLOOP if uvloop else OURS)
    # All streams of the client are one caller's here.
    limits = {"AGUI_MAX_RUNS": "5000", "AGUI_MAX_RUNS_PER_CALLER": "5000"}
    with started(name, [*command, "--port", "0"], environment={**limits, **(environment or {})}) as server:
        yield server


@contextmanager
def raw() -> Iterator[Server]:
    """aiohttp alone."""
    with started(RAW, [sys.executable, "-m", "benchmarks.raw_aiohttp", "--port", "0"]) as server:
        yield server


@contextmanager
def typescript(folder: Path, *, name: str = TYPESCRIPT, path: str = "") -> Iterator[Server]:
    """The real TypeScript runtime behind the same scenarios; its packages are installed when they are missing."""
    if not (folder / "node_modules").is_dir():
        print(f"npm install in {folder.name}: the TypeScript runtime and what it needs", flush=True)
        subprocess.run(
            [_found("npm"), "install", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"],
            cwd=folder, check=True,
        )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {"PORT": str(port), "COPILOTKIT_TELEMETRY_DISABLED": "true", "SCARF_ANALYTICS": "false"}
    environment["NODE_ENV"] = "production"
    with started(name, [_found("node"), "server.mjs"], folder=folder, environment=environment) as server:
        yield evolve(server, url=server.url + path)


def node_version() -> str | None:
    """Node's version, ``None`` where there is no Node."""
    node = shutil.which("node")
    return subprocess.check_output([node, "--version"], text=True).strip() if node else None


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise RuntimeError(f"{program} is needed, and is not on PATH.")
    return path
