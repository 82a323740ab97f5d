"""Recordings whose exchanges overlap: stops, drops, busy threads and second readers."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from attrs import evolve

from tests.integration.agui.deviations import expected
from tests.integration.agui.live_recordings import PLANS
from tests.integration.agui.recordings import Exchange, Normal, normal, normal_of, recording
from tests.integration.host import Host
from tests.support.agui_client import LiveStream, frames_of, opened
from tests.support.aio import run
from tests.support.graphql_client import exchange

FIRST_WORDS = '"w1 "'


def told(answer: Normal) -> Normal:
    """How many words came before a stop depends on the moment: of a text only the first is compared."""
    if not isinstance(answer.result, list):
        return answer
    events: list[Any] = []
    for event in answer.result:
        if event["type"] != "TEXT_MESSAGE_CONTENT":
            events.append(event)
        elif events[-1]["type"] != "TEXT_MESSAGE_CONTENT":
            events.append({**event, "delta": event["delta"].split()[0]})
    return evolve(answer, result=events)


class Player:
    """Plays one recording's steps."""

    def __init__(self, host: Host, name: str) -> None:
        self._host, self._name = host, name
        self._exchanges: Sequence[Exchange] = recording(name).exchanges
        self._live: dict[int, LiveStream] = {}
        self._stacks: dict[int, AsyncExitStack] = {}

    async def send(self, index: int) -> None:
        sent = self._exchanges[index]
        answer = await exchange(self._host.at(sent.path), sent.body, method=sent.method, headers=sent.headers)
        assert told(normal(answer)) == told(expected(self._name, index, sent)), f"exchange {index} {sent.label}"

    async def open(self, index: int) -> None:
        sent = self._exchanges[index]
        stack = self._stacks[index] = AsyncExitStack()
        body = sent.content["request"]["body"]
        self._live[index] = await stack.enter_async_context(opened(self._host.at(sent.path), body, sent.headers))
        await self._live[index].until(FIRST_WORDS)

    async def join(self, index: int) -> None:
        stream = self._live[index]
        headers = {name.lower(): value for name, value in stream.response.headers.items()}
        events = [frame.event for frame in await stream.rest()]
        await self._stacks[index].aclose()
        recorded = expected(self._name, index, self._exchanges[index])
        assert told(normal_of(200, headers, events)) == told(recorded)

    async def drop(self, index: int) -> None:
        whole = self._live[index].raw.decode().rpartition("\n\n")[0] + "\n\n"
        await self._stacks[index].aclose()
        came = [frame.event["type"] for frame in frames_of(whole)]
        recorded = [event["type"] for event in self._exchanges[index].answer().result]
        assert came[: len(recorded)] == recorded[: len(came)]


@pytest.mark.parametrize("name", PLANS)
def test_overlapping_requests_get_the_recorded_answers(host: Host, name: str) -> None:
    async def play() -> None:
        player = Player(host, name)
        for step in PLANS[name]:
            await getattr(player, step.kind)(step.index)

    run(play())
