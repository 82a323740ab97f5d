"""The doctor as people call it: every line says what is, and what to do where it is not well."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from agui_runtime.composition.doctor import Diagnosis, Grade, diagnose
from agui_runtime.composition.settings import Settings
from tests.support.aio import run
from tests.support.commands import command
from tests.support.servers import aiohttp_server
from tests.support.serving import runtime, serving


async def examined(url: str = "", frontend: Path | None = None, **given: object) -> dict[str, Diagnosis]:
    settings = Settings(**given)  # type: ignore[arg-type]
    return {found.subject: found async for found in diagnose(settings, url=url, frontend=frontend)}


@asynccontextmanager
async def buffering(upstream: str) -> AsyncGenerator[str]:
    """A proxy that holds answers back until they are whole."""

    async def forward(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session, session.get(upstream + request.path) as response:
            return web.Response(status=response.status, body=await response.read(), content_type=response.content_type)

    async with aiohttp_server(forward) as url:
        yield url


def _ended(*arguments: str, cwd: Path, **environment: str) -> tuple[int, str]:
    with command("doctor", *arguments, cwd=cwd, environment=environment) as process:
        code = process.exit_code()
    return code, "\n".join([*process.out, *process.err])


def test_a_runtime_with_nothing_wrong_is_well(tmp_path: Path) -> None:
    code, said = _ended(cwd=tmp_path)
    assert code == 0
    assert "FAILED" not in said
    for subject in ("python", "access", "database"):
        assert f" {subject}: " in said


def test_what_is_not_well_is_said_and_the_exit_code_tells(tmp_path: Path) -> None:
    code, said = _ended(cwd=tmp_path, AGUI_HOST="0.0.0.0", AGUI_DATABASE_URL="postgresql://user:hidden@127.0.0.1:1/x")  # noqa: S104 - refused
    assert code == 1
    assert "FAILED  access: AGUI_HOST is 0.0.0.0" in said
    assert "FAILED  database: " in said
    assert "hidden" not in said
    assert "Traceback" not in said


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    assert _ended(cwd=tmp_path, AGUI_PORT="many")[0] == 2


def test_a_server_that_is_reached_as_it_is_streams() -> None:
    async def test() -> None:
        async with serving(runtime()) as url:
            found = await examined(url)
            assert found["address"].grade is Grade.OK
            assert found["streaming"].grade is Grade.OK

    run(test())


def test_a_proxy_that_buffers_is_found_out() -> None:
    async def test() -> None:
        async with serving(runtime()) as url, buffering(url.removesuffix("/api/copilotkit")) as through:
            found = await examined(f"{through}/api/copilotkit")
            assert found["address"].grade is Grade.OK
            assert found["streaming"].grade is Grade.FAILED
            assert "buffers" in found["streaming"].text

    run(test())


def test_a_runtime_that_is_not_ready_is_found_out() -> None:
    async def test() -> None:
        container = runtime()
        async with serving(container) as url:
            await container.supervisor().drain(0.1)
            found = await examined(url)
            assert found["address"].grade is Grade.FAILED
            assert "shutting down" in found["address"].text

    run(test())


def test_an_address_that_leads_elsewhere_is_found_out() -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=404)

    async def test() -> None:
        async with aiohttp_server(elsewhere) as url:
            found = await examined(url)
            assert "not where a runtime is served" in found["address"].text
            assert found["streaming"].grade is Grade.FAILED
        gone = await examined("http://127.0.0.1:1")
        assert "Cannot be reached" in gone["address"].text

    run(test())


@pytest.mark.parametrize(
    ("asked", "grade", "words"),
    [
        ("^1.74.0", Grade.OK, "speaks AG-UI"),
        ("1.50.0", Grade.OK, "speaks AG-UI"),
        ("~1.10.6", Grade.OK, "speaks GraphQL"),
        ("1.2.0", Grade.FAILED, "too old"),
        ("latest", Grade.NOTE, "cannot be told"),
    ],
)
def test_a_frontends_version_tells_its_protocol(asked: str, grade: Grade, words: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"@copilotkit/react-core": asked}}))
    found = asyncio.run(examined(frontend=tmp_path))["frontend"]
    assert found.grade is grade
    assert words in found.text


def test_what_is_installed_counts_more_than_what_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"@copilotkit/react-core": "^1.3.0"}}))
    package = tmp_path / "node_modules" / "@copilotkit" / "react-core"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": "1.74.0"}))
    assert "1.74.0 speaks AG-UI" in asyncio.run(examined(frontend=tmp_path))["frontend"].text


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"dependencies": 7}'])
def test_a_folder_without_a_frontend_is_said(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "package.json").write_text(content)
    assert asyncio.run(examined(frontend=tmp_path))["frontend"].grade is Grade.FAILED
