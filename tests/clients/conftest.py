"""One installation of the clients and one conformance host for all tests of real clients.

AGUI_TEST_BASE_URL and AGUI_TEST_AGUI_URL point the tests at servers that run already; AGUI_TEST_REQUIRE_NODE=1 and
AGUI_TEST_REQUIRE_BROWSER=1 turn a missing Node or Chromium from "not run" into a failure.
"""

import os
import sys
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.clients.frontend_page import Frontends
from tests.clients.server import Server
from tests.support import browser, node
from tests.support.processes import running

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    _leave_out(items, "clients", "" if node.is_required() else _missing())
    _leave_out(items, "browser", "" if browser.is_required() else _missing() or _missing_browser())


def _leave_out(items: list[pytest.Item], marker: str, missing: str) -> None:
    for item in items:
        if missing and item.get_closest_marker(marker):
            # The name in the reason keeps pytest's summary from folding the tests into one line.
            item.add_marker(pytest.mark.skip(reason=f"{item.name} not run: {missing}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed in the browser says what each of its pages shows, asked and complained of."""
    report = yield
    frontends = getattr(item, "funcargs", {}).get("frontends")
    if report.when == "call" and report.failed and isinstance(frontends, Frontends):
        report.sections += [("page", page.story()) for page in frontends.opened]
    return report


@pytest.fixture(scope="session")
def clients() -> None:
    """The npm clients, installed."""
    missing = _missing()
    if missing:
        pytest.fail(f"not run: {missing}, and AGUI_TEST_REQUIRE_NODE=1", pytrace=False)
    node.install()


@pytest.fixture(scope="session")
def agui_server(request: pytest.FixtureRequest) -> str:
    """The base URL that AG-UI clients are given, their npm packages installed."""
    if _missing():
        pytest.fail(f"not run: {_missing()}, and AGUI_TEST_REQUIRE_NODE=1", pytrace=False)
    node.install(node.AGUI_CLIENTS)
    given = os.environ.get("AGUI_TEST_AGUI_URL")
    # On this path both generations of frontends see the same agents.
    return given or request.getfixturevalue("server").at("/api/copilotkit-single")


# Not for longer than a module: as long as Playwright runs, its event loop runs in this thread, and tests of other
# modules have loops of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, with the pages built."""
    if missing := _missing() or _missing_browser():
        pytest.fail(f"not run: {missing}, and AGUI_TEST_REQUIRE_BROWSER=1", pytrace=False)
    browser.build()
    with sync_playwright() as playwright:
        running_browser = playwright.chromium.launch(
            executable_path=browser.program(), args=list(browser.ARGUMENTS), timeout=60_000
        )
        yield running_browser
        running_browser.close()


@pytest.fixture(scope="module")
def page_origin(chromium: Browser) -> Iterator[str]:
    """Where the pages are served, which is not where the runtime is."""
    with browser.served() as origin:
        yield origin


@pytest.fixture
def frontends(chromium: Browser, page_origin: str, agui_server: str) -> Iterator[Frontends]:
    """Pages that talk to the server; all are closed at the end."""
    context = chromium.new_context(viewport={"width": 1000, "height": 700})
    yield Frontends(context, page_origin, agui_server)
    context.close()


@pytest.fixture(scope="session")
def server(clients: None) -> Iterator[Server]:
    """The server that the clients talk to."""
    given = os.environ.get("AGUI_TEST_BASE_URL")
    if given:
        yield Server(given, names_own_version=_names_own_version(given))
        return
    command = [sys.executable, "-m", "tests.conformance_host", "--port", "0"]
    with running(command, cwd=ROOT) as url:
        yield Server(url, names_own_version=_names_own_version(url))


def _names_own_version(url: str) -> bool:
    # The TypeScript runtime says its own version whoever asks; others say the client's, or none (contract graphql §9).
    request = urllib.request.Request(  # noqa: S310 - an http URL of a test server
        url,
        data=b'{"query":"{hello}"}',
        headers={"content-type": "application/json", "x-copilotkit-runtime-client-gql-version": "0.0.0"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        return response.headers.get("x-copilotkit-runtime-version") not in {None, "", "0.0.0"}


def _missing() -> str:
    programs = node.missing_programs()
    return f"{' and '.join({'node': 'Node'}.get(name, name) for name in programs)} missing" if programs else ""


def _missing_browser() -> str:
    return "" if browser.program() else "Chromium missing"
