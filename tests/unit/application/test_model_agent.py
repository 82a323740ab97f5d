import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from agui_runtime.adapters.scripted import ScriptedModel, call, say
from agui_runtime.application.model_agent import ModelAgent
from agui_runtime.application.values import ModelRequest, ModelRun
from agui_runtime.domain.errors import AguiError, ConfigurationError, ErrorCode, UnavailableError
from agui_runtime.domain.events import (
    Event,
    RunError,
    RunFinished,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
    ToolCallEnd,
    ToolCallResult,
    ToolCallStart,
)
from agui_runtime.domain.history_repair import NO_RESULT
from agui_runtime.domain.messages import AssistantMessage, SystemMessage, ToolCall, ToolMessage
from agui_runtime.domain.runs import ContextEntry, RunInput
from agui_runtime.domain.tools import Tool
from tests.support.aio import run
from tests.unit.application.world import WRITER, World, agent_context, only, scenario, server_tool, to_agent, user

Turn = Sequence[Event] | Exception


class Model:
    """Answers one turn after another and keeps what it was asked."""

    provider = "test"

    def __init__(self, *turns: Turn) -> None:
        self.requests: list[ModelRequest] = []
        self._turns = list(turns)
        self._model = ScriptedModel(self._play)

    async def start(self, request: ModelRequest) -> ModelRun:
        self.requests.append(request)
        return await self._model.start(request)

    async def _play(self, request: ModelRequest) -> AsyncIterator[Event]:
        turn = self._turns[len(self.requests) - 1]
        if isinstance(turn, Exception):
            raise turn
        for event in turn:
            yield event


def writer(model: Model, **settings: int | str) -> ModelAgent:
    return ModelAgent(model, WRITER, **settings)  # type: ignore[arg-type]


async def weather(arguments: dict[str, object]) -> str:
    return f"sunny in {arguments.get('city')}"


