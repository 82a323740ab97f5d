"""A process that writes runs and says what followers in it are shown: ``writing_runs URL PREFIX RUNS LEASE EVENTS``.

Lines: ``ready``; ``shown THREAD SEQUENCE`` for each batch of a follower; ``stop THREAD`` when a run is asked to stop;
``lost THREAD ERROR`` when a run can no longer be written; ``done THREAD`` when it has ended.
"""

import asyncio
import sys

from agui_runtime.adapters.postgres import PostgresRunLog
from agui_runtime.application.values import Lease
from agui_runtime.domain import events as e
from agui_runtime.domain.errors import AguiError
from agui_runtime.domain.runs import Finished, Stopped
from tests.contracts.world import SCOPE, finished, run_input
from tests.integration.postgres.logs import logs


def say(*words: object) -> None:
    print(*words, flush=True)


async def main(url: str, prefix: str, runs: int, lease_seconds: float, events: int) -> None:
    async with logs(url, lease_seconds=lease_seconds) as here:
        say("ready")
        await asyncio.gather(*(write(here.log, f"{prefix}-{number}", events) for number in range(runs)))


async def write(log: PostgresRunLog, thread_id: str, events: int) -> None:
    stopped = asyncio.Event()

    def on_stop() -> None:
        say("stop", thread_id)
        stopped.set()

    lease = await log.begin(SCOPE, run_input(thread_id), on_stop=on_stop)
    showing = asyncio.create_task(show(log, lease))
    try:
        await log.append(lease, [e.TextMessageStart("message")])
        for number in range(events):
            await log.append(lease, [e.TextMessageContent("message", str(number))])
            await asyncio.sleep(0 if number % 8 else 0.002)
            if stopped.is_set():
                break
        ending = [e.TextMessageEnd("message"), finished(lease)]
        await log.finish(lease, ending, Stopped() if stopped.is_set() else Finished())
        say("done", thread_id)
    except AguiError as error:
        say("lost", thread_id, type(error).__name__)
    await showing


async def show(log: PostgresRunLog, lease: Lease) -> None:
    try:
        async for batch in log.follow(lease.run):
            say("shown", lease.run.thread_id, batch[-1].sequence)
    except AguiError as error:
        say("follower", lease.run.thread_id, type(error).__name__)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])))
