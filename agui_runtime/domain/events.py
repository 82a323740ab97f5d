"""The event vocabulary: AG-UI's events (contract agui §5) and what both wires need beyond them (one-model §5)."""

from enum import StrEnum
from typing import ClassVar

from attrs import field, frozen

from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps
from agui_runtime.domain.messages import Message, text_of
from agui_runtime.domain.runs import Interrupt, RunInput


class EventType(StrEnum):
    """AG-UI's wire names, and ``AGENT_STATE_MESSAGE`` for CopilotKit's own state report."""

    RUN_STARTED = "RUN_STARTED"
    RUN_FINISHED = "RUN_FINISHED"
    RUN_ERROR = "RUN_ERROR"
    STEP_STARTED = "STEP_STARTED"
    STEP_FINISHED = "STEP_FINISHED"
    TEXT_MESSAGE_START = "TEXT_MESSAGE_START"
    TEXT_MESSAGE_CONTENT = "TEXT_MESSAGE_CONTENT"
    TEXT_MESSAGE_END = "TEXT_MESSAGE_END"
    TEXT_MESSAGE_CHUNK = "TEXT_MESSAGE_CHUNK"
    TOOL_CALL_START = "TOOL_CALL_START"
    TOOL_CALL_ARGS = "TOOL_CALL_ARGS"
    TOOL_CALL_END = "TOOL_CALL_END"
    TOOL_CALL_CHUNK = "TOOL_CALL_CHUNK"
    TOOL_CALL_RESULT = "TOOL_CALL_RESULT"
    STATE_SNAPSHOT = "STATE_SNAPSHOT"
    STATE_DELTA = "STATE_DELTA"
    MESSAGES_SNAPSHOT = "MESSAGES_SNAPSHOT"
    ACTIVITY_SNAPSHOT = "ACTIVITY_SNAPSHOT"
    ACTIVITY_DELTA = "ACTIVITY_DELTA"
    REASONING_START = "REASONING_START"
    REASONING_MESSAGE_START = "REASONING_MESSAGE_START"
    REASONING_MESSAGE_CONTENT = "REASONING_MESSAGE_CONTENT"
    REASONING_MESSAGE_END = "REASONING_MESSAGE_END"
    REASONING_MESSAGE_CHUNK = "REASONING_MESSAGE_CHUNK"
    REASONING_END = "REASONING_END"
    REASONING_ENCRYPTED_VALUE = "REASONING_ENCRYPTED_VALUE"
    CUSTOM = "CUSTOM"
    RAW = "RAW"
    SUBAGENT_STARTED = "SUBAGENT_STARTED"
    SUBAGENT_FINISHED = "SUBAGENT_FINISHED"
    SUBAGENT_ERROR = "SUBAGENT_ERROR"
    AGENT_STATE_MESSAGE = "AGENT_STATE_MESSAGE"


@frozen(kw_only=True)
class BaseEvent:
    """What every event may carry beyond its own fields.

    Attributes:
        timestamp: the producer's own time, milliseconds since 1970.
        raw_event: what the producer's framework emitted.
        metadata: whatever the producer wants to go along.
    """

    type: ClassVar[EventType]
    timestamp: int | None = None
    raw_event: JsonValue = None
    metadata: JsonObject | None = None


@frozen
class OwnedEvent(BaseEvent):
    """An event that may belong to a subagent."""

    subagent_run_id: str | None = field(default=None, kw_only=True)


@frozen
class ClosableEvent(OwnedEvent):
    """An event that the runtime may add itself when a run ends with something open.

    Attributes:
        closed_by_runtime: the producer never sent it: the message is not complete.
    """

    closed_by_runtime: bool = field(default=False, kw_only=True)


@frozen
class RunStarted(BaseEvent):
    """A run begins. The log writes it with the run's input, so that the user's message is never lost."""

    type = EventType.RUN_STARTED
    thread_id: str
    run_id: str
    parent_run_id: str | None = None
    input: RunInput | None = None


@frozen
class RunFinished(BaseEvent):
    """A run ends well, is interrupted or was stopped. ``interrupts`` is not empty for an interrupted one."""

    type = EventType.RUN_FINISHED
    thread_id: str
    run_id: str
    result: JsonValue = None
    interrupts: tuple[Interrupt, ...] = ()
    usage: tuple[JsonObject, ...] = ()


