"""A store of states of your own, from scratch: JSON files in a folder, one for each state. For one process.

Run it with ``agui-runtime serve file_store:container``; ``STATES_FOLDER`` names the folder. The port
``StateStore`` says what it must do; the suite checks it that is in ``tests/contracts/state_store.py``.
"""

import json
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from dependency_injector import providers

from agui_runtime import FunctionAgent, RunInput, RuntimeContainer, Settings
from agui_runtime.adapters.system.clock import SystemClock
from agui_runtime.application.ports import Clock
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.errors import ConflictError, CorruptError, ErrorCode, InvalidError
from agui_runtime.domain.events import StateSnapshot
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps
from agui_runtime.domain.policy import StateLimits, check_state
from agui_runtime.domain.state import AgentState


class FileStateStore:
    """A ``StateStore``. What has expired is not there; ``sweep`` removes its files."""

    def __init__(self, folder: Path, clock: Clock, limits: StateLimits) -> None:
        self._folder, self._clock, self._limits = folder, clock, limits

    async def open(self) -> None:
        """Called when the runtime starts; ``close``, where a store has it, when it ends."""
        self._folder.mkdir(parents=True, exist_ok=True)

    async def load(self, key: StateKey) -> AgentState | None:
        """The state, or ``None``."""
        path = self._path(key)
        return self._state(path) if path.exists() and self._is_live(path) else None

    async def save(
        self,
        key: StateKey,
        values: JsonObject,
        *,
        expected_version: int,
        expires_at: datetime | None = None,
        run: RunKey | None = None,
    ) -> AgentState:
        """Store the next version, if nobody saved since ``expected_version``.

        No await in here really waits, so nobody comes between the look and the save.
        """
        check_state(values, self._limits)
        if expires_at is not None and expires_at.tzinfo is None:
            raise InvalidError("expires_at needs a time zone.")
        stored, now = await self.load(key), self._clock.now()
        if stored is not None and run is not None and stored.saved_by == run:
            return stored
        version = stored.version if stored else 0
        if version != expected_version:
            raise ConflictError("Somebody else was faster.", details={"version": version})
        if stored is None and len(await self.list_agents(key.scope, key.thread_id)) >= self._limits.max_per_thread:
            details = {"limit": "states_per_thread", "maximum": self._limits.max_per_thread}
            raise InvalidError("Too many.", code=ErrorCode.LIMIT_EXCEEDED, details=details)
        facts = {
            "key": [key.scope, key.thread_id, key.agent_name],
            "version": version + 1,
            "created_at": (stored.created_at if stored else now).isoformat(),
            "updated_at": now.isoformat(),
            "expires_at": expires_at.isoformat() if expires_at else None,
            "run": [run.scope, run.thread_id, run.number] if run else None,
            "text": dumps(values),
        }
        path = self._path(key)
        # In one step, so that a crash leaves the old state or the new one, never half of it.
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(facts), encoding="utf-8")
        unfinished.replace(path)
        return self._state(path)

    async def delete(self, key: StateKey) -> bool:
        """Remove the state; whether there was one."""
        existed = await self.load(key) is not None
        self._path(key).unlink(missing_ok=True)
        return existed

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        """The states of a thread, by agent name."""
        found = [state for state in self._live() if (state.key.scope, state.key.thread_id) == (scope, thread_id)]
        return [_summary(state) for state in sorted(found, key=lambda state: state.key.agent_name)]

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        """An agent's states by thread id, in pages."""
        if limit < 1:
            raise InvalidError("The limit of a list must be 1 or more.")
        found = [state for state in self._live() if (state.key.scope, state.key.agent_name) == (scope, agent_name)]
        found = [state for state in found if after is None or state.key.thread_id > after]
        return [_summary(state) for state in sorted(found, key=lambda state: state.key.thread_id)][:limit]

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        """Remove all states of a thread; how many there were."""
        return sum([await self.delete(summary.key) for summary in await self.list_agents(scope, thread_id)])

    async def sweep(self) -> int:
        """Remove what has expired, of all scopes; how much there was."""
        due = [path for path in self._folder.glob("*.json") if not self._is_live(path)]
        for path in due:
            path.unlink()
        return len(due)

    def _path(self, key: StateKey) -> Path:
        words = f"{key.scope}\x00{key.thread_id}\x00{key.agent_name}"
        return (self._folder / sha256(words.encode()).hexdigest()).with_suffix(".json")

    def _live(self) -> Iterator[AgentState]:
        return (self._state(path) for path in self._folder.glob("*.json") if self._is_live(path))

    def _is_live(self, path: Path) -> bool:
        return not self._state(path).is_expired(self._clock.now())

    def _state(self, path: Path) -> AgentState:
        try:
            facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            scope, thread_id, agent_name = facts["key"]
            run = facts["run"]
            return AgentState(
                key=StateKey(Scope(scope), ThreadId(thread_id), AgentName(agent_name)),
                values=json.loads(facts["text"]),
                version=facts["version"],
                created_at=datetime.fromisoformat(facts["created_at"]),
                updated_at=datetime.fromisoformat(facts["updated_at"]),
                expires_at=datetime.fromisoformat(facts["expires_at"]) if facts["expires_at"] else None,
                saved_by=RunKey(Scope(run[0]), ThreadId(run[1]), run[2]) if run else None,
            )
        except (ValueError, KeyError) as error:
            raise CorruptError(f"{path.name} cannot be read.") from error


def _summary(state: AgentState) -> StateSummary:
    size = len(dumps(state.values).encode("utf-8", "surrogatepass"))
    return StateSummary(state.key, state.version, size, state.created_at, state.updated_at, state.expires_at)


async def helper(run_input: RunInput) -> AsyncGenerator[StateSnapshot | str]:
    """Counts how often it was asked."""
    known = run_input.state.get("asked", 0) if isinstance(run_input.state, dict) else 0
    yield StateSnapshot({"asked": known + 1})
    yield f"That was number {known + 1}."


container = RuntimeContainer(
    agents=providers.Object([FunctionAgent(helper)]),
    state_store=providers.Singleton(
        FileStateStore,
        Path(os.environ.get("STATES_FOLDER", "states")),
        SystemClock(),
        Settings.from_environment(os.environ).state_limits,
    ),
)
