"""Everything in this process's memory, within bounds: for development, tests and single-process servers."""

from agui_runtime.adapters.memory.database import MemoryDatabase, MemoryLimits, MemoryStatistics
from agui_runtime.adapters.memory.run_log import MemoryRunLog
from agui_runtime.adapters.memory.state_store import MemoryStateStore
from agui_runtime.adapters.memory.thread_directory import MemoryThreadDirectory

__all__ = [
    "MemoryDatabase",
    "MemoryLimits",
    "MemoryRunLog",
    "MemoryStateStore",
    "MemoryStatistics",
    "MemoryThreadDirectory",
]
