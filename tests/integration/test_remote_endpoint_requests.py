"""What a remote endpoint is sent, beside what the TypeScript runtime sends it."""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.integration.recordings import ENDPOINT_REQUESTS, recording
from tests.support.graphql_client import ask
from tests.support.processes import running

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sent() -> list[dict[str, Any]]:
    """All requests of the scenarios that were recorded, by a runtime of their own."""
    with running([sys.executable, "-m", "tests.conformance_host", "--port", "0"], cwd=ROOT) as url:
        for name in ("remoteaction", "remote-crew", "load-state-remote"):
            scenario = recording(name)
            ask(urljoin(url, scenario.path), scenario.body("thread-1"), headers=scenario.headers)
        calls: list[dict[str, Any]] = ask(urljoin(url, "/debug"), None, method="GET").json()["remoteCalls"]
        return calls


def _of(calls: list[dict[str, Any]], path: str) -> list[Any]:
    return [call["body"] for call in calls if call["path"] == path]


def _recorded(path: str) -> list[Any]:
    return _of(recording(ENDPOINT_REQUESTS).content["requests"], path)


@pytest.mark.parametrize("path", ["/actions/execute", "/agents/state"])
def test_actions_and_states_are_asked_for_as_recorded(sent: list[dict[str, Any]], path: str) -> None:
    assert _of(sent, path) == _recorded(path)


def test_a_run_is_asked_for_as_recorded_but_for_the_other_agents(sent: list[dict[str, Any]]) -> None:
    (ours,) = _of(sent, "/agents/execute")
    (theirs,) = _recorded("/agents/execute")
    # TypeScript offers an agent the others as actions; ours are offered to models only.
    theirs["actions"] = [action for action in theirs["actions"] if action["name"] not in {"graph", "odd"}]
    assert ours == theirs


def test_the_offer_is_asked_for_as_recorded_but_once_for_each_page(sent: list[dict[str, Any]]) -> None:
    # TypeScript asks at every request, and twice for a state.
    bodies, recorded = _of(sent, "/info"), _recorded("/info")
    assert all(body in recorded for body in bodies)
    assert [bodies.count(body) for body in recorded] == [1] * len(recorded), bodies


def test_nothing_of_the_caller_s_headers_goes_along(sent: list[dict[str, Any]]) -> None:
    names = {name.lower() for call in sent for name in call["headers"]}
    assert names <= {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
        "connection",
        "x-request-id",
    }, json.dumps(sorted(names))
