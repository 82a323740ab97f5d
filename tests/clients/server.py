"""The server under test, as these tests see it from outside."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from attrs import frozen


@frozen
class Server:
    """A base URL, with what the host reports of itself at ``/debug``.

    Attributes:
        names_own_version: it is the TypeScript reference, whose known defects the tests must not expect of others.
    """

    url: str
    names_own_version: bool

    def at(self, path: str) -> str:
        """The URL of another of the host's paths."""
        return urljoin(self.url, path)

    def not_the_reference(self, why: str) -> None:
        """Leave the test out where the server is the reference, which differs by nature."""
        if self.names_own_version:
            pytest.skip(f"the reference differs by nature: {why}")

    def debug(self) -> Any:
        """What the host says it has seen."""
        with urllib.request.urlopen(urljoin(self.url, "/debug"), timeout=10) as response:  # noqa: S310
            return json.load(response)

    def wait_for(self, holds: Callable[[Any], bool], *, seconds: float = 5.0) -> None:
        """Wait until what the host has seen fulfils a condition."""
        deadline = time.monotonic() + seconds
        while not holds(seen := self.debug()):
            if time.monotonic() > deadline:
                pytest.fail(f"not within {seconds:g} s; the host has seen {json.dumps(seen)[-2000:]}")
            time.sleep(0.05)
