from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.domain.errors import ErrorCode, InvalidError
from agui_runtime.domain.identity import (
    ANONYMOUS,
    AgentName,
    Caller,
    Principal,
    RunId,
    RunKey,
    Scope,
    StateKey,
    ThreadId,
)

KINDS = [(ThreadId, "thread id", 256), (RunId, "run id", 256), (AgentName, "agent name", 128), (Scope, "scope", 256)]
each_kind = pytest.mark.parametrize(("kind", "label", "longest"), KINDS)


@each_kind
def test_an_id_may_have_its_full_length(kind: Any, label: str, longest: int) -> None:
    assert kind("x" * longest) == "x" * longest


@each_kind
def test_an_id_that_is_too_long_is_refused_with_its_label_and_length(kind: Any, label: str, longest: int) -> None:
    with pytest.raises(InvalidError, match=f"{label} must have 1 to {longest} characters; this one has {longest + 1}"):
        kind("x" * (longest + 1))


@each_kind
def test_an_empty_id_is_refused(kind: Any, label: str, longest: int) -> None:
    with pytest.raises(InvalidError, match=label) as caught:
        kind("")
    assert caught.value.code is ErrorCode.INVALID_INPUT


@pytest.mark.parametrize("character", ["\x00", "\n", "\r", "\t", "\x1f", "\x7f", "\x80", "\x85", "\x9f"])
def test_control_characters_are_refused(character: str) -> None:
    with pytest.raises(InvalidError, match="control character"):
        ThreadId(f"a{character}b")


@pytest.mark.parametrize("code_point", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_lone_surrogates_are_refused_in_a_message_that_can_be_written(code_point: int) -> None:
    with pytest.raises(InvalidError) as caught:
        ThreadId(f"a{chr(code_point)}")
    assert caught.value.message.encode("utf-8")


@pytest.mark.parametrize("value", [None, 1, True, b"bytes", ["t"], object()])
def test_what_is_no_string_is_refused_with_its_type(value: Any) -> None:
    with pytest.raises(InvalidError, match=f"must be a string, not {type(value).__name__}"):
        RunId(value)


@pytest.mark.parametrize("text", ["a", " ", "äöü", "日本語", "🎈", "a/b?c=d", "\xa0", "x" * 256])
def test_any_other_text_is_an_id(text: str) -> None:
    assert ThreadId(text) == text


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=256))
def test_making_an_id_of_an_id_changes_nothing(text: str) -> None:
    made = ThreadId(text)
    assert ThreadId(made) is made


def test_an_id_of_another_kind_is_checked_again() -> None:
    with pytest.raises(InvalidError, match="agent name"):
        AgentName(ThreadId("x" * 200))


def test_an_id_behaves_as_the_string_it_is() -> None:
    made = ThreadId("t-1")
    assert isinstance(made, str)
    assert (str(made), f"{made}", made.upper(), {made: 1}["t-1"], hash(made)) == ("t-1", "t-1", "T-1", 1, hash("t-1"))


def test_keys_are_equal_and_usable_in_dicts_by_their_parts() -> None:
    one = StateKey(Scope("s"), ThreadId("t"), AgentName("a"))
    same = StateKey(Scope("s"), ThreadId("t"), AgentName("a"))
    other = StateKey(Scope("other"), ThreadId("t"), AgentName("a"))
    assert {one: 1}[same] == 1
    assert one != other


def test_runs_with_the_same_client_id_differ_by_their_number() -> None:
    assert RunKey(Scope("s"), ThreadId("t"), 1) != RunKey(Scope("s"), ThreadId("t"), 2)


def test_nobody_in_particular_is_the_anonymous_principal() -> None:
    assert Caller(ANONYMOUS, Scope("s")).principal == Principal("anonymous")
    assert ANONYMOUS.claims == {}
