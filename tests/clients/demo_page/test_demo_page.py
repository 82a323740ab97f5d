"""The demo page's modules in Node, against recorded answers over a real socket."""

import os
import shutil
import subprocess
from importlib.resources import as_file, files
from pathlib import Path

import pytest

RECORDINGS = Path(__file__).parents[2] / "data" / "graphql" / "recordings"
CHECKS = Path(__file__).with_name("wire.test.mjs")


@pytest.mark.clients
def test_the_page_reads_what_the_typescript_runtime_sends(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("AGUI_TEST_REQUIRE_NODE") == "1":
            pytest.fail("Node is required (AGUI_TEST_REQUIRE_NODE=1) and not on PATH.")
        pytest.skip("Node is not on PATH.")
    with as_file(files("agui_runtime.composition.demo")) as page:
        shutil.copytree(page, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    # Browsers take the type from the script element; Node wants it in a manifest.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    done = subprocess.run(
        [node, "--test", str(CHECKS)],
        env={**os.environ, "PAGE_DIR": str(tmp_path), "RECORDINGS_DIR": str(RECORDINGS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["page.html", "page.js", "client.js", "page.css"])
def test_the_page_asks_no_other_host_for_anything(name: str) -> None:
    text = files("agui_runtime.composition.demo").joinpath(name).read_text(encoding="utf-8")
    assert "https://" not in text
    assert "http://" not in text


def test_the_page_has_no_inline_script_or_style() -> None:
    text = files("agui_runtime.composition.demo").joinpath("page.html").read_text(encoding="utf-8")
    assert "<style" not in text
    assert " style=" not in text
    assert text.count("<script") == text.count('<script type="module" src=')
