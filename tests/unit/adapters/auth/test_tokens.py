"""Bearer tokens: who has one is known, everybody else is told to sign in and no more."""

import pytest

from agui_runtime.adapters.auth import FirstOf, StaticTokens
from agui_runtime.adapters.auth.bearer import MAX_LENGTH, SIGN_IN, UnauthenticatedError
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, UnavailableError
from agui_runtime.domain.identity import Principal
from tests.support.aio import run
from tests.unit.adapters.auth.facts import facts

ALICE, BOB = Principal("alice"), Principal("bob", {"tenant": "acme"})
TOKENS = {"alices-long-secret": ALICE, "alices-next-secret": ALICE, "bobs-long-secret-ü": BOB}


@pytest.mark.parametrize(
    ("header", "who"),
    [
        ("Bearer alices-long-secret", ALICE),
        ("Bearer alices-next-secret", ALICE),
        ("bearer  bobs-long-secret-ü ", BOB),
    ],
)
def test_who_has_a_token_is_known(header: str, who: Principal) -> None:
    assert run(StaticTokens(TOKENS).identify(facts(header))) == who


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "no Authorization header"),
        ("", "no bearer token"),
        ("Bearer", "no bearer token"),
        ("Bearer ", "no bearer token"),
        ("Basic alices-long-secret", "no bearer token"),
        ("alices-long-secret", "no bearer token"),
        ("Bearer alices-long-secre", "none of those"),
        ("Bearer ALICES-LONG-SECRET", "none of those"),
        ("Bearer \ud800", "none of those"),
        ("Bearer " + "x" * (MAX_LENGTH + 1), "more than"),
    ],
)
def test_everybody_else_is_told_to_sign_in_and_no_more(header: str | None, reason: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        run(StaticTokens(TOKENS).identify(facts(header)))
    assert (caught.value.code, caught.value.message) == (ErrorCode.UNAUTHENTICATED, SIGN_IN)
    assert reason in caught.value.reason
    assert "secret" not in caught.value.reason


def test_a_token_that_can_be_guessed_is_refused_at_the_start_and_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="'alice' has less than 16") as caught:
        StaticTokens({"short-secret": ALICE})
    assert "short-secret" not in caught.value.message


def test_no_tokens_at_all_are_a_mistake() -> None:
    with pytest.raises(ConfigurationError):
        StaticTokens({})


def test_tokens_do_not_stay_in_memory() -> None:
    assert "alices-long-secret" not in repr(vars(StaticTokens(TOKENS)))


def test_the_first_identity_that_knows_the_caller_counts() -> None:
    both = FirstOf([StaticTokens({"alices-long-secret": ALICE}), StaticTokens(TOKENS)])
    assert run(both.identify(facts("Bearer bobs-long-secret-ü"))) == BOB
    with pytest.raises(UnauthenticatedError):
        run(both.identify(facts("Bearer nobodys-long-secret")))


def test_an_identity_that_cannot_tell_is_not_passed_over() -> None:
    class Away:
        async def identify(self, _: object) -> Principal:
            raise UnavailableError("Not now.")

    with pytest.raises(UnavailableError):
        run(FirstOf([Away(), StaticTokens(TOKENS)]).identify(facts("Bearer bobs-long-secret-ü")))


def test_identities_are_opened_and_closed_in_order() -> None:
    told: list[str] = []

    class Opened(StaticTokens):
        async def open(self) -> None:
            told.append("open")

        async def close(self) -> None:
            told.append("close")

    async def live() -> None:
        both = FirstOf([Opened(TOKENS), StaticTokens(TOKENS)])
        await both.open()
        await both.close()

    run(live())
    assert told == ["open", "close"]
