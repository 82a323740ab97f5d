"""What ASGI does not tell and uvicorn knows. Under any other server there is nothing to be known."""

import asyncio
import signal
from typing import Any

from agui_runtime.adapters.asgi.client import Scope


def server_of_this_process() -> Any | None:
    """The uvicorn server whose signal handler is in place; ``None`` under any other server.

    Uvicorn hands itself to nobody, but its handler of SIGTERM is a method of it.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return server if hasattr(server, "should_exit") else None


async def abort_connection(scope: Scope) -> None:
    """Drop a request's connection with all that waits in it, where that can be done.

    ASGI has no such thing: a server that closes a connection first waits until the client has read what is left.
    """
    state = getattr(server_of_this_process(), "server_state", None)
    for protocol in tuple(getattr(state, "connections", ())):
        if scope.get("client") and getattr(protocol, "client", None) == scope["client"]:
            protocol.transport.abort()
            # The server is told in the next turn of the loop; before, it would take the missing end for a fault.
            await asyncio.sleep(0)
