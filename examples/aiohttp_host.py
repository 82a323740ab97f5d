"""An aiohttp application with the runtime beside its own routes. Run it with ``python aiohttp_host.py``."""

import os
from collections.abc import AsyncGenerator

from aiohttp import web

from agui_runtime import CopilotRuntime, FunctionAgent, RunInput
from agui_runtime.domain.messages import last_user_text


async def helper(run_input: RunInput) -> AsyncGenerator[str]:
    """Answers with what it was asked."""
    yield f"You said: {last_user_text(run_input.messages)}"


async def home(_: web.Request) -> web.Response:
    """A route of the application's own."""
    return web.Response(text="The runtime is at /api/copilotkit.")


def make_app() -> web.Application:
    """The application."""
    app = web.Application()
    app.router.add_get("/", home)
    CopilotRuntime(agents=[FunctionAgent(helper)]).mount_to_aiohttp(app)
    return app


if __name__ == "__main__":
    # Without handler_cancellation a frontend that hangs up would not stop its run at once.
    web.run_app(make_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), handler_cancellation=True)
