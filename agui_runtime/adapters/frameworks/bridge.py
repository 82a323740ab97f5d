"""Between the domain and the ``ag_ui`` library: a run input there, events back."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Protocol

from attrs import evolve

from agui_runtime.adapters.codec.event_decoder import EventDecoder
from agui_runtime.adapters.codec.runs import encode_run_input
from agui_runtime.application.failures import without_ending
from agui_runtime.domain.errors import AgentError, ConfigurationError, InvalidError
from agui_runtime.domain.events import TERMINAL, Event
from agui_runtime.domain.history_repair import repair_history
from agui_runtime.domain.json_value import JsonValue, copy_of, is_object
from agui_runtime.domain.messages import ActivityMessage, MediaPart, Message, UserMessage
from agui_runtime.domain.runs import RunInput


class AgUiEvent(Protocol):
    """An event of the ``ag_ui`` library."""

    def model_dump(self, *, mode: str, by_alias: bool, exclude_none: bool) -> dict[str, Any]:
        """The event as JSON values."""
        ...


def agent_input(run_input: RunInput, thread_key: str) -> dict[str, Any]:
    """The input as a ``RunAgentInput`` of the library takes it.

    The conversation is repaired, but for calls that wait for the user at its end; activities, which agents do not
    expect back (contract agui §4), stay here.

    Args:
        run_input: the run's.
        thread_key: what the framework keeps the thread under.
    """
    messages = tuple(_plain(message) for message in run_input.messages if not isinstance(message, ActivityMessage))
    repaired = evolve(run_input, messages=repair_history(messages, keep_open=True))
    encoded = copy_of(encode_run_input(repaired))
    # Frameworks want an object, and some write into it.
    state: JsonValue = encoded["state"]
    return {**encoded, "threadId": thread_key, "state": state if is_object(state) else {}}


async def domain_events(
    events: AsyncIterator[AgUiEvent], agent: str, new_id: Callable[[], str]
) -> AsyncGenerator[Event, None]:
    """The library's events as the domain's.

    Raises:
        AgentError: an event that AG-UI does not allow, or no terminal one.
    """
    decoder = EventDecoder(new_id)
    decoded: Event | None = None
    async with aclosing(_closable(events)) as said:
        async for event in said:
            value = event.model_dump(mode="json", by_alias=True, exclude_none=True)
            try:
                decoded = decoder.decode(value)
            except InvalidError as error:
                raise AgentError(f"The agent {agent!r} sent an event that AG-UI does not allow. {error}") from error
            yield decoded
    if not isinstance(decoded, TERMINAL):
        raise without_ending(f"agent {agent!r}")


def missing_extra(what: str, extra: str) -> ConfigurationError:
    """The error for a module that needs a framework which is not installed."""
    return ConfigurationError(f"{what} need the extra {extra}: pip install 'agui-runtime[{extra}]'.")


async def _closable(events: AsyncIterator[AgUiEvent]) -> AsyncGenerator[AgUiEvent, None]:
    try:
        async for event in events:
            yield event
    finally:
        close: Any = getattr(events, "aclose", None)
        if close is not None:
            await close()


def _plain(message: Message) -> Message:
    """The message with its parts in the newest form: the library takes no ``binary`` ones (contract agui §12)."""
    if not isinstance(message, UserMessage) or isinstance(message.content, str):
        return message
    parts = (_typed(part) if isinstance(part, MediaPart) else part for part in message.content)
    return evolve(message, content=tuple(parts))


def _typed(part: MediaPart) -> MediaPart:
    if part.kind != "binary":
        return part
    main = (part.mime_type or "").partition("/")[0]
    return evolve(part, kind=main if main in {"image", "audio", "video"} else "document")
