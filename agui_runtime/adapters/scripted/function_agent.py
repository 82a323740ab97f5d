"""A plain async generator function is an agent too."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from agui_runtime.application.values import AgentDescription, AgentRun, RunContext
from agui_runtime.domain.errors import ConfigurationError, InvalidEventError
from agui_runtime.domain.events import (
    TERMINAL,
    BaseEvent,
    Event,
    RunFinished,
    TextMessageContent,
    TextMessageEnd,
    TextMessageStart,
)
from agui_runtime.domain.identity import AgentName
from agui_runtime.domain.runs import RunInput

AgentFunction = (
    Callable[[RunInput, RunContext], AsyncIterator[Event | str]] | Callable[[RunInput], AsyncIterator[Event | str]]
)
"""An async generator function of the run's input and, if it wants it, the context."""


class FunctionAgent:
    """Wraps an async generator function.

    Strings it yields are pieces of one text message, whose id is made from the run's. A function that ends without
    RUN_FINISHED or RUN_ERROR has finished; one that raises has failed.

    Args:
        function: of one or two positional parameters.
        name: the function's own by default.
        description: the first line of the function's docstring by default.

    Raises:
        ConfigurationError: the function is no async generator function, takes other parameters, or has no name.
        InvalidError: the name is none for an agent.
    """

    def __init__(self, function: AgentFunction, name: str | None = None, description: str | None = None) -> None:
        written = _without_partials(function)
        own_name: str | None = getattr(written, "__name__", None)
        if name is None and own_name is None:
            raise ConfigurationError(f"The agent function {function!r} has no name of its own; pass one.")
        self._wants_context = _wants_context(function, name or own_name or "")
        self._function = cast("Callable[..., AsyncGenerator[Event | str, None]]", function)
        self._description = AgentDescription(
            AgentName(cast("str", own_name if name is None else name)),
            _first_line(written) if description is None else description,
        )

    def describe(self) -> AgentDescription:
        """Its name and description."""
        return self._description

    async def start(self, run_input: RunInput, context: RunContext) -> AgentRun:
        """Begin a run; what the function raises is a failed run, never a refusal."""
        return AgentRun(self._events(run_input, context))

    async def _events(self, run_input: RunInput, context: RunContext) -> AsyncIterator[Event]:
        arguments = (run_input, context) if self._wants_context else (run_input,)
        text_id = _free_text_id(run_input)
        text_is_open = ended = False
        async with aclosing(self._function(*arguments)) as yielded:
            async for item in yielded:
                if isinstance(item, str):
                    if item and not text_is_open:
                        text_is_open = True
                        yield TextMessageStart(text_id)
                    # AG-UI has no empty content (contract agui §5).
                    if item:
                        yield TextMessageContent(text_id, item)
                    continue
                self._check(item)
                # Only a good end completes the text: before RUN_ERROR it stays open, and is closed as broken.
                if text_is_open and isinstance(item, RunFinished):
                    text_is_open = False
                    yield TextMessageEnd(text_id)
                ended = ended or isinstance(item, TERMINAL)
                yield item
        if ended:
            return
        if text_is_open:
            yield TextMessageEnd(text_id)
        yield RunFinished(run_input.thread_id, run_input.run_id)

    def _check(self, item: object) -> None:
        if not isinstance(item, BaseEvent):
            raise InvalidEventError(
                f"The agent {self._description.name!r} yielded a {type(item).__name__}; "
                "an agent function yields events and strings."
            )


def _wants_context(function: Callable[..., Any], name: str) -> bool:
    call: object = getattr(function, "__call__", None)  # noqa: B004 - an object whose __call__ generates is fine
    if not (inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(call)):
        raise ConfigurationError(
            f"The agent function {name!r} is no async generator function: "
            "it needs `async def` and at least one `yield`."
        )
    signature = inspect.signature(function)
    for count in (2, 1):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return count == 2
    raise ConfigurationError(
        f"The agent function {name!r} takes {signature}; expected (run_input) or (run_input, context)."
    )


def _without_partials(function: Callable[..., Any] | partial[Any]) -> Callable[..., Any]:
    while isinstance(function, partial):
        function = function.func
    return function


def _first_line(function: Callable[..., Any]) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0].strip()


def _free_text_id(run_input: RunInput) -> str:
    # Clients repeat a run's id in later turns; a message's id must not come twice in a thread.
    taken = {message.id for message in run_input.messages}
    base = f"{run_input.run_id}-text"
    number = 1
    while (candidate := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return candidate
