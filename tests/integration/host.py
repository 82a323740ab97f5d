"""The conformance host as these tests see it: a server with several runtimes; ``url`` is the main one's."""

from tests.clients.server import Server as Host

__all__ = ["Host"]
