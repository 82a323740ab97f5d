"""A FastAPI application with the runtime beside its own routes.

Run it with ``uvicorn fastapi_host:app --timeout-graceful-shutdown 15``.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from agui_runtime import CopilotRuntime, FunctionAgent, RunInput
from agui_runtime.domain.messages import last_user_text


async def helper(run_input: RunInput) -> AsyncGenerator[str]:
    """Answers with what it was asked."""
    yield f"You said: {last_user_text(run_input.messages)}"


runtime = CopilotRuntime(agents=[FunctionAgent(helper)])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """The application's own start and end; the runtime's go around them."""
    await runtime.save_agent_state(thread_id="welcome", agent_name="helper", state_data={"greeted": True})
    yield


app = FastAPI(lifespan=lifespan)
runtime.mount_to_app(app, "/api/copilotkit")


@app.get("/threads/{thread_id}/state")
async def state(thread_id: str) -> dict[str, object]:
    """A route of the application's own that reads what the agent remembers."""
    stored = await runtime.load_agent_state(thread_id=thread_id, agent_name="helper")
    return {"version": stored.version, "state": stored.state} if stored else {"version": 0, "state": {}}
