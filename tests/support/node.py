"""The real npm clients: whether Node is here, installing them once, and driving one through a scenario."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parents[1] / "clients" / "node"
AGUI_CLIENTS = CLIENTS.parent / "agui"
INSTALL_SECONDS = 300
ENVIRONMENT = {"COPILOTKIT_TELEMETRY_DISABLED": "true", "SCARF_ANALYTICS": "false", "DO_NOT_TRACK": "1"}


def missing_programs() -> list[str]:
    """Which of the programs that the clients need are not on PATH."""
    return [name for name in ("node", "npm") if shutil.which(name) is None]


def is_required() -> bool:
    """Whether this run promises that the clients are tested."""
    return os.environ.get("AGUI_TEST_REQUIRE_NODE") == "1"


def install(folder: Path = CLIENTS) -> None:
    """Install a folder's packages from its lock file, unless that was done already.

    Raises:
        RuntimeError: npm failed or took too long; with what it said.
    """
    locked = hashlib.sha256((folder / "package.json").read_bytes() + (folder / "package-lock.json").read_bytes())
    stamp = folder / "node_modules" / ".installed"
    with _alone(folder):
        if stamp.exists() and stamp.read_text() == locked.hexdigest():
            return
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=os.environ | ENVIRONMENT,
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{' '.join(command)} took longer than {INSTALL_SECONDS} s.") from None
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
        stamp.write_text(locked.hexdigest())


def drive(
    version: str, url: str, scenario: Mapping[str, Any], *, folder: Path = CLIENTS, seconds: float = 60.0
) -> dict[str, Any]:
    """Drive one client release of a folder through a scenario; its drive.mjs says what goes in and comes out.

    Raises:
        AssertionError: the client broke, or got no end of its response in time.
    """
    try:
        done = subprocess.run(
            ["node", "drive.mjs", version, url],
            cwd=folder,
            env=os.environ | ENVIRONMENT,
            input=json.dumps(scenario),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AssertionError(f"client {version} got no end of {scenario} within {seconds:g} s") from None
    assert done.returncode == 0, f"client {version} broke on {scenario}:\n{done.stderr}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # Several test processes may want the same folder at once, and npm ci begins by emptying it.
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"agui-npm-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