@frozen
class RunError(BaseEvent):
    """A run fails. The message is for people."""

    type = EventType.RUN_ERROR
    message: str
    code: str | None = None
    usage: tuple[JsonObject, ...] = ()


@frozen
class StepStarted(OwnedEvent):
    """A named step begins; a name is open at most once per owner."""

    type = EventType.STEP_STARTED
    step_name: str


@frozen
class StepFinished(ClosableEvent):
    """A named step ends."""

    type = EventType.STEP_FINISHED
    step_name: str


@frozen
class TextMessageStart(OwnedEvent):
    """A text message opens."""

    type = EventType.TEXT_MESSAGE_START
    message_id: str
    role: str = "assistant"
    name: str | None = None
    parent_message_id: str | None = None


@frozen
class TextMessageContent(OwnedEvent):
    """A piece of an open text message."""

    type = EventType.TEXT_MESSAGE_CONTENT
    message_id: str
    delta: str


@frozen
class TextMessageEnd(ClosableEvent):
    """An open text message is complete."""

    type = EventType.TEXT_MESSAGE_END
    message_id: str


@frozen
class TextMessageChunk(OwnedEvent):
    """Start, content and end in one; ``Lifecycle`` expands it."""

    type = EventType.TEXT_MESSAGE_CHUNK
    message_id: str | None = None
    role: str | None = None
    delta: str | None = None
    name: str | None = None


@frozen
class ToolCallStart(OwnedEvent):
    """A tool call opens."""

    type = EventType.TOOL_CALL_START
    tool_call_id: str
    tool_call_name: str
    parent_message_id: str | None = None


@frozen
class ToolCallArgs(OwnedEvent):
    """A piece of the JSON text of an open call's arguments."""

    type = EventType.TOOL_CALL_ARGS
    tool_call_id: str
    delta: str


@frozen
class ToolCallEnd(ClosableEvent):
    """An open call's arguments are complete."""

    type = EventType.TOOL_CALL_END
    tool_call_id: str


@frozen
class ToolCallChunk(OwnedEvent):
    """Start, arguments and end in one; ``Lifecycle`` expands it."""

    type = EventType.TOOL_CALL_CHUNK
    tool_call_id: str | None = None
    tool_call_name: str | None = None
    parent_message_id: str | None = None
    delta: str | None = None


@frozen
class ToolCallResult(ClosableEvent):
    """A tool's result, as text."""

    type = EventType.TOOL_CALL_RESULT
    message_id: str
    tool_call_id: str
    content: str


@frozen
class StateSnapshot(OwnedEvent):
    """The whole state of the run's agent."""

    type = EventType.STATE_SNAPSHOT
    snapshot: JsonValue


@frozen
class StateDelta(OwnedEvent):
    """RFC 6902 operations on the state."""

    type = EventType.STATE_DELTA
    delta: tuple[JsonObject, ...]


@frozen
class AgentStateMessage(BaseEvent):
    """A state report for an agent named in it (CopilotKit's ``AgentStateMessage``, contract graphql §4)."""

    type = EventType.AGENT_STATE_MESSAGE
    agent_name: str
    state: JsonValue
    node_name: str = ""
    thread_id: str | None = None
    run_id: str | None = None
    active: bool = True
    running: bool = True
    role: str = "assistant"


@frozen
class MessagesSnapshot(OwnedEvent):
    """The whole conversation.

    Attributes:
        is_edit: not the agent's word: the client left messages out, and the log records it (design §4).
    """

    type = EventType.MESSAGES_SNAPSHOT
    messages: tuple[Message, ...]
    is_edit: bool = field(default=False, kw_only=True)


@frozen
class ActivitySnapshot(OwnedEvent):
    """An activity's whole content."""

    type = EventType.ACTIVITY_SNAPSHOT
    message_id: str
    activity_type: str
    content: JsonValue
    replace: bool = True


@frozen
class ActivityDelta(OwnedEvent):
    """RFC 6902 operations on an activity's content."""

    type = EventType.ACTIVITY_DELTA
    message_id: str
    activity_type: str
    patch: tuple[JsonObject, ...]


@frozen
class ReasoningStart(OwnedEvent):
    """A phase of reasoning opens."""

    type = EventType.REASONING_START
    message_id: str


@frozen
class ReasoningMessageStart(OwnedEvent):
    """A visible piece of reasoning opens."""

    type = EventType.REASONING_MESSAGE_START
    message_id: str


