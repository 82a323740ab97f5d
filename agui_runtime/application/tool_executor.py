"""Runs server-side tools: one executor per run, used by the run itself and by agents that ask for it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonValue, is_object
from agui_runtime.domain.tools import (
    HANDLER_ERROR,
    INVALID_ARGUMENTS,
    ServerTool,
    ToolFault,
    fault_text,
    result_text,
)

logger = logging.getLogger(__name__)


async def _no_gate() -> None:
    return None


class ToolExecutor:
    """Executes calls of server-side tools, once each.

    Args:
        tools: by name.
        default_seconds: how long a handler may take, unless its tool says otherwise.
        gate: awaited before a handler runs; a guardrail's verdict.
    """

    def __init__(
        self,
        tools: Mapping[str, ServerTool],
        *,
        default_seconds: float,
        gate: Callable[[], Awaitable[None]] = _no_gate,
    ) -> None:
        self._tools = tools
        self._default_seconds = default_seconds
        self._gate = gate
        self._results: dict[str, asyncio.Future[str]] = {}

    def offers(self, name: str) -> bool:
        """Whether a tool of that name runs on the server."""
        return name in self._tools

    def has_taken(self, tool_call_id: str) -> bool:
        """Whether that call was executed, or is being executed."""
        return tool_call_id in self._results

    async def execute(self, tool_call_id: str, name: str, arguments: str) -> str:
        """The call's result as text; a fault is a result too (contract graphql §6.4, §6.5).

        A call that is executed again, by the run and by its agent, has the one result.

        Raises:
            DeniedError: the gate refuses it.
        """
        known = self._results.get(tool_call_id)
        if known is not None:
            return await asyncio.shield(known)
        future = self._results[tool_call_id] = asyncio.get_running_loop().create_future()
        try:
            result = await self._execute(self._tools[name], arguments)
        except BaseException:
            future.cancel()
            raise
        future.set_result(result)
        return result

    async def _execute(self, tool: ServerTool, arguments: str) -> str:
        await self._gate()
        try:
            parsed = _parse(arguments)
        except (ValueError, RecursionError):
            return fault_text(ToolFault(INVALID_ARGUMENTS, "Failed to parse action arguments"))
        return await self._call(tool, parsed)

    async def _call(self, tool: ServerTool, arguments: dict[str, Any]) -> str:
        seconds = tool.timeout or self._default_seconds
        deadline = asyncio.timeout(seconds)
        try:
            async with deadline:
                return result_text(await tool.handler(arguments))
        except TimeoutError as error:
            if not deadline.expired():
                return _handler_fault(tool, error)
            logger.warning("The tool %s was cut after %s s.", tool.tool.name, seconds)
            return fault_text(ToolFault(HANDLER_ERROR, f"The tool did not answer within {seconds:g} seconds."))
        except InvalidError as error:
            return fault_text(ToolFault(HANDLER_ERROR, error.message))
        except Exception as error:  # noqa: BLE001 - a handler is foreign code; its fault is the call's result
            return _handler_fault(tool, error)


def _parse(arguments: str) -> dict[str, Any]:
    if not arguments.strip():
        return {}
    parsed: JsonValue = json.loads(arguments)
    if not is_object(parsed):
        raise ValueError("The arguments are no JSON object.")
    return dict(parsed)


def _handler_fault(tool: ServerTool, error: Exception) -> str:
    logger.warning("The tool %s failed.", tool.tool.name, exc_info=error)
    return fault_text(ToolFault(HANDLER_ERROR, str(error)))
