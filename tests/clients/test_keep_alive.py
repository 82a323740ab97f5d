"""What a silent stream sends is nothing to the real GraphQL clients, before, between and behind their parts."""

import os
import sys
from collections.abc import Iterator

import pytest

from tests.clients.chats import ALL, brief, chat
from tests.clients.conftest import ROOT
from tests.clients.server import Server
from tests.support.aio import run
from tests.support.graphql_client import chat as body_of
from tests.support.graphql_client import exchange
from tests.support.processes import running

pytestmark = pytest.mark.clients

SLOW = "slow:4:120"


@pytest.fixture(scope="module")
def fidgety(clients: None) -> Iterator[Server]:
    """A server that takes 20 milliseconds for silence."""
    command = [sys.executable, "-m", "tests.conformance_host", "--port", "0"]
    with running(command, cwd=ROOT, env={**os.environ, "AGUI_KEEP_ALIVE_SECONDS": "0.02"}) as url:
        yield Server(url, names_own_version=False)


@ALL
@pytest.mark.parametrize("agent", [None, "echo"])
def test_padding_between_parts_is_nothing_to_a_client(fidgety: Server, version: str, agent: str | None) -> None:
    (turn,) = chat(fidgety, version, SLOW, agent=agent)
    message_id = "amsg-1" if agent else "msg-1"
    assert brief(turn) == [(message_id, "chunk0 chunk1 chunk2 chunk3 ")]
    assert turn["status"]["code"] == "Success"
    assert (turn["errors"], turn["streamError"]) == ([], None)


def test_the_padding_is_really_there(fidgety: Server) -> None:
    answer = run(exchange(fidgety.url, body_of(SLOW)))
    assert b"\r\n--- " in answer.body
    assert answer.body.endswith(b"--\r\n")


def test_an_event_stream_is_kept_alive_by_comments(fidgety: Server) -> None:
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    answer = run(exchange(fidgety.url, body_of(SLOW), headers=headers))
    assert b"\n\n: keep-alive\n\n" in answer.body
    assert answer.body.endswith(b"event: complete\ndata:\n\n")
