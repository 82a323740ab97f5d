"""Messages inside of events, in the form in which their own clients can read them back (contract agui §4, §6)."""

from collections.abc import Sequence
from typing import Any

from agui_runtime.adapters.codec.messages import encode_messages
from agui_runtime.adapters.codec.parts import LEGACY_KIND, encode_legacy_part
from agui_runtime.domain import messages as m
from agui_runtime.domain.json_value import JsonValue


def told_messages(messages: Sequence[m.Message], *, with_reasoning: bool) -> list[JsonValue]:
    """Messages as frontends take them.

    A ``binary`` part stays one: clients before 0.0.47, which sent it, refuse the newer forms, and later ones take both.

    Args:
        messages: the domain's.
        with_reasoning: whether reasoning is told; clients before 0.0.53 refuse that role.
    """
    told = [message for message in messages if with_reasoning or not isinstance(message, m.ReasoningMessage)]
    return [_with_legacy_parts(message, out) for message, out in zip(told, encode_messages(told), strict=True)]


def _with_legacy_parts(message: m.Message, encoded: Any) -> JsonValue:
    content = message.content if isinstance(message, m.UserMessage) else ""
    if isinstance(content, str) or not any(_is_legacy(part) for part in content):
        return encoded
    parts = [
        encode_legacy_part(part) if isinstance(part, m.MediaPart) and _is_legacy(part) else out
        for part, out in zip(content, encoded["content"], strict=True)
    ]
    return {**encoded, "content": parts}


def _is_legacy(part: m.TextPart | m.MediaPart) -> bool:
    return isinstance(part, m.MediaPart) and part.kind == LEGACY_KIND
