"""One installation of the clients and one conformance host for all tests of real clients.

AGUI_TEST_BASE_URL points the tests at a server that runs already; AGUI_TEST_REQUIRE_NODE=1 turns a missing Node from
"not run" into a failure.
"""

import os
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.server import Server
from tests.support import node
from tests.support.processes import running

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = _missing()
    if not missing or node.is_required():
        return
    for item in items:
        if item.get_closest_marker("clients"):
            # The name in the reason keeps pytest's summary from folding the tests into one line.
            item.add_marker(pytest.mark.skip(reason=f"{item.name} not run: {missing}"))


@pytest.fixture(scope="session")
def clients() -> None:
    """The npm clients, installed."""
    missing = _missing()
    if missing:
        pytest.fail(f"not run: {missing}, and AGUI_TEST_REQUIRE_NODE=1", pytrace=False)
    node.install()


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
