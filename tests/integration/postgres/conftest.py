"""What several of these tests need."""

from collections.abc import Iterator

import pytest

from tests.support import postgres
from tests.support.postgres_servers import Server


@pytest.fixture
def killable() -> Iterator[Server]:
    """A server of this test's own that keeps its data over a kill."""
    backend = postgres.choice().backend
    if backend is not None and backend.name == "url":
        pytest.skip(f"not run: the server of {postgres.URL} is not ours to kill")
    server = postgres.new_server(durable=True)
    try:
        yield server
    finally:
        server.stop()
