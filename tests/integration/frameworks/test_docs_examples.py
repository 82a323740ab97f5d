"""The examples in the docs are complete and run as they stand."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.integration.models.openai_wire import HELLO, call, chunk
from tests.support.agui_client import HEADERS, events_of, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange
from tests.support.providers import provider, streaming
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


def example_with(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    (source,) = [example for example in examples("models.md") if text in example]
    return run_example(source, monkeypatch)


def test_the_first_example_of_models_answers_both_generations(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with provider(streaming(*HELLO)) as (base, served):
            monkeypatch.setenv("OPENAI_BASE_URL", f"{base}/v1")
            container = example_with("# my_models.py", monkeypatch)["container"]
            async with serving(container) as url:
                events = events_of(await exchange(f"{url}/agent/default/run", run_input("Hi"), headers=HEADERS))
                assert "".join(event["delta"] for event in events if "delta" in event) == "Hello"
                (message,) = (await exchange(url, chat("Hi"))).response()["messages"]
                assert "".join(message["content"]) == "Hello"
            assert [body["model"] for body in served.bodies] == ["gpt-4o", "gpt-4o"]

    run(main())


def test_the_example_with_a_tool_loop_calls_its_tool_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = streaming(call(0, "call_a", "weather", '{"city":"Rome"}'), chunk({}, "tool_calls"))

    async def main() -> None:
        async with provider(calls, streaming(*HELLO)) as (base, served):
            monkeypatch.setenv("OPENAI_BASE_URL", f"{base}/v1")
            container = example_with("# my_model_agents.py", monkeypatch)["container"]
            async with serving(container) as url:
                events = events_of(await exchange(f"{url}/agent/poet/run", run_input("Weather?"), headers=HEADERS))
            assert [event["content"] for event in events if event["type"] == "TOOL_CALL_RESULT"] == ["sunny in Rome"]
            assert served.bodies[0]["messages"][0] == {"role": "system", "content": "Answer in verse."}
            assert types_of(events)[-1] == "RUN_FINISHED"

    run(main())


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
