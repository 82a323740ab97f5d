"""What only the Postgres state store can get wrong: its rows, its keys, its transactions."""

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from agui_runtime.domain.errors import ConflictError, CorruptError, InvalidError, UnavailableError
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from tests.contracts.world import SCOPE, THREAD, key_of
from tests.integration.postgres.world import LIMITS, world
from tests.support import postgres
from tests.support.aio import run

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("text", ["[1]", "7", '"text"', "null"])
def test_a_row_that_holds_no_object_is_corrupt_and_names_its_key(text: str) -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {"a": 1}, expected_version=0)
            await w.sql("UPDATE agui_states SET state = $1::json", text)
            with pytest.raises(CorruptError) as caught:
                await w.store.load(key_of())
            assert caught.value.details["agent_name"] == "writer"
            assert caught.value.details["thread_id"] == "thread-1"
            assert "not an object" in caught.value.message

    run(test())


def test_a_row_nested_deeper_than_can_be_read_is_corrupt() -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {"a": 1}, expected_version=0)
            await w.sql("UPDATE agui_states SET state = (repeat('[', 5000) || repeat(']', 5000))::json")
            with pytest.raises(CorruptError):
                await w.store.load(key_of())

    run(test())


def test_a_row_saved_by_an_impossible_run_is_corrupt() -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {"a": 1}, expected_version=0, run=RunKey(SCOPE, THREAD, 1))
            await w.sql("UPDATE agui_states SET run_thread_id = ''")
            with pytest.raises(CorruptError):
                await w.store.load(key_of())

    run(test())


def test_a_corrupt_row_can_be_replaced_and_removed() -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {"a": 1}, expected_version=0)
            await w.sql("UPDATE agui_states SET state = '[]'")
            assert (await w.store.save(key_of(), {"a": 2}, expected_version=1)).version == 2
            await w.sql("UPDATE agui_states SET state = '[]'")
            assert await w.store.delete(key_of()) is True

    run(test())


def test_the_text_is_stored_as_javascript_writes_it() -> None:
    async def test() -> None:
        async with world() as w:
            values = {"z": 1.0, "a": "é\x00\ud83d", "list": [1, {}]}
            await w.store.save(key_of(), values, expected_version=0)
            stored = await w.sql("SELECT state::text FROM agui_states")
            assert stored == [('{"z":1.0,"a":"é\\u0000\\ud83d","list":[1,{}]}',)]

    run(test())


def test_a_state_can_be_queried_in_the_database() -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {"list": ["é", {}]}, expected_version=0)
            assert await w.sql("SELECT state -> 'list' ->> 0 FROM agui_states") == [("é",)]

    run(test())


def test_two_surrogates_come_back_as_the_character_they_stand_for() -> None:
    async def test() -> None:
        async with world() as w:
            saved = await w.store.save(key_of(), {"a": "\ud83d\ude00"}, expected_version=0)
            assert saved.values == {"a": "😀"}
            assert await w.store.load(key_of()) == saved

    run(test())


def test_the_longest_ids_fit_into_every_index() -> None:
    async def test() -> None:
        async with world() as w:
            # Four bytes each, and none like its neighbour: an index entry that cannot be compressed.
            letters = "".join(chr(0x1F300 + (number * 7919) % 0x3FF) for number in range(256))
            key = StateKey(Scope(letters), ThreadId(letters[::-1]), AgentName(letters[:128]))
            run_key = RunKey(key.scope, key.thread_id, 2**63 - 1)
            saved = await w.store.save(key, {}, expected_version=0, run=run_key)
            assert await w.store.load(key) == saved
            assert [found.key for found in await w.store.list_threads(key.scope, key.agent_name)] == [key]

    run(test())


def test_a_first_save_makes_the_thread_and_later_ones_are_its_activity() -> None:
    async def test() -> None:
        async with world() as w:
            created_at = w.clock.now()
            await w.store.save(key_of(agent="a"), {}, expected_version=0)
            w.clock.advance(5)
            await w.store.save(key_of(agent="b"), {}, expected_version=0)
            w.clock.advance(5)
            await w.store.save(key_of(agent="a"), {}, expected_version=1)
            rows = await w.sql("SELECT scope, thread_id, created_at, updated_at, agent_name FROM agui_threads")
            assert rows == [(SCOPE, THREAD, created_at, w.clock.now(), "a")]

    run(test())


def test_a_clock_behind_does_not_take_a_threads_activity_back() -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {}, expected_version=0)
            newest = w.clock.now()
            w.clock.advance(-60)
            await w.store.save(key_of(), {}, expected_version=1)
            assert await w.sql("SELECT updated_at FROM agui_threads") == [(newest,)]

    run(test())


