"""The data that the memory adapters share, and its bounds."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count

from attrs import fields, frozen

from agui_runtime.adapters.memory.records import THREAD_BYTES, RunRecord, ThreadRecord
from agui_runtime.domain.errors import ConfigurationError, ErrorCode, InvalidError
from agui_runtime.domain.identity import AgentName, Scope, ThreadId


@frozen
class MemoryLimits:
    """How much is kept, over all scopes.

    Attributes:
        max_threads: threads.
        max_bytes: bytes of events and states, roughly.
        max_runs_per_thread: finished runs; the oldest beyond it are forgotten.

    Raises:
        ConfigurationError: a limit is less than 1.
    """

    max_threads: int = 10_000
    max_bytes: int = 256 * 1024 * 1024
    max_runs_per_thread: int = 1000

    def __attrs_post_init__(self) -> None:
        for attribute in fields(MemoryLimits):
            value = getattr(self, attribute.name)
            if value < 1:
                raise ConfigurationError(f"The memory limit {attribute.name} is {value}; it must be 1 or more.")


@frozen
class MemoryStatistics:
    """What is kept now.

    Attributes:
        bytes: as the bound counts them: roughly.
        evicted_threads: how many threads have been given up to make room since the start.
    """

    threads: int
    live_runs: int
    runs: int
    states: int
    bytes: int
    evicted_threads: int


class MemoryDatabase:
    """Threads with their runs and states, for one process and one event loop.

    Where room is needed, the idle threads used longest ago go, whole; a thread with a live run never does.

    Args:
        limits: how much is kept.
        run_numbers_after: asked for each new thread; its runs are numbered from behind it. States may outlive this
            memory in another store, tagged with the run that saved them: a number must then never come twice.
    """

    def __init__(self, limits: MemoryLimits | None = None, *, run_numbers_after: Callable[[], int] = lambda: 0) -> None:
        self.limits = limits or MemoryLimits()
        self._run_numbers_after = run_numbers_after
        self._scopes: dict[Scope, dict[ThreadId, ThreadRecord]] = {}
        self._idle: OrderedDict[tuple[Scope, ThreadId], ThreadRecord] = OrderedDict()
        self._live: dict[tuple[Scope, ThreadId], ThreadRecord] = {}
        self._tokens = count(1)
        self._bytes = 0
        self._evicted = 0

    def find(self, scope: Scope, thread_id: ThreadId) -> ThreadRecord | None:
        """The thread, which counts as used now, or ``None``."""
        thread = self.peek(scope, thread_id)
        if thread is not None and thread.live is None:
            self._idle.move_to_end((scope, thread_id))
        return thread

    def peek(self, scope: Scope, thread_id: ThreadId) -> ThreadRecord | None:
        """The thread, which does not count as used, or ``None``."""
        of_scope = self._scopes.get(scope)
        return None if of_scope is None else of_scope.get(thread_id)

    def all_of(self, scope: Scope) -> Sequence[ThreadRecord]:
        """The scope's threads, which do not count as used."""
        return tuple(self._scopes.get(scope, {}).values())

    def all_threads(self) -> Sequence[ThreadRecord]:
        """Every scope's threads, which do not count as used."""
        return (*self._idle.values(), *self._live.values())

    def live_threads(self) -> Sequence[ThreadRecord]:
        """The threads with a live run, over all scopes."""
        return tuple(self._live.values())

    def open_thread(
        self, scope: Scope, thread_id: ThreadId, *, agent_name: AgentName | None, size: int, now: datetime
    ) -> ThreadRecord:
        """The thread, made where there is none, with room for ``size`` more bytes, which it is charged with.

        Raises:
            InvalidError: there is no room; nothing has changed.
        """
        thread = self.find(scope, thread_id)
        if thread is not None:
            self.charge(thread, size)
            return thread
        self._make_room(THREAD_BYTES + size, threads=1)
        thread = ThreadRecord(scope, thread_id, now, now, agent_name, THREAD_BYTES + size)
        thread.last_number = self._run_numbers_after()
        self._scopes.setdefault(scope, {})[thread_id] = thread
        self._idle[scope, thread_id] = thread
        self._bytes += thread.memory
        return thread

    def charge(self, thread: ThreadRecord, size: int, *, within_limit: bool = True) -> None:
        """Count ``size`` more bytes for the thread; fewer, where it is negative.

        Room is made first, unless ``within_limit`` is off: for what has to be written in any case.

        Raises:
            InvalidError: there is no room; nothing has changed.
        """
        if within_limit and size > 0 and self._bytes + size > self.limits.max_bytes:
            self._make_room(size, threads=0, spare=thread)
        thread.memory += size
        self._bytes += size

    def set_live(self, thread: ThreadRecord, run: RunRecord) -> None:
        """The run is going on: the thread is safe from eviction."""
        address = (thread.scope, thread.thread_id)
        thread.live = run
        del self._idle[address]
        self._live[address] = thread

    def set_idle(self, thread: ThreadRecord) -> None:
        """No run is going on."""
        address = (thread.scope, thread.thread_id)
        thread.live = None
        del self._live[address]
        self._idle[address] = thread

    def drop(self, thread: ThreadRecord) -> None:
        """Remove an idle thread with all that is in it."""
        of_scope = self._scopes[thread.scope]
        del of_scope[thread.thread_id]
        if not of_scope:
            del self._scopes[thread.scope]
        del self._idle[thread.scope, thread.thread_id]
        self._bytes -= thread.memory

    def next_token(self) -> int:
        """A fencing token, greater than all before it."""
        return next(self._tokens)

    def statistics(self) -> MemoryStatistics:
        """What is kept now."""
        threads = self.all_threads()
        return MemoryStatistics(
            threads=len(threads),
            live_runs=len(self._live),
            runs=sum(len(thread.runs) for thread in threads),
            states=sum(len(thread.states) for thread in threads),
            bytes=self._bytes,
            evicted_threads=self._evicted,
        )

    def _make_room(self, size: int, *, threads: int, spare: ThreadRecord | None = None) -> None:
        too_many_bytes = self._bytes + size - self.limits.max_bytes
        too_many_threads = len(self._idle) + len(self._live) + threads - self.limits.max_threads
        victims: list[ThreadRecord] = []
        for thread in self._idle.values():
            if too_many_bytes <= 0 and too_many_threads <= 0:
                break
            if thread is not spare:
                victims.append(thread)
                too_many_bytes -= thread.memory
                too_many_threads -= 1
        if too_many_threads > 0:
            raise _full("memory_threads", self.limits.max_threads, "threads")
        if too_many_bytes > 0:
            raise _full("memory_bytes", self.limits.max_bytes, "bytes")
        for thread in victims:
            self.drop(thread)
        self._evicted += len(victims)


def _full(limit: str, maximum: int, unit: str) -> InvalidError:
    return InvalidError(
        f"The memory store is full: it holds {maximum} {unit} at most, and nothing in it can be given up now.",
        code=ErrorCode.LIMIT_EXCEEDED,
        details={"limit": limit, "maximum": maximum},
    )
