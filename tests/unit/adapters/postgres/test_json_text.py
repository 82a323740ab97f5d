"""The text of a ``json`` column: whatever is a JSON object comes back as it was."""

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.codec.state_text import checked_text
from agui_runtime.adapters.postgres.json_text import from_text
from agui_runtime.adapters.postgres.json_text import to_text as written
from agui_runtime.domain.errors import CorruptError
from agui_runtime.domain.json_value import dumps
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import key_of

any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)


def to_text(value: Any) -> str:
    return written(checked_text(value, StateLimits()))


def joined(value: Any) -> Any:
    """With every pair of surrogates as the character it stands for."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if isinstance(value, list):
        return [joined(item) for item in value]
    if isinstance(value, dict):
        return {joined(key): joined(item) for key, item in value.items()}
    return value


@given(st.dictionaries(any_text, values, max_size=4))
def test_every_json_object_comes_back_and_its_text_can_be_stored(value: dict[str, Any]) -> None:
    text = to_text(value)
    text.encode("utf-8")
    assert "\x00" not in text
    assert dumps(from_text(text, key_of())) == dumps(joined(value))


def test_integers_beyond_64_bits_keep_every_digit() -> None:
    value = {"a": 2**64, "b": -(10**30)}
    assert from_text(to_text(value), key_of()) == value


def test_read_only_values_are_written_like_any_other() -> None:
    assert to_text(MappingProxyType({"a": (1, MappingProxyType({"b": 2}))})) == '{"a":[1,{"b":2}]}'


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"a":NaN}', '{"a":1e400}', "[" * 100_000],
    ids=["empty", "open", "list", "null", "nan", "too large", "deep"],
)
def test_what_is_no_object_is_corrupt(text: str) -> None:
    with pytest.raises(CorruptError):
        from_text(text, key_of())
