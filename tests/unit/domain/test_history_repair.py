from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from agui_runtime.domain.history_repair import NO_RESULT, repair_history
from agui_runtime.domain.messages import (
    ActivityMessage,
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
)


def asked(message_id: str, *calls: ToolCall, content: str | None = None) -> AssistantMessage:
    return AssistantMessage(id=message_id, content=content, tool_calls=calls)


def weather(call_id: str = "c1", city: str = "Rome") -> ToolCall:
    return ToolCall(call_id, "weather", f'{{"city":"{city}"}}')


def result(call_id: str = "c1", content: str = "sunny", message_id: str | None = None) -> ToolMessage:
    return ToolMessage(id=message_id or f"r-{content}", tool_call_id=call_id, content=content)


def user(text: str = "hi") -> UserMessage:
    return UserMessage(id=f"u-{text}", content=text)


def test_a_conversation_in_order_is_the_same() -> None:
    history = (SystemMessage(id="s", content="be kind"), user(), asked("a", weather()), result(), user("thanks"))
    assert repair_history(history) == history


def test_a_call_that_nobody_answered_gets_a_placeholder_before_what_was_said_next() -> None:
    repaired = repair_history((asked("a", weather()), user("never mind")))
    assert repaired == (
        asked("a", weather()),
        ToolMessage(id="result-c1", tool_call_id="c1", content=NO_RESULT, tool_name="weather"),
        user("never mind"),
    )


def test_a_placeholder_takes_no_id_that_is_in_use() -> None:
    other = UserMessage(id="result-c1", content="hi")
    repaired = repair_history((other, asked("a", weather())))
    assert [message.id for message in repaired] == ["result-c1", "a", "result-c1-2"]


def test_a_result_without_a_call_is_dropped() -> None:
    assert repair_history((user(), result("nobody"))) == (user(),)


def test_of_two_results_of_a_call_the_first_counts() -> None:
    repaired = repair_history((asked("a", weather()), result(content="sunny"), result(content="rain")))
    assert repaired == (asked("a", weather()), result(content="sunny"))


def test_a_result_moves_behind_its_call() -> None:
    repaired = repair_history((asked("a", weather()), user("and?"), result()))
    assert repaired == (asked("a", weather()), result(), user("and?"))


def test_a_result_that_stands_before_its_call_answers_it() -> None:
    assert repair_history((result(), asked("a", weather()))) == (asked("a", weather()), result())


def test_results_of_parallel_calls_come_in_the_order_of_the_calls() -> None:
    calls = asked("a", weather("c1"), weather("c2", "Oslo"))
    repaired = repair_history((calls, result("c2", "snow"), result("c1", "sunny")))
    assert repaired == (calls, result("c1", "sunny"), result("c2", "snow"))


def test_a_call_that_came_twice_stays_once() -> None:
    repaired = repair_history((asked("a", weather()), asked("b", weather()), result()))
    assert repaired == (asked("a", weather()), result())


def test_a_message_that_came_twice_keeps_its_text_but_not_its_call() -> None:
    again = asked("a", weather(), content="Let me look.")
    repaired = repair_history((again, result(), again, result(content="rain")))
    assert repaired == (again, result(), asked("a", content="Let me look."))


def test_different_calls_of_one_id_get_ids_of_their_own() -> None:
    repaired = repair_history(
        (asked("a", weather()), result(), asked("b", weather(city="Oslo")), result(content="snow"))
    )
    assert repaired[2:] == (
        asked("b", weather("c1-2", "Oslo")),
        ToolMessage(id="r-snow", tool_call_id="c1-2", content="snow"),
    )


def test_the_same_call_made_again_later_with_a_result_of_its_own_stays() -> None:
    repaired = repair_history((asked("a", weather()), result(), asked("b", weather()), result(content="rain")))
    assert [call.id for message in repaired for call in getattr(message, "tool_calls", ())] == ["c1", "c1-2"]