@frozen
class ReasoningMessageContent(OwnedEvent):
    """A piece of an open reasoning message."""

    type = EventType.REASONING_MESSAGE_CONTENT
    message_id: str
    delta: str


@frozen
class ReasoningMessageEnd(ClosableEvent):
    """An open reasoning message is complete."""

    type = EventType.REASONING_MESSAGE_END
    message_id: str


@frozen
class ReasoningMessageChunk(OwnedEvent):
    """Start, content and end in one; ``Lifecycle`` expands it."""

    type = EventType.REASONING_MESSAGE_CHUNK
    message_id: str | None = None
    delta: str | None = None


@frozen
class ReasoningEnd(ClosableEvent):
    """A phase of reasoning is over."""

    type = EventType.REASONING_END
    message_id: str


@frozen
class ReasoningEncryptedValue(OwnedEvent):
    """Provider-sealed reasoning that belongs to a message or a tool call."""

    type = EventType.REASONING_ENCRYPTED_VALUE
    subtype: str
    entity_id: str
    encrypted_value: str


@frozen
class Custom(OwnedEvent):
    """Anything an application agrees on with its frontend."""

    type = EventType.CUSTOM
    name: str
    value: JsonValue = None


@frozen
class Raw(OwnedEvent):
    """An event of another system, passed on as it is."""

    type = EventType.RAW
    event: JsonValue
    source: str | None = None


@frozen
class SubagentStarted(BaseEvent):
    """A subagent begins; its id is never used again in this run."""

    type = EventType.SUBAGENT_STARTED
    subagent_run_id: str
    name: str
    description: str | None = None
    parent_subagent_run_id: str | None = None
    parent_tool_call_id: str | None = None
    parent_message_id: str | None = None


@frozen
class SubagentFinished(BaseEvent):
    """A subagent ends well or is suspended."""

    type = EventType.SUBAGENT_FINISHED
    subagent_run_id: str
    result: JsonValue = None
    outcome: JsonObject | None = None


@frozen
class SubagentError(BaseEvent):
    """A subagent fails."""

    type = EventType.SUBAGENT_ERROR
    subagent_run_id: str
    message: str
    code: str | None = None


Event = (
    RunStarted
    | RunFinished
    | RunError
    | StepStarted
    | StepFinished
    | TextMessageStart
    | TextMessageContent
    | TextMessageEnd
    | TextMessageChunk
    | ToolCallStart
    | ToolCallArgs
    | ToolCallEnd
    | ToolCallChunk
    | ToolCallResult
    | StateSnapshot
    | StateDelta
    | AgentStateMessage
    | MessagesSnapshot
    | ActivitySnapshot
    | ActivityDelta
    | ReasoningStart
    | ReasoningMessageStart
    | ReasoningMessageContent
    | ReasoningMessageEnd
    | ReasoningMessageChunk
    | ReasoningEnd
    | ReasoningEncryptedValue
    | Custom
    | Raw
    | SubagentStarted
    | SubagentFinished
    | SubagentError
)

TERMINAL = (RunFinished, RunError)
"""The events that end a run. Every stream that leaves the application ends in exactly one."""


PIECES = (TextMessageContent, ToolCallArgs, ReasoningMessageContent)
"""Text that is added to an open stream: almost all of a run's events."""


def weight(event: Event) -> int:
    """Characters of output that the event adds, for the limit on a run's size.

    Raises:
        InvalidEventError: the event carries a value that is not JSON; its message names the event.
    """
    if isinstance(event, PIECES):
        return len(event.delta)
    match event:
        case ToolCallResult(content=text):
            return len(text)
        case StateSnapshot(snapshot=value) | AgentStateMessage(state=value) | Custom(value=value) | Raw(event=value):
            return BARE + _length(event, value)
        case StateDelta(delta=value) | ActivityDelta(patch=value) | ActivitySnapshot(content=value):
            return BARE + _length(event, value)
        case MessagesSnapshot(messages=messages):
            return BARE + sum(BARE + len(text_of(getattr(message, "content", None))) for message in messages)
        case _:
            return BARE


BARE = 64
"""What an event counts for beside its payload, so that many small ones add up."""


def _length(event: Event, value: JsonValue) -> int:
    try:
        return len(dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(f"{event.type} carries a value that is not JSON: {error}.") from error
