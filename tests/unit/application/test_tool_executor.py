"""Server-side tools: every call has a text as result, whatever the handler does, and runs once."""

import asyncio
import json
from typing import Any

import pytest

from agui_runtime.application.tool_executor import ToolExecutor
from agui_runtime.domain.errors import DeniedError
from agui_runtime.domain.tools import ToolHandler
from tests.support.aio import run
from tests.unit.application.world import server_tool


def executor(handler: ToolHandler, *, timeout: float | None = None, default: float = 5.0, **given: Any) -> ToolExecutor:
    return ToolExecutor({"tool": server_tool("tool", handler, timeout)}, default_seconds=default, **given)


def result(handler: ToolHandler, arguments: str = "{}", **given: Any) -> str:
    return run(executor(handler, **given).execute("call-1", "tool", arguments))


def fault(text: str) -> tuple[str, str]:
    answer = json.loads(text)
    assert answer["result"] == ""
    return answer["error"]["code"], answer["error"]["message"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("plain text", "plain text"),
        ("", ""),
        (3, "3"),
        (0, "0"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ({"a": [1, "ü"]}, '{"a":[1,"ü"]}'),
        ([], "[]"),
    ],
)
def test_a_value_becomes_text(value: Any, text: str) -> None:
    async def handler(_: dict[str, Any]) -> Any:
        return value

    assert result(handler) == text


async def echo(arguments: dict[str, Any]) -> Any:
    return arguments


@pytest.mark.parametrize("arguments", ["", "  \n", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    assert result(echo, arguments) == "{}"


def test_the_handler_is_given_the_parsed_arguments() -> None:
    assert result(echo, '{"q": [1, null]}') == '{"q":[1,null]}'


@pytest.mark.parametrize("arguments", ['{"a":', "nonsense", "[1]", '"text"', "null", "1", "[" * 100_000, "{]}"])
def test_arguments_that_are_no_json_object_are_a_fault_of_their_own(arguments: str) -> None:
    assert fault(result(echo, arguments)) == ("INVALID_ARGUMENTS", "Failed to parse action arguments")


def test_a_handler_that_raises_gives_its_message() -> None:
    async def handler(_: dict[str, Any]) -> Any:
        raise RuntimeError("handler exploded")

    assert fault(result(handler)) == ("HANDLER_ERROR", "handler exploded")


def test_a_value_that_is_no_json_is_a_fault() -> None:
    async def handler(_: dict[str, Any]) -> Any:
        return object()

    code, message = fault(result(handler))
    assert code == "HANDLER_ERROR"
    assert "not a JSON value" in message


def test_a_handler_that_takes_too_long_is_cut_and_the_limit_named() -> None:
    async def handler(_: dict[str, Any]) -> Any:
        await asyncio.sleep(60)

    assert fault(result(handler, default=0.01)) == ("HANDLER_ERROR", "The tool did not answer within 0.01 seconds.")


def test_a_tool_may_have_a_limit_of_its_own() -> None:
    async def handler(_: dict[str, Any]) -> Any:
        await asyncio.sleep(60)

    assert "0.02 seconds" in fault(result(handler, timeout=0.02))[1]


def test_a_timeout_inside_the_handler_is_the_handlers_own_fault() -> None:
    async def handler(_: dict[str, Any]) -> Any:
        raise TimeoutError("the upstream is slow")

    assert fault(result(handler)) == ("HANDLER_ERROR", "the upstream is slow")


def test_a_call_that_is_executed_again_gives_the_same_result_and_does_not_run_again() -> None:
    calls: list[int] = []

    async def handler(_: dict[str, Any]) -> Any:
        calls.append(1)
        await asyncio.sleep(0)
        return len(calls)

    async def test() -> None:
        tools = executor(handler)
        both = await asyncio.gather(*(tools.execute("call-1", "tool", "{}") for _ in range(2)))
        assert [*both, await tools.execute("call-1", "tool", "{}")] == ["1", "1", "1"]
        assert await tools.execute("call-2", "tool", "{}") == "2"

    run(test())


def test_a_call_counts_as_taken_from_its_beginning() -> None:
    async def test() -> None:
        waiting = asyncio.Event()

        async def handler(_: dict[str, Any]) -> Any:
            await waiting.wait()

        tools = executor(handler)
        assert not tools.has_taken("call-1")
        task = asyncio.create_task(tools.execute("call-1", "tool", "{}"))
        await asyncio.sleep(0)
        assert tools.has_taken("call-1")
        waiting.set()
        await task

    run(test())


def test_a_handler_runs_only_when_the_gate_lets_it() -> None:
    async def denied() -> None:
        raise DeniedError("no")

    ran: list[int] = []

    async def handler(_: dict[str, Any]) -> Any:
        ran.append(1)

    with pytest.raises(DeniedError):
        result(handler, gate=denied)
    assert ran == []


def test_cancelling_a_call_cancels_its_handler() -> None:
    async def test() -> None:
        cancelled = asyncio.Event()

        async def handler(_: dict[str, Any]) -> Any:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        task = asyncio.create_task(executor(handler).execute("call-1", "tool", "{}"))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert cancelled.is_set()

    run(test())


def test_it_says_which_tools_it_runs() -> None:
    assert executor(echo).offers("tool")
    assert not executor(echo).offers("other")