def test_what_the_model_says_is_the_run() -> None:
    world = World(agents=(writer(Model(say("m", ["Hel", "lo"]))),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert said[1:-1] == [*say("m", ["Hel", "lo"])]
        assert isinstance(said[-1], RunFinished)

    scenario(world, test)


def test_the_model_goes_on_with_the_results_of_server_tools() -> None:
    model = Model(call("c", "weather", ['{"city":', '"Rome"}'], parent_message_id="m"), say("n", ["It is sunny."]))
    world = World(agents=(writer(model),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert only(said, ToolCallResult) == [ToolCallResult("result-c", "c", "sunny in Rome")]
        assert [event.delta for event in only(said, TextMessageContent)] == ["It is sunny."]
        assert model.requests[1].messages == (
            user(),
            AssistantMessage(id="m", tool_calls=(ToolCall("c", "weather", '{"city":"Rome"}'),)),
            ToolMessage(id="result-c", tool_call_id="c", content="sunny in Rome"),
        )

    scenario(world, test)


def test_server_tools_of_one_answer_run_beside_each_other() -> None:
    both = asyncio.Barrier(2)

    async def meet(arguments: dict[str, object]) -> str:
        await both.wait()
        return "met"

    model = Model((*call("c1", "meet", []), *call("c2", "meet", [])), say("m", ["Done."]))
    world = World(agents=(writer(model),), tools=(server_tool("meet", meet),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert [event.content for event in only(said, ToolCallResult)] == ["met", "met"]

    scenario(world, test)


def test_a_call_of_a_frontend_tool_ends_the_run_unanswered() -> None:
    model = Model(call("c", "show_map", ["{}"]))
    world = World(agents=(writer(model),))

    async def test() -> None:
        said = await world.complete(to_agent(tools=(Tool("show_map"),)))
        assert isinstance(said[-2], ToolCallEnd)
        assert isinstance(said[-1], RunFinished)
        assert len(model.requests) == 1

    scenario(world, test)


def test_beside_a_frontend_call_the_server_call_has_its_result_before_the_run_ends() -> None:
    model = Model((*call("c1", "show_map", []), *call("c2", "weather", ['{"city":"Rome"}'])))
    world = World(agents=(writer(model),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent(tools=(Tool("show_map"),)))
        assert [event.tool_call_id for event in only(said, ToolCallResult)] == ["c2"]
        assert len(model.requests) == 1

    scenario(world, test)


def test_a_tool_that_the_model_invents_is_told_not_to_be_there() -> None:
    model = Model(call("c", "fly", []), say("m", ["I cannot fly."]))
    world = World(agents=(writer(model),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert [event.content for event in only(said, ToolCallResult)] == ["There is no tool of the name 'fly'."]
        assert len(model.requests) == 2

    scenario(world, test)


def test_the_model_is_asked_no_more_often_than_max_steps() -> None:
    model = Model(*(call(f"c{n}", "weather", []) for n in range(5)))
    world = World(agents=(writer(model, max_steps=3),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert len(model.requests) == 3
        assert len(only(said, ToolCallResult)) == 3
        assert isinstance(said[-1], RunFinished)

    scenario(world, test)


def test_max_steps_below_one_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_steps of the agent 'writer' must be 1 or more, not 0"):
        writer(Model(), max_steps=0)


def test_a_forced_tool_is_forced_only_once() -> None:
    model = Model(call("c", "weather", []), say("m", ["Done."]))
    world = World(agents=(writer(model),), tools=(server_tool("weather", weather),))
    forced = {"toolChoice": "function", "toolChoiceFunctionName": "weather", "temperature": 0.5}

    async def test() -> None:
        await world.complete(to_agent(forwarded_props_for=lambda _: forced))
        assert [request.forwarded_parameters for request in model.requests] == [forced, {"temperature": 0.5}]

    scenario(world, test)


def test_instructions_and_the_frontends_context_stand_before_the_conversation() -> None:
    model = Model(say("m", ["Hi."]))
    world = World(agents=(writer(model, instructions="Be brief."),))

    async def test() -> None:
        await world.complete(to_agent(context=(ContextEntry("The user's name", "Ada"),)))
        text = "Be brief.\n\nContext from the application:\n- The user's name: Ada"
        assert model.requests[0].messages == (SystemMessage(id="instructions", content=text), user())

    scenario(world, test)


def test_the_model_sees_a_repaired_conversation() -> None:
    model = Model(say("m", ["Hi."]))
    world = World(agents=(writer(model),))
    left_open = AssistantMessage(id="a", tool_calls=(ToolCall("c", "show_map"),))

    async def test() -> None:
        await world.complete(to_agent(messages=(left_open, user("never mind"))))
        answer = model.requests[0].messages[1]
        assert isinstance(answer, ToolMessage)
        assert answer.content == NO_RESULT

    scenario(world, test)


def test_what_a_model_leaves_open_is_complete_when_its_answer_ends() -> None:
    model = Model(
        (TextMessageStart("m"), TextMessageContent("m", "Hello"), ToolCallStart("c", "weather")), say("n", "!")
    )
    world = World(agents=(writer(model),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent())
        ends = only(said, TextMessageEnd) + only(said, ToolCallEnd)
        assert not any(event.closed_by_runtime for event in ends)
        assert [event.content for event in only(said, ToolCallResult)] == ["sunny in None"]

    scenario(world, test)


def test_the_usage_of_all_answers_is_added_up() -> None:
    def used(tokens: int) -> RunFinished:
        return RunFinished("t", "r", usage=({"provider": "test", "model": "m", "inputTokens": tokens},))

    model = Model((*call("c", "weather", []), used(3)), (*say("m", ["Done."]), used(4)))
    world = World(agents=(writer(model),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert said[-1].usage == ({"provider": "test", "model": "m", "inputTokens": 7},)  # type: ignore[union-attr]

    scenario(world, test)


def test_a_models_own_error_is_the_runs() -> None:
    world = World(agents=(writer(Model((*say("m", ["So"]), RunError("Too much.", "TOO_MUCH")))),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert said[-1] == RunError("Too much.", "TOO_MUCH")

    scenario(world, test)


def test_a_model_that_breaks_later_fails_the_run_without_its_words() -> None:
    model = Model(call("c", "weather", []), ValueError("the secret is 42"))
    world = World(agents=(writer(model),), tools=(server_tool("weather", weather),))

    async def test() -> None:
        said = await world.complete(to_agent())
        assert isinstance(said[-1], RunError)
        assert "42" not in said[-1].message
        assert len(only(said, ToolCallResult)) == 1

    scenario(world, test)


def test_a_model_that_refuses_at_first_refuses_the_run() -> None:
    class Refusing(Model):
        async def start(self, request: ModelRequest) -> ModelRun:
            raise UnavailableError("The model is not there.")

    world = World(agents=(writer(Refusing()),))

    async def test() -> None:
        with pytest.raises(AguiError, match="The model is not there") as caught:
            await world.start(to_agent())
        assert caught.value.code == ErrorCode.UNAVAILABLE
        assert await world.stored_events() == []

    scenario(world, test)


def test_stopping_a_run_stops_its_tools_and_closes_the_model() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow(arguments: dict[str, object]) -> str:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return "never"

    world = World(agents=(writer(Model(call("c", "slow", []))),), tools=(server_tool("slow", slow),))

    async def test() -> None:
        started = await world.start(to_agent())
        await begun.wait()
        started.live.stop()
        await started.live.wait()
        assert ended.is_set()

    scenario(world, test)


def test_a_run_that_is_never_read_closes_the_models_answer() -> None:
    class Closing:
        provider = "test"

        def __init__(self) -> None:
            self.closed = False

        async def start(self, request: ModelRequest) -> ModelRun:
            return ModelRun(self)  # type: ignore[arg-type]

        def __aiter__(self) -> "Closing":
            return self

        async def aclose(self) -> None:
            self.closed = True

    async def main() -> None:
        model = Closing()
        started = await ModelAgent(model).start(RunInput("t", "r"), agent_context())  # type: ignore[arg-type]
        await started.events.aclose()  # type: ignore[attr-defined]
        assert model.closed

    run(main())


@pytest.mark.parametrize("method", ["open", "close"])
def test_opening_and_closing_reach_the_model(method: str) -> None:
    called: list[str] = []

    class Opened(Model):
        async def open(self) -> None:
            called.append("open")

        async def close(self) -> None:
            called.append("close")

    async def main() -> None:
        agent = ModelAgent(Opened())
        reach: Callable[[], object] = getattr(agent, method)
        await reach()  # type: ignore[misc]
        await getattr(ModelAgent(Model()), method)()

    run(main())
    assert called == [method]
