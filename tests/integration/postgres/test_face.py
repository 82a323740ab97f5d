"""The face of the runtime, each call as its users write it: with states in memory and in PostgreSQL."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI

import agui_runtime
from agui_runtime import FunctionAgent, Settings, runtime_py
from agui_runtime.domain.runs import RunInput
from tests.support import postgres
from tests.support.aio import run
from tests.support.asgi import uvicorn_server
from tests.support.graphql_client import chat, exchange

pytestmark = pytest.mark.postgres

EVERYWHERE = pytest.mark.parametrize("kept", ["memory", "postgres"])
BOTH_NAMES = pytest.mark.parametrize("module", [agui_runtime, runtime_py], ids=["agui_runtime", "runtime_py"])


@asynccontextmanager
async def settings(kept: str) -> AsyncGenerator[Settings]:
    if kept == "memory":
        yield Settings()
        return
    async with postgres.database() as url:
        yield Settings(database_url=url)


async def parrot(run_input: RunInput) -> AsyncGenerator[str]:
    """Says something."""
    yield "hello"


@EVERYWHERE
@BOTH_NAMES
def test_states_are_saved_loaded_listed_deleted_and_cleared(kept: str, module: type[agui_runtime]) -> None:
    async def test() -> None:
        async with settings(kept) as given, module.CopilotRuntime(settings=given) as runtime:
            saved = await runtime.save_agent_state(
                thread_id="t", agent_name="a", state_data={"a": {"b": 1}}, merge_with_existing=True
            )
            again = await runtime.save_agent_state(
                thread_id="t", agent_name="a", state_data={"a": {"c": 2}}, merge_with_existing=True
            )
            assert (saved.version, again.version) == (1, 2)
            loaded = await runtime.load_agent_state(thread_id="t", agent_name="a")
            assert loaded == again
            assert loaded is not None
            assert loaded.state == {"a": {"b": 1, "c": 2}}
            assert loaded.created_at == saved.created_at
            assert None not in {loaded.created_at, loaded.updated_at}
            await runtime.save_agent_state(thread_id="t", agent_name="b", state_data={})
            await runtime.save_agent_state(thread_id="t", agent_name="c", state_data={}, merge_with_existing=False)
            listed = await runtime.list_agent_states(thread_id="t")
            assert [(state.agent_name, state.version) for state in listed] == [("a", 2), ("b", 1), ("c", 1)]
            assert await runtime.delete_agent_state(thread_id="t", agent_name="a") is True
            assert await runtime.load_agent_state(thread_id="t", agent_name="a") is None
            assert await runtime.clear_agent_states(thread_id="t") == 2
            assert await runtime.list_agent_states(thread_id="t") == []

    run(test())


@EVERYWHERE
@BOTH_NAMES
def test_a_runtime_is_mounted_and_shares_its_states_with_the_host(kept: str, module: type[agui_runtime]) -> None:
    async def test() -> None:
        async with settings(kept) as given:
            app, runtime = FastAPI(), module.CopilotRuntime(settings=given, agents=[FunctionAgent(parrot)])
            await runtime.mount_to_fastapi(app, path="/api/copilotkit")
            async with uvicorn_server(app) as server:
                url = f"{server}/api/copilotkit"
                answer = await exchange(url, chat("go", agent="parrot"))
                assert "hello" in answer.text
                await runtime.save_agent_state(thread_id="t", agent_name="parrot", state_data={"n": 1})
                query = '{ loadAgentState(data: {threadId: "t", agentName: "parrot"}) { state version } }'
                found = (await exchange(url, {"query": query})).json()["data"]["loadAgentState"]
                assert found == {"state": '{"n":1}', "version": 1}

    run(test())
