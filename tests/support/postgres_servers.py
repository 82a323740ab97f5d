"""PostgreSQL servers of the tests, in a container or of this machine: they can be killed and started again."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.support.processes import free_port

SECONDS = 60.0
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
COMMON = ("-c", "max_connections=100")
USER = "postgres"


class Server(Protocol):
    """A server. ``durable`` ones keep their data over a kill."""

    def url(self, database: str) -> str: ...

    def kill(self) -> None:
        """End every process of it with SIGKILL."""

    def start(self) -> None:
        """Start it again on the same data and port, and wait until it answers."""

    def stop(self) -> None:
        """End it and remove its data."""


class GivenServer:
    """One that somebody else runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        head, _, query = self._url.partition("?")
        base = head.rsplit("/", 1)[0] if head.count("/") > 2 else head
        return f"{base}/{database}" + (f"?{query}" if query else "")

    def kill(self) -> None:
        raise NotImplementedError("a given server is not ours to kill")

    def start(self) -> None:
        raise NotImplementedError("a given server is not ours to start")

    def stop(self) -> None: ...


class LocalServer:
    """One of binaries on this machine, as an unprivileged user, over TCP with passwords."""

    def __init__(self, binaries: Path, *, durable: bool) -> None:
        self._binaries = binaries
        self._password = secrets.token_hex(8)
        self._port = free_port()
        self._options = (*COMMON, *(() if durable else FAST))
        self._owner = _unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="agui-postgres-"))
        self._data = self._folder / "data"
        password = self._folder / "password"
        password.write_text(self._password)
        for path in (self._folder, password):
            if self._owner is not None:
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)
        self._run(
            "initdb", "-D", self._data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={password}",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        self.start()

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def kill(self) -> None:
        lock = self._data / "postmaster.pid"
        postmaster = int(lock.read_text().split("\n", 1)[0])
        # Stopped first, so that it starts no process that is not on the list.
        os.kill(postmaster, signal.SIGSTOP)
        processes = (*_children(postmaster), postmaster)
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while any(map(_is_running, processes)):
            if time.monotonic() > deadline:
                raise RuntimeError("The server's processes did not end.")
            time.sleep(0.01)
        # Where nobody reaps the dead, the next server takes their number for a running one.
        lock.unlink()

    def start(self) -> None:
        words = ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1", "-k", "''", *self._options]
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", " ".join(words), "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: object, check: bool = True) -> None:
        command = [str(self._binaries / program), *(str(argument) for argument in arguments)]
        identity: dict[str, Any] = {}
        if self._owner is not None:
            identity = {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        # Not a pipe: the server inherits it, and who reads it waits for the server's end.
        with tempfile.TemporaryFile() as output:
            code = subprocess.run(
                command, cwd="/", stdout=output, stderr=output, timeout=SECONDS, check=False, **identity
            ).returncode
            if check and code != 0:
                output.seek(0)
                log = self._folder / "log"
                said = output.read().decode(errors="replace") + (log.read_text() if log.exists() else "")
                raise RuntimeError(f"{program} failed: {said[-2000:]}")


class ContainerServer:
    """One in a container. Where it need not be durable, its data are in the container's memory."""

    def __init__(self, image: str, *, durable: bool) -> None:
        os.environ.update(
            TESTCONTAINERS_RYUK_DISABLED="true", TESTCONTAINERS_CONNECTION_MODE="docker_host", TC_POOLING_INTERVAL="0.1"
        )
        from testcontainers.community.postgres import PostgresContainer

        self._password = secrets.token_hex(8)
        # Chosen here, because a port that Docker picks changes when the container is started again.
        self._port = free_port()
        container = PostgresContainer(image, username=USER, password=self._password, dbname=USER, driver=None)
        container = container.with_bind_ports(5432, self._port).with_env("POSTGRES_INITDB_ARGS", "--no-sync")
        if not durable:
            container = container.with_tmpfs_mount("/var/lib/postgresql/data")
        self._container = container.with_command(["postgres", *COMMON, *(() if durable else FAST)]).start()

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def start(self) -> None:
        wrapped = self._container.get_wrapped_container()
        wrapped.start()
        deadline = time.monotonic() + SECONDS
        while wrapped.exec_run(["pg_isready", "-q", "-h", "127.0.0.1"]).exit_code != 0:
            if time.monotonic() > deadline:
                raise RuntimeError(f"The container did not answer again within {SECONDS:g} s.")
            time.sleep(0.1)

    def stop(self) -> None:
        self._container.stop()
        self._container.get_docker_client().client.close()


def _unprivileged() -> pwd.struct_passwd | None:
    """The user to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = [entry.pw_name for entry in pwd.getpwall()]
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def _is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children(parent: int) -> Sequence[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
