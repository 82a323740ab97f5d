"""Saving an agent's state without ever losing an update."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

from agui_runtime.application.expiry import Expiry
from agui_runtime.application.ports import StateStore
from agui_runtime.domain.errors import ConflictError
from agui_runtime.domain.identity import AgentName, Caller, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.patch import merge_patch
from agui_runtime.domain.policy import StateLimits, check_state
from agui_runtime.domain.state import AgentState

TURN_SECONDS = 1.0


class SaveState:
    """Load, merge or replace, compare-and-set; a lost race is tried again."""

    def __init__(self, store: StateStore, limits: StateLimits, expiry: Expiry) -> None:
        self._store = store
        self._expiry = expiry
        self._limits = limits
        self._turns: WeakValueDictionary[StateKey, asyncio.Lock] = WeakValueDictionary()

    async def __call__(
        self,
        caller: Caller,
        thread_id: ThreadId,
        agent_name: AgentName,
        values: JsonObject,
        *,
        merge: bool = True,
        expected_version: int | None = None,
        expires_at: datetime | None = None,
    ) -> AgentState:
        """Store the values, merged into the stored ones (RFC 7396) or in their place.

        Args:
            caller: whose state it is.
            thread_id: the thread.
            agent_name: any name; the agent need not be registered.
            values: a JSON object.
            merge: whether to merge.
            expected_version: save only if this is the stored version; ``None`` for whichever it is.
            expires_at: when it expires; ``None`` for what the host's rule says, which by default keeps what is stored.

        Raises:
            ConflictError: the stored version is not the expected one.
            InvalidError: the values are no JSON object or break a limit, or ``expires_at`` has passed; nothing has
                changed.
            UnavailableError: the store cannot be reached.
        """
        check_state(values, self._limits)
        key = StateKey(caller.scope, thread_id, agent_name)
        async with self._turn(key):
            while True:
                stored = await self._store.load(key)
                version = stored.version if stored else 0
                if expected_version is not None and expected_version != version:
                    raise ConflictError(
                        f"The state is at version {version}, not {expected_version}: somebody else saved in between.",
                        details={"version": version},
                    )
                final = merge_patch(stored.values if stored else {}, values) if merge else values
                expiry = self._expiry.of_save(stored, expires_at)
                try:
                    return await self._store.save(key, final, expected_version=version, expires_at=expiry)
                except ConflictError:
                    if expected_version is not None:
                        raise

    @asynccontextmanager
    async def _turn(self, key: StateKey) -> AsyncGenerator[None]:
        """One save of this process after the other, as a courtesy: 64 of them that race do 20 times the work.

        What keeps updates safe is the compare-and-set. So nobody waits longer than a moment: behind a store that does
        not answer, a queue would add up everybody's time limit.
        """
        lock = self._turns.setdefault(key, asyncio.Lock())
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await lock.acquire()
        except TimeoutError:
            yield
            return
        try:
            yield
        finally:
            lock.release()
