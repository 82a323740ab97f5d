"""A store of states that somebody else might write: JSON files in a folder, one for each state."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from agui_runtime.application.ports import Clock
from agui_runtime.application.values import StateSummary
from agui_runtime.domain.errors import ConflictError, CorruptError, ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, RunKey, Scope, StateKey, ThreadId
from agui_runtime.domain.json_value import JsonObject, dumps
from agui_runtime.domain.policy import StateLimits, check_state
from agui_runtime.domain.state import AgentState


class FileStateStore:
    """For one process. It counts how often it is opened and closed."""

    def __init__(self, folder: Path, clock: Clock, limits: StateLimits) -> None:
        self._folder, self._clock, self._limits = folder, clock, limits
        self.opened = self.closed = 0

    async def open(self) -> None:
        self._folder.mkdir(exist_ok=True)
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1

    async def load(self, key: StateKey) -> AgentState | None:
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
        path.write_text(json.dumps(facts))
        return self._state(path)

    async def delete(self, key: StateKey) -> bool:
        existed = await self.load(key) is not None
        self._path(key).unlink(missing_ok=True)
        return existed

    async def list_agents(self, scope: Scope, thread_id: ThreadId) -> Sequence[StateSummary]:
        found = [state for state in self._live() if (state.key.scope, state.key.thread_id) == (scope, thread_id)]
        return [_summary(state) for state in sorted(found, key=lambda state: state.key.agent_name)]

    async def list_threads(
        self, scope: Scope, agent_name: AgentName, *, after: ThreadId | None = None, limit: int = 100
    ) -> Sequence[StateSummary]:
        if limit < 1:
            raise InvalidError("The limit of a list must be 1 or more.")
        found = [state for state in self._live() if (state.key.scope, state.key.agent_name) == (scope, agent_name)]
        found = [state for state in found if after is None or state.key.thread_id > after]
        return [_summary(state) for state in sorted(found, key=lambda state: state.key.thread_id)][:limit]

    async def clear_thread(self, scope: Scope, thread_id: ThreadId) -> int:
        return sum([await self.delete(summary.key) for summary in await self.list_agents(scope, thread_id)])

    async def sweep(self) -> int:
        due = [path for path in self._folder.iterdir() if not self._is_live(path)]
        for path in due:
            path.unlink()
        return len(due)

    def _path(self, key: StateKey) -> Path:
        words = f"{key.scope}\x00{key.thread_id}\x00{key.agent_name}"
        return self._folder / sha256(words.encode()).hexdigest()

    def _live(self) -> Iterator[AgentState]:
        return (self._state(path) for path in self._folder.iterdir() if self._is_live(path))

    def _is_live(self, path: Path) -> bool:
        return not self._state(path).is_expired(self._clock.now())

    def _state(self, path: Path) -> AgentState:
        try:
            facts: dict[str, Any] = json.loads(path.read_text())
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
