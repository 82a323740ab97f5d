"""The examples in the docs are complete and run as they stand."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.agui_client import HEADERS, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import exchange
from tests.support.serving import serving

DOCS = Path(__file__).parents[3] / "docs"


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def run_example(source: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, "sk-example")
    module = ModuleType("example")
    exec(compile(source, "example", "exec"), module.__dict__)  # noqa: S102 - our own page
    return module.__dict__


@pytest.mark.parametrize("index", range(len(examples("models.md"))))
def test_an_example_of_models_can_be_made(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run_example(examples("models.md")[index], monkeypatch)
    container = made.get("container")
    if container is not None:
        assert container.router() is not None


@pytest.mark.filterwarnings("ignore:.get_config_jsonschema. is deprecated")
@pytest.mark.parametrize(("index", "said"), [(0, "You said Hi."), (1, "Hello.")])
def test_an_example_of_agents_answers(index: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    container = run_example(examples("agents.md")[index], monkeypatch)["container"]

    async def main() -> list[dict[str, Any]]:
        async with serving(container) as url:
            return events_of(await exchange(f"{url}/agent/writer/run", run_input("Hi"), headers=HEADERS))

    events = run(main())
    assert types_of(events)[-1] == "RUN_FINISHED", events[-1]
    streamed = "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT")
    shown = [message.get("content") for event in events for message in event.get("messages", ())]
    assert said in {streamed, *shown}


def test_every_example_of_agents_is_tried() -> None:
    assert len(examples("agents.md")) == 2
