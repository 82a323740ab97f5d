"""What a page has asked its runtime and what it has said on its console, for tests that wait and tests that fail."""

import json
from time import monotonic
from typing import Any

from attrs import define, field
from playwright.sync_api import ConsoleMessage, Error, Page, Request

CONNECTS = ("/connect", "agent/connect", "loadAgentState")
INFO = ("/info", "info")


# Playwright keeps a mark of its own on an object whose methods it calls.
@define(slots=False, eq=False)
class PageRecord:
    """The requests of one page to its runtime, in order, and its console's lines.

    Attributes:
        runtime_url: Only requests to this address are kept.
        open: The requests that have no end yet.
    """

    runtime_url: str
    open: list[Request] = field(factory=list[Request], init=False)
    _ended: list[Request] = field(factory=list[Request], init=False)
    _lines: list[str] = field(factory=list[str], init=False)
    _began: float = field(factory=monotonic, init=False)

    def watch(self, page: Page) -> None:
        """Keep what this page does from now on."""
        page.on("request", self._ask)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)
        page.on("console", self._say)
        page.on("pageerror", self._break)

    def is_connected(self) -> bool:
        """Whether the chat has got its conversation from the runtime and waits for nothing more.

        A frontend that asks for the runtime's agents first connects the chat again once it knows them; what is typed
        before that goes to an agent that the page is about to throw away.
        """
        known = min((_answered(request) for request in self._ended if self._asks(request, INFO)), default=0.0)
        connects = [request for request in self._ended if self._asks(request, CONNECTS)]
        return not self.open and any(request.timing["startTime"] >= known for request in connects)

    def told(self) -> str:
        """All of it, a line each, with the seconds since the page was opened."""
        return "\n".join([*self._lines, *(f"never ended: {self._name(request)}" for request in self.open)])

    def _ask(self, request: Request) -> None:
        if request.url.startswith(self.runtime_url):
            self.open.append(request)
            self._write(f"asked {self._name(request)}")

    def _end(self, request: Request) -> None:
        if request in self.open:
            self.open.remove(request)
            self._ended.append(request)
            self._write(f"ended {self._name(request)} {request.failure or ''}")

    def _say(self, message: ConsoleMessage) -> None:
        self._write(f"console {message.type}: {message.text[:500]}")

    def _break(self, error: Error) -> None:
        self._write(f"uncaught {error.message[:500]}")

    def _write(self, line: str) -> None:
        self._lines.append(f"{monotonic() - self._began:7.3f} {line}")

    def _asks(self, request: Request, names: tuple[str, ...]) -> bool:
        return self._name(request).endswith(names)

    def _name(self, request: Request) -> str:
        # Single-route frontends name what they want in the body, as GraphQL frontends do.
        return f"{request.method} {request.url.removeprefix(self.runtime_url)} {_operation(request)}".rstrip()


def _operation(request: Request) -> str:
    try:
        body: Any = json.loads(request.post_data or "null")
    except ValueError:
        return ""
    return str(body.get("method") or body.get("operationName") or "") if isinstance(body, dict) else ""


def _answered(request: Request) -> float:
    return request.timing["startTime"] + max(request.timing["responseStart"], 0.0)
