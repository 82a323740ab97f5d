"""An outline has a conversation's messages, kinds and order, and none of its words."""

from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.domain import events as e
from agui_runtime.domain import messages as m
from agui_runtime.domain.errors import ErrorCode
from agui_runtime.domain.history import compare, fold_messages
from agui_runtime.domain.identity import RunId, ThreadId
from agui_runtime.domain.message_fold import identity_of
from agui_runtime.domain.outline import Outline
from agui_runtime.domain.runs import RunInput
from tests.unit.domain.event_streams import plain_events

ids = st.sampled_from(["m1", "m2", "m3", "m4"])
calls = st.lists(st.builds(m.ToolCall, st.sampled_from(["c1", "c2"]), st.just("search")), max_size=2).map(tuple)
messages: st.SearchStrategy[m.Message] = st.one_of(
    st.builds(m.UserMessage, id=ids, content=st.just("words")),
    st.builds(m.AssistantMessage, id=ids, content=st.just("words"), tool_calls=calls),
    st.builds(m.SystemMessage, id=ids, content=st.just("words")),
    st.builds(m.ToolMessage, id=ids, tool_call_id=st.sampled_from(["c1", "c2"]), content=st.just("words")),
    st.builds(m.ReasoningMessage, id=ids, content=st.just("words")),
    st.builds(m.ActivityMessage, id=ids, activity_type=st.just("plan"), content=st.just({"words": 1})),
)
lists = st.lists(messages, max_size=4, unique_by=identity_of).map(tuple)
snapshots = st.builds(e.MessagesSnapshot, lists, is_edit=st.booleans())
ends: st.SearchStrategy[e.Event] = st.one_of(
    st.just(e.RunFinished("t", "r")), st.just(e.RunError("denied", ErrorCode.GUARDRAIL_DENIED))
)


@st.composite
def runs(draw: st.DrawFn) -> list[e.Event]:
    started = e.RunStarted("t", "r", input=RunInput(ThreadId("t"), RunId("r"), messages=draw(lists)))
    return [started, *draw(st.lists(plain_events | snapshots, max_size=12)), draw(ends)]


def shape(conversation: tuple[m.Message, ...]) -> list[tuple[type[m.Message], object]]:
    return [(type(message), identity_of(message)) for message in conversation]


@given(st.lists(runs(), max_size=5), lists)
def test_an_outline_that_grew_run_by_run_compares_as_the_conversation_does(
    thread: list[list[e.Event]], sent: tuple[m.Message, ...]
) -> None:
    outline = Outline()
    for run in thread:
        outline.extend(run)
    whole = fold_messages(event for run in thread for event in run)
    assert shape(tuple(outline.messages())) == shape(whole)
    by_outline, by_words = compare(outline.messages(), sent), compare(whole, sent)
    assert by_outline.new == by_words.new
    assert shape(by_outline.kept or ()) == shape(by_words.kept or ())
    assert (by_outline.kept is None) == (by_words.kept is None)


@given(runs())
def test_an_outline_has_no_words(run: list[e.Event]) -> None:
    outline = Outline()
    outline.extend(run)
    assert "words" not in repr(outline.messages())
