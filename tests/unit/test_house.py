"""The repository's own rules: what is shipped, who may import whom, and what must not stand in any file."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LAYERS = ("domain", "application", "adapters", "composition")
MAX_LINES = 350
# A vocabulary and a list of protocols are looked up in, not read from top to bottom.
LONG_BY_NATURE = {"agui_runtime/domain/events.py", "agui_runtime/application/ports.py"}

# Regular expressions; one letter of each is a class, so that this file does not match itself.
FORBIDDEN = {
    "a machine path": r"/[w]ork/|/[r]oot/|/[h]ome/\w|/[t]mp/\w|/[o]pt/\w",
    "a folder outside the repository": r"\.\./[s]hared|\b[s]hared/(contract|peers|tools)\b",
    "a registry address": r"registry\.[n]pmjs|[p]ythonhosted\.org|[p]ypi\.org",
    "the word of a tool session": r"[c]laude|[c]o-authored-by:",
}


def run(*command: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(part) for part in command]
    return subprocess.run(words, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=300, check=False)


def files_of_the_repository() -> Sequence[Path]:
    """Tracked files and those that a commit would add."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode != 0:
        pytest.skip(f"not run: this is no git checkout ({listed.stderr.strip()})")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.mark.parametrize("layer", LAYERS)
def test_the_root_link_of_a_layer_points_into_the_package(layer: str) -> None:
    link = ROOT / layer
    assert link.is_symlink()
    assert link.readlink() == Path("agui_runtime") / layer
    assert link.is_dir()


def test_the_wheel_claims_no_import_name_but_the_package(wheel_names: frozenset[str]) -> None:
    top_level = {name.split("/")[0] for name in wheel_names}
    assert {name for name in top_level if not name.endswith(".dist-info")} == {"agui_runtime"}


def test_the_wheel_carries_types_and_licence(wheel_names: frozenset[str]) -> None:
    assert "agui_runtime/py.typed" in wheel_names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_names)


def test_the_wheel_carries_every_file_of_the_package(wheel_names: frozenset[str]) -> None:
    package = ROOT / "agui_runtime"
    wanted = {path.relative_to(ROOT).as_posix() for path in files_of_the_repository() if package in path.parents}
    assert wanted <= wheel_names


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("statement", ["import {}", "from {} import x", "import {}.y", "from {}.y import z"])
def test_a_layer_cannot_be_imported_by_its_bare_name(layer: str, statement: str) -> None:
    source = statement.format(layer) + "\n"
    checked = run(
        BIN / "ruff", "check", "--no-cache", "--select", "TID251", "--stdin-filename", "agui_runtime/probe.py", "-",
        stdin=source,
    )  # fmt: skip
    assert checked.returncode == 1
    assert f"import agui_runtime.{layer}" in checked.stdout


def test_the_layers_hold() -> None:
    checked = run(BIN / "lint-imports", "--no-cache")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what].encode(), re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in files_of_the_repository()
        for match in [pattern.search(path.read_bytes())]
        if match
    ]
    assert found == []


def test_every_module_can_be_read_in_one_sitting() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "agui_runtime").rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > MAX_LINES and name not in LONG_BY_NATURE} == {}
