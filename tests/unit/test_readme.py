"""The README keeps its word: its settings are all there are, and its example runs."""

import re
from pathlib import Path
from typing import Any

from agui_runtime.composition.settings import settings_table
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange
from tests.support.serving import serving

README = (Path(__file__).parents[2] / "README.md").read_text()


def _section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def _python(section: str) -> str:
    found = re.search(r"^```python\n(.*?)^```", _section(section), re.MULTILINE | re.DOTALL)
    assert found is not None, section
    return found[1]


def test_the_settings_are_all_there_are_with_their_defaults() -> None:
    table = "\n".join(line for line in _section("Settings").splitlines() if line.startswith("|"))
    assert table == settings_table()


def test_the_agent_in_ten_lines_answers() -> None:
    made: dict[str, Any] = {}
    exec(compile(_python("An agent in ten lines"), "README.md", "exec"), made)  # noqa: S102 - our own page

    async def story() -> None:
        async with serving(made["container"]) as url:
            response = (await exchange(url, chat("polly wants a cracker", agent="parrot"))).response()
            (message,) = response["messages"]
            assert "".join(message["content"]) == "polly wants a cracker "
            assert response["status"]["code"] == "Success"
            agents = (await exchange(url, {"query": "{ availableAgents { agents { name description } } }"})).json()
            assert agents["data"]["availableAgents"]["agents"] == [
                {"name": "parrot", "description": "Repeats what you say."}
            ]

    run(story())
