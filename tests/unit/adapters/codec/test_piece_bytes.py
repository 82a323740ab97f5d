"""Pieces of streams have a way of their own to bytes; it says what the general one says."""

import json
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.codec.events import encode_event, piece_bytes
from agui_runtime.adapters.codec.json_text import to_json
from agui_runtime.domain import events as e
from tests.unit.adapters.codec.strategies import events_of

PIECES = (e.TextMessageContent, e.ReasoningMessageContent, e.ToolCallArgs)


@given(event=st.one_of(*(events_of(cls, side=True) for cls in PIECES)))
def test_it_says_what_the_general_way_says_or_leaves_it_to_that(event: Any) -> None:
    written = piece_bytes(event)
    assert written is None or json.loads(written) == json.loads(to_json(encode_event(event)))


@pytest.mark.parametrize("cls", PIECES)
@pytest.mark.parametrize("delta", ["", "a", 'a"b\n\u2028', "🎉", "half \ud83d"])
def test_text_alone_is_written_byte_for_byte_the_same(cls: Any, delta: str) -> None:
    event = cls("id", delta)
    assert piece_bytes(event) == to_json(encode_event(event))


@pytest.mark.parametrize(
    "extra",
    [{"timestamp": 0}, {"raw_event": {}}, {"metadata": {}}, {"subagent_run_id": ""}],
    ids=lambda extra: next(iter(extra)),
)
def test_what_has_more_than_text_is_left_to_the_general_way(extra: Any) -> None:
    assert piece_bytes(evolve(e.TextMessageContent("id", "a"), **extra)) is None


def test_what_is_no_piece_is_left_to_the_general_way() -> None:
    assert piece_bytes(e.TextMessageStart("id")) is None
