"""States are held against the JSON Schema of their agent."""

import sys
from typing import Any

import pytest

from agui_runtime.adapters.state_decorators import ValidatedStateStore
from agui_runtime.domain.errors import ConfigurationError, InvalidError
from tests.contracts.world import STATE_LIMITS, key_of
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.adapters.state_decorators.stores import Watched

CART: dict[str, Any] = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
    "$defs": {"item": {"type": "object", "properties": {"price": {"type": "number"}}}},
}


def store_of(schema: Any, inner: Watched | None = None) -> ValidatedStateStore:
    return ValidatedStateStore(inner or Watched(FakeClock()), {"writer": schema}, STATE_LIMITS)


async def refused(store: ValidatedStateStore, values: Any, version: int = 0) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        await store.save(key_of(), values, expected_version=version)
    return caught.value


def test_a_save_that_matches_is_stored() -> None:
    store = store_of(CART)
    values = {"items": [{"price": 1.5}]}
    run(store.save(key_of(), values, expected_version=0))
    state = run(store.load(key_of()))
    assert state is not None
    assert state.values == values


def test_a_save_that_does_not_match_is_refused_with_its_path_and_nothing_changes() -> None:
    store = store_of(CART)

    async def story() -> None:
        before = await store.save(key_of(), {"items": []}, expected_version=0)
        error = await refused(store, {"items": [{"price": 1}, {"price": "free"}]}, 1)
        assert error.details == {"path": "state.items[1].price", "rule": "type"}
        assert "state.items[1].price" in error.message
        assert "'free' is not of type 'number'" in error.message
        assert await store.load(key_of()) == before

    run(story())


def test_what_is_missing_at_the_top_is_a_fault_of_the_state() -> None:
    error = run(refused(store_of(CART), {}))
    assert error.details["path"] == "state"
    assert "'items' is a required property" in error.message


def test_of_alternatives_the_nearest_is_named() -> None:
    schema = {"anyOf": [{"properties": {"a": {"properties": {"b": {"type": "string"}}}}}, {"required": ["c"]}]}
    assert run(refused(store_of(schema), {"a": {"b": 1}})).details["path"] == "state.a.b"


def test_a_large_value_is_not_quoted() -> None:
    error = run(refused(store_of({"properties": {"a": {"type": "number"}}}), {"a": "x" * 1500}))
    assert error.message == "state.a does not match the schema of writer: it breaks the rule type"


def test_an_agent_without_a_schema_saves_what_it_likes() -> None:
    assert run(store_of(CART).save(key_of(agent="reader"), {"any": 1}, expected_version=0)).version == 1


def test_a_stored_state_that_does_not_match_is_loaded_as_it_is() -> None:
    inner = Watched(FakeClock())
    saved = run(inner.save(key_of(), {"old": True}, expected_version=0))
    assert run(store_of(CART, inner).load(key_of())) == saved


def test_a_value_that_contains_itself_is_refused() -> None:
    values: dict[str, Any] = {"items": []}
    values["items"].append(values)
    assert run(refused(store_of(CART), values)).details["limit"] == "depth"


def test_a_schema_that_is_changed_later_is_not_changed_here() -> None:
    schema = {"required": ["a"]}
    store = store_of(schema)
    schema.clear()
    assert "'a' is a required property" in run(refused(store, {})).message


def test_a_schema_says_which_draft_it_is_of() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"a": {"maximum": 1, "exclusiveMaximum": True}},
    }
    assert run(refused(store_of(schema), {"a": 1})).details["path"] == "state.a"


def test_a_schema_may_refer_to_itself_and_to_its_own_ids_and_anchors() -> None:
    schema = {
        "$id": "https://example.com/tree",
        "properties": {"left": {"$ref": "#"}, "right": {"$ref": "tree"}, "leaf": {"$ref": "#leaf"}},
        "$defs": {"leaf": {"$anchor": "leaf", "type": "string"}},
    }
    error = run(refused(store_of(schema), {"left": {"right": {"leaf": 1}}}))
    assert error.details["path"] == "state.left.right.leaf"


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        pytest.param({"type": "objekt"}, "objekt", id="an unknown type"),
        pytest.param({"properties": {"a": {"pattern": "("}}}, "properties.a.pattern", id="a broken pattern"),
        pytest.param([], "list", id="a list"),
        pytest.param(True, "bool", id="a truth value"),
        pytest.param({"a": {1, 2}}, "set", id="no JSON"),
        pytest.param({"$schema": "https://example.com/own"}, "example.com/own", id="an unknown draft"),
        pytest.param({"properties": {"a": {"$ref": "#/$defs/no"}}}, "#/$defs/no", id="a dangling pointer"),
        pytest.param({"items": {"$ref": "#no"}}, "#no", id="a dangling anchor"),
        pytest.param({"$ref": "http://127.0.0.1:9/schema.json"}, "127.0.0.1:9", id="another host"),
    ],
)
def test_a_wrong_schema_is_refused_when_the_store_is_made(schema: Any, named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        store_of(schema)
    assert "writer" in caught.value.message
    assert named in caught.value.message


def test_a_name_that_no_agent_can_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="agent name"):
        ValidatedStateStore(Watched(FakeClock()), {"": {}}, STATE_LIMITS)


def test_a_missing_library_is_told_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ConfigurationError, match=r"agui-runtime\[validation\]"):
        store_of(CART)