def test_a_call_without_an_id_gets_one() -> None:
    repaired = repair_history((asked("a", weather("")), result("")))
    assert repaired == (asked("a", weather("call")), ToolMessage(id="r-sunny", tool_call_id="call", content="sunny"))


def test_a_call_that_waits_at_the_end_stays_open_where_asked() -> None:
    waiting = (user(), asked("a", weather("c1"), weather("c2", "Oslo")), result("c1"))
    assert repair_history(waiting, keep_open=True) == waiting


def test_calls_that_wait_at_the_end_in_messages_of_their_own_stay_open_where_asked() -> None:
    waiting = (user(), asked("a", weather("c1")), asked("b", weather("c2", "Oslo")))
    assert repair_history(waiting, keep_open=True) == waiting


def test_a_call_that_the_user_passed_over_does_not_stay_open() -> None:
    repaired = repair_history((asked("a", weather()), user("never mind")), keep_open=True)
    assert isinstance(repaired[1], ToolMessage)
    assert repaired[1].content == NO_RESULT


texts = st.sampled_from(["", "x", "y"])
call_ids = st.sampled_from(["", "c1", "c2", "c1-2", "result-c1"])
calls = st.builds(ToolCall, call_ids, st.sampled_from(["weather", "search"]), st.sampled_from(["{}", '{"a":1}']))
message_ids = st.sampled_from(["m1", "m2", "m3", "result-c1"])
messages = st.one_of(
    st.builds(lambda i, t: UserMessage(id=i, content=t), message_ids, texts),
    st.builds(lambda i, c: ActivityMessage(id=i, activity_type="plan", content={"of": c}), message_ids, texts),
    st.builds(
        lambda i, t, made: AssistantMessage(id=i, content=t, tool_calls=tuple(made)),
        message_ids,
        texts,
        st.lists(calls, max_size=3),
    ),
    st.builds(lambda i, c, t: ToolMessage(id=i, tool_call_id=c, content=t), message_ids, call_ids, texts),
)
histories = st.lists(messages, max_size=10)


def is_valid(history: Sequence[Message]) -> bool:
    """The rule of OpenAI and Anthropic, told the other way round: each message is what the calls before it allow."""
    due: set[str] = set()
    seen: set[str] = set()
    for message in history:
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in due:
                return False
            due.remove(message.tool_call_id)
            continue
        if due:
            return False
        for call in message.tool_calls if isinstance(message, AssistantMessage) else ():
            if not call.id or call.id in seen:
                return False
            seen.add(call.id)
            due.add(call.id)
    return not due


@given(histories)
def test_a_repaired_conversation_is_valid(history: list[Message]) -> None:
    assert is_valid(repair_history(history))


@example([asked("m1", weather()), asked("m1", weather(), content="x")], True)
@given(histories, st.booleans())
def test_repairing_twice_changes_nothing_more(history: list[Message], keep_open: bool) -> None:
    once = repair_history(history, keep_open=keep_open)
    assert repair_history(once, keep_open=keep_open) == once


@given(histories)
def test_what_has_no_part_in_calls_stays_as_and_where_it_was(history: list[Message]) -> None:
    def others(messages: Sequence[Message]) -> list[tuple[str, object]]:
        return [
            (message.id, message.content)
            for message in messages
            if not isinstance(message, ToolMessage) and (message.content or not isinstance(message, AssistantMessage))
        ]

    assert others(repair_history(history)) == others(history)


@given(histories)
def test_every_call_that_was_made_is_still_there(history: list[Message]) -> None:
    def made(messages: Sequence[Message]) -> set[tuple[str, str]]:
        calls = (call for message in messages for call in getattr(message, "tool_calls", ()))
        return {(call.name, call.arguments) for call in calls}

    assert made(repair_history(history)) == made(history)


@given(histories)
def test_an_open_end_is_answered_by_the_frontend_and_all_before_it_is_valid(history: list[Message]) -> None:
    kept_open = repair_history([*history, asked("last", weather("fresh"))], keep_open=True)
    assert kept_open[-1] == asked("last", weather("fresh"))
    assert is_valid(repair_history(kept_open))
