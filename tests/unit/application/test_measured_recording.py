"""A recording that is measured: one call for each batch."""

from agui_runtime.application.measured_recording import MeasuredRecording
from agui_runtime.application.recording import TransientRecording
from agui_runtime.domain.events import Event, TextMessageContent, TextMessageStart
from agui_runtime.domain.identity import RunId, RunKey, Scope, ThreadId
from agui_runtime.domain.runs import Finished, RunInput
from tests.support.aio import run
from tests.support.clock import FakeClock
from tests.unit.adapters.telemetry.test_combined import Telling

CHUNK = TextMessageContent("m", "text")


def told_of(*batches: tuple[Event, ...]) -> list[str]:
    """The names of the telemetry's calls, with values where they count."""
    telling = Telling()
    run_input = RunInput(thread_id=ThreadId("t"), run_id=RunId("r"))

    async def record() -> None:
        inner = TransientRecording(RunKey(Scope("s"), ThreadId("t"), 0), run_input, FakeClock())
        recording = MeasuredRecording(inner, telling)
        for batch in batches:
            await recording.append(batch)
        await recording.finish((), Finished())

    run(record())
    return [f"{told[0]} {told[1]}" if told[0] == "chunks" else told[0] for told in telling.told]  # type: ignore[index]


def test_a_batch_is_one_call_however_many_its_chunks() -> None:
    start = TextMessageStart("m")
    assert told_of((start,), (CHUNK, CHUNK, CHUNK), (CHUNK,)) == ["chunks 3", "chunks 1", "run", "run.first_chunk"]


def test_a_run_without_chunks_has_no_first_one() -> None:
    assert told_of((TextMessageStart("m"),)) == ["run"]
