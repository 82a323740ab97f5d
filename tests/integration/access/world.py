"""Two callers of a runtime that asks who they are."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.domain import events as e
from agui_runtime.domain.runs import RunInput
from tests.support.graphql_client import CLIENT_HEADERS, Answer, chat, exchange
from tests.support.serving import runtime, serving

THREAD = "shared-name"
HIDDEN = "what only alice may know"
TOKENS = {"alice": "alices-long-secret", "bob": "bobs-long-secret"}
ENVIRONMENT = {"AGUI_AUTH_TOKENS": ",".join(f"{name}={token}" for name, token in TOKENS.items())}


def headers_of(name: str | None) -> Mapping[str, str]:
    return CLIENT_HEADERS if name is None else {**CLIENT_HEADERS, "authorization": f"Bearer {TOKENS[name]}"}


async def notes(run_input: RunInput) -> AsyncIterator[e.Event | str]:
    """Keeps a secret."""
    yield e.StateSnapshot({"secret": HIDDEN})
    yield HIDDEN


async def asks(run_input: RunInput) -> AsyncIterator[e.Event]:
    """Asks something."""
    yield e.Custom("on_interrupt", {"question": HIDDEN})


@frozen
class World:
    """A runtime whose caller ``alice`` has a thread with a run, a state and a secret.

    Attributes:
        url: of the endpoint.
    """

    url: str

    async def ask(self, body: Any, name: str | None, *, path: str = "", method: str = "POST") -> Answer:
        """Somebody's request."""
        return await exchange(self.url + path, body, method=method, headers=headers_of(name))


@asynccontextmanager
async def world(*, environment: Mapping[str, str] | None = None, **bound: Any) -> AsyncGenerator[World]:
    """The world, once Alice has used her thread."""
    agents = (FunctionAgent(notes), FunctionAgent(asks))
    settings = {**ENVIRONMENT, **(environment or {})}
    async with serving(runtime(environment=settings, agents=agents, **bound)) as url:
        made = World(url)
        told = await made.ask(chat("tell me", thread=THREAD, agent="notes"), "alice")
        assert HIDDEN in told.text
        await asyncio.sleep(0)
        yield made
