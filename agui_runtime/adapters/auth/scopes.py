"""What is whose: the part of a principal that becomes the scope of all its threads, runs and states."""

from functools import lru_cache
from hashlib import sha256
from typing import Any

from agui_runtime.domain.errors import DeniedError
from agui_runtime.domain.identity import Principal, Scope
from agui_runtime.domain.json_value import is_object


class TenantScope:
    """All callers of a tenant share its threads.

    Args:
        claim: which claim names the tenant; a dotted name reaches into objects, such as ``org.id``.
    """

    def __init__(self, claim: str = "tenant") -> None:
        self._claim = claim

    def scope_of(self, principal: Principal) -> Scope:
        """The tenant's scope.

        Raises:
            DeniedError: the principal has no tenant.
        """
        return _scope("tenant", tenant_of(principal, self._claim))


class OwnerScope:
    """Each caller has threads of its own.

    Args:
        tenant_claim: where given, owners of the same name in different tenants are different.
    """

    def __init__(self, tenant_claim: str | None = None) -> None:
        self._tenant_claim = tenant_claim

    def scope_of(self, principal: Principal) -> Scope:
        """The owner's scope.

        Raises:
            DeniedError: the principal has no tenant, where one is asked for.
        """
        if self._tenant_claim is None:
            return _scope("owner", principal.subject)
        return _scope("owner", tenant_of(principal, self._tenant_claim), principal.subject)


def tenant_of(principal: Principal, claim: str) -> str:
    """The tenant that a principal's claims name.

    Raises:
        DeniedError: they name none.
    """
    value: Any = dict(principal.claims)
    for step in claim.split("."):
        value = value.get(step) if is_object(value) else None
    if not isinstance(value, str) or not value:
        raise DeniedError("Your account belongs to no tenant of this service.")
    return value


@lru_cache(maxsize=1024)
def _scope(kind: str, *names: str) -> Scope:
    # Lengths keep the names apart whatever characters they have; a digest keeps long and odd ones within the syntax.
    plain = ":".join((kind, *(f"{len(name)}:{name}" for name in names)))
    if len(plain) <= Scope.max_length and plain.isprintable():
        return Scope(plain)
    return Scope(f"{kind}:sha256:{sha256(plain.encode('utf-8', 'surrogatepass')).hexdigest()}")
