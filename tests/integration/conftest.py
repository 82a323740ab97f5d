"""One conformance host, a real process, for all tests that need no set-up of their own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.host import Host
from tests.support.processes import running

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """The conformance host."""
    with running([sys.executable, "-m", "tests.conformance_host", "--port", "0"], cwd=ROOT) as url:
        yield Host(url, names_own_version=False)
