"""Chats of a real client with a server, and what is asserted of them."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.clients.server import Server
from tests.support.node import drive

VERSIONS = ("1.10.6", "1.9.3", "1.8.14", "1.5.20", "1.3.15")
ALL = pytest.mark.parametrize("version", VERSIONS)
WITH_QUERIES = pytest.mark.parametrize("version", ["1.10.6", "1.9.3", "1.8.14", "1.5.20"])
GENERIC = "An unexpected error occurred. Please check the logs for more details."
SUCCESS = {"code": "Success"}
SET_COLOR = {
    "name": "setColor",
    "description": "Set the colour",
    "jsonSchema": {"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]},
    "result": "painted",
}


def chat(server: Server, version: str, *turns: str, **scenario: Any) -> list[dict[str, Any]]:
    """The turns of a chat on a thread of its own; nothing may have gone wrong inside the client."""
    scenario = {"threadId": str(uuid4()), **scenario, "turns": turns}
    answer = drive(version, server.url, {key: value for key, value in scenario.items() if value is not None})
    assert answer["unhandled"] == []
    turns_seen: list[dict[str, Any]] = answer["turns"]
    return turns_seen


def ask(server: Server, version: str, operation: str, **scenario: Any) -> dict[str, Any]:
    answer = drive(version, server.url, {"operation": operation, **scenario})
    assert answer["supported"]
    assert answer["unhandled"] == []
    return answer


def assert_went_well(turn: dict[str, Any]) -> None:
    assert (turn["status"], turn["errors"], turn["streamError"]) == (SUCCESS, [], None)
    assert {message["status"]["code"] for message in turn["messages"]} <= {"Success"}


def inspected(turn: dict[str, Any]) -> Any:
    """What the model or the agent was given, as its ``inspect`` scenario printed it."""
    assert_went_well(turn)
    return json.loads(turn["messages"][-1]["content"])


def brief(turn: dict[str, Any]) -> list[tuple[Any, ...]]:
    forms = {
        "TextMessage": ("content",),
        "ActionExecutionMessage": ("name", "arguments"),
        "ResultMessage": ("actionName", "result"),
        "AgentStateMessage": ("agentName", "state"),
    }
    return [(message["id"], *(message[key] for key in forms[message["type"]])) for message in turn["messages"]]
