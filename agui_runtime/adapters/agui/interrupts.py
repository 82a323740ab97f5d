"""Questions to the user as each generation of interfaces knows them (contract agui §10, one-model §3)."""

from attrs import evolve

from agui_runtime.domain.events import Custom
from agui_runtime.domain.json_value import JsonValue, dumps, is_object
from agui_runtime.domain.runs import Interrupt

LEGACY = "on_interrupt"
WITH_MESSAGES = "CopilotKitLangGraphInterruptEvent"
LEGACY_NAMES = frozenset({LEGACY, "LangGraphInterruptEvent", WITH_MESSAGES})

VALUE_KEY = "__copilotkit_interrupt_value__"
MESSAGES_KEY = "__copilotkit_messages__"


def legacy_event(event: Custom) -> Custom:
    """A question under whichever name it was asked, as AG-UI frontends know it."""
    given = event.value
    if event.name == WITH_MESSAGES and is_object(given):
        messages: JsonValue = given.get("messages") or ()
        return evolve(event, name=LEGACY, value={VALUE_KEY: given.get("value"), MESSAGES_KEY: messages})
    return evolve(event, name=LEGACY)


def question(interrupt: Interrupt) -> Custom:
    """A question of the standard form in LangGraph's, for UIs that know no other."""
    value = interrupt.value if interrupt.value is not None else interrupt.message
    return Custom(LEGACY, interrupt.reason if value is None else value)


def standard(interrupt: Interrupt) -> Interrupt:
    """A question with a text: one of LangGraph's form has a value only, and UIs show the message."""
    if interrupt.message is not None:
        return interrupt
    return evolve(interrupt, message=_text(interrupt.value))


def _text(value: JsonValue) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if is_object(value) and VALUE_KEY in value:
        return _text(value[VALUE_KEY])
    return dumps(value)
