"""What a runtime must do in every host, over real sockets: it lives with the host, streams, stops, and refuses."""

import asyncio
from contextlib import AbstractAsyncContextManager
from urllib.parse import urljoin

from agui_runtime.composition.runtime import CopilotRuntime
from agui_runtime.composition.settings import Settings
from tests.support.aio import run
from tests.support.graphql_client import chat, exchange, new_thread, streaming
from tests.support.incremental import merge
from tests.support.scripts import Paced

SOON = 5.0
HELLO = {"query": "{ hello }"}


class Opened:
    """Hooks that tell when they are opened and closed, as any adapter may."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def open(self) -> None:
        self.told.append("open")

    async def close(self) -> None:
        self.told.append("close")

    async def before_run(self, before: object) -> None:
        return None

    async def after_run(self, after: object) -> None:
        return None


def settings(**given: str) -> Settings:
    return Settings.from_environment({f"AGUI_{name.upper()}": value for name, value in given.items()})


class HostedRuntimeContract:
    """Subclass it and say how a runtime is served."""

    def hosting(self, runtime: CopilotRuntime) -> AbstractAsyncContextManager[str]:
        """The URL of the runtime in a running server, for as long as the block lasts."""
        raise NotImplementedError

    def test_it_answers(self) -> None:
        async def test() -> None:
            async with self.hosting(CopilotRuntime(settings=settings())) as url:
                assert (await exchange(url, HELLO)).json() == {"data": {"hello": "Hello World"}}
                assert (await exchange(f"{url}/health", method="GET")).status == 200

        run(test())

    def test_it_lives_as_long_as_its_host(self) -> None:
        async def test() -> None:
            hooks = Opened()
            async with self.hosting(CopilotRuntime(settings=settings(), hooks=hooks)) as url:
                await exchange(url, HELLO)
                assert hooks.told == ["open"]
            assert hooks.told == ["open", "close"]

        run(test())

    def test_it_can_be_hosted_again(self) -> None:
        runtime = CopilotRuntime(settings=settings(), model=Paced(0).model())

        async def test() -> None:
            async with self.hosting(runtime) as url:
                assert (await exchange(url, HELLO)).status == 200

        run(test())
        run(test())

    def test_a_part_arrives_before_the_next_one_is_made(self) -> None:
        async def test() -> None:
            paced = Paced(2)
            async with (
                self.hosting(CopilotRuntime(settings=settings(), model=paced.model())) as url,
                streaming(url, chat("go")) as stream,
            ):
                paced.allow()
                async with asyncio.timeout(SOON):
                    await stream.until("chunk0")
                assert b"chunk1" not in stream.raw
                for _ in range(2):
                    paced.allow()
                response = merge(await stream.rest())["data"]["generateCopilotResponse"]
                assert response["status"]["code"] == "Success"
                assert response["messages"][0]["content"] == ["chunk0 ", "chunk1 "]

        run(test())

    def test_a_client_that_hangs_up_stops_its_run(self) -> None:
        async def test() -> None:
            paced = Paced(3)
            async with self.hosting(CopilotRuntime(settings=settings(), agents=[paced.agent()])) as url:
                async with streaming(url, chat("go", agent="paced")) as stream:
                    await stream.next()
                    paced.allow()
                    await stream.until("chunk0")
                async with asyncio.timeout(SOON):
                    await paced.cancelled.wait()

        run(test())

    def test_a_thread_can_be_used_at_once_after_its_client_hung_up(self) -> None:
        async def test() -> None:
            paced, thread = Paced(1), new_thread()
            async with self.hosting(CopilotRuntime(settings=settings(), agents=[paced.agent()])) as url:
                async with streaming(url, chat("go", agent="paced", thread=thread)) as stream:
                    await stream.next()
                # Some for the run that is being stopped.
                for _ in range(5):
                    paced.allow()
                answer = await exchange(url, chat("go", agent="paced", thread=thread))
                assert answer.response()["status"]["code"] == "Success"

        run(test())

    def test_a_body_over_the_limit_is_refused_with_the_limit_named(self) -> None:
        async def test() -> None:
            async with self.hosting(CopilotRuntime(settings=settings(max_body_bytes="1000"))) as url:
                answer = await exchange(url, chat("x" * 1000))
                assert answer.status == 413
                assert "1000 bytes" in answer.error()["message"]

        run(test())

    def test_a_browser_gets_the_page_and_the_page_its_files(self) -> None:
        async def test() -> None:
            async with self.hosting(CopilotRuntime(settings=settings())) as url:
                page = await exchange(url, method="GET", headers={"accept": "text/html"})
                assert page.content_type == "text/html"
                link = page.text.partition('<script defer src="')[2].partition('"')[0]
                # Some frameworks redirect to the path with a slash.
                shown_at = url + "/" if link.startswith("./graphiql/") else url
                script = await exchange(urljoin(shown_at, link), method="GET", headers={})
                assert (script.status, script.content_type) == (200, "text/javascript")

        run(test())

    def test_what_the_host_saves_a_frontend_loads(self) -> None:
        async def test() -> None:
            paced = Paced(0)
            runtime = CopilotRuntime(settings=settings(), agents=[paced.agent()])
            async with self.hosting(runtime) as url:
                saved = await runtime.save_agent_state(thread_id="t", agent_name="paced", state_data={"a": 1})
                query = '{ loadAgentState(data: {threadId: "t", agentName: "paced"}) { state version } }'
                loaded = (await exchange(url, {"query": query})).json()["data"]["loadAgentState"]
                assert loaded == {"state": '{"a":1}', "version": saved.version}

        run(test())
