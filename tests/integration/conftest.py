"""One conformance host, a real process, for all tests that need no set-up of their own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.host import Host
from tests.support.paths import VARIABLE
from tests.support.processes import running

ROOT = Path(__file__).parents[2]


COMMAND = [sys.executable, "-m", "tests.conformance_host", "--port", "0"]


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """The conformance host."""
    with running(COMMAND, cwd=ROOT) as url:
        yield Host(url, names_own_version=False)


@pytest.fixture
def host_alone() -> Iterator[Host]:
    """A conformance host that no other test speaks to."""
    with running(COMMAND, cwd=ROOT) as url:
        yield Host(url, names_own_version=False)


@pytest.fixture(scope="session", params=["plan", "core"])
def either_host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """The conformance host, with compiled plans and with graphql-core alone."""
    with running(COMMAND, cwd=ROOT, env={**os.environ, VARIABLE: request.param}) as url:
        yield Host(url, names_own_version=False)
