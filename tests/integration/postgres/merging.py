"""A process that merges many keys into one state, from many tasks at a time: ``merging URL NAME TASKS MERGES CACHED``.

``CACHED`` is ``cached`` for a read cache, or ``direct``.
"""

import asyncio
import sys

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.adapters.state_decorators import CachedStateStore
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.application.expiry import Expiry
from agui_runtime.application.ports import StateStore
from agui_runtime.application.save_state import SaveState
from agui_runtime.domain.identity import ANONYMOUS, Caller
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import SCOPE, key_of
from tests.support import postgres

KEY = key_of()


async def main(url: str, name: str, tasks: int, merges: int, cached: bool) -> None:
    settings = postgres.settings_for(url, max_connections=8, operation_seconds=30.0)
    async with postgres.opened(settings) as database:
        clock, limits = SystemClock(), StateLimits()
        store: StateStore = PostgresStateStore(database, clock, limits)
        if cached:
            store = CachedStateStore(store, clock, max_age_seconds=60)
        save = SaveState(store, limits, Expiry(clock))
        caller = Caller(ANONYMOUS, SCOPE)

        async def merge_all(task: int) -> None:
            for number in range(merges):
                update = {f"{name}-{task}": {str(number): 1}}
                await save(caller, KEY.thread_id, KEY.agent_name, update)

        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(merge_all(task) for task in range(tasks)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "cached"))
