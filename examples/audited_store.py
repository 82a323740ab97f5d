"""A store of states of your own around the one there is: every change leaves a line in a file.

Run it with ``agui-runtime serve audited_store:container``; ``AUDIT_FILE`` names the file. A store from scratch is bound
with ``CopilotRuntime(state_store=...)``; the methods are those of the port ``StateStore``.
"""

import os
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Any

from agui_runtime import CopilotRuntime, FunctionAgent, RunInput
from agui_runtime.application.ports import StateStore
from agui_runtime.domain.events import StateSnapshot
from agui_runtime.domain.identity import RunKey, StateKey
from agui_runtime.domain.json_value import JsonObject
from agui_runtime.domain.state import AgentState


class AuditedStore:
    """Tells a file of each save and delete, and passes everything on."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._file = Path(os.environ.get("AUDIT_FILE", "audit.log"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Save, then tell: what was refused leaves no line."""
        saved = await self._store.save(key, values, expected_version=expected_version, expires_at=expires_at, run=run)
        self._tell(f"saved {key.thread_id}/{key.agent_name} version {saved.version}")
        return saved

    async def delete(self, key: StateKey) -> bool:
        """Delete, then tell."""
        existed = await self._store.delete(key)
        if existed:
            self._tell(f"deleted {key.thread_id}/{key.agent_name}")
        return existed

    def _tell(self, line: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


async def helper(run_input: RunInput) -> AsyncGenerator[StateSnapshot | str]:
    """Counts how often it was asked."""
    known = run_input.state.get("asked", 0) if isinstance(run_input.state, dict) else 0
    yield StateSnapshot({"asked": known + 1})
    yield f"That was number {known + 1}."


container = CopilotRuntime(agents=[FunctionAgent(helper)], state_decorators=[AuditedStore]).container
