"""Wire names, and which fields are the domain's own."""

from functools import cache

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.runs import Interrupt, RunInput

_SIDE_FIELDS: dict[type, frozenset[str]] = {
    e.ClosableEvent: frozenset({"closed_by_runtime"}),
    e.TextMessageStart: frozenset({"parent_message_id"}),
    e.MessagesSnapshot: frozenset({"subagent_run_id", "is_edit"}),
    RunInput: frozenset({"agent_name"}),
    Interrupt: frozenset({"is_derived"}),
}
_OF_EVERY_MESSAGE = frozenset({"created_at", "parent_message_id"})
_NAMED_MESSAGES = (m.UserMessage, m.AssistantMessage, m.SystemMessage, m.DeveloperMessage)
_MESSAGES: tuple[type, ...] = (*_NAMED_MESSAGES, m.ToolMessage, m.ActivityMessage, m.ReasoningMessage)


@cache
def wire_name(attribute: str) -> str:
    """``message_id`` as AG-UI spells it: ``messageId``."""
    head, *tail = attribute.split("_")
    return head + "".join(part.capitalize() for part in tail)


def side_fields(cls: type) -> frozenset[str]:
    """Attributes of ``cls`` that AG-UI's schemas do not know (contract agui §4, §5): only the stored form has them."""
    if issubclass(cls, _MESSAGES):
        hidden = set[str]() if issubclass(cls, _NAMED_MESSAGES) else {"name", "tool_name"}
        if issubclass(cls, m.ActivityMessage):
            hidden.add("encrypted_value")
        return _OF_EVERY_MESSAGE | hidden
    found: frozenset[str] = frozenset()
    for owner, names in _SIDE_FIELDS.items():
        if issubclass(cls, owner):
            found |= names
    return found
