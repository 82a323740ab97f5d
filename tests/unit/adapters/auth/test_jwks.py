"""Signing keys over real HTTP: fetched when needed, never by strangers' leave, and kept while the provider is away."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from attrs import Factory, define

from agui_runtime.adapters.auth.jwks import MAX_BYTES, KeySet
from agui_runtime.domain.errors import UnavailableError
from tests.support.aio import run
from tests.support.servers import aiohttp_server
from tests.support.tokens import Provider

ONE, TWO = Provider("one"), Provider("two", "ES256")


@define
class World:
    """A provider's server, and the time."""

    keys: KeySet
    document: Any = Factory(lambda: {"keys": [ONE.jwk]})
    status: int = 200
    asked: int = 0
    time: float = 1000.0


@asynccontextmanager
async def provider(**given: Any) -> AsyncGenerator[World]:
    world: World

    async def serve(_: web.Request) -> web.Response:
        world.asked += 1
        await asyncio.sleep(0.01)
        if isinstance(world.document, bytes):
            return web.Response(status=world.status, body=world.document)
        return web.json_response(world.document, status=world.status)

    async with aiohttp_server(serve) as url:
        world = World(KeySet(f"{url}/keys", now=lambda: world.time, **given))
        yield world


def test_keys_are_fetched_once_for_all_who_wait() -> None:
    async def test() -> None:
        async with provider() as world:
            found = await asyncio.gather(*(world.keys.key("one") for _ in range(20)))
            assert {key.key_id for key in found if key} == {"one"}
            assert world.asked == 1

    run(test())


def test_a_new_key_is_found_when_a_token_names_it() -> None:
    async def test() -> None:
        async with provider() as world:
            await world.keys.key("one")
            world.document = {"keys": [ONE.jwk, TWO.jwk]}
            world.time += 11
            found = await world.keys.key("two")
            assert found is not None
            assert found.key_id == "two"
            assert world.asked == 2

    run(test())


def test_tokens_that_name_unknown_keys_do_not_make_us_ask_again_and_again() -> None:
    async def test() -> None:
        async with provider() as world:
            for number in range(50):
                assert await world.keys.key(f"unknown {number}") is None
            assert world.asked == 1

    run(test())


def test_old_keys_are_fetched_anew_and_those_withdrawn_are_gone() -> None:
    async def test() -> None:
        async with provider() as world:
            assert await world.keys.key("one") is not None
            world.document = {"keys": [TWO.jwk]}
            world.time += 299
            assert await world.keys.key("one") is not None
            world.time += 2
            assert await world.keys.key("one") is None
            assert world.asked == 2

    run(test())


def test_the_only_key_is_that_of_a_token_that_names_none() -> None:
    async def test() -> None:
        async with provider() as world:
            assert await world.keys.key(None) is not None
            world.document = {"keys": [ONE.jwk, TWO.jwk]}
            world.time += 301
            assert await world.keys.key(None) is None

    run(test())


def test_keys_for_encryption_are_none_of_ours() -> None:
    async def test() -> None:
        async with provider() as world:
            world.document = {"keys": [{**ONE.jwk, "use": "enc"}, TWO.jwk]}
            assert await world.keys.key("one") is None

    run(test())


BAD = pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"keys": [ONE.jwk]}, 500),
        (b"<html>", 200),
        (b"[]", 200),
        (b"null", 200),
        ({"keys": []}, 200),
        ({"keys": "none"}, 200),
        ({"keys": [{"kty": "unknown"}]}, 200),
        (b" " * (MAX_BYTES + 1), 200),
    ],
    ids=["failing", "no JSON", "no object", "null", "empty", "no list", "unknown kind", "too large"],
)


@BAD
def test_without_any_keys_nobody_can_be_checked(document: Any, status: int, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with provider() as world:
            world.document, world.status = document, status
            with pytest.raises(UnavailableError, match="cannot be checked now"):
                await world.keys.key("one")

    run(test())
    assert "could not be fetched" in caplog.text


@BAD
def test_known_keys_stay_good_for_a_while(document: Any, status: int) -> None:
    async def test() -> None:
        async with provider() as world:
            await world.keys.key("one")
            world.document, world.status = document, status
            world.time += 3600
            assert await world.keys.key("one") is not None
            world.time += 86_400
            with pytest.raises(UnavailableError):
                await world.keys.key("one")

    run(test())


def test_a_provider_that_does_not_answer_is_given_up() -> None:
    async def test() -> None:
        async def never(_: web.Request) -> web.Response:
            await asyncio.sleep(60)
            raise AssertionError

        async with aiohttp_server(never) as url:
            with pytest.raises(UnavailableError):
                await KeySet(url, seconds=0.1).key("one")

    run(test())


def test_a_provider_that_is_not_there_is_unavailable() -> None:
    async def test() -> None:
        with pytest.raises(UnavailableError):
            await KeySet("http://127.0.0.1:1/keys").key("one")

    run(test())


def test_whoever_leaves_does_not_take_the_fetch_along() -> None:
    async def test() -> None:
        async with provider() as world:
            impatient = asyncio.create_task(world.keys.key("one"))
            patient = asyncio.create_task(world.keys.key("one"))
            await asyncio.sleep(0)
            impatient.cancel()
            assert await patient is not None
            assert world.asked == 1

    run(test())
