"""Takes what a host hands over, applies what holds for every protocol, and passes it to the route that matches."""

import json
import logging
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import Any

from attrs import frozen

from agui_runtime.adapters.http.cors import CorsPolicy
from agui_runtime.adapters.http.exchange import Handler, Headers, IncomingRequest, Request, Response
from agui_runtime.adapters.http.limits import (
    BodyBrokenError,
    BodyTooLargeError,
    BodyTooSlowError,
    HttpLimits,
    read_body,
)
from agui_runtime.application import log_context
from agui_runtime.application.ports import Telemetry

logger = logging.getLogger(__name__)
access_log = logging.getLogger("agui_runtime.access")

CORRELATION_HEADER = "x-request-id"
OPERATION = "operation"
"""Where a handler writes into a request's memo what is asked for, in a word of its protocol's."""
BUFFERING_HEADER = "x-accel-buffering"
"""Tells nginx and its like to pass a stream on as it comes."""
_WHOLE: Headers = ()
_STREAMED: Headers = ((BUFFERING_HEADER, "no"),)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TRACE_HEADERS = ("traceparent", "tracestate")
_CORRELATION_ID = re.compile(r"[\w.:/+=-]{1,128}")


@frozen
class Route:
    """A handler for exact paths below the base path.

    Attributes:
        is_polled: it is asked again and again by machines; its requests are details in the log.
    """

    paths: frozenset[str]
    handler: Handler
    is_polled: bool = False


