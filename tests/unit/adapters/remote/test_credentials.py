"""Where an agent's headers and token come from."""

import asyncio
from collections.abc import Mapping

import pytest

from agui_runtime.adapters.remote.credentials import Credentials, HeaderSource, TokenSource, environment_token
from agui_runtime.domain.errors import ConfigurationError, UnavailableError
from agui_runtime.domain.identity import Caller, Principal, Scope
from tests.support.aio import run

ANN = Caller(Principal("ann", {"token": "ann-token"}), Scope("acme"))
PEER = "agent 'far'"


def sent(
    headers: HeaderSource | None = None,
    token: TokenSource | None = None,
    *,
    forward: tuple[str, ...] = (),
    given: Mapping[str, str] | None = None,
) -> dict[str, str]:
    credentials = Credentials(PEER, headers, token, forward)
    made = run(credentials.headers_for(ANN, given or {}, "", seconds=1))
    return {name: value for name, value in made.items() if not name.startswith(("accept", "content"))}


def test_a_token_goes_out_as_a_bearer() -> None:
    assert sent(None, "t") == {"authorization": "Bearer t"}


def test_a_token_may_be_made_for_each_caller() -> None:
    assert sent(token=lambda caller: str(caller.principal.claims["token"])) == {"authorization": "Bearer ann-token"}


def test_a_token_may_have_to_be_waited_for() -> None:
    async def token(caller: Caller) -> str:
        await asyncio.sleep(0)
        return f"{caller.scope}-token"

    assert sent(token=token) == {"authorization": "Bearer acme-token"}


def test_headers_may_be_made_for_each_caller() -> None:
    assert sent(lambda caller: {"X-Tenant": caller.scope}) == {"x-tenant": "acme"}


def test_headers_may_have_to_be_waited_for() -> None:
    async def headers(caller: Caller) -> Mapping[str, str]:
        return {"X-User": caller.principal.subject}

    assert sent(headers) == {"x-user": "ann"}


def test_a_configured_token_wins_over_the_caller_s() -> None:
    given = {"authorization": "Bearer theirs"}
    assert sent(None, "ours", forward=("authorization",), given=given) == {"authorization": "Bearer ours"}


def test_a_token_wins_over_an_authorization_header_that_is_made() -> None:
    assert sent(lambda _: {"Authorization": "Basic x"}, "t") == {"authorization": "Bearer t"}


def test_a_token_from_the_environment_is_read_at_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Credentials(PEER, None, environment_token("FAR_TOKEN"), ())
    for value in ("one", "two"):
        monkeypatch.setenv("FAR_TOKEN", value)
        made = run(credentials.headers_for(ANN, {}, "", seconds=1))
        assert made["authorization"] == f"Bearer {value}"


def test_a_token_that_is_not_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAR_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="FAR_TOKEN"):
        sent(token=environment_token("FAR_TOKEN"))


def test_a_function_that_fails_says_nothing_of_why() -> None:
    def token(_: Caller) -> str:
        raise RuntimeError("secret vault")

    with pytest.raises(UnavailableError) as caught:
        sent(token=token)
    assert caught.value.message == "The credentials of the agent 'far' could not be made."


def test_a_function_that_takes_too_long_is_cut() -> None:
    async def token(_: Caller) -> str:
        await asyncio.sleep(60)
        return ""

    async def main() -> None:
        await Credentials(PEER, None, token, ()).headers_for(ANN, {}, "", seconds=0.01)

    with pytest.raises(UnavailableError, match="could not be made"):
        run(main())


@pytest.mark.parametrize("token", ["secret\r\nHost: y", "secret\x00"])
def test_a_token_that_would_break_the_request_is_refused_without_quoting_it(token: str) -> None:
    for source in (token, lambda _: token):
        with pytest.raises(ConfigurationError) as caught:
            sent(token=source)
        assert "secret" not in str(caught.value)


def test_a_made_header_that_speaks_for_the_connection_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'Host', which is the client's"):
        sent(lambda _: {"Host": "elsewhere"})


def test_a_token_beside_an_authorization_header_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="configure one of them"):
        Credentials(PEER, {"authorization": "x"}, "t", ())


def test_its_repr_shows_no_secret() -> None:
    assert "secret" not in repr(Credentials(PEER, {"X-Key": "secret"}, "secret", ()))
