"""JSON text."""

from types import MappingProxyType
from typing import Any

import pytest

from agui_runtime.adapters.codec.json_text import from_json, to_json
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.identity import ThreadId


def test_text_is_compact_utf8() -> None:
    assert to_json({"a": ["ä", None, 1.5]}) == '{"a":["ä",null,1.5]}'.encode()


def test_ids_tuples_and_frozen_mappings_are_plain_json() -> None:
    assert to_json(MappingProxyType({"id": ThreadId("t"), "list": (1, 2)})) == b'{"id":"t","list":[1,2]}'


def test_half_an_emoji_survives_as_javascript_sends_it() -> None:
    assert from_json(b'"\\ud83c"') == "\ud83c"
    assert to_json({"delta": "\ud83c"}) == b'{"delta":"\\ud83c"}'


def test_a_number_of_any_size_can_be_written() -> None:
    assert to_json(2**70) == str(2**70).encode()


@pytest.mark.parametrize(
    "text", [b"", b"{", b"nope", b"NaN", b"[Infinity]", b"[-1e999]", b'"\xff"', b"[" * 100_000, b'{"a":1}x']
)
def test_broken_text_is_refused_without_quoting_it(text: bytes) -> None:
    with pytest.raises(InvalidError, match=r"^The text is not valid JSON\.$"):
        from_json(text)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", {"a": object()}, {("a",): 1}])
def test_what_is_no_json_value_is_refused(value: Any) -> None:
    with pytest.raises(InvalidError, match=r"^The value cannot be written as JSON\.$"):
        to_json(value)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 2**70, 10**40, -(10**25)])
def test_an_integer_of_any_size_is_read_as_it_is(number: int) -> None:
    for text in (str(number), f'{{"a": [{number}]}}'):
        for data in (text, text.encode()):
            assert str(number) in str(from_json(data))
            assert to_json(from_json(data)) == text.replace(" ", "").encode()


def test_long_digits_in_a_text_are_a_text() -> None:
    assert from_json(f'["{10**30}", 1.5]') == [str(10**30), 1.5]
