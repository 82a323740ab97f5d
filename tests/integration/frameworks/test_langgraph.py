import asyncio
import json
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph

from agui_runtime.adapters.langgraph import LangGraphAgent
from agui_runtime.application.ports import StatefulAgent
from agui_runtime.domain.errors import ConfigurationError, MisuseError
from agui_runtime.domain.events import (
    Custom,
    Event,
    MessagesSnapshot,
    RunError,
    RunFinished,
    StateSnapshot,
    StepFinished,
    StepStarted,
    ToolCallArgs,
    ToolCallResult,
    ToolCallStart,
)
from agui_runtime.domain.identity import ThreadId
from agui_runtime.domain.messages import (
    ActivityMessage,
    AssistantMessage,
    MediaPart,
    ReasoningMessage,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from agui_runtime.domain.runs import Resume
from tests.integration.frameworks.graphs import (
    State,
    asker,
    breaker,
    shopper,
    sleeper,
    talker,
    twofold_asker,
)
from tests.support.agents import answer, caller, context, question, text
from tests.support.aio import run

# The integration asks LangGraph for a schema under a name that LangGraph 1 calls old.
pytestmark = pytest.mark.filterwarnings("ignore:.get_config_jsonschema. is deprecated")


def only(said: list[Event], kind: type) -> list[Any]:
    return [event for event in said if isinstance(event, kind)]


def agent(graph: Any, **given: Any) -> LangGraphAgent:
    return LangGraphAgent(graph, "writer", **given)


def test_text_comes_piece_by_piece_within_its_nodes_step() -> None:
    said = run(answer(agent(talker())))
    assert text(said) == "You said Hello."
    assert [event.step_name for event in only(said, StepStarted)] == ["think"]
    assert [event.step_name for event in only(said, StepFinished)] == ["think"]
    assert isinstance(said[-1], RunFinished)


def test_a_tool_call_and_its_result_are_told_as_they_happen() -> None:
    said = run(answer(agent(talker(call=True))))
    assert [event.tool_call_name for event in only(said, ToolCallStart)] == ["weather"]
    assert "".join(event.delta for event in only(said, ToolCallArgs)) == '{"city":"Rome"}'
    assert [event.content for event in only(said, ToolCallResult)] == ["sunny in Rome"]
    assert text(said) == "You said sunny in Rome."


def test_the_graph_starts_from_the_runs_state_and_tells_what_became_of_it() -> None:
    sent = {"basket": ["apple"]}
    said = run(answer(agent(shopper()), question(state=sent)))
    assert only(said, StateSnapshot)[-1].snapshot["basket"] == ["apple", "pear"]
    assert sent == {"basket": ["apple"]}


@pytest.mark.parametrize("state", [None, [], "text"])
def test_a_state_that_is_no_object_is_an_empty_one(state: Any) -> None:
    said = run(answer(agent(shopper()), question(state=state)))
    assert only(said, StateSnapshot)[-1].snapshot["basket"] == ["pear"]


def test_an_interrupt_ends_the_run_in_both_wire_forms() -> None:
    said = run(answer(agent(asker())))
    (legacy,) = [event for event in only(said, Custom) if event.name == "on_interrupt"]
    assert json.loads(legacy.value) == {"question": "Which fruit?"}
    (asked,) = said[-1].interrupts  # type: ignore[union-attr]
    assert asked.id


def test_an_interrupt_is_answered_by_its_id() -> None:
    async def main() -> list[Event]:
        asking = agent(asker())
        (asked,) = (await answer(asking))[-1].interrupts  # type: ignore[union-attr]
        return await answer(asking, question(resume=(Resume(asked.id, "resolved", "plum"),)))

    said = run(main())
    assert only(said, StateSnapshot)[-1].snapshot["basket"] == ["plum"]
    assert said[-1].interrupts == ()  # type: ignore[union-attr]


def test_an_interrupt_is_answered_by_langgraphs_command() -> None:
    async def main() -> list[Event]:
        asking = agent(asker())
        await answer(asking)
        return await answer(asking, question(forwarded_props={"command": {"resume": "plum"}}))

    assert only(run(main()), StateSnapshot)[-1].snapshot["basket"] == ["plum"]


def test_an_answer_without_an_id_is_the_open_questions() -> None:
    async def main() -> list[Event]:
        asking = agent(asker())
        await answer(asking)
        return await answer(asking, question(resume=(Resume(None, "resolved", "plum"),)))

    assert only(run(main()), StateSnapshot)[-1].snapshot["basket"] == ["plum"]


def test_several_interrupts_are_answered_each_with_its_own() -> None:
    async def main() -> list[Event]:
        asking = agent(twofold_asker())
        asked = (await answer(asking))[-1].interrupts  # type: ignore[union-attr]
        answers = tuple(Resume(one.id, "resolved", f"to {one.message}") for one in asked)
        return await answer(asking, question(resume=answers))

    last = only(run(main()), MessagesSnapshot)[-1]
    told = {message.content for message in last.messages if isinstance(message, AssistantMessage)}
    assert told == {"first to one?", "second to two?"}


def test_an_interrupt_that_the_user_dismissed_is_told_to_the_graph() -> None:
    async def main() -> list[Event]:
        asking = agent(asker())
        (asked,) = (await answer(asking))[-1].interrupts  # type: ignore[union-attr]
        return await answer(asking, question(resume=(Resume(asked.id, "cancelled"),)))

    assert only(run(main()), StateSnapshot)[-1].snapshot["basket"] == ["{'__agui_cancelled__': True}"]


@pytest.mark.parametrize(
    "given",
    [{"resume": (Resume("i", "resolved", 1),)}, {"forwarded_props": {"command": {"resume": "yes"}}}],
)
def test_without_a_checkpointer_an_answer_to_an_interrupt_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(MisuseError, match="its graph has no checkpointer"):
        run(answer(agent(talker()), question(**given)))


def test_what_the_graph_raises_is_the_runs_error() -> None:
    said = run(answer(agent(breaker())))
    assert said[-1] == RunError("The graph broke.")


def test_with_a_checkpointer_the_thread_is_remembered_within_its_scope() -> None:
    async def main() -> None:
        remembering = agent(talker(checkpointer=InMemorySaver()))
        assert isinstance(remembering, StatefulAgent)
        await answer(remembering)
        mine = await remembering.load_state(ThreadId("t"), caller())
        assert mine is not None
        assert [message.content for message in mine.messages] == ["Hello", "You said Hello."]
        assert "messages" not in mine.values
        assert await remembering.load_state(ThreadId("t"), caller("tenant-2")) is None
        assert await remembering.load_state(ThreadId("other"), caller()) is None

    run(main())


def test_a_state_that_the_checkpointer_has_is_loaded() -> None:
    async def main() -> None:
        remembering = agent(shopper(checkpointer=InMemorySaver()))
        await answer(remembering)
        remembered = await remembering.load_state(ThreadId("t"), caller())
        assert remembered is not None
        assert remembered.values["basket"] == ["pear"]

    run(main())


def test_without_a_checkpointer_nothing_is_remembered() -> None:
    async def main() -> None:
        forgetful = agent(talker())
        await answer(forgetful)
        assert await forgetful.load_state(ThreadId("t"), caller()) is None
        said = await answer(forgetful, question(UserMessage(id="u2", content="Bye")))
        assert text(said) == "You said Bye."

    run(main())


def test_a_threads_name_in_the_checkpointer_can_be_the_hosts() -> None:
    async def main() -> None:
        saver = InMemorySaver()
        await answer(agent(talker(checkpointer=saver), thread_key=lambda caller, thread: f"app-{thread}"))
        assert await saver.aget({"configurable": {"thread_id": "app-t"}}) is not None

    run(main())


def test_runs_beside_each_other_do_not_mix() -> None:
    async def main() -> None:
        shared = agent(talker())
        questions = [
            question(UserMessage(id=f"u{n}", content=f"number {n}"), thread_id=f"t{n}", run_id=f"r{n}")
            for n in range(5)
        ]
        all_said = await asyncio.gather(*(answer(shared, one) for one in questions))
        assert [text(said) for said in all_said] == [f"You said number {n}." for n in range(5)]

    run(main())


def test_cancelling_the_run_cancels_the_node() -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()
        reading = asyncio.create_task(answer(agent(sleeper(begun, ended))))
        await asyncio.wait_for(begun.wait(), 20)
        reading.cancel()
        await asyncio.wait({reading})
        await asyncio.wait_for(ended.wait(), 5)

    run(main())


def test_closing_the_events_stops_the_graph() -> None:
    async def main() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()
        started = await agent(sleeper(begun, ended)).start(question(), context())
        async for event in started.events:
            if isinstance(event, StepStarted):
                break
        await asyncio.wait_for(begun.wait(), 20)
        await started.events.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(ended.wait(), 5)

    run(main())


def test_a_conversation_of_every_kind_reaches_the_graph() -> None:
    history = (
        UserMessage(id="u1", content="Weather?"),
        AssistantMessage(id="a1", content="", tool_calls=(ToolCall("c1", "weather", '{"city":"Rome"}'),)),
        UserMessage(id="u2", content="Never mind."),
        ReasoningMessage(id="r1", content="hm"),
        ActivityMessage(id="v1", activity_type="plan", content={}),
        ToolMessage(id="x1", tool_call_id="nobody", content="?"),
        UserMessage(id="u3", content=(TextPart("This?"), MediaPart("binary", "image/png", data="QUJD"))),
    )

    async def main() -> list[str]:
        remembering = agent(talker(checkpointer=InMemorySaver()))
        said = await answer(remembering, question(*history))
        assert isinstance(said[-1], RunFinished), said[-1]
        remembered = await remembering.load_state(ThreadId("t"), caller())
        assert remembered is not None
        return [type(message).__name__ for message in remembered.messages]

    kinds = run(main())
    assert kinds[:4] == ["UserMessage", "AssistantMessage", "ToolMessage", "UserMessage"]


def test_a_graph_that_is_not_compiled_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs a compiled graph, not a StateGraph"):
        LangGraphAgent(StateGraph(State), "writer")


def test_a_graph_has_its_own_name_where_none_is_given() -> None:
    graph = talker()
    graph.name = "Graph"
    described = LangGraphAgent(graph, description="Talks.").describe()
    assert (described.name, described.description) == ("Graph", "Talks.")