def test_first_saves_over_many_connections_fill_a_thread_to_its_limit_and_no_further() -> None:
    async def test() -> None:
        async with world(max_connections=16) as w:
            tries = [w.store.save(key_of(agent=f"a{n}"), {}, expected_version=0) for n in range(130)]
            answers = await asyncio.gather(*tries, return_exceptions=True)
            assert sum(isinstance(answer, InvalidError) for answer in answers) == 130 - LIMITS.max_per_thread
            assert await w.sql("SELECT count(*) FROM agui_states") == [(LIMITS.max_per_thread,)]

    run(test())


def test_a_refused_save_makes_no_thread() -> None:
    async def test() -> None:
        async with world() as w:
            with pytest.raises(InvalidError):
                await w.store.save(key_of(), {"a": float("nan")}, expected_version=0)
            with pytest.raises(ConflictError):
                await w.store.save(key_of(), {}, expected_version=1)
            assert await w.sql("SELECT * FROM agui_threads") == []

    run(test())


@pytest.mark.parametrize("version", [-1, 2**63 - 1, 2**63, 10**30])
def test_a_version_that_no_row_can_have_is_a_conflict(version: int) -> None:
    async def test() -> None:
        async with world() as w:
            await w.store.save(key_of(), {"a": 1}, expected_version=0)
            with pytest.raises(ConflictError) as caught:
                await w.store.save(key_of(), {"a": 2}, expected_version=version)
            assert caught.value.details == {"version": 1}

    run(test())


def test_an_expiry_beyond_all_years_is_refused() -> None:
    async def test() -> None:
        async with world() as w:
            too_late = datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))
            with pytest.raises(InvalidError):
                await w.store.save(key_of(), {}, expected_version=0, expires_at=too_late)
            assert await w.store.load(key_of()) is None

    run(test())


def test_an_expiry_in_another_time_zone_is_the_same_moment() -> None:
    async def test() -> None:
        async with world() as w:
            expires_at = w.clock.after(60).astimezone(timezone(timedelta(hours=9)))
            await w.store.save(key_of(), {}, expected_version=0, expires_at=expires_at)
            state = await w.store.load(key_of())
            assert state is not None
            assert state.expires_at == expires_at

    run(test())


def test_a_value_of_a_megabyte_comes_back_as_it_was() -> None:
    async def test() -> None:
        async with world() as w:
            values = {f"key-{number}": "é" * 1000 for number in range(500)}
            await w.store.save(key_of(), values, expected_version=0)
            state = await w.store.load(key_of())
            assert state is not None
            assert state.values == values

    run(test())


def test_sweeping_removes_what_has_expired_in_every_scope_and_nothing_else() -> None:
    async def test() -> None:
        async with world() as w:
            for scope in ("one", "two"):
                key = key_of(scope=Scope(scope))
                await w.store.save(key, {}, expected_version=0, expires_at=w.clock.after(60))
            await w.store.save(key_of(agent="later"), {}, expected_version=0, expires_at=w.clock.after(61))
            await w.store.save(key_of(agent="never"), {}, expected_version=0)
            assert await w.store.sweep() == 0
            w.clock.advance(60)
            assert await w.store.sweep() == 2
            assert await w.sql("SELECT agent_name FROM agui_states ORDER BY 1") == [("later",), ("never",)]

    run(test())


def test_nothing_is_lost_where_the_server_serializes_transactions() -> None:
    """There a lost race is a rolled back transaction, not an update of no row."""

    async def test() -> None:
        async with world(max_connections=8) as w:
            ((name,),) = await w.sql("SELECT current_database()")
            await w.sql(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'")
            await w.database.close()
            await w.database.open()

            async def add(writer: str) -> None:
                while True:
                    state = await w.store.load(key_of())
                    values: dict[str, Any] = dict(state.values) if state else {}
                    version = state.version if state else 0
                    try:
                        await w.store.save(key_of(), {**values, writer: True}, expected_version=version)
                    except ConflictError:
                        continue
                    return

            await asyncio.gather(*(add(f"writer-{number}") for number in range(8)))
            state = await w.store.load(key_of())
            assert state is not None
            assert (len(state.values), state.version) == (8, 8)

    run(test())


def test_a_save_that_waits_for_another_transaction_ends_within_its_time() -> None:
    async def test() -> None:
        async with world(operation_seconds=0.5) as w:
            await w.store.save(key_of(), {"a": 1}, expected_version=0)
            async with postgres.connected(w.url) as connection, connection.transaction():
                await connection.execute("SELECT * FROM agui_states FOR UPDATE")
                began = asyncio.get_running_loop().time()
                with pytest.raises(UnavailableError):
                    await w.store.save(key_of(), {"a": 2}, expected_version=1)
                assert asyncio.get_running_loop().time() - began < 1.5
            assert (await w.store.save(key_of(), {"a": 3}, expected_version=1)).version == 2

    run(test())
