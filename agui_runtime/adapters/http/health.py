"""Health for orchestrators and people: ``/livez``, ``/readyz``, ``/health``, ``/streamz``. Nobody needs to sign in."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from agui_runtime.adapters.http import sse
from agui_runtime.adapters.http.exchange import Handler, Headers, Request, Response
from agui_runtime.adapters.http.router import Route
from agui_runtime.application.check_health import CheckHealth, HealthReport
from agui_runtime.application.values import UpstreamHealth

PIECES, PAUSE_SECONDS = 4, 0.2

_HEADERS = (("content-type", "application/json"), ("cache-control", "no-store"))


class HealthEndpoint:
    """Answers them.

    Args:
        check: the checks.
        version: the runtime's.
        headers: more of them for an answer of ``/health``, from its request.
    """

    def __init__(self, check: CheckHealth, version: str, headers: Callable[[Request], Headers]) -> None:
        self._check = check
        self._version = version
        self._headers = headers

    @property
    def routes(self) -> Sequence[Route]:
        """The paths, below the base path or at the server's root."""
        handlers: dict[str, Handler] = {
            "/livez": self.live,
            "/readyz": self.ready,
            "/health": self.health,
            "/streamz": self.stream,
        }
        return [Route(frozenset({path}), _reading(handler), is_polled=True) for path, handler in handlers.items()]

    async def live(self, request: Request) -> Response:  # noqa: ARG002 - nothing is looked at
        """200 as long as the process answers at all: whoever asks restarts it otherwise."""
        return _answer(200, {"status": "live"})

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """200 or 503 with the reasons: whoever asks sends requests elsewhere meanwhile.

        An agent elsewhere that is down is told, and is no reason: another process would not reach it either.
        """
        report = await self._check()
        if report.is_healthy:
            return _answer(200, {"status": "ready", **_upstreams(report)})
        reasons = {"status": "not ready", "reasons": list(report.problems)}
        return _answer(503, {**reasons, **_upstreams(report)}, (("retry-after", "1"),))

    async def stream(self, request: Request) -> Response:  # noqa: ARG002
        """A few small pieces with pauses between them: whoever reads them can tell whether a proxy holds them back."""
        return Response(200, (("content-type", sse.CONTENT_TYPE), ("cache-control", "no-store")), _Pieces())

    async def health(self, request: Request) -> Response:
        """For people: each check with how long it took. 200 in any case, as the endpoint's clients expect."""
        report = await self._check()
        whole = {
            "status": _status(report),
            "version": self._version,
            "checks": _checks(report),
            **_upstreams(report),
        }
        return _answer(200, whole, self._headers(request))


class _Pieces:
    is_over = True
    """Nothing is held at any time."""

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for number in range(PIECES):
            if number:
                await asyncio.sleep(PAUSE_SECONDS)
            yield b"data: %d\n\n" % number

    async def aclose(self) -> None:
        """There is nothing to close."""


def _checks(report: HealthReport) -> dict[str, Any]:
    return {
        finding.name: {
            "status": "failing" if finding.problem else "ok",
            "latencyMs": round(finding.seconds * 1000, 3),
            **({"message": finding.problem} if finding.problem else {}),
        }
        for finding in report.findings
    }


def _status(report: HealthReport) -> str:
    if not report.is_healthy:
        return "failing"
    return "degraded" if any(upstream.problem for upstream in report.upstreams) else "ok"


def _upstreams(report: HealthReport) -> dict[str, Any]:
    """Agents and endpoints elsewhere by name; nothing where there are none."""
    told = {upstream.name: _upstream(upstream) for upstream in report.upstreams}
    return {"upstreams": told} if told else {}


def _upstream(known: UpstreamHealth) -> dict[str, Any]:
    return {
        "status": "failing" if known.problem else "ok" if known.asked else "unknown",
        "breaker": known.breaker,
        **({"failures": known.failures} if known.failures else {}),
        **({"retryInSeconds": round(known.retry_in, 1)} if known.retry_in else {}),
        **({"message": known.problem} if known.problem else {}),
        **known.offers,
    }


def _reading(handler: Handler) -> Handler:
    async def read(request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response(405, (("allow", "GET, HEAD"),))
        return await handler(request)

    return read


def _answer(status: int, value: dict[str, Any], headers: Headers = ()) -> Response:
    return Response(status, (*_HEADERS, *headers), json.dumps(value).encode())
