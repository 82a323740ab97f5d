"""Stopping a run reaches the provider: it sees its connection close, and nothing is asked again."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from agui_runtime.application.ports import LanguageModel
from tests.contracts.language_model import RETRYING
from tests.integration.models import anthropic_wire, google_wire, openai_wire
from tests.support.agui_client import HEADERS, opened, run_input, types_of
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, streaming
from tests.support.providers import Provider, endless, forever
from tests.support.providers import streaming as answering
from tests.support.serving import runtime, serving

SO = {
    "anthropic": anthropic_wire.START + anthropic_wire.text(0, "So"),
    "google": google_wire.chunk({"text": "So"}),
    "openai": openai_wire.chunk({"content": "So"}),
}
MORE = {
    "anthropic": anthropic_wire.events(
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " on"}}
    ),
    "google": google_wire.chunk({"text": " on"}),
    "openai": openai_wire.chunk({"content": " on"}),
}
WIRES: dict[str, Any] = {"anthropic": anthropic_wire, "google": google_wire, "openai": openai_wire}

each_provider = pytest.mark.parametrize("provider", sorted(SO))
silent_or_not = pytest.mark.parametrize("talks", [False, True], ids=["silent", "talking"])


def before(provider: str, *, talks: bool) -> AbstractAsyncContextManager[tuple[LanguageModel, Provider]]:
    """A model whose provider goes on for ever, talking or not."""
    answer = endless(SO[provider], MORE[provider]) if talks else answering(SO[provider], forever)
    given: AbstractAsyncContextManager[tuple[LanguageModel, Provider]] = WIRES[provider].model_before(
        answer, settings=RETRYING
    )
    return given


@each_provider
@silent_or_not
def test_a_stop_closes_the_providers_connection(provider: str, talks: bool) -> None:
    async def main() -> None:
        async with before(provider, talks=talks) as (model, served), serving(runtime(model=model)) as url:
            async with opened(f"{url}/agent/default/run", run_input("Hi", thread="t")) as stream:
                await stream.until('"So"')
                await exchange(f"{url}/agent/default/stop/t", headers=HEADERS)
                events = [frame.event for frame in await stream.rest()]
            assert types_of(events)[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
            await asyncio.wait_for(served.hung_up.wait(), 20)
            assert len(served.bodies) == 1

    run(main())


@each_provider
@silent_or_not
def test_a_graphql_client_that_hangs_up_closes_the_providers_connection(provider: str, talks: bool) -> None:
    async def main() -> None:
        async with before(provider, talks=talks) as (model, served), serving(runtime(model=model)) as url:
            async with streaming(url, chat("Hi")) as stream:
                await stream.until("So")
            await asyncio.wait_for(served.hung_up.wait(), 20)
            assert len(served.bodies) == 1

    run(main())


@each_provider
def test_a_run_over_its_time_closes_the_providers_connection(provider: str) -> None:
    async def main() -> None:
        environment = {"AGUI_MAX_RUN_SECONDS": "1"}
        async with (
            before(provider, talks=True) as (model, served),
            serving(runtime(model=model, environment=environment)) as url,
        ):
            answer = await exchange(f"{url}/agent/default/run", run_input("Hi"), headers=HEADERS)
            assert "RUN_ERROR" in answer.text
            await asyncio.wait_for(served.hung_up.wait(), 20)

    run(main())
