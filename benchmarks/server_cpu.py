"""The CPU time that a test server's processes have used."""

import os
from pathlib import Path

from tests.support.postgres_servers import ContainerServer, LocalServer, Server

_TICKS = os.sysconf("SC_CLK_TCK")


def server_cpu_seconds(server: Server) -> float:
    """Of the postmaster, its children, and those of them that have ended; NaN where they cannot be seen from here."""
    postmaster = _postmaster(server)
    if postmaster is None or not Path(f"/proc/{postmaster}").exists():
        return float("nan")
    total = _seconds(postmaster, with_ended_children=True)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(int(entry.name)) == postmaster:
            total += _seconds(int(entry.name))
    return total


def _postmaster(server: Server) -> int | None:
    if isinstance(server, ContainerServer):
        wrapped = server._container.get_wrapped_container()  # noqa: SLF001 - nobody else asks a test server for this
        wrapped.reload()
        return int(wrapped.attrs["State"]["Pid"])
    if isinstance(server, LocalServer):
        return int((server._data / "postmaster.pid").read_text().split("\n", 1)[0])  # noqa: SLF001
    return None


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X", "0", *["0"] * 20]


def _parent(pid: int) -> int:
    return int(_fields(pid)[1])


def _seconds(pid: int, *, with_ended_children: bool = False) -> float:
    fields = _fields(pid)
    ticks = sum(int(value) for value in fields[11 : 15 if with_ended_children else 13])
    return ticks / _TICKS
