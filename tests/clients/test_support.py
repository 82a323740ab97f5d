"""The helpers behind the client tests: a server or a client that fails says why."""

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.clients.compare import normalised, scenarios
from tests.support import node
from tests.support.processes import running

SERVER = """
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
print("some words first", flush=True)
print(f"listening http://127.0.0.1:{server.server_port}/", flush=True)
print("x" * 200_000, flush=True)
server.serve_forever()
"""


def test_a_server_runs_for_as_long_as_its_block(tmp_path: Path) -> None:
    with running([sys.executable, "-c", SERVER], cwd=tmp_path) as url:
        with pytest.raises(URLError) as answered:
            urllib.request.urlopen(url, timeout=5)  # noqa: S310
        assert answered.value.status == 501
        answered.value.close()
    with pytest.raises(URLError, match="refused"):
        urllib.request.urlopen(url, timeout=5)  # noqa: S310


def test_a_server_that_ends_too_early_is_quoted(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match=r"ended before it was ready:\n(?s:.*)no such port"),
        running([sys.executable, "-c", "raise SystemExit('no such port')"], cwd=tmp_path),
    ):
        pass


def test_a_server_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match=r"did not print 'listening ' within 0\.2 s"),
        running([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path, seconds=0.2),
    ):
        pass


@pytest.mark.clients
def test_the_driver_refuses_an_unknown_release(clients: None) -> None:
    with pytest.raises(AssertionError, match=r"usage: node drive\.mjs"):
        node.drive("0.0.1", "http://127.0.0.1:1/", {"turns": ["text:1"]})


@pytest.mark.clients
@pytest.mark.parametrize("version", ["1.10.6", "1.9.3", "1.8.14", "1.5.20", "1.3.15"])
def test_a_server_that_is_not_there_is_an_error_of_the_turn(clients: None, version: str) -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    answer = node.drive(version, f"http://127.0.0.1:{port}/", {"turns": ["text:1"], "threadId": "t"})
    # Client 1.9.3 tells each error twice.
    assert len(answer["turns"][0]["errors"]) == (2 if version == "1.9.3" else 1)
    assert answer["turns"][0]["messages"] == []


def test_two_answers_that_differ_in_made_ids_times_and_timing_are_equal() -> None:
    def answer(first: str, second: str, time: str, updates: int) -> object:
        return {"turns": [{"ids": [first, second, first], "at": time, "updates": updates, "stack": time}]}

    one = "ck-11111111-1111-4111-8111-111111111111"
    two = "ck-22222222-2222-4222-8222-222222222222"
    left = normalised(answer(one, two, "2025-01-01T00:00:00.000Z", 3))
    assert left == normalised(answer(two, one, "2026-02-02T11:11:11.111Z", 9))
    assert left != normalised(answer(two, two, "2026-02-02T11:11:11.111Z", 9))


def test_every_scenario_of_the_comparison_is_json() -> None:
    assert json.loads(json.dumps(scenarios())) == scenarios()
