"""The memory adapters keep the contracts of their ports."""

from hypothesis import settings

from tests.contracts.run_log import RunLogContract
from tests.contracts.run_log_compaction import RunLogCompactionContract
from tests.contracts.run_log_cursors import RunLogCursorContract
from tests.contracts.state_store import StateStoreAmongOthersContract, StateStoreContract
from tests.contracts.state_store_machine import StateStoreMachine
from tests.contracts.thread_directory import ThreadDirectoryContract
from tests.unit.adapters.memory.world import MemoryWorld


class TestMemoryStateStore(MemoryWorld, StateStoreContract): ...


class TestMemoryStateStoreAmongOthers(MemoryWorld, StateStoreAmongOthersContract): ...


class TestMemoryRunLog(MemoryWorld, RunLogContract): ...


class TestMemoryRunLogCursors(MemoryWorld, RunLogCursorContract): ...


class TestMemoryRunLogCompaction(MemoryWorld, RunLogCompactionContract): ...


class TestMemoryThreadDirectory(MemoryWorld, ThreadDirectoryContract): ...


class MemoryMachine(MemoryWorld, StateStoreMachine): ...


TestMemoryStateStoreHistories = MemoryMachine.TestCase
TestMemoryStateStoreHistories.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
