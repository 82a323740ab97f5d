"""Pages on real React frontends, built once, and a Chromium that opens them."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import node

PAGES = Path(__file__).parents[1] / "clients" / "browser"
BUILT = PAGES / "dist"
BUILD_SECONDS = 300
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root Chromium has no sandbox, and on a closed network its own errands only fail.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str | None:
    """The browser: ``AGUI_TEST_BROWSER``, or the first Chromium on PATH."""
    return os.environ.get("AGUI_TEST_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)


def is_required() -> bool:
    """Whether this run promises that the pages are tested."""
    return os.environ.get("AGUI_TEST_REQUIRE_BROWSER") == "1"


def build() -> None:
    """Install the frontends and build the page, unless that was done already.

    Raises:
        RuntimeError: npm or Vite failed or took too long; with what it said.
    """
    node.install(PAGES)
    sources = [*PAGES.glob("*.js*"), *PAGES.glob("*.html"), *PAGES.glob("pages/*"), *PAGES.glob("releases/*/*.js*")]
    built = BUILT / "index.html"
    if built.exists() and built.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return
    done = subprocess.run(
        ["npx", "--no-install", "vite", "build", "--logLevel", "warn"],
        cwd=PAGES,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"vite build failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def served() -> Iterator[str]:
    """The built page on an origin of its own."""
    handler = functools.partial(_Quiet, directory=str(BUILT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass
