"""Who may call, as the settings say: what is half configured does not start, and strangers are on this machine."""

import sys

import pytest

from agui_runtime.adapters.auth import FirstOf, OwnerScope, StaticTokens, TenantScope
from agui_runtime.adapters.auth.jwt_identity import JwtIdentity
from agui_runtime.adapters.system.access import NoIdentity, OneScope
from agui_runtime.composition.access import access_policy_of, check_exposure, identity_of
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import Principal

TOKENS = {"AGUI_AUTH_TOKENS": "alice=alices-long-secret, bob=bobs-long-secret"}
JWT = {
    "AGUI_JWT_JWKS_URL": "https://login.example.com/keys",
    "AGUI_JWT_ISSUER": "https://login.example.com/",
    "AGUI_JWT_AUDIENCE": "agui,other",
}


def read(*several: dict[str, str]) -> Settings:
    return Settings.from_environment({name: text for one in several for name, text in one.items()})


def test_without_settings_nobody_is_asked_and_all_is_shared() -> None:
    identity = identity_of(read())
    assert isinstance(identity, NoIdentity)
    assert isinstance(access_policy_of(read(), identity), OneScope)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [(read(TOKENS), StaticTokens), (read(JWT), JwtIdentity), (read(TOKENS, JWT), FirstOf)],
    ids=["tokens", "jwt", "both"],
)
def test_with_an_identity_each_caller_has_its_own(settings: Settings, kind: type) -> None:
    identity = identity_of(settings)
    assert isinstance(identity, kind)
    assert isinstance(access_policy_of(settings, identity), OwnerScope)


@pytest.mark.parametrize(("access", "kind"), [("shared", OneScope), ("tenant", TenantScope), ("owner", OwnerScope)])
def test_who_shares_threads_can_be_said(access: str, kind: type) -> None:
    settings = read(JWT, {"AGUI_ACCESS": access})
    assert isinstance(access_policy_of(settings, identity_of(settings)), kind)


def test_the_tenants_claim_can_be_named() -> None:
    settings = read(JWT, {"AGUI_ACCESS": "tenant", "AGUI_TENANT_CLAIM": "org.id"})
    policy = access_policy_of(settings, identity_of(settings))
    assert "acme" in policy.scope_of(Principal("alice", {"org": {"id": "acme"}}))


def test_the_algorithms_can_be_named() -> None:
    identity = identity_of(read(JWT, {"AGUI_JWT_ALGORITHMS": "EdDSA"}))
    assert isinstance(identity, JwtIdentity)
    assert identity.algorithms == ("EdDSA",)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"AGUI_JWT_ISSUER": "x"}, "AGUI_JWT_JWKS_URL is missing"),
        ({**JWT, "AGUI_JWT_ISSUER": ""}, "AGUI_JWT_ISSUER is not"),
        ({**JWT, "AGUI_JWT_AUDIENCE": ""}, "AGUI_JWT_AUDIENCE is not"),
        ({**JWT, "AGUI_JWT_ALGORITHMS": "HS256"}, "'HS256' is no algorithm with a public key"),
        ({"AGUI_AUTH_TOKENS": "alice=short"}, "'alice' has less than 16"),
    ],
)
def test_half_an_identity_does_not_start(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        identity_of(read(settings))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"AGUI_ACCESS": "owner"}, "nobody is asked"),
        ({"AGUI_ACCESS": "tenant"}, "nobody is asked"),
        ({**TOKENS, "AGUI_ACCESS": "tenant"}, "name no tenant"),
    ],
)
def test_a_policy_that_callers_cannot_meet_does_not_start(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        access_policy_of(read(settings), identity_of(read(settings)))


@pytest.mark.parametrize("text", ["alice", "=token", "alice=", "alice=one,bob"])
def test_bad_tokens_are_named_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match="AGUI_AUTH_TOKENS: expected name=token pairs") as caught:
        read({"AGUI_AUTH_TOKENS": text})
    assert text not in caught.value.message.partition("expected name=token pairs")[2]


def test_tokens_are_not_shown_with_the_settings() -> None:
    assert "secret" not in repr(read(TOKENS))


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "agui_runtime.adapters.auth.jwks", raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigurationError, match=r"agui-runtime\[jwt\]"):
        identity_of(read(JWT))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
def test_strangers_on_this_machine_are_served(host: str) -> None:
    check_exposure(read({"AGUI_HOST": host}), NoIdentity())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.com"])  # noqa: S104 - refused
def test_strangers_elsewhere_are_not(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"AGUI_HOST is .* AGUI_ALLOW_ANONYMOUS=1"):
        check_exposure(read({"AGUI_HOST": host}), NoIdentity())


def test_strangers_elsewhere_may_be_allowed() -> None:
    host = {"AGUI_HOST": "0.0.0.0"}  # noqa: S104 - what the test is about
    check_exposure(read(host, {"AGUI_ALLOW_ANONYMOUS": "1"}), NoIdentity())
    check_exposure(read(host, TOKENS), identity_of(read(TOKENS)))
