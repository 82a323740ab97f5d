"""The contract of ``StateStore``."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, cast

import pytest

from agui_runtime.domain.errors import ConflictError, ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, RunKey, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps
from agui_runtime.domain.state import AgentState
from tests.contracts.world import (
    OTHER_SCOPE,
    OTHER_THREAD,
    SCOPE,
    STATE_LIMITS,
    THREAD,
    StoreContract,
    World,
    key_of,
    scenario,
)

RUN = RunKey(SCOPE, THREAD, 1)
OTHER_RUN = RunKey(SCOPE, THREAD, 2)
WRITER = AgentName("writer")
CYCLE: dict[str, Any] = {}
CYCLE["self"] = [CYCLE]


def nested(levels: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for _ in range(levels - 1):
        values = {"a": values}
    return values


class StateStoreContract(StoreContract):
    @scenario
    async def test_an_unknown_state_is_none(self, world: World) -> None:
        assert await world.store.load(key_of()) is None

    @scenario
    async def test_a_saved_state_is_loaded_back_whole(self, world: World) -> None:
        expires_at = world.clock.after(60)
        saved = await world.store.save(key_of(), {"a": [1]}, expected_version=0, expires_at=expires_at, run=RUN)
        now = world.clock.now()
        assert saved == AgentState(key_of(), {"a": [1]}, 1, now, now, expires_at, RUN)
        assert await world.store.load(key_of()) == saved

    @scenario
    async def test_the_second_save_is_version_two_and_keeps_the_creation_time(self, world: World) -> None:
        first = await world.store.save(key_of(), {"a": 1}, expected_version=0)
        world.clock.advance(5)
        second = await world.store.save(key_of(), {"b": 2}, expected_version=1)
        assert (second.version, second.values) == (2, {"b": 2})
        assert (second.created_at, second.updated_at) == (first.created_at, world.clock.now())
        assert await world.store.load(key_of()) == second

    @scenario
    async def test_a_save_without_expiry_and_run_drops_those_of_the_version_before(self, world: World) -> None:
        await world.store.save(key_of(), {}, expected_version=0, expires_at=world.clock.after(60), run=RUN)
        second = await world.store.save(key_of(), {}, expected_version=1)
        assert (second.expires_at, second.saved_by) == (None, None)
        assert await world.store.load(key_of()) == second

    @scenario
    async def test_an_empty_object_is_a_state(self, world: World) -> None:
        await world.store.save(key_of(), {}, expected_version=0)
        assert await self._values(world) == {}

    # Compare and set

    @scenario
    async def test_a_stale_version_is_a_conflict_that_names_the_stored_one(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0)
        await world.store.save(key_of(), {"a": 2}, expected_version=1)
        with pytest.raises(ConflictError) as caught:
            await world.store.save(key_of(), {"a": 3}, expected_version=1)
        assert caught.value.details["version"] == 2
        assert await self._values(world) == {"a": 2}

    @scenario
    async def test_a_version_ahead_of_the_stored_one_is_a_conflict(self, world: World) -> None:
        await world.store.save(key_of(), {}, expected_version=0)
        with pytest.raises(ConflictError) as caught:
            await world.store.save(key_of(), {}, expected_version=2)
        assert caught.value.details["version"] == 1

    @scenario
    async def test_updating_what_is_not_there_is_a_conflict_with_version_zero(self, world: World) -> None:
        with pytest.raises(ConflictError) as caught:
            await world.store.save(key_of(), {}, expected_version=3)
        assert caught.value.details["version"] == 0
        assert await world.store.load(key_of()) is None

    @scenario
    async def test_of_two_creations_one_wins_and_the_other_learns_the_version(self, world: World) -> None:
        results = await asyncio.gather(
            world.store.save(key_of(), {"by": "first"}, expected_version=0),
            world.store.save(key_of(), {"by": "second"}, expected_version=0),
            return_exceptions=True,
        )
        winners = [result for result in results if isinstance(result, AgentState)]
        losers = [result for result in results if isinstance(result, ConflictError)]
        assert (len(winners), len(losers)) == (1, 1)
        assert losers[0].details["version"] == 1
        assert await world.store.load(key_of()) == winners[0]

    @scenario
    async def test_concurrent_writers_that_retry_lose_nothing(self, world: World) -> None:
        async def add(name: str) -> None:
            while True:
                state = await world.store.load(key_of())
                values = dict(state.values) if state else {}
                try:
                    await world.store.save(
                        key_of(), {**values, name: True}, expected_version=state.version if state else 0
                    )
                except ConflictError:
                    await asyncio.sleep(0)
                else:
                    return

        names = [f"writer-{number}" for number in range(20)]
        await asyncio.gather(*(add(name) for name in names))
        state = await world.store.load(key_of())
        assert state is not None
        assert state.values == dict.fromkeys(names, True)
        assert state.version == 20

    # Saving again for the same run

    @scenario
    async def test_saving_again_for_the_same_run_gives_the_stored_state(self, world: World) -> None:
        saved = await world.store.save(key_of(), {"a": 1}, expected_version=0, run=RUN)
        world.clock.advance(5)
        assert await world.store.save(key_of(), {"a": 1}, expected_version=0, run=RUN) == saved
        assert await world.store.load(key_of()) == saved

    @scenario
    async def test_another_run_with_the_stale_version_is_a_conflict(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0, run=RUN)
        with pytest.raises(ConflictError):
            await world.store.save(key_of(), {"a": 1}, expected_version=0, run=OTHER_RUN)

    @scenario
    async def test_a_run_whose_save_was_built_upon_is_a_conflict(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0, run=RUN)
        await world.store.save(key_of(), {"a": 2}, expected_version=1, run=OTHER_RUN)
        with pytest.raises(ConflictError):
            await world.store.save(key_of(), {"a": 1}, expected_version=0, run=RUN)

    @scenario
    async def test_one_run_may_save_the_states_of_several_agents(self, world: World) -> None:
        await world.store.save(key_of(agent="a"), {"of": "a"}, expected_version=0, run=RUN)
        await world.store.save(key_of(agent="b"), {"of": "b"}, expected_version=0, run=RUN)
        assert await self._values(world, agent="a") == {"of": "a"}
        assert await self._values(world, agent="b") == {"of": "b"}

    # Isolation

    @scenario
    async def test_a_caller_that_changes_its_values_later_does_not_change_the_store(self, world: World) -> None:
        values: dict[str, Any] = {"list": [1]}
        saved = await world.store.save(key_of(), values, expected_version=0)
        values["list"].append(2)
        cast("dict[str, Any]", saved.values)["list"].append(3)
        assert await self._values(world) == {"list": [1]}

    @scenario
    async def test_a_loaded_state_can_be_changed_without_changing_the_store(self, world: World) -> None:
        await world.store.save(key_of(), {"list": [1]}, expected_version=0)
        cast("Any", await self._values(world))["list"].append(2)
        assert await self._values(world) == {"list": [1]}

    @scenario
    async def test_scopes_threads_and_agents_do_not_share_states(self, world: World) -> None:
        keys = [
            key_of(),
            key_of(scope=OTHER_SCOPE),
            key_of(OTHER_THREAD),
            key_of(agent="reader"),
        ]
        for number, key in enumerate(keys):
            assert await world.store.load(key) is None
            await world.store.save(key, {"number": number}, expected_version=0)
        for number, key in enumerate(keys):
            state = await world.store.load(key)
            assert state is not None
            assert state.values == {"number": number}

    # Values

    @scenario
    async def test_json_values_of_every_kind_come_back_as_they_were(self, world: World) -> None:
        values = {
            "null": None,
            "true": True,
            "one": 1,
            "big": 2**53 + 1,
            "bigger": -(10**30),
            "float": 1.0,
            "small": 5e-324,
            "text": "",
            "list": [[], {}, [None]],
            "": {"": ""},
        }
        await world.store.save(key_of(), values, expected_version=0)
        loaded = await self._values(world)
        assert loaded == values
        assert dumps(loaded) == dumps(values)

    @scenario
    async def test_read_only_values_are_saved_like_any_other(self, world: World) -> None:
        values = MappingProxyType({"a": (1, MappingProxyType({"b": 2}))})
        await world.store.save(key_of(), values, expected_version=0)
        assert await self._values(world) == {"a": [1, {"b": 2}]}

    @scenario
    async def test_text_of_any_code_point_comes_back_as_it_was(self, world: World) -> None:
        values = {"täxt": "日本 🎉 \U0010ffff", "nul\x00key": "nul\x00value", "control": "\x01\x1f\x7f\u2028"}
        await world.store.save(key_of(), values, expected_version=0)
        assert await self._values(world) == values

    @scenario
    async def test_half_a_surrogate_pair_comes_back_as_it_was(self, world: World) -> None:
        """JavaScript clients that cut a text inside an emoji send one."""
        await world.store.save(key_of(), {"cut": "ok \ud83d"}, expected_version=0)
        assert await self._values(world) == {"cut": "ok \ud83d"}

    @scenario
    async def test_keys_keep_their_order(self, world: World) -> None:
        values = {"z": 1, "a": {"y": 1, "b": 2}, "10": 1, "9": 1, "aa": 1}
        await world.store.save(key_of(), values, expected_version=0)
        loaded = await self._values(world)
        assert loaded is not None
        assert list(loaded) == list(values)
        assert list(loaded["a"]) == ["y", "b"]

    @scenario
    async def test_ids_of_any_script_are_keys(self, world: World) -> None:
        key = key_of("фил 🎉 'quoted' \"twice\" %_\\", "agent/ä:b")
        saved = await world.store.save(key, {}, expected_version=0)
        assert await world.store.load(key) == saved
        assert await world.store.load(key_of("фил 🎉 'quoted' \"twice\" %_", "agent/ä:b")) is None

    # Limits and bad input

    @scenario
    async def test_a_state_of_just_the_largest_size_is_saved(self, world: World) -> None:
        values = {"a": "x" * (STATE_LIMITS.max_bytes - len('{"a":""}'))}
        await world.store.save(key_of(), values, expected_version=0)
        assert await self._values(world) == values

    @scenario
    async def test_a_state_above_the_largest_size_is_refused_and_nothing_changes(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0)
        await self._refused(world, {"a": "é" * (STATE_LIMITS.max_bytes // 2)}, limit="state_bytes")

    @scenario
    async def test_a_state_nested_too_deeply_is_refused_and_nothing_changes(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0)
        await world.store.save(key_of(agent="deep"), nested(STATE_LIMITS.max_depth), expected_version=0)
        await self._refused(world, nested(STATE_LIMITS.max_depth + 1), limit="depth")

    @scenario
    async def test_a_thread_with_all_the_states_it_may_have_keeps_them_and_gets_no_other(self, world: World) -> None:
        names = [f"agent-{number}" for number in range(STATE_LIMITS.max_per_thread)]
        for name in names:
            await world.save(THREAD, name)
        with pytest.raises(InvalidError) as caught:
            await world.save(THREAD, "one-more")
        assert caught.value.code == ErrorCode.LIMIT_EXCEEDED
        assert caught.value.details == {"limit": "states_per_thread", "maximum": STATE_LIMITS.max_per_thread}
        assert await world.store.load(key_of(agent="one-more")) is None
        assert [summary.key.agent_name for summary in await world.store.list_agents(SCOPE, THREAD)] == names
        await world.store.save(key_of(agent=names[0]), {"a": 2}, expected_version=1)
        with pytest.raises(ConflictError):
            await world.save(THREAD, names[1])
        await world.save(OTHER_THREAD, "one-more")

    @scenario
    async def test_of_many_first_saves_at_one_moment_a_thread_takes_as_many_as_it_may_have(self, world: World) -> None:
        tries = [world.save(THREAD, f"agent-{number}") for number in range(3 * STATE_LIMITS.max_per_thread)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, InvalidError)]
        assert len(refused) == 2 * STATE_LIMITS.max_per_thread
        assert len(await world.store.list_agents(SCOPE, THREAD)) == STATE_LIMITS.max_per_thread

    @scenario
    async def test_a_state_that_is_deleted_or_has_expired_makes_room_for_another(self, world: World) -> None:
        for number in range(STATE_LIMITS.max_per_thread - 1):
            await world.save(THREAD, f"agent-{number}")
        await world.store.save(key_of(agent="brief"), {}, expected_version=0, expires_at=world.clock.after(60))
        world.clock.advance(60)
        await world.save(THREAD, "in-its-place")
        with pytest.raises(InvalidError):
            await world.save(THREAD, "one-more")
        await world.store.delete(key_of(agent="in-its-place"))
        await world.save(THREAD, "one-more")

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param({"a": float("nan")}, id="nan"),
            pytest.param({"a": float("inf")}, id="infinity"),
            pytest.param({"a": {1, 2}}, id="a set"),
            pytest.param({"a": b"bytes"}, id="bytes"),
            pytest.param({"a": datetime(2030, 1, 1, tzinfo=UTC)}, id="a datetime"),
            pytest.param(CYCLE, id="a cycle"),
            pytest.param({1: "a"}, id="a number as key"),
            pytest.param([1], id="a list"),
            pytest.param("text", id="a text"),
            pytest.param(None, id="none"),
        ],
    )
    def test_what_is_no_json_object_is_refused(self, values: Any) -> None:
        @scenario
        async def refuse(_: Any, world: World) -> None:
            with pytest.raises(InvalidError):
                await world.store.save(key_of(), values, expected_version=0)
            assert await world.store.load(key_of()) is None

        refuse(self)

    @scenario
    async def test_an_expiry_without_a_time_zone_is_refused(self, world: World) -> None:
        with pytest.raises(InvalidError):
            await world.store.save(key_of(), {}, expected_version=0, expires_at=datetime(2030, 1, 1))
        assert await world.store.load(key_of()) is None

    # Expiry

    @scenario
    async def test_a_state_is_there_until_its_time_and_gone_from_then_on(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0, expires_at=world.clock.after(60))
        world.clock.advance(59.999999)
        assert await self._values(world) == {"a": 1}
        world.clock.advance(0.000001)
        assert await world.store.load(key_of()) is None

    @scenario
    async def test_an_expired_state_is_created_anew(self, world: World) -> None:
        await world.store.save(key_of(), {"a": 1}, expected_version=0, expires_at=world.clock.after(60), run=RUN)
        world.clock.advance(60)
        with pytest.raises(ConflictError) as caught:
            await world.store.save(key_of(), {"a": 2}, expected_version=1)
        assert caught.value.details["version"] == 0
        created = await world.store.save(key_of(), {"a": 2}, expected_version=0, run=RUN)
        assert (created.version, created.created_at, created.values) == (1, world.clock.now(), {"a": 2})

    @scenario
    async def test_a_save_with_a_later_expiry_prolongs_the_state(self, world: World) -> None:
        await world.store.save(key_of(), {}, expected_version=0, expires_at=world.clock.after(60))
        await world.store.save(key_of(), {}, expected_version=1, expires_at=world.clock.after(120))
        world.clock.advance(90)
        assert await self._values(world) == {}

    @scenario
    async def test_what_has_expired_is_neither_listed_nor_counted_nor_deleted(self, world: World) -> None:
        await world.store.save(key_of(), {}, expected_version=0, expires_at=world.clock.after(60))
        world.clock.advance(60)
        assert list(await world.store.list_agents(SCOPE, THREAD)) == []
        assert list(await world.store.list_threads(SCOPE, WRITER)) == []
        assert await world.store.delete(key_of()) is False
        assert await world.store.clear_thread(SCOPE, THREAD) == 0

    # Deleting

    @scenario
    async def test_a_deleted_state_is_gone_and_starts_again_at_version_one(self, world: World) -> None:
        await world.store.save(key_of(), {}, expected_version=0)
        await world.store.save(key_of(), {}, expected_version=1)
        assert await world.store.delete(key_of()) is True
        assert await world.store.load(key_of()) is None
        assert (await world.store.save(key_of(), {}, expected_version=0)).version == 1

    @scenario
    async def test_deleting_what_is_not_there_says_so(self, world: World) -> None:
        assert await world.store.delete(key_of()) is False
        await world.store.save(key_of(), {}, expected_version=0)
        assert await world.store.delete(key_of(scope=OTHER_SCOPE)) is False
        assert await world.store.delete(key_of(agent="reader")) is False
        assert await self._values(world) == {}

    @scenario
    async def test_clearing_a_thread_removes_its_states_and_no_others(self, world: World) -> None:
        await world.save(THREAD, "a")
        await world.save(THREAD, "b")
        await world.save(OTHER_THREAD, "a")
        await world.save(THREAD, "a", scope=OTHER_SCOPE)
        assert await world.store.clear_thread(SCOPE, THREAD) == 2
        assert list(await world.store.list_agents(SCOPE, THREAD)) == []
        assert len(await world.store.list_agents(SCOPE, OTHER_THREAD)) == 1
        assert len(await world.store.list_agents(OTHER_SCOPE, THREAD)) == 1
        assert await world.store.clear_thread(SCOPE, THREAD) == 0

    # Lists

    @scenario
    async def test_a_threads_states_are_listed_by_agent_in_the_order_of_code_points(self, world: World) -> None:
        names = ["zebra", "Zebra", "émile", "apple", "a-b", "ab", "日本"]
        for name in names:
            await world.save(THREAD, name)
        await world.save(OTHER_THREAD, "elsewhere")
        await world.save(THREAD, "elsewhere", scope=OTHER_SCOPE)
        summaries = await world.store.list_agents(SCOPE, THREAD)
        assert [summary.key for summary in summaries] == [key_of(THREAD, name) for name in sorted(names)]

    @scenario
    async def test_a_summary_tells_version_times_and_size(self, world: World) -> None:
        created_at, expires_at = world.clock.now(), world.clock.after(60)
        await world.store.save(key_of(), {}, expected_version=0)
        world.clock.advance(1)
        await world.store.save(key_of(), {"é": [1, 2]}, expected_version=1, expires_at=expires_at)
        (summary,) = await world.store.list_agents(SCOPE, THREAD)
        assert summary.key == key_of()
        assert summary.version == 2
        assert summary.size == len('{"é":[1,2]}'.encode())
        assert (summary.created_at, summary.updated_at) == (created_at, world.clock.now())
        assert summary.expires_at == expires_at

    @scenario
    async def test_an_unknown_threads_list_is_empty(self, world: World) -> None:
        assert list(await world.store.list_agents(SCOPE, THREAD)) == []
        assert list(await world.store.list_threads(SCOPE, WRITER)) == []

    @scenario
    async def test_an_agents_threads_are_listed_in_pages_without_gap_or_repetition(self, world: World) -> None:
        ids = ["t-1", "t-10", "t-2", "T-3", "ü", "~"]
        for thread_id in ids:
            await world.save(thread_id)
        await world.save("t-15", "reader")
        await world.save("t-16", scope=OTHER_SCOPE)
        seen: list[str] = []
        after: ThreadId | None = None
        while page := await world.store.list_threads(SCOPE, WRITER, after=after, limit=4):
            assert len(page) <= 4
            seen.extend(summary.key.thread_id for summary in page)
            assert len(seen) <= len(ids)
            after = page[-1].key.thread_id
        assert seen == sorted(ids)

    @scenario
    async def test_a_list_may_continue_behind_a_thread_that_does_not_exist(self, world: World) -> None:
        for thread_id in ("a", "c"):
            await world.save(thread_id)
        found = await world.store.list_threads(SCOPE, WRITER, after=ThreadId("b"))
        assert [summary.key.thread_id for summary in found] == ["c"]

    @scenario
    async def test_a_list_of_less_than_one_is_refused(self, world: World) -> None:
        for limit in (0, -1):
            with pytest.raises(InvalidError):
                await world.store.list_threads(SCOPE, WRITER, limit=limit)

    async def _values(self, world: World, *, agent: str = "writer") -> JsonObject | None:
        state = await world.store.load(key_of(agent=agent))
        return None if state is None else state.values

    async def _refused(self, world: World, values: Mapping[str, Any], *, limit: str) -> None:
        before = await world.store.load(key_of())
        assert before is not None
        with pytest.raises(InvalidError) as caught:
            await world.store.save(key_of(), values, expected_version=before.version)
        assert caught.value.code == ErrorCode.LIMIT_EXCEEDED
        assert caught.value.details["limit"] == limit
        assert await world.store.load(key_of()) == before


class StateStoreAmongOthersContract(StoreContract):
    """What shows only beside a run log and a thread directory over the same data."""

    @scenario
    async def test_a_refused_save_makes_no_thread(self, world: World) -> None:
        with pytest.raises(InvalidError):
            await world.store.save(key_of(), {"a": float("nan")}, expected_version=0)
        with pytest.raises(ConflictError):
            await world.store.save(key_of(), {"a": 1}, expected_version=1)
        assert await world.threads.get(SCOPE, THREAD) is None

    @scenario
    async def test_clearing_a_thread_leaves_its_runs(self, world: World) -> None:
        await world.run_through()
        await world.save()
        await world.store.clear_thread(SCOPE, THREAD)
        assert len(await world.events()) == 2
