"""JSON Web Tokens: only those of the right maker, for us, in time, and signed as allowed."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest

from agui_runtime.adapters.auth.bearer import SIGN_IN, UnauthenticatedError
from agui_runtime.adapters.auth.jwt_identity import JwtIdentity
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import Principal
from tests.support.aio import run
from tests.support.tokens import AUDIENCE, ISSUER, Provider
from tests.unit.adapters.auth.facts import facts

PROVIDER, EC, STRANGER = Provider(), Provider("key-2", "ES256"), Provider()


class Known:
    """Keys that are known, and how often they were asked for."""

    def __init__(self, *providers: Provider) -> None:
        self.asked = 0
        self._keys = {provider.key_id: jwt.PyJWK(provider.jwk) for provider in providers}

    async def key(self, key_id: str | None) -> jwt.PyJWK | None:
        self.asked += 1
        return self._keys.get(str(key_id))


def identity(**given: Any) -> JwtIdentity:
    return JwtIdentity(**{"keys": Known(PROVIDER, EC), "issuer": ISSUER, "audience": AUDIENCE, **given})


def identify(token: str, **given: Any) -> Principal:
    return run(identity(**given).identify(facts(f"Bearer {token}")))


def forged(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join((*parts, ""))


@pytest.mark.parametrize("provider", [PROVIDER, EC], ids=["RS256", "ES256"])
def test_a_good_token_tells_who_calls(provider: Provider) -> None:
    principal = identify(provider.token(tenant="acme"))
    assert principal.subject == "alice"
    assert principal.claims["tenant"] == "acme"


def test_any_of_the_audiences_will_do() -> None:
    assert identify(PROVIDER.token(aud=["else", "two"]), audience=("one", "two")).subject == "alice"


def test_clocks_may_differ_a_little() -> None:
    assert identify(PROVIDER.token(exp=int(time.time()) - 5)).subject == "alice"


GOOD = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": 4_000_000_000}
SIGNATURE = PROVIDER.token().rpartition(".")[2]


@pytest.mark.parametrize(
    "token",
    [
        PROVIDER.token(exp=int(time.time()) - 60),
        PROVIDER.token(nbf=int(time.time()) + 600),
        PROVIDER.token(iss="https://evil.example.com/"),
        PROVIDER.token(aud="someone else"),
        PROVIDER.token(without="exp"),
        PROVIDER.token(without="iss"),
        PROVIDER.token(without="aud"),
        PROVIDER.token(without="sub"),
        PROVIDER.token(sub=""),
        STRANGER.token(),
        PROVIDER.token(headers={"kid": "key-9"}),
        PROVIDER.token(headers={"kid": "key-2"}),
        PROVIDER.token(sub="bob").rpartition(".")[0] + "." + SIGNATURE,
        forged({"alg": "none", "typ": "JWT", "kid": "key-1"}, GOOD),
        forged({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, GOOD),
        jwt.encode(GOOD, "a secret that is long enough for it", "HS256", headers={"kid": "key-1"}),
        "nonsense",
        "a.b.c",
        "..",
    ],
    ids=[
        "expired",
        "not yet valid",
        "another issuer",
        "another audience",
        "never expires",
        "no issuer",
        "no audience",
        "nobody",
        "empty subject",
        "another's key",
        "unknown key",
        "key of another algorithm",
        "changed",
        "not signed",
        "no signature",
        "a secret for a key",
        "no token",
        "no JSON",
        "dots",
    ],
)
def test_any_other_token_is_refused_without_detail(token: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        identify(token)
    assert caught.value.message == SIGN_IN
    assert caught.value.reason != SIGN_IN
    assert token not in caught.value.reason


def test_the_public_key_is_no_shared_secret() -> None:
    # The classic confusion: a token signed with HS256, the provider's public key taken for the secret.
    unsigned = forged({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, GOOD).rpartition(".")[0]
    digest = hmac.digest(json.dumps(PROVIDER.jwk).encode(), unsigned.encode(), "sha256")
    with pytest.raises(UnauthenticatedError):
        identify(f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")


def test_an_algorithm_that_is_not_allowed_does_not_even_ask_for_keys() -> None:
    keys = Known(EC)
    with pytest.raises(UnauthenticatedError, match=SIGN_IN):
        identify(EC.token(), keys=keys, algorithms=("RS256",))
    assert keys.asked == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"issuer": ""}, "issuer is missing"),
        ({"audience": ()}, "audience is missing"),
        ({"algorithms": ()}, "algorithms is missing"),
        ({"algorithms": ("HS256",)}, "'HS256' is no algorithm with a public key"),
        ({"algorithms": ("none",)}, "'none' is no algorithm"),
    ],
)
def test_half_a_configuration_does_not_start(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        identity(**given)
