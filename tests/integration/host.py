"""The conformance host as these tests see it."""

from urllib.parse import urljoin

from attrs import frozen

from tests.clients.server import Server


@frozen
class Host(Server):
    """A server with several runtimes; ``url`` is the main one's."""

    def at(self, path: str) -> str:
        """The URL of another path."""
        return urljoin(self.url, path)
