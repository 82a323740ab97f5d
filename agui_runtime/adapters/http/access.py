"""From a request to a caller: identity, then scope."""

from agui_runtime.adapters.http.exchange import Request
from agui_runtime.application.ports import AccessPolicy, Identity
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.identity import Caller


class Access:
    """Finds out who calls, and the scope that is part of every key of what the caller may see.

    Args:
        identity: finds the principal.
        policy: finds its scope.
        forward_headers: lower-case names of the headers that agents may be told; none by default.
    """

    def __init__(self, identity: Identity, policy: AccessPolicy, forward_headers: frozenset[str] = frozenset()) -> None:
        self._identity = identity
        self._policy = policy
        self._forward_headers = forward_headers

    async def caller_of(self, request: Request) -> Caller:
        """The caller.

        Raises:
            DeniedError: not known, or not welcome.
        """
        facts = RequestFacts(request.method, request.path, request.headers, request.peer)
        principal = await self._identity.identify(facts)
        headers = {name: value for name, value in request.headers.items() if name in self._forward_headers}
        return Caller(principal, self._policy.scope_of(principal), headers)
