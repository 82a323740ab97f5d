"""The contract of ``ThreadDirectory``."""

import base64
from typing import Any

import pytest

from agui_runtime.application.values import Thread
from agui_runtime.domain.errors import BusyError, InvalidError, NotFoundError
from agui_runtime.domain.identity import AgentName, Scope, ThreadId
from tests.contracts.world import (
    LEASE_SECONDS,
    OTHER_SCOPE,
    OTHER_THREAD,
    SCOPE,
    THREAD,
    StoreContract,
    World,
    key_of,
    scenario,
)


async def listed(world: World, *, scope: Scope = SCOPE, include_archived: bool = False) -> list[str]:
    page = await world.threads.list(scope, include_archived=include_archived)
    return [str(thread.thread_id) for thread in page.threads]


async def existing(world: World, thread_id: ThreadId = THREAD) -> Thread:
    thread = await world.threads.get(SCOPE, thread_id)
    assert thread is not None
    return thread


class ThreadDirectoryContract(StoreContract):
    @scenario
    async def test_an_unknown_thread_is_none_and_the_list_is_empty(self, world: World) -> None:
        assert await world.threads.get(SCOPE, THREAD) is None
        page = await world.threads.list(SCOPE)
        assert (page.threads, page.cursor) == ((), None)

    # How threads come to be

    @scenario
    async def test_the_first_run_makes_the_thread(self, world: World) -> None:
        now = world.clock.now()
        lease = await world.begin(agent="writer")
        assert await existing(world) == Thread(THREAD, now, now, agent_name=key_of().agent_name, live=True)
        world.clock.advance(5)
        await world.complete(lease)
        assert await existing(world) == Thread(THREAD, now, world.clock.now(), agent_name=key_of().agent_name)

    @scenario
    async def test_the_first_save_makes_the_thread(self, world: World) -> None:
        await world.save()
        now = world.clock.now()
        assert await existing(world) == Thread(THREAD, now, now, agent_name=key_of().agent_name)

    @scenario
    async def test_a_run_after_a_save_finds_the_thread_made(self, world: World) -> None:
        await world.save()
        created_at = world.clock.now()
        world.clock.advance(5)
        await world.run_through()
        assert (await existing(world)).created_at == created_at
        assert await listed(world) == [THREAD]

    @scenario
    async def test_a_thread_shows_the_agent_of_its_newest_run_that_names_one(self, world: World) -> None:
        for agent in ("writer", "reader", None):
            await world.complete(await world.begin(agent=agent))
        assert (await existing(world)).agent_name == "reader"

    @scenario
    async def test_an_abandoned_run_leaves_the_thread_as_it_was(self, world: World) -> None:
        await world.complete(await world.begin(agent="writer"))
        before = await existing(world)
        world.clock.advance(5)
        await world.log.abandon(await world.begin(agent="reader"))
        assert await existing(world) == before

    @scenario
    async def test_a_thread_outlives_the_states_that_made_it(self, world: World) -> None:
        await world.save()
        await world.threads.rename(SCOPE, THREAD, "Mine")
        await world.store.delete(key_of())
        assert (await existing(world)).name == "Mine"

    # The list

    @scenario
    async def test_the_newest_activity_comes_first(self, world: World) -> None:
        await world.run_through("a")
        world.clock.advance(1)
        await world.save("b")
        world.clock.advance(1)
        lease = await world.begin("c")
        assert await listed(world) == ["c", "b", "a"]
        world.clock.advance(1)
        await world.store.save(key_of("a"), {}, expected_version=0)
        assert await listed(world) == ["a", "c", "b"]
        world.clock.advance(1)
        await world.complete(lease)
        assert await listed(world) == ["c", "a", "b"]

    @scenario
    async def test_loading_is_no_activity(self, world: World) -> None:
        await world.save("a")
        world.clock.advance(1)
        await world.save("b")
        world.clock.advance(1)
        await world.store.load(key_of("a"))
        await world.log.read(SCOPE, ThreadId("a"))
        assert await listed(world) == ["b", "a"]

    @scenario
    async def test_pages_show_every_thread_once_even_those_of_the_same_moment(self, world: World) -> None:
        ids = [f"t-{number}" for number in range(7)]
        for number, thread_id in enumerate(ids):
            await world.save(thread_id)
            if number % 3 == 0:
                world.clock.advance(1)
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = await world.threads.list(SCOPE, cursor=cursor, limit=2)
            seen.extend(thread.thread_id for thread in page.threads)
            assert len(seen) <= len(ids)
            cursor = page.cursor
            if cursor is None:
                break
            assert len(page.threads) == 2
        assert sorted(seen) == ids
        assert seen == await listed(world)

    @scenario
    async def test_a_page_that_ends_the_list_has_no_cursor(self, world: World) -> None:
        for thread_id in ("a", "b"):
            await world.save(thread_id)
        assert (await world.threads.list(SCOPE, limit=2)).cursor is None
        assert (await world.threads.list(SCOPE, limit=1)).cursor is not None

    @scenario
    async def test_a_thread_active_between_two_pages_is_not_shown_twice(self, world: World) -> None:
        for thread_id in ("a", "b", "c"):
            await world.save(thread_id)
            world.clock.advance(1)
        first = await world.threads.list(SCOPE, limit=2)
        await world.store.save(key_of("c"), {}, expected_version=1)
        second = await world.threads.list(SCOPE, limit=2, cursor=first.cursor)
        assert [thread.thread_id for thread in second.threads] == ["a"]

    @scenario
    async def test_a_cursor_survives_the_thread_it_stands_on(self, world: World) -> None:
        for thread_id in ("a", "b", "c"):
            await world.save(thread_id)
            world.clock.advance(1)
        first = await world.threads.list(SCOPE, limit=2)
        await world.threads.delete(SCOPE, ThreadId("b"))
        second = await world.threads.list(SCOPE, cursor=first.cursor)
        assert [thread.thread_id for thread in second.threads] == ["a"]

    @pytest.mark.parametrize(
        "cursor",
        [
            pytest.param("", id="empty"),
            pytest.param("!!!", id="no base64"),
            pytest.param("häh", id="no ascii"),
            pytest.param("\ud83d", id="half a surrogate pair"),
            pytest.param(base64.urlsafe_b64encode(b"\xff\xfe").decode(), id="no text"),
            pytest.param(base64.urlsafe_b64encode(b"hello").decode(), id="no json"),
            pytest.param(base64.urlsafe_b64encode(b"[" * 50_000).decode(), id="endless nesting"),
            pytest.param(base64.urlsafe_b64encode(b"17").decode(), id="a number"),
            pytest.param(base64.urlsafe_b64encode(b'{"a":1,"b":2}').decode(), id="an object"),
            pytest.param(base64.urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00"]').decode(), id="too short"),
            pytest.param(base64.urlsafe_b64encode(b'["yesterday","t"]').decode(), id="no date"),
            pytest.param(base64.urlsafe_b64encode(b'[5,"t"]').decode(), id="a number for a date"),
            pytest.param(base64.urlsafe_b64encode(b'["2026-01-01T00:00:00","t"]').decode(), id="no time zone"),
            pytest.param(base64.urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00",""]').decode(), id="no thread id"),
            pytest.param(
                base64.urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00",1]').decode(), id="a number for an id"
            ),
        ],
    )
    def test_a_cursor_that_is_none_of_ours_is_refused(self, cursor: str) -> None:
        @scenario
        async def refuse(_: Any, world: World) -> None:
            await world.save()
            with pytest.raises(InvalidError):
                await world.threads.list(SCOPE, cursor=cursor)

        refuse(self)

    @scenario
    async def test_a_list_of_less_than_one_is_refused(self, world: World) -> None:
        for limit in (0, -1):
            with pytest.raises(InvalidError):
                await world.threads.list(SCOPE, limit=limit)

    @scenario
    async def test_a_list_of_one_agents_threads_has_those_that_show_that_agent(self, world: World) -> None:
        for thread_id, agent in (("a", "writer"), ("b", "reader"), ("c", "writer"), ("d", None)):
            await world.complete(await world.begin(thread_id, agent=agent))
            world.clock.advance(1)
        await world.complete(await world.begin("a", agent="reader"))
        page = await world.threads.list(SCOPE, agent_name=AgentName("reader"))
        assert [thread.thread_id for thread in page.threads] == ["a", "b"]
        assert (await world.threads.list(SCOPE, agent_name=AgentName("nobody"))).threads == ()

    @scenario
    async def test_pages_of_one_agents_threads_continue_behind_their_cursor(self, world: World) -> None:
        for number in range(6):
            await world.save(f"t-{number}", "writer" if number % 2 else "reader")
            world.clock.advance(1)
        writer = AgentName("writer")
        first = await world.threads.list(SCOPE, agent_name=writer, limit=2)
        assert [thread.thread_id for thread in first.threads] == ["t-5", "t-3"]
        second = await world.threads.list(SCOPE, agent_name=writer, limit=2, cursor=first.cursor)
        assert ([thread.thread_id for thread in second.threads], second.cursor) == (["t-1"], None)

    # Names and the archive

    @scenario
    async def test_a_renamed_thread_has_its_name_and_counts_as_updated(self, world: World) -> None:
        await world.save()
        world.clock.advance(5)
        renamed = await world.threads.rename(SCOPE, THREAD, "Цены 🎉 'quoted'")
        assert renamed.name == "Цены 🎉 'quoted'"
        assert renamed.updated_at == world.clock.now()
        assert await existing(world) == renamed
        assert (await world.threads.rename(SCOPE, THREAD, "")).name == ""

    @scenario
    async def test_a_name_survives_further_runs_and_saves(self, world: World) -> None:
        await world.save()
        await world.threads.rename(SCOPE, THREAD, "Mine")
        await world.run_through()
        await world.store.save(key_of(), {}, expected_version=1)
        assert (await existing(world)).name == "Mine"

    @scenario
    async def test_an_archived_thread_is_listed_only_on_request_and_can_be_taken_back(self, world: World) -> None:
        await world.save("a")
        await world.save("b")
        assert (await world.threads.archive(SCOPE, ThreadId("a"))).archived is True
        assert await listed(world) == ["b"]
        assert sorted(await listed(world, include_archived=True)) == ["a", "b"]
        assert (await existing(world, ThreadId("a"))).archived is True
        assert (await world.threads.archive(SCOPE, ThreadId("a"), archived=False)).archived is False
        assert sorted(await listed(world)) == ["a", "b"]

    @scenario
    async def test_archiving_keeps_runs_and_states(self, world: World) -> None:
        await world.run_through()
        await world.save()
        await world.threads.archive(SCOPE, THREAD)
        assert len(await world.events()) == 2
        assert await world.store.load(key_of()) is not None

    @scenario
    async def test_an_unknown_thread_cannot_be_renamed_or_archived(self, world: World) -> None:
        await world.save(THREAD, scope=OTHER_SCOPE)
        with pytest.raises(NotFoundError):
            await world.threads.rename(SCOPE, THREAD, "Mine")
        with pytest.raises(NotFoundError):
            await world.threads.archive(SCOPE, THREAD)
        assert await world.threads.get(SCOPE, THREAD) is None

    # Deleting

    @scenario
    async def test_a_deleted_thread_is_gone_with_its_runs_and_states(self, world: World) -> None:
        lease = await world.run_through()
        await world.save(THREAD, "a")
        await world.save(THREAD, "b")
        assert await world.threads.delete(SCOPE, THREAD) is True
        assert await world.threads.get(SCOPE, THREAD) is None
        assert await listed(world, include_archived=True) == []
        assert await world.events() == []
        assert list(await world.store.list_agents(SCOPE, THREAD)) == []
        with pytest.raises(NotFoundError):
            await anext(aiter(world.log.follow(lease.run)))

    @scenario
    async def test_a_deleted_thread_can_be_made_again_from_nothing(self, world: World) -> None:
        await world.save()
        await world.threads.rename(SCOPE, THREAD, "Mine")
        await world.threads.delete(SCOPE, THREAD)
        world.clock.advance(5)
        assert (await world.store.save(key_of(), {}, expected_version=0)).version == 1
        thread = await existing(world)
        assert (thread.name, thread.created_at) == (None, world.clock.now())

    @scenario
    async def test_deleting_leaves_other_threads_and_scopes_alone(self, world: World) -> None:
        for thread_id, scope in ((THREAD, SCOPE), (OTHER_THREAD, SCOPE), (THREAD, OTHER_SCOPE)):
            await world.run_through(thread_id, scope=scope)
        await world.threads.delete(SCOPE, THREAD)
        assert await listed(world) == [OTHER_THREAD]
        assert len(await world.events(OTHER_THREAD)) == 2
        assert len(await world.events(THREAD, scope=OTHER_SCOPE)) == 2

    @scenario
    async def test_deleting_what_is_not_there_says_so(self, world: World) -> None:
        await world.save(THREAD, scope=OTHER_SCOPE)
        assert await world.threads.delete(SCOPE, THREAD) is False
        assert await world.threads.get(OTHER_SCOPE, THREAD) is not None

    @scenario
    async def test_a_thread_with_a_live_run_cannot_be_deleted(self, world: World) -> None:
        lease = await world.begin(run_id="the-live-one")
        with pytest.raises(BusyError) as caught:
            await world.threads.delete(SCOPE, THREAD)
        assert caught.value.details == {"thread_id": THREAD, "run_id": "the-live-one"}
        await world.complete(lease)
        assert await world.threads.delete(SCOPE, THREAD) is True

    # Retention

    @scenario
    async def test_threads_idle_for_too_long_are_removed_with_all_that_is_in_them(self, world: World) -> None:
        await world.run_through("old")
        await world.save("old")
        await world.save("old", scope=OTHER_SCOPE)
        world.clock.advance(10)
        await world.save("young")
        assert await world.threads.prune(world.clock.now()) == 2
        assert await listed(world) == ["young"]
        assert await listed(world, scope=OTHER_SCOPE) == []
        assert await world.events("old") == []
        assert await world.store.load(key_of("old")) is None
        assert await world.store.load(key_of("old", scope=OTHER_SCOPE)) is None

    @scenario
    async def test_activity_at_the_very_moment_keeps_a_thread(self, world: World) -> None:
        await world.save()
        assert await world.threads.prune(world.clock.now()) == 0
        assert await world.threads.get(SCOPE, THREAD) is not None

    @scenario
    async def test_every_kind_of_activity_keeps_a_thread(self, world: World) -> None:
        for thread_id in ("run", "save", "rename", "archive", "idle"):
            await world.save(thread_id)
        world.clock.advance(10)
        idle_since = world.clock.now()
        await world.run_through("run")
        await world.store.save(key_of("save"), {}, expected_version=1)
        await world.threads.rename(SCOPE, ThreadId("rename"), "Mine")
        await world.threads.archive(SCOPE, ThreadId("archive"))
        assert await world.threads.prune(idle_since) == 1
        assert sorted(await listed(world, include_archived=True)) == ["archive", "rename", "run", "save"]

    @scenario
    async def test_at_most_so_many_are_removed_the_idlest_first(self, world: World) -> None:
        for number in range(5):
            await world.save(f"t-{number}", scope=SCOPE if number % 2 else OTHER_SCOPE)
            world.clock.advance(1)
        assert await world.threads.prune(world.clock.now(), limit=3) == 3
        assert await listed(world) == ["t-3"]
        assert await listed(world, scope=OTHER_SCOPE) == ["t-4"]
        assert await world.threads.prune(world.clock.now(), limit=3) == 2
        assert await world.threads.prune(world.clock.now(), limit=3) == 0

    @scenario
    async def test_a_thread_with_a_live_run_stays_however_long_it_takes(self, world: World) -> None:
        lease = await world.begin()
        world.clock.advance(LEASE_SECONDS * 100)
        assert await world.threads.prune(world.clock.now()) == 0
        await world.complete(lease)
        world.clock.advance(1)
        assert await world.threads.prune(world.clock.now()) == 1

    @scenario
    async def test_removing_less_than_one_thread_is_refused(self, world: World) -> None:
        for limit in (0, -1):
            with pytest.raises(InvalidError):
                await world.threads.prune(world.clock.now(), limit=limit)

    # Scopes

    @scenario
    async def test_a_scope_sees_nothing_of_another(self, world: World) -> None:
        await world.save(THREAD, scope=OTHER_SCOPE)
        assert await world.threads.get(SCOPE, THREAD) is None
        assert await listed(world) == []
        assert await listed(world, scope=OTHER_SCOPE) == [THREAD]
