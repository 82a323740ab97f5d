"""Runs server-side tools: one executor per run, used by the run itself and by agents that ask for it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agui_runtime.domain.errors import InvalidError
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
        self._taken: set[str] = set()

    def offers(self, name: str) -> bool:
        """Whether a tool of that name runs on the server."""
        return name in self._tools

    def has_taken(self, tool_call_id: str) -> bool:
        """Whether that call was executed, or is being executed."""
        return tool_call_id in self._taken

    async def execute(self, tool_call_id: str, name: str, arguments: str) -> str:
        """The call's result as text; a fault is a result too (contract graphql §6.4, §6.5)."""
        self._taken.add(tool_call_id)
        tool = self._tools[name]
        await self._gate()
        try:
            parsed = _parse(arguments)
        except ValueError:
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
    parsed = json.loads(arguments)
    if not isinstance(parsed, dict):
        raise ValueError("The arguments are no JSON object.")  # noqa: TRY004 - one kind of fault for the caller
    return parsed


def _handler_fault(tool: ServerTool, error: Exception) -> str:
    logger.warning("The tool %s failed.", tool.tool.name, exc_info=error)
    return fault_text(ToolFault(HANDLER_ERROR, str(error)))
