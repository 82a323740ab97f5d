"""Lives for hosts that have nothing to start."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class NoLife:
    """Nothing to start."""

    async def ensure(self) -> None:
        return None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        yield

    async def drain(self) -> None:
        return None
