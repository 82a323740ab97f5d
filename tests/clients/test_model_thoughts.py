"""Real AG-UI clients keep what a model's provider has sealed, and send it back with the conversation."""

import asyncio
import json
from typing import Any

import pytest

from agui_runtime.domain.tools import ServerTool, Tool
from tests.clients.agui_chats import NEWER, assert_went_well, said, say, talk
from tests.integration.models import anthropic_wire, google_wire
from tests.integration.models.test_thinking import ANSWERS, BUDGET, CALLS, WHAT_IT_SAID, weather
from tests.support.aio import run
from tests.support.providers import streaming
from tests.support.serving import runtime, serving

pytestmark = pytest.mark.clients

TOOLS = (ServerTool(Tool("weather", "The weather"), weather),)


def talked(url: str, client: str) -> Any:
    answer = talk(url, client, *say("Weather?", "Thanks."))
    assert_went_well(answer)
    return answer


@pytest.mark.usefixtures("agui_server")
@NEWER
def test_thoughts_with_their_signatures_come_back(client: str) -> None:
    async def main() -> None:
        answers = (CALLS, ANSWERS, ANSWERS)
        async with (
            anthropic_wire.model_before(*answers, thinking=BUDGET) as (model, served),
            serving(runtime(model=model, tools=TOOLS)) as url,
        ):
            answer = await asyncio.to_thread(talked, url, client)
        assert ("reasoning", "Look it up.") in said(answer)
        within, behind = served.bodies[1], served.bodies[2]
        assert within["messages"][1]["content"] == WHAT_IT_SAID
        assert behind["messages"][1]["content"] == WHAT_IT_SAID

    run(main())


@pytest.mark.usefixtures("agui_server")
@NEWER
def test_a_calls_signature_comes_back_to_another_process(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called = {"functionCall": {"id": "fc_a", "name": "weather", "args": {}}, "thoughtSignature": "c2lnbmVk"}
    calls, answers = streaming(google_wire.chunk(called, finish="STOP")), streaming(*google_wire.HELLO)

    async def main() -> None:
        async with google_wire.model_before(calls, answers, answers, model="gemini-3-pro") as (model, served):
            async with serving(runtime(model=model, tools=TOOLS)) as url:
                # As where another process has seen the call.
                monkeypatch.setattr(model, "_remember", lambda call_id, signature: None)
                answer = await asyncio.to_thread(talked, url, client)
            (kept,) = [
                call["encryptedValue"] for message in answer["messages"] for call in message.get("toolCalls") or ()
            ]
            assert json.loads(kept)["signature"] == "c2lnbmVk"
            sent = google_wire.camel(served.bodies[2])["contents"][1]["parts"][0]
            assert sent["thoughtSignature"] == "c2lnbmVk"

    run(main())
