"""Runtime events, which agents of type ``crewai`` stream, as domain events (contract graphql §6)."""

from collections.abc import Sequence

from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.remote.copilotkit.fields import flag, mapping, optional_text, text
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_object

RAW_SOURCE = "copilotkit"
"""The source of a RAW event that holds a line of a kind that we do not know."""

INTERRUPT = "on_interrupt"
VALUE_KEY = "__copilotkit_interrupt_value__"
MESSAGES_KEY = "__copilotkit_messages__"
"""How an interrupt with messages travels in AG-UI (one-model §3)."""


class RuntimeEvents:
    """Made for one stream."""

    def events(self, line: JsonObject) -> Sequence[e.Event]:
        """What a line stands for.

        Raises:
            InvalidError: naming the field that does not fit.
        """
        match line.get("type"):
            case "TextMessageStart" | "TextMessageContent" | "TextMessageEnd":
                return (_text_event(line),)
            case "ActionExecutionStart" | "ActionExecutionArgs" | "ActionExecutionEnd" | "ActionExecutionResult":
                return (_call_event(line),)
            case "AgentStateMessage":
                return (state_report(line, _state_of(line)),)
            case "MetaEvent":
                return (meta_event(line),)
            case "RunError":
                return (e.RunError(text(line, "message"), optional_text(line, "code")),)
            case _:
                return (e.Raw(dict(line), RAW_SOURCE),)


def state_report(line: JsonObject, state: JsonValue) -> e.AgentStateMessage:
    """A report of an agent's state; both kinds of agents name its fields alike but for the spelling.

    Raises:
        InvalidError: naming the field that does not fit.
    """
    name = optional_text(line, "agentName") or text(line, "agent_name")
    return e.AgentStateMessage(
        name,
        state,
        node_name=optional_text(line, "nodeName") or optional_text(line, "node_name") or "",
        thread_id=optional_text(line, "threadId") or optional_text(line, "thread_id"),
        run_id=optional_text(line, "runId") or optional_text(line, "run_id"),
        active=flag(line, "active", default=True),
        running=flag(line, "running", default=True),
    )


def question(data: JsonObject) -> e.Custom:
    """A question to the user that comes with messages."""
    return e.Custom(INTERRUPT, {VALUE_KEY: data.get("value"), MESSAGES_KEY: data.get("messages") or []})


def meta_event(line: JsonObject) -> e.Custom:
    """A meta event; questions to the user get the name that both wires know.

    Raises:
        InvalidError: naming the field that does not fit.
    """
    match text(line, "name"):
        case "LangGraphInterruptEvent":
            return e.Custom(INTERRUPT, line.get("value"))
        case "CopilotKitLangGraphInterruptEvent":
            return question(mapping(line, "data"))
        case name:
            return e.Custom(name, line.get("value"))


def _text_event(line: JsonObject) -> e.Event:
    message_id = text(line, "messageId")
    match line["type"]:
        case "TextMessageStart":
            return e.TextMessageStart(message_id, parent_message_id=optional_text(line, "parentMessageId"))
        case "TextMessageContent":
            return e.TextMessageContent(message_id, text(line, "content"))
        case _:
            return e.TextMessageEnd(message_id)


def _call_event(line: JsonObject) -> e.Event:
    call_id = text(line, "actionExecutionId")
    match line["type"]:
        case "ActionExecutionStart":
            return e.ToolCallStart(call_id, text(line, "actionName"), optional_text(line, "parentMessageId"))
        case "ActionExecutionArgs":
            return e.ToolCallArgs(call_id, text(line, "args"))
        case "ActionExecutionEnd":
            return e.ToolCallEnd(call_id)
        case _:
            return e.ToolCallResult(f"result-{call_id}", call_id, text(line, "result"))


def _state_of(line: JsonObject) -> JsonValue:
    """The state, which travels as JSON text."""
    state = from_json(text(line, "state"))
    if not is_object(state):
        raise InvalidError("The field 'state' must be the text of a JSON object.")
    return state
