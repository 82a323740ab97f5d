"""Chats of a real AG-UI client with a server, and what is asserted of them."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.node import AGUI_CLIENTS, drive

HTTP = pytest.mark.parametrize("client", ["0.0.59", "0.0.42"])
NEWER = pytest.mark.parametrize("client", ["core", "0.0.59"])
ALL = pytest.mark.parametrize("client", ["core", "0.0.59", "0.0.42"])


def talk(url: str, client: str, *steps: dict[str, Any], **scenario: Any) -> dict[str, Any]:
    """A client's steps on a thread of its own; nothing may have gone wrong inside of it."""
    scenario = {"threadId": str(uuid4()), **scenario, "steps": steps}
    answer = drive(client, url, scenario, folder=AGUI_CLIENTS)
    assert answer["unhandled"] == []
    return answer


def say(*texts: str) -> list[dict[str, Any]]:
    return [{"say": text} for text in texts]


def types(step: dict[str, Any]) -> list[str]:
    return [event["type"] for event in step["events"]]


def said(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    """The conversation as the client has it: who said what."""
    return [(message["role"], message.get("content")) for message in answer["messages"]]


def last_text(answer: dict[str, Any]) -> str:
    return str(answer["messages"][-1].get("content"))


def assert_went_well(answer: dict[str, Any]) -> None:
    assert answer["errors"] == []
    assert [step["error"] for step in answer["steps"] if step] == [None for step in answer["steps"] if step]
    for step in answer["steps"]:
        assert step is None or types(step)[-1:] in ([], ["RUN_FINISHED"])
