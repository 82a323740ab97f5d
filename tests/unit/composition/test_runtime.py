"""The face: the container's use cases under plain names, for the host's own code."""

from datetime import UTC, datetime
from typing import Any

import pytest

import agui_runtime
from agui_runtime import CopilotRuntime, FunctionAgent, RuntimeContainer, Settings, runtime_py
from agui_runtime.application.values import Conversation
from agui_runtime.domain.errors import ConflictError, DeniedError, InvalidError, MisuseError
from agui_runtime.domain.identity import Principal, Scope
from tests.support.aio import run


def runtime(**given: Any) -> CopilotRuntime:
    return CopilotRuntime(settings=Settings(), **given)


async def parrot(run_input: Any) -> Any:
    yield "hello"


class ByUser:
    def scope_of(self, principal: Principal) -> Scope:
        if principal.subject == "anonymous":
            raise DeniedError("Nobody.")
        return Scope(principal.subject)


def test_existing_code_finds_it_where_it_looks() -> None:
    assert runtime_py.CopilotRuntime is agui_runtime.CopilotRuntime


def test_a_saved_state_is_loaded_with_its_version_and_times() -> None:
    async def test() -> None:
        async with runtime() as face:
            before = datetime.now(UTC)
            saved = await face.save_agent_state(
                thread_id="t", agent_name="a", state_data={"a": {"b": 1}}, merge_with_existing=True
            )
            again = await face.save_agent_state(
                thread_id="t", agent_name="a", state_data={"a": {"c": 2}}, merge_with_existing=True
            )
            loaded = await face.load_agent_state(thread_id="t", agent_name="a")
            assert loaded == again
            assert (again.state, again.version) == ({"a": {"b": 1, "c": 2}}, 2)
            assert again.created_at == saved.created_at
            assert again.created_at is not None
            assert again.updated_at is not None
            assert before <= again.created_at <= again.updated_at <= datetime.now(UTC)

    run(test())


def test_without_merging_the_state_is_replaced() -> None:
    async def test() -> None:
        face = runtime()
        await face.save_agent_state(thread_id="t", agent_name="a", state_data={"a": 1})
        saved = await face.save_agent_state(
            thread_id="t", agent_name="a", state_data={"b": 2}, merge_with_existing=False
        )
        assert saved.state == {"b": 2}

    run(test())


def test_what_was_never_saved_is_none() -> None:
    assert run(runtime().load_agent_state(thread_id="t", agent_name="unknown")) is None
    known = runtime(agents=[FunctionAgent(parrot)])
    assert run(known.load_agent_state(thread_id="t", agent_name="parrot")) is None


def test_an_agent_that_keeps_its_state_is_asked() -> None:
    class Keeper(FunctionAgent):
        async def load_state(self, thread_id: Any, caller: Any) -> Conversation:
            return Conversation({"kept": True})

    face = runtime(agents=[Keeper(parrot)])
    loaded = run(face.load_agent_state(thread_id="t", agent_name="parrot"))
    assert loaded is not None
    assert (loaded.state, loaded.version, loaded.updated_at) == ({"kept": True}, 0, None)


def test_a_version_that_is_not_expected_changes_nothing() -> None:
    async def test() -> None:
        face = runtime()
        await face.save_agent_state(thread_id="t", agent_name="a", state_data={"a": 1})
        with pytest.raises(ConflictError):
            await face.save_agent_state(thread_id="t", agent_name="a", state_data={"a": 2}, expected_version=7)
        loaded = await face.load_agent_state(thread_id="t", agent_name="a")
        assert loaded is not None
        assert loaded.state == {"a": 1}

    run(test())


@pytest.mark.parametrize(
    "given",
    [
        {"thread_id": "", "agent_name": "a", "state_data": {}},
        {"thread_id": "t", "agent_name": "a\n", "state_data": {}},
        {"thread_id": "t", "agent_name": "a", "state_data": [1]},
        {"thread_id": "t", "agent_name": "a", "state_data": {"a": object()}},
    ],
    ids=["thread", "agent", "list", "no JSON"],
)
def test_bad_input_is_refused_with_its_name(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        run(runtime().save_agent_state(**given))


def test_states_are_listed_deleted_and_cleared() -> None:
    async def test() -> None:
        face = runtime()
        for name in ("b", "a", "c"):
            await face.save_agent_state(thread_id="t", agent_name=name, state_data={"x": 1})
        listed = await face.list_agent_states(thread_id="t")
        assert [(state.agent_name, state.version, state.size) for state in listed] == [
            ("a", 1, 7),
            ("b", 1, 7),
            ("c", 1, 7),
        ]
        assert await face.delete_agent_state(thread_id="t", agent_name="a") is True
        assert await face.delete_agent_state(thread_id="t", agent_name="a") is False
        assert await face.clear_agent_states(thread_id="t") == 2
        assert await face.list_agent_states(thread_id="t") == []

    run(test())


def test_each_principal_has_states_of_its_own() -> None:
    async def test() -> None:
        face = runtime(access_policy=ByUser())
        one, two = Principal("one"), Principal("two")
        await face.save_agent_state(thread_id="t", agent_name="a", state_data={"of": 1}, principal=one)
        assert await face.load_agent_state(thread_id="t", agent_name="a", principal=two) is None
        assert await face.list_agent_states(thread_id="t", principal=two) == []
        assert await face.delete_agent_state(thread_id="t", agent_name="a", principal=two) is False
        assert await face.clear_agent_states(thread_id="t", principal=two) == 0
        loaded = await face.load_agent_state(thread_id="t", agent_name="a", principal=one)
        assert loaded is not None
        assert loaded.state == {"of": 1}

    run(test())


def test_a_policy_that_knows_no_strangers_refuses_calls_for_nobody() -> None:
    with pytest.raises(DeniedError):
        run(runtime(access_policy=ByUser()).load_agent_state(thread_id="t", agent_name="a"))


def test_the_container_is_within_reach() -> None:
    face = runtime(agents=[FunctionAgent(parrot)])
    assert [agent.describe().name for agent in face.container.agents()] == ["parrot"]


def test_a_container_of_ones_own_is_taken_as_it_is() -> None:
    container = RuntimeContainer()
    assert CopilotRuntime(container=container).container is container


def test_a_container_and_its_parts_exclude_each_other() -> None:
    with pytest.raises(MisuseError, match="agents"):
        CopilotRuntime(container=RuntimeContainer(), agents=[])


def test_a_bad_variable_is_named_when_the_runtime_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGUI_PORT", "many")
    with pytest.raises(agui_runtime.domain.errors.ConfigurationError, match="AGUI_PORT"):
        CopilotRuntime()
