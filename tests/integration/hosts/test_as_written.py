"""The lines that existing code has, in a real application under a real uvicorn process, ended by a real signal."""

import sys
from pathlib import Path

import pytest

from tests.support.aio import run
from tests.support.commands import Command, process
from tests.support.graphql_client import chat, exchange, streaming
from tests.support.incremental import merge

MOUNTED_FIRST = """
import asyncio
from fastapi import FastAPI
from agui_runtime import CopilotRuntime
{imports}

app = FastAPI()

async def main():
    runtime = CopilotRuntime({agents})
    await runtime.mount_to_fastapi(app, path="/api/copilotkit")
    saved = await runtime.save_agent_state(
        thread_id="t", agent_name="a", state_data={{"n": 1}}, merge_with_existing=True
    )
    loaded = await runtime.load_agent_state(thread_id="t", agent_name="a")
    assert loaded == saved and loaded.version == 1 and loaded.updated_at is not None
    await serve(app)

asyncio.run(main())
"""

MOUNTED_AT_THE_START = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI
from agui_runtime.runtime_py import CopilotRuntime
{imports}

@asynccontextmanager
async def lifespan(app):
    runtime = CopilotRuntime({agents})
    await runtime.mount_to_fastapi(app, path="/api/copilotkit")
    yield

asyncio.run(serve(FastAPI(lifespan=lifespan)))
"""

SERVE = '''
import sys
import uvicorn
from agui_runtime import FunctionAgent

async def patient(run_input):
    """Answers slowly."""
    for number in range(1000):
        yield f"chunk{number} "
        await asyncio.sleep(0.02)

async def serve(app):
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print("port", server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving
'''

BOTH = pytest.mark.parametrize("program", [MOUNTED_FIRST, MOUNTED_AT_THE_START], ids=["first", "at the start"])


def _written(folder: Path, program: str) -> list[str]:
    path = folder / "host.py"
    path.write_text(program.format(imports=SERVE, agents="agents=[FunctionAgent(patient)]"))
    return [sys.executable, str(path)]


def _url(host: Command) -> str:
    port = host.find(r"port (\d+)")
    return f"http://127.0.0.1:{port}/api/copilotkit"


@BOTH
def test_the_lines_of_existing_code_run_as_written(program: str, tmp_path: Path) -> None:
    with process(_written(tmp_path, program), cwd=tmp_path, environment={}) as host:
        answer = run(exchange(_url(host), {"query": "{ availableAgents { agents { name } } }"}))
        assert answer.json()["data"]["availableAgents"]["agents"] == [{"name": "patient"}]


@BOTH
def test_a_live_run_gets_a_terminal_event_when_the_server_is_told_to_end(program: str, tmp_path: Path) -> None:
    environment = {"AGUI_DRAIN_SECONDS": "0.3"}

    async def scenario(host: Command, url: str) -> None:
        async with streaming(url, chat("go", agent="patient")) as stream:
            await stream.until("chunk2")
            host.terminate()
            response = merge(await stream.rest())["data"]["generateCopilotResponse"]
        assert response["status"]["code"] == "Success"
        (message,) = [message for message in response["messages"] if "content" in message]
        assert 3 <= len(message["content"]) < 1000

    with process(_written(tmp_path, program), cwd=tmp_path, environment=environment) as host:
        run(scenario(host, _url(host)))
        host.exit_code()
    assert "Traceback" not in "\n".join(host.err)
