"""A chat frontend of a whole runtime is told of every fault of a remote agent, soon, and can go on at once."""

import pytest

from tests.integration.remote_fault_table import FAULTS, Row, behind_a_runtime, row_of
from tests.support.aio import run

NOT_REACHED = "The agent 'down' cannot be reached. Please check that it is running and that its address is right."
TOLD = {
    "nobody listens": NOT_REACHED,
    "no answer": "The agent 'far' did not answer within 1 seconds.",
    "HTTP 401": "The agent 'far' did not accept the runtime's credentials (HTTP 401).",
    "HTTP 404": "The agent 'far' was not found at its address (HTTP 404).",
    "HTTP 500": "The agent 'far' answered with HTTP 500.",
    "HTTP 503, three times": "The agent 'far' answered with HTTP 503.",
    "a redirect": "The agent 'far' answered with HTTP 307.",
    "a web page": "The agent 'far' answered with something else than an event stream.",
    "a web page that says it is an event stream": "Run ended without emitting a terminal event",
    "nothing": "Run ended without emitting a terminal event",
    "broken JSON": "The agent 'far' sent an event that is not valid JSON.",
    "half an event": "The stream of the agent 'far' broke off within an event.",
    "an event that AG-UI does not know the fields of": "The agent 'far' sent an event that AG-UI does not allow. ",
    "an impossible order": "TEXT_MESSAGE_END came for the text message 'other', which is not open.",
    "events after the end": "STEP_STARTED came after RUN_FINISHED.",
    "no terminal event": "Run ended without emitting a terminal event",
    "silence in the middle": "The agent 'far' was silent for 1 seconds.",
    "a connection that breaks": "The stream of the agent 'far' broke off.",
    "an event of 100 MB": "The agent 'far' sent an event of more than 8388608 bytes.",
    "a run that never ends": "The run was cut",
    "keep-alive comments for ever": "The run was cut",
}
BEFORE_ANY_TEXT = list(TOLD)[: list(TOLD).index("broken JSON")]
GENEROUS = 15.0
"""Seconds: the longest run is cut after 3, and the machine may be busy."""


def seen(fault: str) -> Row:
    async def main() -> Row:
        async with behind_a_runtime() as (url, upstream):
            return await row_of(url, upstream, fault)

    return run(main())


def test_every_fault_has_its_row() -> None:
    assert set(TOLD) == {*FAULTS, "nobody listens"} - {"ok"}


@pytest.mark.parametrize("fault", TOLD)
def test_a_fault_is_told_in_bounded_time_and_leaves_the_thread_usable(fault: str) -> None:
    row = seen(fault)
    assert row.told.startswith(TOLD[fault])
    assert "secret" not in row.told
    assert row.seconds < GENEROUS
    assert row.usable
    assert row.kept == (fault not in BEFORE_ANY_TEXT)


def test_of_an_event_of_100_mb_only_a_part_is_taken() -> None:
    # Its limit, and what the sockets between hold.
    assert seen("an event of 100 MB").upstream < 32 * 1024 * 1024
