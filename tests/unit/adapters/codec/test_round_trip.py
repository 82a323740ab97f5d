"""What is encoded can be decoded, for random values of every kind, through JSON text."""

from typing import Any

import pytest
from ag_ui.core import Event as AguiEvent
from ag_ui.core import Message as AguiMessage
from ag_ui.core import RunAgentInput
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from agui_runtime.adapters.codec.decoding import (
    decode_event,
    decode_messages,
    decode_run_input,
    decode_stored_event,
    decode_stored_messages,
    decode_stored_run_input,
)
from agui_runtime.adapters.codec.events import AGUI_EVENT_CLASSES, EVENT_CLASSES, encode_event, encode_stored_event
from agui_runtime.adapters.codec.json_text import from_json, to_json
from agui_runtime.adapters.codec.messages import encode_messages, encode_stored_messages
from agui_runtime.adapters.codec.runs import encode_run_input, encode_stored_run_input
from agui_runtime.domain import events as e
from tests.unit.adapters.codec import strategies

agui_event: TypeAdapter[Any] = TypeAdapter(AguiEvent)
agui_message: TypeAdapter[Any] = TypeAdapter(AguiMessage)

# Enough to find a wrong field in every class; the whole file stays under a few seconds.
some = settings(max_examples=25, deadline=None)


def through_text(value: Any) -> Any:
    return from_json(to_json(value))


@pytest.mark.parametrize("cls", EVENT_CLASSES.values(), ids=EVENT_CLASSES)
@some
@given(data=st.data())
def test_a_stored_event_is_read_back_whole(cls: type, data: st.DataObject) -> None:
    event = data.draw(strategies.events_of(cls, side=True))
    assert decode_stored_event(through_text(encode_stored_event(event))) == event


@pytest.mark.parametrize("cls", AGUI_EVENT_CLASSES.values(), ids=AGUI_EVENT_CLASSES)
@some
@given(data=st.data())
def test_an_event_on_the_wire_is_read_back_but_for_its_side_fields(cls: type, data: st.DataObject) -> None:
    event = data.draw(strategies.events_of(cls, side=False))
    assert decode_event(through_text(encode_event(event))) == event


@pytest.mark.parametrize("cls", EVENT_CLASSES.values(), ids=EVENT_CLASSES)
@some
@given(data=st.data())
def test_agui_s_own_models_accept_every_event_with_all_its_side_fields(cls: type, data: st.DataObject) -> None:
    event = data.draw(strategies.events_of(cls, side=True))
    agui_event.validate_python(through_text(encode_event(event)))


@pytest.mark.parametrize("cls", AGUI_EVENT_CLASSES.values(), ids=AGUI_EVENT_CLASSES)
@some
@given(data=st.data())
def test_agui_s_own_models_find_no_key_that_they_do_not_know(cls: type, data: st.DataObject) -> None:
    # An interrupt's value is the documented exception.
    event = data.draw(strategies.events_of(cls, side=True))
    model = agui_event.validate_python(through_text(encode_event(event)))
    assert (model.model_extra or {}) == {}


@some
@given(strategies.tuples(strategies.messages(side=True)))
def test_stored_messages_are_read_back_whole(messages: tuple[Any, ...]) -> None:
    assert decode_stored_messages(through_text(encode_stored_messages(messages))) == messages


@some
@given(strategies.tuples(strategies.messages(side=False)))
def test_messages_on_the_wire_are_read_back_but_for_their_side_fields(messages: tuple[Any, ...]) -> None:
    assert decode_messages(through_text(encode_messages(messages))) == messages


@some
@given(strategies.tuples(strategies.messages(side=True)))
def test_agui_s_own_models_accept_every_message_and_know_all_its_keys(messages: tuple[Any, ...]) -> None:
    for message in through_text(encode_messages(messages)):
        assert (agui_message.validate_python(message).model_extra or {}) == {}


@some
@given(strategies.run_inputs(side=True))
def test_a_stored_run_input_is_read_back_whole(run_input: Any) -> None:
    assert decode_stored_run_input(through_text(encode_stored_run_input(run_input))) == run_input


@some
@given(strategies.run_inputs(side=False))
def test_a_run_input_on_the_wire_is_read_back_but_for_its_side_fields(run_input: Any) -> None:
    assert decode_run_input(through_text(encode_run_input(run_input))) == run_input


@some
@given(strategies.run_inputs(side=True))
def test_agui_s_own_model_accepts_every_run_input(run_input: Any) -> None:
    RunAgentInput.model_validate(through_text(encode_run_input(run_input)))


def test_every_event_of_the_domain_has_its_codec() -> None:
    assert set(EVENT_CLASSES) == {kind.value for kind in e.EventType}