class Router:
    """Serves one base path. It knows no protocol: composition gives it its routes.

    Args:
        base_path: what every path begins with.
        routes: exact paths.
        below: what answers every other path below the base path; 404 where there is none.
        cors: which pages may call.
        limits: on what clients may do.
        new_id: makes a correlation id for a request that brings none.
        telemetry: told of each ``request``: seconds to the answer's head, method, route and status;
            a span of the same.
    """

    def __init__(
        self,
        base_path: str,
        routes: Sequence[Route],
        *,
        below: Handler | None = None,
        cors: CorsPolicy,
        limits: HttpLimits,
        new_id: Callable[[], str],
        telemetry: Telemetry | None = None,
    ) -> None:
        self.base_path = base_path.rstrip("/")
        self._routes = {path: route.handler for route in routes for path in route.paths}
        self._polled = frozenset(path for route in routes if route.is_polled for path in route.paths)
        self._below = below
        self._cors = cors
        self._limits = limits
        self._new_id = new_id
        self._telemetry = telemetry

    @property
    def write_seconds(self) -> float:
        """How long a streamed answer may wait for its client to read; 0 for ever."""
        return self._limits.write_seconds

    @property
    def exact_paths(self) -> Sequence[str]:
        """The paths of its routes, with the base path."""
        return [self.base_path + path for path in self._routes]

    async def handle(self, incoming: IncomingRequest) -> Response:
        """The answer; it never raises but for cancellation. One line of the log tells of it."""
        correlation_id = self._correlation_id(incoming)
        # Never taken back: a streamed answer goes on in the same task, and its lines are about this request too.
        log_context.begin(request_id=correlation_id)
        method = incoming.method if incoming.method in _METHODS else "other"
        base, path = self._split(incoming)
        trace = {name: incoming.headers[name] for name in _TRACE_HEADERS if name in incoming.headers}
        memo: dict[str, Any] = {}
        with self._span(method=method, route=self._route_of(path), **trace):
            started, status = perf_counter(), "cancelled"
            try:
                response = await self._respond(incoming, base, path, correlation_id, memo)
                status = str(response.status)
                return response
            finally:
                self._tell(incoming, path, memo.get(OPERATION, ""), method, status, perf_counter() - started)

    def _span(self, **attributes: str) -> AbstractContextManager[None]:
        return nullcontext() if self._telemetry is None else self._telemetry.span("request", **attributes)

    def _tell(
        self, incoming: IncomingRequest, path: str, operation: str, method: str, status: str, seconds: float
    ) -> None:
        route = self._route_of(path, operation)
        if self._telemetry is not None:
            self._telemetry.observe("request", seconds, method=method, route=route, status=status)
        level = logging.DEBUG if path in self._polled else logging.WARNING if status.startswith("5") else logging.INFO
        if access_log.isEnabledFor(level):
            facts = {
                "method": method,
                "path": incoming.path,
                "operation": operation,
                "status": int(status) if status.isdecimal() else status,
                "seconds": round(seconds, 6),
            }
            asked = f"{method} {incoming.path} {operation}".rstrip()
            access_log.log(level, "%s: %s after %.1f ms", asked, status, seconds * 1000, extra=facts)

    async def _respond(
        self, incoming: IncomingRequest, base: str, path: str, correlation_id: str, memo: dict[str, Any]
    ) -> Response:
        if incoming.method == "OPTIONS":
            response, cors = Response(204), self._cors.preflight_headers(incoming.headers)
        else:
            response = await self._answer(incoming, base, path, correlation_id, memo)
            cors = self._cors.response_headers(incoming.headers)
        own = _WHOLE if isinstance(response.body, bytes) else _STREAMED
        headers = (*response.headers, *cors, *own, (CORRELATION_HEADER, correlation_id))
        return Response(response.status, headers, response.body, response.keep_alive)

    async def _answer(
        self, incoming: IncomingRequest, base: str, path: str, correlation_id: str, memo: dict[str, Any]
    ) -> Response:
        handler = self._handler(path) if incoming.path.startswith(base) else None
        if handler is None:
            return Response(404)
        try:
            body = await read_body(incoming.body, incoming.headers.get("content-length"), self._limits)
            return await handler(
                Request(
                    method=incoming.method,
                    path=path,
                    query=incoming.query,
                    headers=incoming.headers,
                    body=body,
                    peer=incoming.peer,
                    correlation_id=correlation_id,
                    base=base,
                    memo=memo,
                )
            )
        except BodyTooLargeError:
            text = f"The request body is larger than {self._limits.max_body_bytes} bytes, the limit of this server."
            return _problem(413, "request_too_large", text, correlation_id, (("connection", "close"),))
        except BodyTooSlowError:
            text = f"The request body did not arrive within {self._limits.body_seconds:g} seconds."
            return _problem(408, "request_too_slow", text, correlation_id, (("connection", "close"),))
        except BodyBrokenError:
            text = "The request body cannot be read: it is not encoded as its Content-Encoding says."
            return _problem(400, "request_broken", text, correlation_id, (("connection", "close"),))
        except Exception:
            logger.exception("Unforeseen failure of request %s.", correlation_id)
            return _problem(500, "internal_error", "Something went wrong on the server.", correlation_id)

    def _split(self, incoming: IncomingRequest) -> tuple[str, str]:
        base = self.base_path if incoming.base is None else incoming.base
        return base, incoming.path.removeprefix(base)

    def _route_of(self, path: str, operation: str = "") -> str:
        """The path where it is one of ours, else the operation; never what a caller made up, or has an id in it."""
        return (path or "/") if path in self._routes else operation or "other"

    def _handler(self, path: str) -> Handler | None:
        return self._routes.get(path, self._below if path.startswith("/") else None)

    def _correlation_id(self, incoming: IncomingRequest) -> str:
        given = incoming.headers.get(CORRELATION_HEADER, "")
        return given if _CORRELATION_ID.fullmatch(given) else self._new_id()


def _problem(status: int, name: str, text: str, correlation_id: str, headers: Headers = ()) -> Response:
    """A fault for clients of either protocol: GraphQL's read ``errors``, AG-UI's ``error`` and ``message``."""
    fault = {"message": text, "extensions": {"correlationId": correlation_id}}
    body = json.dumps({"errors": [fault], "error": name, "message": text, "correlationId": correlation_id}).encode()
    return Response(status, (("content-type", "application/json; charset=utf-8"), *headers), body)
