"""JSON Web Tokens over real HTTP: what either protocol answers, what the log says, and a provider that goes away."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from attrs import define

from tests.integration.access.graphql_requests import OPERATIONS
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, Answer, exchange
from tests.support.leaks import assert_leaks_nothing
from tests.support.servers import aiohttp_server
from tests.support.serving import runtime, serving
from tests.support.tokens import AUDIENCE, ISSUER, Provider

PROVIDER, STRANGER = Provider(), Provider()
AWAY = "cannot be checked now"


@define
class World:
    """A runtime that trusts a provider.

    Attributes:
        is_away: whether the provider fails.
        asked: how often it was asked for its keys.
    """

    url: str = ""
    is_away: bool = False
    asked: int = 0

    async def agui(self, token: str) -> Answer:
        return await exchange(f"{self.url}/info", method="GET", headers={"authorization": f"Bearer {token}"})

    async def graphql(self, token: str) -> Answer:
        headers = {**CLIENT_HEADERS, "authorization": f"Bearer {token}"}
        return await exchange(self.url, OPERATIONS["hello"], headers=headers)


@asynccontextmanager
async def world() -> AsyncGenerator[World]:
    made = World()

    async def keys(_: web.Request) -> web.Response:
        made.asked += 1
        return web.json_response(PROVIDER.key_set(), status=503 if made.is_away else 200)

    async with aiohttp_server(keys) as provider:
        environment = {
            "AGUI_JWT_JWKS_URL": f"{provider}/keys",
            "AGUI_JWT_ISSUER": ISSUER,
            "AGUI_JWT_AUDIENCE": AUDIENCE,
        }
        async with serving(runtime(environment=environment)) as url:
            made.url = url
            yield made


def test_a_good_token_opens_both_protocols() -> None:
    async def test() -> None:
        async with world() as made:
            assert (await made.agui(PROVIDER.token())).status == 200
            assert (await made.graphql(PROVIDER.token())).json()["data"] == {"hello": "Hello World"}

    run(test())


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (PROVIDER.token(exp=int(time.time()) - 3600), "ExpiredSignatureError"),
        (PROVIDER.token(aud="others"), "InvalidAudienceError"),
        (PROVIDER.token(iss="https://evil.example.com/"), "InvalidIssuerError"),
        (STRANGER.token(), "InvalidSignatureError"),
        (PROVIDER.token(headers={"kid": "key-9"}), "There is no signing key 'key-9'"),
    ],
    ids=["expired", "audience", "issuer", "signature", "unknown key"],
)
def test_a_bad_token_is_refused_without_detail_and_with_detail_in_the_log(
    token: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with world() as made:
            agui, graphql = await made.agui(token), await made.graphql(token)
            assert (agui.status, agui.json()["message"]) == (401, "Please sign in.")
            assert graphql.status == 200
            assert graphql.error()["extensions"]["code"] == "AUTHENTICATION_ERROR"
            for answer in (agui, graphql):
                assert reason not in answer.text
                assert_leaks_nothing(answer)

    run(test())
    assert caplog.text.count(reason) == 2
    assert token not in caplog.text


def test_tokens_that_name_unknown_keys_make_nobody_ask_the_provider_again_and_again() -> None:
    async def test() -> None:
        async with world() as made:
            for number in range(20):
                assert (await made.agui(PROVIDER.token(headers={"kid": f"key-{number + 2}"}))).status == 401
            assert made.asked == 1

    run(test())


def test_while_the_provider_is_away_known_keys_go_on_working() -> None:
    async def test() -> None:
        async with world() as made:
            assert (await made.agui(PROVIDER.token())).status == 200
            made.is_away = True
            assert (await made.agui(PROVIDER.token())).status == 200

    run(test())


def test_without_any_keys_it_is_the_server_that_cannot_and_not_the_caller() -> None:
    async def test() -> None:
        async with world() as made:
            made.is_away = True
            agui, graphql = await made.agui(PROVIDER.token()), await made.graphql(PROVIDER.token())
            assert (agui.status, agui.headers["retry-after"]) == (503, "1")
            assert AWAY in agui.json()["message"]
            assert graphql.status == 200
            assert graphql.error()["extensions"]["code"] == "NETWORK_ERROR"
            assert AWAY in graphql.error()["message"]

    run(test())
