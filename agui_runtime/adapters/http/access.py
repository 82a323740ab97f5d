"""From a request to a caller: identity, then scope, then what the caller may do."""

import logging

from agui_runtime.adapters.auth.bearer import reason_of
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.application import log_context
from agui_runtime.application.permissions import Permissions
from agui_runtime.application.ports import AccessPolicy, Identity
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.actions import Action
from agui_runtime.domain.errors import DeniedError
from agui_runtime.domain.identity import Caller, ThreadId

logger = logging.getLogger(__name__)

_CALLER = "caller"


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
        self._permissions = Permissions(policy)
        self._forward_headers = forward_headers

    async def caller_of(self, request: Request) -> Caller:
        """The caller; asked for once, however many want to know.

        Raises:
            DeniedError: not known, or not welcome.
            UnavailableError: who it is cannot be found out now.
        """
        if _CALLER not in request.memo:
            request.memo[_CALLER] = await self._find(request)
        caller: Caller = request.memo[_CALLER]
        return caller

    async def allow(self, request: Request, action: Action, thread_id: ThreadId | None = None) -> Caller:
        """The caller for whom an action is to be done; one who finds nothing, where it must not know of the thread.

        Raises:
            DeniedError: not known, or not permitted.
            UnavailableError: who it is cannot be found out now.
        """
        return await self._permissions.ask(await self.caller_of(request), action, thread_id)

    async def may(self, request: Request, action: Action, thread_id: ThreadId | None = None) -> bool:
        """Whether the caller may do that.

        Raises:
            DeniedError: not known.
            UnavailableError: who it is cannot be found out now.
        """
        return await self._permissions.may(await self.caller_of(request), action, thread_id)

    async def _find(self, request: Request) -> Caller:
        facts = RequestFacts(request.method, request.path, request.headers, request.peer)
        try:
            principal = await self._identity.identify(facts)
            scope = self._policy.scope_of(principal)
        except DeniedError as error:
            # A client is told no more than that; an operator must be able to find out why.
            logger.warning("Request %s was refused: %s", request.correlation_id, reason_of(error))
            raise
        log_context.note(scope=scope)
        headers = {name: request.headers[name] for name in self._forward_headers if name in request.headers}
        return Caller(principal, scope, headers)
