"""The host of the recordings keeps what our runtime keeps, but for the one thread that all recordings share."""

import json
from typing import Any

import pytest

from tests.integration.host import Host
from tests.support.graphql_client import ask, chat, document, new_thread


def _state(host: Host, thread: str) -> Any:
    variables = {"data": {"threadId": thread, "agentName": "echo"}}
    answer = ask(host.url, {"query": document("loadAgentState"), "variables": variables})
    return json.loads(answer.result()["data"]["loadAgentState"]["state"])


@pytest.mark.parametrize("thread", ["thread-1", None], ids=["the recordings' thread", "another thread"])
def test_the_recordings_thread_alone_is_empty_at_each_request(host: Host, thread: str | None) -> None:
    name = thread or new_thread()
    ask(host.url, chat("state", thread=name, agent="echo"))
    assert _state(host, name) == {"count": 1, "items": ["a"]}
    ask(host.url, chat("text:1", thread=name, agent="echo"))
    assert _state(host, name) == ({} if thread == "thread-1" else {"count": 1, "items": ["a"]})
