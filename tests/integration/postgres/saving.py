"""A process that saves without end and says what it tries and what was acknowledged: ``saving URL``."""

import asyncio
import sys

from agui_runtime.adapters.postgres import PostgresStateStore
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import key_of
from tests.integration.postgres.fault_load import WRITERS, content_of
from tests.support import postgres


async def main(url: str) -> None:
    async with postgres.opened(postgres.settings_for(url, max_connections=WRITERS)) as database:
        store = PostgresStateStore(database, SystemClock(), StateLimits())
        print("ready", flush=True)
        await asyncio.gather(*(writer(store, f"process-{number}") for number in range(WRITERS)))


async def writer(store: PostgresStateStore, name: str) -> None:
    number = 0
    while True:
        number += 1
        key = key_of(f"{name}-{number}")
        print(f"try {key.thread_id}", flush=True)
        await store.save(key, content_of(key), expected_version=0)
        print(f"done {key.thread_id}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
