from typing import get_args

import pytest
from ag_ui.core import EventType as WireEventType

from agui_runtime.domain import events as e
from agui_runtime.domain.errors import InvalidEventError

OURS = {"AGENT_STATE_MESSAGE"}


def test_every_event_of_the_protocol_is_in_the_vocabulary_under_its_wire_name() -> None:
    assert {kind.value for kind in e.EventType} - OURS == {kind.value for kind in WireEventType}


def test_each_type_has_exactly_one_class() -> None:
    assert sorted(kind.type for kind in get_args(e.Event)) == sorted(e.EventType)


def test_the_terminal_events_are_those_that_end_a_run() -> None:
    assert {kind.type for kind in e.TERMINAL} == {"RUN_FINISHED", "RUN_ERROR"}


@pytest.mark.parametrize(
    ("event", "weight"),
    [
        (e.TextMessageContent("m", "four"), 4),
        (e.ToolCallArgs("c", "{}"), 2),
        (e.ReasoningMessageContent("m", "hmm"), 3),
        (e.ToolCallResult("m", "c", "result"), 6),
        (e.StateSnapshot({"a": "b" * 100}), e.BARE + 108),
        (e.StateDelta(({"op": "remove", "path": "/a"},)), e.BARE + 29),
        (e.Custom("name", "value"), e.BARE + 7),
    ],
)
def test_output_weighs_as_much_as_it_is_long(event: e.Event, weight: int) -> None:
    assert e.weight(event) == weight


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), b"bytes"])
def test_a_value_that_is_not_json_is_refused_by_the_events_name(value: object) -> None:
    with pytest.raises(InvalidEventError, match="STATE_SNAPSHOT carries a value that is not JSON"):
        e.weight(e.StateSnapshot({"key": value}))


def test_an_event_without_output_weighs_a_little_so_that_many_of_them_add_up() -> None:
    assert e.weight(e.StepStarted("s")) > 0


def test_what_the_runtime_adds_can_be_told_from_what_the_producer_said() -> None:
    assert not e.TextMessageEnd("m").closed_by_runtime
    assert e.TextMessageEnd("m", closed_by_runtime=True) != e.TextMessageEnd("m")
