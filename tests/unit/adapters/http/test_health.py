"""The three answers of health, and who may ask."""

import json
from typing import Any

import pytest

from agui_runtime.adapters.http.exchange import Request
from agui_runtime.adapters.http.health import HealthEndpoint
from agui_runtime.application.check_health import CheckHealth
from agui_runtime.domain.errors import UnavailableError
from tests.support.aio import run


async def fine() -> None:
    return None


async def away() -> None:
    raise UnavailableError("Away.")


def ask(path: str, *, method: str = "GET", healthy: bool = True) -> tuple[int, dict[str, str], Any]:
    check = CheckHealth({"runs": fine, "database": fine if healthy else away})
    endpoint = HealthEndpoint(check, "1.2.3", lambda _: (("x-more", "1"),))
    handlers = {path: route.handler for route in endpoint.routes for path in route.paths}
    response = run(handlers[path](Request(method, path)))
    assert isinstance(response.body, bytes)
    return response.status, dict(response.headers), json.loads(response.body) if response.body else None


@pytest.mark.parametrize("healthy", [True, False])
def test_it_is_live_as_long_as_it_answers(healthy: bool) -> None:
    status, headers, body = ask("/livez", healthy=healthy)
    assert (status, body) == (200, {"status": "live"})
    assert headers["cache-control"] == "no-store"


def test_it_is_ready_when_all_is_well() -> None:
    assert ask("/readyz")[0::2] == (200, {"status": "ready"})


def test_what_keeps_it_from_being_ready_is_said() -> None:
    status, headers, body = ask("/readyz", healthy=False)
    assert (status, body) == (503, {"status": "not ready", "reasons": ["database: Away."]})
    assert headers["retry-after"] == "1"


def test_health_tells_each_check_and_its_latency() -> None:
    status, headers, body = ask("/health", healthy=False)
    assert (status, headers["x-more"]) == (200, "1")
    assert (body["status"], body["version"]) == ("failing", "1.2.3")
    assert {name: check["status"] for name, check in body["checks"].items()} == {"runs": "ok", "database": "failing"}
    assert body["checks"]["database"]["message"] == "Away."
    assert all(check["latencyMs"] >= 0 for check in body["checks"].values())


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health"])
def test_it_can_only_be_read(path: str) -> None:
    assert ask(path, method="POST")[:2] == (405, {"allow": "GET, HEAD"})
    assert ask(path, method="HEAD")[0] == 200
