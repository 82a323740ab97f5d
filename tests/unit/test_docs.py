"""The documentation's pages keep their word: the settings are all there are, and the quickstart's program answers."""

import json
import re
from pathlib import Path
from typing import Any

from agui_runtime.application.ports import ActionPolicy
from agui_runtime.composition.settings_page import settings_page
from agui_runtime.domain.actions import Action
from agui_runtime.domain.identity import Caller, Principal, ThreadId
from tests.support.agui_client import HEADERS, events_of, types_of
from tests.support.aio import run
from tests.support.asgi import uvicorn_server
from tests.support.graphql_client import exchange

DOCS = Path(__file__).parents[2] / "docs"
QUICKSTART = (DOCS / "quickstart.md").read_text()


def quickstart(pattern: str) -> str:
    found = re.search(pattern, QUICKSTART, re.DOTALL)
    assert found is not None, pattern
    return found[1]


def test_the_page_of_settings_is_what_the_class_says() -> None:
    assert (DOCS / "settings.md").read_text() == settings_page(), "make docs writes it anew"


def test_every_setting_has_a_type() -> None:
    rows = [line.split(" | ") for line in settings_page().splitlines() if line.startswith("| `AGUI_")]
    assert len(rows) > 50
    assert [row[0] for row in rows if len(row) != 4 or not row[1]] == []


def test_the_quickstarts_program_answers_the_quickstarts_question() -> None:
    made: dict[str, Any] = {}
    exec(compile(quickstart(r"```python\n(.*?)```"), "quickstart.md", "exec"), made)  # noqa: S102 - our own page
    body = json.loads(quickstart(r"-d '(.*?)'\n"))
    path = quickstart(r"curl -N http://127\.0\.0\.1:8000(\S+)")
    health = quickstart(r"http://127\.0\.0\.1:8000(\S+health)")

    async def story() -> None:
        async with uvicorn_server(made["app"]) as server:
            assert (await exchange(server + health, method="GET", headers={})).json()["status"] == "ok"
            events = events_of(await exchange(server + path, body, headers=HEADERS))
        assert (types_of(events)[0], types_of(events)[-1]) == ("RUN_STARTED", "RUN_FINISHED")
        said = "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")
        assert said == "polly wants a cracker "

    run(story())


def test_the_policy_on_the_page_about_security_lets_viewers_read_and_no_more() -> None:
    found = re.search(r"```python\n(from agui_runtime.*?)```", (DOCS / "security.md").read_text(), re.DOTALL)
    assert found is not None
    made: dict[str, Any] = {}
    exec(compile(found[1], "security.md", "exec"), made)  # noqa: S102 - our own page
    policy = made["Roles"]()
    assert isinstance(policy, ActionPolicy)

    async def permitted(**claims: str) -> set[Action]:
        principal = Principal("somebody", {"tenant": "acme", **claims})
        caller = Caller(principal, policy.scope_of(principal))
        return {action for action in Action if await policy.permits(caller, action, ThreadId("t"))}

    assert run(permitted(role="viewer")) == {Action.READ, Action.LIST}
    assert run(permitted()) == set(Action)
