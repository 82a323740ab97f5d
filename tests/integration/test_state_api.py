"""An agent's state for scripts: saved, loaded, listed and deleted, and the same from every side."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agui_runtime import FunctionAgent, RunInput
from agui_runtime.domain import events as e
from agui_runtime.domain.identity import ANONYMOUS, AgentName, Caller, ThreadId
from tests.support.graphql_client import chat, exchange
from tests.support.state_api import StateApi, told

UNKNOWN_THREAD_FIELDS = {"stateData": None, "stateFound": False, "lastUpdated": None, "version": None, "history": None}


async def _counter(run_input: RunInput) -> AsyncIterator[e.Event]:
    state = run_input.state if isinstance(run_input.state, dict) else {}
    yield e.StateSnapshot({**state, "count": int(str(state.get("count", 0))) + 1})


COUNTER = (FunctionAgent(_counter, "counter"),)


def _caller(api: StateApi) -> Caller:
    return Caller(ANONYMOUS, api.container.access_policy().scope_of(ANONYMOUS))


def _moment(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def test_a_saved_state_says_what_it_is_and_when() -> None:
    async def story(api: StateApi) -> None:
        saved = await api.save({"a": 1})
        moment = _moment(saved.pop("savedAt"))
        assert datetime.now(UTC) - moment < timedelta(minutes=1)
        assert saved == {
            "threadId": api.thread,
            "agentName": "any",
            "success": True,
            "stateKey": f"{api.thread}/any",
            "version": 1,
            "errorMessage": None,
            "errorCode": None,
        }

    told(story)


def test_a_state_of_an_agent_that_is_not_registered_is_loaded() -> None:
    async def story(api: StateApi) -> None:
        saved = await api.save({"a": {"b": [1, 2.5, None, "é"]}})
        loaded = await api.load()
        assert loaded == {
            "threadId": api.thread,
            "threadExists": True,
            "state": '{"a":{"b":[1,2.5,null,"é"]}}',
            "messages": "[]",
            "agentName": "any",
            "stateKey": f"{api.thread}/any",
            "stateData": '{"a":{"b":[1,2.5,null,"é"]}}',
            "stateFound": True,
            "lastUpdated": saved["savedAt"],
            "version": 1,
            "errorMessage": None,
            "history": None,
        }

    told(story)


def test_values_are_merged_and_null_deletes() -> None:
    async def story(api: StateApi) -> None:
        await api.save({"a": {"x": 1, "y": 1}, "b": 1, "list": [1, 2]})
        assert (await api.save({"a": {"y": None, "z": 2}, "b": None, "list": [3]}))["version"] == 2
        assert await api.values() == {"a": {"x": 1, "z": 2}, "list": [3]}

    told(story)


def test_values_take_the_place_of_others_when_they_are_not_merged() -> None:
    async def story(api: StateApi) -> None:
        await api.save({"a": 1, "b": 1})
        await api.save({"b": None}, mergeWithExisting=False)
        assert await api.values() == {"b": None}

    told(story)


def test_an_expected_version_of_zero_means_that_nothing_is_stored() -> None:
    async def story(api: StateApi) -> None:
        assert (await api.save({"a": 1}, expectedVersion=0))["version"] == 1
        assert (await api.save({"a": 2}, expectedVersion=0))["errorCode"] == "VERSION_CONFLICT"
        assert (await api.save({"a": 3}, expectedVersion=1))["version"] == 2

    told(story)


@pytest.mark.parametrize("expected", [0, 1, 3, -1])
def test_a_conflict_names_the_version_that_is_stored_and_changes_nothing(expected: int) -> None:
    async def story(api: StateApi) -> None:
        await api.save({"a": 1})
        await api.save({"a": 2})
        refused = await api.save({"a": 3}, expectedVersion=expected)
        assert (refused["success"], refused["errorCode"], refused["version"]) == (False, "VERSION_CONFLICT", 2)
        assert (refused["stateKey"], refused["savedAt"]) == (None, None)
        assert f"at version 2, not {expected}" in refused["errorMessage"]
        assert ((await api.load())["version"], await api.values()) == (2, {"a": 2})

    told(story)


def test_saves_at_once_lose_nothing() -> None:
    async def story(api: StateApi) -> None:
        saved = await asyncio.gather(*(api.save({f"k{n}": n}) for n in range(16)))
        assert sorted(answer["version"] for answer in saved) == list(range(1, 17))
        assert await api.values() == {f"k{n}": n for n in range(16)}

    told(story)


def test_only_one_of_many_saves_on_the_same_version_wins() -> None:
    async def story(api: StateApi) -> None:
        saved = await asyncio.gather(*(api.save({"winner": n}, expectedVersion=0) for n in range(8)))
        assert [answer["success"] for answer in saved].count(True) == 1
        assert {answer["errorCode"] for answer in saved if not answer["success"]} == {"VERSION_CONFLICT"}

    told(story)


def test_a_state_that_is_deleted_existed_once() -> None:
    async def story(api: StateApi) -> None:
        await api.save({"a": 1})
        gone = {"success": True, "errorMessage": None, "errorCode": None}
        assert await api.delete() == {**gone, "existed": True}
        assert await api.delete() == {**gone, "existed": False}
        assert await api.states() == []

    told(story)


def test_a_registered_agent_without_a_state_has_none() -> None:
    async def story(api: StateApi) -> None:
        loaded = await api.load("counter")
        assert loaded["stateKey"] == f"{api.thread}/counter"
        assert {name: loaded[name] for name in UNKNOWN_THREAD_FIELDS} == UNKNOWN_THREAD_FIELDS

    told(story, agents=COUNTER)


def test_an_agent_that_neither_the_catalogue_nor_the_store_knows_is_an_error() -> None:
    async def story(api: StateApi) -> None:
        query = "query($data: LoadAgentStateInput!) { loadAgentState(data: $data) { state } }"
        answer = await api.ask(query, data={"threadId": api.thread, "agentName": "nobody"})
        assert answer.error()["extensions"]["code"] == "AGENT_NOT_FOUND"

    told(story)


def test_the_states_of_a_thread_are_listed_with_sizes_in_bytes() -> None:
    async def story(api: StateApi) -> None:
        await api.save({"a": "é"}, "first")
        await api.save({}, "second")
        await api.save({"b": 1}, "second")
        first, second = await api.states()
        assert _moment(first.pop("createdAt")) == _moment(first.pop("updatedAt"))
        assert _moment(second.pop("createdAt")) <= _moment(second.pop("updatedAt"))
        common = {"threadId": api.thread, "expiresAt": None}
        assert first == {
            **common,
            "agentName": "first",
            "stateKey": f"{api.thread}/first",
            "version": 1,
            "size": len('{"a":"é"}'.encode()),
        }
        assert (second["agentName"], second["version"], second["size"]) == ("second", 2, len(b'{"b":1}'))
        assert await api.states("another") == []

    told(story)


def test_a_state_that_expires_says_when() -> None:
    async def story(api: StateApi) -> None:
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        save = api.container.save_state()
        await save(_caller(api), ThreadId(api.thread), AgentName("any"), {"a": 1}, expires_at=expires)
        (state,) = await api.states()
        assert _moment(state["expiresAt"]) == expires
        # Another save keeps the time.
        await api.save({"b": 1})
        assert _moment((await api.states())[0]["expiresAt"]) == expires

    told(story)


def test_graphql_an_agent_and_python_see_the_same_state_and_versions() -> None:
    async def story(api: StateApi) -> None:
        thread, agent = ThreadId(api.thread), AgentName("counter")
        assert (await api.save({"by": "graphql", "count": 1}, "counter"))["version"] == 1
        (await exchange(api.url, chat("go", thread=api.thread, agent="counter"))).response()
        assert (await api.load("counter"))["version"] == 2
        saved = await api.container.save_state()(_caller(api), thread, agent, {"by": "python"}, expected_version=2)
        assert (saved.version, saved.values) == (3, {"by": "python", "count": 2})
        loaded = await api.load("counter")
        assert (loaded["version"], json.loads(loaded["stateData"])) == (3, {"by": "python", "count": 2})
        (await exchange(api.url, chat("go", thread=api.thread, agent="counter"))).response()
        in_python = await api.container.load_state()(_caller(api), thread, agent)
        assert in_python.state is not None
        assert (in_python.state.version, in_python.values) == (4, {"by": "python", "count": 3})
        assert (await api.delete("counter"))["existed"] is True
        assert (await api.container.load_state()(_caller(api), thread, agent)).state is None

    told(story, agents=COUNTER)


NOT_AN_OBJECT = ["[]", "1", '"text"', "null", "true"]
NOT_JSON = ["", "{", "{'a': 1}", '{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', '{"a": "\\ud800"}', "{} {}"]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        *((text, "INVALID_INPUT", "not a JSON object") for text in NOT_AN_OBJECT),
        *((text, "INVALID_INPUT", "not valid JSON") for text in NOT_JSON),
        (json.dumps({"a": "x" * 1000}), "LIMIT_EXCEEDED", "the limit is 1000"),
        ('{"a":' * 9 + "1" + "}" * 9, "LIMIT_EXCEEDED", "deeper than 8 levels"),
        ('{"a":' * 2000 + "1" + "}" * 2000, "LIMIT_EXCEEDED", "deeper than 1024 levels"),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else None,
)
def test_a_state_that_cannot_be_stored_is_refused_with_its_reason(text: str, code: str, says: str) -> None:
    async def story(api: StateApi) -> None:
        await api.save({"kept": True})
        refused = await api.save(text)
        assert (refused["success"], refused["errorCode"], refused["version"]) == (False, code, None)
        assert says in refused["errorMessage"]
        assert ((await api.load())["version"], await api.values()) == (1, {"kept": True})

    told(story, environment={"AGUI_MAX_STATE_BYTES": "1000", "AGUI_MAX_STATE_DEPTH": "8"})


def test_a_merge_that_makes_a_state_too_large_changes_nothing() -> None:
    async def story(api: StateApi) -> None:
        await api.save({"a": "x" * 600})
        refused = await api.save({"b": "x" * 600})
        assert (refused["success"], refused["errorCode"]) == (False, "LIMIT_EXCEEDED")
        assert "the limit is 1000" in refused["errorMessage"]
        assert list(await api.values()) == ["a"]

    told(story, environment={"AGUI_MAX_STATE_BYTES": "1000"})


INVALID_IDS: list[dict[str, Any]] = [
    {"threadId": ""},
    {"threadId": "x" * 257},
    {"threadId": "a\u0000b"},
    {"agentName": ""},
    {"agentName": "x" * 129},
    {"agentName": "a\nb"},
]


@pytest.mark.parametrize("names", INVALID_IDS, ids=str)
def test_an_invalid_id_is_refused_and_named(names: dict[str, str]) -> None:
    label = "thread id" if "threadId" in names else "agent name"

    async def story(api: StateApi) -> None:
        saved, deleted = await api.save({"a": 1}, **names), await api.delete(**names)
        for answer in (saved, deleted):
            assert (answer["success"], answer["errorCode"]) == (False, "INVALID_INPUT")
            assert label in answer["errorMessage"]
        assert deleted["existed"] is False
        assert await api.states() == []

    told(story)


@pytest.mark.parametrize("field", ["agentStates", "metaEvents"])
def test_a_list_of_an_invalid_thread_is_an_error_for_people(field: str) -> None:
    selection = "version" if field == "agentStates" else "eventId"

    async def story(api: StateApi) -> None:
        answer = await api.ask(f'{{ {field}(threadId: "") {{ {selection} }} }}')
        assert "thread id must have 1 to 256 characters" in answer.error()["message"]

    told(story)
