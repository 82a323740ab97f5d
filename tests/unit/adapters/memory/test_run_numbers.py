"""States outlive this memory in another store; a run number must not come twice for them."""

from itertools import count

from agui_runtime.adapters.memory import MemoryDatabase, MemoryRunLog, MemoryStateStore
from agui_runtime.domain.policy import StateLimits
from tests.contracts.world import SCOPE, THREAD, key_of, run_input
from tests.support.aio import run
from tests.support.clock import FakeClock


def test_a_run_after_a_restart_is_not_taken_for_the_one_that_saved_before() -> None:
    async def story() -> None:
        clock, bases = FakeClock(), count(1000, 1000)
        kept_elsewhere = MemoryStateStore(MemoryDatabase(), clock, StateLimits())
        for version in (1, 2):
            memory = MemoryDatabase(run_numbers_after=lambda: next(bases))
            lease = await MemoryRunLog(memory, clock, 30).begin(SCOPE, run_input(), on_stop=lambda: None)
            saved = await kept_elsewhere.save(
                key_of(THREAD), {"version": version}, expected_version=version - 1, run=lease.run
            )
            assert (saved.version, saved.values) == (version, {"version": version})

    run(story())
