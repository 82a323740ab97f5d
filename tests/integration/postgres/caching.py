"""A process with a read cache, which does as it is told on standard input: ``caching URL MAX_AGE_SECONDS``.

``load`` says the version it sees. ``save VERSION`` says the new version, or ``conflict VERSION``. ``delete`` says
whether there was one.
"""

import asyncio
import sys

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.adapters.state_decorators import CachedStateStore
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.domain.errors import ConflictError
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import key_of
from tests.support import postgres


async def main(url: str, max_age_seconds: float) -> None:
    clock = SystemClock()
    async with postgres.opened(postgres.settings_for(url)) as database:
        inner = PostgresStateStore(database, clock, StateLimits())
        store = CachedStateStore(inner, clock, max_age_seconds=max_age_seconds)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(await answer(store, line.split()), flush=True)


async def answer(store: CachedStateStore, words: list[str]) -> str:
    if words[0] == "load":
        state = await store.load(key_of())
        return str(state.version if state else 0)
    if words[0] == "delete":
        return str(await store.delete(key_of()))
    try:
        saved = await store.save(key_of(), {"n": 1}, expected_version=int(words[1]))
    except ConflictError as conflict:
        return f"conflict {conflict.details['version']}"
    return str(saved.version)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
