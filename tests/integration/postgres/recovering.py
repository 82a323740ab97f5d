"""A process that takes over and ends what is expired, when it is told to: ``recovering URL``. It prints how many."""

import asyncio
import sys

from tests.integration.postgres.logs import logs


async def main(url: str) -> None:
    async with logs(url) as here:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(await here.recover(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
