"""Who may do what within a scope, and what those find who may not."""

import logging

from agui_runtime.application import log_context
from agui_runtime.application.ports import AccessPolicy, ActionPolicy
from agui_runtime.domain.actions import MAKES_THREADS, Action
from agui_runtime.domain.errors import DeniedError
from agui_runtime.domain.identity import Caller, ThreadId

logger = logging.getLogger(__name__)

_WORDS = {
    Action.RUN: "ask agents",
    Action.READ: "read",
    Action.STOP: "stop runs",
    Action.SAVE_STATE: "save states",
    Action.DELETE_STATE: "delete states",
    Action.LIST: "list threads",
    Action.RENAME: "rename threads",
    Action.ARCHIVE: "archive threads",
    Action.DELETE: "delete threads",
}


class Permissions:
    """Asks the access policy. One that knows no actions permits all of them.

    Args:
        policy: the host's.
    """

    def __init__(self, policy: AccessPolicy) -> None:
        self._policy = policy if isinstance(policy, ActionPolicy) else None

    async def may(self, caller: Caller, action: Action, thread_id: ThreadId | None = None) -> bool:
        """Whether the policy permits it."""
        return self._policy is None or await self._policy.permits(caller, action, thread_id)

    async def ask(self, caller: Caller, action: Action, thread_id: ThreadId | None = None) -> Caller:
        """The caller for whom the action is to be done.

        What would tell that a thread exists which the caller may not read is done for somebody who finds nothing. So
        the answer is the one about a thread that does not exist, by construction.

        Raises:
            DeniedError: the caller may not do that, and may know of the thread, or there need be none.
        """
        if thread_id is not None:
            log_context.note(thread_id=thread_id)
        if await self.may(caller, action, thread_id):
            return caller
        logger.warning("%s may not %s.", caller.principal.subject, _WORDS[action], extra={"action": action.value})
        may_know = thread_id is None or action in MAKES_THREADS
        if may_know or (action is not Action.READ and await self.may(caller, Action.READ, thread_id)):
            where = "here" if thread_id is None else "in this thread"
            raise DeniedError(f"You are not permitted to {_WORDS[action]} {where}.")
        return caller.finding_nothing()
