"""Another process that follows runs and then stops them, for ``benchmarks.run_log``.

It prints ``ready``, the times at which it asked the runs to stop, and how long each event took to be seen.
"""

import asyncio
import sys
import time

import orjson

from agui_runtime.domain.identity import RunKey, ThreadId
from benchmarks.run_log import measure, postgres_log
from tests.contracts.world import SCOPE


def say(values: list[float]) -> None:
    print(orjson.dumps(values).decode(), flush=True)


async def main(url: str, runs: int) -> None:
    async with postgres_log(url) as log:
        threads = [ThreadId(f"elsewhere-{number}") for number in range(runs)]
        delays: list[float] = []
        following = [asyncio.create_task(measure(log, RunKey(SCOPE, thread, 1), delays)) for thread in threads]
        await asyncio.sleep(0.5)
        delays.clear()
        print("ready", flush=True)
        await asyncio.sleep(2.5)
        asked: list[float] = []
        for thread in threads:
            asked.append(time.perf_counter())
            await log.request_stop(SCOPE, thread)
            await asyncio.sleep(0.037)
        say(asked)
        await asyncio.gather(*following)
        say(delays)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
