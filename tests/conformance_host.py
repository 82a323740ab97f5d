"""The scenarios of the TypeScript peers behind our runtime, composed only through the public container.

``python -m tests.conformance_host --port N`` serves the paths of ``tests/peers/gql/server.mjs`` and of
``tests/peers/agui/server.mjs`` on 127.0.0.1 (port 0 picks a free one), prints ``listening <URL>`` once it listens, and
tells at ``/debug`` what hooks and agents have seen. On ``/api/copilotkit``, which both peers have, GraphQL clients see
the agents of the one and AG-UI clients those of the other.
"""

import argparse
import os
import sys
from contextlib import suppress
from typing import Any

from aiohttp import web
from attrs import define, evolve, frozen
from dependency_injector import providers

from agui_runtime.adapters.remote import RemoteEndpoint
from agui_runtime.application.values import AfterRun, BeforeRun
from agui_runtime.composition.app import mount
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.server import run_app
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import BusyError
from agui_runtime.domain.messages import AssistantMessage, Message, ToolMessage
from tests.conformance.agents import conformance_agents
from tests.conformance.agui_agents import agui_agents
from tests.conformance.fake_remote import FakeRemote
from tests.conformance.guardrail import WordGuardrail
from tests.conformance.scenarios import conformance_model
from tests.conformance.tools import conformance_tools
from tests.conformance.wires import AgentsByWire, ToolsByWire, WireIdentity
from tests.support.paths import on_the_chosen_path

RECORDED_THREAD = "thread-1"


@frozen
class Debug:
    """What the peer's ``/debug`` tells, in its words."""

    stops: list[dict[str, Any]]
    requests: list[dict[str, Any]]

    def stopped(self, thread_id: str, agent_name: str | None) -> None:
        self.stops.append({"threadId": thread_id or None, "agentName": agent_name})

    def saw_before(self, before: BeforeRun) -> None:
        self.requests.append(
            {
                "hook": "before",
                "threadId": before.thread_id,
                "runId": before.run_id,
                "properties": dict(before.properties),
                "url": before.frontend_url,
                "inputs": len(before.messages),
            }
        )

    def saw_after(self, after: AfterRun) -> None:
        self.requests.append(
            {
                "hook": "after",
                "threadId": after.thread_id,
                "runId": after.run_id,
                "outputs": [kind for message in after.output for kind in _kinds(message)],
            }
        )


@define
class PeerHooks:
    """Tells what it sees, and keeps the recordings' thread as empty as the peer does, which keeps nothing.

    All recordings share that one thread; on any other thread this host keeps conversations and states, as our runtime
    does.
    """

    debug: Debug
    runtime: RuntimeContainer | None = None

    async def before_run(self, before: BeforeRun) -> None:
        self.debug.saw_before(before)
        if self.runtime is not None and before.thread_id == RECORDED_THREAD:
            with suppress(BusyError):
                await self.runtime.thread_directory().delete(before.caller.scope, before.thread_id)
                await self.runtime.state_store().clear_thread(before.caller.scope, before.thread_id)

    async def after_run(self, after: AfterRun) -> None:
        self.debug.saw_after(after)


def _kinds(message: Message) -> list[str]:
    if isinstance(message, ToolMessage):
        return ["ResultMessage"]
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    text = [] if calls and not getattr(message, "content", None) else ["TextMessage"]
    return text + ["ActionExecutionMessage"] * len(calls)


def containers(settings: Settings, debug: Debug, remote: FakeRemote) -> list[RuntimeContainer]:
    """One runtime for each of the peer's paths."""
    own_agents = conformance_agents(lambda thread: debug.stopped(thread, "echo"))
    agents = providers.Object(own_agents)
    tools = providers.Object(conformance_tools())
    model = providers.Object(conformance_model(on_cancel=lambda thread: debug.stopped(thread, None)))
    guardrail = providers.Object(WordGuardrail())

    def at(path: str) -> Any:
        # A busy thread is refused within the time that the recordings' slow runs take.
        return providers.Object(evolve(settings, base_path=path, clear_threads=True, busy_seconds=0.2))

    def full(path: str) -> RuntimeContainer:
        hooks = PeerHooks(debug)
        hooks.runtime = RuntimeContainer(
            settings=at(path),
            identity=providers.Object(WireIdentity()),
            agent_catalog=providers.Object(AgentsByWire(graphql=own_agents, agui=agui_agents())),
            tool_catalog=providers.Object(ToolsByWire(graphql=conformance_tools())),
            model=model,
            hooks=providers.Object(hooks),
            guardrail=guardrail,
        )
        return hooks.runtime

    return [
        full("/api/copilotkit"),
        full("/api/shared"),
        RuntimeContainer(
            settings=at("/api/remote"),
            tools=tools,
            model=model,
            remote_endpoints=providers.Object((RemoteEndpoint("fake", remote.url),)),
        ),
        RuntimeContainer(settings=at("/api/noagents"), tools=tools, model=model, guardrail=guardrail),
        RuntimeContainer(settings=at("/api/empty"), agents=agents),
        RuntimeContainer(settings=at("/api/copilotkit-single"), agents=providers.Object(agui_agents())),
    ]


def conformance_app(settings: Settings) -> web.Application:
    debug, remote = Debug([], []), FakeRemote()
    app = web.Application()
    app.cleanup_ctx.append(remote.live)
    for container in containers(settings, debug, remote):
        mount(app, on_the_chosen_path(container))

    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"stops": debug.stops, "requests": debug.requests, "remoteCalls": remote.calls})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app.router.add_get("/debug", tell)
    app.router.add_get("/healthz", healthz)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    port = parser.parse_args().port

    def announce(url: str) -> None:
        sys.stdout.write(f"listening {url}/api/copilotkit\n")
        sys.stdout.flush()

    run_app(conformance_app(Settings.from_environment(os.environ)), host="127.0.0.1", port=port, announce=announce)


if __name__ == "__main__":
    main()
