"""Which pages may call, as browsers find out (contract graphql §9, ADR 0009)."""

import pytest

from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import Answer, ask, chat, exchange
from tests.support.serving import runtime, serving

HELLO = {"query": "{ hello }"}
JSON = {"content-type": "application/json"}
ORIGIN, STRANGER = "https://app.example.com", "https://evil.example.com"
LOOPBACK = ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000", "https://app.localhost"]
NEIGHBOURS = ["http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://evil.com#localhost", "null", ""]


def _cors(answer: Answer) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name.startswith("access-control-") or name == "vary"
    }


def _asked(
    origin: str,
    *,
    allowed: str = ORIGIN,
    method: str = "POST",
    environment: dict[str, str] | None = None,
    **headers: str,
) -> Answer:
    async def scenario() -> Answer:
        given = {"AGUI_CORS_ORIGINS": allowed} if environment is None else environment
        async with serving(runtime(environment=given)) as url:
            body = HELLO if method == "POST" else None
            return await exchange(url, body, method=method, headers={**JSON, "origin": origin, **headers})

    return run(scenario())


def test_without_an_origin_there_is_no_cors_header(host: Host) -> None:
    assert _cors(ask(host.url, HELLO, headers=JSON)) == {}


@pytest.mark.parametrize("origin", LOOPBACK)
def test_pages_on_this_machine_may_call_unless_told_otherwise(host: Host, origin: str) -> None:
    assert _cors(ask(host.url, HELLO, headers={**JSON, "origin": origin})) == {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
    }


@pytest.mark.parametrize("origin", [STRANGER, *NEIGHBOURS])
def test_other_pages_may_not_call(host: Host, origin: str) -> None:
    answer = ask(host.url, HELLO, headers={**JSON, "origin": origin})
    assert {name for name in _cors(answer) if name.startswith("access-control-")} == set()


def test_pages_named_in_the_settings_may_call() -> None:
    assert _cors(_asked(ORIGIN))["access-control-allow-origin"] == ORIGIN


def test_pages_not_named_in_the_settings_may_not() -> None:
    assert _cors(_asked(STRANGER)) == {"vary": "Origin"}


def test_a_star_lets_every_page_call_and_is_never_sent() -> None:
    answer = _asked(STRANGER, allowed="*")
    assert answer.headers["access-control-allow-origin"] == STRANGER
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_pages_on_this_machine_can_be_kept_out() -> None:
    answer = _asked("http://localhost:3000", environment={"AGUI_CORS_ALLOW_LOOPBACK": "no"})
    assert _cors(answer) == {"vary": "Origin"}


def test_a_preflight_gets_what_it_asks_for() -> None:
    answer = _asked(
        ORIGIN,
        method="OPTIONS",
        **{
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-copilotkit-runtime-client-gql-version",
        },
    )
    assert (answer.status, answer.body) == (204, b"")
    assert _cors(answer) == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type,x-copilotkit-runtime-client-gql-version",
        "vary": "Origin, Access-Control-Request-Headers",
    }


def test_a_preflight_of_a_page_that_may_not_call_gets_nothing() -> None:
    answer = _asked(STRANGER, method="OPTIONS", **{"access-control-request-method": "POST"})
    assert answer.status == 204
    assert _cors(answer) == {"vary": "Origin"}


@pytest.mark.parametrize(
    "body", [b"{", {"query": "{ nope }"}, chat("error-before"), chat("text:1")], ids=["400", "200", "error", "stream"]
)
def test_every_answer_carries_the_headers_errors_and_streams_too(host: Host, body: object) -> None:
    answer = ask(host.url, body, headers={**JSON, "origin": LOOPBACK[0]})
    assert answer.headers["access-control-allow-origin"] == LOOPBACK[0]


def test_an_answer_over_the_limit_can_be_read_by_its_page() -> None:
    async def scenario() -> Answer:
        async with serving(runtime(environment={"AGUI_MAX_BODY_BYTES": "100"})) as url:
            return await exchange(url, b"x" * 200, headers={**JSON, "origin": LOOPBACK[0]})

    answer = run(scenario())
    assert answer.status == 413
    assert answer.headers["access-control-allow-origin"] == LOOPBACK[0]


def test_an_unknown_path_below_the_base_can_be_read_by_its_page(host: Host) -> None:
    answer = ask(host.url + "/nowhere", HELLO, headers={**JSON, "origin": LOOPBACK[0]})
    assert answer.status == 404
    assert answer.headers["access-control-allow-origin"] == LOOPBACK[0]
