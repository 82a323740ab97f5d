"""The GraphQL output types as values; field names are the schema's in snake case (contract graphql §4)."""

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from agui_runtime.adapters.graphql.channel import Channel, Promise
from agui_runtime.domain.json_value import JsonObject, JsonValue


@frozen
class SuccessMessageStatus:
    """The message is complete."""

    code: str = "success"


@frozen
class FailedMessageStatus:
    """The message broke off."""

    reason: str
    code: str = "failed"


MessageStatus = SuccessMessageStatus | FailedMessageStatus


@frozen
class SuccessResponseStatus:
    """All went well."""

    code: str = "success"


@frozen
class FailedResponseStatus:
    """The response failed. ``reason`` is a value of ``FailedResponseStatusReason``."""

    reason: str
    details: JsonObject
    code: str = "failed"


ResponseStatus = SuccessResponseStatus | FailedResponseStatus

SUCCESS = SuccessMessageStatus()


@frozen(kw_only=True)
class _MessageOutput:
    id: str
    created_at: datetime


@frozen(kw_only=True)
class TextMessageOutput(_MessageOutput):
    """A text message whose content arrives in pieces."""

    content: Channel[str]
    status: Promise[MessageStatus]
    role: str = "assistant"
    parent_message_id: str | None = None
    failure: ClassVar[str] = "Error streaming message content"


@frozen(kw_only=True)
class ActionExecutionMessageOutput(_MessageOutput):
    """A tool call whose arguments arrive as pieces of one JSON text."""

    name: str
    arguments: Channel[str]
    status: Promise[MessageStatus]
    scope: str | None = None
    parent_message_id: str | None = None
    failure: ClassVar[str] = "An unknown error has occurred in the action execution argument stream"


@frozen(kw_only=True)
class ResultMessageOutput(_MessageOutput):
    """A tool's result."""

    action_execution_id: str
    action_name: str
    result: str
    status: MessageStatus = SUCCESS


@frozen(kw_only=True)
class AgentStateMessageOutput(_MessageOutput):
    """An agent's whole state, as JSON text."""

    thread_id: str
    agent_name: str
    node_name: str
    run_id: str
    state: str
    running: bool
    active: bool
    role: str = "assistant"
    status: MessageStatus = SUCCESS


StreamedMessage = TextMessageOutput | ActionExecutionMessageOutput
OutputMessage = StreamedMessage | ResultMessageOutput | AgentStateMessageOutput


@frozen(kw_only=True)
class InterruptTextMessage(_MessageOutput):
    """A text message inside an interrupt, complete from the start."""

    content: tuple[str, ...]
    role: str = "assistant"
    parent_message_id: str | None = None
    status: MessageStatus = SUCCESS
    graphql_type: ClassVar[str] = "TextMessageOutput"


@frozen(kw_only=True)
class InterruptActionExecutionMessage(_MessageOutput):
    """A tool call inside an interrupt, complete from the start."""

    name: str
    arguments: tuple[str, ...]
    scope: str | None = None
    parent_message_id: str | None = None
    status: MessageStatus = SUCCESS
    graphql_type: ClassVar[str] = "ActionExecutionMessageOutput"


InterruptMessage = InterruptTextMessage | InterruptActionExecutionMessage


@frozen
class LangGraphInterruptEvent:
    """A question to the user. ``value`` is text; other JSON values are encoded."""

    value: str
    name: str = "LangGraphInterruptEvent"
    type: str = "MetaEvent"
    response: str | None = None


@frozen
class InterruptData:
    """A question with messages to show."""

    value: str
    messages: tuple[InterruptMessage, ...]
    graphql_type: ClassVar[str] = "CopilotKitLangGraphInterruptEventData"


@frozen
class CopilotKitLangGraphInterruptEvent:
    """A question to the user, with messages to show."""

    data: InterruptData
    name: str = "CopilotKitLangGraphInterruptEvent"
    type: str = "MetaEvent"
    response: str | None = None


MetaEvent = LangGraphInterruptEvent | CopilotKitLangGraphInterruptEvent


@frozen
class OpenAIAssistantAPI:
    """A provider's own ids."""

    run_id: str | None
    thread_id: str | None


@frozen
class Extensions:
    """What the model wants back with the next request."""

    openai_assistant_api: OpenAIAssistantAPI | None


@frozen(kw_only=True)
class CopilotResponse:
    """The response: its lists are read as they grow, its status comes when the run is over."""

    thread_id: str
    run_id: str | None
    extensions: Extensions | None
    status: Promise[ResponseStatus]
    messages: Channel[OutputMessage]
    meta_events: Channel[MetaEvent]


@frozen(kw_only=True)
class _HistoryMessage(_MessageOutput):
    role: str = "assistant"
    status: MessageStatus = SUCCESS


@frozen(kw_only=True)
class Message(_HistoryMessage):
    """Text in a history."""

    content: str
    parent_message_id: str | None = None


@frozen(kw_only=True)
class ActionMessage(_HistoryMessage):
    """A tool call with its result."""

    action_name: str
    action_input: JsonValue
    action_output: JsonValue
    parent_message_id: str | None = None


@frozen(kw_only=True)
class ActionExecutionMessage(_HistoryMessage):
    """A tool call that waits for its result."""

    name: str
    arguments: JsonValue
    parent_message_id: str | None = None


@frozen(kw_only=True)
class ResultMessage(_HistoryMessage):
    """A result whose call is not in the history."""

    action_execution_id: str
    action_name: str
    result: str


@frozen(kw_only=True)
class AgentStateMessage(_HistoryMessage):
    """The state that a run left, or reported for an agent by name."""

    thread_id: str
    agent_name: str
    node_name: str
    run_id: str
    active: bool
    running: bool
    state: str


@frozen(kw_only=True)
class ImageMessage(_HistoryMessage):
    """An image, base64 in ``bytes``."""

    format: str
    bytes: str
    parent_message_id: str | None = None


HistoryMessage = Message | ActionMessage | ActionExecutionMessage | ResultMessage | AgentStateMessage | ImageMessage
