"""Conversation messages, in AG-UI's terms (contract agui §4), with the side fields GraphQL needs (one-model §5)."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from agui_runtime.domain.json_value import JsonObject, JsonValue


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    DEVELOPER = "developer"
    TOOL = "tool"
    ACTIVITY = "activity"
    REASONING = "reasoning"


@frozen
class TextPart:
    """A piece of text in a multimodal message."""

    text: str


@frozen
class MediaPart:
    """An image, audio, video or document.

    Attributes:
        kind: ``image``, ``audio``, ``video``, ``document`` or ``binary``.
        mime_type: such as ``image/png``.
        data: base64 text, or ``None`` where ``url`` points at it.
    """

    kind: str
    mime_type: str | None = None
    data: str | None = None
    url: str | None = None
    metadata: JsonObject | None = None


Content = str | tuple[TextPart | MediaPart, ...]


def text_of(content: Content | None) -> str:
    """The text of a content, without its media."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(part.text for part in content if isinstance(part, TextPart))


@frozen
class ToolCall:
    """A call of a tool within an assistant message.

    Attributes:
        arguments: JSON text, as the model wrote it.
        encrypted_value: the provider's sealed reasoning behind it; no part of what makes two calls the same, since
            many frontends do not send it back.
    """

    id: str
    name: str
    arguments: str = "{}"
    encrypted_value: str | None = field(default=None, eq=False)
    metadata: JsonObject | None = None


@frozen(kw_only=True)
class _Message:
    id: str
    created_at: datetime | None = None
    parent_message_id: str | None = None
    name: str | None = None
    encrypted_value: str | None = None
    subagent_run_id: str | None = None
    metadata: JsonObject | None = None


@frozen(kw_only=True)
class UserMessage(_Message):
    """What the user said."""

    content: Content
    role: Role = field(default=Role.USER, init=False)


@frozen(kw_only=True)
class AssistantMessage(_Message):
    """What the assistant said, the tools it called, or both."""

    content: Content | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    role: Role = field(default=Role.ASSISTANT, init=False)


@frozen(kw_only=True)
class SystemMessage(_Message):
    """Instructions."""

    content: Content
    role: Role = field(default=Role.SYSTEM, init=False)


@frozen(kw_only=True)
class DeveloperMessage(_Message):
    """Instructions of the app's developer."""

    content: Content
    role: Role = field(default=Role.DEVELOPER, init=False)


@frozen(kw_only=True)
class ToolMessage(_Message):
    """A tool's result. ``tool_name`` is known only where the client sent it (one-model §5)."""

    tool_call_id: str
    content: str
    error: str | None = None
    tool_name: str | None = None
    role: Role = field(default=Role.TOOL, init=False)


@frozen(kw_only=True)
class ActivityMessage(_Message):
    """A structured progress report."""

    activity_type: str
    content: JsonValue
    role: Role = field(default=Role.ACTIVITY, init=False)


@frozen(kw_only=True)
class ReasoningMessage(_Message):
    """What the model thought aloud."""

    content: str
    role: Role = field(default=Role.REASONING, init=False)


Message = (
    UserMessage | AssistantMessage | SystemMessage | DeveloperMessage | ToolMessage | ActivityMessage | ReasoningMessage
)


def last_user_text(messages: tuple[Message, ...]) -> str | None:
    """The text of the newest user message, or ``None`` where there is none."""
    for message in reversed(messages):
        if isinstance(message, UserMessage):
            return text_of(message.content)
    return None
