"""What every test run says of itself first: a result without its interpreter, its Node and its database says little."""

import os
import platform
import shutil

import pytest

from tests.support import postgres


def pytest_report_header() -> list[str]:
    node = shutil.which("node")
    required = os.environ.get("AGUI_TEST_REQUIRE_NODE") == "1"
    missing = "its absence fails the tests of marker clients" if required else "tests of marker clients are not run"
    return [
        f"python: {platform.python_implementation()} {platform.python_version()}",
        f"node: {node or f'not found; {missing}'} (AGUI_TEST_REQUIRE_NODE={'1' if required else 'unset'})",
        f"postgres: {postgres.choice()}",
    ]


def pytest_collection_finish(session: pytest.Session) -> None:
    """A missing database must not look like success: it ends the run with exit code 4."""
    needed = any(item.get_closest_marker("postgres") for item in session.items)
    if needed and postgres.choice().backend is None:
        raise pytest.UsageError(f"There is no PostgreSQL for the tests of marker postgres: {postgres.choice()}.")


def pytest_unconfigure() -> None:
    postgres.stop()
