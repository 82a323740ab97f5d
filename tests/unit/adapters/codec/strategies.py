"""Random domain values. ``side`` adds what only the domain knows and AG-UI's schemas do not."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from attrs import fields
from hypothesis import strategies as st

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.runs import ContextEntry, Interrupt, Resume, RunInput
from agui_runtime.domain.tools import Tool

SIDE_FIELDS = {"closed_by_runtime", "is_edit"}
UNNAMED = (m.ToolMessage, m.ActivityMessage, m.ReasoningMessage)

# Chosen, not generated: what matters here is which fields meet, and random text and JSON would cost minutes.
text = st.sampled_from(["", "m1", "snake_case", "Grüße 🎉", 'a"b\n\u2028'])
names = st.sampled_from(["t1", "Grüße 🎉"])
json_objects = st.sampled_from([{}, {"a": None}, {"snake_case": [1, {"c": None}], "": {}}])
json_values = json_objects | st.sampled_from([None, False, 0, -1.5, 2**53 - 1, "", "x", [], [None, [{}]]])
pointers = text.map(lambda name: "/" + name.replace("~", "~0").replace("/", "~1"))
operations = st.one_of(
    st.fixed_dictionaries({"op": st.sampled_from(["add", "replace", "test"]), "path": pointers, "value": json_values}),
    st.fixed_dictionaries({"op": st.just("remove"), "path": pointers}),
    st.fixed_dictionaries({"op": st.sampled_from(["move", "copy"]), "path": pointers, "from": pointers}),
)
times = st.sampled_from([datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(1, 1, 1, microsecond=9, tzinfo=UTC)])
text_roles = st.sampled_from(["assistant", "user", "system", "developer"])
usages = st.fixed_dictionaries({"model": text, "inputTokens": st.just(7)})
subagent_outcomes = st.sampled_from([{"type": "success"}, {"type": "suspended", "interruptIds": ["i"]}])


def tuples(items: st.SearchStrategy[Any], **sizes: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, **{"max_size": 2, **sizes}).map(tuple)


def parts(*, side: bool) -> st.SearchStrategy[m.TextPart | m.MediaPart]:
    kinds = st.sampled_from(["image", "audio", "video", "document", *(["binary"] if side else [])])
    metadata = st.none() | json_objects
    inline = st.builds(m.MediaPart, kind=kinds, mime_type=text, data=text, metadata=metadata)
    linked = st.builds(m.MediaPart, kind=kinds, mime_type=st.none() | text, url=text, metadata=metadata)
    return st.builds(m.TextPart, text=text) | inline | linked


def contents(*, side: bool) -> st.SearchStrategy[m.Content]:
    return text | tuples(parts(side=side))


def messages(*, side: bool) -> st.SearchStrategy[m.Message]:
    def build(cls: type, **own: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        common: dict[str, st.SearchStrategy[Any]] = {"id": text}
        if side or cls not in UNNAMED:
            common["name"] = st.none() | text
        if side:
            common |= {"created_at": st.none() | times, "parent_message_id": st.none() | text}
        return st.builds(cls, **common, **own)

    plain = contents(side=True) if side else text
    calls = tuples(st.builds(m.ToolCall, id=text, name=text, arguments=text))
    tool_name: dict[str, Any] = {"tool_name": st.none() | text} if side else {}
    return st.one_of(
        build(m.UserMessage, content=contents(side=side)),
        build(m.AssistantMessage, content=st.none() | plain, tool_calls=calls),
        build(m.SystemMessage, content=plain),
        build(m.DeveloperMessage, content=plain),
        build(m.ToolMessage, tool_call_id=text, content=text, error=st.none() | text, **tool_name),
        build(m.ActivityMessage, activity_type=text, content=json_objects),
        build(m.ReasoningMessage, content=text, encrypted_value=st.none() | text),
    )


def run_inputs(*, side: bool) -> st.SearchStrategy[RunInput]:
    resumes = st.builds(
        Resume,
        interrupt_id=st.none() | text if side else text,
        status=st.sampled_from(["resolved", "cancelled"]),
        payload=json_values,
    )
    return st.builds(
        RunInput,
        thread_id=names.map(ThreadId),
        run_id=names.map(RunId),
        agent_name=st.none() | names.map(AgentName) if side else st.none(),
        messages=tuples(messages(side=side)),
        state=json_values.filter(lambda state: state is not None),
        tools=tuples(st.builds(Tool, name=text, description=text, parameters=json_objects)),
        context=tuples(st.builds(ContextEntry, description=text, value=text)),
        forwarded_props=json_objects,
        resume=tuples(resumes),
        parent_run_id=st.none() | text,
    )


interrupts = st.builds(
    Interrupt,
    id=text,
    value=json_values,
    reason=text,
    message=st.none() | text,
    tool_call_id=st.none() | text,
    response_schema=st.none() | json_objects,
    expires_at=st.none() | times,
    metadata=st.none() | json_objects,
)


@cache
def _by_name(*, side: bool) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "timestamp": st.none() | st.sampled_from([0, 2**53 - 1]),
        "raw_event": json_values,
        "metadata": st.none() | json_objects,
        "closed_by_runtime": st.booleans(),
        "is_edit": st.booleans(),
        "active": st.booleans(),
        "running": st.booleans(),
        "replace": st.booleans(),
        "input": st.none() | run_inputs(side=side),
        "messages": tuples(messages(side=side)),
        "interrupts": tuples(interrupts),
        "usage": tuples(usages),
        "result": json_values,
        "value": json_values,
        "event": json_values,
        "snapshot": json_values,
        "state": json_values,
        "patch": tuples(operations),
        "subtype": st.sampled_from(["message", "tool-call"]),
        "outcome": st.none() | subagent_outcomes,
    }


def _field(cls: type, name: str, *, side: bool) -> st.SearchStrategy[Any]:
    special = _by_name(side=side)
    if name == "delta" and cls is e.StateDelta:
        return tuples(operations)
    if name == "role" and cls in {e.TextMessageStart, e.TextMessageChunk}:
        return text_roles
    if name == "content" and cls is e.ActivitySnapshot:
        return json_objects
    if name in special:
        return special[name]
    default = next(attribute.default for attribute in fields(cls) if attribute.name == name)
    return st.none() | text if default is None else text


@cache
def events_of(cls: type, *, side: bool) -> st.SearchStrategy[Any]:
    hidden = set() if side else set(SIDE_FIELDS)
    if not side and cls is e.TextMessageStart:
        hidden.add("parent_message_id")
    if not side and cls is e.MessagesSnapshot:
        hidden.add("subagent_run_id")
    return st.builds(
        cls,
        **{
            attribute.name: _field(cls, attribute.name, side=side)
            for attribute in fields(cls)
            if attribute.name not in hidden
        },
    )
