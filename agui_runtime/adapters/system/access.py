"""No identity: everybody is the same, in one scope."""

from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.identity import ANONYMOUS, Principal, Scope


class NoIdentity:
    """Everybody is anonymous."""

    async def identify(self, facts: RequestFacts) -> Principal:  # noqa: ARG002 - nothing is looked at
        """The anonymous principal."""
        return ANONYMOUS


class OneScope:
    """Everybody shares one scope."""

    def __init__(self, scope: str = "default") -> None:
        self._scope = Scope(scope)

    def scope_of(self, principal: Principal) -> Scope:  # noqa: ARG002 - the same for all
        """The one scope."""
        return self._scope
