"""The conformance host's remote endpoint, after peers/gql/server.mjs: actions and agents of every type."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import web
from attrs import Factory, define

INFO = {
    "sdkVersion": "0.1.0",
    "actions": [
        {
            "name": "remoteShout",
            "description": "Upper-case a text",
            "parameters": [{"name": "t", "type": "string", "description": "text", "required": True}],
        }
    ],
    "agents": [
        {"name": "crew", "description": "crew agent", "type": "crewai"},
        {"name": "graph", "description": "graph agent", "type": "langgraph"},
        {"name": "odd", "description": "agent of unknown type", "type": "other"},
    ],
}


@define
class FakeRemote:
    """Listens from the beginning, so that its URL is known; serves while its application lives."""

    calls: list[dict[str, Any]] = Factory(list[Any])
    _socket: socket.socket = Factory(lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def live(self, _: web.Application) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        yield
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body, path = await request.json(), request.path
        self.calls.append({"path": path, "headers": dict(request.headers), "body": body})
        match path:
            case "/info":
                return web.json_response(INFO)
            case "/actions/execute":
                return web.json_response({"result": str(body["arguments"].get("t", "")).upper()})
            case "/agents/state":
                return web.json_response(_state(str(body["threadId"])))
            case "/agents/execute":
                return await _execute(request, body)
            case _:
                return web.json_response({}, status=404)


def _state(thread: str) -> dict[str, Any]:
    if thread != "thread-stored":
        return {"threadId": thread, "threadExists": False, "state": {}, "messages": []}
    messages = [{"role": "user", "content": "hello", "id": "h1"}]
    return {"threadId": thread, "threadExists": True, "state": {"topic": "cats"}, "messages": messages}


async def _execute(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    said = [message["content"] for message in body["messages"] if message.get("role") == "user"]
    scenario = said[-1].strip() if said else ""
    if scenario == "http500":
        return web.json_response({"error": "remote exploded"}, status=500)
    if scenario == "http404":
        return web.json_response({"error": "gone"}, status=404)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)

    async def line(**fields: Any) -> None:
        await response.write(json.dumps(fields).encode() + b"\n")

    await (_crew if body["name"] == "crew" else _graph)(line, body["threadId"], scenario)
    return response


async def _crew(line: Callable[..., Any], thread: str, _: str) -> None:
    await line(type="TextMessageStart", messageId="rmsg-1")
    await line(type="TextMessageContent", messageId="rmsg-1", content="from ")
    await asyncio.sleep(0.01)
    await line(type="TextMessageContent", messageId="rmsg-1", content="crew")
    await line(type="TextMessageEnd", messageId="rmsg-1")
    report = {"threadId": thread, "agentName": "crew", "nodeName": "n1", "runId": "rrun-1", "role": "assistant"}
    await line(type="AgentStateMessage", **report, active=False, running=False, state=json.dumps({"done": True}))


async def _graph(line: Callable[..., Any], thread: str, scenario: str) -> None:
    sync = {
        "event": "on_copilotkit_state_sync",
        "thread_id": thread,
        "agent_name": "graph",
        "run_id": "rrun-1",
        "role": "assistant",
    }
    await line(**sync, node_name="n1", active=True, running=True, state={"step": 1})
    message = {"message_id": "gmsg-1", "message": "hello from graph", "role": "assistant"}
    await line(event="on_custom_event", name="copilotkit_manually_emit_message", data=message)
    call = {"id": "gcall-1", "name": "setColor", "args": {"color": "green"}}
    await line(event="on_custom_event", name="copilotkit_manually_emit_tool_call", data=call)
    if scenario == "interrupt":
        await line(event="on_interrupt", value="approve?")
    if scenario == "ckerror":
        error = {"message": "bad key", "type": "AuthenticationError", "agent_name": "graph", "status_code": 401}
        data = {"error": error, "thread_id": thread, "agent_name": "graph", "node_name": "n1"}
        await line(event="on_copilotkit_error", data=data)
    await line(**sync, node_name="__end__", active=False, running=False, state={"step": 2})
