"""Which pages may call, and what browsers are told: contract graphql §9."""

import pytest

from agui_runtime.adapters.http.cors import CorsPolicy

APP = "https://app.example.com"
LOOPBACK = "http://localhost:3000"


def answer(policy: CorsPolicy, **headers: str) -> dict[str, str]:
    return dict(policy.response_headers({name.replace("_", "-"): value for name, value in headers.items()}))


def preflight(policy: CorsPolicy, **headers: str) -> dict[str, str]:
    return dict(policy.preflight_headers({name.replace("_", "-"): value for name, value in headers.items()}))


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost:3000", "https://localhost:3000", "http://app.localhost:3000",
     "http://127.0.0.1", "http://127.0.0.1:8080", "http://127.1.2.3", "http://[::1]:3000", "HTTP://LOCALHOST:3000"],
)  # fmt: skip
def test_pages_on_this_machine_may_call_by_default(origin: str) -> None:
    assert CorsPolicy().allows(origin)
    assert not CorsPolicy(allow_loopback=False).allows(origin)


@pytest.mark.parametrize(
    "origin",
    [APP, "null", "", "http://localhost.evil.com", "http://127.0.0.1.evil.com", "http://evillocalhost", "file://",
     "http://localhost:3000/", "http://localhost:3000@evil.com", "http://128.0.0.1", "http://localhost\n", "http://[::2]"],
)  # fmt: skip
def test_no_other_page_may_call_by_default(origin: str) -> None:
    assert not CorsPolicy().allows(origin)


def test_a_configured_origin_may_call_exactly_as_it_is() -> None:
    policy = CorsPolicy(frozenset({APP}))
    assert policy.allows(APP)
    for other in (
        "http://app.example.com",
        APP + ":8443",
        APP + "/",
        "https://example.com",
        "https://x.app.example.com",
    ):
        assert not policy.allows(other)


def test_the_star_allows_every_page_and_echoes_it() -> None:
    headers = answer(CorsPolicy(frozenset({"*"})), origin="https://anywhere.example")
    assert headers["access-control-allow-origin"] == "https://anywhere.example"
    assert headers["access-control-allow-credentials"] == "true"


def test_an_allowed_page_is_echoed_with_credentials() -> None:
    assert answer(CorsPolicy(), origin=LOOPBACK) == {
        "access-control-allow-origin": LOOPBACK,
        "vary": "Origin",
        "access-control-allow-credentials": "true",
    }


def test_without_an_origin_there_is_nothing_to_say() -> None:
    assert answer(CorsPolicy()) == {}
    assert preflight(CorsPolicy(), access_control_request_method="POST") == {}


def test_a_page_that_may_not_call_is_told_only_that_the_answer_varies() -> None:
    assert answer(CorsPolicy(), origin=APP) == {"vary": "Origin"}
    assert preflight(CorsPolicy(), origin=APP, access_control_request_method="POST") == {"vary": "Origin"}


def test_a_preflight_echoes_what_was_asked_for() -> None:
    asked = {"access_control_request_method": "POST", "access_control_request_headers": "content-type, authorization"}
    assert preflight(CorsPolicy(), origin=LOOPBACK, **asked) == {
        "access-control-allow-origin": LOOPBACK,
        "vary": "Origin, Access-Control-Request-Headers",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type, authorization",
        "access-control-allow-credentials": "true",
    }


def test_a_plain_options_request_is_no_preflight() -> None:
    headers = preflight(CorsPolicy(), origin=LOOPBACK)
    assert headers["vary"] == "Origin"
    assert not {"access-control-allow-methods", "access-control-allow-headers"} & headers.keys()


def test_nothing_is_exposed() -> None:
    assert "access-control-expose-headers" not in answer(CorsPolicy(), origin=LOOPBACK)
