"""A router as an ASGI application, to be served by itself or mounted into a host's."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agui_runtime.adapters.asgi.answer import answer, say_gone
from agui_runtime.adapters.asgi.client import Client, Receive, Scope, Send
from agui_runtime.adapters.asgi.exit_watch import ExitWatch
from agui_runtime.adapters.asgi.incoming import incoming_request
from agui_runtime.adapters.http.exchange import Response
from agui_runtime.adapters.http.router import Router

logger = logging.getLogger(__name__)


class Life(Protocol):
    """What must be going on while requests are served."""

    async def ensure(self) -> None:
        """Start, unless that was done: servers tell a mounted application nothing of their own start."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Started, then drained and stopped."""
        ...

    async def drain(self) -> None:
        """Take nothing new on and let what is going on end."""
        ...


class AsgiHost:
    """Serves a router below a path.

    Args:
        router: answers the requests.
        path: where, below the ``root_path`` that the server or the mounting framework tells.
        life: started at the server's start or, where a framework keeps that to itself, by the first request.
    """

    def __init__(self, router: Router, path: str, life: Life) -> None:
        self._router = router
        self._path = path.rstrip("/")
        self._life = life
        self._watch = ExitWatch(life.drain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            raise NotImplementedError(f"This ASGI connection is of an unknown type: {scope['type']}.")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        phase = "startup"
        try:
            async with self._life.running():
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                with self._watch.on():
                    await receive()
        except Exception as error:
            logger.exception("The runtime's %s failed.", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and cancel the answer when the client is gone: that is how GraphQL frontends stop a run."""
        client = Client(receive)
        answering = asyncio.create_task(self._answer(scope, client, send), name="asgi answer")
        leaving = asyncio.create_task(client.gone(), name="asgi client")
        tasks = {answering, leaving}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if answering.cancelled():
            await say_gone(client, send)
        else:
            answering.result()

    async def _answer(self, scope: Scope, client: Client, send: Send) -> None:
        response = await self._response(scope, client)
        client.is_answered = True
        await answer(scope, response, send, write_seconds=self._router.write_seconds)

    async def _response(self, scope: Scope, client: Client) -> Response:
        try:
            await self._life.ensure()
        except Exception:
            logger.exception("The runtime could not be started.")
            return Response(503, (("retry-after", "1"),))
        self._watch.ensure()
        return await self._router.handle(incoming_request(scope, client, self._path))
