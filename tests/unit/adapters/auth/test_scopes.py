"""Scopes keep apart what is apart, whatever names there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.auth import OwnerScope, TenantScope
from agui_runtime.domain.errors import DeniedError
from agui_runtime.domain.identity import Principal

NAMES = st.text(min_size=1, max_size=300)


def test_a_tenants_callers_share_a_scope() -> None:
    policy = TenantScope()
    one, two = Principal("alice", {"tenant": "acme"}), Principal("bob", {"tenant": "acme"})
    assert policy.scope_of(one) == policy.scope_of(two)
    assert policy.scope_of(one) != policy.scope_of(Principal("alice", {"tenant": "other"}))


def test_each_owner_has_a_scope() -> None:
    policy = OwnerScope()
    assert policy.scope_of(Principal("alice")) == policy.scope_of(Principal("alice", {"any": "claim"}))
    assert policy.scope_of(Principal("alice")) != policy.scope_of(Principal("bob"))


def test_a_tenant_and_an_owner_of_the_same_name_are_different() -> None:
    principal = Principal("acme", {"tenant": "acme"})
    assert TenantScope().scope_of(principal) != OwnerScope().scope_of(principal)


def test_the_claim_may_be_inside_of_an_object() -> None:
    principal = Principal("alice", {"org": {"id": "acme"}})
    assert TenantScope("org.id").scope_of(principal) == TenantScope().scope_of(Principal("x", {"tenant": "acme"}))


@pytest.mark.parametrize("claims", [{}, {"tenant": ""}, {"tenant": None}, {"tenant": 7}, {"tenant": ["acme"]}])
def test_who_has_no_tenant_is_refused(claims: dict[str, object]) -> None:
    for policy in (TenantScope(), OwnerScope("tenant")):
        with pytest.raises(DeniedError, match="no tenant"):
            policy.scope_of(Principal("alice", claims))


@given(NAMES, NAMES, NAMES, NAMES)
def test_different_owners_never_share(tenant: str, owner: str, other_tenant: str, other_owner: str) -> None:
    policy = OwnerScope("tenant")
    scope = policy.scope_of(Principal(owner, {"tenant": tenant}))
    other = policy.scope_of(Principal(other_owner, {"tenant": other_tenant}))
    assert (scope == other) == ((tenant, owner) == (other_tenant, other_owner))


@pytest.mark.parametrize("subject", ["x" * 1000, "a\nb", "\ud800", "ü" * 250])
def test_odd_and_long_names_have_scopes_too(subject: str) -> None:
    assert OwnerScope().scope_of(Principal(subject)) != OwnerScope().scope_of(Principal(subject + "2"))
